//! Signalling: one state machine on one thread. Bytes, time and events come in, bytes go out.
//!
//! Everything that it remembers is bounded by calls, registrations and transactions that are alive,
//! and each of these ends by itself.

mod arrive;
mod call;
mod client;
mod dialog;
mod end;
mod exchange;
mod fork;
mod inside;
mod registrar;
mod server;
mod who;

use crate::auth::Authenticator;
use crate::config::EngineConfig;
use crate::engine::EngineStats;
use crate::flow::{Flow, Ways};
use crate::guard::{Admission, Guard, is_scanner};
use crate::media::{MediaEvent, Relay, Side};
use crate::message::{Basics, Headers, Method, Name, Received, Request, Response, parse};
use crate::timers::Timers;
use bytes::Bytes;
use call::Call;
use client::Clients;
use registrar::Bindings;
use server::Servers;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;
use voxera_callcontrol::{CallControl, SecurityEvent, SecurityKind};
use voxera_callflow::{Event, Party};
use voxera_model::{CallId, DeviceId, Realm};

/// How often what has expired is thrown out.
const SWEEP: Duration = Duration::from_secs(5);
/// How often the way through a phone's router is kept open.
const KEEP_OPEN: Duration = Duration::from_secs(25);

/// What phones may ask for.
const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE";

/// Names a transaction.
type TxId = u64;

/// Something that happens later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Timer {
    ServerAgain(TxId),
    ServerEnd(TxId),
    ClientAgain(TxId),
    ClientEnd(TxId),
    /// Nobody picked up in time.
    Ring(CallId),
    /// A phone that promised to say that it is still there did not.
    Session(CallId, Side),
    Probe(CallId),
    Sweep,
    KeepOpen,
}

/// What the outside asks for.
#[derive(Debug)]
pub enum Command {
    Hangup(CallId),
    Stats(tokio::sync::oneshot::Sender<EngineStats>),
    Shutdown,
}

/// Names a dialog: the Call-ID, and the tag that we gave.
type DialogKey = (String, String);

/// All of it.
pub struct Core {
    config: EngineConfig,
    control: CallControl,
    relay: Relay,
    ways: Ways,
    now: Instant,
    /// Bytes to send, drained after every input.
    out: Vec<(Flow, Bytes)>,
    timers: Timers<Timer>,
    servers: Servers,
    clients: Clients,
    dialogs: HashMap<DialogKey, (CallId, Side)>,
    calls: HashMap<CallId, Call>,
    calls_of: HashMap<DeviceId, usize>,
    auth: Authenticator,
    guard: Guard,
    bindings: Bindings,
    commands: UnboundedSender<Command>,
    closing: bool,
}

/// A request with where it came from.
struct Incoming<'a> {
    request: &'a Request,
    basics: &'a Basics,
    flow: Flow,
}

impl Core {
    pub fn new(
        config: EngineConfig,
        bound: SocketAddr,
        control: CallControl,
        relay: Relay,
        commands: UnboundedSender<Command>,
    ) -> Self {
        let now = Instant::now();
        let mut timers = Timers::default();
        timers.set(now + SWEEP, Timer::Sweep);
        timers.set(now + KEEP_OPEN, Timer::KeepOpen);
        Self {
            auth: Authenticator::new(config.nonce_lifetime, config.registration.longest, now),
            guard: Guard::new(config.limits, now),
            ways: Ways::new(bound, config.external_address),
            control,
            relay,
            now,
            out: Vec::new(),
            timers,
            servers: Servers::default(),
            clients: Clients::default(),
            dialogs: HashMap::new(),
            calls: HashMap::new(),
            calls_of: HashMap::new(),
            bindings: Bindings::default(),
            commands,
            closing: false,
            config,
        }
    }

    /// What is to be sent since the last time.
    pub fn take_out(&mut self) -> Vec<(Flow, Bytes)> {
        std::mem::take(&mut self.out)
    }

