//! Memberships: who is what, where.

use crate::error::{Constraint, Result, StoreError};
use crate::migrate::schema_of;
use crate::page::{List, Listed, Page};
use crate::platform::accounts::{self, Found};
use crate::row::Columns;
use crate::scope::TenantScope;
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;
use voxera_model::{AccountId, CustomerId, Email, Locale, Name, Role, Slug, Status, TenantId, UserId};

/// An account's membership in the platform, a tenant or a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct User {
    pub id: UserId,
    pub account: AccountId,
    pub email: Email,
    pub role: Role,
    pub tenant: Option<TenantId>,
    pub customer: Option<CustomerId>,
    pub display_name: Name,
    pub status: Status,
    /// Has been invited and has not accepted yet: the account has no password.
    pub invited: bool,
    pub locale: Locale,
    pub created_at: DateTime<Utc>,
}

/// A membership to be. Its level comes from `tenant` and `customer`, and the role must fit it.
#[derive(Debug, Clone)]
pub struct NewUser {
    pub id: UserId,
    pub account: AccountId,
    pub role: Role,
    /// In a tenant's transaction: the scope's own, whatever is written here.
    pub tenant: Option<TenantId>,
    /// In a tenant's transaction: the scope's own, whatever is written here.
    pub customer: Option<CustomerId>,
    pub display_name: Name,
}

/// What is to change; `None` stays.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    pub display_name: Option<Name>,
    pub role: Option<Role>,
    pub status: Option<Status>,
}

/// A membership with what it is in, for sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Membership {
    pub user: User,
    pub tenant: Option<MembershipTenant>,
    pub customer: Option<MembershipCustomer>,
}

impl Membership {
    /// Whether the person, the company and the partner may all act.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.user.status == Status::Active
            && self.tenant.as_ref().is_none_or(|t| t.status == Status::Active)
            && self.customer.as_ref().is_none_or(|c| c.status == Status::Active)
    }
}

/// The tenant of a membership.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MembershipTenant {
    pub id: TenantId,
    pub slug: Slug,
    pub name: Name,
    pub status: Status,
}

/// The customer of a membership.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MembershipCustomer {
    pub id: CustomerId,
    pub name: Name,
    pub status: Status,
}

const LIST: List = List {
    select: "u.id, u.account_id, a.email, u.role, u.tenant_id, u.customer_id, u.display_name, u.status, \
             a.password_hash is null as invited, a.locale, u.created_at \
             from platform.users u join platform.accounts a on a.id = u.account_id",
    sorts: &[
        ("name", "lower(u.display_name collate \"sv-x-icu\")"),
        ("email", "a.email"),
        ("role", "u.role"),
        ("status", "u.status"),
        ("created_at", "u.created_at"),
    ],
    keys: &["name", "email", "role", "status", "created_at"],
    newest_first: false,
    tie: "u.id",
    search: &["u.display_name", "a.email"],
    digits: &[],
};

impl FromRow<'_, PgRow> for User {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: UserId(row.raw("id")?),
            account: AccountId(row.raw("account_id")?),
            email: row.parsed("email")?,
            role: row.parsed("role")?,
            tenant: row.raw::<Option<Uuid>>("tenant_id")?.map(TenantId),
            customer: row.raw::<Option<Uuid>>("customer_id")?.map(CustomerId),
            display_name: row.parsed("display_name")?,
            status: row.parsed("status")?,
            invited: row.raw("invited")?,
            locale: row.parsed("locale")?,
            created_at: row.raw("created_at")?,
        })
    }
}

/// Which memberships are meant.
#[derive(Debug, Clone, Copy)]
enum Level {
    /// Lists the platform's own staff; gets and changes any.
    Platform,
    /// Exactly the staff of a tenant, or the users of a customer.
    Of(TenantId, Option<CustomerId>),
}

impl Level {
    /// Takes the transaction back to the scope it was opened with.
    async fn settle(self, conn: &mut PgConnection) -> Result<()> {
        match self {
            Self::Platform => Ok(()),
            Self::Of(..) => elevate(conn, false).await,
        }
    }
}

/// Memberships of one level.
pub struct Users<'t> {
    conn: &'t mut PgConnection,
    level: Level,
}

impl<'t> Users<'t> {
    pub(crate) const fn platform(conn: &'t mut PgConnection) -> Self {
        Self { conn, level: Level::Platform }
    }

    pub(crate) const fn tenant(conn: &'t mut PgConnection, scope: TenantScope) -> Self {
        Self { conn, level: Level::Of(scope.tenant(), scope.customer()) }
    }

