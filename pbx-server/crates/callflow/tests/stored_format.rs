//! What older versions stored for years is read by this one, and what newer ones store does no harm.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use voxera_callflow::{Cursor, FORMAT, Position, Reason, Rung, Snapshot, TraceEntry, Who};
use voxera_model::{ExtensionId, Locale};

/// Snapshots and cursors live as long as a call or until the database answers, so that they may change
/// with the format; traces are kept for years and never do.
const SNAPSHOT: &str = r#"{"version":7,"tenant":"00000000-0000-0000-0000-000000000001","customer":"00000000-0000-0000-0000-000000000002","pbx":"00000000-0000-0000-0000-000000000003","name":"Åkes Bageri","realm":"akes.pbx.localhost","zone":"Europe/Stockholm","language":"sv","status":"active","features":{"queues":true,"hunt_groups":true,"voicemail":true,"conferencing":true,"recording":true},"extensions":{"1000":{"id":"00000000-0000-0000-0000-000000000004","name":"Anna Åkesson","kind":{"kind":"user","devices":["00000000-0000-0000-0000-000000000005"],"ring_for":25,"call_waiting":true,"do_not_disturb":false,"forwarding":{"always":null,"busy":{"kind":"hangup"},"no_answer":null,"offline":null},"mailbox":null,"caller_id":null,"may_listen":false},"recording":null}},"ids":{"00000000-0000-0000-0000-000000000004":"1000"},"numbers":{"+46701740605":{"kind":"nowhere"},"+4681234567":{"kind":"extension","extension":"00000000-0000-0000-0000-000000000004"}},"rules":[],"rules_version":0,"ivrs":{},"trunks":[],"caller_id":null,"music":null,"audio":[],"premium_allowed":false}"#;

#[test]
fn format_2_is_read_and_written_to_the_letter() {
    assert_eq!(FORMAT, 2, "pin the new format here");
    let snapshot: Snapshot = serde_json::from_str(SNAPSHOT).unwrap();
    assert_eq!(serde_json::to_string(&snapshot).unwrap(), SNAPSHOT);

    let stored = r#"{"snapshot":7,"from":{"kind":"extension","number":"1000"},"position":{"kind":"ringing","whom":{"kind":"extension","extension":"00000000-0000-0000-0000-000000000006"}}}"#;
    let cursor: Cursor = serde_json::from_str(stored).unwrap();
    let extension: ExtensionId = "00000000-0000-0000-0000-000000000006".parse().unwrap();
    assert_eq!(cursor.position, Position::Ringing { whom: Rung::Extension { extension } });
    assert_eq!(serde_json::to_string(&cursor).unwrap(), stored);
}

#[test]
fn traces_of_the_first_version_are_read_and_written_to_the_letter() {
    for (stored, said) in [
        (
            r#"{"reason":{"kind":"answered","by":{"number":"1001","name":"Bertil"}}}"#,
            "Bertil (1001) answered.",
        ),
        (
            r#"{"reason":{"kind":"extension_dialled","from":{"number":"1000"},"to":{"number":"1001","name":"Bertil"}}}"#,
            "1000 called Bertil (1001).",
        ),
        (
            r#"{"reason":{"kind":"own_number_dialled","from":{"number":"1000"},"number":"+4681234567","to":{"number":"1001"}}}"#,
            "1000 called 08-123 45 67, which leads to 1001.",
        ),
        (
            r#"{"reason":{"kind":"rings","to":{"number":"1001"},"phones":2,"ring_for":25}}"#,
            "1001 is ringing: 2 phones for 25 seconds.",
        ),
        (r#"{"reason":{"kind":"emergency_ended","by":"callee"}}"#, "112 ended the call."),
        (
            r#"{"reason":{"kind":"ignored","event":"answered"}}"#,
            "The phone system was told something that did not fit (someone answered) and let the call go on.",
        ),
    ] {
        let entry: TraceEntry = serde_json::from_str(stored).unwrap();
        assert_eq!(entry.say(Locale::En), said);
        assert_eq!(serde_json::to_string(&entry).unwrap(), stored);
    }
}

#[test]
fn everyone_that_a_trace_speaks_of_is_told_from_the_others() {
    for (stored, sv) in [
        (r#"{"number":"1001","name":"Bertil"}"#, "Bertil (1001)"),
        (r#"{"outside":"+46701740605"}"#, "070-174 06 05"),
        (r#"{"withheld":true}"#, "någon med dolt nummer"),
        (r#"{"menu":"Huvudmeny"}"#, "menyn ”Huvudmeny”"),
        (r#"{"mailbox":"1001","name":"Bertil"}"#, "röstbrevlådan hos Bertil (1001)"),
        (r#"{"end":true}"#, "samtalets slut"),
        (r#"{"missing":true}"#, "något som inte finns"),
    ] {
        let who: Who = serde_json::from_str(stored).unwrap();
        assert_eq!(who.say(Locale::Sv), sv);
        assert_eq!(serde_json::to_string(&who).unwrap(), stored);
    }
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
