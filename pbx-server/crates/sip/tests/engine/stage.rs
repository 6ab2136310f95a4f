//! What a golden call needs: its company, its phones and lines, and whatever went on before.

use crate::rig::{PATIENCE, Rig, credentials, secret};
use crate::ua::{Message, Talk, Ua};
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use uuid::Uuid;
use voxera_audio::{Library, LibraryConfig};
use voxera_callcontrol::{
    Arrival, ArrivedFrom, CallEnded, Clock, Hand, LineState, LiveEvent, LiveScope, LiveSound, LiveState,
    NewMessage, PbxConfig, TrunkKind, TrunkSecret, TrunkTransport,
};
use voxera_callflow::scenario::{Expected, Happening, Scenario, load_all};
use voxera_callflow::{
    Extension, Facts, Kind, LocalTime, MessageFacts, ParkSlot, Peer, Reason, RingOutcome, TraceEntry, Trunk,
    User,
};
use voxera_model::{CallId, DeviceId, Dialled, Engine, ExtensionId, ExtensionNumber, Locale, Name, TrunkId};
use voxera_sip::SipTimers;

/// Colleagues who are in no file: those whom the file's people already talk with.
const FRIENDS: u32 = 6;

/// The phones of a scenario, and what was said so far.
pub struct Stage {
    pub rig: Rig,
    pub hand: Hand,
    /// Since the call began.
    pub clock: Duration,
    pub scenario: Scenario,
    pub phones: HashMap<ExtensionNumber, Vec<Ua>>,
    lines: Vec<Ua>,
    began: Peer,
    /// The call that is told, once it is live.
    pub id: Option<CallId>,
    pub caller: Peer,
    pub calls: Option<Talk>,
    pub callee: Option<(Peer, usize, Talk)>,
    /// Who rings: the phone's number in its extension, or the line's.
    pub ringing: Vec<(Peer, usize, Message)>,
    pub up: bool,
    /// Where the call stands, as the file says.
    pub stands: String,
    pub said: Vec<String>,
    pub trace: Vec<String>,
    /// Whether the caller, and whoever answered, are heard.
    pub sound: (LiveSound, LiveSound),
    pub timer: Option<Duration>,
    pub rings_until: Option<Duration>,
    pub record: Option<CallEnded>,
    facts: Facts,
    /// Other calls: whose, with the friend who is at the other end.
    others: Vec<(ExtensionNumber, usize, Talk)>,
    friends: u32,
    _sounds: tempfile::TempDir,
}

impl Stage {
    /// Sets everything up, up to the call's arrival.
    pub async fn set(scenario: Scenario) -> Self {
        let Happening::Arrived { from, .. } = scenario.steps[0].event.clone() else {
            panic!("it does not begin with a call")
        };
        let (clock, hand) = Clock::by_hand(utc(scenario.facts.now));
        let sounds = tempfile::tempdir().unwrap();
        // A short tone in place of words: they would take their time to be said.
        let nobody = || "/nobody/speaks".into();
        let mute = LibraryConfig { espeak: nobody(), flite: nobody(), ..LibraryConfig::new(sounds.path()) };
        let library = Library::new(mute).unwrap();
        let library = (scenario.name != "the_disk_is_full").then_some(library);
        let rig = Rig::by(
            |config| config.clock = clock,
            |config| {
                config.library = library;
                // Nothing here waits for the protocol, and a busy machine is no silent phone.
                config.timers = SipTimers::default();
            },
        )
        .await;
        let mut snapshot = scenario.snapshot.clone();
        let realm = snapshot.realm.as_str().to_owned();
        for nth in 0..FRIENDS {
            let known = Extension {
                id: ExtensionId(Uuid::from_u128(0x9000 + u128::from(nth))),
                name: Name::parse("En till").unwrap(),
                kind: Kind::User(User::new(vec![friends_phone(nth)])),
                recording: None,
            };
            snapshot.extensions.insert(friend(nth), known);
        }
        let mut devices = Vec::new();
        for (number, extension) in &snapshot.extensions {
            devices.extend(extension.devices().iter().map(|device| secret(&realm, number, *device)));
        }
        if matches!(from, Peer::Outside(_)) && snapshot.trunks.is_empty() {
            let (id, name) = (TrunkId(Uuid::from_u128(9)), Name::parse("Operatören").unwrap());
            snapshot.trunks.push(Trunk { id, name, emergency: false });
        }
        let (mut lines, mut trunks) = (Vec::new(), Vec::new());
        for trunk in &snapshot.trunks {
            let mut line = Ua::new(&rig, credentials("carrier.example", "carrier")).await;
            match &from {
                Peer::Outside(Some(number)) => number.as_str().clone_into(&mut line.me.user),
                Peer::Outside(None) => {
                    "anonymous".clone_into(&mut line.me.user);
                    "anonymous.invalid".clone_into(&mut line.me.realm);
                }
                Peer::Extension(_) => {}
            }
            trunks.push(at(trunk.id, line.here()));
            lines.push(line);
        }
        snapshot.index();
        let ids: Vec<TrunkId> = snapshot.trunks.iter().map(|trunk| trunk.id).collect();
        rig.control.directory().replace(PbxConfig { snapshot, engine: Engine::Embedded, devices, trunks });
        let mut stage = Self {
            rig,
            hand,
            clock: Duration::ZERO,
            phones: HashMap::new(),
            lines,
            began: from.clone(),
            id: None,
            caller: from,
            calls: None,
            callee: None,
            ringing: Vec::new(),
            up: false,
            stands: String::new(),
            said: Vec::new(),
            trace: Vec::new(),
            sound: <(LiveSound, LiveSound)>::default(),
            _sounds: sounds,
            timer: None,
            rings_until: None,
            record: None,
            facts: Facts::default(),
            others: Vec::new(),
            friends: 0,
            scenario,
        };
        for (nth, id) in ids.into_iter().enumerate() {
            let down = stage.scenario.snapshot.trunks.iter().any(|trunk| trunk.id == id)
                && !stage.scenario.facts.lines.contains(&id);
            stage.line_is(nth, id, !down).await;
        }
        for number in stage.scenario.snapshot.extensions.keys() {
            stage.phones.insert(number.clone(), Vec::new());
        }
        for nth in 0..FRIENDS {
            let mut me = credentials(&realm, &friends_phone(nth).to_string());
            me.number = friend(nth).to_string();
            let ua = Ua::online(&stage.rig, me).await;
            stage.phones.insert(friend(nth), vec![ua]);
        }
        stage
    }

