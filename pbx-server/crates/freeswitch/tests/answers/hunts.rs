//! Whole calls, hunt by hunt, over HTTP, with what the event socket tells in between.

use crate::world::{ANNA, BERTIL, LINE, Question, World, apps, public};
use crate::xml::Element;
use uuid::Uuid;
use voxera_callcontrol::LiveScope;
use voxera_callflow::{Cause, Party};
use voxera_freeswitch::request::Request;
use voxera_freeswitch::{Calls, ChannelEvent, ChannelId, NodeName, Order};

/// The phone of a third person of acme's.
pub const CHIEF: &str = "0c0ffee0-0000-4000-8000-000000000001";

pub fn channel(question: &Question) -> ChannelId {
    ChannelId(question.get("Hunt-Unique-ID").parse().unwrap())
}

pub fn gone(cause: &str, by: Party) -> ChannelEvent {
    ChannelEvent::HungUp { cause: cause.to_owned(), by }
}

/// Acme with a third person, whose phone is registered.
pub async fn with_a_third() -> World {
    let world = World::with(|acme| {
        let number = voxera_model::ExtensionNumber::parse("1002").unwrap();
        let mut third = acme.extensions.values().next().unwrap().clone();
        third.id = voxera_model::ExtensionId(Uuid::from_u128(77));
        if let voxera_callflow::Kind::User(user) = &mut third.kind {
            user.devices = vec![voxera_model::DeviceId(CHIEF.parse().unwrap())];
        }
        acme.extensions.insert(number, third);
        acme.index();
    })
    .await;
    world.online(CHIEF, "1002");
    world
}

/// The leg that a dial string rings for somebody answers, and is connected.
pub fn answers(world: &World, caller: ChannelId, script: &Element, who: &str) -> ChannelId {
    let call = apps(script)["bridge"].clone();
    let mark = call.split("voxera_leg=").nth(1).unwrap().split(',').next().unwrap().to_owned();
    assert!(mark.ends_with(who), "{mark}");
    let leg = ChannelId(Uuid::now_v7());
    world.handle.calls.event(leg, ChannelEvent::Answered { mark: Some(mark) });
    world.handle.calls.event(caller, ChannelEvent::Bridged { with: leg });
    leg
}

/// How the only call ended, by the feed.
pub async fn record(feed: &mut voxera_callcontrol::LiveFeed) -> voxera_callcontrol::CallEnded {
    loop {
        if let voxera_callcontrol::LiveEvent::Ended { call } = feed.next().await.unwrap() {
            return call;
        }
    }
}

#[tokio::test]
async fn one_extension_calls_another_and_they_talk() {
    let world = World::new().await;
    let mut feed = world.control.live().subscribe(LiveScope::Platform);
    let question = Question::hunt(ANNA, "1001");
    let script = world.ask(&question).await.xml();
    let context = script.all("context")[0].get("name").unwrap().to_owned();
    assert_eq!(context, "acme.test");
    let told = apps(&script);
    assert!(told["bridge"].starts_with("{originate_timeout=25,"), "{}", told["bridge"]);
    assert!(told["bridge"].ends_with(&format!("user/{BERTIL}@acme.test")), "{}", told["bridge"]);
    assert!(told["bridge"].contains("origination_caller_id_number=1000"), "{}", told["bridge"]);
    assert!(told["bridge"].contains("origination_caller_id_name='Anna Åkesson'"), "{}", told["bridge"]);
    assert!(!told.contains_key("answer"), "the phone rings until somebody answers");
    assert!(told["transfer"].ends_with(" XML acme.test"));

    let caller = channel(&question);
    answers(&world, caller, &script, "/1001");
    world.handle.calls.event(caller, gone("NORMAL_CLEARING", Party::Callee));
    let call = record(&mut feed).await;
    assert_eq!((call.outcome, call.hung_up_by), (Cause::Normal, Party::Callee));
    assert!(call.answered_at.is_some());
    assert_eq!(call.to_extension.unwrap().as_str(), "1001");
    assert_eq!(world.handle.calls.count(), 0);
}

