//! Scripted phones at the engine: what real ones do, and what attackers do, message by message.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

mod anything;
mod attacks;
mod broken;
mod calls;
mod hold;
mod isolation;
mod limits;
mod moves;
mod queue;
mod register;
mod rig;
mod stage;
mod stories;
mod stories_played;
mod tcp;
mod trunk_in;
mod trunk_lines;
mod trunk_mwi;
mod trunk_out;
mod trunk_registration;
mod ua;
mod web_early;
mod websocket;
