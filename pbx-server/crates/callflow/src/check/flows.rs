//! What is wrong inside a menu.

use super::cover::{Cover, Empty, Universe};
use super::graph::{How, Stop};
use super::references::References;
use super::{Exit, Finding, Problem, Severity, Spot, Window};
use crate::ivr::{Ivr, Node, NodeId, NodeKind};
use crate::routing::Condition;
use crate::snapshot::{PublishedIvr, Snapshot};
use std::collections::BTreeSet;
use voxera_model::FlowId;

pub(super) fn check(snapshot: &Snapshot, window: Window, findings: &mut Vec<Finding>) {
    for (flow, published) in &snapshot.ivrs {
        let menu = Menu { snapshot, flow: *flow, published, window };
        menu.check(findings);
    }
}

struct Menu<'a> {
    snapshot: &'a Snapshot,
    flow: FlowId,
    published: &'a PublishedIvr,
    window: Window,
}

impl Menu<'_> {
    fn ivr(&self) -> &Ivr {
        &self.published.ivr
    }

    fn spot(&self, id: &NodeId, node: &Node) -> Spot {
        Spot::Node {
            flow: self.flow,
            flow_name: self.published.name.clone(),
            node: id.clone(),
            name: node.name.clone(),
        }
    }

    fn check(&self, findings: &mut Vec<Finding>) {
        let of_flow = Spot::Flow { flow: self.flow, name: self.published.name.clone() };
        let mut add = |severity, problem, spot| {
            findings.push(Finding { severity, problem, spot: Some(spot), witness: None });
        };
        let Some(entry) = Stop::entry(self.snapshot, self.flow) else {
            add(Severity::Error, Problem::NoEntry, of_flow);
            return;
        };
        let reached = self.reached(&entry);
        for (id, node) in &self.ivr().nodes {
            if !reached.contains(id) {
                add(Severity::Warning, Problem::UnreachableNode, self.spot(id, node));
            }
            for (severity, problem) in self.node(node) {
                add(severity, problem, self.spot(id, node));
            }
        }
        let mut told: BTreeSet<Stop> = BTreeSet::new();
        for (id, node) in self.ivr().nodes.iter().filter(|(id, _)| reached.contains(*id)) {
            let start = Stop::Node(self.flow, id.clone());
            if told.contains(&start) {
                continue;
            }
            if let Some(circle) = self.circle(&start) {
                let path = circle.iter().map(|stop| self.name(stop)).collect();
                told.extend(circle);
                add(Severity::Error, Problem::LoopWithoutWait { path }, self.spot(id, node));
            }
        }
        let prompt = self.ivr().settings.invalid.iter();
        for problem in prompt.filter_map(|prompt| self.references().prompt(prompt)) {
            add(Severity::Error, problem, of_flow.clone());
        }
        self.conditions(findings);
    }

    const fn references(&self) -> References<'_> {
        References { snapshot: self.snapshot }
    }

    /// Nodes that a caller can come to.
    fn reached(&self, entry: &Stop) -> BTreeSet<NodeId> {
        let mut reached = BTreeSet::new();
        let mut open = vec![entry.clone()];
        while let Some(stop) = open.pop() {
            if let Stop::Node(flow, id) = &stop
                && *flow == self.flow
                && reached.insert(id.clone())
            {
                open.extend(stop.ways(self.snapshot).into_iter().map(|(_, next)| next));
            }
        }
        reached
    }

    /// A way from a place back to it on which nobody is asked, rung, or waited for.
    fn circle(&self, start: &Stop) -> Option<Vec<Stop>> {
        let mut path = vec![start.clone()];
        let mut seen = BTreeSet::new();
        self.follow(start, &mut path, &mut seen).then_some(path)
    }

    fn follow(&self, start: &Stop, path: &mut Vec<Stop>, seen: &mut BTreeSet<Stop>) -> bool {
        let ways = path.last().map(|at| at.ways(self.snapshot)).unwrap_or_default();
        for (_, next) in ways.into_iter().filter(|(how, _)| matches!(how, How::Always | How::Branch)) {
            if next == *start {
                path.push(next);
                return true;
            }
            if seen.insert(next.clone()) {
                path.push(next);
                if self.follow(start, path, seen) {
                    return true;
                }
                path.pop();
            }
        }
        false
    }

    /// Of a node in this menu only its own name.
    fn name(&self, stop: &Stop) -> String {
        match stop {
            Stop::Node(flow, id) if *flow == self.flow => {
                self.ivr().nodes.get(id).map_or_else(String::new, |node| node.name.to_string())
            }
            Stop::Node(..) | Stop::Extension(_) | Stop::Mailbox(_) | Stop::Outside(_) | Stop::End => {
                stop.name(self.snapshot)
            }
        }
    }

    /// What is wrong with one node by itself.
    fn node(&self, node: &Node) -> Vec<(Severity, Problem)> {
        let mut found = Vec::new();
        let references = self.references();
        for problem in references.node(node) {
            found.push((Severity::Error, problem));
        }
        for (exit, next) in exits(node) {
            match next {
                Some(next) if !self.ivr().nodes.contains_key(next) => {
                    found.push((Severity::Error, Problem::MissingNode { exit }));
                }
                None if exit.may_end() => found.push((Severity::Hint, Problem::DeadEnd { exit })),
                None => found.push((Severity::Error, Problem::DeadEnd { exit })),
                Some(_) => {}
            }
        }
        if let NodeKind::Menu { keys, dial_extension: false, .. } = &node.step
            && keys.is_empty()
        {
            found.push((Severity::Warning, Problem::MenuWithoutKeys));
        }
        if matches!(node.step, NodeKind::Agent { .. }) {
            found.push((Severity::Warning, Problem::AgentNotAvailable));
        }
        found
    }

    /// Branches that are never taken.
    fn conditions(&self, findings: &mut Vec<Finding>) {
        for (id, node) in &self.ivr().nodes {
            let NodeKind::Condition { branches, .. } = &node.step else { continue };
            let lists: Vec<&[Condition]> = branches.iter().map(|branch| &*branch.conditions).collect();
            let mut add = |severity, problem| {
                findings.push(Finding { severity, problem, spot: Some(self.spot(id, node)), witness: None });
            };
            for condition in lists.iter().flat_map(|list| list.iter()) {
                if let Some(problem) = References::condition(condition) {
                    add(Severity::Error, problem);
                }
            }
            let own = self.snapshot.numbers.keys().cloned().map(Some);
            let universe = Universe {
                from: self.window.from,
                to: self.window.to,
                dialled: own.chain([None]).collect(),
                colleagues: self.snapshot.extensions.keys().collect(),
            };
            let cover = Cover::new(lists, &universe);
            for index in 0..branches.len() {
                let branch = index + 1;
                if let Some(empty) = cover.empty(index) {
                    add(Severity::Warning, Problem::BranchNeverHolds { branch, part: Empty::part(empty) });
                } else if let Ok(Some(by)) = cover.covered_by(index) {
                    let by = by.iter().map(|index| index + 1).collect();
                    add(Severity::Warning, Problem::BranchShadowed { branch, by });
                }
            }
        }
    }
}

