//! What nodes tell, what they are told, and what happens when they say nothing.

use crate::node::{Played, event, joins, known, with};
use crate::world::{ANNA, BERTIL, LINE, Question, World, apps};
use uuid::Uuid;
use voxera_callcontrol::{
    CallEnded, HangupAnswer, LineFault, LineState, LiveEvent, LiveFeed, LiveScope, NodeFault, NodeSecret,
    NodeState, RegistrationChange,
};
use voxera_callflow::{Cause, Party};
use voxera_model::{PbxId, TrunkId};

fn acme() -> PbxId {
    PbxId(Uuid::from_u128(1))
}

/// A hunt that comes from a node.
fn hunt(node: &Played, destination: &str) -> Question {
    let mut question = Question::hunt(ANNA, destination);
    question.set("Core-UUID", &node.core());
    question
}

async fn ended(feed: &mut LiveFeed) -> CallEnded {
    loop {
        if let LiveEvent::Ended { call } = feed.next().await.unwrap() {
            return call;
        }
    }
}

async fn registration(feed: &mut LiveFeed, wanted: RegistrationChange) -> voxera_callcontrol::Registration {
    loop {
        match feed.next().await.unwrap() {
            LiveEvent::Registration { change, registration } if change == wanted => return registration,
            _ => {}
        }
    }
}

/// The end of a leg, as a node tells it.
fn hangup(channel: &str) -> String {
    with(&event("CHANNEL_HANGUP_COMPLETE_aleg"), "Unique-ID", channel)
}

#[tokio::test]
async fn a_node_of_the_list_is_reached_and_says_how_it_is() {
    let (world, node) = (World::new().await, Played::start().await);
    joins(&world.control, &node).await;
    let live = world.control.nodes().get(node.id).unwrap();
    assert_eq!(live.version.as_deref(), Some("1.11.1-release~64bit"));
    assert_eq!((live.calls, live.most_calls, live.idle_percent), (0, 2000, Some(0.07)));
    assert_eq!(live.core, Some(node.core()));
    assert!(live.heard_at.is_some());
}

#[tokio::test]
async fn a_wrong_password_is_said_and_the_right_one_tried_at_once() {
    let (world, node) = (World::new().await, Played::start().await);
    let wrong = NodeSecret { password: "wrong".to_owned().into(), ..node.secret() };
    world.control.nodes().configure(vec![wrong]);
    known(&world.control, &node, |live| live.state == NodeState::Down { why: NodeFault::Password }).await;
    joins(&world.control, &node).await;
}

#[tokio::test]
async fn nothing_that_listens_is_told_apart_from_something_else_that_does() {
    let (world, node) = (World::new().await, Played::start().await);
    // The listener for questions speaks HTTP, and waits.
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    world.control.nodes().configure(vec![NodeSecret { control_port: port, ..node.secret() }]);
    known(&world.control, &node, |live| live.state == NodeState::Down { why: NodeFault::Unreachable }).await;
}

#[tokio::test]
async fn a_phone_that_registers_at_a_node_is_online_until_it_leaves() {
    let (world, node) = (World::new().await, Played::start().await);
    joins(&world.control, &node).await;
    let mut feed = world.control.live().subscribe(LiveScope::Platform);
    let register = event("CUSTOM_sofia_register");
    node.tells(&register);
    let phone = registration(&mut feed, RegistrationChange::Registered).await;
    assert_eq!((phone.extension_number.as_str(), phone.device.to_string().as_str()), ("1000", ANNA));
    assert_eq!(phone.contact, format!("sip:{ANNA}@127.0.0.1:5071"));
    assert_eq!(phone.source, "127.0.0.1:5082".parse().unwrap());
    assert_eq!(phone.user_agent.as_deref(), Some("lab-phone/1.0"));
    // Somebody else's call, or somebody else's name, takes nobody offline.
    let gone = with(&event("CUSTOM_sofia_unregister"), "call-id", "1-14554%40127.0.0.1");
    node.tells(&with(&gone, "from-user", BERTIL));
    node.tells(&register);
    let refreshed = registration(&mut feed, RegistrationChange::Refreshed).await;
    assert_eq!(refreshed.device.to_string(), ANNA);
    node.tells(&gone);
    registration(&mut feed, RegistrationChange::Unregistered).await;
    // One that proved itself for another realm, or with a name that is none, is not known.
    node.tells(&with(&register, "realm", "globex.test"));
    node.tells(&with(&register, "username", "1000"));
    node.tells(&with(&register, "call-id", "again"));
    let again = registration(&mut feed, RegistrationChange::Registered).await;
    assert_eq!(again.tenant, world.control.directory().by_id(acme()).unwrap().snapshot.tenant);
}

