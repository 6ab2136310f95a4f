//! Phones of one PBX at several nodes, and several addresses of one phone.

use crate::node::{Played, event, known, with};
use crate::world::{ANNA, BERTIL, LINE, Question, World, apps};
use crate::xml::Element;
use uuid::Uuid;
use voxera_callcontrol::{LiveEvent, LiveFeed, LiveScope, NodeSecret, NodeState, RegistrationChange};
use voxera_callflow::{Cause, Kind, Party, Snapshot};
use voxera_freeswitch::{ChannelEvent, ChannelId};
use voxera_model::{DeviceId, PbxId, Slug};

/// What a node says of its profile, when it takes calls at this address.
fn takes_calls(node: &Played, at: &str) {
    let (host, _) = at.split_once(':').unwrap();
    let status = format!("SIP-IP \t{host}\nBIND-URL \tsip:mod_sofia@{at};transport=udp,tcp\n");
    node.answers("sofia status profile voxera", &status);
}

/// Two nodes; Anna's phone is at the first, Bertil's at the second.
struct Stage {
    world: World,
    one: Played,
    two: Played,
    feed: LiveFeed,
}

impl Stage {
    async fn open() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Snapshot)) -> Self {
        let (world, one, two) = (World::with(change).await, Played::start().await, Played::start().await);
        takes_calls(&one, "10.0.0.1:5060");
        takes_calls(&two, "10.0.0.2:5070");
        let feed = world.control.live().subscribe(LiveScope::Platform);
        let mut stage = Self { world, one, two, feed };
        stage.list(false);
        for node in [&stage.one, &stage.two] {
            known(&stage.world.control, node, |live| live.state == NodeState::Up).await;
        }
        for device in [ANNA, BERTIL] {
            // What the world knows without a node.
            stage.world.control.presence().unregister(acme(), DeviceId(device.parse().unwrap()), None);
        }
        stage.registers(1, ANNA, "127.0.0.1:5071").await;
        stage.registers(2, BERTIL, "127.0.0.2:5071").await;
        stage
    }

    fn list(&self, draining: bool) {
        let two = NodeSecret { name: Slug::parse("fs2").unwrap(), draining, ..self.two.secret() };
        self.world.control.nodes().configure(vec![self.one.secret(), two]);
    }

    async fn registers(&mut self, node: u8, device: &str, at: &str) {
        let register = event("CUSTOM_sofia_register");
        let contact = format!("%22%22%20%3Csip%3A{device}%40{}%3E", at.replace(':', "%3A"));
        let register = with(&with(&register, "username", device), "contact", &contact);
        let register = with(&register, "call-id", &format!("{device}-{}", at.replace(':', "-")));
        if node == 1 { &self.one } else { &self.two }.tells(&register);
        loop {
            if let LiveEvent::Registration { change: RegistrationChange::Registered, registration } =
                self.feed.next().await.unwrap()
            {
                assert_eq!(registration.device.to_string(), device);
                return;
            }
        }
    }

    /// Anna's phone hunts at the first node.
    fn hunt(&self, destination: &str) -> Question {
        let mut question = Question::hunt(ANNA, destination);
        question.set("Core-UUID", &self.one.core());
        question
    }

    /// What the first node makes of a leg of a dial string, as `sofia` reads it.
    async fn dials(&self, leg: &str) -> String {
        let at = leg.split("voxera_at=").nth(1).map(|rest| rest.split([',', ']']).next().unwrap());
        let user = leg.split("]user/").nth(1).unwrap().split('@').next().unwrap();
        let mut question = Question::captured("directory_user_call");
        question.set("user", user).set("Core-UUID", &self.one.core());
        if let Some(at) = at {
            question.set("voxera_at", at);
        }
        let xml = self.world.ask(&question).await.xml();
        xml.all("user")[0].value("dial-string").unwrap().to_owned()
    }

    /// Anna calls Bertil: her question, its script, and the leg that sets out to the second node.
    async fn calls(&self) -> (Question, Element, Sent) {
        let question = self.hunt("1001");
        let script = self.world.ask(&question).await.xml();
        let dial = apps(&script)["bridge"].clone();
        assert!(dial.contains(&format!(",voxera_at={}]user/{BERTIL}@acme.test", self.two.id)), "{dial}");
        assert_eq!(dial.matches("user/").count(), 1, "{dial}");
        (question, script, Sent::read(&self.dials(&dial).await))
    }

    /// The leg asks the second node to be let in.
    fn proof(&self, sent: &Sent) -> Question {
        let mut question = Question::captured("directory_sip_auth_invite");
        for name in ["user", "sip_auth_username", "sip_request_user", "sip_to_user"] {
            question.set(name, &sent.name);
        }
        for name in ["domain", "key_value", "sip_from_host", "sip_auth_realm"] {
            question.set(name, DOMAIN);
        }
        question.set("sip_request_host", "10.0.0.2").set("sip_to_host", "10.0.0.2");
        question.set("Core-UUID", &self.two.core());
        question
    }

    /// It was let in, and hunts.
    fn arrival(&self, sent: &Sent) -> Question {
        let mut question = Question::hunt(ANNA, &sent.name);
        question.0.retain(|(name, _)| !name.starts_with("variable_voxera_"));
        for (name, value) in [
            ("Hunt-Context", "voxera-nodes"),
            ("variable_user_context", "voxera-nodes"),
            ("variable_domain_name", DOMAIN),
            ("variable_sip_from_host", DOMAIN),
            ("variable_sip_req_host", "10.0.0.2"),
            ("variable_voxera_relay", &sent.name),
            ("Core-UUID", &self.two.core()),
        ] {
            question.set(name, value);
        }
        question
    }

    fn tells(&self, channel: ChannelId, event: ChannelEvent) {
        self.world.handle.calls.event(channel, event);
    }

    /// Anna and Bertil talk: her channel, her leg to the second node, and what arrived there.
    async fn talk(&self) -> (Question, ChannelId, Question) {
        let (question, script, sent) = self.calls().await;
        let arrival = self.arrival(&sent);
        let rings = self.world.ask(&arrival).await.xml();
        let mark = apps(&script)["bridge"]
            .split("voxera_leg=")
            .nth(1)
            .unwrap()
            .split(',')
            .next()
            .unwrap()
            .to_owned();
        self.tells(sent.leg, ChannelEvent::Answered { mark: Some(mark) });
        self.tells(channel(&question), ChannelEvent::Bridged { with: sent.leg });
        let live = self.world.control.live().calls(LiveScope::Platform);
        assert_eq!(live.len(), 1);
        assert!(live[0].answered_at.is_some());
        (question, sent.leg, arrival.next(&rings, &[]))
    }

    async fn ended(&mut self) -> voxera_callcontrol::CallEnded {
        loop {
            if let LiveEvent::Ended { call } = self.feed.next().await.unwrap() {
                return call;
            }
        }
    }
}

