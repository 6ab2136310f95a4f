//! A PBX's settings, its lines, its numbers, its queues, and how many PBXs there may be.

use crate::common::World;
use serde_json::{Value, json};

#[tokio::test]
async fn a_pbx_is_made_with_its_settings_and_changed() {
    let world = World::new().await;
    let (akes, admin) = (world.akes(), world.admin(world.akes()).await);
    let new = json!({ "name": "Lagret", "description": "Vid hamnen", "language": "en", "max_extensions": 1,
        "features": { "recording": false } });
    let made = admin.post(&akes.at("/pbxs"), new).await.expect(201);
    assert_eq!(
        (&made["status"], &made["language"], &made["description"]),
        (&json!("active"), &json!("en"), &json!("Vid hamnen"))
    );
    assert_eq!((&made["features"]["recording"], &made["features"]["queues"]), (&json!(false), &json!(true)));
    assert_eq!((&made["recording_days"], &made["premium_allowed"]), (&json!(90), &json!(false)));
    let pbx = akes.at(&format!("/pbxs/{}", made["id"].as_str().unwrap()));
    let one = json!({ "number": "1000", "name": "Ett" });
    admin.post(&format!("{pbx}/extensions"), one).await.expect(201);
    let two = json!({ "number": "1001", "name": "Två" });
    admin.post(&format!("{pbx}/extensions"), two).await.refused(409, "extension_limit");

    let change = json!({ "features": { "recording": true, "queues": false }, "recording_days": 30, "max_extensions": null, "description": null });
    let changed = admin.patch(&pbx, change).await.expect(200);
    assert_eq!(
        (&changed["features"]["recording"], &changed["features"]["queues"]),
        (&json!(true), &json!(false))
    );
    assert_eq!((&changed["max_extensions"], &changed["description"]), (&Value::Null, &Value::Null));
    for (change, field) in [
        (json!({ "recording_days": 0 }), "/recording_days"),
        (json!({ "features": { "teleport": true } }), "/features/teleport"),
        (json!({ "features": { "queues": "yes" } }), "/features/queues"),
        (json!({ "music": akes.audio }), "/music"),
        (json!({ "caller_id": "+46701234567" }), "/caller_id"),
        (json!({ "language": "de" }), "/language"),
    ] {
        assert_eq!(admin.patch(&pbx, change.clone()).await.fields(422)[0].0, field, "{change}");
    }
}

#[tokio::test]
async fn a_company_has_as_many_pbxs_as_its_agreement_says() {
    let world = World::new().await;
    let (akes, admin) = (world.akes(), world.admin(world.akes()).await);
    let chef = world.sign_in(&world.nordtel.admin).await;
    chef.patch(&akes.at(""), json!({ "max_pbxs": 1 })).await.expect(200);
    let refused = admin.post(&akes.at("/pbxs"), json!({ "name": "Två" })).await.refused(409, "pbx_limit");
    assert!(refused["detail"].as_str().unwrap().contains("Ask your partner"), "{refused}");
    admin.patch(&akes.at(""), json!({ "max_pbxs": 9 })).await.refused(403, "forbidden");
    assert_eq!(
        chef.patch(&akes.at(""), json!({ "max_pbxs": null })).await.expect(200)["max_pbxs"],
        Value::Null
    );
    admin.post(&akes.at("/pbxs"), json!({ "name": "Två" })).await.expect(201);
    assert_eq!(chef.patch(&akes.at(""), json!({ "max_pbxs": 1001 })).await.fields(422)[0].0, "/max_pbxs");
}

