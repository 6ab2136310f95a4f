//! Nonces: signed, so that nothing is kept of those that nobody uses; each count of each at most once.

use aws_lc_rs::hmac;
use rand::RngCore;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Used nonces of one generation. Only a right password makes an entry.
const MAX_USED: usize = 200_000;
const MAC_BYTES: usize = 16;

/// What a nonce is worth before the password is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    Fresh,
    /// Ours, for this realm and source, but too old.
    Expired,
    /// Says that it was issued before we started, not too long ago: phones that were registered then
    /// bring such nonces. We cannot tell whether it is true.
    BeforeStart,
    /// Never issued to this source for this realm.
    NotOurs,
}

/// Too many are in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// Issues and remembers nonces.
#[derive(Debug)]
pub struct Nonces {
    key: hmac::Key,
    epoch: Instant,
    /// The same on the wall clock, in ms since 1970: stamps of an earlier run can be told from ours.
    epoch_ms: u64,
    lifetime: Duration,
    /// How long phones may bring nonces of an earlier run.
    grace: Duration,
    /// Counts seen, by the nonce's random part. Two generations, each a lifetime long: what falls
    /// out of the older one has expired.
    current: HashMap<u64, Window>,
    previous: HashMap<u64, Window>,
    turned: Instant,
}

/// The highest count seen and which of the 63 below it were seen: phones that send two requests at
/// once may have them overtake one another.
#[derive(Debug, Clone, Copy, Default)]
struct Window {
    highest: u32,
    seen: u64,
}

impl Nonces {
    pub(super) fn new(lifetime: Duration, grace: Duration, now: Instant) -> Self {
        let mut key = [0; 32];
        rand::rng().fill_bytes(&mut key);
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            epoch: now,
            epoch_ms: since_1970(),
            lifetime,
            grace,
            current: HashMap::new(),
            previous: HashMap::new(),
            turned: now,
        }
    }

    /// A nonce for one realm and one source address.
    #[must_use]
    pub fn issue(&self, realm: &str, source: IpAddr, now: Instant) -> String {
        let stamp = self.stamp(now);
        let id = rand::rng().next_u64();
        let mac = self.mac(stamp, id, realm, source);
        format!("{stamp:016x}{id:016x}{}", hex::encode(&mac.as_ref()[..MAC_BYTES]))
    }

    pub(super) fn look(&self, nonce: &str, realm: &str, source: IpAddr, now: Instant) -> Freshness {
        let Some((stamp, id, given)) = split(nonce) else { return Freshness::NotOurs };
        let mac = self.mac(stamp, id, realm, source);
        let equal: bool = subtle::ConstantTimeEq::ct_eq(&mac.as_ref()[..MAC_BYTES], &given[..]).into();
        let age = Duration::from_millis(self.stamp(now).saturating_sub(stamp));
        match equal {
            true if age > self.lifetime => Freshness::Expired,
            true => Freshness::Fresh,
            false if stamp < self.epoch_ms && age <= self.grace => Freshness::BeforeStart,
            false => Freshness::NotOurs,
        }
    }

    /// Takes one count of a fresh nonce; `false` when it was taken before.
    pub(super) fn use_up(&mut self, nonce: &str, nc: u32, now: Instant) -> Result<bool, Full> {
        let Some((_, id, _)) = split(nonce) else { return Ok(false) };
        if now.saturating_duration_since(self.turned) > self.lifetime {
            self.previous = std::mem::take(&mut self.current);
            self.turned = now;
        }
        let known = self.previous.get(&id).copied();
        if known.is_none() && !self.current.contains_key(&id) && self.current.len() >= MAX_USED {
            return Err(Full);
        }
        Ok(self.current.entry(id).or_insert_with(|| known.unwrap_or_default()).take(nc))
    }

    pub(super) fn len(&self) -> usize {
        self.current.len() + self.previous.len()
    }

    fn stamp(&self, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.epoch).as_millis();
        self.epoch_ms.saturating_add(u64::try_from(passed).unwrap_or(u64::MAX))
    }

    fn mac(&self, stamp: u64, id: u64, realm: &str, source: IpAddr) -> hmac::Tag {
        let text = format!("{stamp:016x}:{id:016x}:{realm}:{}", source.to_canonical());
        hmac::sign(&self.key, text.as_bytes())
    }
}

