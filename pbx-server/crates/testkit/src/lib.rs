//! Fixtures for tests: a real `PostgreSQL`, a running product, real phones.

pub mod phone;
pub mod postgres;
pub mod smtp;
pub mod tone;