#[tokio::test]
async fn a_node_that_falls_silent_is_dead_and_what_it_carried_is_over() {
    let (world, node) = (World::new().await, Played::start().await);
    joins(&world.control, &node).await;
    let mut feed = world.control.live().subscribe(LiveScope::Platform);
    node.tells(&event("CUSTOM_sofia_register"));
    registration(&mut feed, RegistrationChange::Registered).await;
    let question = hunt(&node, "1001");
    assert!(!world.ask(&question).await.is_not_found());
    assert_eq!(world.handle.calls.count(), 1);
    node.falls_silent();
    let call = ended(&mut feed).await;
    assert_eq!(call.hung_up_by, Party::System);
    assert_eq!(world.handle.calls.count(), 0);
    let live = known(&world.control, &node, |live| live.state != NodeState::Up).await;
    assert_eq!((live.state, live.calls), (NodeState::Down { why: NodeFault::Silent }, 0));
    registration(&mut feed, RegistrationChange::Unregistered).await;
}

#[tokio::test]
async fn a_node_that_was_started_anew_has_none_of_its_calls() {
    let (world, node) = (World::new().await, Played::start().await);
    joins(&world.control, &node).await;
    let mut feed = world.control.live().subscribe(LiveScope::Platform);
    world.ask(&hunt(&node, "1001")).await;
    let before = node.core();
    node.restarts();
    assert_eq!(ended(&mut feed).await.hung_up_by, Party::System);
    let live = known(&world.control, &node, |live| live.core.as_ref() != Some(&before)).await;
    assert_eq!(live.state, NodeState::Up);
    // What the new process carries is its own.
    world.ask(&hunt(&node, "1001")).await;
    assert_eq!(world.handle.calls.count(), 1);
}

#[tokio::test]
async fn what_was_missed_while_a_connection_was_broken_is_caught_up() {
    let (world, node) = (World::new().await, Played::start().await);
    joins(&world.control, &node).await;
    let mut feed = world.control.live().subscribe(LiveScope::Platform);
    let (stays, goes) = (hunt(&node, "1001"), hunt(&node, "1001"));
    world.ask(&stays).await;
    world.ask(&goes).await;
    let row = format!("{{\"row_count\":1,\"rows\":[{{\"uuid\":\"{}\"}}]}}", stays.get("Hunt-Unique-ID"));
    node.answers("show channels as json", &row);
    let phone = format!(
        "{{\"row_count\":1,\"rows\":[{{\"reg_user\":\"{BERTIL}\",\"realm\":\"acme.test\",\"token\":\"t1\",\
         \"url\":\"sofia/voxera/sip:{BERTIL}@127.0.0.9:5060\",\"expires\":\"4102444800\",\
         \"network_ip\":\"127.0.0.9\",\"network_port\":\"5060\",\"network_proto\":\"udp\"}}]}}"
    );
    node.answers("show registrations as json", &phone);
    node.breaks();
    ended(&mut feed).await;
    assert_eq!(world.handle.calls.count(), 1, "the one that is up goes on");
    let came = registration(&mut feed, RegistrationChange::Registered).await;
    assert_eq!(came.extension_number.as_str(), "1001");
}

#[tokio::test]
async fn a_drained_node_takes_no_new_calls_but_emergencies() {
    let (world, node) = (World::new().await, Played::start().await);
    joins(&world.control, &node).await;
    let mut feed = world.control.live().subscribe(LiveScope::Platform);
    let before = hunt(&node, "1001");
    world.ask(&before).await;
    world.control.nodes().configure(vec![NodeSecret { draining: true, ..node.secret() }]);
    let refused = apps(&world.ask(&hunt(&node, "1001")).await.xml());
    assert!(refused["respond"].starts_with("503"), "{refused:?}");
    assert_eq!(world.handle.calls.count(), 1, "the one that is up goes on");
    let emergency = apps(&world.ask(&hunt(&node, "112")).await.xml());
    assert!(emergency.contains_key("bridge"), "{emergency:?}");
    node.tells(&hangup(before.get("Hunt-Unique-ID")));
    ended(&mut feed).await;
    world.control.nodes().configure(vec![node.secret()]);
    assert!(apps(&world.ask(&hunt(&node, "1001")).await.xml()).contains_key("bridge"));
}

