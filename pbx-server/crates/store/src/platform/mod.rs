//! The platform's schema, one noun a file.

pub(crate) mod accounts;
pub(crate) mod audit;
pub(crate) mod avatars;
pub(crate) mod browser_phones;
pub(crate) mod idempotency;
pub(crate) mod logins;
pub(crate) mod mails;
pub(crate) mod nodes;
pub(crate) mod one_time_tokens;
pub(crate) mod overview;
pub(crate) mod realms;
pub(crate) mod second_factors;
pub(crate) mod sessions;
pub(crate) mod signing_keys;
pub(crate) mod tenants;
pub(crate) mod users;
