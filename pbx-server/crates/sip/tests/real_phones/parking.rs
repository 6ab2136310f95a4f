//! Calls that are parked, as those who talk and wait hear it.

use crate::company::Company;
use crate::listening::found_of;
use crate::sounds_asked::{talk, up};
use crate::sounds_together::{THREE, hears, three};
use chrono::Utc;
use std::time::Duration;
use voxera_callcontrol::{AskFault, Clock, LiveScope, LiveState};
use voxera_callflow::{Cause, ParkAt, ParkSlot, Party, SendFault};
use voxera_testkit::phone::Phone;

/// How long a call waits in its slot.
const WAITS: Duration = Duration::from_mins(2);

fn slot(code: &str) -> ParkSlot {
    ParkSlot::parse(code).unwrap()
}

/// A phone sends whoever it talks with to a code.
async fn sends(company: &Company, phone: &Phone, code: &str) {
    let to = format!("sip:{code}@{}", company.snapshot.realm);
    phone.command("transfer", Some(&to)).await;
    phone.closed().await;
}

/// Until a call waits there.
async fn waits(company: &mut Company, at: &str) {
    let at = slot(at);
    company
        .live("parked", |call| {
            call.state == LiveState::Parked && call.parked.as_ref().is_some_and(|parked| parked.slot == at)
        })
        .await;
}

/// Until somebody hears the PBX's music for three seconds, and nothing else. It fades in, and the last of
/// a voice waits in the phone.
async fn hears_music(phone: &Phone) {
    let mut last = Vec::new();
    for _ in 0..5 {
        let heard = phone.hears(3_000).await;
        let music = found_of(&heard.samples, &voxera_audio::music());
        if music.missing <= 20 && music.likeness > 0.95 && music.louder.abs() < 1.0 {
            return println!("parked: {music:?}");
        }
        last.push(music);
    }
    panic!("no music: {last:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_parked_hears_music_until_a_colleague_takes_the_call() {
    let mut company = Company::open(THREE).await;
    let [anna, bertil, cecilia] = three(&company).await;
    talk(&cecilia, &bertil, "1001").await;
    hears("Bertil", &bertil, [false, false, true]).await;
    sends(&company, &bertil, "*5901").await;
    waits(&mut company, "*5901").await;
    let parked = company.control.live().calls(LiveScope::Platform)[0].parked.clone().unwrap();
    assert_eq!((parked.who.number.as_str(), parked.by.number.as_str()), ("1002", "1001"));
    hears_music(&cecilia).await;

    anna.dial("*5902").await;
    let why = anna.closed().await;
    assert!(why.starts_with("404"), "{why}");
    assert_eq!(company.ended().await.outcome, Cause::UnknownNumber);

    anna.dial("*5901").await;
    anna.established().await;
    tokio::join!(
        hears("Anna", &anna, [false, false, true]),
        hears("Cecilia", &cecilia, [true, false, false])
    );
    // The slot is free again.
    bertil.dial("*5901").await;
    let why = bertil.closed().await;
    assert!(why.starts_with("404"), "{why}");
    anna.hang_up().await;
    cecilia.closed().await;
    let ended = [company.ended().await, company.ended().await, company.ended().await];
    let outcomes = ended.each_ref().map(|call| call.outcome);
    assert_eq!(outcomes, [Cause::Normal, Cause::UnknownNumber, Cause::Normal]);
    assert_eq!(ended[2].to_extension.as_ref().unwrap().as_str(), "1000", "who took it was reached");
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_nobody_takes_rings_at_whoever_parked_it() {
    let (clock, hand) = Clock::by_hand(Utc::now());
    let mut company = Company::by(clock, THREE).await;
    let [_anna, bertil, cecilia] = three(&company).await;
    // The one who called parks the other.
    talk(&bertil, &cecilia, "1002").await;
    hears("Cecilia", &cecilia, [false, true, false]).await;
    sends(&company, &bertil, "*59").await;
    waits(&mut company, "*5901").await;
    hears_music(&cecilia).await;
    hand.awaited(WAITS).await;
    hand.advance(WAITS);
    let shown = bertil.called().await;
    assert!(shown.peer_name.contains("*5901"), "{}", shown.peer_name);
    bertil.answer().await;
    bertil.established().await;
    tokio::join!(
        hears("Bertil", &bertil, [false, false, true]),
        hears("Cecilia", &cecilia, [false, true, false])
    );
    cecilia.hang_up().await;
    bertil.closed().await;
    assert_eq!(company.ended().await.outcome, Cause::Normal);
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_in_charge_parks_either_side_and_is_told_where() {
    let mut company = Company::open(THREE).await;
    let [anna, bertil, cecilia] = three(&company).await;
    talk(&cecilia, &bertil, "1001").await;
    let call = up(&company);
    let live = company.control.live();
    assert_eq!(live.park(call, Party::Caller, ParkAt::AnyFree).await, Ok(slot("*5901")));
    bertil.closed().await;
    hears_music(&cecilia).await;
    // Nobody leaves, so that nobody could have it back.
    let again = live.park(call, Party::Caller, ParkAt::AnyFree).await;
    assert_eq!(again, Err(AskFault::Send(SendFault::NotNow)));

    talk(&anna, &bertil, "1001").await;
    let other = company.control.live().calls(LiveScope::Platform)[1].id;
    let taken = live.park(other, Party::Callee, ParkAt::Slot(slot("*5901"))).await;
    assert_eq!(taken, Err(AskFault::Send(SendFault::SlotTaken)));
    tokio::join!(hears("Anna", &anna, [false, true, false]), hears("Bertil", &bertil, [true, false, false]));
    assert_eq!(live.park(other, Party::Callee, ParkAt::AnyFree).await, Ok(slot("*5902")));
    anna.closed().await;
    hears_music(&bertil).await;

    // Each slot gives its own.
    anna.dial("*5902").await;
    anna.established().await;
    tokio::join!(hears("Anna", &anna, [false, true, false]), hears("Bertil", &bertil, [true, false, false]));
    bertil.hang_up().await;
    anna.closed().await;
    cecilia.hang_up().await;
    let ended = [company.ended().await, company.ended().await, company.ended().await];
    assert!(ended.iter().all(|call| call.outcome == Cause::Normal), "{ended:?}");
    company.quiet().await;
}