#[tokio::test]
async fn a_lines_password_is_never_shown_and_its_state_is_said_in_words() {
    let world = World::new().await;
    let (akes, admin) = (world.akes(), world.admin(world.akes()).await);
    let line = akes.pbx(&format!("/trunks/{}", akes.trunk));
    let shown = admin.with("accept-language", "sv").get(&line).await;
    assert!(!shown.text.contains("hemligt"), "{}", shown.text);
    let shown = shown.expect(200);
    assert_eq!(
        (&shown["password_set"], &shown["state"], &shown["port"]),
        (&json!(true), &json!("untried"), &json!(5060))
    );
    let state = voxera_callcontrol::LineState::Down { why: voxera_callcontrol::LineFault::Silent };
    world.control.lines().set(akes.trunk.parse().unwrap(), state);
    let down = admin.with("accept-language", "sv").get(&line).await.expect(200);
    assert_eq!(down["state"], "down");
    assert!(down["state_text"].as_str().unwrap().contains("Operatören svarar inte"), "{down}");
    let changed = admin
        .patch(&line, json!({ "password": "nytt", "addresses": ["192.0.2.7"], "emergency": false }))
        .await;
    assert!(!changed.text.contains("nytt"));
    assert_eq!(changed.expect(200)["addresses"], json!(["192.0.2.7"]));
    let log = admin.get(&akes.at("/audit?search=trunk")).await;
    assert!(!log.text.contains("hemligt") && !log.text.contains("nytt"), "{}", log.text);
    let cases = [
        (json!({ "name": "N", "kind": "registration", "host": "sip.example" }), "/username"),
        (json!({ "name": "N", "kind": "address", "host": "sip example;lr" }), "/host"),
        (json!({ "name": "N", "kind": "address", "host": "192.0.2.1", "port": 0 }), "/port"),
        (json!({ "name": "N", "kind": "address", "host": "192.0.2.1", "priority": 101 }), "/priority"),
        (
            json!({ "name": "N", "kind": "address", "host": "192.0.2.1", "transport": "carrier_pigeon" }),
            "/transport",
        ),
        (
            json!({ "name": "N", "kind": "address", "host": "192.0.2.1", "username": "a\r\nVia: x" }),
            "/username",
        ),
    ];
    for (new, field) in cases {
        assert_eq!(admin.post(&akes.pbx("/trunks"), new.clone()).await.fields(422)[0].0, field, "{new}");
    }
    let taken = json!({ "name": "akes line", "kind": "address", "host": "192.0.2.1" });
    admin.post(&akes.pbx("/trunks"), taken).await.refused(409, "trunk_name_taken");
}

#[tokio::test]
async fn a_number_leads_to_people_menus_mailboxes_or_nowhere() {
    let world = World::new().await;
    let (akes, admin) = (world.akes(), world.admin(world.akes()).await);
    let number = akes.at(&format!("/numbers/{}", akes.number));
    for (to, name) in [
        (json!({ "kind": "extension", "extension": akes.extension }), json!("akes 1000")),
        (json!({ "kind": "ivr", "flow": akes.flow }), json!("akes menu")),
        (json!({ "kind": "voicemail", "mailbox": akes.extension }), json!("akes 1000")),
        (json!({ "kind": "nowhere" }), Value::Null),
    ] {
        let led = admin.patch(&number, json!({ "destination": to })).await.expect(200);
        assert_eq!((&led["destination"], &led["destination_name"]), (&to, &name));
    }
    let foreign = json!({ "destination": { "kind": "ivr", "flow": world.city().flow } });
    assert_eq!(admin.patch(&number, foreign).await.fields(422)[0].0, "/destination/flow");
}

#[tokio::test]
async fn queues_are_seen_live_and_callbacks_are_done_once() {
    let world = World::new().await;
    let (akes, manager) = (world.akes(), world.sign_in(&world.akes().login("manager")).await);
    let admin = world.admin(akes).await;
    let queue = json!({ "number": "2001", "name": "Order", "settings": { "kind": "queue",
        "members": [{ "extension": akes.extension, "tier": 1 }] } });
    admin.post(&akes.pbx("/extensions"), queue).await.expect(201);
    world.register(akes, &akes.device).await;
    let queues = manager.get(&akes.pbx("/queues")).await.items();
    assert_eq!((queues.len(), &queues[0]["name"], &queues[0]["waiting"]), (1, &json!("Order"), &json!([])));
    let member = &queues[0]["members"][0];
    assert_eq!(
        (&member["number"], &member["state"], &member["calls_today"]),
        (&json!("1000"), &json!("free"), &json!(0))
    );

    let wish = akes.pbx(&format!("/callbacks/{}", akes.callback));
    let done = manager.act(&format!("{wish}/done")).await.expect(200);
    assert_eq!((&done["national"], &done["done_by"]), (&json!("070-123 45 67"), &json!("akes manager")));
    let again = admin.act(&format!("{wish}/done")).await.expect(200);
    assert_eq!(again["done_by"], "akes manager", "who did it first stays");
    assert!(manager.get(&akes.pbx("/callbacks?done=false")).await.items().is_empty());
    assert_eq!(manager.act(&format!("{wish}/reopen")).await.expect(200)["done_at"], Value::Null);
}
