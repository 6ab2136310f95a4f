//! The golden calls of `scenarios/`, played by the engine with scripted phones: what the engine tells
//! the core, and what becomes of it, must be what the files say, word for word. The clock that calls
//! go by is moved by hand.

use crate::rig::PATIENCE;
use crate::stage::{Stage, connected, rings, until, words};
use crate::ua::{Message, Talk, Ua};
use std::time::Duration;
use voxera_callcontrol::{CallEnded, LiveCall, LiveEvent, LiveScope};
use voxera_callflow::scenario::{Expected, Happening, Scenario};
use voxera_callflow::{Party, Peer, RingOutcome};
use voxera_model::{Dialled, Locale};

/// Plays one call.
pub async fn play(scenario: Scenario) {
    let mut stage = Stage::set(scenario).await;
    let steps = std::mem::take(&mut stage.scenario.steps);
    for step in &steps {
        stage.take(step).await;
    }
    if steps.last().is_some_and(|step| step.then == "over") {
        let record = stage.ended().await;
        let en: Vec<String> = steps.iter().flat_map(|step| step.en.clone()).collect();
        let said = (words(&record.trace, Locale::Sv), words(&record.trace, Locale::En));
        assert_eq!(said, (stage.said, en));
        stage.scenario.steps = steps;
        assert_eq!(Some(record.outcome), stage.scenario.outcome());
    }
}

impl Stage {
    async fn take(&mut self, step: &Expected) {
        let asked = step.does.iter();
        let answers = asked.clone().any(|deed| deed == "answer" || deed == "bridge");
        let stops = asked
            .clone()
            .any(|deed| deed.starts_with("ring ") || deed.starts_with("hang up") || deed == "stop ringing");
        self.prepare(step).await;
        self.happens(&step.event).await;
        let over = matches!(step.event, Happening::RingEnded { .. } | Happening::Answered { .. });
        if stops || over || matches!(step.event, Happening::Replaced { .. }) {
            self.rung_out().await;
        }
        self.said.extend(step.sv.clone());
        if answers && !self.up {
            let peer = self.caller.clone();
            let mut talk = self.calls.take().unwrap();
            connected(self.ua(&peer, 0), &mut talk).await;
            self.calls = Some(talk);
            self.up = true;
        }
        if let Happening::Transferred { by: Party::Caller, .. } | Happening::Sent { party: Party::Callee, .. } =
            step.event
            && step.does.iter().any(|deed| deed == "release caller")
        {
            let (peer, nth, talk) = self.callee.take().unwrap();
            assert_eq!(nth, 0);
            (self.caller, self.calls) = (peer, Some(talk));
        }
        if step.does.iter().any(|deed| deed == "release callee") {
            self.callee = None;
        }
        self.came(!step.does.is_empty()).await;
        self.stands.clone_from(&step.then);
        for deed in &step.does {
            self.follow(deed).await;
        }
    }

    /// Notes what is due, and lets everything ring that is to ring.
    async fn follow(&mut self, deed: &str) {
        if let Some(after) = deed.strip_prefix("timer ") {
            self.timer = Some(self.clock + seconds(after));
        }
        if deed.starts_with("emergency") {
            let lines = self.scenario.snapshot.trunks.clone();
            if let Some(nth) = lines.iter().position(|line| line.emergency) {
                self.one_rings(Peer::Outside(None), nth).await;
            }
        }
        let Some(deed) = deed.strip_prefix("ring ") else { return };
        let (targets, rest) = deed.rsplit_once(" for ").unwrap();
        self.rings_until = Some(self.clock + seconds(rest.split(',').next().unwrap()));
        if let Some((number, over)) = targets.split_once(" over ") {
            let number = number.split(" (").next().unwrap();
            let first = over.split(" or ").next().unwrap();
            let lines = &self.scenario.snapshot.trunks;
            let nth = lines.iter().position(|line| line.name.as_str() == first).unwrap();
            let number = voxera_model::PhoneNumber::parse(number).unwrap();
            return self.one_rings(Peer::Outside(Some(number)), nth).await;
        }
        for target in targets.split(", ") {
            let number = voxera_model::ExtensionNumber::parse(target).unwrap();
            for nth in 0..self.phones[&number].len() {
                self.one_rings(Peer::Extension(number.clone()), nth).await;
            }
        }
    }

    async fn one_rings(&mut self, peer: Peer, nth: usize) {
        let invite = rings(self.ua(&peer, nth)).await;
        self.ringing.push((peer, nth, invite));
    }

    /// Whoever still rings is told to stop.
    async fn rung_out(&mut self) {
        for (peer, nth, invite) in std::mem::take(&mut self.ringing) {
            let ua = self.ua(&peer, nth);
            let cancel = until(ua, "CANCEL").await;
            ua.ok(&cancel).await;
            ua.answer(&invite, "487 Terminated", "rings", "", "").await;
            until(ua, "ACK").await;
        }
    }

