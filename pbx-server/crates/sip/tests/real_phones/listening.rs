//! Finding known sounds in what somebody heard.

use std::ops::RangeInclusive;
use std::path::Path;
use voxera_audio::Pcm;
use voxera_testkit::tone::Recording;

/// What phones and recordings speak.
pub const RATE: u32 = 8_000;
/// What is looked for first: 200 ms, the loudest.
const TEMPLATE: usize = 1_600;
/// Pieces that are compared one by one: 100 ms.
const PIECE: usize = 800;

/// How well a sound was heard.
#[derive(Debug)]
pub struct Match {
    /// Where it begins in what was heard, in milliseconds; negative: its beginning was not heard.
    pub at: i64,
    /// Milliseconds of it that were not heard, at its beginning and at its end.
    pub missing: u64,
    /// 1.0: the same; 0.0: something else.
    pub likeness: f64,
    /// Of its worst 100 ms that is not quiet.
    pub worst: f64,
    /// How much louder it was heard, in dB.
    pub louder: f64,
}

/// The sound as a telephone carries it, beginning at its first sample or, of a wide one, its second:
/// where between two samples a converter begins is its own affair.
pub fn narrow(sound: &Pcm) -> [Vec<i16>; 2] {
    if sound.rate == RATE {
        return [sound.samples.clone(), sound.samples.clone()];
    }
    assert_eq!(sound.rate, 2 * RATE);
    // Half of the band, by a windowed sinc of 63 taps.
    let taps: Vec<f64> = (-31..=31_i32)
        .map(|n| {
            let (x, window) =
                (f64::from(n) / 2.0, (std::f64::consts::PI * f64::from(n) / 64.0).cos().powi(2));
            let sinc =
                if n == 0 { 1.0 } else { (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x) };
            sinc * window / 2.0
        })
        .collect();
    [0, 1].map(|first| {
        (0..sound.samples.len() / 2)
            .map(|at| {
                let sum: f64 = taps
                    .iter()
                    .enumerate()
                    .map(|(n, tap)| {
                        let place =
                            (2 * at + first + n).checked_sub(31).and_then(|place| sound.samples.get(place));
                        tap * f64::from(place.copied().unwrap_or_default())
                    })
                    .sum();
                #[expect(clippy::cast_possible_truncation, reason = "clamped")]
                let sample = sum.clamp(-32_768.0, 32_767.0) as i16;
                sample
            })
            .collect()
    })
}

/// Looks for a sound in what was heard.
pub fn found_in(heard: &[i16], wanted: &Pcm) -> Match {
    better(narrow(wanted).map(|wanted| found(heard, &wanted)))
}

/// Looks for what was heard in a longer sound.
pub fn found_of(heard: &[i16], whole: &Pcm) -> Match {
    better(narrow(whole).map(|whole| found(&whole, heard)))
}

fn better([one, other]: [Match; 2]) -> Match {
    if one.likeness >= other.likeness { one } else { other }
}

fn found(heard: &[i16], wanted: &[i16]) -> Match {
    let loudest = (0..wanted.len().saturating_sub(TEMPLATE)).step_by(TEMPLATE / 2);
    let from = loudest
        .max_by(|a, b| energy(&wanted[*a..*a + TEMPLATE]).total_cmp(&energy(&wanted[*b..*b + TEMPLATE])));
    let from = from.unwrap_or_default();
    let template = &wanted[from..(from + TEMPLATE).min(wanted.len())];
    // Every eighth sample tells it from all else; then its very place.
    let last = heard.len().saturating_sub(template.len());
    let place = best(0..=last, |at| roughly_like(&heard[at..], template));
    let near = place.saturating_sub(8)..=(place + 8).min(last);
    let place = best(near, |at| likeness(&heard[at..at + template.len()], template));
    let (skipped, start) = (from.saturating_sub(place), place.saturating_sub(from));
    let length = (wanted.len() - skipped).min(heard.len() - start);
    let (heard, wanted_part) = (&heard[start..start + length], &wanted[skipped..skipped + length]);
    let quiet = energy(wanted_part) / f64::from(u32::try_from(length).unwrap())
        * f64::from(u32::try_from(PIECE).unwrap())
        / 10.0;
    let pieces = heard.chunks_exact(PIECE).zip(wanted_part.chunks_exact(PIECE));
    let pieces = pieces.filter(|(_, wanted)| energy(wanted) > quiet);
    let worst =
        pieces.map(|(heard, wanted)| likeness(heard, wanted)).min_by(f64::total_cmp).unwrap_or_default();
    let millis = |samples: usize| samples as u64 * 1000 / u64::from(RATE);
    Match {
        at: i64::try_from(millis(place)).unwrap() - i64::try_from(millis(from)).unwrap(),
        missing: millis(wanted.len() - length),
        likeness: likeness(heard, wanted_part),
        worst,
        louder: 10.0 * (energy(heard) / energy(wanted_part)).log10(),
    }
}

