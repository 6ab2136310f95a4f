//! Messages that a mail is to tell of.

use crate::error::Result;
use crate::row::Columns;
use crate::tx::TenantTx;
use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use uuid::Uuid;
use voxera_model::{CustomerId, Email, ExtensionId, ExtensionNumber, Locale, MessageId, Name, PbxId, Zone};

/// A message that nobody was told of yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnmailedMessage {
    pub id: MessageId,
    pub customer: CustomerId,
    pub pbx: PbxId,
    pub mailbox: ExtensionId,
    pub mailbox_number: ExtensionNumber,
    pub mailbox_name: Name,
    /// The zone of the PBX.
    pub zone: Zone,
    /// As shown to people; `None`: withheld.
    pub from_number: Option<String>,
    pub from_name: Option<Name>,
    pub received_at: DateTime<Utc>,
    /// How long it is, milliseconds.
    pub millis: u32,
    pub bytes: u64,
    /// `None`: the mailbox is nobody's, or its owner cannot sign in, or wants no mails.
    pub owner: Option<MailboxOwner>,
}

/// Who is told of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxOwner {
    pub email: Email,
    pub name: Name,
    pub locale: Locale,
}

impl TenantTx<'_> {
    /// Takes messages that nobody was told of yet, the oldest first. With the end of the transaction
    /// they count as told: queue the mails in the same one. Another server passes over them meanwhile.
    pub async fn take_unmailed_messages(&mut self, limit: u32) -> Result<Vec<UnmailedMessage>> {
        let rows = sqlx::query(
            "with due as materialized (
                 select id from messages where mailed_at is null
                 order by received_at, id limit $1 for update skip locked),
             taken as (
                 update messages set mailed_at = now() where id in (select id from due) returning *)
             select m.id, m.customer_id, m.pbx_id, m.extension_id, e.number, e.name, p.time_zone,
                    m.from_number, m.from_name, m.received_at, m.millis, m.bytes,
                    u.display_name, a.email, a.locale
             from taken m
                 join extensions e on e.id = m.extension_id
                 join pbxs p on p.id = m.pbx_id
                 left join platform.users u on u.id = e.user_id and u.status = 'active'
                     and coalesce((e.settings #>> '{mailbox,mail}')::boolean, true)
                 left join platform.accounts a on a.id = u.account_id
             order by m.received_at, m.id",
        )
        .bind(i64::from(limit))
        .fetch_all(&mut **self.connection())
        .await?;
        Ok(rows.iter().map(message).collect::<Result<_, sqlx::Error>>()?)
    }
}

fn message(row: &PgRow) -> Result<UnmailedMessage, sqlx::Error> {
    let owner = match row.maybe("email")? {
        Some(email) => {
            let (name, locale) = (row.parsed("display_name")?, row.parsed("locale")?);
            Some(MailboxOwner { email, name, locale })
        }
        None => None,
    };
    Ok(UnmailedMessage {
        id: MessageId(row.raw::<Uuid>("id")?),
        customer: CustomerId(row.raw::<Uuid>("customer_id")?),
        pbx: PbxId(row.raw::<Uuid>("pbx_id")?),
        mailbox: ExtensionId(row.raw::<Uuid>("extension_id")?),
        mailbox_number: row.parsed("number")?,
        mailbox_name: row.parsed("name")?,
        zone: row.parsed("time_zone")?,
        from_number: row.raw("from_number")?,
        from_name: row.maybe("from_name")?,
        received_at: row.raw("received_at")?,
        millis: row.whole("millis")?,
        bytes: row.unsigned("bytes")?,
        owner,
    })
}
