//! Calls that people send on from their phones.

use super::phones::{CALLEES_TONE, CALLERS_TONE, connect, hear_each_other};
use super::stage::Stage;
use serde_json::{Value, json};
use voxera_testkit::phone::{Event, Phone};

/// Until each hears the other's tone, whatever was heard before.
pub async fn come_to_hear_each_other(caller: &Phone, callee: &Phone) {
    let until = async |phone: &Phone, hz| while Box::pin(phone.hears(500)).await.tone(hz) < 0.95 {};
    tokio::join!(until(caller, CALLEES_TONE), until(callee, CALLERS_TONE));
    hear_each_other(caller, callee).await;
}

impl Stage {
    fn at(&self, number: &str) -> String {
        format!("sip:{number}@{}", self.product.phone("1000").realm)
    }

    /// The calls that are up, as the portal shows them.
    async fn live(&self) -> Vec<Value> {
        let live = self.admin.get(&self.company.pbx("/live")).await.ok();
        live["items"].as_array().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn a_caller_who_sends_the_other_to_nobody_is_rung_and_they_talk_on() {
    let stage = Stage::open().await;
    let (anna, bertil) = stage.two("1000", "1001").await;
    connect(&anna, &bertil, "1001").await;
    hear_each_other(&anna, &bertil).await;
    anna.command("transfer", Some(&stage.at("1099"))).await;
    let (_, rings) = tokio::join!(anna.closed(), anna.called());
    assert_eq!(rings.peer_name, "Bertil Berg", "she sees who waits");
    anna.answer().await;
    anna.established().await;
    come_to_hear_each_other(&anna, &bertil).await;
    assert_eq!(stage.live().await.len(), 1);
    bertil.hang_up().await;
    anna.closed().await;
    let call = &stage.listed(1).await[0];
    assert_eq!((&call["outcome"], &call["hung_up_by"]), (&json!("normal"), &json!("callee")), "{call}");
    assert_eq!((&call["from"]["extension"], &call["to"]["extension"]), (&json!("1000"), &json!("1001")));
    assert_eq!(
        stage.story(call).await[3..],
        [
            "Anna Åkesson (1000) wanted to send the call to 1099, but no call can be sent there.",
            "Bertil Berg (1001) hung up.",
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn each_of_two_sends_the_other_on_to_a_third() {
    for by_the_caller in [true, false] {
        let stage = Stage::open().await;
        let (anna, bertil) = stage.two("1000", "1001").await;
        let (leaves, stays, tone) =
            if by_the_caller { (&anna, &bertil, CALLERS_TONE) } else { (&bertil, &anna, CALLEES_TONE) };
        let cecilia = stage.phone("1002", tone).await;
        connect(&anna, &bertil, "1001").await;
        leaves.command("transfer", Some(&stage.at("1002"))).await;
        tokio::join!(leaves.closed(), cecilia.called());
        cecilia.answer().await;
        cecilia.established().await;
        let (caller, callee) = if by_the_caller { (&cecilia, stays) } else { (stays, &cecilia) };
        come_to_hear_each_other(caller, callee).await;
        assert_eq!(stage.live().await.len(), 1);
        stays.hang_up().await;
        cecilia.closed().await;
        let call = &stage.listed(1).await[0];
        assert_eq!((&call["outcome"], &call["hung_up_by"]), (&json!("normal"), &json!("caller")), "{call}");
        let story = stage.story(call).await;
        let sent = story.iter().position(|said| said.ends_with("sends the call on to Cecilia Ceder (1002)."));
        assert!(
            sent.is_some() && story.iter().filter(|said| said.contains("answered")).count() == 2,
            "{story:?}"
        );
    }
}

/// Whoever asks a third first: the phone of Bertil, or that of Anna who called him.
struct Asked {
    stage: Stage,
    anna: Phone,
    bertil: Phone,
    cecilia: Phone,
}

impl Asked {
    /// One of the two puts the other on hold, calls Cecilia, and talks with her.
    async fn by(the_caller: bool) -> (Self, Event) {
        let stage = Stage::open().await;
        let (anna, bertil) = stage.two("1000", "1001").await;
        let cecilia = stage.phone("1002", if the_caller { CALLERS_TONE } else { CALLEES_TONE }).await;
        anna.dial("1001").await;
        let (called, ()) = tokio::join!(bertil.called(), anna.ringing());
        bertil.answer().await;
        let (established, ()) = tokio::join!(anna.one("CALL_ESTABLISHED"), bertil.established());
        let asks = if the_caller { &anna } else { &bertil };
        asks.hold().await;
        asks.dial("1002").await;
        cecilia.called().await;
        cecilia.answer().await;
        tokio::join!(asks.established(), cecilia.established());
        assert_eq!(stage.live().await.len(), 2);
        (Self { stage, anna, bertil, cecilia }, if the_caller { established } else { called })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn whoever_was_called_asks_a_third_and_connects_the_two() {
    let (Asked { stage, anna, bertil, cecilia }, held) = Asked::by(false).await;
    bertil.connect_the_others(&held, "1002").await;
    bertil.closed().await;
    bertil.closed().await;
    come_to_hear_each_other(&anna, &cecilia).await;
    assert_eq!(stage.live().await.len(), 1);
    cecilia.hang_up().await;
    anna.closed().await;
    let calls = stage.listed(2).await;
    assert_eq!(
        stage.story(&calls[0]).await[2..],
        [
            "Bertil Berg (1001) answered.",
            "Cecilia Ceder (1002) is in the call now.",
            "Cecilia Ceder (1002) hung up.",
        ]
    );
    assert_eq!((&calls[0]["outcome"], &calls[0]["hung_up_by"]), (&json!("normal"), &json!("callee")));
    let asked = stage.story(&calls[1]).await;
    assert_eq!(asked[2], "Cecilia Ceder (1002) answered.");
    assert_eq!((asked.len(), &calls[1]["outcome"]), (4, &json!("normal")), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn whoever_called_asks_a_third_and_connects_the_two() {
    let (Asked { stage, anna, bertil, cecilia }, held) = Asked::by(true).await;
    anna.connect_the_others(&held, "1002").await;
    anna.closed().await;
    anna.closed().await;
    come_to_hear_each_other(&cecilia, &bertil).await;
    assert_eq!(stage.live().await.len(), 1);
    bertil.hang_up().await;
    cecilia.closed().await;
    let calls = stage.listed(2).await;
    assert_eq!(
        stage.story(&calls[0]).await[2..],
        [
            "Bertil Berg (1001) answered.",
            "Cecilia Ceder (1002) is in the call now.",
            "Bertil Berg (1001) hung up.",
        ]
    );
    assert_eq!((&calls[0]["outcome"], &calls[0]["hung_up_by"]), (&json!("normal"), &json!("callee")));
    assert_eq!(calls[1]["outcome"], json!("normal"), "{calls:?}");
}
