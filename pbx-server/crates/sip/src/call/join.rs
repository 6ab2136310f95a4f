//! Rooms, and listening in.

use crate::call::CallTask;
use crate::call::leg::Leg;
use crate::hub::{Hub, lock};
use crate::media::{self, Listening, Room, Seat};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};
use voxera_callflow::{Event, ListenMode};
use voxera_model::{ExtensionId, PbxId};

/// The rooms that somebody is in.
#[derive(Debug, Default)]
pub struct Rooms {
    open: Mutex<HashMap<(PbxId, ExtensionId), Weak<Shared>>>,
}

/// One room, for as long as somebody is in it.
#[derive(Debug)]
struct Shared {
    room: Room,
}

/// Where the caller is, beside its own call.
#[derive(Debug, Default)]
pub struct Joined {
    /// Left before the room is let go.
    seat: Option<Seat>,
    room: Option<Arc<Shared>>,
    listening: Option<(ExtensionId, Listening)>,
}

impl Joined {
    /// Leaves.
    pub fn leave(&mut self) {
        self.seat = None;
        self.room = None;
        self.listening = None;
    }
}

impl Rooms {
    fn enter(&self, hub: &Hub, key: (PbxId, ExtensionId)) -> Arc<Shared> {
        let mut open = lock(&self.open);
        if let Some(room) = open.get(&key).and_then(Weak::upgrade) {
            return room;
        }
        open.retain(|_, room| room.strong_count() > 0);
        let room = Arc::new(Shared { room: hub.media.room() });
        open.insert(key, Arc::downgrade(&room));
        room
    }
}

impl CallTask {
    /// Puts the caller into a room.
    pub(super) fn join(&mut self, room: ExtensionId) {
        self.silence();
        self.joined.leave();
        let shared = self.hub.rooms.enter(&self.hub, (self.core.view().snapshot.pbx, room));
        let Some(endpoint) = self.ready_caller().and_then(|leg| leg.endpoint.as_ref()) else {
            return self.happened(Event::Failed);
        };
        self.joined.seat = Some(shared.room.join(endpoint));
        self.joined.room = Some(shared);
    }

    /// Lets the caller hear a call of this extension; again: changes how far it takes part.
    pub(super) fn listen_in(&mut self, extension: ExtensionId, mode: ListenMode) {
        if let Some((heard, listening)) = &self.joined.listening
            && *heard == extension
        {
            return listening.set_mode(as_media(mode));
        }
        self.silence();
        self.joined.leave();
        let snapshot = &self.core.view().snapshot;
        let found = snapshot.extension(extension).and_then(|(number, _)| {
            let (call, side, bridge) = self.hub.book.talk_of(snapshot.pbx, number, self.listens_to)?;
            Some((number.clone(), call, side, bridge))
        });
        let endpoint = self.ready_caller().and_then(|leg| leg.endpoint.as_ref());
        let (Some((number, call, side, bridge)), Some(endpoint)) = (found, endpoint) else {
            return self.happened(Event::Failed);
        };
        let listening = bridge.listen(endpoint, side, as_media(mode));
        tracing::info!(call = %self.id.0, on = %call.0, "somebody listens in");
        self.hub.control.eavesdropped(self.core.view(), self.id, &number, call, mode);
        self.joined.listening = Some((extension, listening));
    }

    /// Those who were listened to are no longer connected.
    pub(super) fn listening_ended(&mut self) {
        if self.joined.listening.take().is_some() {
            self.happened(Event::Failed);
        }
    }

    /// The caller, when it was answered and speaks what we understand.
    fn ready_caller(&self) -> Option<&Leg> {
        let leg = self.caller.as_ref().filter(|leg| leg.is_up())?;
        let opaque = leg.codec.as_ref().is_some_and(|codec| !codec.is_ours());
        (!opaque).then_some(leg)
    }
}

const fn as_media(mode: ListenMode) -> media::ListenMode {
    match mode {
        ListenMode::Listen => media::ListenMode::Listen,
        ListenMode::Whisper => media::ListenMode::Whisper,
        ListenMode::Barge => media::ListenMode::Barge,
    }
}
