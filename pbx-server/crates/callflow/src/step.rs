//! The answer of the core.

use crate::cursor::Cursor;
use crate::reason::Reason;
use crate::sound::Sound;
use serde::{Deserialize, Serialize};
use voxera_model::{
    AudioId, CallId, DeviceId, ExtensionId, ExtensionNumber, Locale, MessageId, Name, PhoneNumber, Seconds,
    TrunkId,
};

/// What to do, where the call then stands, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub actions: Vec<Action>,
    /// `None`: the call is over.
    pub next: Option<Cursor>,
    pub trace: Vec<TraceEntry>,
}

/// One thing for an engine to do. An engine never decides where a call goes.
///
/// Before [`Action::Answer`] the caller hears its phone ring; after it, what these actions say, and
/// silence in between. [`Action::Play`], [`Action::Music`], [`Action::Tone`], [`Action::Echo`] and
/// [`Action::Silence`] take the place of one another; what a caller hears ends when the call is bridged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Action {
    /// Ring everything listed at once for at most `ring_for`. What rang before stops ringing.
    Ring {
        targets: Vec<RingTarget>,
        ring_for: Seconds,
        hears: WhileRinging,
    },
    /// Stop ringing.
    StopRinging,
    /// Connect the caller with whoever answered. What the caller heard stops.
    Bridge,
    /// Send the call to the emergency line, whatever else holds.
    Emergency {
        caller_id: Option<PhoneNumber>,
    },
    /// Take the call, so that the caller hears us. A second time does nothing.
    Answer,
    /// Play one after the other, then [`crate::Event::Played`].
    Play {
        sounds: Vec<Sound>,
    },
    /// Music until something else is said. `None`: the built-in.
    Music {
        audio: Option<AudioId>,
    },
    /// A tone of 440 Hz until something else is said.
    Tone,
    /// The caller hears itself.
    Echo,
    /// Stop what the caller hears.
    Silence,
    /// Tell [`crate::Event::Timer`] after so many milliseconds. Takes the place of the one before.
    Timer {
        timer: u32,
        after: u64,
    },
    /// Record what the caller says, for at most so long or until it is silent for some seconds; then
    /// [`crate::Event::Recorded`].
    Record {
        longest: Seconds,
    },
    /// Stop recording and keep it in a mailbox; less than a second of sound is thrown away.
    KeepMessage {
        mailbox: ExtensionId,
    },
    /// Throw the recording away.
    DropMessage,
    /// A message was listened to.
    MarkHeard {
        mailbox: ExtensionId,
        message: MessageId,
    },
    DeleteMessage {
        mailbox: ExtensionId,
        message: MessageId,
    },
    /// Put the caller into a room.
    Join {
        room: ExtensionId,
        members: u16,
    },
    /// From the bridge on, keep what both sides say, on behalf of these extensions.
    StartRecording {
        owners: Vec<ExtensionId>,
    },
    /// Let the caller hear a call of this extension, and speak into it as far as `mode` says. Again:
    /// changes the mode.
    Listen {
        extension: ExtensionId,
        mode: ListenMode,
    },
    /// Let the caller take this call, which rings or is parked.
    PickUp {
        call: CallId,
    },
    /// What phones that ring from here on show before the caller's name or number.
    CallerName {
        text: Name,
    },
    /// Note that the caller wants to be called back at this number.
    RequestCallback {
        whom: ExtensionId,
        number: PhoneNumber,
    },
    /// After a transfer: `party` leaves, the other one stays and is from now on the caller.
    Release {
        party: Party,
    },
    /// End the call on every leg.
    Hangup {
        cause: Cause,
    },
}

/// Someone to ring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RingTarget {
    /// Every phone of one extension.
    Extension { extension: ExtensionId, number: ExtensionNumber, name: Name, devices: Vec<DeviceId> },
    /// A public number, over the first of these lines that takes it.
    Outside { number: PhoneNumber, caller_id: Option<PhoneNumber>, trunks: Vec<TrunkId> },
}

/// What a caller hears while phones ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WhileRinging {
    /// The tone of a phone that rings.
    Ringback,
    /// What it heard before: music goes on.
    Unchanged,
}

/// How far somebody who listens in takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListenMode {
    /// Hears both, is heard by nobody.
    Listen,
    /// Is heard by the extension only.
    Whisper,
    /// Is heard by both.
    Barge,
}

/// Why a call ended, in the product's words; engines map it to their own codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Someone put the phone down after talking.
    Normal,
    /// The caller gave up before the answer.
    Cancelled,
    /// SIP 486.
    Busy,
    /// SIP 480.
    NoAnswer,
    /// SIP 603.
    Declined,
    /// SIP 480: no phone of the extension is online.
    Offline,
    /// SIP 404.
    UnknownNumber,
    /// SIP 403: known, but this caller may not.
    NotAllowed,
    /// SIP 503: no line that could carry the call.
    NoRoute,
    /// The caller gave up while waiting in line.
    Abandoned,
    /// The caller left a message, or was asked to.
    Voicemail,
    /// SIP 500: the event did not fit where the call stood; the trace says which.
    Fault,
}

/// Who.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    Caller,
    Callee,
    /// We ended it.
    System,
}

/// One decision, as data; `say` puts it into words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceEntry {
    pub reason: Reason,
}

impl TraceEntry {
    /// The decision in a sentence for people.
    #[must_use]
    pub fn say(&self, locale: Locale) -> String {
        self.reason.say(locale)
    }
}
