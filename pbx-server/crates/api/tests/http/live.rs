//! What somebody in charge does with a call that is up.

use crate::common::World;
use serde_json::{Value, json};

/// What the audit log has of an action.
async fn written(world: &World, action: &str) -> Vec<Value> {
    let mut all = world.platform().await.get("/api/v1/platform/audit").await.items();
    all.retain(|entry| entry["action"] == action);
    all
}

#[tokio::test]
async fn a_side_of_a_call_is_sent_on_and_the_audit_says_by_whom() {
    let world = World::new().await;
    let akes = world.akes();
    world.supervisor(akes).await;
    let call = world.talk(akes).await;
    let admin = world.admin(akes).await;
    let transfer = akes.pbx(&format!("/live/{}/transfer", call.id()));
    admin.post(&transfer, json!({ "to": "1777", "side": "callee" })).await.expect(202);
    let live = admin.get(&akes.pbx("/live")).await.items();
    assert_eq!((live.len(), &live[0]["state"]), (1, &json!("ringing")));
    assert_eq!(live[0]["to"]["extension"], "1777");
    let story = live[0]["trace"].as_array().unwrap();
    assert!(story.iter().any(|step| step["code"] == "sent_on"), "{story:?}");
    let audit = written(&world, "call.transfer").await;
    assert_eq!(audit[0]["after"], json!({ "to": "1777", "side": "callee" }));
    assert_eq!(audit[0]["resource_id"], json!(call.id().to_string()));
    // Whoever is sent waits for an answer now: nobody else takes its place meanwhile.
    admin.post(&transfer, json!({ "to": "1000" })).await.refused(409, "not_now");
}

#[tokio::test]
async fn a_call_that_cannot_be_sent_there_goes_on_and_the_field_says_why() {
    let world = World::new().await;
    let akes = world.akes();
    let call = world.talk(akes).await;
    let admin = world.admin(akes).await;
    let transfer = akes.pbx(&format!("/live/{}/transfer", call.id()));
    for (to, code) in [
        ("1999", "unknown_number"),
        ("*97", "unknown_number"),
        ("hej", "unknown_number"),
        ("", "unknown_number"),
        ("1001", "already_there"),
        ("0900-12 34 56", "premium_blocked"),
    ] {
        let refused = admin.post(&transfer, json!({ "to": to })).await.fields(422);
        assert_eq!(refused, [("/to".into(), code.into())], "{to}");
    }
    assert_eq!(admin.post(&transfer, json!({})).await.fields(422), [("/to".into(), "required".into())]);
    let odd = json!({ "to": "1001", "side": "both" });
    assert_eq!(admin.post(&transfer, odd).await.fields(422), [("/side".into(), "choice".into())]);
    let live = admin.get(&akes.pbx("/live")).await.items();
    assert_eq!(live[0]["state"], "connected");
    let audit = written(&world, "call.transfer").await;
    assert!(audit.is_empty(), "{audit:?}");
}

#[tokio::test]
async fn only_an_extension_with_the_right_and_a_phone_listens_in() {
    let world = World::new().await;
    let akes = world.akes();
    let admin = world.admin(akes).await;
    let call = world.talk(akes).await;
    let listen = akes.pbx(&format!("/live/{}/listen", call.id()));
    let field = async |extension: &str| {
        let refused = admin.post(&listen, json!({ "extension": extension })).await.fields(422);
        refused.into_iter().map(|(at, code)| format!("{at} {code}")).collect::<Vec<_>>()
    };
    assert_eq!(field("1999").await, ["/extension unknown_extension"]);
    assert_eq!(field("1001").await, ["/extension may_not_listen"]);
    world.supervisor(akes).await;
    admin.post(&listen, json!({ "extension": "1777", "mode": "shout" })).await.refused(422, "validation");
    admin.post(&listen, json!({ "extension": "1777", "mode": "whisper" })).await.expect(202);
    let audit = written(&world, "call.listen_in").await;
    assert_eq!((audit.len(), &audit[0]["after"]["mode"]), (1, &json!("whisper")));
    // An engine that is gone answers nobody.
    let silent = world.ring(akes).await;
    let engine = silent.asks().unwrap();
    drop(engine);
    let gone = akes.pbx(&format!("/live/{}/listen", silent.id()));
    admin.post(&gone, json!({ "extension": "1777" })).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_side_of_a_call_is_parked_and_the_answer_says_where() {
    let world = World::new().await;
    let akes = world.akes();
    let admin = world.admin(akes).await;
    let call = world.talk(akes).await;
    let park = akes.pbx(&format!("/live/{}/park", call.id()));
    for slot in ["*5921", "*59", "5901", ""] {
        let refused = admin.post(&park, json!({ "slot": slot })).await.fields(422);
        assert_eq!(refused, [("/slot".into(), "park_slot".into())], "{slot}");
    }
    let answer = admin.post(&park, json!({ "side": "callee" })).await.expect(200);
    assert_eq!(answer, json!({ "slot": "*5901" }));
    let live = admin.get(&akes.pbx("/live")).await.items();
    assert_eq!(live[0]["state"], "parked");
    let parked = &live[0]["parked"];
    assert_eq!((&parked["slot"], &parked["who"]["extension"]), (&json!("*5901"), &json!("1001")));
    assert_eq!((&parked["by"]["extension"], &live[0]["from"]["extension"]), (&json!("1000"), &json!("1001")));
    assert!(parked["since"].is_string());
    let audit = written(&world, "call.park").await;
    assert_eq!(audit[0]["after"], json!({ "side": "callee", "slot": "*59" }));
    // It is in a slot, and nobody is left whom it could go back to.
    admin.post(&park, json!({})).await.refused(409, "not_now");
    let other = world.talk(akes).await;
    let park = akes.pbx(&format!("/live/{}/park", other.id()));
    let refused = admin.post(&park, json!({ "slot": "*5901" })).await.fields(422);
    assert_eq!(refused, [("/slot".into(), "slot_taken".into())]);
    admin.post(&park, json!({ "slot": "*5903" })).await.expect(200);
    assert_eq!(written(&world, "call.park").await.len(), 2, "what was refused did not happen");
}

#[tokio::test]
async fn an_emergency_call_is_neither_sent_on_nor_parked_nor_listened_to() {
    let world = World::new().await;
    let akes = world.akes();
    let call = world.emergency(akes).await;
    world.supervisor(akes).await;
    let admin = world.admin(akes).await;
    let at = |what: &str| akes.pbx(&format!("/live/{}/{what}", call.id()));
    admin.post(&at("transfer"), json!({ "to": "1777" })).await.refused(409, "emergency_call");
    admin.post(&at("park"), json!({})).await.refused(409, "emergency_call");
    admin.post(&at("listen"), json!({ "extension": "1777" })).await.refused(409, "emergency_call");
}
