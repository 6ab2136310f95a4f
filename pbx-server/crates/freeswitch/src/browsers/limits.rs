//! How many browsers there may be, and how fast each may speak.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Browsers in all, and of one address (IPv6: a /64): an office is one.
const MOST: usize = 4_096;
const MOST_OF_ADDRESS: usize = 256;
/// Messages that a browser may send in a second; a call's end and beginning are a dozen.
const A_SECOND: u32 = 50;

/// Who is here, by address.
#[derive(Debug, Default)]
pub(super) struct Seats {
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    of: HashMap<IpAddr, usize>,
}

/// A place that is given back when it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    address: IpAddr,
}

impl Seats {
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Seat> {
        let address = network(address);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let of = taken.of.get(&address).copied().unwrap_or_default();
        if taken.all >= MOST || of >= MOST_OF_ADDRESS {
            return None;
        }
        taken.all += 1;
        taken.of.insert(address, of + 1);
        Some(Seat { seats: Arc::clone(self), address })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all -= 1;
        if let Some(of) = taken.of.get_mut(&self.address) {
            *of -= 1;
            if *of == 0 {
                taken.of.remove(&self.address);
            }
        }
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => v6
            .to_ipv4_mapped()
            .map_or_else(|| Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(), IpAddr::from),
    }
}

/// How fast one browser speaks. Whoever is faster waits.
#[derive(Debug, Default)]
pub(super) struct Pace {
    since: Option<Instant>,
    sent: u32,
}

impl Pace {
    /// When the next message may go.
    pub(super) fn next(&mut self, now: Instant) -> Instant {
        let since = *self.since.get_or_insert(now);
        let over = since + Duration::from_secs(1);
        let mut at = now;
        if now >= over {
            (self.since, self.sent) = (Some(now), 0);
        } else if self.sent >= A_SECOND {
            at = over;
            (self.since, self.sent) = (Some(over), 0);
        }
        self.sent += 1;
        at
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    #[test]
    fn one_network_takes_no_more_than_its_share_and_gives_it_back() {
        let seats = Arc::new(Seats::default());
        let one = |n: u16| IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, n]);
        let mut held: Vec<Seat> = (0..256).map(|n| seats.take(one(n)).unwrap()).collect();
        assert!(seats.take(one(999)).is_none());
        assert!(seats.take("192.0.2.1".parse().unwrap()).is_some());
        held.pop();
        assert!(seats.take(one(999)).is_some());
        drop(held);
        assert!(seats.taken.lock().unwrap().of.is_empty());
    }

    #[test]
    fn whoever_speaks_too_fast_waits() {
        let begin = Instant::now();
        let mut pace = Pace::default();
        for _ in 0..A_SECOND {
            assert_eq!(pace.next(begin), begin);
        }
        let next_second = begin + Duration::from_secs(1);
        assert_eq!(pace.next(begin), next_second);
        assert_eq!(pace.next(next_second), next_second);
        let later = begin + Duration::from_mins(1);
        assert_eq!(pace.next(later), later);
    }
}
