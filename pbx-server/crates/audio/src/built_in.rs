//! Sounds that need no file. All are generated here, so that nobody's rights are touched.

use crate::pcm::Pcm;
use std::f32::consts::TAU;
use std::sync::{Arc, OnceLock};

const RATE: u32 = 16_000;

/// A sine of full scale 1.
fn sine(hertz: f32, second: f32) -> f32 {
    (TAU * hertz * second).sin()
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to 16 bits")]
#[expect(clippy::cast_precision_loss, reason = "a minute has far fewer than 2^24 samples")]
#[expect(clippy::cast_sign_loss, reason = "lengths are positive")]
fn made(seconds: f32, at: impl Fn(f32) -> f32) -> Arc<Pcm> {
    let samples = (0..(seconds * RATE as f32) as usize).map(|sample| {
        let level = at(sample as f32 / RATE as f32);
        (level.clamp(-1.0, 1.0) * f32::from(i16::MAX)) as i16
    });
    Arc::new(Pcm { rate: RATE, samples: samples.collect() })
}

/// Between two moments, with 5 ms of fading so that nothing clicks.
fn window(second: f32, from: f32, to: f32) -> f32 {
    ((second - from) / 0.005).min((to - second) / 0.005).clamp(0.0, 1.0)
}

/// After which one speaks: 0.3 s of 1,000 Hz.
#[must_use]
pub fn beep() -> Arc<Pcm> {
    static SOUND: OnceLock<Arc<Pcm>> = OnceLock::new();
    Arc::clone(SOUND.get_or_init(|| made(0.35, |t| 0.25 * sine(1000.0, t) * window(t, 0.0, 0.3))))
}

/// A phone that rings, as in Sweden: 425 Hz for a second, then four of silence.
#[must_use]
pub fn ringback() -> Arc<Pcm> {
    static SOUND: OnceLock<Arc<Pcm>> = OnceLock::new();
    Arc::clone(SOUND.get_or_init(|| made(5.0, |t| 0.2 * sine(425.0, t) * window(t, 0.0, 1.0))))
}

/// In the place of a sound that cannot be had: two falling notes.
#[must_use]
pub fn fault_tone() -> Arc<Pcm> {
    static SOUND: OnceLock<Arc<Pcm>> = OnceLock::new();
    let notes = |t| 0.2 * (sine(620.0, t) * window(t, 0.0, 0.25) + sine(440.0, t) * window(t, 0.3, 0.7));
    Arc::clone(SOUND.get_or_init(|| made(0.8, notes)))
}

/// For those who try a phone: 440 Hz, a second that begins where it ends.
#[must_use]
pub fn test_tone() -> Arc<Pcm> {
    static SOUND: OnceLock<Arc<Pcm>> = OnceLock::new();
    Arc::clone(SOUND.get_or_init(|| made(1.0, |t| 0.25 * sine(440.0, t))))
}

/// For callers who wait: plucked chords over a soft bass, 64 seconds that begin where they end.
#[must_use]
pub fn music() -> Arc<Pcm> {
    static SOUND: OnceLock<Arc<Pcm>> = OnceLock::new();
    Arc::clone(SOUND.get_or_init(score))
}

/// Semitones above A3 (220 Hz) of a chord: the bass, then what is plucked.
const CHORDS: [[i8; 5]; 8] = [
    [-21, 3, 7, 10, 14],
    [-14, 2, 5, 10, 14],
    [-24, 0, 3, 7, 12],
    [-16, 0, 3, 8, 12],
    [-19, 1, 5, 8, 13],
    [-14, 2, 5, 10, 12],
    [-16, 3, 8, 10, 15],
    [-14, 2, 5, 8, 14],
];
/// In which order the four notes of a chord are plucked, two a second.
const ORDER: [usize; 8] = [1, 3, 2, 4, 3, 2, 4, 2];
const NOTE: f32 = 0.5;

fn hertz(semitones: i8) -> f32 {
    220.0 * (f32::from(semitones) / 12.0).exp2()
}

/// Every note is added once into the loop, its end wrapping to the loop's beginning.
#[expect(clippy::cast_possible_truncation, reason = "clamped to 16 bits")]
#[expect(clippy::cast_precision_loss, reason = "a minute has far fewer than 2^24 samples")]
#[expect(clippy::cast_sign_loss, reason = "lengths are positive")]
fn score() -> Arc<Pcm> {
    let rate = RATE as f32;
    let length = (CHORDS.len() * 2 * ORDER.len()) as f32 * NOTE;
    let mut sound = vec![0.0_f32; (length * rate) as usize];
    let mut add = |from: f32, hertz: f32, level: f32, fade: f32, lasting: f32| {
        let first = (from * rate) as usize;
        for nth in 0..(lasting * rate) as usize {
            let t = nth as f32 / rate;
            let body = sine(hertz, t)
                + 0.35 * sine(2.0 * hertz, t) * (-3.0 * t).exp()
                + 0.12 * sine(3.0 * hertz, t) * (-6.0 * t).exp();
            let envelope = (t / 0.008).min(1.0) * (-t / fade).exp() * ((lasting - t) / 0.05).min(1.0);
            let at = (first + nth) % sound.len();
            sound[at] += level * envelope * body;
        }
    };
    for turn in 0..CHORDS.len() * 2 {
        let chord = CHORDS[turn % CHORDS.len()];
        let from = turn as f32 * ORDER.len() as f32 * NOTE;
        add(from, hertz(chord[0]), 0.10, 2.5, 4.0);
        for (nth, note) in ORDER.iter().enumerate() {
            // The second time around an octave higher now and then, so that it does not tire.
            let lift = if turn >= CHORDS.len() && nth % 4 == 3 { 12 } else { 0 };
            add(from + nth as f32 * NOTE, hertz(chord[*note] + lift), 0.075, 0.7, 2.2);
        }
    }
    let samples = sound.into_iter().map(|level| (level.clamp(-1.0, 1.0) * f32::from(i16::MAX)) as i16);
    Arc::new(Pcm { rate: RATE, samples: samples.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loudest(sound: &Pcm) -> u16 {
        sound.samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or_default()
    }

    #[test]
    fn built_in_sounds_are_audible_and_never_cut() {
        for sound in [beep(), ringback(), fault_tone(), music()] {
            let peak = loudest(&sound);
            assert!((3_000..30_000).contains(&peak), "{sound:?} peaks at {peak}");
        }
        assert_eq!(ringback().millis(), 5000);
        assert_eq!(music().millis(), 64_000);
    }

    #[test]
    fn music_has_no_hole_and_no_click_where_it_begins_again() {
        let music = music();
        let quietest =
            music.samples.chunks(8000).map(|part| part.iter().map(|s| s.unsigned_abs()).max()).min();
        assert!(quietest.flatten().is_some_and(|level| level > 500), "{quietest:?}");
        let ends = music.samples.first().zip(music.samples.last());
        assert!(
            ends.is_some_and(|(first, last)| (i32::from(*first) - i32::from(*last)).abs() < 1500),
            "{ends:?}"
        );
    }
}
