//! A channel asks what to do next.

use super::identity::{Identified, identify};
use super::ids::{ChannelId, NodeName};
use super::tracked::{Carried, State, Tracked};
use super::{Calls, Order, Side, sounds};
use crate::dialplan::{
    App, Expect, Hears, Marker, PicksUp, Ringing, Script, Setting, Suffix, Ways, refuse, render,
};
use crate::document::Document;
use crate::request::DialplanRequest;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;
use voxera_callcontrol::{Arrival, QueueKeeper, Resumed};
use voxera_callflow::{Event, Party, Peer, RingTarget, WhileRinging};
use voxera_model::{CallId, Dialled, PbxId, Seconds};

/// How long whoever wanted to send a call somewhere is called back.
const CALLED_BACK_FOR: Seconds = Seconds(25);
/// What a node says of two who talk comes by another way than what their phones ask.
const NEWS_WITHIN: Duration = Duration::from_millis(500);

impl Calls {
    /// What a channel does next. Always a valid document.
    pub async fn hunt(&self, request: &DialplanRequest) -> Document {
        let found = if let Some((tracked, side)) = self.known(request) {
            self.news_of_the_answer(&tracked, request).await;
            self.go_on(&tracked, side, request);
            Ok(tracked)
        } else if let Some(document) = self.relayed(request) {
            return document;
        } else {
            self.news_of_talks(request).await;
            self.begin(request)
        };
        match found {
            Ok(tracked) => self.script(&tracked, &request.context).await,
            Err(code) => refuse(&request.context, code),
        }
    }

    /// The call of a channel that asked before, also when that was before a restart.
    fn known(&self, request: &DialplanRequest) -> Option<(Arc<Tracked>, Side)> {
        if let Some(found) = self.find(request.channel) {
            return Some(found);
        }
        let leg = request.ours.leg.as_deref().and_then(|mark| mark.split_once('/'));
        if let Some((call, _)) = leg {
            // It was rung by a call that the server still knows, before anybody told that it answered.
            let tracked = self.book().call(CallId(call.parse().ok()?))?;
            return (tracked.node == request.node).then_some((tracked, Side::Other));
        }
        request.ours.call.as_ref()?;
        let carried = request.ours.cursor.as_deref()?;
        Some((self.resume(&request.node, request.channel, carried)?, Side::Main))
    }

    /// Takes up a call that began before this server did, by what its main channel carries. `false`: it
    /// carries nothing that can be read.
    pub(crate) fn take_up(&self, node: &NodeName, channel: ChannelId, carried: &str) -> bool {
        self.find(channel).is_some() || self.resume(node, channel, carried).is_some()
    }

    fn resume(&self, node: &NodeName, channel: ChannelId, carried: &str) -> Option<Arc<Tracked>> {
        let carried = Carried::read(carried)?;
        if self.book().remembers(carried.call) {
            // A leg that left its call, which went on without it.
            return None;
        }
        let control = &self.shared.control;
        let view = control.directory().whoever_carries(carried.pbx)?;
        let resumed = Resumed {
            call: carried.call,
            from: carried.from.clone(),
            dialled: carried.dialled.clone(),
            started_at: carried.started_at,
            cursor: carried.cursor.clone(),
            told: carried.told,
        };
        let core = control.resume(&view, resumed, QueueKeeper::Engine);
        let tracked = Arc::new(Tracked::resumed(core, node.clone(), channel, &carried));
        self.book().enter(&tracked, channel);
        self.watch(&tracked);
        if let Expect::Parked { .. } = carried.expect {
            // Who counted the seconds is gone.
            self.wait(&tracked, &carried.nonce, carried.wish.timer.map(|timer| timer.at));
        }
        Some(tracked)
    }

    /// Whoever sends the other on in the moment after the answer does so before the node has told of it.
    async fn news_of_the_answer(&self, tracked: &Tracked, request: &DialplanRequest) {
        if Marker::parse(&request.destination).is_some() {
            return;
        }
        let answered = async {
            loop {
                let mut talks = std::pin::pin!(self.shared.talks.notified());
                talks.as_mut().enable();
                if tracked.core.cursor().is_none_or(|cursor| cursor.other().is_some()) {
                    return;
                }
                talks.await;
            }
        };
        // In vain when nobody has answered: the core then refuses.
        let _ = tokio::time::timeout(NEWS_WITHIN, answered).await;
    }

    /// Whoever listens in the moment after somebody answered asks before the node has told of it.
    async fn news_of_talks(&self, request: &DialplanRequest) {
        let Some(number) = request.destination.strip_prefix("*88") else { return };
        let rings = || {
            let all = self.book().all();
            let is = |whom: &RingTarget| matches!(whom, RingTarget::Extension { number: own, .. } if own.as_str() == number);
            all.iter().any(|tracked| {
                let state = tracked.lock();
                state.wish.ring.as_ref().is_some_and(|ringing| ringing.targets.iter().any(is))
            })
        };
        let talks = self.shared.talks.notified();
        if rings() {
            // In vain when nobody answers: the core then says that nobody talks.
            let _ = tokio::time::timeout(NEWS_WITHIN, talks).await;
        }
    }

