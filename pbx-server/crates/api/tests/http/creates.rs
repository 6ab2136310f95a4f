//! What makes something: once for each key, and never from what cannot be accepted.

use crate::common::{Operation, Who, World, json_body, operations};
use axum::body::Body;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn creates() -> Vec<Operation> {
    operations().into_iter().filter(|operation| operation.takes("header", "Idempotency-Key")).collect()
}

/// Two bodies that each make a thing of their own.
fn bodies(operation: &str) -> [Value; 2] {
    match operation {
        "tenants_create" => [json!({ "name": "Vänern Tele" }), json!({ "name": "Vättern Tele" })],
        "customers_create" => [json!({ "name": "Ett AB" }), json!({ "name": "Två AB" })],
        "platform_users_create" | "tenant_users_create" => [
            json!({ "email": "ett@new.example", "name": "Ett" }),
            json!({ "email": "tva@new.example", "name": "Två" }),
        ],
        "users_create" => [
            json!({ "email": "tre@new.example", "name": "Tre", "role": "user" }),
            json!({ "email": "fyra@new.example", "name": "Fyra", "role": "manager" }),
        ],
        "me_phone" => [json!({}), json!({ "extension": null })],
        "pbxs_create" | "devices_create" | "me_devices_create" | "flows_create" => {
            [json!({ "name": "Ett" }), json!({ "name": "Två" })]
        }
        "extensions_create" => {
            [json!({ "number": "1501", "name": "Ett" }), json!({ "number": "1502", "name": "Två" })]
        }
        "flows_duplicate" => [json!({ "name": "Tre" }), json!({ "name": "Fyra" })],
        "flows_publish" => [json!({ "comment": "Ett" }), json!({ "comment": "Två" })],
        "flows_rollback" => {
            [json!({ "version": 1, "comment": "Ett" }), json!({ "version": 1, "comment": "Två" })]
        }
        "trunks_create" => {
            let line = |name: &str| json!({ "name": name, "kind": "address", "host": "192.0.2.1" });
            [line("Ett"), line("Två")]
        }
        "platform_nodes_create" => {
            let node = |name: &str| json!({ "name": name, "host": format!("{name}.test"), "password": "x" });
            [node("fs1"), node("fs2")]
        }
        "numbers_create" => [json!({ "number": "+46701000001" }), json!({ "number": "+46701000002" })],
        other => panic!("how does one {other}?"),
    }
}

/// How many there are now.
async fn total(who: &Who, path: &str) -> u64 {
    who.get(path).await.expect(200)["total"].as_u64().unwrap()
}

#[tokio::test]
async fn a_create_that_comes_twice_with_its_key_acts_once() {
    let world = World::new().await;
    let platform = world.platform().await;
    let user = world.sign_in(&world.akes().login("user")).await;
    for operation in creates() {
        let path = operation.at(|name| world.akes().id_of(name));
        let who = if operation.permission == "signed_in" { &user } else { &platform };
        let [first, other] = bodies(&operation.id);
        let list = match operation.id.as_str() {
            "flows_publish" | "flows_rollback" => {
                path.replace("/publish", "/versions").replace("/rollback", "/versions")
            }
            "flows_duplicate" => world.akes().pbx("/flows"),
            "me_phone" => format!("/api/v1/me/extensions/{}/devices", world.akes().extension),
            _ => path.clone(),
        };
        let before = total(who, &list).await;
        let keyed = who.with("idempotency-key", format!("key of {}", operation.id));
        let made = keyed.post(&path, first.clone()).await;
        let body = made.expect(201);
        assert_eq!(made.header("idempotency-replayed"), "");
        let again = keyed.post(&path, first.clone()).await;
        if ["devices_create", "me_devices_create", "me_phone"].contains(&operation.id.as_str()) {
            again.refused(409, "secret_shown_once");
        } else {
            assert_eq!(again.expect(201), body, "{}", operation.id);
            assert_eq!(again.header("idempotency-replayed"), "true");
        }
        keyed.post(&path, other.clone()).await.refused(409, "idempotency_key_reused");
        assert_eq!(total(who, &list).await, before + 1, "{}", operation.id);
        // Somebody else's key of the same name is another key.
        if !["platform_admin", "signed_in"].contains(&operation.permission.as_str()) {
            let chef = world.sign_in(&world.nordtel.admin).await;
            let theirs = chef.with("idempotency-key", format!("key of {}", operation.id));
            theirs.post(&path, other.clone()).await.expect(201);
        }
        // A refused request leaves the key free.
        let fresh = who.with("idempotency-key", format!("second key of {}", operation.id));
        fresh.post(&path, json!({ "nonsense": 1 })).await.refused(422, "validation");
    }
}

