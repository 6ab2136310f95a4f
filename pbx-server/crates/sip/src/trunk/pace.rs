//! When a line is tried again. Pure: time and dice come in.

use std::time::Duration;
use voxera_callcontrol::LineFault;

/// Seconds that we ask a registration to last.
const WISH: u32 = 600;
/// The longest that a registrar may ask for; one that wants more is not believed.
const MOST: u32 = 86_400;

/// How long to wait, at least and at most.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// After the first failure.
    pub first: Duration,
    /// After many.
    pub longest: Duration,
    /// Between two questions to a line that is well.
    pub probe: Duration,
}

/// What became of one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Registered, for so many seconds.
    Registered(u32),
    /// It answered our question.
    Answers,
    /// It wants registrations to last at least this many seconds (423).
    TooBrief(u32),
    /// It did not work.
    Failed(LineFault),
}

/// One line's rhythm.
#[derive(Debug)]
pub struct Pace {
    patience: Patience,
    /// Failures in a row.
    failures: u32,
    /// Seconds of registration to ask for.
    pub wish: u32,
}

impl Pace {
    #[must_use]
    pub const fn new(patience: Patience) -> Self {
        Self { patience, failures: 0, wish: WISH }
    }

    /// How long to wait now. `draw`: 0 to 1, so that a thousand lines do not come at the same
    /// moment after an outage.
    pub fn after(&mut self, outcome: &Outcome, draw: f64) -> Duration {
        match outcome {
            Outcome::Registered(seconds) => {
                self.failures = 0;
                let whole = Duration::from_secs((*seconds).clamp(1, MOST).into());
                // Time for a few more tries before it runs out.
                whole.mul_f64(0.5 + 0.25 * draw)
            }
            Outcome::Answers => {
                self.failures = 0;
                self.patience.probe.mul_f64(0.9 + 0.2 * draw)
            }
            Outcome::TooBrief(least) if *least > self.wish && *least <= MOST => {
                self.wish = *least;
                Duration::ZERO
            }
            Outcome::TooBrief(_) | Outcome::Failed(_) => {
                let doubled = self.patience.first * 2_u32.pow(self.failures.min(16));
                self.failures = self.failures.saturating_add(1);
                doubled.min(self.patience.longest).mul_f64(0.75 + 0.5 * draw)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience {
        first: Duration::from_secs(10),
        longest: Duration::from_mins(5),
        probe: Duration::from_mins(1),
    };

    #[test]
    fn a_registration_is_renewed_well_before_it_ends() {
        let mut pace = Pace::new(PATIENCE);
        for draw in [0.0, 0.5, 1.0] {
            let wait = pace.after(&Outcome::Registered(600), draw);
            assert!((300..=450).contains(&wait.as_secs()), "{wait:?}");
        }
        assert!(pace.after(&Outcome::Registered(0), 0.0) >= Duration::from_millis(500));
    }

    #[test]
    fn failures_are_tried_again_ever_more_slowly_and_never_at_the_same_moment() {
        let mut pace = Pace::new(PATIENCE);
        let failed = Outcome::Failed(LineFault::Silent);
        let waits: Vec<u64> = (0..8).map(|_| pace.after(&failed, 0.5).as_secs()).collect();
        assert_eq!(waits, [10, 20, 40, 80, 160, 300, 300, 300]);
        assert_ne!(pace.after(&failed, 0.1), pace.after(&failed, 0.9));
        for _ in 0..100 {
            assert!(pace.after(&failed, 1.0) <= PATIENCE.longest.mul_f64(1.25));
        }
        pace.after(&Outcome::Registered(600), 0.5);
        assert_eq!(pace.after(&failed, 0.5).as_secs(), 10);
    }

    #[test]
    fn a_registrar_that_wants_longer_gets_longer_at_once_and_only_once() {
        let mut pace = Pace::new(PATIENCE);
        assert_eq!(pace.after(&Outcome::TooBrief(3600), 0.5), Duration::ZERO);
        assert_eq!(pace.wish, 3600);
        assert!(pace.after(&Outcome::TooBrief(3600), 0.5) > Duration::ZERO);
        assert!(pace.after(&Outcome::TooBrief(u32::MAX), 0.5) > Duration::ZERO);
        assert_eq!(pace.wish, 3600);
    }
}
