//! What dies, and what goes on.

use super::phones::{CALLEES_TONE, CALLERS_TONE, connect, hear_each_other};
use super::stage::Stage;
use std::time::Instant;
use voxera_testkit::product::Setup;

const BINARY: &str = env!("CARGO_BIN_EXE_voxera");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn a_killed_node_is_noticed_its_calls_end_in_the_list_and_it_comes_back() {
    let mut stage = Stage::open().await;
    let mut events = stage.admin.events(&stage.company.path("/events")).await;
    let (anna, bertil) = stage.two("1000", "1001").await;
    connect(&anna, &bertil, "1001").await;
    hear_each_other(&anna, &bertil).await;
    stage.node.kill().await;
    let killed = Instant::now();
    let over = events.until("call", |call| call["state"] == "ended").await;
    println!("the call is closed {:.1} s after its node was killed: {over}", killed.elapsed().as_secs_f64());
    let call = &stage.listed(1).await[0];
    assert_eq!((&call["id"], call["hung_up_by"].as_str()), (&over["id"], Some("system")), "{call}");
    println!("{:?}", stage.story(call).await);
    let down = stage.node_until("down", |node| node["state"] == "down").await;
    assert!(!down["state_text"].as_str().unwrap().is_empty());
    drop((anna, bertil));

    stage.node.start(&stage.product.state_dir().join("media"));
    stage.up().await;
    let (anna, bertil) = stage.two("1000", "1001").await;
    connect(&anna, &bertil, "1001").await;
    hear_each_other(&anna, &bertil).await;
    anna.hang_up().await;
    bertil.closed().await;
    assert_eq!(stage.listed(2).await[1]["outcome"], "normal");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn the_server_is_killed_in_a_call_the_talk_goes_on_and_the_record_has_its_end() {
    let mut stage = Stage::with(Setup::default().binary(BINARY)).await;
    let (anna, bertil) = stage.two("1000", "1001").await;
    connect(&anna, &bertil, "1001").await;
    hear_each_other(&anna, &bertil).await;
    stage.product.kill().await;
    hear_each_other(&anna, &bertil).await;
    stage.product.start_again().await;
    stage.up().await;
    hear_each_other(&anna, &bertil).await;
    bertil.hang_up().await;
    anna.closed().await;
    // What the stop left of it gives way to how it really ended.
    let call = stage.ended_as("normal").await;
    assert_eq!(call["hung_up_by"], "callee", "{call}");
    assert_eq!(
        stage.story(&call).await[2..],
        ["Bertil Berg (1001) answered.", "Bertil Berg (1001) hung up."]
    );
    assert_eq!(stage.listed(1).await.len(), 1);
    // Phones are still known, and call.
    let (cecilia, david) = tokio::join!(stage.phone("1002", CALLERS_TONE), stage.phone("1003", CALLEES_TONE));
    connect(&cecilia, &david, "1003").await;
    hear_each_other(&cecilia, &david).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn a_node_that_started_before_the_server_serves_as_soon_as_there_is_one() {
    let mut stage = Stage::with(Setup::default().binary(BINARY)).await;
    stage.product.stop().await;
    stage.node.kill().await;
    stage.node.start(&stage.product.state_dir().join("media"));
    stage.node.answers().await;
    stage.product.start_again().await;
    stage.up().await;
    let (anna, bertil) = stage.two("1000", "1001").await;
    connect(&anna, &bertil, "1001").await;
    hear_each_other(&anna, &bertil).await;
}
