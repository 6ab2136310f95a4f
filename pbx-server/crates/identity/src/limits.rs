//! How often somebody may try. Memory is constant: an attack with a million names or addresses
//! costs as much as one.
//!
//! Each limit is a small counting sketch: a key is counted in one cell of each of four rows, and is
//! refused only when all four are full. So a key that is over its limit is always refused, and two
//! keys disturb each other only when they meet in all four rows, which a sender cannot arrange
//! because the rows are hashed with random keys.

use chrono::{DateTime, Utc};
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, PoisonError};

const ROWS: usize = 4;
const CELLS: usize = 2048;

/// So many at once, and then one more each `every_seconds`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many at once, at least 1.
    pub burst: u32,
    /// Seconds until one more is allowed, at least 1.
    pub every_seconds: u32,
}

/// The limits of [`crate::Identity`].
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Failed log-ins to one account, from anywhere.
    pub login_per_account: Rate,
    /// Wrong codes of the second factor for one account, from anywhere. Whoever sends them knows the
    /// password; at a million codes of which three are right, this leaves a chance of one in a
    /// thousand for a day of trying.
    pub code_per_account: Rate,
    /// Failed log-ins from one address (IPv6: /64), to any account.
    pub login_per_address: Rate,
    /// Mails that one address may be sent on request: verification, password reset.
    pub mail_per_account: Rate,
    /// Registrations and requested mails from one address.
    pub mail_per_address: Rate,
    /// One-time links tried from one address that were none.
    pub link_per_address: Rate,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            login_per_account: Rate { burst: 10, every_seconds: 60 },
            code_per_account: Rate { burst: 5, every_seconds: 300 },
            login_per_address: Rate { burst: 30, every_seconds: 10 },
            mail_per_account: Rate { burst: 3, every_seconds: 300 },
            mail_per_address: Rate { burst: 20, every_seconds: 60 },
            link_per_address: Rate { burst: 30, every_seconds: 10 },
        }
    }
}

/// One limit over many keys.
pub(crate) struct Limiter {
    rate: Rate,
    hashers: [RandomState; ROWS],
    /// For each cell the millisecond (Unix) at which it is empty again.
    cells: Mutex<Vec<[i64; CELLS]>>,
}

/// Too often; whole seconds until it is worth trying again, at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wait(pub(crate) u64);

impl Limiter {
    pub(crate) fn new(rate: Rate) -> Self {
        Self {
            rate,
            hashers: std::array::from_fn(|_| RandomState::new()),
            cells: Mutex::new(vec![[0; CELLS]; ROWS]),
        }
    }

    /// Counts one, unless that is one too many.
    pub(crate) fn take(&self, key: &impl Hash, now: DateTime<Utc>) -> Result<(), Wait> {
        let (now, each, room) = (now.timestamp_millis(), self.each(), self.room());
        let places = self.places(key);
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        let fullest_possible = now + room - each;
        let emptiest = places.iter().zip(cells.iter()).map(|(&at, row)| row[at]).min().unwrap_or(now);
        if emptiest > fullest_possible {
            let wait = u64::try_from(emptiest - fullest_possible).unwrap_or(0);
            return Err(Wait(wait.div_ceil(1000).max(1)));
        }
        for (&at, row) in places.iter().zip(cells.iter_mut()) {
            row[at] = row[at].max(now) + each;
        }
        Ok(())
    }

    /// Takes one back: what was counted turned out to be right.
    pub(crate) fn give_back(&self, key: &impl Hash) {
        let each = self.each();
        let places = self.places(key);
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        for (&at, row) in places.iter().zip(cells.iter_mut()) {
            row[at] -= each;
        }
    }

    fn places(&self, key: &impl Hash) -> [usize; ROWS] {
        let cells = u64::try_from(CELLS).unwrap_or(1);
        std::array::from_fn(|row| usize::try_from(self.hashers[row].hash_one(key) % cells).unwrap_or(0))
    }

    fn each(&self) -> i64 {
        i64::from(self.rate.every_seconds.max(1)) * 1000
    }

    fn room(&self) -> i64 {
        self.each() * i64::from(self.rate.burst.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn limiter() -> (Limiter, DateTime<Utc>) {
        (Limiter::new(Rate { burst: 3, every_seconds: 60 }), DateTime::UNIX_EPOCH + TimeDelta::days(20_000))
    }

    #[test]
    fn a_burst_passes_then_one_more_each_minute() {
        let (limiter, now) = limiter();
        for _ in 0..3 {
            assert_eq!(limiter.take(&"anna", now), Ok(()));
        }
        assert_eq!(limiter.take(&"anna", now), Err(Wait(60)));
        assert_eq!(limiter.take(&"anna", now + TimeDelta::milliseconds(20_500)), Err(Wait(40)));
        assert_eq!(limiter.take(&"anna", now + TimeDelta::seconds(60)), Ok(()));
        assert_eq!(limiter.take(&"anna", now + TimeDelta::seconds(60)), Err(Wait(60)));
    }

    #[test]
    fn a_refusal_costs_nothing_and_a_success_is_given_back() {
        let (limiter, now) = limiter();
        for _ in 0..100 {
            assert_eq!(limiter.take(&"anna", now), Ok(()));
            limiter.give_back(&"anna");
        }
        for _ in 0..3 {
            assert_eq!(limiter.take(&"anna", now), Ok(()));
        }
        for _ in 0..100 {
            assert_eq!(limiter.take(&"anna", now), Err(Wait(60)));
        }
    }

    #[test]
    fn a_spray_of_names_neither_frees_the_attacked_one_nor_blocks_everybody() {
        let (limiter, now) = limiter();
        for _ in 0..3 {
            assert_eq!(limiter.take(&"anna", now), Ok(()));
        }
        for name in 0..200 {
            let _ = limiter.take(&name, now);
        }
        assert_eq!(limiter.take(&"anna", now), Err(Wait(60)));
        let refused = (1000..2000).filter(|name| limiter.take(name, now).is_err()).count();
        assert!(refused < 100, "{refused} of 1000 innocent names are refused");
    }
}
