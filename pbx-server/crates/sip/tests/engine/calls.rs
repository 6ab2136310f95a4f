//! Calls, as phones make them.

use crate::rig::{AKES, Rig, phone};
use crate::ua::{Talk, Ua, word};
use std::time::Duration;
use voxera_callcontrol::LiveScope;
use voxera_callflow::{Cause, Party};

pub struct Pair {
    pub rig: Rig,
    pub anna: Ua,
    pub bertil: Ua,
}

pub async fn pair() -> Pair {
    pair_with(|_| {}).await
}

pub async fn pair_with(change: impl FnOnce(&mut voxera_sip::EngineConfig)) -> Pair {
    let rig = Rig::with(change).await;
    let anna = Ua::online(&rig, phone(AKES, "1000", 0)).await;
    let bertil = Ua::online(&rig, phone(AKES, "1001", 0)).await;
    Pair { rig, anna, bertil }
}

/// A call that is up: both dialogs, and the server's ports towards Anna and Bertil.
pub struct Up {
    pub anna: Talk,
    pub bertil: Talk,
    pub to_anna: u16,
    pub to_bertil: u16,
}

pub async fn connect(pair: &mut Pair) -> Up {
    let mut anna = pair.anna.dial("1001").await;
    let invite = pair.bertil.asked("INVITE").await;
    pair.bertil.answer(&invite, "180 Ringing", "early", "", "").await;
    pair.anna.hears(180).await;
    let bertil = pair.bertil.pick_up(&invite).await;
    let answer = pair.anna.connected(&mut anna).await;
    Up { anna, bertil, to_anna: answer.port(), to_bertil: invite.port() }
}

pub async fn talk(pair: &Pair, up: &Up, sequence: u16) {
    pair.anna.speak(up.to_anna, sequence).await;
    assert_eq!(pair.bertil.listen().await, sequence);
    pair.bertil.speak(up.to_bertil, sequence).await;
    assert_eq!(pair.anna.listen().await, sequence);
}

#[tokio::test]
async fn two_phones_talk_and_the_caller_hangs_up() {
    let mut pair = pair().await;
    let mut up = connect(&mut pair).await;
    for sequence in [1, 2, 4] {
        talk(&pair, &up, sequence).await;
    }
    pair.anna.inside(&mut up.anna, "BYE", "", "").await;
    assert_eq!(pair.anna.told().await.code(), 200);
    let bye = pair.bertil.asked("BYE").await;
    pair.bertil.ok(&bye).await;
    let record = pair.rig.ended().await;
    assert_eq!((record.outcome, record.hung_up_by), (Cause::Normal, Party::Caller));
    assert_eq!(record.media.codec.as_deref(), Some("PCMA"));
    for side in [record.media.caller, record.media.callee] {
        let side = side.unwrap();
        assert_eq!((side.packets, side.lost), (3, 1));
    }
    pair.rig.quiet().await;
}

#[tokio::test]
async fn the_callee_hangs_up() {
    let mut pair = pair().await;
    let mut up = connect(&mut pair).await;
    pair.bertil.inside(&mut up.bertil, "BYE", "", "").await;
    assert_eq!(pair.bertil.told().await.code(), 200);
    let bye = pair.anna.asked("BYE").await;
    assert_eq!(bye.field("Call-ID"), up.anna.call_id);
    pair.anna.ok(&bye).await;
    assert_eq!(pair.rig.ended().await.hung_up_by, Party::Callee);
    pair.rig.quiet().await;
}

#[tokio::test]
async fn the_callee_sees_the_directorys_name_and_nothing_of_the_callers_phone() {
    let mut pair = pair().await;
    let secret = "P-Asserted-Identity: <sip:vd@akes.pbx.localhost>\r\nSubject: hemligt\r\nX-Evil: 1\r\n";
    let offer = pair.anna.sdp("sendrecv");
    pair.anna.dial_with("sip:1001@akes.pbx.localhost", secret, &offer).await;
    let invite = pair.bertil.asked("INVITE").await;
    assert!(
        invite.field("From").starts_with("\"Anna Åkesson\" <sip:1000@akes.pbx.localhost>;tag="),
        "{}",
        invite.0
    );
    assert_eq!(invite.uri(), pair.bertil.contact());
    for left_out in
        ["vd@", "hemligt", "X-Evil", &pair.anna.me.user, &pair.anna.here().to_string(), "Somebody"]
    {
        assert!(!invite.0.contains(left_out), "{left_out}: {}", invite.0);
    }
}

