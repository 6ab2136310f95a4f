//! What a call is to do now, gathered from the actions of the core.

use super::expect::Expect;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use uuid::Uuid;
use voxera_callflow::{Action, Cause, Event, ListenMode, Party, RingTarget, Snapshot, Sound, WhileRinging};
use voxera_model::{
    AudioId, CallId, ExtensionId, MessageId, Name, PhoneNumber, RecordingId, Seconds, TrunkId,
};

/// How long a call for help may ring.
const EMERGENCY_RINGS: Seconds = Seconds(600);

/// What a call is to do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Wish {
    /// We took the call: the caller hears us.
    pub answered: bool,
    pub hears: Hears,
    pub ring: Option<Ringing>,
    pub timer: Option<TimerSet>,
    /// The message that the caller leaves.
    pub message: Option<Message>,
    /// On whose behalf the conversation is recorded; empty: it is not.
    pub owners: Vec<ExtensionId>,
    /// Its file, once there is one.
    pub recording: Option<RecordingId>,
    /// Shown before the caller's name.
    pub name_before: Option<Name>,
    pub room: Option<ExtensionId>,
    pub listening: Option<Listening>,
    pub picks_up: Option<CallId>,
    pub end: Option<Cause>,
    /// A key cut short what was heard; `FreeSWITCH` plays no more of it.
    #[serde(skip)]
    pub cut: bool,
}

/// What the caller hears.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Hears {
    #[default]
    Nothing,
    Sounds {
        sounds: Vec<Sound>,
    },
    Music {
        audio: Option<AudioId>,
    },
    Tone,
    Echo,
}

/// Who rings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ringing {
    pub targets: Vec<RingTarget>,
    pub ring_for: Seconds,
    pub hears: WhileRinging,
    /// A call for help: over these lines, one after the other, whatever they seem to be.
    pub emergency: Option<Emergency>,
}

/// A call for help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Emergency {
    pub caller_id: Option<PhoneNumber>,
    pub trunks: Vec<TrunkId>,
}

/// A timer of the core.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerSet {
    pub timer: u32,
    /// When it rings, in milliseconds of the call's clock.
    pub at: u64,
}

/// A message being left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub id: MessageId,
    pub longest: Seconds,
    /// The caller's voice is in the file; what is left to do is to keep it or throw it away.
    pub ended: bool,
}

/// Listening in on a call of this extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listening {
    pub extension: ExtensionId,
    pub mode: ListenMode,
    /// The leg that was found; `None`: no such call.
    pub leg: Option<Uuid>,
}

/// Something to do besides, at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    KeepMessage {
        message: MessageId,
        mailbox: ExtensionId,
    },
    DropMessage {
        message: MessageId,
    },
    MarkHeard {
        mailbox: ExtensionId,
        message: MessageId,
    },
    DeleteMessage {
        mailbox: ExtensionId,
        message: MessageId,
    },
    RequestCallback {
        whom: ExtensionId,
        number: PhoneNumber,
    },
    Release {
        party: Party,
    },
    StartRecording,
    StopRecording,
    /// Two people talk.
    Bridge,
}

/// How each sound is named to `FreeSWITCH`: a file, or a tone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sounds {
    pub sounds: HashMap<Sound, Playable>,
    pub music: HashMap<Option<AudioId>, Playable>,
    pub recording: Option<String>,
    pub message: Option<String>,
    /// Not all of them are made yet: a little silence, and the question again.
    pub pending: bool,
}

/// A path or a tone, free of spaces, quotes and `!`.
pub type Playable = String;

impl Wish {
    /// What was waited for is over by this event.
    pub fn settle(&mut self, expect: Expect, event: &Event) {
        match (expect, event) {
            (Expect::Sounds { .. }, Event::Played) => self.hears = Hears::Nothing,
            (Expect::Sounds { .. }, Event::Key { .. }) => self.cut = true,
            (Expect::Timer { .. } | Expect::Queue { .. } | Expect::Parked { .. }, Event::Timer { .. }) => {
                self.timer = None;
            }
            (_, Event::RingEnded { .. } | Event::Answered { .. } | Event::Replaced { .. }) => {
                self.ring = None;
            }
            (Expect::Message, _) => {
                if let Some(message) = &mut self.message {
                    message.ended = true;
                }
            }
            (Expect::Elsewhere, Event::Failed) => {
                self.room = None;
                self.listening = None;
                self.picks_up = None;
            }
            _ => {}
        }
    }

