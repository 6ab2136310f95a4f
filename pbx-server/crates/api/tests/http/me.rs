//! What people do about their own telephone.

use crate::common::sounds::place;
use crate::common::{Who, World};
use crate::events::Events;
use axum::body::Body;
use chrono::TimeDelta;
use serde_json::{Value, json};
use voxera_api::Carrier;
use voxera_callflow::{Cause, Event, Peer};
use voxera_model::{DeviceId, ExtensionNumber};

const PHONE: &str = "/api/v1/me/phone";

async fn user(world: &World) -> Who {
    world.sign_in(&world.akes().login("user")).await
}

/// Whether calls reach this device.
fn is_phone(world: &World, device: &Value) -> bool {
    let device: DeviceId = device.as_str().unwrap().parse().unwrap();
    let view = world.control.directory().by_id(world.akes().pbx.parse().unwrap()).unwrap();
    view.device(device).is_some()
}

/// Waits until calls are routed without this device.
async fn no_phone_any_more(world: &World, device: &Value) {
    let mut changes = world.control.directory().changes();
    while is_phone(world, device) {
        changes.changed().await.unwrap();
    }
}

#[tokio::test]
async fn my_browser_is_a_phone_until_i_give_it_back() {
    let world = World::new().await;
    let (akes, me) = (world.akes(), user(&world).await);
    let made = me.with("idempotency-key", "k").post(PHONE, json!({})).await.expect(201);
    assert!(is_phone(&world, &made["device"]), "known before the answer comes");
    assert_eq!((&made["username"], &made["realm"]), (&made["device"], &json!(akes.realm)));
    assert_eq!(made["extension"], json!({ "id": akes.extension, "number": "1000", "name": "akes 1000" }));
    assert_eq!(made["pbx"], json!({ "id": akes.pbx, "name": "akes pbx" }));
    assert_eq!((&made["websocket"], &made["display_name"]), (&json!("/sip"), &json!("akes 1000")));
    assert!(made["password"].as_str().unwrap().len() >= 22 && made["expires_at"].is_string());
    me.with("idempotency-key", "k").post(PHONE, json!({})).await.refused(409, "secret_shown_once");

    // The same browser again: the same phone, another password.
    let again = me.post(PHONE, json!({ "extension": akes.extension })).await.expect(201);
    assert_eq!(again["device"], made["device"]);
    assert_ne!(again["password"], made["password"]);
    // Another sign-in: another phone.
    let elsewhere = Who { token: Some(world.fresh_token(&akes.login("user")).await), ..world.anonymous() };
    let second = elsewhere.post(PHONE, json!({})).await.expect(201);
    assert_ne!(second["device"], made["device"]);

    // Everybody sees what it is, and nobody its password.
    let admin = world.admin(akes).await;
    let phones = akes.pbx(&format!("/extensions/{}/devices", akes.extension));
    let listed = admin.get(&phones).await;
    assert!(!listed.text.contains(again["password"].as_str().unwrap()));
    let kinds: Vec<Value> = listed.items().iter().map(|device| device["kind"].clone()).collect();
    assert_eq!(kinds, [json!("phone"), json!("browser"), json!("browser")]);
    let browser = format!("{phones}/{}", made["device"].as_str().unwrap());
    admin.act(&format!("{browser}/rotate")).await.refused(409, "browser_phone");
    let mine = me.get("/api/v1/me/extension").await.items();
    assert_eq!(mine[0]["devices"].as_array().unwrap().len(), 3);

    me.delete(PHONE).await.expect(204);
    no_phone_any_more(&world, &made["device"]).await;
    assert!(is_phone(&world, &second["device"]), "the other sign-in keeps its own");
    me.delete(PHONE).await.expect(204);
    admin.delete(&format!("{phones}/{}", second["device"].as_str().unwrap())).await.expect(204);
    no_phone_any_more(&world, &second["device"]).await;
}