    /// Waits until the engine knows how a line is.
    async fn line_is(&mut self, nth: usize, id: TrunkId, up: bool) {
        let line = &mut self.lines[nth];
        let asks = until(line, "OPTIONS").await;
        line.answer(&asks, if up { "200 OK" } else { "503 Out of Order" }, "line", "", "").await;
        let lines = self.rig.control.lines();
        let mut changes = lines.changes();
        let told = changes.wait_for(|_| match lines.get(id) {
            LineState::Untried => false,
            LineState::Up => up,
            LineState::Down { .. } => !up,
        });
        tokio::time::timeout(PATIENCE, told).await.unwrap().unwrap();
    }

    /// Makes the facts so: phones come and go, and people begin to talk and stop.
    pub async fn prepare(&mut self, step: &Expected) {
        let at = Duration::from_millis(step.facts.clock);
        let by_time =
            matches!(step.event, Happening::Timer | Happening::RingEnded { outcome: RingOutcome::NoAnswer });
        if !by_time && at > self.clock {
            self.hand.advance(at.saturating_sub(self.clock));
            self.clock = at;
        }
        if matches!(step.event, Happening::Arrived { .. }) {
            for (mailbox, messages) in &step.facts.mailboxes {
                messages.iter().rev().for_each(|message| self.left(*mailbox, message));
            }
        }
        let numbers: Vec<ExtensionNumber> = self.scenario.snapshot.extensions.keys().cloned().collect();
        for number in &numbers {
            let id = self.scenario.snapshot.extensions[number].id;
            let now = step.facts.extensions.get(&id).copied().unwrap_or_default();
            self.online(number, now.online.into()).await;
        }
        for number in &numbers {
            let id = self.scenario.snapshot.extensions[number].id;
            let was = self.facts.extensions.get(&id).copied().unwrap_or_default();
            let now = step.facts.extensions.get(&id).copied().unwrap_or_default();
            // Whoever listens in is told apart from who only rings somebody.
            let rings = now.talking == 0
                && matches!(&step.event, Happening::Arrived { dialled, .. } if dialled.starts_with("*88"));
            for _ in was.calls..now.calls {
                self.begin_other(number, !rings).await;
            }
            for _ in now.calls..was.calls {
                self.end_other(number).await;
            }
        }
        self.crowds(&step.facts).await;
        if self.facts.ringing != step.facts.ringing {
            for ringing in step.facts.ringing.clone() {
                let other = friend(self.friends);
                self.friends += 1;
                let calls = self.phones.get_mut(&other).unwrap();
                calls[0].dial(ringing.extension.as_str()).await;
                rings(&mut self.phones.get_mut(&ringing.extension).unwrap()[0]).await;
            }
        }
        if self.facts.parked != step.facts.parked {
            for parked in step.facts.parked.clone() {
                self.park_other(parked.slot).await;
            }
        }
        if let Happening::Failed = step.event
            && let Some((number, ..)) = self.others.last().cloned()
        {
            self.end_other(&number).await;
        }
        self.facts = step.facts.clone();
    }

