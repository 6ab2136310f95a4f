//! Sound, with real sockets: phones that answer each packet with one, so that they keep the beat.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

mod bridges;
mod browsers;
mod ears;
mod keys;
mod page;
mod phone;
mod plays;
mod records;
mod rooms;
mod tones;
