//! What `check` says of rules, beside every call that a small world has.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;
use voxera_callflow::{
    Date, Destination, Finding, LocalTime, Part, Peer, Problem, Rule, RuleId, Severity, Snapshot, Spot,
    check, check_from, matches, publishable, simulate,
};
use voxera_model::{CustomerId, Dialled, Locale, Name, PbxId, PhoneNumber, Realm, TenantId};

const NUMBERS: [&str; 2] = ["+46317380600", "+46855501234"];
const CALLERS: [&str; 8] = [
    "+46701740605",
    "+46701740606",
    "+46702740605",
    "+46855500001",
    "+4721234567",
    "+4670112233445",
    "+46311112222",
    "+46700000000",
];

fn number(text: &str) -> PhoneNumber {
    PhoneNumber::parse(text).unwrap()
}

fn world(rules: &[(Value, bool)]) -> Snapshot {
    let mut snapshot = Snapshot::new(
        TenantId(Uuid::from_u128(1)),
        CustomerId(Uuid::from_u128(2)),
        PbxId(Uuid::from_u128(3)),
        Name::parse("Åkes Bageri").unwrap(),
        Realm::parse("akes.pbx.localhost").unwrap(),
    );
    snapshot.numbers = NUMBERS.iter().map(|text| (number(text), Destination::Hangup)).collect();
    snapshot.rules = rules
        .iter()
        .enumerate()
        .map(|(index, (conditions, enabled))| {
            serde_json::from_value(json!({
                "id": format!("r{index}"), "name": format!("Rule {index}"), "priority": 10, "enabled": enabled,
                "conditions": conditions, "to": { "kind": "hangup" },
            }))
            .unwrap()
        })
        .collect();
    snapshot
}

fn of_rule<'a>(findings: &'a [Finding], wanted: &'a RuleId) -> impl Iterator<Item = &'a Finding> {
    findings
        .iter()
        .filter(move |found| matches!(&found.spot, Some(Spot::Rule { rule, .. }) if rule == wanted))
}

/// Whether the rule is said to take no calls.
fn is_idle(finding: &Finding) -> bool {
    matches!(finding.problem, Problem::Shadowed { .. } | Problem::NeverHolds { .. } | Problem::DatesPassed)
}

/// The first rule that takes a call.
fn decides<'a>(rules: &'a [Rule], at: LocalTime, from: &Peer, dialled: &PhoneNumber) -> Option<&'a RuleId> {
    rules.iter().find(|rule| matches(rule, at, from, dialled).is_ok()).map(|rule| &rule.id)
}

/// Calls of every sort that the generated conditions tell apart.
fn calls() -> Vec<(LocalTime, Peer, PhoneNumber)> {
    let mut peers: Vec<Peer> = CALLERS.iter().map(|text| Peer::Outside(Some(number(text)))).collect();
    peers.push(Peer::Outside(None));
    let first = Date::new(2026, 1, 1).unwrap().days();
    // Two years of days hold every weekday, most kinds of holidays on most weekdays, and all ranges.
    let days = (first..first + 731).filter(|day| {
        let date = LocalTime { day: *day, minute: 0 }.date();
        voxera_callflow::holiday(date).is_some() || (155..=176).contains(&(day - first))
    });
    let mut calls = Vec::new();
    for day in days {
        for minute in [0, 479, 480, 719, 720, 1019, 1020, 1439] {
            for from in &peers {
                for dialled in NUMBERS {
                    calls.push((LocalTime { day, minute }, from.clone(), number(dialled)));
                }
            }
        }
    }
    calls
}

fn condition() -> impl Strategy<Value = Value> {
    let hour = prop::sample::select(vec!["00:00", "08:00", "12:00", "17:00", "24:00"]);
    let day = prop::sample::select(vec!["monday", "tuesday", "friday", "saturday", "sunday"]);
    let date = prop::sample::select(vec!["2026-06-05", "2026-06-12", "2026-06-19", "2026-06-22"]);
    let caller = prop::sample::select(vec![
        "070",
        "+4670",
        "0701740605",
        "08",
        "+47",
        "07",
        "0",
        "+46702",
        "7406",
        "46",
        "31",
        "+4",
    ]);
    let how = prop::sample::select(vec!["matches", "starts_with", "contains"]);
    prop_oneof![
        (hour.clone(), hour).prop_map(|(from, to)| json!({ "kind": "time", "from": from, "to": to })),
        prop::collection::btree_set(day, 1..5).prop_map(|days| json!({ "kind": "days", "days": days })),
        (date.clone(), date).prop_map(|(from, to)| {
            json!({ "kind": "dates", "ranges": [{ "from": from.min(to), "to": from.max(to) }] })
        }),
        (any::<[bool; 4]>(), any::<bool>()).prop_map(|([red, eve, half, squeeze], on)| {
            json!({ "kind": "holidays", "on": on,
                "which": { "red_days": red, "eves": eve, "half_days": half, "squeeze_days": squeeze } })
        }),
        (how, caller).prop_map(|(how, number)| json!({ "kind": "caller", "how": how, "number": number })),
        Just(json!({ "kind": "caller_withheld" })),
        prop::sample::subsequence(NUMBERS.to_vec(), 1..=2)
            .prop_map(|numbers| json!({ "kind": "dialled", "numbers": numbers })),
    ]
}

