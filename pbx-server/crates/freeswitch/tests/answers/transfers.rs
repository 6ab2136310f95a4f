//! Calls that one of two sends on, by REFER or by connecting two calls.

use crate::hunts::{answers, channel, gone, record, with_a_third};
use crate::world::{ANNA, BERTIL, Question, World, apps};
use voxera_callcontrol::LiveScope;
use voxera_callflow::{Cause, Party};
use voxera_freeswitch::{ChannelEvent, ChannelId, NodeName};

/// Bertil, who was called, sends Anna to the conference: Anna's channel hunts there.
#[tokio::test]
async fn whoever_was_called_sends_the_caller_on() {
    let world = World::new().await;
    let question = Question::hunt(ANNA, "1001");
    let script = world.ask(&question).await.xml();
    let caller = channel(&question);
    let leg = answers(&world, caller, &script, "/1001");
    let mut referred = question.next(&script, &[]);
    referred.set("Hunt-Destination-Number", "3000");
    world.handle.calls.event(leg, gone("BLIND_TRANSFER", Party::System));
    let script = world.ask(&referred).await.xml();
    assert!(apps(&script).contains_key("conference"), "{:?}", script.actions());
    assert_eq!(world.handle.calls.channels(&NodeName("node-1".into())), [caller]);
}

/// Anna, who called, sends Bertil on: Bertil's leg hunts, and is the call's main channel from then on.
#[tokio::test]
async fn whoever_called_sends_the_other_on_and_leaves() {
    let world = World::new().await;
    let mut feed = world.control.live().subscribe(LiveScope::Platform);
    let question = Question::hunt(ANNA, "1001");
    let script = world.ask(&question).await.xml();
    let caller = channel(&question);
    let leg = answers(&world, caller, &script, "/1001");
    // Both happen at once: the one who leaves may be gone before the other hunts.
    world.handle.calls.event(caller, gone("BLIND_TRANSFER", Party::System));
    let first = script;
    let script = world.ask(&sent_by_the_caller(leg, "3000")).await.xml();
    assert!(apps(&script).contains_key("conference"), "{:?}", script.actions());
    assert_eq!(world.handle.calls.channels(&NodeName("node-1".into())), [leg]);
    // The record of the leg that left names the call, which is not begun anew by it.
    let carried = question.next(&first, &[]).get("variable_voxera_cursor").to_owned();
    let posted = serde_json::json!({ "core-uuid": "node-1", "variables": {
        "uuid": caller.to_string(), "hangup_cause": "BLIND_TRANSFER", "voxera_cursor": carried,
    }});
    world.post("/freeswitch/cdr", &posted.to_string(), Some(crate::world::SECRET)).await;
    assert_eq!(world.handle.calls.count(), 1);
    world.handle.calls.event(leg, gone("NORMAL_CLEARING", Party::Caller));
    assert_eq!(record(&mut feed).await.outcome, Cause::Normal);
}

/// Bertil wants to send Anna to a number that leads nowhere. He has left by then: his phones ring again,
/// and where he does not come back Anna is told goodbye.
#[tokio::test]
async fn who_is_sent_where_nothing_is_gets_the_sender_back_or_a_goodbye() {
    let world = World::new().await;
    let question = Question::hunt(ANNA, "1001");
    let script = world.ask(&question).await.xml();
    answers(&world, channel(&question), &script, "/1001");
    let mut referred = question.next(&script, &[]);
    referred.set("Hunt-Destination-Number", "4711");
    let script = world.ask(&referred).await.xml();
    assert!(apps(&script)["bridge"].contains("/1001"), "{:?}", script.actions());
    let alone = referred.next(&script, &[("variable_originate_disposition", "NO_ANSWER")]);
    let script = world.ask(&alone).await.xml();
    assert!(apps(&script).contains_key("hangup"), "{:?}", script.actions());
}

/// Bertil's leg asks, because Anna, who called him, sends him somewhere.
fn sent_by_the_caller(leg: ChannelId, destination: &str) -> Question {
    let mut referred = Question::captured("dialplan_after_uuid_transfer_bleg");
    referred.set("Hunt-Unique-ID", &leg.to_string()).set("Hunt-Destination-Number", destination);
    referred.set("Hunt-Context", "acme.test").set("Core-UUID", "node-1");
    referred
}

/// Anna, who called, wants to send Bertil to a number that leads nowhere, and has left by then.
#[tokio::test]
async fn a_caller_who_sends_the_other_where_nothing_is_is_called_back() {
    let world = World::new().await;
    let mut feed = world.control.live().subscribe(LiveScope::Platform);
    let question = Question::hunt(ANNA, "1001");
    let script = world.ask(&question).await.xml();
    let leg = answers(&world, channel(&question), &script, "/1001");
    world.handle.calls.event(channel(&question), gone("BLIND_TRANSFER", Party::System));
    let script = world.ask(&sent_by_the_caller(leg, "4711")).await.xml();
    let rings = apps(&script)["bridge"].clone();
    assert!(rings.contains(&format!("user/{ANNA}@")), "{rings}");
    assert!(rings.contains("origination_caller_id_number=1001"), "she sees who waits: {rings}");
    assert_eq!(world.handle.calls.channels(&NodeName("node-1".into())), [leg]);
    answers(&world, leg, &script, "/1000");
    let live = world.control.live().calls(LiveScope::Platform);
    assert_eq!((live[0].from.number.as_str(), live[0].to.number.as_str()), ("1000", "1001"));
    world.handle.calls.event(leg, gone("NORMAL_CLEARING", Party::Caller));
    let call = record(&mut feed).await;
    assert_eq!((call.outcome, call.hung_up_by), (Cause::Normal, Party::Callee), "Bertil's phone hung up");
    let words: Vec<String> = call.trace.iter().map(|entry| entry.say(voxera_model::Locale::En)).collect();
    assert_eq!(
        words[2..],
        [
            "Bertil Berg (1001) answered.",
            "Anna Åkesson (1000) wanted to send the call to 4711, but no call can be sent there.",
            "Bertil Berg (1001) hung up.",
        ]
    );
}