fn since_1970() -> u64 {
    let passed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(passed.as_millis()).unwrap_or(u64::MAX)
}

impl Window {
    fn take(&mut self, nc: u32) -> bool {
        if nc > self.highest {
            let shift = nc - self.highest;
            self.seen = if shift >= 64 { 0 } else { self.seen << shift };
            self.seen |= 1;
            self.highest = nc;
            return true;
        }
        let back = self.highest - nc;
        if back >= 64 || self.seen & (1 << back) != 0 {
            return false;
        }
        self.seen |= 1 << back;
        true
    }
}

fn split(nonce: &str) -> Option<(u64, u64, [u8; MAC_BYTES])> {
    if nonce.len() != 32 + 2 * MAC_BYTES || !nonce.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let mut mac = [0; MAC_BYTES];
    hex::decode_to_slice(&nonce[32..], &mut mac).ok()?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    // A stamp of a year beyond reason would overflow the clock.
    let stamp = number(&nonce[..16]).filter(|ms| *ms < 1 << 42)?;
    Some((stamp, number(&nonce[16..32])?, mac))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn here() -> IpAddr {
        "192.0.2.1".parse().unwrap()
    }

    #[test]
    fn a_nonce_is_good_for_one_realm_one_source_and_a_while() {
        let now = Instant::now();
        let nonces = Nonces::new(HOUR, HOUR, now);
        let nonce = nonces.issue("a.example", here(), now);
        assert_eq!(nonces.look(&nonce, "a.example", here(), now + HOUR), Freshness::Fresh);
        assert_eq!(nonces.look(&nonce, "a.example", here(), now + HOUR * 2), Freshness::Expired);
        assert_eq!(nonces.look(&nonce, "b.example", here(), now), Freshness::NotOurs);
        assert_eq!(nonces.look(&nonce, "a.example", "192.0.2.2".parse().unwrap(), now), Freshness::NotOurs);
        for made_up in ["", "abc", &"f".repeat(64), &"é".repeat(32)] {
            assert_eq!(nonces.look(made_up, "a.example", here(), now), Freshness::NotOurs);
        }
    }

    #[test]
    fn a_nonce_of_the_run_before_is_known_for_what_it_says_it_is() {
        let now = Instant::now();
        let mut before = Nonces::new(HOUR, HOUR, now);
        before.epoch_ms -= 60_000;
        let nonce = before.issue("a.example", here(), now);
        let nonces = Nonces::new(HOUR, HOUR, now);
        assert_eq!(nonces.look(&nonce, "a.example", here(), now), Freshness::BeforeStart);
        assert_eq!(nonces.look(&nonce, "a.example", here(), now + HOUR), Freshness::NotOurs);
        let made_up = format!("{:016x}{}", since_1970() + 1000, &nonce[16..]);
        assert_eq!(nonces.look(&made_up, "a.example", here(), now), Freshness::NotOurs);
    }

    #[test]
    fn each_count_is_taken_once_in_any_near_order() {
        let now = Instant::now();
        let mut nonces = Nonces::new(HOUR, HOUR, now);
        let nonce = nonces.issue("a.example", here(), now);
        for (nc, taken) in [
            (1, true),
            (1, false),
            (3, true),
            (2, true),
            (2, false),
            (100, true),
            (36, false),
            (37, true),
            (3, false),
        ] {
            assert_eq!(nonces.use_up(&nonce, nc, now), Ok(taken), "{nc}");
        }
    }

    #[test]
    fn a_count_stays_taken_until_its_nonce_has_expired_and_is_then_forgotten() {
        let start = Instant::now();
        let mut nonces = Nonces::new(HOUR, HOUR, start);
        let nonce = nonces.issue("a.example", here(), start);
        assert_eq!(nonces.use_up(&nonce, 1, start), Ok(true));
        let turn = nonces.issue("a.example", here(), start + HOUR);
        assert_eq!(nonces.use_up(&turn, 1, start + HOUR + Duration::from_secs(1)), Ok(true));
        assert_eq!(nonces.use_up(&nonce, 1, start + HOUR + Duration::from_secs(1)), Ok(false));
        for later in 2..5 {
            let at = start + (HOUR + Duration::from_secs(10)) * later;
            assert_eq!(nonces.use_up(&nonces.issue("a.example", here(), at), 1, at), Ok(true));
        }
        assert!(nonces.len() <= 2, "{}", nonces.len());
    }
}