fn rules() -> impl Strategy<Value = Vec<(Value, bool)>> {
    let conditions = prop::collection::vec(condition(), 0..3).prop_map(Value::from);
    prop::collection::vec((conditions, prop::bool::weighted(0.9)), 1..7)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_call_is_taken_by_a_rule_that_is_said_to_be_idle(rules in rules()) {
        let snapshot = world(&rules);
        let findings = check(&snapshot);
        let mut taken = BTreeSet::new();
        for (at, from, dialled) in calls() {
            taken.extend(decides(&snapshot.rules, at, &from, &dialled).cloned());
        }
        for rule in &snapshot.rules {
            let idle = of_rule(&findings, &rule.id).find(|finding| is_idle(finding));
            prop_assert!(
                idle.is_none() || !taken.contains(&rule.id),
                "{} takes a call, yet: {}", rule.id, idle.map(|found| found.say(Locale::En)).unwrap_or_default()
            );
        }
        // A number whose own target is said to be hidden: a rule takes every call to it.
        for finding in &findings {
            let (Problem::NumberHidden { .. }, Some(Spot::Number { number })) = (&finding.problem, &finding.spot) else { continue };
            for (at, from, dialled) in calls().iter().filter(|(_, _, dialled)| dialled == number) {
                prop_assert!(decides(&snapshot.rules, *at, from, dialled).is_some());
            }
        }
    }

    #[test]
    fn a_witness_shows_an_earlier_rule_of_those_named_taking_the_call(rules in rules()) {
        let snapshot = world(&rules);
        for finding in check(&snapshot) {
            let (Problem::Shadowed { by }, Some(Spot::Rule { rule, .. })) = (&finding.problem, &finding.spot) else { continue };
            let story = finding.witness.as_ref().unwrap();
            let Dialled::Public(dialled) = &story.dialled else { unreachable!() };
            let own = snapshot.rules.iter().find(|known| known.id == *rule).unwrap();
            prop_assert!(matches(own, story.at, &story.from, dialled).is_ok(), "the call is the rule's");
            let takes = decides(&snapshot.rules, story.at, &story.from, dialled).unwrap();
            prop_assert!(takes != rule, "and yet another takes it");
            prop_assert!(!by.is_empty());
        }
    }

    #[test]
    fn none_of_the_rules_that_are_named_can_be_left_out(rules in rules()) {
        let snapshot = world(&rules);
        for finding in check(&snapshot) {
            let (Problem::Shadowed { by }, Some(Spot::Rule { rule, .. })) = (&finding.problem, &finding.spot) else { continue };
            let only = |names: &[&RuleId]| {
                let mut fewer = snapshot.clone();
                fewer.rules.retain(|known| known.id == *rule || names.contains(&&known.id));
                of_rule(&check(&fewer), rule).any(is_idle)
            };
            let named: Vec<&RuleId> = by.iter().map(|by| &by.rule).collect();
            prop_assert!(only(&named), "they do it together");
            for left_out in 0..named.len() {
                let mut fewer = named.clone();
                fewer.remove(left_out);
                prop_assert!(!only(&fewer), "{} is not needed", named[left_out]);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The other direction: with conditions whose classes all have members among the calls, a rule that
    /// takes none of them is found.
    #[test]
    fn every_rule_that_takes_no_call_is_found(
        rules in prop::collection::vec((
            prop::collection::vec(prop_oneof![
                prop::sample::select(vec![("00:00", "08:00"), ("08:00", "17:00"), ("17:00", "08:00"), ("12:00", "24:00")])
                    .prop_map(|(from, to)| json!({ "kind": "time", "from": from, "to": to })),
                prop::sample::select(vec![vec!["monday"], vec!["saturday", "sunday"], vec!["monday", "tuesday", "wednesday", "thursday", "friday"]])
                    .prop_map(|days| json!({ "kind": "days", "days": days })),
                prop::sample::select(vec!["+46701740605", "+4670174060", "+46701", "+4670", "+46", "+47"])
                    .prop_map(|number| json!({ "kind": "caller", "how": "starts_with", "number": number })),
                Just(json!({ "kind": "caller_withheld" })),
                prop::sample::subsequence(NUMBERS.to_vec(), 1..=2)
                    .prop_map(|numbers| json!({ "kind": "dialled", "numbers": numbers })),
            ], 0..3).prop_map(Value::from),
            Just(true),
        ), 1..7)
    ) {
        let snapshot = world(&rules);
        let findings = check(&snapshot);
        let mut taken = BTreeSet::new();
        for (at, from, dialled) in calls() {
            taken.extend(decides(&snapshot.rules, at, &from, &dialled).cloned());
        }
        for rule in &snapshot.rules {
            let idle = of_rule(&findings, &rule.id).any(is_idle);
            prop_assert_eq!(idle, !taken.contains(&rule.id), "{}", rule.id);
        }
    }
}

#[test]
fn a_rule_behind_two_that_share_its_day_is_shadowed_by_both() {
    let snapshot = world(&[
        (json!([{ "kind": "time", "from": "08:00", "to": "17:00" }]), true),
        (json!([{ "kind": "caller_withheld" }]), true),
        (json!([{ "kind": "time", "from": "17:00", "to": "08:00" }]), true),
        (json!([{ "kind": "days", "days": ["monday"] }]), true),
    ]);
    let findings = check(&snapshot);
    let id = RuleId::parse("r3").unwrap();
    let found = of_rule(&findings, &id).next().unwrap();
    assert_eq!(
        found.say(Locale::En),
        "The rule “Rule 3”: The rule is never used: “Rule 0” and “Rule 2” come before it and together take all its calls. Move it up or remove it."
    );
    assert_eq!(found.severity, Severity::Warning);
    assert!(publishable(&findings), "{findings:?}");
    let told = simulate(&snapshot, found.witness.as_ref().unwrap());
    assert!(!told.steps.is_empty());
}

#[test]
fn conditions_that_contradict_each_other_are_named() {
    let cases = [
        (json!([{ "kind": "days", "days": ["monday"] }, { "kind": "days", "days": ["friday"] }]), Part::Days),
        (
            json!([{ "kind": "dates", "ranges": [{ "from": "2026-06-19", "to": "2026-06-19" }] },
                   { "kind": "holidays", "on": false, "which": { "red_days": false, "eves": true, "half_days": false, "squeeze_days": false } }]),
            Part::Days,
        ),
        (
            json!([{ "kind": "time", "from": "08:00", "to": "12:00" }, { "kind": "time", "from": "12:00", "to": "08:00" }]),
            Part::Times,
        ),
        (
            json!([{ "kind": "caller", "how": "starts_with", "number": "070" }, { "kind": "caller_withheld" }]),
            Part::Caller,
        ),
        (
            json!([{ "kind": "caller", "how": "starts_with", "number": "070" }, { "kind": "caller", "how": "matches", "number": "08-123 456" }]),
            Part::Caller,
        ),
        (json!([{ "kind": "dialled", "numbers": ["+46401234567"] }]), Part::Dialled),
    ];
    for (conditions, part) in cases {
        let findings = check(&world(&[(conditions.clone(), true)]));
        let problems: Vec<&Problem> = findings.iter().map(|found| &found.problem).collect();
        assert!(problems.contains(&&Problem::NeverHolds { part }), "{conditions}: {problems:?}");
    }
}

#[test]
fn a_rule_for_last_christmas_is_past() {
    let dates = json!([{ "kind": "dates", "ranges": [{ "from": "2025-12-24", "to": "2025-12-26" }] }]);
    let snapshot = world(&[(dates, true)]);
    let idle = |findings: &[Finding]| findings.iter().any(is_idle);
    assert!(!idle(&check(&snapshot)));
    let findings = check_from(&snapshot, Date::new(2026, 1, 1).unwrap());
    assert!(findings.iter().any(|found| found.problem == Problem::DatesPassed));
    assert!(!idle(&check_from(&snapshot, Date::new(2025, 12, 26).unwrap())));
}

#[test]
fn a_caller_that_is_no_number_stops_a_publish() {
    let findings =
        check(&world(&[(json!([{ "kind": "caller", "how": "matches", "number": "Anna" }]), true)]));
    assert!(!publishable(&findings));
    assert!(findings[0].say(Locale::Sv).contains("”Anna” är inte början på något nummer"), "{findings:?}");
}

#[test]
fn a_rule_for_everybody_hides_where_a_number_leads() {
    let findings = check(&world(&[(json!([{ "kind": "dialled", "numbers": [NUMBERS[0]] }]), true)]));
    let hidden: Vec<String> = findings
        .iter()
        .filter(|found| matches!(found.problem, Problem::NumberHidden { .. }))
        .map(|found| found.say(Locale::En))
        .collect();
    assert_eq!(
        hidden,
        [
            "031-738 06 00: No calls go where the number leads: “Rule 0” takes them all. Remove the rule if the number's own target is meant."
        ]
    );
}
