//! The end of a call is told twice, in any order, again and again, and over a stop of the server: it is
//! recorded once.

use crate::node::{Played, event, fixture, joins, with};
use crate::world::{ANNA, Question, SECRET, World, apps};
use serde_json::{Value, json};
use voxera_callcontrol::{CallEnded, LiveEvent, LiveFeed, LiveScope, LiveState};

/// What `mod_json_cdr` posts of a leg.
fn posted(node: &Played, channel: &str, carried: Option<&str>) -> String {
    let mut record: Value = serde_json::from_str(&fixture("cdr/cdr_answered_aleg.json")).unwrap();
    record["core-uuid"] = json!(node.core());
    record["variables"]["uuid"] = json!(channel);
    if let Some(carried) = carried {
        record["variables"]["voxera_cursor"] = json!(carried);
    }
    record.to_string()
}

fn told(channel: &str) -> String {
    with(&event("CHANNEL_HANGUP_COMPLETE_aleg"), "Unique-ID", channel)
}

/// The records until a call that is made for the purpose ends.
async fn records(world: &World, node: &Played, feed: &mut LiveFeed) -> Vec<CallEnded> {
    let last = hunt(node);
    world.ask(&last).await;
    node.tells(&told(last.get("Hunt-Unique-ID")));
    let mut found = Vec::new();
    while world.handle.calls.count() > 0 {
        if let LiveEvent::Ended { call } = feed.next().await.unwrap() {
            found.push(call);
        }
    }
    while let Ok(Some(event)) = tokio::time::timeout(std::time::Duration::ZERO, feed.next()).await {
        if let LiveEvent::Ended { call } = event {
            found.push(call);
        }
    }
    found.pop();
    found
}

fn hunt(node: &Played) -> Question {
    let mut question = Question::hunt(ANNA, "1001");
    question.set("Core-UUID", &node.core());
    question
}

/// What our script leaves on the channel.
fn carried(script: &crate::xml::Element) -> String {
    let sets = script.actions().into_iter().filter(|(app, _)| app == "set");
    let mut values = sets.filter_map(|(_, data)| data.strip_prefix("voxera_cursor=").map(str::to_owned));
    values.next().expect("the script carries the call")
}

#[tokio::test]
async fn the_event_and_the_posted_record_end_a_call_once_whichever_comes_first() {
    let (world, node) = (World::new().await, Played::start().await);
    joins(&world.control, &node).await;
    let mut feed = world.control.live().subscribe(LiveScope::Platform);
    for order in ["ep", "pe", "eppe", "peep", "pp", "ee"] {
        let question = hunt(&node);
        let script = world.ask(&question).await.xml();
        assert!(apps(&script).contains_key("bridge"));
        let channel = question.get("Hunt-Unique-ID");
        for way in order.chars() {
            if way == 'e' {
                node.tells(&told(channel));
            } else {
                let body = posted(&node, channel, Some(&carried(&script)));
                assert_eq!(world.post("/freeswitch/cdr", &body, Some(SECRET)).await.status, 200);
            }
        }
        let found = records(&world, &node, &mut feed).await;
        assert_eq!(found.len(), 1, "{order}");
        assert_eq!(found[0].to_number, "1001");
    }
}

#[tokio::test]
async fn a_call_that_ended_while_the_server_was_away_is_recorded_under_its_id_when_it_is_back() {
    let node = Played::start().await;
    let before = World::new().await;
    joins(&before.control, &node).await;
    let question = hunt(&node);
    let script = before.ask(&question).await.xml();
    let id = before.control.live().calls(LiveScope::Platform)[0].id;
    let (channel, carried) = (question.get("Hunt-Unique-ID"), carried(&script));
    drop(before);

    for by_event in [false, true] {
        let world = World::new().await;
        joins(&world.control, &node).await;
        let mut feed = world.control.live().subscribe(LiveScope::Platform);
        if by_event {
            node.tells(&with(&told(channel), "variable_voxera_cursor", &carried));
        }
        let body = posted(&node, channel, Some(&carried));
        assert_eq!(world.post("/freeswitch/cdr", &body, Some(SECRET)).await.status, 200);
        let found = records(&world, &node, &mut feed).await;
        assert_eq!(found.iter().map(|call| call.id).collect::<Vec<_>>(), [id]);
        assert_eq!(found[0].from_extension.as_ref().unwrap().as_str(), "1000");
    }
}

