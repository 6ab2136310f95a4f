//! The golden calls of `scenarios/*.toml`, played with real phones: the end and the trace must be
//! those that the core gives.

use crate::company::{Company, number};
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;
use uuid::Uuid;
use voxera_callcontrol::{HangupAnswer, LiveScope};
use voxera_callflow::scenario::{Happening, Scenario, load_all};
use voxera_callflow::{Extension, Facts, Kind, Party, Peer, RingOutcome, User};
use voxera_model::{DeviceId, ExtensionId, ExtensionNumber, Locale, Name};
use voxera_testkit::phone::{Phone, PhoneConfig};
use voxera_testkit::sipp::{Place, Sipp};

macro_rules! played {
    ($($name:ident,)*) => {
    const PLAYED: &[&str] = &[$(stringify!($name)),*];
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                play(&scenario(stringify!($name))).await;
            }
        )*
    };
}

played! {
    a_public_number_without_an_outside_line,
    a_removed_extension_calls,
    a_second_call_waits,
    an_own_number_from_inside,
    an_own_number_that_leads_nowhere,
    an_own_number_whose_extension_is_gone,
    an_unknown_code,
    an_unknown_extension,
    answered_then_an_administrator_ends_it,
    answered_then_the_callee_hangs_up,
    answered_then_the_caller_hangs_up,
    busy_without_call_waiting,
    declined,
    emergency_without_a_line,
    no_phone_set_up,
    nobody_answers,
    not_a_number,
    offline,
    oneself,
    suspended,
    the_caller_gives_up,
    the_phone_cannot_be_reached,
    the_phone_says_busy,
    two_phones_ring_at_once,
}

#[test]
fn every_scenario_that_is_played_is_there() {
    let all = scenarios();
    for name in PLAYED {
        assert!(all.iter().any(|scenario| scenario.name == *name), "{name}");
    }
}

fn scenarios() -> Vec<Scenario> {
    load_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")).unwrap()
}

fn scenario(name: &str) -> Scenario {
    scenarios().into_iter().find(|scenario| scenario.name == name).unwrap()
}

/// Who keeps somebody's line busy before the call.
const BYSTANDER: &str = "1999";

/// The phones of a scenario's people.
struct Cast {
    phones: HashMap<ExtensionNumber, Vec<Phone>>,
    /// Where the phone of who declines is: no phone's button says "decline" to all.
    declining: Option<Sipp>,
}

impl Cast {
    fn of(&self, extension: &ExtensionNumber) -> &[Phone] {
        self.phones.get(extension).map(Vec::as_slice).unwrap_or_default()
    }
}

