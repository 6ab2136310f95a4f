//! One finding each: what is wrong is named, with its cure.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use voxera_callflow::scenario::Scenario;
use voxera_callflow::{Finding, Severity, check};
use voxera_model::Locale;

fn found(setup: &str) -> Vec<Finding> {
    let text = format!("story = \"\"\nsteps = []\n{setup}");
    check(&Scenario::parse("check", &text).unwrap().snapshot)
}

fn only(setup: &str) -> (Severity, String, String) {
    let found = found(setup);
    assert_eq!(found.len(), 1, "{found:?}");
    (found[0].severity, found[0].say(Locale::Sv), found[0].say(Locale::En))
}

const ANNA: &str = "[extensions.1000]\nname = \"Anna\"\nonline = 1\n";

#[test]
fn nothing_is_wrong_with_a_finished_pbx() {
    assert_eq!(found(&format!("{ANNA}[numbers]\n\"08-123 45 67\" = \"1000\"\n")), []);
}

#[test]
fn an_empty_pbx_asks_for_its_first_extension() {
    let (severity, _, english) = only("");
    assert_eq!(
        (severity, &*english),
        (Severity::Hint, "The phone system has no extensions. Add the first one.")
    );
}

#[test]
fn an_extension_without_a_phone_is_named() {
    let (severity, swedish, _) = only("[extensions.1000]\nname = \"Anna\"\nphones = 0\n");
    assert_eq!(severity, Severity::Warning);
    assert_eq!(swedish, "Anknytning 1000 har ingen telefon. Lägg till en, annars går den inte att ringa.");
}

#[test]
fn a_number_that_leads_nowhere_is_named() {
    let (severity, swedish, _) = only(&format!("{ANNA}[numbers]\n\"08-123 45 67\" = \"\"\n"));
    assert_eq!(severity, Severity::Warning);
    assert_eq!(swedish, "08-123 45 67 leder ingenstans. Välj vilken anknytning som ska ringa.");
}

#[test]
fn a_number_that_leads_to_a_missing_extension_is_an_error() {
    let (severity, _, english) = only(&format!("{ANNA}[numbers]\n\"08-123 45 67\" = \"1009\"\n"));
    assert_eq!(severity, Severity::Error);
    assert_eq!(english, "08-123 45 67 leads to extension 1009, which does not exist. Choose another one.");
}

#[test]
fn numbers_that_someone_in_need_may_dial_are_named() {
    for number in ["9112", "9110", "9990"] {
        let (severity, _, english) = only(&format!("[extensions.{number}]\nname = \"Anna\"\nonline = 1\n"));
        assert_eq!(severity, Severity::Warning);
        assert!(english.contains("looks like an emergency number"), "{english}");
    }
    for (number, service) in [("1177", "Vårdguiden"), ("11414", "polisens"), ("11313", "informationsnumret")]
    {
        let (_, swedish, _) = only(&format!("[extensions.{number}]\nname = \"Anna\"\nonline = 1\n"));
        assert!(swedish.contains(service), "{swedish}");
    }
}

#[test]
fn a_suspended_pbx_says_that_112_still_works() {
    let (_, _, english) = only(&format!("status = \"suspended\"\n{ANNA}"));
    assert!(english.contains("112"), "{english}");
}

#[test]
fn a_ring_time_outside_its_range_is_an_error() {
    let (severity, _, english) = only(&format!("{ANNA}ring_seconds = 3\n"));
    assert_eq!(severity, Severity::Error);
    assert!(english.contains("between 5 and 120"), "{english}");
}
