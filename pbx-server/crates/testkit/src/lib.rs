//! Fixtures for tests: a real `PostgreSQL`, a running product, real phones, a real
//! `FreeSWITCH` where there is one.

#[cfg(feature = "browser")]
pub mod browser;
pub mod line;
pub mod loopback;
#[cfg(feature = "node")]
pub mod node;
pub mod phone;
pub mod postgres;
#[cfg(feature = "product")]
pub mod product;
pub mod sipp;
pub mod smtp;
pub mod tone;

/// How long anything is waited for that must come: longer than it takes on a small machine that does
/// much else, and than any wait in SIP that a test may want to see the end of. What has not come by
/// then does not come.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_mins(2);