#[tokio::test]
async fn a_browser_is_a_phone_of_ones_own_extension_only() {
    let world = World::new().await;
    let (akes, me) = (world.akes(), user(&world).await);
    for other in [&akes.second_extension, &world.city().extension, &voxera_store::new_id().to_string()] {
        me.post(PHONE, json!({ "extension": other })).await.refused(404, "not_found");
    }
    let wrong = me.post(PHONE, json!({ "extension": "1000" })).await.fields(422);
    assert_eq!(wrong[0].0, "/extension");
    let manager = world.sign_in(&akes.login("manager")).await;
    manager.post(PHONE, json!({})).await.refused(409, "no_extension");
    manager.delete(PHONE).await.expect(204);

    // With the person goes the phone.
    let made = me.post(PHONE, json!({})).await.expect(201);
    let admin = world.admin(akes).await;
    admin.delete(&akes.at(&format!("/users/{}", akes.user))).await.expect(204);
    no_phone_any_more(&world, &made["device"]).await;
}

#[tokio::test]
async fn i_see_what_my_colleagues_do() {
    let world = World::new().await;
    let (akes, me) = (world.akes(), user(&world).await.with("accept-language", "en"));
    let colleagues = "/api/v1/me/colleagues";
    let group = json!({ "number": "2000", "name": "Butiken", "settings": { "kind": "hunt_group",
        "members": [{ "extension": akes.second_extension, "tier": 1 }] } });
    world.admin(akes).await.post(&akes.pbx("/extensions"), group).await.expect(201);
    let shown = me.get(colleagues).await.items();
    let brief: Vec<_> =
        shown.iter().map(|one| (&one["extension"]["number"], &one["kind"], &one["state"])).collect();
    assert_eq!(
        brief,
        [
            (&json!("1001"), &json!("user"), &json!("offline")),
            (&json!("2000"), &json!("hunt_group"), &Value::Null)
        ],
        "myself is no colleague of mine"
    );
    for (query, numbers) in [
        ("?sort=-number", vec!["2000", "1001"]),
        ("?search=butik", vec!["2000"]),
        ("?limit=1&offset=1", vec!["2000"]),
        ("?search=nobody", vec![]),
    ] {
        let found = me.get(&format!("{colleagues}{query}")).await.items();
        assert_eq!(
            found.iter().map(|one| one["extension"]["number"].as_str().unwrap()).collect::<Vec<_>>(),
            numbers
        );
    }
    assert_eq!(me.get(&format!("{colleagues}?sort=state")).await.fields(400)[0].0, "?sort");
    assert!(
        world.admin(akes).await.get(colleagues).await.items().is_empty(),
        "who has no extension has none"
    );

    let mut events = Events::of(&me, "/api/v1/me/events").await;
    let mut until = async |state: &str| loop {
        let (name, data) = events.next().await.unwrap();
        if name == "presence" && data["extension"] == json!(akes.second_extension) && data["state"] == state {
            break;
        }
    };
    // Others' phones and calls are not mine to see.
    drop(world.ring(world.bolaget()).await);
    world.register(akes, &akes.second_device).await;
    until("free").await;
    let call = world.ring(akes).await;
    until("ringing").await;
    let _ = call.advance(Event::Answered { by: Peer::Extension(ExtensionNumber::parse("1001").unwrap()) });
    until("talking").await;
    assert_eq!(me.get(colleagues).await.items()[0]["state"], "talking");
    drop(call);
    until("free").await;
    let busy = json!({ "settings": { "do_not_disturb": true } });
    let second = akes.pbx(&format!("/extensions/{}", akes.second_extension));
    world.admin(akes).await.patch(&second, busy).await.expect(200);
    until("do_not_disturb").await;
}

#[tokio::test]
async fn i_follow_my_own_calls_and_messages_only() {
    let world = World::new().await;
    let (akes, me) = (world.akes(), user(&world).await);
    let mut events = Events::of(&me, "/api/v1/me/events").await;
    let mut next = async |wanted: &str| loop {
        let (name, data) = events.next().await.unwrap();
        if name == wanted {
            break data;
        }
    };
    drop(world.ring(world.bolaget()).await);
    let call = world.ring(akes).await;
    let told = next("call").await;
    assert_eq!((&told["id"], &told["state"]), (&json!(call.id().to_string()), &json!("ringing")));
    assert_eq!(told["from"]["extension"], "1000");
    assert_eq!(told["from"]["sound"], json!({ "state": "ok" }));

    let heard = format!("/api/v1/me/messages/{}", world.message(akes, 3).await);
    me.patch(&heard, json!({ "heard": true })).await.expect(200);
    let told = next("messages").await;
    assert_eq!(told["extension"], json!(akes.extension));
    assert!(told["new"].is_u64() && told["old"].is_u64());
}

