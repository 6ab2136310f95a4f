//! Callers in line, and the members who answer them.

use crate::common::{Setup, answered, number};
use crate::ended;
use voxera_callcontrol::{Call, LiveEvent, LiveScope, LiveState, MediaSummary, MemberState, QueueLive};
use voxera_callflow::scenario::Scenario;
use voxera_callflow::{Action, Cause, Event, Party, RingOutcome, RingTarget};

const OWN: &str = "08-123 45 67";

/// A queue (2000) of Bertil (1001) and Cecilia (1002), where the company's number leads.
async fn queue(dir: &std::path::Path, members: &str, strategy: &str, rest: u32) -> Setup {
    let text = format!(
        r#"
story = ""
steps = []
[extensions.2000]
name = "Kundtjänst"
kind = "queue"
members = {members}
strategy = "{strategy}"
wrap_up = {rest}
[extensions.1001]
name = "Bertil Berg"
online = 1
call_waiting = false
[extensions.1002]
name = "Cecilia Cederlund"
online = 1
call_waiting = false
[numbers]
"{OWN}" = "2000"
"#
    );
    Setup::new(dir, &Scenario::parse("queue", &text).unwrap()).await
}

/// The numbers whose phones are to ring.
fn rung(actions: &[Action]) -> Vec<String> {
    let of = |target: &RingTarget| match target {
        RingTarget::Extension { number, .. } => number.to_string(),
        RingTarget::Outside { .. } => "outside".into(),
    };
    let rings = actions.iter().filter_map(|action| match action {
        Action::Ring { targets, .. } => Some(targets),
        _ => None,
    });
    rings.flatten().map(of).collect()
}

fn was_woken(call: &Call) -> bool {
    let woken = call.woken();
    let woken = std::pin::pin!(woken.notified());
    woken.enable()
}

fn hang_up(call: &Call) {
    let _ = call.advance(Event::HungUp { by: Party::Caller });
    call.finish(MediaSummary::default());
}

fn look(setup: &Setup) -> QueueLive {
    setup.control.queues().list(setup.view.snapshot.pbx).remove(0)
}

fn states(setup: &Setup) -> Vec<MemberState> {
    look(setup).members.iter().map(|member| member.state).collect()
}

