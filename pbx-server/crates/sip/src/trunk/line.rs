//! One line: where it is, the way to it, and whether it works.

use crate::call::ask_over;
use crate::flow::Flow;
use crate::hub::{Hub, lock};
use crate::net;
use crate::trunk::Key;
use crate::trunk::pace::{Outcome, Pace, Patience};
use crate::trunk::proof::{Proof, asks};
use crate::trunk::settings::{LineKind, Settings};
use crate::wire;
use rsipstack::sip::typed::Contact;
use rsipstack::sip::{Method, Request, Response, Uri};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use voxera_callcontrol::{LineFault, LineState, Transport};

/// Addresses of one name that are tried in a row.
const MOST_ADDRESSES: usize = 4;

/// One line. Lives as long as its settings do.
#[derive(Debug)]
pub struct Line {
    pub settings: Settings,
    pub key: Arc<Key>,
    /// The user part of our contact: a call that is addressed to it is for this line.
    pub word: String,
    place: Mutex<Place>,
    pub stop: CancellationToken,
}

#[derive(Debug, Default)]
struct Place {
    /// What the name leads to; the one that answered last comes first.
    peers: Vec<SocketAddr>,
    flow: Option<Flow>,
    state: LineState,
}

/// What the REGISTERs of one line have in common.
struct Names {
    call_id: String,
    tag: String,
    sequence: u32,
}

