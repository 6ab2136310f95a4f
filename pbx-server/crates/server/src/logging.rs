//! Logs: for people on a terminal, JSON elsewhere.

use crate::config::{Log, LogFormat};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Libraries that would write secrets or floods below this level.
const QUIET: &[(&str, &str)] = &[("rsipstack", "error"), ("sqlx", "warn"), ("hyper", "info")];

/// Starts logging, once for the process. Refuses a filter that cannot be read.
pub fn start(log: &Log) -> Result<(), String> {
    let mut filter = log.level.clone();
    for (library, level) in QUIET {
        if !log.level.contains(library) {
            filter = format!("{library}={level},{filter}");
        }
    }
    let filter = EnvFilter::try_new(&filter).map_err(|error| format!("log.level: {error}"))?;
    let text = match log.format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if text {
        builder.with_target(false).with_ansi(std::io::stderr().is_terminal()).try_init()
    } else {
        builder.json().flatten_event(true).try_init()
    };
    // Already started: a test runs several servers in one process.
    drop(started);
    Ok(())
}
