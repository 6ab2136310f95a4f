//! Sets of small numbers: which conditions hold.

/// A set of numbers below a limit that its maker knows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    pub(super) fn none(limit: usize) -> Self {
        Self(vec![0; limit.div_ceil(64)])
    }

    pub(super) fn of(limit: usize, holds: impl Fn(usize) -> bool) -> Self {
        let mut bits = Self::none(limit);
        (0..limit).filter(|at| holds(*at)).for_each(|at| bits.set(at, true));
        bits
    }

    pub(super) fn set(&mut self, at: usize, on: bool) {
        if let Some(word) = self.0.get_mut(at / 64) {
            if on {
                *word |= 1 << (at % 64);
            } else {
                *word &= !(1 << (at % 64));
            }
        }
    }

    pub(super) fn has(&self, at: usize) -> bool {
        self.0.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    pub(super) fn and(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| a & b).collect())
    }

    pub(super) fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(a, b)| a & b != 0)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(index, word)| {
            let word = *word;
            (0..64).filter(move |at| word >> at & 1 == 1).map(move |at| index * 64 + at)
        })
    }
}
