//! Whatever is set up and whatever happens: an answer, an end, and help.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

mod anything;

use anything::{dialled, event, facts, from, lived, number, snapshot};
use proptest::collection::vec;
use proptest::prelude::*;
use voxera_callflow::{
    Action, Cause, Cursor, Event, Facts, Kind, Party, Peer, Position, Reason, RingTarget, Snapshot, Standing,
    Step, Trunk, step,
};
use voxera_model::{Dialled, Locale, Name, Status, TrunkId};

/// The most trace entries of one step: each visit of a goal says a few things at most, and visits are
/// counted.
const LONGEST_TRACE: usize = 1_000;

/// A step that an engine can carry out: it ends with the only hang-up, or it goes on without one.
fn is_sound(event: &Event, step: &Step) -> Result<(), TestCaseError> {
    let hangups = step.actions.iter().filter(|action| matches!(action, Action::Hangup { .. })).count();
    let ends = step.next.is_none();
    prop_assert_eq!(hangups, usize::from(ends));
    let last = matches!(step.actions.last(), Some(Action::Hangup { .. }));
    prop_assert!(!ends || last);
    // The end after last words was explained with them.
    let explained = matches!(event, Event::Played | Event::Failed);
    prop_assert!(!ends || explained || !step.trace.is_empty(), "a call that ends says why");
    prop_assert!(step.trace.len() < LONGEST_TRACE && step.actions.len() < 250);
    for entry in &step.trace {
        for locale in Locale::ALL {
            let said = entry.say(*locale);
            prop_assert!(said.ends_with('.') && said.len() > 5, "{said}");
        }
    }
    Ok(())
}

/// What an engine owes a call, so that something can still happen to it.
#[derive(Debug, Clone, Copy, Default)]
struct Owed {
    rings: bool,
    plays: bool,
    timer: Option<u32>,
    records: bool,
}

impl Owed {
    fn after(mut self, event: &Event, step: &Step) -> Self {
        match event {
            // What cannot be done is owed no more.
            Event::Played | Event::Failed => self.plays = false,
            Event::Timer { timer } if self.timer == Some(*timer) => self.timer = None,
            Event::Recorded => self.records = false,
            // An answer by somebody who was not rung changes nothing; by one who was, it bridges.
            Event::RingEnded { .. } => self.rings = false,
            _ => {}
        }
        for action in &step.actions {
            match action {
                Action::Ring { .. } | Action::Emergency { .. } | Action::PickUp { .. } => self.rings = true,
                Action::Bridge => self = Self { timer: self.timer, ..Self::default() },
                Action::Play { .. } => self.plays = true,
                Action::Music { .. } | Action::Tone | Action::Echo | Action::Silence => self.plays = false,
                Action::Timer { timer, .. } => self.timer = Some(*timer),
                Action::Record { .. } => self.records = true,
                _ => {}
            }
        }
        self
    }

    /// Whether anything but the caller's patience moves the call on.
    fn moves(self, cursor: &Cursor) -> bool {
        let timer = self.timer == Some(cursor.journey.timer) && cursor.journey.due.is_some();
        match cursor.standing() {
            Standing::Connected
            | Standing::Conference { .. }
            | Standing::Listening
            | Standing::Testing
            | Standing::Emergency => true,
            Standing::Ringing => self.rings,
            Standing::Parked { .. } => timer,
            Standing::Menu => self.plays || timer,
            Standing::Waiting { .. } => self.plays || self.rings || timer,
            Standing::Voicemail => self.plays || self.records || timer,
        }
    }
}

