//! Transactions, each driven by a task of its own: the library's are not to be dropped in the middle.

use crate::call::Input;
use crate::flow::Flow;
use crate::hub::Hub;
use crate::wire;
use rsipstack::sip::{Header, Method, Request, Response, SipMessage};
use rsipstack::transaction::Transaction;
use rsipstack::transaction::key::TransactionKey;
use rsipstack::transaction::transaction::{TransactionEvent, TransactionEventSender};
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedSender;

/// Answers one INVITE of a phone, from wherever the call is decided.
#[derive(Debug)]
pub struct Responder {
    pub request: Request,
    tag: String,
    events: Events,
}

/// Ends an INVITE of ours that nobody answers.
#[derive(Debug)]
pub struct Stopper {
    key: TransactionKey,
    events: Events,
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
        let responder = Self { request: tx.original.clone(), tag: tag.to_owned(), events };
        hub.spawn(async move {
            while let Some(message) = tx.receive().await {
                match message {
                    SipMessage::Request(request) if request.method == Method::Cancel => told(Heard::Cancel),
                    SipMessage::Request(request) if request.method == Method::Ack => told(Heard::Ack),
                    SipMessage::Request(_) | SipMessage::Response(_) => {}
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
}

/// What the phone said to an INVITE that is being answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    Cancel,
    Ack,
    /// Nothing more will come.
    End,
}

impl Stopper {
    /// Lets go of the transaction.
    pub fn stop(&self) {
        let _ = self.events.0.send(TransactionEvent::Terminate(self.key.clone()));
    }
}

/// Sends an INVITE; every answer, and the end, goes to `told`.
pub fn invite(
    hub: &Arc<Hub>,
    request: Request,
    flow: &Flow,
    told: impl Fn(Option<Response>) + Send + 'static,
) -> Option<Stopper> {
    let mut tx = hub.client(request, flow)?;
    let stopper = Stopper { key: tx.key.clone(), events: Events(tx.tu_sender.clone()) };
    hub.spawn(async move {
        if tx.send().await.is_ok() {
            while let Some(message) = tx.receive().await {
                if let SipMessage::Response(response) = message {
                    told(Some(response));
                }
            }
        }
        told(None);
    });
    Some(stopper)
}

/// Sends any other request; returns its final answer's code, 408 when none came.
pub async fn ask(hub: &Arc<Hub>, request: Request, flow: &Flow) -> u16 {
    let Some(mut tx) = hub.client(request, flow) else { return 500 };
    if tx.send().await.is_err() {
        return 408;
    }
    while let Some(message) = tx.receive().await {
        if let SipMessage::Response(response) = message
            && response.status_code.code() >= 200
        {
            return response.status_code.code();
        }
    }
    408
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

/// A closure that tells a call.
pub fn teller<T, F>(inbox: &UnboundedSender<Input>, input: F) -> impl Fn(T) + Send + use<T, F>
where
    F: Fn(T) -> Input + Send,
{
    let inbox = inbox.clone();
    move |what| {
        // The call is over: nobody needs to know.
        let _ = inbox.send(input(what));
    }
}
