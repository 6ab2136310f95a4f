//! Longer and longer pauses, never in step with anyone else's.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(15);

/// Pauses after failures: from a quarter of a second, doubling, to 15 seconds.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// How long to wait; `None` after a success.
    #[must_use]
    pub fn pause(&self) -> Option<Duration> {
        let doublings = self.failures.checked_sub(1)?.min(6);
        let full = (FIRST * (1 << doublings)).min(LONGEST);
        // Between three quarters and the whole.
        Some(full / 100 * rand::random_range(75..=100))
    }

    /// It failed.
    pub fn fail(&mut self) {
        self.failures = self.failures.saturating_add(1);
    }

    /// It worked.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}
