//! Requests that we sent to phones, until they are answered for good (RFC 3261, section 17.1).

use super::{Core, Timer, TxId, random_word};
use crate::flow::Flow;
use crate::media::Side;
use crate::message::{Basics, Headers, Method, Name, NameAddr, Request, Response};
use crate::timers::TimerKey;
use bytes::Bytes;
use std::collections::HashMap;
use std::time::Duration;
use voxera_model::CallId;

/// Who waits for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClientOwner {
    /// Nobody: BYE, CANCEL.
    Nobody,
    /// Nobody any more: a 200 is acknowledged and ended at once.
    Orphan,
    /// One phone that rings.
    Fork(CallId, u32),
    /// An offer that was passed on to this side.
    Exchange(CallId, Side),
    /// A request of this side that was passed on, with the transaction to answer.
    Passed(TxId),
    /// "Are you still there?" to this side.
    Probe(CallId, Side),
}

/// Why there will be no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    Timeout,
    Transport,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Calling,
    Proceeding,
    Refused,
    Accepted,
    Answered,
}

#[derive(Debug)]
struct ClientTx {
    branch: String,
    flow: Flow,
    request: Request,
    bytes: Bytes,
    state: State,
    again: Option<TimerKey>,
    end: Option<TimerKey>,
    interval: Duration,
    owner: ClientOwner,
    /// A CANCEL that waits for the first sign of life; with its reason.
    cancel: Option<Option<&'static str>>,
    cancelled: bool,
    /// The ACK of the accepted INVITE and the tag of who accepted, for when the 200 comes again.
    ack: Option<Bytes>,
    accepted_tag: Option<String>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Clients {
    map: HashMap<TxId, ClientTx>,
    /// By branch; a CANCEL shares its INVITE's.
    index: HashMap<(String, bool), TxId>,
    next: TxId,
}

impl Clients {
    pub(super) fn len(&self) -> usize {
        self.map.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.map.values().all(|tx| matches!(tx.state, State::Refused | State::Accepted | State::Answered))
    }

    /// Those that wait for an answer over a connection.
    pub(super) fn on_connection(&self, connection: u64) -> Vec<(TxId, ClientOwner)> {
        let waits = |tx: &ClientTx| {
            tx.flow.connection == connection && matches!(tx.state, State::Calling | State::Proceeding)
        };
        self.map.iter().filter(|(_, tx)| waits(tx)).map(|(id, tx)| (*id, tx.owner)).collect()
    }
}

impl Core {
    /// Sends a request, with our Via on top, until it is answered or given up.
    pub(super) fn send(&mut self, request: Request, flow: Flow, owner: ClientOwner) -> TxId {
        self.send_with_branch(request, flow, owner, format!("z9hG4bK{}", random_word()))
    }

    fn send_with_branch(&mut self, request: Request, flow: Flow, owner: ClientOwner, branch: String) -> TxId {
        let timers = self.config.timers;
        let request = self.with_via(request, flow, &branch);
        let bytes = request.to_bytes();
        self.out.push((flow, bytes.clone()));
        self.clients.next += 1;
        let id = self.clients.next;
        let again = (!flow.is_reliable()).then(|| self.timers.set(self.now + timers.t1, Timer::ClientAgain(id)));
        let end = Some(self.timers.set(self.now + timers.patience(), Timer::ClientEnd(id)));
        self.clients.index.insert((branch.clone(), request.method == Method::Cancel), id);
        let tx = ClientTx {
            branch,
            flow,
            request,
            bytes,
            state: State::Calling,
            again,
            end,
            interval: timers.t1,
            owner,
            cancel: None,
            cancelled: false,
            ack: None,
            accepted_tag: None,
        };
        self.clients.map.insert(id, tx);
        id
    }

    fn with_via(&mut self, mut request: Request, flow: Flow, branch: &str) -> Request {
        let sent_by = self.ways.sent_by(flow.peer.ip());
        let mut headers =
            Headers::default().with(Name::Via, format!("SIP/2.0/{} {sent_by};branch={branch};rport", flow.via()));
        for (name, value) in request.headers.iter() {
            headers.push(name.clone(), value);
        }
        request.headers = headers;
        request
    }

