//! Tones to send and to find again: how much of what was heard is the tone, and where it breaks.

use std::f64::consts::TAU;
use std::io::{Error, ErrorKind, Result};
use std::path::Path;

/// Samples of a recording below this count as silence; a tone is sent with [`AMPLITUDE`].
const SILENCE: u16 = 300;
/// A tone's peak: half of what 16 bits hold, 6 dB below the loudest.
const AMPLITUDE: f64 = 16_384.0;
/// Windows in which energy is measured: 100 ms, a whole number of periods of every 10 Hz.
const WINDOWS_PER_SECOND: u32 = 10;

/// What somebody heard: one channel of 16 bit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Samples a second.
    pub rate: u32,
    /// The sound.
    pub samples: Vec<i16>,
}

impl Recording {
    /// A sine of `hz`; 0 Hz: silence.
    #[must_use]
    pub fn sine(hz: u32, milliseconds: u32, rate: u32) -> Self {
        let count = u64::from(rate) * u64::from(milliseconds) / 1000;
        let step = TAU * f64::from(hz) / f64::from(rate);
        let samples = (0..u32::try_from(count).unwrap_or(u32::MAX))
            .map(|n| {
                #[expect(clippy::cast_possible_truncation, reason = "the amplitude is half of what fits")]
                let sample = ((f64::from(n) * step).sin() * AMPLITUDE) as i16;
                sample
            })
            .collect();
        Self { rate, samples }
    }

    /// Reads a WAV file of one channel and 16 bit, also one that is still being written: what
    /// counts is what is there, not the length in its head.
    pub fn read(path: &Path) -> Result<Self> {
        Self::parse(&std::fs::read(path)?).map_err(|why| Error::new(ErrorKind::InvalidData, why))
    }

    fn parse(bytes: &[u8]) -> std::result::Result<Self, &'static str> {
        let mut rest = bytes.strip_prefix(b"RIFF").and_then(|rest| rest.get(4..)).ok_or("no RIFF file")?;
        rest = rest.strip_prefix(b"WAVE").ok_or("no WAV file")?;
        let mut rate = None;
        while let Some((head, tail)) = rest.split_first_chunk::<8>() {
            let [a, b, c, d, size @ ..] = *head;
            let size = usize::try_from(u32::from_le_bytes(size)).map_err(|_| "a chunk too large")?;
            match &[a, b, c, d] {
                b"fmt " => {
                    let [1, 0, 1, 0, r0, r1, r2, r3, _, _, _, _, 2, 0, 16, 0, ..] = *tail else {
                        return Err("not one channel of 16 bit");
                    };
                    rate = Some(u32::from_le_bytes([r0, r1, r2, r3]));
                }
                b"data" => {
                    let rate = rate.ok_or("sound before its format")?;
                    let samples =
                        tail.as_chunks::<2>().0.iter().map(|pair| i16::from_le_bytes(*pair)).collect();
                    return Ok(Self { rate, samples });
                }
                _ => {}
            }
            rest = tail.get(size + size % 2..).unwrap_or_default();
        }
        Err("no sound yet")
    }

    /// Writes a WAV file.
    pub fn write(&self, path: &Path) -> Result<()> {
        let too_long = |_| Error::new(ErrorKind::InvalidInput, "a WAV file holds less than 4 GB");
        let bytes = u32::try_from(self.samples.len() * 2).map_err(too_long)?;
        let mut file = Vec::with_capacity(44 + self.samples.len() * 2);
        file.extend(b"RIFF");
        file.extend((bytes + 36).to_le_bytes());
        file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
        file.extend(self.rate.to_le_bytes());
        file.extend((self.rate * 2).to_le_bytes());
        file.extend(b"\x02\0\x10\0data");
        file.extend(bytes.to_le_bytes());
        file.extend(self.samples.iter().flat_map(|sample| sample.to_le_bytes()));
        std::fs::write(path, file)
    }

    /// How long it is.
    #[must_use]
    pub fn milliseconds(&self) -> u64 {
        self.samples.len() as u64 * 1000 / u64::from(self.rate.max(1))
    }

    /// The end of it, at most this long.
    #[must_use]
    pub fn last(&self, milliseconds: u32) -> Self {
        let wanted = u64::from(self.rate) * u64::from(milliseconds) / 1000;
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        let skipped = self.samples.len().saturating_sub(wanted);
        Self { rate: self.rate, samples: self.samples[skipped..].to_vec() }
    }

    /// From the first sound to the last.
    #[must_use]
    pub fn sound(&self) -> Self {
        let loud = |sample: &i16| sample.unsigned_abs() > SILENCE;
        let samples = match (self.samples.iter().position(loud), self.samples.iter().rposition(loud)) {
            (Some(first), Some(last)) => self.samples[first..=last].to_vec(),
            _ => Vec::new(),
        };
        Self { rate: self.rate, samples }
    }

    /// The share of all energy that lies at this frequency: 1.0 for the pure tone, 0.0 for silence.
    #[must_use]
    pub fn tone(&self, hz: u32) -> f64 {
        let window = usize::try_from(self.rate / WINDOWS_PER_SECOND).unwrap_or(usize::MAX);
        let (mut found, mut total) = (0.0, 0.0);
        for samples in self.samples.chunks_exact(window) {
            found += energy_at(samples, f64::from(hz) / f64::from(self.rate));
            total += samples.iter().map(|&sample| f64::from(sample).powi(2)).sum::<f64>();
        }
        if total > 0.0 { found / total } else { 0.0 }
    }

    /// The strongest frequency of the telephone's band in steps of 10 Hz; none: silence.
    #[must_use]
    pub fn loudest(&self) -> Option<u32> {
        let levels = (100..3_400_u32).step_by(10).map(|hz| (hz, self.tone(hz)));
        let (hz, level) = levels.max_by(|a, b| a.1.total_cmp(&b.1))?;
        (level > 0.0).then_some(hz)
    }

    /// The root mean square, in dB below the loudest that 16 bits hold; silence: minus infinity.
    #[must_use]
    pub fn level(&self) -> f64 {
        let energy: f64 = self.samples.iter().map(|&sample| f64::from(sample).powi(2)).sum();
        let count = u32::try_from(self.samples.len()).unwrap_or(u32::MAX);
        10.0 * (energy / f64::from(count.max(1)) / f64::from(i16::MAX).powi(2)).log10()
    }

    /// The longest silence between the first sound and the last, in milliseconds. A sine that
    /// passes through zero is silent for less than one.
    #[must_use]
    pub fn longest_gap(&self) -> u64 {
        let sound = self.sound();
        let runs = sound.samples.split(|sample| sample.unsigned_abs() > SILENCE);
        runs.map(<[i16]>::len).max().unwrap_or_default() as u64 * 1000 / u64::from(self.rate.max(1))
    }

    /// How often the tone does not go on as a tone does: a packet that is missing, twice or out of
    /// order leaves a jump. A jump by whole periods is not seen, so send a tone that has no whole
    /// number of periods in 20 ms (440 Hz, not 450).
    #[must_use]
    pub fn breaks(&self, hz: u32) -> usize {
        let sound = self.sound();
        let peak = sound.samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or_default();
        // What follows two samples of a sine is known; G.711's rounding is a few per cent of it.
        let next = 2.0 * (TAU * f64::from(hz) / f64::from(self.rate)).cos();
        let jumps = sound.samples.windows(3).enumerate().filter_map(|(at, three)| {
            let [a, b, c] = [three[0], three[1], three[2]].map(f64::from);
            (next.mul_add(b, -a) - c).abs().gt(&(f64::from(peak) * 0.2)).then_some(at)
        });
        let (mut count, mut until) = (0, 0);
        for at in jumps {
            if at >= until {
                count += 1;
            }
            // One jump shows in three samples at least.
            until = at + 8;
        }
        count
    }
}

