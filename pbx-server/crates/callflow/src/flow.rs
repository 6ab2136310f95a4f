//! The decision itself: one function per place where a call can stand.

use crate::cursor::{Cursor, Journey, Position, Rung};
use crate::event::{Event, Peer, RingOutcome};
use crate::extension::{Extension, User};
use crate::facts::Facts;
use crate::reason::{EventKind, Reason, Who};
use crate::routing::Destination;
use crate::snapshot::Snapshot;
use crate::step::{Action, Cause, Party, RingTarget, Step, TraceEntry, WhileRinging};
use voxera_model::{Dialled, ExtensionNumber, PhoneNumber, Seconds, Status};

/// The shortest and longest ringing, in seconds, whatever a snapshot says.
const RING_SECONDS: (u32, u32) = (5, 120);

/// Decides what one event means for a call. Total: every position answers every event.
///
/// `cursor` is `None` for a call that has not started; only [`Event::Arrived`] starts one. An event
/// that does not fit leaves a call that is up as it is and says so in the trace; a call that has
/// nothing to go on with ends in [`Cause::Fault`].
#[must_use]
pub fn step(snapshot: &Snapshot, facts: &Facts, cursor: Option<&Cursor>, event: &Event) -> Step {
    let Some(cursor) = cursor else {
        return match event {
            Event::Arrived { from: Peer::Extension(from), dialled } => {
                arrived(snapshot, facts, from, dialled)
            }
            _ => end(Cause::Fault, [Reason::Fault { event: event.into() }]),
        };
    };
    let mut step = match &cursor.position {
        Position::Ringing { whom: Rung::Extension { extension } } => match snapshot.ids.get(extension) {
            Some(number) => ringing(snapshot, cursor, number, event),
            None => end(Cause::Fault, [Reason::Fault { event: event.into() }]),
        },
        Position::Connected { to: Peer::Extension(extension) } => {
            connected(snapshot, cursor, extension, event)
        }
        Position::Emergency => emergency(cursor, event),
        _ => keep(cursor, event),
    };
    if cursor.snapshot != snapshot.version {
        let changed = Reason::SettingsChanged { started: cursor.snapshot, now: snapshot.version };
        step.trace.insert(0, TraceEntry { reason: changed });
    }
    step
}

/// A new call. Emergency stands first: nothing before it may say no.
fn arrived(snapshot: &Snapshot, facts: &Facts, from: &ExtensionNumber, dialled: &Dialled) -> Step {
    let caller = who(snapshot, from);
    if dialled.is_emergency() {
        return emergency_dialled(snapshot, facts, from, caller);
    }
    if !snapshot.extensions.contains_key(from) {
        return end(Cause::NotAllowed, [Reason::CallerRemoved { from: from.clone() }]);
    }
    match snapshot.status {
        Status::Active => {}
        Status::Suspended => return end(Cause::NotAllowed, [Reason::Suspended { from: caller }]),
    }
    match dialled {
        // Sorted out above; here only so that a new kind of dialling breaks this place.
        Dialled::Emergency => emergency_dialled(snapshot, facts, from, caller),
        Dialled::Extension(number) => match snapshot.extensions.get(number) {
            _ if number == from => end(Cause::Busy, [Reason::DialledOneself { from: caller }]),
            Some(extension) => {
                let dialled = Reason::ExtensionDialled { from: caller, to: who(snapshot, number) };
                ring(snapshot, facts, from, number, extension, dialled)
            }
            None => {
                end(Cause::UnknownNumber, [Reason::UnknownExtension { from: caller, number: number.clone() }])
            }
        },
        Dialled::Public(number) => public(snapshot, facts, from, caller, number),
        Dialled::Code(code) => {
            end(Cause::UnknownNumber, [Reason::UnknownCode { from: caller, code: code.clone() }])
        }
        Dialled::Unknown(text) => {
            end(Cause::UnknownNumber, [Reason::NotANumber { from: caller, dialled: text.clone() }])
        }
    }
}

fn public(
    snapshot: &Snapshot,
    facts: &Facts,
    from: &ExtensionNumber,
    caller: Who,
    number: &PhoneNumber,
) -> Step {
    match snapshot.numbers.get(number) {
        None => end(Cause::NoRoute, [Reason::NoOutsideLine { from: caller, number: number.clone() }]),
        Some(Destination::Nowhere) => {
            end(Cause::UnknownNumber, [Reason::NumberLeadsNowhere { from: caller, number: number.clone() }])
        }
        Some(Destination::Extension { extension }) => match snapshot.extension(*extension) {
            None => end(
                Cause::UnknownNumber,
                [Reason::NumberLeadsToMissing { from: caller, number: number.clone() }],
            ),
            Some((target, _)) if target == from => {
                end(Cause::Busy, [Reason::DialledOneself { from: caller }])
            }
            Some((target, extension)) => {
                let dialled = Reason::OwnNumberDialled {
                    from: caller,
                    number: number.clone(),
                    to: who(snapshot, target),
                };
                ring(snapshot, facts, from, target, extension, dialled)
            }
        },
        Some(_) => {
            end(Cause::UnknownNumber, [Reason::NumberLeadsToMissing { from: caller, number: number.clone() }])
        }
    }
}

fn emergency_dialled(snapshot: &Snapshot, facts: &Facts, from: &ExtensionNumber, caller: Who) -> Step {
    let dialled = Reason::EmergencyDialled { from: caller };
    if !facts.emergency_line {
        return end(Cause::NoRoute, [dialled, Reason::EmergencyWithoutLine]);
    }
    Step {
        actions: vec![Action::Emergency { caller_id: None }],
        next: Some(Cursor {
            snapshot: snapshot.version,
            from: Peer::Extension(from.clone()),
            position: Position::Emergency,
            journey: Journey::default(),
        }),
        trace: entries([dialled]),
    }
}

