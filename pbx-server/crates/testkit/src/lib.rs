//! Fixtures for tests: a real `PostgreSQL`, a running product, real phones.

pub mod line;
pub mod loopback;
pub mod phone;
pub mod postgres;
#[cfg(feature = "product")]
pub mod product;
pub mod sipp;
pub mod smtp;
pub mod tone;