#[tokio::test]
async fn two_requests_at_once_with_one_key_make_one_thing() {
    let world = World::new().await;
    let akes = world.akes();
    let admin = world.admin(akes).await.with("idempotency-key", "at once");
    let new = json!({ "number": "1501", "name": "Ny" });
    let path = akes.pbx("/extensions");
    let all = futures::future::join_all((0..6).map(|_| admin.post(&path, new.clone()))).await;
    let made: BTreeSet<String> = all.iter().map(|reply| reply.expect(201)["id"].to_string()).collect();
    assert_eq!(made.len(), 1, "{all:?}");
    assert_eq!(total(&admin, &akes.pbx("/extensions")).await, 3);
}

#[tokio::test]
async fn many_invitations_at_once_do_not_wait_for_each_others_connections() {
    let world = World::new().await;
    let akes = world.akes();
    let admin = world.admin(akes).await;
    // More than the pool has connections, and each with a key.
    let path = akes.at("/users");
    let requests = (0..24).map(|number| {
        let who = admin.with("idempotency-key", format!("invitation {number}"));
        let new = json!({ "email": format!("n{number}@new.example"), "name": "Ny", "role": "user" });
        let path = path.clone();
        async move { who.post(&path, new).await }
    });
    for reply in futures::future::join_all(requests).await {
        reply.expect(201);
    }
    assert_eq!(total(&admin, &path).await, 27);
}

#[tokio::test]
async fn a_key_that_is_no_key_is_refused() {
    let world = World::new().await;
    let admin = world.admin(world.akes()).await;
    for key in [String::new(), " ".into(), "k".repeat(101), "nyckel å".into()] {
        let reply =
            admin.with("idempotency-key", key).post(&world.akes().at("/pbxs"), json!({ "name": "Ny" })).await;
        assert_eq!(reply.fields(422), [("Idempotency-Key".into(), "idempotency_key".into())]);
    }
}

/// Pictures, sounds and tables are no JSON.
fn takes_json(operation: &Operation) -> bool {
    operation.spec["requestBody"]["content"]["application/json"].is_object()
}

#[tokio::test]
async fn every_body_is_checked_in_the_same_way() {
    let world = World::new().await;
    let platform = world.platform().await;
    for operation in operations().into_iter().filter(takes_json) {
        let path = operation.at(|name| if name == "token" { "x".into() } else { world.akes().id_of(name) });
        let send = async |body: &str, kind: &str| {
            platform.send(&operation.method, &path, (Body::from(body.to_owned()), Some(kind))).await
        };
        let json = "application/json";
        let unknown = send(r#"{"no/such~field":1}"#, json).await.fields(422);
        assert!(unknown.contains(&("/no~1such~0field".into(), "unknown_field".into())), "{}", operation.id);
        assert_eq!(send("[]", json).await.fields(422), [(String::new(), "type".into())]);
        send("{\"name\":", json).await.refused(400, "json_syntax");
        send("", json).await.refused(400, "json_syntax");
        send(&"[".repeat(10_000), json).await.refused(400, "json_syntax");
        send("name=x", "application/x-www-form-urlencoded").await.refused(415, "unsupported_media_type");
        // Rules and menus are larger than other bodies.
        let document = ["flows_create", "flows_save_draft"].contains(&operation.id.as_str());
        let most = if document { 2_100_000 } else { 70_000 };
        let large = format!("{{\"name\":\"{}\"}}", "x".repeat(most));
        send(&large, json).await.refused(413, "too_large");
        send(&"x".repeat(2_200_000), json).await.refused(413, "too_large");
    }
}

#[tokio::test]
async fn every_required_field_is_named_when_it_is_missing_or_of_another_type() {
    let world = World::new().await;
    let platform = world.platform().await;
    let document: Value = yaml_serde::from_str(&voxera_api::contract()).unwrap();
    let mut seen = 0;
    for operation in operations().into_iter().filter(Operation::has_body) {
        let schema = &operation.spec["requestBody"]["content"]["application/json"]["schema"];
        let Some(reference) = schema["$ref"].as_str() else { continue };
        let schema = document.pointer(reference.trim_start_matches('#')).unwrap();
        let path = operation.at(|name| if name == "token" { "x".into() } else { world.akes().id_of(name) });
        let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
        let wrong: serde_json::Map<String, Value> =
            names.iter().map(|name| ((*name).clone(), json!([{ "a": 1 }]))).collect();
        let refused =
            platform.send(&operation.method, &path, json_body(&Value::Object(wrong))).await.fields(422);
        // What is wrong inside a document is said there.
        let field = |inside: String| inside.split('/').take(2).collect::<Vec<_>>().join("/");
        let refused: BTreeSet<String> = refused.into_iter().map(|(inside, _)| field(inside)).collect();
        let expected: BTreeSet<String> = names.iter().map(|name| format!("/{name}")).collect();
        assert_eq!(refused, expected, "{}: every field at once", operation.id);
        let required: BTreeSet<(String, String)> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|name| (format!("/{}", name.as_str().unwrap()), "required".to_owned()))
            .collect();
        if required.is_empty() {
            continue;
        }
        seen += 1;
        let refused = platform.send(&operation.method, &path, json_body(&json!({}))).await.fields(422);
        assert_eq!(refused.into_iter().collect::<BTreeSet<_>>(), required, "{}", operation.id);
    }
    assert!(seen > 12, "{seen}");
}

