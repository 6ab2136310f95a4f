//! Transactions, each driven by a task of its own: the library's are not to be dropped in the middle.

use crate::call::leg;
use crate::flow::Flow;
use crate::hub::{Hub, lock, respond};
use crate::trunk::proof;
use crate::wire;
use rsipstack::sip::{Header, Method, Request, Response, SipMessage};
use rsipstack::transaction::Transaction;
use rsipstack::transaction::key::TransactionKey;
use rsipstack::transaction::transaction::{TransactionEvent, TransactionEventSender};
use std::sync::{Arc, Mutex};

/// Answers one INVITE of a phone, from wherever the call is decided.
#[derive(Debug)]
pub struct Responder {
    pub request: Request,
    tag: String,
    events: Events,
    key: TransactionKey,
    /// The way by which the phone is reached now.
    moved: Arc<Mutex<Option<Flow>>>,
}

/// Ends an INVITE of ours.
#[derive(Debug, Clone)]
pub struct Stopper {
    sent: Arc<Mutex<Sent>>,
}

/// An INVITE as it went out last: one that had to be proven went out twice.
#[derive(Debug)]
struct Sent {
    request: Request,
    key: TransactionKey,
    events: Events,
    /// The other end said anything at all.
    heard: bool,
    cancelled: bool,
}

/// The library's sender has no `Debug`.
struct Events(TransactionEventSender);

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Events")
    }
}

impl Responder {
    /// Takes a phone's INVITE over: `told` gets its CANCEL, its ACK, and its end.
    pub fn drive(
        hub: &Arc<Hub>,
        mut tx: Transaction,
        tag: &str,
        told: impl Fn(Heard) + Send + 'static,
    ) -> Self {
        let events = Events(tx.tu_sender.clone());
        let moved = Arc::new(Mutex::new(None));
        let (tag, key) = (tag.to_owned(), tx.key.clone());
        let responder = Self { request: tx.original.clone(), tag, events, key, moved: Arc::clone(&moved) };
        hub.spawn(async move {
            loop {
                while let Some(message) = tx.receive().await {
                    match message {
                        SipMessage::Request(request) if request.method == Method::Cancel => {
                            told(Heard::Cancel);
                        }
                        SipMessage::Request(request) if request.method == Method::Ack => {
                            told(Heard::Ack(request.body));
                        }
                        SipMessage::Request(_) | SipMessage::Response(_) => {}
                    }
                }
                let Some(flow): Option<Flow> = lock(&moved).take() else { break };
                (tx.connection, tx.destination) = (Some(flow.connection()), Some(flow.address()));
                if let Some(last) = tx.last_response.clone() {
                    respond(&mut tx, last).await;
                }
            }
            told(Heard::End);
        });
        responder
    }

    /// Sends an answer.
    pub fn send(&self, code: u16, more: Vec<Header>, body: Option<String>) {
        let mut more = more;
        if body.is_some() {
            more.push(wire::field("Content-Type", "application/sdp"));
        }
        let response = wire::answer(&self.request, code, Some(&self.tag), more, body);
        // The transaction ended by itself: the phone has gone.
        let _ = self.events.0.send(TransactionEvent::Respond(response));
    }

    /// The phone is reached by another connection: there it is told again what it was told last, or
    /// should have been.
    pub fn move_to(&self, flow: &Flow) {
        *lock(&self.moved) = Some(flow.clone());
        self.stop();
    }

    /// Nothing more is waited for.
    pub fn stop(&self) {
        // It ended by itself.
        let _ = self.events.0.send(TransactionEvent::Terminate(self.key.clone()));
    }
}

/// What the phone said to an INVITE that is being answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Cancel,
    /// With what it says about sound, when we asked.
    Ack(Vec<u8>),
    /// Nothing more will come.
    End,
}

impl Stopper {
    /// Lets go of the transaction.
    pub fn stop(&self) {
        let sent = lock(&self.sent);
        let _ = sent.events.0.send(TransactionEvent::Terminate(sent.key.clone()));
    }

    /// Tells the other end that nobody wants its answer any more; it was heard before.
    pub fn cancel(&self, hub: &Arc<Hub>, flow: &Flow, reason: Option<&str>) {
        let cancel = {
            let mut sent = lock(&self.sent);
            sent.cancelled = true;
            leg::cancel(&sent.request, reason)
        };
        fire(hub, cancel, flow);
    }
}

