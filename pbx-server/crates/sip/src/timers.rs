//! Things that happen later, each of which can be called off.

use std::collections::BTreeMap;
use std::time::Instant;

/// Names one timer that was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimerKey(Instant, u64);

/// Timers by time. Holds exactly those that were set and neither fired nor were called off.
#[derive(Debug)]
pub struct Timers<T> {
    map: BTreeMap<TimerKey, T>,
    next: u64,
}

impl<T> Default for Timers<T> {
    fn default() -> Self {
        Self { map: BTreeMap::new(), next: 0 }
    }
}

impl<T> Timers<T> {
    /// Sets one.
    pub fn set(&mut self, at: Instant, what: T) -> TimerKey {
        self.next += 1;
        let key = TimerKey(at, self.next);
        self.map.insert(key, what);
        key
    }

    /// Calls one off; one that fired already is no fault.
    pub fn cancel(&mut self, key: Option<TimerKey>) {
        if let Some(key) = key {
            self.map.remove(&key);
        }
    }

    /// When the next one is due.
    pub fn next(&self) -> Option<Instant> {
        self.map.keys().next().map(|key| key.0)
    }

    /// Takes out one that is due.
    pub fn due(&mut self, now: Instant) -> Option<T> {
        let first = self.map.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    pub fn len(&self) -> usize {
        self.map.len()
    }
}
