//! Recordings of calls. The sound itself lies in a file.

use crate::error::{Result, StoreError};
use crate::page::{List, Listed, Page};
use crate::row::{Columns, integer};
use crate::tenant::messages::{Added, added};
use crate::tx::TenantTx;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;
use voxera_model::{CallId, CustomerId, ExtensionId, ExtensionNumber, Name, PbxId, RecordingId};

/// A recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recording {
    pub id: RecordingId,
    pub customer: CustomerId,
    pub pbx: PbxId,
    pub call: CallId,
    /// Whose policy made it: extensions that took part; some may be gone.
    pub owners: Vec<ExtensionId>,
    /// As shown to people; `None`: withheld.
    pub from_number: Option<String>,
    pub from_name: Option<Name>,
    pub from_extension: Option<ExtensionNumber>,
    pub to_number: Option<String>,
    pub to_name: Option<Name>,
    pub to_extension: Option<ExtensionNumber>,
    pub started_at: DateTime<Utc>,
    /// When it will be removed.
    pub expires_at: DateTime<Utc>,
    /// How long it is, milliseconds.
    pub millis: u32,
    pub bytes: u64,
    /// The loudest of each part, for a picture.
    pub peaks: Vec<u8>,
}

/// A recording as it is handed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRecording {
    pub id: RecordingId,
    pub call: CallId,
    pub owners: Vec<ExtensionId>,
    pub from_number: Option<String>,
    pub from_name: Option<Name>,
    pub from_extension: Option<ExtensionNumber>,
    pub to_number: Option<String>,
    pub to_name: Option<Name>,
    pub to_extension: Option<ExtensionNumber>,
    pub started_at: DateTime<Utc>,
    pub millis: u32,
    pub bytes: u64,
    pub peaks: Vec<u8>,
}

/// Which recordings; everything that is `None` or empty fits all.
#[derive(Debug, Clone, Default)]
pub struct RecordingFilter {
    /// Owned by one of these.
    pub owners: Vec<ExtensionId>,
    pub call: Option<CallId>,
    /// Started from this moment on.
    pub from: Option<DateTime<Utc>>,
    /// Started before this moment.
    pub to: Option<DateTime<Utc>>,
}

/// A recording whose time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExpiredRecording {
    pub id: RecordingId,
    pub customer: CustomerId,
    pub pbx: PbxId,
}

const LIST: List = List {
    select: "r.id, r.customer_id, r.pbx_id, r.call_id, r.extension_ids, r.from_number, r.from_name, \
             r.from_extension, r.to_number, r.to_name, r.to_extension, r.started_at, \
             r.started_at + make_interval(days => p.recording_days) as expires_at, r.millis, r.bytes, r.peaks \
             from recordings r join pbxs p on p.id = r.pbx_id",
    sorts: &[
        ("started_at", "r.started_at"),
        ("seconds", "r.millis"),
        ("from", "coalesce(lower(r.from_name collate \"sv-x-icu\"), r.from_number)"),
        ("to", "coalesce(lower(r.to_name collate \"sv-x-icu\"), r.to_number)"),
    ],
    keys: &["started_at", "seconds", "from", "to"],
    newest_first: true,
    tie: "r.id desc",
    search: &[
        "r.from_number",
        "r.from_name",
        "r.from_extension",
        "r.to_number",
        "r.to_name",
        "r.to_extension",
        "r.call_id::text",
    ],
    digits: &["r.from_number", "r.to_number"],
};

impl FromRow<'_, PgRow> for Recording {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: RecordingId(row.raw("id")?),
            customer: CustomerId(row.raw("customer_id")?),
            pbx: PbxId(row.raw("pbx_id")?),
            call: CallId(row.raw("call_id")?),
            owners: row.raw::<Vec<Uuid>>("extension_ids")?.into_iter().map(ExtensionId).collect(),
            from_number: row.raw("from_number")?,
            from_name: row.maybe("from_name")?,
            from_extension: row.maybe("from_extension")?,
            to_number: row.raw("to_number")?,
            to_name: row.maybe("to_name")?,
            to_extension: row.maybe("to_extension")?,
            started_at: row.raw("started_at")?,
            expires_at: row.raw("expires_at")?,
            millis: row.whole("millis")?,
            bytes: row.unsigned("bytes")?,
            peaks: row.raw("peaks")?,
        })
    }
}

/// The recordings of one PBX.
pub struct Recordings<'t> {
    conn: &'t mut PgConnection,
    pbx: PbxId,
}

