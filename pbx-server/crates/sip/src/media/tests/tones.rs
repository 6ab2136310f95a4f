//! Tones to send, and how much of what was heard is that tone.

use std::f64::consts::TAU;
use std::sync::Arc;
use voxera_audio::Pcm;

pub fn sine(hz: f64, rate: u32, millis: u32, amplitude: f64) -> Vec<i16> {
    (0..rate * millis / 1000).map(|n| at(hz, rate, n, amplitude)).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "amplitudes fit")]
pub fn at(hz: f64, rate: u32, n: u32, amplitude: f64) -> i16 {
    ((TAU * hz * f64::from(n) / f64::from(rate)).sin() * amplitude) as i16
}

/// Something like a voice: many harmonics, four syllables a second.
#[expect(clippy::cast_possible_truncation, reason = "amplitudes fit")]
pub fn voice(n: u32, rate: u32) -> i16 {
    let time = f64::from(n) / f64::from(rate);
    let loud = 0.5 - 0.5 * (TAU * 4.0 * time).cos();
    let sound: f64 = (1..=12).map(f64::from).map(|k| (TAU * 130.0 * time * k).sin() / k).sum();
    (sound * loud * 5000.0) as i16
}

/// Decibels of one sound over its difference to another.
pub fn likeness(one: &[i16], two: &[i16]) -> f64 {
    let power: f64 = one.iter().map(|s| f64::from(*s).powi(2)).sum();
    let off: f64 = one.iter().zip(two).map(|(one, two)| (f64::from(*one) - f64::from(*two)).powi(2)).sum();
    10.0 * (power / off.max(1.0)).log10()
}

pub fn sound(hz: f64, rate: u32, millis: u32) -> Arc<Pcm> {
    Arc::new(Pcm { rate, samples: sine(hz, rate, millis, 8000.0) })
}

/// The amplitude of a tone in what was heard, by Goertzel's sum.
pub fn amplitude(heard: &[i16], hz: f64, rate: u32) -> f64 {
    let (mut sin, mut cos) = (0.0, 0.0);
    for (n, sample) in (0..).zip(heard) {
        let angle = TAU * hz * f64::from(n) / f64::from(rate);
        sin += f64::from(*sample) * angle.sin();
        cos += f64::from(*sample) * angle.cos();
    }
    2.0 * sin.hypot(cos) / count(heard)
}

/// Decibels of a tone over everything else.
pub fn over_noise(heard: &[i16], hz: f64, rate: u32) -> f64 {
    let power: f64 = heard.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / count(heard);
    let tone = amplitude(heard, hz, rate).powi(2) / 2.0;
    10.0 * (tone / (power - tone).max(1e-9)).log10()
}

/// The amplitude in most of what was heard: on a busy machine sound that waits is shortened here and
/// there, and the tone goes on elsewhere in its period.
pub fn typical(heard: &[i16], hz: f64, rate: u32) -> f64 {
    median(heard, rate, |part| amplitude(part, hz, rate))
}

/// Decibels of a tone over everything else, in most of what was heard.
pub fn clarity(heard: &[i16], hz: f64, rate: u32) -> f64 {
    median(heard, rate, |part| over_noise(part, hz, rate))
}

fn median(heard: &[i16], rate: u32, measure: impl Fn(&[i16]) -> f64) -> f64 {
    // 50 ms: whole periods of every 20 Hz.
    let parts = heard.chunks_exact(usize::try_from(rate / 20).unwrap());
    let mut measured: Vec<f64> = parts.map(measure).collect();
    measured.sort_by(f64::total_cmp);
    measured[measured.len() / 2]
}

/// Milliseconds of the longest stretch in which the tone is not there, in steps of 10 ms.
pub fn longest_gap(heard: &[i16], hz: f64, rate: u32) -> usize {
    let step = usize::try_from(rate / 100).unwrap();
    let (mut gap, mut longest) = (0, 0);
    for part in heard.chunks_exact(step) {
        gap = if amplitude(part, hz, rate) > 2000.0 { 0 } else { gap + 10 };
        longest = longest.max(gap);
    }
    longest
}

fn count(heard: &[i16]) -> f64 {
    f64::from(u32::try_from(heard.len()).unwrap())
}