    /// A friend parks another one.
    async fn park_other(&mut self, slot: ParkSlot) {
        let (waits, parks) = (friend(self.friends), friend(self.friends + 1));
        self.friends += 2;
        let mut talk = self.phones.get_mut(&waits).unwrap()[0].dial(parks.as_str()).await;
        let ua = &mut self.phones.get_mut(&parks).unwrap()[0];
        let invite = rings(ua).await;
        let mut other = ua.pick_up(&invite).await;
        connected(&mut self.phones.get_mut(&waits).unwrap()[0], &mut talk).await;
        let mut feed = self.rig.control.live().subscribe(LiveScope::Platform);
        let to = format!("Refer-To: <sip:{slot}@{}>\r\n", self.scenario.snapshot.realm);
        self.phones.get_mut(&parks).unwrap()[0].inside(&mut other, "REFER", &to, "").await;
        self.others.push((waits, 0, talk));
        loop {
            let event = tokio::time::timeout(PATIENCE, feed.next()).await.unwrap();
            if let Some(LiveEvent::Call { call }) = event
                && call.state == LiveState::Parked
            {
                return;
            }
        }
    }

    /// Those who wait in lines and sit in rooms.
    async fn crowds(&mut self, now: &Facts) {
        let was = self.facts.clone();
        let ahead = |facts: &Facts, id| facts.queues.get(id).map_or(0, |queue| queue.ahead);
        let joined = |facts: &Facts, id| facts.rooms.get(id).copied().unwrap_or(0);
        let all = self.scenario.snapshot.extensions.clone();
        for (number, Extension { id, .. }) in &all {
            for _ in ahead(&was, id) + joined(&was, id)..ahead(now, id) + joined(now, id) {
                let other = friend(self.friends);
                self.friends += 1;
                let ua = &mut self.phones.get_mut(&other).unwrap()[0];
                let mut talk = ua.dial(number.as_str()).await;
                connected(ua, &mut talk).await;
                self.others.push((other, 0, talk));
            }
            for _ in ahead(now, id)..ahead(&was, id) {
                let other = self.others.iter().find(|(who, ..)| who.as_str().starts_with("999"));
                let other = other.unwrap().0.clone();
                self.end_other(&other).await;
            }
        }
    }

    /// A message that was left before.
    fn left(&self, mailbox: ExtensionId, message: &MessageFacts) {
        let control = &self.rig.control;
        let view = control.directory().pbx(&self.scenario.snapshot.realm).unwrap();
        let from = ArrivedFrom::Line { trunk: TrunkId(Uuid::nil()), number: None };
        let dialled = Dialled::parse("9990");
        let arrival = Arrival { call: CallId(Uuid::now_v7()), from, dialled };
        let (call, _) = control.arrive(&view, arrival);
        call.message(NewMessage { id: message.message, mailbox, millis: 2_000 });
        control.mailboxes().marked(view.snapshot.pbx, mailbox, message.message, message.heard);
    }

    async fn online(&mut self, number: &ExtensionNumber, wanted: usize) {
        let devices: Vec<DeviceId> = self.scenario.snapshot.extensions[number].devices().to_vec();
        let own = self.phones.get_mut(number).unwrap();
        while own.len() > wanted {
            let mut leaves = own.pop().unwrap();
            leaves.register(0).await;
        }
        while own.len() < wanted {
            let mut me = credentials(self.scenario.snapshot.realm.as_str(), &devices[own.len()].to_string());
            me.number = number.to_string();
            own.push(Ua::online(&self.rig, me).await);
        }
    }

    /// Somebody calls a friend, who answers.
    async fn begin_other(&mut self, number: &ExtensionNumber, answered: bool) {
        let other = friend(self.friends);
        self.friends += 1;
        let ua = &mut self.phones.get_mut(number).unwrap()[0];
        let mut talk = ua.dial(other.as_str()).await;
        let callee = &mut self.phones.get_mut(&other).unwrap()[0];
        let invite = rings(callee).await;
        if !answered {
            return;
        }
        callee.pick_up(&invite).await;
        connected(&mut self.phones.get_mut(number).unwrap()[0], &mut talk).await;
        self.others.push((number.clone(), 0, talk));
    }

