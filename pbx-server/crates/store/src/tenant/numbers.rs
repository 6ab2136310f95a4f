//! The inventory of public numbers.

use crate::error::{Constraint, Result, StoreError};
use crate::page::{List, Listed, Page};
use crate::row::{Columns, document};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;
use voxera_callflow::Destination;
use voxera_model::{CustomerId, ExtensionId, ExtensionNumber, Name, NumberId, PbxId, PhoneNumber};

/// A public number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Number {
    pub id: NumberId,
    pub customer: CustomerId,
    pub e164: PhoneNumber,
    /// The PBX that it belongs to; `None`: not in use.
    pub pbx: Option<PbxId>,
    pub pbx_name: Option<Name>,
    /// Where it leads when no rule decides.
    pub destination: Destination,
    /// What that is called: the extension's or menu's name; `None`: nowhere, outside, the end.
    pub destination_name: Option<Name>,
    /// The extension that it leads to, or whose mailbox.
    pub extension: Option<ExtensionId>,
    pub extension_number: Option<ExtensionNumber>,
    pub label: Option<Name>,
    pub created_at: DateTime<Utc>,
}

/// A number to be.
#[derive(Debug, Clone)]
pub struct NewNumber {
    pub id: NumberId,
    pub customer: CustomerId,
    pub e164: PhoneNumber,
    pub pbx: Option<PbxId>,
    /// In the PBX; `Nowhere` without one.
    pub destination: Destination,
    pub label: Option<Name>,
}

/// What is to change; `None` stays, `Some(None)` is cleared. A number that comes to another PBX
/// leads nowhere there, unless `destination` says where.
#[derive(Debug, Clone, Default)]
pub struct NumberChange {
    pub pbx: Option<Option<PbxId>>,
    pub destination: Option<Destination>,
    pub label: Option<Option<Name>>,
}

const LIST: List = List {
    select: "n.id, n.customer_id, n.e164, n.pbx_id, p.name as pbx_name, n.extension_id as straight, \
             n.destination, e.id as extension_id, e.number as extension_number, \
             coalesce(e.name, f.name) as destination_name, n.label, n.created_at \
             from numbers n left join pbxs p on p.id = n.pbx_id \
                 left join extensions e on e.pbx_id = n.pbx_id \
                     and e.id = coalesce(n.extension_id, (n.destination ->> 'mailbox')::uuid) \
                 left join flows f on f.pbx_id = n.pbx_id and f.id = (n.destination ->> 'flow')::uuid",
    sorts: &[
        ("e164", "n.e164"),
        ("label", "lower(n.label collate \"sv-x-icu\")"),
        ("pbx", "lower(p.name collate \"sv-x-icu\")"),
        ("created_at", "n.created_at"),
    ],
    keys: &["e164", "label", "pbx", "created_at"],
    newest_first: false,
    tie: "n.id",
    search: &["n.e164", "n.label", "p.name", "e.number", "e.name", "f.name"],
    digits: &["n.e164"],
};

impl FromRow<'_, PgRow> for Number {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: NumberId(row.raw("id")?),
            customer: CustomerId(row.raw("customer_id")?),
            e164: row.parsed("e164")?,
            pbx: row.raw::<Option<Uuid>>("pbx_id")?.map(PbxId),
            pbx_name: row.maybe("pbx_name")?,
            destination: destination(row.raw("straight")?, row.maybe_json("destination")?),
            destination_name: row.maybe("destination_name")?,
            extension: row.raw::<Option<Uuid>>("extension_id")?.map(ExtensionId),
            extension_number: row.maybe("extension_number")?,
            label: row.maybe("label")?,
            created_at: row.raw("created_at")?,
        })
    }
}

/// Numbers, as far as the transaction sees them.
pub struct Numbers<'t> {
    conn: &'t mut PgConnection,
}

impl<'t> Numbers<'t> {
    pub(crate) const fn new(conn: &'t mut PgConnection) -> Self {
        Self { conn }
    }

    /// Sorts: `e164`, `label`, `pbx`, `created_at`. Searches number (however it is typed), label,
    /// PBX, extension and menu.
    pub async fn list(self, page: &Page) -> Result<Listed<Number>> {
        LIST.fetch(self.conn, page, |_| {}).await
    }

