//! Every place that a call can come to, and where it can go from there.

use super::{Finding, Problem, Severity, Spot};
use crate::extension::{Extension, Kind, User};
use crate::ivr::{Node, NodeId, NodeKind};
use crate::routing::Destination;
use crate::snapshot::{PublishedIvr, Snapshot};
use crate::story::StoryKey;
use std::collections::{BTreeMap, VecDeque};
use voxera_model::{ExtensionId, FlowId, Key, PhoneNumber};

/// A place that a call can come to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Stop {
    Extension(ExtensionId),
    Node(FlowId, NodeId),
    Mailbox(ExtensionId),
    Outside(PhoneNumber),
    End,
}

/// How a call goes from one place to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum How {
    /// Always, at once.
    Always,
    /// When this is pressed, or nothing, so often.
    Keys(Vec<StoryKey>),
    /// When the conditions of a branch say so.
    Branch,
    /// To a member of a group or queue, who may also be rung.
    Member,
    /// When nobody there takes it.
    Otherwise,
}

impl Stop {
    /// `None`: nowhere, or nothing that exists.
    pub(super) fn of(snapshot: &Snapshot, destination: &Destination) -> Option<Self> {
        match destination {
            Destination::Nowhere => None,
            Destination::Extension { extension } => {
                snapshot.extension(*extension).map(|_| Self::Extension(*extension))
            }
            Destination::Ivr { flow } => Self::entry(snapshot, *flow),
            Destination::Voicemail { mailbox } => Some(Self::Mailbox(*mailbox)),
            Destination::Outside { number } => Some(Self::Outside(number.clone())),
            Destination::Hangup => Some(Self::End),
        }
    }

    pub(super) fn entry(snapshot: &Snapshot, flow: FlowId) -> Option<Self> {
        let ivr = &snapshot.ivrs.get(&flow)?.ivr;
        let entry = ivr.entry.as_ref().filter(|entry| ivr.nodes.contains_key(*entry))?;
        Some(Self::Node(flow, entry.clone()))
    }

    /// What people call it.
    pub(super) fn name(&self, snapshot: &Snapshot) -> String {
        match self {
            Self::Extension(id) | Self::Mailbox(id) => match snapshot.extension(*id) {
                Some((number, extension)) => format!("{} ({number})", extension.name),
                None => String::new(),
            },
            Self::Node(flow, node) => match (snapshot.ivrs.get(flow), find(snapshot, *flow, node)) {
                (Some(PublishedIvr { name, .. }), Some(node)) => format!("{name}: {}", node.name),
                _ => node.to_string(),
            },
            Self::Outside(number) => number.national(),
            Self::End => String::new(),
        }
    }

    /// Where a call can go from here, the way that people see it first.
    pub(super) fn ways(&self, snapshot: &Snapshot) -> Vec<(How, Self)> {
        let mut ways = Ways { snapshot, list: Vec::new() };
        match self {
            Self::Extension(id) => {
                if let Some((_, extension)) = snapshot.extension(*id) {
                    ways.extension(*id, extension);
                }
            }
            Self::Node(flow, id) => {
                if let Some(node) = find(snapshot, *flow, id) {
                    ways.node(*flow, node);
                }
            }
            Self::Mailbox(_) | Self::Outside(_) | Self::End => {}
        }
        ways.list
    }
}

pub(super) fn find<'a>(snapshot: &'a Snapshot, flow: FlowId, node: &NodeId) -> Option<&'a Node> {
    snapshot.ivrs.get(&flow)?.ivr.nodes.get(node)
}

struct Ways<'a> {
    snapshot: &'a Snapshot,
    list: Vec<(How, Stop)>,
}

