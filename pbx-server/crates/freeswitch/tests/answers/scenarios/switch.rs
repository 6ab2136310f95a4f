//! A channel of `FreeSWITCH`, as far as our scripts use it. Each application does what 1.11 does: sets
//! what it sets, waits for what it waits for, and lets the next one run when it is over.

use crate::xml::Element;
use std::collections::BTreeMap;
use voxera_callflow::scenario::Happening;
use voxera_callflow::{Event, Party, Peer, RingOutcome};
use voxera_freeswitch::request::HuntVars;

/// One channel that runs a script.
#[derive(Debug, Default)]
pub struct Switch {
    apps: Vec<(String, String)>,
    at: usize,
    variables: BTreeMap<String, String>,
    pub answered: bool,
    pub talking: bool,
    pub gone: bool,
}

/// What the server hears of it.
#[derive(Debug)]
pub enum Told {
    /// The channel hunts.
    Hunt { destination: String, vars: Box<HuntVars> },
    /// The event socket.
    Event(Event),
    /// Nothing: it does not matter where the channel is.
    Nothing,
}

impl Switch {
    /// Takes a new script.
    pub fn load(&mut self, document: &str) {
        self.apps = Element::parse(document).actions();
        self.at = 0;
        self.talking = false;
        self.go();
    }

    /// Runs what does not wait.
    fn go(&mut self) {
        while let Some((app, data)) = self.apps.get(self.at).cloned() {
            match app.as_str() {
                "set" => {
                    let (name, value) = data.split_once('=').unwrap();
                    self.variables.insert(name.to_owned(), value.to_owned());
                }
                "unset" => {
                    self.variables.remove(&data);
                }
                "answer" => self.answered = true,
                "respond" | "hangup" => {
                    assert!(app == "hangup" || !self.answered, "an answered call cannot be refused");
                    self.gone = true;
                    return;
                }
                "record_session"
                | "set_profile_var"
                | "bind_digit_action"
                | "clear_digit_action"
                | "digit_action_set_realm" => {}
                _ => return,
            }
            self.at += 1;
        }
        panic!("a script that ends without a question");
    }

    /// The application that runs.
    fn current(&self) -> (&str, &str) {
        let (app, data) = &self.apps[self.at];
        (app, data)
    }

    /// Something happens in the world.
    pub fn happens(&mut self, what: &Happening) -> Vec<Told> {
        assert!(!self.gone, "{what:?} happens to nobody");
        match what {
            Happening::Keys { keys } => {
                assert_eq!(keys.len(), 1, "one after the other");
                vec![self.key(keys[0].as_char())]
            }
            Happening::HungUp { by } => {
                let ends = match by {
                    Party::Callee => self.talking || self.current().0 == "bridge",
                    Party::Caller | Party::System => true,
                };
                assert!(ends, "nobody is there to hang up");
                if *by == Party::Callee && !self.talking {
                    return vec![self.rang_out(RingOutcome::Declined)];
                }
                self.gone = true;
                vec![Told::Event(Event::HungUp { by: *by })]
            }
            Happening::Transferred { to, .. } => {
                assert!(self.talking, "only who talks is sent on");
                self.talking = false;
                vec![Told::Hunt { destination: to.clone(), vars: Box::new(self.vars()) }]
            }
            Happening::Replaced { by, .. } => {
                let there = self.talking || matches!(self.current().0, "bridge" | "endless_playback");
                assert!(there, "a call that rings, talks or is parked");
                self.talking = true;
                let party = if let Happening::Replaced { party, .. } = what { *party } else { Party::Callee };
                vec![Told::Event(Event::Replaced { party, by: by.clone() })]
            }
            Happening::GivenAway => vec![Told::Event(Event::GivenAway)],
            _ => vec![self.ends(what)],
        }
    }

