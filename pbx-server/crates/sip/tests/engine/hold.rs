//! What phones change while they talk.

use crate::calls::{Pair, Up, connect, pair, pair_with, talk};
use crate::ua::{Message, Ua};
use std::time::Duration;
use voxera_callflow::Party;

const SDP: &str = "Content-Type: application/sdp\r\n";

/// Anna describes her sound anew; what she is told.
async fn change(pair: &mut Pair, up: &mut Up, says: &str) -> Message {
    let offer = pair.anna.sdp(says);
    pair.anna.inside(&mut up.anna, "INVITE", SDP, &offer).await;
    let told = pair.anna.told().await;
    pair.anna.ack(&up.anna).await;
    told
}

/// Nobody speaks, and yet the phone hears something: music.
async fn hears_music(ua: &Ua) {
    let mut loud = 0;
    while loud < 20 {
        let payload = ua.hears_sound().await;
        loud += usize::from(payload.iter().any(|byte| (byte ^ 0x55) & 0x7f > 0x20));
    }
}

/// A description in a codec that we only pass on.
fn opaque(sdp: &str) -> String {
    sdp.replace("RTP/AVP 8 0 101", "RTP/AVP 96").replace("a=rtpmap:8 PCMA/8000", "a=rtpmap:96 speex/16000")
}

#[tokio::test]
async fn a_call_is_held_with_music_and_taken_back() {
    let mut pair = pair().await;
    let mut up = connect(&mut pair).await;
    talk(&pair, &up, 1).await;
    let told = change(&mut pair, &mut up, "sendonly").await;
    assert!(told.body().contains("a=recvonly"), "{}", told.0);
    // Our own ports stay.
    assert_eq!((told.code(), told.port()), (200, up.to_anna));
    hears_music(&pair.bertil).await;
    let told = change(&mut pair, &mut up, "sendrecv").await;
    assert!(told.body().contains("a=sendrecv"), "{}", told.0);
    pair.anna.reaches(up.to_anna, &pair.bertil).await;
    pair.bertil.reaches(up.to_bertil, &pair.anna).await;
    // Bertil's phone was never asked.
    pair.bertil.hears_nothing().await;
}

#[tokio::test]
async fn the_callee_may_hold_too() {
    let mut pair = pair().await;
    let mut up = connect(&mut pair).await;
    let offer = pair.bertil.sdp("inactive");
    pair.bertil.inside(&mut up.bertil, "INVITE", SDP, &offer).await;
    let told = pair.bertil.told().await;
    assert!(told.code() == 200 && told.body().contains("a=inactive"), "{}", told.0);
    pair.bertil.ack(&up.bertil).await;
    hears_music(&pair.anna).await;
    pair.anna.hears_nothing().await;
}

#[tokio::test]
async fn sound_follows_a_phone_that_moves_to_another_port() {
    let mut pair = pair().await;
    let mut up = connect(&mut pair).await;
    talk(&pair, &up, 1).await;
    pair.anna.sound = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    assert_eq!(change(&mut pair, &mut up, "sendrecv").await.code(), 200);
    talk(&pair, &up, 2).await;
}

#[tokio::test]
async fn an_update_changes_the_sound_and_one_without_sound_is_a_sign_of_life() {
    let mut pair = pair().await;
    let mut up = connect(&mut pair).await;
    pair.anna.inside(&mut up.anna, "UPDATE", "", "").await;
    assert_eq!(pair.anna.told().await.code(), 200);
    let offer = pair.anna.sdp("sendonly");
    pair.anna.inside(&mut up.anna, "UPDATE", SDP, &offer).await;
    let told = pair.anna.told().await;
    assert!(told.code() == 200 && told.body().contains("a=recvonly"), "{}", told.0);
    hears_music(&pair.bertil).await;
}

#[tokio::test]
async fn a_refused_change_leaves_the_call_as_it_was() {
    let mut pair = pair().await;
    let mut up = connect(&mut pair).await;
    talk(&pair, &up, 1).await;
    let offer = opaque(&pair.anna.sdp("sendrecv"));
    pair.anna.inside(&mut up.anna, "INVITE", SDP, &offer).await;
    // What we do not speak, the other phone has to.
    let asked = pair.bertil.asked("INVITE").await;
    assert!(asked.body().contains("speex/16000"), "{}", asked.0);
    pair.bertil.answer(&asked, "488 Not Acceptable Here", "", "", "").await;
    pair.bertil.asked("ACK").await;
    assert_eq!(pair.anna.refused(&up.anna).await, 488);
    // Encrypted sound is refused without asking anybody.
    let srtp = pair.anna.sdp("sendrecv").replace("RTP/AVP", "RTP/SAVP");
    pair.anna.inside(&mut up.anna, "INVITE", SDP, &srtp).await;
    assert_eq!(pair.anna.refused(&up.anna).await, 488);
    talk(&pair, &up, 2).await;
}

