//! Starts that go well, badly, or half.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::net::TcpListener;
use std::path::Path;
use voxera_store::embedded::{Postgres, PostgresConfig};
use voxera_testkit::product::{ADMIN, Product, Setup};

/// Nothing of a test must survive a power failure.
const FAST: &[(&str, &str)] = &[("fsync", "off"), ("synchronous_commit", "off"), ("autovacuum", "off")];

pub async fn postgres(dir: &Path) -> Postgres {
    let config = PostgresConfig { data_dir: dir.join("postgres"), binaries: None };
    Postgres::start_with(config, FAST).await.unwrap()
}

/// A folder that the database's user can reach, too.
pub fn folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

#[tokio::test]
async fn a_dead_database_does_not_keep_the_product_from_starting() {
    let dir = folder();
    let database = postgres(dir.path()).await;
    let url = database.url().to_owned();
    database.stop().await.unwrap();

    let product = Setup::default().database(&url).start().await;
    let refused = product.stranger().get("/me").await;
    assert_eq!(
        (refused.refused(503)["code"].as_str(), refused.kind.as_str()),
        (Some("database_unavailable"), "application/problem+json")
    );
    assert_eq!(product.stranger().page("/healthz").await.status, 503);
    assert!(product.sip_addr().port() != 0 && product.server().demo().is_none());

    let database = postgres(dir.path()).await;
    product.server().ready().await;
    let admin = product.api(ADMIN).await;
    assert_eq!(admin.get("/me").await.ok()["email"], ADMIN);
    drop((product, database));
}

#[tokio::test]
async fn the_database_may_go_and_come_back_under_the_api() {
    let dir = folder();
    let database = postgres(dir.path()).await;
    let product = Setup::default().database(database.url()).start().await;
    let admin = product.api(ADMIN).await;
    database.stop().await.unwrap();
    let refused = admin.get("/me").await;
    assert_eq!(refused.refused(503)["code"], "database_unavailable");
    let database = postgres(dir.path()).await;
    assert_eq!(admin.get("/me").await.ok()["email"], ADMIN);
    drop((product, database));
}

#[tokio::test]
async fn our_own_database_that_dies_is_started_again() {
    let product = Setup::default().with("database.url", "").start().await;
    let admin = product.api(ADMIN).await;
    let pid = std::fs::read_to_string(product.state_dir().join("postgres/postmaster.pid")).unwrap();
    let pid = Pid::from_raw(pid.lines().next().unwrap().trim().parse().unwrap());
    kill(pid, Signal::SIGKILL).unwrap();
    // Answered at once with 503 while it is away; each question waits for a connection.
    let answers = async { while admin.get("/me").await.status != 200 {} };
    tokio::time::timeout(voxera_testkit::PATIENCE, answers).await.unwrap();
    drop(product);
}

#[tokio::test]
async fn a_taken_port_is_named_with_the_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let held = TcpListener::bind(taken).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let output = super::commands::voxera(dir.path(), &["serve", "--listen", &taken.to_string()]).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("taken by another program"), "{said}");
    assert!(said.contains(&taken.to_string()) && said.contains("--listen"), "{said}");
    drop(held);
}

#[tokio::test]
async fn one_folder_serves_one_server() {
    let product = Product::start().await;
    let output = super::commands::voxera(product.state_dir(), &["serve"]).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("another voxera runs on the state folder"), "{said}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named() {
    let output = super::commands::voxera(Path::new("/proc/voxera"), &["serve"]).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("cannot use the state folder /proc/voxera"), "{said}");
}

#[tokio::test]
async fn asked_to_stop_it_stops_in_order_and_starts_again() {
    let mut product = Setup::default().binary(super::commands::BINARY).start().await;
    let admin = product.api(ADMIN).await;
    let company = product.company(&admin).await;
    // An open portal does not hold up the stop.
    let mut events = admin.events(&company.path("/events")).await;
    events.until("ping", |_| true).await;
    product.stop().await;
    product.start_again().await;
    assert_eq!(admin.get("/me").await.ok()["email"], ADMIN, "who was signed in still is");
    product.stop().await;
}
