//! Browsers that are phones, over the product's own `/sip`, with the sound of real ones.

use super::phones::{CALLEES_TONE, CALLERS_TONE};
use super::stage::{Stage, pem};
use serde_json::{Value, json};
use std::path::Path;
use voxera_testkit::browser::{Browser, Call, Credential, Wire};
use voxera_testkit::product::{Product, USER};
use voxera_testkit::tone::Recording;

/// How long each side is listened to, in milliseconds.
const LISTEN: u32 = 2_000;

/// Until the portal says that browsers can be phones.
async fn takes_browsers(stage: &Stage) {
    stage.node_until("ready for browsers", |node| node["browsers"] == true).await;
    prove_on_a_curve(&stage.node.dir());
}

/// The node proves its sound with P-256 from now on: it makes itself a key of RSA at its start, which
/// browsers take and `str0m` does not.
fn prove_on_a_curve(node: &Path) {
    let made = rcgen::generate_simple_self_signed(["voxera".to_owned()]).unwrap();
    let key = pem("PRIVATE KEY", &made.signing_key.serialize_der());
    std::fs::write(node.join("tls/dtls-srtp.pem"), pem("CERTIFICATE", made.cert.der()) + &key).unwrap();
}

async fn wire(product: &Product) -> Wire {
    let portal = product.http_addr();
    let origin = format!("http://localhost:{}", portal.port());
    Wire::open(portal, &origin, Some("sip")).await.unwrap_or_else(|status| panic!("{status}"))
}

/// The credential of the browser of somebody who is signed in: the demo's user, whose extension is 1002.
async fn credential(product: &Product) -> (Credential, Value) {
    let phone = product.api(USER).await.post("/me/phone", &json!({})).await.ok();
    let text = |field: &str| phone[field].as_str().unwrap().to_owned();
    (Credential { user: text("username"), password: text("password"), realm: text("realm") }, phone)
}

/// A browser that is registered, and what the portal handed it.
async fn browser(stage: &Stage) -> (Browser, Value) {
    let (credential, phone) = credential(&stage.product).await;
    let mut browser = Browser::new(credential, CALLERS_TONE).at_a_node();
    browser.join(wire(&stage.product).await).await;
    (browser, phone)
}

fn hears(who: &str, heard: &Recording, hz: u32, not: u32) {
    let heard = heard.sound();
    let (tone, level, gap) = (heard.tone(hz), heard.level(), heard.longest_gap());
    println!("{who} hears {hz} Hz: {tone:.4} of all energy, {level:.1} dBFS, longest gap {gap} ms");
    assert_eq!(heard.loudest(), Some(hz), "{who}");
    assert!(tone > super::QUALITY.pure, "{who}: {tone}");
    assert!(heard.tone(not) < 0.01, "{who} hears itself: {}", heard.tone(not));
}

