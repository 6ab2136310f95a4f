//! Two partners, two companies of one of them, the same extension numbers: nobody sees another's.

use crate::common::{Company, Operation, Who, World, json_body, operations};
use axum::body::Body;
use serde_json::{Value, json};

/// A body that changes something where it is accepted.
fn change(operation: &Operation) -> (Body, Option<&'static str>) {
    json_body(&match operation.id.as_str() {
        "tenants_logo_put" => return (Body::from(crate::permissions::picture()), Some("image/png")),
        "users_create" => json!({ "email": "eve@new.example", "name": "Eve", "role": "customer_admin" }),
        "tenant_users_create" => json!({ "email": "eve@new.example", "name": "Eve" }),
        "extensions_create" => json!({ "number": "6666", "name": "Eve" }),
        "numbers_create" => json!({ "number": "+46701234567" }),
        "numbers_change" => json!({ "label": "Eve" }),
        "devices_create"
        | "users_change"
        | "tenant_users_change"
        | "extensions_change"
        | "pbxs_change"
        | "customers_change"
        | "tenants_change"
        | "pbxs_create"
        | "customers_create" => json!({ "name": "Eve" }),
        _ => return crate::permissions::body(operation),
    })
}

/// Everything that can be read of a company.
async fn everything(world: &World, company: &Company) -> Vec<Value> {
    let admin = world.admin(company).await;
    let mut all = Vec::new();
    for rest in ["", "/users", "/pbxs", "/numbers", "/overview"] {
        all.push(admin.get(&company.at(rest)).await.expect(200));
    }
    for rest in [
        "/extensions",
        "/registrations",
        "/calls",
        "/live",
        "/flows",
        "/audio",
        "/trunks",
        "/messages",
        "/recordings",
        "/callbacks",
    ] {
        all.push(admin.get(&company.pbx(rest)).await.expect(200));
    }
    for extension in [&company.extension, &company.second_extension] {
        all.push(admin.get(&company.pbx(&format!("/extensions/{extension}/devices"))).await.expect(200));
    }
    all
}