    async fn end_other(&mut self, number: &ExtensionNumber) {
        let at = self.others.iter().position(|(whose, ..)| whose == number).unwrap();
        let (number, nth, mut talk) = self.others.remove(at);
        let mut feed = self.rig.control.live().subscribe(LiveScope::Platform);
        self.phones[&number][nth].inside(&mut talk, "BYE", "", "").await;
        loop {
            let event = tokio::time::timeout(PATIENCE, feed.next()).await.unwrap();
            if let Some(LiveEvent::Ended { call }) = event
                && call.from_extension.as_ref() == Some(&number)
            {
                return;
            }
        }
    }

    /// Whether a call is the one that is told, and none that went on beside it.
    pub fn is_ours(&self, id: CallId, from: Option<&ExtensionNumber>, to: &str) -> bool {
        if let Some(own) = self.id {
            return own == id;
        }
        let caller = match &self.began {
            Peer::Extension(number) => Some(number),
            Peer::Outside(_) => None,
        };
        from == caller && !to.starts_with("999")
    }

    /// A phone, or the line that somebody outside is at.
    pub fn ua(&mut self, peer: &Peer, nth: usize) -> &mut Ua {
        match peer {
            Peer::Extension(number) => &mut self.phones.get_mut(number).unwrap()[nth],
            Peer::Outside(_) => &mut self.lines[nth],
        }
    }
}

/// Every file.
pub fn scenarios() -> Vec<Scenario> {
    load_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")).unwrap()
}

fn friend(nth: u32) -> ExtensionNumber {
    ExtensionNumber::parse(&format!("999{nth}")).unwrap()
}

fn friends_phone(nth: u32) -> DeviceId {
    DeviceId(Uuid::from_u128(0x9900 + u128::from(nth)))
}

/// A minute in Stockholm, where the companies of the files are.
fn utc(local: LocalTime) -> DateTime<Utc> {
    let minutes = i64::from(local.day) * 24 * 60 + i64::from(local.minute);
    let there = DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes);
    chrono_tz::Europe::Stockholm.from_local_datetime(&there.naive_utc()).earliest().unwrap().to_utc()
}

/// The next message that begins so; whatever else is asked is answered, and a call that comes
/// meanwhile is kept.
pub async fn until(ua: &mut Ua, begins: &str) -> Message {
    if let Some(at) = ua.kept.iter().position(|kept| kept.start().starts_with(begins)) {
        return ua.kept.remove(at).unwrap();
    }
    loop {
        let message = ua.next().await;
        let changes = message.method() == "INVITE" && message.field("To").contains(";tag=");
        if !changes && message.start().starts_with(begins) {
            return message;
        }
        match message.method() {
            "INVITE" if changes => {
                let sdp = ua.sdp("sendrecv");
                ua.answer(&message, "200 OK", "", "Content-Type: application/sdp\r\n", &sdp).await;
            }
            "INVITE" => ua.kept.push_back(message),
            "ACK" => {}
            _ if message.code() == 0 => ua.ok(&message).await,
            _ => {}
        }
    }
}

/// The phone says that it rings.
pub async fn rings(ua: &mut Ua) -> Message {
    let invite = until(ua, "INVITE").await;
    ua.answer(&invite, "180 Ringing", "rings", "", "").await;
    invite
}

/// The phone that called is answered, and acknowledges it.
pub async fn connected(ua: &mut Ua, talk: &mut Talk) {
    loop {
        let answer = until(ua, "SIP/2.0 200").await;
        if answer.field("CSeq").ends_with("INVITE") && answer.field("Call-ID") == talk.call_id {
            answer.field("To").clone_into(&mut talk.remote);
            talk.target = answer.contact();
            return ua.ack(talk).await;
        }
    }
}

/// What was decided. Scripted phones say next to nothing, which is noted as well, sooner or later.
pub fn words(trace: &[TraceEntry], locale: Locale) -> Vec<String> {
    let decided =
        |entry: &&TraceEntry| !matches!(entry.reason, Reason::SoundLost { .. } | Reason::SoundBack { .. });
    trace.iter().filter(decided).map(|entry| entry.say(locale)).collect()
}

/// A line that stands where a phone's socket is.
fn at(id: TrunkId, place: SocketAddr) -> TrunkSecret {
    TrunkSecret {
        id,
        kind: TrunkKind::Address,
        host: place.ip().to_string(),
        port: place.port(),
        transport: TrunkTransport::Udp,
        username: None,
        password: None,
        addresses: Vec::new(),
    }
}