    fn begin(&self, request: &DialplanRequest) -> Result<Arc<Tracked>, u16> {
        if Marker::parse(&request.destination).is_some() {
            // A call of ours that nobody knows any more.
            return Err(480);
        }
        let control = &self.shared.control;
        let Identified { view, from, dialled } = identify(control, request)?;
        if !control.nodes().takes_calls(&request.node.0) && !dialled.is_emergency() {
            return Err(503);
        }
        let arrival = Arrival { call: CallId(Uuid::now_v7()), from, dialled };
        let (core, actions) = control.arrive_with(&view, arrival, QueueKeeper::Engine);
        let tracked = Arc::new(Tracked::new(core, request.node.clone(), request.channel));
        self.book().enter(&tracked, request.channel);
        let deeds = {
            let mut state = tracked.lock();
            state.wish.follow(actions, &view.snapshot, 0)
        };
        self.deeds(&tracked, deeds);
        self.watch(&tracked);
        Ok(tracked)
    }

    /// Tells the core what came of the last script, or that one of two sent the other on.
    fn go_on(&self, tracked: &Arc<Tracked>, side: Side, request: &DialplanRequest) {
        if self.picked_up(tracked, request.channel) {
            return;
        }
        let mut state = tracked.lock();
        let mut deeds = Vec::new();
        if let Some(marker) = Marker::parse(&request.destination) {
            for event in state.events(&marker, &request.ours) {
                deeds.extend(tracked.tell(&mut state, event));
            }
        } else {
            if side == Side::Other {
                let gone = std::mem::replace(&mut state.main, request.channel);
                state.legs.remove(&request.channel);
                state.swapped = !state.swapped;
                let mut book = self.book();
                book.forget(gone);
                book.join(request.channel, tracked.core.id(), Side::Main);
            }
            state.left = false;
            state.other = None;
            state.offered = false;
            // Whoever asks stays; the one who talked with it sent it here and left.
            let by = Party::Callee;
            let to = Dialled::parse(&request.destination);
            deeds.extend(tracked.tell(&mut state, Event::Transferred { by, to }));
            let cursor = tracked.core.cursor();
            if state.is_alone(cursor.as_ref().map(|cursor| &cursor.position)) {
                // Refused, but whoever wanted it has left already: is called back, so that they talk on.
                match called_back(tracked, &state) {
                    Some(ringing) => state.wish.ring = Some(ringing),
                    None => deeds.extend(tracked.tell(&mut state, Event::HungUp { by })),
                }
            }
        }
        let cursor = tracked.core.cursor();
        if state.is_alone(cursor.as_ref().map(|cursor| &cursor.position)) {
            deeds.extend(tracked.tell(&mut state, Event::HungUp { by: Party::Callee }));
        }
        drop(state);
        self.deeds(tracked, deeds);
    }

    /// The next script, as a document.
    async fn script(&self, tracked: &Arc<Tracked>, context: &str) -> Document {
        self.look_up(tracked);
        let wish = tracked.lock().wish.clone();
        let view = Arc::clone(tracked.core.view());
        let sounds = sounds::find(self.shared.library.as_ref(), &view.snapshot, &wish).await;
        let cursor = tracked.core.cursor();
        let from = tracked.at_main(&tracked.lock()).unwrap_or(Peer::Outside(None));
        let from_name = match &from {
            Peer::Extension(number) => view.snapshot.extensions.get(number).map(|e| e.name.clone()),
            Peer::Outside(_) => None,
        };
        let picks_up = wish.picks_up.and_then(|call| self.book().call(call));
        let picks_up = picks_up.and_then(|picked| {
            if picked.node == tracked.node {
                Some(PicksUp::Leg(picked.lock().main.0))
            } else {
                self.send_for(tracked, &picked).map(PicksUp::There)
            }
        });
        let listens = wish.listening.and_then(|listening| self.send_to_listen(tracked, listening));
        let ways = self.ways_of(&tracked.node, view.snapshot.pbx, wish.ring.as_ref());
        let mut state = tracked.lock();
        state.rename();
        let setting = Setting {
            call: tracked.core.id(),
            pbx: view.snapshot.pbx,
            realm: &view.snapshot.realm,
            from: &from,
            from_name: from_name.as_ref(),
            nonce: &state.nonce.clone(),
            clock: tracked.clock(),
            picks_up: picks_up.as_ref(),
            ways: &ways,
            listens: listens.as_deref(),
        };
        let position = cursor.as_ref().map(|cursor| &cursor.position);
        let (apps, expect) = render(&wish, position, &setting, &sounds);
        state.expect = expect;
        let mut all = vec![
            App::set("voxera_call", tracked.core.id()),
            App::set("eavesdrop_group", view.snapshot.pbx),
            App::set("force_transfer_context", &view.snapshot.realm),
            App::unset("transfer_history"),
        ];
        if let Some(carried) = tracked.carried(&state) {
            all.push(App::set("voxera_cursor", carried.written()));
        }
        let ends = expect == Expect::End;
        all.extend(apps);
        if !ends {
            all.push(crate::dialplan::question(&setting));
        }
        if let Expect::Queue { .. } | Expect::Parked { .. } = expect {
            self.wait(tracked, &state.nonce, state.wish.timer.map(|timer| timer.at));
        }
        drop(state);
        Script { apps: all }.document(context)
    }