impl Line {
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let proof = settings.account.as_ref().map(|(username, password)| Proof::new(username, password));
        let key = Arc::new(Key { proof });
        let (place, stop) = (Mutex::default(), CancellationToken::new());
        Self { settings, key, word: wire::random_word(), place, stop }
    }

    /// Whether something that came from there came from this line: the very address that we
    /// register at; any port of an address that the company vouches for.
    #[must_use]
    pub fn is_at(&self, peer: SocketAddr) -> bool {
        let ip = peer.ip().to_canonical();
        let resolved = |at: &SocketAddr| {
            at.ip().to_canonical() == ip
                && (self.settings.kind == LineKind::Address || at.port() == peer.port())
        };
        self.settings.addresses.iter().any(|listed| listed.to_canonical() == ip)
            || lock(&self.place).peers.iter().any(resolved)
    }

    /// Every address that it may be at.
    #[must_use]
    pub fn addresses(&self) -> Vec<IpAddr> {
        let peers = lock(&self.place).peers.iter().map(SocketAddr::ip).collect::<Vec<_>>();
        let all = self.settings.addresses.iter().copied().chain(peers);
        all.map(|ip| ip.to_canonical()).collect()
    }

    /// The way to it, when there is one.
    #[must_use]
    pub fn flow(&self) -> Option<Flow> {
        lock(&self.place).flow.clone().filter(Flow::is_open)
    }

    /// A UDP line that works: its way through routers has to be kept open.
    #[must_use]
    pub fn kept_open(&self) -> Option<SocketAddr> {
        let place = lock(&self.place);
        let flow = place.flow.as_ref().filter(|flow| flow.transport == Transport::Udp)?;
        (place.state == LineState::Up && self.settings.kind == LineKind::Registration).then_some(flow.peer)
    }

    /// The way for a call. `urgent`: also when the line looked down. `None`: there is none now.
    pub async fn ready(&self, hub: &Arc<Hub>, urgent: bool) -> Option<Flow> {
        if matches!(lock(&self.place).state, LineState::Down { .. }) && !urgent {
            return None;
        }
        if let Some(flow) = self.flow() {
            return Some(flow);
        }
        // No answer within this is no way to make a call.
        let limit = hub.config.timers.t1 * 4;
        let found = async {
            for peer in self.resolve(hub).await {
                if let Ok(flow) = self.open(hub, peer).await {
                    return Some(flow);
                }
            }
            None
        };
        tokio::time::timeout(limit, found).await.ok().flatten()
    }

    /// The address for calls to a number.
    #[must_use]
    pub fn target(&self, user: &str) -> Option<Uri> {
        if self.settings.host.is_empty() {
            return None;
        }
        let transport = if self.settings.transport == Transport::Tcp { ";transport=tcp" } else { "" };
        Uri::try_from(format!("sip:{user}@{}{transport}", self.place_name()).as_str()).ok()
    }

    /// As it stands in addresses: brackets around IPv6, no port when it is the usual one.
    #[must_use]
    pub fn place_name(&self) -> String {
        let Settings { host, port, .. } = &self.settings;
        let host = if host.parse::<Ipv6Addr>().is_ok() { format!("[{host}]") } else { host.clone() };
        if *port == 5060 { host } else { format!("{host}:{port}") }
    }

    /// The name alone.
    #[must_use]
    pub fn domain(&self) -> String {
        let host = &self.settings.host;
        if host.parse::<Ipv6Addr>().is_ok() { format!("[{host}]") } else { host.clone() }
    }

    /// Registers, or asks, until the line is taken away or the engine stops.
    pub async fn run(self: Arc<Self>, hub: Arc<Hub>) {
        let mut pace = Pace::new(patience(&hub));
        let mut names = Names {
            call_id: wire::random_word(),
            tag: wire::random_word(),
            sequence: rand::random_range(1..10_000),
        };
        loop {
            let tried = self.stop.run_until_cancelled(self.try_once(&hub, &mut names, pace.wish)).await;
            let Some(outcome) = tried else { break };
            self.note(&hub, &outcome);
            let wait = pace.after(&outcome, rand::random());
            let lost = async {
                match self.flow() {
                    Some(flow) if flow.transport != Transport::Udp => flow.gone().await,
                    Some(_) | None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.stop.cancelled() => break,
                () = tokio::time::sleep(wait) => {}
                // A connection that is gone takes the calls in with it.
                () = lost => tokio::time::sleep(hub.config.timers.t1).await,
            }
        }
        self.leave(&hub, &mut names).await;
    }

    async fn try_once(&self, hub: &Arc<Hub>, names: &mut Names, wish: u32) -> Outcome {
        if !matches!(self.settings.transport, Transport::Udp | Transport::Tcp) {
            return Outcome::Failed(LineFault::Encrypted);
        }
        let peers = self.resolve(hub).await;
        let mut worst = Outcome::Failed(LineFault::NameUnknown);
        for peer in peers {
            let Ok(flow) = self.open(hub, peer).await else {
                worst = Outcome::Failed(LineFault::NoConnection);
                continue;
            };
            let outcome = match self.settings.kind {
                LineKind::Registration => self.register(hub, names, &flow, wish).await,
                LineKind::Address => self.probe(hub, names, &flow).await,
            };
            match outcome {
                Outcome::Failed(
                    LineFault::Silent | LineFault::NoConnection | LineFault::Refused { status: 500.. },
                ) => worst = outcome,
                Outcome::Registered(_) | Outcome::Answers => {
                    let mut place = lock(&self.place);
                    place.flow = Some(flow);
                    // The next call and the next question go there first.
                    place.peers.sort_by_key(|known| *known != peer);
                    return outcome;
                }
                Outcome::TooBrief(_) | Outcome::Failed(_) => return outcome,
            }
        }
        worst
    }

    async fn register(&self, hub: &Arc<Hub>, names: &mut Names, flow: &Flow, seconds: u32) -> Outcome {
        let Some(request) = self.registers(hub, names, flow, seconds) else {
            return Outcome::Failed(LineFault::NameUnknown);
        };
        let Ok(response) = ask_over(hub, request, flow).await else {
            return Outcome::Failed(LineFault::Silent);
        };
        match response.status_code.code() {
            200..=299 => Outcome::Registered(self.granted(&response).unwrap_or(seconds)),
            423 => {
                let least = wire::value(&response.headers, "Min-Expires");
                Outcome::TooBrief(least.and_then(|text| text.trim().parse().ok()).unwrap_or(0))
            }
            code => Outcome::Failed(self.refused(code)),
        }
    }

    /// Any answer at all says that somebody is there, except one that says that it is not.
    async fn probe(&self, hub: &Arc<Hub>, names: &mut Names, flow: &Flow) -> Outcome {
        let Some(uri) = Uri::try_from(format!("sip:{}", self.place_name()).as_str()).ok() else {
            return Outcome::Failed(LineFault::NameUnknown);
        };
        let own = hub.sent_by(flow.peer.ip());
        let (from, to) = (format!("<sip:voxera@{own}>"), format!("<{uri}>"));
        let request =
            names.request(hub, Method::Options, flow, uri, &from, &to, self.contact(hub, flow, None));
        match ask_over(hub, request, flow).await {
            Ok(response) if !matches!(response.status_code.code(), 408 | 503) => Outcome::Answers,
            Ok(response) => Outcome::Failed(LineFault::Refused { status: response.status_code.code() }),
            Err(_) => Outcome::Failed(LineFault::Silent),
        }
    }

    fn registers(&self, hub: &Hub, names: &mut Names, flow: &Flow, seconds: u32) -> Option<Request> {
        let uri = Uri::try_from(format!("sip:{}", self.place_name()).as_str()).ok()?;
        let user = self.settings.account.as_ref().map_or("voxera", |(username, _)| username.as_str());
        let own = format!("<sip:{}@{}>", wire::escaped(user), self.domain());
        let contact = self.contact(hub, flow, Some(seconds));
        let mut request = names.request(hub, Method::Register, flow, uri, &own, &own, contact);
        request.headers.push(wire::field("Expires", seconds.to_string()));
        Some(request)
    }

    /// Our address for this line's calls.
    #[must_use]
    pub fn contact(&self, hub: &Hub, flow: &Flow, seconds: Option<u32>) -> String {
        let own = hub.sent_by(flow.peer.ip());
        let transport = if flow.transport == Transport::Tcp { ";transport=tcp" } else { "" };
        let expires = seconds.map_or_else(String::new, |seconds| format!(";expires={seconds}"));
        format!("<sip:{}@{own}{transport}>{expires}", self.word)
    }

    /// How long the registrar keeps us: what it says of our contact, or of all.
    fn granted(&self, response: &Response) -> Option<u32> {
        let contacts = wire::values(&response.headers, "Contact")
            .filter_map(|line| Contact::parse_header_list(line).ok());
        let own = contacts.flatten().find(|contact| wire::user(&contact.uri) == self.word);
        let all = wire::value(&response.headers, "Expires").and_then(|text| text.trim().parse().ok());
        own.and_then(|contact| contact.expires()).or(all)
    }

    fn refused(&self, code: u16) -> LineFault {
        match code {
            code if asks(code) && self.settings.account.is_none() => LineFault::NoPassword,
            401 | 403 | 407 => LineFault::Password,
            408 => LineFault::Silent,
            status => LineFault::Refused { status },
        }
    }

    /// What the name leads to at this moment; what it led to before, when it leads nowhere.
    async fn resolve(&self, hub: &Hub) -> Vec<SocketAddr> {
        let Settings { host, port, .. } = &self.settings;
        if host.is_empty() {
            return Vec::new();
        }
        let mut found: Vec<SocketAddr> = match host.parse::<IpAddr>() {
            Ok(ip) => vec![SocketAddr::new(ip, *port)],
            Err(_) => match tokio::net::lookup_host((host.as_str(), *port)).await {
                Ok(found) => found.collect(),
                Err(error) => {
                    tracing::debug!(%error, trunk = %self.settings.trunk.0, "a line's name leads nowhere");
                    Vec::new()
                }
            },
        };
        found.retain(|peer| hub.reaches(*peer));
        found.truncate(MOST_ADDRESSES);
        let changed = {
            let mut place = lock(&self.place);
            if found.is_empty() {
                return place.peers.clone();
            }
            if let Some(best) = place.peers.first().copied() {
                found.sort_by_key(|peer| *peer != best);
            }
            let changed = place.peers != found;
            place.peers.clone_from(&found);
            changed
        };
        if changed {
            hub.lines.index();
        }
        found
    }

    async fn open(&self, hub: &Arc<Hub>, peer: SocketAddr) -> std::io::Result<Flow> {
        let flow = match self.settings.transport {
            Transport::Udp => hub.udp_to(peer),
            Transport::Tls | Transport::WebSocket => return Err(std::io::ErrorKind::Unsupported.into()),
            Transport::Tcp => {
                let open =
                    lock(&hub.streams).get(&(Transport::Tcp, peer)).filter(|flow| flow.is_open()).cloned();
                match open {
                    Some(flow) => flow,
                    None => net::connect(hub, peer).await?,
                }
            }
        };
        Ok(flow.of_line(Arc::clone(&self.key)))
    }

    fn note(&self, hub: &Hub, outcome: &Outcome) {
        let state = match outcome {
            Outcome::Registered(_) | Outcome::Answers => LineState::Up,
            Outcome::Failed(why) => LineState::Down { why: *why },
            // It is asked again at once.
            Outcome::TooBrief(_) => return,
        };
        let before = std::mem::replace(&mut lock(&self.place).state, state);
        if before != state {
            tracing::info!(trunk = %self.settings.trunk.0, ?state, "line");
            hub.control.line_is(self.settings.trunk, state);
        }
    }

    /// Says goodbye to the registrar.
    async fn leave(&self, hub: &Arc<Hub>, names: &mut Names) {
        if self.settings.kind == LineKind::Registration
            && let Some(flow) = self.flow()
            && let Some(request) = self.registers(hub, names, &flow, 0)
        {
            // One that does not hear it forgets us by itself.
            let _ = tokio::time::timeout(hub.config.timers.t1 * 4, ask_over(hub, request, &flow)).await;
        }
    }
}

