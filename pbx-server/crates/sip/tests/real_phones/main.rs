//! Real phones at the engine, without a database: they register, call, hear each other, hold and
//! hang up, and the records say what happened.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

mod browser;
mod browsers;
mod browsers_alone;
mod calls;
mod company;
mod listening;
mod load;
mod parking;
mod registration;
mod scenarios;
mod sounds_asked;
mod sounds_kept;
mod sounds_queue;
mod sounds_together;
