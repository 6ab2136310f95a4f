//! Calls from the public network.

use crate::rig::{AKES, BERITS, Rig, all_reported, phone, reported};
use crate::trunk_lines::{NUMBER, OTHER, SECOND, at_address, berits, from_also, give_lines, registers, up};
use crate::ua::Ua;
use voxera_testkit::line::{Line, LineConfig};

const MOBILE: &str = "<sip:+46701234567@carrier.example>";

async fn line() -> Line {
    Line::start(LineConfig::default()).await
}

/// A line that is up, Anna and Bertil online.
async fn world() -> (Rig, Line, Ua) {
    let (rig, line) = (Rig::start().await, line().await);
    give_lines(&rig, vec![registers(1, &line)]);
    up(&rig, 1).await;
    let anna = Ua::online(&rig, phone(AKES, "1000", 0)).await;
    (rig, line, anna)
}

#[tokio::test]
async fn a_call_in_rings_where_its_number_leads_with_the_callers_number() {
    let (mut rig, line, mut anna) = world().await;
    let mut call = line.call(NUMBER, MOBILE).await;
    let invite = anna.asked("INVITE").await;
    assert!(invite.field("From").contains("sip:+46701234567@"), "{}", invite.field("From"));
    anna.answer(&invite, "180 Ringing", "t", "", "").await;
    call.told(180).await;
    anna.pick_up(&invite).await;
    let answer = call.connected().await;
    assert_ne!(answer.port(), 0);
    call.hang_up().await;
    let bye = anna.asked("BYE").await;
    anna.ok(&bye).await;
    let ended = rig.ended().await;
    assert_eq!(ended.from_number, "+46701234567");
    assert_eq!(all_reported(), 0);
}

#[tokio::test]
async fn every_form_of_an_own_number_is_understood() {
    let (_rig, line, mut anna) = world().await;
    for form in ["+46812345678", "0812345678", "46812345678", "0046812345678"] {
        let mut call = line.call(form, MOBILE).await;
        let invite = anna.asked("INVITE").await;
        anna.answer(&invite, "486 Busy Here", "t", "", "").await;
        anna.asked("ACK").await;
        call.refused(486).await;
    }
}

#[tokio::test]
async fn a_call_to_the_registered_contact_is_for_the_number_in_to() {
    let (rig, line, _anna) = world().await;
    let mut bertil = Ua::online(&rig, phone(AKES, "1001", 0)).await;
    let contact = line.registered().await;
    let mut call = line.call_at(&contact, &format!("<sip:{SECOND}@carrier.example>"), MOBILE, "", None).await;
    let invite = bertil.asked("INVITE").await;
    bertil.answer(&invite, "486 Busy Here", "t", "", "").await;
    call.refused(486).await;
}

#[tokio::test]
async fn a_carrier_that_requires_what_we_do_not_speak_is_told_so() {
    let (rig, line, _anna) = world().await;
    let uri = format!("sip:{NUMBER}@{}", rig.engine.local_addr());
    let more = "Require: 100rel\r\n";
    let answer = line.call_at(&uri, &format!("<{uri}>"), MOBILE, more, None).await.refused(420).await;
    assert_eq!(answer.field("Unsupported"), "100rel");
}

#[tokio::test]
async fn a_caller_who_hides_is_nobody_to_the_phone() {
    let (mut rig, line, mut anna) = world().await;
    let contact = line.registered().await;
    let host = contact.split_once('@').unwrap().1.to_owned();
    let asserted = "P-Asserted-Identity: <sip:+46701234567@carrier.example>\r\nPrivacy: id\r\n";
    let hidden = "\"Anonymous\" <sip:anonymous@anonymous.invalid>";
    let to = format!("<sip:{NUMBER}@{host}>");
    let mut call = line.call_at(&format!("sip:{NUMBER}@{host}"), &to, hidden, asserted, None).await;
    let invite = anna.asked("INVITE").await;
    assert!(!invite.0.contains("701234567"), "{}", invite.0);
    anna.answer(&invite, "180 Ringing", "t", "", "").await;
    call.told(180).await;
    call.give_up().await;
    anna.asked("CANCEL").await;
    assert!(!rig.ended().await.from_number.contains("701234567"));
}

