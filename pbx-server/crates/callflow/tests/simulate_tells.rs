//! Made-up calls, beside the golden calls and by themselves.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use std::path::Path;
use voxera_callflow::scenario::{Happening, Scenario, load_all};
use voxera_callflow::{
    Answer, End, Facts, Heard, LocalTime, NodeId, NodeKind, PastCall, Peer, RingOutcome, Snapshot, Story,
    StoryKey, replay, simulate,
};
use voxera_model::{CallId, Dialled, ExtensionId, ExtensionNumber, Key, Locale, PhoneNumber};

/// The story of a golden call; `None`: something happens in it that no story can say.
fn story(scenario: &Scenario) -> Option<Story> {
    let Happening::Arrived { from, dialled } = &scenario.steps.first()?.event else { return None };
    let mut story = Story::new(from.clone(), Dialled::parse(dialled), scenario.facts.now);
    let all = scenario.snapshot.extensions.values();
    for extension in all.filter(|extension| extension.user().is_some()) {
        let at = scenario.facts.extensions.get(&extension.id).copied().unwrap_or_default();
        if at.online == 0 {
            story.away.push(extension.id);
        }
        if at.calls > 0 {
            story.busy.push(extension.id);
        }
        // One phone each, in a call with somebody or in none.
        let phones = u16::try_from(extension.devices().len()).unwrap();
        if at.calls > 1 || at.calls != at.talking || (at.online > 0 && at.online != phones) {
            return None;
        }
    }
    story.lines = !scenario.facts.lines.is_empty();
    let plain = Facts {
        now: scenario.facts.now,
        extensions: scenario.facts.extensions.clone(),
        lines: scenario.facts.lines.clone(),
        ..Facts::default()
    };
    // Help is tried over lines that look down as well, and one may answer: no story says that.
    let carries_help = scenario.snapshot.trunks.iter().any(|trunk| trunk.emergency);
    if story.dialled.is_emergency() && carries_help && !story.lines {
        return None;
    }
    let known = |facts: &Facts| Facts { clock: 0, queues: plain.queues.clone(), ..facts.clone() } == plain;
    let mut answers: Vec<ExtensionId> = Vec::new();
    for step in &scenario.steps {
        if !known(&step.facts)
            || step.facts.queues.values().any(|queue| {
                queue.ahead > 0 || queue.waiting > 1 || queue.last.is_some() || !queue.members.is_empty()
            })
        {
            return None;
        }
        match &step.event {
            Happening::Answered { by } => {
                if let Peer::Extension(number) = by {
                    answers.push(scenario.snapshot.extensions.get(number)?.id);
                }
                break;
            }
            Happening::Keys { keys } => story.keys.extend(keys.iter().copied().map(StoryKey::Press)),
            Happening::Timer if step.then == "menu" || step.then.starts_with("menu ") => {
                story.keys.push(StoryKey::Wait);
            }
            Happening::Arrived { .. }
            | Happening::Played
            | Happening::Timer
            | Happening::Recorded
            | Happening::RingEnded { outcome: RingOutcome::NoAnswer } => {}
            Happening::HungUp { .. } => break,
            Happening::RingEnded { .. }
            | Happening::Woken
            | Happening::Transferred { .. }
            | Happening::Sent { .. }
            | Happening::Replaced { .. }
            | Happening::GivenAway
            | Happening::Failed => return None,
        }
    }
    let picked_up = scenario.steps.iter().any(|step| matches!(step.event, Happening::Answered { .. }));
    story.answer = if picked_up { Answer::Only { extensions: answers } } else { Answer::Nobody };
    Some(story)
}

