//! What all parts share. Every message of the outside comes in here, and the guard stands first.

use crate::auth::Authenticator;
use crate::bindings::Bindings;
use crate::call::{Book, Rooms};
use crate::config::EngineConfig;
use crate::flow::{Flow, Ways};
use crate::guard::{Admission, Guard, is_scanner};
use crate::media::Media;
use crate::mwi::Lamps;
use crate::trunk::Lines;
use crate::who::{Screened, screen};
use crate::wire;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Method, Request, Response, SipMessage};
use rsipstack::transaction::Transaction;
use rsipstack::transaction::endpoint::EndpointInnerRef;
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transport::SipConnection;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use voxera_callcontrol::{CallControl, SecurityEvent, SecurityKind, Transport};
use voxera_model::{DeviceId, Realm};

/// One for the engine.
pub struct Hub {
    pub config: EngineConfig,
    pub control: CallControl,
    pub endpoint: EndpointInnerRef,
    /// Sends every datagram.
    pub udp: Flow,
    pub socket: Arc<tokio::net::UdpSocket>,
    pub ways: Mutex<Ways>,
    pub auth: Mutex<Authenticator>,
    pub guard: Mutex<Guard>,
    pub bindings: Bindings,
    /// Lines to the public network.
    pub lines: Lines,
    /// Phones that want to know of messages.
    pub lamps: Lamps,
    /// Open connections by peer.
    pub streams: Mutex<HashMap<(Transport, SocketAddr), Flow>>,
    pub book: Arc<Book>,
    pub media: Media,
    pub rooms: Rooms,
    /// Calls that are up.
    pub calls: TaskTracker,
    /// Requests that phones are to hear before we go.
    pub words: TaskTracker,
    /// Everything else.
    pub tasks: TaskTracker,
    /// Cancelled when the engine is to stop: calls end.
    pub stopping: CancellationToken,
    /// Cancelled when the last call has ended: everything ends.
    pub stop: CancellationToken,
}

