//! A person: forwarding, then phones.

use super::walk::Walk;
use super::{Goal, Next, members, recording};
use crate::cursor::{Position, Rung};
use crate::event::RingOutcome;
use crate::extension::{Extension, User};
use crate::reason::{Forward, Reason};
use crate::routing::Destination;
use crate::step::{Action, Cause, WhileRinging};
use voxera_model::{ExtensionId, ExtensionNumber};

/// A call comes to a person.
pub(super) fn enter(
    walk: &mut Walk<'_>,
    number: &ExtensionNumber,
    extension: &Extension,
    user: &User,
) -> Next {
    let id = extension.id;
    let to = walk.number(number);
    if walk.is_caller(id) {
        walk.say(Reason::DialledOneself { from: to });
        return Next::Go(Goal::Failed(Cause::Busy));
    }
    if walk.journey.via.contains(&id) {
        walk.say(Reason::ForwardingLoop { to });
        return to_mailbox(walk, id, user, Cause::NoAnswer);
    }
    if let Some(destination) = set(user.forwarding.always.as_ref()) {
        return forward(walk, id, Forward::Always, destination);
    }
    if user.do_not_disturb {
        walk.say(Reason::DoNotDisturb { to });
        return path(walk, id, user, Forward::Busy, Cause::Busy);
    }
    if user.devices.is_empty() {
        walk.say(Reason::NoPhoneSetUp { to });
        return path(walk, id, user, Forward::Offline, Cause::Offline);
    }
    let available = walk.available(id);
    if available.online == 0 {
        walk.say(Reason::NoPhoneOnline { to });
        return path(walk, id, user, Forward::Offline, Cause::Offline);
    }
    let in_call = available.calls > 0;
    if in_call && !user.call_waiting {
        walk.say(Reason::InAnotherCall { to });
        return path(walk, id, user, Forward::Busy, Cause::Busy);
    }
    if let Some(next) = recording::notice(walk, id, &[id]) {
        return next;
    }
    let (ring_for, phones) = (members::ring_seconds(user.ring_for), available.online);
    walk.say(if in_call {
        Reason::RingsAsSecondCall { to, phones, ring_for }
    } else {
        Reason::Rings { to, phones, ring_for }
    });
    recording::start(walk, &[id]);
    let targets = members::targets(walk, &[id]);
    walk.act(Action::Ring { targets, ring_for, hears: WhileRinging::Ringback });
    Next::Wait(Position::Ringing { whom: Rung::Extension { extension: id } })
}

/// Ringing came to an end without an answer.
pub(super) fn unanswered(walk: &mut Walk<'_>, id: ExtensionId, outcome: RingOutcome) -> Next {
    let Some((_, extension)) = walk.snapshot.extension(id) else {
        walk.say(Reason::LeadsToMissing);
        return Next::Go(Goal::Failed(Cause::Fault));
    };
    let to = walk.who(id);
    let (reason, why, cause) = match outcome {
        RingOutcome::NoAnswer => (Reason::NoAnswer { to }, Forward::NoAnswer, Cause::NoAnswer),
        RingOutcome::Busy => (Reason::PhoneBusy { to }, Forward::Busy, Cause::Busy),
        RingOutcome::Declined => (Reason::Declined { by: to }, Forward::Busy, Cause::Declined),
        RingOutcome::Unreachable => (Reason::PhoneUnreachable { to }, Forward::Offline, Cause::Offline),
        RingOutcome::Incompatible => (Reason::Incompatible { to }, Forward::Offline, Cause::Offline),
    };
    walk.say(reason);
    match extension.user() {
        Some(user) => path(walk, id, user, why, cause),
        None => Next::Go(Goal::Failed(cause)),
    }
}

/// Where a person's calls go that they do not take: back to the menu that sent the call, where it
/// asked for that; else where they said; else their mailbox; else nowhere.
fn path(walk: &mut Walk<'_>, id: ExtensionId, user: &User, why: Forward, cause: Cause) -> Next {
    if walk.journey.failed.is_some() {
        return Next::Go(Goal::Failed(cause));
    }
    let destination = match why {
        Forward::Always | Forward::GroupFailed | Forward::Overflow => None,
        Forward::Busy => user.forwarding.busy.as_ref(),
        Forward::NoAnswer => user.forwarding.no_answer.as_ref(),
        Forward::Offline => user.forwarding.offline.as_ref(),
    };
    match set(destination) {
        Some(destination) => forward(walk, id, why, destination),
        None => to_mailbox(walk, id, user, cause),
    }
}

fn forward(walk: &mut Walk<'_>, id: ExtensionId, why: Forward, to: &Destination) -> Next {
    walk.journey.via.push(id);
    let (from, who) = (walk.who(id), walk.to(to));
    walk.say(Reason::Forwarded { from, why, to: who });
    Next::Go(Goal::Destination(to.clone()))
}

fn to_mailbox(walk: &mut Walk<'_>, id: ExtensionId, user: &User, cause: Cause) -> Next {
    if walk.journey.failed.is_none() && user.mailbox.is_some() && walk.snapshot.features.voicemail {
        return Next::Go(Goal::Mailbox(id));
    }
    Next::Go(Goal::Failed(cause))
}

/// `Nowhere` is the same as not set.
fn set(destination: Option<&Destination>) -> Option<&Destination> {
    destination.filter(|destination| **destination != Destination::Nowhere)
}