#[tokio::test]
async fn a_call_that_is_up_when_the_server_is_back_is_live_again() {
    let node = Played::start().await;
    let before = World::new().await;
    joins(&before.control, &node).await;
    let question = hunt(&node);
    let script = before.ask(&question).await.xml();
    let id = before.control.live().calls(LiveScope::Platform)[0].id;
    let channel = question.get("Hunt-Unique-ID").to_owned();
    drop(before);

    let leg = uuid::Uuid::now_v7().to_string();
    let rows = format!("{{\"rows\":[{{\"uuid\":\"{channel}\"}},{{\"uuid\":\"{leg}\"}}]}}");
    node.answers("show channels as json", &rows);
    for (of, name, value) in [
        (&channel, "voxera_cursor", carried(&script)),
        (&channel, "bridge_uuid", leg.clone()),
        (&leg, "voxera_cursor", "_undef_".into()),
        (&leg, "voxera_leg", format!("{id}/1001")),
    ] {
        node.answers(&format!("uuid_getvar {of} {name}"), &value);
    }
    let world = World::new().await;
    let mut feed = world.control.live().subscribe(LiveScope::Platform);
    world.control.nodes().configure(vec![node.secret()]);
    let live = connected(&mut feed).await;
    assert_eq!(live.id, id);
    assert_eq!((live.from.number.as_str(), live.to.number.as_str()), ("1000", "1001"));
    node.tells(&told(&channel));
    let call = loop {
        if let LiveEvent::Ended { call } = feed.next().await.unwrap() {
            break call;
        }
    };
    assert_eq!((call.id, call.outcome), (id, voxera_callflow::Cause::Normal));
}

#[tokio::test]
async fn a_talk_that_outlives_two_stops_of_the_server_has_its_whole_story_once() {
    let node = Played::start().await;
    let mut world = World::new().await;
    joins(&world.control, &node).await;
    let mut feed = world.control.live().subscribe(LiveScope::Platform);
    let question = hunt(&node);
    let script = world.ask(&question).await.xml();
    let id = world.control.live().calls(LiveScope::Platform)[0].id;
    let channel = question.get("Hunt-Unique-ID").to_owned();
    let leg = uuid::Uuid::now_v7().to_string();
    let mark = format!("{id}/1001");
    let answer = with(&event("CHANNEL_ANSWER_bleg"), "Unique-ID", &leg);
    node.tells(&with(&answer, "variable_voxera_leg", &mark));
    let bridge = with(&event("CHANNEL_BRIDGE_aleg"), "Unique-ID", &channel);
    node.tells(&with(&bridge, "Bridge-B-Unique-ID", &leg));
    let before = connected(&mut feed).await;

    let rows = format!("{{\"rows\":[{{\"uuid\":\"{channel}\"}},{{\"uuid\":\"{leg}\"}}]}}");
    node.answers("show channels as json", &rows);
    for (of, name, value) in [
        (&channel, "voxera_cursor", carried(&script)),
        (&channel, "bridge_uuid", leg.clone()),
        (&leg, "voxera_cursor", "_undef_".into()),
        (&leg, "voxera_leg", mark),
    ] {
        node.answers(&format!("uuid_getvar {of} {name}"), &value);
    }
    for _ in 0..2 {
        world = World::after(world.stop().await).await;
        feed = world.control.live().subscribe(LiveScope::Platform);
        world.control.nodes().configure(vec![node.secret()]);
        let live = connected(&mut feed).await;
        assert_eq!((live.id, live.answered_at, &live.trace), (id, before.answered_at, &before.trace));
    }
    node.tells(&told(&leg));
    node.tells(&told(&channel));
    let call = loop {
        if let LiveEvent::Ended { call } = feed.next().await.unwrap() {
            break call;
        }
    };
    assert_eq!((call.id, call.outcome), (id, voxera_callflow::Cause::Normal));
    let words: Vec<String> = call.trace.iter().map(|entry| entry.say(voxera_model::Locale::En)).collect();
    assert_eq!(words.len(), 4, "{words:?}");
    assert_eq!(words[2], "Bertil Berg (1001) answered.");
    assert!(words[3].ends_with("hung up."), "{words:?}");
}

