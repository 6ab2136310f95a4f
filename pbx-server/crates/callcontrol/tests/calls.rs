//! Calls through call control, as an engine drives them.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

mod common;
#[path = "calls/left.rs"]
mod left;
#[path = "calls/parking.rs"]
mod parking;
#[path = "calls/queues.rs"]
mod queues;
#[path = "calls/sound.rs"]
mod sound;

use common::{ANNA_AND_BERTIL, Setup, answered, config};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Barrier;
use voxera_callcontrol::{
    CallControl, CallControlConfig, CallEnded, HangupAnswer, LineFault, LineState, LiveEvent, LiveFeed,
    LiveScope, LiveState, MediaSummary, RegistrationChange,
};
use voxera_callflow::scenario::{Happening, Scenario, load_all};
use voxera_callflow::{Action, Cause, Event, Facts, Party, Peer, Reason, RingOutcome};
use voxera_model::{CustomerId, PbxId, TenantId};

fn anna_and_bertil() -> Scenario {
    Scenario::parse("anna_and_bertil", ANNA_AND_BERTIL).unwrap()
}

async fn ended(feed: &mut LiveFeed) -> CallEnded {
    loop {
        if let LiveEvent::Ended { call } = feed.next().await.unwrap() {
            return call;
        }
    }
}

fn rings(actions: &[Action]) -> bool {
    matches!(actions, [Action::Ring { .. }])
}

fn busy(actions: &[Action]) -> bool {
    matches!(actions, [Action::Hangup { cause: Cause::Busy }])
}

/// Whether call control can be brought into the scenario's situation by phones alone.
fn is_plain(scenario: &Scenario) -> bool {
    let facts = &scenario.facts;
    let alone = Facts {
        now: facts.now,
        extensions: facts.extensions.clone(),
        lines: facts.lines.clone(),
        ..Facts::default()
    };
    scenario.snapshot.rules.is_empty()
        && scenario.snapshot.ivrs.is_empty()
        && *facts == alone
        && facts.extensions.values().all(|facts| facts.calls == 0)
        && scenario.steps.iter().all(|step| step.facts == *facts && step.event != Happening::Timer)
}

#[tokio::test]
async fn every_golden_call_goes_through_call_control_as_through_the_core() {
    let scenarios = load_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")).unwrap();
    let mut played = 0;
    for scenario in scenarios.into_iter().filter(is_plain) {
        let Happening::Arrived { from, dialled } = &scenario.steps[0].event else { continue };
        let known =
            |from| scenario.snapshot.extensions.get(from).is_some_and(|found| !found.devices().is_empty());
        let dir = tempfile::tempdir().unwrap();
        let setup = Setup::new(dir.path(), &scenario).await;
        for trunk in scenario.snapshot.trunks.iter().filter(|trunk| !scenario.facts.lines.contains(&trunk.id))
        {
            setup.control.lines().set(trunk.id, LineState::Down { why: LineFault::Silent });
        }
        let mut feed = setup.control.live().subscribe(LiveScope::Platform);
        let (call, mut actions) = match from {
            Peer::Extension(number) if known(number) => setup.call(number.as_str(), dialled),
            // A phone without an extension has no credential to call with.
            Peer::Extension(_) => continue,
            Peer::Outside(number) => {
                setup.outside_calls(number.as_ref().map(ToString::to_string).as_deref(), dialled)
            }
        };
        played += 1;
        let mut trace = Vec::new();
        for (index, expected) in scenario.steps.iter().enumerate() {
            if index > 0 {
                actions =
                    expected.event.events(None).into_iter().flat_map(|event| call.advance(event)).collect();
            }
            let did: Vec<String> = actions.iter().map(|action| scenario.describe_action(action)).collect();
            assert_eq!(did, expected.does, "{}, step {}", scenario.name, index + 1);
            assert_eq!(call.is_over(), expected.then == "over", "{}", scenario.name);
            trace.extend(expected.sv.clone());
        }
        let over = call.is_over();
        call.finish(MediaSummary::default());
        let record = ended(&mut feed).await;
        if over {
            assert_eq!(Some(record.outcome), scenario.outcome(), "{}", scenario.name);
            let told: Vec<String> =
                record.trace.iter().map(|entry| entry.say(voxera_model::Locale::Sv)).collect();
            assert_eq!(told, trace, "{}", scenario.name);
        }
        for number in scenario.snapshot.extensions.keys() {
            assert_eq!(setup.calls_of(number.as_str()), 0, "{}", scenario.name);
        }
    }
    assert!(played >= 40, "{played}");
}

