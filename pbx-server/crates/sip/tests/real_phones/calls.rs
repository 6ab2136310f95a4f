//! What two people with phones do.

use crate::company::{Company, FOUR, number};
use voxera_callcontrol::{CallEnded, HangupAnswer, LegMedia, LiveScope, LiveState};
use voxera_callflow::{Cause, Party};
use voxera_testkit::phone::{Phone, Wire};
use voxera_testkit::tone::Recording;

/// How long each side is listened to, in milliseconds.
const LISTEN: u32 = 2_000;
/// No whole number of periods in a packet of 20 ms, so that a lost one shows.
const ANNAS_TONE: u32 = 440;
const BERTILS_TONE: u32 = 620;

/// The other's tone, nearly nothing else, and without a hole.
fn hears(who: &str, heard: &Recording, hz: u32, not: u32) {
    let heard = heard.sound();
    println!(
        "{who} hears {hz} Hz: {:.4} of all energy, {:.1} dB, longest gap {} ms, {} breaks",
        heard.tone(hz),
        heard.level(),
        heard.longest_gap(),
        heard.breaks(hz)
    );
    assert_eq!(heard.loudest(), Some(hz), "{who}");
    assert!(heard.tone(hz) > 0.98, "{who}: {}", heard.tone(hz));
    assert!(heard.tone(not) < 0.01, "{who} hears himself: {}", heard.tone(not));
    assert!((heard.level() + 9.0).abs() < 1.0, "{who}: {} dB", heard.level());
    assert!(heard.longest_gap() < 2, "{who}: {} ms of silence", heard.longest_gap());
    assert_eq!(heard.breaks(hz), 0, "{who}");
}

/// Anna's and Bertil's phone, registered, each with a tone.
async fn anna_and_bertil(company: &Company, annas: Wire, bertils: Wire) -> (Phone, Phone) {
    let (anna, bertil) = tokio::join!(
        Phone::start(company.phone("1000").over(annas).playing(ANNAS_TONE).named("Nobody")),
        Phone::start(company.phone("1001").over(bertils).playing(BERTILS_TONE)),
    );
    tokio::join!(anna.registered(), bertil.registered());
    (anna, bertil)
}

/// Anna calls, Bertil answers.
async fn connect(anna: &Phone, bertil: &Phone) {
    anna.dial("1001").await;
    let (called, ()) = tokio::join!(bertil.called(), anna.ringing());
    assert_eq!(called.peer_name, "Anna Åkesson", "the name is the company's, not the phone's own");
    assert!(called.peer.starts_with("sip:1000@"), "{}", called.peer);
    bertil.answer().await;
    tokio::join!(anna.established(), bertil.established(), anna.agreed(), bertil.offered());
}

async fn both_hear(anna: &Phone, bertil: &Phone) {
    let (at_anna, at_bertil) = tokio::join!(anna.hears(LISTEN), bertil.hears(LISTEN));
    hears("Anna", &at_anna, BERTILS_TONE, ANNAS_TONE);
    hears("Bertil", &at_bertil, ANNAS_TONE, BERTILS_TONE);
}

fn said(record: &CallEnded) -> Vec<String> {
    record.trace.iter().map(|entry| entry.say(voxera_model::Locale::En)).collect()
}

