//! What the administrator does with a call that is up, from the portal.

use super::phones::{CALLEES_TONE, CALLERS_TONE, connect, hear_each_other};
use super::stage::Stage;
use serde_json::{Value, json};
use voxera_callflow::Kind;
use voxera_testkit::PATIENCE;
use voxera_testkit::node::LOOK;

impl Stage {
    /// The address of the first call that is up.
    async fn up_at(&self, what: &str) -> String {
        let live = self.admin.get(&self.company.pbx("/live")).await.ok();
        self.company.pbx(&format!("/live/{}/{what}", live["items"][0]["id"].as_str().unwrap()))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn the_administrator_sends_each_side_of_a_call_on() {
    let stage = Stage::open().await;
    let (anna, bertil) = stage.two("1000", "1001").await;
    let cecilia = stage.phone("1002", CALLEES_TONE).await;
    let mut events = stage.admin.events(&stage.company.path("/events")).await;
    let connected = |call: &Value| call["state"] == "connected";
    connect(&anna, &bertil, "1001").await;
    events.until("call", connected).await;
    let transfer = stage.up_at("transfer").await;

    let refused = stage.admin.post(&transfer, &json!({ "to": "1099" })).await.refused(422);
    assert_eq!(refused["errors"][0]["code"], "unknown_number");
    hear_each_other(&anna, &bertil).await;

    stage.admin.post(&transfer, &json!({ "to": "1002" })).await.ok();
    tokio::join!(bertil.closed(), cecilia.called());
    cecilia.answer().await;
    cecilia.established().await;
    events.until("call", connected).await;
    hear_each_other(&anna, &cecilia).await;

    // Whoever answered goes on, and the caller leaves.
    stage.admin.post(&transfer, &json!({ "to": "1001", "side": "callee" })).await.ok();
    tokio::join!(anna.closed(), bertil.called());
    bertil.answer().await;
    bertil.established().await;
    events.until("call", connected).await;
    tokio::join!(bertil.receives(50), cecilia.receives(50));
    bertil.hang_up().await;
    cecilia.closed().await;
    let calls = stage.listed(1).await;
    assert_eq!((calls.len(), &calls[0]["outcome"]), (1, &json!("normal")), "{calls:?}");
    let story = stage.story(&calls[0]).await;
    assert!(
        story.iter().any(|step| step.ends_with("was sent on to Bertil Berg (1001) from the portal.")),
        "{story:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn the_administrator_asks_to_listen_and_the_own_phone_rings() {
    let stage = Stage::open().await;
    let right = json!({ "settings": { "may_listen": true } });
    stage.change("1003", &right, |of| matches!(&of.kind, Kind::User(user) if user.may_listen)).await;
    let (anna, bertil) = stage.two("1000", "1001").await;
    let mut events = stage.admin.events(&stage.company.path("/events")).await;
    connect(&anna, &bertil, "1001").await;
    events.until("call", |call| call["state"] == "connected").await;
    let listen = stage.up_at("listen").await;
    let by = |extension: &str| json!({ "extension": extension, "mode": "listen" });
    for (extension, code) in [("1002", "may_not_listen"), ("1003", "offline")] {
        let refused = stage.admin.post(&listen, &by(extension)).await.refused(422);
        assert_eq!(refused["errors"][0]["code"], code);
    }
    let david = stage.phone("1003", 0).await;

    // Nobody picks up: nothing is kept of it.
    stage.admin.post(&listen, &by("1003")).await.ok();
    david.called().await;
    david.hang_up().await;
    david.closed().await;

    stage.admin.post(&listen, &by("1003")).await.ok();
    let shown = david.called().await;
    assert!(shown.peer_name.contains("Bertil Berg"), "{}", shown.peer_name);
    david.answer().await;
    david.established().await;
    events.until("call", |call| call["state"] == "listening").await;
    let heard = david.hears(2_000).await;
    let (caller, callee) = (heard.tone(CALLERS_TONE), heard.tone(CALLEES_TONE));
    println!("David hears {caller:.3} of Anna and {callee:.3} of Bertil");
    assert!(caller > 0.2 && callee > 0.2, "{caller} {callee}");
    hear_each_other(&anna, &bertil).await;
    anna.hang_up().await;
    tokio::join!(bertil.closed(), david.closed());
    let calls = stage.listed(2).await;
    assert_eq!(calls.len(), 2, "{calls:?}");
    // As with `*88`, the audit says that somebody listened.
    let platform = stage.product.api(voxera_testkit::product::PLATFORM).await;
    let kept = async {
        loop {
            let audit = platform.get("/platform/audit").await.ok();
            let mut all = audit["items"].as_array().unwrap().iter();
            if let Some(entry) = all.find(|entry| entry["action"] == "call.listen") {
                return entry.clone();
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    let entry = tokio::time::timeout(PATIENCE, kept).await.expect("the audit knows");
    assert!(entry.to_string().contains("1001"), "{entry}");
}
