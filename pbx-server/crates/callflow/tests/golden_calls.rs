//! Every scenario file, through the core.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use std::path::Path;
use voxera_callflow::scenario::{Scenario, load_all};
use voxera_callflow::{Cursor, Event, step};

fn scenarios() -> Vec<Scenario> {
    load_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")).unwrap()
}

#[test]
fn every_golden_call_goes_as_its_file_says() {
    let scenarios = scenarios();
    assert!(scenarios.len() >= 15, "only {} scenarios", scenarios.len());
    let failures: Vec<String> =
        scenarios.iter().filter_map(|scenario| scenario.run().err()).map(|failure| failure.0).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn a_call_can_be_put_down_and_taken_up_again_between_any_two_steps() {
    for scenario in scenarios() {
        let mut straight: Option<Cursor> = None;
        let mut stored: Option<String> = None;
        for expected in &scenario.steps {
            let event = Event::from(&expected.event);
            let read: Option<Cursor> = stored.map(|json| serde_json::from_str(&json).unwrap());
            let one = step(&scenario.snapshot, &scenario.facts, straight.as_ref(), &event);
            let other = step(&scenario.snapshot, &scenario.facts, read.as_ref(), &event);
            assert_eq!(one, other, "{}", scenario.name);
            stored = other.next.map(|cursor| serde_json::to_string(&cursor).unwrap());
            straight = one.next;
        }
    }
}

#[test]
fn a_scenario_that_expects_otherwise_fails() {
    let mut scenario = scenarios().remove(0);
    scenario.steps[0].en[0].push('!');
    let failure = scenario.run().unwrap_err().to_string();
    assert!(failure.contains("step 1") && failure.contains("expected"), "{failure}");
}
