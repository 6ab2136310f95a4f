use super::*;
use proptest::prelude::*;

const OFFER: &str = "v=0\r\no=alice 1 1 IN IP4 10.0.0.9\r\ns=secret project\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\n\
    a=ice-lite\r\na=group:BUNDLE 0 1\r\nm=video 5000 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n\
    m=audio 4000 RTP/AVP 96 8 0 101\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1; stereo=0\r\n\
    a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n\
    a=candidate:1 1 UDP 1 10.0.0.9 4000 typ host\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n\
    a=rtcp:4001 IN IP4 10.0.0.9\r\na=rtcp-mux\r\na=ssrc:1 cname:x\r\na=sendrecv\r\n";

fn ours() -> IpAddr {
    "192.0.2.7".parse().unwrap()
}

#[test]
fn codecs_pass_and_everything_of_the_phones_network_stays_behind() {
    let offer = Sdp::parse(OFFER.as_bytes()).unwrap();
    let text = Described::new(40).write(&offer, ours(), 20_000);
    assert_eq!(
        text,
        "v=0\r\no=- 10 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n\
         m=video 0 RTP/AVP 96\r\nm=audio 20000 RTP/AVP 96 8 0 101\r\na=rtpmap:96 opus/48000/2\r\n\
         a=fmtp:96 useinbandfec=1; stereo=0\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n\
         a=fmtp:101 0-15\r\na=ptime:20\r\na=rtcp:20001\r\na=sendrecv\r\n"
    );
    assert_eq!((offer.audio.port, offer.audio.rtcp_port), (4000, Some(4001)));
    assert_eq!(offer.audio.codec().unwrap().name.as_deref(), Some("opus"));
    assert_eq!(Sdp::parse(text.as_bytes()).unwrap().audio.formats, offer.audio.formats);
}

#[test]
fn an_answer_stands_where_the_offer_had_its_audio() {
    let offer = Sdp::parse(OFFER.as_bytes()).unwrap();
    let answer = Sdp::parse(b"v=0\nc=IN IP4 10.0.0.3\nm=audio 7000 RTP/AVP 8\n").unwrap();
    let text = Described::new(0).write_answer(&offer, &answer, ours(), 20_002);
    assert!(text.contains("m=video 0 RTP/AVP 96\r\nm=audio 20002 RTP/AVP 8\r\n"), "{text}");
}

#[test]
fn the_version_grows_only_when_something_changed() {
    let mut described = Described::new(0);
    let mut sdp = Sdp::parse(OFFER.as_bytes()).unwrap();
    let first = described.write(&sdp, ours(), 20_000);
    assert_eq!(described.write(&sdp, ours(), 20_000), first);
    sdp.audio.direction = Direction::SendOnly;
    let held = described.write(&sdp, ours(), 20_000);
    assert!(held.contains("o=- 0 2 ") && held.contains("a=sendonly"), "{held}");
}

#[test]
fn hold_is_understood_in_all_its_spellings() {
    for (from, to, direction) in [
        ("a=sendrecv", "a=sendonly", Direction::SendOnly),
        ("a=sendrecv", "a=inactive", Direction::Inactive),
        ("c=IN IP4 10.0.0.9", "c=IN IP4 0.0.0.0", Direction::SendOnly),
    ] {
        let sdp = Sdp::parse(OFFER.replace(from, to).as_bytes()).unwrap();
        assert_eq!((sdp.audio.direction, sdp.audio.is_held()), (direction, true), "{to}");
    }
    let session = OFFER.replace("a=sendrecv\r\n", "").replace("a=ice-lite", "a=recvonly");
    assert_eq!(Sdp::parse(session.as_bytes()).unwrap().audio.direction, Direction::RecvOnly);
}

#[test]
fn evil_content_is_refused_or_left_out() {
    let line = |bad: &str| OFFER.replace("a=ptime:20", bad);
    for left_out in [
        "a=ptime:999999",
        "a=rtpmap:8 PCMA/8000\u{e5}",
        "a=fmtp:8 $(reboot)",
        "a=fmtp:300 x",
        "a=rtpmap:8",
        "a=tool:evil",
        "b=AS:99999",
        "k=clear:key",
    ] {
        let sdp = Sdp::parse(line(left_out).as_bytes()).unwrap();
        let text = Described::new(0).write(&sdp, ours(), 20_000);
        assert!(!text.contains("999999") && !text.contains('$') && !text.contains("evil"), "{left_out}");
    }
    for refused in
        ["a=x\0y", "c=IN IP4", "c=OUT IP4 1.2.3.4", "m=audio x RTP/AVP 0", "m=audio 1 RTP/AVP", "nonsense"]
    {
        assert_eq!(Sdp::parse(line(refused).as_bytes()), Err(SdpError::Unreadable), "{refused}");
    }
    let many = format!("{OFFER}{}", "m=audio 0 RTP/AVP 0\r\n".repeat(9));
    assert_eq!(Sdp::parse(many.as_bytes()), Err(SdpError::Unreadable));
    let srtp = OFFER.replace("4000 RTP/AVP", "4000 RTP/SAVP");
    assert_eq!(Sdp::parse(srtp.as_bytes()), Err(SdpError::NoAudio));
}

