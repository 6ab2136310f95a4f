//! Sound: our own ports for every phone, and what each of them hears.
//!
//! It runs on threads of its own, away from signalling. While two phones talk in the same format
//! and nobody else takes part, their packets pass as they are, for one read and one write each.
//! Everything else (players, mixes, recordings) is done in frames of 20 ms.
//!
//! It knows nothing of SIP, and is public so that the bench can measure it alone.
//!
//! | module | job |
//! |---|---|
//! | [`Endpoint`], [`Bridge`], [`Room`] | what signalling holds |
//! | `threads`, `clock` | waiting for packets, and the beat |
//! | `leg`, `group` | one phone; phones that hear each other |
//! | `line`, `latch`, `ports`, `rtp`, `rtcp` | where packets come from and go to |
//! | `web` | phones in browsers |
//! | `trouble`, `silence` | phones that should be heard and are not; phones that are silent on purpose |
//! | `ear`, `conceal` | packets to an even stream of sound |
//! | `out`, `voice` | sound to an unbroken stream of packets |
//! | `codec`, `resample`, `player`, `digits` | what their names say |
//! | `tape`, `write` | recordings, and the thread that writes them |

mod bridge;
mod clock;
mod codec;
mod conceal;
mod digits;
mod ear;
mod endpoint;
mod event;
mod format;
mod group;
mod latch;
mod leg;
mod line;
mod out;
mod player;
mod ports;
mod resample;
mod room;
mod rtcp;
mod rtp;
mod silence;
mod tape;
#[cfg(test)]
mod tests;
mod threads;
mod trouble;
mod voice;
mod web;
mod write;

pub use bridge::{Bridge, Listening};
pub use endpoint::{Endpoint, EndpointId, PlayId};
pub use event::MediaEvent;
pub use format::{Codec, Format};
pub use group::ListenMode;
pub use latch::Expect;
pub use ports::Ports;
pub use room::{Room, Seat};
pub use tape::Taken;
pub use threads::Media;
pub use trouble::Trouble;
pub use web::{Web, WebError};
