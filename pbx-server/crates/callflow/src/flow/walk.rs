//! One step being made: what was decided so far, and the words for it.

use super::{Goal, Next, arrive, group, ivr, mailbox, outside, queue, user};
use crate::calendar::LocalTime;
use crate::cursor::{Cursor, Journey, Position, Then};
use crate::event::{Event, Peer};
use crate::extension::{Extension, Kind};
use crate::facts::{Availability, Facts};
use crate::reason::{Feature, Reason, Who};
use crate::routing::Destination;
use crate::snapshot::Snapshot;
use crate::sound::{Prompt, Sound};
use crate::step::{Action, Cause, Party, Step, TraceEntry};
use crate::words;
use voxera_model::{ExtensionId, ExtensionNumber, Locale};

/// Extensions and destinations that a call visits without a key pressed by the caller.
const MOST_HOPS: u8 = 10;
/// Nodes of menus that a call visits without a key pressed by the caller.
const MOST_NODES: u16 = 200;
/// Days of the years 1900 to 2200, which is all that calendars here know.
const DAYS: (i32, i32) = (-25_567, 84_370);

pub(super) struct Walk<'a> {
    pub snapshot: &'a Snapshot,
    pub facts: &'a Facts,
    /// Milliseconds since the call began; never before the timer that just rang.
    pub clock: u64,
    /// The version that the call started on.
    started: u64,
    pub from: Peer,
    pub journey: Journey,
    /// The timer that was set last rang just now.
    rang: bool,
    actions: Vec<Action>,
    trace: Vec<TraceEntry>,
}

impl<'a> Walk<'a> {
    pub fn new(snapshot: &'a Snapshot, facts: &'a Facts, cursor: Option<&Cursor>, event: &Event) -> Self {
        let mut walk = Self {
            snapshot,
            facts,
            clock: facts.clock,
            started: cursor.map_or(snapshot.version, |cursor| cursor.snapshot),
            from: cursor.map_or(Peer::Outside(None), |cursor| cursor.from.clone()),
            journey: cursor.map(|cursor| cursor.journey.clone()).unwrap_or_default(),
            rang: false,
            actions: Vec::new(),
            trace: Vec::new(),
        };
        if let Event::Timer { timer } = event
            && *timer == walk.journey.timer
            && let Some(due) = walk.journey.due.take()
        {
            walk.clock = walk.clock.max(due);
            walk.rang = true;
        }
        if matches!(event, Event::Key { .. }) {
            walk.journey.hops = 0;
            walk.journey.nodes = 0;
        }
        walk
    }

    /// Visits one goal after the other until the call waits or is over.
    pub fn run(mut self, mut next: Next) -> Step {
        loop {
            next = match next {
                Next::Wait(position) => return self.waits(position),
                Next::End(cause) => return self.ends(cause),
                Next::Refuse(cause) => self.refuse(cause),
                Next::Go(goal) => self.visit(goal),
            };
        }
    }

    fn waits(mut self, position: Position) -> Step {
        let timed = match &position {
            Position::Menu { .. }
            | Position::Waiting(_)
            | Position::Pin { .. }
            | Position::Messages { .. }
            | Position::Callback { .. }
            | Position::Parked(_) => true,
            Position::Ringing { .. }
            | Position::Connected { .. }
            | Position::Emergency
            | Position::Hearing { .. }
            | Position::Leaving { .. }
            | Position::Conference { .. }
            | Position::PickingUp
            | Position::TakingParked { .. }
            | Position::Testing { .. }
            | Position::Listening { .. } => false,
        };
        if !timed {
            self.journey.due = None;
        }
        let next = Cursor { snapshot: self.started, from: self.from, position, journey: self.journey };
        Step { actions: self.actions, next: Some(next), trace: self.trace }
    }

    fn ends(mut self, cause: Cause) -> Step {
        self.actions.push(Action::Hangup { cause });
        Step { actions: self.actions, next: None, trace: self.trace }
    }

    /// A caller who hears us is not left with a click.
    fn refuse(&mut self, cause: Cause) -> Next {
        if !self.journey.answered {
            return Next::End(cause);
        }
        let sound = self.speech(words::sorry(cause, self.language()));
        self.play(vec![sound]);
        Next::Wait(Position::Hearing { then: Then::End { cause } })
    }

