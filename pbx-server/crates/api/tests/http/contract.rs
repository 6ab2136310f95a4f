//! The contract is what the server serves, and it is complete.

use crate::common::{World, operations};
use std::collections::BTreeSet;

#[test]
fn the_contract_that_is_checked_in_is_the_one_that_is_served() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../contracts/openapi.yaml");
    let served = voxera_api::contract();
    if std::env::var_os("VOXERA_WRITE_CONTRACT").is_some() {
        std::fs::write(file, &served).unwrap();
    }
    let checked_in = std::fs::read_to_string(file).unwrap();
    let differs = checked_in.lines().zip(served.lines()).find(|(old, new)| old != new);
    assert!(checked_in == served, "contracts/openapi.yaml is stale, run `make contract`: {differs:?}");
}

#[test]
fn every_operation_says_what_it_does_who_may_and_what_can_go_wrong() {
    let known = ["public", "signed_in", "manager", "customer_admin", "tenant_admin", "platform_admin"];
    let mut ids = BTreeSet::new();
    for operation in operations() {
        let name = format!("{} {}", operation.method, operation.path);
        assert!(ids.insert(operation.id.clone()), "{name}: two operations are called {}", operation.id);
        assert!(
            known.contains(&operation.permission.as_str()),
            "{name}: nobody knows {}",
            operation.permission
        );
        assert!(!operation.spec["summary"].as_str().unwrap_or_default().is_empty(), "{name}: no summary");
        let description = operation.spec["description"].as_str().unwrap_or_default();
        assert!(
            description.contains("sign") || description.contains("Needs the role `"),
            "{name}: {description}"
        );
        let responses = operation.spec["responses"].as_object().unwrap();
        let good = responses.keys().filter(|status| status.starts_with('2')).count();
        assert_eq!(good, 1, "{name}: one good answer");
        let expected = |status: &str, happens: bool| {
            assert!(!happens || responses.contains_key(status), "{name}: {status} is not described");
        };
        expected("401", operation.permission != "public");
        expected("403", !["public", "signed_in"].contains(&operation.permission.as_str()));
        expected("404", operation.path.contains('{'));
        expected("422", operation.has_body());
        expected("400", operation.takes("query", "sort"));
        expected("409", operation.takes("header", "Idempotency-Key"));
        for (status, response) in responses {
            let described = response["$ref"].is_string() || response["description"].is_string();
            assert!(described, "{name}: {status} is not described");
        }
        // A list can be searched, sorted and paged.
        let query: Vec<bool> =
            ["search", "sort", "limit", "offset"].iter().map(|name| operation.takes("query", name)).collect();
        assert!(query.iter().all(|there| *there) || query.iter().all(|there| !there), "{name}: half a list");
        // What makes something can be repeated.
        let makes = responses.contains_key("201");
        assert_eq!(makes, operation.takes("header", "Idempotency-Key"), "{name}: makes, and takes a key");
    }
}

#[tokio::test]
async fn every_operation_is_served_and_nothing_else_is() {
    let world = World::new().await;
    let anonymous = world.anonymous();
    for operation in operations() {
        let path = operation.at(|_| voxera_store::new_id().to_string());
        let reply = anonymous.send("OPTIONS", &path, (axum::body::Body::empty(), None)).await;
        reply.refused(405, "method_not_allowed");
        let allowed: Vec<&str> = reply.header("allow").split(',').collect();
        assert!(
            allowed.contains(&operation.method.as_str()),
            "{} {path} is not served: {allowed:?}",
            operation.method
        );
    }
    for nothing in ["/api", "/api/", "/api/v1", "/api/v1/nothing", "/api/v2/tenants", "/.well-known/nothing"]
    {
        anonymous.get(nothing).await.refused(404, "not_found");
    }
}