#[tokio::test]
async fn a_caller_who_was_called_back_in_vain_leaves_the_other_a_goodbye() {
    let world = World::new().await;
    let mut feed = world.control.live().subscribe(LiveScope::Platform);
    let question = Question::hunt(ANNA, "1001");
    let script = world.ask(&question).await.xml();
    let leg = answers(&world, channel(&question), &script, "/1001");
    let referred = sent_by_the_caller(leg, "4711");
    let script = world.ask(&referred).await.xml();
    let alone = referred.next(&script, &[("variable_originate_disposition", "NO_ANSWER")]);
    let script = world.ask(&alone).await.xml();
    assert!(apps(&script).contains_key("hangup"), "{:?}", script.actions());
    world.handle.calls.event(leg, gone("NORMAL_CLEARING", Party::System));
    let call = record(&mut feed).await;
    assert_eq!(call.hung_up_by, Party::Caller, "she left, and did not come back");
}

/// Anna was called back. Now Bertil sends her on, and she him.
#[tokio::test]
async fn whoever_was_called_back_is_sent_on_and_sends_on_as_before() {
    for by_anna in [false, true] {
        let world = World::new().await;
        let question = Question::hunt(ANNA, "1001");
        let script = world.ask(&question).await.xml();
        let bertils = answers(&world, channel(&question), &script, "/1001");
        let script = world.ask(&sent_by_the_caller(bertils, "4711")).await.xml();
        let annas = answers(&world, bertils, &script, "/1000");
        let stays = if by_anna { bertils } else { annas };
        let script = world.ask(&sent_by_the_caller(stays, "3000")).await.xml();
        assert!(apps(&script).contains_key("conference"), "{:?}", script.actions());
        assert_eq!(world.handle.calls.channels(&NodeName("node-1".into())), [stays]);
        let live = world.control.live().calls(LiveScope::Platform);
        let words: Vec<String> =
            live[0].trace.iter().map(|entry| entry.say(voxera_model::Locale::En)).collect();
        let who = if by_anna { "Anna Åkesson (1000) sends" } else { "Bertil Berg (1001) sends" };
        assert!(words.iter().any(|said| said.starts_with(who)), "{words:?}");
    }
}

/// Both leave at once: whoever sent the other on, and the other.
#[tokio::test]
async fn nothing_is_left_of_a_call_whose_other_end_hangs_up_while_it_is_sent_on() {
    let world = World::new().await;
    let mut feed = world.control.live().subscribe(LiveScope::Platform);
    let question = Question::hunt(ANNA, "1001");
    let script = world.ask(&question).await.xml();
    let leg = answers(&world, channel(&question), &script, "/1001");
    world.handle.calls.event(channel(&question), gone("BLIND_TRANSFER", Party::System));
    assert_eq!(world.handle.calls.count(), 1);
    world.handle.calls.event(leg, gone("NORMAL_CLEARING", Party::Caller));
    assert_eq!(record(&mut feed).await.hung_up_by, Party::Callee);
    assert_eq!(world.handle.calls.count(), 0);
}

/// Bertil, who was called by Anna, called Chefen to ask, and lets the two talk.
#[tokio::test]
async fn a_call_is_handed_over_by_whoever_holds_both() {
    let world = with_a_third().await;
    let mut feed = world.control.live().subscribe(LiveScope::Platform);
    let first = Question::hunt(ANNA, "1001");
    let script = world.ask(&first).await.xml();
    let held = answers(&world, channel(&first), &script, "/1001");
    let second = Question::hunt(BERTIL, "1002");
    let script = world.ask(&second).await.xml();
    let asked = answers(&world, channel(&second), &script, "/1002");
    world.handle.calls.event(channel(&first), ChannelEvent::Bridged { with: asked });
    assert_eq!(record(&mut feed).await.outcome, Cause::Normal, "the question is over");
    world.handle.calls.event(held, gone("ATTENDED_TRANSFER", Party::System));
    world.handle.calls.event(channel(&second), gone("ATTENDED_TRANSFER", Party::System));
    assert_eq!(world.handle.calls.count(), 1);
    world.handle.calls.event(channel(&first), gone("NORMAL_CLEARING", Party::Caller));
    let call = record(&mut feed).await;
    let words: Vec<String> = call.trace.iter().map(|entry| entry.say(voxera_model::Locale::En)).collect();
    assert!(words.iter().any(|words| words.contains("(1002)")), "{words:?}");
}
