//! The threads that carry packets from one phone to the other.

use super::event::MediaEvent;
use super::latch::{Expect, Latch, Passage};
use super::ports::Ports;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;
use voxera_callcontrol::LegMedia;
use voxera_model::CallId;

/// Packets are at most this long; what is longer is cut, and no codec of phones needs it.
const PACKET: usize = 2048;
/// Sessions on one thread above which it collects packets for a millisecond before it wakes.
const COLLECT_ABOVE: usize = 8;
const COLLECT: Duration = Duration::from_millis(1);
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Which phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    Caller,
    Callee,
}

impl Side {
    /// The phone at the other end.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Caller => Self::Callee,
            Self::Callee => Self::Caller,
        }
    }

    const fn index(self) -> usize {
        match self {
            Self::Caller => 0,
            Self::Callee => 1,
        }
    }
}

/// The threads.
#[derive(Debug)]
pub struct Relay {
    ports: Ports,
    workers: Vec<Arc<Worker>>,
    threads: Vec<JoinHandle<()>>,
    next: AtomicUsize,
}

#[derive(Debug)]
struct Worker {
    epoll: Epoll,
    sessions: RwLock<HashMap<u64, Arc<Shared>>>,
    next: AtomicU64,
    packets: AtomicU64,
    stop: AtomicBool,
    events: UnboundedSender<MediaEvent>,
    timeout: Duration,
}

#[derive(Debug)]
struct Shared {
    call: CallId,
    legs: [Leg; 2],
    /// Set while both may be expected to speak: answered, not held.
    watched: Mutex<Option<Instant>>,
    told: AtomicBool,
}

#[derive(Debug)]
struct Leg {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    port: u16,
    latch: Mutex<Latch>,
    _lease: Box<dyn Lease>,
}

trait Lease: Send + Sync + std::fmt::Debug {}
impl<T: Send + Sync + std::fmt::Debug> Lease for T {}

/// One call's sound; ends, and gives its ports back, when dropped.
#[derive(Debug)]
pub struct Session {
    id: u64,
    worker: Arc<Worker>,
    shared: Arc<Shared>,
}

impl Relay {
    /// Starts the threads.
    pub fn start(
        ports: Ports,
        threads: usize,
        timeout: Duration,
        events: &UnboundedSender<MediaEvent>,
    ) -> io::Result<Self> {
        let mut workers = Vec::new();
        let mut handles = Vec::new();
        for number in 0..threads.clamp(1, 64) {
            let worker = Arc::new(Worker {
                epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?,
                sessions: RwLock::default(),
                next: AtomicU64::new(1),
                packets: AtomicU64::new(0),
                stop: AtomicBool::new(false),
                events: events.clone(),
                timeout,
            });
            let thread = Arc::clone(&worker);
            let name = format!("media-{number}");
            handles.push(std::thread::Builder::new().name(name).spawn(move || thread.run())?);
            workers.push(worker);
        }
        Ok(Self { ports, workers, threads: handles, next: AtomicUsize::new(0) })
    }

    /// Opens ports on both sides of a call.
    pub fn open(&self, call: CallId, caller: IpAddr, callee: IpAddr) -> io::Result<Session> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let worker = Arc::clone(&self.workers[turn % self.workers.len()]);
        let legs = [self.leg(caller)?, self.leg(callee)?];
        let shared = Arc::new(Shared { call, legs, watched: Mutex::default(), told: AtomicBool::new(false) });
        let id = worker.next.fetch_add(1, Ordering::Relaxed);
        lock_write(&worker.sessions).insert(id, Arc::clone(&shared));
        let session = Session { id, worker, shared };
        for (token, socket) in session.sockets() {
            session.worker.epoll.add(socket, EpollEvent::new(EpollFlags::EPOLLIN, token))?;
        }
        Ok(session)
    }

    /// Port pairs in use.
    #[must_use]
    pub fn ports_in_use(&self) -> usize {
        self.ports.in_use()
    }

    /// RTP and RTCP packets relayed since the start.
    #[must_use]
    pub fn packets(&self) -> u64 {
        self.workers.iter().map(|w| w.packets.load(Ordering::Relaxed)).sum()
    }

    fn leg(&self, ip: IpAddr) -> io::Result<Leg> {
        let pair = self.ports.bind(ip)?;
        let port = pair.port;
        let (rtp, rtcp, lease) = pair.split();
        Ok(Leg { rtp, rtcp, port, latch: Mutex::default(), _lease: Box::new(lease) })
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        for worker in &self.workers {
            worker.stop.store(true, Ordering::Relaxed);
        }
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a media thread panicked");
            }
        }
    }
}

