//! What somebody in charge asks of a call: to send one side on, or to listen in.

use super::event::Ring;
use super::ids::ChannelId;
use super::tracked::Tracked;
use super::{Calls, Order, Side};
use crate::dialplan::{Marker, Suffix};
use std::sync::Arc;
use uuid::Uuid;
use voxera_callcontrol::{Ask, Listen, QueueKeeper, Send, Summons};
use voxera_callflow::{Action, Event, Party};
use voxera_model::CallId;

impl Calls {
    /// Hears what somebody in charge wants of a call, for as long as there is one.
    pub(super) fn watch(&self, tracked: &Arc<Tracked>) {
        let (asked, asks) = (tracked.core.hangup_asked(), tracked.core.asks());
        let (calls, tracked) = (self.clone(), Arc::downgrade(tracked));
        let Some(mut asks) = asks else { return };
        tokio::spawn(async move {
            loop {
                let ask = tokio::select! {
                    ask = asks.recv() => ask,
                    () = asked.cancelled() => {
                        let Some(tracked) = tracked.upgrade() else { return };
                        return calls.told(&tracked, Event::HungUp { by: Party::System });
                    }
                };
                // The call is over.
                let (Some(ask), Some(tracked)) = (ask, tracked.upgrade()) else { return };
                match ask {
                    Ask::Send(ask) => calls.send_on(&tracked, ask),
                    Ask::Listen(ask) => calls.summon(&tracked, ask),
                }
            }
        });
    }

    fn send_on(&self, tracked: &Arc<Tracked>, ask: Send) {
        let (deeds, leaves) = {
            let mut state = tracked.lock();
            let actions = tracked.core.send_on(ask);
            if actions.is_empty() {
                return;
            }
            let released = actions.iter().find_map(|action| match action {
                Action::Release { party } => Some(state.party(*party)),
                _ => None,
            });
            if released.is_some() {
                state.swapped = false;
            }
            let leaves = match (released, state.other.take()) {
                // Whoever stays runs our scripts from now on.
                (Some(Party::Caller), Some(stays)) => Some(std::mem::replace(&mut state.main, stays)),
                (Some(_), leaves) => leaves,
                (None, _) => None,
            };
            if !actions.iter().any(|action| matches!(action, Action::Timer { .. })) {
                state.wish.timer = None;
            }
            state.offered = false;
            let deeds = state.wish.follow(actions, &tracked.core.view().snapshot, tracked.clock());
            (deeds, leaves.map(|leaves| (leaves, state.main)))
        };
        self.deeds(tracked, deeds);
        if let Some((leaves, main)) = leaves {
            let mut book = self.book();
            book.forget(leaves);
            book.join(main, tracked.core.id(), Side::Main);
        }
        // First away from each other: the end of one is the end of a bridge.
        self.ask_again(tracked, Suffix::Anew);
        if let Some((channel, _)) = leaves {
            self.order(Order::Kill { node: tracked.node.clone(), channel, cause: "NORMAL_CLEARING" });
        }
    }

    /// Lets the phones of somebody ring who is to listen to this call.
    fn summon(&self, tracked: &Arc<Tracked>, ask: Listen) {
        let id = CallId(Uuid::now_v7());
        let Summons { call, number, devices, on, mode, shown, .. } =
            match tracked.core.summon(&ask, id, QueueKeeper::Engine) {
                Ok(summons) => summons,
                Err(why) => return ask.refuse(why),
            };
        // Until a phone is picked up there is no channel; nobody else's has the id of a call.
        let rings = Arc::new(Tracked::new(call, tracked.node.clone(), ChannelId(id.0)));
        let nonce = {
            let mut state = rings.lock();
            state.summoned = Some(mode);
            state.listens_to = Some(on);
            state.rename();
            state.nonce.clone()
        };
        self.book().enter(&rings, ChannelId(id.0));
        let snapshot = &rings.core.view().snapshot;
        let ring = Ring {
            call: id,
            pbx: snapshot.pbx,
            realm: snapshot.realm.clone(),
            number,
            devices,
            shown,
            destination: Marker::destination(&nonce, Suffix::Anew),
        };
        self.order(Order::Ring { node: rings.node.clone(), ring: Box::new(ring) });
        ask.done();
    }

    /// Nobody picked up, or the node could not ring.
    pub(crate) fn rang_out(&self, call: CallId) {
        let Some(tracked) = self.book().call(call) else { return };
        if tracked.lock().summoned.is_some() {
            self.book().leave(call);
        }
    }

    /// A phone was picked up that rang so that somebody listens in: the call begins.
    pub(super) fn picked_up(&self, tracked: &Arc<Tracked>, channel: ChannelId) -> bool {
        let deeds = {
            let mut state = tracked.lock();
            let Some(mode) = state.summoned.take() else { return false };
            self.book().forget(state.main);
            state.main = channel;
            let actions = tracked.core.begin(mode);
            state.wish.answered = true;
            state.wish.follow(actions, &tracked.core.view().snapshot, tracked.clock())
        };
        self.book().join(channel, tracked.core.id(), Side::Main);
        self.deeds(tracked, deeds);
        self.watch(tracked);
        true
    }
}
