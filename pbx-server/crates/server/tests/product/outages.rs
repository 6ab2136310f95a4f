//! What dies, and what goes on.

use super::phones::{connect, hear_each_other, two};
use super::start::{folder, postgres};
use serde_json::Value;
use voxera_testkit::product::{ADMIN, Client, Company, Product, Setup};

/// Every ended call that the database has, when it has all that the engine handed in.
async fn calls(product: &Product, admin: &Client, company: &Company) -> Vec<Value> {
    product.server().control().spooled().wait_for(|waiting| *waiting == 0).await.unwrap();
    admin.get(&company.pbx("/calls?sort=started_at")).await.ok()["items"].as_array().unwrap().clone()
}

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
    product.server().control().flush().await;
    assert_eq!(product.server().control().status().spooled, 2, "both records wait on disk");

    let database = postgres(dir.path()).await;
    let calls = calls(&product, &admin, &company).await;
    let line = |call: &Value| format!("{} {}", call["from"]["extension"], call["hung_up_by"]);
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
    assert_eq!(calls(&product, &admin, &company).await.len(), 1);
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
    let mut list = Value::Null;
    while list["total"] != 1 {
        list = admin.get(&company.pbx("/calls")).await.ok();
    }
    assert_eq!(list["items"][0]["id"], over["id"], "{list}");
    // And it takes calls as before.
    let (cecilia, david) = two(&product, "1002", "1003").await;
    connect(&cecilia, &david, "1003").await;
    hear_each_other(&cecilia, &david).await;
    product.stop().await;
    drop(database);
}