#[tokio::test]
async fn a_call_is_live_until_it_is_recorded_and_counts_return_to_zero() {
    let dir = tempfile::tempdir().unwrap();
    let setup = Setup::new(dir.path(), &anna_and_bertil()).await;
    let mut feed = setup.control.live().subscribe(LiveScope::Platform);
    let (call, actions) = setup.call("1000", "1001");
    assert!(rings(&actions));
    let live = setup.control.live().call(call.id()).unwrap();
    assert_eq!((live.state, &*live.to.number), (LiveState::Ringing, "1001"));
    assert_eq!(live.to.name.unwrap().as_str(), "Bertil Berg");
    let _ = call.advance(answered("1001"));
    let live = setup.control.live().call(call.id()).unwrap();
    assert_eq!(live.state, LiveState::Connected);
    assert!(live.answered_at.is_some());
    let facts = setup.control.presence().availability(setup.view.snapshot.pbx);
    assert_eq!(facts.values().map(|facts| facts.calls).sum::<u16>(), 2);

    let actions = call.advance(Event::HungUp { by: Party::Callee });
    assert_eq!(actions, [Action::Hangup { cause: Cause::Normal }]);
    call.finish(MediaSummary { codec: Some("PCMA".into()), ..MediaSummary::default() });
    call.finish(MediaSummary::default());
    drop(call);
    let record = ended(&mut feed).await;
    assert_eq!((record.outcome, record.hung_up_by), (Cause::Normal, Party::Callee));
    assert_eq!(record.media.codec.as_deref(), Some("PCMA"));
    assert!(
        record.started_at <= record.answered_at.unwrap() && record.answered_at.unwrap() <= record.ended_at
    );
    assert_eq!(record.trace.len(), 4);
    assert_eq!(setup.control.live().calls(LiveScope::Platform), []);
    let facts = setup.control.presence().availability(setup.view.snapshot.pbx);
    assert!(facts.values().all(|facts| facts.calls == 0));
    setup.control.flush().await;
    assert_eq!(setup.control.status().spooled, 1, "recorded once");
}

#[tokio::test]
async fn an_engine_that_forgets_a_call_still_leaves_a_record() {
    let dir = tempfile::tempdir().unwrap();
    let setup = Setup::new(dir.path(), &anna_and_bertil()).await;
    let mut feed = setup.control.live().subscribe(LiveScope::Platform);
    let (call, _) = setup.call("1000", "1001");
    drop(call);
    let record = ended(&mut feed).await;
    assert_eq!((record.outcome, record.hung_up_by), (Cause::Fault, Party::System));
    let (_, actions) = setup.call("1002", "1001");
    assert!(rings(&actions), "the line is free again");
}

#[tokio::test]
async fn an_engine_that_repeats_itself_does_not_fill_the_record() {
    let dir = tempfile::tempdir().unwrap();
    let setup = Setup::new(dir.path(), &anna_and_bertil()).await;
    let mut feed = setup.control.live().subscribe(LiveScope::Platform);
    let (call, _) = setup.call("1000", "1001");
    for _ in 0..10_000 {
        assert_eq!(call.advance(answered("1002")), []);
    }
    let _ = call.advance(Event::HungUp { by: Party::Caller });
    call.finish(MediaSummary::default());
    let record = ended(&mut feed).await;
    assert_eq!(record.trace.len(), 101);
    assert!(matches!(record.trace.last().unwrap().reason, Reason::CallerGaveUp { .. }));
}

