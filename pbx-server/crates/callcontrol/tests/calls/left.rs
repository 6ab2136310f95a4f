//! What calls leave: messages, recordings, wishes to be called back, keys.

use crate::common::{Setup, answered};
use crate::{anna_and_bertil, ended};
use chrono::Utc;
use std::path::Path;
use uuid::Uuid;
use voxera_callcontrol::{
    CallControl, CallControlConfig, CallEnded, Direction, LiveEvent, LiveScope, MediaSummary, NewMessage,
    NewRecording,
};
use voxera_callflow::scenario::{Happening, Scenario};
use voxera_callflow::{Action, Event, ListenMode, Party, Peer};
use voxera_model::{MessageId, PhoneNumber, RecordingId};

fn message(setup: &Setup) -> NewMessage {
    NewMessage { id: MessageId(Uuid::now_v7()), mailbox: setup.id_of("1001"), millis: 4200 }
}

/// Plays a scenario file to its end, without comparing.
async fn played(name: &str) -> CallEnded {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../scenarios/{name}.toml"));
    let scenario = Scenario::parse(name, &std::fs::read_to_string(path).unwrap()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let setup = Setup::new(dir.path(), &scenario).await;
    let mut feed = setup.control.live().subscribe(LiveScope::Platform);
    let Happening::Arrived { from, dialled } = &scenario.steps[0].event else { panic!("{name}") };
    let (call, mut actions) = match from {
        Peer::Extension(number) => setup.call(number.as_str(), dialled),
        Peer::Outside(number) => {
            setup.outside_calls(number.as_ref().map(ToString::to_string).as_deref(), dialled)
        }
    };
    let mut last = 0;
    for step in &scenario.steps[1..] {
        for action in &actions {
            if let Action::Timer { timer, .. } = action {
                last = *timer;
            }
        }
        let mut events = step.event.events(None);
        if step.event == Happening::Timer {
            events = vec![Event::Timer { timer: last }];
        }
        actions = events.into_iter().flat_map(|event| call.advance(event)).collect();
    }
    call.finish(MediaSummary::default());
    ended(&mut feed).await
}

#[tokio::test]
async fn keys_of_menus_are_recorded_and_pins_never() {
    assert_eq!(played("press_1_for_sales").await.keys, "1");
    assert_eq!(played("a_wrong_pin").await.keys, "");
    assert_eq!(played("a_conference_with_a_pin").await.keys, "");
}

#[tokio::test]
async fn a_record_tells_the_direction() {
    assert_eq!(played("from_outside_to_a_person").await.direction, Direction::In);
    assert_eq!(played("calling_out").await.direction, Direction::Out);
    assert_eq!(played("answered_then_the_caller_hangs_up").await.direction, Direction::Internal);
}

#[tokio::test]
async fn what_a_call_leaves_is_known_at_once_and_survives_a_restart_without_a_database() {
    let dir = tempfile::tempdir().unwrap();
    let setup = Setup::new(dir.path(), &anna_and_bertil()).await;
    let pbx = setup.view.snapshot.pbx;
    let bertil = setup.id_of("1001");
    let mut feed = setup.control.live().subscribe(LiveScope::Platform);
    let mut changes = setup.control.mailboxes().changes();
    let (call, _) = setup.call("1000", "1001");
    let _ = call.advance(answered("1001"));
    let new = message(&setup);
    call.message(new.clone());
    assert_eq!(setup.control.mailboxes().counts(pbx, bertil), (1, 0));
    assert_eq!(changes.recv().await.unwrap(), (pbx, bertil));
    while !matches!(feed.next().await.unwrap(), LiveEvent::Mailbox { mailbox, .. } if mailbox == bertil) {}
    setup.control.mailboxes().mark_heard(pbx, bertil, new.id);
    assert_eq!(setup.control.mailboxes().counts(pbx, bertil), (0, 1));
    call.recorded(NewRecording {
        id: RecordingId(Uuid::now_v7()),
        owners: vec![bertil],
        millis: 61_000,
        started_at: Utc::now(),
        peaks: vec![1, 2, 3],
    });
    call.callback(bertil, PhoneNumber::parse("070-174 06 05").unwrap());
    let whom = crate::common::number("1001");
    setup.control.eavesdropped(&setup.view, call.id(), &whom, call.id(), ListenMode::Listen);
    setup.control.flush().await;
    assert_eq!(setup.control.status().spooled, 4);
    let _ = call.advance(Event::HungUp { by: Party::Caller });
    call.finish(MediaSummary::default());
    setup.control.shutdown().await;
    let again = CallControl::start(CallControlConfig::new(dir.path()), None).await.unwrap();
    assert_eq!(again.status().spooled, 5, "and the call itself");
}

#[tokio::test]
async fn a_disk_that_refuses_a_message_gets_it_again() {
    let dir = tempfile::tempdir().unwrap();
    let setup = Setup::new(dir.path(), &anna_and_bertil()).await;
    let items = dir.path().join("items");
    std::fs::rename(&items, dir.path().join("away")).unwrap();
    std::fs::write(&items, b"not a folder").unwrap();
    let (call, _) = setup.call("1000", "1001");
    let (first, second) = (message(&setup), message(&setup));
    call.message(first.clone());
    call.message(second.clone());
    setup.control.flush().await;
    assert_eq!(setup.control.status().spooled, 2, "held in memory");
    std::fs::remove_file(&items).unwrap();
    std::fs::rename(dir.path().join("away"), &items).unwrap();
    setup.control.flush().await;
    assert_eq!(setup.control.status().spooled, 2);
    for new in [first, second] {
        assert!(items.join(format!("{}.item", new.id)).exists());
    }
}
