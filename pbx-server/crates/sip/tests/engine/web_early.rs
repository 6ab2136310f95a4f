//! What a browser that calls is told before anybody answers: what the line says, and the way of its sound.

use crate::rig::{AKES, PATIENCE, Rig, phone};
use crate::trunk_lines::{give_lines, registers, up};
use crate::ua::{Message, Ua, proven};
use std::net::SocketAddr;
use std::time::Duration;
use voxera_sip::WebSocketLink;
use voxera_testkit::browser::{Change, Sound};
use voxera_testkit::line::{Line, LineConfig};

async fn send(link: &WebSocketLink, text: &str) {
    let text = text.replace("SIP/2.0/UDP", "SIP/2.0/WSS");
    link.to_engine.send(text.into_bytes()).await.unwrap();
}

/// The next answer with this status; others are passed over.
async fn told(link: &mut WebSocketLink, code: u16) -> Message {
    loop {
        let came = tokio::time::timeout(PATIENCE, link.from_engine.recv()).await;
        let message = Message(String::from_utf8(came.unwrap().unwrap()).unwrap());
        if message.code() == code {
            return message;
        }
    }
}

#[tokio::test]
async fn a_browser_hears_the_line_before_the_answer_and_is_told_the_same_with_it() {
    let line = Line::start(LineConfig::default()).await;
    let rig = Rig::start().await;
    give_lines(&rig, vec![registers(1, &line)]);
    up(&rig, 1).await;
    let mut anna = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    anna.algorithm = "MD5";
    let mut link = rig.engine.websocket(SocketAddr::from(([127, 0, 0, 1], 50_001)));
    let sound = Sound::new(440).await;
    let uri = "sip:0701234567@akes.pbx.localhost";
    let offer = sound.offer(Change::Nothing).await;
    let first = anna.request("INVITE", uri, "Content-Type: application/sdp\r\n", &offer);
    send(&link, &first).await;
    let challenge = told(&mut link, 407).await;
    let proof = anna.proof(&challenge, uri);
    let invite = proven(&first, &proof);
    send(&link, &invite).await;

    let mut call = line.rings().await;
    assert!(call.invite.body().contains("opus/48000/2"), "what sounds best is offered: {}", call.invite.0);
    call.ring_with_sound().await;
    let early = told(&mut link, 183).await;
    sound.accept(early.body()).await;
    let heard = async {
        let mut beat = tokio::time::interval(Duration::from_millis(20));
        let mut sequence = 0;
        while sound.first().is_none() {
            beat.tick().await;
            // As loud as it gets, up and down in turn.
            call.speak(sequence, if sequence % 2 == 0 { 0x2a } else { 0xaa }).await;
            sequence += 1;
        }
    };
    tokio::time::timeout(PATIENCE, heard).await.unwrap();
    call.pick_up().await;
    let answer = told(&mut link, 200).await;
    assert_eq!(answer.body(), early.body());
    let mut talk = Ua::talk(invite);
    answer.field("To").clone_into(&mut talk.remote);
    talk.target = answer.contact();
    send(&link, &anna.inside_at(&talk, "ACK", 2, "", "")).await;
    call.hang_up().await;
    let bye = loop {
        let came = tokio::time::timeout(PATIENCE, link.from_engine.recv()).await;
        let message = Message(String::from_utf8(came.unwrap().unwrap()).unwrap());
        if message.method() == "BYE" {
            break message;
        }
    };
    assert!(bye.field("Via").starts_with("SIP/2.0/WS "), "{}", bye.0);
}

/// Makes a phone's calls reach this connection.
async fn registers_over(link: &mut WebSocketLink, ua: &mut Ua) {
    let uri = format!("sip:{AKES}");
    let first = ua.request("REGISTER", &uri, "Expires: 300\r\n", "");
    send(link, &first).await;
    let challenge = told(link, 401).await;
    send(link, &proven(&first, &ua.proof(&challenge, &uri))).await;
    told(link, 200).await;
}

#[tokio::test]
async fn a_browser_calls_without_a_second_proof_where_it_registered_and_nowhere_else() {
    let rig = Rig::start().await;
    let mut bo = Ua::online(&rig, phone(AKES, "1001", 0)).await;
    let mut anna = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    anna.algorithm = "MD5";
    let mut link = rig.engine.websocket(SocketAddr::from(([127, 0, 0, 1], 50_001)));
    registers_over(&mut link, &mut anna).await;
    let uri = format!("sip:1001@{AKES}");
    let offer = Sound::new(440).await.offer(Change::Nothing).await;
    let invite = |ua: &Ua| ua.request("INVITE", &uri, "Content-Type: application/sdp\r\n", &offer);

    let mut other = rig.engine.websocket(SocketAddr::from(([127, 0, 0, 1], 50_002)));
    send(&other, &invite(&anna)).await;
    told(&mut other, 407).await;
    // Nor under another's name.
    let mut cia = Ua::new(&rig, phone(AKES, "1001", 0)).await;
    cia.algorithm = "MD5";
    send(&link, &invite(&cia)).await;
    told(&mut link, 407).await;

    send(&link, &invite(&anna)).await;
    let rings = bo.asked("INVITE").await;
    bo.answer(&rings, "180 Ringing", "early", "", "").await;
    // First that it rings, then the way of the sound, which the answer says again.
    assert_eq!(told(&mut link, 180).await.body(), "");
    let early = told(&mut link, 180).await;
    assert!(early.body().contains("a=ice-ufrag"), "{}", early.0);
    bo.pick_up(&rings).await;
    assert_eq!(told(&mut link, 200).await.body(), early.body());
}
