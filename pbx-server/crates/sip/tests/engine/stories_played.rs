//! Which golden calls are played, and why the others are not.

use crate::stage::scenarios;
use crate::stories::play;
use std::collections::BTreeSet;
use voxera_callflow::scenario::Scenario;

macro_rules! played {
    (
        everywhere { $($both:ident,)* }
        embedded { $($embedded:ident,)* }
        freeswitch { $($freeswitch:ident,)* }
        nowhere { $($neither:ident,)* }
    ) => {
        const PLAYED: &[&str] = &[$(stringify!($both),)* $(stringify!($embedded)),*];

        $(
            #[tokio::test]
            async fn $both() {
                play(named(stringify!($both))).await;
            }
        )*
        $(
            #[tokio::test]
            async fn $embedded() {
                play(named(stringify!($embedded))).await;
            }
        )*
    };
}

voxera_callflow::golden_calls!(played);

fn named(name: &str) -> Scenario {
    scenarios().into_iter().find(|scenario| scenario.name == name).unwrap()
}

/// What the files tell and scripted phones cannot make happen, each with its reason.
const NOT_PLAYED: &[(&str, &str)] = &[
    ("a_conference_that_cannot_be_joined", "a room takes everybody whom the core lets in"),
    ("a_group_round_robin", "begins with calls of before (queue::round_robin_…)"),
    ("a_menu_leads_to_voicemail", "a message that ends by itself takes as long as it is long"),
    ("a_queue_least_calls", "begins with calls of before"),
    ("a_queue_longest_idle", "begins with calls of before"),
    ("a_queue_round_robin", "begins with calls of before (queue::round_robin_…)"),
    ("a_queue_waits_for_its_turn", "the first in line is offered to a member who is free at once"),
    ("a_removed_extension_calls", "a phone without an extension has no credentials to call with"),
    ("a_transfer_from_outside_is_refused", "the engine refuses it before the core hears of it"),
    ("a_voicemail_extension", "a message that ends by itself takes as long as it is long"),
    ("an_attended_transfer_seen_by_the_second_call", "an_attended_transfer plays it from the other call"),
    ("an_event_before_the_call", "an engine has no call that did not arrive"),
    ("an_event_that_is_late", "a phone that was not answered has no dialog to press keys in"),
    ("do_not_disturb", "a message that ends by itself takes as long as it is long"),
    ("emergency_from_a_removed_extension", "a phone without an extension has no credentials to call with"),
    ("emergency_from_a_suspended_company", "help hangs up without having answered, which a line cannot do"),
    ("from_outside_to_a_foreign_number", "a line hears 404 before there is a call (trunk_in)"),
    ("from_outside_to_an_extension", "a line hears 404 before there is a call (trunk_in)"),
    ("help_is_not_passed_on_from_outside", "a line hears 404 before there is a call (trunk_in)"),
    ("parking_with_every_slot_taken", "twenty calls are more phones than there are"),
    ("picking_up_a_queue", "the call that rings would have to end between the decision and the deed"),
    ("taking_a_parked_call_too_late", "the call would have to be taken between the decision and the deed"),
    ("two_phones_ring_at_once", "the second phone is told to stop before the call takes another step"),
];

#[test]
fn every_golden_call_is_played_or_says_why_not() {
    let told: BTreeSet<String> = scenarios().into_iter().map(|scenario| scenario.name).collect();
    let both = PLAYED.iter().copied().chain(NOT_PLAYED.iter().map(|(name, _)| *name));
    let listed: BTreeSet<String> = both.clone().map(str::to_owned).collect();
    assert_eq!(told, listed, "a file that nobody plays, or a name without a file");
    assert_eq!(both.count(), listed.len(), "a call is in both lists, or twice in one");
    assert!(NOT_PLAYED.iter().all(|(_, why)| !why.is_empty()));
}