#[tokio::test]
async fn callers_are_served_in_order_and_only_the_first_of_the_line_is_woken() {
    let dir = tempfile::tempdir().unwrap();
    let setup = queue(dir.path(), r#"["1001"]"#, "ring_all", 0).await;
    let (first, actions) = setup.outside_calls(Some("070-174 06 01"), OWN);
    assert_eq!(rung(&actions), ["1001"]);
    let (second, actions) = setup.outside_calls(Some("070-174 06 02"), OWN);
    assert!(rung(&actions).is_empty());
    let (third, _) = setup.outside_calls(None, OWN);
    let line = look(&setup);
    assert_eq!(
        line.waiting.iter().map(|waiting| waiting.call).collect::<Vec<_>>(),
        [first.id(), second.id(), third.id()]
    );
    assert_eq!(line.waiting[2].number, "", "withheld");
    assert_eq!(states(&setup), [MemberState::Ringing]);
    assert_eq!(setup.control.live().call(second.id()).unwrap().state, LiveState::Waiting);

    let _ = first.advance(answered("1001"));
    assert_eq!(states(&setup), [MemberState::Talking]);
    assert_eq!((look(&setup).waiting.len(), look(&setup).members[0].calls_today), (2, 1));
    was_woken(&second);
    hang_up(&first);
    assert!(was_woken(&second));
    assert!(!was_woken(&third), "it is not its turn");
    assert!(rung(&third.advance(Event::Woken)).is_empty(), "nor does it jump the line");
    assert_eq!(rung(&second.advance(Event::Woken)), ["1001"]);
    assert!(was_woken(&third), "now it is the first");
}

#[tokio::test]
async fn a_caller_who_gives_up_leaves_the_line_and_the_phones() {
    let dir = tempfile::tempdir().unwrap();
    let setup = queue(dir.path(), r#"["1001"]"#, "ring_all", 0).await;
    let mut feed = setup.control.live().subscribe(LiveScope::Platform);
    let (first, _) = setup.outside_calls(None, OWN);
    let (second, _) = setup.outside_calls(None, OWN);
    hang_up(&first);
    let mut told = false;
    let record = loop {
        match feed.next().await.unwrap() {
            LiveEvent::Queues { pbx, .. } => told |= pbx == setup.view.snapshot.pbx,
            LiveEvent::Ended { call } => break call,
            _ => {}
        }
    };
    assert!(told);
    assert_eq!(record.outcome, Cause::Abandoned);
    assert_eq!(setup.calls_of("1001"), 0);
    assert!(was_woken(&second));
    assert_eq!(rung(&second.advance(Event::Woken)), ["1001"]);
    drop(second);
    assert_eq!(ended(&mut feed).await.outcome, Cause::Fault);
    assert_eq!((setup.calls_of("1001"), look(&setup).waiting.len()), (0, 0));
}

#[tokio::test]
async fn whoever_does_not_answer_is_free_again() {
    let dir = tempfile::tempdir().unwrap();
    let setup = queue(dir.path(), r#"["1001", "1002"]"#, "ring_all", 0).await;
    let (call, actions) = setup.outside_calls(None, OWN);
    assert_eq!(rung(&actions), ["1001", "1002"]);
    assert_eq!((setup.calls_of("1001"), setup.calls_of("1002")), (1, 1));
    let _ = call.advance(answered("1002"));
    assert_eq!((setup.calls_of("1001"), setup.calls_of("1002")), (0, 1));
    assert_eq!(states(&setup), [MemberState::Free, MemberState::Talking]);
    hang_up(&call);
    assert_eq!((setup.calls_of("1001"), setup.calls_of("1002")), (0, 0));

    let (call, _) = setup.outside_calls(None, OWN);
    let _ = call.advance(Event::RingEnded { outcome: RingOutcome::NoAnswer });
    hang_up(&call);
    assert_eq!((setup.calls_of("1001"), setup.calls_of("1002")), (0, 0));
    assert_eq!(look(&setup).members.iter().map(|one| one.calls_today).collect::<Vec<_>>(), [0, 1]);
}

#[tokio::test]
async fn every_fair_strategy_remembers_who_had_the_last_call() {
    for strategy in ["round_robin", "longest_idle", "least_calls"] {
        let dir = tempfile::tempdir().unwrap();
        let setup = queue(dir.path(), r#"["1001", "1002"]"#, strategy, 0).await;
        let mut served = Vec::new();
        for _ in 0..4 {
            let (call, actions) = setup.outside_calls(None, OWN);
            let members = rung(&actions);
            let _ = call.advance(answered(&members[0]));
            setup.hand.advance(std::time::Duration::from_secs(30));
            hang_up(&call);
            setup.hand.advance(std::time::Duration::from_secs(30));
            served.extend(members);
        }
        assert_eq!(served, ["1001", "1002", "1001", "1002"], "{strategy}");
    }
}

#[tokio::test]
async fn a_member_rests_after_a_call_and_its_end_wakes_the_line() {
    let dir = tempfile::tempdir().unwrap();
    let setup = queue(dir.path(), r#"["1001"]"#, "ring_all", 15).await;
    let (first, _) = setup.outside_calls(None, OWN);
    let _ = first.advance(answered("1001"));
    hang_up(&first);
    assert_eq!(states(&setup), [MemberState::Resting]);
    let (second, actions) = setup.outside_calls(None, OWN);
    assert!(rung(&actions).is_empty());
    assert_eq!(setup.calls_of("1001"), 0);
    setup.hand.advance(std::time::Duration::from_secs(15));
    assert_eq!(states(&setup), [MemberState::Free]);
    second.woken().notified().await;
    assert_eq!(rung(&second.advance(Event::Woken)), ["1001"]);
    assert_eq!(setup.view.snapshot.ids[&setup.id_of("1001")], number("1001"));
}

#[tokio::test]
async fn the_live_list_names_the_queue_until_a_member_is_rung() {
    let dir = tempfile::tempdir().unwrap();
    let setup = queue(dir.path(), r#"["1002"]"#, "ring_all", 0).await;
    let (first, _) = setup.outside_calls(None, OWN);
    let (second, _) = setup.call("1001", "2000");
    let called = || {
        let live = setup.control.live().calls(LiveScope::Platform);
        let call = live.into_iter().find(|call| call.id == second.id()).unwrap();
        (call.to.number, call.to.name.unwrap().to_string(), call.to.extension)
    };
    assert_eq!(called(), ("2000".to_owned(), "Kundtjänst".to_owned(), None));
    hang_up(&first);
    assert_eq!(rung(&second.advance(Event::Woken)), ["1002"]);
    assert_eq!(called(), ("2000".to_owned(), "Cecilia Cederlund".to_owned(), Some(number("1002"))));
}
