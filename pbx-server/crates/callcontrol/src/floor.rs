//! What happens inside one PBX at this moment, beside its registrations: who talks, whose phone
//! rings, who waits in line, and what queues remember of their members.

use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use voxera_callflow::{
    Action, Cursor, Event, Kind, MemberFacts, ParkedCall, Peer, Position, QueueFacts, RingTarget,
    RingingCall, Rung, Snapshot, Standing,
};
use voxera_model::{CallId, ExtensionId};

/// One PBX's calls and queues.
#[derive(Debug, Default)]
pub(crate) struct Floor {
    calls: BTreeMap<CallId, OnFloor>,
    histories: HashMap<ExtensionId, History>,
    /// Counts what happens, for an order in time.
    turns: u64,
}

/// One call.
#[derive(Debug)]
pub(crate) struct OnFloor {
    /// `None` while its first step is taken.
    pub(crate) standing: Option<Standing>,
    pub(crate) line: Option<InLine>,
    /// Extensions whose phones ring for it, and since when.
    ringing: Vec<ExtensionId>,
    rings_since: u64,
    /// Extensions that take part.
    up: Vec<ExtensionId>,
    /// The queue it came through, and the member who took it.
    serves: Option<(ExtensionId, ExtensionId)>,
    woken: Arc<Notify>,
}

/// A place in line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InLine {
    pub(crate) queue: ExtensionId,
    pub(crate) since: DateTime<Utc>,
    turn: u64,
    offered: bool,
}

/// What a queue or hunt group remembers.
#[derive(Debug, Default)]
struct History {
    last: Option<ExtensionId>,
    members: HashMap<ExtensionId, Served>,
}

#[derive(Debug, Default)]
struct Served {
    /// The day that `calls` counts, in the PBX's zone.
    day: i32,
    calls: u32,
    ended: Option<Instant>,
    rests_until: Option<Instant>,
}

/// When a step is taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) instant: Instant,
    /// In the PBX's zone.
    pub(crate) day: i32,
}

/// What a step changed for others.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    /// Extensions that entered a call, with multiplicity.
    pub(crate) began: Vec<ExtensionId>,
    /// Extensions that left one.
    pub(crate) ended: Vec<ExtensionId>,
    /// Somebody came into a line, left it, or is being offered.
    pub(crate) line: bool,
}

impl Changed {
    /// Whether waiting callers and those who watch queues want to know.
    pub(crate) fn matters(&self) -> bool {
        self.line || !self.began.is_empty() || !self.ended.is_empty()
    }
}

impl Floor {
    pub(crate) fn enter(&mut self, call: CallId, woken: &Arc<Notify>) {
        let fresh = OnFloor {
            standing: None,
            line: None,
            ringing: Vec::new(),
            rings_since: 0,
            up: Vec::new(),
            serves: None,
            woken: Arc::clone(woken),
        };
        self.calls.insert(call, fresh);
    }

    /// Phones that rang for a call do so no longer; before the core looks at who is free.
    pub(crate) fn rang_out(&mut self, call: CallId) -> Vec<ExtensionId> {
        self.calls.get_mut(&call).map(|entry| std::mem::take(&mut entry.ringing)).unwrap_or_default()
    }

    /// An engine that rings members itself says that one rings, or no longer.
    pub(crate) fn offers(&mut self, call: CallId, member: ExtensionId, rings: bool) -> Changed {
        let mut changed = Changed::default();
        let Some(entry) = self.calls.get_mut(&call).filter(|entry| entry.line.is_some()) else {
            return changed;
        };
        match (entry.ringing.iter().position(|one| *one == member), rings) {
            (None, true) => {
                entry.ringing.push(member);
                changed.began.push(member);
            }
            (Some(at), false) => {
                entry.ringing.swap_remove(at);
                changed.ended.push(member);
            }
            (Some(_), true) | (None, false) => {}
        }
        changed
    }

