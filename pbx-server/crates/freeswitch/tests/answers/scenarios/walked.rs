//! Which golden calls `FreeSWITCH` walks, and why it does not walk the others.

use super::walk::{play, scenarios};
use std::collections::BTreeSet;

macro_rules! walked {
    (
        everywhere { $($both:ident,)* }
        embedded { $($embedded:ident,)* }
        freeswitch { $($freeswitch:ident,)* }
        nowhere { $($neither:ident,)* }
    ) => {
        const WALKED: &[&str] = &[$(stringify!($both),)* $(stringify!($freeswitch)),*];

        $(
            #[test]
            fn $both() {
                play(stringify!($both));
            }
        )*
        $(
            #[test]
            fn $freeswitch() {
                play(stringify!($freeswitch));
            }
        )*
    };
}

voxera_callflow::golden_calls!(walked);

/// What the files tell and this engine does otherwise, each with its reason.
const NOT_WALKED: &[(&str, &str)] = &[
    ("a_message_that_cannot_be_played", "a sound that is not there is a tone, which is heard to its end"),
    ("a_queue", "mod_callcenter chooses which member rings (hunts.rs)"),
    ("a_queue_call_is_picked_up", "mod_callcenter chooses which member rings (hunts.rs)"),
    ("a_queue_does_not_cut_ringing_short", "mod_callcenter keeps the line, and wakes nobody here"),
    ("a_queue_in_tiers", "mod_callcenter chooses which member rings (hunts.rs)"),
    ("a_queue_least_calls", "mod_callcenter chooses which member rings (hunts.rs)"),
    ("a_queue_longest_idle", "mod_callcenter chooses which member rings (hunts.rs)"),
    ("a_queue_rings_all", "mod_callcenter chooses which member rings (hunts.rs)"),
    ("a_queue_round_robin", "mod_callcenter chooses which member rings (hunts.rs)"),
    ("a_queue_tries_everyone_again", "mod_callcenter chooses which member rings (hunts.rs)"),
    ("a_queue_waits_for_its_turn", "mod_callcenter keeps the line, and wakes nobody here"),
    ("a_queue_with_its_own_music", "mod_callcenter keeps the line, and wakes nobody here"),
    ("a_recorded_queue", "mod_callcenter chooses which member rings (hunts.rs)"),
    (
        "a_transfer_from_outside_is_refused",
        "FreeSWITCH takes a REFER itself: who is outside has left, and is not called back (transfers.rs)",
    ),
    (
        "a_transfer_that_is_refused",
        "FreeSWITCH takes a REFER itself: whoever sent it has left, and is called back (transfers.rs)",
    ),
    ("a_transfer_to_a_queue", "mod_callcenter chooses which member rings (hunts.rs)"),
    ("an_event_before_the_call", "a channel that did not hunt is none of ours"),
    ("an_event_that_is_late", "a channel that rings hears no keys, and nobody wakes it"),
    ("emergency_from_a_suspended_company", "help hangs up without having answered, which a line cannot do"),
    (
        "parking_where_a_call_is_parked",
        "FreeSWITCH takes a REFER itself: whoever stays is told goodbye (hunts.rs)",
    ),
    (
        "parking_with_every_slot_taken",
        "FreeSWITCH takes a REFER itself: whoever stays is told goodbye (hunts.rs)",
    ),
    ("the_disk_is_full", "FreeSWITCH hangs up where it cannot write; no room at all is said (hunts.rs)"),
    ("two_phones_ring_at_once", "the slower phone is dropped before anybody hears that it answered"),
];

#[test]
fn every_golden_call_is_walked_or_says_why_not() {
    let told: BTreeSet<String> = scenarios().into_iter().map(|scenario| scenario.name).collect();
    let both = WALKED.iter().copied().chain(NOT_WALKED.iter().map(|(name, _)| *name));
    let listed: BTreeSet<String> = both.clone().map(str::to_owned).collect();
    assert_eq!(told, listed, "a file that nobody walks, or a name without a file");
    assert_eq!(both.count(), listed.len(), "a call is in both lists, or twice in one");
    assert!(NOT_WALKED.iter().all(|(_, why)| !why.is_empty()));
}
