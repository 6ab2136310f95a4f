//! Where messages come from and go to.

use crate::trunk::Key;
use rsipstack::transport::{SipAddr, SipConnection};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use voxera_callcontrol::Transport;

/// Peers whose way is remembered.
const MAX_WAYS: usize = 10_000;
/// Addresses of nobody (kept for documents), which the machine's routes lead to as to any far one.
const FAR: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const FAR_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));

/// One way to a phone: for UDP the address its packets come from, for TCP and browsers the connection.
#[derive(Debug, Clone)]
pub struct Flow {
    pub transport: Transport,
    pub peer: SocketAddr,
    connection: SipConnection,
    closed: CancellationToken,
    /// Tells a connection from an earlier one of the same peer; 0 for UDP.
    number: u64,
    line: Option<Arc<Key>>,
}

impl Flow {
    #[must_use]
    pub fn new(
        transport: Transport,
        peer: SocketAddr,
        connection: SipConnection,
        closed: CancellationToken,
    ) -> Self {
        let number = match transport {
            Transport::Udp => 0,
            Transport::Tcp | Transport::Tls | Transport::WebSocket => rand::random(),
        };
        Self { transport, peer, connection, closed, number, line: None }
    }

    /// The same socket towards another peer; of use for UDP only.
    #[must_use]
    pub fn to(&self, peer: SocketAddr) -> Self {
        Self { peer, ..self.clone() }
    }

    /// The same way as that of a line: requests over it prove who we are.
    #[must_use]
    pub fn of_line(self, line: Arc<Key>) -> Self {
        Self { line: Some(line), ..self }
    }

    /// The line at its other end, when there is one.
    #[must_use]
    pub const fn line(&self) -> Option<&Arc<Key>> {
        self.line.as_ref()
    }

    /// The other end moved: what it proved, or we prove to it, stays.
    pub fn move_to(&mut self, other: &Self) {
        let line = self.line.take();
        *self = Self { line, ..other.clone() };
    }

    /// What a transaction sends through.
    #[must_use]
    pub fn connection(&self) -> SipConnection {
        self.connection.clone()
    }

    /// Where a transaction sends to.
    #[must_use]
    pub fn address(&self) -> SipAddr {
        SipAddr::new(kind(self.transport), self.peer.into())
    }

    /// Whether it still leads anywhere. UDP always seems to.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.closed.is_cancelled()
    }

    /// Ends it.
    pub fn close(&self) {
        self.closed.cancel();
    }

    /// Waits until it leads nowhere any more.
    pub async fn gone(&self) {
        self.closed.cancelled().await;
    }

    /// Whether both are the same way.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.transport == other.transport && self.peer == other.peer && self.number == other.number
    }

    /// As in a Via.
    #[must_use]
    pub const fn via(&self) -> &'static str {
        match self.transport {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
            Transport::WebSocket => "WS",
        }
    }
}

/// As the library names it.
#[must_use]
pub const fn kind(transport: Transport) -> rsipstack::sip::Transport {
    match transport {
        Transport::Udp => rsipstack::sip::Transport::Udp,
        Transport::Tcp => rsipstack::sip::Transport::Tcp,
        Transport::Tls => rsipstack::sip::Transport::Tls,
        Transport::WebSocket => rsipstack::sip::Transport::Ws,
    }
}

/// Which of our addresses a phone reaches us at.
#[derive(Debug)]
pub struct Ways {
    bound: SocketAddr,
    external: Option<IpAddr>,
    known: HashMap<IpAddr, IpAddr>,
}

impl Ways {
    #[must_use]
    pub fn new(bound: SocketAddr, external: Option<IpAddr>) -> Self {
        Self { bound, external, known: HashMap::new() }
    }

    /// The address to write into messages for this peer.
    pub fn advertised(&mut self, peer: IpAddr) -> IpAddr {
        let peer = peer.to_canonical();
        match self.external {
            Some(external) if !is_near(peer) => external,
            _ => self.local(peer),
        }
    }

    /// The same with our SIP port, as `host:port`.
    pub fn sent_by(&mut self, peer: IpAddr) -> SocketAddr {
        SocketAddr::new(self.advertised(peer), self.bound.port())
    }

