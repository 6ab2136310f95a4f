//! Minutes in which a number reaches nobody, whoever calls.

use super::callers;
use super::cover::minutes;
use super::graph::{How, Stop, find};
use super::{Finding, Problem, Severity, Spot};
use crate::calendar::{Date, LocalTime, Weekday};
use crate::event::Peer;
use crate::extension::{Kind, Member};
use crate::holidays::{HolidayKind, holiday};
use crate::ivr::NodeKind;
use crate::matching::hold;
use crate::routing::{Condition, Destination, Rule};
use crate::snapshot::Snapshot;
use crate::story::Story;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use voxera_model::{Dialled, PhoneNumber};

/// Minutes of one day, the first included and the last not: 0 to 1440.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Span {
    pub from: u16,
    pub to: u16,
}

/// Minutes in which a number reaches nobody: in a week without holidays, and on holidays. Days on
/// which it always reaches somebody are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Silence {
    pub week: BTreeMap<Weekday, Vec<Span>>,
    /// Where they differ from those of the weekday that the holiday falls on.
    pub holidays: BTreeMap<HolidayKind, Vec<Span>>,
}

/// The first days looked at, and how many: every weekday and kind of holiday is among them.
const DAYS: i32 = 800;

pub(super) fn check(snapshot: &Snapshot, from: Date, findings: &mut Vec<Finding>) {
    if snapshot.numbers.is_empty() {
        return;
    }
    let rules: Vec<&Rule> = snapshot.rules.iter().filter(|rule| rule.enabled).collect();
    let mut conditions: Vec<&Condition> = rules.iter().flat_map(|rule| &rule.conditions).collect();
    let mut decides = false;
    for ivr in snapshot.ivrs.values() {
        for node in ivr.ivr.nodes.values() {
            if let NodeKind::Condition { branches, .. } = &node.step {
                decides = true;
                conditions.extend(branches.iter().flat_map(|branch| &branch.conditions));
            }
        }
    }
    let caller = ordinary(&conditions);
    let (weekdays, holidays) = sample(&conditions, from);
    let cells = minutes(&conditions);
    let open = rules.iter().map(|rule| {
        let times = || rule.conditions.iter().filter(|condition| matches!(condition, Condition::Time { .. }));
        let holds = |minute: &u16| {
            let at = LocalTime { day: 0, minute: *minute };
            times().all(|condition| condition.holds(at, &caller, None).is_ok())
        };
        cells.iter().map(holds).collect()
    });
    let open = open.collect();
    let mut town = Town { snapshot, rules, open, caller, decides, known: HashMap::new() };
    for number in snapshot.numbers.keys() {
        let mut silence = Silence::default();
        let mut whole = 0;
        for (weekday, date) in &weekdays {
            let spans = town.spans(number, *date, &cells);
            whole += usize::from(spans == [Span { from: 0, to: 1440 }]);
            if !spans.is_empty() {
                silence.week.insert(*weekday, spans);
            }
        }
        for (kind, date) in &holidays {
            let spans = town.spans(number, *date, &cells);
            let usual = silence.week.get(&date.weekday());
            if usual.map_or(!spans.is_empty(), |usual| *usual != spans) {
                silence.holidays.insert(*kind, spans);
            }
        }
        let first = silence.week.iter().find_map(|(weekday, spans)| {
            Some(LocalTime { day: weekdays.get(weekday)?.days(), minute: spans.first()?.from })
        });
        let first = first.or_else(|| {
            silence.holidays.iter().find_map(|(kind, spans)| {
                Some(LocalTime { day: holidays.get(kind)?.days(), minute: spans.first()?.from })
            })
        });
        let Some(at) = first else { continue };
        let always = whole == weekdays.len();
        // Said already, with the reason.
        let said = |found: &Finding| {
            found.severity != Severity::Hint
                && matches!(&found.spot, Some(Spot::Number { number: known }) if known == number)
        };
        if always && findings.iter().any(said) {
            continue;
        }
        findings.push(Finding {
            severity: if always { Severity::Warning } else { Severity::Hint },
            problem: Problem::ReachesNobody { always, silence },
            spot: Some(Spot::Number { number: number.clone() }),
            witness: Some(Story::new(town.caller.clone(), Dialled::Public(number.clone()), at)),
        });
    }
}

/// A caller whom no rule names, as far as there is one.
fn ordinary(conditions: &[&Condition]) -> Peer {
    let named: Vec<&[Condition]> = conditions
        .iter()
        .filter(|condition| matches!(condition, Condition::Caller { .. }))
        .map(|condition| std::slice::from_ref(*condition))
        .collect();
    let usual = PhoneNumber::parse("+46701740605").ok();
    let is_named = |number: &PhoneNumber| {
        let peer = Peer::Outside(Some(number.clone()));
        named.iter().any(|conditions| hold(conditions, LocalTime::default(), &peer, None).is_ok())
    };
    let unnamed = usual
        .clone()
        .filter(|number| !is_named(number))
        .or_else(|| callers::find(&[], &named).ok().flatten());
    Peer::Outside(unnamed.or(usual))
}