#[tokio::test]
async fn nobody_answers_and_the_caller_leaves_a_message() {
    let world = World::new().await;
    let question = Question::hunt(ANNA, "1001");
    let script = world.ask(&question).await.xml();
    let no_answer = [("variable_originate_disposition", "NO_ANSWER")];
    let question = question.next(&script, &no_answer);
    let script = world.ask(&question).await.xml();
    let told = apps(&script);
    assert!(told.contains_key("answer") && told.contains_key("playback"), "{told:?}");
    assert!(told["set"].contains("playback_terminators=#"), "the greeting can be cut short");
    // Without a library there is nowhere to write to: the script records nothing, and asks again.
    let question = question.next(&script, &[]);
    let script = world.ask(&question).await.xml();
    assert!(!apps(&script).contains_key("playback"));
}

#[tokio::test]
async fn busy_and_declined_are_told_apart() {
    for (disposition, status, code) in [
        ("USER_BUSY", "sip:486", "486"),
        ("CALL_REJECTED", "sip:603", "603"),
        ("CALL_REJECTED", "sip:403", "480"),
        ("NO_ANSWER", "sip:487", "480"),
        ("USER_NOT_REGISTERED", "", "480"),
    ] {
        let world = World::new().await;
        let question = Question::hunt(BERTIL, "1000");
        let script = world.ask(&question).await.xml();
        let mut vars = vec![("variable_originate_disposition", disposition)];
        if !status.is_empty() {
            vars.push(("variable_last_bridge_proto_specific_hangup_cause", status));
        }
        let script = world.ask(&question.next(&script, &vars)).await.xml();
        assert_eq!(apps(&script)["respond"], code, "{disposition} {status}");
    }
}

#[tokio::test]
async fn a_line_brings_a_call_from_outside() {
    let world = World::new().await;
    let mut question = Question::captured("dialplan_trunk_inbound_did");
    for (name, value) in [
        ("Hunt-Context", "voxera-lines"),
        ("variable_user_context", "voxera-lines"),
        ("variable_domain_name", "lines.voxera.invalid"),
        ("variable_sip_acl_authed_by", "voxera-lines"),
        ("variable_voxera_trunk", LINE),
        ("Core-UUID", "node-1"),
    ] {
        question.set(name, value);
    }
    let script = world.ask(&question).await.xml();
    let told = apps(&script);
    assert!(told["bridge"].ends_with(&format!("user/{BERTIL}@acme.test")), "{told:?}");
    assert!(told["bridge"].contains("origination_caller_id_number=+15551230000"), "{told:?}");
    assert!(told["transfer"].ends_with(" XML acme.test"), "from here on in the company's context");

    let mut foreign = question.clone();
    foreign.set("Hunt-Unique-ID", &Uuid::now_v7().to_string());
    foreign.set("Hunt-Destination-Number", "18005550199").set("variable_sip_to_user", "18005550199");
    assert_eq!(apps(&world.ask(&foreign).await.xml())["respond"], "404");
}

#[tokio::test]
async fn calls_go_out_over_the_companys_line_under_its_own_number() {
    let world = World::new().await;
    let script = world.ask(&Question::hunt(ANNA, "0701740605")).await.xml();
    let told = apps(&script);
    let over = format!("]sofia/gateway/{LINE}/{}", public("0701740605"));
    assert!(told["bridge"].ends_with(&over), "{told:?}");
    assert!(told["bridge"].contains("origination_caller_id_number=+18005550100"), "{told:?}");
}