    /// Follows one step of a call.
    pub(crate) fn follow(
        &mut self,
        call: CallId,
        snapshot: &Snapshot,
        event: &Event,
        actions: &[Action],
        next: Option<&Cursor>,
        now: Moment,
    ) -> Changed {
        self.turns += 1;
        let turn = self.turns;
        let Some(entry) = self.calls.get_mut(&call) else { return Changed::default() };
        let mut changed = Changed::default();
        let mut ringing = entry.ringing.clone();
        let group = next.and_then(rung_for);
        for action in actions {
            match action {
                Action::Ring { targets, .. } => {
                    ringing = targets.iter().filter_map(extension).collect();
                    entry.rings_since = turn;
                    if let (Some(group), Some(last)) = (group, ringing.last()) {
                        self.histories.entry(group).or_default().last = Some(*last);
                    }
                }
                Action::Bridge => {
                    ringing.clear();
                    let member = answered(snapshot, event);
                    if let (Some(line), Some(member)) = (entry.line, member) {
                        entry.serves = Some((line.queue, member));
                        let members = &mut self.histories.entry(line.queue).or_default().members;
                        members.entry(member).or_default().took(now.day);
                    }
                }
                Action::StopRinging | Action::Hangup { .. } => ringing.clear(),
                _ => {}
            }
        }
        if next.is_none() {
            ringing.clear();
        }
        let up: Vec<ExtensionId> = next.map(|cursor| parties(snapshot, cursor)).unwrap_or_default();
        let before: Vec<ExtensionId> = entry.up.iter().chain(&entry.ringing).copied().collect();
        let after: Vec<ExtensionId> = up.iter().chain(&ringing).copied().collect();
        changed.began = without(&after, &before);
        changed.ended = without(&before, &after);
        if let Some((queue, member)) = entry.serves.filter(|(_, member)| !up.contains(member)) {
            entry.serves = None;
            let rest = wrap_up(snapshot, queue);
            let served = self.histories.entry(queue).or_default().members.entry(member).or_default();
            served.ended = Some(now.instant);
            served.rests_until = (!rest.is_zero()).then(|| now.instant + rest);
        }
        let line = next.and_then(|cursor| Some((cursor.queue()?, cursor.is_offered())));
        let was = entry.line.map(|line| (line.queue, line.offered));
        if line != was {
            changed.line = true;
            entry.line = line.map(|(queue, offered)| match entry.line.filter(|line| line.queue == queue) {
                Some(line) => InLine { offered, ..line },
                None => InLine { queue, since: Utc::now(), turn, offered },
            });
        }
        entry.ringing = ringing;
        entry.up = up;
        entry.standing = next.map(Cursor::standing);
        if next.is_none() {
            self.calls.remove(&call);
        }
        changed
    }

    /// A call that ended without its core: what it held is free.
    pub(crate) fn leave(&mut self, call: CallId) -> Changed {
        let Some(entry) = self.calls.remove(&call) else { return Changed::default() };
        Changed {
            began: Vec::new(),
            ended: entry.up.into_iter().chain(entry.ringing).collect(),
            line: entry.line.is_some(),
        }
    }

    /// Queues and groups with callers or a past, as this call meets them.
    pub(crate) fn queues(&self, call: CallId, now: Moment) -> BTreeMap<ExtensionId, QueueFacts> {
        let mut facts: BTreeMap<ExtensionId, QueueFacts> = BTreeMap::new();
        for (queue, history) in &self.histories {
            let of = facts.entry(*queue).or_default();
            of.last = history.last;
            of.members =
                history.members.iter().map(|(member, served)| (*member, served.facts(now))).collect();
        }
        let own = self.calls.get(&call).and_then(|entry| entry.line);
        for (id, entry) in &self.calls {
            let Some(line) = entry.line else { continue };
            let of = facts.entry(line.queue).or_default();
            of.waiting = of.waiting.saturating_add(1);
            let before = own.is_none_or(|own| own.queue != line.queue || line.turn < own.turn);
            if *id != call && !line.offered && before {
                of.ahead = of.ahead.saturating_add(1);
            }
        }
        facts
    }

    /// Phones that ring, the longest first.
    pub(crate) fn ringing(&self, snapshot: &Snapshot) -> Vec<RingingCall> {
        let mut calls: Vec<_> = self.calls.iter().filter(|(_, entry)| !entry.ringing.is_empty()).collect();
        calls.sort_by_key(|(_, entry)| entry.rings_since);
        let rings = |(call, entry): (&CallId, &OnFloor)| {
            let numbers = entry.ringing.iter().filter_map(|id| snapshot.ids.get(id)).cloned();
            numbers.map(|extension| RingingCall { call: *call, extension }).collect::<Vec<_>>()
        };
        calls.into_iter().flat_map(rings).collect()
    }

    /// Calls in slots.
    pub(crate) fn parked(&self) -> Vec<ParkedCall> {
        let parked = |(call, entry): (&CallId, &OnFloor)| match entry.standing {
            Some(Standing::Parked { slot }) => Some(ParkedCall { slot, call: *call }),
            _ => None,
        };
        self.calls.iter().filter_map(parked).collect()
    }

    /// Members of every room that has any.
    pub(crate) fn rooms(&self) -> BTreeMap<ExtensionId, u16> {
        let mut rooms: BTreeMap<ExtensionId, u16> = BTreeMap::new();
        for entry in self.calls.values() {
            if let Some(Standing::Conference { room }) = entry.standing {
                *rooms.entry(room).or_default() += 1;
            }
        }
        rooms
    }