    /// The people of this level. Sorts: `name`, `email`, `role`, `status`, `created_at`. Searches
    /// name and address.
    pub async fn list(self, page: &Page) -> Result<Listed<User>> {
        let level = self.level;
        LIST.fetch(self.conn, page, |query| match level {
            Level::Platform => {
                query.push(" and u.tenant_id is null");
            }
            Level::Of(..) => push_level(query, level),
        })
        .await
    }

    /// By id.
    pub async fn get(self, id: UserId) -> Result<User> {
        get(self.conn, self.level, id).await
    }

    /// Every membership of an account, in the order they were made.
    pub async fn of_account(self, account: AccountId) -> Result<Vec<User>> {
        let mut query = QueryBuilder::new("select ");
        query.push(LIST.select).push(" where u.account_id = ").push_bind(account.0);
        push_level(&mut query, self.level);
        query.push(" order by u.created_at, u.id");
        Ok(query.build_query_as().fetch_all(self.conn).await?)
    }

    /// Every membership of an account with the names and states of where it is. For the platform's
    /// transaction only; elsewhere it finds the memberships of that level.
    pub async fn memberships(self, account: AccountId) -> Result<Vec<Membership>> {
        let conn = self.conn;
        let users = Users { conn: &mut *conn, level: self.level }.of_account(account).await?;
        let mut memberships = Vec::with_capacity(users.len());
        for user in users {
            let tenant = match user.tenant {
                Some(id) => Some(membership_tenant(conn, id).await?),
                None => None,
            };
            let customer = match (user.tenant, user.customer, self.level) {
                (Some(tenant), Some(id), Level::Platform) => Some(customer_of(conn, tenant, id).await?),
                (_, Some(id), Level::Of(..)) => Some(membership_customer(conn, id).await?),
                (..) => None,
            };
            memberships.push(Membership { user, tenant, customer });
        }
        Ok(memberships)
    }

