//! A tenant's schema, one noun a file.

pub(crate) mod calls;
pub(crate) mod config;
pub(crate) mod customers;
pub(crate) mod devices;
pub(crate) mod extensions;
pub(crate) mod numbers;
pub(crate) mod overview;
pub(crate) mod pbxs;
