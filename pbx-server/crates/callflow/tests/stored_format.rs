//! What older versions stored is read by this one, and what newer ones store does no harm.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use voxera_callflow::{Cursor, FORMAT, Position, Reason, Snapshot, TraceEntry};
use voxera_model::{ExtensionNumber, Locale};

const SNAPSHOT: &str = r#"{"version":7,"tenant":"00000000-0000-0000-0000-000000000001","customer":"00000000-0000-0000-0000-000000000002","pbx":"00000000-0000-0000-0000-000000000003","name":"Åkes Bageri","realm":"akes.pbx.localhost","zone":"Europe/Stockholm","status":"active","extensions":{"1000":{"id":"00000000-0000-0000-0000-000000000004","name":"Anna Åkesson","ring_for":25,"call_waiting":true,"devices":["00000000-0000-0000-0000-000000000005"]}},"numbers":{"+4681234567":{"kind":"extension","number":"1000"},"+46701740605":{"kind":"nowhere"}}}"#;

#[test]
fn format_1_is_read_and_written_to_the_letter() {
    assert_eq!(FORMAT, 1, "keep reading format 1, and pin the new one beside it");
    let snapshot: Snapshot = serde_json::from_str(SNAPSHOT).unwrap();
    // Maps are ordered by number, so that the same settings are the same bytes.
    let sorted = SNAPSHOT.replace(
        r#""+4681234567":{"kind":"extension","number":"1000"},"+46701740605":{"kind":"nowhere"}"#,
        r#""+46701740605":{"kind":"nowhere"},"+4681234567":{"kind":"extension","number":"1000"}"#,
    );
    assert_eq!(serde_json::to_string(&snapshot).unwrap(), sorted);

    let stored = r#"{"snapshot":7,"from":"1000","position":{"kind":"ringing","extension":"1001"}}"#;
    let cursor: Cursor = serde_json::from_str(stored).unwrap();
    assert_eq!(cursor.position, Position::Ringing { extension: ExtensionNumber::parse("1001").unwrap() });
    assert_eq!(serde_json::to_string(&cursor).unwrap(), stored);

    let stored = r#"{"reason":{"kind":"answered","by":{"number":"1001","name":"Bertil"}}}"#;
    let entry: TraceEntry = serde_json::from_str(stored).unwrap();
    assert_eq!(entry.say(Locale::En), "Bertil (1001) answered.");
    assert_eq!(serde_json::to_string(&entry).unwrap(), stored);
}

#[test]
fn a_reason_of_a_newer_version_is_shown_as_such() {
    let stored = r#"{"reason":{"kind":"office_closed","until":"08:00","rules":[1,2]}}"#;
    let entry: TraceEntry = serde_json::from_str(stored).unwrap();
    assert_eq!(entry.reason, Reason::Unknown);
    assert!(entry.say(Locale::Sv).contains("nyare version"));
}

#[test]
fn a_snapshot_cannot_hold_an_extension_called_112() {
    for number in ["112", "1121", "0112"] {
        let stored = SNAPSHOT.replace(r#"{"1000":{"id""#, &format!(r#"{{"{number}":{{"id""#));
        assert!(serde_json::from_str::<Snapshot>(&stored).is_err(), "{number}");
    }
}