/// The first call that is told to be a talk.
async fn connected(feed: &mut LiveFeed) -> voxera_callcontrol::LiveCall {
    loop {
        match feed.next().await.unwrap() {
            LiveEvent::Call { call } if call.state == LiveState::Connected => return call,
            _ => {}
        }
    }
}

#[tokio::test]
async fn what_both_legs_measured_is_in_the_record_whichever_is_told_first() {
    let (world, node) = (World::new().await, Played::start().await);
    joins(&world.control, &node).await;
    for caller_first in [true, false] {
        let mut feed = world.control.live().subscribe(LiveScope::Platform);
        let question = hunt(&node);
        world.ask(&question).await;
        let call = world.control.live().calls(LiveScope::Platform)[0].id;
        let (caller, leg) = (question.get("Hunt-Unique-ID"), uuid::Uuid::now_v7().to_string());
        let answer = with(&event("CHANNEL_ANSWER_bleg"), "Unique-ID", &leg);
        node.tells(&with(&answer, "variable_voxera_leg", &format!("{call}/1001")));
        let bridge = with(&event("CHANNEL_BRIDGE_aleg"), "Unique-ID", caller);
        node.tells(&with(&bridge, "Bridge-B-Unique-ID", &leg));
        let end = |channel: &str, packets: &str| {
            with(&told(channel), "variable_rtp_audio_in_packet_count", packets)
        };
        let mut ends = [end(caller, "7"), end(&leg, "9")];
        if !caller_first {
            ends.reverse();
        }
        for event in &ends {
            node.tells(event);
        }
        let record = loop {
            if let LiveEvent::Ended { call } = feed.next().await.unwrap() {
                break call;
            }
        };
        let packets = |leg: Option<voxera_callcontrol::LegMedia>| leg.map(|leg| leg.packets);
        assert_eq!((packets(record.media.caller), packets(record.media.callee)), (Some(7), Some(9)));
    }
}

#[tokio::test]
async fn a_stop_of_the_server_ends_no_call_and_records_none() {
    let node = Played::start().await;
    let world = World::new().await;
    joins(&world.control, &node).await;
    world.ask(&hunt(&node)).await;
    let World { control, handle, .. } = world;
    let mut feed = control.live().subscribe(LiveScope::Platform);
    handle.shutdown().await;
    control.flush().await;
    assert_eq!(control.status().spooled, 0);
    let told = tokio::time::timeout(std::time::Duration::ZERO, feed.next()).await;
    assert!(told.is_err(), "nothing is over: {told:?}");
}

#[tokio::test]
async fn what_is_no_record_and_who_is_no_node_changes_nothing() {
    let (world, node) = (World::new().await, Played::start().await);
    joins(&world.control, &node).await;
    let question = hunt(&node);
    world.ask(&question).await;
    for body in ["", "{}", "[1]", "{\"variables\":7}", "{\"core-uuid\":\"x\",\"variables\":{\"uuid\":\"x\"}}"]
    {
        assert_eq!(world.post("/freeswitch/cdr", body, Some(SECRET)).await.status, 200, "{body}");
    }
    let body = posted(&node, question.get("Hunt-Unique-ID"), None);
    assert_eq!(world.post("/freeswitch/cdr", &body, Some("wrong")).await.status, 403);
    assert_eq!(world.post("/freeswitch/cdr", &body, None).await.status, 403);
    assert_eq!(world.handle.calls.count(), 1);
}