    /// Sends an ACK: no answer comes, and it is kept with its INVITE for when the 200 comes again.
    pub(super) fn send_ack(&mut self, invite: TxId, ack: Request, flow: Flow) {
        let branch = format!("z9hG4bK{}", random_word());
        let bytes = self.with_via(ack, flow, &branch).to_bytes();
        self.out.push((flow, bytes.clone()));
        if let Some(tx) = self.clients.map.get_mut(&invite) {
            tx.flow = flow;
            tx.ack = Some(bytes);
        }
    }

    /// The CSeq number of a request that was sent.
    pub(super) fn client_cseq(&self, id: TxId) -> u32 {
        let cseq = self.clients.map.get(&id).and_then(|tx| tx.request.headers.get(&Name::CSeq));
        cseq.and_then(|c| c.split(' ').next()).and_then(|n| n.parse().ok()).unwrap_or(1)
    }

    /// Stops an INVITE. Should it be accepted all the same, it is ended at once.
    pub(super) fn client_cancel(&mut self, id: TxId, reason: Option<&'static str>) {
        let Some(tx) = self.clients.map.get_mut(&id) else { return };
        tx.owner = ClientOwner::Orphan;
        match tx.state {
            // RFC 3261, 9.1: not before the phone showed a sign of life.
            State::Calling => tx.cancel = Some(reason),
            State::Proceeding if !tx.cancelled => {
                tx.cancelled = true;
                let (flow, branch) = (tx.flow, tx.branch.clone());
                let cancel = cancel_of(&tx.request, reason);
                let again = tx.end.take();
                self.timers.cancel(again);
                let end = self.timers.set(self.now + self.config.timers.patience(), Timer::ClientEnd(id));
                if let Some(tx) = self.clients.map.get_mut(&id) {
                    tx.end = Some(end);
                }
                self.send_with_branch(cancel, flow, ClientOwner::Nobody, branch);
            }
            State::Proceeding | State::Refused | State::Accepted | State::Answered => {}
        }
    }

    pub(super) fn client_disown(&mut self, id: TxId) {
        if let Some(tx) = self.clients.map.get_mut(&id) {
            tx.owner = ClientOwner::Orphan;
        }
    }

    pub(super) fn client_response(&mut self, response: Response, basics: &Basics) {
        let index = (basics.branch.clone(), basics.cseq_method == Method::Cancel);
        let Some(&id) = self.clients.index.get(&index) else { return };
        let Some(tx) = self.clients.map.get_mut(&id) else { return };
        if tx.request.method != basics.cseq_method {
            return;
        }
        let owner = tx.owner;
        match (tx.state, response.code) {
            (State::Calling | State::Proceeding, 100..=199) => {
                tx.state = State::Proceeding;
                if tx.request.method == Method::Invite {
                    let (again, end) = (tx.again.take(), tx.end.take());
                    let pending = tx.cancel.take();
                    self.timers.cancel(again);
                    // From here on the call's own clock decides how long it rings.
                    if tx_is_cancelled(&self.clients, id) {
                        self.keep_end(id, end);
                    } else {
                        self.timers.cancel(end);
                    }
                    if let Some(reason) = pending {
                        return self.client_cancel(id, reason);
                    }
                }
                self.client_provisional(id, owner, &response, basics);
            }
            (State::Calling | State::Proceeding, _) => self.client_final(id, owner, &response, basics),
            (State::Accepted, 200..=299) => self.accepted_again(id, &response, basics),
            (State::Refused, 300..) => {
                // Its ACK was lost.
                if let Some(tx) = self.clients.map.get(&id) {
                    let ack = refusal_ack(&tx.request, &response);
                    let (flow, bytes) = (tx.flow, ack.to_bytes());
                    self.out.push((flow, bytes));
                }
            }
            _ => {}
        }
    }