#[tokio::test]
async fn my_day_at_a_glance() {
    let world = World::new().await;
    let (akes, me) = (world.akes(), user(&world).await);
    let overview = "/api/v1/me/overview";
    let before = me.get(overview).await.expect(200);
    assert_eq!(before["health"], "down", "no engine runs");
    world.api.engine_runs(Carrier::Server { address: "127.0.0.1:5060".parse().unwrap() });
    let call = world.call(akes, Cause::Normal, TimeDelta::seconds(1)).await;
    let after = me.get(overview).await.expect(200);
    assert_eq!(after["health"], "operational");
    assert_eq!(after["calls_today"].as_u64().unwrap(), before["calls_today"].as_u64().unwrap() + 1);
    assert_eq!(after["missed_today"], before["missed_today"]);
    assert_eq!(after["recent"][0]["id"], json!(call));
    assert!(after["minutes_today"].as_u64().is_some() && after["new_messages"].as_u64().is_some());
    let none = world.admin(akes).await.get(overview).await.expect(200);
    assert_eq!((&none["calls_today"], &none["recent"]), (&json!(0), &json!([])));
}

#[tokio::test]
async fn i_add_and_remove_my_own_phones() {
    let world = World::new().await;
    let (akes, me) = (world.akes(), user(&world).await);
    let phones = format!("/api/v1/me/extensions/{}/devices", akes.extension);
    let made = me.post(&phones, json!({ "name": "Hemma" })).await.expect(201);
    assert_eq!((&made["name"], &made["realm"]), (&json!("Hemma"), &json!(akes.realm)));
    let scanned = made["qr_svg"].as_str().unwrap();
    assert!(scanned.contains("<svg") && made["password"].as_str().unwrap().len() >= 22);
    let usual = me.post(&phones, json!({})).await.expect(201);
    assert_eq!(usual["name"], "Telefon", "in my language");
    let names: Vec<Value> = me
        .get(&format!("{phones}?sort=name"))
        .await
        .items()
        .iter()
        .map(|phone| phone["name"].clone())
        .collect();
    assert_eq!(names, [json!("akes phone"), json!("Hemma"), json!("Telefon")]);
    assert_eq!(me.post(&phones, json!({ "name": "" })).await.fields(422)[0].0, "/name");
    let other = format!("/api/v1/me/extensions/{}/devices", akes.second_extension);
    me.post(&other, json!({})).await.refused(404, "not_found");
    me.delete(&format!("{phones}/{}", akes.second_device)).await.refused(404, "not_found");
    me.delete(&format!("{phones}/{}", made["id"].as_str().unwrap())).await.expect(204);
    me.delete(&format!("{phones}/{}", made["id"].as_str().unwrap())).await.refused(404, "not_found");
}

#[tokio::test]
async fn i_see_my_numbers_and_say_whether_mails_tell_of_messages() {
    let world = World::new().await;
    let (akes, me) = (world.akes(), user(&world).await);
    let number = akes.at(&format!("/numbers/{}", akes.number));
    let straight = json!({ "destination": { "kind": "extension", "extension": akes.extension } });
    let admin = world.admin(akes).await;
    let led = admin.patch(&number, straight).await.expect(200);
    let mut changes = world.control.directory().changes();
    let mine = loop {
        let mine = me.get("/api/v1/me/extension").await.items().remove(0);
        if mine["numbers"].as_array().is_some_and(|numbers| !numbers.is_empty()) {
            break mine;
        }
        changes.changed().await.unwrap();
    };
    assert_eq!(mine["numbers"], json!([{ "number": led["number"], "national": led["national"] }]));
    assert_eq!(mine["extension"]["settings"]["mailbox"]["mail"], true);

    let own = format!("/api/v1/me/extensions/{}", akes.extension);
    let quiet = me.patch(&own, json!({ "mailbox": { "mail": false } })).await.expect(200);
    assert_eq!(quiet["settings"]["mailbox"]["mail"], false);
    world.message(akes, 1).await;
    let scope = world.store.tenant_scope(akes.tenant.parse().unwrap()).await.unwrap();
    let told = world.store.tenant(&scope).await.unwrap().take_unmailed_messages(100).await.unwrap();
    let own = told.iter().filter(|message| message.mailbox.to_string() == akes.extension);
    assert!(own.clone().count() > 0 && own.clone().all(|message| message.owner.is_none()));
    let wrong = me
        .patch(&format!("/api/v1/me/extensions/{}", akes.extension), json!({ "mailbox": { "mail": 1 } }))
        .await;
    assert_eq!(wrong.fields(422)[0].0, "/mailbox/mail");
}