    fn visit(&mut self, goal: Goal) -> Next {
        let counted = match &goal {
            Goal::Node(_) => {
                self.journey.nodes = self.journey.nodes.saturating_add(1);
                None
            }
            Goal::Extension(_) | Goal::Outside { .. } | Goal::Menu(_) | Goal::Mailbox(_) => {
                self.journey.hops = self.journey.hops.saturating_add(1);
                None
            }
            Goal::Destination(_) | Goal::Failed(_) => Some(()),
        };
        if counted.is_none() {
            if self.journey.nodes > MOST_NODES {
                self.say(Reason::TooManyNodes);
                return Next::Refuse(Cause::Fault);
            }
            if self.journey.hops > MOST_HOPS {
                self.say(Reason::TooManyHops);
                return Next::Refuse(Cause::Fault);
            }
        }
        match goal {
            Goal::Extension(id) => self.extension(id),
            Goal::Destination(to) => self.destination(to),
            Goal::Outside { number, by } => outside::call(self, number, by.as_ref()),
            Goal::Menu(flow) => ivr::enter(self, flow),
            Goal::Node(place) => ivr::visit(self, &place),
            Goal::Mailbox(id) => mailbox::enter(self, id),
            Goal::Failed(cause) => self.failed(cause),
        }
    }

    fn extension(&mut self, id: ExtensionId) -> Next {
        let Some((number, extension)) = self.snapshot.extension(id) else {
            self.say(Reason::LeadsToMissing);
            return Next::Go(Goal::Failed(Cause::UnknownNumber));
        };
        match &extension.kind {
            Kind::User(user) => user::enter(self, number, extension, user),
            Kind::HuntGroup(of) => group::enter(self, extension, of),
            Kind::Queue(of) => queue::enter(self, extension, of),
            Kind::Ivr { flow } => Next::Go(Goal::Menu(*flow)),
            Kind::Conference(_) => super::conference::enter(self, id),
            Kind::Voicemail { mailbox } => Next::Go(Goal::Mailbox(*mailbox)),
            Kind::External { number } => Next::Go(Goal::Outside { number: number.clone(), by: None }),
        }
    }

    fn destination(&mut self, to: Destination) -> Next {
        match to {
            Destination::Nowhere => {
                self.say(Reason::LeadsToMissing);
                Next::Go(Goal::Failed(Cause::UnknownNumber))
            }
            Destination::Extension { extension } => Next::Go(Goal::Extension(extension)),
            Destination::Ivr { flow } => Next::Go(Goal::Menu(flow)),
            Destination::Voicemail { mailbox } => Next::Go(Goal::Mailbox(mailbox)),
            Destination::Outside { number } => Next::Go(Goal::Outside { number, by: None }),
            Destination::Hangup => Next::End(Cause::Normal),
        }
    }

    /// A menu that waits for such calls takes this one back; otherwise it is over.
    fn failed(&mut self, cause: Cause) -> Next {
        match self.journey.failed.take() {
            Some(place) => {
                if let Some(node) = ivr::name(self.snapshot, &place) {
                    self.say(Reason::MenuTakesBack { node });
                }
                Next::Go(Goal::Node(place))
            }
            None => Next::Refuse(cause),
        }
    }

    /// An event that a position has no use for.
    pub fn otherwise(&mut self, position: &Position, event: &Event) -> Next {
        match event {
            Event::Played | Event::Key { .. } | Event::Timer { .. } | Event::Woken => {}
            Event::HungUp { by: Party::System } => {
                self.say(Reason::EndedBySystem);
                return Next::End(Cause::Normal);
            }
            Event::HungUp { by: Party::Caller } => {
                let from = self.caller();
                self.say(Reason::CallerHungUp { from });
                return Next::End(Cause::Normal);
            }
            Event::GivenAway => {
                self.say(Reason::WentToOtherCall);
                return Next::End(Cause::Normal);
            }
            Event::Replaced { party: Party::Caller, by } => {
                let who = self.peer(by);
                self.say(Reason::TookOver { by: who });
                self.from = by.clone();
            }
            Event::Transferred { by, to } => {
                let who = match by {
                    Party::Caller => self.caller(),
                    Party::Callee | Party::System => Who::MISSING,
                };
                self.say(Reason::TransferRefused { by: who, dialled: to.to_string() });
            }
            Event::Arrived { .. }
            | Event::Sent { .. }
            | Event::RingEnded { .. }
            | Event::Answered { .. }
            | Event::HungUp { by: Party::Callee }
            | Event::Recorded
            | Event::Replaced { party: Party::Callee | Party::System, .. }
            | Event::Failed => self.say(Reason::Ignored { event: event.into() }),
        }
        Next::Wait(position.clone())
    }

    /// Whether the timer that was set last is what happened.
    pub const fn rang(&self) -> bool {
        self.rang
    }

    pub fn say(&mut self, reason: Reason) {
        self.trace.push(TraceEntry { reason });
    }

    pub fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// Takes the call, once.
    pub fn answer(&mut self) {
        if !self.journey.answered {
            self.journey.answered = true;
            self.act(Action::Answer);
        }
    }

