//! The store against a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

mod companies;
mod every_table;
mod isolation;