/// What is wrong with a value is said at its field, with a code of its own.
#[tokio::test]
async fn bad_values_are_refused_at_their_fields() {
    let world = World::new().await;
    let akes = world.akes();
    let platform = world.platform().await;
    let tenant = format!("/api/v1/tenants/{}", akes.tenant);
    let extension = akes.pbx(&format!("/extensions/{}", akes.extension));
    let long = "x".repeat(300);
    let cases: Vec<(&str, String, Value, &str)> = vec![
        ("POST", "/api/v1/tenants".into(), json!({ "name": "" }), "/name"),
        ("POST", "/api/v1/tenants".into(), json!({ "name": long }), "/name"),
        ("POST", "/api/v1/tenants".into(), json!({ "name": "N", "slug": "Å b" }), "/slug"),
        ("POST", "/api/v1/tenants".into(), json!({ "name": "N", "accent": "red" }), "/accent"),
        ("POST", "/api/v1/tenants".into(), json!({ "name": "N", "host": "a b" }), "/host"),
        ("POST", "/api/v1/tenants".into(), json!({ "name": "N", "time_zone": "Europe/Lund" }), "/time_zone"),
        ("POST", "/api/v1/tenants".into(), json!({ "name": "N", "locale": "tlh" }), "/locale"),
        ("POST", "/api/v1/tenants".into(), json!({ "name": "N", "support_email": "x" }), "/support_email"),
        (
            "POST",
            format!("{tenant}/customers"),
            json!({ "name": "N", "org_number": "556677-8890" }),
            "/org_number",
        ),
        ("PATCH", akes.at(""), json!({ "max_agents": 1001 }), "/max_agents"),
        ("PATCH", akes.at(""), json!({ "max_agents": -1 }), "/max_agents"),
        ("PATCH", akes.at(""), json!({ "monthly_tokens": 1_000_000_001 }), "/monthly_tokens"),
        ("POST", akes.at("/users"), json!({ "email": "x@", "name": "N", "role": "user" }), "/email"),
        ("POST", akes.at("/users"), json!({ "email": "x@y.example", "name": "N", "role": "boss" }), "/role"),
        (
            "POST",
            akes.at("/users"),
            json!({ "email": "x@y.example", "name": "N", "role": "tenant_admin" }),
            "/role",
        ),
        (
            "POST",
            akes.at("/users"),
            json!({ "email": "x@y.example", "name": "a\u{0}b", "role": "user" }),
            "/name",
        ),
        ("POST", akes.at("/pbxs"), json!({ "name": "N", "realm": "..", }), "/realm"),
        ("POST", akes.pbx("/extensions"), json!({ "number": "1", "name": "N" }), "/number"),
        ("POST", akes.pbx("/extensions"), json!({ "number": "112", "name": "N" }), "/number"),
        ("POST", akes.pbx("/extensions"), json!({ "number": "1x00", "name": "N" }), "/number"),
        ("POST", akes.pbx("/extensions"), json!({ "number": 1500, "name": "N" }), "/number"),
        (
            "POST",
            akes.pbx("/extensions"),
            json!({ "number": "1500", "name": "N", "settings": { "ring_seconds": 4 } }),
            "/settings/ring_seconds",
        ),
        (
            "PATCH",
            extension.clone(),
            json!({ "settings": { "ring_seconds": 121 } }),
            "/settings/ring_seconds",
        ),
        (
            "PATCH",
            extension.clone(),
            json!({ "settings": { "ring_seconds": 25.5 } }),
            "/settings/ring_seconds",
        ),
        (
            "PATCH",
            extension.clone(),
            json!({ "settings": { "call_waiting": "yes" } }),
            "/settings/call_waiting",
        ),
        ("PATCH", extension, json!({ "user": "kalle" }), "/user"),
        ("POST", akes.at("/numbers"), json!({ "number": "08-123" }), "/number"),
        ("PATCH", "/api/v1/me".into(), json!({ "locale": "xx" }), "/locale"),
    ];
    for (method, path, body, field) in cases {
        let reply = platform.send(method, &path, json_body(&body)).await;
        let fields = reply.fields(422);
        assert_eq!(fields.len(), 1, "{body}: {fields:?}");
        assert_eq!(fields[0].0, field, "{body}");
        assert_ne!(fields[0].1, "required", "{body}");
    }
}

