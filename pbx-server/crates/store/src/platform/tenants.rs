//! Partners and their brands.

use crate::changes::CHANNEL;
use crate::error::{Constraint, Result, StoreError};
use crate::migrate;
use crate::page::{List, Listed, Page};
use crate::row::Columns;
use crate::store::Store;
use crate::tenant::customers::{Customer, Customers, NewCustomer};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;
use voxera_model::{Colour, Email, Engine, Locale, Name, Slug, Status, TenantId, Zone};

/// A partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tenant {
    pub id: TenantId,
    pub slug: Slug,
    pub name: Name,
    /// The host name by which browsers reach its portal; `None`: by its short name only.
    pub host: Option<String>,
    pub brand_name: Name,
    pub accent: Colour,
    pub has_logo: bool,
    pub support_email: Option<Email>,
    pub locale: Locale,
    pub time_zone: Zone,
    pub status: Status,
    /// What carries its calls, where the installation runs both.
    pub engine: Engine,
    /// The installation's own tenant, in which companies that sign up themselves live.
    pub builtin: bool,
    pub created_at: DateTime<Utc>,
}

/// A logo as it was uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    pub bytes: Vec<u8>,
    /// `image/png`, `image/jpeg`.
    pub content_type: String,
}

/// A partner to be.
#[derive(Debug, Clone)]
pub struct NewTenant {
    pub id: TenantId,
    pub slug: Slug,
    pub name: Name,
    /// `None`: the name.
    pub brand_name: Option<Name>,
    pub accent: Colour,
    pub host: Option<String>,
    pub support_email: Option<Email>,
    pub locale: Locale,
    pub time_zone: Zone,
    pub builtin: bool,
}

/// What is to change; `None` stays, `Some(None)` is cleared.
#[derive(Debug, Clone, Default)]
pub struct TenantChange {
    pub slug: Option<Slug>,
    pub name: Option<Name>,
    pub brand_name: Option<Name>,
    pub accent: Option<Colour>,
    pub host: Option<Option<String>>,
    pub support_email: Option<Option<Email>>,
    pub locale: Option<Locale>,
    pub time_zone: Option<Zone>,
    pub status: Option<Status>,
    pub engine: Option<Engine>,
}

const SELECT: &str = "t.id, t.slug, t.name, t.host, t.brand_name, t.accent, t.logo is not null as has_logo, \
     t.support_email, t.locale, t.time_zone, t.status, t.engine, t.builtin, t.created_at from platform.tenants t";
const LIST: List = List {
    select: SELECT,
    sorts: &[
        ("name", "lower(t.name collate \"sv-x-icu\")"),
        ("slug", "t.slug"),
        ("status", "t.status"),
        ("created_at", "t.created_at"),
    ],
    keys: &["name", "slug", "status", "created_at"],
    newest_first: false,
    tie: "t.id",
    search: &["t.name", "t.slug", "t.brand_name", "t.host"],
    digits: &[],
};

impl FromRow<'_, PgRow> for Tenant {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: TenantId(row.raw("id")?),
            slug: row.parsed("slug")?,
            name: row.parsed("name")?,
            host: row.raw("host")?,
            brand_name: row.parsed("brand_name")?,
            accent: row.parsed("accent")?,
            has_logo: row.raw("has_logo")?,
            support_email: row.maybe("support_email")?,
            locale: row.parsed("locale")?,
            time_zone: row.parsed("time_zone")?,
            status: row.parsed("status")?,
            engine: row.parsed("engine")?,
            builtin: row.raw("builtin")?,
            created_at: row.raw("created_at")?,
        })
    }
}

/// Partners, as far as the transaction sees them.
pub struct Tenants<'t> {
    conn: &'t mut PgConnection,
    /// What only the platform has: the way to make and remove schemas.
    platform: Option<(&'t Store, &'t mut Vec<TenantId>)>,
}

impl<'t> Tenants<'t> {
    pub(crate) const fn new(
        conn: &'t mut PgConnection,
        platform: Option<(&'t Store, &'t mut Vec<TenantId>)>,
    ) -> Self {
        Self { conn, platform }
    }

    /// Sorts: `name`, `slug`, `status`, `created_at`. Searches name, short name, brand, host.
    pub async fn list(self, page: &Page) -> Result<Listed<Tenant>> {
        LIST.fetch(self.conn, page, |_| {}).await
    }