const DOMAIN: &str = "nodes.voxera.invalid";

/// A leg between nodes, as its dial string has it.
struct Sent {
    name: String,
    password: String,
    leg: ChannelId,
    to: String,
}

impl Sent {
    fn read(dial: &str) -> Self {
        assert_eq!(dial.matches("sofia/").count(), 1, "{dial}");
        let (settings, to) = dial.strip_prefix("[^^:").unwrap().split_once(']').unwrap();
        let setting = |name: &str| {
            let found = settings.split(':').find_map(|one| one.strip_prefix(name)?.strip_prefix('='));
            found.unwrap_or_else(|| panic!("{name}: {dial}")).to_owned()
        };
        assert_eq!(setting("sip_invite_domain"), DOMAIN);
        let (name, password) = (setting("sip_auth_username"), setting("sip_auth_password"));
        let random = |text: &str| text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        assert!(random(&name) && random(&password) && name != password, "{dial}");
        let to = to.strip_prefix("sofia/voxera/sip:").unwrap().to_owned();
        Self { name, password, leg: ChannelId(setting("origination_uuid").parse().unwrap()), to }
    }
}

fn acme() -> PbxId {
    PbxId(Uuid::from_u128(1))
}

fn channel(question: &Question) -> ChannelId {
    ChannelId(question.get("Hunt-Unique-ID").parse().unwrap())
}

