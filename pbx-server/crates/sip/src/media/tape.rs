//! Recordings: one phone's message, or both sides of a bridge.

use super::clock::BEAT;
use super::endpoint::EndpointId;
use super::event::MediaEvent;
use super::resample::Resampler;
use super::write::{Reel, Writer};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use voxera_model::CallId;

/// Samples a second of every recording.
const RATE: u32 = 8000;
/// Frames of half a second go to the disk at once.
const BLOCK_FRAMES: usize = 25;
/// Silence after which a message is over, once something was said.
const SILENCE: Duration = Duration::from_secs(5);
/// Frames in a row that are loud before something was said.
const SAID_FRAMES: u32 = 5;
/// Loudness (root of the mean square) below which nothing is ever speech, and above which
/// everything is.
const LOUDNESS: std::ops::RangeInclusive<f32> = 100.0..=2500.0;

/// A recording that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub path: PathBuf,
    /// Of sound in the file.
    pub millis: u64,
}

/// Why a recording ended by itself.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    Over,
    Failed(String),
}

impl End {
    pub fn event(self, call: CallId, id: EndpointId) -> MediaEvent {
        match self {
            Self::Over => MediaEvent::Recorded(call, id),
            Self::Failed(why) => MediaEvent::RecordingFailed(call, id, why),
        }
    }
}

/// One file that is being filled. Dropped: it is closed.
#[derive(Debug)]
struct Tape {
    writer: Writer,
    reel: Arc<Reel>,
    block: Vec<i16>,
    frames: usize,
    running: bool,
    closed: bool,
}

impl Tape {
    fn start(writer: &Writer, path: &Path, channels: u16) -> io::Result<Self> {
        let reel = Writer::begin(path, channels)?;
        Ok(Self { writer: writer.clone(), reel, block: Vec::new(), frames: 0, running: true, closed: false })
    }

    fn take(&mut self, samples: impl Iterator<Item = i16>) -> Result<(), String> {
        self.block.extend(samples);
        self.frames += 1;
        if self.frames.is_multiple_of(BLOCK_FRAMES) {
            let block = std::mem::take(&mut self.block);
            self.writer.write(&self.reel, block)?;
        }
        Ok(())
    }

    fn close(&mut self, tell: Option<oneshot::Sender<Taken>>) {
        if !std::mem::replace(&mut self.closed, true) {
            // What fails here is told by what is in the file.
            let _ = self.writer.write(&self.reel, std::mem::take(&mut self.block));
            self.writer.end(&self.reel, tell);
        }
    }

    async fn stop(mut self) -> Option<Taken> {
        let (tell, told) = oneshot::channel();
        self.close(Some(tell));
        told.await.ok()
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        self.close(None);
    }
}

/// What one phone says, until it says nothing more.
#[derive(Debug)]
pub struct MessageTape {
    tape: Tape,
    resampler: Resampler,
    part: Vec<i16>,
    longest: u32,
    frames: u32,
    /// Loudness of what lies under the speech.
    floor: f32,
    loud: u32,
    quiet: u32,
    said: bool,
}

impl MessageTape {
    pub fn start(writer: &Writer, path: &Path, longest: Duration) -> io::Result<Self> {
        let longest = u32::try_from(longest.as_millis() / BEAT.as_millis()).unwrap_or(u32::MAX).max(1);
        Ok(Self {
            tape: Tape::start(writer, path, 1)?,
            resampler: Resampler::default(),
            part: Vec::new(),
            longest,
            frames: 0,
            floor: *LOUDNESS.start() / 3.0,
            loud: 0,
            quiet: 0,
            said: false,
        })
    }

    pub fn is_running(&self) -> bool {
        self.tape.running
    }

    /// Takes the next 20 ms; why it ended, when it did.
    pub fn take(&mut self, heard: &[i16], rate: u32) -> Option<End> {
        self.part.clear();
        self.part.extend_from_slice(heard);
        self.resampler.convert(rate, RATE, &mut self.part);
        self.weigh();
        let end = match self.tape.take(self.part.iter().copied()) {
            Err(why) => Some(End::Failed(why)),
            Ok(()) => self.is_over().then_some(End::Over),
        };
        self.tape.running = end.is_none();
        end
    }

    pub async fn stop(self) -> Option<Taken> {
        self.tape.stop().await
    }

    fn weigh(&mut self) {
        #[expect(clippy::cast_precision_loss, reason = "a frame has 160 samples")]
        let mean =
            self.part.iter().map(|s| f32::from(*s).powi(2)).sum::<f32>() / self.part.len().max(1) as f32;
        let loudness = mean.sqrt();
        let speech = loudness > (self.floor * 3.0).clamp(*LOUDNESS.start(), *LOUDNESS.end());
        // It follows down at once and up slowly.
        self.floor = (self.floor * 1.01 + 0.05).min(loudness.max(1.0));
        self.frames += 1;
        self.loud = if speech { self.loud + 1 } else { 0 };
        self.said |= self.loud >= SAID_FRAMES;
        self.quiet = if self.loud >= 2 { 0 } else { self.quiet + 1 };
    }

    fn is_over(&self) -> bool {
        self.frames >= self.longest || self.said && BEAT * self.quiet >= SILENCE
    }
}

/// Both sides of a bridge, each on its own channel.
#[derive(Debug)]
pub struct CallTape {
    tape: Tape,
    pub left: EndpointId,
    resamplers: [Resampler; 2],
    parts: [Vec<i16>; 2],
}

impl CallTape {
    pub fn start(writer: &Writer, path: &Path, left: EndpointId) -> io::Result<Self> {
        let tape = Tape::start(writer, path, 2)?;
        Ok(Self { tape, left, resamplers: Default::default(), parts: Default::default() })
    }

    pub fn is_running(&self) -> bool {
        self.tape.running
    }

    /// Takes the next 20 ms of both; why it failed, when it did.
    pub fn take(&mut self, left: &[i16], right: &[i16], rate: u32) -> Result<(), String> {
        for ((part, resampler), sound) in self.parts.iter_mut().zip(&mut self.resamplers).zip([left, right]) {
            part.clear();
            part.extend_from_slice(sound);
            resampler.convert(rate, RATE, part);
        }
        let [left, right] = &self.parts;
        let taken = self.tape.take(left.iter().zip(right).flat_map(|(left, right)| [*left, *right]));
        self.tape.running = taken.is_ok();
        taken
    }

    pub async fn stop(self) -> Option<Taken> {
        self.tape.stop().await
    }
}
