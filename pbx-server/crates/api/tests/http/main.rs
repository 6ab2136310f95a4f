//! The HTTP interface on a real database, through the real router.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

mod audit;
mod common;
mod contract;
mod creates;
mod credentials;
mod events;
mod extensions;
mod flows;
mod isolation;
mod lists;
mod live;
mod machine;
mod me;
mod outage;
mod pbx;
mod permissions;
mod security;
mod session;
mod sounds;