impl<'t> Recordings<'t> {
    pub(crate) const fn new(conn: &'t mut PgConnection, pbx: PbxId) -> Self {
        Self { conn, pbx }
    }

    /// The newest first. Sorts: `started_at`, `seconds`, `from`, `to`. Searches numbers, names and
    /// the call's id.
    pub async fn list(self, page: &Page, filter: &RecordingFilter) -> Result<Listed<Recording>> {
        let pbx = self.pbx;
        let owners: Vec<Uuid> = filter.owners.iter().map(|id| id.0).collect();
        LIST.fetch(self.conn, page, |query| {
            query.push(" and r.pbx_id = ").push_bind(pbx.0);
            if !owners.is_empty() {
                query.push(" and r.extension_ids && ").push_bind(owners.clone());
            }
            if let Some(call) = filter.call {
                query.push(" and r.call_id = ").push_bind(call.0);
            }
            if let Some(from) = filter.from {
                query.push(" and r.started_at >= ").push_bind(from);
            }
            if let Some(to) = filter.to {
                query.push(" and r.started_at < ").push_bind(to);
            }
        })
        .await
    }

    /// By id.
    pub async fn get(self, id: RecordingId) -> Result<Recording> {
        let mut query = sqlx::QueryBuilder::new("select ");
        query.push(LIST.select).push(" where r.id = ").push_bind(id.0);
        query.push(" and r.pbx_id = ").push_bind(self.pbx.0);
        Ok(query.build_query_as().fetch_one(self.conn).await?)
    }

    /// Puts a recording on record. Handing it in again changes nothing.
    pub async fn insert(self, new: &NewRecording) -> Result<Added> {
        let owners: Vec<Uuid> = new.owners.iter().map(|id| id.0).collect();
        let done = sqlx::query(
            "insert into recordings (id, customer_id, pbx_id, call_id, extension_ids, from_number, from_name,
                 from_extension, to_number, to_name, to_extension, started_at, millis, bytes, peaks)
             select $1, customer_id, id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14
             from pbxs where id = $2
             on conflict (id) do nothing",
        )
        .bind(new.id.0)
        .bind(self.pbx.0)
        .bind(new.call.0)
        .bind(owners)
        .bind(&new.from_number)
        .bind(new.from_name.as_ref().map(Name::as_str))
        .bind(new.from_extension.as_ref().map(ExtensionNumber::as_str))
        .bind(&new.to_number)
        .bind(new.to_name.as_ref().map(Name::as_str))
        .bind(new.to_extension.as_ref().map(ExtensionNumber::as_str))
        .bind(new.started_at)
        .bind(integer(new.millis))
        .bind(i64::try_from(new.bytes).unwrap_or(i64::MAX))
        .bind(&new.peaks)
        .execute(&mut *self.conn)
        .await?;
        let there = "select 1 from recordings where id = $1";
        added(self.conn, done.rows_affected(), there, new.id.0).await
    }

    /// Removes a recording; its file is the caller's to remove.
    pub async fn delete(self, id: RecordingId) -> Result<()> {
        let done = sqlx::query("delete from recordings where id = $1 and pbx_id = $2")
            .bind(id.0)
            .bind(self.pbx.0)
            .execute(self.conn)
            .await?;
        if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }
}

impl TenantTx<'_> {
    /// Recordings of this scope that are older than their PBX keeps them, the oldest first, at most
    /// 1,000: remove each with its file and ask again.
    pub async fn expired_recordings(&mut self, now: DateTime<Utc>) -> Result<Vec<ExpiredRecording>> {
        let rows = sqlx::query(
            "select r.id, r.customer_id, r.pbx_id from recordings r join pbxs p on p.id = r.pbx_id
             where r.started_at + make_interval(days => p.recording_days) <= $1
             order by r.started_at, r.id limit 1000",
        )
        .bind(now)
        .fetch_all(&mut **self.connection())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(ExpiredRecording {
                    id: RecordingId(row.raw("id")?),
                    customer: CustomerId(row.raw("customer_id")?),
                    pbx: PbxId(row.raw("pbx_id")?),
                })
            })
            .collect()
    }

    /// Which of these sounds on disk are still on record as message, recording or uploaded sound in
    /// this scope; files of the others can go.
    pub async fn media_on_record(&mut self, ids: &[Uuid]) -> Result<Vec<Uuid>> {
        Ok(sqlx::query_scalar(
            "select id from messages where id = any($1) union all
             select id from recordings where id = any($1) union all
             select id from audio_files where id = any($1)",
        )
        .bind(ids)
        .fetch_all(&mut **self.connection())
        .await?)
    }
}
