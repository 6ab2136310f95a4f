//! Rules and menus as people work on them: drafts, checks, versions, what would happen.

use crate::common::{Company, World, goodbye};
use serde_json::{Value, json};

fn id(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

#[expect(clippy::needless_pass_by_value, reason = "values made on the spot")]
fn rule(id: &str, priority: u32, conditions: Value, to: Value) -> Value {
    json!({ "id": id, "name": id, "priority": priority, "enabled": true, "conditions": conditions, "to": to })
}

fn extension(company: &Company) -> Value {
    json!({ "kind": "extension", "extension": company.extension })
}

#[tokio::test]
async fn a_menu_is_drafted_checked_published_compared_and_rolled_back() {
    let world = World::new().await;
    let (akes, admin) = (world.akes(), world.admin(world.akes()).await);
    let flows = akes.pbx("/flows");
    let made = admin.post(&flows, json!({ "name": "Support" })).await.expect(201);
    assert_eq!((&made["kind"], &made["published"]), (&json!("ivr"), &Value::Null));
    let flow = format!("{flows}/{}", id(&made));
    admin.post(&flows, json!({ "name": "support" })).await.refused(409, "flow_name_taken");

    // An unfinished draft is kept, found wanting and not published.
    let mut document = goodbye();
    document["nodes"]["lost"] = json!({ "name": "Vilse", "step": { "kind": "message", "prompt": { "kind": "speech", "text": "Hej" }, "next": "gone" } });
    document["entry"] = json!("lost");
    let draft = admin.get(&format!("{flow}/draft")).await.expect(200);
    let save = json!({ "document": document, "revision": draft["revision"] });
    let saved =
        admin.send("PUT", &format!("{flow}/draft"), crate::common::json_body(&save)).await.expect(200);
    assert_eq!(saved["document"]["entry"], "lost");
    let found = admin.act(&format!("{flow}/check")).await.expect(200);
    assert!(found["errors"].as_u64().unwrap() >= 1, "{found}");
    let refused = admin.post(&format!("{flow}/publish"), json!({})).await.refused(422, "check_failed");
    let finding = &refused["findings"][0];
    assert_eq!((&finding["severity"], &finding["place"]["kind"]), (&json!("error"), &json!("node")));
    assert!(finding["text"].as_str().unwrap().contains("Vilse"), "{finding}");
    let swedish = admin.with("accept-language", "sv").post(&format!("{flow}/publish"), json!({})).await;
    let english = admin.with("accept-language", "en").post(&format!("{flow}/publish"), json!({})).await;
    assert_ne!(swedish.json()["findings"][0]["text"], english.json()["findings"][0]["text"]);

    // Corrected, it becomes the first version.
    document["nodes"]["lost"]["step"]["next"] = json!("bye");
    let save = json!({ "document": document, "revision": saved["revision"] });
    admin.send("PUT", &format!("{flow}/draft"), crate::common::json_body(&save)).await.expect(200);
    let first = admin.post(&format!("{flow}/publish"), json!({ "comment": "Första" })).await.expect(201);
    assert_eq!((&first["version"], &first["comment"]), (&json!(1), &json!("Första")));
    assert_eq!(admin.get(&flow).await.expect(200)["draft_differs"], false);
    let shown = world.view(akes).await;
    assert!(shown.snapshot.ivrs.contains_key(&id(&made).parse().unwrap()), "calls meet it");

    // A second one differs, and is taken back.
    let save = json!({ "document": goodbye() });
    admin.send("PUT", &format!("{flow}/draft"), crate::common::json_body(&save)).await.expect(200);
    let diff = admin.get(&format!("{flow}/diff")).await.expect(200);
    assert_eq!((&diff["same"], &diff["ivr"]["removed"][0]["node"]), (&json!(false), &json!("lost")));
    assert_eq!(diff["ivr"]["settings"], json!(["entry"]));
    admin.post(&format!("{flow}/publish"), json!({})).await.expect(201);
    assert_eq!(admin.get(&format!("{flow}/diff?from=2&to=draft")).await.expect(200)["same"], true);
    let back = admin.post(&format!("{flow}/rollback"), json!({ "version": 1 })).await.expect(201);
    assert_eq!((&back["version"], &back["restored_from"]), (&json!(3), &json!(1)));
    let versions = admin.get(&format!("{flow}/versions")).await.items();
    assert_eq!(versions.iter().map(|v| v["version"].as_u64().unwrap()).collect::<Vec<_>>(), [3, 2, 1]);
    let detail = admin.get(&format!("{flow}/versions/1")).await.expect(200);
    assert_eq!(detail["document"]["entry"], "lost");
    let fields = admin.post(&format!("{flow}/rollback"), json!({ "version": 9 })).await.fields(422);
    assert_eq!(fields, [("/version".into(), "no_such_version".into())]);
    let fields = admin.get(&format!("{flow}/diff?from=9&to=last")).await.fields(400);
    assert_eq!(fields, [("?to".into(), "edition".into())]);

    // A copy to begin another with.
    let copy = json!({ "name": "Support, sommar", "version": 2 });
    let copy = admin.post(&format!("{flow}/duplicate"), copy).await.expect(201);
    assert_eq!(copy["published"], Value::Null);
    let draft = admin.get(&format!("{flows}/{}/draft", id(&copy))).await.expect(200);
    assert_eq!(draft["document"]["entry"], "bye");
    admin.delete(&format!("{flows}/{}", id(&copy))).await.expect(204);
}

#[tokio::test]
async fn nobody_overwrites_anothers_draft_unseen() {
    let world = World::new().await;
    let (akes, admin) = (world.akes(), world.admin(world.akes()).await);
    let chef = world.sign_in(&world.nordtel.admin).await;
    let draft = akes.pbx("/flows/routing/draft");
    let seen = admin.get(&draft).await.expect(200)["revision"].clone();
    let rules = |id: &str| json!({ "rules": [rule(id, 1, json!([]), extension(akes))] });
    let put = async |who: &crate::common::Who, body: Value| {
        who.send("PUT", &draft, crate::common::json_body(&body)).await
    };
    put(&chef, json!({ "document": rules("chef"), "revision": seen })).await.expect(200);
    let refused = put(&admin, json!({ "document": rules("anna"), "revision": seen })).await;
    let refused = refused.refused(409, "draft_changed");
    assert!(refused["detail"].as_str().unwrap().starts_with("nordtel tenant_admin saved"), "{refused}");
    admin
        .post(&akes.pbx("/flows/routing/publish"), json!({ "revision": seen }))
        .await
        .refused(409, "draft_changed");
    let now = admin.get(&draft).await.expect(200);
    assert_eq!(now["document"]["rules"][0]["id"], "chef");
    put(&admin, json!({ "document": rules("anna"), "revision": now["revision"] })).await.expect(200);
}

#[tokio::test]
async fn rules_are_read_field_by_field_and_the_rules_stay() {
    let world = World::new().await;
    let (akes, admin) = (world.akes(), world.admin(world.akes()).await);
    let draft = akes.pbx("/flows/routing/draft");
    let wrong = async |rules: Value| {
        let body = json!({ "document": { "rules": rules } });
        admin.send("PUT", &draft, crate::common::json_body(&body)).await.fields(422)
    };
    let to = extension(akes);
    for (rules, field) in [
        (json!([{ "id": "a" }]), "/document/rules/0"),
        (json!([rule("Å", 1, json!([]), to.clone())]), "/document/rules/0/id"),
        (json!([rule("a", 1, json!([]), json!({ "kind": "moon" }))]), "/document/rules/0/to/kind"),
        (
            json!([rule("a", 1, json!([{ "kind": "days", "days": [] }]), to.clone())]),
            "/document/rules/0/conditions/0/days",
        ),
        (
            json!([rule("a", 1, json!([]), to.clone()), rule("a", 2, json!([]), to.clone())]),
            "/document/rules/1/id",
        ),
        (
            json!([rule(
                "a",
                1,
                json!([{ "kind": "dates", "ranges": [{ "from": "2026-12-24", "to": "2026-12-23" }] }]),
                to.clone()
            )]),
            "/document/rules/0/conditions/0/ranges/0/to",
        ),
    ] {
        assert_eq!(wrong(rules).await[0].0, field);
    }
    let many: Vec<Value> = (0..1001).map(|n| rule(&format!("r{n}"), n, json!([]), to.clone())).collect();
    assert_eq!(wrong(json!(many)).await, [("/document/rules".into(), "too_many".into())]);
    let routing = akes.pbx("/flows/routing");
    admin.delete(&routing).await.refused(409, "flow_is_routing");
    admin.patch(&routing, json!({ "name": "Regler" })).await.refused(409, "flow_is_routing");
    admin
        .post(&format!("{routing}/duplicate"), json!({ "name": "Regler" }))
        .await
        .refused(409, "flow_is_routing");
    let templates = admin.get(&akes.pbx("/routing-templates")).await.items();
    let keys: Vec<&str> = templates.iter().map(|template| template["key"].as_str().unwrap()).collect();
    assert!(["business_hours", "after_hours", "holiday"].iter().all(|key| keys.contains(key)), "{keys:?}");
    // What a template proposes can be saved as it is.
    let body = json!({ "document": { "rules": templates[4]["rules"] } });
    admin.send("PUT", &draft, crate::common::json_body(&body)).await.expect(200);
}

#[tokio::test]
async fn what_would_happen_is_told_with_drafts_and_without() {
    let world = World::new().await;
    let (akes, admin) = (world.akes(), world.admin(world.akes()).await);
    let number = admin.get(&akes.at("/numbers")).await.items()[0].clone();
    let closed = json!([{ "kind": "holidays", "on": true,
        "which": { "red_days": true, "eves": true, "half_days": false, "squeeze_days": false } }]);
    let to_menu = json!({ "kind": "ivr", "flow": akes.flow });
    let rules = json!({ "rules": [
        rule("helg", 1, closed, json!({ "kind": "voicemail", "mailbox": akes.extension })),
        rule("annars", 9, json!([]), to_menu),
    ] });
    let draft = akes.pbx("/flows/routing/draft");
    admin.send("PUT", &draft, crate::common::json_body(&json!({ "document": rules }))).await.expect(200);
    let routing = admin.get(&akes.pbx("/flows/routing")).await.expect(200);
    let story = |at: &str| {
        json!({ "from": { "kind": "outside", "number": "+46701234567" },
        "dialled": number["number"], "at": at, "keys": [] })
    };
    let simulate = async |story: Value, drafts: Value| {
        let body = json!({ "story": story, "drafts": drafts });
        admin.with("accept-language", "sv").post(&akes.pbx("/simulate"), body).await.expect(200)
    };
    let now = simulate(story("2026-12-24T10:30"), json!([])).await;
    assert_eq!(now["end"]["kind"], "hung_up", "{now}");
    let christmas = simulate(story("2026-12-24T10:30"), json!([routing["id"]])).await;
    assert_eq!(christmas["end"], json!({ "kind": "voicemail", "mailbox": akes.extension }), "{christmas}");
    assert_eq!(christmas["reached"][0]["number"], "1000");
    assert!(christmas["end_text"].as_str().unwrap().contains("akes 1000 (1000)"), "{christmas}");
    let trace = christmas["steps"][0]["trace"].to_string();
    assert!(trace.contains("helg"), "{trace}");
    let monday = simulate(story("2026-12-28T10:30"), json!([routing["id"]])).await;
    let heard = monday["steps"].to_string();
    assert!(heard.contains("Tack och hej då."), "{heard}");
    assert_eq!(monday["end"]["kind"], "hung_up");

    let wrong = json!({ "story": { "from": { "kind": "outside", "number": null }, "dialled": "1000", "at": "soon" } });
    assert_eq!(admin.post(&akes.pbx("/simulate"), wrong).await.fields(422)[0].0, "/story/at");
    let foreign = json!({ "story": story("2026-12-28T10:30"), "drafts": [world.city().flow] });
    assert_eq!(admin.post(&akes.pbx("/simulate"), foreign).await.fields(422)[0].0, "/drafts/0");
}

#[tokio::test]
async fn calls_of_the_past_tell_whom_a_draft_would_not_reach_any_more() {
    let world = World::new().await;
    let (akes, admin) = (world.akes(), world.admin(world.akes()).await);
    let same = admin.post(&akes.pbx("/replay"), json!({ "drafts": [], "days": 30 })).await.expect(200);
    assert_eq!((&same["calls"], &same["same"], &same["changed_total"]), (&json!(1), &json!(1), &json!(0)));
    assert_eq!(
        admin.post(&akes.pbx("/replay"), json!({ "drafts": [], "days": 91 })).await.fields(422)[0].0,
        "/days"
    );
}