#[tokio::test]
async fn a_call_that_the_portal_ends_is_killed_at_its_node() {
    let (world, node) = (World::new().await, Played::start().await);
    joins(&world.control, &node).await;
    let mut feed = world.control.live().subscribe(LiveScope::Platform);
    let question = hunt(&node, "1001");
    world.ask(&question).await;
    let call = world.control.live().calls(LiveScope::Platform)[0].id;
    assert_eq!(world.control.live().hangup(call), HangupAnswer::Asked);
    let channel = question.get("Hunt-Unique-ID");
    node.is_told(|line| line.starts_with(&format!("api uuid_kill {channel} "))).await;
    node.tells(&hangup(channel));
    let record = ended(&mut feed).await;
    assert_eq!((record.id, record.hung_up_by), (call, Party::System));
}

#[tokio::test]
async fn how_a_call_ended_and_sounded_comes_from_the_event() {
    let (world, node) = (World::new().await, Played::start().await);
    joins(&world.control, &node).await;
    let mut feed = world.control.live().subscribe(LiveScope::Platform);
    let question = hunt(&node, "1001");
    world.ask(&question).await;
    let heard = with(&hangup(question.get("Hunt-Unique-ID")), "variable_rtp_audio_in_packet_count", "228");
    node.tells(&heard);
    let record = ended(&mut feed).await;
    assert_eq!((record.outcome, record.hung_up_by), (Cause::Cancelled, Party::Caller));
    assert_eq!(record.media.codec.as_deref(), Some("PCMU"));
    assert_eq!(record.media.caller.unwrap().packets, 228);
}

#[tokio::test]
async fn a_line_is_as_its_node_says() {
    let (world, node) = (World::new().await, Played::start().await);
    joins(&world.control, &node).await;
    let line = TrunkId(LINE.parse().unwrap());
    let says = |state: &str, status: &str| {
        let event = with(&event("CUSTOM_sofia_gateway_add"), "Event-Subclass", "sofia%3A%3Agateway_state");
        with(&with(&with(&event, "Gateway", LINE), "State", state), "Status", status)
    };
    let mut changes = world.control.lines().changes();
    for (state, status, is) in [
        ("REGED", "200", LineState::Up),
        ("FAIL_WAIT", "403", LineState::Down { why: LineFault::Password }),
        ("FAIL_WAIT", "480", LineState::Down { why: LineFault::Refused { status: 480 } }),
        ("FAIL_WAIT", "", LineState::Down { why: LineFault::Silent }),
    ] {
        changes.mark_unchanged();
        node.tells(&says(state, status));
        changes.changed().await.unwrap();
        assert_eq!(world.control.lines().get(line), is, "{state} {status}");
    }
}

#[tokio::test]
async fn queues_and_lines_are_told_to_a_node_when_it_comes_and_when_they_change() {
    let (world, node) = (World::new().await, Played::start().await);
    joins(&world.control, &node).await;
    let queue = node.is_told(|line| line.starts_with("api callcenter_config queue load ")).await;
    let name = queue.rsplit(' ').next().unwrap().to_owned();
    let tier =
        node.is_told(|line| line.starts_with(&format!("api callcenter_config tier add {name} "))).await;
    assert!(tier.ends_with(" 1 1"), "{tier}");
    let contact = node.is_told(|line| line.starts_with("api callcenter_config agent set contact ")).await;
    assert!(contact.contains(BERTIL) && contact.ends_with('\''), "{contact}");
    // The company loses its line and its queue.
    world.control.directory().remove(acme());
    node.is_told(|line| line == format!("api callcenter_config queue unload {name}")).await;
    node.is_told(|line| line == format!("api sofia profile voxera killgw {LINE}")).await;
    node.is_told(|line| line == "api sofia profile voxera rescan").await;
    node.is_told(|line| line == "api reloadacl").await;
}

#[tokio::test]
async fn a_node_that_booted_before_us_is_made_to_load_what_comes_from_us() {
    let (world, node) = (World::new().await, Played::start().await);
    node.answers("module_exists mod_callcenter", "false");
    node.answers("sofia status profile voxera", "Invalid Profile!\n");
    joins(&world.control, &node).await;
    node.is_told(|line| line == "api load mod_callcenter").await;
    node.is_told(|line| line == "api reloadxml").await;
    node.is_told(|line| line == "api sofia profile voxera start").await;
    node.is_told(|line| line == "api local_stream start voxera/16000").await;
}
