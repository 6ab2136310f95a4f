//! Lists are searched, sorted and paged by the server.

use crate::common::{Operation, World, operations};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use voxera_callflow::Cause;

fn lists() -> Vec<Operation> {
    operations().into_iter().filter(|operation| operation.takes("query", "sort")).collect()
}

/// An installation with more than one of everything.
async fn full() -> World {
    let world = World::new().await;
    let (platform, akes) = (world.platform().await, world.akes());
    for name in ["Kim", "Alex", "Robin"] {
        let person = json!({ "email": format!("{name}@lists.example"), "name": name });
        platform.post("/api/v1/platform/users", person.clone()).await.expect(201);
        platform.post(&format!("/api/v1/tenants/{}/users", akes.tenant), person).await.expect(201);
        let phones = akes.pbx(&format!("/extensions/{}/devices", akes.extension));
        platform.post(&phones, json!({ "name": name })).await.expect(201);
        platform.post(&akes.at("/pbxs"), json!({ "name": name })).await.expect(201);
    }
    for (at, outcome) in [Cause::Busy, Cause::NoAnswer, Cause::Normal].into_iter().enumerate() {
        world.call(akes, outcome, TimeDelta::hours(2 + i64::try_from(at).unwrap())).await;
    }
    for digit in 1..4 {
        platform
            .post(&akes.at("/numbers"), json!({ "number": format!("+4670100000{digit}") }))
            .await
            .expect(201);
    }
    for device in [&akes.device, &akes.second_device] {
        world.register(akes, device).await;
    }
    let third = json!({ "number": "1002", "name": "akes 1002" });
    platform.post(&akes.pbx("/extensions"), third).await.expect(201);
    world.sign_in(&akes.login("user")).await;
    world.fresh_token(&akes.login("user")).await;
    platform.post(&akes.pbx(&format!("/flows/{}/publish", akes.flow)), json!({})).await.expect(201);
    let line = json!({ "name": "Reserv", "kind": "address", "host": "192.0.2.1", "priority": 20 });
    platform.post(&akes.pbx("/trunks"), line).await.expect(201);
    for (name, weight) in [("fs1", 10), ("fs2", 20)] {
        let node = json!({ "name": name, "host": format!("{name}.test"), "password": "x", "weight": weight });
        platform.post("/api/v1/platform/nodes", node).await.expect(201);
    }
    world.sound(akes, "Ett annat ljud", false).await;
    world.message(akes, 7).await;
    world.recording(akes, 7).await;
    world.callback(akes).await;
    world
}

#[tokio::test]
async fn every_list_can_be_sorted_paged_and_searched() {
    let world = full().await;
    let (platform, akes) = (world.platform().await, world.akes());
    let user = world.sign_in(&akes.login("user")).await;
    for operation in lists() {
        let who = if operation.id.starts_with("me_") { &user } else { &platform };
        let path = operation.at(|name| akes.id_of(name));
        let all = who.get(&path).await.expect(200);
        let total = all["total"].as_u64().unwrap();
        assert!(total >= 2, "{}: {all}", operation.id);
        let ids = |list: &Value| -> Vec<String> {
            let items = list["items"].as_array().unwrap().iter();
            items
                .map(|item| {
                    let named = ["id", "device", "version", "extension", "at"];
                    item[*named.iter().find(|name| !item[**name].is_null()).unwrap()].to_string()
                })
                .collect()
        };

        // Every sort key, both ways: the same things, and what they are sorted by in mirrored order.
        let sort =
            operation.spec["parameters"].as_array().unwrap().iter().find(|p| p["name"] == "sort").unwrap();
        let keys: Vec<&str> =
            sort["schema"]["enum"].as_array().unwrap().iter().map(|k| k.as_str().unwrap()).collect();
        assert!(keys.contains(&sort["schema"]["default"].as_str().unwrap()));
        for key in keys.iter().filter(|key| !key.starts_with('-')) {
            let up = ids(&who.get(&format!("{path}?sort={key}&limit=200")).await.expect(200));
            let down = ids(&who.get(&format!("{path}?sort=-{key}&limit=200")).await.expect(200));
            assert_eq!(up.iter().collect::<BTreeSet<_>>(), down.iter().collect::<BTreeSet<_>>());
            assert_eq!(up.len(), up.iter().collect::<BTreeSet<_>>().len(), "nothing comes twice");
            let values = async |query: &str| -> Vec<Value> {
                let items = who.get(&format!("{path}?limit=200&sort={query}")).await.items();
                // What has no value comes last, either way.
                let value = |item: &Value| match &item["extension"][*key] {
                    Value::Null => item[*key].clone(),
                    colleague => colleague.clone(),
                };
                items.iter().map(value).filter(|value| !value.is_null()).collect()
            };
            let (rising, mut falling) = (values(key).await, values(&format!("-{key}")).await);
            falling.reverse();
            assert_eq!(rising, falling, "{} by {key}", operation.id);
            // Pages put together are the list.
            let mut paged = Vec::new();
            for offset in 0..up.len() {
                let page = who.get(&format!("{path}?sort={key}&limit=1&offset={offset}")).await.expect(200);
                assert_eq!(page["total"].as_u64().unwrap(), up.len() as u64);
                paged.extend(ids(&page));
            }
            assert_eq!(paged, up, "{} by {key}, page by page", operation.id);
        }

        let beyond = who.get(&format!("{path}?offset=100000")).await.expect(200);
        assert_eq!((beyond["items"].as_array().unwrap().len(), &beyond["total"]), (0, &json!(total)));
        let nothing = who.get(&format!("{path}?search=%25_%27%22%5Cnothing")).await.expect(200);
        assert_eq!(nothing["total"], 0, "{}", operation.id);
        for wildcard in ["%25", "_", "%5C"] {
            let found = who.get(&format!("{path}?search={wildcard}")).await.expect(200);
            assert!(found["total"].as_u64().unwrap() <= total);
        }
    }
}

