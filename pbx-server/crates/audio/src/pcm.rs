//! Sound in memory.

/// One channel of 16-bit samples.
#[derive(Clone, PartialEq, Eq)]
pub struct Pcm {
    /// Samples a second: 8000 or 16000.
    pub rate: u32,
    /// The sound.
    pub samples: Vec<i16>,
}

impl Pcm {
    /// How long it lasts, in milliseconds.
    #[must_use]
    pub fn millis(&self) -> u64 {
        self.samples.len() as u64 * 1000 / u64::from(self.rate.max(1))
    }
}

impl std::fmt::Debug for Pcm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pcm({} Hz, {} ms)", self.rate, self.millis())
    }
}
