//! What a line does by itself: registers, asks for proofs, and hands each message to its call.

use super::message::{Message, inside, user};
use super::wires::{Peer, Wires};
use super::{LineCall, LineConfig};
use md5::{Digest, Md5};
use sha2::Sha256;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;

static WORDS: AtomicU64 = AtomicU64::new(1);

/// A word that this process did not use before.
pub fn word() -> String {
    format!("w{}x{:x}", WORDS.fetch_add(1, Ordering::Relaxed), std::process::id())
}

/// The line's memory.
#[derive(Debug)]
pub struct Desk {
    config: LineConfig,
    pub contact: watch::Sender<String>,
    pub refusals: watch::Sender<u32>,
    pub taken: watch::Sender<u32>,
    pub invites: watch::Sender<u32>,
    calls: UnboundedSender<LineCall>,
    notes: Mutex<Notes>,
    /// Keeps the sockets open.
    _wires: Arc<Wires>,
}

#[derive(Debug, Default)]
struct Notes {
    peer: Option<Peer>,
    /// The last nonce, and the counts that came with it.
    nonce: String,
    counts: HashSet<u32>,
    /// Messages of each call, by Call-ID.
    inboxes: HashMap<String, UnboundedSender<Message>>,
    seen: HashSet<String>,
}

enum Judgement {
    Right,
    Wrong,
    Ask { stale: bool },
}

impl Desk {
    pub fn new(config: LineConfig, wires: Arc<Wires>) -> (Self, UnboundedReceiver<LineCall>) {
        let (calls, rung) = unbounded_channel();
        let desk = Self {
            config,
            contact: watch::Sender::default(),
            refusals: watch::Sender::default(),
            taken: watch::Sender::default(),
            invites: watch::Sender::default(),
            calls,
            notes: Mutex::default(),
            _wires: wires,
        };
        (desk, rung)
    }

    /// Where the registration came from.
    pub fn peer(&self) -> Option<Peer> {
        self.notes().peer.clone()
    }

    /// Makes messages of a call reach it.
    pub fn open(&self, call_id: &str) -> UnboundedReceiver<Message> {
        let (inbox, messages) = unbounded_channel();
        self.notes().inboxes.insert(call_id.to_owned(), inbox);
        messages
    }

    pub async fn take(self: &Arc<Self>, message: Message, peer: Peer) {
        let begins = message.code() == 0 && !message.field("To").contains(";tag=");
        match message.method() {
            "REGISTER" => self.register(&message, &peer).await,
            "OPTIONS" if begins => peer.send(&answer(&message, "200 OK", "", "")).await,
            "INVITE" if begins => self.invite(message, &peer).await,
            _ => {
                let inbox = self.notes().inboxes.get(message.field("Call-ID")).cloned();
                // A repeat of something that was heard is no news.
                if let Some(inbox) = inbox.filter(|_| self.notes().seen.insert(message.0.clone())) {
                    let _ = inbox.send(message);
                }
            }
        }
    }

    async fn register(&self, message: &Message, peer: &Peer) {
        match self.judge(message, "Authorization") {
            Judgement::Ask { stale } => {
                let challenges = self.challenges("WWW-Authenticate", stale);
                peer.send(&answer(message, "401 Unauthorized", &challenges, "")).await;
            }
            Judgement::Wrong => {
                self.refusals.send_modify(|count| *count += 1);
                peer.send(&answer(message, "403 Forbidden", "", "")).await;
            }
            Judgement::Right => {
                let contact = message.field("Contact").to_owned();
                let asked = contact.split("expires=").nth(1).unwrap_or(message.field("Expires"));
                let seconds: u32 = asked.parse().unwrap_or(3600);
                if seconds > 0 && seconds < self.config.least_expires {
                    let least = format!("Min-Expires: {}\r\n", self.config.least_expires);
                    return peer.send(&answer(message, "423 Interval Too Brief", &least, "")).await;
                }
                let uri = if seconds > 0 { inside(&contact).to_owned() } else { String::new() };
                self.notes().peer = (seconds > 0).then(|| peer.clone());
                let granted = self.config.grants.filter(|_| seconds > 0).unwrap_or(seconds);
                let granted = format!("Contact: <{}>;expires={granted}\r\n", inside(&contact));
                peer.send(&answer(message, "200 OK", &granted, "")).await;
                self.taken.send_modify(|count| *count += 1);
                self.contact.send_replace(uri);
            }
        }
    }

