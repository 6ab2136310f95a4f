//! A tenant's schema, one noun a file.

pub(crate) mod audio;
pub(crate) mod callbacks;
pub(crate) mod calls;
pub(crate) mod config;
pub(crate) mod customers;
pub(crate) mod devices;
pub(crate) mod extensions;
pub(crate) mod flows;
pub(crate) mod kinds;
pub(crate) mod message_mails;
pub(crate) mod messages;
pub(crate) mod numbers;
pub(crate) mod overview;
pub(crate) mod pbxs;
pub(crate) mod recordings;
pub(crate) mod references;
pub(crate) mod trunks;
