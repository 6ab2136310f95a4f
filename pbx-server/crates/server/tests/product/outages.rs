//! What dies, and what goes on.

use super::phones::{connect, hear_each_other, listed, two};
use super::start::{folder, postgres};
use voxera_testkit::product::{ADMIN, Setup};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_stops_during_a_call_and_nothing_is_missed() {
    let dir = folder();
    let database = postgres(dir.path()).await;
    let product = Setup::default().database(database.url()).start().await;
    let admin = product.api(ADMIN).await;
    let company = product.company(&admin).await;
    let (anna, bertil) = two(&product, "1000", "1001").await;
    connect(&anna, &bertil, "1001").await;

    database.stop().await.unwrap();
    assert_eq!(admin.get("/me").await.status, 503);
    hear_each_other(&anna, &bertil).await;
    anna.hang_up().await;
    bertil.closed().await;

    // Phones register, and a new call is made, without a database.
    let (cecilia, david) = two(&product, "1002", "1003").await;
    connect(&cecilia, &david, "1003").await;
    hear_each_other(&cecilia, &david).await;
    david.hang_up().await;
    cecilia.closed().await;
    product.server().control().spooled().wait_for(|records| *records == 2).await.unwrap();

    let database = postgres(dir.path()).await;
    let calls = listed(&admin, &company, 2).await;
    let line = |call: &serde_json::Value| format!("{} {}", call["from"]["extension"], call["hung_up_by"]);
    assert_eq!(calls.iter().map(line).collect::<Vec<_>>(), ["\"1000\" \"caller\"", "\"1002\" \"callee\""]);
    drop((product, database));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_without_the_database_carries_calls_from_the_last_good_configuration() {
    let dir = folder();
    let database = postgres(dir.path()).await;
    let mut product = Setup::default().database(database.url()).start().await;
    product.stop().await;
    database.stop().await.unwrap();

    product.start_again().await;
    assert_eq!(product.stranger().page("/healthz").await.status, 503);
    let (anna, bertil) = two(&product, "1000", "1001").await;
    connect(&anna, &bertil, "1001").await;
    hear_each_other(&anna, &bertil).await;
    anna.hang_up().await;
    bertil.closed().await;

    let database = postgres(dir.path()).await;
    product.server().ready().await;
    let admin = product.api(ADMIN).await;
    let company = product.company(&admin).await;
    listed(&admin, &company, 1).await;
    drop((product, database));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_a_call_it_loses_no_record_of_a_call_that_had_ended() {
    let dir = folder();
    let database = postgres(dir.path()).await;
    let setup = Setup::default().binary(super::commands::BINARY).database(database.url());
    let mut product = setup.start().await;
    let admin = product.api(ADMIN).await;
    let company = product.company(&admin).await;
    let mut events = admin.events(&company.path("/events")).await;
    let (anna, bertil) = two(&product, "1000", "1001").await;

    // The first call ends while there is no database: its record is on disk only.
    connect(&anna, &bertil, "1001").await;
    database.stop().await.unwrap();
    anna.hang_up().await;
    let over = events.until("call", |call| call["state"] == "ended").await;
    bertil.closed().await;
    // The second is killed with the server.
    connect(&bertil, &anna, "1000").await;
    product.kill().await;

    let database = postgres(dir.path()).await;
    product.start_again().await;
    // Even the call that was cut off has its line.
    let calls = listed(&admin, &company, 2).await;
    assert_eq!((&calls[0]["id"], calls[0]["outcome"].as_str()), (&over["id"], Some("normal")));
    assert_eq!(
        (calls[1]["from"]["extension"].as_str(), calls[1]["outcome"].as_str()),
        (Some("1001"), Some("fault"))
    );
    // And it takes calls as before.
    let (cecilia, david) = two(&product, "1002", "1003").await;
    connect(&cecilia, &david, "1003").await;
    hear_each_other(&cecilia, &david).await;
    product.stop().await;
    drop(database);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asked_to_stop_in_a_call_it_hangs_up_and_the_record_is_kept() {
    let mut product = Setup::default().binary(super::commands::BINARY).start().await;
    let admin = product.api(ADMIN).await;
    let company = product.company(&admin).await;
    let (anna, bertil) = two(&product, "1000", "1001").await;
    connect(&anna, &bertil, "1001").await;
    product.stop().await;
    tokio::join!(anna.closed(), bertil.closed());

    product.start_again().await;
    let calls = listed(&admin, &company, 1).await;
    assert_eq!(calls[0]["hung_up_by"], "system", "{calls:?}");
}
