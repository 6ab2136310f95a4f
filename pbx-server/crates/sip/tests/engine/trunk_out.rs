//! Calls to the public network.

use crate::rig::{AKES, Rig, phone};
use crate::trunk_lines::{NUMBER, akes, at_address, give_lines, number, registers, up};
use crate::ua::Ua;
use voxera_callflow::Kind;
use voxera_model::ExtensionNumber;
use voxera_testkit::line::{Line, LineConfig};

/// Somebody outside.
const MOBILE: &str = "+46701234567";

async fn line(change: impl FnOnce(&mut LineConfig)) -> Line {
    let mut config = LineConfig::default();
    change(&mut config);
    Line::start(config).await
}

/// Anna online, and a line that is up.
async fn world(line: &Line) -> (Rig, Ua) {
    let rig = Rig::start().await;
    give_lines(&rig, vec![registers(1, line)]);
    up(&rig, 1).await;
    let anna = Ua::online(&rig, phone(AKES, "1000", 0)).await;
    (rig, anna)
}

#[tokio::test]
async fn a_call_outside_is_proven_and_both_hear_each_other() {
    let line = line(|_| {}).await;
    let (mut rig, mut anna) = world(&line).await;
    let mut talk = anna.dial("0701234567").await;
    let mut call = line.rings().await;
    assert_eq!((call.number(), call.caller(), call.asserted()), (MOBILE, NUMBER, NUMBER));
    assert_eq!(call.invite.field("From").matches("Anna").count(), 0, "names stay inside");
    call.ring().await;
    anna.hears(180).await;
    call.pick_up().await;
    let answer = anna.connected(&mut talk).await;
    // Both ways, until each is heard: the first packets only tell where to send.
    let mut sequence = 0;
    let spoken = async {
        loop {
            anna.speak(answer.port(), sequence).await;
            call.speak(sequence, 0x55).await;
            sequence += 1;
            tokio::select! {
                sound = call.listen() => return sound,
                () = tokio::task::yield_now() => {}
            }
        }
    };
    assert_eq!(tokio::time::timeout(crate::rig::PATIENCE, spoken).await.unwrap(), vec![0xd5; 160]);
    anna.listen().await;
    call.hang_up().await;
    anna.asked("BYE").await;
    assert_eq!(rig.ended().await.to_number, MOBILE);
}

#[tokio::test]
async fn the_caller_hangs_up_and_the_line_hears_it() {
    let line = line(|_| {}).await;
    let (rig, mut anna) = world(&line).await;
    let mut talk = anna.dial("0701234567").await;
    let mut call = line.rings().await;
    call.pick_up().await;
    anna.connected(&mut talk).await;
    anna.inside(&mut talk, "BYE", "", "").await;
    call.hung_up().await;
    anna.hears(200).await;
    rig.quiet().await;
}

#[tokio::test]
async fn a_call_that_is_given_up_stops_ringing_outside() {
    let line = line(|_| {}).await;
    let (rig, mut anna) = world(&line).await;
    let talk = anna.dial("0701234567").await;
    let mut call = line.rings().await;
    call.ring().await;
    anna.hears(180).await;
    anna.cancel(&talk).await;
    call.given_up().await;
    anna.hears(200).await;
    assert_eq!(anna.refused(&talk).await, 487);
    rig.quiet().await;
}

#[tokio::test]
async fn a_busy_number_is_busy_and_no_other_line_is_asked() {
    let (first, second) = (line(|_| {}).await, line(|_| {}).await);
    let rig = Rig::start().await;
    give_lines(&rig, vec![registers(1, &first), registers(2, &second)]);
    up(&rig, 1).await;
    up(&rig, 2).await;
    let mut anna = Ua::online(&rig, phone(AKES, "1000", 0)).await;
    let talk = anna.dial("0701234567").await;
    first.rings().await.refuse("486 Busy Here").await;
    assert_eq!(anna.refused(&talk).await, 486);
    assert_eq!(*second.invites().borrow(), 0);
}

#[tokio::test]
async fn a_line_that_is_out_of_order_gives_way_to_the_next() {
    let (first, second) = (line(|config| config.refuses_calls = Some(503)).await, line(|_| {}).await);
    let rig = Rig::start().await;
    give_lines(&rig, vec![registers(1, &first), registers(2, &second)]);
    up(&rig, 1).await;
    up(&rig, 2).await;
    let mut anna = Ua::online(&rig, phone(AKES, "1000", 0)).await;
    let mut talk = anna.dial("0701234567").await;
    let mut call = second.rings().await;
    call.pick_up().await;
    anna.connected(&mut talk).await;
    assert!(*first.invites().borrow() > 0);
    call.hang_up().await;
    anna.asked("BYE").await;
}

#[tokio::test]
async fn a_line_that_says_nothing_gives_way_to_the_next() {
    let (first, second) = (line(|config| config.ignores_calls = true).await, line(|_| {}).await);
    let rig = Rig::start().await;
    give_lines(&rig, vec![registers(1, &first), registers(2, &second)]);
    up(&rig, 1).await;
    up(&rig, 2).await;
    let mut anna = Ua::online(&rig, phone(AKES, "1000", 0)).await;
    let mut talk = anna.dial("0701234567").await;
    let mut call = second.rings().await;
    call.pick_up().await;
    anna.connected(&mut talk).await;
    call.hang_up().await;
    anna.asked("BYE").await;
}