#[test]
fn the_simulator_tells_what_the_golden_calls_say() {
    let scenarios = load_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")).unwrap();
    let mut compared = 0;
    for scenario in &scenarios {
        // Who lets one call ring out and takes the next, or presses a key into a greeting, does more than
        // a story can say.
        let beyond = ["a_queue_rings_all", "a_message_ended_with_pound"].contains(&scenario.name.as_str());
        let Some(story) = story(scenario).filter(|_| !beyond) else { continue };
        let told = simulate(&scenario.snapshot, &story);
        let ends = |event: &Happening| matches!(event, Happening::HungUp { .. });
        let mut golden = Vec::new();
        for step in scenario.steps.iter().take_while(|step| !ends(&step.event)) {
            golden.push((&step.sv, &step.does));
            if matches!(step.event, Happening::Answered { .. }) {
                break;
            }
        }
        let told_in = |locale| -> Vec<String> {
            told.steps.iter().flat_map(|step| &step.trace).map(|entry| entry.say(locale)).collect()
        };
        let said: Vec<String> = golden.iter().flat_map(|(sv, _)| (*sv).clone()).collect();
        let words = told_in(Locale::Sv);
        assert_eq!(words.get(..said.len()).unwrap_or(&words), said, "{}: {story:?}", scenario.name);
        // Whether a sound is heard to its end before the next key, nobody says.
        let tells = |line: &String| !line.starts_with("timer ") && line != "silence";
        let actions = told.steps.iter().flat_map(|step| &step.actions);
        let does: Vec<String> =
            actions.map(|action| scenario.describe_action(action)).filter(tells).collect();
        let done: Vec<String> = golden.iter().flat_map(|(_, does)| (*does).clone()).filter(tells).collect();
        assert_eq!(does.get(..done.len()).unwrap_or(&does), done, "{}: {story:?}", scenario.name);
        compared += 1;
    }
    assert!(compared >= 90, "{compared} of {}", scenarios.len());
}

const COMPANY: &str = r#"
story = "A company"
steps = []
[trunks.line]
[extensions.1000]
name = "Anna"
online = 1
[extensions.1001]
name = "Bo"
online = 1
mailbox = {}
[extensions.2000]
name = "Support"
kind = "queue"
members = ["1000"]
max_wait = 60
[extensions.3000]
name = "Room"
kind = "conference"
[numbers]
"08-123 45 67" = "menu main"
"08-123 45 68" = "outside 070-174 06 05"
"08-123 45 69" = "menu round"
[menus.main]
entry = "start"
timeout = 5
retries = 1
[menus.main.nodes.start]
kind = "menu"
prompt = "Hej"
keys = { 1 = "sales", 2 = "line", 3 = "room", 4 = "back" }
on_timeout = "box"
[menus.main.nodes.sales]
kind = "transfer"
to = "1000"
failed = "box"
[menus.main.nodes.line]
kind = "queue"
queue = "2000"
[menus.main.nodes.room]
kind = "conference"
room = "3000"
[menus.main.nodes.back]
kind = "callback"
whom = "2000"
[menus.main.nodes.box]
kind = "voicemail"
mailbox = "1001"
[menus.round]
entry = "start"
[menus.round.nodes.start]
kind = "message"
prompt = "Hej"
next = "start"
"#;

fn company() -> Snapshot {
    Scenario::parse("company", COMPANY).unwrap().snapshot
}

fn calls(dialled: &str, keys: &str) -> Story {
    let from = Peer::Outside(Some(PhoneNumber::parse("+46701740605").unwrap()));
    let keys = keys.split_whitespace().map(|key| StoryKey::try_from(key.to_owned()).unwrap()).collect();
    Story { keys, ..Story::new(from, Dialled::parse(dialled), LocalTime::parse("2026-06-01T10:00").unwrap()) }
}

fn id(snapshot: &Snapshot, number: &str) -> ExtensionId {
    snapshot.extensions[&ExtensionNumber::parse(number).unwrap()].id
}

fn anna() -> Peer {
    Peer::Extension(ExtensionNumber::parse("1000").unwrap())
}

#[test]
fn press_1_rings_sales_and_the_same_story_is_told_the_same_way() {
    let company = company();
    let told = simulate(&company, &calls("08-123 45 67", "1"));
    assert_eq!(told.end, End::Connected { to: anna() });
    assert_eq!(told.reached, [id(&company, "1000")]);
    assert_eq!(told.steps[0].hears, [Heard::Speech { text: "Hej".into(), language: Locale::Sv }]);
    assert_eq!(told.steps[0].node.as_ref().map(|place| place.node.as_str()), Some("start"));
    assert_eq!(simulate(&company, &calls("08-123 45 67", "1")), told);
}

#[test]
fn whoever_is_away_is_not_rung_and_the_caller_leaves_a_message() {
    let company = company();
    let away = Story { away: vec![id(&company, "1000")], ..calls("08-123 45 67", "wait 1") };
    assert_eq!(simulate(&company, &away).end, End::Voicemail { mailbox: id(&company, "1001") });
    let nobody = Story { answer: Answer::Nobody, ..calls("08-123 45 67", "1") };
    let told = simulate(&company, &nobody);
    assert_eq!(told.end, End::Voicemail { mailbox: id(&company, "1001") });
    assert_eq!(told.reached, [id(&company, "1000"), id(&company, "1001")]);
    // Nothing is pressed at all.
    assert_eq!(simulate(&company, &calls("08-123 45 67", "")).end, told.end);
}

