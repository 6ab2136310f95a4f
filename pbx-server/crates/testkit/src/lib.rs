//! Fixtures for tests: a real PostgreSQL, a running product, real phones.

pub mod postgres;
pub mod smtp;
