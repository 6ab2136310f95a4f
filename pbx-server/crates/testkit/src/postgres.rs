//! A real database for a test, migrated and empty, in a fraction of a second.
//!
//! With `VOXERA_TEST_DATABASE_URL` (a superuser or owner that may create databases) each test gets
//! a database there, cloned from a template and dropped afterwards. Without it each test process
//! starts a cluster of its own from a copy of one that was made and migrated once; it ends with
//! the process, and what a killed process left is swept away by the next.

use nix::fcntl::{Flock, FlockArg};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::OnceCell;
use voxera_store::embedded::{Postgres, PostgresConfig};
use voxera_store::{SealKey, Store, StoreConfig};

/// What may fail here says so and ends the test.
type Fallible<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Nothing of a test must survive a power failure.
const SETTINGS: &[(&str, &str)] = &[
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("shared_buffers", "32MB"),
    ("max_wal_senders", "0"),
    ("wal_level", "minimal"),
    ("autovacuum", "off"),
];

static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
static COUNT: AtomicU32 = AtomicU32::new(0);

/// A migrated database without a tenant.
#[derive(Debug)]
pub struct Database {
    url: String,
    seal_key: SealKey,
    /// Where it is to be dropped: its name, and whom to ask.
    foreign: Option<(String, PgConnectOptions)>,
}

impl Database {
    /// Makes one. Fails loudly when there is no `PostgreSQL`.
    ///
    /// # Panics
    /// With what is missing and how to get it.
    pub async fn create() -> Self {
        match Self::try_create().await {
            Ok(database) => database,
            Err(error) => panic!("no database for this test: {error}"),
        }
    }

    async fn try_create() -> Fallible<Self> {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("voxera_test_{}_{number}", std::process::id());
        let (admin, template, foreign) = match std::env::var("VOXERA_TEST_DATABASE_URL") {
            Ok(url) if !url.is_empty() => {
                let admin: PgConnectOptions = url.parse()?;
                (admin.clone(), foreign_template(&url, &admin).await?, true)
            }
            Ok(_) | Err(_) => {
                let cluster = CLUSTER.get_or_try_init(Cluster::start).await?;
                let admin: PgConnectOptions = cluster.postgres.url().parse()?;
                (admin.database("postgres"), "voxera".to_owned(), false)
            }
        };
        let mut connection = admin.connect().await?;
        connection.execute(AssertSqlSafe(format!("create database {name} template {template}"))).await?;
        connection.close().await?;
        let url = match CLUSTER.get() {
            Some(cluster) if !foreign => cluster.postgres.url().replacen("/voxera?", &format!("/{name}?"), 1),
            Some(_) | None => admin.clone().database(&name).to_url_lossy().to_string(),
        };
        let foreign = foreign.then_some((name, admin));
        Ok(Self { url, seal_key: SealKey::generate(), foreign })
    }

    /// How the owner connects.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What a store on this database is configured with.
    #[must_use]
    pub fn config(&self) -> StoreConfig {
        StoreConfig { url: self.url.clone(), max_connections: 8, seal_key: self.seal_key.clone() }
    }

    /// Does what only time does, or an operator by hand: as the owner, past every policy.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn execute(&self, sql: &str) {
        let done = async {
            let mut connection = self.url.parse::<PgConnectOptions>()?.connect().await?;
            connection.execute(AssertSqlSafe(sql.to_owned())).await?;
            connection.close().await
        };
        if let Err(error) = done.await {
            panic!("{sql}: {error}");
        }
    }

    /// Lets time pass: whatever the platform's tables say happened or will happen, does so that
    /// much earlier. The database's own clock cannot be moved.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn let_pass(&self, time: Duration) {
        self.execute(&format!(
            "do $$ declare moved record; begin
                for moved in
                    select table_name, string_agg(
                        format('%1$I = %1$I - interval ''{} milliseconds''', column_name), ', ') as sets
                    from information_schema.columns
                    where table_schema = 'platform' and data_type = 'timestamp with time zone'
                      and table_name <> '_sqlx_migrations'
                    group by 1
                loop
                    execute format('update platform.%I set %s', moved.table_name, moved.sets);
                end loop;
            end $$",
            time.as_millis()
        ))
        .await;
    }

    /// A store on this database.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn store(&self) -> Store {
        match Store::connect(&self.config()).await {
            Ok(store) => store,
            Err(error) => panic!("the store does not connect: {error}"),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let Some((name, admin)) = self.foreign.take() else { return };
        // A test's runtime may be going down: the work is done on another.
        let work = move || -> Fallible<()> {
            tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
                let mut connection = admin.connect().await?;
                let drop = format!("drop database if exists {name} with (force)");
                connection.execute(AssertSqlSafe(drop)).await?;
                Ok(connection.close().await?)
            })
        };
        if let Ok(Err(error)) = std::thread::spawn(work).join() {
            eprintln!("a test's database is left over: {error}");
        }
    }
}

