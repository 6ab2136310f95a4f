//! Requests inside a call: goodbye, tones, signs of life.

use crate::call::keys::TONES;
use crate::call::leg::{LegId, Phone, Stage};
use crate::call::send::{self, Responder};
use crate::call::{CallTask, Input, Side};
use crate::hub::respond;
use crate::wire;
use rsipstack::sip::{Header, Method};
use rsipstack::transaction::Transaction;
use std::sync::Arc;
use std::time::Instant;
use voxera_callflow::Event;

impl CallTask {
    pub(super) async fn inside(&mut self, side: Side, mut tx: Transaction) {
        let flow = self.hub.flow_of(&tx);
        let over = self.over;
        let Some(leg) = self.leg(side) else { return self.answer(tx, 481, Vec::new()) };
        if let Err(code) = leg.follows(&tx.original) {
            return self.answer(tx, code, Vec::new());
        }
        leg.came_back(flow.as_ref());
        match tx.original.method {
            Method::Bye => {
                leg.said_bye = true;
                leg.dialog = None;
                let response = wire::answer(&tx.original, 200, None, Vec::new(), None);
                respond(&mut tx, response).await;
                self.happened(Event::HungUp { by: side.party() });
            }
            _ if over => self.answer(tx, 481, Vec::new()),
            Method::Invite | Method::Update => {
                leg.moved(&tx.original, flow.as_ref());
                self.change(side, tx);
            }
            Method::Info => self.info(side, tx),
            Method::Refer if matches!(leg.phone, Phone::Device(_)) => self.referred(side, tx),
            Method::Options => self.answer(tx, 200, vec![wire::field("Allow", wire::ALLOW)]),
            Method::Refer | Method::Message | Method::Register => {
                self.answer(tx, 405, vec![wire::field("Allow", wire::ALLOW)]);
            }
            Method::Subscribe | Method::Publish | Method::Notify => self.answer(tx, 489, Vec::new()),
            Method::PRack | Method::Ack | Method::Cancel => self.answer(tx, 481, Vec::new()),
        }
    }

    /// A request of a leg that is leaving, or that went to another call a moment ago.
    pub(super) fn elsewhere(&mut self, id: LegId, tx: Transaction) {
        if let Some(at) = self.leaving.iter().position(|leg| leg.id == id) {
            let bye = tx.original.method == Method::Bye;
            if bye {
                self.leaving.swap_remove(at);
            }
            return self.answer(tx, if bye { 200 } else { 481 }, Vec::new());
        }
        if self.gone.iter().any(|(gone, _)| *gone == id) {
            return self.pass_on(Input::Request(id, Box::new(tx)));
        }
        self.answer(tx, 481, Vec::new());
    }

    /// Answers a request inside the call.
    pub(super) fn answer(&self, mut tx: Transaction, code: u16, more: Vec<Header>) {
        let response = wire::answer(&tx.original, code, None, more, None);
        self.hub.spawn(async move {
            let invite = tx.original.method == Method::Invite;
            respond(&mut tx, response).await;
            // An answer to INVITE is repeated until it is acknowledged.
            while invite && tx.receive().await.is_some() {}
        });
    }

    /// A phone says that it is still there, without anything new.
    pub(super) fn refresh(&mut self, from: Side, tx: Transaction) {
        let hub = Arc::clone(&self.hub);
        let Some(leg) = self.leg(from) else { return };
        let mut headers = vec![leg.contact(&hub)];
        headers.extend(leg.session.as_mut().map(crate::call::SessionTimer::refreshed).into_iter().flatten());
        // An INVITE without a description asks for ours (RFC 3261, section 14.2).
        if tx.original.method == Method::Invite && leg.is_web() {
            // It would have to be a new offer, and browsers make their own.
            self.answer(tx, 488, Vec::new());
        } else if tx.original.method == Method::Invite {
            let (tag, said) = (leg.local_tag.clone(), leg.said.clone());
            Responder::drive(&hub, tx, &tag, |_| {}).send(200, headers, said);
        } else {
            self.answer(tx, 200, headers);
        }
    }

    /// Tones that a phone sends beside its sound: for us, or for the other phone.
    fn info(&mut self, from: Side, mut tx: Transaction) {
        let kind = wire::value(&tx.original.headers, "Content-Type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let body = String::from_utf8(tx.original.body.clone()).unwrap_or_default();
        if body.is_empty() {
            return self.answer(tx, 200, Vec::new());
        }
        let known = TONES.contains(&kind.as_str()) && body.len() <= 1024;
        if !known {
            return self.answer(tx, 415, Vec::new());
        }
        if self.bridge.is_none() {
            if from == Side::Caller {
                self.pressed_beside(&kind, &body);
            }
            return self.answer(tx, 200, Vec::new());
        }
        let hub = Arc::clone(&self.hub);
        let Some(other) = self.leg(from.other()) else { return self.answer(tx, 481, Vec::new()) };
        let request = other.carrying(&hub, Method::Info, Vec::new(), &kind, body);
        let flow = other.flow.clone();
        Arc::clone(&hub).spawn(async move {
            let code = send::ask(&hub, request, &flow).await;
            let response = wire::answer(&tx.original, code, None, Vec::new(), None);
            respond(&mut tx, response).await;
        });
    }

    /// Asks phones that have been silent, on hold for instance, whether they are still there.
    pub(super) fn probe(&mut self, now: Instant) {
        let every = self.hub.config.probe_every;
        self.probe_at = Some(now + every);
        let hub = Arc::clone(&self.hub);
        for leg in [&mut self.caller, &mut self.callee].into_iter().flatten() {
            let heard = leg.endpoint.as_ref().and_then(crate::media::Endpoint::heard);
            let recent = heard.is_some_and(|heard| now.saturating_duration_since(heard) < every);
            if recent || leg.stage != Stage::Up {
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
    }
}