    /// Where the phones are that are to ring.
    fn ways_of(&self, node: &NodeName, pbx: PbxId, ringing: Option<&Ringing>) -> Ways {
        let targets = ringing.map_or(&[][..], |ringing| ringing.targets.as_slice());
        let devices = targets.iter().flat_map(|target| match target {
            RingTarget::Extension { devices, .. } => devices.as_slice(),
            RingTarget::Outside { .. } => &[],
        });
        devices.map(|device| (*device, self.ways(node, pbx, *device))).collect()
    }

    /// Finds the leg of whoever is to be listened to.
    fn look_up(&self, tracked: &Arc<Tracked>) {
        let wanted = tracked.lock().wish.listening;
        let Some(wanted) = wanted else { return };
        let found = self.leg_of(tracked, wanted.extension);
        if let Some(listening) = &mut tracked.lock().wish.listening {
            listening.leg = found.as_ref().map(|(leg, _)| leg.0);
        }
        let snapshot = &tracked.core.view().snapshot;
        if let (None, Some((_, on)), Some(whom)) = (wanted.leg, found, snapshot.ids.get(&wanted.extension)) {
            let control = &self.shared.control;
            control.eavesdropped(tracked.core.view(), tracked.core.id(), whom, on, wanted.mode);
        }
    }

    /// The leg of an extension of the same PBX that talks with somebody.
    fn leg_of(&self, asks: &Tracked, extension: voxera_model::ExtensionId) -> Option<(ChannelId, CallId)> {
        let which = asks.lock().listens_to;
        let snapshot = &asks.core.view().snapshot;
        let number = snapshot.ids.get(&extension)?;
        let peer = Peer::Extension(number.clone());
        let all = self.book().all();
        all.into_iter().find_map(|call| {
            let same = call.core.view().snapshot.pbx == snapshot.pbx
                && call.core.id() != asks.core.id()
                && which.is_none_or(|which| call.core.id() == which);
            if !same {
                return None;
            }
            let state = call.lock();
            let (main, other) = (call.at_main(&state)?, call.at_other(&state)?);
            let leg = if main == peer { Some(state.main) } else { state.other.filter(|_| other == peer) };
            Some((leg?, call.core.id()))
        })
    }

    /// Lets a caller in a queue or a slot ask again when the core's timer rings.
    fn wait(&self, tracked: &Arc<Tracked>, nonce: &str, at: Option<u64>) {
        let Some(at) = at else { return };
        let after = Duration::from_millis(at.saturating_sub(tracked.clock()));
        let (calls, nonce) = (self.clone(), nonce.to_owned());
        let tracked = Arc::downgrade(tracked);
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            if let Some(tracked) = tracked.upgrade() {
                calls.timer_rang(&tracked, &nonce);
            }
        });
    }

    pub(super) fn timer_rang(&self, tracked: &Arc<Tracked>, nonce: &str) {
        {
            let mut state = tracked.lock();
            let waits = matches!(state.expect, Expect::Queue { .. } | Expect::Parked { .. });
            let current = state.nonce == nonce && waits;
            if !current || state.other.is_some() {
                return;
            }
            if state.offered {
                // A member's phone rings: nothing cuts that short.
                state.overdue = true;
                return;
            }
        }
        self.ask_again(tracked, Suffix::Timer);
    }

    /// Lets a channel hunt now, whatever it does.
    pub(super) fn ask_again(&self, tracked: &Tracked, suffix: Suffix) {
        let (channel, destination) = {
            let state = tracked.lock();
            (state.main, Marker::destination(&state.nonce, suffix))
        };
        let context = tracked.core.view().snapshot.realm.to_string();
        self.order(Order::Hunt { node: tracked.node.clone(), channel, destination, context });
    }

    /// Whether a script is due for this call, because an event led to something that only its channel
    /// can do.
    pub(super) fn wants_script(tracked: &Tracked) -> bool {
        let state = tracked.lock();
        let wish = &state.wish;
        wish.end.is_none() && (wish.ring.is_some() || wish.hears != Hears::Nothing || wish.room.is_some())
    }
}

/// The phones of whoever wanted to send the other where no call can be sent.
fn called_back(tracked: &Tracked, state: &State) -> Option<Ringing> {
    let Some(Peer::Extension(number)) = tracked.at_other(state) else { return None };
    let extension = tracked.core.view().snapshot.extensions.get(&number)?;
    let target = RingTarget::Extension {
        extension: extension.id,
        name: extension.name.clone(),
        devices: extension.devices().to_vec(),
        number,
    };
    let hears = WhileRinging::Ringback;
    Some(Ringing { targets: vec![target], ring_for: CALLED_BACK_FOR, hears, emergency: None })
}

impl NodeName {
    /// Whether nobody told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