impl Session {
    /// Our RTP port towards this phone.
    #[must_use]
    pub fn port(&self, side: Side) -> u16 {
        self.shared.legs[side.index()].port
    }

    /// Takes what signalling knows of this phone's sound.
    pub fn expect(&self, side: Side, expect: Expect, anew: bool) {
        self.shared.legs[side.index()].latch().expect(expect, anew);
    }

    /// Whether silence is a fault: after the answer, and not on hold.
    pub fn watch(&self, on: bool) {
        let mut watched = lock(&self.shared.watched);
        if watched.is_some() != on {
            *watched = on.then(Instant::now);
        }
    }

    /// When this phone's sound last came.
    #[must_use]
    pub fn heard(&self, side: Side) -> Option<Instant> {
        self.shared.legs[side.index()].latch().heard()
    }

    /// What came from this phone so far.
    #[must_use]
    pub fn measured(&self, side: Side) -> LegMedia {
        let stats = self.shared.legs[side.index()].latch().stats;
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds below two thousand")]
        let jitter_ms = stats.jitter_ms() as f32;
        LegMedia { packets: stats.packets(), lost: stats.lost(), jitter_ms }
    }

    fn sockets(&self) -> [(u64, &UdpSocket); 4] {
        let [a, b] = &self.shared.legs;
        let id = self.id << 2;
        [(id, &a.rtp), (id | 1, &a.rtcp), (id | 2, &b.rtp), (id | 3, &b.rtcp)]
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        lock_write(&self.worker.sessions).remove(&self.id);
        for (_, socket) in self.sockets() {
            // Not added, when opening failed half-way: nothing to take out then.
            let _ = self.worker.epoll.delete(socket);
        }
    }
}

impl Worker {
    fn run(&self) {
        let mut events = [EpollEvent::empty(); 512];
        let mut packet = [0; PACKET];
        let mut looked = Instant::now();
        let wait = EpollTimeout::from(200_u16);
        while !self.stop.load(Ordering::Relaxed) {
            let ready = match self.epoll.wait(&mut events, wait) {
                Ok(ready) => ready,
                Err(nix::errno::Errno::EINTR) => 0,
                Err(error) => {
                    tracing::error!(%error, "cannot wait for sound");
                    std::thread::sleep(COLLECT * 50);
                    0
                }
            };
            let now = Instant::now();
            let sessions = {
                let sessions = self.sessions.read().unwrap_or_else(PoisonError::into_inner);
                let mut relayed = 0;
                for event in &events[..ready] {
                    if let Some(session) = sessions.get(&(event.data() >> 2)) {
                        relayed += u64::from(session.carry(event.data() & 3, &mut packet, now));
                    }
                }
                self.packets.fetch_add(relayed, Ordering::Relaxed);
                sessions.len()
            };
            if now.duration_since(looked) >= LOOK_EVERY {
                looked = now;
                self.look(now);
            }
            if ready > 0 && sessions > COLLECT_ABOVE {
                std::thread::sleep(COLLECT);
            }
        }
    }

    /// Finds calls that fell silent.
    fn look(&self, now: Instant) {
        let sessions = self.sessions.read().unwrap_or_else(PoisonError::into_inner);
        for session in sessions.values() {
            let Some(since) = *lock(&session.watched) else { continue };
            let heard = session.legs.iter().filter_map(|leg| leg.latch().heard()).max();
            let last = heard.map_or(since, |heard| heard.max(since));
            let silent = now.saturating_duration_since(last) >= self.timeout;
            if silent && !session.told.swap(true, Ordering::Relaxed) {
                // Nobody listens any more when the engine stops.
                let _ = self.events.send(MediaEvent::Silent(session.call));
            }
        }
    }
}