    /// The application that runs comes to its end.
    fn ends(&mut self, what: &Happening) -> Told {
        let (app, data) = self.current();
        match (app, what) {
            ("bridge", Happening::Answered { by }) if !self.talking => {
                let by = self.leg_of(data, by);
                self.talking = true;
                Told::Event(Event::Answered { by })
            }
            ("bridge", Happening::RingEnded { outcome }) if !self.talking => self.rang_out(*outcome),
            ("playback", Happening::Played) => {
                assert!(!data.contains("loops=-1"), "a tone without an end");
                self.next()
            }
            ("read", Happening::Played) => {
                assert!(!data.starts_with("1 1 silence "), "{data}: nothing is played");
                self.next()
            }
            // While something is heard no timer runs.
            ("read", Happening::Timer) if !data.starts_with("1 1 silence ") => Told::Nothing,
            // The server's own clock sends the channel back.
            ("callcenter" | "endless_playback", Happening::Timer) => {
                let destination = self.question().replace("-done", "-timer");
                Told::Hunt { destination, vars: Box::new(self.vars()) }
            }
            ("record", Happening::Recorded) => {
                self.variables.insert("record_ms".into(), "4000".into());
                self.next()
            }
            ("read", Happening::Timer) | ("conference" | "eavesdrop" | "intercept", Happening::Failed) => {
                self.next()
            }
            // Nothing that could be joined: the script asks at once.
            ("transfer", Happening::Failed) => self.hunt(),
            (app, what) => panic!("{what:?} does not happen while {app} {data} runs"),
        }
    }

    fn key(&mut self, key: char) -> Told {
        let (app, data) = self.current();
        match app {
            "read" => {
                let name = data.rsplit(' ').nth(1).unwrap().to_owned();
                self.variables.insert(name, key.to_string());
                self.next()
            }
            "playback" | "record" => {
                let terminators = self.variables.get("playback_terminators").map_or("*", String::as_str);
                if terminators == "none" || !terminators.contains(key) {
                    return Told::Nothing;
                }
                let app = app.to_owned();
                self.variables.insert("playback_terminator_used".into(), key.to_string());
                if app == "record" {
                    self.variables.insert("record_ms".into(), "4000".into());
                }
                self.next()
            }
            "eavesdrop" => {
                let bound = format!("voxera,{key},exec[i]:transfer,");
                let action = self.apps.iter().find_map(|(app, data)| {
                    data.strip_prefix(&bound).filter(|_| app == "bind_digit_action").map(str::to_owned)
                });
                let Some(action) = action else { return Told::Nothing };
                let destination = action.split(' ').next().unwrap().to_owned();
                Told::Hunt { destination, vars: Box::new(self.vars()) }
            }
            _ => Told::Nothing,
        }
    }

    /// Nobody who was rung picked up: what `bridge` leaves.
    fn rang_out(&mut self, outcome: RingOutcome) -> Told {
        let (disposition, status) = match outcome {
            RingOutcome::NoAnswer => ("NO_ANSWER", "sip:487"),
            RingOutcome::Busy => ("USER_BUSY", "sip:486"),
            RingOutcome::Declined => ("CALL_REJECTED", "sip:603"),
            RingOutcome::Unreachable => ("USER_NOT_REGISTERED", ""),
            RingOutcome::Incompatible => ("INCOMPATIBLE_DESTINATION", "sip:488"),
        };
        assert_eq!(self.variables.get("continue_on_fail").map(String::as_str), Some("true"));
        self.variables.insert("originate_disposition".into(), disposition.into());
        if !status.is_empty() {
            self.variables.insert("last_bridge_proto_specific_hangup_cause".into(), status.into());
        }
        self.next()
    }

    /// Who picked up, by the mark of its leg in the dial string.
    fn leg_of(&self, data: &str, by: &Peer) -> Peer {
        let call = &self.variables["voxera_call"];
        let name = match by {
            Peer::Extension(number) => number.to_string(),
            Peer::Outside(Some(number)) => number.to_string(),
            Peer::Outside(None) => "112".to_owned(),
        };
        if data.contains(&format!("voxera_leg={call}/112,")) {
            return Peer::Outside(None);
        }
        assert!(data.contains(&format!("voxera_leg={call}/{name}")), "{name} does not ring: {data}");
        by.clone()
    }

    fn next(&mut self) -> Told {
        self.at += 1;
        self.go();
        assert_eq!(self.current().0, "transfer", "one thing at a time");
        self.hunt()
    }

    fn hunt(&self) -> Told {
        Told::Hunt { destination: self.question(), vars: Box::new(self.vars()) }
    }

    /// Where the script asks again.
    fn question(&self) -> String {
        let (app, data) = self.apps.last().unwrap();
        assert_eq!(app, "transfer");
        data.split(' ').next().unwrap().to_owned()
    }

    /// The variables, as they are posted and read.
    fn vars(&self) -> HuntVars {
        let form: Vec<(String, &String)> =
            self.variables.iter().map(|(name, value)| (format!("variable_{name}"), value)).collect();
        serde_urlencoded::from_str(&serde_urlencoded::to_string(form).unwrap()).unwrap()
    }
}
