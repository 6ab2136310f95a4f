//! Finds out when the machine's clock is set: a jump is no time that has passed.

use chrono::{DateTime, TimeDelta, Utc};
use std::time::Instant;

/// Less than this is the ordinary drift of two clocks, and their reading one after the other.
const JUMP: TimeDelta = TimeDelta::seconds(2);

/// Compares the clock of the day with the one that only ever runs.
#[derive(Debug)]
pub(crate) struct ClockWatch {
    day: DateTime<Utc>,
    running: Instant,
}

impl ClockWatch {
    pub(crate) fn new(day: DateTime<Utc>, running: Instant) -> Self {
        Self { day, running }
    }

    /// By how much the clock of the day was set since the last look; `None`: it was not.
    pub(crate) fn jumped(&mut self, day: DateTime<Utc>, running: Instant) -> Option<TimeDelta> {
        let passed = TimeDelta::from_std(running.saturating_duration_since(self.running)).unwrap_or_default();
        let jump = day - self.day - passed;
        (self.day, self.running) = (day, running);
        (jump.abs() >= JUMP).then_some(jump)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_clock_that_runs_does_not_jump_and_one_that_is_set_does() {
        let (day, start) = (DateTime::from_timestamp(1_800_000_000, 0).unwrap(), Instant::now());
        let mut watch = ClockWatch::new(day, start);
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        assert_eq!(watch.jumped(day + TimeDelta::milliseconds(1003), at(1)), None);
        let hour = TimeDelta::hours(1);
        assert_eq!(watch.jumped(day + TimeDelta::milliseconds(2003) + hour, at(2)), Some(hour));
        assert_eq!(watch.jumped(day + TimeDelta::milliseconds(3003) + hour, at(3)), None);
        assert_eq!(watch.jumped(day + TimeDelta::milliseconds(4003), at(4)), Some(-hour));
        assert_eq!(watch.jumped(day + TimeDelta::seconds(600), at(600)), None, "a long look away is no jump");
    }
}
