//! The database goes away and comes back.

use crate::common::{World, operations};
use axum::body::Body;
use std::path::Path;
use std::time::Duration;
use voxera_identity::Limits;
use voxera_store::embedded::{Postgres, PostgresConfig};
use voxera_store::{SealKey, Store, StoreConfig};

async fn start(dir: &Path) -> Postgres {
    let config = PostgresConfig { data_dir: dir.join("postgres"), binaries: None };
    Postgres::start_with(config, &[("fsync", "off")]).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_database_the_api_says_so_and_recovers_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let postgres = start(dir.path()).await;
    Store::migrate(postgres.url(), |_| {}).await.unwrap();
    let config =
        StoreConfig { url: postgres.url().to_owned(), max_connections: 4, seal_key: SealKey::generate() };
    let store = Store::connect(&config).await.unwrap();
    let world =
        World::on(store, None, Limits::default(), |config| config.timeout = Duration::from_secs(20)).await;
    let akes = world.akes();
    let admin = world.admin(akes).await;
    let platform = world.platform().await;
    let call = world.ring(akes).await;
    admin.get(&akes.at("/pbxs")).await.expect(200);

    postgres.stop().await.unwrap();
    let reply = admin.get(&akes.at("/pbxs")).await;
    reply.refused(503, "database_unavailable");
    assert_eq!(reply.header("retry-after"), "5");
    admin
        .post(&akes.at("/pbxs"), serde_json::json!({ "name": "Ny" }))
        .await
        .refused(503, "database_unavailable");
    // Tokens are checked without the database, and who may not is told so as ever.
    world.anonymous().get(&akes.at("/pbxs")).await.refused(401, "unauthenticated");
    let health = world.anonymous().get("/healthz").await.expect(200);
    assert_eq!((&health["status"], &health["database"]), (&"degraded".into(), &"down".into()));
    world.anonymous().get("/readyz").await.expect(503);
    let status = platform.get("/api/v1/platform/status").await.expect(200);
    assert_eq!(status["database"], serde_json::json!({ "reachable": false, "round_trip_ms": null }));
    assert_eq!(status["engine"]["calls"], 1, "calls go on");
    // At once: each waits for a while whether the database comes back.
    let all = operations();
    let asked = all.iter().filter(|operation| operation.method == "GET").map(async |operation| {
        let path = operation.at(|name| match name {
            "mail" => voxera_store::new_id().to_string(),
            "token" => "x".repeat(43),
            name => akes.id_of(name),
        });
        // Not read: what is told live goes on for as long as the token does.
        (&operation.id, platform.open("GET", &path, (Body::empty(), None)).await.status().as_u16())
    });
    for (operation, status) in futures::future::join_all(asked).await {
        // What is known without the database is still told.
        let nothing_mine = status == 404 && operation.starts_with("me_");
        assert!(status == 503 || status == 200 || nothing_mine, "{operation}: {status}");
    }

    let postgres = start(dir.path()).await;
    admin.get(&akes.at("/pbxs")).await.expect(200);
    assert_eq!(world.anonymous().get("/readyz").await.expect(200)["database"], "up");
    drop(call);
    postgres.stop().await.unwrap();
}