    /// By id.
    pub async fn get(self, id: NumberId) -> Result<Number> {
        get(self.conn, id).await
    }

    /// Conflicts: `NumberTaken` (also by another tenant), `DestinationOfSomeoneElse`, `ParentGone`.
    pub async fn create(self, new: NewNumber) -> Result<Number> {
        let (extension, destination) = columns(&new.destination)?;
        check(self.conn, new.pbx, &new.destination).await?;
        sqlx::query(
            "insert into numbers (id, customer_id, e164, pbx_id, extension_id, destination, label)
             values ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(new.id.0)
        .bind(new.customer.0)
        .bind(new.e164.as_str())
        .bind(new.pbx.map(|id| id.0))
        .bind(extension)
        .bind(destination)
        .bind(new.label.as_ref().map(Name::as_str))
        .execute(&mut *self.conn)
        .await?;
        get(self.conn, new.id).await
    }

    /// Changes what is given. Conflict: `DestinationOfSomeoneElse`.
    pub async fn update(self, id: NumberId, change: NumberChange) -> Result<Number> {
        let before = get(self.conn, id).await?;
        let pbx = change.pbx.unwrap_or(before.pbx);
        let to = match change.destination {
            Some(to) => to,
            None if pbx == before.pbx => before.destination,
            None => Destination::Nowhere,
        };
        let (extension, destination) = columns(&to)?;
        check(self.conn, pbx, &to).await?;
        let done = sqlx::query(
            "update numbers set pbx_id = $2, extension_id = $3, destination = $4,
                 label = case when $5 then $6 else label end
             where id = $1",
        )
        .bind(id.0)
        .bind(pbx.map(|id| id.0))
        .bind(extension)
        .bind(destination)
        .bind(change.label.is_some())
        .bind(change.label.flatten().map(String::from))
        .execute(&mut *self.conn)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound);
        }
        get(self.conn, id).await
    }

    /// Takes a number out of the inventory.
    pub async fn delete(self, id: NumberId) -> Result<()> {
        let done = sqlx::query("delete from numbers where id = $1").bind(id.0).execute(self.conn).await?;
        if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }
}

async fn get(conn: &mut PgConnection, id: NumberId) -> Result<Number> {
    let mut query = sqlx::QueryBuilder::new("select ");
    query.push(LIST.select).push(" where n.id = ").push_bind(id.0);
    Ok(query.build_query_as().fetch_one(conn).await?)
}

/// The columns of a destination: an extension stands in its own, under a foreign key.
fn columns(to: &Destination) -> Result<(Option<Uuid>, Option<Value>)> {
    Ok(match to {
        Destination::Nowhere => (None, None),
        Destination::Extension { extension } => (Some(extension.0), None),
        Destination::Ivr { .. }
        | Destination::Voicemail { .. }
        | Destination::Outside { .. }
        | Destination::Hangup => (None, Some(document(to)?)),
    })
}

/// And back.
pub(crate) fn destination(extension: Option<Uuid>, other: Option<Destination>) -> Destination {
    match extension.map(ExtensionId) {
        Some(extension) => Destination::Extension { extension },
        None => other.unwrap_or(Destination::Nowhere),
    }
}

/// A menu or mailbox belongs to the number's PBX, as the foreign key of an extension says.
async fn check(conn: &mut PgConnection, pbx: Option<PbxId>, to: &Destination) -> Result<()> {
    let (sql, id) = match to {
        Destination::Ivr { flow } => {
            ("select 1 from flows where id = $1 and pbx_id = $2 and kind = 'ivr' for key share", flow.0)
        }
        Destination::Voicemail { mailbox } => {
            ("select 1 from extensions where id = $1 and pbx_id = $2 for key share", mailbox.0)
        }
        Destination::Nowhere
        | Destination::Extension { .. }
        | Destination::Outside { .. }
        | Destination::Hangup => return Ok(()),
    };
    let own: Option<i32> =
        sqlx::query_scalar(sql).bind(id).bind(pbx.map(|id| id.0)).fetch_optional(conn).await?;
    if own.is_some() { Ok(()) } else { Err(StoreError::Conflict(Constraint::DestinationOfSomeoneElse)) }
}
