//! What an engine holds: the way in to everything of this crate.

use crate::call::{Arrival, Call};
use crate::database::Store;
use crate::directory::{Directory, PbxView};
use crate::live::{Live, LiveScope};
use crate::presence::Presence;
use crate::record::CallEnded;
use crate::security::SecurityEvent;
use std::path::PathBuf;
use std::sync::Arc;
use voxera_callflow::Action;

/// How to run.
#[derive(Debug, Clone)]
pub struct CallControlConfig {
    /// Where the spool and the last good configuration lie; made (mode 0700) when missing.
    pub state_dir: PathBuf,
    /// Whether a line that carries emergency calls is configured.
    pub emergency_line: bool,
}

/// Why it does not run.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot use the state directory {path}: {source}")]
    StateDir { path: PathBuf, source: std::io::Error },
}

/// How it is doing, for the status page and `voxera doctor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlStatus {
    /// Records on disk or in memory that are not in the database yet.
    pub spooled: u64,
    /// Records that the database refuses, put aside.
    pub dead_letters: u64,
    pub pbxs: usize,
    pub registrations: usize,
    pub calls: usize,
}

/// Decides, counts, shows and records calls. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CallControl {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    directory: Directory,
    presence: Presence,
    live: Arc<Live>,
    emergency_line: bool,
}

impl CallControl {
    /// Starts from the last good configuration on disk, then follows the store. Without a store
    /// nothing is loaded and records stay in the spool. Never waits for the database.
    pub async fn start(config: CallControlConfig, store: Option<Store>) -> Result<Self, StartError> {
        let state_dir = config.state_dir;
        tokio::fs::create_dir_all(&state_dir)
            .await
            .map_err(|source| StartError::StateDir { path: state_dir, source })?;
        drop(store);
        let live = Arc::new(Live::default());
        Ok(Self {
            shared: Arc::new(Shared {
                directory: Directory::default(),
                presence: Presence::new(Arc::clone(&live)),
                live,
                emergency_line: config.emergency_line,
            }),
        })
    }

    /// How it is doing.
    #[must_use]
    pub fn status(&self) -> ControlStatus {
        ControlStatus {
            spooled: 0,
            dead_letters: 0,
            pbxs: self.directory().len(),
            registrations: self.presence().total(),
            calls: self.live().count(LiveScope::Platform),
        }
    }

    /// The PBXs.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.shared.directory
    }

    /// The phones.
    #[must_use]
    pub fn presence(&self) -> &Presence {
        &self.shared.presence
    }

    /// The calls that are up, and the feed.
    #[must_use]
    pub fn live(&self) -> &Live {
        &self.shared.live
    }

    /// A new call, and the first things to do.
    #[must_use = "an engine does what the core decides"]
    pub fn arrive(&self, view: &Arc<PbxView>, arrival: Arrival) -> (Call, Vec<Action>) {
        Call::arrive(self.clone(), Arc::clone(view), arrival)
    }

    /// A refused attempt. Never blocks.
    pub fn security(&self, event: SecurityEvent) {
        metrics::counter!("voxera_security_events_total", "kind" => event.kind.as_str()).increment(1);
        drop(event);
    }

    pub(crate) fn emergency_line(&self) -> bool {
        self.shared.emergency_line
    }

    pub(crate) fn record(&self, record: &CallEnded) {
        tracing::debug!(call = %record.id, outcome = ?record.outcome, live = self.live().count(LiveScope::Platform), "call ended");
    }
}
