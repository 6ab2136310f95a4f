//! Which golden calls are played, and why the others are not.

use crate::stage::scenarios;
use crate::stories::play;
use std::collections::BTreeSet;
use voxera_callflow::scenario::Scenario;

macro_rules! played {
    ($($name:ident,)*) => {
        const PLAYED: &[&str] = &[$(stringify!($name)),*];

        $(
            #[tokio::test]
            async fn $name() {
                play(named(stringify!($name))).await;
            }
        )*
    };
}

played! {
    a_blind_transfer,
    a_call_is_picked_up,
    a_callback,
    a_callback_at_another_number,
    a_callback_never_to_a_premium_number,
    a_callback_without_a_number,
    a_caller_transfers,
    a_conference,
    a_conference_that_is_full,
    a_conference_with_a_pin,
    a_group_in_tiers,
    a_group_rings_all,
    a_group_rings_one_after_the_other,
    a_group_that_is_offline,
    a_group_with_nobody_free,
    a_mailbox_of_another,
    a_mailbox_of_another_without_a_pin,
    a_member_calls_its_own_group,
    a_menu_and_wrong_keys,
    a_menu_calls_out,
    a_menu_decides_by_time,
    a_menu_decides_otherwise,
    a_menu_gives_up,
    a_menu_hears_an_extension_that_is_not_there,
    a_menu_is_left,
    a_menu_is_repeated,
    a_menu_leads_to_a_conference,
    a_menu_leads_to_a_queue,
    a_menu_leads_to_a_voice_agent,
    a_menu_names_the_caller,
    a_menu_takes_an_extension,
    a_menu_that_was_never_published,
    a_menu_waits_for_more_digits,
    a_menu_with_a_dead_end,
    a_menu_without_a_beginning,
    a_message_ended_with_pound,
    a_message_is_left,
    a_message_that_cannot_be_played,
    a_message_then_a_person,
    a_number_that_hangs_up,
    a_premium_number,
    a_premium_number_that_is_allowed,
    a_public_number_without_an_outside_line,
    a_queue,
    a_queue_call_is_picked_up,
    a_queue_does_not_cut_ringing_short,
    a_queue_in_tiers,
    a_queue_is_full,
    a_queue_is_left,
    a_queue_is_too_slow,
    a_queue_place_in_line,
    a_queue_rings_all,
    a_queue_tries_everyone_again,
    a_queue_with_its_own_music,
    a_queue_without_members_online,
    a_recorded_call,
    a_recorded_caller,
    a_recorded_member,
    a_recorded_queue,
    a_rule_for_a_caller,
    a_rule_for_dates,
    a_rule_for_holidays,
    a_rule_for_one_caller,
    a_rule_for_the_night,
    a_rule_for_weekends,
    a_rule_for_withheld_numbers,
    a_rule_meets_a_call_from_inside,
    a_rule_that_leads_nowhere,
    a_second_call_waits,
    a_test_tone,
    a_transfer_comes_back,
    a_transfer_out,
    a_transfer_that_is_refused,
    a_transfer_to_a_queue,
    a_transfer_to_help,
    a_wrong_pin,
    an_attended_transfer,
    an_echo_test,
    an_external_extension,
    an_own_number_from_inside,
    an_own_number_that_leads_nowhere,
    an_own_number_whose_extension_is_gone,
    an_unknown_code,
    an_unknown_extension,
    answered_then_an_administrator_ends_it,
    answered_then_the_callee_hangs_up,
    answered_then_the_caller_hangs_up,
    busy_without_call_waiting,
    calling_out,
    calling_out_and_the_network_fails,
    calling_out_shows_only_own_numbers,
    calling_out_with_every_line_down,
    conferencing_switched_off,
    declined,
    declining_is_busy,
    do_not_disturb_without_a_mailbox,
    emergency,
    emergency_without_a_line,
    forwarding_always,
    forwarding_busy,
    forwarding_goes_round,
    forwarding_goes_round_to_a_mailbox,
    forwarding_hangs_up,
    forwarding_no_answer,
    forwarding_offline,
    forwarding_to_the_caller,
    forwarding_too_far,
    from_outside_to_a_person,
    from_outside_to_a_suspended_company,
    help_shows_the_callers_number,
    hunt_groups_switched_off,
    listening_again_and_back,
    listening_in,
    listening_in_is_not_for_everyone,
    listening_in_on_nobody,
    listening_in_on_oneself,
    listening_to_messages,
    listening_without_a_key,
    menus_that_call_each_other,
    no_mailbox_at_all,
    no_message_is_left,
    no_messages,
    no_phone_set_up,
    no_rule_holds,
    nobody_answers,
    not_a_number,
    offline,
    oneself,
    phones_without_a_common_format,
    picking_up_a_colleague,
    picking_up_anything,
    picking_up_in_a_group,
    picking_up_nothing,
    press_1_for_sales,
    queues_switched_off,
    recording_switched_off,
    suspended,
    the_caller_gives_up,
    the_disk_is_full,
    the_line_to_help_fails,
    the_phone_cannot_be_reached,
    the_phone_says_busy,
    voicemail_switched_off,
}

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
    ("picking_up_a_queue", "the call that rings would have to end between the decision and the deed"),
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
