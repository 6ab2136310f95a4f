//! What would become of a call. The same [`step`] decides as in a real call; only what happens in
//! between is made up here, and always the same for the same story.

use crate::cursor::{Cursor, Place, Position, Then};
use crate::event::{Event, Peer, RingOutcome};
use crate::facts::{Availability, Facts, QueueFacts};
use crate::flow::step;
use crate::snapshot::Snapshot;
use crate::sound::Sound;
use crate::step::{Action, Cause, Party, RingTarget, WhileRinging};
use crate::story::{Answer, End, Heard, Story, StoryKey, Told, ToldStep};
use std::collections::{BTreeMap, BTreeSet};
use voxera_model::ExtensionId;

/// A story is given up after so many events: the longest wait in a queue that tells the place in line
/// every 15 seconds and rings in between has fewer.
const EVENTS: usize = 3_000;
/// Milliseconds until somebody who answers picks up.
const PICKS_UP: u64 = 4_000;
/// Milliseconds that a caller thinks before a key.
const THINKS: u64 = 1_000;
/// Milliseconds of a message that a caller leaves.
const SPEAKS: u64 = 10_000;
/// Milliseconds of a sound whose length is not known here.
const SOUNDS: u64 = 5_000;

/// Tells a story to its end. Deterministic and total.
#[must_use]
pub fn simulate(snapshot: &Snapshot, story: &Story) -> Told {
    let mut world = World::new(snapshot, story);
    let mut told = Told { steps: Vec::new(), end: End::Endless, reached: Vec::new() };
    let mut event = Event::Arrived { from: story.from.clone(), dialled: story.dialled.clone() };
    let mut cursor: Option<Cursor> = None;
    for _ in 0..EVENTS {
        let facts = world.facts(cursor.as_ref());
        let step = step(snapshot, &facts, cursor.as_ref(), &event);
        world.perform(&step.actions);
        for extension in reached(&step.actions, step.next.as_ref()) {
            if !told.reached.contains(&extension) {
                told.reached.push(extension);
            }
        }
        told.steps.push(ToldStep {
            clock: world.clock,
            event,
            hears: hears(&step.actions),
            actions: step.actions,
            trace: step.trace,
            standing: step.next.as_ref().map(Cursor::standing),
            node: step.next.as_ref().and_then(node),
        });
        cursor = step.next;
        if let Some(end) = world.end(cursor.as_ref()) {
            told.end = end;
            return told;
        }
        event = world.next(cursor.as_ref());
    }
    told.end = match cursor.as_ref().and_then(Cursor::queue) {
        Some(queue) => End::Waiting { queue },
        None => End::Endless,
    };
    told
}

/// What an engine would know, and what the people of the story do.
struct World<'a> {
    snapshot: &'a Snapshot,
    story: &'a Story,
    extensions: BTreeMap<ExtensionId, Availability>,
    clock: u64,
    keys: std::slice::Iter<'a, StoryKey>,
    /// When what is being played ends.
    playing: Option<u64>,
    /// When ringing ends, and how.
    ringing: Option<(u64, Event)>,
    timer: Option<(u64, u32)>,
    recording: Option<u64>,
    /// An action that could not be done.
    failed: bool,
    /// What ended well although the call goes on for a while, with a last word.
    done: Option<End>,
    hung_up: Option<Cause>,
}

impl<'a> World<'a> {
    fn new(snapshot: &'a Snapshot, story: &'a Story) -> Self {
        let away: BTreeSet<_> = story.away.iter().collect();
        let busy: BTreeSet<_> = story.busy.iter().collect();
        let at = |id: ExtensionId, phones: usize| {
            let calls = u16::from(busy.contains(&id));
            let online = if away.contains(&id) { 0 } else { u16::try_from(phones).unwrap_or(u16::MAX) };
            Availability { online, calls, talking: calls }
        };
        let extensions = snapshot.extensions.values().map(|extension| {
            let phones = extension.devices().len();
            (extension.id, at(extension.id, phones))
        });
        Self {
            snapshot,
            story,
            extensions: extensions.filter(|(_, at)| *at != Availability::default()).collect(),
            clock: 0,
            keys: story.keys.iter(),
            playing: None,
            ringing: None,
            timer: None,
            recording: None,
            failed: false,
            done: None,
            hung_up: None,
        }
    }