    /// Extensions that talk with somebody, once for each of their calls.
    pub(crate) fn talking(&self) -> impl Iterator<Item = ExtensionId> {
        let up = self.calls.values().filter(|entry| entry.standing == Some(Standing::Connected));
        up.flat_map(|entry| entry.up.iter().copied())
    }

    /// Extensions whose phones ring.
    pub(crate) fn rings(&self, extension: ExtensionId) -> bool {
        self.calls.values().any(|entry| entry.ringing.contains(&extension))
    }

    /// The callers of one queue, in order.
    pub(crate) fn waiting(&self, queue: ExtensionId) -> Vec<(CallId, DateTime<Utc>)> {
        let mut waiting: Vec<_> =
            self.calls.iter().filter_map(|(call, entry)| Some((*call, entry.line?))).collect();
        waiting.retain(|(_, line)| line.queue == queue);
        waiting.sort_by_key(|(_, line)| line.turn);
        waiting.into_iter().map(|(call, line)| (call, line.since)).collect()
    }

    /// A member's past in one queue.
    pub(crate) fn served(&self, queue: ExtensionId, member: ExtensionId, now: Moment) -> MemberFacts {
        let served = self.histories.get(&queue).and_then(|history| history.members.get(&member));
        served.map(|served| served.facts(now)).unwrap_or_default()
    }

    /// Wakes the first of each line who is not being offered to anybody: they look whether they can
    /// be. Those behind them are woken when these moved on.
    pub(crate) fn wake(&self, but: Option<CallId>) {
        let mut heads: HashMap<ExtensionId, (u64, CallId, &Arc<Notify>)> = HashMap::new();
        for (call, entry) in &self.calls {
            let Some(line) = entry.line.filter(|line| !line.offered) else { continue };
            let head = heads.entry(line.queue).or_insert((line.turn, *call, &entry.woken));
            if line.turn < head.0 {
                *head = (line.turn, *call, &entry.woken);
            }
        }
        for (_, call, woken) in heads.into_values() {
            if Some(call) != but {
                woken.notify_one();
            }
        }
    }
}

impl Served {
    fn took(&mut self, today: i32) {
        if self.day != today {
            (self.day, self.calls) = (today, 0);
        }
        self.calls = self.calls.saturating_add(1);
    }

    fn facts(&self, now: Moment) -> MemberFacts {
        let idle = |ended: Instant| {
            u32::try_from(now.instant.saturating_duration_since(ended).as_secs()).unwrap_or(u32::MAX)
        };
        MemberFacts {
            calls: if self.day == now.day { self.calls } else { 0 },
            idle: self.ended.map(idle),
            resting: self.rests_until.is_some_and(|until| until > now.instant),
        }
    }
}

/// The queue or group whose members ring.
fn rung_for(cursor: &Cursor) -> Option<ExtensionId> {
    match &cursor.position {
        Position::Ringing { whom: Rung::Group { group, .. } } => Some(*group),
        _ => cursor.queue(),
    }
}

const fn extension(target: &RingTarget) -> Option<ExtensionId> {
    match target {
        RingTarget::Extension { extension, .. } => Some(*extension),
        RingTarget::Outside { .. } => None,
    }
}

fn answered(snapshot: &Snapshot, event: &Event) -> Option<ExtensionId> {
    let (Event::Answered { by } | Event::Replaced { by, .. }) = event else { return None };
    own(snapshot, by)
}

fn own(snapshot: &Snapshot, peer: &Peer) -> Option<ExtensionId> {
    let Peer::Extension(number) = peer else { return None };
    snapshot.extensions.get(number).map(|extension| extension.id)
}

/// The extensions that take part in a call.
fn parties(snapshot: &Snapshot, cursor: &Cursor) -> Vec<ExtensionId> {
    let other = cursor.other();
    [Some(&cursor.from), other.as_ref()]
        .into_iter()
        .flatten()
        .filter_map(|peer| own(snapshot, peer))
        .collect()
}

fn wrap_up(snapshot: &Snapshot, queue: ExtensionId) -> Duration {
    match snapshot.extension(queue).map(|(_, extension)| &extension.kind) {
        Some(Kind::Queue(queue)) => queue.wrap_up.into(),
        _ => Duration::ZERO,
    }
}

/// What is in the first list and not in the second; each of the second takes away one.
fn without(all: &[ExtensionId], less: &[ExtensionId]) -> Vec<ExtensionId> {
    let mut left = all.to_vec();
    for gone in less {
        if let Some(at) = left.iter().position(|one| one == gone) {
            left.swap_remove(at);
        }
    }
    left
}
