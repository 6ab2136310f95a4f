//! The golden calls leave nothing out: every kind of thing that can be set up, happen, be done, be a
//! place to stand, or be a reason, is in one of them.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use voxera_callflow::scenario::load_all;
use voxera_callflow::{Cursor, Event, TraceEntry, step};

/// Reasons that no event of a call leads to: an engine or the call control writes them, or a newer
/// version; or that take settings that no file can write down.
const ELSEWHERE: &[&str] = &[
    "phone_removed",
    "system_restarted",
    "unknown",
    "settings_changed",
    "too_many_nodes",
    "sound_lost",
    "sound_back",
    "sound_rests",
    "stayed_away",
    "carrier_lost",
];

#[derive(Default)]
struct Seen {
    actions: BTreeSet<String>,
    events: BTreeSet<String>,
    positions: BTreeSet<String>,
    reasons: BTreeSet<String>,
    set_up: BTreeSet<String>,
}

/// Every `"kind"` and `"strategy"` below a value.
fn kinds(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if let (true, Some(text)) =
                    (matches!(name.as_str(), "kind" | "strategy" | "how"), field.as_str())
                {
                    into.insert(text.to_owned());
                }
                kinds(field, into);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| kinds(item, into)),
        _ => {}
    }
}

fn kind(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap()["kind"].as_str().unwrap().to_owned()
}

fn seen() -> Seen {
    let mut seen = Seen::default();
    for scenario in load_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")).unwrap() {
        kinds(&serde_json::to_value(&scenario.snapshot).unwrap(), &mut seen.set_up);
        let mut cursor: Option<Cursor> = None;
        for expected in &scenario.steps {
            for event in expected.event.events(cursor.as_ref()) {
                let mut facts = expected.facts.clone();
                if let (Event::Timer { .. }, Some(due)) =
                    (&event, cursor.as_ref().and_then(|c| c.journey.due))
                {
                    facts.clock = facts.clock.max(due);
                }
                let step = step(&scenario.snapshot, &facts, cursor.as_ref(), &event);
                seen.events.insert(kind(&event));
                seen.actions.extend(step.actions.iter().map(kind));
                let reason = |entry: &TraceEntry| kind(&entry.reason);
                seen.reasons.extend(step.trace.iter().map(reason));
                seen.positions.extend(step.next.iter().map(|cursor| kind(&cursor.position)));
                cursor = step.next;
            }
        }
    }
    seen
}

/// The kinds of an enum, from its source: so that a new one cannot be forgotten here.
fn declared(source: &str, name: &str) -> Vec<String> {
    let start = source.find(&format!("pub enum {name} {{")).unwrap();
    let body = &source[start..];
    let body = &body[..body.find("\n}").unwrap()];
    let variant = |line: &str| {
        let word: String =
            line.strip_prefix("    ")?.chars().take_while(char::is_ascii_alphanumeric).collect();
        word.starts_with(|c: char| c.is_ascii_uppercase()).then_some(word)
    };
    body.lines().filter_map(variant).map(|word| snake(&word)).collect()
}

fn snake(word: &str) -> String {
    let mut text = String::new();
    for character in word.chars() {
        if character.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(character.to_ascii_lowercase());
    }
    text
}

fn missing(declared: &[String], seen: &BTreeSet<String>) -> Vec<String> {
    assert!(declared.len() > 3);
    declared
        .iter()
        .filter(|kind| !seen.contains(*kind) && !ELSEWHERE.contains(&kind.as_str()))
        .cloned()
        .collect()
}

#[test]
fn every_kind_of_reason_action_event_and_place_is_in_a_golden_call() {
    let seen = seen();
    let nothing: Vec<String> = Vec::new();
    let step = include_str!("../src/step.rs");
    assert_eq!(missing(&declared(include_str!("../src/reason/mod.rs"), "Reason"), &seen.reasons), nothing);
    // A message is kept whenever it can be; nothing decides to throw one away.
    assert_eq!(missing(&declared(step, "Action"), &seen.actions), ["stop_ringing", "drop_message"]);
    assert_eq!(missing(&declared(include_str!("../src/event.rs"), "Event"), &seen.events), nothing);
    assert_eq!(missing(&declared(include_str!("../src/cursor.rs"), "Position"), &seen.positions), nothing);
}

#[test]
fn every_kind_of_extension_node_condition_strategy_and_destination_is_in_a_golden_call() {
    let seen = seen();
    let nothing: Vec<String> = Vec::new();
    for (source, name) in [
        (include_str!("../src/extension.rs"), "Kind"),
        (include_str!("../src/extension.rs"), "Strategy"),
        (include_str!("../src/ivr.rs"), "NodeKind"),
        (include_str!("../src/routing.rs"), "Condition"),
        (include_str!("../src/routing.rs"), "CallerMatch"),
        (include_str!("../src/routing.rs"), "Destination"),
    ] {
        let all = declared(source, name);
        let left: Vec<&String> = all.iter().filter(|kind| !seen.set_up.contains(*kind)).collect();
        assert_eq!(left, nothing.iter().collect::<Vec<_>>(), "{name}");
    }
}