    async fn invite(self: &Arc<Self>, message: Message, peer: &Peer) {
        if !self.notes().seen.insert(message.0.clone()) {
            return;
        }
        self.invites.send_modify(|count| *count += 1);
        if self.config.ignores_calls {
            return;
        }
        if self.config.challenges_calls
            && let Judgement::Ask { .. } | Judgement::Wrong = self.judge(&message, "Proxy-Authorization")
        {
            let challenges = self.challenges("Proxy-Authenticate", false);
            return peer.send(&answer(&message, "407 Proxy Authentication Required", &challenges, "")).await;
        }
        if let Some(code) = self.config.refuses_calls {
            return peer.send(&answer(&message, &format!("{code} No"), "", "")).await;
        }
        peer.send(&answer(&message, "100 Trying", "", "")).await;
        let _ = self.calls.send(LineCall::rung(self, message, peer.clone()).await);
    }

    fn judge(&self, message: &Message, field: &str) -> Judgement {
        let value = message.field(field);
        let part = |name: &str| Message::parameter(value, name).unwrap_or_default();
        let mut notes = self.notes();
        if value.is_empty() {
            return Judgement::Ask { stale: false };
        }
        if part("nonce") != notes.nonce || notes.nonce.is_empty() {
            return Judgement::Ask { stale: true };
        }
        let LineConfig { username, password, realm, nonce_serves, .. } = &self.config;
        let count = u32::from_str_radix(&part("nc"), 16).unwrap_or(0);
        let hash = |text: String| match part("algorithm").as_str() {
            "SHA-256" => hex::encode(Sha256::digest(text)),
            _ => hex::encode(Md5::digest(text)),
        };
        let ha1 = hash(format!("{username}:{realm}:{password}"));
        let ha2 = hash(format!("{}:{}", message.method(), part("uri")));
        let (nonce, nc, own) = (part("nonce"), part("nc"), part("cnonce"));
        let right = hash(format!("{ha1}:{nonce}:{nc}:{own}:auth:{ha2}"));
        let named = part("username") == *username && part("uri") == message.uri();
        if right != part("response") || !named || part("opaque") != "desk" {
            return Judgement::Wrong;
        }
        // A count that came before is a repeat by somebody else.
        if count == 0 || !notes.counts.insert(count) {
            return Judgement::Wrong;
        }
        if count > *nonce_serves { Judgement::Ask { stale: true } } else { Judgement::Right }
    }

    fn challenges(&self, field: &str, stale: bool) -> String {
        let nonce = word();
        {
            let mut notes = self.notes();
            notes.nonce.clone_from(&nonce);
            notes.counts.clear();
        }
        let realm = &self.config.realm;
        let stale = if stale { ", stale=true" } else { "" };
        let each = self.config.algorithms.iter().map(|algorithm| {
            format!(
                "{field}: Digest realm=\"{realm}\", nonce=\"{nonce}\", opaque=\"desk\", algorithm={algorithm}, \
                 qop=\"auth,auth-int\"{stale}\r\n"
            )
        });
        each.collect::<Vec<_>>().concat()
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer with the request's names; a tag is added when there is none.
pub fn answer(request: &Message, status: &str, more: &str, body: &str) -> String {
    tagged(request, status, &word(), more, body)
}

/// The same with a tag of the sender's.
pub fn tagged(request: &Message, status: &str, tag: &str, more: &str, body: &str) -> String {
    let to = request.field("To");
    let to = if to.contains(";tag=") { to.to_owned() } else { format!("{to};tag={tag}") };
    let vias: Vec<String> = request.all("Via").map(|via| format!("Via: {via}\r\n")).collect();
    let vias = vias.concat();
    format!(
        "SIP/2.0 {status}\r\n{vias}From: {}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {}\r\n{more}Content-Length: {}\r\n\r\n{body}",
        request.field("From"),
        request.field("Call-ID"),
        request.field("CSeq"),
        body.len()
    )
}

/// The number that a request is for.
pub fn number(request: &Message) -> &str {
    user(request.uri())
}