#[tokio::test]
async fn two_advances_racing_end_a_call_once() {
    let dir = tempfile::tempdir().unwrap();
    let setup = Setup::new(dir.path(), &anna_and_bertil()).await;
    for _ in 0..200 {
        let (call, _) = setup.call("1000", "1001");
        let start = Barrier::new(3);
        let events = [
            Event::HungUp { by: Party::Caller },
            Event::RingEnded { outcome: RingOutcome::NoAnswer },
            Event::HungUp { by: Party::System },
        ];
        let hangups: usize = std::thread::scope(|scope| {
            let race = |event: Event| {
                let (call, start) = (call.clone(), &start);
                scope.spawn(move || {
                    start.wait();
                    let actions = call.advance(event);
                    call.finish(MediaSummary::default());
                    actions.len()
                })
            };
            events.map(race).into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(hangups, 1);
    }
    setup.control.flush().await;
    assert_eq!(setup.control.status().spooled, 200);
}

#[tokio::test]
async fn two_callers_racing_for_one_free_line_do_not_both_get_it() {
    let dir = tempfile::tempdir().unwrap();
    let setup = Setup::new(dir.path(), &anna_and_bertil()).await;
    for _ in 0..200 {
        let start = Barrier::new(2);
        let calls = std::thread::scope(|scope| {
            let race = |from: &'static str| {
                let (setup, start) = (&setup, &start);
                scope.spawn(move || {
                    start.wait();
                    setup.call(from, "1001")
                })
            };
            ["1000", "1002"].map(race).map(|thread| thread.join().unwrap())
        });
        assert_eq!(calls.iter().filter(|(_, actions)| rings(actions)).count(), 1);
        assert_eq!(calls.iter().filter(|(_, actions)| busy(actions)).count(), 1);
    }
}

#[tokio::test]
async fn a_request_to_hang_up_reaches_the_engine_and_never_an_emergency_call() {
    let dir = tempfile::tempdir().unwrap();
    let help = format!("{ANNA_AND_BERTIL}[trunks.line]\nemergency = true\n");
    let setup = Setup::new(dir.path(), &Scenario::parse("help", &help).unwrap()).await;
    let live = setup.control.live();
    let (call, _) = setup.call("1000", "1001");
    assert_eq!(live.hangup(call.id()), HangupAnswer::Asked);
    call.hangup_asked().cancelled().await;
    let _ = call.advance(Event::HungUp { by: Party::System });
    call.finish(MediaSummary::default());
    assert_eq!(live.hangup(call.id()), HangupAnswer::NoSuchCall);

    let (help, _) = setup.call("1000", "112");
    assert_eq!(live.hangup(help.id()), HangupAnswer::Emergency);
    assert!(!help.hangup_asked().is_cancelled());
}

#[tokio::test]
async fn a_phone_removed_while_it_calls_is_refused_and_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let scenario = anna_and_bertil();
    let setup = Setup::new(dir.path(), &scenario).await;
    let mut feed = setup.control.live().subscribe(LiveScope::Platform);
    let device = setup.phone_of("1000");
    let mut without = config(&scenario.snapshot);
    without.devices.retain(|secret| secret.device != device);
    setup.control.directory().replace(without);
    let view = setup.control.directory().pbx(&scenario.snapshot.realm).unwrap();
    let arrival = voxera_callcontrol::Arrival {
        call: voxera_model::CallId(uuid::Uuid::now_v7()),
        from: voxera_callcontrol::ArrivedFrom::Device(device),
        dialled: voxera_model::Dialled::parse("1001"),
    };
    let (call, actions) = setup.control.arrive(&view, arrival);
    assert_eq!(actions, [Action::Hangup { cause: Cause::NotAllowed }]);
    drop(call);
    let record = ended(&mut feed).await;
    assert_eq!(record.trace[0].reason, Reason::PhoneRemoved);
    assert_eq!(record.outcome, Cause::NotAllowed);
}

#[tokio::test]
async fn a_reader_sees_only_its_own_calls_and_learns_when_it_missed_some() {
    let dir = tempfile::tempdir().unwrap();
    let setup = Setup::new(dir.path(), &anna_and_bertil()).await;
    let live = setup.control.live();
    let stranger = LiveScope::Customer(setup.view.snapshot.tenant, CustomerId(uuid::Uuid::nil()));
    let (tenant, customer, pbx) =
        (setup.view.snapshot.tenant, setup.view.snapshot.customer, setup.view.snapshot.pbx);
    let mut foreign = live.subscribe(stranger);
    let mut own = live.subscribe(LiveScope::Pbx(tenant, customer, pbx));
    let (call, _) = setup.call("1000", "1001");
    assert!(matches!(own.next().await, Some(LiveEvent::Call { call: live }) if live.id == call.id()));
    assert_eq!(live.calls(stranger), []);
    assert_eq!(live.calls(LiveScope::Tenant(TenantId(uuid::Uuid::nil()))), []);
    assert_eq!(live.calls(LiveScope::Pbx(tenant, customer, PbxId(uuid::Uuid::nil()))), []);
    assert_eq!(live.count(LiveScope::Customer(tenant, customer)), 1);

    // More than a slow reader may fall behind.
    for _ in 0..5_000 {
        setup.control.presence().register(setup.registration(setup.phone_of("1001"), 60));
    }
    assert_eq!(own.next().await, Some(LiveEvent::Resync));
    // The stranger missed events too, of which none was its own; it learns no more than that.
    assert_eq!(foreign.next().await, Some(LiveEvent::Resync));
}