    async fn happens(&mut self, event: &Happening) {
        match event {
            Happening::Arrived { from, dialled } => self.arrives(from.clone(), dialled).await,
            Happening::Answered { by } => {
                // Help is whoever answers there.
                let rings =
                    self.ringing.iter().position(|(peer, ..)| peer == by || *peer == Peer::Outside(None));
                let rings = rings.unwrap();
                let (peer, nth, invite) = self.ringing.remove(rings);
                let talk = pick_up(self.ua(&peer, nth), &invite).await;
                self.callee = Some((peer, nth, talk));
            }
            Happening::RingEnded { outcome } => match outcome {
                RingOutcome::Busy => self.everyone("486 Busy Here").await,
                RingOutcome::Declined => self.everyone("603 Decline").await,
                RingOutcome::Unreachable => self.everyone("480 Gone").await,
                RingOutcome::Incompatible => self.everyone("488 No").await,
                RingOutcome::NoAnswer => {
                    let due = self.rings_until.take().unwrap();
                    // A timer of before is heard first, and changes nothing.
                    if let Some(late) = self.timer.filter(|timer| (self.clock..due).contains(timer)) {
                        self.pass_to(late).await;
                    }
                    self.pass_to(due).await;
                }
            },
            Happening::HungUp { by: Party::Caller } => {
                let (peer, up) = (self.caller.clone(), self.up);
                let mut talk = self.calls.take().unwrap();
                let ua = self.ua(&peer, 0);
                if up {
                    ua.inside(&mut talk, "BYE", "", "").await;
                } else {
                    ua.cancel(&talk).await;
                }
            }
            Happening::HungUp { by: Party::Callee } => {
                let (peer, nth, mut talk) = self.callee.take().unwrap();
                self.ua(&peer, nth).inside(&mut talk, "BYE", "", "").await;
            }
            Happening::HungUp { by: Party::System } => {
                let live = self.rig.control.live();
                let calls = live.calls(LiveScope::Platform);
                let ours = |call: &&LiveCall| Some(call.id) == self.id;
                live.hangup(calls.iter().find(ours).unwrap().id);
            }
            Happening::Keys { keys } => {
                let mut talk = self.calls.take().unwrap();
                let peer = self.caller.clone();
                for key in keys {
                    let ua = self.ua(&peer, 0);
                    let body = format!("Signal={}\r\nDuration=160\r\n", key.as_char());
                    ua.inside(&mut talk, "INFO", "Content-Type: application/dtmf-relay\r\n", &body).await;
                    until(ua, "SIP/2.0 200").await;
                }
                self.calls = Some(talk);
            }
            Happening::Transferred { by, to } => {
                let to = format!("Refer-To: <sip:{to}@{}>\r\n", self.scenario.snapshot.realm);
                let to = to.replace(' ', "").replace("Refer-To:", "Refer-To: ");
                if *by == Party::Caller {
                    let peer = self.caller.clone();
                    let mut talk = self.calls.take().unwrap();
                    self.ua(&peer, 0).inside(&mut talk, "REFER", &to, "").await;
                    self.calls = Some(talk);
                } else {
                    let (peer, nth, mut talk) = self.callee.take().unwrap();
                    self.ua(&peer, nth).inside(&mut talk, "REFER", &to, "").await;
                    self.callee = Some((peer, nth, talk));
                }
            }
            Happening::Sent { party, to } => {
                let live = self.rig.control.live();
                let calls = live.calls(LiveScope::Platform);
                let ours = |call: &&LiveCall| Some(call.id) == self.id;
                let sent = live.send_on(calls.iter().find(ours).unwrap().id, *party, Dialled::parse(to));
                let _is_in_the_story = sent.await;
            }
            Happening::Replaced { party: Party::Callee, by } => self.replaced(by.clone()).await,
            Happening::Timer => {
                let due = self.timer.take().unwrap();
                self.pass_to(due).await;
            }
            // Sounds end by themselves, and a queue looks by itself; what fails was made to fail.
            Happening::Played | Happening::Woken | Happening::Failed | Happening::GivenAway => {}
            other => panic!("{other:?} cannot be made to happen"),
        }
    }