fn hangup(channel: &str) -> String {
    with(&event("CHANNEL_HANGUP_COMPLETE_bleg"), "Unique-ID", channel)
}

#[tokio::test]
async fn a_phone_at_another_node_is_rung_there_and_it_is_one_call() {
    let mut stage = Stage::open().await;
    let (question, script, sent) = stage.calls().await;
    assert_eq!(sent.to, format!("{}@10.0.0.2:5070", sent.name));
    let xml = stage.world.ask(&stage.proof(&sent)).await.xml();
    let user = xml.all("user");
    assert_eq!((user.len(), user[0].get("id"), user[0].get("number-alias")), (1, Some(&*sent.name), None));
    for (name, value) in [
        ("password", sent.password.as_str()),
        ("allow-empty-password", "false"),
        ("user_context", "voxera-nodes"),
        ("domain_name", DOMAIN),
        ("voxera_relay", &sent.name),
    ] {
        assert_eq!(user[0].value(name), Some(value), "{name}");
    }

    let rings = stage.world.ask(&stage.arrival(&sent)).await.xml();
    assert_eq!(rings.all("context")[0].get("name"), Some("voxera-nodes"));
    let told = apps(&rings);
    let phone = format!("[voxera_at=here,force_transfer_context=acme.test]user/{BERTIL}@acme.test");
    assert!(told["bridge"].ends_with(&phone), "{told:?}");
    assert!(!told.contains_key("transfer") && !told.contains_key("answer"), "{told:?}");
    assert_eq!(
        (stage.world.handle.calls.count(), stage.world.control.live().count(LiveScope::Platform)),
        (1, 1)
    );
    // What happens to the legs there is of no call.
    let (there, phone) = (ChannelId(Uuid::now_v7()), ChannelId(Uuid::now_v7()));
    stage.tells(there, ChannelEvent::Answered { mark: None });
    stage.tells(there, ChannelEvent::Bridged { with: phone });

    let mark =
        apps(&script)["bridge"].split("voxera_leg=").nth(1).unwrap().split(',').next().unwrap().to_owned();
    stage.tells(sent.leg, ChannelEvent::Answered { mark: Some(mark) });
    stage.tells(channel(&question), ChannelEvent::Bridged { with: sent.leg });
    let gone = ChannelEvent::HungUp { cause: "NORMAL_CLEARING".into(), by: Party::Callee };
    stage.tells(channel(&question), gone);
    let call = stage.ended().await;
    assert_eq!((call.outcome, call.hung_up_by), (Cause::Normal, Party::Callee));
    assert_eq!(call.to_extension.unwrap().as_str(), "1001");
    assert!(call.answered_at.is_some());
    assert_eq!(stage.world.handle.calls.count(), 0);
}

