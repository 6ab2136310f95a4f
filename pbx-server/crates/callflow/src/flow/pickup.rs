//! `*8`: taking a call that rings at somebody else.

use super::Next;
use super::walk::Walk;
use crate::cursor::Position;
use crate::event::Event;
use crate::extension::{Kind, Member};
use crate::facts::RingingCall;
use crate::reason::Reason;
use crate::step::{Action, Cause};
use voxera_model::{ExtensionId, ExtensionNumber};

/// The call that rings longest among those with whom the caller shares a group or queue; else any.
pub(super) fn any(walk: &mut Walk<'_>) -> Next {
    let Some(own) = walk.calling().map(|extension| extension.id) else { return nothing(walk) };
    let shared: Vec<ExtensionId> = walk
        .snapshot
        .extensions
        .values()
        .filter_map(|extension| members(&extension.kind))
        .filter(|members| members.iter().any(|member| member.extension == own))
        .flatten()
        .map(|member| member.extension)
        .collect();
    let rings_at = |ringing: &&RingingCall, among: Option<&[ExtensionId]>| {
        walk.snapshot.extensions.get(&ringing.extension).is_some_and(|extension| {
            extension.id != own && among.is_none_or(|among| among.contains(&extension.id))
        })
    };
    let found = walk
        .facts
        .ringing
        .iter()
        .find(|ringing| rings_at(ringing, Some(&shared)))
        .or_else(|| walk.facts.ringing.iter().find(|ringing| rings_at(ringing, None)))
        .cloned();
    take(walk, found)
}

/// The call that rings longest at this person, or at a member of this group or queue.
pub(super) fn of(walk: &mut Walk<'_>, number: &ExtensionNumber) -> Next {
    let Some(extension) = walk.snapshot.extensions.get(number) else {
        let from = walk.caller();
        walk.say(Reason::UnknownExtension { from, number: number.clone() });
        return Next::End(Cause::UnknownNumber);
    };
    let own = walk.calling().map(|extension| extension.id);
    let rings_there = |ringing: &&RingingCall| {
        let Some(rings) = walk.snapshot.extensions.get(&ringing.extension) else { return false };
        let there = match members(&extension.kind) {
            Some(members) => members.iter().any(|member| member.extension == rings.id),
            None => rings.id == extension.id,
        };
        there && Some(rings.id) != own
    };
    let found = walk.facts.ringing.iter().find(rings_there).cloned();
    take(walk, found)
}

fn take(walk: &mut Walk<'_>, found: Option<RingingCall>) -> Next {
    let Some(found) = found else { return nothing(walk) };
    let (from, of) = (walk.caller(), walk.number(&found.extension));
    walk.say(Reason::PicksUp { from, of });
    walk.act(Action::PickUp { call: found.call });
    Next::Wait(Position::PickingUp)
}

fn nothing(walk: &mut Walk<'_>) -> Next {
    let from = walk.caller();
    walk.say(Reason::NothingToPickUp { from });
    Next::Refuse(Cause::UnknownNumber)
}

pub(super) fn happened(walk: &mut Walk<'_>, event: &Event) -> Option<Next> {
    match event {
        // Somebody else was faster.
        Event::Failed => Some(nothing(walk)),
        _ => None,
    }
}

fn members(kind: &Kind) -> Option<&[Member]> {
    match kind {
        Kind::HuntGroup(group) => Some(&group.members),
        Kind::Queue(queue) => Some(&queue.members),
        Kind::User(_)
        | Kind::Ivr { .. }
        | Kind::Conference(_)
        | Kind::Voicemail { .. }
        | Kind::External { .. } => None,
    }
}
