//! Starts and stops the engine.

use crate::auth::Authenticator;
use crate::bindings::Bindings;
use crate::call::{Input, Rooms};
use crate::config::EngineConfig;
use crate::flow::Ways;
use crate::guard::Guard;
use crate::hub::{Hub, lock, udp_flow};
use crate::media::{Media, Ports};
use crate::mwi::Lamps;
use crate::trunk::{self, Lines};
use crate::websocket::{self, WebSocketLink};
use crate::{dispatch, mwi, net};
use rsipstack::EndpointBuilder;
use rsipstack::transaction::endpoint::EndpointOption;
use rsipstack::transport::udp::UdpConnection;
use rsipstack::transport::{SipAddr, SipConnection, TransportLayer};
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use voxera_callcontrol::CallControl;
use voxera_model::CallId;

/// How often what has expired is thrown out.
const SWEEP: Duration = Duration::from_secs(5);
/// How often the way through a phone's router is kept open.
const KEEP_OPEN: Duration = Duration::from_secs(25);

/// The engine.
#[derive(Debug)]
pub struct Engine;

/// A running engine. Dropping it stops it without a word to the phones; see [`EngineHandle::shutdown`].
pub struct EngineHandle {
    hub: Arc<Hub>,
    address: SocketAddr,
}

/// What the engine holds at this moment; all but the nonces, sources and packets go back to zero
/// when nobody calls and nobody is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineStats {
    pub calls: usize,
    pub dialogs: usize,
    /// Requests that are being answered, or whose answer is kept for repeats of them.
    pub transactions: usize,
    pub registrations: usize,
    pub connections: usize,
    /// Nonces that were used and not yet forgotten.
    pub nonces: usize,
    /// Addresses whose messages are counted.
    pub sources: usize,
    /// UDP ports for sound.
    pub media_ports: usize,
    /// Packets of sound relayed since the start.
    pub media_packets: u64,
}

impl Engine {
    /// Opens the sockets and serves them on the current tokio runtime; sound has threads of its own.
    /// Fails when the port is taken, or the machine refuses threads or sockets.
    pub async fn start(config: EngineConfig, control: CallControl) -> io::Result<EngineHandle> {
        let (socket, listener) = net::bind(config.bind).await?;
        let (socket, address) = (Arc::new(socket), listener.local_addr()?);
        let stop = CancellationToken::new();
        let udp = UdpConnection::from_socket(Arc::clone(&socket) as _, None, None)
            .await
            .map_err(io::Error::other)?;
        let layer = TransportLayer::new_with_domain_resolver(stop.clone(), Box::new(NoNames));
        let timers = config.timers;
        let endpoint = EndpointBuilder::new()
            .with_user_agent(crate::wire::AGENT)
            .with_transport_layer(layer)
            .with_cancel_token(stop.clone())
            .with_option(EndpointOption {
                t1: timers.t1,
                t2: timers.t2,
                t4: timers.t4,
                t1x64: timers.patience(),
                // The core says how long a phone rings.
                timerc: Duration::from_mins(4),
                // The library would send it to the address in `Contact`, where a phone behind a
                // router cannot be reached.
                auto_ack_2xx: false,
                ..EndpointOption::default()
            })
            .build();
        let incoming = endpoint.incoming_transactions().map_err(io::Error::other)?;
        let (told, mut news) = unbounded_channel();
        let ports = Ports::new(&config.media_ports);
        let media = Media::start(ports, config.media_threads, config.media_timeout, &told)?;
        let now = Instant::now();
        let hub = Arc::new(Hub {
            endpoint: endpoint.inner,
            udp: udp_flow(SipConnection::Udp(udp), address),
            socket,
            ways: Mutex::new(Ways::new(address, config.external_address)),
            auth: Mutex::new(Authenticator::new(config.nonce_lifetime, config.registration.longest, now)),
            guard: Mutex::new(Guard::new(config.limits, now)),
            bindings: Bindings::default(),
            lines: Lines::default(),
            lamps: Lamps::default(),
            streams: Mutex::new(HashMap::new()),
            book: Arc::default(),
            media,
            rooms: Rooms::default(),
            calls: TaskTracker::new(),
            words: TaskTracker::new(),
            tasks: TaskTracker::new(),
            stop: stop.clone(),
            stopping: CancellationToken::new(),
            control,
            config,
        });
        let timers = Arc::clone(&hub.endpoint);
        hub.spawn(async move { timers.process_timer().await });
        hub.spawn(dispatch::serve(Arc::clone(&hub), incoming));
        hub.spawn(net::serve_udp(Arc::clone(&hub)));
        hub.spawn(net::serve_tcp(Arc::clone(&hub), listener));
        hub.spawn(housekeeping(Arc::clone(&hub)));
        hub.spawn(trunk::follow(Arc::clone(&hub)));
        hub.spawn(mwi::follow(Arc::clone(&hub)));
        let book = Arc::clone(&hub.book);
        hub.spawn(async move {
            while let Some(event) = news.recv().await {
                // The call may be over.
                let _ = book.tell(event.call(), Input::Media(event));
            }
        });
        Ok(EngineHandle { hub, address })
    }
}