#[tokio::test]
async fn the_caller_gives_up_while_it_rings() {
    let mut pair = pair().await;
    let talk = pair.anna.dial("1001").await;
    let invite = pair.bertil.asked("INVITE").await;
    pair.bertil.answer(&invite, "180 Ringing", "t", "", "").await;
    pair.anna.hears(180).await;
    pair.anna.cancel(&talk).await;
    // Its CANCEL and its INVITE are answered, in whichever order.
    let mut codes = [pair.anna.told().await, pair.anna.told().await];
    codes.sort_by_key(crate::ua::Message::code);
    assert_eq!([codes[0].code(), codes[1].code()], [200, 487]);
    pair.anna.acknowledge(&talk.invite, &codes[1]).await;
    let cancel = pair.bertil.asked("CANCEL").await;
    assert_eq!(cancel.field("Via"), invite.field("Via"));
    pair.bertil.answer(&cancel, "200 OK", "t", "", "").await;
    pair.bertil.answer(&invite, "487 Request Terminated", "t", "", "").await;
    pair.bertil.asked("ACK").await;
    let record = pair.rig.ended().await;
    assert_eq!((record.outcome, record.hung_up_by), (Cause::Cancelled, Party::Caller));
    pair.rig.quiet().await;
}

#[tokio::test]
async fn a_phone_that_was_not_heard_yet_is_told_to_stop_when_it_speaks() {
    let mut pair = pair().await;
    let talk = pair.anna.dial("1001").await;
    let invite = pair.bertil.asked("INVITE").await;
    pair.anna.cancel(&talk).await;
    pair.rig.ended().await;
    pair.bertil.answer(&invite, "180 Ringing", "t", "", "").await;
    let cancel = pair.bertil.asked("CANCEL").await;
    pair.bertil.answer(&cancel, "200 OK", "t", "", "").await;
    pair.bertil.answer(&invite, "487 Request Terminated", "t", "", "").await;
    pair.rig.quiet().await;
}

#[tokio::test]
async fn a_phone_that_picks_up_too_late_is_told_goodbye() {
    let mut pair = pair().await;
    let talk = pair.anna.dial("1001").await;
    let invite = pair.bertil.asked("INVITE").await;
    pair.anna.cancel(&talk).await;
    pair.rig.ended().await;
    pair.bertil.pick_up(&invite).await;
    let bye = pair.bertil.asked("BYE").await;
    pair.bertil.ok(&bye).await;
    pair.rig.quiet().await;
}

#[tokio::test]
async fn what_the_callees_phone_says_decides_what_the_caller_is_told() {
    let mut pair = pair().await;
    for (says, told, outcome) in [
        ("486 Busy Here", 486, Cause::Busy),
        ("600 Busy Everywhere", 486, Cause::Busy),
        ("603 Decline", 603, Cause::Declined),
        ("480 Temporarily Unavailable", 480, Cause::Offline),
        ("500 Server Error", 480, Cause::Offline),
        ("302 Moved", 480, Cause::Offline),
    ] {
        let talk = pair.anna.dial("1001").await;
        let invite = pair.bertil.asked("INVITE").await;
        pair.bertil.answer(&invite, says, "t", "", "").await;
        pair.bertil.asked("ACK").await;
        assert_eq!(pair.anna.refused(&talk).await, told, "{says}");
        assert_eq!(pair.rig.ended().await.outcome, outcome, "{says}");
    }
    pair.rig.quiet().await;
}

#[tokio::test]
async fn nobody_picks_up() {
    let mut pair = pair().await;
    let talk = pair.anna.dial("1001").await;
    let invite = pair.bertil.asked("INVITE").await;
    pair.bertil.answer(&invite, "180 Ringing", "t", "", "").await;
    let cancel = pair.bertil.asked("CANCEL").await;
    pair.bertil.answer(&cancel, "200 OK", "t", "", "").await;
    pair.bertil.answer(&invite, "487 Request Terminated", "t", "", "").await;
    assert_eq!(pair.anna.hears(180).await.code(), 180);
    assert_eq!(pair.anna.refused(&talk).await, 480);
    assert_eq!(pair.rig.ended().await.outcome, Cause::NoAnswer);
    pair.rig.quiet().await;
}