/// What a browser's recorder makes: Opus in WebM.
fn recorded() -> Vec<u8> {
    let file = tempfile::Builder::new().suffix(".webm").tempfile().unwrap();
    let done = std::process::Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-y", "-f", "lavfi", "-i", "sine=frequency=440:duration=1"])
        .args(["-c:a", "libopus", "-f", "webm"])
        .arg(file.path())
        .status()
        .unwrap();
    assert!(done.success());
    std::fs::read(file.path()).unwrap()
}

#[tokio::test]
async fn callers_hear_the_greeting_that_i_recorded() {
    let world = World::new().await;
    let (akes, me, admin) = (world.akes(), user(&world).await, world.admin(world.akes()).await);
    let greeting = format!("/api/v1/me/extensions/{}/greeting", akes.extension);
    let put =
        async |bytes: Vec<u8>, kind: &str| me.send("PUT", &greeting, (Body::from(bytes), Some(kind))).await;
    me.get(&greeting).await.refused(404, "not_found");
    me.delete(&greeting).await.expect(204);

    let first = put(recorded(), "audio/webm;codecs=opus").await.expect(200);
    let of = |extension: &Value| extension["settings"]["mailbox"]["greeting"].clone();
    assert_eq!(of(&first)["kind"], "audio");
    let heard = me.open("GET", &greeting, (Body::empty(), None)).await;
    assert_eq!(heard.headers()["content-type"], "audio/wav");
    let heard = axum::body::to_bytes(heard.into_body(), usize::MAX).await.unwrap();
    assert!(heard.starts_with(b"RIFF") && heard.len() > 30_000, "{}", heard.len());
    let sounds = async || admin.get(&akes.pbx("/audio?search=H%C3%A4lsning")).await.items();
    let listed = sounds().await;
    assert_eq!(
        (listed.len(), &listed[0]["name"], &listed[0]["state"]),
        (1, &json!("Hälsning 1000"), &json!("ready"))
    );
    assert_eq!(listed[0]["id"], of(&first)["audio"]);

    // Another takes its place; what nothing plays any more is gone, with its files.
    let second = put(crate::permissions::tone(), "audio/wav").await.expect(200);
    assert_ne!(of(&second), of(&first));
    assert_eq!(sounds().await.len(), 1);
    let old = of(&first)["audio"].as_str().unwrap().parse().unwrap();
    assert!(!world.library.converted(&place(akes), old).exists());

    // What is no sound changes nothing.
    for (bytes, code) in [(b"<html>".to_vec(), "not_sound"), (b"OggS, but not really".to_vec(), "unreadable")]
    {
        assert_eq!(put(bytes, "audio/ogg").await.fields(422), [(String::new(), code.to_owned())]);
    }
    assert_eq!(of(&me.get("/api/v1/me/extension").await.items()[0]["extension"]), of(&second));
    me.delete(&greeting).await.expect(204);
    assert!(sounds().await.is_empty());
    me.get(&greeting).await.refused(404, "not_found");

    let own = akes.pbx(&format!("/extensions/{}", akes.extension));
    admin.patch(&own, json!({ "settings": { "mailbox": null } })).await.expect(200);
    put(crate::permissions::tone(), "audio/wav").await.refused(409, "no_mailbox");
    me.delete(&greeting).await.refused(409, "no_mailbox");
}

#[tokio::test]
async fn a_browser_reaches_the_engine_from_our_own_pages_only() {
    let world = World::new().await;
    let anonymous = world.anonymous();
    anonymous.get("/sip").await.refused(403, "wrong_origin");
    let foreign = anonymous.with("origin", "https://evil.example");
    foreign.get("/sip").await.refused(403, "wrong_origin");
    anonymous.with("origin", "http://portal.test").get("/sip").await.refused(400, "websocket_required");
}
