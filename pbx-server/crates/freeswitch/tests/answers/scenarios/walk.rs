//! One golden call through the model.

use super::switch::{Switch, Told};
use std::path::Path;
use uuid::Uuid;
use voxera_callflow::scenario::{Expected, Happening, Scenario, load_all};
use voxera_callflow::{Cursor, Event, Facts, Peer, step};
use voxera_freeswitch::dialplan::{
    App, Expect, Marker, PicksUp, Script, Setting, Sounds, Suffix, Ways, Wish, interpret, question, render,
};
use voxera_model::{CallId, Dialled, Locale};

const NONCE: &str = "0123456789abcdef0123456789abcdef";

/// Every golden call.
pub fn scenarios() -> Vec<Scenario> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    load_all(&dir).unwrap_or_else(|failure| panic!("{failure}"))
}

/// Plays one.
pub fn play(name: &str) {
    let scenario = scenarios().into_iter().find(|scenario| scenario.name == name).expect("a file");
    let mut walk = Walk::new(&scenario);
    for (index, expected) in scenario.steps.iter().enumerate() {
        walk.take(index + 1, expected);
    }
}

struct Walk<'a> {
    scenario: &'a Scenario,
    cursor: Option<Cursor>,
    clock: u64,
    wish: Wish,
    expect: Expect,
    switch: Switch,
}

/// What came of a step.
#[derive(Default)]
struct Came {
    does: Vec<String>,
    then: Option<String>,
    sv: Vec<String>,
    en: Vec<String>,
}

impl<'a> Walk<'a> {
    fn new(scenario: &'a Scenario) -> Self {
        Self {
            scenario,
            cursor: None,
            clock: 0,
            wish: Wish::default(),
            expect: Expect::Nothing,
            switch: Switch::default(),
        }
    }

    fn take(&mut self, at: usize, expected: &Expected) {
        let mut came = Came::default();
        let facts = Facts { engine_rings_members: true, ..expected.facts.clone() };
        match &expected.event {
            happening @ Happening::Arrived { .. } => {
                for event in happening.events(None) {
                    self.tell(&facts, &event, &mut came);
                }
                self.answer();
            }
            Happening::Keys { keys } => {
                for key in keys {
                    self.happens(&facts, &Happening::Keys { keys: vec![*key] }, &mut came);
                }
            }
            other => self.happens(&facts, other, &mut came),
        }
        let name = &self.scenario.name;
        assert_eq!(came.does, expected.does, "{name}, step {at}: does");
        assert_eq!(came.sv, expected.sv, "{name}, step {at}: Swedish");
        assert_eq!(came.en, expected.en, "{name}, step {at}: English");
        if let Some(then) = came.then {
            assert_eq!(then, expected.then, "{name}, step {at}: then");
        }
        assert_eq!(self.cursor.is_none(), expected.then == "over", "{name}, step {at}");
        if self.cursor.is_none() && !matches!(expected.event, Happening::HungUp { .. } | Happening::GivenAway)
        {
            assert!(self.switch.gone, "{name}, step {at}: FreeSWITCH ends it");
        }
        if self.wish.answered && self.cursor.is_some() {
            assert!(self.switch.answered || self.switch.talking, "{name}, step {at}: answered");
        }
    }

    /// Lets it happen to the channel, and tells the core what the server hears.
    fn happens(&mut self, facts: &Facts, what: &Happening, came: &mut Came) {
        if let Happening::Sent { party, to } = what {
            // Told by the portal; the node is then ordered to let whoever stays hunt.
            self.tell(facts, &Event::Sent { party: *party, to: Dialled::parse(to) }, came);
            if !came.does.is_empty() {
                self.switch.talking = false;
                self.answer();
            }
            return;
        }
        for told in self.switch.happens(what) {
            match told {
                Told::Event(event) => {
                    self.tell(facts, &event, came);
                    if !self.switch.gone && !self.switch.talking {
                        self.answer();
                    }
                }
                Told::Hunt { destination, vars } => {
                    let events = if let Some(marker) = Marker::parse(&destination) {
                        assert_eq!(marker.nonce, NONCE);
                        match marker.suffix {
                            Suffix::Done => interpret(self.expect, &vars),
                            Suffix::Timer => vec![Event::Timer { timer: self.wish.timer.unwrap().timer }],
                            Suffix::Key(key) => vec![Event::Key { key }],
                            Suffix::Anew => Vec::new(),
                        }
                    } else {
                        let Happening::Transferred { by, .. } = what else { panic!("{destination}") };
                        vec![Event::Transferred { by: *by, to: Dialled::parse(&destination) }]
                    };
                    for event in events {
                        self.tell(facts, &event, came);
                    }
                    self.answer();
                }
                Told::Nothing => {}
            }
        }
    }

    /// The core's step, with what comes of it.
    fn tell(&mut self, facts: &Facts, event: &Event, came: &mut Came) {
        let mut facts = facts.clone();
        if let (Event::Timer { .. }, Some(due)) = (event, self.cursor.as_ref().and_then(|c| c.journey.due)) {
            facts.clock = facts.clock.max(due);
        }
        self.clock = facts.clock;
        self.wish.settle(self.expect, event);
        let snapshot = &self.scenario.snapshot;
        let step = step(snapshot, &facts, self.cursor.as_ref(), event);
        let described = self.scenario.describe(&step);
        came.does.extend(described.does);
        came.then = Some(described.then);
        came.sv.extend(step.trace.iter().map(|entry| entry.say(Locale::Sv)));
        came.en.extend(step.trace.iter().map(|entry| entry.say(Locale::En)));
        self.cursor = step.next;
        self.wish.follow(step.actions, snapshot, self.clock);
    }

    /// The next script, printed and read again.
    fn answer(&mut self) {
        let snapshot = &self.scenario.snapshot;
        // A call that can be listened to, or picked up, is there when the core says so.
        if let Some(listening) = &mut self.wish.listening {
            listening.leg = Some(Uuid::from_u128(9));
        }
        let from = self.cursor.as_ref().map_or(Peer::Outside(None), |cursor| cursor.from.clone());
        let picks_up = PicksUp::Leg(Uuid::from_u128(8));
        let setting = Setting {
            call: CallId(Uuid::from_u128(7)),
            pbx: snapshot.pbx,
            realm: &snapshot.realm,
            from: &from,
            from_name: None,
            nonce: NONCE,
            clock: self.clock,
            picks_up: self.wish.picks_up.map(|_| &picks_up),
            ways: &Ways::new(),
            listens: None,
        };
        let sounds = Sounds { message: Some("/media/message.wav".into()), ..Sounds::default() };
        let position = self.cursor.as_ref().map(|cursor| &cursor.position);
        let (apps, expect) = render(&self.wish, position, &setting, &sounds);
        self.expect = expect;
        let mut all = vec![App::new("set", format!("voxera_call={}", setting.call))];
        all.extend(apps);
        if expect != Expect::End {
            all.push(question(&setting));
        }
        let document = Script { apps: all }.document(snapshot.realm.as_str());
        self.switch.load(document.as_str());
    }
}