impl Ways<'_> {
    fn to(&mut self, how: How, destination: Option<&Destination>) {
        if let Some(stop) = destination.and_then(|to| Stop::of(self.snapshot, to)) {
            self.list.push((how, stop));
        }
    }

    fn on(&mut self, how: How, flow: FlowId, node: Option<&NodeId>) {
        if let Some(node) = node.filter(|node| find(self.snapshot, flow, node).is_some()) {
            self.list.push((how, Stop::Node(flow, node.clone())));
        }
    }

    fn extension(&mut self, id: ExtensionId, extension: &Extension) {
        match &extension.kind {
            Kind::User(user) => self.user(id, user),
            Kind::HuntGroup(group) => {
                for member in &group.members {
                    self.list.push((How::Member, Stop::Extension(member.extension)));
                }
                self.to(How::Otherwise, group.failed.as_ref());
            }
            Kind::Queue(queue) => {
                for member in &queue.members {
                    self.list.push((How::Member, Stop::Extension(member.extension)));
                }
                self.to(How::Otherwise, queue.overflow.as_ref());
            }
            Kind::Ivr { flow } => self.to(How::Always, Some(&Destination::Ivr { flow: *flow })),
            Kind::Voicemail { mailbox } => self.list.push((How::Always, Stop::Mailbox(*mailbox))),
            Kind::External { number } => self.list.push((How::Always, Stop::Outside(number.clone()))),
            Kind::Conference(_) => {}
        }
    }

    fn user(&mut self, id: ExtensionId, user: &User) {
        let forwarding = &user.forwarding;
        if forwarding.always.is_some() {
            return self.to(How::Always, forwarding.always.as_ref());
        }
        for path in [&forwarding.no_answer, &forwarding.busy, &forwarding.offline] {
            match path {
                Some(to) => self.to(How::Otherwise, Some(to)),
                None if user.mailbox.is_some() => self.list.push((How::Otherwise, Stop::Mailbox(id))),
                None => {}
            }
        }
    }

    fn node(&mut self, flow: FlowId, node: &Node) {
        match &node.step {
            NodeKind::Menu { keys, retries, on_timeout, on_invalid, dial_extension, .. } => {
                for (key, next) in keys {
                    self.on(How::Keys(vec![StoryKey::Press(*key)]), flow, Some(next));
                }
                let settings = self.snapshot.ivrs.get(&flow).map_or(0, |ivr| ivr.ivr.settings.retries);
                let tries = usize::from(retries.unwrap_or(settings)) + 1;
                self.on(How::Keys(vec![StoryKey::Wait; tries]), flow, on_timeout.as_ref());
                let wrong = "0123456789*#".chars().filter_map(Key::new).find(|key| !keys.contains_key(key));
                if let Some(wrong) = wrong.filter(|_| !dial_extension) {
                    self.on(How::Keys(vec![StoryKey::Press(wrong); tries]), flow, on_invalid.as_ref());
                }
                if *dial_extension {
                    for (number, extension) in &self.snapshot.extensions {
                        let typed = number.as_str().chars().filter_map(Key::new).map(StoryKey::Press);
                        self.list.push((How::Keys(typed.collect()), Stop::Extension(extension.id)));
                    }
                    self.on(How::Otherwise, flow, on_invalid.as_ref());
                }
            }
            NodeKind::Message { next, .. } | NodeKind::CallerName { next, .. } => {
                self.on(How::Always, flow, next.as_ref());
            }
            NodeKind::Transfer { to, failed } => {
                self.to(How::Always, Some(to));
                self.on(How::Otherwise, flow, failed.as_ref());
            }
            NodeKind::Voicemail { mailbox } => self.list.push((How::Always, Stop::Mailbox(*mailbox))),
            NodeKind::Queue { queue, overflow } => {
                self.list.push((How::Always, Stop::Extension(*queue)));
                self.on(How::Otherwise, flow, overflow.as_ref());
            }
            NodeKind::Condition { branches, otherwise } => {
                for branch in branches {
                    self.on(How::Branch, flow, branch.next.as_ref());
                }
                self.on(How::Branch, flow, otherwise.as_ref());
            }
            NodeKind::Conference { room } => self.list.push((How::Always, Stop::Extension(*room))),
            NodeKind::Callback { next, .. } => self.on(How::Otherwise, flow, next.as_ref()),
            NodeKind::Agent { unavailable, .. } => self.on(How::Always, flow, unavailable.as_ref()),
            NodeKind::Hangup { .. } => self.list.push((How::Always, Stop::End)),
        }
    }
}

/// Extensions whose forwarding, and menus whose transfers, lead a call round in a circle.
pub(super) fn circles(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    let mut reported: Vec<Stop> = Vec::new();
    for always in [true, false] {
        for (number, extension) in &snapshot.extensions {
            let start = Stop::Extension(extension.id);
            if reported.contains(&start) {
                continue;
            }
            let Some(circle) = circle(snapshot, &start, always) else { continue };
            let path = circle.iter().map(|stop| stop.name(snapshot)).collect();
            reported.extend(circle);
            findings.push(Finding {
                severity: if always { Severity::Error } else { Severity::Warning },
                problem: Problem::ForwardingLoop { path, always },
                spot: Some(Spot::extension(number, extension)),
                witness: None,
            });
        }
    }
}

/// The shortest way from a place back to it, over extensions only, or `always`: over everything that
/// happens without anybody being asked.
fn circle(snapshot: &Snapshot, start: &Stop, always: bool) -> Option<Vec<Stop>> {
    let mut before: BTreeMap<Stop, Stop> = BTreeMap::new();
    let mut queue = VecDeque::from([start.clone()]);
    while let Some(stop) = queue.pop_front() {
        for (how, next) in stop.ways(snapshot) {
            let follow = match how {
                How::Always => true,
                // A member of a group is rung, not forwarded; and menus ask.
                How::Otherwise => !always && matches!(stop, Stop::Extension(_)),
                How::Member | How::Keys(_) | How::Branch => false,
            };
            if !follow {
                continue;
            }
            if next == *start {
                let mut path = vec![start.clone(), stop.clone()];
                let mut at = &stop;
                while let Some(earlier) = before.get(at) {
                    path.push(earlier.clone());
                    at = earlier;
                }
                path.reverse();
                if stop == *start {
                    path = vec![start.clone(), start.clone()];
                }
                return Some(path);
            }
            if next != *start && !before.contains_key(&next) {
                before.insert(next.clone(), stop.clone());
                queue.push_back(next);
            }
        }
    }
    None
}
