//! The time of day, as a parameter.

use chrono::{DateTime, TimeDelta, Utc};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Tells the time: the machine's, or one that a test moves.
#[derive(Clone, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// A clock that runs with the machine's, and that [`Clock::advance`] moves ahead of it.
    #[must_use]
    pub fn movable() -> Self {
        Self(Some(Arc::new(AtomicI64::new(0))))
    }

    /// Moves a movable clock and all its clones; the machine's own stays as it is.
    pub fn advance(&self, by: TimeDelta) {
        if let Some(ahead) = &self.0 {
            ahead.fetch_add(by.num_milliseconds(), Ordering::SeqCst);
        }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let ahead = self.0.as_ref().map_or(0, |ahead| ahead.load(Ordering::SeqCst));
        Utc::now() + TimeDelta::milliseconds(ahead)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Clock(movable)" } else { "Clock(system)" })
    }
}