fn ring(
    snapshot: &Snapshot,
    facts: &Facts,
    from: &ExtensionNumber,
    number: &ExtensionNumber,
    extension: &Extension,
    dialled: Reason,
) -> Step {
    let to = Who { number: number.clone(), name: Some(extension.name.clone()) };
    let Some(user) = extension.user() else {
        return end(Cause::Offline, [dialled, Reason::NoPhoneSetUp { to }]);
    };
    let User { devices, ring_for, call_waiting, .. } = user;
    let available = facts.extensions.get(&extension.id).copied().unwrap_or_default();
    if devices.is_empty() {
        return end(Cause::Offline, [dialled, Reason::NoPhoneSetUp { to }]);
    }
    if available.online == 0 {
        return end(Cause::Offline, [dialled, Reason::NoPhoneOnline { to }]);
    }
    let in_call = available.calls > 0;
    if in_call && !call_waiting {
        return end(Cause::Busy, [dialled, Reason::InAnotherCall { to }]);
    }
    let ring_for = Seconds(ring_for.0.clamp(RING_SECONDS.0, RING_SECONDS.1));
    let phones = available.online;
    let rings = if in_call {
        Reason::RingsAsSecondCall { to, phones, ring_for }
    } else {
        Reason::Rings { to, phones, ring_for }
    };
    Step {
        actions: vec![Action::Ring {
            targets: vec![RingTarget::Extension {
                extension: extension.id,
                number: number.clone(),
                name: extension.name.clone(),
                devices: devices.clone(),
            }],
            ring_for,
            hears: WhileRinging::Ringback,
        }],
        next: Some(Cursor {
            snapshot: snapshot.version,
            from: Peer::Extension(from.clone()),
            position: Position::Ringing { whom: Rung::Extension { extension: extension.id } },
            journey: Journey::default(),
        }),
        trace: entries([dialled, rings]),
    }
}

fn ringing(snapshot: &Snapshot, cursor: &Cursor, extension: &ExtensionNumber, event: &Event) -> Step {
    let to = who(snapshot, extension);
    match event {
        Event::Answered { by: Peer::Extension(by) } if by == extension => Step {
            actions: vec![Action::Bridge],
            next: Some(Cursor {
                position: Position::Connected { to: Peer::Extension(extension.clone()) },
                ..cursor.clone()
            }),
            trace: entries([Reason::Answered { by: to }]),
        },
        Event::RingEnded { outcome } => match outcome {
            RingOutcome::NoAnswer => end(Cause::NoAnswer, [Reason::NoAnswer { to }]),
            RingOutcome::Busy => end(Cause::Busy, [Reason::PhoneBusy { to }]),
            RingOutcome::Declined => end(Cause::Declined, [Reason::Declined { by: to }]),
            RingOutcome::Unreachable | RingOutcome::Incompatible => {
                end(Cause::Offline, [Reason::PhoneUnreachable { to }])
            }
        },
        Event::HungUp { by } => match by {
            Party::Caller => {
                end(Cause::Cancelled, [Reason::CallerGaveUp { from: caller(snapshot, &cursor.from) }])
            }
            Party::Callee => end(Cause::Declined, [Reason::Declined { by: to }]),
            Party::System => end(Cause::Cancelled, [Reason::EndedBySystem]),
        },
        _ => keep(cursor, event),
    }
}

fn connected(snapshot: &Snapshot, cursor: &Cursor, extension: &ExtensionNumber, event: &Event) -> Step {
    match event {
        Event::HungUp { by } => {
            let reason = match by {
                Party::Caller => Reason::CallerHungUp { from: caller(snapshot, &cursor.from) },
                Party::Callee => Reason::CalleeHungUp { by: who(snapshot, extension) },
                Party::System => Reason::EndedBySystem,
            };
            end(Cause::Normal, [reason])
        }
        _ => keep(cursor, event),
    }
}

fn emergency(cursor: &Cursor, event: &Event) -> Step {
    match event {
        Event::Answered { .. } => Step {
            actions: vec![Action::Bridge],
            next: Some(cursor.clone()),
            trace: entries([Reason::EmergencyAnswered]),
        },
        Event::RingEnded { .. } => end(Cause::NoRoute, [Reason::EmergencyLineFailed]),
        Event::HungUp { by } => end(Cause::Normal, [Reason::EmergencyEnded { by: *by }]),
        _ => keep(cursor, event),
    }
}

fn who(snapshot: &Snapshot, number: &ExtensionNumber) -> Who {
    let name = snapshot.extensions.get(number).map(|extension| extension.name.clone());
    Who { number: number.clone(), name }
}

fn caller(snapshot: &Snapshot, from: &Peer) -> Who {
    match from {
        Peer::Extension(number) => who(snapshot, number),
        Peer::Outside(_) => {
            Who { number: ExtensionNumber::parse("10").unwrap_or_else(|_| unreachable!()), name: None }
        }
    }
}

fn entries<const N: usize>(reasons: [Reason; N]) -> Vec<TraceEntry> {
    reasons.into_iter().map(|reason| TraceEntry { reason }).collect()
}

fn end<const N: usize>(cause: Cause, reasons: [Reason; N]) -> Step {
    Step { actions: vec![Action::Hangup { cause }], next: None, trace: entries(reasons) }
}

fn keep(cursor: &Cursor, event: &Event) -> Step {
    Step {
        actions: Vec::new(),
        next: Some(cursor.clone()),
        trace: entries([Reason::Ignored { event: event.into() }]),
    }
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
            Event::Replaced { .. } => Self::Replaced,
            Event::GivenAway => Self::GivenAway,
            Event::Failed => Self::Failed,
        }
    }
}
