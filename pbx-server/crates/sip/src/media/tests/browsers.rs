//! Browsers, with each other and with phones on desks.

use super::super::{Codec, MediaEvent, Trouble, WebError};
use super::page::{OPUS, Page};
use super::phone::{CALL, HERE, Phone, Rig, metronome, rig};
use super::tones;
use std::net::UdpSocket;
use std::time::Duration;
use str0m::media::Direction;

/// Waits for a piece of news; others are passed over.
pub(super) fn news(rig: &mut Rig, wanted: &MediaEvent) {
    while let Some(event) = rig.events.blocking_recv() {
        if event == *wanted {
            return;
        }
    }
    panic!("never told: {wanted:?}");
}

pub(super) fn talk(page: &mut Page, phone: &mut Phone, frames: u32) {
    for _ in 0..frames {
        page.say();
        phone.say();
        page.hear();
        phone.hear();
    }
}

#[test]
fn two_browsers_hear_each_other_and_their_packets_are_not_touched() {
    let mut rig = rig(47_700..=47_709);
    let (mut a, mut b) = (Page::calling(&rig, 440.0), Page::called(&rig, 1000.0));
    for page in [&a, &b] {
        news(&mut rig, &MediaEvent::Connected(CALL, page.endpoint.id()));
    }
    let _bridge = rig.media.bridge(&a.endpoint, &b.endpoint);
    for _ in 0..60 {
        a.say();
        b.say();
        a.hear();
        b.hear();
    }
    for (page, hz) in [(&a, 1000.0), (&b, 440.0)] {
        let level = page.amplitude(hz);
        assert!((7200.0..8800.0).contains(&level), "{hz} Hz at {level}");
        assert!(page.clarity(hz) > 20.0, "{}", page.clarity(hz));
        page.assert_unbroken();
        assert_eq!(page.packets.len(), 60);
    }
    // Each with the numbers that it knows: a's own, and those of our offer.
    assert!(a.packets.iter().all(|(payload, ..)| *payload == OPUS));
    assert!(b.packets.iter().all(|(payload, ..)| *payload == 111));
    assert_eq!(b.endpoint.measured().packets, 60);
}

#[test]
fn a_browser_and_a_phone_on_a_desk_hear_each_other() {
    let rig = rig(47_710..=47_729);
    for codec in [Codec::Pcma, Codec::Pcmu, Codec::G722, Codec::Opus] {
        let mut page = Page::calling(&rig, 440.0);
        let mut phone = Phone::new(&rig, codec, 1000.0);
        let _bridge = rig.media.bridge(&page.endpoint, &phone.endpoint);
        talk(&mut page, &mut phone, 80);
        let (there, here) = (phone.amplitude(440.0), page.amplitude(1000.0));
        assert!((7200.0..8800.0).contains(&there), "{codec:?}: {there}");
        assert!((7200.0..8800.0).contains(&here), "{codec:?}: {here}");
        let clarity = tones::clarity(phone.after(400), 440.0, codec.rate());
        assert!(
            clarity > 20.0 && page.clarity(1000.0) > 20.0,
            "{codec:?}: {clarity}, {}",
            page.clarity(1000.0)
        );
        phone.assert_unbroken();
        page.assert_unbroken();
    }
}

#[test]
fn every_tenth_packet_lost_is_no_hole() {
    let rig = rig(47_750..=47_759);
    let mut page = Page::calling(&rig, 440.0);
    let mut phone = Phone::new(&rig, Codec::Pcma, 1000.0);
    let _bridge = rig.media.bridge(&page.endpoint, &phone.endpoint);
    for n in 0..150 {
        if n % 10 == 7 {
            page.lose();
        } else {
            page.say();
        }
        phone.say();
        page.hear();
        phone.hear();
    }
    let heard = phone.after(600);
    let level = tones::typical(heard, 440.0, 8000);
    // A tone is no voice, for which repairs are made (the tests of the ear have one); nothing falls silent.
    assert!((5000.0..8800.0).contains(&level), "{level}");
    assert!(heard.chunks_exact(160).all(|part| part.iter().any(|sample| sample.abs() > 500)));
    assert!(page.endpoint.measured().lost >= 13, "{:?}", page.endpoint.measured());
}

