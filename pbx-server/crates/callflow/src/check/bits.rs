//! Sets of small numbers: which conditions hold.

/// A set of numbers below a limit that its maker knows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    fn none(limit: usize) -> Self {
        Self(vec![0; limit.div_ceil(64)])
    }

    pub(super) fn of(limit: usize, holds: impl Fn(usize) -> bool) -> Self {
        let mut bits = Self::none(limit);
        (0..limit).filter(|at| holds(*at)).for_each(|at| bits.set(at));
        bits
    }

    fn set(&mut self, at: usize) {
        if let Some(word) = self.0.get_mut(at / 64) {
            *word |= 1 << (at % 64);
        }
    }

    pub(super) fn has(&self, at: usize) -> bool {
        self.0.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }
}
