//! A hunt group: rings until somebody picks up, or everyone was tried.

use super::walk::Walk;
use super::{Goal, Next, members, recording};
use crate::cursor::{Position, Rung};
use crate::extension::{Extension, HuntGroup, Kind};
use crate::reason::{Feature, Forward, Reason};
use crate::routing::Destination;
use crate::step::{Action, Cause, WhileRinging};
use voxera_model::ExtensionId;

pub(super) fn enter(walk: &mut Walk<'_>, extension: &Extension, group: &HuntGroup) -> Next {
    if !walk.has(Feature::HuntGroups) {
        return Next::Go(Goal::Failed(Cause::NotAllowed));
    }
    let id = extension.id;
    if members::next(walk, &group.members, group.strategy, id, &[]).is_empty() {
        let who = walk.who(id);
        let (offline, busy, undisturbed) = members::count(walk, &group.members);
        walk.say(Reason::NobodyFree { group: who, offline, busy, undisturbed });
        let cause = if members::is_staffed(walk, &group.members) { Cause::Busy } else { Cause::Offline };
        return failed(walk, id, group, cause);
    }
    let mut recorded = vec![id];
    recorded.extend(group.members.iter().map(|member| member.extension));
    if let Some(next) = recording::notice(walk, id, &recorded) {
        return next;
    }
    ring(walk, id, group, Vec::new())
}

/// Those who rang did not pick up.
pub(super) fn unanswered(
    walk: &mut Walk<'_>,
    id: ExtensionId,
    now: &[ExtensionId],
    tried: &[ExtensionId],
) -> Next {
    let Some(group) = group(walk, id) else {
        walk.say(Reason::LeadsToMissing);
        return Next::Go(Goal::Failed(Cause::Fault));
    };
    let mut all = tried.to_vec();
    all.extend(now);
    ring(walk, id, group, all)
}

fn ring(walk: &mut Walk<'_>, id: ExtensionId, group: &HuntGroup, tried: Vec<ExtensionId>) -> Next {
    let now = members::next(walk, &group.members, group.strategy, id, &tried);
    if now.is_empty() {
        let who = walk.who(id);
        walk.say(Reason::GroupUnanswered { group: who });
        return failed(walk, id, group, Cause::NoAnswer);
    }
    let ring_for = members::ring_seconds(group.ring_for);
    let who = walk.who(id);
    let rung = now.iter().map(|member| walk.who(*member)).collect();
    walk.say(Reason::MembersRing { group: who, members: rung, strategy: group.strategy, ring_for });
    let mut recorded = vec![id];
    recorded.extend(&now);
    recording::start(walk, &recorded);
    let targets = members::targets(walk, &now);
    walk.act(Action::Ring { targets, ring_for, hears: WhileRinging::Ringback });
    Next::Wait(Position::Ringing { whom: Rung::Group { group: id, now, tried } })
}

fn failed(walk: &mut Walk<'_>, id: ExtensionId, group: &HuntGroup, cause: Cause) -> Next {
    match &group.failed {
        Some(to) if walk.journey.failed.is_none() && *to != Destination::Nowhere => {
            let (from, who) = (walk.who(id), walk.to(to));
            walk.say(Reason::Forwarded { from, why: Forward::GroupFailed, to: who });
            Next::Go(Goal::Destination(to.clone()))
        }
        _ => Next::Go(Goal::Failed(cause)),
    }
}

fn group<'a>(walk: &Walk<'a>, id: ExtensionId) -> Option<&'a HuntGroup> {
    match &walk.snapshot.extension(id)?.1.kind {
        Kind::HuntGroup(group) => Some(group),
        _ => None,
    }
}
