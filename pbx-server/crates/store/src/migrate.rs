//! Brings schemas up to this version: the platform's first, then the tenants', several at once.
//!
//! Each migration is one transaction together with the note that it was done, so that whatever
//! stops it, the next run goes on where this one ended. One run at a time (an advisory lock).

use crate::error::{Result, StoreError};
use crate::store::APP_ROLE;
use futures::StreamExt;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, SqlSafeStr};
use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};
use uuid::Uuid;
use voxera_model::TenantId;

/// Schemas that are migrated at once.
const PARALLEL: usize = 8;
/// The advisory lock of a run: "voxera" in ASCII. Whoever makes a tenant shares it.
pub(crate) const LOCK: i64 = 0x0076_6f78_6572_6100;

/// Version, name and text of each migration, in order. What was released is never edited: the next
/// change is the next number.
type Migrations = &'static [(i64, &'static str, &'static str)];

const PLATFORM: Migrations = &[
    (1, "platform", include_str!("../../../migrations/platform/0001_platform.sql")),
    (2, "mail_attachments", include_str!("../../../migrations/platform/0002_mail_attachments.sql")),
    (3, "faster_transactions", include_str!("../../../migrations/platform/0003_faster_transactions.sql")),
    (4, "browser_phones", include_str!("../../../migrations/platform/0004_browser_phones.sql")),
    (5, "second_factor", include_str!("../../../migrations/platform/0005_second_factor.sql")),
    (6, "nodes", include_str!("../../../migrations/platform/0006_nodes.sql")),
    (7, "engines", include_str!("../../../migrations/platform/0007_engines.sql")),
];
const TENANT: Migrations = &[
    (1, "tenant", include_str!("../../../migrations/tenant/0001_tenant.sql")),
    (2, "call_flows", include_str!("../../../migrations/tenant/0002_call_flows.sql")),
    (3, "message_mails", include_str!("../../../migrations/tenant/0003_message_mails.sql")),
    (4, "browser_phones", include_str!("../../../migrations/tenant/0004_browser_phones.sql")),
    (5, "own_greetings", include_str!("../../../migrations/tenant/0005_own_greetings.sql")),
];

