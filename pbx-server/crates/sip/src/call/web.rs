//! Phones in browsers: their sound is described by the media themselves, is always Opus, and finds
//! its own way. A browser whose connection breaks keeps its call for as long as it is heard; one that
//! waits for an answer gets it when it is back.

use crate::call::leg::{Leg, Phone, Stage};
use crate::call::send::{self, Responder};
use crate::call::{CallTask, Input, Page, Side};
use crate::flow::Flow;
use crate::hub::{Hub, lock};
use crate::media::{Endpoint, WebError};
use crate::sdp::Sdp;
use crate::wire;
use rsipstack::sip::{Header, Method, Uri};
use rsipstack::transaction::Transaction;
use std::sync::Arc;
use std::time::Instant;
use voxera_callcontrol::Transport;
use voxera_callflow::Event;
use voxera_model::CallId;

impl Leg {
    /// Whether its sound is a browser's.
    #[must_use]
    pub fn is_web(&self) -> bool {
        self.endpoint.as_ref().is_some_and(|endpoint| endpoint.web().is_some())
    }

    /// Whether its sound is to be: it says so, or waits for our offer on a browser's connection.
    #[must_use]
    pub fn wants_web(&self) -> bool {
        match &self.sdp {
            Some(sdp) => sdp.is_web(),
            None => self.flow.transport == Transport::WebSocket,
        }
    }

    /// What a browser that waits for an answer is told of our sound; the same when it was told before.
    pub fn web_words(&mut self) -> Result<String, WebError> {
        if let Some(said) = &self.said {
            return Ok(said.clone());
        }
        let web = self.endpoint.as_ref().and_then(Endpoint::web);
        let web = web.ok_or_else(|| WebError::Unreadable(String::new()))?;
        let said = match &self.offered {
            Some(offer) => web.answer(offer)?,
            None => web.offer()?,
        };
        self.offered = None;
        if let Some(sdp) = self.sdp.clone() {
            self.understands(&sdp);
        }
        self.said = Some(said.clone());
        Ok(said)
    }

    /// Takes a browser's answer to our offer. The first counts: one that came while it rang is said again
    /// when it picks up (RFC 3261, section 13.2.1).
    pub fn web_answer(&mut self, body: &[u8]) -> Option<()> {
        if self.sdp.is_some() {
            return Some(());
        }
        let text = std::str::from_utf8(body).ok()?;
        let sdp = Sdp::parse(body).ok()?;
        let web = self.endpoint.as_ref()?.web()?;
        if let Err(error) = web.accept(text) {
            tracing::info!(%error, "a browser's answer is of no use");
            return None;
        }
        self.understands(&sdp);
        self.sdp = Some(sdp);
        Some(())
    }

    fn understands(&mut self, sdp: &Sdp) {
        self.codec = sdp.audio.opus().cloned();
    }
}

/// A port for a browser, and where it may reach it.
pub fn open(hub: &Hub, call: CallId, flow: &Flow) -> std::io::Result<Endpoint> {
    let peer = flow.peer.ip();
    let (bind, candidates) = {
        let mut ways = lock(&hub.ways);
        (ways.media_bind(peer), ways.candidates(peer))
    };
    hub.media.open_web(call, bind, &candidates)
}

impl CallTask {
    /// A browser describes its sound anew: hold, or another way through the network.
    pub(super) fn change_web(&mut self, from: Side, tx: Transaction, sdp: Sdp) {
        let hub = Arc::clone(&self.hub);
        let Some(leg) = self.leg(from) else { return };
        let offer = String::from_utf8(tx.original.body.clone()).unwrap_or_default();
        let answered = leg.endpoint.as_ref().and_then(Endpoint::web).map(|web| web.answer(&offer));
        let body = match answered {
            Some(Ok(body)) => body,
            Some(Err(error)) => {
                tracing::info!(call = %self.id.0, %error, "a browser's new offer is of no use");
                return self.answer(tx, 488, Vec::new());
            }
            None => return self.answer(tx, 488, Vec::new()),
        };
        leg.said = Some(body.clone());
        leg.sdp = Some(sdp);
        let mut headers: Vec<Header> = vec![leg.contact(&hub)];
        headers.extend(leg.session.as_mut().map(crate::call::SessionTimer::refreshed).into_iter().flatten());
        if tx.original.method == Method::Invite {
            Responder::drive(&hub, tx, &leg.local_tag.clone(), |_| {}).send(200, headers, Some(body));
        } else {
            headers.push(wire::field("Content-Type", "application/sdp"));
            let response = wire::answer(&tx.original, 200, None, headers, Some(body));
            let mut tx = tx;
            hub.spawn(async move { crate::hub::respond(&mut tx, response).await });
        }
        self.holds_changed();
    }

