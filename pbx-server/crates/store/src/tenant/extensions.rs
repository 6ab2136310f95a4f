//! Dialable extensions of one PBX.

use crate::error::{Constraint, Result, StoreError};
use crate::page::{List, Listed, Page};
use crate::row::Columns;
use crate::tenant::devices::{self, Device};
use crate::tenant::pbxs::{Pbx, Pbxs};
use crate::tx::TenantTx;
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use std::collections::HashMap;
use uuid::Uuid;
use voxera_model::{CustomerId, ExtensionId, ExtensionNumber, Name, PbxId, Seconds, UserId};

/// An extension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Extension {
    pub id: ExtensionId,
    pub customer: CustomerId,
    pub pbx: PbxId,
    pub number: ExtensionNumber,
    pub name: Name,
    /// The person whose extension it is; a person has at most one per membership.
    pub user: Option<UserId>,
    /// That person's name, as far as it can be seen here.
    pub user_name: Option<Name>,
    /// 5 to 120 seconds.
    pub ring_seconds: Seconds,
    pub call_waiting: bool,
    pub devices: u64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// An extension to be.
#[derive(Debug, Clone)]
pub struct NewExtension {
    pub id: ExtensionId,
    pub number: ExtensionNumber,
    pub name: Name,
    pub user: Option<UserId>,
    /// 5 to 120; `None`: 25.
    pub ring_seconds: Option<Seconds>,
    /// `None`: on.
    pub call_waiting: Option<bool>,
}

/// What is to change; `None` stays, `Some(None)` is cleared.
#[derive(Debug, Clone, Default)]
pub struct ExtensionChange {
    pub number: Option<ExtensionNumber>,
    pub name: Option<Name>,
    pub user: Option<Option<UserId>>,
    pub ring_seconds: Option<Seconds>,
    pub call_waiting: Option<bool>,
}

/// An extension of a person with everything around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserExtension {
    pub extension: Extension,
    pub pbx: Pbx,
    pub devices: Vec<Device>,
}

const LIST: List = List {
    select: "e.id, e.customer_id, e.pbx_id, e.number, e.name, e.user_id, u.display_name as user_name, \
             e.ring_seconds, e.call_waiting, \
             (select count(*) from devices d where d.extension_id = e.id) as devices, e.created_at, \
             e.updated_at from extensions e left join platform.users u on u.id = e.user_id",
    sorts: &[
        ("number", "(length(e.number), e.number)"),
        ("name", "lower(e.name collate \"sv-x-icu\")"),
        ("created_at", "e.created_at"),
        ("updated_at", "e.updated_at"),
    ],
    keys: &["number", "name", "created_at", "updated_at"],
    newest_first: false,
    tie: "e.id",
    search: &["e.name", "e.number", "u.display_name"],
    digits: &[],
};

impl FromRow<'_, PgRow> for Extension {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: ExtensionId(row.raw("id")?),
            customer: CustomerId(row.raw("customer_id")?),
            pbx: PbxId(row.raw("pbx_id")?),
            number: row.parsed("number")?,
            name: row.parsed("name")?,
            user: row.raw::<Option<Uuid>>("user_id")?.map(UserId),
            user_name: row.maybe("user_name")?,
            ring_seconds: Seconds(u32::try_from(row.raw::<i32>("ring_seconds")?).unwrap_or_default()),
            call_waiting: row.raw("call_waiting")?,
            devices: row.unsigned("devices")?,
            created_at: row.raw("created_at")?,
            updated_at: row.raw("updated_at")?,
        })
    }
}

/// Extensions of one PBX.
pub struct Extensions<'t> {
    conn: &'t mut PgConnection,
    pbx: PbxId,
}

impl<'t> Extensions<'t> {
    pub(crate) const fn new(conn: &'t mut PgConnection, pbx: PbxId) -> Self {
        Self { conn, pbx }
    }

    /// `NotFound` when there is no such PBX. Sorts: `number`, `name`, `created_at`, `updated_at`.
    /// Searches number, name and the person's name.
    pub async fn list(self, page: &Page) -> Result<Listed<Extension>> {
        let pbx = self.pbx;
        let only = |query: &mut QueryBuilder<Postgres>| {
            query.push(" and e.pbx_id = ").push_bind(pbx.0);
        };
        let listed = LIST.fetch(&mut *self.conn, page, only).await?;
        if listed.total == 0 {
            Pbxs::new(self.conn).get(pbx).await?;
        }
        Ok(listed)
    }

    /// By id.
    pub async fn get(self, id: ExtensionId) -> Result<Extension> {
        get(self.conn, Some(self.pbx), id).await
    }

    /// `NotFound` when there is no such PBX. Conflicts: `ExtensionNumberTaken`, `UserHasExtension`,
    /// `UserOfSomeoneElse`, `OutOfRange`.
    pub async fn create(self, new: NewExtension) -> Result<Extension> {
        let customer: Uuid = sqlx::query_scalar("select customer_id from pbxs where id = $1")
            .bind(self.pbx.0)
            .fetch_one(&mut *self.conn)
            .await?;
        check_user(self.conn, customer, new.user).await?;
        sqlx::query(
            "insert into extensions (id, customer_id, pbx_id, number, name, user_id, ring_seconds, call_waiting)
             values ($1, $2, $3, $4, $5, $6, coalesce($7, 25), coalesce($8, true))",
        )
        .bind(new.id.0)
        .bind(customer)
        .bind(self.pbx.0)
        .bind(new.number.as_str())
        .bind(new.name.as_str())
        .bind(new.user.map(|id| id.0))
        .bind(ring(new.ring_seconds))
        .bind(new.call_waiting)
        .execute(&mut *self.conn)
        .await?;
        get(self.conn, Some(self.pbx), new.id).await
    }

