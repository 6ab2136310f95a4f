//! Phones ring.

use super::walk::Walk;
use super::{Goal, Next, group, recording, user};
use crate::cursor::Rung;
use crate::event::{Event, Peer, RingOutcome};
use crate::reason::{Reason, Who};
use crate::step::{Cause, Party};
use voxera_model::{ExtensionId, PhoneNumber};

pub(super) fn happened(walk: &mut Walk<'_>, whom: &Rung, event: &Event) -> Option<Next> {
    match event {
        Event::Answered { by } => answered(walk, whom, by),
        Event::RingEnded { outcome } => Some(ended(walk, whom, *outcome)),
        Event::HungUp { by: Party::Callee } => Some(ended(walk, whom, RingOutcome::Declined)),
        Event::HungUp { by: Party::Caller } => {
            let from = walk.caller();
            walk.say(Reason::CallerGaveUp { from });
            Some(Next::End(Cause::Cancelled))
        }
        Event::HungUp { by: Party::System } => {
            walk.say(Reason::EndedBySystem);
            Some(Next::End(Cause::Cancelled))
        }
        Event::Replaced { party: Party::Callee, by } => Some(picked_up(walk, by)),
        Event::Failed => Some(ended(walk, whom, RingOutcome::Unreachable)),
        _ => None,
    }
}

/// Somebody else took the call while it rang.
pub(super) fn picked_up(walk: &mut Walk<'_>, by: &Peer) -> Next {
    let who = walk.peer(by);
    walk.say(Reason::PickedUp { by: who });
    walk.connect(by.clone())
}

/// Whether `by` is a phone of one of these.
pub(super) fn one_of(walk: &Walk<'_>, ids: &[ExtensionId], by: &Peer) -> Option<ExtensionId> {
    let Peer::Extension(number) = by else { return None };
    ids.iter().copied().find(|id| walk.snapshot.ids.get(id) == Some(number))
}

fn answered(walk: &mut Walk<'_>, whom: &Rung, by: &Peer) -> Option<Next> {
    let to = match (whom, by) {
        (Rung::Extension { extension }, _) => {
            one_of(walk, &[*extension], by)?;
            by.clone()
        }
        (Rung::Group { group, now, .. }, _) => {
            let member = one_of(walk, now, by)?;
            recording::start(walk, &[*group, member]);
            by.clone()
        }
        (Rung::Outside { number }, Peer::Outside(_)) => Peer::Outside(Some(number.clone())),
        (Rung::Outside { .. }, Peer::Extension(_)) => return None,
    };
    let who = walk.peer(&to);
    walk.say(Reason::Answered { by: who });
    Some(walk.connect(to))
}

fn ended(walk: &mut Walk<'_>, whom: &Rung, outcome: RingOutcome) -> Next {
    match whom {
        Rung::Extension { extension } => user::unanswered(walk, *extension, outcome),
        Rung::Outside { number } => outside_ended(walk, number, outcome),
        Rung::Group { group, now, tried } => {
            say_unanswered(walk, now, outcome);
            group::unanswered(walk, *group, now, tried)
        }
    }
}

/// Says what became of one member's ringing; of several, only that nobody answered.
pub(super) fn say_unanswered(walk: &mut Walk<'_>, now: &[ExtensionId], outcome: RingOutcome) {
    let [only] = now else { return };
    let to = walk.who(*only);
    walk.say(match outcome {
        RingOutcome::NoAnswer => Reason::NoAnswer { to },
        RingOutcome::Busy => Reason::PhoneBusy { to },
        RingOutcome::Declined => Reason::Declined { by: to },
        RingOutcome::Unreachable => Reason::PhoneUnreachable { to },
        RingOutcome::Incompatible => Reason::Incompatible { to },
    });
}

fn outside_ended(walk: &mut Walk<'_>, number: &PhoneNumber, outcome: RingOutcome) -> Next {
    let to = Who::Outside { outside: number.clone() };
    let (reason, cause) = match outcome {
        RingOutcome::NoAnswer => (Reason::NoAnswer { to }, Cause::NoAnswer),
        RingOutcome::Busy => (Reason::PhoneBusy { to }, Cause::Busy),
        RingOutcome::Declined => (Reason::Declined { by: to }, Cause::Declined),
        RingOutcome::Unreachable => (Reason::OutsideFailed { number: number.clone() }, Cause::NoRoute),
        RingOutcome::Incompatible => (Reason::Incompatible { to }, Cause::NoRoute),
    };
    walk.say(reason);
    Next::Go(Goal::Failed(cause))
}
