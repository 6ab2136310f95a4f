//! Phones that hear each other: two on a bridge with those who listen in, or the members of a room.

use super::ear::Ear;
use super::endpoint::EndpointId;
use super::event::MediaEvent;
use super::leg::{Leg, Route, Scratch, samples};
use super::tape::CallTape;
use super::threads::{Worker, lock};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What one who listens in on a bridge is to the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListenMode {
    /// Hears both, is not heard.
    Listen,
    /// Heard by the one listened to, not by the other.
    Whisper,
    /// Heard by both.
    Barge,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// One of the two, or a member of a room.
    Party,
    Listener {
        to: EndpointId,
        mode: ListenMode,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Bridge,
    Room,
}

#[derive(Debug)]
pub struct Group {
    pub number: u64,
    kind: Kind,
    pub worker: Arc<Worker>,
    /// Its sound is decoded and mixed.
    mixes: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    members: Vec<Member>,
    tape: Option<CallTape>,
    /// Hz of the mix.
    rate: u32,
    /// Set while silence is a fault.
    watched: Option<Instant>,
    told: bool,
}

#[derive(Debug)]
struct Member {
    leg: Arc<Leg>,
    role: Role,
    /// What came from it in this beat.
    said: Vec<i16>,
    /// It hears the other's packets as they are.
    relayed: bool,
}

impl Group {
    pub fn new(number: u64, kind: Kind, worker: &Arc<Worker>) -> Arc<Self> {
        let group = Arc::new(Self {
            number,
            kind,
            worker: Arc::clone(worker),
            mixes: AtomicBool::new(false),
            state: Mutex::default(),
        });
        worker.adopt(&group);
        group
    }

    pub fn ticks(&self) -> bool {
        self.mixes.load(Ordering::Relaxed)
    }

    /// How many are in it as parties.
    pub fn parties(&self) -> usize {
        lock(&self.state).members.iter().filter(|member| member.role == Role::Party).count()
    }

    /// Takes legs in, out of wherever they were.
    pub fn join<const N: usize>(self: &Arc<Self>, legs: [&Arc<Leg>; N], role: Role) {
        for leg in legs {
            let before = leg.state().group.clone().and_then(|group| group.upgrade());
            if let Some(before) = before {
                before.leave(leg);
            }
            let mut group = lock(&self.state);
            group.members.push(Member { leg: Arc::clone(leg), role, said: Vec::new(), relayed: false });
            let mut state = leg.state();
            state.group = Some(Arc::downgrade(self));
            state.out.restart();
            leg.settle_alone(&mut state);
        }
        self.settle();
    }

    /// Lets a leg go, if it is here; it then hears silence.
    pub fn leave(self: &Arc<Self>, leg: &Arc<Leg>) {
        {
            let mut group = lock(&self.state);
            let before = group.members.len();
            group.members.retain(|member| !Arc::ptr_eq(&member.leg, leg));
            if group.members.len() == before {
                return;
            }
            let mut state = leg.state();
            state.group = None;
            state.speaks = true;
            state.out.restart();
            leg.settle_alone(&mut state);
        }
        self.settle();
    }

    pub fn set_role(&self, leg: &Arc<Leg>, role: Role) {
        let mut group = lock(&self.state);
        if let Some(member) = group.members.iter_mut().find(|member| Arc::ptr_eq(&member.leg, leg)) {
            member.role = role;
        }
        drop(group);
        self.settle();
    }

    /// Ends it: everybody hears silence, and those who listened in are told.
    pub fn end(self: &Arc<Self>) {
        self.worker.forget(self.number);
        let (members, tape) = {
            let mut group = lock(&self.state);
            self.mixes.store(false, Ordering::Relaxed);
            (std::mem::take(&mut group.members), group.tape.take())
        };
        drop(tape);
        for member in members {
            let call = {
                let mut state = member.leg.state();
                state.group = None;
                state.speaks = true;
                state.out.restart();
                member.leg.settle_alone(&mut state);
                state.call
            };
            if member.role != Role::Party {
                member.leg.tell(MediaEvent::ListeningEnded(call, member.leg.id));
            }
        }
    }

    /// Whether silence is a fault.
    pub fn watch(&self, on: bool) {
        let mut group = lock(&self.state);
        if group.watched.is_some() != on {
            group.watched = on.then(Instant::now);
            group.told = false;
        }
    }

    pub fn record(&self, tape: CallTape) {
        lock(&self.state).tape = Some(tape);
        self.settle();
    }

    pub fn take_tape(&self) -> Option<CallTape> {
        let tape = lock(&self.state).tape.take();
        self.settle();
        tape
    }

    /// The next 20 ms of everybody; how many packets went out.
    pub fn beat(&self, scratch: &mut Scratch, now: Instant) -> u64 {
        let mut group = lock(&self.state);
        let rate = group.rate;
        for member in &mut group.members {
            let mut state = member.leg.state();
            state.pull(rate, &mut member.said);
            if let Some(end) = state.message(&member.said, rate) {
                member.leg.tell(end.event(state.call, member.leg.id));
            }
        }
        let mut changed = group.tape(rate, scratch);
        if self.kind == Kind::Room {
            group.sum(rate, scratch, |_| true);
        }
        let mut sent = 0;
        for member in group.members.iter().filter(|member| !member.relayed) {
            match self.kind {
                Kind::Room => scratch.without(&member.said),
                Kind::Bridge => {
                    group.sum(rate, scratch, |other| {
                        !Arc::ptr_eq(&other.leg, &member.leg) && member.hears(other)
                    });
                    scratch.without(&[]);
                }
            }
            let mut state = member.leg.state();
            let played = state.player.is_some();
            sent += u64::from(member.leg.send(&mut state, rate, &mut scratch.heard, now));
            changed |= played && state.player.is_none();
        }
        drop(group);
        if changed {
            self.settle();
        }
        sent
    }

    /// Finds a bridge that fell silent.
    pub fn look(&self, timeout: Duration, now: Instant) {
        let mut group = lock(&self.state);
        let Some(since) = group.watched else { return };
        let heard = group.members.iter().filter_map(|member| member.leg.state().latch.heard()).max();
        let last = heard.map_or(since, |heard| heard.max(since));
        if now.saturating_duration_since(last) < timeout || std::mem::replace(&mut group.told, true) {
            return;
        }
        if let Some(first) = group.members.first() {
            let call = first.leg.state().call;
            first.leg.tell(MediaEvent::Silent(call));
        }
    }

    /// Finds the cheapest way that does what is asked, for each direction: packets that pass as they
    /// are, decoded beside that for whoever listens or records; or a mix.
    pub fn settle(&self) {
        let mut group = lock(&self.state);
        group.rate = group.members.iter().map(|member| member.leg.state().rate()).max().unwrap_or(8000);
        let tapped = group.tape.as_ref().is_some_and(CallTape::is_running)
            || group.members.iter().any(|member| member.role != Role::Party);
        let others: Vec<_> = (0..group.members.len()).map(|at| self.other(&group.members, at)).collect();
        let relayed: Vec<_> = others
            .iter()
            .enumerate()
            .map(|(at, other)| other.is_some_and(|other| group.passes(other, at)))
            .collect();
        let mut ticks = tapped;
        for (at, other) in others.into_iter().enumerate() {
            let to = other.map(|other| (Arc::downgrade(&group.members[other].leg), relayed[other]));
            let member = &mut group.members[at];
            let mut state = member.leg.state();
            let decoded = tapped || state.tape.is_some() || !matches!(to, Some((_, true)));
            state.route = match to {
                Some((to, true)) => Route::Relay(to),
                Some((to, false)) => Route::Mixed { digits_to: Some(to) },
                None => Route::Mixed { digits_to: None },
            };
            if std::mem::replace(&mut member.relayed, relayed[at]) != relayed[at] {
                state.out.restart();
            }
            if !decoded {
                state.ear = None;
            } else if state.ear.is_none() {
                state.ear = Some(Ear::new());
            }
            ticks |= decoded || !relayed[at];
        }
        self.mixes.store(ticks, Ordering::Relaxed);
        if ticks {
            self.worker.wake();
        }
    }

    /// The other one of a bridge's two.
    fn other(&self, members: &[Member], at: usize) -> Option<usize> {
        let party = |member: &Member| self.kind == Kind::Bridge && member.role == Role::Party;
        let other = members.iter().enumerate().find(|(other, member)| *other != at && party(member));
        other.filter(|_| party(&members[at])).map(|(other, _)| other)
    }
}

impl Member {
    /// Whether it hears the other.
    fn hears(&self, other: &Self) -> bool {
        match (self.role, other.role) {
            (_, Role::Party | Role::Listener { mode: ListenMode::Barge, .. }) => true,
            (Role::Party, Role::Listener { to, mode: ListenMode::Whisper }) => to == self.leg.id,
            (_, Role::Listener { .. }) => false,
        }
    }
}

impl State {
    /// Adds up what some said.
    fn sum(&self, rate: u32, scratch: &mut Scratch, whom: impl Fn(&Member) -> bool) {
        scratch.mix.clear();
        scratch.mix.resize(samples(rate), 0);
        for member in self.members.iter().filter(|member| whom(member)) {
            for (sum, said) in scratch.mix.iter_mut().zip(&member.said) {
                *sum += i32::from(*said);
            }
        }
    }

    /// Records both sides; whether that came to an end. One who barges in is with the right.
    fn tape(&mut self, rate: u32, scratch: &mut Scratch) -> bool {
        let Some(left) = self.tape.as_ref().filter(|tape| tape.is_running()).map(|tape| tape.left) else {
            return false;
        };
        let heard = |member: &Member| {
            matches!(member.role, Role::Party | Role::Listener { mode: ListenMode::Barge, .. })
        };
        self.sum(rate, scratch, |member| member.leg.id != left && heard(member));
        scratch.without(&[]);
        let own = self.members.iter().find(|member| member.leg.id == left);
        let silence = vec![0; samples(rate)];
        let said = own.map_or(&silence, |own| &own.said);
        let Some(Err(why)) = self.tape.as_mut().map(|tape| tape.take(said, &scratch.heard, rate)) else {
            return false;
        };
        if let Some(first) = own.or(self.members.first()) {
            let call = first.leg.state().call;
            first.leg.tell(MediaEvent::RecordingFailed(call, left, why));
        }
        true
    }

    /// Whether packets can go from one party to the other as they are.
    fn passes(&self, from: usize, to: usize) -> bool {
        let (from, to) = (&self.members[from], &self.members[to]);
        if self.members.iter().any(|third| third.role != Role::Party && to.hears(third)) {
            return false;
        }
        let codec = from.leg.state().format.map(|format| format.codec);
        let state = to.leg.state();
        let same = codec.zip(state.format).is_none_or(|(codec, format)| codec == format.codec);
        same && state.player.is_none()
    }
}
