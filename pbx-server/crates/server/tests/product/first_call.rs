//! The first call, as a company's administrator meets it: credentials out of the portal's API into
//! two real phones, a talk that both hear, and the call in every place where it must show.

use super::phones::{CALLEES_TONE, CALLERS_TONE, connect, hear_each_other, listed};
use serde_json::{Value, json};
use voxera_model::{DeviceId, Realm};
use voxera_testkit::phone::{Phone, PhoneConfig};
use voxera_testkit::product::{ADMIN, Client, Company, Product};

/// What the portal shows once: the credentials of a new phone at a new extension.
async fn new_phone(
    product: &Product,
    admin: &Client,
    company: &Company,
    number: &str,
    name: &str,
) -> PhoneConfig {
    let extension = json!({ "number": number, "name": name });
    let extension = admin.post(&company.pbx("/extensions"), &extension).await.ok();
    let devices = company.pbx(&format!("/extensions/{}/devices", extension["id"].as_str().unwrap()));
    let shown = admin.post(&devices, &json!({ "name": "Bordstelefon" })).await.ok();
    let text = |key: &str| shown[key].as_str().unwrap().to_owned();
    let (username, password, realm) = (text("username"), text("password"), text("realm"));
    assert!(username.len() == 36 && password.len() >= 22, "a random name, a strong secret");
    assert!(text("qr_svg").starts_with("<?xml") || text("qr_svg").starts_with("<svg"));
    assert_eq!(shown["port"], product.sip_addr().port());
    let again = admin.get(&devices).await.ok();
    assert!(!again.to_string().contains(&password), "the secret is shown once");

    // The engine follows the database; whoever types a password is slower than that.
    let directory = product.server().control().directory();
    let (realm_known, device) = (Realm::parse(&realm).unwrap(), username.parse::<DeviceId>().unwrap());
    let knows = || directory.pbx(&realm_known).is_some_and(|pbx| pbx.device(device).is_some());
    directory.changes().wait_for(|_| knows()).await.unwrap();
    PhoneConfig::of(product.sip_addr(), &realm, &username, &password)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_phones_register_talk_and_the_call_is_shown_while_it_lasts_and_kept_afterwards() {
    let product = Product::start().await;
    let admin = product.api(ADMIN).await;
    let company = product.company(&admin).await;
    let mut events = admin.events(&company.path("/events")).await;

    // Two phones come online, and the portal shows them.
    let sven = new_phone(&product, &admin, &company, "2101", "Sven Ström").await;
    let tove = new_phone(&product, &admin, &company, "2102", "Tove Tall").await;
    let (sven, tove) =
        tokio::join!(Phone::start(sven.playing(CALLERS_TONE)), Phone::start(tove.playing(CALLEES_TONE)));
    tokio::join!(sven.registered(), tove.registered());
    for _ in 0..2 {
        events.until("registration", |event| event["change"] == "registered").await;
    }
    let online = admin.get(&company.pbx("/registrations")).await.ok();
    assert_eq!(online["total"], 2, "{online}");
    let first = &online["items"][0];
    assert_eq!((&first["extension_number"], &first["transport"]), (&json!("2101"), &json!("udp")));
    assert!(first["user_agent"].as_str().unwrap().starts_with("baresip"), "{first}");

    // The call rings, is answered, and is seen in each state.
    sven.dial("2102").await;
    let ringing = events.until("call", |call| call["state"] == "ringing").await;
    assert_eq!(
        (&ringing["from"]["name"], &ringing["to"]["name"]),
        (&json!("Sven Ström"), &json!("Tove Tall"))
    );
    let called = tove.called().await;
    assert_eq!(called.peer_name, "Sven Ström");
    tove.answer().await;
    tokio::join!(sven.established(), tove.established());
    let connected = events.until("call", |call| call["state"] == "connected").await;
    let id = &connected["id"];
    assert_eq!(id, &ringing["id"]);
    let live = admin.get(&company.pbx("/live")).await.ok();
    assert_eq!((live["items"].as_array().unwrap().len(), &live["items"][0]["id"]), (1, id));
    let overview = admin.get(&company.path("/overview")).await.ok();
    assert_eq!(
        (&overview["counts"]["live_calls"], &overview["counts"]["phones_online"]),
        (&json!(1), &json!(2))
    );

    hear_each_other(&sven, &tove).await;

    // The callee puts the phone down.
    tove.hang_up().await;
    sven.closed().await;
    let over = events.until("call", |call| call["state"] == "ended").await;
    assert_eq!((&over["id"], &over["outcome"]), (id, &json!("normal")));
    assert_eq!(admin.get(&company.pbx("/live")).await.ok()["items"], json!([]));

    // The record: who, when, how long, who hung up, why, codec, loss.
    let line = &listed(&admin, &company, 1).await[0];
    assert_eq!(&line["id"], id);
    assert_eq!((&line["from"]["extension"], &line["to"]["extension"]), (&json!("2101"), &json!("2102")));
    assert_eq!((&line["outcome"], &line["hung_up_by"]), (&json!("normal"), &json!("callee")));
    assert_eq!((&line["codec"], &line["direction"]), (&json!("PCMA"), &json!("internal")));
    assert!(line["talk_seconds"].as_u64().unwrap() >= 2, "{line}");
    let path = company.pbx(&format!("/calls/{}", id.as_str().unwrap()));
    let call = admin.get_in("en", &path).await.ok();
    for side in ["caller", "callee"] {
        let heard = &call["media"][side];
        assert!(heard["lost"] == 0 && heard["packets"].as_u64().unwrap() >= 100, "{side}: {heard}");
    }
    // The story, in both languages.
    let story = |call: &Value| -> Vec<String> {
        call["trace"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| step["text"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        story(&call),
        [
            "Sven Ström (2101) called Tove Tall (2102).",
            "Tove Tall (2102) is ringing: 1 phone for 25 seconds.",
            "Tove Tall (2102) answered.",
            "Tove Tall (2102) hung up.",
        ]
    );
    let swedish = story(&admin.get_in("sv", &path).await.ok());
    assert!(swedish[0].contains("ringde") && swedish[2].contains("svarade"), "{swedish:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_administrator_ends_a_call_from_the_portal() {
    let product = Product::start().await;
    let admin = product.api(ADMIN).await;
    let company = product.company(&admin).await;
    let (anna, bertil) = super::phones::two(&product, "1000", "1001").await;
    connect(&anna, &bertil, "1001").await;
    let live = admin.get(&company.pbx("/live")).await.ok();
    let id = &live["items"][0]["id"];
    admin.post(&company.pbx(&format!("/live/{}/hangup", id.as_str().unwrap())), &json!({})).await.ok();
    tokio::join!(anna.closed(), bertil.closed());
    let line = &listed(&admin, &company, 1).await[0];
    assert_eq!(&line["id"], id);
    assert_eq!(line["hung_up_by"], "system", "{line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_phone_is_let_in_no_more() {
    let product = Product::start().await;
    let admin = product.api(ADMIN).await;
    let company = product.company(&admin).await;
    let anna = super::phones::phone(&product, "1000", 0).await;
    let extensions = admin.get(&company.pbx("/extensions?search=1000")).await.ok();
    let extension = extensions["items"][0]["id"].as_str().unwrap().to_owned();
    let known = product.phone("1000");
    let mut events = admin.events(&company.path("/events")).await;
    let device = company.pbx(&format!("/extensions/{extension}/devices/{}", known.username));
    admin.delete(&device).await.ok();
    events.until("registration", |event| event["change"] == "revoked").await;
    assert_eq!(admin.get(&company.pbx("/registrations")).await.ok()["total"], 0);
    let config = PhoneConfig::of(product.sip_addr(), &known.realm, &known.username, &known.password);
    let again = Phone::start(config).await;
    let said = again.refused().await;
    assert!(said.starts_with("401") || said.starts_with("403"), "{said}");
    drop(anna);
}