#[test]
fn a_network_that_is_away_for_five_seconds_is_told_and_sound_comes_again() {
    let mut rig = rig(47_760..=47_769);
    let mut page = Page::calling(&rig, 440.0);
    let mut phone = Phone::new(&rig, Codec::Pcma, 1000.0);
    let _bridge = rig.media.bridge(&page.endpoint, &phone.endpoint);
    let id = page.endpoint.id();
    page.endpoint.watch(true);
    talk(&mut page, &mut phone, 20);
    page.cut_for(Duration::from_secs(5));
    news(&mut rig, &MediaEvent::Trouble(CALL, id, Trouble::NothingHeard));
    phone.drain();
    page.drain_packets();
    page.connect();
    page.fresh();
    phone.fresh();
    talk(&mut page, &mut phone, 60);
    news(&mut rig, &MediaEvent::Well(CALL, id));
    assert!(phone.amplitude(440.0) > 7000.0, "{}", phone.amplitude(440.0));
    assert!(page.amplitude(1000.0) > 7000.0, "{}", page.amplitude(1000.0));
}

#[test]
fn a_browser_whose_network_changed_comes_by_another_way() {
    let rig = rig(47_770..=47_779);
    let mut page = Page::calling(&rig, 440.0);
    let mut phone = Phone::new(&rig, Codec::Pcma, 1000.0);
    let _bridge = rig.media.bridge(&page.endpoint, &phone.endpoint);
    talk(&mut page, &mut phone, 10);
    let offer = page.offer(true);
    let answer = page.endpoint.web().unwrap().answer(&offer).unwrap();
    page.accept(&answer);
    page.connect();
    phone.drain();
    page.drain_packets();
    page.fresh();
    phone.fresh();
    talk(&mut page, &mut phone, 60);
    assert!(phone.amplitude(440.0) > 7000.0 && page.amplitude(1000.0) > 7000.0);
    page.assert_unbroken();
}

#[test]
fn a_browser_hears_a_prompt_from_its_beginning() {
    let mut rig = rig(47_870..=47_879);
    let mut page = Page::new(&rig, 440.0, 48_000);
    let offer = page.offer(false);
    let answer = page.endpoint.web().unwrap().answer(&offer).unwrap();
    let play = page.endpoint.play(vec![tones::sound(600.0, 8000, 500)], false);
    // Meanwhile others are sent what they hear: that is how time is known to pass.
    let mut beat = metronome(&rig);
    (0..20).for_each(|_| beat.hear());
    page.accept(&answer);
    page.connect();
    (0..25).for_each(|_| page.hear());
    assert!(page.amplitude(600.0) > 7000.0 && tones::longest_gap(&page.heard[1600..], 600.0, 16_000) == 0);
    let id = page.endpoint.id();
    news(&mut rig, &MediaEvent::Played(CALL, id, play));
}

#[test]
fn a_page_that_was_loaded_anew_takes_the_call_up_again() {
    let mut rig = rig(47_780..=47_789);
    let mut page = Page::calling(&rig, 440.0);
    let id = page.endpoint.id();
    news(&mut rig, &MediaEvent::Connected(CALL, id));
    page.reload();
    let offer = page.offer(false);
    let answer = page.endpoint.web().unwrap().answer(&offer).unwrap();
    page.accept(&answer);
    page.connect();
    news(&mut rig, &MediaEvent::Connected(CALL, id));
    page.endpoint.play(vec![tones::sound(600.0, 8000, 500)], true);
    (0..40).for_each(|_| page.hear());
    assert!(page.amplitude(600.0) > 7000.0);
}

#[test]
fn a_browser_that_holds_is_sent_nothing_and_misses_nothing_after() {
    let rig = rig(47_790..=47_799);
    let mut page = Page::calling(&rig, 440.0);
    let mut phone = Phone::new(&rig, Codec::Pcma, 1000.0);
    let _bridge = rig.media.bridge(&page.endpoint, &phone.endpoint);
    talk(&mut page, &mut phone, 10);
    for (direction, mirrored) in [
        (Direction::SendOnly, "a=recvonly"),
        (Direction::Inactive, "a=inactive"),
        (Direction::SendRecv, "a=sendrecv"),
    ] {
        let offer = page.offer_to(false, direction);
        let answer = page.endpoint.web().unwrap().answer(&offer).unwrap();
        assert!(answer.contains(mirrored), "{answer}");
        page.accept(&answer);
        page.drain_packets();
        let before = page.packets.len();
        for _ in 0..10 {
            phone.say();
            phone.hear();
        }
        if direction == Direction::SendRecv {
            page.hear();
        }
        page.drain_packets();
        assert_eq!(page.packets.len() > before, direction == Direction::SendRecv);
    }
    phone.drain();
    page.fresh();
    talk(&mut page, &mut phone, 60);
    assert!(page.amplitude(1000.0) > 7000.0);
}

