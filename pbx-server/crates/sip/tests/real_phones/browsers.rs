//! Browsers at the engine: with desk phones, with each other, with what the PBX says.

use crate::browser::{AtCompany, Browser, Call, Change};
use crate::company::{Company, FOUR};
use voxera_callflow::{Cause, Party};
use voxera_testkit::phone::Phone;
use voxera_testkit::tone::Recording;

const ANNAS_TONE: u32 = 440;
const BERTILS_TONE: u32 = 620;
const CECILIAS_TONE: u32 = 830;

/// The other's tone before all else. How pure it is, is printed only: a busy machine delivers packets so
/// late that they count as lost.
pub fn hears(who: &str, heard: &Recording, hz: u32) {
    let share = heard.tone(hz);
    println!(
        "{who} hears {hz} Hz: {share:.4} of all energy, {:.1} dB, longest gap {} ms",
        heard.level(),
        heard.longest_gap()
    );
    assert_eq!(heard.loudest(), Some(hz), "{who}");
    assert!(share > 0.5, "{who}: {share}");
}

/// How long the parts of a call took that people notice.
fn took(call: &Call) {
    let rang = call.rang.map(|rang| rang - call.dialled);
    let heard = call.answered.zip(call.sound.first()).map(|(from, to)| to.saturating_duration_since(from));
    println!("INVITE to ringing {rang:?}, answer to first sound {heard:?}");
}