    /// Changes what is given. Conflicts as for [`Self::create`].
    pub async fn update(self, id: ExtensionId, change: ExtensionChange) -> Result<Extension> {
        let before = get(self.conn, Some(self.pbx), id).await?;
        check_user(self.conn, before.customer.0, change.user.flatten()).await?;
        sqlx::query(
            "update extensions set
                 number = coalesce($3, number), name = coalesce($4, name),
                 user_id = case when $5 then $6 else user_id end,
                 ring_seconds = coalesce($7, ring_seconds), call_waiting = coalesce($8, call_waiting)
             where id = $1 and pbx_id = $2",
        )
        .bind(id.0)
        .bind(self.pbx.0)
        .bind(change.number.as_ref().map(ExtensionNumber::as_str))
        .bind(change.name.as_ref().map(Name::as_str))
        .bind(change.user.is_some())
        .bind(change.user.flatten().map(|id| id.0))
        .bind(ring(change.ring_seconds))
        .bind(change.call_waiting)
        .execute(&mut *self.conn)
        .await?;
        get(self.conn, Some(self.pbx), id).await
    }

    /// Removes an extension with its phones; numbers that led to it lead nowhere then.
    pub async fn delete(self, id: ExtensionId) -> Result<()> {
        let done = sqlx::query("delete from extensions where id = $1 and pbx_id = $2")
            .bind(id.0)
            .bind(self.pbx.0)
            .execute(self.conn)
            .await?;
        if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }
}

/// Which extension a person has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExtensionOfUser {
    pub extension: ExtensionId,
    pub pbx: PbxId,
    pub number: ExtensionNumber,
}

impl TenantTx<'_> {
    /// The extensions of several people in this scope, for lists of people. Who has none is left out.
    pub async fn extensions_of(&mut self, users: &[UserId]) -> Result<HashMap<UserId, ExtensionOfUser>> {
        let ids: Vec<Uuid> = users.iter().map(|user| user.0).collect();
        let rows = sqlx::query(
            "select user_id, id, pbx_id, number from extensions where user_id = any($1)
             order by created_at desc, id desc",
        )
        .bind(ids)
        .fetch_all(&mut **self.connection())
        .await?;
        let mut found = HashMap::with_capacity(rows.len());
        for row in rows {
            let own = ExtensionOfUser {
                extension: ExtensionId(row.raw("id")?),
                pbx: PbxId(row.raw("pbx_id")?),
                number: row.parsed("number")?,
            };
            found.insert(UserId(row.raw("user_id")?), own);
        }
        Ok(found)
    }

    /// The extensions of one person in this scope, with their PBXs and phones.
    pub async fn user_extensions(&mut self, user: UserId) -> Result<Vec<UserExtension>> {
        let ids: Vec<Uuid> =
            sqlx::query_scalar("select id from extensions where user_id = $1 order by created_at, id")
                .bind(user.0)
                .fetch_all(&mut **self.connection())
                .await?;
        let mut found = Vec::with_capacity(ids.len());
        for id in ids.into_iter().map(ExtensionId) {
            let extension = get(self.connection(), None, id).await?;
            let pbx = self.pbxs().get(extension.pbx).await?;
            let devices = devices::of(self.connection(), id).await?;
            found.push(UserExtension { extension, pbx, devices });
        }
        Ok(found)
    }
}

async fn get(conn: &mut PgConnection, pbx: Option<PbxId>, id: ExtensionId) -> Result<Extension> {
    Ok(sqlx::query_as(
        "select e.id, e.customer_id, e.pbx_id, e.number, e.name, e.user_id, u.display_name as user_name,
                e.ring_seconds, e.call_waiting,
                (select count(*) from devices d where d.extension_id = e.id) as devices,
                e.created_at, e.updated_at
         from extensions e left join platform.users u on u.id = e.user_id
         where e.id = $1 and ($2::uuid is null or e.pbx_id = $2)",
    )
    .bind(id.0)
    .bind(pbx.map(|id| id.0))
    .fetch_one(conn)
    .await?)
}

/// An extension's person belongs to the same company.
async fn check_user(conn: &mut PgConnection, customer: Uuid, user: Option<UserId>) -> Result<()> {
    let Some(user) = user else { return Ok(()) };
    let own: Option<i32> =
        sqlx::query_scalar("select 1 from platform.users where id = $1 and customer_id = $2 for key share")
            .bind(user.0)
            .bind(customer)
            .fetch_optional(conn)
            .await?;
    if own.is_some() { Ok(()) } else { Err(StoreError::Conflict(Constraint::UserOfSomeoneElse)) }
}

fn ring(seconds: Option<Seconds>) -> Option<i32> {
    seconds.map(|seconds| i32::try_from(seconds.0).unwrap_or(i32::MAX))
}
