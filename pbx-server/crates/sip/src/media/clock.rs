//! The beat of 20 ms.

use std::time::{Duration, Instant};

pub const BEAT: Duration = Duration::from_millis(20);
/// Beats that are caught up after the thread was held up, half a second; what lies before is skipped.
const CATCH_UP: u32 = 25;

/// Beats come at fixed times from the first on, so that lateness of one does not delay the next.
#[derive(Debug)]
pub struct Beat {
    due: Option<Instant>,
}

impl Beat {
    pub fn new() -> Self {
        Self { due: None }
    }

    /// Whether a beat is due; it then counts as taken.
    pub fn take(&mut self, now: Instant) -> bool {
        let due = *self.due.get_or_insert(now);
        if now < due {
            return false;
        }
        let late = now.saturating_duration_since(due);
        let next = if late > BEAT * CATCH_UP { now } else { due };
        self.due = Some(next + BEAT);
        true
    }

    /// Nobody needs beats.
    pub fn rest(&mut self) {
        self.due = None;
    }

    /// Milliseconds to wait for the next, rounded up; `None` while at rest.
    pub fn wait(&self, now: Instant) -> Option<u16> {
        let left = self.due?.saturating_duration_since(now);
        u16::try_from(left.as_micros().div_ceil(1000)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beats_do_not_drift_and_long_stalls_are_not_made_up() {
        let start = Instant::now();
        let mut beat = Beat::new();
        assert_eq!(beat.wait(start), None);
        assert!(beat.take(start));
        assert!(!beat.take(start + BEAT / 2));
        assert!(beat.take(start + BEAT * 3 / 2), "half a beat late");
        assert!(beat.take(start + BEAT * 2), "the next is in time");
        let stalled = start + BEAT * 50;
        assert_eq!((0..10).filter(|_| beat.take(stalled)).count(), 1);
        assert_eq!(beat.wait(stalled), Some(20));
    }
}