/// A name that was not sent, sent elsewhere, sent once already, or not proved: each is a stranger.
#[tokio::test]
async fn a_leg_that_nobody_sent_rings_nobody() {
    let stage = Stage::open().await;
    let (_, _, sent) = stage.calls().await;
    let refused = async |question: &Question| {
        let told = apps(&stage.world.ask(question).await.xml());
        assert!(!told.contains_key("bridge") && !told.contains_key("intercept"), "{told:?}");
        told["respond"].clone()
    };
    // The proof: of another node, another domain, another method, another name.
    let one = stage.one.core();
    for (field, value) in [
        ("Core-UUID", one.as_str()),
        ("Core-UUID", ""),
        ("sip_auth_method", "REGISTER"),
        ("sip_auth_method", "SUBSCRIBE"),
        ("sip_from_host", "acme.test"),
        ("domain", "acme.test"),
        ("user", "0123456789abcdef0123456789abcdef"),
        ("user", "1001"),
        ("user", BERTIL),
    ] {
        let mut forged = stage.proof(&sent);
        let answer = stage.world.ask(forged.set(field, value)).await;
        assert!(answer.is_not_found(), "{field} {value}: {}", answer.body);
    }
    // A phone that has proved itself as such in the domain of nodes, and one that dials the name.
    let mut phone = stage.proof(&sent);
    phone.set("user", ANNA).set("sip_auth_username", ANNA);
    assert!(stage.world.ask(&phone).await.is_not_found());
    let mut dialled = stage.hunt(&sent.name);
    dialled.set("Core-UUID", &stage.two.core());
    assert_eq!(refused(&dialled).await, "404");
    assert_eq!(refused(dialled.set("variable_voxera_relay", &sent.name)).await, "404");
    // The hunt: each thing that is not as it must be.
    let two = Uuid::now_v7().to_string();
    for (field, value) in [
        ("Core-UUID", one.as_str()),
        ("Core-UUID", two.as_str()),
        ("variable_sip_authorized", "false"),
        ("variable_domain_name", "acme.test"),
        ("variable_user_context", "acme.test"),
        ("variable_sip_acl_authed_by", "voxera-lines"),
        ("variable_voxera_relay", ""),
        ("variable_voxera_relay", "0123456789abcdef0123456789abcdef"),
        ("Hunt-Destination-Number", "1001"),
        ("Hunt-Destination-Number", BERTIL),
    ] {
        let mut forged = stage.arrival(&sent);
        assert_eq!(refused(forged.set(field, value)).await, "403", "{field} {value}");
    }
    let mut bare = stage.arrival(&sent);
    bare.0.retain(|(name, _)| name != "variable_voxera_relay");
    assert_eq!(refused(&bare).await, "403");
    let mut line = Question::captured("dialplan_trunk_inbound_did");
    line.set("Hunt-Context", "voxera-nodes").set("variable_voxera_trunk", LINE);
    line.set("Hunt-Destination-Number", &sent.name).set("variable_sip_acl_authed_by", "voxera-lines");
    assert_eq!(refused(&line).await, "403");
    // All of that has used nothing up; this does.
    assert!(apps(&stage.world.ask(&stage.arrival(&sent)).await.xml()).contains_key("bridge"));
    let mut again = stage.arrival(&sent);
    again.set("Hunt-Unique-ID", &Uuid::now_v7().to_string());
    assert_eq!(refused(&again).await, "403", "once");
    assert!(stage.world.ask(&stage.proof(&sent)).await.is_not_found(), "nor is it proved again");
    assert_eq!(stage.world.control.live().count(LiveScope::Platform), 1);
}

/// The caller has given up before the leg arrived.
#[tokio::test]
async fn a_leg_that_is_over_arrives_nowhere() {
    let stage = Stage::open().await;
    let (_, _, sent) = stage.calls().await;
    let posted = serde_json::json!({ "core-uuid": stage.one.core(), "variables": {
        "uuid": sent.leg.to_string(), "hangup_cause": "ORIGINATOR_CANCEL",
    }});
    stage.world.post("/freeswitch/cdr", &posted.to_string(), Some(crate::world::SECRET)).await;
    assert_eq!(apps(&stage.world.ask(&stage.arrival(&sent)).await.xml())["respond"], "403");
}

