//! What differs between two versions of a document.

use crate::ivr::{Ivr, Node, NodeId, NodeKind};
use crate::routing::{Routing, Rule, RuleId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use voxera_model::Name;

/// What a newer menu has, lacks and does otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IvrDiff {
    /// Parts of the settings that differ, `language` for example; `entry` where callers begin elsewhere.
    pub settings: Vec<String>,
    pub added: Vec<NodeRef>,
    pub removed: Vec<NodeRef>,
    pub changed: Vec<NodeChange>,
    /// Nodes that only stand elsewhere on the canvas.
    pub moved: Vec<NodeRef>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NodeRef {
    pub node: NodeId,
    pub name: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NodeChange {
    pub node: NodeId,
    /// As it is called in the newer one.
    pub name: Name,
    /// Paths of the fields that differ, `name` or `keys.1` for example; `kind` alone where it became
    /// another kind of node.
    pub what: Vec<String>,
}

/// What newer routing rules have, lack and do otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoutingDiff {
    pub added: Vec<RuleRef>,
    pub removed: Vec<RuleRef>,
    pub changed: Vec<RuleChange>,
    /// The fewest rules whose moving makes the old order the new one.
    pub moved: Vec<RuleRef>,
}

/// A rule as people speak of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RuleRef {
    pub rule: RuleId,
    pub name: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RuleChange {
    pub rule: RuleId,
    /// As it is called in the newer one.
    pub name: Name,
    /// The fields that differ: `name`, `enabled`, `conditions`, `play`, `to`.
    pub what: Vec<String>,
}

/// What differs between two versions of a menu.
#[must_use]
pub fn diff(old: &Ivr, new: &Ivr) -> IvrDiff {
    let mut settings = Differences::default();
    settings.note("language", &old.settings.language, &new.settings.language);
    settings.note("timeout", &old.settings.timeout, &new.settings.timeout);
    settings.note("retries", &old.settings.retries, &new.settings.retries);
    settings.note("invalid", &old.settings.invalid, &new.settings.invalid);
    settings.note("entry", &old.entry, &new.entry);
    let mut diff = IvrDiff { settings: settings.0, ..IvrDiff::default() };
    let name = |(node, found): (&NodeId, &Node)| NodeRef { node: node.clone(), name: found.name.clone() };
    diff.added = new.nodes.iter().filter(|(id, _)| !old.nodes.contains_key(*id)).map(name).collect();
    diff.removed = old.nodes.iter().filter(|(id, _)| !new.nodes.contains_key(*id)).map(name).collect();
    for (id, after) in &new.nodes {
        let Some(before) = old.nodes.get(id) else { continue };
        let what = node(before, after);
        if !what.is_empty() {
            diff.changed.push(NodeChange { node: id.clone(), name: after.name.clone(), what });
        } else if (before.x, before.y) != (after.x, after.y) {
            diff.moved.push(name((id, after)));
        }
    }
    diff
}

/// What differs between two versions of the routing rules.
#[must_use]
pub fn diff_routing(old: &Routing, new: &Routing) -> RoutingDiff {
    let (old, new) = (in_order(old), in_order(new));
    let before: BTreeMap<&RuleId, (usize, &Rule)> =
        old.iter().enumerate().map(|(at, rule)| (&rule.id, (at, *rule))).collect();
    let kept: BTreeSet<&RuleId> = new.iter().map(|rule| &rule.id).collect();
    let name = |rule: &&Rule| RuleRef { rule: rule.id.clone(), name: rule.name.clone() };
    let mut diff = RoutingDiff {
        added: new.iter().filter(|rule| !before.contains_key(&rule.id)).map(name).collect(),
        removed: old.iter().filter(|rule| !kept.contains(&rule.id)).map(name).collect(),
        ..RoutingDiff::default()
    };
    let mut places = Vec::new();
    for after in &new {
        let Some((at, before)) = before.get(&after.id) else { continue };
        places.push((*at, *after));
        let mut what = Differences::default();
        what.note("name", &before.name, &after.name);
        what.note("enabled", &before.enabled, &after.enabled);
        what.note("conditions", &before.conditions, &after.conditions);
        what.note("play", &before.play, &after.play);
        what.note("to", &before.to, &after.to);
        if !what.0.is_empty() {
            diff.changed.push(RuleChange { rule: after.id.clone(), name: after.name.clone(), what: what.0 });
        }
    }
    let stay = longest_rise(&places.iter().map(|(at, _)| *at).collect::<Vec<_>>());
    diff.moved = places.iter().filter(|(at, _)| !stay.contains(at)).map(|(_, rule)| name(rule)).collect();
    diff
}

/// The rules in the order in which calls meet them.
pub(crate) fn in_order(routing: &Routing) -> Vec<&Rule> {
    let mut rules: Vec<&Rule> = routing.rules.iter().collect();
    rules.sort_by_key(|rule| rule.priority);
    rules
}

/// The longest part of a list of different numbers that only rises (patience sorting).
fn longest_rise(list: &[usize]) -> BTreeSet<usize> {
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::new();
    for (index, value) in list.iter().enumerate() {
        let pile = ends.partition_point(|end| list.get(*end).is_some_and(|top| top < value));
        before.push(pile.checked_sub(1).and_then(|left| ends.get(left)).copied());
        if let Some(end) = ends.get_mut(pile) {
            *end = index;
        } else {
            ends.push(index);
        }
    }
    let mut rise = BTreeSet::new();
    let mut next = ends.last().copied();
    while let Some(index) = next {
        rise.extend(list.get(index));
        next = before.get(index).copied().flatten();
    }
    rise
}

#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn note<T: PartialEq>(&mut self, field: &str, old: &T, new: &T) {
        if old != new {
            self.0.push(field.to_owned());
        }
    }
}

