//! What is served beside the API, and the headers of everything.

use crate::common::World;
use axum::body::Body;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use voxera_api::Carrier;
use voxera_callcontrol::NodeReport;
use voxera_model::{NodeId, Slug};
use voxera_store::NodeSecret;

#[tokio::test]
async fn machines_read_how_the_server_is() {
    let world = World::new().await;
    let anonymous = world.anonymous();
    let health = anonymous.get("/healthz").await.expect(200);
    assert_eq!((&health["status"], &health["database"]), (&"ok".into(), &"up".into()));
    assert_eq!(health["engine"], "down");
    world.api.engine_runs(Carrier::Server { address: "127.0.0.1:5060".parse().unwrap() });
    assert_eq!(anonymous.get("/readyz").await.expect(200)["engine"], "up");
    let status = world.platform().await.get("/api/v1/platform/status").await.expect(200);
    assert_eq!(status["engine"]["address"], "127.0.0.1:5060");
    assert_eq!(status["database"]["reachable"], true);
    assert!(status["database"]["round_trip_ms"].as_f64().unwrap() > 0.0);
    assert_eq!(status["spool"]["dead_letters"], 0);
}

/// Nodes that are listed carry nothing until one of them works.
#[tokio::test]
async fn with_nodes_the_engine_is_up_while_one_of_them_is() {
    let world = World::new().await;
    let (anonymous, platform) = (world.anonymous(), world.platform().await);
    let engine = async || platform.get("/api/v1/platform/status").await.expect(200)["engine"].clone();
    assert_eq!(engine().await["nodes"], Value::Null, "nothing runs");
    world.api.engine_runs(Carrier::Nodes { address: "192.0.2.1:5060".parse().unwrap() });
    assert_eq!(engine().await["nodes"], json!({ "up": 0, "total": 0 }));
    let id = NodeId(voxera_store::new_id());
    let node = NodeSecret {
        id,
        name: Slug::parse("fs1").unwrap(),
        control_host: "fs1.test".into(),
        control_port: 8021,
        password: String::from("hemligt").into(),
        weight: 1,
        draining: false,
    };
    let nodes = world.control.nodes();
    nodes.configure(vec![node]);
    let now = engine().await;
    assert_eq!((&now["address"], &now["nodes"]), (&Value::Null, &json!({ "up": 0, "total": 1 })));
    assert_eq!(anonymous.get("/healthz").await.expect(200)["engine"], "down");
    let report = NodeReport {
        core: "one".into(),
        version: "1.11.1".into(),
        calls: 0,
        most_calls: 1_000,
        idle_percent: None,
        browsers: true,
    };
    nodes.heard(id, report, chrono::Utc::now());
    let now = engine().await;
    assert_eq!((&now["address"], &now["nodes"]["up"]), (&json!("192.0.2.1:5060"), &json!(1)));
    assert_eq!(anonymous.get("/healthz").await.expect(200)["engine"], "up");
}

#[tokio::test]
async fn metrics_are_for_this_machine_or_for_whoever_has_the_token() {
    let world = World::with(voxera_identity::Limits::default(), |config| {
        config.metrics_token = Some("scrape-me".into());
    })
    .await;
    let local = world.anonymous();
    local.get("/api/v1/brand?slug=secret-search").await.refused(404, "not_found");
    let metrics = local.get("/metrics").await;
    assert_eq!(metrics.header("content-type"), "text/plain; version=0.0.4");
    let line = metrics.text.lines().find(|line| line.contains("/api/v1/brand") && line.contains("404"));
    assert!(line.unwrap().starts_with("voxera_http_requests_total"), "{}", metrics.text);
    assert!(
        !metrics.text.contains("secret-search") && !metrics.text.contains(&world.akes().id),
        "routes, not addresses"
    );

    let far = world.anonymous().from("198.51.100.1");
    far.get("/metrics").await.refused(404, "not_found");
    far.with("authorization", "Bearer wrong").get("/metrics").await.refused(404, "not_found");
    assert_eq!(far.with("authorization", "Bearer scrape-me").get("/metrics").await.status, 200);
    // A proxy on this machine passes on what comes from outside.
    local.with("x-forwarded-for", "198.51.100.1").get("/metrics").await.refused(404, "not_found");
}

#[tokio::test]
async fn the_contract_and_its_page_are_served() {
    let world = World::new().await;
    let anonymous = world.anonymous();
    let served = anonymous.get("/openapi.json").await.expect(200);
    let checked_in: Value = yaml_serde::from_str(&voxera_api::contract()).unwrap();
    assert_eq!(served, checked_in);
    let keys = anonymous.get("/.well-known/jwks.json").await.expect(200);
    let key = &keys["keys"][0];
    assert!(key["kid"].is_string() && key["alg"].is_string() && key["d"].is_null(), "{keys}");

    let page = anonymous.get("/docs").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    for operation in crate::common::operations() {
        assert!(page.text.contains(&format!("id=\"{}\"", operation.id)), "{}", operation.id);
    }
    for schema in served["components"]["schemas"].as_object().unwrap().keys() {
        assert!(page.text.contains(&format!("id=\"schema-{schema}\"")), "{schema}");
    }
    // Every link on the page leads somewhere on it.
    let targets: BTreeSet<&str> =
        page.text.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    for link in page.text.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(targets.contains(link), "{link}");
    }
    for forbidden in ["<script", "<style", "style=", " on", "javascript:"] {
        let found = page
            .text
            .match_indices(forbidden)
            .any(|(at, _)| forbidden != " on" || is_handler(&page.text[at..]));
        assert!(!found, "the page needs no {forbidden}");
    }
    let style = anonymous.get("/docs/style.css").await;
    assert_eq!((style.status.as_u16(), style.header("content-type")), (200, "text/css; charset=utf-8"));
}

