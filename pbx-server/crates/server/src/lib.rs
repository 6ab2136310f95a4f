//! The product as one process: configuration, boot order, jobs, command line.

pub mod boot;
mod browsers;
pub mod cli;
pub mod commands;
pub mod config;
mod database;
pub mod demo;
pub mod doctor;
mod doors;
mod engines;
mod gate;
mod jobs;
mod logging;
mod node;
mod notify;
pub mod retention;
mod state;
pub mod voicemail;

pub use boot::{BootError, Options, Server};
pub use state::{State, StateError};
