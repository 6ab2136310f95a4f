//! A call begins, and calls for help.

use super::walk::Walk;
use super::{Goal, Next, eavesdrop, listen_messages, outside, park, pickup, rules, sound_test};
use crate::cursor::Position;
use crate::event::{Event, Peer};
use crate::parking::ParkSlot;
use crate::reason::Reason;
use crate::step::{Action, Cause};
use voxera_model::{Dialled, ExtensionNumber, Status};

/// A new call. Emergency stands first: nothing before it may say no.
pub(super) fn arrived(walk: &mut Walk<'_>, from: &Peer, dialled: &Dialled) -> Next {
    walk.from = from.clone();
    if dialled.is_emergency() {
        return emergency_dialled(walk);
    }
    if let Peer::Extension(number) = from
        && !walk.snapshot.extensions.contains_key(number)
    {
        walk.say(Reason::CallerRemoved { from: number.clone() });
        return Next::End(Cause::NotAllowed);
    }
    let caller = walk.caller();
    match walk.snapshot.status {
        Status::Active => {}
        Status::Suspended => {
            walk.say(Reason::Suspended { from: caller });
            return Next::End(Cause::NotAllowed);
        }
    }
    match from {
        Peer::Extension(number) => inside(walk, number, dialled),
        Peer::Outside(_) => match dialled {
            Dialled::Public(number) if walk.snapshot.numbers.contains_key(number) => {
                rules::own_number(walk, number)
            }
            Dialled::Public(number) => {
                walk.say(Reason::NotOurNumber { from: caller, number: number.clone() });
                Next::End(Cause::UnknownNumber)
            }
            Dialled::Emergency | Dialled::Extension(_) | Dialled::Code(_) | Dialled::Unknown(_) => {
                walk.say(Reason::NotFromOutside { from: caller, dialled: dialled.to_string() });
                Next::End(Cause::UnknownNumber)
            }
        },
    }
}

/// From a phone of this PBX.
fn inside(walk: &mut Walk<'_>, from: &ExtensionNumber, dialled: &Dialled) -> Next {
    let caller = walk.caller();
    match dialled {
        // Sorted out above; here only so that a new kind of dialling breaks this place.
        Dialled::Emergency => emergency_dialled(walk),
        Dialled::Extension(number) if number == from => {
            walk.say(Reason::DialledOneself { from: caller });
            Next::End(Cause::Busy)
        }
        Dialled::Extension(number) => {
            let Some(extension) = walk.snapshot.extensions.get(number) else {
                walk.say(Reason::UnknownExtension { from: caller, number: number.clone() });
                return Next::End(Cause::UnknownNumber);
            };
            let to = walk.number(number);
            walk.say(Reason::ExtensionDialled { from: caller, to });
            Next::Go(Goal::Extension(extension.id))
        }
        Dialled::Public(number) if walk.snapshot.numbers.contains_key(number) => {
            rules::own_number(walk, number)
        }
        Dialled::Public(number) => outside::dialled(walk, number),
        Dialled::Code(code) => feature(walk, code),
        Dialled::Unknown(text) => {
            walk.say(Reason::NotANumber { from: caller, dialled: text.clone() });
            Next::End(Cause::UnknownNumber)
        }
    }
}

/// The codes that phones may dial. `*88` is looked at before `*8`: an extension that starts with 8
/// is picked up by `*8` and the whole number, so a code of both meanings listens in.
fn feature(walk: &mut Walk<'_>, code: &str) -> Next {
    let extension = |text: &str| ExtensionNumber::parse(text).ok();
    match code {
        "*97" => return listen_messages::own(walk),
        "*8" => return pickup::any(walk),
        "*43" => return sound_test::echo(walk),
        "*44" => return sound_test::tone(walk),
        _ => {}
    }
    if let Ok(slot) = ParkSlot::parse(code) {
        return park::take(walk, slot);
    }
    if let Some(number) = code.strip_prefix("*98").and_then(extension) {
        return listen_messages::of(walk, &number);
    }
    if let Some(number) = code.strip_prefix("*88").and_then(extension)
        && walk.snapshot.extensions.contains_key(&number)
    {
        return eavesdrop::begin(walk, &number);
    }
    if let Some(number) = code.strip_prefix("*8").and_then(extension) {
        return pickup::of(walk, &number);
    }
    let from = walk.caller();
    walk.say(Reason::UnknownCode { from, code: code.to_owned() });
    Next::End(Cause::UnknownNumber)
}

fn emergency_dialled(walk: &mut Walk<'_>) -> Next {
    let from = walk.caller();
    match &walk.from {
        Peer::Extension(_) => {
            walk.say(Reason::EmergencyDialled { from });
            emergency_call(walk)
        }
        // A call that is already in the telephone network does not need us to reach 112; passing it
        // on would show rescuers the wrong place.
        Peer::Outside(_) => {
            walk.say(Reason::EmergencyFromOutside { from });
            Next::End(Cause::NoRoute)
        }
    }
}

/// Over the lines that carry it, whatever else holds and however they look.
pub(super) fn emergency_call(walk: &mut Walk<'_>) -> Next {
    if !walk.snapshot.trunks.iter().any(|trunk| trunk.emergency) {
        walk.say(Reason::EmergencyWithoutLine);
        return Next::End(Cause::NoRoute);
    }
    let caller_id = outside::caller_id(walk, &walk.from);
    walk.act(Action::Emergency { caller_id });
    Next::Wait(Position::Emergency)
}

/// What happens while somebody calls for help.
pub(super) fn emergency(walk: &mut Walk<'_>, event: &Event) -> Option<Next> {
    match event {
        Event::Answered { .. } => {
            walk.say(Reason::EmergencyAnswered);
            walk.act(Action::Bridge);
            walk.journey.answered = true;
            Some(Next::Wait(Position::Emergency))
        }
        Event::RingEnded { .. } | Event::Failed => {
            walk.say(Reason::EmergencyLineFailed);
            Some(Next::End(Cause::NoRoute))
        }
        Event::HungUp { by } => {
            walk.say(Reason::EmergencyEnded { by: *by });
            Some(Next::End(Cause::Normal))
        }
        _ => None,
    }
}
