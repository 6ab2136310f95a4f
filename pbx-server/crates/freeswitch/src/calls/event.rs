//! What is told of channels, and what is asked of nodes, outside of hunts.

use super::ids::{ChannelId, NodeName};
use std::path::PathBuf;
use voxera_callflow::Party;
use voxera_model::{CallId, DeviceId, ExtensionNumber, PbxId, Realm};

/// What happened to a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelEvent {
    /// A leg that was rung picked up. `mark`: its `voxera_leg`.
    Answered { mark: Option<String> },
    /// It now talks with this one.
    Bridged { with: ChannelId },
    /// It is over. `cause`: in `FreeSWITCH`'s words. `by`: who ended it, seen from this leg: `Caller`
    /// is the leg's own phone, `Callee` the other end, `System` ourselves.
    HungUp { cause: String, by: Party },
    /// A member's phone rings for this caller in a queue; `agent` as in [`ChannelEvent::Taken`].
    Offered { agent: String },
    /// The member did not take it.
    NotTaken { agent: String },
    /// The member did; `agent`: `<extension>@<pbx>`.
    Taken { agent: String, leg: ChannelId },
}

/// Phones that are to ring, for a call that begins when one is picked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ring {
    pub call: CallId,
    pub pbx: PbxId,
    pub realm: Realm,
    /// Whose phones they are.
    pub number: ExtensionNumber,
    pub devices: Vec<DeviceId>,
    /// What they show: a name and a number.
    pub shown: (String, String),
    /// Where the one that is picked up hunts.
    pub destination: String,
}

/// What a node is asked to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// `uuid_kill <channel> <cause>`.
    Kill { node: NodeName, channel: ChannelId, cause: &'static str },
    /// `uuid_transfer <channel> <destination> XML <context>`.
    Hunt { node: NodeName, channel: ChannelId, destination: String, context: String },
    /// `originate …`: phones ring, and the one that is picked up hunts.
    Ring { node: NodeName, ring: Box<Ring> },
    /// `uuid_record <channel> start <path>`.
    Record { node: NodeName, channel: ChannelId, path: PathBuf },
}
