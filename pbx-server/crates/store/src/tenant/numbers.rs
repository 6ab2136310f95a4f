//! The inventory of public numbers.

use crate::error::{Result, StoreError};
use crate::page::{List, Listed, Page};
use crate::row::Columns;
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;
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
    /// Where it leads; `None`: nowhere yet.
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
    pub extension: Option<ExtensionId>,
    pub label: Option<Name>,
}

/// What is to change; `None` stays, `Some(None)` is cleared. A number that leaves its PBX leaves
/// the extension too.
#[derive(Debug, Clone, Default)]
pub struct NumberChange {
    pub pbx: Option<Option<PbxId>>,
    pub extension: Option<Option<ExtensionId>>,
    pub label: Option<Option<Name>>,
}

const LIST: List = List {
    select: "n.id, n.customer_id, n.e164, n.pbx_id, p.name as pbx_name, n.extension_id, \
             e.number as extension_number, n.label, n.created_at \
             from numbers n left join pbxs p on p.id = n.pbx_id left join extensions e on e.id = n.extension_id",
    sorts: &[
        ("e164", "n.e164"),
        ("label", "lower(n.label collate \"sv-x-icu\")"),
        ("pbx", "lower(p.name collate \"sv-x-icu\")"),
        ("created_at", "n.created_at"),
    ],
    keys: &["e164", "label", "pbx", "created_at"],
    newest_first: false,
    tie: "n.id",
    search: &["n.e164", "n.label", "p.name", "e.number", "e.name"],
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
    /// PBX and extension.
    pub async fn list(self, page: &Page) -> Result<Listed<Number>> {
        LIST.fetch(self.conn, page, |_| {}).await
    }

    /// By id.
    pub async fn get(self, id: NumberId) -> Result<Number> {
        get(self.conn, id).await
    }

    /// Conflicts: `NumberTaken` (also by another tenant), `DestinationOfSomeoneElse`, `ParentGone`.
    pub async fn create(self, new: NewNumber) -> Result<Number> {
        sqlx::query(
            "insert into numbers (id, customer_id, e164, pbx_id, extension_id, label)
             values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(new.id.0)
        .bind(new.customer.0)
        .bind(new.e164.as_str())
        .bind(new.pbx.map(|id| id.0))
        .bind(new.extension.map(|id| id.0))
        .bind(new.label.as_ref().map(Name::as_str))
        .execute(&mut *self.conn)
        .await?;
        get(self.conn, new.id).await
    }

    /// Changes what is given. Conflict: `DestinationOfSomeoneElse`.
    pub async fn update(self, id: NumberId, change: NumberChange) -> Result<Number> {
        let done = sqlx::query(
            "update numbers set
                 pbx_id = case when $2 then $3 else pbx_id end,
                 extension_id = case when $4 then $5
                     when $2 and $3 is distinct from pbx_id then null
                     else extension_id end,
                 label = case when $6 then $7 else label end
             where id = $1",
        )
        .bind(id.0)
        .bind(change.pbx.is_some())
        .bind(change.pbx.flatten().map(|id| id.0))
        .bind(change.extension.is_some())
        .bind(change.extension.flatten().map(|id| id.0))
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
    Ok(sqlx::query_as(
        "select n.id, n.customer_id, n.e164, n.pbx_id, p.name as pbx_name, n.extension_id,
                e.number as extension_number, n.label, n.created_at
         from numbers n left join pbxs p on p.id = n.pbx_id
             left join extensions e on e.id = n.extension_id
         where n.id = $1",
    )
    .bind(id.0)
    .fetch_one(conn)
    .await?)
}
