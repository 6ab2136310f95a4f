//! Ways from outside to a recording on which nobody says that the call is recorded.

use super::graph::{How, Stop, find};
use super::{Finding, Problem, Severity, Spot};
use crate::calendar::LocalTime;
use crate::event::Peer;
use crate::ivr::NodeKind;
use crate::matching::matches;
use crate::simulate::simulate;
use crate::snapshot::Snapshot;
use crate::step::Action;
use crate::story::{Answer, Story, StoryKey};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use voxera_model::{Dialled, ExtensionId, PhoneNumber};

/// Where calls from outside begin: one of the PBX's numbers, by a rule or without.
struct Start<'a> {
    number: &'a PhoneNumber,
    /// Place in the order of the rules.
    rule: Option<usize>,
    name: String,
    stop: Stop,
}

pub(super) fn check(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    if !snapshot.features.recording {
        return;
    }
    let silent: BTreeSet<ExtensionId> = snapshot
        .extensions
        .values()
        .filter(|extension| extension.recording.as_ref().is_some_and(|policy| policy.notice.is_none()))
        .map(|extension| extension.id)
        .collect();
    if silent.is_empty() {
        return;
    }
    let starts = starts(snapshot);
    let found = search(snapshot, &starts, &silent);
    for (number, extension) in &snapshot.extensions {
        let Some(way) = found.get(&extension.id) else { continue };
        let Some(start) = starts.get(way.start) else { continue };
        let mut path = vec![start.number.national()];
        if start.rule.is_some() {
            path.push(start.name.clone());
        }
        path.extend(way.path.iter().map(|stop| stop.name(snapshot)));
        findings.push(Finding {
            severity: Severity::Error,
            problem: Problem::RecordingWithoutNotice { path },
            spot: Some(Spot::extension(number, extension)),
            witness: story(snapshot, start, way, extension.id),
        });
    }
}

fn starts(snapshot: &Snapshot) -> Vec<Start<'_>> {
    let mut starts = Vec::new();
    let Some(first) = snapshot.numbers.keys().next() else { return starts };
    for (number, destination) in &snapshot.numbers {
        if let Some(stop) = Stop::of(snapshot, destination) {
            starts.push(Start { number, rule: None, name: number.national(), stop });
        }
    }
    for (index, rule) in snapshot.rules.iter().enumerate().filter(|(_, rule)| rule.enabled) {
        if let Some(stop) = Stop::of(snapshot, &rule.to) {
            starts.push(Start { number: first, rule: Some(index), name: rule.name.to_string(), stop });
        }
    }
    starts
}

/// A shortest way.
struct Way {
    start: usize,
    path: Vec<Stop>,
    keys: Vec<StoryKey>,
}

/// The shortest way to each of the extensions without passing a notice.
fn search(
    snapshot: &Snapshot,
    starts: &[Start<'_>],
    wanted: &BTreeSet<ExtensionId>,
) -> BTreeMap<ExtensionId, Way> {
    let mut seen: BTreeSet<Stop> = BTreeSet::new();
    let mut queue: VecDeque<Way> = VecDeque::new();
    let mut found = BTreeMap::new();
    for (start, Start { stop, .. }) in starts.iter().enumerate() {
        if seen.insert(stop.clone()) {
            queue.push_back(Way { start, path: vec![stop.clone()], keys: Vec::new() });
        }
    }
    while let Some(way) = queue.pop_front() {
        let Some(stop) = way.path.last() else { continue };
        if tells(snapshot, stop) {
            continue;
        }
        for (how, next) in stop.ways(snapshot) {
            if !seen.insert(next.clone()) {
                continue;
            }
            let mut path = way.path.clone();
            path.push(next);
            let mut keys = way.keys.clone();
            if let How::Keys(pressed) = how {
                keys.extend(pressed);
            }
            queue.push_back(Way { start: way.start, path, keys });
        }
        if let Stop::Extension(id) = stop
            && wanted.contains(id)
        {
            found.entry(*id).or_insert(way);
        }
    }
    found
}

/// Whether a call that passes here has heard that it is recorded.
fn tells(snapshot: &Snapshot, stop: &Stop) -> bool {
    match stop {
        Stop::Extension(id) => snapshot.extension(*id).is_some_and(|(_, extension)| {
            extension.recording.as_ref().is_some_and(|policy| policy.notice.is_some())
        }),
        Stop::Node(flow, node) => find(snapshot, *flow, node)
            .is_some_and(|node| matches!(node.step, NodeKind::Message { notice: true, .. })),
        Stop::Mailbox(_) | Stop::Outside(_) | Stop::End => false,
    }
}

/// A call that goes this way, as far as one is found that really does.
fn story(snapshot: &Snapshot, start: &Start<'_>, way: &Way, recorded: ExtensionId) -> Option<Story> {
    let from = Peer::Outside(PhoneNumber::parse("+46701740605").ok());
    // Mondays from the Monday of an ordinary week on, by the hour, and a Sunday.
    let first = 20_605;
    let hours = (0..7)
        .flat_map(|day| (0..24).map(move |hour| LocalTime { day: first + day, minute: hour * 60 + 10 }));
    let others: Vec<ExtensionId> = snapshot.extensions.values().map(|extension| extension.id).collect();
    let answers = way.path.iter().filter_map(|stop| match stop {
        Stop::Extension(id) => Some(*id),
        Stop::Node(..) | Stop::Mailbox(_) | Stop::Outside(_) | Stop::End => None,
    });
    let passed: Vec<ExtensionId> = answers.filter(|id| *id != recorded).collect();
    for at in hours {
        let decides = |number: &PhoneNumber| {
            snapshot.rules.iter().position(|rule| matches(rule, at, &from, number).is_ok())
        };
        let numbers: Vec<&PhoneNumber> = match start.rule {
            None => vec![start.number],
            Some(_) => snapshot.numbers.keys().collect(),
        };
        let Some(number) = numbers.into_iter().find(|number| decides(number) == start.rule) else { continue };
        let story = Story {
            keys: way.keys.clone(),
            away: passed.clone(),
            answer: Answer::Only {
                extensions: others.iter().filter(|id| !passed.contains(id)).copied().collect(),
            },
            ..Story::new(from.clone(), Dialled::Public(number.clone()), at)
        };
        if is_recorded(snapshot, &story, recorded) {
            return Some(story);
        }
    }
    None
}

/// Whether the story ends in a recording on behalf of this extension.
pub(super) fn is_recorded(snapshot: &Snapshot, story: &Story, whom: ExtensionId) -> bool {
    simulate(snapshot, story)
        .steps
        .iter()
        .flat_map(|step| &step.actions)
        .any(|action| matches!(action, Action::StartRecording { owners } if owners.contains(&whom)))
}
