//! Messages in mailboxes. The sound itself lies in a file.

use crate::error::{Result, StoreError};
use crate::page::{List, Listed, Page};
use crate::row::{Columns, integer};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection};
use std::collections::HashMap;
use uuid::Uuid;
use voxera_model::{CallId, CustomerId, ExtensionId, ExtensionNumber, MessageId, Name, PbxId};

/// What became of something that was handed in, perhaps again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Added {
    /// Now on record.
    New,
    /// Was on record before: nothing changed.
    Known,
    /// Its mailbox or PBX does not exist any more; it is kept nowhere.
    Orphaned,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    pub id: MessageId,
    pub customer: CustomerId,
    pub pbx: PbxId,
    /// Whose mailbox.
    pub mailbox: ExtensionId,
    pub mailbox_number: ExtensionNumber,
    pub mailbox_name: Name,
    pub call: Option<CallId>,
    /// As shown to people; `None`: withheld.
    pub from_number: Option<String>,
    pub from_name: Option<Name>,
    pub from_extension: Option<ExtensionNumber>,
    pub received_at: DateTime<Utc>,
    /// How long it is, milliseconds.
    pub millis: u32,
    pub bytes: u64,
    /// The loudest of each part, for a picture.
    pub peaks: Vec<u8>,
    /// `None`: new.
    pub heard_at: Option<DateTime<Utc>>,
}

/// A message as it is handed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewMessage {
    pub id: MessageId,
    pub mailbox: ExtensionId,
    pub call: Option<CallId>,
    pub from_number: Option<String>,
    pub from_name: Option<Name>,
    pub from_extension: Option<ExtensionNumber>,
    pub received_at: DateTime<Utc>,
    pub millis: u32,
    pub bytes: u64,
    pub peaks: Vec<u8>,
}

/// Which messages; everything that is `None` fits all.
#[derive(Debug, Clone, Default)]
pub struct MessageFilter {
    pub mailbox: Option<ExtensionId>,
    pub heard: Option<bool>,
}

/// How full a mailbox is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct MailboxCounts {
    /// Not heard.
    pub new: u32,
    /// Heard.
    pub old: u32,
}

const LIST: List = List {
    select: "m.id, m.customer_id, m.pbx_id, m.extension_id, e.number as mailbox_number, \
             e.name as mailbox_name, m.call_id, m.from_number, m.from_name, m.from_extension, m.received_at, \
             m.millis, m.bytes, m.peaks, m.heard_at \
             from messages m join extensions e on e.id = m.extension_id",
    sorts: &[
        ("received_at", "m.received_at"),
        ("from", "coalesce(lower(m.from_name collate \"sv-x-icu\"), m.from_number)"),
        ("seconds", "m.millis"),
    ],
    keys: &["received_at", "from", "seconds"],
    newest_first: true,
    tie: "m.id desc",
    search: &["m.from_number", "m.from_name", "m.from_extension", "e.name", "e.number"],
    digits: &["m.from_number"],
};

impl FromRow<'_, PgRow> for Message {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: MessageId(row.raw("id")?),
            customer: CustomerId(row.raw("customer_id")?),
            pbx: PbxId(row.raw("pbx_id")?),
            mailbox: ExtensionId(row.raw("extension_id")?),
            mailbox_number: row.parsed("mailbox_number")?,
            mailbox_name: row.parsed("mailbox_name")?,
            call: row.raw::<Option<Uuid>>("call_id")?.map(CallId),
            from_number: row.raw("from_number")?,
            from_name: row.maybe("from_name")?,
            from_extension: row.maybe("from_extension")?,
            received_at: row.raw("received_at")?,
            millis: row.whole("millis")?,
            bytes: row.unsigned("bytes")?,
            peaks: row.raw("peaks")?,
            heard_at: row.raw("heard_at")?,
        })
    }
}

/// The messages of one PBX.
pub struct Messages<'t> {
    conn: &'t mut PgConnection,
    pbx: PbxId,
}

impl<'t> Messages<'t> {
    pub(crate) const fn new(conn: &'t mut PgConnection, pbx: PbxId) -> Self {
        Self { conn, pbx }
    }