#[tokio::test]
async fn a_number_that_nobody_has_is_not_found() {
    let (_rig, line, _anna) = world().await;
    for number in ["+46899999999", "1000", "anna", "112", "*97"] {
        line.call(number, MOBILE).await.refused(404).await;
    }
    assert_eq!(all_reported(), 0);
}

#[tokio::test]
async fn a_number_of_a_company_without_this_line_is_not_found_over_it() {
    let (rig, line, _anna) = world().await;
    let own = Line::start(LineConfig::default()).await;
    rig.control.directory().replace(berits(vec![registers(2, &own)]));
    up(&rig, 2).await;
    let mut berit = Ua::online(&rig, phone(BERITS, "1000", 0)).await;
    line.call(OTHER, MOBILE).await.refused(404).await;
    let mut call = own.call(OTHER, MOBILE).await;
    let invite = berit.asked("INVITE").await;
    berit.answer(&invite, "486 Busy Here", "t", "", "").await;
    call.refused(486).await;
}

#[tokio::test]
async fn two_companies_with_lines_of_one_carrier_each_get_their_own_calls() {
    let (rig, line) = (Rig::start().await, line().await);
    give_lines(&rig, vec![at_address(1, &line)]);
    rig.control.directory().replace(berits(vec![at_address(2, &line)]));
    up(&rig, 1).await;
    up(&rig, 2).await;
    let mut anna = Ua::online(&rig, phone(AKES, "1000", 0)).await;
    let mut berit = Ua::online(&rig, phone(BERITS, "1000", 0)).await;
    for (ua, number) in [(&mut anna, NUMBER), (&mut berit, OTHER)] {
        let uri = format!("sip:{number}@{}", rig.engine.local_addr());
        let server = Some(rig.engine.local_addr());
        let mut call = line.call_at(&uri, &format!("<{uri}>"), MOBILE, "", server).await;
        let invite = ua.asked("INVITE").await;
        ua.answer(&invite, "486 Busy Here", "t", "", "").await;
        call.refused(486).await;
    }
}

#[tokio::test]
async fn another_address_of_the_carrier_counts_only_when_it_is_listed() {
    let (rig, registrar, other) = (Rig::start().await, line().await, line().await);
    let trunk = registers(1, &registrar);
    give_lines(&rig, vec![from_also(other.address().ip(), trunk)]);
    up(&rig, 1).await;
    let mut anna = Ua::online(&rig, phone(AKES, "1000", 0)).await;
    let uri = format!("sip:{NUMBER}@{}", rig.engine.local_addr());
    let server = Some(rig.engine.local_addr());
    let mut call = other.call_at(&uri, &format!("<{uri}>"), MOBILE, "", server).await;
    let invite = anna.asked("INVITE").await;
    anna.answer(&invite, "486 Busy Here", "t", "", "").await;
    call.refused(486).await;
}

#[tokio::test]
async fn a_stranger_who_dials_an_own_number_is_not_let_in() {
    let (rig, _line, mut anna) = world().await;
    let stranger = line().await;
    let server = rig.engine.local_addr();
    let uri = format!("sip:{NUMBER}@{server}");
    // It even knows the carrier's name and who to say it is: it is asked for a proof like a phone.
    stranger.call_at(&uri, &format!("<{uri}>"), MOBILE, "", Some(server)).await.refused(407).await;
    let named = format!("<sip:1000@{AKES}>");
    let uri = format!("sip:{NUMBER}@{AKES}");
    stranger.call_at(&uri, &named, &named, "", Some(server)).await.refused(407).await;
    anna.hears_nothing().await;
    assert_eq!(rig.engine.stats().calls, 0);
}

#[tokio::test]
async fn a_carrier_may_send_more_than_any_phone() {
    let line = line().await;
    let rig = Rig::with(|config| (config.limits.rate, config.limits.burst) = (1, 30)).await;
    give_lines(&rig, vec![registers(1, &line)]);
    up(&rig, 1).await;
    for _ in 0..40 {
        line.call("+46899999999", MOBILE).await.refused(404).await;
    }
    assert_eq!(reported("flood"), 0);
}
