//! Requests that phones sent us, until they are answered for good (RFC 3261, section 17.2).

use super::{Core, Incoming, Timer, TxId, random_word};
use crate::flow::Flow;
use crate::media::Side;
use crate::message::{Headers, Method, Name, Response, reason_phrase};
use crate::timers::TimerKey;
use bytes::Bytes;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;
use voxera_model::CallId;

/// What a retransmission is known by. The address is in it so that nobody answers for another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    branch: String,
    sent_by: String,
    source: IpAddr,
    method: Method,
}

/// Whose request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServerOwner {
    Nobody,
    /// The INVITE that made a call.
    Arrival(CallId),
    /// An INVITE inside a call, from this side.
    Again(CallId, Side),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No final answer yet.
    Open,
    /// A final answer; sent again when asked again.
    Answered,
    /// An INVITE was refused; sent again until the ACK.
    Refused,
    /// The ACK of a refusal came.
    Acknowledged,
    /// An INVITE was accepted; sent again until the ACK.
    Accepted,
}

#[derive(Debug)]
pub(super) struct ServerTx {
    key: Key,
    flow: Flow,
    method: Method,
    /// Via, From, Call-ID, CSeq, Record-Route: what an answer repeats.
    echo: Headers,
    /// With our tag.
    to: String,
    pub(super) tag: String,
    state: State,
    last: Option<Bytes>,
    again: Option<TimerKey>,
    end: Option<TimerKey>,
    interval: Duration,
    owner: ServerOwner,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Servers {
    map: HashMap<TxId, ServerTx>,
    index: HashMap<Key, TxId>,
    next: TxId,
}

impl Servers {
    pub(super) fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether a final answer is still owed.
    pub(super) fn is_open(&self, tx: TxId) -> bool {
        self.map.get(&tx).is_some_and(|tx| tx.state == State::Open)
    }
}

/// An answer in the making.
#[derive(Debug, Default)]
pub(super) struct Reply {
    pub(super) code: u16,
    pub(super) headers: Headers,
    pub(super) body: Option<String>,
}

impl Reply {
    pub(super) fn new(code: u16) -> Self {
        Self { code, ..Self::default() }
    }

    pub(super) fn with(mut self, name: Name, value: impl AsRef<str>) -> Self {
        self.headers.push(name, value);
        self
    }

    pub(super) fn sdp(mut self, body: Option<String>) -> Self {
        self.body = body;
        self
    }
}

impl Core {
    /// Answers without remembering: for requests whose sender has proved nothing.
    pub(super) fn refuse(&mut self, incoming: &Incoming<'_>, code: u16, headers: Headers) {
        let to = tagged(incoming, &random_word());
        let bytes = write(&echo(incoming), &to, Reply { code, headers, body: None });
        self.out.push((incoming.flow, bytes));
    }

    /// Begins to remember a request.
    pub(super) fn server_open(&mut self, incoming: &Incoming<'_>, owner: ServerOwner) -> TxId {
        let tag = incoming.basics.to.tag().map_or_else(random_word, str::to_owned);
        let to = tagged(incoming, &tag);
        let key = key(incoming, &incoming.request.method);
        self.servers.next += 1;
        let id = self.servers.next;
        let tx = ServerTx {
            key: key.clone(),
            flow: incoming.flow,
            method: incoming.request.method.clone(),
            echo: echo(incoming),
            to,
            tag,
            state: State::Open,
            last: None,
            again: None,
            end: None,
            interval: self.config.timers.t1,
            owner,
        };
        self.servers.index.insert(key, id);
        self.servers.map.insert(id, tx);
        id
    }

    /// The tag that our answers to this request carry.
    pub(super) fn server_tag(&self, tx: TxId) -> String {
        self.servers.map.get(&tx).map(|tx| tx.tag.clone()).unwrap_or_default()
    }

    /// Answers. After a final answer nothing more is sent but that.
    pub(super) fn respond(&mut self, id: TxId, reply: Reply) {
        let timers = self.config.timers;
        let Some(tx) = self.servers.map.get_mut(&id).filter(|tx| tx.state == State::Open) else { return };
        let code = reply.code;
        let bytes = write(&tx.echo, &tx.to, reply);
        self.out.push((tx.flow, bytes.clone()));
        tx.last = Some(bytes);
        if code < 200 {
            return;
        }
        let reliable = tx.flow.is_reliable();
        let mut again = !reliable;
        tx.state = match (&tx.method, code) {
            (Method::Invite, 200..=299) => {
                again = true;
                State::Accepted
            }
            (Method::Invite, _) => State::Refused,
            (_, _) => {
                again = false;
                State::Answered
            }
        };
        if tx.state == State::Answered && reliable {
            return self.server_remove(id);
        }
        if again {
            tx.again = Some(self.timers.set(self.now + tx.interval, Timer::ServerAgain(id)));
        }
        tx.end = Some(self.timers.set(self.now + timers.patience(), Timer::ServerEnd(id)));
    }

    /// A request that we have seen: answers again as before. Returns whether it was one.
    pub(super) fn server_retransmission(&mut self, incoming: &Incoming<'_>) -> bool {
        let method = &incoming.request.method;
        if matches!(method, Method::Cancel) {
            return false;
        }
        let matched = if *method == Method::Ack { &Method::Invite } else { method };
        let Some(id) = self.servers.index.get(&key(incoming, matched)).copied() else { return false };
        let Some(tx) = self.servers.map.get_mut(&id) else { return false };
        if *method != Method::Ack {
            // Answers that were accepted are sent again by the clock, not by request.
            if let Some(last) = tx.last.clone().filter(|_| tx.state != State::Accepted) {
                self.out.push((tx.flow, last));
            }
            return true;
        }
        if tx.state != State::Refused {
            // The ACK of a 200 is one of the dialog, even from phones that keep the branch.
            return tx.state == State::Acknowledged;
        }
        tx.state = State::Acknowledged;
        let (again, end, reliable) = (tx.again.take(), tx.end.take(), tx.flow.is_reliable());
        self.timers.cancel(again);
        self.timers.cancel(end);
        if reliable {
            self.server_remove(id);
        } else {
            let end = self.timers.set(self.now + self.config.timers.t4, Timer::ServerEnd(id));
            if let Some(tx) = self.servers.map.get_mut(&id) {
                tx.end = Some(end);
            }
        }
        true
    }