#[tokio::test]
async fn a_phone_that_is_gone_is_given_up() {
    let mut pair = pair().await;
    let talk = pair.anna.dial("1001").await;
    pair.bertil.asked("INVITE").await;
    assert_eq!(pair.anna.refused(&talk).await, 480);
    assert_eq!(pair.rig.ended().await.outcome, Cause::Offline);
    pair.rig.quiet().await;
}

#[tokio::test]
async fn numbers_that_lead_nowhere_are_said_to() {
    let mut pair = pair().await;
    for (number, code, outcome) in [
        ("1002", 480, Cause::Offline),
        ("1099", 404, Cause::UnknownNumber),
        ("hej", 404, Cause::UnknownNumber),
        ("*77", 404, Cause::UnknownNumber),
        ("0701234567", 503, Cause::NoRoute),
        ("1000", 486, Cause::Busy),
        ("112", 503, Cause::NoRoute),
    ] {
        let talk = pair.anna.dial(number).await;
        assert_eq!(pair.anna.refused(&talk).await, code, "{number}");
        assert_eq!(pair.rig.ended().await.outcome, outcome, "{number}");
    }
}

#[tokio::test]
async fn both_phones_ring_and_the_slower_one_is_told_that_the_call_is_taken() {
    let mut pair = pair().await;
    let mut mobile = Ua::online(&pair.rig, phone(AKES, "1001", 1)).await;
    let mut talk = pair.anna.dial("1001").await;
    let desk = pair.bertil.asked("INVITE").await;
    let second = mobile.asked("INVITE").await;
    pair.bertil.answer(&desk, "180 Ringing", "t", "", "").await;
    mobile.pick_up(&second).await;
    pair.anna.hears(180).await;
    pair.anna.connected(&mut talk).await;
    let cancel = pair.bertil.asked("CANCEL").await;
    assert!(cancel.field("Reason").contains("cause=200"), "{}", cancel.0);
    pair.bertil.answer(&cancel, "200 OK", "t", "", "").await;
    pair.bertil.answer(&desk, "487 Request Terminated", "t", "", "").await;
    pair.anna.inside(&mut talk, "BYE", "", "").await;
    let bye = mobile.asked("BYE").await;
    mobile.ok(&bye).await;
    assert_eq!(pair.rig.ended().await.outcome, Cause::Normal);
    pair.rig.quiet().await;
}

#[tokio::test]
async fn one_phone_that_declines_declines_for_all_and_one_that_is_busy_does_not() {
    let mut pair = pair().await;
    let mut mobile = Ua::online(&pair.rig, phone(AKES, "1001", 1)).await;
    let talk = pair.anna.dial("1001").await;
    let desk = pair.bertil.asked("INVITE").await;
    let second = mobile.asked("INVITE").await;
    pair.bertil.answer(&desk, "486 Busy Here", "t", "", "").await;
    pair.bertil.asked("ACK").await;
    mobile.answer(&second, "180 Ringing", "t", "", "").await;
    pair.anna.hears(180).await;
    mobile.answer(&second, "603 Decline", "t", "", "").await;
    assert_eq!(pair.anna.refused(&talk).await, 603);
    assert_eq!(pair.rig.ended().await.outcome, Cause::Declined);
    pair.rig.quiet().await;
}

#[tokio::test]
async fn call_waiting_rings_a_second_time_and_without_it_the_caller_meets_busy() {
    let mut pair = pair().await;
    let mut cecilia = Ua::online(&pair.rig, phone(AKES, "1002", 0)).await;
    connect(&mut pair).await;
    let mut first = cecilia.dial("1001").await;
    let invite = pair.bertil.asked("INVITE").await;
    pair.bertil.pick_up(&invite).await;
    cecilia.connected(&mut first).await;
    // Cecilia talks now, and takes no second call.
    let talk = pair.anna.dial("1002").await;
    assert_eq!(pair.anna.refused(&talk).await, 486);
    assert_eq!(pair.rig.ended().await.outcome, Cause::Busy);
}

#[tokio::test]
async fn an_answer_whose_acknowledgement_was_lost_is_acknowledged_again() {
    let mut pair = pair().await;
    let mut talk = pair.anna.dial("1001").await;
    let invite = pair.bertil.asked("INVITE").await;
    let (tag, sdp) = (word(), pair.bertil.sdp("sendrecv"));
    for _ in 0..3 {
        pair.bertil.answer(&invite, "200 OK", &tag, "Content-Type: application/sdp\r\n", &sdp).await;
        loop {
            let message = pair.bertil.raw().await;
            if message.method() == "ACK" {
                break;
            }
            assert_eq!(message.method(), "INVITE", "{}", message.0);
        }
    }
    pair.anna.connected(&mut talk).await;
    assert_eq!(pair.rig.engine.stats().calls, 1);
}

