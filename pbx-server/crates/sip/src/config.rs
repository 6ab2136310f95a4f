//! How the engine runs.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

/// Everything that can be set. [`EngineConfig::new`] gives what a small installation wants.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// UDP and TCP. Port 0: any port that is free for both.
    pub bind: SocketAddr,
    /// Ports for sound; each call uses two even-odd pairs.
    pub media_ports: RangeInclusive<u16>,
    /// What phones outside the local network reach us at, when it is not an address of this machine.
    pub external_address: Option<IpAddr>,
    /// Threads that relay sound, 1 to 64.
    pub media_threads: usize,
    pub registration: RegistrationLimits,
    pub limits: Limits,
    pub timers: SipTimers,
    /// An answered call without sound from either side for this long is ended.
    pub media_timeout: Duration,
    /// A browser whose connection broke, and which is not heard for this long, is gone.
    pub lost_after: Duration,
    /// How often a leg that is held and silent is asked whether it is still there.
    pub probe_every: Duration,
    /// Where sounds, messages and recordings are. `None`: callers hear tones, and nothing is kept.
    pub library: Option<voxera_audio::Library>,
    /// How long one nonce may be used.
    pub nonce_lifetime: Duration,
}

/// How long a registration lasts.
#[derive(Debug, Clone, Copy)]
pub struct RegistrationLimits {
    /// Shorter wishes are answered "interval too brief".
    pub shortest: Duration,
    /// Longer wishes are shortened to this; also what a phone without a wish gets.
    pub longest: Duration,
    /// Addresses of one device; the oldest gives way.
    pub contacts: usize,
}

/// How much strangers and phones may ask of us.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of one message.
    pub message: usize,
    /// Messages a second from one address, and how many at once.
    pub rate: u32,
    pub burst: u32,
    /// Failed proofs of one address within `failure_window` before it is not heard for `ban`.
    pub failures: u32,
    pub failure_window: Duration,
    pub ban: Duration,
    /// Calls in all, and of one phone.
    pub calls: usize,
    pub calls_per_device: usize,
    /// TCP connections in all, and of one address.
    pub connections: usize,
    pub connections_per_source: usize,
    /// A TCP connection that nobody registered over is closed after this long without a message.
    pub idle_connection: Duration,
}

/// The base times of RFC 3261, section 17.
#[derive(Debug, Clone, Copy)]
pub struct SipTimers {
    pub t1: Duration,
    pub t2: Duration,
    pub t4: Duration,
}

impl SipTimers {
    /// How long a transaction waits before it gives up: timers B, F and H.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.t1 * 64
    }
}

impl Default for SipTimers {
    fn default() -> Self {
        Self { t1: Duration::from_millis(500), t2: Duration::from_secs(4), t4: Duration::from_secs(5) }
    }
}

impl EngineConfig {
    /// The defaults, at an address.
    #[must_use]
    pub fn new(bind: SocketAddr) -> Self {
        Self {
            bind,
            media_ports: 20_000..=29_999,
            external_address: None,
            media_threads: 1,
            registration: RegistrationLimits {
                shortest: Duration::from_mins(1),
                longest: Duration::from_hours(1),
                contacts: 5,
            },
            limits: Limits {
                message: 16 * 1024,
                rate: 5_000,
                burst: 10_000,
                failures: 20,
                failure_window: Duration::from_mins(1),
                ban: Duration::from_mins(5),
                calls: 5_000,
                calls_per_device: 16,
                connections: 4_096,
                connections_per_source: 256,
                idle_connection: Duration::from_mins(2),
            },
            timers: SipTimers::default(),
            media_timeout: Duration::from_mins(1),
            lost_after: Duration::from_secs(15),
            probe_every: Duration::from_mins(5),
            library: None,
            nonce_lifetime: Duration::from_mins(5),
        }
    }
}