#[tokio::test]
async fn phones_come_refresh_expire_and_go() {
    let dir = tempfile::tempdir().unwrap();
    let setup = Setup::new(dir.path(), &anna_and_bertil()).await;
    let presence = setup.control.presence();
    let (pbx, bertil) = (setup.view.snapshot.pbx, setup.phone_of("1001"));
    let mut feed = setup.control.live().subscribe(LiveScope::Platform);
    let change = async |feed: &mut LiveFeed| match feed.next().await.unwrap() {
        LiveEvent::Registration { change, registration } => (change, registration.device),
        other => panic!("{other:?}"),
    };
    presence.register(setup.registration(bertil, 60));
    assert_eq!(change(&mut feed).await, (RegistrationChange::Refreshed, bertil));

    let mut second = setup.registration(bertil, 60);
    second.contact = "sip:phone@127.0.0.1:5072".into();
    presence.register(second);
    assert_eq!(change(&mut feed).await.0, RegistrationChange::Registered);
    assert_eq!(presence.bindings(pbx, bertil).len(), 2);

    presence.unregister(pbx, bertil, Some("sip:phone@127.0.0.1:5072"));
    assert_eq!(change(&mut feed).await.0, RegistrationChange::Unregistered);
    assert_eq!(presence.bindings(pbx, bertil).len(), 1);

    presence.register(setup.registration(bertil, -1));
    assert_eq!(change(&mut feed).await.0, RegistrationChange::Refreshed);
    assert_eq!(presence.bindings(pbx, bertil), [], "expired, though nobody has swept yet");
    assert_eq!(change(&mut feed).await.0, RegistrationChange::Expired, "the job sweeps");
    let (_, actions) = setup.call("1000", "1001");
    assert_eq!(actions, [Action::Hangup { cause: Cause::Offline }]);
}

#[tokio::test]
async fn records_and_calls_that_were_up_survive_a_process_that_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let setup = Setup::new(dir.path(), &anna_and_bertil()).await;
    let (over, _) = setup.call("1000", "1001");
    let _ = over.advance(Event::HungUp { by: Party::Caller });
    over.finish(MediaSummary::default());
    let (up, _) = setup.call("1000", "1001");
    let _ = up.advance(answered("1001"));
    setup.control.flush().await;
    // What a killed process leaves: its files as they are, the last line cut off.
    let copy = tempfile::tempdir().unwrap();
    std::fs::create_dir(copy.path().join("spool")).unwrap();
    for entry in std::fs::read_dir(dir.path().join("spool")).unwrap() {
        let from = entry.unwrap().path();
        let mut bytes = std::fs::read(&from).unwrap();
        if from.extension().is_some_and(|ending| ending == "calls") {
            bytes.extend_from_slice(b"0123456789abcdef {\"id\":\"cut o");
        }
        std::fs::write(copy.path().join("spool").join(from.file_name().unwrap()), bytes).unwrap();
    }
    let restart = async || CallControl::start(CallControlConfig::new(copy.path()), None).await.unwrap();
    assert_eq!(restart().await.status().spooled, 2, "the one that ended, the one that was cut off");
    assert_eq!(restart().await.status().spooled, 2, "and once more, no more");
}

/// Not a test of its own: the process that the next test kills.
#[tokio::test]
#[ignore = "run by what_was_confirmed_survives_kill_9"]
async fn a_process_that_makes_calls_until_it_is_killed() {
    let Some(dir) = std::env::var_os("VOXERA_TEST_STATE") else { return };
    let setup = Setup::new(Path::new(&dir), &anna_and_bertil()).await;
    loop {
        let (call, _) = setup.call("1000", "1001");
        let _ = call.advance(Event::HungUp { by: Party::Caller });
        call.finish(MediaSummary::default());
        setup.control.flush().await;
        println!("confirmed {}", call.id());
    }
}

