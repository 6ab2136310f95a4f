//! Two companies with the same numbers.

use super::phones::{CALLEES_TONE, connect, hear_each_other};
use super::stage::Stage;
use serde_json::json;
use voxera_model::{DeviceId, Realm};
use voxera_testkit::phone::{Phone, PhoneConfig};
use voxera_testkit::product::{Client, Company, PLATFORM};

/// The phone of a new extension of a company.
async fn new_phone(stage: &Stage, by: &Client, company: &Company, number: &str, name: &str) -> PhoneConfig {
    let extension =
        by.post(&company.pbx("/extensions"), &json!({ "number": number, "name": name })).await.ok();
    let devices = company.pbx(&format!("/extensions/{}/devices", extension["id"].as_str().unwrap()));
    let shown = by.post(&devices, &json!({ "name": "Bordstelefon" })).await.ok();
    let text = |key: &str| shown[key].as_str().unwrap().to_owned();
    let (user, password, realm) = (text("username"), text("password"), text("realm"));
    let directory = stage.product.server().control().directory();
    let (known, device) = (Realm::parse(&realm).unwrap(), user.parse::<DeviceId>().unwrap());
    let knows = || directory.pbx(&known).is_some_and(|pbx| pbx.device(device).is_some());
    directory.changes().wait_for(|_| knows()).await.unwrap();
    PhoneConfig::of(stage.node.sip(), &realm, &user, &password)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn two_companies_with_the_same_numbers_never_meet() {
    let stage = Stage::open().await;
    let platform = stage.product.api(PLATFORM).await;
    let customers = format!("/tenants/{}/customers", stage.company.tenant);
    let other = platform.post(&customers, &json!({ "name": "Bosses Bilar AB" })).await.ok();
    let mut other = Company {
        tenant: stage.company.tenant.clone(),
        customer: other["id"].as_str().unwrap().to_owned(),
        pbx: String::new(),
    };
    let pbx = platform.post(&other.path("/pbxs"), &json!({ "name": "Bilarna" })).await.ok();
    other.pbx = pbx["id"].as_str().unwrap().to_owned();
    let bosse = new_phone(&stage, &platform, &other, "1000", "Bosse Boman").await;
    let berta = new_phone(&stage, &platform, &other, "1001", "Berta Boman").await;

    // Whose password is whose: the realm is part of the proof.
    let (anna, akes) = (stage.product.phone("1000"), stage.config("1000").account.realm);
    assert_ne!(akes, bosse.account.realm);
    for (realm, user, password) in [
        (&*bosse.account.realm, &*anna.username, &*anna.password),
        (&*akes, &*bosse.account.user, &*bosse.account.password),
    ] {
        let stranger = Phone::start(PhoneConfig::of(stage.node.sip(), realm, user, password)).await;
        let why = stranger.refused().await;
        assert!(why.starts_with("401") || why.starts_with("403"), "{why}");
    }

    let (anna, bertil) = stage.two("1000", "1001").await;
    let (bosse, berta) =
        tokio::join!(Phone::start(bosse.playing(350)), Phone::start(berta.playing(CALLEES_TONE)));
    tokio::join!(bosse.registered(), berta.registered());
    connect(&anna, &bertil, "1001").await;
    bosse.dial("1001").await;
    let called = berta.called().await;
    assert_eq!(called.peer_name, "Bosse Boman");
    berta.answer().await;
    tokio::join!(bosse.established(), berta.established());
    hear_each_other(&anna, &bertil).await;
    anna.hang_up().await;
    bertil.closed().await;
    bosse.hang_up().await;
    tokio::join!(bosse.closed(), berta.closed());

    // What only the one has does not exist for the other.
    bosse.dial("1002").await;
    let why = bosse.closed().await;
    assert!(why.starts_with("404"), "{why}");
    bosse.dial(&format!("sip:1001@{akes}")).await;
    let why = bosse.closed().await;
    assert!(why.starts_with("404"), "{why}");
    let kept = stage.listed(1).await;
    assert_eq!(kept[0]["from"]["name"], "Anna Åkesson");
}
