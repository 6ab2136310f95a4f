//! Requests inside a call: hold and resume, tones, goodbye.

use crate::call::leg;
use crate::call::send::{self, Responder, teller};
use crate::call::{CallTask, Input};
use crate::hub::{Hub, respond};
use crate::media::Side;
use crate::sdp::Sdp;
use crate::wire;
use rsipstack::sip::{Header, Method, Response};
use rsipstack::transaction::Transaction;
use std::sync::Arc;
use std::time::Instant;
use voxera_callflow::{Event, Party};

/// What INFO may carry from one phone to the other.
const TONES: &[&str] = &["application/dtmf-relay", "application/dtmf", "application/media_control+xml"];

/// A new description that waits for the other phone's answer.
pub struct Exchange {
    number: u64,
    /// Who wants the change.
    from: Side,
    waiting: Waiting,
    /// What that phone said before, to go back to.
    before: Option<Sdp>,
}

/// Who is to be answered.
enum Waiting {
    Invite(Box<Responder>),
    Update(Box<Transaction>),
}

impl Exchange {
    /// Says no.
    pub fn refuse(self, hub: &Hub, code: u16) {
        self.waiting.send(hub, code, Vec::new(), None);
    }
}

impl Waiting {
    fn send(self, hub: &Hub, code: u16, mut more: Vec<Header>, body: Option<String>) {
        match self {
            Self::Invite(responder) => responder.send(code, more, body),
            Self::Update(mut tx) => {
                if body.is_some() {
                    more.push(wire::field("Content-Type", "application/sdp"));
                }
                let response = wire::answer(&tx.original, code, None, more, body);
                hub.spawn(async move { respond(&mut tx, response).await });
            }
        }
    }
}

impl CallTask {
    pub(super) async fn inside(&mut self, side: Side, mut tx: Transaction) {
        let flow = self.hub.flow_of(&tx);
        let over = self.over;
        let Some(leg) = self.leg(side) else { return self.answer(tx, 481, Vec::new()) };
        if let Err(code) = leg.follows(&tx.original) {
            return self.answer(tx, code, Vec::new());
        }
        match tx.original.method {
            Method::Bye => {
                leg.said_bye = true;
                leg.dialog = None;
                let by = match side {
                    Side::Caller => Party::Caller,
                    Side::Callee => Party::Callee,
                };
                let response = wire::answer(&tx.original, 200, None, Vec::new(), None);
                respond(&mut tx, response).await;
                self.bye_owed = self.bye_owed && side != Side::Caller;
                self.advance(Event::HungUp { by }).await;
            }
            _ if over => self.answer(tx, 481, Vec::new()),
            Method::Invite | Method::Update => {
                leg.moved(&tx.original, flow.as_ref());
                self.change(side, tx);
            }
            Method::Info => self.info(side, tx),
            Method::Options => self.answer(tx, 200, vec![wire::field("Allow", wire::ALLOW)]),
            Method::Refer | Method::Message | Method::Register => {
                self.answer(tx, 405, vec![wire::field("Allow", wire::ALLOW)]);
            }
            Method::Subscribe | Method::Publish | Method::Notify => self.answer(tx, 489, Vec::new()),
            Method::PRack | Method::Ack | Method::Cancel => self.answer(tx, 481, Vec::new()),
        }
    }

    /// Answers a request inside the call.
    fn answer(&self, mut tx: Transaction, code: u16, more: Vec<Header>) {
        let response = wire::answer(&tx.original, code, None, more, None);
        self.hub.spawn(async move {
            let invite = tx.original.method == Method::Invite;
            respond(&mut tx, response).await;
            // An answer to INVITE is repeated until it is acknowledged.
            while invite && tx.receive().await.is_some() {}
        });
    }