async fn play(scenario: &Scenario) {
    let Happening::Arrived { from: Peer::Extension(caller), .. } = &scenario.steps[0].event else {
        panic!("{} does not begin with a call from inside", scenario.name)
    };
    let mut snapshot = scenario.snapshot.clone();
    let ghost: Vec<_> = (!snapshot.extensions.contains_key(caller))
        .then(|| (caller.clone(), DeviceId(Uuid::now_v7())))
        .into_iter()
        .collect();
    if scenario.facts.extensions.values().any(|facts| facts.calls > 0) {
        snapshot.extensions.insert(number(BYSTANDER), bystander());
    }
    let mut company = Company::of(snapshot, &ghost, |config| {
        // A phone that is gone is given up after 64 times this long.
        config.timers.t1 = Duration::from_millis(100);
    })
    .await;
    let mut cast = cast(&company, scenario).await;
    if let Some((extension, device)) = ghost.first() {
        let phone = PhoneConfig { register_seconds: 0, ..company.phone_of(*device, "") };
        cast.phones.insert(extension.clone(), vec![Phone::start(phone).await]);
    }
    let before = hold_lines(&company, scenario, &mut cast).await;

    let (mut sv, mut en) = (Vec::new(), Vec::new());
    let mut callee: Option<ExtensionNumber> = None;
    let mut connected = false;
    for step in &scenario.steps {
        let from = &cast.of(caller)[0];
        match &step.event {
            Happening::Arrived { dialled, .. } => {
                from.dial(dialled).await;
                callee = step.then.strip_prefix("ringing ").map(number);
            }
            // The engine ends the slower phone by itself: the core never hears of it.
            Happening::Answered { .. } if connected => continue,
            Happening::Answered { by: Peer::Extension(by) } => {
                from.ringing().await;
                for phone in cast.of(by) {
                    phone.called().await;
                }
                let [first, slower @ ..] = cast.of(by) else { panic!("nobody can answer") };
                first.answer().await;
                tokio::join!(first.established(), from.established());
                for phone in slower {
                    phone.closed().await;
                }
                connected = true;
            }
            Happening::RingEnded { outcome: RingOutcome::Busy } => {
                let phone = &cast.of(callee.as_ref().unwrap())[0];
                phone.called().await;
                phone.hang_up().await;
            }
            Happening::RingEnded { outcome: RingOutcome::Declined } => {
                cast.declining.take().unwrap().done().await;
            }
            // Time does it.
            Happening::RingEnded { outcome: RingOutcome::NoAnswer } => from.ringing().await,
            Happening::RingEnded { outcome: RingOutcome::Unreachable | RingOutcome::Incompatible } => {}
            Happening::HungUp { by: Party::Caller } => {
                if !connected {
                    from.ringing().await;
                }
                from.hang_up().await;
            }
            Happening::HungUp { by: Party::Callee } => cast.of(callee.as_ref().unwrap())[0].hang_up().await,
            Happening::HungUp { by: Party::System } => {
                let calls = company.control.live().calls(LiveScope::Platform);
                assert_eq!(company.control.live().hangup(calls.last().unwrap().id), HangupAnswer::Asked);
            }
            other => panic!("{other:?} is played by scripted phones"),
        }
        sv.extend(step.sv.clone());
        en.extend(step.en.clone());
    }

    let record = company.ended().await;
    let said = |locale| record.trace.iter().map(|entry| entry.say(locale)).collect::<Vec<_>>();
    assert_eq!(Some(record.outcome), scenario.outcome(), "{record:?}");
    assert_eq!((said(Locale::Sv), said(Locale::En)), (sv, en));
    cast.of(caller)[0].closed().await;
    drop(before);
}

/// Starts everyone's phones and brings online who is.
async fn cast(company: &Company, scenario: &Scenario) -> Cast {
    let ends = |outcome| {
        scenario
            .steps
            .iter()
            .any(|step| matches!(&step.event, Happening::RingEnded { outcome: o } if *o == outcome))
    };
    let caller = scenario.steps[0].event.clone();
    let mut cast = Cast { phones: HashMap::new(), declining: None };
    for (extension, of) in &scenario.snapshot.extensions {
        let online = scenario.facts.extensions.get(&of.id).map_or(0, |facts| facts.online);
        let calls =
            matches!(&caller, Happening::Arrived { from: Peer::Extension(from), .. } if from == extension);
        if !calls && ends(RingOutcome::Declined) {
            let place = Place::free();
            let user = company.user(extension.as_str());
            Sipp::register(place, company.engine.local_addr(), &[user]).await;
            cast.declining = Some(Sipp::decline(place).await);
            continue;
        }
        let mut phones = Vec::new();
        for nth in 0..online.into() {
            let phone = Phone::start(company.nth_phone(extension.as_str(), nth)).await;
            phone.registered().await;
            phones.push(phone);
        }
        if !calls && ends(RingOutcome::Unreachable) {
            // Switched off without a word.
            phones.clear();
        }
        cast.phones.insert(extension.clone(), phones);
    }
    cast
}

/// Makes the calls that people have before the call.
async fn hold_lines(company: &Company, scenario: &Scenario, cast: &mut Cast) -> Option<Phone> {
    let Facts { extensions, .. } = &scenario.facts;
    let busy = scenario
        .snapshot
        .extensions
        .iter()
        .find(|(_, of)| extensions.get(&of.id).is_some_and(|f| f.calls > 0));
    let (extension, _) = busy?;
    let other = Phone::start(company.phone(BYSTANDER)).await;
    let phone = &cast.of(extension)[0];
    other.dial(extension.as_str()).await;
    phone.called().await;
    phone.answer().await;
    tokio::join!(phone.established(), other.established());
    Some(other)
}

fn bystander() -> Extension {
    Extension {
        id: ExtensionId(Uuid::now_v7()),
        name: Name::parse("Filip Frisk").unwrap(),
        kind: Kind::User(User::new(vec![DeviceId(Uuid::now_v7())])),
        recording: None,
    }
}
