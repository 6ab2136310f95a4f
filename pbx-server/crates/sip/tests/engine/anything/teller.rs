//! What comes of a made-up call: the core decides, and of what can happen next one thing does.

use super::setup::{Company, OUTSIDE};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use voxera_callflow::scenario::{Expected, Happening, Scenario};
use voxera_callflow::{
    Action, Cursor, Event, Facts, Kind, Peer, PinOf, Position, QueueFacts, RingTarget, Snapshot, Standing,
    Step, WhileRinging, step,
};
use voxera_model::{ExtensionId, ExtensionNumber, Locale};

/// Some menus go round for ever: what is told of a call ends here.
const LONGEST: usize = 30;
/// Whom calls are handed over to.
const HANDED_TO: [&str; 9] = ["1001", "1002", "1003", "2000", "3000", "4000", "6000", "*59", OUTSIDE];

/// A made-up call with what the core says of it.
pub struct Told {
    pub scenario: Scenario,
    /// What happens, as files write it.
    events: Vec<String>,
}

/// Tells a call: each choice picks one of the things that can happen; when they are used up, the caller
/// hangs up.
pub fn tell(company: &Company, choices: &[u16]) -> Told {
    let text = format!("{}[[steps]]\nevent = \"{}\"\n", company.text, company.call);
    let mut scenario = Scenario::parse("made_up", &text).unwrap_or_else(|wrong| panic!("{wrong}\n{text}"));
    scenario.steps.clear();
    let mut world = World::new(&scenario);
    let (mut choices, mut events) = (choices.iter(), vec![company.call.clone()]);
    let mut cursor: Option<Cursor> = None;
    while let Some(text) = events.last() {
        let happening = Happening::try_from(text.clone()).unwrap();
        let event = happening.events(cursor.as_ref()).remove(0);
        let step = step(&scenario.snapshot, &world.facts(cursor.as_ref(), &event), cursor.as_ref(), &event);
        let described = scenario.describe(&step);
        let said = |locale| step.trace.iter().map(|entry| entry.say(locale)).collect();
        scenario.steps.push(Expected {
            event: happening,
            facts: Facts { clock: world.clock, ..world.others.clone() },
            does: described.does,
            then: described.then,
            sv: said(Locale::Sv),
            en: said(Locale::En),
        });
        world.perform(&event, &step);
        cursor = step.next;
        let Some(now) = &cursor else { break };
        let can = world.can_happen(&scenario.snapshot, now);
        let next = match choices.next() {
            _ if events.len() == LONGEST => break,
            Some(choice) => can[usize::from(*choice) % can.len()].clone(),
            // Nobody is interrupted.
            None if can[0] == "played" => "played".to_owned(),
            None => "caller hangs up".to_owned(),
        };
        world.passes(&next);
        events.push(next);
    }
    Told { scenario, events }
}

impl Told {
    /// As a scenario file.
    pub fn file(&self, company: &Company) -> String {
        let mut text = company.text.clone();
        for (event, step) in self.events.iter().zip(&self.scenario.steps) {
            let clock = std::time::Duration::from_millis(step.facts.clock).as_secs_f64();
            let _ = write!(
                text,
                "[[steps]]\nevent = \"{event}\"\nclock = {clock:?}\ndoes = {:#?}\nthen = {:?}\nsv = {:#?}\nen = {:#?}\n\n",
                step.does, step.then, step.sv, step.en
            );
        }
        text
    }
}

/// What an engine owes this call, and what it knows of everybody.
struct World {
    /// Everything but this call.
    others: Facts,
    clock: u64,
    playing: bool,
    /// Who rings, and until when; help rings for ever.
    ringing: Option<(Vec<Peer>, Option<u64>)>,
    timer: Option<u64>,
    /// Extensions whose phones this call rings.
    rung: Vec<ExtensionId>,
    handed_over: u8,
    ids: BTreeMap<ExtensionNumber, ExtensionId>,
}

impl World {
    fn new(scenario: &Scenario) -> Self {
        Self {
            others: scenario.facts.clone(),
            clock: 0,
            playing: false,
            ringing: None,
            timer: None,
            rung: Vec::new(),
            handed_over: 0,
            ids: scenario.snapshot.ids.iter().map(|(id, number)| (number.clone(), *id)).collect(),
        }
    }

    /// With this call in it: whoever takes part is in a call.
    fn facts(&mut self, cursor: Option<&Cursor>, event: &Event) -> Facts {
        if matches!(event, Event::RingEnded { .. }) {
            self.rung.clear();
        }
        let mut facts = Facts { clock: self.clock, ..self.others.clone() };
        let Some(cursor) = cursor else { return facts };
        let connected = cursor.standing() == Standing::Connected;
        for id in self.parties(cursor) {
            let at = facts.extensions.entry(id).or_default();
            at.calls += 1;
            at.talking += u16::from(connected);
        }
        for id in &self.rung {
            facts.extensions.entry(*id).or_default().calls += 1;
        }
        if let Some(queue) = cursor.queue() {
            facts.queues.insert(queue, QueueFacts { waiting: 1, ..QueueFacts::default() });
        }
        facts
    }

    fn parties(&self, cursor: &Cursor) -> Vec<ExtensionId> {
        let other = cursor.other();
        let of = |peer: &Peer| match peer {
            Peer::Extension(number) => self.ids.get(number).copied(),
            Peer::Outside(_) => None,
        };
        [Some(&cursor.from), other.as_ref()].into_iter().flatten().filter_map(of).collect()
    }