#[tokio::test]
async fn help_is_called_even_from_a_drained_node() {
    let world = World::new().await;
    for asked in ["112", "911", "urn:service:sos"] {
        let script = world.ask(&Question::hunt(ANNA, asked)).await.xml();
        let told = apps(&script);
        assert!(told["bridge"].ends_with(&format!("sofia/gateway/{LINE}/112")), "{told:?}");
        assert!(told["bridge"].starts_with("{originate_timeout=600}"), "{told:?}");
    }
}

#[tokio::test]
async fn a_queue_is_left_to_mod_callcenter_and_the_member_who_takes_the_call_is_told() {
    let world = World::new().await;
    let mut feed = world.control.live().subscribe(LiveScope::Platform);
    let question = Question::hunt(ANNA, "2000");
    let script = world.ask(&question).await.xml();
    let told = apps(&script);
    let queue = told["callcenter"].clone();
    let pbx = Uuid::from_u128(1);
    assert!(queue.ends_with(&format!("@{pbx}")), "names are global: {queue}");
    assert!(!told.contains_key("bridge"), "members are rung by the queue");
    assert!(script.actions().contains(&("set_profile_var".into(), "caller_id_number=1000".into())));

    let config = world.asks("configuration_callcenter_boot").await.xml();
    let agent = config.all("agent")[0].get("name").unwrap().to_owned();
    let (caller, leg) = (channel(&question), ChannelId(Uuid::now_v7()));
    world.handle.calls.event(caller, ChannelEvent::Offered { agent: String::new() });
    world.handle.calls.event(caller, ChannelEvent::Taken { agent, leg });
    world.handle.calls.event(caller, gone("NORMAL_CLEARING", Party::Caller));
    let call = record(&mut feed).await;
    assert_eq!((call.outcome, call.hung_up_by), (Cause::Normal, Party::Caller));
    assert_eq!(call.to_extension.unwrap().as_str(), "1001");
}

#[tokio::test]
async fn a_caller_whom_the_queue_lets_go_is_where_the_overflow_leads() {
    let world = World::new().await;
    let question = Question::hunt(ANNA, "2000");
    let script = world.ask(&question).await.xml();
    let next = question.next(&script, &[("variable_cc_cause", "TIMEOUT")]);
    let script = world.ask(&next).await.xml();
    assert!(!apps(&script).contains_key("callcenter"), "{:?}", script.actions());
}

#[tokio::test]
async fn rooms_are_named_after_their_pbx() {
    let world = World::new().await;
    let script = world.ask(&Question::hunt(ANNA, "3000")).await.xml();
    let room = apps(&script)["conference"].clone();
    assert!(room.starts_with(&Uuid::from_u128(1).to_string()) && room.ends_with("@voxera"), "{room}");
}

#[tokio::test]
async fn a_server_that_was_started_anew_goes_on_with_the_call() {
    let first = World::new().await;
    let question = Question::hunt(ANNA, "1001");
    let script = first.ask(&question).await.xml();
    let next = question.next(&script, &[("variable_originate_disposition", "NO_ANSWER")]);

    let second = World::new().await;
    assert_eq!(second.handle.calls.count(), 0);
    let told = apps(&second.ask(&next).await.xml());
    assert!(told.contains_key("answer") && told.contains_key("playback"), "the mailbox answers: {told:?}");
    assert_eq!(second.handle.calls.count(), 1);
    assert_eq!(second.control.live().count(LiveScope::Platform), 1, "and the portal shows it");
}

#[tokio::test]
async fn the_calls_of_a_node_that_died_are_over() {
    let world = World::new().await;
    let mut feed = world.control.live().subscribe(LiveScope::Platform);
    let mut elsewhere = Question::hunt(BERTIL, "1000");
    elsewhere.set("Core-UUID", "node-2");
    world.ask(&Question::hunt(ANNA, "1001")).await.xml();
    world.ask(&elsewhere).await.xml();
    world.handle.calls.lost(&NodeName("node-1".into()));
    let call = record(&mut feed).await;
    assert_eq!(call.hung_up_by, Party::System);
    let words: Vec<String> = call.trace.iter().map(|entry| entry.say(voxera_model::Locale::En)).collect();
    let lost = "The machine that carried the call stopped answering.";
    assert!(words.iter().any(|said| said == lost), "{words:?}");
    assert_eq!(world.handle.calls.count(), 1, "the other node's goes on");
}