#[test]
fn strangers_at_a_browsers_port_are_not_heard_and_do_no_harm() {
    let rig = rig(47_800..=47_809);
    let mut page = Page::calling(&rig, 440.0);
    let mut phone = Phone::new(&rig, Codec::Pcma, 1000.0);
    let _bridge = rig.media.bridge(&page.endpoint, &phone.endpoint);
    let stranger = UdpSocket::bind((HERE, 0)).unwrap();
    let mut garbage: Vec<Vec<u8>> =
        (0..64_u8).map(|n| vec![n.wrapping_mul(37); usize::from(n) * 7]).collect();
    garbage.push([&[0x80, OPUS, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9][..], &[0xf8; 80]].concat());
    garbage.push([&[0x80, 200, 0, 1, 0, 0, 0, 0][..], &[0; 40]].concat());
    garbage.push([&[22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9][..], &[1; 9]].concat());
    garbage.push([&[0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42][..], &[7; 20]].concat());
    for _ in 0..5 {
        for bytes in &garbage {
            stranger.send_to(bytes, (HERE, page.endpoint.port())).unwrap();
            // From the browser's own address as well: whoever forges that cannot forge secrets.
            page.socket.send_to(bytes, (HERE, page.endpoint.port())).unwrap();
        }
        talk(&mut page, &mut phone, 4);
    }
    phone.drain();
    page.drain_packets();
    phone.fresh();
    page.fresh();
    talk(&mut page, &mut phone, 60);
    assert!(phone.amplitude(440.0) > 7000.0 && page.amplitude(1000.0) > 7000.0);
    // What a socket cannot hold under such a load is lost; what strangers sent never counts.
    let counted = page.endpoint.measured().packets;
    assert!((70..=80).contains(&counted), "{counted}");
}

#[test]
fn a_browser_with_another_certificate_than_it_said_is_told_as_such() {
    let mut rig = rig(47_810..=47_819);
    let mut page = Page::new(&rig, 440.0, 48_000);
    page.endpoint.watch(true);
    let offer = page.offer(false);
    let (before, print) = offer.split_once("a=fingerprint:sha-256 ").unwrap();
    let forged = format!("{before}a=fingerprint:sha-256 {}", forge(print));
    let answer = page.endpoint.web().unwrap().answer(&forged).unwrap();
    page.accept(&answer);
    let id = page.endpoint.id();
    let mut told = None;
    page.until("the trouble", |_| {
        told = told.take().or(rig.events.try_recv().ok());
        told.is_some()
    });
    assert_eq!(told, Some(MediaEvent::Trouble(CALL, id, Trouble::Encryption)));
}

/// The same print with its first two digits changed.
fn forge(print: &str) -> String {
    let first = if print.starts_with("00") { "11" } else { "00" };
    format!("{first}{}", &print[2..])
}

#[test]
fn whoever_asks_for_an_echo_hears_itself() {
    let rig = rig(47_820..=47_829);
    let mut page = Page::calling(&rig, 440.0);
    page.endpoint.echo(true);
    let mut phone = Phone::new(&rig, Codec::Pcmu, 600.0);
    phone.endpoint.echo(true);
    talk(&mut page, &mut phone, 80);
    assert!(page.amplitude(440.0) > 7000.0, "{}", page.amplitude(440.0));
    assert!(phone.amplitude(600.0) > 7000.0, "{}", phone.amplitude(600.0));
    phone.endpoint.echo(false);
    phone.drain();
    phone.fresh();
    talk(&mut page, &mut phone, 40);
    assert!(phone.amplitude(600.0) < 100.0, "{}", phone.amplitude(600.0));
}

#[test]
fn a_phone_that_should_be_heard_and_is_not_is_told_with_the_cause() {
    let mut rig = rig(47_830..=47_839);
    let mut phone = Phone::new(&rig, Codec::Pcma, 440.0);
    let id = phone.endpoint.id();
    phone.endpoint.expect(
        super::super::Expect {
            trusted: vec!["192.0.2.7".parse().unwrap(), HERE],
            first: Some("10.0.0.9:4000".parse().unwrap()),
            first_rtcp: None,
            payloads: vec![(8, Some(8000))],
        },
        true,
    );
    phone.endpoint.watch(true);
    news(&mut rig, &MediaEvent::Trouble(CALL, id, Trouble::PrivateAddress));
    phone.say();
    news(&mut rig, &MediaEvent::Well(CALL, id));
    news(&mut rig, &MediaEvent::Trouble(CALL, id, Trouble::NothingHeard));
}

