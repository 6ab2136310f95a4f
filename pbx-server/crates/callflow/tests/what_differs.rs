//! What people are told of two versions of a document.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use serde_json::{Value, json};
use voxera_callflow::{Ivr, IvrDiff, Routing, RoutingDiff, diff, diff_routing};

fn menu(nodes: &Value, entry: &str) -> Ivr {
    let settings = json!({ "language": "sv", "timeout": 5, "retries": 2, "invalid": null });
    serde_json::from_value(json!({ "settings": settings, "entry": entry, "nodes": nodes })).unwrap()
}

fn speech(text: &str) -> Value {
    json!({ "kind": "speech", "text": text })
}

#[test]
fn added_removed_changed_and_moved_nodes_are_told_apart() {
    let old = menu(
        &json!({
            "hello": { "name": "Hello", "step": { "kind": "menu", "prompt": speech("Press 1"), "keys": { "1": "end", "2": "end" } } },
            "end": { "name": "End", "step": { "kind": "hangup" } },
            "gone": { "name": "Gone", "step": { "kind": "hangup" } },
            "same": { "name": "Same", "x": 1, "step": { "kind": "hangup" } },
        }),
        "hello",
    );
    let new = menu(
        &json!({
            "hello": { "name": "Hello", "x": 9, "step": { "kind": "menu", "prompt": speech("Press 1 or 3"), "keys": { "1": "end", "2": "same", "3": "end" } } },
            "end": { "name": "The end", "step": { "kind": "message", "prompt": speech("Bye"), "next": null } },
            "new": { "name": "New", "step": { "kind": "hangup" } },
            "same": { "name": "Same", "x": 2, "step": { "kind": "hangup" } },
        }),
        "new",
    );
    let found = serde_json::to_value(diff(&old, &new)).unwrap();
    assert_eq!(
        found,
        json!({
            "settings": ["entry"],
            "added": [{ "node": "new", "name": "New" }],
            "removed": [{ "node": "gone", "name": "Gone" }],
            "changed": [
                { "node": "end", "name": "The end", "what": ["name", "kind"] },
                { "node": "hello", "name": "Hello", "what": ["prompt", "keys.2", "keys.3"] },
            ],
            "moved": [{ "node": "same", "name": "Same" }],
        })
    );
    assert_eq!(diff(&new, &new), IvrDiff::default());
}

fn rules(list: &[(&str, u32, bool)]) -> Routing {
    let rules: Vec<Value> = list
        .iter()
        .map(|(id, priority, enabled)| {
            json!({ "id": id, "name": id, "priority": priority, "enabled": enabled, "conditions": [], "to": { "kind": "hangup" } })
        })
        .collect();
    serde_json::from_value(json!({ "rules": rules })).unwrap()
}

#[test]
fn a_rule_that_jumps_the_line_is_the_only_one_that_moved() {
    let old = rules(&[("a", 1, true), ("b", 2, true), ("c", 3, true), ("d", 4, true)]);
    let new = rules(&[("a", 2, true), ("b", 3, false), ("d", 1, true), ("e", 9, true)]);
    let diff = diff_routing(&old, &new);
    let names = |list: &[voxera_callflow::RuleRef]| -> Vec<String> {
        list.iter().map(|rule| rule.rule.to_string()).collect()
    };
    assert_eq!(names(&diff.added), ["e"]);
    assert_eq!(names(&diff.removed), ["c"]);
    assert_eq!(names(&diff.moved), ["d"]);
    assert_eq!(diff.changed.len(), 1);
    assert_eq!(diff.changed[0].what, ["enabled"]);
    assert_eq!(diff_routing(&old, &old), RoutingDiff::default());
}