pub async fn desk(company: &Company, extension: &str, tone: u32) -> Phone {
    let phone = Phone::start(company.phone(extension).playing(tone)).await;
    phone.registered().await;
    phone
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_is_online_until_its_connection_ends_and_is_answered_when_it_pings() {
    let mut company = Company::open(FOUR).await;
    let mut anna = Browser::online(&company, "1000", 0, ANNAS_TONE).await;
    anna.ping().await;
    let stats = company.engine.stats();
    assert_eq!((stats.registrations, stats.connections), (1, 1));
    let nobody = anna.dial("1999").await;
    assert_eq!(anna.refused(&nobody).await, 404);
    anna.cut();
    company.signed_out().await;
    assert_eq!(company.engine.stats().registrations, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_calls_a_desk_phone_and_both_hear_each_other() {
    let mut company = Company::open(FOUR).await;
    let mut anna = Browser::online(&company, "1000", 0, ANNAS_TONE).await;
    let bertil = desk(&company, "1001", BERTILS_TONE).await;
    let mut call = anna.dial("1001").await;
    let called = bertil.called().await;
    assert_eq!(called.peer_name, "Anna Åkesson");
    anna.ringing(&mut call).await;
    bertil.answer().await;
    anna.answered(&mut call).await;
    bertil.established().await;
    call.sound.hears_tone(BERTILS_TONE).await;
    let (at_anna, at_bertil) = tokio::join!(call.sound.hears(2_000), bertil.hears(2_000));
    took(&call);
    hears("Anna", &at_anna, BERTILS_TONE);
    hears("Bertil", &at_bertil, ANNAS_TONE);
    anna.hang_up(call).await;
    bertil.closed().await;
    let record = company.ended().await;
    assert_eq!((record.outcome, record.hung_up_by), (Cause::Normal, Party::Caller));
    println!("{:?}", record.media);
    assert!(record.media.caller.unwrap().packets >= 100);
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desk_phone_calls_a_browser_whose_owner_hangs_up() {
    let mut company = Company::open(FOUR).await;
    let mut anna = Browser::online(&company, "1000", 0, ANNAS_TONE).await;
    let bertil = desk(&company, "1001", BERTILS_TONE).await;
    bertil.dial("1000").await;
    let invite = anna.rings().await;
    assert!(invite.field("From").starts_with("\"Bertil Berg\" <sip:1001@"), "{}", invite.field("From"));
    bertil.ringing().await;
    let call = anna.pick_up(&invite).await;
    bertil.established().await;
    call.sound.hears_tone(BERTILS_TONE).await;
    let (at_anna, at_bertil) = tokio::join!(call.sound.hears(2_000), bertil.hears(2_000));
    took(&call);
    hears("Anna", &at_anna, BERTILS_TONE);
    hears("Bertil", &at_bertil, ANNAS_TONE);
    anna.hang_up(call).await;
    bertil.closed().await;
    assert_eq!(company.ended().await.hung_up_by, Party::Callee);
    company.quiet().await;
}

/// Two browsers that talk.
async fn two(company: &Company) -> (Browser, Call, Browser, Call) {
    let mut anna = Browser::online(company, "1000", 0, ANNAS_TONE).await;
    let mut bertil = Browser::online(company, "1001", 0, BERTILS_TONE).await;
    let mut annas = anna.dial("1001").await;
    let invite = bertil.rings().await;
    anna.ringing(&mut annas).await;
    let bertils = bertil.pick_up(&invite).await;
    anna.answered(&mut annas).await;
    annas.sound.hears_tone(BERTILS_TONE).await;
    bertils.sound.hears_tone(ANNAS_TONE).await;
    (anna, annas, bertil, bertils)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_browsers_talk_in_opus() {
    let mut company = Company::open(FOUR).await;
    let (mut anna, annas, mut bertil, bertils) = two(&company).await;
    took(&annas);
    let (at_anna, at_bertil) = tokio::join!(annas.sound.hears(2_000), bertils.sound.hears(2_000));
    hears("Anna", &at_anna, BERTILS_TONE);
    hears("Bertil", &at_bertil, ANNAS_TONE);
    anna.hang_up(annas).await;
    bertil.hung_up().await;
    let record = company.ended().await;
    assert_eq!(record.media.codec.as_deref(), Some("opus"));
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_phone_of_an_extension_rings_and_one_answers() {
    let mut company = Company::open(FOUR).await;
    let mut first = Browser::online(&company, "1001", 0, BERTILS_TONE).await;
    let mut second = Browser::online(&company, "1001", 0, BERTILS_TONE).await;
    let third = Phone::start(company.nth_phone("1001", 1).playing(BERTILS_TONE)).await;
    third.registered().await;
    let mut anna = Browser::online(&company, "1000", 0, ANNAS_TONE).await;
    let mut call = anna.dial("1001").await;
    let (one, two, _) = tokio::join!(first.rings(), second.rings(), third.called());
    let bertils = second.pick_up(&two).await;
    anna.answered(&mut call).await;
    assert!(first.stopped(&one).await.contains("cause=200"));
    third.closed().await;
    call.sound.hears_tone(BERTILS_TONE).await;
    second.hang_up(bertils).await;
    anna.hung_up().await;
    assert_eq!(company.ended().await.outcome, Cause::Normal);
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desk_phone_that_answers_takes_the_call_from_a_browser() {
    let mut company = Company::open(FOUR).await;
    let mut first = Browser::online(&company, "1001", 0, BERTILS_TONE).await;
    let second = Phone::start(company.nth_phone("1001", 1).playing(BERTILS_TONE)).await;
    second.registered().await;
    let anna = desk(&company, "1000", ANNAS_TONE).await;
    anna.dial("1001").await;
    let (one, _) = tokio::join!(first.rings(), second.called());
    second.answer().await;
    tokio::join!(anna.established(), second.established());
    assert!(first.stopped(&one).await.contains("cause=200"));
    let (at_anna, at_bertil) = tokio::join!(anna.hears(1_500), second.hears(1_500));
    hears("Anna", &at_anna, BERTILS_TONE);
    hears("Bertil", &at_bertil, ANNAS_TONE);
    anna.hang_up().await;
    second.closed().await;
    company.ended().await;
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_holds_with_music_and_takes_the_call_back() {
    let mut company = Company::open(FOUR).await;
    let (mut anna, mut annas, mut bertil, bertils) = two(&company).await;
    let answer = anna.change(&mut annas, Change::Hold).await;
    assert!(answer.body().contains("a=recvonly"), "{}", answer.body());
    // Music, and nothing of Anna any more.
    loop {
        let heard = bertils.sound.hears(500).await;
        if heard.tone(ANNAS_TONE) < 0.5 && heard.level() > -60.0 {
            break;
        }
    }
    anna.change(&mut annas, Change::Resume).await;
    bertils.sound.hears_tone(ANNAS_TONE).await;
    annas.sound.hears_tone(BERTILS_TONE).await;
    bertil.hang_up(bertils).await;
    anna.hung_up().await;
    company.ended().await;
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_sends_a_desk_phone_on_to_another_browser() {
    let mut company = Company::open(FOUR).await;
    let mut anna = Browser::online(&company, "1000", 0, ANNAS_TONE).await;
    let mut cecilia = Browser::online(&company, "1002", 0, CECILIAS_TONE).await;
    let bertil = desk(&company, "1001", BERTILS_TONE).await;
    let mut call = anna.dial("1001").await;
    bertil.called().await;
    bertil.answer().await;
    anna.answered(&mut call).await;
    call.sound.hears_tone(BERTILS_TONE).await;
    anna.transfer(&mut call, "1002").await;
    let invite = cecilia.rings().await;
    assert!(invite.field("From").contains("sip:1001@"), "{}", invite.field("From"));
    let call = cecilia.pick_up(&invite).await;
    call.sound.hears_tone(BERTILS_TONE).await;
    loop {
        if bertil.hears(500).await.tone(CECILIAS_TONE) > 0.95 {
            break;
        }
    }
    cecilia.hang_up(call).await;
    bertil.closed().await;
    company.ended().await;
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_asks_first_and_then_connects_the_two() {
    let mut company = Company::open(FOUR).await;
    let (mut anna, mut annas, mut bertil, bertils) = two(&company).await;
    let mut cecilia = Browser::online(&company, "1002", 0, CECILIAS_TONE).await;
    anna.change(&mut annas, Change::Hold).await;
    let mut second = anna.dial("1002").await;
    let invite = cecilia.rings().await;
    let cecilias = cecilia.pick_up(&invite).await;
    anna.answered(&mut second).await;
    second.sound.hears_tone(CECILIAS_TONE).await;
    anna.connect(&mut annas, &second).await;
    cecilias.sound.hears_tone(BERTILS_TONE).await;
    bertils.sound.hears_tone(CECILIAS_TONE).await;
    bertil.hang_up(bertils).await;
    cecilia.hung_up().await;
    company.ended().await;
}
