//! Texts read aloud by programs of the machine.

use crate::pcm::Pcm;
use crate::run::{RunError, Tool};
use crate::wav;
use std::f32::consts::PI;
use std::ffi::OsStr;
use std::io;
use std::path::Path;
use voxera_model::Locale;

const RATE: u32 = 16_000;
/// What the loudest sample is brought to: -6 dB of full scale.
const PEAK: f32 = 16_400.0;

/// Why a text is not read aloud.
#[derive(Debug, thiserror::Error)]
pub enum SpeechError {
    #[error("no voice is installed: install the packages espeak-ng and flite")]
    NoVoice,
    #[error("the voice failed: {0}")]
    Failed(String),
    #[error("the sound cannot be kept: {0}")]
    Disk(#[from] io::Error),
}

/// The voices, by language: Swedish is read by espeak-ng, English by flite, and by espeak-ng where
/// flite is missing.
#[derive(Debug, Clone)]
pub(crate) struct Voices {
    pub(crate) espeak: Tool,
    pub(crate) flite: Tool,
}

impl Voices {
    /// Reads a text; 16 kHz, as loud as the other sounds. `folder`: where a text may lie for a moment.
    pub(crate) async fn read(&self, text: &str, language: Locale, folder: &Path) -> Result<Pcm, SpeechError> {
        let spoken = match language {
            Locale::Sv => self.espeak(text, "sv").await,
            Locale::En => match self.flite(text, folder).await {
                Err(RunError::Missing(_)) => self.espeak(text, "en").await,
                spoken => spoken,
            },
        };
        let bytes = spoken.map_err(|error| match error {
            RunError::Missing(_) => SpeechError::NoVoice,
            RunError::Io(error) => SpeechError::Disk(error),
            error @ (RunError::Slow(_) | RunError::Failed { .. }) => SpeechError::Failed(error.to_string()),
        })?;
        let sound = wav::parse(&bytes)?;
        if sound.samples.is_empty() {
            return Err(SpeechError::Failed("no sound came".into()));
        }
        Ok(Pcm { rate: RATE, samples: level(resample(&sound.samples, sound.rate, RATE)) })
    }

    /// The text goes in by standard input: nobody who lists processes sees it.
    async fn espeak(&self, text: &str, voice: &str) -> Result<Vec<u8>, RunError> {
        let arguments = ["-v", voice, "-s", "150", "-b", "1", "--stdin", "--stdout"].map(OsStr::new);
        Ok(self.espeak.run(&arguments, text.as_bytes()).await?.stdout)
    }

    /// flite reads and writes files only.
    async fn flite(&self, text: &str, folder: &Path) -> Result<Vec<u8>, RunError> {
        let name = format!("{:016x}", fnv(text));
        let (asked, said) = (folder.join(format!("{name}.txt")), folder.join(format!("{name}.flite")));
        tokio::fs::write(&asked, text).await?;
        let arguments = [
            OsStr::new("-voice"),
            "slt".as_ref(),
            "-f".as_ref(),
            asked.as_ref(),
            "-o".as_ref(),
            said.as_ref(),
        ];
        let ran = self.flite.run(&arguments, &[]).await;
        let bytes = match ran {
            Ok(_) => tokio::fs::read(&said).await.map_err(RunError::from),
            Err(error) => Err(error),
        };
        for file in [&asked, &said] {
            // One that was never made is no fault.
            let _ = tokio::fs::remove_file(file).await;
        }
        bytes
    }
}

/// A name for a file that lies there for a moment.
fn fnv(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[expect(clippy::cast_possible_truncation, reason = "the factor keeps it within 16 bits")]
fn level(samples: Vec<i16>) -> Vec<i16> {
    let loudest = samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or_default();
    if loudest == 0 {
        return samples;
    }
    let factor = PEAK / f32::from(loudest);
    samples.into_iter().map(|sample| (f32::from(sample) * factor) as i16).collect()
}

/// Changes the rate with a windowed sinc of sixteen zero crossings to each side.
#[expect(clippy::cast_possible_truncation, reason = "rounded and clamped to 16 bits")]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a minute of sound counts far below 2^52"
)]
pub(crate) fn resample(samples: &[i16], from: u32, to: u32) -> Vec<i16> {
    const CROSSINGS: f64 = 16.0;
    if from == to || from == 0 {
        return samples.to_vec();
    }
    let step = f64::from(from) / f64::from(to);
    // Going down, what the new rate cannot carry is taken out.
    let cut = (1.0 / step).min(1.0);
    let reach = CROSSINGS / cut;
    let pi = f64::from(PI);
    let count = (samples.len() as f64 / step) as usize;
    let at = |nth: usize| {
        let place = nth as f64 * step;
        let first = (place - reach).ceil().max(0.0) as usize;
        let last = ((place + reach) as usize).min(samples.len().saturating_sub(1));
        let mut sum = 0.0;
        for (index, sample) in samples[first..=last].iter().enumerate() {
            let x = (first + index) as f64 - place;
            let sinc = if x.abs() < 1e-9 { 1.0 } else { (pi * x * cut).sin() / (pi * x * cut) };
            let window = 0.5 + 0.5 * (pi * x / reach).cos();
            sum += f64::from(*sample) * sinc * window;
        }
        (sum * cut).round().clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16
    };
    if samples.is_empty() { Vec::new() } else { (0..count).map(at).collect() }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers")]
mod tests {
    use super::*;

    #[test]
    fn a_tone_keeps_its_pitch_and_level_at_another_rate() {
        let tone = |rate: u32| -> Vec<i16> {
            (0..rate).map(|n| ((n as f32 * 440.0 * 2.0 * PI / rate as f32).sin() * 8000.0) as i16).collect()
        };
        let got = resample(&tone(22_050), 22_050, 16_000);
        let wanted = tone(16_000);
        let worst = got[500..15_000].iter().zip(&wanted[500..15_000]).map(|(a, b)| (a - b).abs()).max();
        assert!(worst.is_some_and(|worst| worst < 80), "{worst:?}");
    }
}
