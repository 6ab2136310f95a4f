//! The decision itself: one file per place where a call can stand.
//!
//! A step is a walk: what happened leads to a [`Next`], which is either a place to wait in, the end,
//! or a [`Goal`] to visit at once. Goals are visited in a loop, not by recursion, and every visit is
//! counted, so that no settings whatever make a step endless.

mod arrive;
mod callback;
mod conference;
mod eavesdrop;
mod group;
mod hearing;
mod ivr;
mod listen_messages;
mod mailbox;
mod members;
mod outside;
mod park;
mod pickup;
mod pin;
mod queue;
mod recording;
mod ringing;
mod rules;
mod sound_test;
mod talking;
mod transfer;
mod user;
mod walk;

use crate::cursor::{Cursor, Place, Position};
use crate::event::{Event, Peer};
use crate::facts::Facts;
use crate::reason::{EventKind, Reason};
use crate::routing::Destination;
use crate::snapshot::Snapshot;
use crate::step::{Cause, Step, TraceEntry};
use voxera_model::{ExtensionId, FlowId, PhoneNumber};
use walk::Walk;

/// What follows from what happened.
enum Next {
    /// The call waits here.
    Wait(Position),
    /// The call is over.
    End(Cause),
    /// The call is over; a caller who hears us is told so first.
    Refuse(Cause),
    /// On, at once.
    Go(Goal),
}

/// Where a call goes on at once.
enum Goal {
    Extension(ExtensionId),
    Destination(Destination),
    /// A number of the public network. `by`: who asked for it, where that is not the caller.
    Outside {
        number: PhoneNumber,
        by: Option<Peer>,
    },
    Menu(FlowId),
    Node(Place),
    /// To leave a message.
    Mailbox(ExtensionId),
    /// Whoever was called does not take the call, and says nothing of where it goes.
    Failed(Cause),
}

/// Decides what one event means for a call. Total: every position answers every event.
///
/// `cursor` is `None` for a call that has not started; only [`Event::Arrived`] starts one. An event
/// that does not fit leaves a call as it is and says so in the trace; what is told to many calls, or
/// late ([`Event::Woken`], [`Event::Timer`], [`Event::Played`], [`Event::Key`]), leaves it without a
/// word.
#[must_use]
pub fn step(snapshot: &Snapshot, facts: &Facts, cursor: Option<&Cursor>, event: &Event) -> Step {
    let mut walk = Walk::new(snapshot, facts, cursor, event);
    let next = match cursor {
        None => {
            if let Event::Arrived { from, dialled } = event {
                arrive::arrived(&mut walk, from, dialled)
            } else {
                walk.say(Reason::Fault { event: event.into() });
                Next::End(Cause::Fault)
            }
        }
        Some(cursor) => happened(&mut walk, &cursor.position, event),
    };
    let mut step = walk.run(next);
    if let Some(cursor) = cursor
        && cursor.snapshot != snapshot.version
        && !(step.trace.is_empty() && step.actions.is_empty())
    {
        let changed = Reason::SettingsChanged { started: cursor.snapshot, now: snapshot.version };
        step.trace.insert(0, TraceEntry { reason: changed });
    }
    step
}

/// What an event means where the call stands.
fn happened(walk: &mut Walk<'_>, position: &Position, event: &Event) -> Next {
    if let Event::Sent { party, to } = event {
        return transfer::sent(walk, position, *party, to);
    }
    let next = match position {
        Position::Ringing { whom } => ringing::happened(walk, whom, event),
        Position::Connected { to } => talking::happened(walk, to, event),
        Position::Emergency => arrive::emergency(walk, event),
        Position::Hearing { then } => hearing::happened(walk, then, event),
        Position::Menu { place, tries, typed } => ivr::menu::happened(walk, place, *tries, typed, event),
        Position::Waiting(line) => queue::happened(walk, line, event),
        Position::Leaving { mailbox, speaking } => mailbox::happened(walk, *mailbox, *speaking, event),
        Position::Pin { of, tries, typed } => pin::happened(walk, *of, *tries, typed, event),
        Position::Messages { mailbox, message, asking, tries } => {
            listen_messages::happened(walk, *mailbox, *message, *asking, *tries, event)
        }
        Position::Conference { room } => conference::happened(walk, *room, event),
        Position::PickingUp => pickup::happened(walk, event),
        Position::Parked(parking) => park::happened(walk, *parking, event),
        Position::TakingParked { slot } => park::taking(walk, *slot, event),
        // Until the caller hangs up, nothing that happens means anything.
        Position::Testing { test: _ } => None,
        Position::Listening { extension, mode } => eavesdrop::happened(walk, *extension, *mode, event),
        Position::Callback { place, number, tries, typed } => {
            let asked = callback::Asked { place, number: number.as_ref(), tries: *tries, typed };
            callback::happened(walk, &asked, event)
        }
    };
    next.unwrap_or_else(|| walk.otherwise(position, event))
}

impl From<&Event> for EventKind {
    fn from(event: &Event) -> Self {
        match event {
            Event::Arrived { .. } => Self::Arrived,
            Event::RingEnded { .. } => Self::RingEnded,
            Event::Answered { .. } => Self::Answered,
            Event::HungUp { .. } => Self::HungUp,
            Event::Played => Self::Played,
            Event::Key { .. } => Self::Key,
            Event::Timer { .. } => Self::Timer,
            Event::Recorded => Self::Recorded,
            Event::Woken => Self::Woken,
            Event::Transferred { .. } => Self::Transferred,
            Event::Sent { .. } => Self::Sent,
            Event::Replaced { .. } => Self::Replaced,
            Event::GivenAway => Self::GivenAway,
            Event::Failed => Self::Failed,
        }
    }
}