/// A template on a foreign server, made once for each version of the schema.
async fn foreign_template(url: &str, admin: &PgConnectOptions) -> Fallible<String> {
    let name = format!("voxera_template_{}", voxera_store::schema_fingerprint());
    let mut connection = admin.connect().await?;
    connection.execute("select pg_advisory_lock(8675309)").await?;
    let exists: bool = sqlx::query_scalar("select exists (select 1 from pg_database where datname = $1)")
        .bind(&name)
        .fetch_one(&mut connection)
        .await?;
    if !exists {
        let fresh = format!("{name}_new");
        connection.execute(AssertSqlSafe(format!("drop database if exists {fresh}"))).await?;
        connection.execute(AssertSqlSafe(format!("create database {fresh}"))).await?;
        let options: PgConnectOptions = url.parse()?;
        Store::migrate(options.database(&fresh).to_url_lossy().as_str(), |_| {}).await?;
        connection.execute(AssertSqlSafe(format!("alter database {fresh} rename to {name}"))).await?;
    }
    connection.close().await?;
    Ok(name)
}

/// The cluster of this process.
#[derive(Debug)]
struct Cluster {
    postgres: Postgres,
}

impl Cluster {
    async fn start() -> Fallible<Self> {
        let base = fast_folder().join(format!("voxera-test-{}", nix::unistd::geteuid()));
        fs::create_dir_all(&base)?;
        // As root the database runs as another user, who walks through here.
        fs::set_permissions(&base, Permissions::from_mode(0o755))?;
        let template = template(&base).await?;
        let own = base.join(format!("run-{}", std::process::id()));
        copy(&template, &own)?;
        let config = PostgresConfig { data_dir: own, binaries: None };
        Ok(Self { postgres: Postgres::start_with(config, SETTINGS).await? })
    }
}

/// Memory where there is enough of it, because every test copies a cluster of 50 MB; else the folder
/// for temporary files.
fn fast_folder() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let room = nix::sys::statvfs::statvfs(memory)
        .map(|of| of.blocks_available() * of.fragment_size())
        .unwrap_or_default();
    let writable = nix::unistd::access(memory, nix::unistd::AccessFlags::W_OK).is_ok();
    if writable && room >= 2 << 30 { memory.to_owned() } else { std::env::temp_dir() }
}

/// The data folder that every cluster is a copy of.
async fn template(base: &Path) -> Fallible<PathBuf> {
    let gate = File::options().create(true).truncate(false).write(true).open(base.join("gate"))?;
    let gate = tokio::task::spawn_blocking(|| Flock::lock(gate, FlockArg::LockExclusive))
        .await?
        .map_err(|(_, errno)| errno)?;
    sweep(base)?;
    let template = base.join(format!("template-{}", voxera_store::schema_fingerprint()));
    if !template.is_dir() {
        let build = base.join("build");
        remove(&build)?;
        let config = PostgresConfig { data_dir: build.clone(), binaries: None };
        let postgres = Postgres::start_with(config, SETTINGS).await?;
        let report = Store::migrate(postgres.url(), |_| {}).await;
        postgres.stop().await?;
        report?;
        fs::rename(&build, &template)?;
    }
    drop(gate);
    Ok(template)
}

/// Removes what processes that are gone have left, and templates of other versions.
fn sweep(base: &Path) -> Fallible<()> {
    let current = format!("template-{}", voxera_store::schema_fingerprint());
    for entry in fs::read_dir(base)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let stale = match name.strip_prefix("run-") {
            Some(rest) => {
                let pid = rest.split('.').next().unwrap_or_default();
                !Path::new("/proc").join(pid).exists() && !path.join("postmaster.pid").exists()
            }
            None => name.starts_with("template-") && name != current && old(&path),
        };
        if stale && path.is_dir() {
            remove(&path)?;
        } else if stale {
            drop(fs::remove_file(&path));
        }
    }
    Ok(())
}

/// Another checkout may still use a template of its own.
fn old(path: &Path) -> bool {
    let age = fs::metadata(path).and_then(|meta| meta.modified()).map(|at| at.elapsed().unwrap_or_default());
    age.is_ok_and(|age| age.as_secs() > 24 * 3600)
}

fn copy(from: &Path, to: &Path) -> Fallible<()> {
    remove(to)?;
    let done = Command::new("cp").args(["-a", "--reflink=auto"]).arg(from).arg(to).output()?;
    if done.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&done.stderr).into_owned().into())
}

fn remove(path: &Path) -> Fallible<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}