    /// When [`Core::fire`] is due.
    pub fn next_timer(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Whether everything has come to its end after a shutdown was asked for.
    pub fn is_done(&self) -> bool {
        self.closing && self.calls.is_empty() && self.clients.is_empty()
    }

    /// One datagram, or one whole message of a connection.
    pub fn message(&mut self, flow: Flow, bytes: &[u8], now: Instant) {
        self.now = now;
        if bytes.len() > self.config.limits.message {
            return drop_one("too_long");
        }
        // Keep-alives: two line ends are answered with one (RFC 5626), fewer with nothing.
        if bytes.iter().all(|b| matches!(b, b'\r' | b'\n' | 0)) {
            if bytes == b"\r\n\r\n" && self.bindings.is_source(flow.peer) {
                self.out.push((flow, Bytes::from_static(b"\r\n")));
            }
            return;
        }
        match self.guard.admit(flow.peer.ip(), self.bindings.is_source(flow.peer), now) {
            Admission::Listen => {}
            Admission::Banned => return drop_one("banned"),
            Admission::Flood { first } => {
                if first {
                    self.suspect(SecurityKind::Flood, None, flow, None);
                }
                return drop_one("flood");
            }
        }
        match parse(bytes) {
            Ok(Received::Request(request, basics)) => {
                metrics::counter!("voxera_sip_requests_total", "method" => request.method.label()).increment(1);
                self.request(&Incoming { request: &request, basics: &basics, flow });
            }
            Ok(Received::Response(response, basics)) => self.response(response, &basics),
            Err(error) => {
                tracing::debug!(%error, peer = %flow.peer, "malformed message");
                drop_one("malformed");
                self.suspect(SecurityKind::Malformed, None, flow, None);
            }
        }
    }

    /// A connection is gone.
    pub fn connection_closed(&mut self, connection: u64, now: Instant) {
        self.now = now;
        for (pbx, device, contact) in self.bindings.drop_connection(connection) {
            self.control.presence().unregister(pbx, device, Some(&contact));
        }
        for (tx, owner) in self.clients.on_connection(connection) {
            self.client_failed(tx, owner, client::Failure::Transport);
        }
        // A caller who is not answered yet can no longer be answered.
        let gone: Vec<CallId> = self.calls.values().filter(|c| c.waits_on(connection)).map(|c| c.id).collect();
        for call in gone {
            self.mark_gone(call, Side::Caller);
            self.advance(call, Event::HungUp { by: Party::Caller });
        }
    }

    /// What the relay says.
    pub fn media(&mut self, event: MediaEvent, now: Instant) {
        self.now = now;
        match event {
            MediaEvent::Silent(call) => {
                tracing::info!(%call, "no sound from either side");
                metrics::counter!("voxera_sip_media_timeouts_total").increment(1);
                self.end_by_system(call, "SIP;cause=408;text=\"No sound from either side\"");
            }
        }
    }

    /// What the outside says.
    pub fn command(&mut self, command: Command, now: Instant) {
        self.now = now;
        match command {
            Command::Hangup(call) => self.end_by_system(call, "SIP;cause=200;text=\"Ended by the administrator\""),
            Command::Stats(answer) => {
                // Whoever asked may have gone.
                let _ = answer.send(self.stats());
            }
            Command::Shutdown => {
                self.closing = true;
                let calls: Vec<CallId> = self.calls.keys().copied().collect();
                for call in calls {
                    self.end_by_system(call, "SIP;cause=503;text=\"Service stops\"");
                }
            }
        }
    }

    /// Does everything that is due.
    pub fn fire(&mut self, now: Instant) {
        self.now = now;
        while let Some(timer) = self.timers.due(now) {
            match timer {
                Timer::ServerAgain(tx) => self.server_again(tx),
                Timer::ServerEnd(tx) => self.server_end(tx),
                Timer::ClientAgain(tx) => self.client_again(tx),
                Timer::ClientEnd(tx) => self.client_end(tx),
                Timer::Ring(call) => self.nobody_picked_up(call),
                Timer::Session(call, side) => self.session_over(call, side),
                Timer::Probe(call) => self.probe(call),
                Timer::Sweep => {
                    self.bindings.sweep(now);
                    self.gauges();
                    self.timers.set(now + SWEEP, Timer::Sweep);
                }
                Timer::KeepOpen => {
                    for peer in self.bindings.behind_routers() {
                        self.out.push((Flow::udp(peer), Bytes::from_static(b"\r\n\r\n")));
                    }
                    self.timers.set(now + KEEP_OPEN, Timer::KeepOpen);
                }
            }
        }
    }

    fn request(&mut self, incoming: &Incoming<'_>) {
        let Incoming { request, basics, flow } = *incoming;
        if request.headers.get(&Name::UserAgent).is_some_and(is_scanner) {
            return drop_one("scanner");
        }
        if self.server_retransmission(incoming) {
            return;
        }
        match (&request.method, basics.to.tag()) {
            (Method::Ack, _) => return self.ack(incoming),
            (Method::Cancel, _) => return self.cancel_request(incoming),
            (_, Some(_)) => return self.inside(incoming),
            (_, None) => {}
        }
        let hops = request.headers.get(&Name::MaxForwards).map(|hops| hops.trim().parse::<u8>());
        match hops {
            Some(Ok(0)) => return self.refuse(incoming, 483, Headers::default()),
            Some(Err(_)) => return self.refuse(incoming, 400, Headers::default()),
            Some(Ok(_)) | None => {}
        }
        match request.method {
            Method::Register => self.register(incoming),
            Method::Invite => self.invite(incoming),
            Method::Options => self.options(incoming),
            Method::Subscribe | Method::Publish => {
                if self.known_place(incoming) {
                    self.refuse(incoming, 489, Headers::default());
                }
            }
            Method::Bye | Method::Update | Method::Info | Method::Notify | Method::Prack => {
                if self.known_place(incoming) {
                    self.refuse(incoming, 481, Headers::default());
                }
            }
            Method::Refer | Method::Message | Method::Other(_) => {
                if self.known_place(incoming) {
                    self.refuse(incoming, 405, Headers::default().with(Name::Allow, ALLOW));
                }
            }
            Method::Ack | Method::Cancel => {}
        }
        let _ = flow;
    }

    /// An answer for phones that ask whether we are there; strangers hear nothing.
    fn options(&mut self, incoming: &Incoming<'_>) {
        if self.known_place(incoming) {
            let headers = Headers::default().with(Name::Allow, ALLOW).with(Name::Accept, "application/sdp");
            self.refuse(incoming, 200, headers);
        }
    }

    /// Whether the request comes from a phone that is registered, from this machine, or names a
    /// realm of ours. Everything else is a stranger who looks around.
    fn known_place(&self, incoming: &Incoming<'_>) -> bool {
        let peer = incoming.flow.peer;
        let known = self.bindings.is_source(peer)
            || peer.ip().to_canonical().is_loopback()
            || self.realm_of(&incoming.basics.to.uri.host).is_some()
            || self.realm_of(&incoming.basics.from.uri.host).is_some();
        if !known {
            drop_one("stranger");
        }
        known
    }

    /// The realm with this host name, when a PBX has it.
    fn realm_of(&self, host: &str) -> Option<Realm> {
        Realm::parse(host).ok().filter(|realm| self.control.directory().pbx(realm).is_some())
    }

    fn response(&mut self, response: Response, basics: &Basics) {
        let class = match response.code {
            100..=199 => "1xx",
            200..=299 => "2xx",
            300..=399 => "3xx",
            400..=499 => "4xx",
            500..=599 => "5xx",
            _ => "6xx",
        };
        metrics::counter!("voxera_sip_responses_total", "class" => class).increment(1);
        self.client_response(response, basics);
    }

    fn suspect(&self, kind: SecurityKind, realm: Option<Realm>, flow: Flow, device: Option<DeviceId>) {
        self.control.security(&SecurityEvent { kind, realm, source: flow.peer, device });
    }

    fn stats(&self) -> EngineStats {
        EngineStats {
            calls: self.calls.len(),
            dialogs: self.dialogs.len(),
            transactions: self.servers.len() + self.clients.len(),
            registrations: self.bindings.len(),
            timers: self.timers.len(),
            nonces: self.auth.nonces_in_use(),
            sources: self.guard.len(),
            media_ports: self.relay.ports_in_use() * 2,
            media_packets: self.relay.packets(),
        }
    }

    fn gauges(&self) {
        let stats = self.stats();
        for (name, value) in [
            ("voxera_sip_calls_active", stats.calls),
            ("voxera_sip_registrations", stats.registrations),
            ("voxera_sip_transactions", stats.transactions),
            ("voxera_sip_media_ports", stats.media_ports),
        ] {
            metrics::gauge!(name).set(f64::from(u32::try_from(value).unwrap_or(u32::MAX)));
        }
        metrics::counter!("voxera_sip_rtp_packets_total").absolute(stats.media_packets);
    }
}

fn drop_one(reason: &'static str) {
    metrics::counter!("voxera_sip_dropped_total", "reason" => reason).increment(1);
}

/// A random word for tags, branches and Call-IDs: 128 bits that nobody guesses.
fn random_word() -> String {
    format!("{:032x}", rand::random::<u128>())
}
