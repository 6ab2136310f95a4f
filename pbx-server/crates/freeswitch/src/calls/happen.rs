//! What is told of channels while scripts run.

use super::event::{ChannelEvent, Order};
use super::ids::{ChannelId, NodeName};
use super::tracked::Tracked;
use super::{Calls, Side};
use crate::dialplan::{Expect, Suffix};
use std::sync::Arc;
use voxera_callflow::{Event, Party, Peer, Position};
use voxera_model::{CallId, ExtensionId, ExtensionNumber, PhoneNumber};

impl Calls {
    /// Something happened to a channel. Channels that are of no call of ours are ignored.
    pub fn event(&self, channel: ChannelId, event: ChannelEvent) {
        match event {
            ChannelEvent::Answered { mark } => self.answered(channel, mark.as_deref()),
            ChannelEvent::Bridged { with } => self.bridged(channel, with),
            ChannelEvent::HungUp { cause, by } => self.hung_up(channel, &cause, by),
            ChannelEvent::Offered { agent } => self.offered(channel, &agent, true),
            ChannelEvent::NotTaken { agent } => self.offered(channel, &agent, false),
            ChannelEvent::Taken { agent, leg } => self.taken(channel, &agent, leg),
        }
    }

    /// A node died: its calls are over.
    pub fn lost(&self, node: &NodeName) {
        self.relays_lost(node);
        let all = self.book().of_node(node);
        for tracked in all {
            tracked.core.carrier_lost();
            let deeds = {
                let mut state = tracked.lock();
                tracked.tell(&mut state, Event::HungUp { by: Party::System })
            };
            self.deeds(&tracked, deeds);
            self.finish(&tracked);
        }
    }

    /// Somebody who was rung picked up. Several may at the same moment; who talks with the caller is
    /// told by [`ChannelEvent::Bridged`].
    fn answered(&self, leg: ChannelId, mark: Option<&str>) {
        let Some((call, peer)) = mark.and_then(read) else { return };
        let mut book = self.book();
        let Some(tracked) = book.call(call) else { return };
        if let Some((_, Side::Main)) = book.at(leg) {
            // It asked what to do before this was told.
            return;
        }
        book.join(leg, call, Side::Other);
        drop(book);
        tracked.lock().legs.insert(leg, peer);
    }

    fn bridged(&self, a: ChannelId, b: ChannelId) {
        let (Some(((a, one, one_side), one_afar)), Some(((b, two, two_side), two_afar))) =
            (self.stands_for(a), self.stands_for(b))
        else {
            return;
        };
        if one.core.id() != two.core.id() {
            let (one, two) = ((a, &one, one_side), (b, &two, two_side));
            return match (one_afar, two_afar) {
                // The call stays at its own node.
                (true, false) => self.handed_over(one, two, true),
                (false, true) => self.handed_over(two, one, true),
                (true, true) | (false, false) => self.handed_over(one, two, false),
            };
        }
        if one_afar || two_afar {
            return;
        }
        let other = match (one_side, two_side) {
            (Side::Main, Side::Other) => b,
            (Side::Other, Side::Main) => a,
            (Side::Main, Side::Main) | (Side::Other, Side::Other) => return,
        };
        let peer = {
            let mut state = one.lock();
            if state.other == Some(other) {
                return;
            }
            state.other = Some(other);
            let peer = state.legs.get(&other).cloned();
            if peer.is_some() && one.at_other(&state) == peer {
                // Called back after a refused transfer, or taken up after a stop of the server: the core
                // never thought that they had parted.
                state.wish.talks();
                self.shared.talks.notify_waiters();
                return;
            }
            peer
        };
        if let Some(by) = peer {
            self.told(&one, Event::Answered { by });
            self.shared.talks.notify_waiters();
        }
    }

    /// Two channels of different calls talk: one was picked up, or handed over by whoever held both. `first`:
    /// the first one stays, whichever is older.
    fn handed_over(
        &self,
        one: (ChannelId, &Arc<Tracked>, Side),
        two: (ChannelId, &Arc<Tracked>, Side),
        first: bool,
    ) {
        let picks = |tracked: &Tracked| {
            tracked.core.cursor().is_some_and(|cursor| {
                matches!(cursor.position, Position::PickingUp | Position::TakingParked { .. })
            })
        };
        let older = first || one.1.core.started_at() <= two.1.core.started_at();
        let (stays, joins) = match (picks(one.1), picks(two.1)) {
            (true, false) => (two, one),
            (false, true) => (one, two),
            _ if older => (one, two),
            _ => (two, one),
        };
        let Some(by) = peer(joins.1, joins.0, joins.2) else { return };
        let (party, side) = match stays.2 {
            Side::Main => (Party::Callee, Side::Other),
            Side::Other => (Party::Caller, Side::Main),
        };
        {
            let mut state = stays.1.lock();
            state.left = false;
            match side {
                Side::Main => {
                    let gone = std::mem::replace(&mut state.main, joins.0);
                    self.book().forget(gone);
                }
                Side::Other => {
                    state.other = Some(joins.0);
                    state.legs.insert(joins.0, by.clone());
                }
            }
            state.expect = Expect::Nothing;
        }
        self.told(joins.1, Event::GivenAway);
        self.finish(joins.1);
        self.book().join(joins.0, stays.1.core.id(), side);
        self.book().join(stays.0, stays.1.core.id(), stays.2);
        self.told(stays.1, Event::Replaced { party, by });
    }

