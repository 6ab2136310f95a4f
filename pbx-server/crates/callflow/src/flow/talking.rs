//! Two people talk.

use super::walk::Walk;
use super::{Next, transfer};
use crate::cursor::Position;
use crate::event::{Event, Peer};
use crate::reason::Reason;
use crate::step::{Cause, Party};

pub(super) fn happened(walk: &mut Walk<'_>, to: &Peer, event: &Event) -> Option<Next> {
    match event {
        Event::HungUp { by } => {
            let reason = match by {
                Party::Caller => Reason::CallerHungUp { from: walk.caller() },
                Party::Callee => Reason::CalleeHungUp { by: walk.peer(to) },
                Party::System => Reason::EndedBySystem,
            };
            walk.say(reason);
            Some(Next::End(Cause::Normal))
        }
        Event::Transferred { by, to: dialled } => Some(transfer::blind(walk, *by, to, dialled)),
        Event::Replaced { party, by } => {
            let who = walk.peer(by);
            walk.say(Reason::TookOver { by: who });
            let mut to = to.clone();
            match party {
                Party::Caller => walk.from = by.clone(),
                Party::Callee => to = by.clone(),
                Party::System => {}
            }
            Some(Next::Wait(Position::Connected { to }))
        }
        _ => None,
    }
}