/// A day of each sort that is in no range of dates, as far as there is one.
fn sample(conditions: &[&Condition], from: Date) -> (BTreeMap<Weekday, Date>, BTreeMap<HolidayKind, Date>) {
    let (mut weekdays, mut holidays) = (BTreeMap::new(), BTreeMap::new());
    let named = |date: Date| {
        conditions.iter().any(|condition| {
            matches!(condition, Condition::Dates { ranges }
                if ranges.iter().any(|range| (range.from..=range.to).contains(&date)))
        })
    };
    let dates = (0..DAYS).map(|day| LocalTime { day: from.days() + day, minute: 0 }.date());
    let (mut plain, mut special): (Vec<Date>, Vec<Date>) = dates.partition(|date| !named(*date));
    plain.append(&mut special);
    for date in plain {
        match holiday(date) {
            None => {
                weekdays.entry(date.weekday()).or_insert(date);
            }
            // A holiday in the middle of the week shows most.
            Some(found) if date.weekday() < Weekday::Saturday => {
                holidays.entry(found.kind).or_insert(date);
            }
            Some(_) => {}
        }
    }
    (weekdays, holidays)
}

struct Town<'a> {
    snapshot: &'a Snapshot,
    rules: Vec<&'a Rule>,
    /// For each rule the stretches of a day in which its times hold.
    open: Vec<Vec<bool>>,
    caller: Peer,
    /// Whether any menu decides by time, caller or number.
    decides: bool,
    /// Whether a menu leads to anybody at a time.
    known: HashMap<(Stop, LocalTime, PhoneNumber), bool>,
}

impl Town<'_> {
    /// Minutes of a day in which a number reaches nobody.
    fn spans(&mut self, number: &PhoneNumber, date: Date, cells: &[u16]) -> Vec<Span> {
        let day = date.days();
        // What does not change within a day is looked at once.
        let holds_today = |condition: &Condition| {
            matches!(condition, Condition::Time { .. })
                || condition.holds(LocalTime { day, minute: 0 }, &self.caller, Some(number)).is_ok()
        };
        let mut takers: Vec<Option<&Rule>> = vec![None; cells.len()];
        for (rule, open) in self.rules.iter().zip(&self.open) {
            if rule.conditions.iter().all(holds_today) {
                let free = takers.iter_mut().zip(open).filter(|(taker, open)| **open && taker.is_none());
                free.for_each(|(taker, _)| *taker = Some(*rule));
            }
        }
        let mut spans: Vec<Span> = Vec::new();
        for (index, (minute, taker)) in cells.iter().zip(takers).enumerate() {
            let at = LocalTime { day, minute: *minute };
            let to = match taker {
                Some(rule) => Some(&rule.to),
                None => self.snapshot.numbers.get(number),
            };
            if to.is_some_and(|to| self.reaches(to, at, number)) {
                continue;
            }
            let end = cells.get(index + 1).copied().unwrap_or(1440);
            match spans.last_mut() {
                Some(last) if last.to == *minute => last.to = end,
                _ => spans.push(Span { from: *minute, to: end }),
            }
        }
        spans
    }

    fn reaches(&mut self, to: &Destination, at: LocalTime, number: &PhoneNumber) -> bool {
        let Some(stop) = Stop::of(self.snapshot, to) else { return false };
        let key = (stop, if self.decides { at } else { LocalTime::default() }, number.clone());
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let reaches = self.somebody(&key.0, at, number, &mut BTreeSet::new());
        self.known.insert(key, reaches);
        reaches
    }

    /// Whether anybody can be reached from a place, if all goes well.
    fn somebody(&self, stop: &Stop, at: LocalTime, number: &PhoneNumber, seen: &mut BTreeSet<Stop>) -> bool {
        let mut open = vec![stop.clone()];
        while let Some(stop) = open.pop() {
            if !seen.insert(stop.clone()) {
                continue;
            }
            if self.is_somebody(&stop) {
                return true;
            }
            if let Stop::Node(flow, id) = &stop
                && let Some(node) = find(self.snapshot, *flow, id)
                && let NodeKind::Condition { branches, otherwise } = &node.step
            {
                let taken = branches
                    .iter()
                    .find(|branch| hold(&branch.conditions, at, &self.caller, Some(number)).is_ok())
                    .map_or(otherwise, |branch| &branch.next);
                open.extend(taken.iter().map(|next| Stop::Node(*flow, next.clone())));
            } else {
                // Members are counted with their group.
                let ways = stop.ways(self.snapshot).into_iter().filter(|(how, _)| *how != How::Member);
                open.extend(ways.map(|(_, next)| next));
            }
        }
        false
    }

    fn is_somebody(&self, stop: &Stop) -> bool {
        let snapshot = self.snapshot;
        match stop {
            Stop::Extension(id) => {
                snapshot.extension(*id).is_some_and(|(_, extension)| match &extension.kind {
                    Kind::User(user) => {
                        user.forwarding.always.is_none() && !user.do_not_disturb && !user.devices.is_empty()
                    }
                    Kind::Queue(queue) => snapshot.features.queues && has_phones(snapshot, &queue.members),
                    Kind::HuntGroup(group) => {
                        snapshot.features.hunt_groups && has_phones(snapshot, &group.members)
                    }
                    Kind::Conference(_) => snapshot.features.conferencing,
                    Kind::Ivr { .. } | Kind::Voicemail { .. } | Kind::External { .. } => false,
                })
            }
            Stop::Mailbox(id) => {
                let user = snapshot.extension(*id).and_then(|(_, extension)| extension.user());
                snapshot.features.voicemail && user.is_some_and(|user| user.mailbox.is_some())
            }
            Stop::Outside(_) => !snapshot.trunks.is_empty(),
            Stop::Node(flow, node) => {
                find(snapshot, *flow, node).is_some_and(|node| matches!(node.step, NodeKind::Callback { .. }))
            }
            Stop::End => false,
        }
    }
}

/// Whether any member has a phone.
pub(super) fn has_phones(snapshot: &Snapshot, members: &[Member]) -> bool {
    members.iter().any(|member| {
        snapshot.extension(member.extension).is_some_and(|(_, extension)| !extension.devices().is_empty())
    })
}
