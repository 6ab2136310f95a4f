//! The answer of the core.

use crate::reason::Reason;
use serde::{Deserialize, Serialize};
use voxera_model::{DeviceId, ExtensionId, ExtensionNumber, Locale, Name, Seconds};

/// What to do, where the call then stands, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub actions: Vec<Action>,
    /// `None`: the call is over.
    pub next: Option<Cursor>,
    pub trace: Vec<TraceEntry>,
}

/// One thing for an engine to do. An engine never decides where a call goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Action {
    /// Ring every listed phone at once for at most `ring_for`.
    Ring {
        extension: ExtensionId,
        number: ExtensionNumber,
        name: Name,
        devices: Vec<DeviceId>,
        ring_for: Seconds,
    },
    /// Connect the caller with the phone that answered.
    Bridge,
    /// Send the call to the emergency line, whatever else holds.
    Emergency,
    /// End the call on every leg.
    Hangup { cause: Cause },
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

/// Where a call stands: serialisable, names the snapshot it started on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    pub snapshot: u64,
    pub from: ExtensionNumber,
    pub position: Position,
}

/// What the call is waiting for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Position {
    Ringing { extension: ExtensionNumber },
    Connected { extension: ExtensionNumber },
    Emergency,
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
