//! Something is played, then the call goes on.

use crate::cursor::{Place, Position, Then};
use crate::flow::Next;
use crate::flow::walk::Walk;
use crate::ivr::NodeId;
use crate::reason::Reason;
use crate::sound::Prompt;
use crate::step::Cause;
use voxera_model::Name;

/// The most that one node repeats itself, whatever a snapshot says.
const MOST_TIMES: u8 = 5;

pub(super) struct Message<'a> {
    pub prompt: &'a Prompt,
    pub times: u8,
    pub notice: bool,
}

pub(super) fn play(
    walk: &mut Walk<'_>,
    place: &Place,
    name: &Name,
    message: &Message<'_>,
    next: Option<&NodeId>,
) -> Next {
    walk.say(Reason::MessagePlayed { node: name.clone() });
    walk.journey.noticed |= message.notice;
    let sound = walk.prompt(message.prompt);
    walk.play(vec![sound; usize::from(message.times.clamp(1, MOST_TIMES))]);
    let then = if let Some(place) = super::at(place, next) {
        Then::Node { place }
    } else {
        walk.say(Reason::DeadEnd { node: Some(name.clone()) });
        Then::End { cause: Cause::Normal }
    };
    Next::Wait(Position::Hearing { then })
}