    /// The ACK of a 200 came: it need not be sent again.
    pub(super) fn server_acknowledged(&mut self, id: TxId) {
        if let Some(tx) = self.servers.map.get_mut(&id).filter(|tx| tx.state == State::Accepted) {
            let again = tx.again.take();
            self.timers.cancel(again);
            // Kept until its end to absorb what is still on its way, but owing nothing.
            tx.owner = ServerOwner::Nobody;
        }
    }

    /// The open INVITE that a CANCEL means.
    pub(super) fn server_invite(&self, incoming: &Incoming<'_>) -> Option<(TxId, ServerOwner)> {
        let id = *self.servers.index.get(&key(incoming, &Method::Invite))?;
        self.servers.map.get(&id).map(|tx| (id, tx.owner))
    }

    pub(super) fn server_again(&mut self, id: TxId) {
        let t2 = self.config.timers.t2;
        let Some(tx) = self.servers.map.get_mut(&id) else { return };
        let Some(last) = tx.last.clone() else { return };
        tx.interval = (tx.interval * 2).min(t2);
        tx.again = Some(self.timers.set(self.now + tx.interval, Timer::ServerAgain(id)));
        self.out.push((tx.flow, last));
    }

    pub(super) fn server_end(&mut self, id: TxId) {
        let Some(tx) = self.servers.map.get(&id) else { return };
        let (state, owner) = (tx.state, tx.owner);
        self.server_remove(id);
        if state != State::Accepted {
            return;
        }
        match owner {
            ServerOwner::Nobody => {}
            ServerOwner::Arrival(call) | ServerOwner::Again(call, _) => {
                tracing::info!(%call, "the answer was never acknowledged");
                self.end_by_system(call, "SIP;cause=408;text=\"No ACK\"");
            }
        }
    }

    /// Nobody waits for this one any more.
    pub(super) fn server_disown(&mut self, id: TxId) {
        if let Some(tx) = self.servers.map.get_mut(&id) {
            tx.owner = ServerOwner::Nobody;
            let again = tx.again.take().filter(|_| tx.state == State::Accepted);
            self.timers.cancel(again);
        }
    }

    fn server_remove(&mut self, id: TxId) {
        if let Some(tx) = self.servers.map.remove(&id) {
            self.servers.index.remove(&tx.key);
            self.timers.cancel(tx.again);
            self.timers.cancel(tx.end);
        }
    }
}

fn key(incoming: &Incoming<'_>, method: &Method) -> Key {
    let via = &incoming.basics.via;
    Key {
        branch: incoming.basics.branch.clone(),
        sent_by: format!("{}:{}", via.host, via.port.unwrap_or(5060)),
        source: incoming.flow.peer.ip(),
        method: method.clone(),
    }
}

/// What an answer repeats, with the sender's real address in the topmost Via (RFC 3581).
fn echo(incoming: &Incoming<'_>) -> Headers {
    let mut echo = Headers::default();
    let headers = &incoming.request.headers;
    for (at, via) in headers.list(&Name::Via).into_iter().enumerate() {
        if at == 0 {
            echo.push(Name::Via, with_source(via, incoming));
        } else {
            echo.push(Name::Via, via);
        }
    }
    for name in [Name::RecordRoute, Name::From, Name::CallId, Name::CSeq] {
        for value in headers.all(&name) {
            echo.push(name.clone(), value);
        }
    }
    echo
}

fn with_source(via: &str, incoming: &Incoming<'_>) -> String {
    let peer = incoming.flow.peer;
    let mut text = String::with_capacity(via.len() + 48);
    for (at, part) in via.split(';').enumerate() {
        let name = part.split('=').next().unwrap_or(part).trim();
        if at > 0 && (name.eq_ignore_ascii_case("rport") || name.eq_ignore_ascii_case("received")) {
            continue;
        }
        if at > 0 {
            text.push(';');
        }
        text.push_str(part);
    }
    let rport = if incoming.basics.via.rport() { format!(";rport={}", peer.port()) } else { String::new() };
    format!("{text};received={}{rport}", peer.ip().to_canonical())
}

fn tagged(incoming: &Incoming<'_>, tag: &str) -> String {
    let to = incoming.request.headers.get(&Name::To).unwrap_or_default();
    if incoming.basics.to.tag().is_some() { to.to_owned() } else { format!("{to};tag={tag}") }
}

fn write(echo: &Headers, to: &str, reply: Reply) -> Bytes {
    let mut headers = Headers::default();
    for (name, value) in echo.iter() {
        headers.push(name.clone(), value);
    }
    headers.push(Name::To, if reply.code == 100 { to.split(";tag=").next().unwrap_or(to) } else { to });
    for (name, value) in reply.headers.iter() {
        headers.push(name.clone(), value);
    }
    if reply.body.is_some() {
        headers.push(Name::ContentType, "application/sdp");
    }
    let body = reply.body.map(Bytes::from).unwrap_or_default();
    let reason = reason_phrase(reply.code).to_owned();
    Response { code: reply.code, reason, headers, body }.to_bytes()
}