#[tokio::test]
async fn a_phone_with_several_addresses_rings_at_all_of_them() {
    let mut stage = Stage::open().await;
    stage.registers(1, BERTIL, "127.0.0.1:5072").await;
    let dial = apps(&stage.world.ask(&stage.hunt("1001")).await.xml())["bridge"].clone();
    assert_eq!(dial.matches("user/").count(), 2, "here and there: {dial}");
    assert!(
        dial.contains(",voxera_at=here]") && dial.contains(&format!(",voxera_at={}]", stage.two.id)),
        "{dial}"
    );

    stage.registers(1, BERTIL, "127.0.0.1:5073").await;
    let dial = apps(&stage.world.ask(&stage.hunt("1001")).await.xml())["bridge"].clone();
    let (settings, legs) = dial.split_once('}').unwrap();
    assert!(settings.ends_with("fail_on_single_reject=CALL_REJECTED"), "{settings}");
    let mut targets = Vec::new();
    for leg in legs.split_inclusive("@acme.test").filter(|leg| leg.contains("user/")) {
        let dials = stage.dials(leg).await;
        assert_eq!(dials.matches("sofia/").count(), 1, "a leg each: {dials}");
        targets.push(dials.rsplit_once(']').unwrap().1.to_owned());
    }
    assert_eq!(targets.len(), 3, "{targets:?}");
    for target in ["127.0.0.1:5072", "127.0.0.1:5073"].map(|at| format!("sofia/voxera/sip:{BERTIL}@{at}")) {
        assert!(targets.contains(&target), "{target}: {targets:?}");
    }
    assert!(targets.iter().any(|target| target.ends_with("@10.0.0.2:5070")), "{targets:?}");

    // Where nobody says which one is meant, as in queues, it is all of them.
    let all = stage.dials(&format!("]user/{BERTIL}@acme.test")).await;
    assert_eq!(all.matches("sofia/").count(), 3, "{all}");
    let all = stage.dials("]user/1001@acme.test").await;
    assert_eq!(all.matches("sofia/").count(), 3, "{all}");
    // One that has left meanwhile is what the node says of it.
    let gone = stage.dials(&format!("voxera_at=c0000000000000000]user/{BERTIL}@acme.test")).await;
    assert!(gone.ends_with(&format!("]sofia/voxera/{BERTIL}%acme.test")), "{gone}");
}

#[tokio::test]
async fn phones_of_a_node_that_drains_or_died_are_not_rung_from_others() {
    let stage = Stage::open().await;
    stage.list(true);
    let dial = apps(&stage.world.ask(&stage.hunt("1001")).await.xml())["bridge"].clone();
    assert!(!dial.contains("voxera_at") && dial.ends_with(&format!("]user/{BERTIL}@acme.test")), "{dial}");
    let here = stage.dials(&dial).await;
    assert!(
        here.ends_with(&format!("]sofia/voxera/{BERTIL}%acme.test")),
        "the node knows that it is not here"
    );
    let meant = format!("voxera_at={}]user/{BERTIL}@acme.test", stage.two.id);
    assert_eq!(stage.dials(&meant).await, here, "it drains since the dial string was made");
    stage.list(false);
    stage.calls().await;

    stage.two.falls_silent();
    known(&stage.world.control, &stage.two, |live| live.state != NodeState::Up).await;
    let told = apps(&stage.world.ask(&stage.hunt("1001")).await.xml());
    assert!(!told.contains_key("bridge") && told.contains_key("answer"), "the mailbox: {told:?}");
}

#[tokio::test]
async fn a_call_whose_phone_is_at_a_node_that_dies_is_over() {
    let mut stage = Stage::open().await;
    let (question, ..) = stage.talk().await;
    stage.two.restarts();
    let order = format!("api uuid_kill {} NORMAL_CLEARING", channel(&question));
    stage.one.is_told(|line| line == order).await;
    stage.one.tells(&hangup(question.get("Hunt-Unique-ID")));
    let call = stage.ended().await;
    assert_eq!(call.hung_up_by, Party::System);
    let words: Vec<String> = call.trace.iter().map(|entry| entry.say(voxera_model::Locale::En)).collect();
    assert!(
        words.iter().any(|said| said == "The machine that carried the call stopped answering."),
        "{words:?}"
    );
}

/// It rings on at the others.
#[tokio::test]
async fn a_phone_that_only_rang_at_a_node_that_dies_rings_no_more() {
    let stage = Stage::open().await;
    let (_, _, sent) = stage.calls().await;
    stage.two.restarts();
    stage.one.is_told(|line| line == format!("api uuid_kill {} NETWORK_OUT_OF_ORDER", sent.leg)).await;
    assert_eq!(stage.world.handle.calls.count(), 1, "the core hears of it when the bridge is over");
}