#[tokio::test]
async fn what_somebody_has_already_is_a_conflict_at_its_field() {
    let world = World::new().await;
    let akes = world.akes();
    let platform = world.platform().await;
    let tenant = format!("/api/v1/tenants/{}", akes.tenant);
    let organized = json!({ "name": "Ett", "org_number": "556036-0793" });
    platform.post(&format!("{tenant}/customers"), organized.clone()).await.expect(201);
    let hosted = json!({ "name": "Ett", "host": "portal.ett.example" });
    platform.post("/api/v1/tenants", hosted.clone()).await.expect(201);
    let mut hosted_again = hosted;
    hosted_again["slug"] = json!("annan");
    let number = platform.get(&akes.at("/numbers")).await.items()[0]["number"].clone();
    let second = akes.pbx(&format!("/extensions/{}", akes.second_extension));
    let cases = [
        (
            "POST",
            "/api/v1/tenants".to_owned(),
            json!({ "name": "X", "slug": "nordtel" }),
            "slug_taken",
            "/slug",
        ),
        ("POST", "/api/v1/tenants".to_owned(), hosted_again, "host_taken", "/host"),
        ("POST", format!("{tenant}/customers"), organized, "org_number_taken", "/org_number"),
        (
            "POST",
            akes.at("/users"),
            json!({ "email": akes.login("user"), "name": "X", "role": "user" }),
            "already_member",
            "/email",
        ),
        ("POST", akes.at("/pbxs"), json!({ "name": "X", "realm": akes.realm }), "realm_taken", "/realm"),
        (
            "POST",
            akes.pbx("/extensions"),
            json!({ "number": "1000", "name": "X" }),
            "extension_number_taken",
            "/number",
        ),
        ("PATCH", second, json!({ "number": "1000" }), "extension_number_taken", "/number"),
        ("POST", akes.at("/numbers"), json!({ "number": number }), "number_taken", "/number"),
    ];
    let changes: Vec<Operation> = operations().into_iter().filter(|o| o.id == "extensions_change").collect();
    for (method, path, body, code, field) in cases {
        let problem = platform.send(method, &path, json_body(&body)).await.refused(409, code);
        let described = creates().iter().chain(&changes).any(|operation| {
            let here = operation.method == method && operation.at(|name| akes.id_of(name)) == path;
            let says = operation.spec["responses"]["409"]["description"].as_str();
            (here || operation.method == method && method == "PATCH")
                && says.is_some_and(|says| says.contains(code))
        });
        assert!(described, "the contract does not know {code} of {method} {path}");
        assert_eq!(
            (&problem["errors"][0]["field"], &problem["errors"][0]["code"]),
            (&json!(field), &json!(code))
        );
    }
    // What others stand on stays.
    platform.delete(&akes.at("")).await.refused(409, "customer_has_pbxs");
    platform.delete(&tenant).await.refused(409, "tenant_has_customers");
    let all = platform.get("/api/v1/tenants?search=direct").await.items();
    let builtin = format!("/api/v1/tenants/{}", all[0]["id"].as_str().unwrap());
    platform.delete(&builtin).await.refused(409, "tenant_builtin");
    platform.act(&format!("{builtin}/suspend")).await.refused(409, "tenant_builtin");
}

