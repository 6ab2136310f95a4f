//! Who is not listened to: floods, guessers, scanners. Everything here is bounded.

use crate::config::Limits;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Addresses that are counted one by one; what comes on top shares one count.
const MAX_SOURCES: usize = 50_000;

/// Tools that only ever look for holes.
const SCANNERS: &[&str] = &[
    "friendly-scanner",
    "friendly-request",
    "sipvicious",
    "sip-scan",
    "sipscan",
    "sundayddr",
    "sipcli",
    "sip cli",
    "iwar",
    "smap",
    "vaxsipuseragent",
    "vaxasip",
    "pplsip",
    "sipptk",
    "eyebeam_scan",
    "sivus",
    "gulp",
];

/// What to do with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    Listen,
    /// More than this address may send. `first`: since the last second boundary.
    Flood {
        first: bool,
    },
    Banned,
}

/// Counts by source address.
#[derive(Debug)]
pub struct Guard {
    limits: Limits,
    sources: HashMap<IpAddr, Source>,
    overflow: Source,
    swept: Instant,
}

#[derive(Debug, Clone, Copy)]
struct Source {
    /// Messages that may still come, in thousandths.
    budget: u64,
    seen: Instant,
    flooding: bool,
    failures: u32,
    failing_since: Instant,
    banned_until: Option<Instant>,
}

impl Guard {
    pub fn new(limits: Limits, now: Instant) -> Self {
        Self { limits, sources: HashMap::new(), overflow: Source::new(&limits, now), swept: now }
    }

    /// One message from an address. `trusted`: a phone is registered from exactly there; a ban for
    /// others behind the same address does not silence it.
    pub fn admit(&mut self, source: IpAddr, trusted: bool, now: Instant) -> Admission {
        let limits = self.limits;
        let entry = self.entry(source, now);
        if entry.banned_until.is_some_and(|until| now < until) && !trusted {
            return Admission::Banned;
        }
        let gained = now.saturating_duration_since(entry.seen).as_millis();
        let gained = u64::try_from(gained).unwrap_or(u64::MAX).saturating_mul(u64::from(limits.rate));
        entry.budget = entry.budget.saturating_add(gained).min(u64::from(limits.burst) * 1000);
        entry.seen = now;
        if entry.budget < 1000 {
            let first = !entry.flooding;
            entry.flooding = true;
            return Admission::Flood { first };
        }
        entry.flooding = false;
        entry.budget -= 1000;
        Admission::Listen
    }

    /// A proof from this address failed; returns whether that was one too many.
    pub fn failed(&mut self, source: IpAddr, now: Instant) -> bool {
        let limits = self.limits;
        let entry = self.entry(source, now);
        if now.saturating_duration_since(entry.failing_since) > limits.failure_window {
            entry.failing_since = now;
            entry.failures = 0;
        }
        entry.failures += 1;
        if entry.failures >= limits.failures {
            entry.failures = 0;
            entry.banned_until = Some(now + limits.ban);
            return true;
        }
        false
    }

    /// Addresses that are remembered.
    pub fn len(&self) -> usize {
        self.sources.len()
    }

    fn entry(&mut self, source: IpAddr, now: Instant) -> &mut Source {
        let source = source.to_canonical();
        if now.saturating_duration_since(self.swept) > Duration::from_secs(30) {
            self.swept = now;
            let window = self.limits.failure_window;
            self.sources.retain(|_, s| {
                now.saturating_duration_since(s.seen) < window.max(Duration::from_secs(30))
                    || s.banned_until.is_some_and(|until| now < until)
            });
        }
        if self.sources.len() >= MAX_SOURCES && !self.sources.contains_key(&source) {
            return &mut self.overflow;
        }
        let limits = self.limits;
        self.sources.entry(source).or_insert_with(|| Source::new(&limits, now))
    }
}

impl Source {
    fn new(limits: &Limits, now: Instant) -> Self {
        Self {
            budget: u64::from(limits.burst) * 1000,
            seen: now,
            flooding: false,
            failures: 0,
            failing_since: now,
            banned_until: None,
        }
    }
}

/// Whether a user agent calls itself a scanner.
pub fn is_scanner(user_agent: &str) -> bool {
    let lower = user_agent.to_ascii_lowercase();
    SCANNERS.iter().any(|scanner| lower.contains(scanner))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;
    use crate::config::EngineConfig;

    fn guard(now: Instant) -> Guard {
        let mut limits = EngineConfig::new("127.0.0.1:0".parse().unwrap()).limits;
        limits.rate = 10;
        limits.burst = 3;
        limits.failures = 2;
        Guard::new(limits, now)
    }

    #[test]
    fn a_flood_is_cut_and_its_source_heard_again_later() {
        let now = Instant::now();
        let mut guard = guard(now);
        let ip = "192.0.2.1".parse().unwrap();
        let answers: Vec<_> = (0..5).map(|_| guard.admit(ip, false, now)).collect();
        let flood = |first| Admission::Flood { first };
        assert_eq!(
            answers,
            [Admission::Listen, Admission::Listen, Admission::Listen, flood(true), flood(false)]
        );
        assert_eq!(guard.admit("192.0.2.2".parse().unwrap(), false, now), Admission::Listen);
        assert_eq!(guard.admit(ip, false, now + Duration::from_millis(100)), Admission::Listen);
    }

    #[test]
    fn a_guesser_is_banned_for_a_while_and_its_registered_neighbour_is_not() {
        let now = Instant::now();
        let mut guard = guard(now);
        let ip = "::ffff:192.0.2.1".parse().unwrap();
        assert!(!guard.failed(ip, now));
        assert!(guard.failed(ip, now));
        assert_eq!(guard.admit("192.0.2.1".parse().unwrap(), false, now), Admission::Banned);
        assert_eq!(guard.admit(ip, true, now), Admission::Listen);
        assert_eq!(guard.admit(ip, false, now + Duration::from_secs(301)), Admission::Listen);
    }

    #[test]
    fn old_sources_are_forgotten() {
        let now = Instant::now();
        let mut guard = guard(now);
        for n in 0..1000_u32 {
            guard.admit(IpAddr::V4((0x0a00_0000 + n).into()), false, now);
        }
        guard.admit("192.0.2.1".parse().unwrap(), false, now + Duration::from_hours(1));
        assert_eq!(guard.len(), 1);
    }
}
