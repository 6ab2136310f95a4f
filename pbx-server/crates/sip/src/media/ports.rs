//! Port pairs for sound: even for RTP, the odd one above for RTCP.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

/// Hands pairs out in turn, so that a port rests before it is used again.
#[derive(Debug, Clone)]
pub struct Ports {
    shared: Arc<Mutex<Turn>>,
}

#[derive(Debug)]
struct Turn {
    first: u16,
    /// Whether each pair is in use.
    used: Vec<bool>,
    next: usize,
    in_use: usize,
}

/// One pair, bound; given back when dropped.
#[derive(Debug)]
pub struct Pair {
    pub rtp: UdpSocket,
    pub rtcp: UdpSocket,
    pub port: u16,
    lease: Lease,
}

/// The even port of a pair, bound; the pair is given back when dropped.
#[derive(Debug)]
pub struct Single {
    pub socket: UdpSocket,
    pub port: u16,
    lease: Lease,
}

#[derive(Debug)]
pub(super) struct Lease {
    ports: Ports,
    index: usize,
}

impl Ports {
    /// The pairs that fit into a range.
    #[must_use]
    pub fn new(range: &RangeInclusive<u16>) -> Self {
        let first = range.start().saturating_add(range.start() % 2);
        let pairs = usize::from(range.end().saturating_sub(first).saturating_add(1)) / 2;
        // Not where the process before us began: phones may still send to the calls of that one.
        let next = if pairs == 0 { 0 } else { rand::random_range(0..pairs) };
        let turn = Turn { first, used: vec![false; pairs], next, in_use: 0 };
        Self { shared: Arc::new(Mutex::new(turn)) }
    }

    /// Binds the next pair that is free in this process and on this machine.
    pub fn bind(&self, ip: IpAddr) -> io::Result<Pair> {
        self.next(|port, lease| {
            let (rtp, rtcp) = (open_one(ip, port)?, open_one(ip, port + 1)?);
            Ok(Pair { rtp, rtcp, port, lease })
        })
    }

    /// Binds the even port of the next pair alone, for a phone that sends everything to one.
    pub fn bind_one(&self, ip: IpAddr) -> io::Result<Single> {
        self.next(|port, lease| {
            let socket = open_one(ip, port)?;
            Ok(Single { socket, port, lease })
        })
    }

    /// Pairs in use.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.lock().in_use
    }

    fn next<T>(&self, open: impl Fn(u16, Lease) -> io::Result<T>) -> io::Result<T> {
        let mut last = io::Error::new(io::ErrorKind::AddrInUse, "every media port is in use");
        // A pair that another program holds is passed over; more than this many is no accident.
        for _ in 0..64 {
            let Some((lease, port)) = self.lease() else { break };
            match open(port, lease) {
                Ok(opened) => return Ok(opened),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn lease(&self) -> Option<(Lease, u16)> {
        let mut turn = self.lock();
        let pairs = turn.used.len();
        let index = (0..pairs).map(|step| (turn.next + step) % pairs).find(|index| !turn.used[*index])?;
        turn.used[index] = true;
        turn.in_use += 1;
        turn.next = (index + 1) % pairs;
        let port = turn.first + u16::try_from(index * 2).ok()?;
        Some((Lease { ports: self.clone(), index }, port))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Turn> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut turn = self.ports.lock();
        turn.used[self.index] = false;
        turn.in_use -= 1;
    }
}

impl Pair {
    /// The sockets alone, and what keeps the ports ours.
    pub(super) fn split(self) -> (UdpSocket, UdpSocket, Lease) {
        (self.rtp, self.rtcp, self.lease)
    }
}

impl Single {
    pub(super) fn split(self) -> (UdpSocket, Lease) {
        (self.socket, self.lease)
    }
}

fn open_one(ip: IpAddr, port: u16) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(SocketAddr::new(ip, port))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn pairs_are_even_distinct_and_given_back() {
        let ports = Ports::new(&(47_001..=47_009));
        let pairs: Vec<Pair> = (0..4).map(|_| ports.bind(HERE).unwrap()).collect();
        let mut given: Vec<u16> = pairs.iter().map(|pair| pair.port).collect();
        given.sort_unstable();
        assert_eq!(given, [47_002, 47_004, 47_006, 47_008]);
        assert_eq!(ports.bind(HERE).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop(pairs);
        assert_eq!(ports.in_use(), 0);
        assert!(ports.bind(HERE).is_ok());
    }

    #[test]
    fn a_port_that_another_program_holds_is_passed_over() {
        let taken = UdpSocket::bind((HERE, 47_101)).unwrap();
        let ports = Ports::new(&(47_100..=47_103));
        assert_eq!(ports.bind(HERE).unwrap().port, 47_102);
        drop(taken);
    }

    #[test]
    fn one_port_leaves_the_odd_one_to_others_but_keeps_the_pair() {
        let ports = Ports::new(&(47_300..=47_301));
        let single = ports.bind_one(HERE).unwrap();
        assert_eq!(single.port, 47_300);
        assert!(UdpSocket::bind((HERE, 47_301)).is_ok());
        assert!(ports.bind(HERE).is_err());
        drop(single);
        assert_eq!(ports.in_use(), 0);
    }

    #[test]
    fn a_range_without_a_pair_has_none() {
        for range in [47_201..=47_202, 65_535..=65_535] {
            assert!(Ports::new(&range).bind(HERE).is_err());
        }
    }
}