/// Sends an INVITE; every answer, and the end, goes to `told`. A line's wish for a proof is met
/// here, and a line that says nothing at all is let go early, so that another can be tried.
pub fn invite(
    hub: &Arc<Hub>,
    mut request: Request,
    flow: &Flow,
    mut told: impl Fn(Option<Response>) + Send + 'static,
) -> Option<Stopper> {
    let proof = flow.line().and_then(|line| line.proof());
    if let Some(proof) = proof {
        proof.add(&mut request);
    }
    let tx = hub.client(request.clone(), flow)?;
    let sent = Sent {
        request,
        key: tx.key.clone(),
        events: Events(tx.tu_sender.clone()),
        heard: false,
        cancelled: false,
    };
    let stopper = Stopper { sent: Arc::new(Mutex::new(sent)) };
    if flow.line().is_some() {
        let (stopper, patience) = (stopper.clone(), hub.config.timers.t1 * 8);
        hub.spawn(async move {
            tokio::time::sleep(patience).await;
            if !lock(&stopper.sent).heard {
                stopper.stop();
            }
        });
    }
    let (owned, flow, sent) = (Arc::clone(hub), flow.clone(), Arc::clone(&stopper.sent));
    hub.spawn(async move {
        let mut tx = tx;
        let mut tries = 0;
        while let Some(refusal) = drive(&mut tx, &sent, &mut told, flow.line().is_some()).await {
            let again = {
                let mut sent = lock(&sent);
                let proof = flow.line().and_then(|line| line.proof()).filter(|_| !sent.cancelled);
                let again = proof.and_then(|proof| proof.again(&sent.request, &refusal, tries));
                let again = again.and_then(|again| Some((owned.client(again.clone(), &flow)?, again)));
                again.map(|(next, request)| {
                    (sent.key, sent.events) = (next.key.clone(), Events(next.tu_sender.clone()));
                    sent.request = request;
                    next
                })
            };
            let Some(next) = again else {
                told(Some(refusal));
                break;
            };
            tries += 1;
            drain(&owned, std::mem::replace(&mut tx, next));
        }
        drain(&owned, tx);
        told(None);
    });
    Some(stopper)
}

/// Sends one transaction and tells what is answered, to its end or until a proof is asked for.
async fn drive(
    tx: &mut Transaction,
    sent: &Mutex<Sent>,
    told: &mut (impl Fn(Option<Response>) + Send),
    proves: bool,
) -> Option<Response> {
    if tx.send().await.is_err() {
        return None;
    }
    while let Some(message) = tx.receive().await {
        let SipMessage::Response(response) = message else { continue };
        lock(sent).heard = true;
        if proves && proof::asks(response.status_code.code()) {
            return Some(response);
        }
        told(Some(response));
    }
    None
}

/// Repeats of an answer that was read are still acknowledged.
fn drain(hub: &Hub, mut tx: Transaction) {
    hub.spawn(async move { while tx.receive().await.is_some() {} });
}

/// Sends any other request; returns its final answer's code, 408 when none came.
pub async fn ask(hub: &Arc<Hub>, request: Request, flow: &Flow) -> u16 {
    match answer_to(hub, request, flow).await {
        Ok(response) => response.status_code.code(),
        Err(code) => code,
    }
}

/// The final answer to any request but INVITE, proven to a line that asks for it. `Err`: none came
/// (408), or the request could not be written (500).
pub async fn answer_to(hub: &Arc<Hub>, mut request: Request, flow: &Flow) -> Result<Response, u16> {
    let proof = flow.line().and_then(|line| line.proof());
    if let Some(proof) = proof.filter(|_| request.method != Method::Cancel) {
        proof.add(&mut request);
    }
    let mut tries = 0;
    loop {
        let mut tx = hub.client(request.clone(), flow).ok_or(500_u16)?;
        tx.send().await.map_err(|_| 408_u16)?;
        let mut last = None;
        while let Some(message) = tx.receive().await {
            if let SipMessage::Response(response) = message
                && response.status_code.code() >= 200
            {
                last = Some(response);
                break;
            }
        }
        let response = last.ok_or(408_u16)?;
        match proof.and_then(|proof| proof.again(&request, &response, tries)) {
            Some(again) => request = again,
            None => return Ok(response),
        }
        tries += 1;
    }
}

/// Sends a request whose answer changes nothing.
pub fn fire(hub: &Arc<Hub>, request: Request, flow: &Flow) {
    let (owned, flow) = (Arc::clone(hub), flow.clone());
    hub.words.spawn(async move {
        let method = request.method;
        let code = ask(&owned, request, &flow).await;
        if code >= 300 {
            tracing::debug!(%method, code, peer = %flow.peer, "refused");
        }
    });
}

/// Sends an acknowledgement at once, and keeps it for as long as the phone may repeat its answer.
pub async fn acknowledge(hub: &Hub, answer: &Response, ack: Request, flow: &Flow) {
    let key = (wire::call_id(answer), wire::sequence(answer), wire::to_tag(answer));
    hub.send(SipMessage::Request(ack.clone()), flow).await;
    if let (Some(call_id), Some(sequence), Some(tag)) = key {
        let until = std::time::Instant::now() + hub.config.timers.patience();
        hub.book.keep((call_id, sequence, tag), ack, flow.clone(), until);
    }
}

/// Sends requests one after the other, without waiting for answers in between.
pub fn fire_in_turn(hub: &Arc<Hub>, requests: Vec<Request>, flow: &Flow) {
    let (owned, flow) = (Arc::clone(hub), flow.clone());
    hub.words.spawn(async move {
        let mut sent = Vec::with_capacity(requests.len());
        for request in requests {
            let Some(mut tx) = owned.client(request, &flow) else { continue };
            if tx.send().await.is_ok() {
                sent.push(tx);
            }
        }
        for mut tx in sent {
            while let Some(message) = tx.receive().await {
                if matches!(message, SipMessage::Response(answer) if answer.status_code.code() >= 200) {
                    break;
                }
            }
        }
    });
}