    fn keep_end(&mut self, id: TxId, end: Option<TimerKey>) {
        if let Some(tx) = self.clients.map.get_mut(&id) {
            tx.end = end;
        }
    }

    fn client_final(&mut self, id: TxId, owner: ClientOwner, response: &Response, basics: &Basics) {
        let timers = self.config.timers;
        let Some(tx) = self.clients.map.get_mut(&id) else { return };
        let (again, end) = (tx.again.take(), tx.end.take());
        let accepted = (200..300).contains(&response.code);
        let invite = tx.request.method == Method::Invite;
        let flow = tx.flow;
        tx.state = match (invite, accepted) {
            (true, true) => State::Accepted,
            (true, false) => State::Refused,
            (false, _) => State::Answered,
        };
        tx.accepted_tag = basics.to.tag().map(str::to_owned);
        let ack = (invite && !accepted).then(|| refusal_ack(&tx.request, response));
        self.timers.cancel(again);
        self.timers.cancel(end);
        if let Some(ack) = ack {
            self.out.push((flow, ack.to_bytes()));
        }
        let linger = match (invite, accepted, flow.is_reliable()) {
            (true, true, _) | (true, false, false) => timers.patience(),
            (false, _, false) => timers.t4,
            (true, false, true) | (false, _, true) => Duration::ZERO,
        };
        if linger.is_zero() {
            self.client_remove(id);
        } else {
            let end = self.timers.set(self.now + linger, Timer::ClientEnd(id));
            self.keep_end(id, Some(end));
        }
        match owner {
            ClientOwner::Nobody => {}
            ClientOwner::Orphan if invite && accepted => self.end_orphan(id, response, basics),
            ClientOwner::Orphan => {}
            ClientOwner::Fork(call, fork) => self.fork_final(call, fork, id, response, basics),
            ClientOwner::Exchange(call, side) => self.exchange_final(call, side, id, response, basics),
            ClientOwner::Passed(tx) => self.passed_final(tx, response),
            ClientOwner::Probe(call, side) => self.probe_final(call, side, response.code),
        }
    }

    fn client_provisional(&mut self, id: TxId, owner: ClientOwner, response: &Response, basics: &Basics) {
        match owner {
            ClientOwner::Fork(call, fork) => self.fork_progress(call, fork, id, response, basics),
            ClientOwner::Nobody
            | ClientOwner::Orphan
            | ClientOwner::Exchange(..)
            | ClientOwner::Passed(_)
            | ClientOwner::Probe(..) => {}
        }
    }

    /// A 200 came again: its ACK was lost; or another phone behind the same address accepted too.
    fn accepted_again(&mut self, id: TxId, response: &Response, basics: &Basics) {
        let Some(tx) = self.clients.map.get(&id) else { return };
        if tx.accepted_tag.as_deref() != basics.to.tag() {
            return self.end_orphan(id, response, basics);
        }
        if let Some(ack) = tx.ack.clone() {
            self.out.push((tx.flow, ack));
        }
    }

    /// Acknowledges and ends a call that nobody wants any more.
    pub(super) fn end_orphan(&mut self, id: TxId, response: &Response, basics: &Basics) {
        let Some(tx) = self.clients.map.get(&id) else { return };
        let (flow, cseq) = (tx.flow, basics.cseq);
        let target = response.headers.list(&Name::Contact).first().and_then(|c| NameAddr::parse(c));
        let uri = target.map_or_else(|| tx.request.uri.clone(), |contact| contact.uri_text);
        let routes: Vec<String> =
            response.headers.list(&Name::RecordRoute).into_iter().rev().map(str::to_owned).collect();
        let request = |method: Method, number: u32| {
            let mut headers = Headers::default();
            for route in &routes {
                headers.push(Name::Route, route);
            }
            headers.push(Name::MaxForwards, "70");
            for name in [Name::From, Name::To, Name::CallId] {
                headers.push(name.clone(), response.headers.get(&name).unwrap_or_default());
            }
            headers.push(Name::CSeq, format!("{number} {}", method.as_str()));
            Request { method, uri: uri.clone(), headers, body: Bytes::new() }
        };
        let (ack, bye) = (request(Method::Ack, cseq), request(Method::Bye, cseq + 1));
        self.send_ack(id, ack, flow);
        self.send(bye, flow, ClientOwner::Nobody);
    }

