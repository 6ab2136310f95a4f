//! Sound that a phone describes anew: hold and resume, another address, another codec. We answer
//! ourselves, and whoever is on hold hears music.

use crate::call::leg::{self, Leg, LegId};
use crate::call::send::Responder;
use crate::call::{CallTask, Side};
use crate::hub::{Hub, lock, respond};
use crate::sdp::Sdp;
use crate::wire;
use rsipstack::sip::Method;
use rsipstack::transaction::Transaction;
use std::sync::Arc;
use voxera_audio::Pcm;

impl CallTask {
    /// A phone describes its sound anew, or says that it is still there.
    pub(super) fn change(&mut self, from: Side, tx: Transaction) {
        let Some(described) = leg::described(&tx.original.body) else { return self.refresh(from, tx) };
        let busy = self.exchange.is_some();
        let Some(leg) = self.leg(from) else { return };
        // Both at once, or before the call is up: one has to come again (RFC 3261, section 14).
        if busy || !leg.is_up() {
            return self.answer(tx, 491, Vec::new());
        }
        let Ok(sdp) = described else { return self.answer(tx, 488, Vec::new()) };
        if leg.is_web() {
            return self.change_web(from, tx, sdp);
        }
        if sdp.is_web() {
            return self.answer(tx, 488, Vec::new());
        }
        let spoken = leg.codec.as_ref().and_then(|codec| codec.name.clone());
        let answer = sdp.answer(spoken.as_deref());
        match answer.filter(|answer| self.settles(from, &sdp, answer)) {
            Some(answer) => self.agree_anew(from, tx, sdp, answer),
            // What only the two phones understand, they have to agree on.
            None if self.bridge.is_some() && !self.is_web(from.other()) => self.ask_other(from, tx, sdp),
            None => self.answer(tx, 488, Vec::new()),
        }
    }

    fn is_web(&self, side: Side) -> bool {
        let leg = match side {
            Side::Caller => self.caller.as_ref(),
            Side::Callee => self.callee.as_ref(),
        };
        leg.is_some_and(Leg::is_web)
    }

    /// Whether an answer of ours will do, whatever the other phone speaks.
    fn settles(&self, from: Side, offer: &Sdp, answer: &Sdp) -> bool {
        let of = |side| match side {
            Side::Caller => self.caller.as_ref(),
            Side::Callee => self.callee.as_ref(),
        };
        let (Some(codec), Some(leg)) = (answer.audio.codec(), of(from)) else { return false };
        let same = leg.codec.as_ref().is_some_and(|now| now.is_same(codec));
        let plain = |leg: &Leg| leg.codec.as_ref().is_none_or(crate::sdp::Format::is_ours);
        match of(from.other()) {
            None => true,
            Some(other) if plain(other) => codec.is_ours(),
            Some(_) => same && offer.audio.holds() == leg.holds(),
        }
    }

    fn agree_anew(&mut self, from: Side, tx: Transaction, offer: Sdp, answer: Sdp) {
        let hub = Arc::clone(&self.hub);
        let Some(leg) = self.leg(from) else { return };
        let Some(port) = leg.endpoint.as_ref().map(crate::media::Endpoint::port) else {
            return self.answer(tx, 488, Vec::new());
        };
        let address = lock(&hub.ways).advertised(leg.flow.peer.ip());
        let body = leg.described.write_answer(&offer, &answer, address, port);
        leg.said = Some(body.clone());
        let codec = answer.audio.codec().cloned();
        leg.sdp = Some(offer);
        leg.ours = Some(answer);
        if let Some(codec) = codec {
            leg.agree(codec, true);
        }
        let mut headers = vec![leg.contact(&hub)];
        headers.extend(leg.session.as_mut().map(crate::call::SessionTimer::refreshed).into_iter().flatten());
        reply(&hub, tx, &leg.local_tag.clone(), headers, body);
        self.holds_changed();
    }

    /// Lets those hear music whom the other side lets wait, and connects again who no longer do.
    pub(super) fn holds_changed(&mut self) {
        self.watch_sound();
        let holds = |leg: &Option<Leg>| leg.as_ref().is_some_and(Leg::holds);
        let (caller, callee) = (holds(&self.caller), holds(&self.callee));
        let Some(bridge) = &self.bridge else { return };
        let both = [&self.caller, &self.callee].into_iter().flatten();
        let quiet = both.filter_map(|leg| leg.sdp.as_ref()).any(|sdp| sdp.audio.is_held());
        bridge.watch(!quiet);
        for (side, waits) in [(Side::Caller, callee), (Side::Callee, caller)] {
            let Some(leg) = self.leg(side).filter(|leg| leg.waits != waits) else { continue };
            leg.waits = waits;
            if waits {
                self.fetch_hold_music(side);
            } else if let Some(endpoint) = &leg.endpoint {
                endpoint.silence();
            }
        }
    }

    /// The music is here; whoever it is for may have been taken back.
    pub(super) fn play_hold_music(&mut self, id: LegId, music: Arc<Pcm>) {
        let Some(side) = self.side_of(id) else { return };
        let Some(leg) = self.leg(side).filter(|leg| leg.waits) else { return };
        let plain = leg.codec.as_ref().is_some_and(crate::sdp::Format::is_ours);
        if let Some(endpoint) = leg.endpoint.as_ref().filter(|_| plain) {
            endpoint.play(vec![music], true);
        }
    }

    /// Nobody waits for the other side any more.
    pub(super) fn stop_hold_music(&mut self) {
        for leg in [&mut self.caller, &mut self.callee].into_iter().flatten().filter(|leg| leg.waits) {
            leg.waits = false;
            if let Some(endpoint) = &leg.endpoint {
                endpoint.silence();
            }
        }
    }
}

fn reply(hub: &Arc<Hub>, tx: Transaction, tag: &str, headers: Vec<rsipstack::sip::Header>, body: String) {
    if tx.original.method == Method::Invite {
        return Responder::drive(hub, tx, tag, |_| {}).send(200, headers, Some(body));
    }
    let mut headers = headers;
    headers.push(wire::field("Content-Type", "application/sdp"));
    let response = wire::answer(&tx.original, 200, None, headers, Some(body));
    let mut tx = tx;
    hub.spawn(async move { respond(&mut tx, response).await });
}
