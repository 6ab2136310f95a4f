//! Menus: from node to node. One file for each kind that does more than lead on.

mod condition;
pub(super) mod menu;
mod message;

use super::walk::Walk;
use super::{Goal, Next, callback};
use crate::cursor::{Place, Position, Then};
use crate::extension::Kind;
use crate::ivr::{Ivr, Node, NodeId, NodeKind};
use crate::reason::Reason;
use crate::routing::Destination;
use crate::snapshot::Snapshot;
use crate::step::{Action, Cause};
use voxera_model::{ExtensionId, FlowId, Name};

/// A call comes to a menu.
pub(super) fn enter(walk: &mut Walk<'_>, flow: FlowId) -> Next {
    let Some(published) = walk.snapshot.ivrs.get(&flow) else {
        walk.say(Reason::LeadsToMissing);
        return Next::Go(Goal::Failed(Cause::UnknownNumber));
    };
    walk.say(Reason::EnteredMenu { menu: published.name.clone(), version: published.version });
    walk.journey.language = Some(published.ivr.settings.language);
    // From here on this menu says where the call goes, not the one that sent it.
    walk.journey.failed = None;
    match &published.ivr.entry {
        Some(node) => Next::Go(Goal::Node(Place { flow, node: node.clone() })),
        None => dead_end(walk, None),
    }
}

/// A call comes to a node.
pub(super) fn visit(walk: &mut Walk<'_>, place: &Place) -> Next {
    let Some(Node { name, step, .. }) = node(walk.snapshot, place) else {
        return dead_end(walk, None);
    };
    match step {
        NodeKind::Menu { .. } => menu::ask(walk, place, 0, false),
        NodeKind::Message { prompt, times, notice, next } => message::play(
            walk,
            place,
            name,
            &message::Message { prompt, times: *times, notice: *notice },
            next.as_ref(),
        ),
        NodeKind::Transfer { to, failed } => {
            walk.journey.failed = at(place, failed.as_ref());
            let who = walk.to(to);
            if *to != Destination::Nowhere {
                walk.say(Reason::SentTo { to: who });
            }
            Next::Go(Goal::Destination(to.clone()))
        }
        NodeKind::Voicemail { mailbox } => Next::Go(Goal::Mailbox(*mailbox)),
        NodeKind::Queue { queue, overflow } => {
            walk.journey.failed = at(place, overflow.as_ref());
            only(walk, *queue, |kind| matches!(kind, Kind::Queue(_)))
        }
        NodeKind::Condition { branches, otherwise } => {
            condition::decide(walk, place, name, branches, otherwise.as_ref())
        }
        NodeKind::Conference { room } => only(walk, *room, |kind| matches!(kind, Kind::Conference(_))),
        NodeKind::Callback { whom, .. } => callback::enter(walk, place, *whom),
        NodeKind::CallerName { text, next } => {
            walk.say(Reason::CallerNameSet { text: text.clone() });
            walk.act(Action::CallerName { text: text.clone() });
            on(walk, place, next.as_ref())
        }
        NodeKind::Agent { unavailable, .. } => {
            walk.say(Reason::NoVoiceAgents { node: name.clone() });
            on(walk, place, unavailable.as_ref())
        }
        NodeKind::Hangup { prompt } => {
            walk.say(Reason::MenuEnds { node: name.clone() });
            let Some(prompt) = prompt else { return Next::End(Cause::Normal) };
            let sound = walk.prompt(prompt);
            walk.play(vec![sound]);
            Next::Wait(Position::Hearing { then: Then::End { cause: Cause::Normal } })
        }
    }
}

/// To an extension that must be of one kind.
fn only(walk: &mut Walk<'_>, id: ExtensionId, is: fn(&Kind) -> bool) -> Next {
    if walk.snapshot.extension(id).is_some_and(|(_, extension)| is(&extension.kind)) {
        let to = walk.who(id);
        walk.say(Reason::SentTo { to });
        return Next::Go(Goal::Extension(id));
    }
    walk.say(Reason::LeadsToMissing);
    Next::Go(Goal::Failed(Cause::UnknownNumber))
}

/// On to another node of the same menu.
pub(super) fn on(walk: &mut Walk<'_>, place: &Place, next: Option<&NodeId>) -> Next {
    match at(place, next) {
        Some(place) => Next::Go(Goal::Node(place)),
        None => dead_end(walk, name(walk.snapshot, place)),
    }
}

/// There is no way on. A caller who heard something so far has come to a natural end.
pub(super) fn dead_end(walk: &mut Walk<'_>, node: Option<Name>) -> Next {
    walk.say(Reason::DeadEnd { node });
    Next::End(if walk.journey.answered { Cause::Normal } else { Cause::UnknownNumber })
}

pub(super) fn node<'a>(snapshot: &'a Snapshot, place: &Place) -> Option<&'a Node> {
    menu_of(snapshot, place)?.nodes.get(&place.node)
}

pub(super) fn name(snapshot: &Snapshot, place: &Place) -> Option<Name> {
    node(snapshot, place).map(|node| node.name.clone())
}

fn menu_of<'a>(snapshot: &'a Snapshot, place: &Place) -> Option<&'a Ivr> {
    snapshot.ivrs.get(&place.flow).map(|published| &published.ivr)
}

fn at(place: &Place, node: Option<&NodeId>) -> Option<Place> {
    node.map(|node| Place { flow: place.flow, node: node.clone() })
}