/// Goertzel: the energy of these samples that lies at a frequency, given in periods per sample.
fn energy_at(samples: &[i16], frequency: f64) -> f64 {
    let coefficient = 2.0 * (TAU * frequency).cos();
    let (mut last, mut before) = (0.0, 0.0);
    for &sample in samples {
        let now = coefficient.mul_add(last, f64::from(sample)) - before;
        before = last;
        last = now;
    }
    let power = last * last + before * before - coefficient * last * before;
    let count = u32::try_from(samples.len()).unwrap_or(u32::MAX);
    2.0 * power / f64::from(count.max(1))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn a_tone_is_found_and_another_is_not() {
        let tone = Recording::sine(440, 1_000, 8_000);
        assert!(tone.tone(440) > 0.999, "{}", tone.tone(440));
        assert!(tone.tone(620) < 0.001, "{}", tone.tone(620));
        assert_eq!(tone.loudest(), Some(440));
        assert!((tone.level() + 9.03).abs() < 0.1, "{}", tone.level());
        assert_eq!((tone.longest_gap(), tone.breaks(440)), (0, 0));
    }

    #[test]
    fn silence_is_neither() {
        let nothing = Recording::sine(0, 1_000, 8_000);
        assert!(nothing.tone(440).abs() < f64::EPSILON);
        assert_eq!((nothing.loudest(), nothing.longest_gap(), nothing.breaks(440)), (None, 0, 0));
    }

    #[test]
    fn a_lost_packet_is_a_gap_or_a_break() {
        let mut silenced = Recording::sine(440, 1_000, 8_000);
        silenced.samples[1_600..1_760].fill(0);
        assert!((20..=21).contains(&silenced.longest_gap()), "{}", silenced.longest_gap());
        let mut skipped = Recording::sine(440, 1_000, 8_000);
        skipped.samples.drain(1_600..1_760);
        skipped.samples.drain(4_000..4_160);
        assert_eq!((skipped.longest_gap(), skipped.breaks(440)), (0, 2));
    }

    #[test]
    fn a_file_that_is_still_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tone.wav");
        let tone = Recording::sine(620, 200, 8_000);
        tone.write(&path).unwrap();
        assert_eq!(Recording::read(&path).unwrap(), tone);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[40..44].fill(0);
        bytes.extend([1, 0, 2]);
        std::fs::write(&path, bytes).unwrap();
        let longer = Recording::read(&path).unwrap();
        assert_eq!(longer.samples[tone.samples.len()..], [1]);
    }
}
