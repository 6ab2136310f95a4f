//! Cloud PBXs.

use crate::error::{Result, StoreError};
use crate::page::{List, Listed, Page};
use crate::row::Columns;
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection};
use voxera_model::{CustomerId, Name, PbxId, Realm, Zone};

/// A cloud PBX.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pbx {
    pub id: PbxId,
    pub customer: CustomerId,
    pub name: Name,
    /// Fixed when the PBX is made: every phone's secret is bound to it.
    pub realm: Realm,
    pub time_zone: Zone,
    /// Grows with every change that calls can notice.
    pub version: u64,
    pub extensions: u64,
    pub devices: u64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A PBX to be.
#[derive(Debug, Clone)]
pub struct NewPbx {
    pub id: PbxId,
    pub customer: CustomerId,
    pub name: Name,
    pub realm: Realm,
    pub time_zone: Zone,
}

/// What is to change; `None` stays.
#[derive(Debug, Clone, Default)]
pub struct PbxChange {
    pub name: Option<Name>,
    pub time_zone: Option<Zone>,
}

const LIST: List = List {
    select: "p.id, p.customer_id, p.name, p.realm, p.time_zone, p.version, \
             (select count(*) from extensions e where e.pbx_id = p.id) as extensions, \
             (select count(*) from devices d where d.pbx_id = p.id) as devices, p.created_at, p.updated_at \
             from pbxs p",
    sorts: &[
        ("name", "lower(p.name collate \"sv-x-icu\")"),
        ("realm", "p.realm"),
        ("created_at", "p.created_at"),
        ("updated_at", "p.updated_at"),
    ],
    keys: &["name", "realm", "created_at", "updated_at"],
    newest_first: false,
    tie: "p.id",
    search: &["p.name", "p.realm"],
    digits: &[],
};

impl FromRow<'_, PgRow> for Pbx {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: PbxId(row.raw("id")?),
            customer: CustomerId(row.raw("customer_id")?),
            name: row.parsed("name")?,
            realm: row.parsed("realm")?,
            time_zone: row.parsed("time_zone")?,
            version: row.unsigned("version")?,
            extensions: row.unsigned("extensions")?,
            devices: row.unsigned("devices")?,
            created_at: row.raw("created_at")?,
            updated_at: row.raw("updated_at")?,
        })
    }
}

/// PBXs, as far as the transaction sees them.
pub struct Pbxs<'t> {
    conn: &'t mut PgConnection,
}

impl<'t> Pbxs<'t> {
    pub(crate) const fn new(conn: &'t mut PgConnection) -> Self {
        Self { conn }
    }

    /// Sorts: `name`, `realm`, `created_at`, `updated_at`. Searches name and realm.
    pub async fn list(self, page: &Page) -> Result<Listed<Pbx>> {
        LIST.fetch(self.conn, page, |_| {}).await
    }

    /// By id.
    pub async fn get(self, id: PbxId) -> Result<Pbx> {
        get(self.conn, id).await
    }

    /// Conflicts: `RealmTaken` (also by another tenant), `ParentGone`.
    pub async fn create(self, new: NewPbx) -> Result<Pbx> {
        sqlx::query("insert into pbxs (id, customer_id, name, realm, time_zone) values ($1, $2, $3, $4, $5)")
            .bind(new.id.0)
            .bind(new.customer.0)
            .bind(new.name.as_str())
            .bind(new.realm.as_str())
            .bind(new.time_zone.as_str())
            .execute(&mut *self.conn)
            .await?;
        get(self.conn, new.id).await
    }

    /// Changes what is given.
    pub async fn update(self, id: PbxId, change: PbxChange) -> Result<Pbx> {
        let done = sqlx::query(
            "update pbxs set name = coalesce($2, name), time_zone = coalesce($3, time_zone) where id = $1",
        )
        .bind(id.0)
        .bind(change.name.as_ref().map(Name::as_str))
        .bind(change.time_zone.as_ref().map(Zone::as_str))
        .execute(&mut *self.conn)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound);
        }
        get(self.conn, id).await
    }

    /// Removes a PBX with its extensions and phones. Its numbers lead nowhere then, and its calls
    /// stay on record.
    pub async fn delete(self, id: PbxId) -> Result<()> {
        let done = sqlx::query("delete from pbxs where id = $1").bind(id.0).execute(self.conn).await?;
        if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }
}

async fn get(conn: &mut PgConnection, id: PbxId) -> Result<Pbx> {
    Ok(sqlx::query_as(
        "select p.id, p.customer_id, p.name, p.realm, p.time_zone, p.version,
                (select count(*) from extensions e where e.pbx_id = p.id) as extensions,
                (select count(*) from devices d where d.pbx_id = p.id) as devices,
                p.created_at, p.updated_at
         from pbxs p where p.id = $1",
    )
    .bind(id.0)
    .fetch_one(conn)
    .await?)
}