    /// The address to open media ports on for this peer.
    #[must_use]
    pub fn media_bind(&self, peer: IpAddr) -> IpAddr {
        match (self.bound.ip(), peer.to_canonical()) {
            (bound, _) if !bound.is_unspecified() => bound,
            (_, IpAddr::V4(_)) => Ipv4Addr::UNSPECIFIED.into(),
            (_, IpAddr::V6(_)) => Ipv6Addr::UNSPECIFIED.into(),
        }
    }

    /// Where a browser may find our sound. Whoever comes through a proxy of this machine is elsewhere, and
    /// Firefox on this machine finds no way from its network to a loopback: both are told our address in
    /// the network as well.
    pub fn candidates(&mut self, peer: IpAddr) -> Vec<IpAddr> {
        let mut all = vec![self.advertised(peer)];
        let outward = all[0].is_loopback().then(|| self.local(if peer.is_ipv4() { FAR } else { FAR_V6 }));
        for more in outward.into_iter().chain(self.external) {
            if !more.is_unspecified() && !all.contains(&more) {
                all.push(more);
            }
        }
        all
    }

    /// Whether our socket can send there: one of IPv4 reaches no IPv6.
    #[must_use]
    pub const fn reaches(&self, peer: SocketAddr) -> bool {
        peer.is_ipv4() || self.bound.is_ipv6()
    }

    /// Whether a host names this machine as far as we know.
    #[must_use]
    pub fn is_us(&self, host: IpAddr) -> bool {
        self.bound.ip() == host || self.external == Some(host) || self.known.values().any(|ip| *ip == host)
    }

    fn local(&mut self, peer: IpAddr) -> IpAddr {
        if !self.bound.ip().is_unspecified() {
            return self.bound.ip();
        }
        if let Some(known) = self.known.get(&peer) {
            return *known;
        }
        let any: IpAddr =
            if peer.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        // Connecting a datagram socket sends nothing; it asks the machine's routes.
        let asked = UdpSocket::bind((any, 0)).and_then(|socket| {
            socket.connect((peer, 9))?;
            socket.local_addr()
        });
        let Ok(local) = asked else { return self.bound.ip() };
        if self.known.len() >= MAX_WAYS {
            self.known.clear();
        }
        self.known.insert(peer, local.ip());
        local.ip()
    }
}

/// Loopback, private and link-local networks, and those of carriers: our external address is of no
/// use there.
fn is_near(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            ip.is_loopback() || ip.is_private() || ip.is_link_local() || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    #[test]
    fn each_phone_is_told_the_address_that_it_can_reach() {
        let external = "203.0.113.1".parse().unwrap();
        let mut ways = Ways::new("0.0.0.0:5060".parse().unwrap(), Some(external));
        assert_eq!(ways.advertised("198.51.100.7".parse().unwrap()), external);
        assert_eq!(ways.advertised("127.0.0.1".parse().unwrap()), "127.0.0.1".parse::<IpAddr>().unwrap());
        assert_eq!(
            ways.advertised("::ffff:127.0.0.1".parse().unwrap()),
            "127.0.0.1".parse::<IpAddr>().unwrap()
        );
        let mut bound = Ways::new("192.0.2.9:5060".parse().unwrap(), None);
        assert_eq!(bound.sent_by(external), "192.0.2.9:5060".parse().unwrap());
    }

    #[test]
    fn a_browser_on_this_machine_is_told_our_address_in_the_network_too() {
        let here: IpAddr = "127.0.0.1".parse().unwrap();
        let external = "203.0.113.1".parse().unwrap();
        let mut ways = Ways::new("0.0.0.0:5060".parse().unwrap(), Some(external));
        let outward = ways.local(FAR);
        let told = ways.candidates(here);
        assert_eq!((told[0], told.last()), (here, Some(&external)));
        // A machine without a network has none.
        assert_eq!(told.contains(&outward), !outward.is_unspecified());
        let far = "198.51.100.7".parse().unwrap();
        assert_eq!(ways.candidates(far), [external]);
        let mut bound = Ways::new("127.0.0.1:5060".parse().unwrap(), None);
        assert_eq!(bound.candidates(here), [here], "nothing listens elsewhere");
    }
}