    /// How many memberships there are, of whatever level this transaction sees.
    pub async fn count_all(self) -> Result<u64> {
        let count: i64 =
            sqlx::query_scalar("select count(*) from platform.users").fetch_one(self.conn).await?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// How many active users of this level have a role: the last administrator is not removed.
    pub async fn count_active(self, role: Role) -> Result<u64> {
        let mut query = QueryBuilder::new(
            "select count(*) from platform.users u where u.status = 'active' and u.role = ",
        );
        query.push_bind(role.as_str());
        push_level(&mut query, self.level);
        let count: i64 = query.build_query_scalar().fetch_one(self.conn).await?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Makes an account a user. Conflicts: `AlreadyMember`, `RoleDoesNotFit`, `ParentGone`.
    pub async fn create(self, new: NewUser) -> Result<User> {
        let (tenant, customer) = match self.level {
            Level::Platform => (new.tenant, new.customer),
            Level::Of(tenant, customer) => (Some(tenant), customer),
        };
        if let (Level::Platform, Some(tenant), Some(customer)) = (self.level, tenant, customer) {
            customer_of(self.conn, tenant, customer).await.map_err(|error| {
                if matches!(error, StoreError::NotFound) {
                    StoreError::Conflict(Constraint::ParentGone)
                } else {
                    error
                }
            })?;
        }
        sqlx::query(
            "insert into platform.users (id, account_id, role, tenant_id, customer_id, display_name)
             values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(new.id.0)
        .bind(new.account.0)
        .bind(new.role.as_str())
        .bind(tenant.map(|id| id.0))
        .bind(customer.map(|id| id.0))
        .bind(new.display_name.as_str())
        .execute(&mut *self.conn)
        .await?;
        get(self.conn, self.level, new.id).await
    }

    /// The account of an address, made without a password when there is none: for inviting from a
    /// tenant's transaction, in which accounts are otherwise out of sight.
    pub async fn find_or_create_account(self, email: &Email, locale: Locale) -> Result<Found> {
        match self.level {
            Level::Platform => accounts::find_or_create(self.conn, email, locale).await,
            Level::Of(..) => {
                elevate(self.conn, true).await?;
                let found = accounts::find_or_create(self.conn, email, locale).await;
                let down = elevate(self.conn, false).await;
                let found = found?;
                down?;
                Ok(found)
            }
        }
    }

    /// Notes the one-time token of an invitation to this level, also from a tenant's transaction.
    /// Earlier invitations of the user stop working.
    pub async fn invite(self, user: UserId, hash: &[u8; 32], expires_at: DateTime<Utc>) -> Result<()> {
        let invited = get(self.conn, self.level, user).await?;
        elevate(self.conn, true).await?;
        let outcome = insert_invitation(self.conn, &invited, hash, expires_at).await;
        let down = self.level.settle(self.conn).await;
        outcome?;
        down
    }

    /// Changes what is given. Conflict: `RoleDoesNotFit`.
    pub async fn update(self, id: UserId, change: UserChange) -> Result<User> {
        let mut query = QueryBuilder::new("update platform.users u set display_name = coalesce(");
        query.push_bind(change.display_name.map(String::from));
        query.push(", display_name), role = coalesce(").push_bind(change.role.map(Role::as_str));
        query.push(", role), status = coalesce(").push_bind(change.status.map(Status::as_str));
        query.push(", status) where u.id = ").push_bind(id.0);
        push_level(&mut query, self.level);
        if query.build().execute(&mut *self.conn).await?.rows_affected() == 0 {
            return Err(StoreError::NotFound);
        }
        get(self.conn, self.level, id).await
    }

    /// Removes the membership and frees its extension; an account that is nobody's any more goes
    /// with it.
    pub async fn delete(self, id: UserId) -> Result<()> {
        let mut query = QueryBuilder::new("delete from platform.users u where u.id = ");
        query.push_bind(id.0);
        push_level(&mut query, self.level);
        query.push(" returning u.account_id");
        let account: Uuid = query.build_query_scalar().fetch_one(&mut *self.conn).await?;
        elevate(self.conn, true).await?;
        let outcome = sqlx::query(
            "delete from platform.accounts
             where id = $1 and not exists (select 1 from platform.users where account_id = $1)",
        )
        .bind(account)
        .execute(&mut *self.conn)
        .await;
        let down = self.level.settle(self.conn).await;
        outcome?;
        down
    }
}

async fn get(conn: &mut PgConnection, level: Level, id: UserId) -> Result<User> {
    let mut query = QueryBuilder::new("select ");
    query.push(LIST.select).push(" where u.id = ").push_bind(id.0);
    push_level(&mut query, level);
    Ok(query.build_query_as().fetch_one(conn).await?)
}

fn push_level(query: &mut QueryBuilder<Postgres>, level: Level) {
    if let Level::Of(tenant, customer) = level {
        query.push(" and u.tenant_id = ").push_bind(tenant.0);
        query.push(" and u.customer_id is not distinct from ").push_bind(customer.map(|id| id.0));
    }
}

/// Lets a tenant's transaction touch accounts for a moment, or ends that moment. An SQL error in
/// between ends the whole transaction, so it cannot go on in the higher scope.
async fn elevate(conn: &mut PgConnection, up: bool) -> Result<()> {
    sqlx::query("select set_config('app.scope', $1, true)")
        .bind(if up { "platform" } else { "tenant" })
        .execute(conn)
        .await?;
    Ok(())
}

async fn insert_invitation(
    conn: &mut PgConnection,
    user: &User,
    hash: &[u8; 32],
    expires_at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query(
        "update platform.one_time_tokens set used_at = now()
         where user_id = $1 and purpose = 'invitation' and used_at is null",
    )
    .bind(user.id.0)
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "insert into platform.one_time_tokens (hash, purpose, account_id, user_id, expires_at)
         values ($1, 'invitation', $2, $3, $4)",
    )
    .bind(hash.as_slice())
    .bind(user.account.0)
    .bind(user.id.0)
    .bind(expires_at)
    .execute(conn)
    .await?;
    Ok(())
}

async fn membership_tenant(conn: &mut PgConnection, id: TenantId) -> Result<MembershipTenant> {
    let row = sqlx::query("select slug, name, status from platform.tenants where id = $1")
        .bind(id.0)
        .fetch_one(conn)
        .await?;
    Ok(MembershipTenant {
        id,
        slug: row.parsed("slug")?,
        name: row.parsed("name")?,
        status: row.parsed("status")?,
    })
}

/// A customer from a transaction of the platform, which steps into the tenant for one query.
async fn customer_of(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: CustomerId,
) -> Result<MembershipCustomer> {
    sqlx::query("select set_config('app.tenant', $1, true), set_config('search_path', $2, true)")
        .bind(tenant.to_string())
        .bind(schema_of(tenant))
        .execute(&mut *conn)
        .await?;
    let found = membership_customer(conn, id).await;
    sqlx::query("select set_config('app.tenant', '', true), set_config('search_path', '', true)")
        .execute(conn)
        .await?;
    found
}

async fn membership_customer(conn: &mut PgConnection, id: CustomerId) -> Result<MembershipCustomer> {
    let row =
        sqlx::query("select name, status from customers where id = $1").bind(id.0).fetch_one(conn).await?;
    Ok(MembershipCustomer { id, name: row.parsed("name")?, status: row.parsed("status")? })
}