    fn facts(&self, cursor: Option<&Cursor>) -> Facts {
        let (day, minute) = (self.story.at.day, u64::from(self.story.at.minute) + self.clock / 60_000);
        let now = crate::calendar::LocalTime {
            day: day.saturating_add(i32::try_from(minute / 1440).unwrap_or(i32::MAX)),
            minute: u16::try_from(minute % 1440).unwrap_or_default(),
        };
        let queues = cursor
            .and_then(Cursor::queue)
            .map(|queue| (queue, QueueFacts { waiting: 1, ..QueueFacts::default() }));
        let lines = self.story.lines;
        Facts {
            now,
            clock: self.clock,
            extensions: self.extensions.clone(),
            queues: queues.into_iter().collect(),
            lines: self.snapshot.trunks.iter().filter(|_| lines).map(|trunk| trunk.id).collect(),
            ..Facts::default()
        }
    }

    fn perform(&mut self, actions: &[Action]) {
        for action in actions {
            match action {
                Action::Ring { targets, ring_for, hears } => {
                    let (after, event) = match targets.iter().find_map(|target| self.picks_up(target)) {
                        Some(by) => (PICKS_UP, Event::Answered { by }),
                        None => self.rings_out(targets, u64::from(ring_for.0) * 1000),
                    };
                    self.ringing = Some((self.clock + after, event));
                    match hears {
                        WhileRinging::Ringback => self.playing = None,
                        WhileRinging::Unchanged => {}
                    }
                }
                Action::StopRinging => self.ringing = None,
                Action::Bridge => {
                    self.ringing = None;
                    self.playing = None;
                }
                Action::Emergency { .. } => {
                    let event = if self.story.lines {
                        Event::Answered { by: Peer::Outside(None) }
                    } else {
                        Event::RingEnded { outcome: RingOutcome::Unreachable }
                    };
                    self.ringing = Some((self.clock + PICKS_UP, event));
                }
                Action::Play { sounds } => {
                    self.playing = Some(self.clock + sounds.iter().map(length).sum::<u64>());
                }
                Action::Music { .. } | Action::Tone | Action::Echo | Action::Silence => {
                    self.playing = None;
                }
                Action::Timer { timer, after } => self.timer = Some((self.clock + after, *timer)),
                Action::Record { longest } => {
                    self.playing = None;
                    self.recording = Some(self.clock + SPEAKS.min(u64::from(longest.0) * 1000));
                }
                Action::KeepMessage { mailbox } => {
                    self.recording = None;
                    self.done = Some(End::Voicemail { mailbox: *mailbox });
                }
                Action::DropMessage => self.recording = None,
                Action::RequestCallback { whom, number } => {
                    self.done = Some(End::Callback { whom: *whom, number: number.clone() });
                }
                Action::PickUp { .. } => self.failed = true,
                Action::Hangup { cause } => self.hung_up = Some(*cause),
                Action::Answer
                | Action::Join { .. }
                | Action::Listen { .. }
                | Action::StartRecording { .. }
                | Action::MarkHeard { .. }
                | Action::DeleteMessage { .. }
                | Action::CallerName { .. }
                | Action::Release { .. } => {}
            }
        }
    }

    fn picks_up(&self, target: &RingTarget) -> Option<Peer> {
        let answers = match (&self.story.answer, target) {
            (Answer::Nobody, _) => false,
            (Answer::Everyone, RingTarget::Extension { extension, .. }) => self.is_online(*extension),
            (Answer::Only { extensions }, RingTarget::Extension { extension, .. }) => {
                extensions.contains(extension) && self.is_online(*extension)
            }
            (Answer::Everyone | Answer::Only { .. }, RingTarget::Outside { trunks, .. }) => {
                self.story.lines && !trunks.is_empty()
            }
        };
        answers.then(|| match target {
            RingTarget::Extension { number, .. } => Peer::Extension(number.clone()),
            RingTarget::Outside { number, .. } => Peer::Outside(Some(number.clone())),
        })
    }

    fn rings_out(&self, targets: &[RingTarget], ring_for: u64) -> (u64, Event) {
        let can_ring = targets.iter().any(|target| match target {
            RingTarget::Extension { extension, .. } => self.is_online(*extension),
            RingTarget::Outside { trunks, .. } => self.story.lines && !trunks.is_empty(),
        });
        if can_ring {
            (ring_for, Event::RingEnded { outcome: RingOutcome::NoAnswer })
        } else {
            (0, Event::RingEnded { outcome: RingOutcome::Unreachable })
        }
    }

    fn is_online(&self, extension: ExtensionId) -> bool {
        self.extensions.get(&extension).is_some_and(|at| at.online > 0)
    }