    /// The newest first. Sorts: `received_at`, `from`, `seconds`. Searches caller and mailbox.
    pub async fn list(self, page: &Page, filter: &MessageFilter) -> Result<Listed<Message>> {
        let pbx = self.pbx;
        LIST.fetch(self.conn, page, |query| {
            query.push(" and m.pbx_id = ").push_bind(pbx.0);
            if let Some(mailbox) = filter.mailbox {
                query.push(" and m.extension_id = ").push_bind(mailbox.0);
            }
            if let Some(heard) = filter.heard {
                query.push(if heard { " and m.heard_at is not null" } else { " and m.heard_at is null" });
            }
        })
        .await
    }

    /// By id.
    pub async fn get(self, id: MessageId) -> Result<Message> {
        let mut query = sqlx::QueryBuilder::new("select ");
        query.push(LIST.select).push(" where m.id = ").push_bind(id.0);
        query.push(" and m.pbx_id = ").push_bind(self.pbx.0);
        Ok(query.build_query_as().fetch_one(self.conn).await?)
    }

    /// Puts a message on record. Handing it in again changes nothing.
    pub async fn insert(self, new: &NewMessage) -> Result<Added> {
        let done = sqlx::query(
            "insert into messages (id, customer_id, pbx_id, extension_id, call_id, from_number, from_name,
                 from_extension, received_at, millis, bytes, peaks)
             select $1, customer_id, pbx_id, id, $4, $5, $6, $7, $8, $9, $10, $11
             from extensions where id = $3 and pbx_id = $2
             on conflict (id) do nothing",
        )
        .bind(new.id.0)
        .bind(self.pbx.0)
        .bind(new.mailbox.0)
        .bind(new.call.map(|id| id.0))
        .bind(&new.from_number)
        .bind(new.from_name.as_ref().map(Name::as_str))
        .bind(new.from_extension.as_ref().map(ExtensionNumber::as_str))
        .bind(new.received_at)
        .bind(integer(new.millis))
        .bind(i64::try_from(new.bytes).unwrap_or(i64::MAX))
        .bind(&new.peaks)
        .execute(&mut *self.conn)
        .await?;
        let there = "select 1 from messages where id = $1";
        added(self.conn, done.rows_affected(), there, new.id.0).await
    }

    /// Marks a message as heard or new again. The moment it was first heard stays.
    pub async fn set_heard(self, id: MessageId, heard: bool) -> Result<()> {
        let done = sqlx::query(
            "update messages set heard_at = case when $3 then coalesce(heard_at, now()) end
             where id = $1 and pbx_id = $2",
        )
        .bind(id.0)
        .bind(self.pbx.0)
        .bind(heard)
        .execute(self.conn)
        .await?;
        if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }

    /// Removes a message; its file is the caller's to remove.
    pub async fn delete(self, id: MessageId) -> Result<()> {
        let done = sqlx::query("delete from messages where id = $1 and pbx_id = $2")
            .bind(id.0)
            .bind(self.pbx.0)
            .execute(self.conn)
            .await?;
        if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }

    /// Mailboxes with anything in them.
    pub async fn counts(self) -> Result<HashMap<ExtensionId, MailboxCounts>> {
        let rows: Vec<(Uuid, i64, i64)> = sqlx::query_as(
            "select extension_id, count(*) - count(heard_at), count(heard_at) from messages
             where pbx_id = $1 group by extension_id",
        )
        .bind(self.pbx.0)
        .fetch_all(self.conn)
        .await?;
        let count = |count: i64| u32::try_from(count).unwrap_or_default();
        Ok(rows
            .into_iter()
            .map(|(id, new, old)| (ExtensionId(id), MailboxCounts { new: count(new), old: count(old) }))
            .collect())
    }
}

/// Tells new, known and orphaned apart. `there` asks for the id.
pub(crate) async fn added(
    conn: &mut PgConnection,
    rows: u64,
    there: &'static str,
    id: Uuid,
) -> Result<Added> {
    if rows > 0 {
        return Ok(Added::New);
    }
    let there: Option<i32> = sqlx::query_scalar(there).bind(id).fetch_optional(conn).await?;
    Ok(if there.is_some() { Added::Known } else { Added::Orphaned })
}