impl Hub {
    /// Runs until it is done or the engine stops.
    pub fn spawn(&self, job: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move { stop.run_until_cancelled(job).await.unwrap_or(()) });
    }

    /// One datagram, or one whole message of a connection.
    pub async fn receive(&self, bytes: &[u8], flow: &Flow) {
        if bytes.len() > self.config.limits.message {
            return dropped("too_long");
        }
        // A carrier brings the calls of many; it is neither counted nor ever not heard.
        let line = self.lines.is_source(flow.peer);
        let admission = if line {
            Admission::Listen
        } else {
            let trusted = self.bindings.is_source(flow.peer);
            lock(&self.guard).admit(flow.peer.ip(), trusted, Instant::now())
        };
        match admission {
            Admission::Listen => {}
            Admission::Banned => return dropped("banned"),
            Admission::Flood { first } => {
                if first {
                    self.suspect(SecurityKind::Flood, None, flow.peer, None);
                }
                return dropped("flood");
            }
        }
        let message = match wire::read(bytes).and_then(|message| stamped(message, flow.peer)) {
            Ok(message) => message,
            Err(error) => {
                tracing::debug!(%error, peer = %flow.peer, "malformed message");
                self.suspect(SecurityKind::Malformed, None, flow.peer, None);
                return dropped("malformed");
            }
        };
        match &message {
            SipMessage::Request(request) => {
                if wire::value(&request.headers, "User-Agent").is_some_and(is_scanner) && !line {
                    return dropped("scanner");
                }
                let method = request.method.to_string();
                metrics::counter!("voxera_sip_requests_total", "method" => method).increment(1);
                match screen(self, request, flow) {
                    Screened::Pass => {}
                    Screened::Silent => return dropped("stranger"),
                    Screened::Answer(answer) => return self.send(SipMessage::Response(*answer), flow).await,
                }
            }
            SipMessage::Response(response) => {
                let class = ["0xx", "1xx", "2xx", "3xx", "4xx", "5xx", "6xx"];
                let class = class[usize::from(response.status_code.code() / 100).min(6)];
                metrics::counter!("voxera_sip_responses_total", "class" => class).increment(1);
                if self.acknowledged_again(response).await {
                    return;
                }
            }
        }
        if let Err(error) =
            self.endpoint.on_received_message(message, flow.connection(), &flow.address()).await
        {
            tracing::debug!(%error, peer = %flow.peer, "message without use");
        }
    }

    /// Sends a message that nobody waits for.
    pub async fn send(&self, message: SipMessage, flow: &Flow) {
        if let Err(error) = flow.connection().send(message, Some(&flow.address())).await {
            tracing::debug!(%error, peer = %flow.peer, "a message was not sent");
        }
    }

    /// A phone repeats its answer when our acknowledgement was lost: it gets the same one again.
    async fn acknowledged_again(&self, response: &Response) -> bool {
        if !(200..300).contains(&response.status_code.code()) {
            return false;
        }
        let key = (wire::call_id(response), wire::sequence(response), wire::to_tag(response));
        let (Some(call_id), Some(sequence), Some(tag)) = key else { return false };
        let Some((ack, flow)) = self.book.kept(&(call_id, sequence, tag)) else { return false };
        let method = response.cseq_header().and_then(rsipstack::sip::CSeq::method);
        if method != Ok(Method::Invite) {
            return false;
        }
        // One that is lost again is asked for again.
        self.send(SipMessage::Request(ack), &flow).await;
        true
    }

    /// The way that a request came; `None`: its connection is gone.
    pub fn flow_of(&self, tx: &Transaction) -> Option<Flow> {
        let connection = tx.connection.as_ref()?;
        if matches!(connection, SipConnection::Udp(_)) {
            return wire::source(&tx.original).map(|peer| self.udp_to(peer));
        }
        let address = connection.get_remote_addr()?;
        let transport = match address.r#type {
            Some(rsipstack::sip::Transport::Ws) => Transport::WebSocket,
            _ => Transport::Tcp,
        };
        lock(&self.streams).get(&(transport, address.get_socketaddr().ok()?)).cloned()
    }

    /// The way to a UDP peer.
    pub fn udp_to(&self, peer: SocketAddr) -> Flow {
        self.udp.to(peer)
    }

    /// A client transaction over a way; `None` for a request that lacks what names it.
    pub fn client(&self, request: Request, flow: &Flow) -> Option<Transaction> {
        let key = TransactionKey::from_request(&request, TransactionRole::Client).ok()?;
        let mut tx = Transaction::new_client(key, request, self.endpoint.clone(), Some(flow.connection()));
        tx.destination = Some(flow.address());
        Some(tx)
    }

    /// Whether our socket can send there.
    pub fn reaches(&self, peer: SocketAddr) -> bool {
        lock(&self.ways).reaches(peer)
    }

    /// Our address as the phone at the other end of a way sees it, with the SIP port.
    pub fn sent_by(&self, peer: IpAddr) -> SocketAddr {
        lock(&self.ways).sent_by(peer)
    }

    /// Whether an address names this machine, as the phone at `peer` sees it.
    pub fn is_us(&self, ip: IpAddr, peer: IpAddr) -> bool {
        let mut ways = lock(&self.ways);
        ways.is_us(ip) || ways.advertised(peer) == ip
    }

    /// The PBX's realm, when a host names one.
    pub fn realm(&self, host: &str) -> Option<Realm> {
        Realm::parse(host).ok().filter(|realm| self.control.directory().pbx(realm).is_some())
    }

    /// Something that only an attacker or a broken phone does.
    pub fn suspect(
        &self,
        kind: SecurityKind,
        realm: Option<Realm>,
        source: SocketAddr,
        device: Option<DeviceId>,
    ) {
        self.control.security(&SecurityEvent { kind, realm, source, device });
    }

    /// A connection is gone.
    pub fn closed(&self, flow: &Flow) {
        let key = (flow.transport, flow.peer);
        let mut streams = lock(&self.streams);
        if streams.get(&key).is_some_and(|known| known.is(flow)) {
            streams.remove(&key);
        }
        drop(streams);
        self.book.gone(flow);
        let closed = self.bindings.close(flow);
        for (pbx, device, contact) in closed.into_iter().filter(|(pbx, _, _)| self.control.carries(*pbx)) {
            self.control.presence().unregister(pbx, device, Some(&contact));
        }
    }
}

fn stamped(message: SipMessage, peer: SocketAddr) -> Result<SipMessage, wire::Malformed> {
    match message {
        SipMessage::Request(mut request) => {
            wire::stamp(&mut request, peer)?;
            Ok(SipMessage::Request(request))
        }
        SipMessage::Response(_) => Ok(message),
    }
}

/// Sends an answer on a transaction that its owner then drops: repeats of the request are answered
/// by the transaction layer.
pub async fn respond(tx: &mut Transaction, response: Response) {
    if let Err(error) = tx.respond(response).await {
        tracing::debug!(%error, "an answer was not sent");
    }
}

/// The way that all datagrams go.
pub fn udp_flow(connection: SipConnection, bound: SocketAddr) -> Flow {
    Flow::new(Transport::Udp, bound, connection, CancellationToken::new())
}

/// Counts a message that nobody reads.
pub fn dropped(reason: &'static str) {
    metrics::counter!("voxera_sip_dropped_total", "reason" => reason).increment(1);
}

/// A poisoned lock means that another task panicked; what it guards is still whole here.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
