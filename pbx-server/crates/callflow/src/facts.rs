//! What the core must know about this moment, gathered by whoever calls it.

pub use crate::calendar::LocalTime;
use crate::parking::ParkSlot;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use voxera_model::{CallId, ExtensionId, ExtensionNumber, MessageId, TrunkId};

/// The facts of one step.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// The time in the PBX's own zone.
    pub now: LocalTime,
    /// Milliseconds since the call began, on a clock that nobody sets.
    pub clock: u64,
    /// Extensions that have a phone online or a call up; the others are offline and free.
    pub extensions: BTreeMap<ExtensionId, Availability>,
    /// Every queue and hunt group that a call is or was in since the start.
    pub queues: BTreeMap<ExtensionId, QueueFacts>,
    /// The messages of each mailbox, the newest first; an empty one is left out.
    pub mailboxes: BTreeMap<ExtensionId, Vec<MessageFacts>>,
    /// Phones that ring at this moment in this PBX, the longest first.
    pub ringing: Vec<RingingCall>,
    /// Calls that wait in slots of this PBX at this moment, one in each.
    pub parked: Vec<ParkedCall>,
    /// Members of each conference that has any.
    pub rooms: BTreeMap<ExtensionId, u16>,
    /// Lines to the public network that work at this moment, the preferred first.
    pub lines: Vec<TrunkId>,
    /// The engine has a machine of its own for queues, which rings members: callers are let in and out
    /// here, and nobody is rung.
    pub engine_rings_members: bool,
    /// A random draw, 0 to `u32::MAX`, for choices that must not favour anyone.
    pub draw: u32,
}

/// One extension at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Availability {
    /// Phones registered.
    pub online: u16,
    /// Calls up or ringing.
    pub calls: u16,
    /// Of these, calls with somebody at the other end.
    pub talking: u16,
}

/// One queue, as one of its callers meets it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct QueueFacts {
    /// Callers in line at this moment, those whose call is being offered included.
    pub waiting: u16,
    /// Callers who came before this one, wait, and are not being offered to anybody.
    pub ahead: u16,
    /// The member who was rung last.
    pub last: Option<ExtensionId>,
    /// Members with a history; the others never took a call of this queue.
    pub members: BTreeMap<ExtensionId, MemberFacts>,
}

/// A member's history in one queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MemberFacts {
    /// Calls of this queue taken since midnight in the PBX's zone.
    pub calls: u32,
    /// Seconds since the last one ended; `None`: none since the start.
    pub idle: Option<u32>,
    /// Rests after a call: is not rung.
    pub resting: bool,
}

/// A message in a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageFacts {
    pub message: MessageId,
    pub heard: bool,
    /// The caller's number as people write it; `None`: withheld.
    pub from: Option<String>,
    pub received: LocalTime,
}

/// A phone that rings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingingCall {
    pub call: CallId,
    pub extension: ExtensionNumber,
}

/// A call that is parked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedCall {
    pub slot: ParkSlot,
    pub call: CallId,
}