#[test]
fn a_phone_that_is_muted_and_says_so_is_in_no_trouble() {
    let mut rig = rig(47_900..=47_909);
    let mut phone = Phone::new(&rig, Codec::Pcma, 440.0);
    let id = phone.endpoint.id();
    phone.endpoint.watch(true);
    phone.say();
    news(&mut rig, &MediaEvent::Trouble(CALL, id, Trouble::NothingHeard));
    // A router let its reports through on the port of its sound.
    let mut report = vec![0x80, 200, 0, 6, 0, 0, 0, 9];
    report.extend([0; 12]);
    report.extend(1_u32.to_be_bytes());
    report.extend([0; 4]);
    for _ in 0..2 {
        phone.socket.send(&report).unwrap();
    }
    news(&mut rig, &MediaEvent::Rests(CALL, id));
    let comfort = [0x80, 13, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 60];
    phone.socket.send(&comfort).unwrap();
    // Speech goes to others, comfort noise that nobody asked for does not.
    let mut other = Phone::new(&rig, Codec::Pcma, 1000.0);
    let _bridge = rig.media.bridge(&phone.endpoint, &other.endpoint);
    phone.say();
    other.hear();
    assert_eq!(phone.endpoint.measured().packets, 3);
}

#[test]
fn what_a_browser_writes_is_answered_with_one_codec_and_our_address() {
    let rig = rig(47_840..=47_849);
    let endpoint = rig.media.open_web(CALL, HERE, &[HERE]).unwrap();
    let web = endpoint.web().unwrap();
    let answer = web.answer(CHROMIUM).unwrap();
    assert!(answer.contains("a=ice-lite") && answer.contains("a=rtcp-mux"), "{answer}");
    assert!(answer.contains(&format!("127.0.0.1 {} typ host", endpoint.port())), "{answer}");
    assert!(answer.contains("UDP/TLS/RTP/SAVPF 111 110"), "{answer}");
    assert_eq!(web.accept(&answer), Err(WebError::NothingOffered));
    assert!(matches!(web.answer("nonsense"), Err(WebError::Unreadable(_))));
    let narrow = CHROMIUM.replace("opus/48000/2", "speex/48000/2");
    let other = rig.media.open_web(CALL, HERE, &[]).unwrap();
    assert_eq!(other.web().unwrap().answer(&narrow), Err(WebError::NoOpus));
    assert!(rig.media.open(CALL, HERE).unwrap().web().is_none());
    assert!(rig.media.open_web(CALL, "0.0.0.0".parse().unwrap(), &[]).is_err());
}

/// As Chromium writes it, with its own address hidden.
const CHROMIUM: &str = "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
a=group:BUNDLE 0\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS 7d5b9c\r\n\
m=audio 56500 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\r\nc=IN IP4 192.0.2.33\r\n\
a=rtcp:9 IN IP4 0.0.0.0\r\n\
a=candidate:1467250027 1 udp 2122260223 4d5c8bd1-7c6a-4d3e-9a5f-0b1c2d3e4f50.local 46243 typ host generation 0 network-id 1\r\n\
a=candidate:435653019 1 tcp 1518280447 4d5c8bd1-7c6a-4d3e-9a5f-0b1c2d3e4f50.local 9 typ host tcptype active generation 0 network-id 1\r\n\
a=candidate:842163049 1 udp 1677729535 192.0.2.33 56500 typ srflx raddr 0.0.0.0 rport 0 generation 0 network-id 1\r\n\
a=ice-ufrag:F7gI\r\na=ice-pwd:x9cml/YzichV2+XlhiMu8gAb\r\na=ice-options:trickle\r\n\
a=fingerprint:sha-256 D2:FA:0E:C3:22:59:5E:14:95:69:92:3D:13:B4:84:24:2C:C2:A2:C0:3E:FD:34:8E:5E:EA:6F:AF:52:CE:E6:0F\r\n\
a=setup:actpass\r\na=mid:0\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n\
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n\
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=sendrecv\r\na=msid:7d5b9c 0f1e2d\r\na=rtcp-mux\r\n\
a=rtcp-rsize\r\na=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\n\
a=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n\
a=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:13 CN/8000\r\n\
a=rtpmap:110 telephone-event/48000\r\na=rtpmap:126 telephone-event/8000\r\n\
a=ssrc:3570614608 cname:4TOk42mSjXCkVIa6\r\na=ssrc:3570614608 msid:7d5b9c 0f1e2d\r\n";