    /// Two people talk: nothing more is rung, heard or waited for.
    pub fn talks(&mut self) {
        self.ring = None;
        self.hears = Hears::Nothing;
        self.timer = None;
        self.answered = true;
    }

    /// Takes in what the core said; hands back what is to be done at once. `clock`: milliseconds
    /// since the call began.
    pub fn follow(&mut self, actions: Vec<Action>, snapshot: &Snapshot, clock: u64) -> Vec<Deed> {
        let mut deeds = Vec::new();
        let plays = actions.iter().any(|action| matches!(action, Action::Play { .. }));
        let waits = actions.iter().any(|action| matches!(action, Action::Timer { .. }));
        // A key that the core goes on from ends the sound; one that means nothing lets it be heard anew.
        if std::mem::take(&mut self.cut) && waits && !plays {
            self.hears = Hears::Nothing;
        }
        for action in actions {
            self.take(action, snapshot, clock, &mut deeds);
        }
        deeds
    }

    fn take(&mut self, action: Action, snapshot: &Snapshot, clock: u64, deeds: &mut Vec<Deed>) {
        match action {
            Action::Ring { targets, ring_for, hears } => {
                if hears == WhileRinging::Ringback {
                    self.hears = Hears::Nothing;
                }
                self.ring = Some(Ringing { targets, ring_for, hears, emergency: None });
            }
            Action::Emergency { caller_id } => {
                let trunks = snapshot.trunks.iter().filter(|line| line.emergency).map(|line| line.id);
                let emergency = Some(Emergency { caller_id, trunks: trunks.collect() });
                let (targets, hears) = (Vec::new(), WhileRinging::Ringback);
                self.ring = Some(Ringing { targets, ring_for: EMERGENCY_RINGS, hears, emergency });
            }
            Action::StopRinging => self.ring = None,
            Action::Bridge => {
                self.talks();
                deeds.push(Deed::Bridge);
            }
            Action::Answer => self.answered = true,
            Action::Play { sounds } => self.hears = Hears::Sounds { sounds },
            Action::Music { audio } => self.hears = Hears::Music { audio },
            Action::Tone => self.hears = Hears::Tone,
            Action::Echo => self.hears = Hears::Echo,
            Action::Silence => self.hears = Hears::Nothing,
            Action::Timer { timer, after } => {
                self.timer = Some(TimerSet { timer, at: clock.saturating_add(after) });
            }
            Action::Record { longest } => {
                let id = MessageId(Uuid::now_v7());
                self.message = Some(Message { id, longest, ended: false });
            }
            Action::KeepMessage { mailbox } => {
                let message = self.message.take().map(|message| message.id);
                deeds.extend(message.map(|message| Deed::KeepMessage { message, mailbox }));
            }
            Action::DropMessage => {
                let message = self.message.take().map(|message| message.id);
                deeds.extend(message.map(|message| Deed::DropMessage { message }));
            }
            Action::MarkHeard { mailbox, message } => deeds.push(Deed::MarkHeard { mailbox, message }),
            Action::DeleteMessage { mailbox, message } => {
                deeds.push(Deed::DeleteMessage { mailbox, message });
            }
            Action::Join { room, members: _ } => self.room = Some(room),
            Action::StartRecording { owners } => {
                deeds.push(if owners.is_empty() { Deed::StopRecording } else { Deed::StartRecording });
                self.owners = owners;
            }
            Action::Listen { extension, mode } => {
                self.listening = Some(Listening { extension, mode, leg: None });
            }
            Action::PickUp { call } => self.picks_up = Some(call),
            Action::CallerName { text } => self.name_before = Some(text),
            Action::RequestCallback { whom, number } => deeds.push(Deed::RequestCallback { whom, number }),
            Action::Release { party } => {
                self.ring = None;
                deeds.push(Deed::Release { party });
            }
            Action::Hangup { cause } => self.end = Some(cause),
        }
    }
}