#[tokio::test]
async fn a_query_that_cannot_be_accepted_says_where() {
    let world = World::new().await;
    let platform = world.platform().await;
    for operation in lists() {
        let path = operation.at(|name| world.akes().id_of(name));
        for (query, field, code) in [
            ("sort=password", "?sort", "sort"),
            ("sort=name;drop", "?sort", "sort"),
            ("sort=--name", "?sort", "sort"),
            ("limit=0", "?limit", "range"),
            ("limit=201", "?limit", "range"),
            ("limit=ten", "?limit", "number"),
            ("offset=-1", "?offset", "number"),
            ("offset=1000001", "?offset", "range"),
            ("order=name", "?order", "unknown_field"),
            ("search=a%00b", "?search", "text"),
        ] {
            let refused = platform.get(&format!("{path}?{query}")).await.fields(400);
            assert_eq!(refused, [(field.to_owned(), code.to_owned())], "{} {query}", operation.id);
        }
        let long = format!("{path}?search={}", "x".repeat(101));
        assert_eq!(platform.get(&long).await.fields(400), [("?search".into(), "too_long".into())]);
        let both = platform.get(&format!("{path}?limit=0&sort=x")).await.fields(400);
        assert_eq!(both.len(), 2, "all at once");
    }
}

#[tokio::test]
async fn search_finds_what_people_look_for() {
    let world = World::new().await;
    let akes = world.akes();
    let platform = world.platform().await;
    let found = async |path: String| platform.get(&path).await.expect(200)["total"].as_u64().unwrap();
    assert_eq!(found(akes.pbx("/extensions?search=1001")).await, 1);
    assert_eq!(found(akes.pbx("/extensions?search=AKES")).await, 2);
    assert_eq!(found(akes.at("/users?search=manager%40akes")).await, 1);
    assert_eq!(found(akes.at("/pbxs?search=akes.pbx")).await, 1);
    assert_eq!(found(akes.pbx("/calls?search=1000")).await, 1);
    assert_eq!(found(format!("/api/v1/tenants/{}/customers?search=bolag", akes.tenant)).await, 1);
    assert_eq!(found("/api/v1/tenants?search=sydtel".into()).await, 1);
    world.register(akes, &akes.device).await;
    assert_eq!(found(akes.pbx("/registrations?search=phone%20of")).await, 1);
    assert_eq!(found(akes.pbx("/registrations?search=1001")).await, 0);
}

#[tokio::test]
async fn calls_are_filtered_by_extension_time_and_outcome() {
    let world = World::new().await;
    let akes = world.akes();
    let manager = world.sign_in(&akes.login("manager")).await;
    world.call(akes, Cause::Busy, TimeDelta::days(2)).await;
    world.call(akes, Cause::NoAnswer, TimeDelta::days(3)).await;
    let count = async |query: &str| {
        manager.get(&akes.pbx(&format!("/calls?{query}"))).await.expect(200)["total"].as_u64().unwrap()
    };
    assert_eq!(count("").await, 3);
    assert_eq!(count("outcome=busy").await, 1);
    assert_eq!(count("outcome=declined").await, 0);
    assert_eq!(count("extension=1000").await, 3);
    assert_eq!(count("extension=1001").await, 1);
    let ago = |days| {
        (chrono::Utc::now() - TimeDelta::days(days)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    };
    assert_eq!(count(&format!("from={}", ago(1))).await, 1);
    assert_eq!(count(&format!("to={}", ago(1))).await, 2);
    assert_eq!(count(&format!("from={}&to={}&outcome=busy", ago(4), ago(1))).await, 1);
    let refused = manager.get(&akes.pbx("/calls?outcome=lost&from=yesterday&extension=x")).await.fields(400);
    let fields: BTreeSet<String> = refused.into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, BTreeSet::from(["?outcome".to_owned(), "?from".to_owned(), "?extension".to_owned()]));
}

#[tokio::test]
async fn calls_come_as_a_file_for_a_spreadsheet() {
    let world = World::new().await;
    let akes = world.akes();
    // More than one page of the database.
    for minutes in 0..205 {
        world.call(akes, Cause::Busy, TimeDelta::minutes(200 + minutes)).await;
    }
    let manager = world.sign_in(&akes.login("manager")).await.with("accept", "text/csv");
    let file = manager.get(&akes.pbx("/calls?limit=1&sort=started_at")).await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"calls.csv\"");
    let lines: Vec<&str> =
        file.text.trim_start_matches('\u{feff}').split("\r\n").filter(|l| !l.is_empty()).collect();
    assert_eq!(lines.len(), 207, "a head and every call");
    assert!(lines[0].starts_with("started_at,answered_at,ended_at,from_number"));
    assert!(
        lines[206].contains(",1000,akes 1000,1000,1001,akes 1001,1001,normal,caller,60,50,PCMA"),
        "{}",
        lines[206]
    );
    let times: Vec<&str> = lines[1..].iter().map(|line| line.split(',').next().unwrap()).collect();
    assert!(times.is_sorted());
    let filtered = manager.get(&akes.pbx("/calls?outcome=normal")).await;
    assert_eq!(filtered.text.lines().count(), 2);
}