#[tokio::test]
async fn a_foreign_id_anywhere_in_the_address_is_not_found_and_changes_nothing() {
    let world = World::new().await;
    for company in [world.akes(), world.bolaget(), world.city()] {
        world.register(company, &company.device).await;
    }
    let foreign_call = world.ring(world.bolaget()).await;
    let akes = world.akes();
    let before = [everything(&world, world.bolaget()).await, everything(&world, world.city()).await];
    let askers = [world.admin(akes).await, world.sign_in(&world.nordtel.admin).await, world.platform().await];
    let mut tried = 0;
    for operation in operations().iter().filter(|operation| operation.ids().contains(&"customer")) {
        let ids = operation.ids();
        for foreign in [world.bolaget(), world.city()] {
            // Each id of the address in turn is another's, the rest is one's own.
            for wrong in ids.iter().filter(|name| !["tenant", "version"].contains(*name)) {
                if *wrong == "customer" && foreign.tenant == akes.tenant {
                    // A whole address of a neighbour is what the matrix asks for.
                    continue;
                }
                let path = operation.at(|name| match name {
                    "call" if operation.id.starts_with("live_") && *wrong == "call" => {
                        foreign_call.id().to_string()
                    }
                    name if name == *wrong => foreign.id_of(name),
                    name => akes.id_of(name),
                });
                for who in &askers {
                    let reply = who.send(&operation.method, &path, change(operation)).await;
                    assert_eq!(reply.status, 404, "{} with a foreign {wrong}: {}", operation.id, reply.text);
                    assert!(!reply.text.contains(&foreign.word), "{}", reply.text);
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 300, "{tried}");
    let after = [everything(&world, world.bolaget()).await, everything(&world, world.city()).await];
    assert_eq!(before, after);
    assert!(!foreign_call.hangup_asked().is_cancelled());
}

#[tokio::test]
async fn a_foreign_id_in_a_body_is_refused() {
    let world = World::new().await;
    let akes = world.akes();
    let admin = world.admin(akes).await;
    for foreign in [world.bolaget(), world.city()] {
        let new = json!({ "number": "1500", "name": "Ny", "user": foreign.user });
        let refused = admin.post(&akes.pbx("/extensions"), new).await.fields(422);
        assert_eq!(refused, [("/user".into(), "user".into())]);
        let extension = akes.pbx(&format!("/extensions/{}", akes.extension));
        assert_eq!(admin.patch(&extension, json!({ "user": foreign.user })).await.status, 422);

        let pbx = json!({ "number": "+46701234567", "pbx": foreign.pbx });
        assert_eq!(admin.post(&akes.at("/numbers"), pbx).await.status, 422);
        let destination = json!({ "kind": "extension", "extension": foreign.extension });
        let extension = json!({ "number": "+46701234567", "pbx": akes.pbx, "destination": destination });
        assert_eq!(admin.post(&akes.at("/numbers"), extension).await.status, 422);
        let number = akes.at(&format!("/numbers/{}", akes.number));
        assert_eq!(admin.patch(&number, json!({ "pbx": foreign.pbx })).await.status, 422);
        assert_eq!(admin.patch(&number, json!({ "destination": destination })).await.status, 422);
    }
}

#[tokio::test]
async fn no_list_and_no_search_shows_what_is_anothers() {
    let world = World::new().await;
    for company in [world.akes(), world.bolaget(), world.city()] {
        world.register(company, &company.device).await;
    }
    let _calls = [world.ring(world.bolaget()).await, world.ring(world.city()).await];
    let akes = world.akes();
    let mut lists = 0;
    let mut readers = Vec::new();
    for login in ["admin", "manager", "user"] {
        readers.push((world.sign_in(&akes.login(login)).await, vec!["bolaget", "city", "sydtel"]));
    }
    readers.push((world.sign_in(&world.nordtel.admin).await, vec!["city", "sydtel"]));
    for operation in operations().iter().filter(|operation| operation.method == "GET") {
        if ["customer_events", "me_events", "brand", "brand_logo", "invitation_show"]
            .contains(&operation.id.as_str())
        {
            continue;
        }
        let path = operation.at(|name| match name {
            "mail" => voxera_store::new_id().to_string(),
            name => akes.id_of(name),
        });
        for (who, foreign) in &readers {
            let mut paths = vec![path.clone()];
            if operation.takes("query", "search") {
                paths.push(format!("{path}?limit=200"));
                paths.extend(foreign.iter().map(|word| format!("{path}?search={word}")));
            }
            for path in paths {
                let reply = who.get(&path).await;
                for word in foreign {
                    assert!(
                        !reply.text.contains(word),
                        "{} reads of {word} at {path}: {}",
                        who.name,
                        reply.text
                    );
                }
                let csv = who.with("accept", "text/csv").get(&path).await;
                assert!(foreign.iter().all(|word| !csv.text.contains(word)), "{path}");
                lists += u32::from(reply.status.is_success());
            }
        }
    }
    assert!(lists > 150, "{lists}");
    // What is one's own is there: the words are looked for in the right place.
    let own = world.admin(world.city()).await.get(&world.city().pbx("/extensions?search=city")).await;
    assert_eq!(own.items().len(), 2);
}

#[tokio::test]
async fn the_same_extension_numbers_live_side_by_side() {
    let world = World::new().await;
    for company in [world.akes(), world.bolaget(), world.city()] {
        let extensions = world.admin(company).await.get(&company.pbx("/extensions")).await.items();
        let shown: Vec<_> = extensions.iter().map(|e| (e["number"].clone(), e["name"].clone())).collect();
        let own = |number: &str| (json!(number), json!(format!("{} {number}", company.word)));
        assert_eq!(shown, [own("1000"), own("1001")]);
    }
    // What must be unique in the installation is, without telling whose it is.
    let admin = world.admin(world.akes()).await;
    let taken = json!({ "name": "Ny", "realm": world.city().realm });
    let refused = admin.post(&world.akes().at("/pbxs"), taken).await.refused(409, "realm_taken");
    assert!(!refused.to_string().contains("sydtel"));
    let numbers = world.admin(world.city()).await.get(&world.city().at("/numbers")).await.items();
    let taken = json!({ "number": numbers[0]["number"] });
    admin.post(&world.akes().at("/numbers"), taken).await.refused(409, "number_taken");
}

#[tokio::test]
async fn me_shows_the_extensions_and_calls_of_whoever_asks() {
    let world = World::new().await;
    for company in [world.akes(), world.city()] {
        world.register(company, &company.device).await;
        let user = world.sign_in(&company.login("user")).await;
        let own = user.get("/api/v1/me/extension").await.items();
        assert_eq!(own.len(), 1);
        assert_eq!(own[0]["extension"]["id"], json!(company.extension));
        assert_eq!(own[0]["realm"], json!(company.realm));
        assert_eq!(own[0]["devices"][0]["id"], json!(company.device));
        assert_eq!(own[0]["devices"][0]["online"], true);
        let calls = user.get("/api/v1/me/calls").await.expect(200);
        assert_eq!((&calls["total"], &calls["items"][0]["id"]), (&json!(1), &json!(company.call)));
        // Somebody without an extension has neither.
        let manager: Who = world.sign_in(&company.login("manager")).await;
        assert!(manager.get("/api/v1/me/extension").await.items().is_empty());
        assert!(manager.get("/api/v1/me/calls").await.items().is_empty());
    }
}

#[tokio::test]
async fn a_colleagues_picture_is_seen_in_the_same_company_and_nowhere_else() {
    let world = World::new().await;
    let (akes, bolaget, city) = (world.akes(), world.bolaget(), world.city());
    let at = |extension: &str| format!("/api/v1/me/colleagues/{extension}/picture");
    let (me, admin) = (world.sign_in(&akes.login("user")).await, world.admin(akes).await);
    // The manager gets the extension 1001.
    let manager = world.sign_in(&akes.login("manager")).await;
    let id = admin.get(&akes.at("/users?search=manager")).await.items()[0]["id"].clone();
    let extension = akes.pbx(&format!("/extensions/{}", akes.second_extension));
    admin.patch(&extension, json!({ "user": id })).await.expect(200);

    me.get(&at(&akes.second_extension)).await.refused(404, "not_found");
    let listed = async || me.get("/api/v1/me/colleagues?search=1001").await.items()[0]["picture"].clone();
    assert_eq!(listed().await, false);
    let picture = crate::permissions::picture();
    manager.send("PUT", "/api/v1/me/avatar", (picture.into(), Some("image/png"))).await.expect(204);
    assert_eq!(listed().await, true);
    let reply = me.get(&at(&akes.second_extension)).await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "image/png"));
    assert_eq!(reply.header("cache-control"), "private, no-cache");
    let known = me.with("if-none-match", reply.header("etag")).get(&at(&akes.second_extension)).await;
    assert_eq!((known.status.as_u16(), known.text.as_str()), (304, ""));

    // Another company of the same partner, another partner, an administrator without an extension, nobody.
    for company in [bolaget, city] {
        let stranger = world.sign_in(&company.login("user")).await;
        stranger.get(&at(&akes.second_extension)).await.refused(404, "not_found");
        me.get(&at(&company.extension)).await.refused(404, "not_found");
    }
    admin.get(&at(&akes.second_extension)).await.refused(404, "not_found");
    world.anonymous().get(&at(&akes.second_extension)).await.refused(401, "unauthenticated");
    // Gone with the extension.
    admin.patch(&extension, json!({ "user": null })).await.expect(200);
    me.get(&at(&akes.second_extension)).await.refused(404, "not_found");
}
