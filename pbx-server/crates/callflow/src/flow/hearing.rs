//! The caller hears something to its end.

use super::walk::Walk;
use super::{Goal, Next, rules, sound_test};
use crate::cursor::Then;
use crate::event::Event;
use crate::reason::Reason;
use crate::step::{Cause, Party};

pub(super) fn happened(walk: &mut Walk<'_>, then: &Then, event: &Event) -> Option<Next> {
    match event {
        // A sound that cannot be played is silence; the call goes on as if it had been heard.
        Event::Played | Event::Failed => Some(match then {
            Then::Extension { extension } => Next::Go(Goal::Extension(*extension)),
            Then::Destination { to } => rules::lead(walk, to),
            Then::Node { place } => Next::Go(Goal::Node(place.clone())),
            Then::Echo => sound_test::begin_echo(walk),
            Then::End { cause } => Next::End(*cause),
        }),
        Event::HungUp { by: Party::Caller } => {
            let from = walk.caller();
            walk.say(Reason::CallerHungUp { from });
            Some(Next::End(match then {
                Then::End { cause } => *cause,
                Then::Extension { .. } | Then::Destination { .. } | Then::Node { .. } | Then::Echo => {
                    Cause::Normal
                }
            }))
        }
        _ => None,
    }
}