/// Both sides of a call between a browser and a desk phone.
async fn hear_each_other(call: &Call, desk: &voxera_testkit::phone::Phone) {
    call.sound.hears_tone(CALLEES_TONE).await;
    let (at_browser, at_desk) = tokio::join!(call.sound.hears(LISTEN as usize), Box::pin(desk.hears(LISTEN)));
    hears("the browser", &at_browser, CALLEES_TONE, CALLERS_TONE);
    hears("the desk phone", &at_desk, CALLERS_TONE, CALLEES_TONE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn a_browser_registers_through_the_portal_calls_a_desk_phone_and_is_called_by_it() {
    let stage = Stage::open().await;
    takes_browsers(&stage).await;
    let me = stage.product.api(USER).await;
    assert_eq!(me.get("/me/extension").await.ok()["items"][0]["browser"], true);
    let mut events = stage.admin.events(&stage.company.path("/events")).await;
    let (mut browser, phone) = browser(&stage).await;
    assert_eq!(phone["names_addresses"], true);
    events.until("registration", |event| event["registration"]["device"] == phone["device"]).await;
    let online = stage.admin.get(&stage.company.pbx("/registrations")).await.ok();
    let own =
        online["items"].as_array().unwrap().iter().find(|one| one["device"] == phone["device"]).unwrap();
    assert_eq!(
        (&own["transport"], &own["extension_number"]),
        (&json!("web_socket"), &json!("1002")),
        "{own}"
    );
    browser.ping().await;

    let desk = stage.phone("1001", CALLEES_TONE).await;
    let mut call = browser.dial("1001").await;
    let called = desk.called().await;
    assert!(called.peer.starts_with("sip:1002@"), "{}", called.peer);
    browser.ringing(&mut call).await;
    desk.answer().await;
    browser.answered(&mut call).await;
    desk.established().await;
    hear_each_other(&call, &desk).await;
    browser.hang_up(call).await;
    desk.closed().await;

    desk.dial("1002").await;
    let invite = browser.rings().await;
    assert!(invite.field("From").contains("sip:1001@"), "{}", invite.field("From"));
    desk.ringing().await;
    let call = browser.pick_up(&invite).await;
    desk.established().await;
    hear_each_other(&call, &desk).await;
    desk.hang_up().await;
    browser.hung_up().await;

    let calls = stage.listed(2).await;
    let outcomes: Vec<_> = calls.iter().map(|call| (&call["outcome"], &call["hung_up_by"])).collect();
    assert_eq!(
        outcomes,
        [(&json!("normal"), &json!("caller")), (&json!("normal"), &json!("caller"))],
        "{calls:?}"
    );
    println!("codecs: {} {}", calls[0]["codec"], calls[1]["codec"]);

    // Its connection ends without a word: it is offline.
    browser.cut();
    events.until("registration", |event| event["change"] == "unregistered").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn a_browser_of_another_company_is_not_let_in_and_reaches_nobody() {
    let stage = Stage::open().await;
    takes_browsers(&stage).await;
    let (own, _) = credential(&stage.product).await;
    let another = stage.product.phone("1001");
    for (user, password, realm, what) in [
        (&*own.user, "wrong", &*own.realm, "a wrong password"),
        (&*own.user, &*another.password, &*own.realm, "another's password"),
        ("1002", &*own.password, &*own.realm, "the extension's number"),
    ] {
        let credential = Credential { user: user.into(), password: password.into(), realm: realm.into() };
        let status = Browser::new(credential, 0).register(wire(&stage.product).await).await;
        assert!(matches!(status, 401 | 403), "{what}: {status}");
    }
    // A domain that is nobody's is not brought to a node at all, and nor is who calls without being let in.
    for text in [
        "REGISTER sip:globex.example SIP/2.0\r\nVia: SIP/2.0/WSS x.invalid;branch=z9hG4bK1\r\n\r\n"
            .to_owned(),
        format!(
            "INVITE sip:1001@{} SIP/2.0\r\nVia: SIP/2.0/WSS x.invalid;branch=z9hG4bK1\r\n\r\n",
            own.realm
        ),
    ] {
        let wire = wire(&stage.product).await;
        wire.send(text.into_bytes()).await;
        assert_eq!(wire.closed().await, Some((1008, "refused".to_owned())));
    }
    assert_eq!(stage.admin.get(&stage.company.pbx("/registrations")).await.ok()["total"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn the_node_of_a_browser_is_killed_and_the_browser_is_back_at_the_next() {
    let mut stage = Stage::open().await;
    takes_browsers(&stage).await;
    let (mut browser, phone) = browser(&stage).await;
    stage.node.kill().await;
    assert_eq!(browser.closed().await, Some((1012, "node lost".to_owned())));
    stage.node_until("down", |node| node["state"] == "down" && node["browsers"] == false).await;
    let me = stage.product.api(USER).await;
    assert_eq!(me.get("/me/extension").await.ok()["items"][0]["browser"], false);
    let portal = stage.product.http_addr();
    let refused = Wire::open(portal, &format!("http://localhost:{}", portal.port()), Some("sip")).await;
    assert_eq!(refused.err(), Some(503), "no node is up");

    stage.node.start(&stage.product.state_dir().join("media"));
    stage.up().await;
    takes_browsers(&stage).await;
    browser.join(wire(&stage.product).await).await;
    let desk = stage.phone("1001", CALLEES_TONE).await;
    desk.dial("1002").await;
    let invite = browser.rings().await;
    let call = browser.pick_up(&invite).await;
    desk.established().await;
    hear_each_other(&call, &desk).await;
    browser.hang_up(call).await;
    desk.closed().await;
    let mine = me.get("/me/extension").await.ok();
    let devices = mine["items"][0]["devices"].as_array().unwrap();
    let own = devices.iter().find(|device| device["id"] == phone["device"]).unwrap();
    assert_eq!(own["online"], true);
}
