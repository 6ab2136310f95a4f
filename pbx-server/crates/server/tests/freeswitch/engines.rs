//! Two partners, one at each engine of the same process.

use super::phones::{CALLEES_TONE, CALLERS_TONE, connect, hear_each_other};
use super::stage::Stage;
use serde_json::{Value, json};
use voxera_model::{DeviceId, Engine, Realm};
use voxera_testkit::phone::{Phone, PhoneConfig};
use voxera_testkit::product::{Client, Company, PLATFORM};

/// Another partner, with a company and its PBX.
async fn partner(platform: &Client) -> Company {
    let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
    let tenant = id(&platform.post("/tenants", &json!({ "name": "Sydtel AB" })).await.ok());
    let mut company = Company { tenant, customer: String::new(), pbx: String::new() };
    let customers = format!("/tenants/{}/customers", company.tenant);
    company.customer = id(&platform.post(&customers, &json!({ "name": "Bosses Bilar AB" })).await.ok());
    company.pbx = id(&platform.post(&company.path("/pbxs"), &json!({ "name": "Bilarna" })).await.ok());
    company
}

/// A new phone, set to where the portal says.
async fn phone(stage: &Stage, by: &Client, company: &Company, number: &str) -> PhoneConfig {
    let extension = json!({ "number": number, "name": format!("Person {number}") });
    let extension = by.post(&company.pbx("/extensions"), &extension).await.ok();
    let devices = company.pbx(&format!("/extensions/{}/devices", extension["id"].as_str().unwrap()));
    let shown = by.post(&devices, &json!({ "name": "Bordstelefon" })).await.ok();
    let text = |key: &str| shown[key].as_str().unwrap();
    let (realm, device) =
        (Realm::parse(text("realm")).unwrap(), text("username").parse::<DeviceId>().unwrap());
    let directory = stage.product.server().control().directory();
    let knows = || directory.pbx(&realm).is_some_and(|pbx| pbx.device(device).is_some());
    directory.changes().wait_for(|_| knows()).await.unwrap();
    let server = format!("{}:{}", text("server"), shown["port"]).parse().unwrap();
    PhoneConfig::of(server, text("realm"), text("username"), text("password"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn two_partners_at_two_engines_talk_at_the_same_time() {
    let stage = Stage::beside().await;
    let platform = stage.product.api(PLATFORM).await;
    let sydtel = partner(&platform).await;
    let here = stage.product.sip_addr();
    let bosse = phone(&stage, &platform, &sydtel, "1000").await;
    let berta = phone(&stage, &platform, &sydtel, "1001").await;
    let nils = phone(&stage, &platform, &stage.company, "2101").await;
    assert_eq!((bosse.account.server, nils.account.server), (Some(here), Some(stage.node.sip())));

    // At the other engine nobody knows them.
    for (known, elsewhere) in [(&bosse, stage.node.sip()), (&nils, here)] {
        let account = &known.account;
        let stray = PhoneConfig::of(elsewhere, &account.realm, &account.user, &account.password);
        let why = Phone::start(stray).await.refused().await;
        assert!(why.starts_with("401") || why.starts_with("403"), "{why}");
    }

    let (anna, nils) = tokio::join!(
        Phone::start(stage.config("1000").playing(CALLERS_TONE)),
        Phone::start(nils.playing(CALLEES_TONE))
    );
    let (bosse, berta) =
        tokio::join!(Phone::start(bosse.playing(CALLERS_TONE)), Phone::start(berta.playing(CALLEES_TONE)));
    tokio::join!(anna.registered(), nils.registered(), bosse.registered(), berta.registered());
    tokio::join!(connect(&anna, &nils, "2101"), connect(&bosse, &berta, "1001"));
    let live = platform.get(&format!("/tenants/{}/engine", stage.company.tenant)).await.ok();
    assert_eq!((&live["live_calls"], &live["choices"][1]["works"]), (&json!(1), &json!(true)));
    hear_each_other(&anna, &nils).await;
    hear_each_other(&bosse, &berta).await;
    tokio::join!(anna.hang_up(), bosse.hang_up());
    tokio::join!(nils.closed(), berta.closed());
    stage.listed(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn a_call_at_a_node_goes_on_when_its_partner_moves_and_its_phones_then_register_here() {
    let stage = Stage::beside().await;
    let phone = |extension: &str, tone| Phone::start(stage.config(extension).playing(tone));
    let (anna, bertil) = tokio::join!(phone("1000", CALLERS_TONE), phone("1001", CALLEES_TONE));
    tokio::join!(anna.registered(), bertil.registered());
    connect(&anna, &bertil, "1001").await;

    stage.move_to(Engine::Embedded).await;
    let (new_anna, new_bertil) = stage.two("1000", "1001").await;
    hear_each_other(&anna, &bertil).await;
    connect(&new_anna, &new_bertil, "1001").await;
    hear_each_other(&new_anna, &new_bertil).await;
    anna.hang_up().await;
    bertil.closed().await;
    new_anna.hang_up().await;
    new_bertil.closed().await;
    let kept = stage.listed(2).await;
    assert!(kept.iter().all(|call| call["outcome"] == "normal"), "{kept:?}");
}
