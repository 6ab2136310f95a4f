//! Sound as samples and as files: what is built in, what people upload, what is read aloud.
//!
//! Uploads are converted by `FFmpeg`, texts are read by `espeak-ng` and `flite`: programs of the
//! machine, started with arguments (never through a shell) and given a minute. Where one is missing
//! the error names the cure, and calls go on with a tone.

mod built_in;
mod import;
mod library;
mod pcm;
mod peaks;
mod run;
mod speech;
mod wav;

pub use built_in::{beep, fault_tone, music, ringback, test_tone};
pub use import::{ImportError, Imported};
pub use library::{Library, LibraryConfig, Place};
pub use pcm::Pcm;
pub use peaks::peaks;
pub use run::{Tool, ToolState};
pub use speech::SpeechError;
pub use wav::{WavWriter, read};
