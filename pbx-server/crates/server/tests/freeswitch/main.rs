//! The product with a real FreeSWITCH, configured by our own command, and real phones.
//!
//! `FREESWITCH=/path/to/freeswitch cargo test -p voxera-server --test freeswitch -- --ignored` runs
//! them; without one they are told as ignored, by name. See docs/freeswitch.md.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

mod asked;
mod browsers;
mod calls;
mod doctor;
mod engines;
mod isolation;
mod kept;
mod listening;
mod menu;
mod outages;
mod parking;
#[path = "../product/phones.rs"]
mod phones;
mod queue;
mod registration;
mod several;
mod sips;
mod stage;
mod transfers;

/// FreeSWITCH gives sound its own beat: on a machine that does much else a packet comes late now and
/// then. Three of them at most.
const QUALITY: phones::Quality = phones::Quality { pure: 0.85, longest_gap: 60 };