fn node(old: &Node, new: &Node) -> Vec<String> {
    let mut what = Differences::default();
    what.note("name", &old.name, &new.name);
    if std::mem::discriminant(&old.step) == std::mem::discriminant(&new.step) {
        step(&old.step, &new.step, &mut what);
    } else {
        what.0.push("kind".to_owned());
    }
    what.0
}

/// The fields of two nodes of one kind.
fn step(old: &NodeKind, new: &NodeKind, what: &mut Differences) {
    match (old, new) {
        (
            NodeKind::Menu { prompt, keys, timeout, retries, on_timeout, on_invalid, dial_extension },
            NodeKind::Menu {
                prompt: new_prompt,
                keys: new_keys,
                timeout: new_timeout,
                retries: new_retries,
                on_timeout: new_on_timeout,
                on_invalid: new_on_invalid,
                dial_extension: new_dial_extension,
            },
        ) => {
            what.note("prompt", prompt, new_prompt);
            for key in keys.keys().chain(new_keys.keys()).collect::<BTreeSet<_>>() {
                what.note(&format!("keys.{key}"), &keys.get(key), &new_keys.get(key));
            }
            what.note("timeout", timeout, new_timeout);
            what.note("retries", retries, new_retries);
            what.note("on_timeout", on_timeout, new_on_timeout);
            what.note("on_invalid", on_invalid, new_on_invalid);
            what.note("dial_extension", dial_extension, new_dial_extension);
        }
        (
            NodeKind::Message { prompt, times, notice, next },
            NodeKind::Message { prompt: new_prompt, times: new_times, notice: new_notice, next: new_next },
        ) => {
            what.note("prompt", prompt, new_prompt);
            what.note("times", times, new_times);
            what.note("notice", notice, new_notice);
            what.note("next", next, new_next);
        }
        (NodeKind::Transfer { to, failed }, NodeKind::Transfer { to: new_to, failed: new_failed }) => {
            what.note("to", to, new_to);
            what.note("failed", failed, new_failed);
        }
        (NodeKind::Voicemail { mailbox }, NodeKind::Voicemail { mailbox: new }) => {
            what.note("mailbox", mailbox, new);
        }
        (
            NodeKind::Queue { queue, overflow },
            NodeKind::Queue { queue: new_queue, overflow: new_overflow },
        ) => {
            what.note("queue", queue, new_queue);
            what.note("overflow", overflow, new_overflow);
        }
        (
            NodeKind::Condition { branches, otherwise },
            NodeKind::Condition { branches: new_branches, otherwise: new_otherwise },
        ) => {
            for at in 0..branches.len().max(new_branches.len()) {
                match (branches.get(at), new_branches.get(at)) {
                    (Some(old), Some(new)) => {
                        what.note(&format!("branches.{at}.conditions"), &old.conditions, &new.conditions);
                        what.note(&format!("branches.{at}.next"), &old.next, &new.next);
                    }
                    (old, new) => what.note(&format!("branches.{at}"), &old, &new),
                }
            }
            what.note("otherwise", otherwise, new_otherwise);
        }
        (NodeKind::Conference { room }, NodeKind::Conference { room: new }) => what.note("room", room, new),
        (NodeKind::Callback { whom, next }, NodeKind::Callback { whom: new_whom, next: new_next }) => {
            what.note("for", whom, new_whom);
            what.note("next", next, new_next);
        }
        (NodeKind::CallerName { text, next }, NodeKind::CallerName { text: new_text, next: new_next }) => {
            what.note("text", text, new_text);
            what.note("next", next, new_next);
        }
        (
            NodeKind::Agent { agent, unavailable },
            NodeKind::Agent { agent: new_agent, unavailable: new_unavailable },
        ) => {
            what.note("agent", agent, new_agent);
            what.note("unavailable", unavailable, new_unavailable);
        }
        (NodeKind::Hangup { prompt }, NodeKind::Hangup { prompt: new }) => what.note("prompt", prompt, new),
        (
            NodeKind::Menu { .. }
            | NodeKind::Message { .. }
            | NodeKind::Transfer { .. }
            | NodeKind::Voicemail { .. }
            | NodeKind::Queue { .. }
            | NodeKind::Condition { .. }
            | NodeKind::Conference { .. }
            | NodeKind::Callback { .. }
            | NodeKind::CallerName { .. }
            | NodeKind::Agent { .. }
            | NodeKind::Hangup { .. },
            _,
        ) => what.0.push("kind".to_owned()),
    }
}
