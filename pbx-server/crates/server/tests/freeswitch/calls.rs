//! What two people with phones do.

use super::phones::{connect, hear_each_other};
use super::stage::Stage;
use super::transfers::come_to_hear_each_other;
use serde_json::json;
use voxera_callflow::Kind;
use voxera_testkit::phone::Phone;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn two_phones_talk_and_both_hear_the_other_and_the_call_is_kept() {
    let stage = Stage::open().await;
    let mut events = stage.admin.events(&stage.company.path("/events")).await;
    let (anna, bertil) = stage.two("1000", "1001").await;
    anna.dial("1001").await;
    let (called, ()) = tokio::join!(bertil.called(), anna.ringing());
    assert_eq!(called.peer_name, "Anna Åkesson", "the name is the company's");
    assert!(called.peer.starts_with("sip:1000@"), "{}", called.peer);
    bertil.answer().await;
    tokio::join!(anna.established(), bertil.established());
    let connected = events.until("call", |call| call["state"] == "connected").await;
    hear_each_other(&anna, &bertil).await;
    bertil.hang_up().await;
    anna.closed().await;
    let over = events.until("call", |call| call["state"] == "ended").await;
    assert_eq!((&over["id"], &over["outcome"]), (&connected["id"], &json!("normal")));

    let call = &stage.listed(1).await[0];
    assert_eq!((&call["from"]["extension"], &call["to"]["extension"]), (&json!("1000"), &json!("1001")));
    assert_eq!((&call["outcome"], &call["hung_up_by"]), (&json!("normal"), &json!("callee")));
    assert_eq!(call["codec"], "PCMA", "{call}");
    assert!(call["talk_seconds"].as_u64().unwrap() >= 2, "{call}");
    assert_eq!(
        stage.story(call).await,
        [
            "Anna Åkesson (1000) called Bertil Berg (1001).",
            "Bertil Berg (1001) is ringing: 1 phone for 25 seconds.",
            "Bertil Berg (1001) answered.",
            "Bertil Berg (1001) hung up.",
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn busy_declined_cancelled_unknown_and_offline_end_as_what_they_are() {
    let stage = Stage::open().await;
    for number in ["1001", "1002"] {
        stage
            .change(
                number,
                &json!({ "settings": { "mailbox": null } }),
                |of| matches!(&of.kind, Kind::User(user) if user.mailbox.is_none()),
            )
            .await;
    }
    let (anna, bertil) = stage.two("1000", "1001").await;
    anna.dial("1001").await;
    tokio::join!(bertil.called(), anna.ringing());
    bertil.hang_up().await;
    let why = anna.closed().await;
    assert!(why.starts_with("486"), "{why}");

    anna.dial("1001").await;
    tokio::join!(bertil.called(), anna.ringing());
    anna.hang_up().await;
    tokio::join!(anna.closed(), bertil.closed());

    anna.dial("1099").await;
    let why = anna.closed().await;
    assert!(why.starts_with("404"), "{why}");

    anna.dial("1002").await;
    let why = anna.closed().await;
    assert!(why.starts_with("480"), "{why}");

    let calls = stage.listed(4).await;
    let outcomes: Vec<_> = calls.iter().map(|call| call["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["busy", "cancelled", "unknown_number", "offline"], "{calls:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn a_held_phone_hears_music_and_the_talk_goes_on() {
    let stage = Stage::open().await;
    let (anna, bertil) = stage.two("1000", "1001").await;
    connect(&anna, &bertil, "1001").await;
    hear_each_other(&anna, &bertil).await;
    anna.hold().await;
    bertil.receives(50).await;
    anna.resume().await;
    tokio::join!(anna.receives(50), bertil.receives(50));
    anna.hang_up().await;
    bertil.closed().await;
    assert_eq!(stage.listed(1).await[0]["hung_up_by"], "caller");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn the_administrator_ends_a_call_from_the_portal() {
    let stage = Stage::open().await;
    let (anna, bertil) = stage.two("1000", "1001").await;
    connect(&anna, &bertil, "1001").await;
    let live = stage.admin.get(&stage.company.pbx("/live")).await.ok();
    let id = live["items"][0]["id"].as_str().unwrap().to_owned();
    stage.admin.post(&stage.company.pbx(&format!("/live/{id}/hangup")), &json!({})).await.ok();
    tokio::join!(anna.closed(), bertil.closed());
    let call = &stage.listed(1).await[0];
    assert_eq!((call["id"].as_str(), call["hung_up_by"].as_str()), (Some(&*id), Some("system")), "{call}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn a_call_that_is_transferred_to_nobody_comes_back() {
    let stage = Stage::open().await;
    let (anna, bertil) = stage.two("1000", "1001").await;
    connect(&anna, &bertil, "1001").await;
    hear_each_other(&anna, &bertil).await;
    let nobody = format!("sip:1099@{}", stage.product.phone("1000").realm);
    bertil.command("transfer", Some(&nobody)).await;
    tokio::join!(bertil.closed(), bertil.called());
    bertil.answer().await;
    bertil.established().await;
    come_to_hear_each_other(&anna, &bertil).await;
    bertil.hang_up().await;
    anna.closed().await;
    let call = &stage.listed(1).await[0];
    assert_eq!((&call["outcome"], &call["hung_up_by"]), (&json!("normal"), &json!("callee")), "{call}");
    assert_eq!(
        stage.story(call).await[3..],
        [
            "Bertil Berg (1001) wanted to send the call to 1099, but no call can be sent there.",
            "Bertil Berg (1001) hung up.",
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn both_phones_of_a_group_ring_and_the_slower_one_stops() {
    let stage = Stage::open().await;
    let (anna, bertil) = stage.two("1000", "1001").await;
    let elin: Phone = stage.phone("1004", super::phones::CALLEES_TONE).await;
    anna.dial("2002").await;
    tokio::join!(bertil.called(), elin.called());
    elin.answer().await;
    tokio::join!(elin.established(), anna.established());
    bertil.closed().await;
    hear_each_other(&anna, &elin).await;
    elin.hang_up().await;
    anna.closed().await;
    let call = &stage.listed(1).await[0];
    assert_eq!((&call["outcome"], &call["hung_up_by"]), (&json!("normal"), &json!("callee")), "{call}");
}
