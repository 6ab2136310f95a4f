//! Prompts, music, tones.

use super::endpoint::PlayId;
use super::leg::samples;
use super::resample::Resampler;
use std::sync::Arc;
use voxera_audio::Pcm;

/// Sounds one after the other, in frames of 20 ms.
#[derive(Debug)]
pub struct Player {
    id: PlayId,
    sounds: Vec<Arc<Pcm>>,
    repeat: bool,
    /// Which sound, and which of its samples.
    at: (usize, usize),
    resampler: Resampler,
    part: Vec<i16>,
}

impl Player {
    pub fn new(id: PlayId, sounds: Vec<Arc<Pcm>>, repeat: bool) -> Self {
        let sounds: Vec<_> = sounds.into_iter().filter(|sound| !sound.samples.is_empty()).collect();
        let repeat = repeat && !sounds.is_empty();
        Self { id, sounds, repeat, at: (0, 0), resampler: Resampler::default(), part: Vec::new() }
    }

    /// The next 20 ms at `rate`, in place of what is in `frame`; which play ended with it.
    pub fn next(&mut self, rate: u32, frame: &mut Vec<i16>) -> Option<PlayId> {
        let length = samples(rate);
        frame.clear();
        while frame.len() < length {
            let Some(sound) = self.sounds.get(self.at.0) else { break };
            // Of this sound's own samples: as many as the rest of the frame needs.
            let wanted = (length - frame.len()) * samples(sound.rate) / length;
            let rest = &sound.samples[self.at.1..];
            self.part.clear();
            self.part.extend_from_slice(&rest[..wanted.clamp(1, rest.len())]);
            self.at.1 += self.part.len();
            if self.at.1 == sound.samples.len() {
                let next = self.at.0 + 1;
                self.at = (if self.repeat { next % self.sounds.len() } else { next }, 0);
            }
            self.resampler.convert(sound.rate, rate, &mut self.part);
            frame.extend_from_slice(&self.part);
        }
        frame.resize(length, 0);
        (self.at.0 >= self.sounds.len()).then_some(self.id)
    }
}
