//! Messages that callers leave, and recordings of conversations.

use crate::call::CallTask;
use crate::media::{Bridge, EndpointId};
use chrono::{DateTime, Utc};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use voxera_callcontrol::{NewMessage, NewRecording};
use voxera_callflow::Event;
use voxera_model::{ExtensionId, MessageId, RecordingId, Seconds};

/// A shorter message is thrown away.
const SHORTEST_MILLIS: u64 = 1_000;
/// Points of a recording's picture.
const PEAKS: usize = 200;

/// What is being recorded.
#[derive(Debug, Default)]
pub struct Keeping {
    message: Option<MessageId>,
    /// On whose behalf the conversation is to be recorded.
    owners: Vec<ExtensionId>,
    recording: Option<Recording>,
}

#[derive(Debug)]
struct Recording {
    id: RecordingId,
    owners: Vec<ExtensionId>,
    path: PathBuf,
    started_at: DateTime<Utc>,
    bridge: Arc<Bridge>,
}

impl Keeping {
    /// Whether the conversation is to be recorded, so that both sides must speak what we understand.
    pub const fn is_asked(&self) -> bool {
        !self.owners.is_empty()
    }
}

impl CallTask {
    /// Records what the caller says.
    pub(super) fn record_message(&mut self, longest: Seconds) {
        let id = MessageId(uuid::Uuid::now_v7());
        let library = self.hub.config.library.as_ref();
        let path = library.map(|library| library.message_path(&self.place(), id));
        let endpoint = self.caller.as_ref().and_then(|leg| leg.endpoint.as_ref());
        let (Some(path), Some(endpoint)) = (path, endpoint) else {
            return self.recording_failed("nowhere to write to");
        };
        self.keeping.message = Some(id);
        if let Err(error) = endpoint.record(&path, Duration::from_secs(longest.0.into())) {
            self.recording_failed(&error.to_string());
        }
    }

    /// A recording cannot be written. Whoever leaves a message is told; a conversation goes on.
    pub(super) fn recording_failed(&mut self, why: &str) {
        metrics::counter!("voxera_sip_recordings_failed_total").increment(1);
        tracing::error!(call = %self.id.0, why, "a recording cannot be written");
        if self.keeping.recording.is_none() {
            self.happened(Event::Failed);
        }
    }

    /// Keeps what the caller said in a mailbox.
    pub(super) async fn keep_message(&mut self, mailbox: ExtensionId) {
        let Some((id, path, millis)) = self.stop_message().await else { return };
        if millis < SHORTEST_MILLIS {
            return remove(&path);
        }
        self.core.message(NewMessage { id, mailbox, millis });
    }

    /// Throws away what the caller said.
    pub(super) async fn drop_message(&mut self) {
        if let Some((_, path, _)) = self.stop_message().await {
            remove(&path);
        }
    }

    async fn stop_message(&mut self) -> Option<(MessageId, PathBuf, u64)> {
        let id = self.keeping.message.take()?;
        let endpoint = self.caller.as_ref()?.endpoint.as_ref()?;
        let taken = endpoint.stop_recording().await?;
        Some((id, taken.path, taken.millis))
    }

    /// From the bridge on, both sides are recorded on behalf of these; of nobody: not at all.
    pub(super) fn start_recording(&mut self, owners: Vec<ExtensionId>) {
        self.keeping.owners = owners;
        self.begin_recording();
    }

    /// Records a conversation that is to be recorded, once there is one.
    pub(super) fn begin_recording(&mut self) {
        let caller = self.caller.as_ref().and_then(|leg| leg.endpoint.as_ref());
        let (Some(bridge), Some(left)) = (&self.bridge, caller.map(crate::media::Endpoint::id)) else {
            return;
        };
        if !self.keeping.is_asked() || self.keeping.recording.is_some() {
            return;
        }
        let id = RecordingId(uuid::Uuid::now_v7());
        let bridge = Arc::clone(bridge);
        match self.write_to(&bridge, id, left) {
            Ok(path) => {
                let owners = self.keeping.owners.clone();
                let started_at = Utc::now();
                self.keeping.recording = Some(Recording { id, owners, path, started_at, bridge });
            }
            Err(error) => {
                metrics::counter!("voxera_sip_recordings_failed_total").increment(1);
                tracing::error!(call = %self.id.0, %error, "a conversation cannot be recorded");
            }
        }
    }

    fn write_to(&self, bridge: &Bridge, id: RecordingId, left: EndpointId) -> std::io::Result<PathBuf> {
        let library = self.hub.config.library.as_ref().ok_or(std::io::ErrorKind::NotFound)?;
        let path = library.recording_path(&self.place(), id);
        bridge.record(&path, left)?;
        Ok(path)
    }

    /// The conversation is over: what was recorded is filed.
    pub(super) fn end_recording(&mut self) {
        let Some(Recording { id, owners, path, started_at, bridge }) = self.keeping.recording.take() else {
            return;
        };
        let core = self.core.clone();
        // An engine that stops waits for it.
        self.hub.words.spawn(async move {
            let Some(taken) = bridge.stop_recording().await else { return };
            let shown = taken.path.clone();
            let peaks = tokio::task::spawn_blocking(move || voxera_audio::peaks(&shown, PEAKS)).await;
            let peaks =
                peaks.map_err(std::io::Error::other).and_then(|peaks| peaks).unwrap_or_else(|error| {
                    tracing::warn!(%error, path = %path.display(), "no picture of a recording");
                    Vec::new()
                });
            core.recorded(NewRecording { id, owners, millis: taken.millis, started_at, peaks });
        });
    }
}

fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path) {
        tracing::warn!(%error, path = %path.display(), "a message that nobody wants cannot be removed");
    }
}
