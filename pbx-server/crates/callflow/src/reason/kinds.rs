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
