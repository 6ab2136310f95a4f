//! The store against a real database.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

mod changes;
mod companies;
mod embedded;
mod every_table;
mod idempotency;
mod inspection;
mod isolation;
mod lists;