#[tokio::test]
async fn a_phone_is_let_go_when_the_node_of_its_call_dies() {
    let mut stage = Stage::open().await;
    let (.., arrival) = stage.talk().await;
    stage.one.restarts();
    let order = format!("api uuid_kill {} NETWORK_OUT_OF_ORDER", channel(&arrival));
    stage.two.is_told(|line| line == order).await;
    assert_eq!(stage.ended().await.hung_up_by, Party::System);
}

/// Bertil, at the other node, sends Anna on: her channel hunts, at its own node.
#[tokio::test]
async fn whoever_was_rung_at_another_node_sends_the_caller_on() {
    let stage = Stage::open().await;
    let (question, leg, mut referred) = stage.talk().await;
    referred.set("Hunt-Destination-Number", "3000").set("Hunt-Context", "acme.test");
    let told = stage.world.ask(&referred).await.xml();
    assert_eq!(told.actions()[0].0, "sleep", "until its other end has gone: {told:?}");
    let order = format!("api uuid_transfer {} 3000 XML acme.test", channel(&question));
    stage.one.is_told(|line| line == order).await;
    let mut moved = question.clone();
    moved.set("Hunt-Destination-Number", "3000");
    let script = stage.world.ask(&moved).await.xml();
    assert!(apps(&script).contains_key("conference"), "{:?}", script.actions());
    stage.tells(leg, ChannelEvent::HungUp { cause: "NORMAL_CLEARING".into(), by: Party::System });
    assert_eq!(stage.world.handle.calls.count(), 1);
}

/// A server that was started anew knows of it by what its script left on the leg.
#[tokio::test]
async fn a_leg_between_nodes_is_known_after_a_restart() {
    let stage = Stage::open().await;
    let (question, leg, mut referred) = stage.talk().await;
    let far = referred.get("variable_voxera_far").to_owned();
    assert_eq!(far, format!("{}/{leg}", stage.one.core()));
    // As good as a restart: a channel that it does not know.
    let another = Uuid::now_v7().to_string();
    referred.set("Hunt-Unique-ID", &another);
    referred.set("Hunt-Destination-Number", "3000").set("Hunt-Context", "acme.test");
    assert_eq!(apps(&stage.world.ask(&referred).await.xml())["respond"], "403");
    stage.two.answers(
        "show channels as json",
        &format!("{{\"row_count\":1,\"rows\":[{{\"uuid\":\"{another}\"}}]}}"),
    );
    stage.two.answers(&format!("uuid_getvar {another} voxera_cursor"), "_undef_");
    stage.two.answers(&format!("uuid_getvar {another} voxera_far"), &far);
    stage.two.breaks();
    stage.two.is_told(|line| line == format!("api uuid_getvar {another} voxera_far")).await;
    stage.two.is_told(|line| line == "api tier list" || line.contains("callcenter_config tier list")).await;
    assert_eq!(stage.world.ask(&referred).await.xml().actions()[0].0, "sleep");
    let order = format!("api uuid_transfer {} 3000 XML acme.test", channel(&question));
    stage.one.is_told(|line| line == order).await;
}

/// Bertil talks with Anna, asks David, and lets the two talk: his node connects what came from the other
/// with David's leg.
#[tokio::test]
async fn whoever_was_rung_at_another_node_lets_the_caller_talk_with_a_third() {
    let mut stage = Stage::open().await;
    let (question, _, arrival) = stage.talk().await;
    let mut asks = Question::hunt(BERTIL, "1000");
    asks.set("Core-UUID", &stage.two.core());
    let script = stage.world.ask(&asks).await.xml();
    let mark =
        apps(&script)["bridge"].split("voxera_leg=").nth(1).unwrap().split(',').next().unwrap().to_owned();
    let david = ChannelId(Uuid::now_v7());
    stage.tells(david, ChannelEvent::Answered { mark: Some(mark) });
    stage.tells(channel(&asks), ChannelEvent::Bridged { with: david });
    assert_eq!(stage.world.handle.calls.count(), 2);
    stage
        .tells(channel(&asks), ChannelEvent::HungUp { cause: "ATTENDED_TRANSFER".into(), by: Party::System });
    stage.tells(channel(&arrival), ChannelEvent::Bridged { with: david });
    stage.ended().await;
    assert_eq!(stage.world.handle.calls.count(), 1, "one call goes on");
    stage.tells(
        channel(&question),
        ChannelEvent::HungUp { cause: "NORMAL_CLEARING".into(), by: Party::Caller },
    );
    assert_eq!(stage.ended().await.hung_up_by, Party::Caller);
    assert_eq!(stage.world.handle.calls.count(), 0);
}