    /// A page is there by another connection. What it waits for, it is told there.
    pub(super) fn regain(&mut self, page: &Page, flow: &Flow) {
        let both = [&mut self.caller, &mut self.callee].into_iter().flatten();
        for leg in both.chain(&mut self.leaving) {
            let waits = matches!(leg.stage, Stage::Open | Stage::Answered);
            let (true, Some(responder)) = (waits && leg.is_of(page) && !leg.flow.is(flow), &leg.responder)
            else {
                continue;
            };
            responder.move_to(flow);
            leg.flow.move_to(flow);
            leg.lost = None;
        }
        // Those were refused meanwhile, and know it now.
        self.leaving.retain(|leg| leg.stage != Stage::Open || leg.lost.is_some());
    }

    /// When browsers that missed the refusal of their calls are waited for no longer.
    pub(super) fn missed_until(&self) -> Option<Instant> {
        let patience = self.hub.config.lost_after;
        self.leaving.iter().filter_map(|leg| Some(leg.lost? + patience)).min()
    }

    pub(super) fn give_up_missed(&mut self, now: Instant) {
        let patience = self.hub.config.lost_after;
        self.leaving.retain(|leg| {
            let gone = leg.lost.is_some_and(|lost| lost + patience <= now);
            if let Some(responder) = leg.responder.as_ref().filter(|_| gone) {
                responder.stop();
            }
            !gone
        });
    }

    /// A way is gone. A browser may come back by another.
    pub(super) fn lose_way(&mut self, flow: &Flow) {
        let now = Instant::now();
        for leg in [&mut self.caller, &mut self.callee].into_iter().flatten() {
            let here = leg.is_up() || leg.stage == Stage::Open;
            if leg.flow.transport == Transport::WebSocket && here && leg.flow.is(flow) {
                leg.lost = Some(now);
            }
        }
    }

    /// When a browser that has no connection is given up, unless it is heard until then.
    pub(super) fn lost_until(&self) -> Option<Instant> {
        let patience = self.hub.config.lost_after;
        let until = |leg: &Leg| {
            let lost = leg.lost?;
            let heard = leg.endpoint.as_ref().and_then(Endpoint::heard);
            Some(heard.map_or(lost, |heard| heard.max(lost)) + patience)
        };
        [&self.caller, &self.callee].into_iter().flatten().filter_map(until).min()
    }

    /// Browsers that had no connection for long, and are silent: those that registered again are
    /// asked whether they still know of the call.
    pub(super) fn look_for_lost(&mut self, now: Instant) {
        if self.lost_until().is_none_or(|until| until > now) {
            return;
        }
        let hub = Arc::clone(&self.hub);
        let patience = hub.config.lost_after;
        let mut gone = None;
        for (side, leg) in [(Side::Caller, &mut self.caller), (Side::Callee, &mut self.callee)] {
            let Some(leg) = leg else { continue };
            let heard = leg.endpoint.as_ref().and_then(Endpoint::heard);
            let recent = heard.is_some_and(|heard| now.saturating_duration_since(heard) < patience);
            if leg.lost.is_none_or(|lost| lost + patience > now) || recent {
                continue;
            }
            leg.lost = None;
            if leg.stage != Stage::Up || !leg.has_way_back(&hub) {
                gone = Some((side, leg.stage));
                continue;
            }
            let request = leg.request(&hub, Method::Options, Vec::new(), None);
            let (flow, reach, id) = (leg.flow.clone(), leg.reach.clone(), leg.id);
            let hub = Arc::clone(&hub);
            Arc::clone(&hub).spawn(async move {
                let code = send::ask(&hub, request, &flow).await;
                // The call is over: nobody needs to know.
                let _ = reach.tell(Input::Alive(id, !matches!(code, 408 | 481)));
            });
        }
        if let Some((side, stage)) = gone {
            tracing::info!(call = %self.id.0, ?side, "a browser went away and did not come back");
            self.core.stayed_away(side.party());
            match stage {
                // Nobody talks yet: so does a caller who hangs up.
                Stage::Open => self.happened(Event::HungUp { by: side.party() }),
                Stage::Answered | Stage::Up | Stage::Closed => self.end_by_system(),
            }
        }
    }
}

impl Leg {
    /// Whether it is a call of this page.
    fn is_of(&self, page: &Page) -> bool {
        let same = |one: &Uri, other: &Uri| {
            (wire::user(one), wire::host(one)) == (wire::user(other), wire::host(other))
        };
        self.flow.transport == Transport::WebSocket
            && self.phone == Phone::Device(page.device)
            && same(self.target(), &page.contact)
    }

    /// A request of its came by this way: whoever was lost is back.
    pub fn came_back(&mut self, flow: Option<&Flow>) {
        if let Some(flow) = flow.filter(|flow| !self.flow.is_open() && flow.is_open()) {
            self.flow.move_to(flow);
        }
        if self.flow.is_open() {
            self.lost = None;
        }
    }

    /// Whether requests reach it: over its connection, or over one that it registered on since.
    fn has_way_back(&self, hub: &Hub) -> bool {
        let registered = match self.phone {
            Phone::Device(device) => hub.bindings.of(self.pbx, device).iter().any(|b| b.flow.is_open()),
            Phone::Line(_) => false,
        };
        self.flow.is_open() || registered
    }
}
