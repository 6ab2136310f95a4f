//! The threads that carry sound: they wait for many sockets at once, and keep the beat of 20 ms for
//! everything that is not simply passed on.

use super::clock::Beat;
use super::endpoint::Endpoint;
use super::event::MediaEvent;
use super::group::Group;
use super::leg::{Leg, Scratch};
use super::line::Line;
use super::ports::Ports;
use super::web::Setting;
use super::write::Writer;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;
use voxera_model::CallId;

/// Legs on one thread above which it collects packets for a millisecond before it wakes.
const COLLECT_ABOVE: usize = 16;
const COLLECT: Duration = Duration::from_millis(1);
/// A thread that did not come round for this long reads all that waits, not a packet from each.
const BEHIND: Duration = Duration::from_millis(30);
const AT_ONCE: usize = 16;
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Milliseconds after which a thread looks whether it should stop.
const IDLE: u16 = 200;
/// The event that only wakes a thread.
const WAKE: u64 = u64::MAX;

/// Everything about sound.
#[derive(Debug)]
pub struct Media {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
pub(super) struct Shared {
    ports: Ports,
    workers: Vec<Arc<Worker>>,
    /// Numbers of endpoints, groups and plays.
    numbers: AtomicU64,
    pub writer: Writer,
    setting: Setting,
    pub events: UnboundedSender<MediaEvent>,
}

/// One thread's work.
#[derive(Debug)]
pub(super) struct Worker {
    epoll: Epoll,
    wake: EventFd,
    legs: RwLock<HashMap<u64, Arc<Leg>>>,
    groups: RwLock<HashMap<u64, Arc<Group>>>,
    packets: AtomicU64,
    /// Somebody may need the beat.
    restless: AtomicBool,
    stop: AtomicBool,
    timeout: Duration,
}

impl Media {
    /// Starts the threads. `timeout`: silence of a watched bridge after which it is told.
    pub fn start(
        ports: Ports,
        threads: usize,
        timeout: Duration,
        events: &UnboundedSender<MediaEvent>,
    ) -> io::Result<Self> {
        let mut workers = Vec::new();
        let mut handles = Vec::new();
        for number in 0..threads.clamp(1, 64) {
            let worker = Arc::new(Worker::new(timeout)?);
            let thread = Arc::clone(&worker);
            let name = format!("media-{number}");
            handles.push(std::thread::Builder::new().name(name).spawn(move || thread.run())?);
            workers.push(worker);
        }
        let shared = Shared {
            ports,
            workers,
            numbers: AtomicU64::new(1),
            writer: Writer::start()?,
            setting: Setting::default(),
            events: events.clone(),
        };
        Ok(Self { shared: Arc::new(shared), threads: handles })
    }

    /// Opens ports at our address `ip` for one phone's sound. Nothing is sent before it is told what
    /// it hears.
    pub fn open(&self, call: CallId, ip: IpAddr) -> io::Result<Endpoint> {
        self.begin(call, Line::plain(self.shared.ports.bind(ip)?))
    }

    /// Opens one port at our address `bind` for a browser, which may reach it at `candidates`; those
    /// of another family than `bind` do not count. Nothing comes or goes before the two descriptions
    /// of its [`Endpoint::web`] are there.
    pub fn open_web(&self, call: CallId, bind: IpAddr, candidates: &[IpAddr]) -> io::Result<Endpoint> {
        let single = self.shared.ports.bind_one(bind)?;
        let endpoint = self.begin(call, Line::browser(single, &self.shared.setting, candidates)?)?;
        endpoint.leg.worker.wake();
        Ok(endpoint)
    }

    fn begin(&self, call: CallId, line: Line) -> io::Result<Endpoint> {
        let number = self.shared.number();
        let worker = self.shared.worker();
        let leg = Arc::new(Leg::new(number, call, line, Arc::clone(&worker), self.shared.events.clone()));
        write(&worker.legs).insert(number, Arc::clone(&leg));
        let endpoint = Endpoint::new(leg, Arc::clone(&self.shared));
        for (token, socket) in endpoint.leg.sockets() {
            worker.epoll.add(socket, EpollEvent::new(EpollFlags::EPOLLIN, token))?;
        }
        Ok(endpoint)
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Port pairs in use.
    #[must_use]
    pub fn ports_in_use(&self) -> usize {
        self.shared.ports.in_use()
    }

    /// RTP and RTCP packets that came and went on, or were sent by us, since the start.
    #[must_use]
    pub fn packets(&self) -> u64 {
        self.shared.workers.iter().map(|w| w.packets.load(Ordering::Relaxed)).sum()
    }
}

impl Drop for Media {
    fn drop(&mut self) {
        for worker in &self.shared.workers {
            worker.stop.store(true, Ordering::Relaxed);
            worker.wake();
        }
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a media thread panicked");
            }
        }
    }
}