    /// Every tenant's id.
    pub async fn ids(self) -> Result<Vec<TenantId>> {
        let ids: Vec<Uuid> =
            sqlx::query_scalar("select id from platform.tenants order by id").fetch_all(self.conn).await?;
        Ok(ids.into_iter().map(TenantId).collect())
    }

    /// By id.
    pub async fn get(self, id: TenantId) -> Result<Tenant> {
        one(self.conn, id).await
    }

    /// By its short name.
    pub async fn by_slug(self, slug: &Slug) -> Result<Tenant> {
        Ok(sqlx::query_as(
            "select id, slug, name, host, brand_name, accent, logo is not null as has_logo, support_email,
                    locale, time_zone, status, engine, builtin, created_at
             from platform.tenants where slug = $1",
        )
        .bind(slug.as_str())
        .fetch_one(self.conn)
        .await?)
    }

    /// By the host name of its portal, upper and lower case alike, without a port.
    pub async fn by_host(self, host: &str) -> Result<Tenant> {
        Ok(sqlx::query_as(
            "select id, slug, name, host, brand_name, accent, logo is not null as has_logo, support_email,
                    locale, time_zone, status, engine, builtin, created_at
             from platform.tenants where host = lower($1)",
        )
        .bind(host)
        .fetch_one(self.conn)
        .await?)
    }

    /// The installation's own tenant. `NotFound` before the first start has made it.
    pub async fn builtin(self) -> Result<Tenant> {
        Ok(sqlx::query_as(
            "select id, slug, name, host, brand_name, accent, logo is not null as has_logo, support_email,
                    locale, time_zone, status, engine, builtin, created_at
             from platform.tenants where builtin",
        )
        .fetch_one(self.conn)
        .await?)
    }

