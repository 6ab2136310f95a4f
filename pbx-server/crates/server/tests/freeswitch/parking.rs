//! Calls that are parked, by a phone and from the portal.

use super::phones::{CALLEES_TONE, CALLERS_TONE, connect, hear_each_other};
use super::stage::Stage;
use serde_json::{Value, json};
use voxera_testkit::phone::Phone;

/// Music, which is softer than a voice here, and never one tone alone.
async fn hears_music(phone: &Phone) {
    // The last of a voice waits in the phone.
    phone.hears(500).await;
    let heard = phone.hears(2_000).await;
    let voices = heard.tone(CALLERS_TONE) + heard.tone(CALLEES_TONE);
    println!("parked: {:.1} dBFS, {voices:.4} of it voices", heard.level());
    assert!((-40.0..-15.0).contains(&heard.level()) && voices < 0.7, "{:.1} {voices}", heard.level());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn a_phone_parks_a_caller_who_hears_music_until_another_phone_takes_the_call() {
    let stage = Stage::open().await;
    let (anna, bertil) = stage.two("1000", "1001").await;
    let cecilia = stage.phone("1002", CALLEES_TONE).await;
    let mut events = stage.admin.events(&stage.company.path("/events")).await;
    connect(&anna, &bertil, "1001").await;
    hear_each_other(&anna, &bertil).await;
    let slot = format!("sip:*5901@{}", stage.product.phone("1000").realm);
    bertil.command("transfer", Some(&slot)).await;
    bertil.closed().await;
    let parked = events.until("call", |call| call["state"] == "parked").await;
    assert_eq!(
        (&parked["parked"]["slot"], &parked["parked"]["by"]["extension"]),
        (&json!("*5901"), &json!("1001"))
    );
    hears_music(&anna).await;

    cecilia.dial("*5902").await;
    let why = cecilia.closed().await;
    assert!(why.starts_with("404"), "{why}");
    cecilia.dial("*5901").await;
    cecilia.established().await;
    events.until("call", |call| call["state"] == "connected" && call["to"]["extension"] == "1002").await;
    hear_each_other(&anna, &cecilia).await;
    cecilia.hang_up().await;
    anna.closed().await;
    let calls = stage.listed(3).await;
    let outcomes: Vec<_> = calls.iter().map(|call| call["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["normal", "unknown_number", "normal"], "{calls:?}");
    assert_eq!(
        stage.story(&calls[0]).await[3..],
        [
            "Bertil Berg (1001) sends the call on to *5901.",
            "Anna Åkesson (1000) is parked at *5901.",
            "Cecilia Ceder (1002) took the call from *5901.",
            "Cecilia Ceder (1002) hung up.",
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn the_administrator_parks_the_one_who_was_called_and_the_caller_takes_the_call_again() {
    let stage = Stage::open().await;
    let (anna, bertil) = stage.two("1000", "1001").await;
    let mut events = stage.admin.events(&stage.company.path("/events")).await;
    let connected = |call: &Value| call["state"] == "connected";
    connect(&anna, &bertil, "1001").await;
    events.until("call", connected).await;
    let live = stage.admin.get(&stage.company.pbx("/live")).await.ok();
    let park = stage.company.pbx(&format!("/live/{}/park", live["items"][0]["id"].as_str().unwrap()));
    let answer = stage.admin.post(&park, &json!({ "side": "callee" })).await.ok();
    assert_eq!(answer, json!({ "slot": "*5901" }));
    anna.closed().await;
    hears_music(&bertil).await;
    anna.dial("*5901").await;
    anna.established().await;
    events.until("call", connected).await;
    hear_each_other(&anna, &bertil).await;
    // It is parked once more, and whoever waits has had enough.
    stage.admin.post(&park, &json!({ "side": "caller" })).await.ok();
    anna.closed().await;
    hears_music(&bertil).await;
    bertil.hang_up().await;
    let calls = stage.listed(2).await;
    assert!(calls.iter().all(|call| call["outcome"] == "normal"), "{calls:?}");
}
