//! partial
pub mod cli;
pub mod config;
mod database;
pub mod doctor;
mod gate;
mod logging;
mod notify;
mod state;
pub use state::{State, StateError};