/// The same, which must be complete, unbroken and as loud as it is.
pub fn heard_complete(what: &str, heard: &Recording, wanted: &Pcm) -> Match {
    assert_eq!(heard.rate, RATE);
    let found = found_in(&heard.samples, wanted);
    println!("{what}, {} ms: {found:?}", wanted.millis());
    assert!(found.missing <= 20, "{what}: {} of {} ms were not heard", found.missing, wanted.millis());
    assert!(found.likeness > 0.95 && found.worst > 0.8, "{what}: {found:?}");
    assert!(found.louder.abs() < 1.0, "{what}: {} dB louder", found.louder);
    found
}

/// Milliseconds in which nearly nothing but a tone is heard, in steps of 100.
pub fn lasts(heard: &Recording, hz: u32) -> u64 {
    let pieces = heard.samples.chunks_exact(PIECE);
    let pieces = pieces.map(|piece| Recording { rate: heard.rate, samples: piece.to_vec() });
    pieces.filter(|piece| piece.tone(hz) > 0.9 && piece.level() > -40.0).count() as u64 * 100
}

/// When, in milliseconds, it is something else than this tone, with the tone's share and the level.
pub fn not_the_tone(heard: &Recording, hz: u32) -> Vec<(u64, f64, f64)> {
    let pieces = heard.samples.chunks_exact(PIECE).enumerate();
    let pieces = pieces.map(|(nth, piece)| (nth, Recording { rate: heard.rate, samples: piece.to_vec() }));
    let other = pieces.filter(|(_, piece)| piece.tone(hz) <= 0.9 || piece.level() <= -40.0);
    other.map(|(nth, piece)| (nth as u64 * 100, piece.tone(hz), piece.level())).collect()
}

/// From a moment on, for so long, in milliseconds.
pub fn part(heard: &Recording, from: i64, millis: u64) -> Recording {
    let samples = |millis: u64| usize::try_from(millis * u64::from(heard.rate) / 1000).unwrap();
    let from = samples(u64::try_from(from).unwrap_or_default()).min(heard.samples.len());
    let to = (from + samples(millis)).min(heard.samples.len());
    Recording { rate: heard.rate, samples: heard.samples[from..to].to_vec() }
}

/// Both channels of a recording, left first.
pub fn sides(path: &Path) -> [Recording; 2] {
    let bytes = std::fs::read(path).unwrap();
    assert_eq!(bytes[22..24], [2, 0], "two channels");
    let both = voxera_audio::read(path).unwrap();
    assert_eq!(both.rate, RATE);
    [0, 1].map(|side| Recording {
        rate: both.rate,
        samples: both.samples.iter().skip(side).step_by(2).copied().collect(),
    })
}

/// In a plain loop: it is run hundreds of thousands of times in tests that nobody optimises.
fn roughly_like(heard: &[i16], template: &[i16]) -> f64 {
    let (mut product, mut size, mut at) = (0_i64, 1_i64, 0);
    while at < template.len() {
        let (a, b) = (i64::from(heard[at]), i64::from(template[at]));
        product += a * b;
        size += a * a;
        at += 8;
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let like = product as f64 / (size as f64).sqrt();
    like
}

fn best(places: RangeInclusive<usize>, how_like: impl Fn(usize) -> f64) -> usize {
    let all = places.map(|at| (at, how_like(at)));
    all.max_by(|a, b| a.1.total_cmp(&b.1)).expect("something was heard").0
}

fn energy(samples: &[i16]) -> f64 {
    samples.iter().map(|sample| f64::from(*sample).powi(2)).sum()
}

fn likeness(one: &[i16], other: &[i16]) -> f64 {
    let product: f64 = one.iter().zip(other).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
    let size = (energy(one) * energy(other)).sqrt();
    if size > 0.0 { product / size } else { 0.0 }
}
