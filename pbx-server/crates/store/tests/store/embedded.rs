//! Our own database server: made, found again after a crash, and never shared.

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use voxera_store::Store;
use voxera_store::embedded::{EmbeddedError, Postgres, PostgresConfig};

/// A folder that the database's user may walk into, also when that is not us.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    dir
}

fn config(dir: &Path) -> PostgresConfig {
    PostgresConfig { data_dir: dir.join("postgres"), binaries: None }
}

async fn start(dir: &Path) -> Result<Postgres, EmbeddedError> {
    Postgres::start_with(config(dir), &[("shared_buffers", "16MB")]).await
}

async fn sql(postgres: &Postgres) -> sqlx::PgConnection {
    postgres.url().parse::<PgConnectOptions>().unwrap().connect().await.unwrap()
}

fn am_root() -> bool {
    nix::unistd::geteuid().is_root()
}

#[tokio::test]
async fn a_fresh_folder_becomes_a_database_that_only_its_user_reaches() {
    let dir = folder();
    let postgres = start(dir.path()).await.unwrap();
    Store::migrate(postgres.url(), |_| {}).await.unwrap();
    let owner = fs::metadata(format!("/proc/{}", postgres.pid())).unwrap().uid();
    let data = fs::metadata(dir.path().join("postgres")).unwrap();
    assert_eq!(data.uid(), owner);
    assert_eq!(data.mode() & 0o777, 0o700);
    if am_root() {
        assert_ne!(owner, 0, "the database runs as root");
    }
    let mut connection = sql(&postgres).await;
    let settings: Vec<(String, String)> = sqlx::query_as(
        "select name, setting from pg_settings where name in ('listen_addresses', 'fsync', 'jit') order by 1",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let expected = [("fsync", "on"), ("jit", "off"), ("listen_addresses", "")];
    assert_eq!(settings, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    drop(connection);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn what_was_confirmed_is_there_after_a_kill_9() {
    let dir = folder();
    let postgres = start(dir.path()).await.unwrap();
    let mut connection = sql(&postgres).await;
    connection.execute("create table kept (x int); insert into kept values (42)").await.unwrap();
    let pid = nix::unistd::Pid::from_raw(i32::try_from(postgres.pid()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
    let mut postgres = postgres;
    postgres.ended().await;
    drop(postgres);

    let postgres = start(dir.path()).await.unwrap();
    let kept: i32 =
        sqlx::query_scalar("select x from kept").fetch_one(&mut sql(&postgres).await).await.unwrap();
    assert_eq!(kept, 42);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_stop_does_not_wait_for_those_who_are_connected_and_the_next_start_finds_everything() {
    let dir = folder();
    let postgres = start(dir.path()).await.unwrap();
    let pid = postgres.pid();
    let mut busy = sql(&postgres).await;
    busy.execute("create table kept (x int); insert into kept values (1)").await.unwrap();
    let waits = tokio::spawn(async move { busy.execute("select pg_sleep(600)").await.map(drop) });
    let mut other = sql(&postgres).await;
    let mut asleep = false;
    while !asleep {
        asleep =
            sqlx::query_scalar("select exists (select 1 from pg_stat_activity where wait_event = 'PgSleep')")
                .fetch_one(&mut other)
                .await
                .unwrap();
    }
    postgres.stop().await.unwrap();
    assert!(waits.await.unwrap().is_err());
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
    assert!(other.ping().await.is_err());
    let log = fs::read_to_string(dir.path().join("postgres.log")).unwrap();
    assert!(log.contains("database system is shut down"), "{log}");

    let postgres = start(dir.path()).await.unwrap();
    let kept: i32 =
        sqlx::query_scalar("select x from kept").fetch_one(&mut sql(&postgres).await).await.unwrap();
    assert_eq!(kept, 1);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_second_server_on_the_same_folder_is_told_so_and_harms_nothing() {
    let dir = folder();
    let postgres = start(dir.path()).await.unwrap();
    let refused = start(dir.path()).await.unwrap_err();
    assert!(matches!(refused, EmbeddedError::InUse(_)), "{refused}");
    assert!(refused.to_string().contains("another process uses"), "{refused}");
    sql(&postgres).await.ping().await.unwrap();
    postgres.stop().await.unwrap();
    // When the first is gone, the folder is free.
    start(dir.path()).await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn a_database_left_running_by_a_process_that_is_gone_is_taken_over() {
    let dir = folder();
    let postgres = start(dir.path()).await.unwrap();
    postgres.stop().await.unwrap();
    // Somebody else's postgres on our folder, as a killed server could leave it where nothing tells
    // the database that its parent is gone.
    let data = dir.path().join("postgres");
    let binaries = binaries();
    let mut command = Command::new(binaries.join("postgres"));
    command.arg("-D").arg(&data).args(["-c", "listen_addresses=", "-c"]);
    command.arg(format!("unix_socket_directories={}", data.display()));
    let log = fs::File::create(dir.path().join("orphan.log")).unwrap();
    command.current_dir("/").stdout(log.try_clone().unwrap()).stderr(log);
    let owner = fs::metadata(&data).unwrap();
    if am_root() {
        std::os::unix::process::CommandExt::uid(&mut command, owner.uid());
        std::os::unix::process::CommandExt::gid(&mut command, owner.gid());
    }
    let mut orphan = command.spawn().unwrap();
    while !data.join(".s.PGSQL.5432").exists() {
        assert!(orphan.try_wait().unwrap().is_none(), "it did not start");
        tokio::task::yield_now().await;
    }
    let waited = tokio::task::spawn_blocking(move || orphan.wait());
    let postgres = start(dir.path()).await.unwrap();
    waited.await.unwrap().unwrap();
    sql(&postgres).await.ping().await.unwrap();
    postgres.stop().await.unwrap();
}

fn binaries() -> PathBuf {
    let mut found: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .unwrap()
        .map(|entry| entry.unwrap().path().join("bin"))
        .filter(|bin| bin.join("initdb").is_file())
        .collect();
    found.sort();
    found.pop().unwrap()
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_named_with_the_reason() {
    let dir = folder();
    if am_root() {
        // As root the database is another user, who cannot walk through a closed folder.
        let closed = dir.path().join("closed");
        fs::create_dir(&closed).unwrap();
        fs::set_permissions(&closed, Permissions::from_mode(0o700)).unwrap();
        let refused = start(&closed).await.unwrap_err().to_string();
        assert!(refused.contains("may not enter") && refused.contains("closed"), "{refused}");
        assert!(refused.contains("/var/lib/voxera"), "{refused}");
    } else {
        let closed = dir.path().join("closed");
        fs::create_dir(&closed).unwrap();
        fs::set_permissions(&closed, Permissions::from_mode(0o500)).unwrap();
        let refused = start(&closed).await.unwrap_err().to_string();
        assert!(refused.contains("closed") && refused.contains("ermission"), "{refused}");
    }
    // Something else lies there: it stays as it is.
    let taken = dir.path().join("taken");
    fs::create_dir_all(taken.join("postgres")).unwrap();
    fs::write(taken.join("postgres/letter.txt"), "Kära mor").unwrap();
    let refused = start(&taken).await.unwrap_err().to_string();
    assert!(refused.contains("taken/postgres"), "{refused}");
    assert_eq!(fs::read_to_string(taken.join("postgres/letter.txt")).unwrap(), "Kära mor");
    // A file where the folder should be.
    let file = dir.path().join("file");
    fs::write(&file, "x").unwrap();
    let refused = start(&file).await.unwrap_err().to_string();
    assert!(refused.contains("file"), "{refused}");
}

#[tokio::test]
async fn a_database_that_does_not_start_says_why() {
    let dir = folder();
    start(dir.path()).await.unwrap().stop().await.unwrap();
    let control = dir.path().join("postgres/global/pg_control");
    let whole = fs::read(&control).unwrap();
    fs::write(&control, b"damaged").unwrap();
    let refused = start(dir.path()).await.unwrap_err();
    assert!(matches!(refused, EmbeddedError::Failed { .. }), "{refused}");
    assert!(refused.to_string().contains("pg_control"), "{refused}");
    fs::write(&control, whole).unwrap();
    start(dir.path()).await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn a_folder_with_a_long_and_odd_name_works() {
    let dir = folder();
    let long = dir.path().join("å b%c?d").join("x".repeat(120));
    fs::create_dir_all(&long).unwrap();
    let postgres = start(&long).await.unwrap();
    sql(&postgres).await.ping().await.unwrap();
    postgres.stop().await.unwrap();
    let odd = dir.path().join("å b%c?d");
    let postgres = start(&odd).await.unwrap();
    sql(&postgres).await.ping().await.unwrap();
    postgres.stop().await.unwrap();
}