    /// Takes the call and plays; nothing is waited for but the end of it.
    pub fn play(&mut self, sounds: Vec<Sound>) {
        self.answer();
        self.act(Action::Play { sounds });
    }

    /// Takes the place of the timer before.
    pub fn timer(&mut self, after: u64) {
        self.journey.timer = self.journey.timer.wrapping_add(1);
        self.journey.due = Some(self.clock.saturating_add(after));
        self.act(Action::Timer { timer: self.journey.timer, after });
    }

    pub fn language(&self) -> Locale {
        self.journey.language.unwrap_or(self.snapshot.language)
    }

    pub fn speech(&self, text: String) -> Sound {
        Sound::Speech { text, language: self.language() }
    }

    pub fn prompt(&self, prompt: &Prompt) -> Sound {
        match prompt {
            Prompt::Audio { audio } => Sound::Audio { audio: *audio },
            Prompt::Speech { text } => self.speech(text.as_str().to_owned()),
        }
    }

    /// The PBX's day and minute, as far as calendars go.
    pub fn now(&self) -> LocalTime {
        let LocalTime { day, minute } = self.facts.now;
        LocalTime { day: day.clamp(DAYS.0, DAYS.1), minute: minute.min(1439) }
    }

    pub fn available(&self, id: ExtensionId) -> Availability {
        self.facts.extensions.get(&id).copied().unwrap_or_default()
    }

    /// Whether the caller is a phone of this extension.
    pub fn is_caller(&self, id: ExtensionId) -> bool {
        match &self.from {
            Peer::Extension(number) => self.snapshot.ids.get(&id) == Some(number),
            Peer::Outside(_) => false,
        }
    }

    /// The extension whose phone calls.
    pub fn calling(&self) -> Option<&'a Extension> {
        match &self.from {
            Peer::Extension(number) => self.snapshot.extensions.get(number),
            Peer::Outside(_) => None,
        }
    }

    pub fn caller(&self) -> Who {
        self.peer(&self.from)
    }

    pub fn peer(&self, peer: &Peer) -> Who {
        match peer {
            Peer::Extension(number) => self.number(number),
            Peer::Outside(Some(number)) => Who::Outside { outside: number.clone() },
            Peer::Outside(None) => Who::WITHHELD,
        }
    }

    pub fn number(&self, number: &ExtensionNumber) -> Who {
        let name = self.snapshot.extensions.get(number).map(|extension| extension.name.clone());
        Who::Extension { number: number.clone(), name }
    }

    pub fn who(&self, id: ExtensionId) -> Who {
        self.snapshot.ids.get(&id).map_or(Who::MISSING, |number| self.number(number))
    }

    pub fn mailbox(&self, id: ExtensionId) -> Who {
        match self.snapshot.extension(id) {
            Some((number, extension)) => {
                Who::Mailbox { mailbox: number.clone(), name: Some(extension.name.clone()) }
            }
            None => Who::MISSING,
        }
    }

    pub fn to(&self, to: &Destination) -> Who {
        match to {
            Destination::Nowhere => Who::MISSING,
            Destination::Extension { extension } => self.who(*extension),
            Destination::Ivr { flow } => match self.snapshot.ivrs.get(flow) {
                Some(published) => Who::Menu { menu: published.name.clone() },
                None => Who::MISSING,
            },
            Destination::Voicemail { mailbox } => self.mailbox(*mailbox),
            Destination::Outside { number } => Who::Outside { outside: number.clone() },
            Destination::Hangup => Who::END,
        }
    }

    /// Whether a feature is on; says so when it is not.
    pub fn has(&mut self, feature: Feature) -> bool {
        let features = &self.snapshot.features;
        let on = match feature {
            Feature::Queues => features.queues,
            Feature::HuntGroups => features.hunt_groups,
            Feature::Voicemail => features.voicemail,
            Feature::Conferencing => features.conferencing,
            Feature::Recording => features.recording,
        };
        if !on {
            self.say(Reason::FeatureOff { feature });
        }
        on
    }

    /// Somebody answered: the two talk.
    pub fn connect(&mut self, to: Peer) -> Next {
        self.act(Action::Bridge);
        self.journey = Journey {
            answered: true,
            dialled: self.journey.dialled.take(),
            noticed: self.journey.noticed,
            recording: std::mem::take(&mut self.journey.recording),
            timer: self.journey.timer,
            ..Journey::default()
        };
        Next::Wait(Position::Connected { to })
    }

    /// The emergency line, for somebody who is sent there.
    pub fn emergency(&mut self) -> Next {
        arrive::emergency_call(self)
    }
}