impl Shared {
    /// Reads one packet and passes it on; `socket`: bit 1 the side, bit 0 whether RTCP.
    fn carry(&self, socket: u64, packet: &mut [u8; PACKET], now: Instant) -> bool {
        let (from, to) =
            if socket & 2 == 0 { (&self.legs[0], &self.legs[1]) } else { (&self.legs[1], &self.legs[0]) };
        let receiver = if socket & 1 == 0 { &from.rtp } else { &from.rtcp };
        // An ICMP error of an earlier packet is reported here once; the next event has the packet.
        let Ok((length, source)) = receiver.recv_from(packet) else { return false };
        let packet = &packet[..length];
        let passage = {
            let mut latch = from.latch();
            if socket & 1 == 0 {
                latch.packet(packet, source, now)
            } else {
                latch.rtcp_packet(packet, source, now)
            }
        };
        let (sender, destination) = match passage {
            Passage::Rtp => (&to.rtp, to.latch().destination()),
            Passage::Rtcp => (&to.rtcp, to.latch().rtcp_destination()),
            Passage::Dropped => return false,
        };
        destination.is_some_and(|destination| sender.send_to(packet, destination).is_ok())
    }
}

impl Leg {
    fn latch(&self) -> MutexGuard<'_, Latch> {
        lock(&self.latch)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn lock_write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, SocketAddr};

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    struct Rig {
        relay: Relay,
        events: tokio::sync::mpsc::UnboundedReceiver<MediaEvent>,
    }

    fn rig(range: std::ops::RangeInclusive<u16>, timeout: Duration) -> Rig {
        let (sender, events) = tokio::sync::mpsc::unbounded_channel();
        Rig { relay: Relay::start(Ports::new(&range), 1, timeout, &sender).unwrap(), events }
    }

    fn phone() -> UdpSocket {
        let socket = UdpSocket::bind((HERE, 0)).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        socket
    }

    fn expect(phone: &UdpSocket) -> Expect {
        Expect {
            trusted: vec![HERE],
            first: Some(phone.local_addr().unwrap()),
            first_rtcp: None,
            payloads: vec![(8, Some(8000))],
        }
    }

    fn rtp(sequence: u16) -> Vec<u8> {
        let mut packet = vec![0x80, 8];
        packet.extend(sequence.to_be_bytes());
        packet.extend([0, 0, 0, 0, 0, 0, 0, 9, 1, 2, 3]);
        packet
    }

    #[test]
    fn packets_go_both_ways_and_are_counted_and_ports_come_back() {
        let rig = rig(47_300..=47_307, Duration::from_mins(1));
        let session = rig.relay.open(CallId(uuid::Uuid::nil()), HERE, HERE).unwrap();
        let (a, b) = (phone(), phone());
        session.expect(Side::Caller, expect(&a), false);
        session.expect(Side::Callee, expect(&b), false);
        let mut bytes = [0; 100];
        for (from, to, side) in [(&a, &b, Side::Caller), (&b, &a, Side::Callee)] {
            for sequence in [1, 2, 4] {
                let packet = rtp(sequence);
                from.send_to(&packet, SocketAddr::new(HERE, session.port(side))).unwrap();
                let (length, source) = to.recv_from(&mut bytes).unwrap();
                assert_eq!(&bytes[..length], packet);
                assert_eq!(source.port(), session.port(side.other()));
            }
            let measured = session.measured(side);
            assert_eq!((measured.packets, measured.lost), (3, 1));
        }
        assert_eq!(rig.relay.ports_in_use(), 2);
        drop(session);
        assert_eq!(rig.relay.ports_in_use(), 0);
    }

    #[test]
    fn a_silent_call_is_reported_once_it_is_watched() {
        let mut rig = rig(47_310..=47_319, Duration::ZERO);
        let call = CallId(uuid::Uuid::from_u128(7));
        let held = rig.relay.open(CallId(uuid::Uuid::nil()), HERE, HERE).unwrap();
        let session = rig.relay.open(call, HERE, HERE).unwrap();
        session.watch(true);
        assert_eq!(rig.events.blocking_recv(), Some(MediaEvent::Silent(call)));
        drop((session, held));
    }
}