    fn hung_up(&self, channel: ChannelId, cause: &str, by: Party) {
        let Some((tracked, side)) = self.find(channel) else { return };
        // Whoever sent the other on leaves; the call goes on while there is another.
        let leaves = matches!(cause, "BLIND_TRANSFER" | "ATTENDED_TRANSFER");
        let by = {
            let mut state = tracked.lock();
            match side {
                Side::Main if leaves && !state.legs.is_empty() => {
                    state.left = true;
                    return;
                }
                Side::Main => by,
                Side::Other => {
                    self.book().forget(channel);
                    state.legs.remove(&channel);
                    if state.other == Some(channel) {
                        state.other = None;
                    }
                    if !(state.left && state.legs.is_empty()) {
                        return;
                    }
                    Party::Callee
                }
            }
        };
        self.told(&tracked, Event::HungUp { by });
        self.finish(&tracked);
    }

    /// A member's phone rings for a caller in a queue, or no longer.
    fn offered(&self, caller: ChannelId, agent: &str, offered: bool) {
        let Some((tracked, _)) = self.find(caller) else { return };
        if let Some(member) = member(agent) {
            tracked.core.member_rings(member, offered);
        }
        let overdue = {
            let mut state = tracked.lock();
            state.offered = offered;
            !offered && std::mem::take(&mut state.overdue)
        };
        if overdue {
            self.ask_again(&tracked, Suffix::Timer);
        }
    }

    fn taken(&self, caller: ChannelId, agent: &str, leg: ChannelId) {
        let Some((tracked, _)) = self.find(caller) else { return };
        let snapshot = &tracked.core.view().snapshot;
        let number = member(agent).and_then(|id| snapshot.ids.get(&id));
        let Some(number) = number else { return };
        let by = Peer::Extension(number.clone());
        self.book().join(leg, tracked.core.id(), Side::Other);
        {
            let mut state = tracked.lock();
            state.other = Some(leg);
            state.offered = false;
            state.legs.insert(leg, by.clone());
        }
        self.told(&tracked, Event::Answered { by });
        self.shared.talks.notify_waiters();
    }

    /// Tells the core, and does at once what it wants.
    pub(super) fn told(&self, tracked: &Arc<Tracked>, event: Event) {
        let handed = matches!(event, Event::GivenAway);
        let (deeds, ends, main) = {
            let mut state = tracked.lock();
            let over = state.wish.end.is_some();
            let deeds = tracked.tell(&mut state, event);
            (deeds, !over && state.wish.end.is_some() && !handed, state.main)
        };
        self.deeds(tracked, deeds);
        if ends {
            let (node, cause) = (tracked.node.clone(), "NORMAL_CLEARING");
            self.order(Order::Kill { node, channel: main, cause });
        } else if Self::wants_script(tracked) {
            self.ask_again(tracked, Suffix::Anew);
        }
    }
}

/// The extension of a member's name to `mod_callcenter`.
fn member(agent: &str) -> Option<ExtensionId> {
    agent.split('@').next()?.parse().ok().map(ExtensionId)
}

/// Who is at a channel.
fn peer(tracked: &Tracked, channel: ChannelId, side: Side) -> Option<Peer> {
    match side {
        Side::Main => tracked.at_main(&tracked.lock()),
        Side::Other => tracked.lock().legs.get(&channel).cloned(),
    }
}

/// A leg's mark: which call rang it, and whose it is.
fn read(mark: &str) -> Option<(CallId, Peer)> {
    let (call, peer) = mark.split_once('/')?;
    let call = CallId(call.parse().ok()?);
    if let Ok(number) = ExtensionNumber::parse(peer) {
        return Some((call, Peer::Extension(number)));
    }
    Some((call, Peer::Outside(PhoneNumber::parse(peer).ok())))
}
