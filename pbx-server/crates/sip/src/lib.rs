//! The embedded engine: registrar, calls and media in this process.

pub mod auth;
pub mod message;
pub mod config;
pub mod guard;
pub mod media;
pub mod sdp;
pub mod timers;
