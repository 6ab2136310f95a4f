//! A room where everyone hears everyone.

use super::walk::Walk;
use super::{Goal, Next, pin};
use crate::cursor::{PinOf, Position};
use crate::event::Event;
use crate::extension::{Conference, Kind};
use crate::reason::{Feature, Reason};
use crate::step::{Action, Cause};
use voxera_model::ExtensionId;

pub(super) fn enter(walk: &mut Walk<'_>, id: ExtensionId) -> Next {
    let Some(room) = of(walk, id) else {
        walk.say(Reason::LeadsToMissing);
        return Next::Go(Goal::Failed(Cause::UnknownNumber));
    };
    if !walk.has(Feature::Conferencing) {
        return Next::Go(Goal::Failed(Cause::NotAllowed));
    }
    if room.pin.is_some() {
        return pin::ask(walk, PinOf::Conference { room: id });
    }
    join(walk, id)
}

/// Whoever may is let in, as long as there is room.
pub(super) fn join(walk: &mut Walk<'_>, id: ExtensionId) -> Next {
    let most = of(walk, id).map_or(2, |room| room.max_members);
    let members = walk.facts.rooms.get(&id).copied().unwrap_or(0);
    let room = walk.who(id);
    if members >= most {
        walk.say(Reason::ConferenceFull { room, members });
        return Next::Go(Goal::Failed(Cause::Busy));
    }
    walk.journey.failed = None;
    let from = walk.caller();
    walk.say(Reason::JoinsConference { from, room });
    walk.answer();
    walk.act(Action::Join { room: id, members: most });
    Next::Wait(Position::Conference { room: id })
}

pub(super) fn happened(walk: &mut Walk<'_>, id: ExtensionId, event: &Event) -> Option<Next> {
    match event {
        Event::Failed => {
            let room = walk.who(id);
            walk.say(Reason::ConferenceFailed { room });
            Some(Next::Refuse(Cause::Busy))
        }
        _ => None,
    }
}

pub(super) fn of<'a>(walk: &Walk<'a>, id: ExtensionId) -> Option<&'a Conference> {
    match &walk.snapshot.extension(id)?.1.kind {
        Kind::Conference(room) => Some(room),
        _ => None,
    }
}
