//! Phones in browsers: their sound is described by the media themselves, is always Opus, and finds
//! its own way. A browser whose connection breaks keeps its call for as long as it is heard.

use crate::call::leg::{Leg, Phone, Stage};
use crate::call::send::{self, Responder};
use crate::call::{CallTask, Input, Side};
use crate::flow::Flow;
use crate::hub::{Hub, lock};
use crate::media::{Endpoint, WebError};
use crate::sdp::Sdp;
use crate::wire;
use rsipstack::sip::{Header, Method};
use rsipstack::transaction::Transaction;
use std::sync::Arc;
use std::time::Instant;
use voxera_callcontrol::Transport;
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
        let said = match self.offered.take() {
            Some(offer) => web.answer(&offer)?,
            None => web.offer()?,
        };
        if let Some(sdp) = self.sdp.clone() {
            self.understands(&sdp);
        }
        self.said = Some(said.clone());
        Ok(said)
    }

    /// Takes a browser's answer to our offer.
    pub fn web_answer(&mut self, body: &[u8]) -> Option<()> {
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

    /// A way is gone. A browser that talks may come back by another.
    pub(super) fn lose_way(&mut self, flow: &Flow) {
        let now = Instant::now();
        for leg in [&mut self.caller, &mut self.callee].into_iter().flatten() {
            if leg.flow.transport == Transport::WebSocket && leg.is_up() && leg.flow.is(flow) {
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
        let mut gone = false;
        for leg in [&mut self.caller, &mut self.callee].into_iter().flatten() {
            let heard = leg.endpoint.as_ref().and_then(Endpoint::heard);
            let recent = heard.is_some_and(|heard| now.saturating_duration_since(heard) < patience);
            if leg.lost.is_none_or(|lost| lost + patience > now) || recent {
                continue;
            }
            leg.lost = None;
            if leg.stage != Stage::Up || !leg.has_way_back(&hub) {
                gone = true;
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
        if gone {
            tracing::info!(call = %self.id.0, "a browser went away and did not come back");
            self.end_by_system();
        }
    }
}

impl Leg {
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
