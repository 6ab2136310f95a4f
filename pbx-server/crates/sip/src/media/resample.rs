//! Between 8 and 16 kHz: a half-band filter, of which every second tap is nothing.

use std::f32::consts::PI;
use std::sync::LazyLock;

/// Taps on one side of the middle that are something.
const TAPS: usize = 16;

/// A windowed sinc; the sum of both sides is one.
static HALF_BAND: LazyLock<[f32; TAPS]> = LazyLock::new(|| {
    let mut taps = [0.0; TAPS];
    let mut distance = 1.0_f32;
    for tap in &mut taps {
        let place = distance / (2.0 * 16.0);
        // Blackman: the other half of the band is 70 dB down.
        let window = 0.42 + 0.5 * (PI * place).cos() + 0.08 * (2.0 * PI * place).cos();
        *tap = (PI * distance / 2.0).sin() / (PI * distance) * window;
        distance += 2.0;
    }
    let sum: f32 = taps.iter().sum();
    taps.map(|tap| tap / sum / 2.0)
});

/// One stream that changes its rate.
#[derive(Debug, Default)]
pub struct Resampler {
    /// From and to, Hz.
    rates: (u32, u32),
    past: Vec<f32>,
}

impl Resampler {
    /// Brings `samples` from one rate to another: 8000 and 16000 Hz are known, others pass as they
    /// are.
    pub fn convert(&mut self, from: u32, to: u32, samples: &mut Vec<i16>) {
        if self.rates != (from, to) {
            self.rates = (from, to);
            self.past.clear();
        }
        match (from, to) {
            (8000, 16_000) => self.double(samples),
            (16_000, 8000) => self.halve(samples),
            _ => {}
        }
    }

    fn double(&mut self, samples: &mut Vec<i16>) {
        let taps = &*HALF_BAND;
        let all = self.with_past(samples, 2 * TAPS - 1);
        samples.clear();
        for window in all.windows(2 * TAPS) {
            let (before, after) = window.split_at(TAPS);
            let between: f32 =
                taps.iter().zip(before.iter().rev().zip(after)).map(|(tap, (a, b))| tap * (a + b)).sum();
            samples.extend([whole(before[TAPS - 1]), whole(between)]);
        }
        self.keep(all, 2 * TAPS - 1);
    }

    fn halve(&mut self, samples: &mut Vec<i16>) {
        let taps = &*HALF_BAND;
        let all = self.with_past(samples, 4 * TAPS - 2);
        samples.clear();
        for window in all.windows(4 * TAPS - 1).step_by(2) {
            let (before, rest) = window.split_at(2 * TAPS - 1);
            let (before, after) = (before.iter().rev().step_by(2), rest[1..].iter().step_by(2));
            let sides: f32 = taps.iter().zip(before.zip(after)).map(|(tap, (a, b))| tap * (a + b)).sum();
            samples.push(whole(rest[0].mul_add(0.5, sides * 0.5)));
        }
        self.keep(all, 4 * TAPS - 2);
    }

    fn with_past(&mut self, samples: &[i16], length: usize) -> Vec<f32> {
        let mut all = std::mem::take(&mut self.past);
        all.resize(length, 0.0);
        all.extend(samples.iter().map(|sample| f32::from(*sample)));
        all
    }

    fn keep(&mut self, mut all: Vec<f32>, length: usize) {
        all.drain(..all.len() - length);
        self.past = all;
    }
}

fn whole(sample: f32) -> i16 {
    #[expect(clippy::cast_possible_truncation, reason = "it is clamped by the cast")]
    let whole = sample.round() as i16;
    whole
}