    pub(super) fn client_again(&mut self, id: TxId) {
        let t2 = self.config.timers.t2;
        let Some(tx) = self.clients.map.get_mut(&id) else { return };
        let invite = tx.request.method == Method::Invite;
        tx.interval = match tx.state {
            State::Calling if invite => tx.interval * 2,
            State::Calling => (tx.interval * 2).min(t2),
            State::Proceeding if !invite => t2,
            State::Proceeding | State::Refused | State::Accepted | State::Answered => return,
        };
        tx.again = Some(self.timers.set(self.now + tx.interval, Timer::ClientAgain(id)));
        self.out.push((tx.flow, tx.bytes.clone()));
    }

    pub(super) fn client_end(&mut self, id: TxId) {
        let Some(tx) = self.clients.map.get(&id) else { return };
        match tx.state {
            State::Calling | State::Proceeding => self.client_failed(id, tx.owner, Failure::Timeout),
            State::Refused | State::Accepted | State::Answered => self.client_remove(id),
        }
    }

    /// There will be no answer.
    pub(super) fn client_failed(&mut self, id: TxId, owner: ClientOwner, failure: Failure) {
        self.client_remove(id);
        metrics::counter!("voxera_sip_unanswered_requests_total").increment(1);
        tracing::debug!(?owner, ?failure, "no answer");
        match owner {
            ClientOwner::Nobody | ClientOwner::Orphan => {}
            ClientOwner::Fork(call, fork) => self.fork_failed(call, fork),
            ClientOwner::Exchange(call, side) => self.exchange_failed(call, side),
            ClientOwner::Passed(tx) => self.respond(tx, super::server::Reply::new(408)),
            ClientOwner::Probe(call, side) => self.probe_final(call, side, 408),
        }
    }

    fn client_remove(&mut self, id: TxId) {
        if let Some(tx) = self.clients.map.remove(&id) {
            self.clients.index.remove(&(tx.branch, tx.request.method == Method::Cancel));
            self.timers.cancel(tx.again);
            self.timers.cancel(tx.end);
        }
    }
}

fn tx_is_cancelled(clients: &Clients, id: TxId) -> bool {
    clients.map.get(&id).is_some_and(|tx| tx.cancelled)
}

/// The CANCEL of an INVITE: the same place, numbers and route, its own method.
fn cancel_of(invite: &Request, reason: Option<&'static str>) -> Request {
    let mut headers = Headers::default();
    for name in [Name::Route, Name::MaxForwards, Name::From, Name::To, Name::CallId] {
        for value in invite.headers.all(&name) {
            headers.push(name.clone(), value);
        }
    }
    headers.push(Name::CSeq, cseq_as(invite, "CANCEL"));
    if let Some(reason) = reason {
        headers.push(Name::Reason, reason);
    }
    Request { method: Method::Cancel, uri: invite.uri.clone(), headers, body: Bytes::new() }
}

/// The ACK of a refusal: part of the same transaction, so with the INVITE's own Via.
fn refusal_ack(invite: &Request, response: &Response) -> Request {
    let mut headers = Headers::default();
    for name in [Name::Via, Name::Route, Name::MaxForwards, Name::From, Name::CallId] {
        for value in invite.headers.all(&name) {
            headers.push(name.clone(), value);
        }
    }
    headers.push(Name::To, response.headers.get(&Name::To).unwrap_or_default());
    headers.push(Name::CSeq, cseq_as(invite, "ACK"));
    Request { method: Method::Ack, uri: invite.uri.clone(), headers, body: Bytes::new() }
}

fn cseq_as(request: &Request, method: &str) -> String {
    let number = request.headers.get(&Name::CSeq).and_then(|c| c.split(' ').next()).unwrap_or("1");
    format!("{number} {method}")
}