#[tokio::test]
async fn a_call_that_the_portal_ends_is_killed_on_its_node() {
    let world = World::new().await;
    let (calls, mut orders) = Calls::new(world.control.clone(), None);
    let question = Question::hunt(ANNA, "1001");
    let Request::Dialplan(asked) = Request::parse(question.form().as_bytes()).unwrap() else { panic!() };
    calls.hunt(&asked).await;
    let live = world.control.live().calls(LiveScope::Platform);
    world.control.live().hangup(live[0].id);
    let order = orders.recv().await.unwrap();
    let (node, cause) = (NodeName("node-1".into()), "NORMAL_CLEARING");
    assert_eq!(order, Order::Kill { node, channel: channel(&question), cause });
}

#[tokio::test]
async fn where_nothing_can_be_written_the_caller_is_told() {
    let world = World::new().await;
    let question = Question::hunt(ANNA, "1001");
    let script = world.ask(&question).await.xml();
    let question = question.next(&script, &[("variable_originate_disposition", "NO_ANSWER")]);
    let script = world.ask(&question).await.xml();
    let question = question.next(&script, &[]);
    let script = world.ask(&question).await.xml();
    assert!(!apps(&script).contains_key("record"));
    let question = question.next(&script, &[]);
    let script = world.ask(&question).await.xml();
    assert!(apps(&script).contains_key("playback"), "an apology: {:?}", script.actions());
}

/// Keys of whoever listens in choose how far it takes part.
#[tokio::test]
async fn a_listener_hears_whispers_and_joins() {
    let world = World::with(|acme| {
        let number = voxera_model::ExtensionNumber::parse("1002").unwrap();
        let mut chief = acme.extensions.values().next().unwrap().clone();
        chief.id = voxera_model::ExtensionId(Uuid::from_u128(77));
        chief.name = voxera_model::Name::parse("Chefen").unwrap();
        if let voxera_callflow::Kind::User(user) = &mut chief.kind {
            user.may_listen = true;
            user.devices = vec![voxera_model::DeviceId(CHIEF.parse().unwrap())];
        }
        acme.extensions.insert(number, chief);
        acme.index();
    })
    .await;
    let question = Question::hunt(ANNA, "1001");
    let script = world.ask(&question).await.xml();
    let leg = answers(&world, channel(&question), &script, "/1001");

    let listens = Question::hunt(CHIEF, "*881001");
    let script = world.ask(&listens).await.xml();
    assert_eq!(apps(&script)["eavesdrop"], leg.to_string(), "the leg of whom it listens to");
    let set = |script: &Element, what: &str| script.actions().contains(&("set".into(), what.to_owned()));
    let group = format!("eavesdrop_require_group={}", Uuid::from_u128(1));
    assert!(set(&script, &group) && set(&script, "eavesdrop_enable_dtmf=false"));
    assert!(set(&script, "eavesdrop_whisper_aleg=false") && set(&script, "eavesdrop_whisper_bleg=false"));

    let pressed = |script: &Element, key: char| {
        let bound = format!("voxera,{key},exec[i]:transfer,");
        let actions = script.actions();
        let found = actions.iter().find_map(|(_, data)| data.strip_prefix(&bound)).unwrap();
        found.split(' ').next().unwrap().to_owned()
    };
    let mut two = listens.next(&script, &[]);
    two.set("Hunt-Destination-Number", &pressed(&script, '2'));
    let script = world.ask(&two).await.xml();
    assert!(set(&script, "eavesdrop_whisper_aleg=false") && set(&script, "eavesdrop_whisper_bleg=true"));
    let mut three = two.next(&script, &[]);
    three.set("Hunt-Destination-Number", &pressed(&script, '3'));
    let script = world.ask(&three).await.xml();
    assert!(set(&script, "eavesdrop_whisper_aleg=true") && set(&script, "eavesdrop_whisper_bleg=true"));
    // The conversation is over, and with it the listening.
    let script = world.ask(&three.next(&script, &[])).await.xml();
    assert!(apps(&script).contains_key("hangup"), "{:?}", script.actions());
}

