//! Settings that go round in circles end calls; callers who do something are let go on.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use voxera_callflow::scenario::Scenario;
use voxera_callflow::{Action, Cause, Cursor, Event, Reason, Step, step};
use voxera_model::{Dialled, Key};

fn scenario(nodes: &str) -> Scenario {
    let head = "story = \"x\"\n[numbers]\n\"08-123 45 67\" = \"menu main\"\n[menus.main]\nentry = \"a\"\n";
    let tail = "[[steps]]\nevent = \"070-174 06 05 calls 08-123 45 67\"\n";
    Scenario::parse("loop", &format!("{head}{nodes}\n{tail}")).unwrap()
}

fn begin(scenario: &Scenario) -> Step {
    let event = scenario.steps[0].event.events(None).remove(0);
    assert!(matches!(&event, Event::Arrived { dialled: Dialled::Public(_), .. }));
    step(&scenario.snapshot, &scenario.facts, None, &event)
}

fn next(scenario: &Scenario, cursor: Option<&Cursor>, event: &Event) -> Step {
    step(&scenario.snapshot, &scenario.facts, cursor, event)
}

#[test]
fn nodes_that_lead_to_one_another_without_a_wait_end_in_one_step() {
    let scenario = scenario(
        "[menus.main.nodes.a]\nkind = \"condition\"\nbranches = []\notherwise = \"b\"\n\
         [menus.main.nodes.b]\nkind = \"agent\"\nunavailable = \"a\"",
    );
    let step = begin(&scenario);
    assert_eq!(step.actions, vec![Action::Hangup { cause: Cause::Fault }]);
    assert_eq!(step.trace.last().unwrap().reason, Reason::TooManyNodes);
    assert!(step.trace.len() < 210, "{}", step.trace.len());
}

#[test]
fn a_message_that_leads_to_itself_is_not_played_for_ever() {
    let scenario = scenario("[menus.main.nodes.a]\nkind = \"message\"\nprompt = \"Hej.\"\nnext = \"a\"");
    let mut step = begin(&scenario);
    let mut heard = 0;
    while let Some(cursor) = &step.next {
        heard += 1;
        assert!(heard < 210);
        step = next(&scenario, Some(cursor), &Event::Played);
    }
    // The last words are heard too.
    assert_eq!(heard, 201);
    assert_eq!(step.actions, vec![Action::Hangup { cause: Cause::Fault }]);
}

#[test]
fn a_caller_who_keeps_choosing_is_never_thrown_out() {
    let scenario = scenario(
        "[menus.main.nodes.a]\nkind = \"menu\"\nprompt = \"Tryck 1.\"\nkeys = { 1 = \"b\" }\n\
         [menus.main.nodes.b]\nkind = \"message\"\nprompt = \"Hej.\"\nnext = \"a\"",
    );
    let mut step = begin(&scenario);
    for round in 0..500 {
        let key = Event::Key { key: Key::parse("1").unwrap() };
        step = next(&scenario, step.next.as_ref(), &key);
        step = next(&scenario, step.next.as_ref(), &Event::Played);
        assert!(step.next.is_some(), "round {round}");
    }
}

#[test]
fn a_queue_that_overflows_into_itself_ends_a_call_after_ten_waits() {
    let text = "story = \"x\"\n[numbers]\n\"08-123 45 67\" = \"2000\"\n\
                [extensions.2000]\nname = \"Kö\"\nkind = \"queue\"\nmembers = [\"1001\"]\nmax_wait = 10\noverflow = \"2000\"\n\
                [extensions.1001]\nname = \"Bertil\"\nonline = 1\ncalls = 1\n\
                [[steps]]\nevent = \"070-174 06 05 calls 08-123 45 67\"\n";
    let scenario = Scenario::parse("loop", text).unwrap();
    let mut step = begin(&scenario);
    let mut waits = 0;
    while let Some(cursor) = &step.next {
        waits += 1;
        assert!(waits < 15);
        let timer = Event::Timer { timer: cursor.journey.timer };
        let event = if cursor.queue().is_some() { timer } else { Event::Played };
        step = next(&scenario, Some(cursor), &event);
    }
    assert_eq!(step.actions, vec![Action::Hangup { cause: Cause::Fault }]);
}