#[test]
fn queues_rooms_and_callbacks_are_ends_of_their_own() {
    let company = company();
    assert_eq!(simulate(&company, &calls("08-123 45 67", "2")).end, End::Connected { to: anna() });
    assert_eq!(
        simulate(&company, &calls("08-123 45 67", "3")).end,
        End::Conference { room: id(&company, "3000") }
    );
    let number = PhoneNumber::parse("+46701740605").unwrap();
    let callback = End::Callback { whom: id(&company, "2000"), number };
    assert_eq!(simulate(&company, &calls("08-123 45 67", "4 1")).end, callback);
    let busy = Story { busy: vec![id(&company, "1000")], ..calls("08-123 45 67", "2") };
    let told = simulate(&company, &busy);
    assert!(!told.end.is_somebody(), "{:?}", told.end);
    assert!(told.steps.last().unwrap().clock >= 60_000, "the longest wait was waited");
}

#[test]
fn without_lines_nobody_outside_is_reached() {
    let company = company();
    let outside = calls("08-123 45 68", "");
    let end = simulate(&company, &outside).end;
    assert!(matches!(end, End::Connected { to: Peer::Outside(Some(_)) }), "{end:?}");
    assert!(!simulate(&company, &Story { lines: false, ..outside }).end.is_somebody());
}

#[test]
fn a_menu_that_goes_round_for_ever_comes_to_an_end() {
    let told = simulate(&company(), &calls("08-123 45 69", ""));
    assert!(!told.end.is_somebody(), "{:?}", told.end);
    assert!(told.steps.len() < 3_001);
}

#[test]
fn a_story_is_written_as_people_write_it() {
    let story = calls("08-123 45 67", "wait 1 #");
    let json = serde_json::to_value(&story).unwrap();
    assert_eq!(json["at"], "2026-06-01T10:00");
    assert_eq!(json["dialled"], "+4681234567");
    assert_eq!(json["keys"], serde_json::json!(["wait", "1", "#"]));
    assert_eq!(serde_json::from_value::<Story>(json).unwrap(), story);
    let short = r#"{"from":{"kind":"extension","number":"1000"},"dialled":"*97","at":"2026-06-01T24:00"}"#;
    let error = serde_json::from_str::<Story>(short).unwrap_err().to_string();
    assert!(error.contains("Write a date and a time as 2026-06-19T14:00."), "{error}");
    let story: Story = serde_json::from_str(&short.replace("24:00", "23:59")).unwrap();
    assert!(story.lines && story.answer == Answer::Everyone);
}

#[test]
fn replay_finds_the_calls_that_end_elsewhere_and_who_is_no_longer_reached() {
    let live = company();
    let mut draft = live.clone();
    let flow = draft.ivrs.values_mut().find(|ivr| ivr.name.as_str() == "main").unwrap();
    let node = flow.ivr.nodes.get_mut(&NodeId::parse("start").unwrap()).unwrap();
    if let NodeKind::Menu { keys, .. } = &mut node.step {
        keys.insert(Key::new('1').unwrap(), NodeId::parse("box").unwrap());
        keys.insert(Key::new('2').unwrap(), NodeId::parse("box").unwrap());
    }
    let past = |id: u128, keys: &str| PastCall {
        id: CallId(uuid::Uuid::from_u128(id)),
        from: Peer::Outside(None),
        dialled: Dialled::parse("08-123 45 67"),
        at: LocalTime::parse("2026-06-01T10:00").unwrap(),
        keys: keys.chars().map(|key| Key::new(key).unwrap()).collect(),
        busy: Vec::new(),
        away: Vec::new(),
    };
    let calls = [past(1, "1"), past(2, "3"), past(3, ""), past(4, "2")];
    let replayed = replay(&live, &draft, &calls);
    assert_eq!((replayed.calls, replayed.same), (4, 2));
    let mailbox = id(&live, "1001");
    assert_eq!(replayed.changed[0].before, End::Connected { to: anna() });
    assert_eq!(replayed.changed[0].after, End::Voicemail { mailbox });
    assert_eq!(replayed.changed[1].id, calls[3].id);
    assert_eq!(replayed.no_longer_reached, [id(&live, "1000"), id(&live, "2000")]);
    assert_eq!(replay(&live, &live, &calls).same, 4);
}