/// Anna calls Bertil, whose phone rings; somebody else picks it up.
#[tokio::test]
async fn a_call_that_rings_elsewhere_is_picked_up() {
    let world = World::with(|acme| {
        let number = voxera_model::ExtensionNumber::parse("1002").unwrap();
        let mut third = acme.extensions.values().next().unwrap().clone();
        third.id = voxera_model::ExtensionId(Uuid::from_u128(77));
        if let voxera_callflow::Kind::User(user) = &mut third.kind {
            user.devices = vec![voxera_model::DeviceId(CHIEF.parse().unwrap())];
        }
        acme.extensions.insert(number, third);
        acme.index();
    })
    .await;
    let mut feed = world.control.live().subscribe(LiveScope::Platform);
    let rings = Question::hunt(ANNA, "1001");
    world.ask(&rings).await.xml();
    let picks = Question::hunt(CHIEF, "*81001");
    let script = world.ask(&picks).await.xml();
    assert_eq!(apps(&script)["intercept"], channel(&rings).to_string());
    world.handle.calls.event(channel(&rings), ChannelEvent::Bridged { with: channel(&picks) });
    assert_eq!(record(&mut feed).await.outcome, Cause::Normal, "the call of whoever picked up");
    assert_eq!(world.handle.calls.count(), 1);
    world.handle.calls.event(channel(&rings), gone("NORMAL_CLEARING", Party::Callee));
    let call = record(&mut feed).await;
    assert_eq!(call.to_extension.unwrap().as_str(), "1002", "who talked");
}

/// Bertil parks Anna, and somebody else takes the call; then it is parked again, and comes back.
#[tokio::test]
async fn a_parked_call_hears_music_until_it_is_taken_or_comes_back() {
    let world = with_a_third().await;
    let mut feed = world.control.live().subscribe(LiveScope::Platform);
    let call = Question::hunt(ANNA, "1001");
    let script = world.ask(&call).await.xml();
    answers(&world, channel(&call), &script, "/1001");
    let mut parked = call.next(&script, &[]);
    parked.set("Hunt-Destination-Number", "*59");
    let script = world.ask(&parked).await.xml();
    assert!(apps(&script).contains_key("endless_playback"), "{:?}", script.actions());

    let empty = Question::hunt(CHIEF, "*5902");
    assert_eq!(apps(&world.ask(&empty).await.xml())["respond"], "404");
    let takes = Question::hunt(CHIEF, "*5901");
    let taken = world.ask(&takes).await.xml();
    assert_eq!(apps(&taken)["intercept"], channel(&call).to_string());
    world.handle.calls.event(channel(&call), ChannelEvent::Bridged { with: channel(&takes) });
    assert_eq!(record(&mut feed).await.outcome, Cause::Normal, "the call of whoever took it");

    // Whoever took the call parks it once more, and the node's clock runs out.
    let mut again = parked.next(&script, &[]);
    again.set("Hunt-Destination-Number", "*5920");
    let script = world.ask(&again).await.xml();
    assert!(apps(&script).contains_key("endless_playback"), "{:?}", script.actions());
    let back = world.ask(&again.next(&script, &[])).await.xml();
    assert!(apps(&back)["bridge"].contains("/1002"), "{:?}", back.actions());
    assert!(apps(&back)["bridge"].contains("Parkerad 5920"), "{:?}", back.actions());
}
