//! The HTTP interface on a real PostgreSQL, through the real router.

#![allow(unused)]
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

mod common;
mod contract;
mod creates;
mod isolation;
mod lists;
mod permissions;
mod session;
