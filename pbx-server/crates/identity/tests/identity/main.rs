//! The built-in login against a real database.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

mod links;
mod log;
mod register;
mod second_factor;
mod sign_in;
mod sign_ins;
mod world;
