//! The outline of a sound, for people to look at.

use crate::wav::read;
use std::io;
use std::path::Path;

/// The loudest of each of `count` equal parts of a WAV file, 0 to 255; of both channels, when it has
/// two. Empty for a file without sound.
pub fn peaks(path: &Path, count: usize) -> io::Result<Vec<u8>> {
    let sound = read(path)?;
    let samples = sound.samples.len();
    let count = count.min(samples);
    let part = |nth: usize| {
        let of = &sound.samples[nth * samples / count..(nth + 1) * samples / count];
        let peak = of.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or_default();
        u8::try_from(peak >> 7).unwrap_or(u8::MAX)
    };
    Ok((0..count).map(part).collect())
}