/// Names this version of both schemas: 16 hexadecimal digits that change with any migration.
#[must_use]
pub fn schema_fingerprint() -> String {
    let mut all = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for (_, _, sql) in PLATFORM.iter().chain(TENANT) {
        all.update(sql.as_bytes());
    }
    crate::row::hex(&all.finish().as_ref()[..8])
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MigrationProgress {
    /// The platform's schema is up.
    Platform,
    /// One more tenant is done, or has failed.
    Tenant { tenant: TenantId, done: usize, total: usize, error: Option<String> },
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MigrationReport {
    /// Tenants that are up.
    pub tenants: usize,
    /// Tenants that are not, and why. They are tried again by the next run.
    pub failed: Vec<(TenantId, String)>,
}

pub(crate) async fn run(
    owner: &PgConnectOptions,
    progress: &(impl Fn(MigrationProgress) + Send + Sync),
) -> Result<MigrationReport> {
    run_to(owner, PLATFORM, TENANT, progress).await
}

async fn run_to(
    owner: &PgConnectOptions,
    platform: Migrations,
    tenant: Migrations,
    progress: &(impl Fn(MigrationProgress) + Send + Sync),
) -> Result<MigrationReport> {
    let mut lead = owner.connect().await?;
    sqlx::query("select pg_advisory_lock($1)").bind(LOCK).execute(&mut lead).await?;
    make_role(&mut lead).await?;
    lead.execute("create schema if not exists platform").await?;
    apply(&mut lead, "platform", platform).await?;
    protect(&mut lead, "platform").await?;
    progress(MigrationProgress::Platform);

    lead.execute("select set_config('app.scope', 'platform', false)").await?;
    let tenants: Vec<Uuid> =
        sqlx::query_scalar("select id from platform.tenants order by id").fetch_all(&mut lead).await?;
    drop_left_overs(&mut lead).await?;
    let total = tenants.len();
    let done = AtomicUsize::new(0);
    let outcomes: Vec<(TenantId, Option<String>)> = futures::stream::iter(tenants)
        .map(|id| {
            let (done, total) = (&done, total);
            async move {
                let id = TenantId(id);
                let error = one_to(owner, id, tenant).await.err().map(|error| error.to_string());
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                progress(MigrationProgress::Tenant { tenant: id, done, total, error: error.clone() });
                (id, error)
            }
        })
        .buffer_unordered(PARALLEL)
        .collect()
        .await;
    lead.close().await?;
    let failed: Vec<_> = outcomes.into_iter().filter_map(|(id, error)| Some((id, error?))).collect();
    Ok(MigrationReport { tenants: total - failed.len(), failed })
}

/// Makes or brings up the schema of one tenant.
pub(crate) async fn one(owner: &PgConnectOptions, tenant: TenantId) -> Result<()> {
    one_to(owner, tenant, TENANT).await
}

async fn one_to(owner: &PgConnectOptions, tenant: TenantId, list: Migrations) -> Result<()> {
    let mut conn = owner.connect().await?;
    let schema = schema_of(tenant);
    conn.execute(AssertSqlSafe(format!(
        "create schema if not exists {schema};
         grant usage on schema {schema} to {APP_ROLE};
         alter default privileges in schema {schema}
             grant select, insert, update, delete on tables to {APP_ROLE};
         select set_config('app.tenant', '{tenant}', false)"
    )))
    .await?;
    apply(&mut conn, &schema, list).await?;
    protect(&mut conn, &schema).await?;
    conn.close().await?;
    Ok(())
}

/// Removes the schema of a tenant that is gone; refuses when there is a customer in it.
pub(crate) async fn drop_schema(owner: &PgConnectOptions, tenant: TenantId) -> Result<()> {
    let mut conn = owner.connect().await?;
    drop_empty(&mut conn, tenant).await?;
    conn.close().await?;
    Ok(())
}

async fn drop_empty(conn: &mut PgConnection, tenant: TenantId) -> Result<()> {
    let schema = schema_of(tenant);
    conn.execute(AssertSqlSafe(format!(
        "do $$ begin
            perform set_config('app.tenant', '{tenant}', true);
            if to_regclass('{schema}.customers') is not null then
                lock table {schema}.customers in access exclusive mode;
                if exists (select 1 from {schema}.customers) then
                    raise exception 'the schema still holds customers';
                end if;
            end if;
            drop schema if exists {schema} cascade;
        end $$"
    )))
    .await?;
    Ok(())
}

/// A schema can be left over when a tenant's making is undone, or its removal is interrupted.
async fn drop_left_overs(conn: &mut PgConnection) -> Result<()> {
    let left: Vec<String> = sqlx::query_scalar(
        "select substr(nspname, 3) from pg_namespace
         where nspname ~ '^t_[0-9a-f]{32}$'
           and nspname not in (select schema_name from platform.tenants)",
    )
    .fetch_all(&mut *conn)
    .await?;
    for id in left.iter().filter_map(|hex| Uuid::parse_str(hex).ok()) {
        if let Err(error) = drop_empty(conn, TenantId(id)).await {
            tracing::warn!(tenant = %id, %error, "a schema without a tenant stays");
        }
    }
    Ok(())
}

/// The application role: may log in by itself only in our own cluster, where it is made so.
async fn make_role(conn: &mut PgConnection) -> Result<()> {
    // Roles belong to the cluster: another database's run may make it at the same moment.
    conn.execute(
        "do $$ begin
            if not exists (select 1 from pg_roles where rolname = 'voxera_app') then
                create role voxera_app nologin nosuperuser nobypassrls nocreatedb nocreaterole noinherit;
            end if;
        exception when duplicate_object or unique_violation then null;
        end $$",
    )
    .await?;
    let (weak, member): (bool, bool) = sqlx::query_as(
        "select not rolsuper and not rolbypassrls and not rolcreaterole
                and not exists (select 1 from pg_auth_members m where m.member = r.oid),
                pg_has_role(current_user, r.oid, 'member')
         from pg_roles r where rolname = 'voxera_app'",
    )
    .fetch_one(&mut *conn)
    .await?;
    if !weak {
        return Err(StoreError::Unavailable(
            "the role voxera_app has powers of its own (superuser, bypassrls, createrole or another role): \
             take them away"
                .into(),
        ));
    }
    if !member {
        conn.execute("grant voxera_app to current_user").await?;
    }
    Ok(())
}

/// The list of migrations is the owner's, and is no data of anyone.
async fn protect(conn: &mut PgConnection, schema: &str) -> Result<()> {
    conn.execute(AssertSqlSafe(format!("revoke all on {schema}._sqlx_migrations from {APP_ROLE}"))).await?;
    Ok(())
}

async fn apply(conn: &mut PgConnection, schema: &str, list: Migrations) -> Result<()> {
    conn.execute(AssertSqlSafe(format!("set search_path to {schema}"))).await?;
    let migrations = list
        .iter()
        .map(|(version, name, sql)| {
            let sql = (*sql).into_sql_str();
            Migration::new(*version, Cow::Borrowed(name), MigrationType::Simple, sql, false)
        })
        .collect();
    let mut migrator = Migrator::with_migrations(migrations);
    migrator.set_locking(false);
    migrator.run_direct(None, conn, false).await.map_err(|error| {
        if let MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) = error {
            StoreError::from(error)
        } else {
            StoreError::Other(sqlx::Error::Migrate(Box::new(error)))
        }
    })?;
    conn.execute("reset search_path").await?;
    Ok(())
}

pub(crate) fn schema_of(tenant: TenantId) -> String {
    format!("t_{}", tenant.0.simple())
}

#[cfg(test)]
#[path = "migrate_tests.rs"]
mod tests;