#[tokio::test]
async fn what_was_removed_leaves_its_name_free() {
    let world = World::new().await;
    let (platform, akes) = (world.platform().await, world.akes());
    let id = |made: Value| made["id"].as_str().unwrap().to_owned();
    let customers = format!("/api/v1/tenants/{}/customers", akes.tenant);
    let organized = json!({ "name": "Kort", "org_number": "556036-0793" });
    let customer =
        format!("{customers}/{}", id(platform.post(&customers, organized.clone()).await.expect(201)));
    let realm = json!({ "name": "Växel", "realm": "kort.pbx.test" });
    let pbx = id(platform.post(&format!("{customer}/pbxs"), realm.clone()).await.expect(201));
    let number = json!({ "number": "+46701000009" });
    platform.post(&format!("{customer}/numbers"), number.clone()).await.expect(201);
    let person = json!({ "email": "kort@new.example", "name": "Kort", "role": "user" });
    platform.post(&format!("{customer}/users"), person.clone()).await.expect(201);
    platform.delete(&format!("{customer}/pbxs/{pbx}")).await.expect(204);
    platform.delete(&customer).await.expect(204);
    platform.get(&customer).await.refused(404, "not_found");

    platform.post(&customers, organized).await.expect(201);
    platform.post(&akes.at("/pbxs"), realm).await.expect(201);
    platform.post(&akes.at("/numbers"), number).await.expect(201);
    platform.post(&akes.at("/users"), person).await.expect(201);
    let tenant = json!({ "name": "Kort partner", "host": "kort.example" });
    let made = id(platform.post("/api/v1/tenants", tenant.clone()).await.expect(201));
    platform.delete(&format!("/api/v1/tenants/{made}")).await.expect(204);
    platform.get(&format!("/api/v1/tenants/{made}")).await.refused(404, "not_found");
    platform.post("/api/v1/tenants", tenant).await.expect(201);
}

#[tokio::test]
async fn a_logo_is_a_picture_and_is_drawn_anew() {
    let world = World::new().await;
    let chef = world.sign_in(&world.nordtel.admin).await;
    let logo = format!("/api/v1/tenants/{}/logo", world.nordtel.id);
    let put =
        async |bytes: Vec<u8>, kind: &str| chef.send("PUT", &logo, (Body::from(bytes), Some(kind))).await;
    put(b"<svg onload=alert(1)>".to_vec(), "image/svg+xml").await.refused(415, "unsupported_media_type");
    assert_eq!(put(b"<svg/>".to_vec(), "image/png").await.fields(422), [(String::new(), "picture".into())]);
    put(vec![0; 300_000], "image/png").await.refused(413, "too_large");
    // A picture with something hidden behind it.
    let mut hidden = crate::permissions::picture();
    hidden.extend_from_slice(b"<script>alert(1)</script>");
    put(hidden, "image/png").await.expect(204);
    let shown = world.anonymous().get("/api/v1/brand?slug=nordtel").await.expect(200);
    let picture = world.anonymous().get(shown["logo_url"].as_str().unwrap()).await;
    assert_eq!((picture.status.as_u16(), picture.header("content-type")), (200, "image/png"));
    assert!(!picture.text.contains("script"));
    let same = world.anonymous().with("if-none-match", picture.header("etag"));
    assert_eq!(same.get(shown["logo_url"].as_str().unwrap()).await.status, 304);
    chef.delete(&logo).await.expect(204);
    world.anonymous().get(shown["logo_url"].as_str().unwrap()).await.refused(404, "not_found");
}

#[tokio::test]
async fn what_is_not_given_is_suggested() {
    let world = World::new().await;
    let (platform, akes) = (world.platform().await, world.akes());
    let tenant = platform.post("/api/v1/tenants", json!({ "name": "Blå Älven Tele AB" })).await.expect(201);
    assert_eq!(tenant["slug"], "bla-alven-tele-ab");
    assert_eq!(tenant["brand_name"], "Blå Älven Tele AB");
    let pbx = platform.post(&akes.at("/pbxs"), json!({ "name": "Ny" })).await.expect(201);
    let realm = pbx["realm"].as_str().unwrap();
    assert!(realm.starts_with("akes-ab-") && realm.ends_with(".pbx.test"), "{realm}");
    let extension =
        platform.post(&akes.pbx("/extensions"), json!({ "number": "1500", "name": "N" })).await.expect(201);
    let settings = &extension["settings"];
    assert_eq!((&settings["ring_seconds"], &settings["call_waiting"]), (&json!(25), &json!(true)));
    let device = akes.pbx(&format!("/extensions/{}/devices", akes.extension));
    assert_eq!(platform.post(&device, json!({})).await.expect(201)["name"], "Telefon");
}
