//! Extensions of every kind, many at once, and what people change of their own.

use crate::common::{Company, Who, World, json_body};
use axum::body::Body;
use serde_json::{Value, json};

async fn made(admin: &Who, company: &Company, number: &str, settings: Value) -> Value {
    let new = json!({ "number": number, "name": format!("Nr {number}"), "settings": settings });
    admin.post(&company.pbx("/extensions"), new).await.expect(201)
}

#[tokio::test]
async fn every_kind_of_extension_is_made_shown_changed_and_filtered() {
    let world = World::new().await;
    let (akes, admin) = (world.akes(), world.admin(world.akes()).await);
    let members = json!([{ "extension": akes.extension, "tier": 1 }, { "extension": akes.second_extension, "tier": 2 }]);
    let queue = made(&admin, akes, "2001", json!({ "kind": "queue", "strategy": "longest_idle",
        "members": members, "max_wait_seconds": 300, "overflow": { "kind": "voicemail", "mailbox": akes.extension } })).await;
    assert_eq!((&queue["kind"], &queue["settings"]["wrap_up_seconds"]), (&json!("queue"), &json!(10)));
    assert_eq!(queue["settings"]["members"], members);
    made(&admin, akes, "2002", json!({ "kind": "hunt_group", "strategy": "ring_all", "members": members }))
        .await;
    made(&admin, akes, "2003", json!({ "kind": "ivr", "flow": akes.flow })).await;
    let room = made(&admin, akes, "2004", json!({ "kind": "conference", "pin": "4711" })).await;
    assert_eq!(room["settings"], json!({ "kind": "conference", "max_members": 10, "pin_set": true }));
    made(&admin, akes, "2005", json!({ "kind": "voicemail", "mailbox": akes.extension })).await;
    let outside = made(&admin, akes, "2006", json!({ "kind": "external", "number": "070-123 45 67" })).await;
    assert_eq!(outside["settings"]["number"], "+46701234567");
    let kinds = admin.get(&akes.pbx("/extensions?kind=queue")).await.items();
    assert_eq!(kinds.len(), 1);
    assert_eq!(admin.get(&akes.pbx("/extensions?kind=robot")).await.fields(400)[0].0, "?kind");
    let own = format!("/extensions?user={}", akes.user);
    assert_eq!(admin.get(&akes.pbx(&own)).await.items().len(), 1);

    // Absent stays, null empties, a PIN is taken away without ever being shown.
    let one = |id: &Value| akes.pbx(&format!("/extensions/{}", id.as_str().unwrap()));
    let changed = admin
        .patch(&one(&queue["id"]), json!({ "settings": { "max_callers": 5, "overflow": null } }))
        .await
        .expect(200);
    assert_eq!(
        (&changed["settings"]["max_callers"], &changed["settings"]["overflow"]),
        (&json!(5), &Value::Null)
    );
    assert_eq!(changed["settings"]["members"], members);
    let room_at = one(&room["id"]);
    assert_eq!(
        admin.patch(&room_at, json!({ "settings": { "max_members": 3 } })).await.expect(200)["settings"]["pin_set"],
        true
    );
    assert_eq!(
        admin.patch(&room_at, json!({ "settings": { "pin": null } })).await.expect(200)["settings"]["pin_set"],
        false
    );
    assert_eq!(
        admin.patch(&room_at, json!({ "settings": { "pin": "1234" } })).await.fields(422)[0].0,
        "/settings/pin"
    );
    assert_eq!(
        admin.patch(&room_at, json!({ "settings": { "kind": "queue" } })).await.fields(422),
        [("/settings/kind".into(), "kind_stays".into())]
    );

    // What is used is not removed, and the refusal says by what.
    let refused = admin.delete(&akes.pbx(&format!("/extensions/{}", akes.extension))).await;
    let refused = refused.refused(409, "extension_in_use");
    assert!(refused["detail"].as_str().unwrap().contains("2005"), "{refused}");
    let refused = admin.delete(&akes.pbx(&format!("/flows/{}", akes.flow))).await.refused(409, "flow_in_use");
    assert!(refused["detail"].as_str().unwrap().contains("2003"), "{refused}");
    // A person may have several.
    let second = json!({ "number": "1500", "name": "Hemma", "user": akes.user });
    admin.post(&akes.pbx("/extensions"), second).await.expect(201);
    let user = world.sign_in(&akes.login("user")).await;
    assert_eq!(user.get("/api/v1/me/extension").await.items().len(), 2);
}

