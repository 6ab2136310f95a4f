//! The store itself: who may connect, and how a transaction begins.

use crate::changes::ConfigChanges;
use crate::error::{Result, StoreError};
use crate::migrate::{self, MigrationProgress, MigrationReport};
use crate::scope::TenantScope;
use crate::seal::SealKey;
use crate::tenant::config::AllConfigs;
use crate::tx::{PlatformTx, TenantTx};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, PgPool, Postgres, SqlSafeStr, SqlStr, Transaction,
};
use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::OnceCell;
use voxera_model::TenantId;

/// The role of everything that serves people.
pub(crate) const APP_ROLE: &str = "voxera_app";

/// How to reach the database.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// `postgres://…` of the owner: the role that migrates and makes tenants' schemas.
    pub url: String,
    /// Connections at most. Every connection grows with each tenant it serves: keep it small.
    pub max_connections: u32,
    /// Opens phones' and signing secrets.
    pub seal_key: SealKey,
}

/// The way to the data. Cheap to clone.
///
/// Queries run as `voxera_app`, which neither owns a table nor can pass row-level security. Where
/// that role may log in by itself (our own cluster), connections are made as it; otherwise they
/// log in as the owner and `SET ROLE`, which is as strong as long as no SQL but ours is run.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    pool: PgPool,
    owner: PgConnectOptions,
    seal: SealKey,
    /// Set when the database has been reached for the first time.
    own_login: OnceCell<bool>,
    known: RwLock<HashSet<TenantId>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Gets ready to use a database that [`Store::migrate`] has brought up. Does not fail when it
    /// cannot be reached now: what is asked of the store then is `Unavailable`, until it can.
    pub async fn connect(config: &StoreConfig) -> Result<Self> {
        let owner = options(&config.url)?;
        let pool = PgPoolOptions::new()
            .max_connections(config.max_connections.max(1))
            .acquire_timeout(Duration::from_secs(3))
            .max_lifetime(Duration::from_mins(30))
            .idle_timeout(Duration::from_mins(5))
            // A connection that was in use a moment ago is not asked whether it still works.
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > Duration::from_secs(1) {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .after_connect(|connection, _| {
                Box::pin(async move {
                    connection.execute("set role voxera_app").await?;
                    Ok(())
                })
            })
            .connect_lazy_with(owner.clone());
        let inner = Inner {
            pool,
            owner,
            seal: config.seal_key.clone(),
            own_login: OnceCell::new(),
            known: RwLock::default(),
        };
        let store = Self { inner: Arc::new(inner) };
        match store.pool().await {
            Ok(_) | Err(StoreError::Unavailable(_)) => Ok(store),
            Err(error) => Err(error),
        }
    }

    /// Brings the platform's schema and then every tenant's up to this version, several at once.
    /// Can be stopped and started at any time. A tenant that fails is reported and stops no other.
    pub async fn migrate(
        url: &str,
        progress: impl Fn(MigrationProgress) + Send + Sync,
    ) -> Result<MigrationReport> {
        migrate::run(&options(url)?, &progress).await
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query("select 1").execute(self.pool().await?).await?;
        Ok(())
    }

    /// A transaction that sees the platform's tables, and no tenant's.
    pub async fn platform(&self) -> Result<PlatformTx<'static>> {
        let begin = "begin; select set_config('app.scope', 'platform', true)";
        let tx = self.begin(SqlSafeStr::into_sql_str(begin)).await?;
        Ok(PlatformTx::new(tx, self.clone()))
    }

    /// The scope of a tenant. `NotFound` when there is none with this id.
    pub async fn tenant_scope(&self, tenant: TenantId) -> Result<TenantScope> {
        if self.inner.known.read().unwrap_or_else(PoisonError::into_inner).contains(&tenant) {
            return Ok(TenantScope::new(tenant));
        }
        let mut tx = self.platform().await?;
        tx.tenants().get(tenant).await?;
        self.inner.known.write().unwrap_or_else(PoisonError::into_inner).insert(tenant);
        Ok(TenantScope::new(tenant))
    }

    /// A transaction of one tenant, or of one of its customers. `NotFound` when the tenant or the
    /// scope's customer does not exist (any more). One round trip.
    pub async fn tenant(&self, scope: &TenantScope) -> Result<TenantTx<'static>> {
        if scope.is_nothing() {
            return Err(StoreError::NotFound);
        }
        // Only UUIDs are written into this text. The look-up stands before `begin`, so that a
        // refusal leaves no open transaction behind; `begin` then takes it into its own.
        let customer = scope.customer().map_or_else(|| "null".to_owned(), |id| format!("'{id}'"));
        let begin = format!("select platform.enter('{}', {customer}); begin", scope.tenant());
        match self.begin(AssertSqlSafe(begin).into_sql_str()).await {
            Ok(tx) => Ok(TenantTx::new(tx, *scope, self.clone())),
            Err(StoreError::NotFound) => {
                if scope.customer().is_none() {
                    self.forget(scope.tenant());
                }
                Err(StoreError::NotFound)
            }
            Err(error) => Err(error),
        }
    }

    /// What changes in PBXs from now on, in this process and others.
    pub async fn config_changes(&self) -> Result<ConfigChanges> {
        ConfigChanges::listen(self.pool().await?).await
    }

    /// Every PBX of every tenant, for the start. A tenant that cannot be read is named and stops
    /// no other.
    pub async fn all_configs(&self) -> Result<AllConfigs> {
        let ids = self.platform().await?.tenants().ids().await?;
        let mut all = AllConfigs::default();
        for id in ids {
            match self.configs_of(id).await {
                Ok(mut configs) => all.configs.append(&mut configs),
                Err(StoreError::NotFound) => {}
                Err(error @ StoreError::Unavailable(_)) => return Err(error),
                Err(error) => {
                    tracing::error!(tenant = %id, %error, "a tenant's PBXs cannot be read");
                    all.failed.push(id);
                }
            }
        }
        Ok(all)
    }

    async fn configs_of(&self, tenant: TenantId) -> Result<Vec<crate::PbxConfig>> {
        let scope = self.tenant_scope(tenant).await?;
        self.tenant(&scope).await?.config().all().await
    }

    /// Seals for other places than the database, such as the last good copy on disk.
    #[must_use]
    pub fn seal_key(&self) -> &SealKey {
        &self.inner.seal
    }

    /// Whether connections log in as the application role itself, and so could not become
    /// anything stronger even with SQL of their own. `false` also while that is not known yet.
    #[must_use]
    pub fn has_own_login(&self) -> bool {
        self.inner.own_login.get().copied().unwrap_or_default()
    }

    /// Closes all connections, after those in use have come back.
    pub async fn close(&self) {
        self.inner.pool.close().await;
    }

    /// The pool, once it is known as whom to log in.
    async fn pool(&self) -> Result<&PgPool> {
        let decide = || async {
            let app = self.inner.owner.clone().username(APP_ROLE);
            match app.connect().await {
                Ok(connection) => {
                    drop(connection.close().await);
                    self.inner.pool.set_connect_options(app);
                    Ok(true)
                }
                Err(sqlx::Error::Database(error)) if error.code().is_some_and(|c| c.starts_with("28")) => {
                    Ok(false)
                }
                Err(error) => Err(StoreError::from(error)),
            }
        };
        self.inner.own_login.get_or_try_init(decide).await?;
        Ok(&self.inner.pool)
    }

    /// Begins a transaction; on another connection when one turns out to be dead, because nothing
    /// has happened then. After a restart of the database all that wait in the pool may be dead.
    ///
    /// On a task of its own: whoever asked may give up at any moment (a browser goes to another
    /// page), and the library would put a connection back that is in a transaction already, with
    /// the settings of somebody else.
    async fn begin(&self, sql: SqlStr) -> Result<Transaction<'static, Postgres>> {
        let pool = self.pool().await?.clone();
        let begin = async move {
            let mut dead = 0;
            loop {
                match pool.begin_with(Begin(sql.clone())).await {
                    Err(sqlx::Error::Io(_)) if dead < pool.options().get_max_connections() => dead += 1,
                    begun => return begun,
                }
            }
        };
        match tokio::spawn(begin).await {
            Ok(begun) => Ok(begun?),
            Err(error) => Err(StoreError::Unavailable(error.to_string())),
        }
    }

    pub(crate) fn owner(&self) -> &PgConnectOptions {
        &self.inner.owner
    }

    pub(crate) fn forget(&self, tenant: TenantId) {
        self.inner.known.write().unwrap_or_else(PoisonError::into_inner).remove(&tenant);
    }
}

/// Text that [`Store`] has put together of its own words and UUIDs.
struct Begin(SqlStr);

impl SqlSafeStr for Begin {
    fn into_sql_str(self) -> SqlStr {
        self.0
    }
}

pub(crate) fn options(url: &str) -> Result<PgConnectOptions> {
    let options: PgConnectOptions =
        url.parse().map_err(|error: sqlx::Error| StoreError::Unavailable(error.to_string()))?;
    Ok(options.application_name("voxera"))
}
