//! Browsers' connections, message by message: what is read, what is not, and how they end.

use crate::rig::{AKES, PATIENCE, Rig, phone, reported};
use crate::ua::{Message, Ua};
use std::net::SocketAddr;
use std::time::Duration;
use voxera_sip::WebSocketLink;

fn browser(rig: &Rig, port: u16) -> WebSocketLink {
    rig.engine.websocket(SocketAddr::from(([127, 0, 0, 1], port)))
}

/// Asks whether the engine is there.
async fn ask(link: &mut WebSocketLink, ua: &Ua, more: &str) {
    let text = ua.request("OPTIONS", "sip:akes.pbx.localhost", more, "");
    let text = text.replace("SIP/2.0/UDP", "SIP/2.0/WSS");
    link.to_engine.send(text.into_bytes()).await.unwrap();
}

async fn next(link: &mut WebSocketLink) -> String {
    let came = tokio::time::timeout(PATIENCE, link.from_engine.recv()).await;
    String::from_utf8(came.unwrap().unwrap()).unwrap()
}

async fn is_answered(link: &mut WebSocketLink, ua: &Ua) {
    ask(link, ua, "").await;
    assert_eq!(Message(next(link).await).code(), 200);
}

#[tokio::test]
async fn signs_of_life_and_messages_take_turns() {
    let rig = Rig::start().await;
    let ua = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    let mut link = browser(&rig, 50_001);
    is_answered(&mut link, &ua).await;
    // One line end is an answer to ours; two ask for one.
    link.to_engine.send(b"\r\n".to_vec()).await.unwrap();
    link.to_engine.send(b"\r\n\r\n".to_vec()).await.unwrap();
    assert_eq!(next(&mut link).await, "\r\n");
    is_answered(&mut link, &ua).await;
    assert_eq!(rig.engine.stats().connections, 1);
}

#[tokio::test]
async fn what_is_too_long_or_no_message_is_not_read_and_the_next_one_is() {
    let rig = Rig::start().await;
    let ua = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    let mut link = browser(&rig, 50_001);
    ask(&mut link, &ua, &format!("Subject: {}\r\n", "x".repeat(20_000))).await;
    link.to_engine.send(b"GET / HTTP/1.1\r\n\r\n".to_vec()).await.unwrap();
    is_answered(&mut link, &ua).await;
    assert_eq!(reported("malformed"), 1);
}

#[tokio::test]
async fn more_connections_of_an_address_than_allowed_are_closed_at_once() {
    let rig = Rig::with(|config| config.limits.connections_per_source = 2).await;
    let ua = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    let mut first = browser(&rig, 50_001);
    is_answered(&mut first, &ua).await;
    let mut second = browser(&rig, 50_002);
    is_answered(&mut second, &ua).await;
    let third = browser(&rig, 50_003);
    tokio::time::timeout(PATIENCE, third.closed.cancelled()).await.unwrap();
    is_answered(&mut first, &ua).await;
}

#[tokio::test]
async fn a_connection_that_nobody_registers_over_is_closed_when_it_is_idle() {
    let rig = Rig::with(|config| config.limits.idle_connection = Duration::from_millis(50)).await;
    let link = browser(&rig, 50_001);
    tokio::time::timeout(PATIENCE, link.closed.cancelled()).await.unwrap();
    rig.quiet().await;
}

#[tokio::test]
async fn a_second_connection_of_the_same_peer_takes_the_place_of_the_first() {
    let rig = Rig::start().await;
    let ua = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    let mut first = browser(&rig, 50_001);
    is_answered(&mut first, &ua).await;
    let mut second = browser(&rig, 50_001);
    is_answered(&mut second, &ua).await;
    tokio::time::timeout(PATIENCE, first.closed.cancelled()).await.unwrap();
    // The end of the first is not the end of the second.
    is_answered(&mut second, &ua).await;
    assert_eq!(rig.engine.stats().connections, 1);
}
