//! The golden calls of `scenarios/`, played by the engine with scripted phones: what the engine tells
//! the core, and what becomes of it, must be what the files say, word for word.

use crate::rig::{PATIENCE, Rig, credentials, secret};
use crate::ua::{Message, Talk, Ua};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use voxera_callcontrol::{LiveScope, PbxConfig, TrunkKind, TrunkSecret, TrunkTransport};
use voxera_callflow::scenario::{Happening, Scenario, load_all};
use voxera_callflow::{Party, Peer, RingOutcome, TraceEntry, Trunk};
use voxera_model::{ExtensionNumber, Locale, Name, TrunkId};

macro_rules! played {
    ($($name:ident,)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                Stage::set(stringify!($name)).await.play().await;
            }
        )*
    };
}

played! {
    a_blind_transfer,
    a_callback,
    a_callback_at_another_number,
    a_callback_never_to_a_premium_number,
    a_callback_without_a_number,
    a_conference,
    a_conference_with_a_pin,
    a_group_in_tiers,
    a_group_rings_all,
    a_mailbox_of_another,
    a_mailbox_of_another_without_a_pin,
    a_member_calls_its_own_group,
    a_menu_and_wrong_keys,
    a_menu_decides_otherwise,
    a_menu_gives_up,
    a_menu_hears_an_extension_that_is_not_there,
    a_menu_is_left,
    a_menu_leads_to_a_conference,
    a_menu_leads_to_a_voice_agent,
    a_menu_names_the_caller,
    a_menu_takes_an_extension,
    a_menu_that_was_never_published,
    a_menu_waits_for_more_digits,
    a_menu_with_a_dead_end,
    a_menu_without_a_beginning,
    a_message_then_a_person,
    a_number_that_hangs_up,
    a_premium_number,
    a_public_number_without_an_outside_line,
    a_queue_without_members_online,
    a_recorded_call,
    a_recorded_member,
    a_recorded_queue,
    a_rule_for_a_caller,
    a_rule_for_one_caller,
    a_rule_that_leads_nowhere,
    a_transfer_to_a_queue,
    a_wrong_pin,
    an_own_number_from_inside,
    an_own_number_that_leads_nowhere,
    an_own_number_whose_extension_is_gone,
    an_unknown_code,
    an_unknown_extension,
    answered_then_an_administrator_ends_it,
    answered_then_the_callee_hangs_up,
    answered_then_the_caller_hangs_up,
    conferencing_switched_off,
    declined,
    declining_is_busy,
    do_not_disturb_without_a_mailbox,
    emergency_without_a_line,
    forwarding_always,
    forwarding_goes_round,
    forwarding_to_the_caller,
    forwarding_too_far,
    from_outside_to_a_person,
    from_outside_to_a_suspended_company,
    hunt_groups_switched_off,
    listening_in_is_not_for_everyone,
    listening_in_on_nobody,
    listening_in_on_oneself,
    menus_that_call_each_other,
    no_mailbox_at_all,
    no_message_is_left,
    no_messages,
    no_phone_set_up,
    no_rule_holds,
    not_a_number,
    offline,
    oneself,
    phones_without_a_common_format,
    picking_up_nothing,
    press_1_for_sales,
    queues_switched_off,
    recording_switched_off,
    suspended,
    the_caller_gives_up,
    the_phone_cannot_be_reached,
    the_phone_says_busy,
}

/// The phones of a scenario, and what was said so far.
struct Stage {
    rig: Rig,
    scenario: Scenario,
    phones: HashMap<ExtensionNumber, Vec<Ua>>,
    outside: Option<Ua>,
    caller: Option<Peer>,
    calls: Option<Talk>,
    callee: Option<(ExtensionNumber, usize, Talk)>,
    up: bool,
    said: Vec<String>,
}