#[tokio::test]
async fn a_line_over_tcp_carries_calls() {
    let line = line(|config| config.tcp = true).await;
    let (_rig, mut anna) = world(&line).await;
    let mut talk = anna.dial("0701234567").await;
    let mut call = line.rings().await;
    call.pick_up().await;
    anna.connected(&mut talk).await;
    call.hang_up().await;
    anna.asked("BYE").await;
}

#[tokio::test]
async fn a_line_that_knows_us_by_address_needs_no_proof() {
    let line = line(|config| config.challenges_calls = false).await;
    let rig = Rig::start().await;
    give_lines(&rig, vec![at_address(1, &line)]);
    up(&rig, 1).await;
    let mut anna = Ua::online(&rig, phone(AKES, "1000", 0)).await;
    let mut talk = anna.dial("0701234567").await;
    let mut call = line.rings().await;
    assert_eq!(call.caller(), NUMBER);
    call.pick_up().await;
    anna.connected(&mut talk).await;
    call.hang_up().await;
    anna.asked("BYE").await;
}

#[tokio::test]
async fn the_tone_of_the_network_is_heard_before_the_answer() {
    let line = line(|_| {}).await;
    let (_rig, mut anna) = world(&line).await;
    let _talk = anna.dial("0701234567").await;
    let mut call = line.rings().await;
    call.ring_with_sound().await;
    let early = anna.hears(183).await;
    let (port, mut sequence) = (early.port(), 0);
    assert_ne!(port, 0);
    let heard = async {
        loop {
            call.speak(sequence, 0x55).await;
            anna.speak(port, sequence).await;
            sequence += 1;
            tokio::select! {
                _ = anna.listen() => return,
                () = tokio::task::yield_now() => {}
            }
        }
    };
    tokio::time::timeout(crate::rig::PATIENCE, heard).await.unwrap();
    call.refuse("404 Not Found").await;
}

#[tokio::test]
async fn no_caller_id_but_an_own_one_leaves_the_house() {
    let line = line(|_| {}).await;
    let rig = Rig::start().await;
    let mut config = akes(vec![registers(1, &line)]);
    // Somebody else's number, however it came into the settings.
    let anna = config.snapshot.extensions.get_mut(&ExtensionNumber::parse("1000").unwrap()).unwrap();
    let Kind::User(user) = &mut anna.kind else { unreachable!("a person") };
    user.caller_id = Some(number("+46771111111"));
    rig.control.directory().replace(config);
    up(&rig, 1).await;
    let mut anna = Ua::online(&rig, phone(AKES, "1000", 0)).await;
    let _talk = anna.dial("0701234567").await;
    let mut call = line.rings().await;
    assert!(!call.invite.0.contains("771111111"), "{}", call.invite.0);
    call.refuse("404 Not Found").await;
}

#[tokio::test]
async fn premium_numbers_are_refused_before_any_line_hears_of_them() {
    let line = line(|_| {}).await;
    let (_rig, mut anna) = world(&line).await;
    let talk = anna.dial("09001234567").await;
    assert_eq!(anna.refused(&talk).await, 403);
    assert_eq!(*line.invites().borrow(), 0);
}

#[tokio::test]
async fn without_a_line_that_works_there_is_no_route() {
    let rig = Rig::start().await;
    give_lines(&rig, Vec::new());
    let mut anna = Ua::online(&rig, phone(AKES, "1000", 0)).await;
    let talk = anna.dial("0701234567").await;
    assert_eq!(anna.refused(&talk).await, 503);
}

#[tokio::test]
async fn help_is_called_over_every_line_even_one_that_looks_down() {
    let (first, second) = (line(|config| config.refuses_calls = Some(503)).await, line(|_| {}).await);
    let rig = Rig::start().await;
    // The second does not take our password for registrations, and is marked as down.
    let wrong = crate::trunk_lines::with_password("mistyped", registers(2, &second));
    give_lines(&rig, vec![registers(1, &first), wrong]);
    up(&rig, 1).await;
    second.refused_times(1).await;
    let mut anna = Ua::online(&rig, phone(AKES, "1000", 0)).await;
    let talk = anna.dial("112").await;
    // It was asked, though it takes no password of ours for calls either.
    let mut invites = second.invites();
    tokio::time::timeout(crate::rig::PATIENCE, invites.wait_for(|count| *count > 0)).await.unwrap().unwrap();
    assert!(*first.invites().borrow() > 0);
    assert_eq!(anna.refused(&talk).await, 503);
}

#[tokio::test]
async fn help_is_reached_with_the_callers_number() {
    let line = line(|_| {}).await;
    let (_rig, mut anna) = world(&line).await;
    let mut talk = anna.dial("112").await;
    let mut call = line.rings().await;
    assert_eq!((call.number(), call.caller()), ("112", NUMBER));
    call.pick_up().await;
    anna.connected(&mut talk).await;
    call.hang_up().await;
    anna.asked("BYE").await;
}