    /// Where the call ended; `None`: it goes on.
    fn end(&mut self, cursor: Option<&Cursor>) -> Option<End> {
        let Some(cursor) = cursor else {
            let cause = self.hung_up.unwrap_or(Cause::Fault);
            return Some(self.done.take().unwrap_or(End::HungUp { cause }));
        };
        match &cursor.position {
            Position::Connected { to } => Some(End::Connected { to: to.clone() }),
            Position::Emergency if self.ringing.is_none() => Some(End::Emergency),
            Position::Conference { room } => Some(End::Conference { room: *room }),
            Position::Listening { extension, .. } => Some(End::Listening { extension: *extension }),
            Position::Emergency
            | Position::Ringing { .. }
            | Position::Hearing { .. }
            | Position::Menu { .. }
            | Position::Waiting(_)
            | Position::Leaving { .. }
            | Position::Pin { .. }
            | Position::Messages { .. }
            | Position::PickingUp
            | Position::Parked(_)
            | Position::TakingParked { .. }
            | Position::Testing { .. }
            | Position::Callback { .. } => None,
        }
    }

    /// What happens next: whatever is due first. When nothing is, the caller hangs up.
    fn next(&mut self, cursor: Option<&Cursor>) -> Event {
        if std::mem::take(&mut self.failed) {
            return Event::Failed;
        }
        if self.playing.is_none() && cursor.is_some_and(listens) {
            match self.keys.next() {
                Some(StoryKey::Press(key)) => {
                    self.clock += THINKS;
                    return Event::Key { key: *key };
                }
                Some(StoryKey::Wait) | None => {}
            }
        }
        let due = [
            self.playing,
            self.ringing.as_ref().map(|(due, _)| *due),
            self.recording,
            self.timer.map(|(due, _)| due),
        ];
        let Some(first) = due.iter().flatten().min().copied() else {
            return Event::HungUp { by: Party::Caller };
        };
        self.clock = self.clock.max(first);
        if self.playing == Some(first) {
            self.playing = None;
            return Event::Played;
        }
        if let Some((_, event)) = self.ringing.take_if(|(due, _)| *due == first) {
            return event;
        }
        if self.recording.take_if(|due| *due == first).is_some() {
            return Event::Recorded;
        }
        let (_, timer) = self.timer.take().unwrap_or_default();
        Event::Timer { timer }
    }
}

/// Whether keys mean something where the call stands.
const fn listens(cursor: &Cursor) -> bool {
    match &cursor.position {
        Position::Menu { .. }
        | Position::Pin { .. }
        | Position::Messages { .. }
        | Position::Callback { .. }
        | Position::Leaving { .. }
        | Position::Listening { .. } => true,
        Position::Ringing { .. }
        | Position::Connected { .. }
        | Position::Emergency
        | Position::Hearing { .. }
        | Position::Waiting(_)
        | Position::Conference { .. }
        | Position::PickingUp
        | Position::Parked(_)
        | Position::TakingParked { .. }
        | Position::Testing { .. } => false,
    }
}

fn node(cursor: &Cursor) -> Option<Place> {
    if let Position::Menu { place, .. }
    | Position::Callback { place, .. }
    | Position::Hearing { then: Then::Node { place } } = &cursor.position
    {
        Some(place.clone())
    } else {
        None
    }
}

fn reached(actions: &[Action], cursor: Option<&Cursor>) -> Vec<ExtensionId> {
    let mut reached: Vec<ExtensionId> = cursor.and_then(Cursor::queue).into_iter().collect();
    for action in actions {
        if let Action::Ring { targets, .. } = action {
            reached.extend(targets.iter().filter_map(|target| match target {
                RingTarget::Extension { extension, .. } => Some(*extension),
                RingTarget::Outside { .. } => None,
            }));
        }
        if let Action::KeepMessage { mailbox: whom }
        | Action::Join { room: whom, .. }
        | Action::RequestCallback { whom, .. } = action
        {
            reached.push(*whom);
        }
    }
    reached
}

fn hears(actions: &[Action]) -> Vec<Heard> {
    let mut heard = Vec::new();
    for action in actions {
        if let Action::Play { sounds } = action {
            heard.extend(sounds.iter().map(Heard::from));
        }
        if let Action::Music { audio } = action {
            heard.push(Heard::Music { audio: *audio });
        }
        if let Action::Ring { hears: WhileRinging::Ringback, .. } | Action::Emergency { .. } = action {
            heard.push(Heard::Ringing);
        }
    }
    heard
}

/// A guess, in milliseconds.
fn length(sound: &Sound) -> u64 {
    match sound {
        Sound::Audio { .. } | Sound::Message { .. } => SOUNDS,
        Sound::Speech { text, .. } => 500 + 65 * u64::try_from(text.chars().count()).unwrap_or(1_000),
        Sound::Beep => 500,
    }
}
