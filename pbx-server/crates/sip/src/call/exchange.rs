//! Sound that only the two phones understand: what one describes anew, the other one is asked.

use crate::call::send::{self, Responder};
use crate::call::{CallTask, Input, Side};
use crate::hub::{Hub, lock, respond};
use crate::sdp::Sdp;
use crate::wire;
use rsipstack::sip::{Header, Method, Response};
use rsipstack::transaction::Transaction;
use std::sync::Arc;

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
    /// Asks the other phone; its answer goes back.
    pub(super) fn ask_other(&mut self, from: Side, tx: Transaction, sdp: Sdp) {
        let hub = Arc::clone(&self.hub);
        let Some(leg) = self.leg(from) else { return };
        let before = leg.sdp.replace(sdp.clone());
        leg.expect_sound(true);
        let waiting = if tx.original.method == Method::Invite {
            let tag = leg.local_tag.clone();
            let responder = Responder::drive(&hub, tx, &tag, |_| {});
            responder.send(100, Vec::new(), None);
            Waiting::Invite(Box::new(responder))
        } else {
            Waiting::Update(Box::new(tx))
        };
        self.exchanges += 1;
        let number = self.exchanges;
        self.exchange = Some(Exchange { number, from, waiting, before });
        let Some(other) = self.leg(from.other()) else { return };
        let told = other.reach.teller(move |response| Input::Exchange(number, response));
        let Some(port) = other.endpoint.as_ref().map(crate::media::Endpoint::port) else { return };
        let address = lock(&hub.ways).advertised(other.flow.peer.ip());
        let body = other.described.write(&sdp, address, port);
        other.said = Some(body.clone());
        other.ours = Some(sdp);
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
        let hub = Arc::clone(&self.hub);
        let Some(exchange) = self.exchange.take() else { return };
        let from = exchange.from;
        if let Some(response) = response.as_ref().filter(|_| code < 300)
            && let Some(leg) = self.leg(from.other())
        {
            // Acknowledged in any case, also when nobody waits for it any more.
            leg.moved(response, None);
            let ack = leg.ack(&hub, wire::sequence(response).unwrap_or(1));
            let flow = leg.flow.clone();
            send::acknowledge(&hub, response, ack, &flow).await;
        }
        let answer = response.filter(|_| code < 300).and_then(|r| Sdp::parse(&r.body).ok());
        if let Some(answer) = answer {
            return self.both_agreed(exchange, answer);
        }
        if let Some(leg) = self.leg(from) {
            leg.sdp.clone_from(&exchange.before);
            leg.expect_sound(true);
        }
        let told = match code {
            200..=299 | 401 | 407 => 488,
            code => code,
        };
        exchange.refuse(&self.hub, told);
        // The other phone knows nothing of this call, or is gone.
        if matches!(code, 408 | 481) {
            self.end_by_system();
        }
    }

    fn both_agreed(&mut self, exchange: Exchange, answer: Sdp) {
        let from = exchange.from;
        let hub = Arc::clone(&self.hub);
        let codec = answer.audio.codec().cloned();
        if let Some(other) = self.leg(from.other()) {
            other.sdp = Some(answer.clone());
            if let Some(codec) = codec.clone() {
                other.agree(codec, false);
            }
        }
        self.codec = codec.as_ref().and_then(|codec| codec.name.clone()).or(self.codec.take());
        let Some(leg) = self.leg(from) else { return };
        let (Some(port), Some(offer)) =
            (leg.endpoint.as_ref().map(crate::media::Endpoint::port), leg.sdp.clone())
        else {
            return;
        };
        let address = lock(&hub.ways).advertised(leg.flow.peer.ip());
        let body = leg.described.write_answer(&offer, &answer, address, port);
        leg.said = Some(body.clone());
        let own = codec.and_then(|codec| offer.audio.formats.iter().find(|own| own.is_same(&codec)).cloned());
        leg.ours = Some(answer);
        if let Some(codec) = own {
            leg.agree(codec, false);
        }
        let mut headers = vec![leg.contact(&hub)];
        headers.extend(leg.session.as_mut().map(crate::call::SessionTimer::refreshed).into_iter().flatten());
        exchange.waiting.send(&hub, 200, headers, Some(body));
        self.holds_changed();
    }
}