    fn perform(&mut self, event: &Event, step: &Step) {
        match event {
            Event::Played => self.playing = false,
            Event::RingEnded { .. } => self.ringing = None,
            Event::Timer { .. } => self.timer = None,
            Event::Transferred { .. } => self.handed_over += 1,
            _ => {}
        }
        for action in &step.actions {
            match action {
                Action::Ring { targets, ring_for, hears } => {
                    let due = self.clock + u64::from(ring_for.0) * 1_000;
                    self.ringing = Some((targets.iter().map(peer).collect(), Some(due)));
                    self.rung = targets.iter().filter_map(extension).collect();
                    self.playing &= *hears == WhileRinging::Unchanged;
                }
                Action::Emergency { .. } => self.ringing = Some((vec![Peer::Outside(None)], None)),
                Action::StopRinging => self.quiet(),
                Action::Bridge => {
                    self.quiet();
                    self.playing = false;
                }
                Action::Play { .. } => self.playing = true,
                Action::Music { .. }
                | Action::Tone
                | Action::Echo
                | Action::Silence
                | Action::Record { .. } => {
                    self.playing = false;
                }
                Action::Timer { after, .. } => self.timer = Some(self.clock + after),
                Action::MarkHeard { mailbox, message } => {
                    let all = self.others.mailboxes.get_mut(mailbox).into_iter().flatten();
                    all.filter(|known| known.message == *message).for_each(|known| known.heard = true);
                }
                Action::DeleteMessage { mailbox, message } => {
                    if let Some(all) = self.others.mailboxes.get_mut(mailbox) {
                        all.retain(|known| known.message != *message);
                    }
                }
                _ => {}
            }
        }
    }

    fn quiet(&mut self) {
        self.ringing = None;
        self.rung.clear();
    }

    /// What phones, people and time can do where the call stands. What is being said ends before
    /// anybody does anything: it is short.
    fn can_happen(&self, snapshot: &Snapshot, cursor: &Cursor) -> Vec<String> {
        if self.playing {
            return vec!["played".to_owned()];
        }
        let mut can = vec!["caller hangs up".to_owned()];
        if let Some((rings, due)) = &self.ringing {
            can.extend(rings.iter().map(|peer| format!("{} answers", written(peer))));
            let timer = self.timer.filter(|_| cursor.journey.due.is_some());
            match (timer, due) {
                (Some(timer), Some(due)) if timer < *due => can.push("timer".to_owned()),
                (Some(timer), Some(due)) if timer == *due => {}
                (_, Some(_)) => can.push("nobody answers".to_owned()),
                (_, None) => return can,
            }
            can.push("busy".to_owned());
            if rings.iter().all(|peer| matches!(peer, Peer::Extension(_))) {
                can.extend(["declined", "unreachable", "incompatible"].map(str::to_owned));
            }
            return can;
        }
        let keys = match &cursor.position {
            Position::Menu { typed, .. } if typed.is_empty() => "123*#",
            Position::Menu { .. } => "0123#",
            Position::Pin { of, typed, .. } => {
                let next = pin(snapshot, *of).and_then(|pin| pin.chars().nth(typed.len()));
                can.extend(next.into_iter().map(|key| format!("keys {key}")));
                "9#"
            }
            Position::Messages { .. } => "12379*#",
            Position::Callback { .. } => "012#*",
            Position::Leaving { .. } => "#",
            Position::Connected { to } => {
                can.extend(["callee hangs up", "system hangs up"].map(str::to_owned));
                if self.handed_over < 2 {
                    let parties = [("caller", &cursor.from), ("callee", to)];
                    for (who, _) in parties.iter().filter(|(_, peer)| matches!(peer, Peer::Extension(_))) {
                        can.extend(HANDED_TO.map(|whom| format!("{who} transfers to {whom}")));
                    }
                }
                return can;
            }
            Position::Emergency => {
                can.push("callee hangs up".to_owned());
                return can;
            }
            _ => "",
        };
        can.extend(keys.chars().map(|key| format!("keys {key}")));
        if self.timer.is_some() && cursor.journey.due.is_some() {
            // Twice: patience is common.
            can.extend(["timer", "timer"].map(str::to_owned));
        }
        can
    }

    /// Time is what it is when something happens: only what waits for it lets it pass.
    fn passes(&mut self, event: &str) {
        let due = match event {
            "timer" => self.timer,
            "nobody answers" => self.ringing.as_ref().and_then(|(_, due)| *due),
            _ => None,
        };
        self.clock = due.unwrap_or(self.clock);
    }
}

fn peer(target: &RingTarget) -> Peer {
    match target {
        RingTarget::Extension { number, .. } => Peer::Extension(number.clone()),
        RingTarget::Outside { number, .. } => Peer::Outside(Some(number.clone())),
    }
}

fn extension(target: &RingTarget) -> Option<ExtensionId> {
    match target {
        RingTarget::Extension { extension, .. } => Some(*extension),
        RingTarget::Outside { .. } => None,
    }
}

/// As files write it. Help is whoever answers there.
fn written(peer: &Peer) -> String {
    match peer {
        Peer::Extension(number) => number.to_string(),
        Peer::Outside(Some(number)) => number.national(),
        Peer::Outside(None) => "withheld".to_owned(),
    }
}

fn pin(snapshot: &Snapshot, of: PinOf) -> Option<String> {
    let (PinOf::Mailbox { mailbox: of } | PinOf::Conference { room: of }) = of;
    match &snapshot.extension(of)?.1.kind {
        Kind::User(user) => user.mailbox.as_ref()?.pin.as_ref().map(|pin| pin.as_str().to_owned()),
        Kind::Conference(room) => room.pin.as_ref().map(|pin| pin.as_str().to_owned()),
        _ => None,
    }
}