    /// Another phone takes a call that rings or is parked, or the place of the one that answered.
    async fn replaced(&mut self, by: Peer) {
        let Some((_, _, old)) = self.callee.take() else {
            let code = match (self.ringing.first(), self.stands.split(' ').nth(1)) {
                (Some((Peer::Extension(number), ..)), _) => format!("*8{number}"),
                (None, Some(slot)) => slot.to_owned(),
                _ => panic!("nobody picks up what rings outside"),
            };
            let ua = self.ua(&by, 0);
            let mut talk = ua.dial(&code).await;
            connected(ua, &mut talk).await;
            self.callee = Some((by, 0, talk));
            return;
        };
        let tag = |value: &str| value.split("tag=").nth(1).unwrap().split(';').next().unwrap().to_owned();
        let (ours, theirs) = (tag(&old.remote), tag(&old.local));
        let more = format!("Replaces: {};to-tag={ours};from-tag={theirs}\r\n", old.call_id);
        let uri = format!("sip:1001@{}", self.scenario.snapshot.realm);
        let ua = self.ua(&by, 0);
        let offer = ua.sdp("sendrecv");
        let mut talk = ua.dial_with(&uri, &more, &offer).await;
        connected(ua, &mut talk).await;
        self.callee = Some((by, 0, talk));
    }

    async fn arrives(&mut self, from: Peer, dialled: &str) {
        let talk = match &from {
            Peer::Extension(number) => {
                let lamp = self.scenario.snapshot.extensions.get(number).map(|extension| extension.id);
                let lamp = lamp.is_some_and(|id| self.scenario.facts.mailboxes.contains_key(&id));
                let ua = self.ua(&from, 0);
                if lamp {
                    let news = until(ua, "NOTIFY").await;
                    ua.ok(&news).await;
                }
                ua.dial(&dialled.replace(' ', "")).await
            }
            Peer::Outside(_) => {
                let ua = self.ua(&from, 0);
                let number: String = dialled.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
                let offer = ua.sdp("sendrecv");
                let uri = format!("sip:{number}@{}", ua.server);
                let invite = ua.request("INVITE", &uri, "Content-Type: application/sdp\r\n", &offer);
                ua.send(&invite).await;
                Ua::talk(invite)
            }
        };
        self.calls = Some(talk);
    }

    /// Every phone that rings says this.
    async fn everyone(&mut self, status: &str) {
        for (peer, nth, invite) in std::mem::take(&mut self.ringing) {
            let ua = self.ua(&peer, nth);
            ua.answer(&invite, status, "rings", "", "").await;
            until(ua, "ACK").await;
        }
    }

    /// Lets time pass until then, as soon as the engine waits for it.
    async fn pass_to(&mut self, due: Duration) {
        let awaited = self.hand.awaited(due.saturating_sub(self.clock));
        assert!(tokio::time::timeout(PATIENCE, awaited).await.is_ok(), "nobody waits for {due:?}");
        self.hand.advance(due.saturating_sub(self.clock));
        self.clock = self.clock.max(due);
    }

    /// What became of the call.
    async fn ended(&mut self) -> CallEnded {
        loop {
            if let Some(record) = self.record.take() {
                return record;
            }
            let event = tokio::time::timeout(PATIENCE, self.rig.feed.next()).await.unwrap().unwrap();
            self.note(event);
        }
    }

    /// Whether the call that is told took a step.
    fn note(&mut self, event: LiveEvent) -> bool {
        match event {
            LiveEvent::Ended { call }
                if self.is_ours(call.id, call.from_extension.as_ref(), &call.to_number) =>
            {
                self.trace = words(&call.trace, Locale::Sv);
                self.record = Some(call);
                true
            }
            LiveEvent::Call { call }
                if self.is_ours(call.id, call.from.extension.as_ref(), &call.to.number) =>
            {
                self.id = Some(call.id);
                let sound = (call.from.sound, call.to.sound);
                let before = std::mem::replace(&mut self.trace, words(&call.trace, Locale::Sv));
                // That somebody is not heard is no step.
                let quiet = std::mem::replace(&mut self.sound, sound) != sound;
                !quiet || before != self.trace
            }
            _ => false,
        }
    }

    /// Until the call has taken this step, and its trace says what the file says.
    async fn came(&mut self, steps: bool) {
        let mut stepped = !steps;
        let patience = tokio::time::Instant::now() + PATIENCE;
        while self.record.is_none() && (!stepped || self.trace.len() < self.said.len()) {
            let Ok(event) = tokio::time::timeout_at(patience, self.rig.feed.next()).await else {
                panic!("{:#?} instead of {:#?}", self.trace, self.said)
            };
            stepped |= self.note(event.unwrap());
        }
        let length = self.said.len().min(self.trace.len());
        assert_eq!(&self.trace[..length], &self.said[..]);
    }
}

async fn pick_up(ua: &mut Ua, invite: &Message) -> Talk {
    ua.pick_up(invite).await
}

/// `25 s`.
fn seconds(text: &str) -> Duration {
    Duration::from_secs_f64(text.strip_suffix(" s").unwrap().parse().unwrap())
}