/// An event as a truthful engine tells it: nothing ends that was not begun.
fn can_happen(event: &Event, cursor: &Cursor, owed: Owed) -> bool {
    let rings = matches!(cursor.position, Position::Ringing { .. } | Position::Emergency)
        || matches!(&cursor.position, Position::Waiting(line) if !line.offered.is_empty());
    match event {
        Event::Arrived { .. } | Event::Failed => false,
        Event::Played => owed.plays,
        Event::Recorded => owed.records,
        Event::RingEnded { .. } | Event::Answered { .. } => rings && owed.rings,
        Event::Timer { timer } => owed.timer == Some(*timer),
        _ => true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_position_answers_every_event(
        snapshot in snapshot(), moments in vec((facts(), event()), 1..25), from in from(), dialled in dialled(),
        strange in event(),
    ) {
        let mut cursor: Option<Cursor> = None;
        let arrived = Event::Arrived { from, dialled };
        for (index, (facts, event)) in moments.iter().enumerate() {
            let event = if index == 0 { &arrived } else { event };
            // Without a cursor, and with one of another snapshot, there is an answer too.
            is_sound(&strange, &step(&snapshot, facts, None, &strange))?;
            let step = step(&snapshot, facts, cursor.as_ref(), event);
            is_sound(event, &step)?;
            let Some(next) = step.next else { break };
            let stored = serde_json::to_string(&next).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Cursor>(&stored).unwrap(), &next);
            prop_assert!(stored.len() < 4_096, "{} bytes: {stored}", stored.len());
            cursor = Some(next);
        }
    }

    #[test]
    fn a_call_does_not_notice_that_its_snapshot_was_replaced_by_any_other(
        snapshots in vec(snapshot(), 2..4), moments in vec((facts(), event()), 1..15), from in from(),
        dialled in dialled(),
    ) {
        let mut cursor: Option<Cursor> = None;
        let arrived = Event::Arrived { from, dialled };
        for (index, (facts, event)) in moments.iter().enumerate() {
            let event = if index == 0 { &arrived } else { event };
            let step = step(&snapshots[index % snapshots.len()], facts, cursor.as_ref(), event);
            is_sound(event, &step)?;
            let Some(next) = step.next else { break };
            cursor = Some(next);
        }
    }

    #[test]
    fn something_can_always_happen_next(
        snapshot in snapshot(), moments in vec((facts(), event(), any::<prop::sample::Index>()), 1..40),
        from in from(), dialled in dialled(),
    ) {
        let mut cursor: Option<Cursor> = None;
        let (mut owed, mut clock) = (Owed::default(), 0);
        let arrived = Event::Arrived { from, dialled };
        for (index, (facts, event, which)) in moments.iter().enumerate() {
            clock += 700;
            let facts = Facts { clock, ..facts.clone() };
            let event = match &cursor {
                None => arrived.clone(),
                Some(cursor) => match lived(cursor, owed.timer, event, *which) {
                    Some(event) if can_happen(&event, cursor, owed) => event,
                    _ => continue,
                },
            };
            let step = step(&snapshot, &facts, cursor.as_ref(), &event);
            is_sound(&event, &step)?;
            owed = owed.after(&event, &step);
            let Some(next) = step.next else { break };
            prop_assert!(owed.moves(&next), "event {index} {event:?} left {next:?} with {owed:?}");
            cursor = Some(next);
        }
    }

    #[test]
    fn a_caller_or_the_system_that_hangs_up_ends_whatever_is_up(
        snapshot in snapshot(), moments in vec((facts(), event()), 1..20), from in from(), dialled in dialled(),
        last in prop::sample::select(vec![Party::Caller, Party::System]),
    ) {
        let mut cursor: Option<Cursor> = None;
        let arrived = Event::Arrived { from, dialled };
        for (index, (facts, event)) in moments.iter().enumerate() {
            let event = if index == 0 { &arrived } else { event };
            let Some(next) = step(&snapshot, facts, cursor.as_ref(), event).next else { return Ok(()) };
            cursor = Some(next);
        }
        let step = step(&snapshot, &Facts::default(), cursor.as_ref(), &Event::HungUp { by: last });
        prop_assert!(step.next.is_none());
    }

    #[test]
    fn nothing_that_can_be_set_up_stands_before_112(
        mut snapshot in snapshot(), facts in facts(), from in number(),
        dialled in prop::sample::select(vec![
            "112", "0112", "00112", "+46112", "0046112", "1 1 2", "911", "urn:service:sos",
        ]),
    ) {
        // Its line may look down: `facts` have never heard of it.
        let id = TrunkId(uuid::Uuid::from_u128(112));
        snapshot.trunks.push(Trunk { id, name: Name::parse("Telia").unwrap(), emergency: true });
        let event = Event::Arrived { from: Peer::Extension(from), dialled: Dialled::parse(dialled) };
        let step = step(&snapshot, &facts, None, &event);
        let [Action::Emergency { caller_id }] = &step.actions[..] else {
            return Err(TestCaseError::fail(format!("{step:?}")));
        };
        prop_assert!(caller_id.as_ref().is_none_or(|number| snapshot.numbers.contains_key(number)));
        prop_assert_eq!(step.next.unwrap().position, Position::Emergency);
    }

    #[test]
    fn without_a_line_112_ends_with_a_plain_word_and_rings_nobody(
        mut snapshot in snapshot(), facts in facts(), from in number(),
    ) {
        snapshot.trunks.retain(|trunk| !trunk.emergency);
        let event = Event::Arrived { from: Peer::Extension(from), dialled: Dialled::Emergency };
        let step = step(&snapshot, &facts, None, &event);
        prop_assert_eq!(step.actions, vec![Action::Hangup { cause: Cause::NoRoute }]);
        prop_assert_eq!(&step.trace.last().unwrap().reason, &Reason::EmergencyWithoutLine);
    }

    #[test]
    fn a_step_and_its_snapshot_survive_being_stored(
        snapshot in snapshot(), facts in facts(), from in from(), dialled in dialled(),
    ) {
        let step = step(&snapshot, &facts, None, &Event::Arrived { from, dialled });
        let stored = serde_json::to_string(&step).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Step>(&stored).unwrap(), &step);
        let stored = serde_json::to_string(&snapshot).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Snapshot>(&stored).unwrap(), &snapshot);
        let stored = serde_json::to_string(&facts).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Facts>(&stored).unwrap(), &facts);
    }

    #[test]
    fn only_phones_that_are_online_ring_and_only_own_numbers_are_shown(
        snapshot in snapshot(), moments in vec((facts(), event()), 1..20), from in from(), dialled in dialled(),
    ) {
        let mut cursor: Option<Cursor> = None;
        let arrived = Event::Arrived { from, dialled };
        for (index, (facts, event)) in moments.iter().enumerate() {
            let event = if index == 0 { &arrived } else { event };
            let caller = cursor.as_ref().map(|cursor| cursor.from.clone());
            let step = step(&snapshot, facts, cursor.as_ref(), event);
            for action in &step.actions {
                let Action::Ring { targets, ring_for, .. } = action else { continue };
                prop_assert!((5..=120).contains(&ring_for.0) && !targets.is_empty());
                prop_assert!(index > 0 || snapshot.status == Status::Active);
                for target in targets {
                    match target {
                        RingTarget::Extension { extension, number, devices, .. } => {
                            let found = &snapshot.extensions[number];
                            prop_assert_eq!(extension, &found.id);
                            prop_assert_eq!(&devices[..], found.devices());
                            let willing = matches!(&found.kind, Kind::User(user) if !user.do_not_disturb);
                            prop_assert!(willing);
                            prop_assert!(!devices.is_empty() && facts.extensions[extension].online > 0);
                            let transferred = matches!(event, Event::Transferred { .. } | Event::Sent { .. });
                            prop_assert!(transferred || caller != Some(Peer::Extension(number.clone())));
                        }
                        RingTarget::Outside { number, caller_id, trunks } => {
                            prop_assert!(!snapshot.numbers.contains_key(number));
                            prop_assert!(snapshot.premium_allowed || !number.as_str().starts_with("+46900"));
                            let shown = caller_id.as_ref();
                            prop_assert!(shown.is_none_or(|number| snapshot.numbers.contains_key(number)));
                            prop_assert!(!trunks.is_empty() && *trunks == facts.lines);
                        }
                    }
                }
            }
            let Some(next) = step.next else { break };
            cursor = Some(next);
        }
    }
}
