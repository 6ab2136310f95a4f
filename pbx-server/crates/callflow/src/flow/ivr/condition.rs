//! The first branch whose conditions all hold.

use super::on;
use crate::cursor::Place;
use crate::flow::Next;
use crate::flow::walk::Walk;
use crate::ivr::{Branch, NodeId};
use crate::matching::hold;
use crate::reason::Reason;
use voxera_model::Name;

pub(super) fn decide(
    walk: &mut Walk<'_>,
    place: &Place,
    name: &Name,
    branches: &[Branch],
    otherwise: Option<&NodeId>,
) -> Next {
    let now = walk.now();
    let dialled = walk.journey.dialled.clone();
    for (branch, nth) in branches.iter().zip(1_u16..) {
        if hold(&branch.conditions, now, &walk.from, dialled.as_ref()).is_ok() {
            walk.say(Reason::BranchTaken {
                node: name.clone(),
                branch: nth,
                at: now,
                conditions: branch.conditions.clone(),
            });
            return on(walk, place, branch.next.as_ref());
        }
    }
    walk.say(Reason::NoBranchTaken { node: name.clone() });
    on(walk, place, otherwise)
}