#[tokio::test]
async fn what_was_confirmed_survives_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_process_that_makes_calls_until_it_is_killed", "--ignored", "--nocapture"])
        .env("VOXERA_TEST_STATE", dir.path())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let confirmed: Vec<String> = lines
        .filter_map(|line| line.split_once("confirmed ").map(|(_, id)| id.to_owned()))
        .take(100)
        .collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(confirmed.len(), 100);

    let control = CallControl::start(CallControlConfig::new(dir.path()), None).await.unwrap();
    assert!(control.status().spooled >= 100);
    let files = std::fs::read_dir(dir.path().join("spool")).unwrap();
    let spool: String = files
        .map(|entry| String::from_utf8_lossy(&std::fs::read(entry.unwrap().path()).unwrap()).into_owned())
        .collect();
    assert!(confirmed.iter().all(|id| spool.contains(id)));
}

/// Not a test of its own: the process whose files may not grow, for the two tests below.
#[tokio::test]
#[ignore = "run by the tests of full disks"]
async fn a_process_whose_disk_is_full() {
    let Some(dir) = std::env::var_os("VOXERA_TEST_STATE") else { return };
    let setup = Setup::new(Path::new(&dir), &anna_and_bertil()).await;
    for _ in 0..40 {
        let (call, _) = setup.call("1000", "1001");
        let _ = call.advance(Event::HungUp { by: Party::Caller });
        call.finish(MediaSummary::default());
        setup.control.flush().await;
    }
    setup.control.flush().await;
    assert_eq!(setup.control.status().spooled, 40);
}

/// Runs it with files of at most so many blocks of 512 bytes, and returns the spool's folder.
fn with_full_disk(dir: &Path, blocks: u32) -> std::path::PathBuf {
    let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    // What it says goes through a pipe: the limit would hold for a file, too.
    let output = std::process::Command::new("/bin/sh")
        .args(["-c", &limited])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "a_process_whose_disk_is_full", "--ignored"])
        .env("VOXERA_TEST_STATE", dir)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    dir.join("spool")
}

#[test]
fn a_disk_that_takes_half_a_record_loses_none_and_keeps_no_half() {
    let dir = tempfile::tempdir().unwrap();
    let spool = with_full_disk(dir.path(), 8);
    let mut records = 0;
    for entry in std::fs::read_dir(spool).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "calls") {
            let text = std::fs::read_to_string(path).unwrap();
            assert!(text.ends_with("}\n"), "a torn end: {text}");
            records += text.lines().count();
        }
    }
    assert_eq!(records, 40);
}

#[test]
fn a_full_disk_that_is_tried_again_and_again_does_not_fill_up_with_empty_files() {
    let dir = tempfile::tempdir().unwrap();
    let spool = with_full_disk(dir.path(), 0);
    let left: Vec<_> = std::fs::read_dir(spool).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    // The list of calls that are up, and the file that the process was trying when it ended.
    assert!(left.len() <= 2, "{left:?}");
}

#[tokio::test]
async fn a_disk_that_refuses_holds_no_call_up_and_loses_none() {
    let dir = tempfile::tempdir().unwrap();
    let setup = Setup::new(dir.path(), &anna_and_bertil()).await;
    let spool = dir.path().join("spool");
    std::fs::rename(&spool, dir.path().join("away")).unwrap();
    std::fs::write(&spool, b"not a folder").unwrap();
    for _ in 0..10 {
        let (call, actions) = setup.call("1000", "1001");
        assert!(rings(&actions));
        let _ = call.advance(Event::HungUp { by: Party::Caller });
        call.finish(MediaSummary::default());
    }
    setup.control.flush().await;
    assert_eq!(setup.control.status().spooled, 10, "held in memory");
    std::fs::remove_file(&spool).unwrap();
    std::fs::rename(dir.path().join("away"), &spool).unwrap();
    setup.control.flush().await;
    setup.control.shutdown().await;
    let again = CallControl::start(CallControlConfig::new(dir.path()), None).await.unwrap();
    assert_eq!(again.status().spooled, 10, "on disk once it takes them");
}