/// ` onclick="…"` and its like.
fn is_handler(text: &str) -> bool {
    let name = text.trim_start().split(['=', ' ', '<', '>']).next().unwrap_or_default();
    name.len() > 3 && text.trim_start().get(name.len()..).is_some_and(|rest| rest.starts_with("=\""))
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_protect_browsers() {
    let world = World::new().await;
    let anonymous = world.anonymous();
    let admin = world.admin(world.akes()).await;
    let pages = ["/", "/docs", "/login", "/healthz", "/assets/none.js"];
    let data = ["/api/v1/brand", "/api/v1/nothing", "/openapi.json", "/.well-known/jwks.json"];
    for path in pages.into_iter().chain(data) {
        let reply = anonymous.get(path).await;
        let policy = reply.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(policy.contains("default-src"), "{path}: {policy}");
        let script = policy.split(';').find(|part| part.contains("script-src")).unwrap_or_default();
        assert!(!script.contains("unsafe") && !script.contains('*'), "{path}: {policy}");
        if data.contains(&path) {
            assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        }
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(reply.header("x-frame-options"), "DENY");
        assert_eq!(reply.header("referrer-policy"), "no-referrer");
        assert_eq!(reply.header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(reply.header("cross-origin-resource-policy"), "same-origin");
        assert!(!reply.header("permissions-policy").is_empty());
        assert_eq!(reply.header("strict-transport-security"), "", "not over plain HTTP");
        assert_eq!(reply.header("access-control-allow-origin"), "", "no other site reads this");
        assert!(!reply.header("x-request-id").is_empty());
    }
    assert_eq!(admin.get(&world.akes().at("/pbxs")).await.header("cache-control"), "no-store");
    let preflight =
        anonymous.with("origin", "http://evil.test").with("access-control-request-method", "POST");
    let reply = preflight.send("OPTIONS", "/api/v1/auth/login", (Body::empty(), None)).await;
    assert_eq!(reply.status, 405);
    assert_eq!(reply.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn the_portal_answers_for_every_page_and_the_api_for_itself() {
    let world = World::new().await;
    let anonymous = world.anonymous();
    let page = anonymous.get("/tenants/x/customers/y").await;
    assert!(page.header("content-type").starts_with("text/html"));
    assert_eq!(page.status.is_success(), voxera_api::portal_is_built());
    anonymous.get("/assets/none.js").await.refused(404, "not_found");
    anonymous.get("/..%2f..%2fetc/passwd").await;
    anonymous.post("/login", serde_json::json!({})).await.refused(405, "method_not_allowed");
    anonymous.get("/api/v1/none").await.refused(404, "not_found");
    // Long answers are compressed for those who can read it.
    let packed = anonymous.with("accept-encoding", "gzip").get("/openapi.json").await;
    assert_eq!(packed.header("content-encoding"), "gzip");
}

#[tokio::test]
async fn a_brand_is_found_by_short_name_and_by_host() {
    let world = World::new().await;
    let platform = world.platform().await;
    let tenant = format!("/api/v1/tenants/{}", world.nordtel.id);
    let change =
        serde_json::json!({ "host": "portal.nordtel.example", "accent": "#ff8800", "brand_name": "Nordtel" });
    platform.patch(&tenant, change).await.expect(200);
    let anonymous = world.anonymous();
    let by_slug = anonymous.get("/api/v1/brand?slug=nordtel").await.expect(200);
    assert_eq!((&by_slug["name"], &by_slug["accent"]), (&"Nordtel".into(), &"#ff8800".into()));
    assert!(by_slug["logo_url"].is_null());
    let builtin = anonymous.get("/api/v1/brand").await.expect(200);
    assert_eq!(builtin["slug"], "direct");
    anonymous.get("/api/v1/brand?slug=nobody").await.refused(404, "not_found");
    assert_eq!(anonymous.get("/api/v1/brand?slug=Not%20One").await.fields(400)[0].0, "?slug");
    let hosted = crate::common::Who { host: "portal.nordtel.example:8443".into(), ..anonymous };
    assert_eq!(hosted.get("/api/v1/brand").await.expect(200), by_slug);
}

#[tokio::test]
async fn overviews_count_what_their_level_sees() {
    let world = World::new().await;
    let akes = world.akes();
    world.register(akes, &akes.device).await;
    let _call = world.ring(akes).await;
    let counts = async |who: crate::common::Who, path: String| who.get(&path).await.expect(200);
    let customer = counts(world.sign_in(&akes.login("manager")).await, akes.at("/overview")).await;
    let expected =
        serde_json::json!({ "users": 3, "pbxs": 1, "extensions": 2, "phones_online": 2, "live_calls": 1 });
    assert_eq!(customer["counts"], expected);
    let days = customer["calls_per_day"].as_array().unwrap();
    assert_eq!(days.len(), 30);
    assert_eq!(days.iter().map(|day| day["answered"].as_u64().unwrap()).sum::<u64>(), 1);
    let tenant = format!("/api/v1/tenants/{}/overview", akes.tenant);
    let tenant = counts(world.sign_in(&world.nordtel.admin).await, tenant).await;
    assert_eq!((&tenant["counts"]["customers"], &tenant["counts"]["pbxs"]), (&2.into(), &2.into()));
    assert!(tenant["counts"].get("tenants").is_none());
    let platform = counts(world.platform().await, "/api/v1/platform/overview".into()).await;
    assert_eq!((&platform["counts"]["tenants"], &platform["counts"]["customers"]), (&3.into(), &3.into()));
    assert_eq!(
        (&platform["counts"]["live_calls"], &platform["counts"]["phones_online"]),
        (&1.into(), &2.into())
    );
}