fn without_loss(leg: Option<&LegMedia>) -> u64 {
    let leg = leg.unwrap();
    assert_eq!(leg.lost, 0);
    assert!(leg.jitter_ms < 100.0, "{} ms", leg.jitter_ms);
    leg.packets
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_hear_the_other_and_the_record_says_so() {
    let mut company = Company::open(FOUR).await;
    let (anna, bertil) = anna_and_bertil(&company, Wire::Udp, Wire::Udp).await;
    connect(&anna, &bertil).await;
    let live = company.control.live().calls(LiveScope::Platform);
    assert_eq!(live.iter().map(|call| call.state).collect::<Vec<_>>(), [LiveState::Connected]);
    both_hear(&anna, &bertil).await;
    anna.hang_up().await;
    bertil.closed().await;

    let record = company.ended().await;
    assert_eq!((record.from_number.as_str(), record.from_extension.clone()), ("1000", Some(number("1000"))));
    assert_eq!(record.from_name.as_ref().unwrap().as_str(), "Anna Åkesson");
    assert_eq!(record.to_name.as_ref().unwrap().as_str(), "Bertil Berg");
    assert_eq!((record.to_number.as_str(), record.to_extension.clone()), ("1001", Some(number("1001"))));
    assert_eq!((record.outcome, record.hung_up_by), (Cause::Normal, Party::Caller));
    let talked = (record.ended_at - record.answered_at.unwrap()).num_milliseconds();
    assert!(talked >= LISTEN.into(), "{talked} ms");
    assert_eq!(record.media.codec.as_deref(), Some("PCMA"));
    let packets = without_loss(record.media.caller.as_ref()).min(without_loss(record.media.callee.as_ref()));
    assert!(packets >= u64::from(LISTEN) / 20, "{packets} packets in {talked} ms");
    println!("{:?}", record.media);
    assert_eq!(
        said(&record),
        [
            "Anna Åkesson (1000) called Bertil Berg (1001).",
            "Bertil Berg (1001) is ringing: 1 phone for 25 seconds.",
            "Bertil Berg (1001) answered.",
            "Anna Åkesson (1000) hung up.",
        ]
    );
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_on_tcp_talks_to_one_on_udp_and_the_callee_hangs_up() {
    let mut company = Company::open(FOUR).await;
    let (anna, bertil) = anna_and_bertil(&company, Wire::Tcp, Wire::Udp).await;
    connect(&anna, &bertil).await;
    both_hear(&anna, &bertil).await;
    bertil.hang_up().await;
    anna.closed().await;
    let record = company.ended().await;
    assert_eq!((record.outcome, record.hung_up_by), (Cause::Normal, Party::Callee));
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_on_udp_talks_to_one_on_tcp() {
    let mut company = Company::open(FOUR).await;
    let (anna, bertil) = anna_and_bertil(&company, Wire::Udp, Wire::Tcp).await;
    connect(&anna, &bertil).await;
    both_hear(&anna, &bertil).await;
    anna.hang_up().await;
    bertil.closed().await;
    assert_eq!(company.ended().await.outcome, Cause::Normal);
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_held_and_taken_back() {
    let mut company = Company::open(FOUR).await;
    let (anna, bertil) = anna_and_bertil(&company, Wire::Udp, Wire::Udp).await;
    connect(&anna, &bertil).await;
    both_hear(&anna, &bertil).await;

    for (holder, held) in [(&anna, &bertil), (&bertil, &anna)] {
        holder.hold().await;
        holder.agreed().await;
        // The engine answers by itself, and the held phone hears music.
        held.receives(50).await;
        holder.resume().await;
        holder.agreed().await;
        tokio::join!(anna.receives(50), bertil.receives(50));
    }

    bertil.hang_up().await;
    anna.closed().await;
    assert_eq!(company.ended().await.hung_up_by, Party::Callee);
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_caller_gives_up_while_it_rings() {
    let mut company = Company::open(FOUR).await;
    let (anna, bertil) = anna_and_bertil(&company, Wire::Udp, Wire::Udp).await;
    anna.dial("1001").await;
    tokio::join!(bertil.called(), anna.ringing());
    anna.hang_up().await;
    bertil.closed().await;
    let record = company.ended().await;
    assert_eq!((record.outcome, record.hung_up_by), (Cause::Cancelled, Party::Caller));
    assert_eq!((record.answered_at, record.media.codec), (None, None));
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_that_says_busy_ends_the_call_as_busy() {
    let mut company = Company::open(FOUR).await;
    let (anna, bertil) = anna_and_bertil(&company, Wire::Udp, Wire::Tcp).await;
    anna.dial("1001").await;
    bertil.called().await;
    bertil.hang_up().await;
    let why = anna.closed().await;
    assert!(why.starts_with("486"), "{why}");
    assert_eq!(company.ended().await.outcome, Cause::Busy);
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_no_second_call_is_busy_and_who_does_is_rung() {
    let mut company = Company::open(FOUR).await;
    let (anna, bertil) = anna_and_bertil(&company, Wire::Udp, Wire::Udp).await;
    let (cecilia, david) =
        tokio::join!(Phone::start(company.phone("1002")), Phone::start(company.phone("1003").answering()));
    tokio::join!(cecilia.registered(), david.registered());

    anna.dial("1003").await;
    tokio::join!(anna.established(), david.established());
    cecilia.dial("1003").await;
    let why = cecilia.closed().await;
    assert!(why.starts_with("486"), "{why}");
    assert_eq!(company.ended().await.outcome, Cause::Busy);

    // Anna does take a second one: Bertil's.
    bertil.dial("1000").await;
    tokio::join!(anna.called(), bertil.ringing());
    bertil.hang_up().await;
    anna.closed().await;
    assert_eq!(company.ended().await.outcome, Cause::Cancelled);
    anna.hang_up().await;
    david.closed().await;
    assert_eq!(company.ended().await.outcome, Cause::Normal);
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_of_bertils_phones_ring_and_the_slower_one_stops() {
    let mut company = Company::open(FOUR).await;
    let (anna, desk) = anna_and_bertil(&company, Wire::Udp, Wire::Udp).await;
    let mobile = Phone::start(company.nth_phone("1001", 1).over(Wire::Tcp).playing(BERTILS_TONE)).await;
    mobile.registered().await;
    anna.dial("1001").await;
    tokio::join!(desk.called(), mobile.called());
    mobile.answer().await;
    tokio::join!(mobile.established(), anna.established());
    desk.closed().await;
    both_hear(&anna, &mobile).await;
    mobile.hang_up().await;
    anna.closed().await;
    let record = company.ended().await;
    assert_eq!((record.outcome, record.hung_up_by), (Cause::Normal, Party::Callee));
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_ends_a_call() {
    let mut company = Company::open(FOUR).await;
    let (anna, bertil) = anna_and_bertil(&company, Wire::Udp, Wire::Tcp).await;
    connect(&anna, &bertil).await;
    let call = company.control.live().calls(LiveScope::Platform)[0].id;
    assert_eq!(company.control.live().hangup(call), HangupAnswer::Asked);
    tokio::join!(anna.closed(), bertil.closed());
    let record = company.ended().await;
    assert_eq!((record.outcome, record.hung_up_by), (Cause::Normal, Party::System));
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_nobody_has_is_said_to_be_unknown() {
    let mut company = Company::open(FOUR).await;
    let anna = Phone::start(company.phone("1000")).await;
    anna.registered().await;
    anna.dial("1099").await;
    let why = anna.closed().await;
    assert!(why.starts_with("404"), "{why}");
    assert_eq!(company.ended().await.outcome, Cause::UnknownNumber);
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn phones_that_share_no_codec_do_not_connect() {
    let mut company = Company::open(FOUR).await;
    let (anna, bertil) = tokio::join!(
        Phone::start(company.phone("1000").speaking("PCMA")),
        Phone::start(company.phone("1001").speaking("PCMU").answering()),
    );
    tokio::join!(anna.registered(), bertil.registered());
    anna.dial("1001").await;
    let why = anna.closed().await;
    assert!(why.starts_with("480"), "{why}");
    let record = company.ended().await;
    assert_eq!(record.outcome, Cause::Offline);
    let why = said(&record).pop().unwrap();
    assert!(why.starts_with("The phones have no sound format in common"), "{why}");
    company.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_stops_hangs_up_first() {
    let company = Company::open(FOUR).await;
    let (anna, bertil) = anna_and_bertil(&company, Wire::Udp, Wire::Tcp).await;
    connect(&anna, &bertil).await;
    let (record, ..) = tokio::join!(company.stop(), anna.closed(), bertil.closed());
    assert_eq!((record.outcome, record.hung_up_by), (Cause::Normal, Party::System));
}