impl EngineHandle {
    /// Where it listens, UDP and TCP.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// A browser's connection, whose socket the caller has. `peer`: where the browser is, and a port
    /// that no other open connection from there has.
    #[must_use]
    pub fn websocket(&self, peer: SocketAddr) -> WebSocketLink {
        websocket::open(&self.hub, peer)
    }

    /// Opens connections as [`EngineHandle::websocket`] does, for somebody who may outlive the engine:
    /// `None` when it has stopped.
    pub fn websockets(&self) -> impl Fn(SocketAddr) -> Option<WebSocketLink> + Send + Sync + 'static {
        let hub = Arc::downgrade(&self.hub);
        move |peer| hub.upgrade().map(|hub| websocket::open(&hub, peer))
    }

    /// Ends a call; one that is not there is no fault.
    pub fn hangup(&self, call: CallId) {
        // One that is not there is over already.
        let _ = self.hub.book.tell(call, Input::Hangup);
    }

    /// What it holds.
    #[must_use]
    pub fn stats(&self) -> EngineStats {
        self.hub.stats()
    }

    /// Ends every call politely, waits for the phones' answers, and stops.
    pub async fn shutdown(self) {
        self.hub.stopping.cancel();
        for tasks in [&self.hub.calls, &self.hub.words] {
            tasks.close();
            tasks.wait().await;
        }
        self.hub.stop.cancel();
        self.hub.tasks.close();
        self.hub.tasks.wait().await;
    }
}

impl Drop for EngineHandle {
    fn drop(&mut self) {
        self.hub.stop.cancel();
    }
}

impl Hub {
    fn stats(&self) -> EngineStats {
        let kept = self.endpoint.get_stats();
        let (calls, dialogs, acks) = self.book.counts();
        EngineStats {
            calls,
            dialogs,
            transactions: kept.running_transactions + kept.finished_transactions + kept.waiting_ack + acks,
            registrations: self.bindings.len(),
            connections: lock(&self.streams).len(),
            nonces: lock(&self.auth).nonces_in_use(),
            sources: lock(&self.guard).len(),
            media_ports: self.media.ports_in_use() * 2,
            media_packets: self.media.packets(),
        }
    }

    fn gauges(&self) {
        let stats = self.stats();
        for (name, value) in [
            ("voxera_sip_calls_active", stats.calls),
            ("voxera_sip_registrations", stats.registrations),
            ("voxera_sip_transactions", stats.transactions),
            ("voxera_sip_connections", stats.connections),
            ("voxera_sip_media_ports", stats.media_ports),
        ] {
            metrics::gauge!(name).set(f64::from(u32::try_from(value).unwrap_or(u32::MAX)));
        }
        metrics::counter!("voxera_sip_rtp_packets_total").absolute(stats.media_packets);
    }

    fn sweep(&self) {
        let presence = self.control.presence();
        // Presence knows of removed credentials; what it dropped must not ring any more. Nor must a phone
        // that another engine has.
        self.bindings.sweep(|pbx, device, binding| {
            self.control.carries(pbx)
                && presence.bindings(pbx, device).iter().any(|known| known.contact == binding.contact)
        });
        self.lamps.sweep(|pbx, device| !self.bindings.of(pbx, device).is_empty());
        self.book.sweep(Instant::now());
        self.gauges();
    }
}

async fn housekeeping(hub: Arc<Hub>) {
    let mut sweep = tokio::time::interval(SWEEP);
    let mut keep_open = tokio::time::interval_at(tokio::time::Instant::now() + KEEP_OPEN, KEEP_OPEN);
    loop {
        tokio::select! {
            _ = sweep.tick() => hub.sweep(),
            _ = keep_open.tick() => {
                let phones = hub.bindings.behind_routers().into_iter().map(|flow| flow.peer);
                for peer in phones.chain(hub.lines.kept_open()) {
                    // One that is lost is followed by the next.
                    let _ = hub.socket.send_to(b"\r\n\r\n", peer).await;
                }
            }
        }
    }
}

/// Phones are reached at the way that they came; no name is ever looked up for one.
struct NoNames;

impl rsipstack::transport::transport_layer::DomainResolver for NoNames {
    fn resolve<'a, 'b, 'c>(
        &'a self,
        target: &'b SipAddr,
    ) -> Pin<Box<dyn Future<Output = rsipstack::Result<SipAddr>> + Send + 'c>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        Box::pin(async move { Err(rsipstack::Error::DnsResolutionError(target.to_string())) })
    }
}
