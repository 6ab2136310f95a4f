//! What `FreeSWITCH` asks and what it is answered: captured questions, golden calls, attacks.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a failed test may panic")]

mod attacks;
mod browsers;
mod captures;
mod cdrs;
mod esl;
mod hunts;
mod node;
mod nodes;
mod relays;
mod scenarios;
mod transfers;
mod world;
mod xml;