    /// A phone describes its sound anew: the other one is asked, and its answer goes back.
    fn change(&mut self, from: Side, tx: Transaction) {
        let refreshed = self.refreshed(from);
        let described = leg::described(&tx.original.body);
        let Some(described) = described else {
            return self.refresh(from, tx, refreshed);
        };
        // Both at once, or before the call is up: one has to come again (RFC 3261, section 14).
        if self.exchange.is_some() || self.callee.is_none() {
            return self.answer(tx, 491, Vec::new());
        }
        let Ok(sdp) = described else { return self.answer(tx, 488, Vec::new()) };
        let Some(leg) = self.leg(from) else { return };
        let before = leg.sdp.replace(sdp.clone());
        let waiting = if tx.original.method == Method::Invite {
            let tag = leg.local_tag.clone();
            let responder = Responder::drive(&self.hub, tx, &tag, |_| {});
            responder.send(100, Vec::new(), None);
            Waiting::Invite(Box::new(responder))
        } else {
            Waiting::Update(Box::new(tx))
        };
        self.exchanges += 1;
        self.exchange = Some(Exchange { number: self.exchanges, from, waiting, before });
        self.expect(true, from);
        self.ask_other(from.other(), &sdp);
    }

    fn ask_other(&mut self, side: Side, sdp: &Sdp) {
        let Some(port) = self.media.as_ref().map(|media| media.port(side)) else { return };
        let hub = Arc::clone(&self.hub);
        let number = self.exchanges;
        let told = teller(&self.own, move |response| Input::Exchange(number, response));
        let Some(other) = self.leg(side) else { return };
        let address = crate::hub::lock(&hub.ways).advertised(other.flow.peer.ip());
        let body = other.described.write(sdp, address, port);
        other.said = Some(body.clone());
        let request =
            other.request(&hub, Method::Invite, vec![wire::field("Allow", wire::ALLOW)], Some(body));
        if send::invite(&hub, request, &other.flow, told).is_none() {
            // It cannot be written: the same as a phone that says no.
            let _ = self.own.send(Input::Exchange(number, None));
        }
    }

    /// The other phone answered a new description; `None`: it will say nothing more.
    pub(super) async fn exchanged(&mut self, number: u64, response: Option<Response>) {
        if self.exchange.as_ref().is_none_or(|exchange| exchange.number != number) {
            return;
        }
        let code = response.as_ref().map_or(408, |response| response.status_code.code());
        if code < 200 {
            return;
        }
        if let Some(response) = response.as_ref().filter(|_| code < 300) {
            // Acknowledged in any case, also when nobody waits for it any more.
            let side = self.exchange.as_ref().map(|exchange| exchange.from.other());
            if let Some(leg) = side.and_then(|side| self.leg(side)) {
                leg.moved(response, None);
            }
            let hub = Arc::clone(&self.hub);
            if let Some(leg) = side.and_then(|side| self.leg(side)) {
                let ack = leg.ack(&hub, wire::sequence(response).unwrap_or(1));
                let flow = leg.flow.clone();
                send::acknowledge(&hub, response, ack, &flow).await;
            }
        }
        let Some(exchange) = self.exchange.take() else { return };
        let from = exchange.from;
        let answer = response.filter(|_| code < 300).and_then(|r| Sdp::parse(&r.body).ok());
        if let Some(answer) = answer {
            self.agreed(exchange, &answer);
        } else {
            if let Some(leg) = self.leg(from) {
                leg.sdp.clone_from(&exchange.before);
            }
            self.expect(true, from);
            let told = match code {
                200..=299 | 401 | 407 => 488,
                code => code,
            };
            exchange.refuse(&self.hub, told);
            // The other phone knows nothing of this call, or is gone.
            if matches!(code, 408 | 481) {
                self.end_by_system().await;
            }
        }
    }