#[test]
fn a_browsers_sound_is_known_by_its_way_and_its_codec() {
    for (captured, offers) in [
        (include_str!("../../tests/captures/webrtc_offer.sdp"), true),
        (include_str!("../../tests/captures/webrtc_answer.sdp"), false),
    ] {
        let sdp = Sdp::parse(captured.as_bytes()).unwrap();
        assert!(sdp.is_web() && !sdp.audio.holds(), "{sdp:?}");
        assert_eq!(sdp.audio.opus().map(|opus| (opus.payload, opus.clock)), Some((96, 48_000)));
        let held = captured.replace("a=sendrecv", "a=sendonly");
        assert_eq!(Sdp::parse(held.as_bytes()).unwrap().audio.holds(), offers);
    }
}

#[test]
fn a_browser_that_names_no_address_is_not_on_hold() {
    let offer = include_str!("../../tests/captures/webrtc_offer.sdp");
    let offer = offer.replace("c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0").replace("m=audio 35654", "m=audio 9");
    assert_eq!(Sdp::parse(offer.as_bytes()).unwrap().audio.direction, Direction::SendRecv);
}

#[test]
fn whoever_talks_with_a_browser_is_offered_what_sounds_best_first() {
    let text = Described::new(0).write(&Sdp::offer(Some("opus")), ours(), 20_000);
    assert!(text.contains("m=audio 20000 RTP/AVP 111 9 8 0 101\r\n"), "{text}");
    assert!(text.contains("a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\n"), "{text}");
}

#[test]
fn multicast_and_unspecified_addresses_are_never_sent_to() {
    for address in ["0.0.0.0", "224.0.0.1", "host.example"] {
        let text = OFFER.replace("c=IN IP4 10.0.0.9", &format!("c=IN IP4 {address}"));
        assert_eq!(Sdp::parse(text.as_bytes()).unwrap().audio.address, None, "{address}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_and_what_is_written_is_read_again(at in 0..OFFER.len(), byte: u8) {
        let mut bytes = OFFER.as_bytes().to_vec();
        bytes[at] = byte;
        if let Ok(sdp) = Sdp::parse(&bytes) {
            let text = Described::new(0).write(&sdp, ours(), 20_000);
            let again = Sdp::parse(text.as_bytes());
            prop_assert_eq!(again.map(|s| s.audio.formats), Ok(sdp.audio.formats), "{}", text);
        }
    }
}

#[test]
fn our_own_offer_names_what_we_speak_and_the_callers_codec_first() {
    let text = Described::new(0).write(&Sdp::offer(Some("pcmu")), ours(), 20_000);
    assert!(text.contains("m=audio 20000 RTP/AVP 0 8 9 101\r\n"), "{text}");
    assert!(text.contains("a=rtpmap:9 G722/8000\r\n") && text.contains("a=fmtp:101 0-15\r\n"), "{text}");
}

#[test]
fn our_own_answer_has_one_codec_the_phones_numbers_and_stands_where_the_offer_has_its_audio() {
    let offer = OFFER.replace("101", "97");
    let offer = Sdp::parse(offer.as_bytes()).unwrap();
    let answer = offer.answer(None).unwrap();
    let text = Described::new(0).write_answer(&offer, &answer, ours(), 20_000);
    assert!(text.contains("m=video 0 RTP/AVP 96\r\nm=audio 20000 RTP/AVP 8 97\r\n"), "{text}");
    assert_eq!(answer.audio.tones(), Some(97));
    assert_eq!(offer.answer(Some("PCMU")).unwrap().audio.formats[0].payload, 0);
}

#[test]
fn a_phone_that_speaks_nothing_of_ours_is_not_answered() {
    let offer = Sdp::parse(b"v=0\nc=IN IP4 10.0.0.3\nm=audio 7000 RTP/AVP 96 18\na=rtpmap:96 speex/16000\n");
    let offer = offer.unwrap();
    assert_eq!((offer.answer(None), offer.narrowed()), (None, None));
}

#[test]
fn who_may_be_silent_while_nobody_speaks_is_known_from_the_description() {
    for (line, may) in [
        ("8", false),
        ("8 13", true),
        ("18", true),
        ("18\na=fmtp:18 annexb=no", false),
        ("4\na=fmtp:4 bitrate=5.3; annexa=no", false),
        ("96\na=rtpmap:96 opus/48000/2\na=fmtp:96 useinbandfec=1;usedtx=1", true),
        // What is not spoken does not matter.
        ("8 18", false),
    ] {
        let text = format!("v=0\nc=IN IP4 10.0.0.3\nm=audio 7000 RTP/AVP {line}\n");
        let audio = Sdp::parse(text.as_bytes()).unwrap().audio;
        assert_eq!(audio.pauses(audio.codec().unwrap()), may, "{line}");
    }
}

#[test]
fn who_holds_is_listened_to_and_who_is_silent_is_not() {
    for (says, answered, holds) in [
        ("a=sendonly", Direction::RecvOnly, true),
        ("a=inactive", Direction::Inactive, true),
        ("a=recvonly", Direction::SendOnly, false),
        ("a=sendrecv", Direction::SendRecv, false),
    ] {
        let offer = Sdp::parse(OFFER.replace("a=sendrecv", says).as_bytes()).unwrap();
        let answer = offer.answer(None).unwrap();
        assert_eq!((answer.audio.direction, offer.audio.holds()), (answered, holds), "{says}");
    }
}
