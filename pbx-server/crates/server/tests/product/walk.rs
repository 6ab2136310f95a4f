//! Walks through the API as people take them.

use serde_json::json;
use voxera_testkit::product::{ADMIN, MANAGER, PARTNER, PLATFORM, Product, USER};

/// The one-time link of a mail: what comes after `mark`.
fn token(mail: &serde_json::Value, mark: &str) -> String {
    let text = mail["text"].as_str().unwrap();
    let rest = text.split_once(mark).unwrap_or_else(|| panic!("no link {mark} in {text}")).1;
    rest.split_whitespace().next().unwrap().to_owned()
}

#[tokio::test]
async fn a_person_is_invited_by_mail_accepts_signs_in_and_sees_herself() {
    let product = Product::start().await;
    let admin = product.api(ADMIN).await;
    let company = product.company(&admin).await;
    let new = json!({ "email": "frida@akesbageri.example", "name": "Frida Falk", "role": "user" });
    admin.post(&company.path("/users"), &new).await.ok();

    let mails = product.mails("frida@akesbageri.example").await;
    assert_eq!((mails.len(), mails[0]["purpose"].as_str()), (1, Some("invitation")), "{mails:?}");
    assert!(mails[0]["html"].as_str().unwrap().contains("Nordtel"), "in the partner's brand");
    let token = token(&mails[0], "/invitation/");

    let frida = product.stranger();
    let before = frida.post("/auth/login", &json!({ "email": new["email"], "password": "x" })).await;
    assert_eq!(before.refused(401)["code"], "wrong_credentials");
    let invitation = frida.get(&format!("/auth/invitations/{token}")).await.ok();
    assert_eq!(
        (invitation["name"].as_str(), invitation["organization"].as_str()),
        (Some("Frida Falk"), Some("Åkes Bageri AB"))
    );
    let weak = json!({ "password": "kort" });
    let problem = frida.post(&format!("/auth/invitations/{token}"), &weak).await.refused(422);
    assert_eq!(problem["errors"][0]["field"], "/password", "{problem}");

    let accept = json!({ "password": "surdegsbröd med smör" });
    frida.post(&format!("/auth/invitations/{token}"), &accept).await.ok();
    let again = frida.post(&format!("/auth/invitations/{token}"), &accept).await;
    assert_eq!(again.refused(410)["code"], "link_invalid", "a link works once");

    let frida = product.sign_in("frida@akesbageri.example", "surdegsbröd med smör").await;
    let me = frida.get("/me").await.ok();
    assert_eq!(me["memberships"][0]["customer_name"], "Åkes Bageri AB", "{me}");
    assert_eq!(frida.get(&company.pbx("/extensions")).await.refused(403)["code"], "forbidden");
}

#[tokio::test]
async fn the_demo_has_a_partner_a_company_people_extensions_and_numbers() {
    let product = Product::start().await;
    let platform = product.api(PLATFORM).await;
    let tenants = platform.get("/tenants").await.ok();
    let slugs: Vec<&str> =
        tenants["items"].as_array().unwrap().iter().map(|tenant| tenant["slug"].as_str().unwrap()).collect();
    assert!(slugs.contains(&"nordtel") && slugs.contains(&"direct"), "{slugs:?}");
    let brand = product.stranger().get("/brand?slug=nordtel").await.ok();
    assert!(brand["name"] == "Nordtel" && brand["logo_url"].is_string(), "{brand}");

    let admin = product.api(ADMIN).await;
    let company = product.company(&admin).await;
    let numbers = |list: &serde_json::Value, key: &str| -> Vec<String> {
        let items = list["items"].as_array().unwrap();
        items.iter().map(|item| item[key].as_str().unwrap().to_owned()).collect()
    };
    let extensions = admin.get(&company.pbx("/extensions?sort=number")).await.ok();
    let expected = ["1000", "1001", "1002", "1003", "1004", "2000", "2001", "2002", "2003"];
    assert_eq!(numbers(&extensions, "number"), expected);
    let public = admin.get(&company.path("/numbers")).await.ok();
    assert_eq!(public["total"], 2, "{public}");
    let people = admin.get(&company.path("/users")).await.ok();
    assert_eq!(people["total"], 5, "{people}");
    assert_eq!(admin.get(&company.pbx("/calls")).await.ok()["total"], 0, "no call is made up");
    let log = numbers(&admin.get(&company.path("/audit?limit=100")).await.ok(), "action");
    for (action, times) in
        [("pbx.create", 1), ("extension.create", 9), ("device.create", 5), ("number.create", 2)]
    {
        assert_eq!(log.iter().filter(|entry| *entry == action).count(), times, "{action} in {log:?}");
    }

    // Whoever calls on a Monday morning hears the reception; on Christmas Eve it is closed.
    let check = admin.get(&company.pbx("/check")).await.ok();
    assert_eq!(check["errors"], 0, "{check}");
    let call = async |at: &str| {
        let story = json!({ "from": { "kind": "outside", "number": "+46701740605" },
            "dialled": "+46846500400", "at": at, "keys": ["1"] });
        admin.post(&company.pbx("/simulate"), &json!({ "story": story })).await.ok()
    };
    let monday = call("2026-11-23T09:00").await.to_string();
    assert!(monday.contains("Välkommen till Åkes bageri.") && monday.contains("\"2001\""), "{monday}");
    let christmas = call("2026-12-24T09:00").await;
    assert_eq!(christmas["end"]["kind"], "voicemail", "{christmas}");

    // Everybody sees their own level, and no other's.
    assert_eq!(product.api(PARTNER).await.get("/tenants").await.status, 403);
    let cecilia = product.api(USER).await;
    let own = cecilia.get("/me/extension").await.ok();
    assert!(own.to_string().contains("\"1002\""), "{own}");
    let manager = product.api(MANAGER).await;
    assert_eq!(manager.get(&company.pbx("/live")).await.status, 200);
    assert_eq!(manager.post(&company.pbx("/extensions"), &json!({})).await.status, 403);
}

#[tokio::test]
async fn a_second_start_changes_nothing_of_the_demo() {
    let mut product = Product::start().await;
    let before = product.demo();
    product.stop().await;
    product.start_again().await;
    let after = product.demo();
    let phones = |demo: &voxera_server::demo::Demo| -> Vec<(String, String)> {
        demo.phones.iter().map(|phone| (phone.username.clone(), phone.password.clone())).collect()
    };
    assert_eq!(phones(&before), phones(&after));
    assert_eq!((before.password, before.phones.len()), (after.password, 5));
    let admin = product.api(ADMIN).await;
    let company = product.company(&admin).await;
    assert_eq!(admin.get(&company.pbx("/extensions")).await.ok()["total"], 9);
    let routing = admin.get(&company.pbx("/flows/routing")).await.ok();
    assert_eq!((&routing["published"], &routing["draft_differs"]), (&json!(1), &json!(false)));
}
