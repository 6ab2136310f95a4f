//! The embedded engine: registrar, calls and media in this process.
//!
//! Parsing, transactions and the UDP sender are `rsipstack`'s; this crate is the only one that knows
//! it. What stands around it is ours, because its users met the holes: digest, dialogs (a phone is
//! reached at the socket that it registered from, not at its `Contact`), framing of TCP, who is
//! listened to, and sound.
//!
//! | module | job |
//! |---|---|
//! | [`engine`](Engine) | starts and stops everything |
//! | `hub` | what all parts share; every message comes in here, guard first |
//! | `net`, `websocket` | UDP and TCP sockets on one port; browsers, whose sockets the HTTP server has |
//! | `wire` | reading and writing messages: the one door for text that goes into a header |
//! | `guard` | floods, guessers and scanners |
//! | `auth`, `who` | digest, nonces; which phone a request is from, before anything is kept of it |
//! | `register`, `bindings` | who is where |
//! | `mwi` | who is told of new messages |
//! | `dispatch` | what a request is, and who answers it |
//! | `trunk` | lines to the public network: registration, calls out and in |
//! | `call` | one task per call: both legs, ringing, hold, the end |
//! | `sdp`, `media` | what phones say about their sound, and the relay that carries it |
//!
//! No module decides where a call goes: `voxera_callcontrol` does. Nothing here waits for a database.

mod auth;
mod bindings;
mod call;
mod config;
mod dispatch;
mod engine;
mod flow;
mod guard;
mod hub;
pub mod media;
mod mwi;
mod net;
mod register;
mod sdp;
mod trunk;
mod websocket;
mod who;
mod wire;

pub use config::{EngineConfig, Limits, RegistrationLimits, SipTimers};
pub use engine::{Engine, EngineHandle, EngineStats};
pub use websocket::WebSocketLink;
