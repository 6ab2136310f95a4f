//! Bytes that are no message, or one that only an attacker sends.

use crate::rig::{AKES, Rig, phone, reported};
use crate::ua::Ua;
use proptest::prelude::*;

#[tokio::test]
async fn what_cannot_be_read_is_dropped_and_reported() {
    let rig = Rig::start().await;
    let mut ua = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    let good = ua.request("OPTIONS", "sip:akes.pbx.localhost", "", "");
    let bad = [
        "hello".to_owned(),
        good.replace("SIP/2.0\r\n", "HTTP/1.1\r\n"),
        good.replace("OPTIONS sip", "STEAL sip"),
        good.replace("Via: ", "Vja: "),
        good.replace("Call-ID: ", "Cll-ID: "),
        good.replace("CSeq: 1 OPTIONS", "CSeq: 1 INVITE"),
        good.replace("CSeq: 1", "CSeq: -1"),
        good.replace(";tag=", ";t=g"),
        good.replace("Content-Length: 0", "Content-Length: 100"),
        good.replace("Max-Forwards", "Max\0Forwards"),
        good.replace("OPTIONS sip:akes", "OPTIONS akes"),
        good.replace("\r\n\r\n", "\r\n"),
        format!("{}\r\n{}", good.trim_end(), "X: y\r\n".repeat(200) + "\r\n"),
    ];
    for text in &bad {
        assert_ne!(*text, good);
        ua.send(text).await;
    }
    ua.socket.send_to(b"OPTIONS sip:\xff\xfe SIP/2.0\r\n\r\n", ua.server).await.unwrap();
    ua.hears_nothing().await;
    assert_eq!(reported("malformed"), bad.len() as u64 + 1);
}

#[tokio::test]
async fn answers_go_where_the_request_came_from_whatever_it_says() {
    let rig = Rig::start().await;
    let mut victim = Ua::new(&rig, phone(AKES, "1001", 0)).await;
    let mut ua = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    let (here, there) = (ua.here(), victim.here());
    let text = ua.request("OPTIONS", "sip:akes.pbx.localhost", "", "");
    for via in [
        format!("SIP/2.0/UDP {there};"),
        format!("SIP/2.0/UDP {here};received={};rport={};", there.ip(), there.port()),
        format!("SIP/2.0/UDP {here};received={};", there.ip()),
        "SIP/2.0/UDP victim.example:5060;".to_owned(),
    ] {
        let text = text
            .replace(&format!("SIP/2.0/UDP {here};"), &via)
            .replace("branch=z9hG4bK", &format!("branch=z9hG4bK{}", crate::ua::word()));
        // Twice: the second answer is the transaction layer's own.
        for _ in 0..2 {
            ua.send(&text).await;
            assert_eq!(ua.raw().await.code(), 200, "{via}");
        }
    }
    victim.hears_nothing().await;
}

#[test]
fn whatever_comes_the_engine_goes_on() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let _inside = runtime.enter();
    let rig = runtime.block_on(Rig::with(|config| config.limits.burst = u32::MAX));
    let ua = runtime.block_on(Ua::online(&rig, phone(AKES, "1000", 0)));
    let ua = std::cell::RefCell::new(ua);
    let invite = {
        let ua = ua.borrow();
        let sdp = ua.sdp("sendrecv");
        ua.request(
            "INVITE",
            "sip:1001@akes.pbx.localhost",
            "Content-Type: application/sdp\r\nExpires: 60\r\n",
            &sdp,
        )
    };
    let register = ua.borrow().request(
        "REGISTER",
        "sip:akes.pbx.localhost",
        "Authorization: Digest a=b, c=\"d\"\r\n",
        "",
    );
    proptest!(ProptestConfig::with_cases(400), |(
        which in 0..2_usize,
        edits in prop::collection::vec((0..1000_usize, any::<u8>()), 1..6),
        noise in prop::collection::vec(any::<u8>(), 0..200),
    )| {
        let mut ua = ua.borrow_mut();
        let mut bytes = [&invite, &register][which].clone().into_bytes();
        for (at, byte) in edits {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        runtime.block_on(async {
            ua.socket.send_to(&bytes, ua.server).await.unwrap();
            ua.socket.send_to(&noise, ua.server).await.unwrap();
            let text = ua.request("OPTIONS", "sip:akes.pbx.localhost", "", "");
            ua.send(&text).await;
            loop {
                let answer = ua.raw().await;
                if answer.field("CSeq").ends_with("OPTIONS") && answer.code() == 200 {
                    break;
                }
            }
        });
    });
}
