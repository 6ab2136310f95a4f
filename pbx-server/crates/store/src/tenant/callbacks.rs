//! Callers who asked to be called back.

use crate::error::{Result, StoreError};
use crate::page::{List, Listed, Page};
use crate::row::Columns;
use crate::tenant::flows::Author;
use crate::tenant::messages::{Added, added};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;
use voxera_model::{CallId, CallbackId, CustomerId, ExtensionId, ExtensionNumber, Name, PbxId};

/// A wish to be called back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Callback {
    pub id: CallbackId,
    pub customer: CustomerId,
    pub pbx: PbxId,
    /// Whose caller it was: a queue, a hunt group or a person.
    pub whom: ExtensionId,
    pub whom_number: ExtensionNumber,
    pub whom_name: Name,
    pub call: Option<CallId>,
    /// As the caller confirmed or typed it; E.164 where it is one.
    pub number: String,
    pub name: Option<Name>,
    pub requested_at: DateTime<Utc>,
    /// `None`: somebody is still to call.
    pub done_at: Option<DateTime<Utc>>,
    /// Who did it, by name.
    pub done_by: Option<String>,
}

/// A wish as it is handed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCallback {
    pub id: CallbackId,
    pub whom: ExtensionId,
    pub call: Option<CallId>,
    pub number: String,
    pub name: Option<Name>,
    pub requested_at: DateTime<Utc>,
}

/// Which wishes; everything that is `None` fits all.
#[derive(Debug, Clone, Default)]
pub struct CallbackFilter {
    pub done: Option<bool>,
    pub whom: Option<ExtensionId>,
}

const LIST: List = List {
    select: "c.id, c.customer_id, c.pbx_id, c.extension_id, e.number as whom_number, e.name as whom_name, \
             c.call_id, c.number, c.name, c.asked_at, c.done_at, c.done_by_name \
             from callbacks c join extensions e on e.id = c.extension_id",
    sorts: &[("requested_at", "c.asked_at"), ("done_at", "c.done_at"), ("number", "c.number")],
    keys: &["requested_at", "done_at", "number"],
    newest_first: true,
    tie: "c.id desc",
    search: &["c.number", "c.name", "e.name", "e.number"],
    digits: &["c.number"],
};

impl FromRow<'_, PgRow> for Callback {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: CallbackId(row.raw("id")?),
            customer: CustomerId(row.raw("customer_id")?),
            pbx: PbxId(row.raw("pbx_id")?),
            whom: ExtensionId(row.raw("extension_id")?),
            whom_number: row.parsed("whom_number")?,
            whom_name: row.parsed("whom_name")?,
            call: row.raw::<Option<Uuid>>("call_id")?.map(CallId),
            number: row.raw("number")?,
            name: row.maybe("name")?,
            requested_at: row.raw("asked_at")?,
            done_at: row.raw("done_at")?,
            done_by: row.raw("done_by_name")?,
        })
    }
}

/// The wishes of one PBX's callers.
pub struct Callbacks<'t> {
    conn: &'t mut PgConnection,
    pbx: PbxId,
}

impl<'t> Callbacks<'t> {
    pub(crate) const fn new(conn: &'t mut PgConnection, pbx: PbxId) -> Self {
        Self { conn, pbx }
    }

    /// The newest first. Sorts: `requested_at`, `done_at`, `number`. Searches numbers and names.
    pub async fn list(self, page: &Page, filter: &CallbackFilter) -> Result<Listed<Callback>> {
        let pbx = self.pbx;
        LIST.fetch(self.conn, page, |query| {
            query.push(" and c.pbx_id = ").push_bind(pbx.0);
            if let Some(whom) = filter.whom {
                query.push(" and c.extension_id = ").push_bind(whom.0);
            }
            if let Some(done) = filter.done {
                query.push(if done { " and c.done_at is not null" } else { " and c.done_at is null" });
            }
        })
        .await
    }

    /// By id.
    pub async fn get(mut self, id: CallbackId) -> Result<Callback> {
        self.read(id).await
    }

    /// Puts a wish on record. Handing it in again changes nothing.
    pub async fn insert(self, new: &NewCallback) -> Result<Added> {
        let done = sqlx::query(
            "insert into callbacks (id, customer_id, pbx_id, extension_id, call_id, number, name, asked_at)
             select $1, customer_id, pbx_id, id, $4, $5, $6, $7 from extensions where id = $3 and pbx_id = $2
             on conflict (id) do nothing",
        )
        .bind(new.id.0)
        .bind(self.pbx.0)
        .bind(new.whom.0)
        .bind(new.call.map(|id| id.0))
        .bind(&new.number)
        .bind(new.name.as_ref().map(Name::as_str))
        .bind(new.requested_at)
        .execute(&mut *self.conn)
        .await?;
        let there = "select 1 from callbacks where id = $1";
        added(self.conn, done.rows_affected(), there, new.id.0).await
    }

    /// Notes that somebody called back (`None`: that it is still to be done). Who did it first
    /// stays.
    pub async fn set_done(mut self, id: CallbackId, by: Option<&Author>) -> Result<Callback> {
        let done = sqlx::query(
            "update callbacks set
                 done_at = case when $3 then coalesce(done_at, now()) end,
                 done_by = case when $3 and done_at is null then $4 when $3 then done_by end,
                 done_by_name = case when $3 and done_at is null then $5 when $3 then done_by_name end
             where id = $1 and pbx_id = $2",
        )
        .bind(id.0)
        .bind(self.pbx.0)
        .bind(by.is_some())
        .bind(by.and_then(|by| by.account).map(|id| id.0))
        .bind(by.map(|by| by.name.as_str()))
        .execute(&mut *self.conn)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound);
        }
        self.read(id).await
    }

    async fn read(&mut self, id: CallbackId) -> Result<Callback> {
        let mut query = sqlx::QueryBuilder::new("select ");
        query.push(LIST.select).push(" where c.id = ").push_bind(id.0);
        query.push(" and c.pbx_id = ").push_bind(self.pbx.0);
        Ok(query.build_query_as().fetch_one(&mut *self.conn).await?)
    }
}
