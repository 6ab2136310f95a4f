//! The whole product, as people, phones and whoever runs it meet it.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

mod browser;
mod commands;
mod engines;
mod first_call;
mod outages;
mod phones;
mod queue;
mod start;
mod walk;

/// Packets are passed on as they came.
const QUALITY: phones::Quality = phones::Quality { pure: 0.98, longest_gap: 1 };