/// Somebody at the other node listens to Anna: who may, hears her leg there; a key changes how.
#[tokio::test]
async fn a_call_of_another_node_is_listened_to() {
    let stage = Stage::with(|acme| {
        for extension in acme.extensions.values_mut() {
            if let Kind::User(user) = &mut extension.kind {
                user.may_listen = true;
            }
        }
    })
    .await;
    let (question, ..) = stage.talk().await;
    let mut listens = Question::hunt(BERTIL, "*881000");
    listens.set("Core-UUID", &stage.two.core());
    let mut script = stage.world.ask(&listens).await.xml();
    for (whispers, key) in [("false", "2"), ("true", "1")] {
        let told = apps(&script);
        assert!(!told.contains_key("eavesdrop"), "{told:?}");
        let keys = script.actions().iter().filter(|(app, _)| app == "bind_digit_action").count();
        assert_eq!(keys, 3);
        let sent = Sent::read(&told["bridge"]);
        let mut arrival = stage.arrival(&sent);
        arrival.set("Core-UUID", &stage.one.core()).set("Hunt-Unique-ID", &Uuid::now_v7().to_string());
        let heard = stage.world.ask(&arrival).await.xml();
        assert_eq!(apps(&heard)["eavesdrop"], channel(&question).to_string());
        for set in
            [format!("eavesdrop_require_group={}", acme().0), format!("eavesdrop_whisper_bleg={whispers}")]
        {
            assert!(heard.actions().contains(&("set".into(), set.clone())), "{set}");
        }
        let destination = told["bind_digit_action"].split("transfer,").nth(1).unwrap();
        let (nonce, _) = destination.split_once(' ').unwrap().0.rsplit_once('-').unwrap();
        let mut next = listens.next(&script, &[]);
        next.set("Hunt-Destination-Number", &format!("{nonce}-{key}"));
        script = stage.world.ask(&next).await.xml();
    }
}

/// Bertil takes, at his node, a call that rings at the other one.
#[tokio::test]
async fn a_call_that_rings_at_another_node_is_picked_up() {
    let mut stage = Stage::open().await;
    stage.registers(1, BERTIL, "127.0.0.1:5072").await;
    let rings = stage.hunt("1001");
    stage.world.ask(&rings).await.xml();
    // Anna's other phone takes it, which is at the second node.
    let mut picks = Question::hunt(ANNA, "*81001");
    picks.set("Core-UUID", &stage.two.core());
    let told = apps(&stage.world.ask(&picks).await.xml());
    assert!(!told.contains_key("intercept"), "{told:?}");
    let sent = Sent::read(&told["bridge"]);
    assert!(sent.to.ends_with("@10.0.0.1:5060"), "{}", sent.to);
    let mut arrival = stage.arrival(&sent);
    arrival.set("Core-UUID", &stage.one.core());
    let told = stage.world.ask(&arrival).await.xml();
    assert_eq!(apps(&told)["intercept"], channel(&rings).to_string());
    assert_eq!(told.actions().last().unwrap().0, "hangup", "when somebody was faster");
    stage.tells(channel(&picks), ChannelEvent::Bridged { with: sent.leg });
    stage.tells(channel(&rings), ChannelEvent::Bridged { with: channel(&arrival) });
    stage.ended().await;
    assert_eq!(stage.world.handle.calls.count(), 1);
    let live = stage.world.control.live().calls(LiveScope::Platform);
    assert!(live[0].answered_at.is_some(), "{live:?}");
    stage.tells(channel(&rings), ChannelEvent::HungUp { cause: "NORMAL_CLEARING".into(), by: Party::Callee });
    assert_eq!(stage.ended().await.outcome, Cause::Normal);
}
