//! A browser that is a phone: `/sip` with the credential that the portal hands it (PBX-SC-002, PBX-US2.2).

use serde_json::{Value, json};
use std::net::SocketAddr;
use voxera_testkit::browser::{Browser, Credential, Wire};
use voxera_testkit::product::{ADMIN, Client, Product, USER};

async fn connect(product: &Product, origin: &str, subprotocol: Option<&str>) -> Result<Wire, u16> {
    Wire::open(product.http_addr(), origin, subprotocol).await
}

fn ours(portal: SocketAddr) -> String {
    format!("http://localhost:{}", portal.port())
}

async fn open(product: &Product) -> Wire {
    let portal = product.http_addr();
    connect(product, &ours(portal), Some("sip")).await.unwrap_or_else(|status| panic!("{status}"))
}

/// A page with what `POST /me/phone` gave it, and a password that may be another.
fn page(phone: &Value, password: &str) -> Browser {
    let text = |field: &str| phone[field].as_str().unwrap().to_owned();
    let credential =
        Credential { user: text("username"), password: password.to_owned(), realm: text("realm") };
    Browser::new(credential, 0)
}

/// My device that is a browser, as the portal shows it.
async fn shown(me: &Client) -> Value {
    let mine = me.get("/me/extension").await.ok();
    let devices = mine["items"][0]["devices"].as_array().unwrap().clone();
    devices.into_iter().find(|device| device["kind"] == "browser").unwrap_or(Value::Null)
}

#[tokio::test]
async fn a_signed_in_persons_browser_is_a_phone_and_is_none_when_they_have_signed_out() {
    let mut product = Product::start().await;
    let me = product.api(USER).await;
    let phone = me.post("/me/phone", &json!({})).await.ok();
    let password = phone["password"].as_str().unwrap().to_owned();
    let mut browser = page(&phone, &password);
    assert_eq!(browser.register(open(&product).await).await, 200);
    let device = shown(&me).await;
    assert_eq!((&device["online"], &device["user_agent"]), (&json!(true), &json!("Voxera web phone")));
    let admin = product.api(ADMIN).await;
    let company = product.company(&admin).await;
    let online = admin.get(&company.pbx("/registrations")).await.ok();
    let own =
        online["items"].as_array().unwrap().iter().find(|one| one["device"] == phone["device"]).unwrap();
    assert_eq!(own["transport"], "web_socket");

    // Somebody else's password, and one that was replaced.
    let mut other = page(&phone, "not the password");
    assert!(matches!(other.register(open(&product).await).await, 401 | 403));
    let renewed = me.post("/me/phone", &json!({})).await.ok();
    let mut other = page(&phone, &password);
    assert!(matches!(other.register(open(&product).await).await, 401 | 403));
    let password = renewed["password"].as_str().unwrap().to_owned();
    let mut browser = page(&renewed, &password);
    assert_eq!(browser.register(open(&product).await).await, 200);

    // Signed out: nobody is called there, and the credential is worth nothing.
    let mut registrations = admin.events(&company.path("/events")).await;
    me.post("/auth/logout", &json!({})).await.ok();
    let gone =
        registrations.until("registration", |event| event["registration"]["device"] == phone["device"]).await;
    assert_eq!(gone["change"], "revoked");
    let mut browser = page(&renewed, &password);
    assert!(matches!(browser.register(open(&product).await).await, 401 | 403));
    product.stop().await;
}

#[tokio::test]
async fn only_our_own_pages_open_the_way_for_phones() {
    let mut product = Product::start().await;
    assert_eq!(connect(&product, "https://evil.example", Some("sip")).await.err(), Some(403));
    let own = ours(product.http_addr());
    assert_eq!(connect(&product, &own, None).await.err(), Some(400));
    assert_eq!(connect(&product, &own, Some("chat")).await.err(), Some(400));
    // What is no telephone's message does no harm.
    let nonsense = open(&product).await;
    nonsense.send(b"\r\n\r\n".to_vec()).await;
    nonsense.send(vec![0; 1000]).await;
    let me = product.api(USER).await;
    let phone = me.post("/me/phone", &json!({})).await.ok();
    let mut browser = page(&phone, phone["password"].as_str().unwrap());
    assert_eq!(browser.register(open(&product).await).await, 200);
    // The end of a connection is the end of its registration, also without a word.
    drop(browser);
    let admin = product.api(ADMIN).await;
    let company = product.company(&admin).await;
    let there = async || {
        let online = admin.get(&company.pbx("/registrations")).await.ok();
        online["items"].as_array().unwrap().iter().any(|one| one["device"] == phone["device"])
    };
    while there().await {}
    product.stop().await;
}