#[tokio::test]
async fn settings_name_what_is_in_the_same_pbx() {
    let world = World::new().await;
    let (akes, admin) = (world.akes(), world.admin(world.akes()).await);
    let city = world.city();
    let cases = [
        (
            json!({ "kind": "queue", "members": [{ "extension": city.extension, "tier": 1 }] }),
            "/settings/members/0/extension",
        ),
        (
            json!({ "kind": "queue", "members": [{ "extension": akes.extension, "tier": 10 }] }),
            "/settings/members/0/tier",
        ),
        (json!({ "kind": "queue", "music": city.audio }), "/settings/music"),
        (json!({ "kind": "ivr", "flow": city.flow }), "/settings/flow"),
        (json!({ "kind": "voicemail", "mailbox": city.extension }), "/settings/mailbox"),
        (
            json!({ "kind": "user", "forwarding": { "always": { "kind": "extension", "extension": city.extension } } }),
            "/settings/forwarding/always/extension",
        ),
        (
            json!({ "kind": "user", "mailbox": { "longest_seconds": 601 } }),
            "/settings/mailbox/longest_seconds",
        ),
        (json!({ "kind": "user", "colour": "red" }), "/settings/colour"),
        (json!({ "kind": "conference", "max_members": 1 }), "/settings/max_members"),
        (json!({ "kind": "external" }), "/settings"),
        (json!({ "kind": "robot" }), "/settings/kind"),
    ];
    for (settings, field) in cases {
        let new = json!({ "number": "2500", "name": "N", "settings": settings });
        let fields = admin.post(&akes.pbx("/extensions"), new).await.fields(422);
        assert_eq!(fields[0].0, field, "{settings}: {fields:?}");
    }
    let new = json!({ "number": "2500", "name": "N", "settings": { "kind": "conference" }, "recording": { "notice": null } });
    assert_eq!(
        admin.post(&akes.pbx("/extensions"), new).await.fields(422),
        [("/recording".into(), "not_recordable".into())]
    );
}

#[tokio::test]
async fn a_table_makes_many_extensions_or_none() {
    let world = World::new().await;
    let (akes, admin) = (world.akes(), world.admin(world.akes()).await);
    let import = async |query: &str, table: &str| {
        let body = (Body::from(table.to_owned()), Some("text/csv; charset=utf-8"));
        admin.send("POST", &akes.pbx(&format!("/extensions/import{query}")), body).await
    };
    let total = async || admin.get(&akes.pbx("/extensions")).await.expect(200)["total"].as_u64().unwrap();
    let wrong = format!(
        "number;name;kind;email;voicemail;outside\n1000;Upptagen;;;;\n15;;user;{};maybe;\n2100;Ute;external;;;\n2101;Kö;queue;;ja;\n2101;Kö igen;queue;;;\n",
        "nobody@akes.example"
    );
    let looked = import("?dry_run=true", &wrong).await.expect(200);
    assert_eq!(
        (&looked["dry_run"], &looked["wrong"], &looked["created"]),
        (&json!(true), &json!(5), &json!(0))
    );
    let columns = |row: usize| -> Vec<String> {
        let errors = looked["rows"][row]["errors"].as_array().unwrap();
        errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(columns(0), ["number"]);
    assert_eq!(columns(1), ["name", "email", "voicemail"]);
    assert_eq!(
        (columns(2)[0].as_str(), columns(3), columns(4)),
        ("outside", vec!["voicemail".to_owned()], vec!["number".to_owned()])
    );
    let refused = import("", &wrong).await.fields(422);
    assert!(refused.contains(&("/rows/2/number".into(), "extension_number_taken".into())), "{refused:?}");
    assert_eq!(total().await, 2, "nothing half-made");

    let good = format!(
        "number,name,email,voicemail,ring_seconds\n2201,\"Öberg, Åsa\",{},yes,15\n2202,Bar,,,\n",
        akes.login("manager")
    );
    let made = import("", &good).await.expect(200);
    assert_eq!((&made["created"], &made["rows"][0]["line"]), (&json!(2), &json!(2)));
    let first = akes.pbx(&format!("/extensions/{}", made["rows"][0]["id"].as_str().unwrap()));
    let first = admin.get(&first).await.expect(200);
    assert_eq!((&first["name"], &first["settings"]["ring_seconds"]), (&json!("Öberg, Åsa"), &json!(15)));
    assert!(first["settings"]["mailbox"].is_object() && first["user"].is_string(), "{first}");
    assert_eq!(total().await, 4);
    import("", "a,b\n1,2\n").await.fields(422);
    import("", "").await.fields(422);
    let body = (Body::from("{}"), Some("application/json"));
    admin.send("POST", &akes.pbx("/extensions/import"), body).await.refused(415, "unsupported_media_type");
}

#[tokio::test]
async fn people_change_what_is_theirs_and_nothing_else() {
    let world = World::new().await;
    let akes = world.akes();
    let user = world.sign_in(&akes.login("user")).await;
    let own = format!("/api/v1/me/extensions/{}", akes.extension);
    let change = json!({ "do_not_disturb": true, "forwarding": { "busy": { "kind": "extension", "extension": akes.second_extension } },
        "mailbox": { "pin": "4711" } });
    let changed = user.patch(&own, change).await.expect(200);
    assert_eq!(
        (&changed["status"], &changed["settings"]["mailbox"]["pin_set"]),
        (&json!("do_not_disturb"), &json!(true))
    );
    let changed = user
        .patch(&own, json!({ "do_not_disturb": false, "forwarding": { "busy": null } }))
        .await
        .expect(200);
    assert_eq!(changed["settings"]["forwarding"]["busy"], Value::Null);
    assert_eq!(changed["settings"]["mailbox"]["pin_set"], true);
    let itself = json!({ "forwarding": { "always": { "kind": "extension", "extension": akes.extension } } });
    assert_eq!(
        user.patch(&own, itself).await.fields(422),
        [("/forwarding/always/extension".into(), "itself".into())]
    );
    let other = format!("/api/v1/me/extensions/{}", akes.second_extension);
    user.patch(&other, json!({ "do_not_disturb": true })).await.refused(404, "not_found");
    user.send("PATCH", &own, json_body(&json!({ "may_listen": true }))).await.fields(422);
}