impl Stage {
    async fn set(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
        let all = load_all(&folder).unwrap();
        let scenario = all.into_iter().find(|scenario| scenario.name == name).unwrap();
        let rig = Rig::start().await;
        let Happening::Arrived { from, .. } = scenario.steps[0].event.clone() else {
            panic!("it does not begin with a call")
        };
        let mut snapshot = scenario.snapshot.clone();
        let mut devices = Vec::new();
        for (number, extension) in &snapshot.extensions {
            devices.extend(
                extension.devices().iter().map(|device| secret(snapshot.realm.as_str(), number, *device)),
            );
        }
        let mut trunks = Vec::new();
        let mut outside = None;
        if let Peer::Outside(number) = &from {
            let user = number.as_ref().map_or("anonymous", |number| number.as_str());
            let mut line = Ua::new(&rig, credentials("carrier.example", user)).await;
            line.me.user = user.to_owned();
            if number.is_none() {
                line.me.realm = "anonymous.invalid".to_owned();
            }
            let id = snapshot.trunks.first().map_or(TrunkId(uuid::Uuid::from_u128(9)), |trunk| trunk.id);
            if snapshot.trunks.is_empty() {
                let name = Name::parse("Operatören").unwrap();
                snapshot.trunks.push(Trunk { id, name, emergency: false });
            }
            trunks.push(at(id, line.here()));
            outside = Some(line);
        }
        let realm = snapshot.realm.as_str().to_owned();
        rig.control.directory().replace(PbxConfig { snapshot, devices, trunks });
        let mut phones = HashMap::new();
        for (number, extension) in &scenario.snapshot.extensions {
            let online = scenario.facts.extensions.get(&extension.id).map_or(0, |facts| facts.online);
            let mut own = Vec::new();
            for device in extension.devices().iter().take(online.into()) {
                let mut me = credentials(&realm, &device.to_string());
                me.number = number.to_string();
                own.push(Ua::online(&rig, me).await);
            }
            phones.insert(number.clone(), own);
        }
        let caller = Some(from);
        Self {
            rig,
            scenario,
            phones,
            outside,
            caller,
            calls: None,
            callee: None,
            up: false,
            said: Vec::new(),
        }
    }

    async fn play(mut self) {
        let steps = std::mem::take(&mut self.scenario.steps);
        for step in &steps {
            self.happens(&step.event).await;
            self.said.extend(step.sv.clone());
            if step.then == "over" {
                break;
            }
            self.came().await;
            if !self.up && step.does.iter().any(|deed| deed == "answer" || deed == "bridge") {
                let (ua, talk) = self.caller();
                connected(ua, talk).await;
                self.up = true;
            }
        }
        if steps.last().is_some_and(|step| step.then == "over") {
            let record = self.rig.ended().await;
            let en: Vec<String> = steps.iter().flat_map(|step| step.en.clone()).collect();
            let said = (words(&record.trace, Locale::Sv), words(&record.trace, Locale::En));
            assert_eq!(said, (self.said, en));
            self.scenario.steps = steps;
            assert_eq!(Some(record.outcome), self.scenario.outcome());
        }
    }

    fn caller(&mut self) -> (&mut Ua, &mut Talk) {
        let ua = match &self.caller {
            Some(Peer::Extension(number)) => &mut self.phones.get_mut(number).unwrap()[0],
            _ => self.outside.as_mut().unwrap(),
        };
        (ua, self.calls.as_mut().unwrap())
    }

    async fn happens(&mut self, event: &Happening) {
        match event {
            Happening::Arrived { from, dialled } => self.arrives(from.clone(), dialled).await,
            Happening::Answered { by: Peer::Extension(by) } => {
                let ua = &mut self.phones.get_mut(by).unwrap()[0];
                let invite = until(ua, "INVITE").await;
                let talk = ua.pick_up(&invite).await;
                self.callee = Some((by.clone(), 0, talk));
            }
            Happening::RingEnded { outcome: RingOutcome::Busy } => self.everyone("486 Busy Here").await,
            Happening::RingEnded { outcome: RingOutcome::Declined } => self.everyone("603 Decline").await,
            Happening::RingEnded { outcome: RingOutcome::Unreachable } => self.everyone("480 Gone").await,
            Happening::RingEnded { outcome: RingOutcome::Incompatible } => self.everyone("488 No").await,
            Happening::HungUp { by: Party::Caller } => {
                let up = self.up;
                let (ua, talk) = self.caller();
                if up {
                    ua.inside(talk, "BYE", "", "").await;
                } else {
                    ua.cancel(talk).await;
                }
            }
            Happening::HungUp { by: Party::Callee } => {
                let (number, nth, mut talk) = self.callee.take().unwrap();
                self.phones[&number][nth].inside(&mut talk, "BYE", "", "").await;
            }
            Happening::HungUp { by: Party::System } => {
                let call = self.rig.control.live().calls(LiveScope::Platform)[0].id;
                self.rig.control.live().hangup(call);
            }
            Happening::Keys { keys } => {
                for key in keys {
                    let (ua, talk) = self.caller();
                    let body = format!("Signal={}\r\nDuration=160\r\n", key.as_char());
                    ua.inside(talk, "INFO", "Content-Type: application/dtmf-relay\r\n", &body).await;
                    until(ua, "SIP/2.0 200").await;
                }
            }
            Happening::Transferred { by: Party::Callee, to } => {
                let (number, nth, mut talk) = self.callee.take().unwrap();
                let to = format!("Refer-To: <sip:{to}@{}>\r\n", self.scenario.snapshot.realm);
                self.phones[&number][nth].inside(&mut talk, "REFER", &to, "").await;
                self.callee = Some((number, nth, talk));
            }
            // Time does it, or the core itself.
            Happening::Played
            | Happening::Timer
            | Happening::RingEnded { outcome: RingOutcome::NoAnswer } => {}
            other => panic!("{other:?} cannot be made to happen"),
        }
    }