impl Shared {
    pub fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// Any of them: in turn, callers would all be on one thread and those they call on another.
    pub fn worker(&self) -> Arc<Worker> {
        Arc::clone(&self.workers[rand::random_range(0..self.workers.len())])
    }
}

impl Worker {
    fn new(timeout: Duration) -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let wake = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        epoll.add(&wake, EpollEvent::new(EpollFlags::EPOLLIN, WAKE))?;
        Ok(Self {
            epoll,
            wake,
            legs: RwLock::default(),
            groups: RwLock::default(),
            packets: AtomicU64::new(0),
            restless: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            timeout,
        })
    }

    /// Something new may need the beat.
    pub fn wake(&self) {
        self.restless.store(true, Ordering::Release);
        // It fails when the counter is full: then the thread wakes anyway.
        let _ = self.wake.write(1);
    }

    pub fn adopt(&self, group: &Arc<Group>) {
        write(&self.groups).insert(group.number, Arc::clone(group));
    }

    pub fn forget(&self, group: u64) {
        write(&self.groups).remove(&group);
    }

    pub fn close(&self, leg: &Leg) {
        write(&self.legs).remove(&leg.id.0);
        for (_, socket) in leg.sockets() {
            // Not added, when opening failed half-way: nothing to take out then.
            let _ = self.epoll.delete(socket);
        }
    }

    fn run(&self) {
        let mut events = [EpollEvent::empty(); 512];
        let mut scratch = Scratch::default();
        let mut beat = Beat::new();
        let mut looked = Instant::now();
        let mut last = looked;
        while !self.stop.load(Ordering::Relaxed) {
            let wait = beat.wait(Instant::now()).unwrap_or(IDLE).min(IDLE);
            let ready = match self.epoll.wait(&mut events, EpollTimeout::from(wait)) {
                Ok(ready) => ready,
                Err(nix::errno::Errno::EINTR) => 0,
                Err(error) => {
                    tracing::error!(%error, "cannot wait for sound");
                    std::thread::sleep(COLLECT * 50);
                    0
                }
            };
            let now = Instant::now();
            let behind = now.duration_since(last) > BEHIND;
            last = now;
            let legs = self.carry(&events[..ready], if behind { AT_ONCE } else { 1 }, &mut scratch, now);
            self.beats(&mut beat, &mut scratch, now);
            if now.duration_since(looked) >= LOOK_EVERY {
                looked = now;
                read(&self.groups).values().for_each(|group| group.look(self.timeout, now));
                read(&self.legs).values().for_each(|leg| leg.look(now));
            }
            if ready > 0 && legs > COLLECT_ABOVE && !behind {
                std::thread::sleep(COLLECT);
            }
        }
    }

    /// Takes packets from each socket that has some, `most` of each; how many legs there are.
    fn carry(&self, events: &[EpollEvent], most: usize, scratch: &mut Scratch, now: Instant) -> usize {
        let legs = read(&self.legs);
        let mut carried = 0;
        for event in events {
            if event.data() == WAKE {
                // Several wakes are one.
                let _ = self.wake.read();
            } else if let Some(leg) = legs.get(&(event.data() >> 1)) {
                let rtcp = event.data() & 1 == 1;
                let packets = std::iter::from_fn(|| leg.carry(rtcp, &mut scratch.packet, now)).take(most);
                carried += packets.map(u64::from).sum::<u64>();
            }
        }
        self.packets.fetch_add(carried, Ordering::Relaxed);
        legs.len()
    }

    fn beats(&self, beat: &mut Beat, scratch: &mut Scratch, now: Instant) {
        if !self.restless.load(Ordering::Acquire) {
            return beat.rest();
        }
        while beat.take(now) {
            // Before they are looked at: who changes meanwhile is seen the next time.
            self.restless.store(false, Ordering::Release);
            let (anybody, sent) = self.beat(scratch, now);
            self.packets.fetch_add(sent, Ordering::Relaxed);
            if anybody {
                self.restless.store(true, Ordering::Release);
            }
        }
    }

    /// Everybody's next 20 ms: whether there was anybody, and how many packets went out.
    fn beat(&self, scratch: &mut Scratch, now: Instant) -> (bool, u64) {
        let (mut anybody, mut sent) = (false, 0);
        for leg in read(&self.legs).values() {
            if leg.web.is_some() {
                anybody = true;
                sent += leg.tend(&mut scratch.packet, now);
            }
            if !leg.ticks() {
                continue;
            }
            anybody = true;
            sent += u64::from(leg.beat(scratch, now));
        }
        for group in read(&self.groups).values().filter(|group| group.ticks()) {
            anybody = true;
            sent += group.beat(scratch, now);
        }
        (anybody, sent)
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}
