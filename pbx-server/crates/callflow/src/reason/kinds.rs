//! Small parts of decisions. Stored like them: never renamed.

use serde::{Deserialize, Serialize};

/// The kind of an event, for a trace that must not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    Arrived,
    RingEnded,
    Answered,
    HungUp,
    Played,
    Key,
    Timer,
    Recorded,
    Woken,
    Transferred,
    Sent,
    Replaced,
    GivenAway,
    Failed,
}

/// Which forwarding decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forward {
    Always,
    Busy,
    NoAnswer,
    Offline,
    /// Nobody of a group picked up, or none could.
    GroupFailed,
    /// A queue was full, unstaffed, or too slow.
    Overflow,
}

/// Why somebody in charge cannot send a call somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendFault {
    /// No extension, and no number that can be called.
    UnknownNumber,
    /// Whoever is sent is there, or talks with whoever is.
    AlreadyThere,
    /// It costs extra, and such numbers are blocked.
    Premium,
    /// No line to the public network works.
    NoLine,
    /// Where the call stands, nobody can be sent on.
    NotNow,
    /// A call is parked in that slot.
    SlotTaken,
    /// A call is parked in every slot.
    NoSlot,
}

/// Why one side of a call is not heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SoundTrouble {
    /// No packets for two seconds, and nothing explains it.
    NothingHeard,
    /// No packets for fifteen seconds from a phone that sends none while nobody speaks: it may be muted.
    Silent,
    /// A browser and we found no way to each other.
    NoPath,
    /// A phone named an address of its own network, which cannot be reached from here.
    PrivateAddress,
    /// The sound's encryption was not agreed upon, or cannot be read.
    Encryption,
}

/// What can be switched off for a PBX.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    Queues,
    HuntGroups,
    Voicemail,
    Conferencing,
    Recording,
}
