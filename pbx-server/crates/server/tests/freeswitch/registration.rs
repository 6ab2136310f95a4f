//! Who is let in, and who is not.

use super::stage::Stage;
use serde_json::json;
use voxera_testkit::phone::{Phone, PhoneConfig, Wire};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn a_phone_registers_with_its_credentials_and_the_portal_shows_it() {
    let stage = Stage::open().await;
    let mut events = stage.admin.events(&stage.company.path("/events")).await;
    let phone = Phone::start(stage.config("1000")).await;
    phone.registered().await;
    events.until("registration", |event| event["change"] == "registered").await;
    let online = stage.admin.get(&stage.company.pbx("/registrations")).await.ok();
    assert_eq!(
        (online["total"].as_u64(), &online["items"][0]["extension_number"]),
        (Some(1), &json!("1000"))
    );
    assert!(online["items"][0]["user_agent"].as_str().unwrap().starts_with("baresip"), "{online}");
    phone.unregister().await;
    events.until("registration", |event| event["change"] == "unregistered").await;
    let tcp = Phone::start(stage.config("1001").over(Wire::Tcp)).await;
    tcp.registered().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn nobody_registers_as_an_extensions_number_or_with_anothers_password_or_for_another_phone() {
    let stage = Stage::open().await;
    let (anna, bertil) = (stage.product.phone("1000"), stage.product.phone("1001"));
    for (realm, user, password, what) in [
        (&*anna.realm, "1000", &*anna.password, "the extension's number"),
        (&*anna.realm, "1000", "1000", "the extension's number as password"),
        (&*anna.realm, &*anna.username, "wrong", "a wrong password"),
        (&*anna.realm, &*anna.username, "", "no password"),
        (&*anna.realm, &*anna.username, &*bertil.password, "another's password"),
        ("127.0.0.1", &*anna.username, &*anna.password, "a realm that is nobody's"),
    ] {
        let phone = Phone::start(PhoneConfig::of(stage.node.sip(), realm, user, password)).await;
        let why = phone.refused().await;
        assert!(why.starts_with("401") || why.starts_with("403"), "{what}: {why}");
    }
    assert_eq!(stage.admin.get(&stage.company.pbx("/registrations")).await.ok()["total"], 0);
}
