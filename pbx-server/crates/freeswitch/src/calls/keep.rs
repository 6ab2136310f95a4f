//! What calls leave behind: messages, recordings, records.

use super::event::Order;
use super::tracked::Tracked;
use super::{Calls, Side};
use crate::dialplan::Deed;
use chrono::Utc;
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;
use voxera_audio::Place;
use voxera_callcontrol::{Call, LegMedia, NewMessage, NewRecording};
use voxera_model::RecordingId;

/// A shorter message is thrown away.
const SHORTEST_MILLIS: u64 = 1_000;
/// Points of a recording's picture.
const PEAKS: usize = 200;

impl Calls {
    /// Does what is to be done besides.
    pub(super) fn deeds(&self, tracked: &Arc<Tracked>, deeds: Vec<Deed>) {
        for deed in deeds {
            self.deed(tracked, deed);
        }
    }

    fn deed(&self, tracked: &Arc<Tracked>, deed: Deed) {
        let core = &tracked.core;
        let mailboxes = self.shared.control.mailboxes();
        let pbx = core.view().snapshot.pbx;
        match deed {
            Deed::KeepMessage { message, mailbox } => {
                let Some(library) = self.shared.library.clone() else { return };
                let (core, path) = (core.clone(), library.message_path(&place(core), message));
                tokio::task::spawn_blocking(move || {
                    match voxera_audio::read(&path).map(|pcm| pcm.millis()) {
                        Ok(millis) if millis >= SHORTEST_MILLIS => {
                            core.message(NewMessage { id: message, mailbox, millis });
                        }
                        Ok(_) => remove(&path),
                        Err(error) => tracing::warn!(%error, "a message was not recorded"),
                    }
                });
            }
            Deed::DropMessage { message } => {
                if let Some(library) = &self.shared.library {
                    remove(&library.message_path(&place(core), message));
                }
            }
            Deed::MarkHeard { mailbox, message } => mailboxes.mark_heard(pbx, mailbox, message),
            Deed::DeleteMessage { mailbox, message } => mailboxes.delete(pbx, mailbox, message),
            Deed::RequestCallback { whom, number } => core.callback(whom, number),
            Deed::StartRecording => self.start_recording(tracked),
            // What two said so far stays; the script that rings somebody else asks for nothing more.
            Deed::StopRecording | Deed::Release { .. } | Deed::Bridge => {}
        }
    }

    /// A conversation is to be recorded: by the next script, or at once when two talk already.
    fn start_recording(&self, tracked: &Tracked) {
        let Some(library) = &self.shared.library else { return };
        let (id, order) = {
            let mut state = tracked.lock();
            let talking = state.other.is_some();
            let begins = state.wish.recording.is_none();
            let id = *state.wish.recording.get_or_insert_with(|| RecordingId(Uuid::now_v7()));
            state.recording_since.get_or_insert_with(Utc::now);
            (id, (talking && begins).then_some(state.main))
        };
        if let Some(channel) = order {
            let path = library.recording_path(&place(&tracked.core), id);
            if let Err(error) = library.make_room(&path) {
                return tracing::error!(%error, "a recording has no folder");
            }
            self.order(Order::Record { node: tracked.node.clone(), channel, path });
        }
    }

    /// The call is over: its record is written, and its recording filed.
    pub(super) fn finish(&self, tracked: &Arc<Tracked>) {
        self.book().leave(tracked.core.id());
        let (recording, owners, since, media) = {
            let mut state = tracked.lock();
            let owners = std::mem::take(&mut state.wish.owners);
            (state.wish.recording.take(), owners, state.recording_since, std::mem::take(&mut state.media))
        };
        let core = tracked.core.clone();
        core.finish(media);
        let (Some(id), Some(library)) = (recording, &self.shared.library) else { return };
        let path = library.recording_path(&place(&core), id);
        let started_at = since.unwrap_or_else(Utc::now);
        tokio::task::spawn_blocking(move || file(&core, id, owners, started_at, &path));
    }

    /// Whoever the leg that runs our scripts talks with.
    pub(crate) fn other(&self, main: super::ChannelId) -> Option<super::ChannelId> {
        let (tracked, side) = self.find(main)?;
        let other = tracked.lock().other;
        other.filter(|_| side == Side::Main)
    }

    /// The server stops; calls go on without it.
    pub(crate) fn leave(&self) {
        for tracked in self.book().all() {
            tracked.core.leave();
        }
    }

    /// What a leg measured of its sound; told before its end.
    pub(crate) fn measured(&self, channel: super::ChannelId, codec: Option<&str>, leg: Option<LegMedia>) {
        let Some((tracked, side)) = self.find(channel) else { return };
        let state = &mut *tracked.lock();
        let media = &mut state.media;
        if media.codec.is_none() {
            media.codec = codec.map(str::to_owned);
        }
        match (side, state.swapped) {
            (Side::Main, false) | (Side::Other, true) => media.caller = leg,
            (Side::Other, false) | (Side::Main, true) => media.callee = leg,
        }
    }

    /// Whether a channel is an end of a call that is up.
    pub(crate) fn has(&self, channel: super::ChannelId) -> bool {
        self.find(channel).is_some()
    }

    /// Whether a channel is one of ours, for those who keep records of channels.
    #[must_use]
    pub fn knows(&self, channel: super::ChannelId) -> bool {
        self.find(channel).is_some_and(|(_, side)| side == Side::Main)
    }
}

fn file(
    core: &Call,
    id: RecordingId,
    owners: Vec<voxera_model::ExtensionId>,
    started_at: chrono::DateTime<Utc>,
    path: &Path,
) {
    // Nobody talked with anybody.
    let Ok(pcm) = voxera_audio::read(path) else { return };
    let millis = pcm.millis();
    if owners.is_empty() || millis == 0 {
        return remove(path);
    }
    let peaks = voxera_audio::peaks(path, PEAKS).unwrap_or_default();
    core.recorded(NewRecording { id, owners, millis, started_at, peaks });
}

fn place(core: &Call) -> Place {
    let snapshot = &core.view().snapshot;
    Place { tenant: snapshot.tenant, customer: snapshot.customer }
}

fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "a sound that nobody needs stays");
    }
}
