//! The HTTP interface: one file per noun, permission in the signature.
//!
//! A handler's first argument says who may call it (see `permit`), and opens a transaction that sees
//! no more than that. Nothing here holds SQL, decides where a call goes, or keeps a secret.

mod access;
mod act;
mod api;
mod auth;
mod contract;
mod customer;
mod input;
mod me;
mod media;
mod permit;
mod picture;
mod platform;
mod problem;
mod refusal;
mod tenant;
mod web;

pub use api::{Api, ApiConfig, Browsers, Carrier};
pub use contract::contract;
pub use web::{BrowserLink, FromEngine, portal_is_built, router};
