//! The store against a real database.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

mod browsers;
mod changes;
mod companies;
mod embedded;
mod every_table;
mod flows;
mod idempotency;
mod inspection;
mod isolation;
mod kinds;
mod lists;
mod message_mails;
mod nodes;
mod pbx;
mod reseal;
mod sounds;
