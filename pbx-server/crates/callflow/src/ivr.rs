//! A menu: a graph of small steps that a caller walks through.

use crate::routing::{Condition, Destination, short_id};
use crate::sound::Prompt;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use voxera_model::{AgentId, ExtensionId, Invalid, Key, Locale, Name, Seconds};

short_id!(/// One node of a menu.
    NodeId);

/// The document that is drafted and published as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Ivr {
    pub settings: IvrSettings,
    /// Where callers begin. `None`, or a node that is not there: calls end at once.
    pub entry: Option<NodeId>,
    /// At most 500.
    pub nodes: BTreeMap<NodeId, Node>,
}

/// What holds for every node that does not say otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IvrSettings {
    pub language: Locale,
    /// How long a menu waits for a key, 1 to 60 seconds.
    pub timeout: Seconds,
    /// How often a menu is repeated after no key or a wrong one, 0 to 9.
    pub retries: u8,
    /// What callers hear after a wrong key. `None`: a standard sentence.
    pub invalid: Option<Prompt>,
}

/// One step, and where it stands on the canvas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Node {
    pub name: Name,
    #[serde(default)]
    pub x: i32,
    #[serde(default)]
    pub y: i32,
    pub step: NodeKind,
}

/// What a node does. A `None` where a call would go on is a dead end: `check` finds it, and a call
/// that comes there ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum NodeKind {
    /// Waits for one key.
    Menu {
        prompt: Prompt,
        keys: BTreeMap<Key, NodeId>,
        /// Instead of the settings'.
        #[serde(default)]
        timeout: Option<Seconds>,
        #[serde(default)]
        retries: Option<u8>,
        /// After the last try without a key.
        #[serde(default)]
        on_timeout: Option<NodeId>,
        /// After the last wrong key.
        #[serde(default)]
        on_invalid: Option<NodeId>,
        /// Callers may dial an extension's number instead.
        #[serde(default)]
        dial_extension: bool,
    },
    /// Plays something.
    Message {
        prompt: Prompt,
        /// How often, 1 to 5.
        #[serde(default = "once")]
        times: u8,
        /// Says that the call may be recorded, or that a machine answers.
        #[serde(default)]
        notice: bool,
        next: Option<NodeId>,
    },
    /// Rings someone; `failed`: when nobody answers. Without it the call goes where that extension
    /// sends calls it does not take.
    Transfer {
        to: Destination,
        #[serde(default)]
        failed: Option<NodeId>,
    },
    /// Takes a message.
    Voicemail { mailbox: ExtensionId },
    /// Waits in a queue; `overflow`: instead of where the queue itself leads.
    Queue {
        queue: ExtensionId,
        #[serde(default)]
        overflow: Option<NodeId>,
    },
    /// The first branch whose conditions all hold.
    Condition { branches: Vec<Branch>, otherwise: Option<NodeId> },
    /// Joins a conference room.
    Conference { room: ExtensionId },
    /// Takes the caller's number, so that somebody calls back.
    Callback {
        /// Whose callers these are: a queue, a hunt group or a person.
        #[serde(rename = "for")]
        whom: ExtensionId,
        next: Option<NodeId>,
    },
    /// Phones that ring from here on show this before the caller's own name or number.
    CallerName { text: Name, next: Option<NodeId> },
    /// Talks with a voice agent.
    Agent { agent: AgentId, unavailable: Option<NodeId> },
    /// The end, after a last word.
    Hangup {
        #[serde(default)]
        prompt: Option<Prompt>,
    },
}

/// One way out of a condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Branch {
    pub conditions: Vec<Condition>,
    pub next: Option<NodeId>,
}

const fn once() -> u8 {
    1
}
