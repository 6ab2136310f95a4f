//! Sound between two phones: our own ports on each side, relayed packet by packet.
//!
//! Relaying runs on threads of its own, away from signalling: they wait for many sockets at once
//! and spend one read and one write per packet.

mod latch;
mod ports;
mod relay;
mod rtp;

pub use latch::Expect;
pub use ports::Ports;
pub use relay::{MediaEvent, Relay, Session, Side};
