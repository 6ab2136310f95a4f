//! `*5901` to `*5920`: a call waits in a slot until somebody takes it from any phone of the PBX.

use super::walk::Walk;
use super::{Goal, Next, recording};
use crate::cursor::Position;
use crate::event::{Event, Peer};
use crate::parking::{ParkAt, ParkSlot, Parking};
use crate::reason::Reason;
use crate::step::{Action, Cause, Party};
use crate::words;
use voxera_model::{ExtensionId, Name};

/// How long a call waits before it goes back to whoever parked it, in milliseconds.
const WAITS: u64 = 120_000;

/// The slot, where it is free; the first one that is. `None`: taken, or all are.
pub(super) fn free(walk: &Walk<'_>, at: ParkAt) -> Option<ParkSlot> {
    let is_free = |slot: &ParkSlot| !walk.facts.parked.iter().any(|parked| parked.slot == *slot);
    match at {
        ParkAt::AnyFree => ParkSlot::all().find(is_free),
        ParkAt::Slot(slot) => Some(slot).filter(is_free),
    }
}

/// Whoever stays waits there, with music.
pub(super) fn enter(walk: &mut Walk<'_>, slot: ParkSlot, by: ExtensionId) -> Next {
    let who = walk.caller();
    walk.say(Reason::Parked { who, slot });
    walk.answer();
    walk.act(Action::Music { audio: walk.snapshot.music });
    walk.timer(WAITS);
    Next::Wait(Position::Parked(Parking { slot, by, since: walk.clock }))
}

/// What happens to a call that is parked.
pub(super) fn happened(walk: &mut Walk<'_>, parking: Parking, event: &Event) -> Option<Next> {
    match event {
        Event::Replaced { party: Party::Callee, by } => Some(taken(walk, parking.slot, by)),
        Event::Timer { .. } if walk.rang() => Some(goes_back(walk, parking)),
        _ => None,
    }
}

fn taken(walk: &mut Walk<'_>, slot: ParkSlot, by: &Peer) -> Next {
    let who = walk.peer(by);
    walk.say(Reason::TakenFromSlot { by: who, slot });
    recording::start_for_taker(walk, by);
    walk.connect(by.clone())
}

/// As a call to whoever parked it: where that person's calls go that they do not take, this one goes.
fn goes_back(walk: &mut Walk<'_>, parking: Parking) -> Next {
    let to = walk.who(parking.by);
    walk.say(Reason::ParkedTooLong { slot: parking.slot, to });
    if let Ok(text) = Name::parse(&words::parked(parking.slot, walk.snapshot.language)) {
        walk.act(Action::CallerName { text });
    }
    Next::Go(Goal::Extension(parking.by))
}

/// A phone dials a slot: it takes the call that waits there.
pub(super) fn take(walk: &mut Walk<'_>, slot: ParkSlot) -> Next {
    let found = walk.facts.parked.iter().find(|parked| parked.slot == slot).map(|parked| parked.call);
    let Some(call) = found else { return nothing(walk, slot) };
    let from = walk.caller();
    walk.say(Reason::TakesParked { from, slot });
    walk.act(Action::PickUp { call });
    Next::Wait(Position::TakingParked { slot })
}

fn nothing(walk: &mut Walk<'_>, slot: ParkSlot) -> Next {
    let from = walk.caller();
    walk.say(Reason::NothingParked { from, slot });
    Next::Refuse(Cause::UnknownNumber)
}

/// What happens to the call that takes another.
pub(super) fn taking(walk: &mut Walk<'_>, slot: ParkSlot, event: &Event) -> Option<Next> {
    match event {
        // Somebody else was faster.
        Event::Failed => Some(nothing(walk, slot)),
        _ => None,
    }
}