/// Every way out of a node that is set, or could be.
fn exits(node: &Node) -> Vec<(Exit, Option<&NodeId>)> {
    match &node.step {
        NodeKind::Menu { keys, on_timeout, on_invalid, .. } => {
            let keys = keys.iter().map(|(key, next)| (Exit::Key { key: *key }, Some(next)));
            keys.chain([(Exit::Timeout, on_timeout.as_ref()), (Exit::Invalid, on_invalid.as_ref())]).collect()
        }
        NodeKind::Message { next, .. } | NodeKind::CallerName { next, .. } => {
            vec![(Exit::Next, next.as_ref())]
        }
        NodeKind::Condition { branches, otherwise } => {
            let branches = branches
                .iter()
                .enumerate()
                .map(|(index, branch)| (Exit::Branch { branch: index + 1 }, branch.next.as_ref()));
            branches.chain([(Exit::Otherwise, otherwise.as_ref())]).collect()
        }
        NodeKind::Agent { unavailable, .. } => vec![(Exit::Unavailable, unavailable.as_ref())],
        // The call rests there, or goes where the extension sends it; a way on is a matter of taste.
        NodeKind::Transfer { failed: next, .. }
        | NodeKind::Queue { overflow: next, .. }
        | NodeKind::Callback { next, .. } => next.iter().map(|next| (Exit::Next, Some(next))).collect(),
        NodeKind::Voicemail { .. } | NodeKind::Conference { .. } | NodeKind::Hangup { .. } => Vec::new(),
    }
}
