//! Sound as samples and as files.

mod pcm;
mod wav;

pub use pcm::Pcm;
pub use wav::WavWriter;