    /// Makes a tenant and its schema (about 0.2 s). Conflicts: `SlugTaken`, `HostTaken`. When the
    /// transaction is undone, an empty schema may be left over, which the next migration removes.
    pub async fn create(self, new: NewTenant) -> Result<Tenant> {
        let (store, _) = self.platform.ok_or(StoreError::NotFound)?;
        // A migration of a server that starts now must not take the schema for a left-over one.
        sqlx::query("select pg_advisory_xact_lock_shared($1)")
            .bind(migrate::LOCK)
            .execute(&mut *self.conn)
            .await?;
        sqlx::query(
            "insert into platform.tenants (id, slug, name, schema_name, host, brand_name, accent,
                 support_email, locale, time_zone, builtin)
             values ($1, $2, $3, $4, lower($5), $6, $7, $8, $9, $10, $11)",
        )
        .bind(new.id.0)
        .bind(new.slug.as_str())
        .bind(new.name.as_str())
        .bind(migrate::schema_of(new.id))
        .bind(&new.host)
        .bind(new.brand_name.as_ref().unwrap_or(&new.name).as_str())
        .bind(new.accent.as_str())
        .bind(new.support_email.as_ref().map(Email::as_str))
        .bind(new.locale.as_str())
        .bind(new.time_zone.as_str())
        .bind(new.builtin)
        .execute(&mut *self.conn)
        .await?;
        migrate::one(store.owner(), new.id).await?;
        one(self.conn, new.id).await
    }

    /// Changes what is given. Conflicts: `SlugTaken`, `HostTaken`.
    pub async fn update(self, id: TenantId, change: TenantChange) -> Result<Tenant> {
        let updated = sqlx::query(
            "update platform.tenants set
                 slug = coalesce($2, slug), name = coalesce($3, name), brand_name = coalesce($4, brand_name),
                 accent = coalesce($5, accent),
                 host = case when $6 then lower($7) else host end,
                 support_email = case when $8 then $9 else support_email end,
                 locale = coalesce($10, locale), time_zone = coalesce($11, time_zone),
                 status = coalesce($12, status), engine = coalesce($13, engine)
             where id = $1",
        )
        .bind(id.0)
        .bind(change.slug.as_ref().map(Slug::as_str))
        .bind(change.name.as_ref().map(Name::as_str))
        .bind(change.brand_name.as_ref().map(Name::as_str))
        .bind(change.accent.as_ref().map(Colour::as_str))
        .bind(change.host.is_some())
        .bind(change.host.flatten())
        .bind(change.support_email.is_some())
        .bind(change.support_email.flatten().map(String::from))
        .bind(change.locale.map(Locale::as_str))
        .bind(change.time_zone.as_ref().map(Zone::as_str))
        .bind(change.status.map(Status::as_str))
        .bind(change.engine.map(Engine::as_str))
        .execute(&mut *self.conn)
        .await?;
        if updated.rows_affected() == 0 {
            return Err(StoreError::NotFound);
        }
        if change.status.is_some() || change.engine.is_some() {
            sqlx::query("select pg_notify($1, '*')").bind(CHANNEL).execute(&mut *self.conn).await?;
        }
        one(self.conn, id).await
    }

    /// Lets a tenant act, or stops it.
    pub async fn set_status(self, id: TenantId, status: Status) -> Result<Tenant> {
        self.update(id, TenantChange { status: Some(status), ..TenantChange::default() }).await
    }

    /// Lets another engine carry a tenant's calls.
    pub async fn set_engine(self, id: TenantId, engine: Engine) -> Result<Tenant> {
        self.update(id, TenantChange { engine: Some(engine), ..TenantChange::default() }).await
    }

    /// The logo. `NotFound` when there is none.
    pub async fn logo(self, id: TenantId) -> Result<Logo> {
        let (bytes, content_type): (Vec<u8>, String) =
            sqlx::query_as("select logo, logo_type from platform.tenants where id = $1 and logo is not null")
                .bind(id.0)
                .fetch_one(self.conn)
                .await?;
        Ok(Logo { bytes, content_type })
    }

    /// Puts a logo (at most 512 KiB) in place, or takes it away.
    pub async fn set_logo(self, id: TenantId, logo: Option<Logo>) -> Result<()> {
        let (bytes, content_type) = logo.map(|logo| (logo.bytes, logo.content_type)).unzip();
        let updated = sqlx::query("update platform.tenants set logo = $2, logo_type = $3 where id = $1")
            .bind(id.0)
            .bind(bytes)
            .bind(content_type)
            .execute(self.conn)
            .await?;
        if updated.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }

    /// Makes a customer from a transaction of the platform: a company that signs up by itself comes
    /// into being together with its first account. `NotFound` in a tenant's transaction.
    pub async fn sign_up(self, tenant: TenantId, new: NewCustomer) -> Result<Customer> {
        if self.platform.is_none() {
            return Err(StoreError::NotFound);
        }
        step_into(self.conn, tenant).await?;
        let customer = Customers::new(&mut *self.conn).create(new).await?;
        step_out(self.conn).await?;
        Ok(customer)
    }

    /// Removes a tenant with its staff, and its schema when the transaction is committed.
    /// Conflicts: `TenantHasCustomers`, `TenantIsBuiltin`.
    pub async fn delete(self, id: TenantId) -> Result<()> {
        let (_, gone) = self.platform.ok_or(StoreError::NotFound)?;
        let builtin: bool =
            sqlx::query_scalar("select builtin from platform.tenants where id = $1 for update")
                .bind(id.0)
                .fetch_one(&mut *self.conn)
                .await?;
        if builtin {
            return Err(StoreError::Conflict(Constraint::TenantIsBuiltin));
        }
        if customers_of(self.conn, id).await? > 0 {
            return Err(StoreError::Conflict(Constraint::TenantHasCustomers));
        }
        sqlx::query("delete from platform.tenants where id = $1").bind(id.0).execute(self.conn).await?;
        gone.push(id);
        Ok(())
    }
}

async fn one(conn: &mut PgConnection, id: TenantId) -> Result<Tenant> {
    Ok(sqlx::query_as(
        "select id, slug, name, host, brand_name, accent, logo is not null as has_logo, support_email,
                locale, time_zone, status, engine, builtin, created_at
         from platform.tenants where id = $1",
    )
    .bind(id.0)
    .fetch_one(conn)
    .await?)
}

/// How many customers a tenant has, from a transaction of the platform.
async fn customers_of(conn: &mut PgConnection, id: TenantId) -> Result<i64> {
    step_into(conn, id).await?;
    let count = sqlx::query_scalar("select count(*) from customers").fetch_one(&mut *conn).await?;
    step_out(conn).await?;
    Ok(count)
}

/// Lets a transaction of the platform see one tenant's tables until [`step_out`].
async fn step_into(conn: &mut PgConnection, id: TenantId) -> Result<()> {
    sqlx::query("select set_config('app.tenant', $1, true), set_config('search_path', $2, true)")
        .bind(id.to_string())
        .bind(migrate::schema_of(id))
        .execute(conn)
        .await?;
    Ok(())
}

async fn step_out(conn: &mut PgConnection) -> Result<()> {
    sqlx::query("select set_config('app.tenant', '', true), set_config('search_path', '', true)")
        .execute(conn)
        .await?;
    Ok(())
}
