//! One call: what the core knows of it, and what `FreeSWITCH` was last told to do.

use super::ids::{ChannelId, NodeName};
use crate::dialplan::{Deed, Expect, Hears, Marker, Suffix, Wish};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use voxera_callcontrol::{Call, MediaSummary};
use voxera_callflow::{Action, Cursor, Event, ListenMode, Party, Peer, Position};
use voxera_model::{CallId, Dialled, PbxId};

/// One call. Events of several tasks are taken one after the other.
#[derive(Debug)]
pub(super) struct Tracked {
    pub core: Call,
    pub node: NodeName,
    state: Mutex<State>,
}

/// Where it stands on the node.
#[expect(clippy::struct_excessive_bools, reason = "each happens, or not, by itself")]
#[derive(Debug)]
pub(super) struct State {
    /// The leg that runs our scripts: the caller's.
    pub main: ChannelId,
    /// The core's callee is at the main leg, and its caller at the other: the caller sent the callee where
    /// no call can be sent, and left.
    pub swapped: bool,
    /// Whoever was at the main leg sent the other on; nobody is there until that one is somewhere.
    pub left: bool,
    /// Whoever it talks with.
    pub other: Option<ChannelId>,
    /// Legs that were rung, and whose phones they are.
    pub legs: HashMap<ChannelId, Peer>,
    pub wish: Wish,
    pub expect: Expect,
    /// The name of the next hunt.
    pub nonce: String,
    /// A member's phone rings, in a queue.
    pub offered: bool,
    /// A timer rang meanwhile.
    pub overdue: bool,
    pub recording_since: Option<DateTime<Utc>>,
    /// What its legs measured of their sound.
    pub media: MediaSummary,
    /// Phones ring so that somebody listens in, and how; the core knows nothing of it yet.
    pub summoned: Option<ListenMode>,
    /// The call that is to be listened to.
    pub listens_to: Option<CallId>,
}

/// What a channel carries, so that a server that was started anew goes on with the call.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Carried {
    /// Of cursors; another version begins anew.
    format: u32,
    pub call: CallId,
    pub pbx: PbxId,
    pub from: Peer,
    pub dialled: Dialled,
    pub started_at: DateTime<Utc>,
    pub cursor: Cursor,
    pub wish: Wish,
    pub expect: Expect,
    pub nonce: String,
    #[serde(default)]
    pub swapped: bool,
    /// How many lines its story had when the script was made.
    #[serde(default)]
    pub told: usize,
}

impl Carried {
    /// As the value of a channel variable.
    pub fn written(&self) -> String {
        serde_json::to_vec(self).map(|json| URL_SAFE_NO_PAD.encode(json)).unwrap_or_default()
    }

    /// `None`: not ours, or of another version.
    pub fn read(text: &str) -> Option<Self> {
        let json = URL_SAFE_NO_PAD.decode(text).ok()?;
        let carried: Self = serde_json::from_slice(&json).ok()?;
        (carried.format == voxera_callflow::FORMAT).then_some(carried)
    }
}

impl Tracked {
    pub fn new(core: Call, node: NodeName, main: ChannelId) -> Self {
        let state = State {
            main,
            swapped: false,
            left: false,
            other: None,
            legs: HashMap::new(),
            wish: Wish::default(),
            expect: Expect::Nothing,
            nonce: String::new(),
            offered: false,
            overdue: false,
            recording_since: None,
            media: MediaSummary::default(),
            summoned: None,
            listens_to: None,
        };
        Self { core, node, state: Mutex::new(state) }
    }

