//! The menus of a scenario file.

use super::file::{Wrong, destination, extension_id, maybe, prompt};
use super::ids::Names;
use crate::ivr::{Branch, Ivr, IvrSettings, Node, NodeId, NodeKind};
use crate::snapshot::PublishedIvr;
use serde::Deserialize;
use std::collections::BTreeMap;
use voxera_model::{AgentId, ExtensionNumber, Key, Locale, Name, Seconds};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileMenu {
    language: Option<Locale>,
    #[serde(default = "five")]
    timeout: u32,
    #[serde(default = "two")]
    retries: u8,
    invalid: Option<String>,
    entry: Option<NodeId>,
    nodes: BTreeMap<NodeId, FileNode>,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum FileNode {
    Menu {
        prompt: String,
        #[serde(default)]
        keys: BTreeMap<Key, NodeId>,
        timeout: Option<u32>,
        retries: Option<u8>,
        on_timeout: Option<NodeId>,
        on_invalid: Option<NodeId>,
        #[serde(default)]
        dial_extension: bool,
    },
    Message {
        prompt: String,
        #[serde(default = "one")]
        times: u8,
        #[serde(default)]
        notice: bool,
        next: Option<NodeId>,
    },
    Transfer {
        to: String,
        failed: Option<NodeId>,
    },
    Voicemail {
        mailbox: ExtensionNumber,
    },
    Queue {
        queue: ExtensionNumber,
        overflow: Option<NodeId>,
    },
    Condition {
        branches: Vec<Branch>,
        otherwise: Option<NodeId>,
    },
    Conference {
        room: ExtensionNumber,
    },
    Callback {
        whom: ExtensionNumber,
        next: Option<NodeId>,
    },
    CallerName {
        text: Name,
        next: Option<NodeId>,
    },
    Agent {
        unavailable: Option<NodeId>,
    },
    Hangup {
        prompt: Option<String>,
    },
}

impl FileMenu {
    pub fn build(&self, names: &mut Names, name: &str) -> Result<PublishedIvr, Wrong> {
        let mut nodes = BTreeMap::new();
        for (id, node) in &self.nodes {
            let called = Name::parse(id.as_str()).map_err(|error| error.to_string())?;
            nodes.insert(id.clone(), Node { name: called, x: 0, y: 0, step: node.build(names)? });
        }
        Ok(PublishedIvr {
            name: Name::parse(name).map_err(|error| error.to_string())?,
            version: 3,
            ivr: Ivr {
                settings: IvrSettings {
                    language: self.language.unwrap_or(Locale::Sv),
                    timeout: Seconds(self.timeout),
                    retries: self.retries,
                    invalid: maybe(names, self.invalid.as_ref(), prompt)?,
                },
                entry: self.entry.clone(),
                nodes,
            },
        })
    }
}

impl FileNode {
    fn build(&self, names: &mut Names) -> Result<NodeKind, Wrong> {
        Ok(match self {
            Self::Menu { prompt: text, keys, timeout, retries, on_timeout, on_invalid, dial_extension } => {
                NodeKind::Menu {
                    prompt: prompt(names, text)?,
                    keys: keys.clone(),
                    timeout: timeout.map(Seconds),
                    retries: *retries,
                    on_timeout: on_timeout.clone(),
                    on_invalid: on_invalid.clone(),
                    dial_extension: *dial_extension,
                }
            }
            Self::Message { prompt: text, times, notice, next } => NodeKind::Message {
                prompt: prompt(names, text)?,
                times: *times,
                notice: *notice,
                next: next.clone(),
            },
            Self::Transfer { to, failed } => {
                NodeKind::Transfer { to: destination(names, to)?, failed: failed.clone() }
            }
            Self::Voicemail { mailbox } => NodeKind::Voicemail { mailbox: extension_id(mailbox) },
            Self::Queue { queue, overflow } => {
                NodeKind::Queue { queue: extension_id(queue), overflow: overflow.clone() }
            }
            Self::Condition { branches, otherwise } => {
                NodeKind::Condition { branches: branches.clone(), otherwise: otherwise.clone() }
            }
            Self::Conference { room } => NodeKind::Conference { room: extension_id(room) },
            Self::Callback { whom, next } => {
                NodeKind::Callback { whom: extension_id(whom), next: next.clone() }
            }
            Self::CallerName { text, next } => {
                NodeKind::CallerName { text: text.clone(), next: next.clone() }
            }
            Self::Agent { unavailable } => {
                NodeKind::Agent { agent: AgentId(names.note("agent")), unavailable: unavailable.clone() }
            }
            Self::Hangup { prompt: text } => {
                NodeKind::Hangup { prompt: maybe(names, text.as_ref(), prompt)? }
            }
        })
    }
}

const fn one() -> u8 {
    1
}

const fn two() -> u8 {
    2
}

const fn five() -> u32 {
    5
}