    async fn arrives(&mut self, from: Peer, dialled: &str) {
        self.calls = Some(match &from {
            Peer::Extension(number) => {
                let ua = &mut self.phones.get_mut(number).unwrap()[0];
                ua.dial(&dialled.replace(' ', "")).await
            }
            Peer::Outside(_) => {
                let ua = self.outside.as_mut().unwrap();
                let number: String = dialled.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
                let offer = ua.sdp("sendrecv");
                let uri = format!("sip:{number}@{}", ua.server);
                let invite = ua.request("INVITE", &uri, "Content-Type: application/sdp\r\n", &offer);
                // Until the engine has looked at the directory, the line is a stranger.
                let mut again = tokio::time::interval(Duration::from_millis(50));
                loop {
                    tokio::select! {
                        _ = again.tick() => ua.send(&invite).await,
                        message = ua.next() => match message.method() {
                            "OPTIONS" => ua.ok(&message).await,
                            _ => break,
                        },
                    }
                }
                Ua::talk(invite)
            }
        });
    }

    /// Every phone that rings says this.
    async fn everyone(&mut self, status: &str) {
        let ringing: Vec<ExtensionNumber> = self.ringing();
        for number in ringing {
            for ua in self.phones.get_mut(&number).unwrap() {
                let invite = until(ua, "INVITE").await;
                ua.answer(&invite, status, "t", "", "").await;
            }
        }
    }

    fn ringing(&self) -> Vec<ExtensionNumber> {
        let live = self.rig.control.live().calls(LiveScope::Platform);
        let extension = live.first().and_then(|call| call.to.extension.clone());
        extension.into_iter().collect()
    }

    /// Until the call's trace says what the file says.
    async fn came(&mut self) {
        let wanted = &self.said;
        let control = &self.rig.control;
        let mut last = Vec::new();
        let look = async {
            let mut look = tokio::time::interval(Duration::from_millis(5));
            loop {
                let live = control.live().calls(LiveScope::Platform);
                last = live.first().map(|call| words(&call.trace, Locale::Sv)).unwrap_or_default();
                if last.len() >= wanted.len() {
                    return;
                }
                look.tick().await;
            }
        };
        let came = tokio::time::timeout(PATIENCE, look).await;
        assert!(came.is_ok(), "{last:#?} instead of {wanted:#?}");
        assert_eq!(&last[..wanted.len()], &wanted[..]);
    }
}

/// The next message that begins so; whatever else is asked is answered.
async fn until(ua: &mut Ua, begins: &str) -> Message {
    loop {
        let message = ua.next().await;
        if message.start().starts_with(begins) {
            return message;
        }
        if message.code() == 0 && !matches!(message.method(), "ACK" | "INVITE") {
            ua.ok(&message).await;
        }
    }
}

async fn connected(ua: &mut Ua, talk: &mut Talk) {
    let answer = until(ua, "SIP/2.0 200").await;
    answer.field("To").clone_into(&mut talk.remote);
    talk.target = answer.contact();
    ua.ack(talk).await;
}

fn words(trace: &[TraceEntry], locale: Locale) -> Vec<String> {
    trace.iter().map(|entry| entry.say(locale)).collect()
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
