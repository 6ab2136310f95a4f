//! Every scenario file, through the core.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use std::path::{Path, PathBuf};
use voxera_callflow::scenario::{Scenario, files, load_all};
use voxera_callflow::{Cursor, step};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")
}

fn scenarios() -> Vec<Scenario> {
    load_all(&folder()).unwrap()
}

#[test]
fn every_golden_call_goes_as_its_file_says() {
    let scenarios = scenarios();
    assert!(scenarios.len() >= 60, "only {} scenarios", scenarios.len());
    let failures: Vec<String> =
        scenarios.iter().filter_map(|scenario| scenario.run().err()).map(|failure| failure.0).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// `cargo nextest run -p voxera-callflow --run-ignored only write_what_comes_of_every_golden_call`,
/// then read the difference: it is the decision that changed.
#[test]
#[ignore = "writes the files of scenarios/ anew; for people who changed a decision"]
fn write_what_comes_of_every_golden_call() {
    for path in files(&folder()).unwrap() {
        let name = path.file_stem().unwrap().to_string_lossy();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, Scenario::written(&name, &text).unwrap()).unwrap();
    }
}

#[test]
fn every_file_is_written_as_it_would_be_written_anew() {
    for path in files(&folder()).unwrap() {
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(Scenario::written("", &text).unwrap(), text, "{}", path.display());
    }
}

#[test]
fn a_call_can_be_put_down_and_taken_up_again_between_any_two_steps() {
    for scenario in scenarios() {
        let mut straight: Option<Cursor> = None;
        let mut stored: Option<String> = None;
        for expected in &scenario.steps {
            for event in expected.event.events(straight.as_ref()) {
                let read: Option<Cursor> = stored.map(|json| serde_json::from_str(&json).unwrap());
                let one = step(&scenario.snapshot, &expected.facts, straight.as_ref(), &event);
                let other = step(&scenario.snapshot, &expected.facts, read.as_ref(), &event);
                assert_eq!(one, other, "{}", scenario.name);
                stored = other.next.map(|cursor| serde_json::to_string(&cursor).unwrap());
                straight = one.next;
            }
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

#[test]
fn a_file_with_a_word_that_means_nothing_is_refused() {
    let good = "story = \"x\"\n[extensions.1000]\nname = \"Anna\"\n[[steps]]\nevent = \"1000 calls 112\"\n";
    assert!(Scenario::parse("good", good).is_ok());
    for (from, to) in [
        ("name = \"Anna\"", "name = \"Anna\"\nonlin = 1"),
        ("1000 calls 112", "1000 cals 112"),
        ("story", "stroy"),
        ("name = \"Anna\"", "name = \"Anna\"\nkind = \"quque\""),
        ("[[steps]]", "[[steps]]\nchange = { 1000 = { onlin = 1 } }"),
    ] {
        assert!(Scenario::parse("bad", &good.replace(from, to)).is_err(), "{to}");
    }
}