    fn agreed(&mut self, exchange: Exchange, answer: &Sdp) {
        let from = exchange.from;
        if let Some(other) = self.leg(from.other()) {
            other.sdp = Some(answer.clone());
        }
        self.codec = answer.audio.codec().and_then(|format| format.name.clone()).or(self.codec.take());
        self.expect(false, from.other());
        let Some(port) = self.media.as_ref().map(|media| media.port(from)) else { return };
        let refreshed = self.refreshed(from);
        let hub = Arc::clone(&self.hub);
        let Some(leg) = self.leg(from) else { return };
        let address = crate::hub::lock(&hub.ways).advertised(leg.flow.peer.ip());
        let Some(offer) = leg.sdp.clone() else { return };
        let body = leg.described.write_answer(&offer, answer, address, port);
        leg.said = Some(body.clone());
        let mut headers = vec![leg.contact(&hub)];
        headers.extend(refreshed);
        if let Some(media) = &self.media {
            media.watch(!offer.audio.is_held() && !answer.audio.is_held());
        }
        exchange.waiting.send(&hub, 200, headers, Some(body));
    }

    /// A phone says that it is still there, without anything new.
    fn refresh(&mut self, from: Side, tx: Transaction, mut headers: Vec<Header>) {
        let hub = Arc::clone(&self.hub);
        let Some(leg) = self.leg(from) else { return };
        headers.insert(0, leg.contact(&hub));
        // An INVITE without a description asks for ours (RFC 3261, section 14.2).
        if tx.original.method == Method::Invite {
            let (tag, said) = (leg.local_tag.clone(), leg.said.clone());
            Responder::drive(&hub, tx, &tag, |_| {}).send(200, headers, said);
        } else {
            self.answer(tx, 200, headers);
        }
    }

    /// Moves the end of the caller's session on; the fields that say so.
    fn refreshed(&mut self, from: Side) -> Vec<Header> {
        match &mut self.session {
            Some(session) if from == Side::Caller => {
                session.until = Instant::now() + session.interval;
                session.headers()
            }
            Some(_) | None => Vec::new(),
        }
    }

    /// Tells the relay what both phones say now; `anew`: `side` may speak from elsewhere.
    fn expect(&self, anew: bool, side: Side) {
        let (Some(media), Some(callee)) = (&self.media, &self.callee) else { return };
        let caller = self.caller.expect(callee.sdp.as_ref());
        media.expect(Side::Caller, caller, anew && side == Side::Caller);
        let callee = callee.expect(self.caller.sdp.as_ref());
        media.expect(Side::Callee, callee, anew && side == Side::Callee);
    }

    /// Tones that a phone sends beside its sound go to the other phone.
    fn info(&mut self, from: Side, mut tx: Transaction) {
        let kind = wire::value(&tx.original.headers, "Content-Type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let body = String::from_utf8(tx.original.body.clone()).unwrap_or_default();
        if body.is_empty() {
            return self.answer(tx, 200, Vec::new());
        }
        let known = TONES.contains(&kind.as_str()) && body.len() <= 1024;
        let hub = Arc::clone(&self.hub);
        let other = self.leg(from.other()).filter(|_| known);
        let Some(other) = other else {
            return self.answer(tx, if known { 481 } else { 415 }, Vec::new());
        };
        let mut request = other.request(&hub, Method::Info, vec![wire::field("Content-Type", kind)], None);
        request.headers.unique_push(wire::field("Content-Length", body.len().to_string()));
        request.body = body.into_bytes();
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
        for side in [Side::Caller, Side::Callee] {
            let heard = self.media.as_ref().and_then(|media| media.heard(side));
            if heard.is_some_and(|heard| now.saturating_duration_since(heard) < every) {
                continue;
            }
            let hub = Arc::clone(&self.hub);
            let own = self.own.clone();
            let Some(leg) = self.leg(side) else { continue };
            let request = leg.request(&hub, Method::Options, Vec::new(), None);
            let flow = leg.flow.clone();
            Arc::clone(&hub).spawn(async move {
                let code = send::ask(&hub, request, &flow).await;
                let _ = own.send(Input::Alive(side, !matches!(code, 408 | 481)));
            });
        }
    }
}
