//! Who of a group or queue is rung next.

use super::walk::Walk;
use crate::extension::{Member, Strategy, User};
use crate::facts::QueueFacts;
use crate::step::RingTarget;
use std::cmp::Reverse;
use voxera_model::{ExtensionId, Seconds};

/// The shortest and longest ringing, in seconds, whatever a snapshot says.
const RING_SECONDS: (u32, u32) = (5, 120);

pub(super) fn ring_seconds(asked: Seconds) -> Seconds {
    Seconds(asked.0.clamp(RING_SECONDS.0, RING_SECONDS.1))
}

/// The members to ring now: the free ones of the first tier that has any who were not tried. One of
/// them, or all, as the strategy says. Empty: nobody.
pub(super) fn next(
    walk: &Walk<'_>,
    members: &[Member],
    strategy: Strategy,
    group: ExtensionId,
    tried: &[ExtensionId],
) -> Vec<ExtensionId> {
    let nothing = QueueFacts::default();
    let facts = walk.facts.queues.get(&group).unwrap_or(&nothing);
    let can = |member: &&Member| !tried.contains(&member.extension) && is_free(walk, member.extension, facts);
    let Some(tier) = members.iter().filter(can).map(|member| member.tier).min() else {
        return Vec::new();
    };
    let of_tier: Vec<ExtensionId> =
        members.iter().filter(|member| member.tier == tier).map(|member| member.extension).collect();
    let mut free: Vec<ExtensionId> = Vec::new();
    for member in members.iter().filter(|member| member.tier == tier).filter(can) {
        if !free.contains(&member.extension) {
            free.push(member.extension);
        }
    }
    let history = |id: &ExtensionId| facts.members.get(id).copied().unwrap_or_default();
    match strategy {
        Strategy::RingAll => return free,
        Strategy::Sequential => {}
        Strategy::RoundRobin => {
            let last = facts.last.and_then(|last| of_tier.iter().position(|id| *id == last));
            if let Some(last) = last {
                let place = |id: &ExtensionId| of_tier.iter().position(|other| other == id).unwrap_or(0);
                // Those after the last one come first.
                free.sort_by_key(|id| (place(id) <= last, place(id)));
            }
        }
        // Sorting keeps the order of the list among equals.
        Strategy::LongestIdle => free.sort_by_key(|id| Reverse(history(id).idle.unwrap_or(u32::MAX))),
        Strategy::LeastCalls => free.sort_by_key(|id| history(id).calls),
    }
    free.truncate(1);
    free
}

/// Online, in no call, willing, rested, and not the caller.
fn is_free(walk: &Walk<'_>, id: ExtensionId, facts: &QueueFacts) -> bool {
    let available = walk.available(id);
    person(walk, id).is_some_and(|user| !user.do_not_disturb && !user.devices.is_empty())
        && available.online > 0
        && available.calls == 0
        && !facts.members.get(&id).is_some_and(|member| member.resting)
        && !walk.is_caller(id)
}

/// Whether any member has a phone online.
pub(super) fn is_staffed(walk: &Walk<'_>, members: &[Member]) -> bool {
    members.iter().any(|member| {
        person(walk, member.extension).is_some_and(|user| !user.devices.is_empty())
            && walk.available(member.extension).online > 0
            && !walk.is_caller(member.extension)
    })
}

/// How many have no phone online, are in a call, and do not want to be disturbed.
pub(super) fn count(walk: &Walk<'_>, members: &[Member]) -> (u16, u16, u16) {
    let (mut offline, mut busy, mut undisturbed) = (0_u16, 0_u16, 0_u16);
    for member in members {
        let available = walk.available(member.extension);
        let Some(user) = person(walk, member.extension) else { continue };
        let kind = if user.devices.is_empty() || available.online == 0 {
            &mut offline
        } else if user.do_not_disturb {
            &mut undisturbed
        } else {
            &mut busy
        };
        *kind = kind.saturating_add(1);
    }
    (offline, busy, undisturbed)
}

/// These, as an engine rings them.
pub(super) fn targets(walk: &Walk<'_>, ids: &[ExtensionId]) -> Vec<RingTarget> {
    let target = |id: &ExtensionId| {
        let (number, extension) = walk.snapshot.extension(*id)?;
        Some(RingTarget::Extension {
            extension: *id,
            number: number.clone(),
            name: extension.name.clone(),
            devices: extension.devices().to_vec(),
        })
    };
    ids.iter().filter_map(target).collect()
}

fn person<'a>(walk: &Walk<'a>, id: ExtensionId) -> Option<&'a User> {
    walk.snapshot.extension(id).and_then(|(_, extension)| extension.user())
}
