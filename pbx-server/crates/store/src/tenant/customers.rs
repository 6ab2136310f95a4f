//! Companies.

use crate::error::{Constraint, Result, StoreError};
use crate::page::{List, Listed, Page};
use crate::row::Columns;
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection};
use voxera_model::{CustomerId, Locale, Name, OrgNumber, Status, Zone};

/// A company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Customer {
    pub id: CustomerId,
    pub name: Name,
    pub org_number: Option<OrgNumber>,
    pub status: Status,
    pub locale: Locale,
    pub time_zone: Zone,
    /// Voice agents at most.
    pub max_agents: u32,
    /// Language-model tokens a month at most.
    pub monthly_tokens: u32,
    /// PBXs at most; `None`: as many as it likes.
    pub max_pbxs: Option<u32>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A company to be.
#[derive(Debug, Clone)]
pub struct NewCustomer {
    pub id: CustomerId,
    pub name: Name,
    pub org_number: Option<OrgNumber>,
    pub locale: Locale,
    pub time_zone: Zone,
}

/// What is to change; `None` stays, `Some(None)` is cleared.
#[derive(Debug, Clone, Default)]
pub struct CustomerChange {
    pub name: Option<Name>,
    pub org_number: Option<Option<OrgNumber>>,
    pub status: Option<Status>,
    pub locale: Option<Locale>,
    pub time_zone: Option<Zone>,
    pub max_agents: Option<u32>,
    pub monthly_tokens: Option<u32>,
    pub max_pbxs: Option<Option<u32>>,
}

const LIST: List = List {
    select: "id, name, org_number, status, locale, time_zone, max_agents, monthly_tokens, max_pbxs, \
             created_at, updated_at from customers",
    sorts: &[
        ("name", "lower(name collate \"sv-x-icu\")"),
        ("org_number", "org_number"),
        ("status", "status"),
        ("created_at", "created_at"),
    ],
    keys: &["name", "org_number", "status", "created_at"],
    newest_first: false,
    tie: "id",
    search: &["name", "org_number"],
    digits: &["replace(org_number, '-', '')"],
};

impl FromRow<'_, PgRow> for Customer {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: CustomerId(row.raw("id")?),
            name: row.parsed("name")?,
            org_number: row.maybe("org_number")?,
            status: row.parsed("status")?,
            locale: row.parsed("locale")?,
            time_zone: row.parsed("time_zone")?,
            max_agents: u32::try_from(row.raw::<i32>("max_agents")?).unwrap_or_default(),
            monthly_tokens: u32::try_from(row.raw::<i32>("monthly_tokens")?).unwrap_or_default(),
            max_pbxs: row.maybe_whole("max_pbxs")?,
            created_at: row.raw("created_at")?,
            updated_at: row.raw("updated_at")?,
        })
    }
}

/// Companies, as far as the transaction sees them.
pub struct Customers<'t> {
    conn: &'t mut PgConnection,
}

impl<'t> Customers<'t> {
    pub(crate) const fn new(conn: &'t mut PgConnection) -> Self {
        Self { conn }
    }

    /// Sorts: `name`, `org_number`, `status`, `created_at`. Searches name and organisation number.
    pub async fn list(self, page: &Page) -> Result<Listed<Customer>> {
        LIST.fetch(self.conn, page, |_| {}).await
    }

    /// By id.
    pub async fn get(self, id: CustomerId) -> Result<Customer> {
        Ok(sqlx::query_as(
            "select id, name, org_number, status, locale, time_zone, max_agents, monthly_tokens, max_pbxs,
                    created_at, updated_at
             from customers where id = $1",
        )
        .bind(id.0)
        .fetch_one(self.conn)
        .await?)
    }

    /// Conflict: `OrgNumberTaken`.
    pub async fn create(self, new: NewCustomer) -> Result<Customer> {
        Ok(sqlx::query_as(
            "insert into customers (id, name, org_number, locale, time_zone) values ($1, $2, $3, $4, $5)
             returning id, name, org_number, status, locale, time_zone, max_agents, monthly_tokens, max_pbxs,
                 created_at, updated_at",
        )
        .bind(new.id.0)
        .bind(new.name.as_str())
        .bind(new.org_number.as_ref().map(OrgNumber::as_str))
        .bind(new.locale.as_str())
        .bind(new.time_zone.as_str())
        .fetch_one(self.conn)
        .await?)
    }

    /// Changes what is given; a change of status reaches the company's PBXs at once. Conflict:
    /// `OrgNumberTaken`.
    pub async fn update(self, id: CustomerId, change: CustomerChange) -> Result<Customer> {
        let limit = |limit: Option<u32>| limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX));
        Ok(sqlx::query_as(
            "update customers set
                 name = coalesce($2, name),
                 org_number = case when $3 then $4 else org_number end,
                 status = coalesce($5, status), locale = coalesce($6, locale),
                 time_zone = coalesce($7, time_zone), max_agents = coalesce($8, max_agents),
                 monthly_tokens = coalesce($9, monthly_tokens),
                 max_pbxs = case when $10 then $11 else max_pbxs end
             where id = $1
             returning id, name, org_number, status, locale, time_zone, max_agents, monthly_tokens, max_pbxs,
                 created_at, updated_at",
        )
        .bind(id.0)
        .bind(change.name.as_ref().map(Name::as_str))
        .bind(change.org_number.is_some())
        .bind(change.org_number.flatten().map(String::from))
        .bind(change.status.map(Status::as_str))
        .bind(change.locale.map(Locale::as_str))
        .bind(change.time_zone.as_ref().map(Zone::as_str))
        .bind(limit(change.max_agents))
        .bind(limit(change.monthly_tokens))
        .bind(change.max_pbxs.is_some())
        .bind(limit(change.max_pbxs.flatten()))
        .fetch_one(self.conn)
        .await?)
    }

    /// Lets a company act, or stops it.
    pub async fn set_status(self, id: CustomerId, status: Status) -> Result<Customer> {
        self.update(id, CustomerChange { status: Some(status), ..CustomerChange::default() }).await
    }

    /// Removes a company that has no PBX, with its users, numbers and calls. Conflict:
    /// `CustomerHasPbxs`.
    pub async fn delete_empty(self, id: CustomerId) -> Result<()> {
        // Whoever makes a PBX takes the same lock: none comes in between.
        sqlx::query("select 1 from customers where id = $1 for update")
            .bind(id.0)
            .fetch_one(&mut *self.conn)
            .await?;
        let pbxs: i64 = sqlx::query_scalar("select count(*) from pbxs where customer_id = $1")
            .bind(id.0)
            .fetch_one(&mut *self.conn)
            .await?;
        if pbxs > 0 {
            return Err(StoreError::Conflict(Constraint::CustomerHasPbxs));
        }
        self.delete(id).await
    }

    /// Removes a company with everything that is its own: PBXs, users, numbers, calls.
    pub async fn delete(self, id: CustomerId) -> Result<()> {
        let done = sqlx::query("delete from customers where id = $1").bind(id.0).execute(self.conn).await?;
        if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }
}
