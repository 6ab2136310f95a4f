//! A phone's password is shown once, and nothing else of the kind is shown at all.

use crate::common::{Company, PASSWORD, Who, World, operations};
use serde_json::{Value, json};

fn phones(company: &Company) -> String {
    company.pbx(&format!("/extensions/{}/devices", company.extension))
}

/// Everything that a platform administrator can read, as one text.
async fn everything(world: &World) -> String {
    let (platform, akes) = (world.platform().await, world.akes());
    let mut all = String::new();
    for operation in operations().iter().filter(|operation| operation.method == "GET") {
        if ["customer_events", "me_events", "invitation_show", "brand_logo"].contains(&operation.id.as_str())
        {
            continue;
        }
        let mut path = operation.at(|name| match name {
            "mail" => voxera_store::new_id().to_string(),
            name => akes.id_of(name),
        });
        if operation.takes("query", "limit") {
            path.push_str("?limit=200");
        }
        all.push_str(&platform.get(&path).await.text);
    }
    all
}

#[tokio::test]
async fn a_phones_password_is_shown_once() {
    let world = World::new().await;
    let akes = world.akes();
    let admin = world.admin(akes).await;
    let made =
        admin.with("idempotency-key", "k").post(&phones(akes), json!({ "name": "Kök" })).await.expect(201);
    let password = made["password"].as_str().unwrap().to_owned();
    assert!(password.len() >= 22 && password.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{password}");
    let username = made["username"].as_str().unwrap();
    assert_eq!(username.parse::<uuid::Uuid>().unwrap().get_version_num(), 4);
    assert_eq!((made["username"].clone(), &made["realm"]), (made["id"].clone(), &json!(akes.realm)));
    assert_eq!((&made["server"], &made["port"]), (&json!("sip.portal.test"), &json!(5060)));
    let uri = format!("sip:{username}@{};transport=udp", akes.realm);
    assert_eq!(made["provisioning_uri"], uri);
    let picture = made["qr_svg"].as_str().unwrap();
    assert!(picture.starts_with("<?xml") && picture.contains("<svg") && !picture.contains("<script"));

    let rotated = admin.act(&format!("{}/{username}/rotate", phones(akes))).await.expect(200);
    let second = rotated["password"].as_str().unwrap().to_owned();
    assert_ne!(password, second);
    assert_eq!(rotated["username"], made["username"]);

    let all = everything(&world).await;
    assert!(all.contains(username), "the phone is listed");
    for secret in [&password, &second] {
        assert!(!all.contains(secret.as_str()));
    }
    // Nor is it kept where a dump of the database would show it.
    let repeated = admin.with("idempotency-key", "k").post(&phones(akes), json!({ "name": "Kök" })).await;
    assert!(!repeated.text.contains(&password), "{}", repeated.text);
    repeated.refused(409, "secret_shown_once");
}

#[tokio::test]
async fn nothing_that_is_read_holds_a_secret() {
    let world = World::new().await;
    // A sign-up, an invitation and a reset leave their traces too.
    let anonymous = world.anonymous();
    let new = json!({
        "email": "lisa@lisas.example", "password": "a long enough secret", "organization_name": "Lisas", "name": "Lisa"
    });
    anonymous.post("/api/v1/auth/register", new).await.expect(202);
    anonymous
        .post("/api/v1/auth/login", json!({ "email": "lisa@lisas.example", "password": "typed-it-wrong" }))
        .await;
    let manager = world.sign_in(&world.akes().login("manager")).await;
    let change = json!({ "current_password": PASSWORD, "new_password": "seven silver spoons" });
    manager.post("/api/v1/me/password", change).await.expect(204);
    let all = everything(&world).await;
    assert!(all.contains("lisa@lisas.example"));
    for secret in [
        PASSWORD,
        "a long enough secret",
        "typed-it-wrong",
        "seven silver spoons",
        "$argon2",
        "password_hash",
    ] {
        assert!(!all.contains(secret), "{secret}");
    }
    for name in ["sealed", "ha1", "token_hash", "\"hash\"", "private"] {
        assert!(!all.to_lowercase().contains(name), "{name}");
    }
}

#[tokio::test]
async fn phones_are_listed_with_their_presence_and_go_with_their_credential() {
    let world = World::new().await;
    let akes = world.akes();
    let admin = world.admin(akes).await;
    world.register(akes, &akes.device).await;
    let listed = admin.get(&phones(akes)).await.items();
    assert_eq!(listed.len(), 1);
    assert_eq!((&listed[0]["online"], &listed[0]["user_agent"]), (&json!(true), &json!("Phone of akes")));
    assert_eq!(listed[0]["rotated_at"], Value::Null);
    let online = admin.get(&akes.pbx("/registrations")).await.items();
    assert_eq!(online.len(), 1);
    assert_eq!(online[0]["device"], json!(akes.device));
    assert_eq!(
        (&online[0]["extension_number"], &online[0]["device_name"]),
        (&json!("1000"), &json!("akes phone"))
    );
    assert_eq!((&online[0]["source"], &online[0]["transport"]), (&json!("127.0.0.1:5070"), &json!("udp")));
    let pbx = admin.get(&akes.pbx("")).await.expect(200);
    assert_eq!(
        (&pbx["phones_online"], &pbx["devices"], &pbx["extensions"]),
        (&json!(1), &json!(2), &json!(2))
    );
    let extension = admin.get(&akes.pbx(&format!("/extensions/{}", akes.extension))).await.expect(200);
    assert_eq!((&extension["phones_online"], &extension["in_call"]), (&json!(1), &json!(false)));

    let version = pbx["version"].as_u64().unwrap();
    admin.delete(&format!("{}/{}", phones(akes), akes.device)).await.expect(204);
    assert!(admin.get(&phones(akes)).await.items().is_empty());
    assert!(admin.get(&akes.pbx("")).await.expect(200)["version"].as_u64().unwrap() > version);
    let gone: Who = world.admin(akes).await;
    gone.act(&format!("{}/{}/rotate", phones(akes), akes.device)).await.refused(404, "not_found");
}
