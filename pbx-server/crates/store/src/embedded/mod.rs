//! Our own database server: the installed binaries on a data folder of ours, reached by a socket that
//! only its user (and root) can open.
//!
//! As root the database runs as the user `postgres` (or `nobody`), because it refuses to run as
//! root. It ends when we end, also when we are killed: the kernel tells it (where `setpriv` is
//! installed), and what is left over nevertheless is ended by the next start.

mod binaries;
mod folder;
mod process;

use folder::Folder;
use process::Process;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The superuser of the cluster, and owner of everything in it.
const OWNER: &str = "voxera_owner";
const DATABASE: &str = "voxera";
/// Crash recovery of a large database takes its time.
const START_LIMIT: Duration = Duration::from_mins(2);
/// Processes of a database that was killed end by themselves within a moment; until then it does
/// not start again.
const ORPHANS_LIMIT: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(20);

/// Where our database lives.
#[derive(Debug, Clone)]
pub struct PostgresConfig {
    /// Made when it does not exist. Beside it lie `<data_dir>.lock` and `<data_dir>.log`.
    pub data_dir: PathBuf,
    /// The folder of `postgres` and `initdb`. `None`: the newest under `/usr/lib/postgresql`, or
    /// the one that fits existing data.
    pub binaries: Option<PathBuf>,
}

/// Why our database does not run.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    #[error(
        "PostgreSQL is not installed: no `postgres` and `initdb` in {looked}. \
         Install the Debian package `postgresql` (apt-get install postgresql), or set DATABASE_URL"
    )]
    Missing { looked: String },
    #[error(
        "the data in {} was made by PostgreSQL {version}, whose binaries are not installed: \
         install the Debian package `postgresql-{version}`", dir.display()
    )]
    WrongVersion { dir: PathBuf, version: String },
    #[error("another process uses {}: stop it first", .0.display())]
    InUse(PathBuf),
    #[error("the folder {} cannot be used by the user {user}, as whom PostgreSQL runs: {why}", dir.display())]
    Folder { dir: PathBuf, user: String, why: String },
    #[error("there is no user `postgres` or `nobody` to run PostgreSQL as, and it refuses to run as root")]
    NoUser,
    #[error("{what} failed: {output}")]
    Failed { what: &'static str, output: String },
    #[error("PostgreSQL did not start within {} s; see {}", START_LIMIT.as_secs(), log.display())]
    TooSlow { log: PathBuf },
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("our PostgreSQL refuses: {0}")]
    Sql(#[from] sqlx::Error),
}

impl EmbeddedError {
    fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        |source| Self::Io { path: path.to_owned(), source }
    }

    /// Whether processes of a killed database still hold its memory. The log of our own database is
    /// in English, whatever the machine's language.
    fn is_of_orphans(&self) -> bool {
        matches!(self, Self::Failed { output, .. } if output.contains("pre-existing shared memory block"))
    }
}

/// A running database. Dropped: it is told to stop, and stops a moment later.
#[derive(Debug)]
pub struct Postgres {
    url: String,
    process: Process,
    /// Keeps the lock.
    folder: Folder,
}

impl Postgres {
    /// Starts the database: makes the cluster when there is none (about 1 s), ends one that an
    /// earlier process of ours left running, and waits until it answers.
    pub async fn start(config: PostgresConfig) -> Result<Self, EmbeddedError> {
        Self::start_with(config, &[]).await
    }

    /// The same with settings of `postgresql.conf`, for tests: `("fsync", "off")`.
    pub async fn start_with(
        config: PostgresConfig,
        settings: &[(&str, &str)],
    ) -> Result<Self, EmbeddedError> {
        let folder = Folder::open(&config.data_dir)?;
        let binaries =
            binaries::find(config.binaries.as_deref(), folder.version()?.as_deref(), folder.path())?;
        if folder.version()?.is_none() {
            folder.make_cluster(&binaries).await?;
        }
        folder.end_left_over().await?;
        let socket = folder.socket_folder()?;
        let process = Process::start(&binaries, &folder, &socket, settings)?;
        let maintenance = PgConnectOptions::new_without_pgpass()
            .socket(&socket)
            .port(5432)
            .username(OWNER)
            .database("postgres")
            .disable_statement_logging();
        let mut started = Self { url: url(&socket), process, folder };
        let deadline = Instant::now() + ORPHANS_LIMIT;
        loop {
            match started.prepare(&maintenance).await {
                Ok(()) => return Ok(started),
                Err(error) if error.is_of_orphans() && Instant::now() < deadline => {
                    tokio::time::sleep(POLL).await;
                    started.process = Process::start(&binaries, &started.folder, &socket, settings)?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// How the owner connects: `postgres://voxera_owner@localhost/voxera?host=…`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process id of the database.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Waits until the database has ended by itself, which it should not.
    pub async fn ended(&mut self) {
        self.process.ended().await;
    }

    /// Stops the database: connections are cut, data is safe on disk. Waits for its end.
    pub async fn stop(mut self) -> Result<(), EmbeddedError> {
        self.process.stop().await
    }

    async fn prepare(&mut self, maintenance: &PgConnectOptions) -> Result<(), EmbeddedError> {
        let deadline = Instant::now() + START_LIMIT;
        let mut connection = loop {
            match maintenance.connect().await {
                Ok(connection) => break connection,
                Err(_) if self.process.is_running() && Instant::now() < deadline => {
                    tokio::time::sleep(POLL).await;
                }
                Err(_) if self.process.is_running() => {
                    return Err(EmbeddedError::TooSlow { log: self.process.log().to_owned() });
                }
                Err(_) => return Err(self.process.failure()),
            }
        };
        // In our own cluster the application role logs in by itself: a connection that begins
        // without power has none to take back.
        connection
            .execute(
                "do $$ begin
                    if not exists (select 1 from pg_roles where rolname = 'voxera_app') then
                        create role voxera_app login nosuperuser nobypassrls nocreatedb nocreaterole noinherit;
                    end if;
                end $$",
            )
            .await?;
        let exists: bool = sqlx::query_scalar("select exists (select 1 from pg_database where datname = $1)")
            .bind(DATABASE)
            .fetch_one(&mut connection)
            .await?;
        if !exists {
            connection.execute("create database voxera").await?;
        }
        connection.close().await?;
        Ok(())
    }
}

fn url(socket: &Path) -> String {
    let mut host = String::new();
    for byte in socket.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.".contains(byte) {
            host.push(char::from(*byte));
        } else {
            host.push('%');
            host.push_str(&crate::row::hex(&[*byte]).to_uppercase());
        }
    }
    format!("postgres://{OWNER}@localhost:5432/{DATABASE}?host={host}")
}
