//! Calls in slots, as they are kept apart and shown.

use super::{anna_and_bertil, answered};
use crate::common::{Setup, number};
use voxera_callcontrol::{Call, LiveState, MediaSummary};
use voxera_callflow::{Action, Cause, Event, ParkSlot, Party, Peer};
use voxera_model::Dialled;

fn slot(code: &str) -> ParkSlot {
    ParkSlot::parse(code).unwrap()
}

/// Bertil, who was called, sends the caller to a slot.
fn parks(call: &Call, at: &str) -> Vec<Action> {
    call.advance(Event::Transferred { by: Party::Callee, to: Dialled::parse(at) })
}

/// Somebody outside calls Bertil, who answers.
fn talks(setup: &Setup, from: &str) -> Call {
    let (call, _) = setup.outside_calls(Some(from), "08-123 45 67");
    let _ = call.advance(answered("1001"));
    call
}

#[tokio::test]
async fn each_parked_call_has_a_slot_of_its_own_and_is_shown_with_who_waits_and_who_parked() {
    let dir = tempfile::tempdir().unwrap();
    let mut scenario = anna_and_bertil();
    let bertil = scenario.snapshot.extensions[&number("1001")].id;
    let own = voxera_model::PhoneNumber::parse("08-123 45 67").unwrap();
    let to = voxera_callflow::Destination::Extension { extension: bertil };
    scenario.snapshot.numbers.insert(own, to);
    let setup = Setup::new(dir.path(), &scenario).await;
    let first = talks(&setup, "070-174 06 05");
    assert!(matches!(
        parks(&first, "*59")[..],
        [Action::Release { .. }, Action::Music { .. }, Action::Timer { .. }]
    ));
    assert_eq!(setup.calls_of("1001"), 0, "whoever parked a call is free");
    let second = talks(&setup, "070-174 06 06");
    assert!(parks(&second, "*5901").is_empty(), "two calls in one slot");
    let _ = parks(&second, "*59");
    let live = |call: &Call| setup.control.live().call(call.id()).unwrap();
    let (one, two) = (live(&first), live(&second));
    assert_eq!((one.state, two.state), (LiveState::Parked, LiveState::Parked));
    let (one, two) = (one.parked.unwrap(), two.parked.unwrap());
    assert_eq!((one.slot, two.slot), (slot("*5901"), slot("*5902")));
    assert_eq!((one.who.number.as_str(), one.who.name), ("+46701740605", None));
    assert_eq!(one.by.extension, Some(number("1001")));
    assert_eq!(one.by.name.unwrap().as_str(), "Bertil Berg");
    assert!(one.since >= first.started_at());

    let (takes, actions) = setup.call("1000", "*5902");
    assert_eq!(actions, [Action::PickUp { call: second.id() }]);
    let by = Peer::Extension(number("1000"));
    assert_eq!(second.advance(Event::Replaced { party: Party::Callee, by }), [Action::Bridge]);
    assert!(matches!(takes.advance(Event::GivenAway)[..], [Action::Hangup { cause: Cause::Normal }]));
    assert_eq!((live(&second).state, live(&second).parked), (LiveState::Connected, None));
    assert_eq!(live(&second).to.extension, Some(number("1000")));
    // The slot is free for whoever comes next, and empty for whoever dials it.
    let (_late, actions) = setup.call("1002", "*5902");
    assert_eq!(actions, [Action::Hangup { cause: Cause::UnknownNumber }]);
    let third = talks(&setup, "070-174 06 07");
    let _ = parks(&third, "*59");
    assert_eq!(live(&third).parked.unwrap().slot, slot("*5902"));
    for call in [first, second, third, takes] {
        let _ = call.advance(Event::HungUp { by: Party::Caller });
        call.finish(MediaSummary::default());
    }
    assert!(["1000", "1001", "1002"].iter().all(|who| setup.calls_of(who) == 0));
}