    pub fn resumed(core: Call, node: NodeName, main: ChannelId, carried: &Carried) -> Self {
        let tracked = Self::new(core, node, main);
        {
            let mut state = tracked.lock();
            state.wish = carried.wish.clone();
            state.expect = carried.expect;
            state.nonce.clone_from(&carried.nonce);
            state.swapped = carried.swapped;
            let talks = |cursor: &Cursor| cursor.other().is_some();
            if tracked.core.cursor().as_ref().is_some_and(talks) && !talks(&carried.cursor) {
                state.wish.talks();
            }
        }
        tracked
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Milliseconds since the call began.
    pub fn clock(&self) -> u64 {
        u64::try_from(self.core.age().as_millis()).unwrap_or(u64::MAX)
    }

    /// Tells the core, and takes in what it says. In the event the main leg is the caller, the other one
    /// the callee.
    pub fn tell(&self, state: &mut State, event: Event) -> Vec<Deed> {
        state.wish.settle(state.expect, &event);
        let actions = self.core.advance(state.of_the_core(event));
        if actions.iter().any(|action| matches!(action, Action::Release { .. })) {
            // Whoever stays is the core's caller from now on, and runs our scripts.
            state.swapped = false;
        }
        state.wish.follow(actions, &self.core.view().snapshot, self.clock())
    }

    /// Who is at the main leg, as far as the core knows.
    pub fn at_main(&self, state: &State) -> Option<Peer> {
        let cursor = self.core.cursor()?;
        if state.swapped { cursor.other() } else { Some(cursor.from) }
    }

    /// Whom the main leg talks with, as far as the core knows.
    pub fn at_other(&self, state: &State) -> Option<Peer> {
        let cursor = self.core.cursor()?;
        let other = cursor.other()?;
        Some(if state.swapped { cursor.from } else { other })
    }

    /// What the channel is to carry from here on.
    pub fn carried(&self, state: &State) -> Option<Carried> {
        let cursor = self.core.cursor()?;
        Some(Carried {
            format: voxera_callflow::FORMAT,
            call: self.core.id(),
            pbx: self.core.view().snapshot.pbx,
            from: cursor.from.clone(),
            dialled: self.core.dialled().clone(),
            started_at: self.core.started_at(),
            cursor,
            wish: state.wish.clone(),
            expect: state.expect,
            nonce: state.nonce.clone(),
            swapped: state.swapped,
            told: self.core.told(),
        })
    }
}

impl State {
    /// An event of legs, as one of the core's caller and callee.
    fn of_the_core(&self, event: Event) -> Event {
        match event {
            Event::HungUp { by } => Event::HungUp { by: self.party(by) },
            Event::Transferred { by, to } => Event::Transferred { by: self.party(by), to },
            Event::Replaced { party, by } => Event::Replaced { party: self.party(party), by },
            other => other,
        }
    }

    /// Whom the core means by the one at the main leg (`Caller`) or at the other (`Callee`), and the other
    /// way round.
    pub const fn party(&self, party: Party) -> Party {
        match (party, self.swapped) {
            (Party::Caller, true) => Party::Callee,
            (Party::Callee, true) => Party::Caller,
            (party, _) => party,
        }
    }

    /// A name for the next hunt that nobody can guess.
    pub fn rename(&mut self) {
        self.nonce = hex::encode(rand::random::<[u8; 16]>());
    }

    /// What a hunt under our own name says happened.
    pub fn events(&self, marker: &Marker, vars: &crate::request::HuntVars) -> Vec<Event> {
        if marker.nonce != self.nonce {
            // Two reasons to ask at once: the first one was answered.
            return Vec::new();
        }
        match marker.suffix {
            Suffix::Done => crate::dialplan::interpret(self.expect, vars),
            Suffix::Timer => {
                self.wish.timer.map(|timer| Event::Timer { timer: timer.timer }).into_iter().collect()
            }
            Suffix::Anew => Vec::new(),
            Suffix::Key(key) => vec![Event::Key { key }],
        }
    }

    /// Whether there is nothing for the node to do though two were to talk: they no longer do.
    pub fn is_alone(&self, position: Option<&Position>) -> bool {
        matches!(position, Some(Position::Connected { .. } | Position::Emergency))
            && self.wish.ring.is_none()
            && self.wish.end.is_none()
            && self.wish.hears == Hears::Nothing
    }
}