impl Names {
    #[expect(clippy::too_many_arguments, reason = "a request has that many parts")]
    fn request(
        &mut self,
        hub: &Hub,
        method: Method,
        flow: &Flow,
        uri: Uri,
        from: &str,
        to: &str,
        contact: String,
    ) -> Request {
        // A proof that is asked for takes the next two.
        self.sequence += 3;
        let (sequence, own) = (self.sequence, wire::place(hub.sent_by(flow.peer.ip())));
        let (via, branch) = (flow.via(), wire::random_word());
        let headers = vec![
            wire::field("Via", format!("SIP/2.0/{via} {own};branch=z9hG4bK{branch};rport")),
            wire::field("From", format!("{from};tag={}", self.tag)),
            wire::field("To", to),
            wire::field("Call-ID", self.call_id.clone()),
            wire::field("CSeq", format!("{sequence} {method}")),
            wire::field("Contact", contact),
            wire::field("Allow", wire::ALLOW),
        ];
        wire::request(method, uri, headers, None)
    }
}

/// The protocol's base time sets all others, so that tests can shorten them together.
fn patience(hub: &Hub) -> Patience {
    let t1 = hub.config.timers.t1;
    Patience { first: t1 * 20, longest: (t1 * 600).max(Duration::from_secs(1)), probe: t1 * 120 }
}
