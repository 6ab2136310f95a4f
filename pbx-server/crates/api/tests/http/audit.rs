//! Every change is written down: who, what, before and after, from where.

use crate::common::World;
use axum::body::Body;
use serde_json::{Value, json};

/// The newest entry about an action, as the platform sees it.
async fn entry(world: &World, action: &str) -> Value {
    let platform = world.platform().await;
    let entries = platform.get(&format!("/api/v1/platform/audit?limit=200&search={action}")).await.items();
    entries
        .iter()
        .find(|entry| entry["action"] == action)
        .unwrap_or_else(|| panic!("no {action}: {entries:?}"))
        .clone()
}

#[tokio::test]
async fn every_change_leaves_an_entry_with_before_and_after() {
    let world = World::new().await;
    let (platform, akes) = (world.platform().await, world.akes());
    let partner = platform.post("/api/v1/tenants", json!({ "name": "Ny partner" })).await.expect(201);
    let partner = format!("/api/v1/tenants/{}", partner["id"].as_str().unwrap());
    let nordtel = format!("/api/v1/tenants/{}", akes.tenant);
    let person = |name: &str| json!({ "email": format!("{name}@audit.example"), "name": name });
    let id = |made: Value| made["id"].as_str().unwrap().to_owned();
    let admin = id(platform.post("/api/v1/platform/users", person("p")).await.expect(201));
    let staff = id(platform.post(&format!("{nordtel}/users"), person("t")).await.expect(201));
    let mut new = person("c");
    new["role"] = json!("user");
    let user = id(platform.post(&akes.at("/users"), new).await.expect(201));
    let customer =
        id(platform.post(&format!("{nordtel}/customers"), json!({ "name": "Ny" })).await.expect(201));
    let customer = format!("{nordtel}/customers/{customer}");
    let pbx = akes.at(&format!(
        "/pbxs/{}",
        id(platform.post(&akes.at("/pbxs"), json!({ "name": "Ny" })).await.expect(201))
    ));
    let new = json!({ "number": "1500", "name": "Ny" });
    let extension = id(platform.post(&format!("{pbx}/extensions"), new).await.expect(201));
    let extension = format!("{pbx}/extensions/{extension}");
    let device = id(platform.post(&format!("{extension}/devices"), json!({})).await.expect(201));
    let device = format!("{extension}/devices/{device}");
    let number =
        id(platform.post(&akes.at("/numbers"), json!({ "number": "+46701000001" })).await.expect(201));
    let number = akes.at(&format!("/numbers/{number}"));
    let (staff, user) = (format!("{nordtel}/users/{staff}"), akes.at(&format!("/users/{user}")));
    let picture = crate::permissions::picture();
    platform
        .send("PUT", &format!("{partner}/logo"), (Body::from(picture), Some("image/png")))
        .await
        .expect(204);
    let node = json!({ "name": "fs1", "host": "fs1.test", "password": "hemligt" });
    let node = id(platform.post("/api/v1/platform/nodes", node).await.expect(201));
    let node = format!("/api/v1/platform/nodes/{node}");
    let call = world.ring(akes).await;

    let name = json!({ "name": "Senare" });
    let changes: Vec<(&str, &str, String, Option<Value>)> = vec![
        ("tenant.update", "PATCH", partner.clone(), Some(name.clone())),
        ("tenant.suspend", "POST", format!("{partner}/suspend"), None),
        ("tenant.activate", "POST", format!("{partner}/activate"), None),
        ("tenant.remove_logo", "DELETE", format!("{partner}/logo"), None),
        ("user.update", "PATCH", staff.clone(), Some(name.clone())),
        ("user.resend_invitation", "POST", format!("{staff}/resend-invitation"), None),
        ("user.delete", "DELETE", staff, None),
        ("user.update", "PATCH", user.clone(), Some(json!({ "role": "manager" }))),
        ("user.resend_invitation", "POST", format!("{user}/resend-invitation"), None),
        ("user.delete", "DELETE", user, None),
        ("user.delete", "DELETE", format!("/api/v1/platform/users/{admin}"), None),
        ("customer.update", "PATCH", customer.clone(), Some(name.clone())),
        ("customer.suspend", "POST", format!("{customer}/suspend"), None),
        ("customer.activate", "POST", format!("{customer}/activate"), None),
        ("customer.delete", "DELETE", customer, None),
        ("pbx.update", "PATCH", pbx.clone(), Some(name.clone())),
        ("extension.update", "PATCH", extension.clone(), Some(name.clone())),
        ("device.rotate", "POST", format!("{device}/rotate"), None),
        ("device.delete", "DELETE", device, None),
        ("extension.delete", "DELETE", extension, None),
        ("pbx.delete", "DELETE", pbx, None),
        ("number.update", "PATCH", number.clone(), Some(json!({ "label": "Växel" }))),
        ("number.delete", "DELETE", number, None),
        ("call.hangup", "POST", akes.pbx(&format!("/live/{}/hangup", call.id())), None),
        ("node.update", "PATCH", node.clone(), Some(json!({ "weight": 20, "password": "annat" }))),
        ("node.drain", "POST", format!("{node}/drain"), None),
        ("node.undrain", "POST", format!("{node}/undrain"), None),
        ("node.delete", "DELETE", node, None),
        ("tenant.delete", "DELETE", partner, None),
    ];
    let created = ["tenant", "customer", "pbx", "extension", "device", "number", "node"];
    for made in created.map(|noun| format!("{noun}.create")).iter().chain([&"user.invite".to_owned()]) {
        let entry = entry(&world, made).await;
        assert!(entry["before"].is_null() && entry["after"].is_object(), "{entry}");
    }
    for (action, method, path, body) in changes {
        let body = body.map_or((Body::empty(), None), |body| crate::common::json_body(&body));
        let reply = platform.from("198.51.100.9").send(method, &path, body).await;
        assert!(reply.status.is_success(), "{action}: {}", reply.text);
        let entry = entry(&world, action).await;
        assert_eq!(entry["request_id"], reply.header("x-request-id"), "{action} {entry}");
        assert_eq!(entry["actor_label"], "platform@voxera.example");
        assert_eq!((&entry["actor_kind"], &entry["address"]), (&json!("user"), &json!("198.51.100.9")));
        assert_eq!(entry["resource_type"], action.split('.').next().unwrap());
        assert!(!entry["resource_id"].as_str().unwrap().is_empty());
        let verb = action.split('.').nth(1).unwrap();
        match verb {
            "delete" => assert!(entry["before"].is_object() && entry["after"].is_null(), "{entry}"),
            "hangup" | "resend_invitation" => {}
            _ => {
                assert!(entry["before"].is_object() && entry["after"].is_object(), "{entry}");
                assert!(entry["before"] != entry["after"], "{action}: nothing has changed: {entry}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_refused_leaves_nothing_behind() {
    let world = World::new().await;
    let akes = world.akes();
    let platform = world.platform().await;
    let admin = world.admin(akes).await;
    let count = async || platform.get("/api/v1/platform/audit").await.expect(200)["total"].as_u64().unwrap();
    let before = count().await;
    admin
        .post(&akes.pbx("/extensions"), json!({ "number": "1000", "name": "X" }))
        .await
        .refused(409, "extension_number_taken");
    admin.post(&akes.at("/pbxs"), json!({ "name": "" })).await.refused(422, "validation");
    admin.delete(&akes.at("")).await.refused(403, "forbidden");
    admin
        .patch(&akes.at(&format!("/users/{}", world.city().user)), json!({ "name": "X" }))
        .await
        .refused(404, "not_found");
    assert_eq!(count().await, before);
}

#[tokio::test]
async fn each_level_reads_its_own_log() {
    let world = World::new().await;
    let akes = world.akes();
    let admin = world.admin(akes).await;
    admin.patch(&akes.pbx(""), json!({ "name": "Senare" })).await.expect(200);
    let own = admin.get(&akes.at("/audit?limit=200")).await.items();
    assert!(own.iter().any(|entry| entry["action"] == "pbx.update"));
    assert!(own.iter().all(|entry| entry["customer"] == json!(akes.id)), "{own:?}");
    let chef = world.sign_in(&world.nordtel.admin).await;
    let partner = chef.get(&format!("/api/v1/tenants/{}/audit?limit=200", akes.tenant)).await.items();
    assert!(partner.iter().all(|entry| entry["tenant"] == json!(akes.tenant)));
    assert!(partner.iter().any(|entry| entry["customer"] == json!(world.bolaget().id)));
    let sorted = admin.get(&akes.at("/audit?sort=at&limit=200")).await.items();
    let times: Vec<&str> = sorted.iter().map(|entry| entry["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted());
}

#[tokio::test]
async fn what_is_done_to_a_company_or_a_partner_stands_in_its_own_log() {
    let world = World::new().await;
    let (akes, platform) = (world.akes(), world.platform().await);
    let chef = world.sign_in(&world.nordtel.admin).await;
    let tenant = format!("/api/v1/tenants/{}", akes.tenant);
    chef.patch(&akes.at(""), json!({ "max_agents": 5 })).await.expect(200);
    platform.patch(&tenant, json!({ "slug": "nordtel-ab" })).await.expect(200);
    platform.act(&format!("{tenant}/activate")).await.expect(200);
    let shown = async |who: &crate::common::Who, path: String, action: &str| {
        who.get(&path).await.items().iter().any(|entry| entry["action"] == action)
    };
    assert!(shown(&world.admin(akes).await, akes.at("/audit"), "customer.update").await);
    let bolaget = world.bolaget();
    assert!(!shown(&world.admin(bolaget).await, bolaget.at("/audit"), "customer.update").await);
    assert!(shown(&chef, format!("{tenant}/audit"), "tenant.update").await);
    assert!(shown(&chef, format!("{tenant}/audit"), "tenant.activate").await);
}

#[tokio::test]
async fn nobody_locks_themselves_out() {
    let world = World::new().await;
    let akes = world.akes();
    let admin = world.admin(akes).await;
    let me = admin.get("/api/v1/me").await.expect(200)["memberships"][0]["user"].as_str().unwrap().to_owned();
    let user = akes.at(&format!("/users/{me}"));
    admin.delete(&user).await.refused(409, "cannot_remove_oneself");
    admin.patch(&user, json!({ "status": "suspended" })).await.refused(409, "cannot_suspend_oneself");
    admin.patch(&user, json!({ "role": "user" })).await.refused(409, "cannot_change_own_role");
    admin.patch(&user, json!({ "name": "Ny" })).await.expect(200);
    let chef = world.sign_in(&world.nordtel.admin).await;
    let staff = format!("/api/v1/tenants/{}/users/{}", akes.tenant, world.nordtel.admin_user);
    chef.delete(&staff).await.refused(409, "cannot_remove_oneself");
    chef.patch(&staff, json!({ "status": "suspended" })).await.refused(409, "cannot_suspend_oneself");
    let platform = world.platform().await;
    let users = platform.get("/api/v1/platform/users").await.items();
    let own = format!("/api/v1/platform/users/{}", users[0]["id"].as_str().unwrap());
    platform.delete(&own).await.refused(409, "cannot_remove_oneself");
    // Slug and host of a partner are the platform's.
    let tenant = format!("/api/v1/tenants/{}", akes.tenant);
    chef.patch(&tenant, json!({ "slug": "annan" })).await.refused(403, "forbidden");
    chef.patch(&tenant, json!({ "host": null })).await.refused(403, "forbidden");
    chef.patch(&tenant, json!({ "accent": "#ff8800", "support_email": "hjalp@nordtel.example" }))
        .await
        .expect(200);
}