#[tokio::test]
async fn a_caller_that_never_acknowledges_loses_the_call() {
    let mut pair = pair().await;
    pair.anna.dial("1001").await;
    let invite = pair.bertil.asked("INVITE").await;
    pair.bertil.pick_up(&invite).await;
    let first = pair.anna.told().await;
    assert_eq!(pair.anna.raw().await, first, "the answer is repeated until it is acknowledged");
    let bye = pair.bertil.asked("BYE").await;
    pair.bertil.ok(&bye).await;
    let bye = pair.anna.asked("BYE").await;
    pair.anna.ok(&bye).await;
    assert_eq!(pair.rig.ended().await.hung_up_by, Party::System);
    pair.rig.quiet().await;
}

#[tokio::test]
async fn goodbye_waits_for_the_acknowledgement() {
    let mut pair = pair().await;
    let mut talk = pair.anna.dial("1001").await;
    let invite = pair.bertil.asked("INVITE").await;
    let mut bertil = pair.bertil.pick_up(&invite).await;
    let answer = pair.anna.told().await;
    answer.field("To").clone_into(&mut talk.remote);
    talk.target = answer.contact();
    pair.bertil.inside(&mut bertil, "BYE", "", "").await;
    pair.rig.ended().await;
    assert_eq!(pair.anna.raw().await, answer);
    pair.anna.ack(&talk).await;
    let bye = pair.anna.asked("BYE").await;
    pair.anna.ok(&bye).await;
    pair.rig.quiet().await;
}

#[tokio::test]
async fn the_portal_ends_a_call() {
    let mut pair = pair().await;
    connect(&mut pair).await;
    let call = pair.rig.control.live().calls(LiveScope::Platform)[0].id;
    pair.rig.engine.hangup(call);
    for ua in [&mut pair.anna, &mut pair.bertil] {
        let bye = ua.asked("BYE").await;
        ua.ok(&bye).await;
    }
    assert_eq!(pair.rig.ended().await.hung_up_by, Party::System);
    pair.rig.quiet().await;
}

#[tokio::test]
async fn a_stop_says_goodbye_to_every_phone() {
    let mut pair = pair().await;
    connect(&mut pair).await;
    let address = pair.rig.engine.local_addr();
    let Pair { rig, mut anna, mut bertil } = pair;
    let Rig { engine, .. } = rig;
    let phones = async {
        for ua in [&mut anna, &mut bertil] {
            let bye = ua.asked("BYE").await;
            ua.ok(&bye).await;
        }
    };
    tokio::join!(engine.shutdown(), phones);
    // The port is free again.
    tokio::net::UdpSocket::bind(address).await.unwrap();
    tokio::net::TcpListener::bind(address).await.unwrap();
}

#[tokio::test]
async fn a_call_without_sound_is_ended() {
    let mut pair = pair_with(|config| config.media_timeout = Duration::from_millis(10)).await;
    connect(&mut pair).await;
    for ua in [&mut pair.anna, &mut pair.bertil] {
        let bye = ua.asked("BYE").await;
        ua.ok(&bye).await;
    }
    assert_eq!(pair.rig.ended().await.hung_up_by, Party::System);
    pair.rig.quiet().await;
}

#[tokio::test]
async fn sound_that_we_cannot_carry_is_refused_and_video_is_left_out() {
    let mut pair = pair().await;
    let plain = pair.anna.sdp("sendrecv");
    for offer in [plain.replace("RTP/AVP", "RTP/SAVP"), plain.replace("m=audio", "m=video")] {
        let talk = pair.anna.dial_with("sip:1001@akes.pbx.localhost", "", &offer).await;
        assert_eq!(pair.anna.refused(&talk).await, 488, "{offer}");
    }
    let both = format!("{plain}m=video 5000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n");
    let mut talk = pair.anna.dial_with("sip:1001@akes.pbx.localhost", "", &both).await;
    let invite = pair.bertil.asked("INVITE").await;
    assert!(invite.body().contains("m=video 0 "), "{}", invite.0);
    pair.bertil.pick_up(&invite).await;
    let answer = pair.anna.connected(&mut talk).await;
    assert!(answer.body().contains("m=video 0 "), "{}", answer.0);
}