#[tokio::test]
async fn two_phones_agree_on_a_codec_that_we_do_not_speak() {
    let mut pair = pair().await;
    let mut up = connect(&mut pair).await;
    let offer = opaque(&pair.anna.sdp("sendrecv"));
    pair.anna.inside(&mut up.anna, "INVITE", SDP, &offer).await;
    let asked = pair.bertil.asked("INVITE").await;
    let answer = opaque(&pair.bertil.sdp("sendrecv"));
    pair.bertil.answer(&asked, "200 OK", "", SDP, &answer).await;
    pair.bertil.asked("ACK").await;
    let told = pair.anna.told().await;
    assert!(told.code() == 200 && told.body().contains("speex/16000"), "{}", told.0);
    pair.anna.ack(&up.anna).await;
    // Hold is then for the phones to make.
    let offer = opaque(&pair.anna.sdp("sendonly"));
    pair.anna.inside(&mut up.anna, "INVITE", SDP, &offer).await;
    assert!(pair.bertil.asked("INVITE").await.body().contains("a=sendonly"));
}

#[tokio::test]
async fn two_changes_at_once_are_one_too_many() {
    let mut pair = pair().await;
    let mut up = connect(&mut pair).await;
    let offer = opaque(&pair.anna.sdp("sendrecv"));
    pair.anna.inside(&mut up.anna, "INVITE", SDP, &offer).await;
    let asked = pair.bertil.asked("INVITE").await;
    let other = pair.bertil.sdp("sendonly");
    pair.bertil.inside(&mut up.bertil, "INVITE", SDP, &other).await;
    assert_eq!(pair.bertil.refused(&up.bertil).await, 491);
    let answer = opaque(&pair.bertil.sdp("sendrecv"));
    pair.bertil.answer(&asked, "200 OK", "", SDP, &answer).await;
    assert_eq!(pair.anna.told().await.code(), 200);
}

#[tokio::test]
async fn goodbye_in_the_middle_of_a_change_ends_both() {
    let mut pair = pair().await;
    let mut up = connect(&mut pair).await;
    let offer = opaque(&pair.anna.sdp("sendrecv"));
    pair.anna.inside(&mut up.anna, "INVITE", SDP, &offer).await;
    pair.bertil.asked("INVITE").await;
    pair.bertil.inside(&mut up.bertil, "BYE", "", "").await;
    assert_eq!(pair.anna.refused(&up.anna).await, 487);
    let bye = pair.anna.asked("BYE").await;
    pair.anna.ok(&bye).await;
    assert_eq!(pair.rig.ended().await.hung_up_by, Party::Callee);
    pair.rig.quiet().await;
}

#[tokio::test]
async fn tones_beside_the_sound_reach_the_other_phone() {
    let mut pair = pair().await;
    let mut up = connect(&mut pair).await;
    let body = "Signal=5\r\nDuration=160\r\n";
    pair.anna.inside(&mut up.anna, "INFO", "Content-Type: application/dtmf-relay\r\n", body).await;
    let info = pair.bertil.asked("INFO").await;
    assert_eq!((info.body(), info.field("Content-Type")), (body, "application/dtmf-relay"));
    pair.bertil.ok(&info).await;
    assert_eq!(pair.anna.told().await.code(), 200);
    pair.anna.inside(&mut up.anna, "INFO", "Content-Type: text/plain\r\n", "hej").await;
    assert_eq!(pair.anna.told().await.code(), 415);
    for (method, code) in
        [("REFER", 400), ("MESSAGE", 405), ("SUBSCRIBE", 489), ("OPTIONS", 200), ("PRACK", 481)]
    {
        pair.anna.inside(&mut up.anna, method, "", "").await;
        assert_eq!(pair.anna.told().await.code(), code, "{method}");
    }
}

#[tokio::test]
async fn a_phone_that_promised_to_say_that_it_is_there_and_does_not_is_let_go() {
    let mut pair = pair().await;
    let (supported, offer) = ("Supported: timer\r\n", pair.anna.sdp("sendrecv"));
    let short = format!("{supported}Session-Expires: 30\r\n");
    let talk = pair.anna.dial_with("sip:1001@akes.pbx.localhost", &short, &offer).await;
    let refusal = pair.anna.told().await;
    assert_eq!((refusal.code(), refusal.field("Min-SE")), (422, "90"));
    pair.anna.acknowledge(&talk.invite, &refusal).await;
    let long = format!("{supported}Session-Expires: 1800\r\n");
    let mut talk = pair.anna.dial_with("sip:1001@akes.pbx.localhost", &long, &offer).await;
    let invite = pair.bertil.asked("INVITE").await;
    pair.bertil.pick_up(&invite).await;
    let answer = pair.anna.connected(&mut talk).await;
    assert_eq!((answer.field("Session-Expires"), answer.field("Require")), ("1800;refresher=uac", "timer"));
    pair.anna.inside(&mut talk, "UPDATE", "", "").await;
    assert_eq!(pair.anna.told().await.field("Session-Expires"), "1800;refresher=uac");
}

#[tokio::test]
async fn silent_phones_are_asked_whether_they_are_there() {
    let mut pair = pair_with(|config| config.probe_every = Duration::from_millis(50)).await;
    connect(&mut pair).await;
    let (first, second) = (pair.anna.asked("OPTIONS").await, pair.bertil.asked("OPTIONS").await);
    pair.anna.ok(&first).await;
    // Bertil's phone was switched off and on: it knows of no call.
    pair.bertil.answer(&second, "481 Call Does Not Exist", "", "", "").await;
    loop {
        let message = pair.anna.next().await;
        pair.anna.ok(&message).await;
        if message.method() == "BYE" {
            break;
        }
    }
    assert_eq!(pair.rig.ended().await.hung_up_by, Party::System);
}
