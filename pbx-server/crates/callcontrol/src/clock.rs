//! The time that calls go by, and the machine's clock when it is set: a jump is no time that has
//! passed.

use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// The time that calls go by: opening hours, ringing, waiting, rests. The machine's, or one that a
/// test moves by hand, so that a day of calls takes no longer than its packets.
#[derive(Debug, Clone, Default)]
pub struct Clock(Option<Watched>);

#[derive(Debug, Clone)]
struct Watched {
    moment: watch::Receiver<Moment>,
    /// What is waited for, once for each who waits.
    awaited: Arc<watch::Sender<Vec<Instant>>>,
}

/// Moves a clock by hand. When it is dropped, the clock stands still.
#[derive(Debug)]
pub struct Hand {
    moment: watch::Sender<Moment>,
    awaited: watch::Receiver<Vec<Instant>>,
}

#[derive(Debug, Clone, Copy)]
struct Moment {
    day: DateTime<Utc>,
    running: Instant,
}

impl Clock {
    /// A clock that stands at this time until it is moved.
    #[must_use]
    pub fn by_hand(day: DateTime<Utc>) -> (Self, Hand) {
        let (hand, moment) = watch::channel(Moment { day, running: Instant::now() });
        let (waits, awaited) = watch::channel(Vec::new());
        (Self(Some(Watched { moment, awaited: Arc::new(waits) })), Hand { moment: hand, awaited })
    }

    /// The time of day.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.0.as_ref().map_or_else(Utc::now, |clock| clock.moment.borrow().day)
    }

    /// The same moment, for how long things take: it only ever runs, and nobody sets it.
    #[must_use]
    pub fn instant(&self) -> Instant {
        self.0.as_ref().map_or_else(Instant::now, |clock| clock.moment.borrow().running)
    }

    /// Waits until [`Clock::instant`] is there.
    pub async fn reaches(&self, at: Instant) {
        let Some(clock) = &self.0 else { return tokio::time::sleep_until(at.into()).await };
        clock.awaited.send_modify(|awaited| awaited.push(at));
        let _waits = Waits { awaited: &clock.awaited, at };
        if clock.moment.clone().wait_for(|moment| moment.running >= at).await.is_err() {
            // Nobody moves it any more.
            std::future::pending::<()>().await;
        }
    }
}

/// Somebody who waits.
struct Waits<'c> {
    awaited: &'c watch::Sender<Vec<Instant>>,
    at: Instant,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.awaited.send_modify(|awaited| {
            if let Some(own) = awaited.iter().position(|at| *at == self.at) {
                awaited.swap_remove(own);
            }
        });
    }
}

impl Hand {
    /// Waits until somebody waits for the moment that comes after this long.
    pub async fn awaited(&self, after: Duration) {
        let at = self.moment.borrow().running + after;
        // Nobody has the clock any more: nobody will wait.
        let _ = self.awaited.clone().wait_for(|awaited| awaited.contains(&at)).await;
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        self.moment.send_modify(|moment| {
            moment.running += by;
            moment.day += by;
        });
    }
}

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

    #[tokio::test]
    async fn a_clock_in_the_hand_moves_when_it_is_moved() {
        let day = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let (clock, hand) = Clock::by_hand(day);
        let (start, hour) = (clock.instant(), Duration::from_hours(1));
        let waits = tokio::spawn({
            let clock = clock.clone();
            async move { clock.reaches(start + hour).await }
        });
        hand.awaited(hour).await;
        hand.advance(hour / 2);
        assert_eq!((clock.now(), clock.instant()), (day + hour / 2, start + hour / 2));
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        hand.advance(hour / 2);
        waits.await.unwrap();
    }

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
