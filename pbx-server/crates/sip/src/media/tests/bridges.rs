//! Two phones, and whoever listens in.

use super::super::{Codec, ListenMode, MediaEvent};
use super::phone::{CALL, HERE, Phone, rig, talk};
use super::tones;
use std::net::UdpSocket;
use std::time::Duration;
use voxera_model::Key;

#[test]
fn packets_and_reports_pass_as_they_are_while_nothing_is_asked() {
    let rig = rig(47_440..=47_449);
    let (a, b) = (Phone::new(&rig, Codec::Pcma, 440.0), Phone::new(&rig, Codec::Pcma, 700.0));
    let bridge = rig.media.bridge(&a.endpoint, &b.endpoint);
    let (mut a, mut b, mut bytes) = (a, b, [0; 2048]);
    for _ in 0..3 {
        let packet = a.frame();
        a.socket.send(&packet).unwrap();
        let length = b.socket.recv(&mut bytes).unwrap();
        assert_eq!(&bytes[..length], packet);
    }
    b.say();
    a.hear();
    let [a_rtcp, b_rtcp] = [&a, &b].map(|phone| {
        let socket = UdpSocket::bind((HERE, phone.socket.local_addr().unwrap().port() + 1)).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        socket
    });
    let report = [0x80, 201, 0, 1, 0, 0, 0, 5];
    a_rtcp.send_to(&report, (HERE, a.endpoint.port() + 1)).unwrap();
    let length = b_rtcp.recv(&mut bytes).unwrap();
    assert_eq!(bytes[..length], report);
    let measured = a.endpoint.measured();
    assert_eq!((measured.packets, measured.lost), (3, 0));
    assert_eq!(rig.media.ports_in_use(), 2);
    drop((bridge, a, b));
    assert_eq!(rig.media.ports_in_use(), 0);
}

#[test]
fn a_silent_bridge_is_told_once_it_is_watched() {
    let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
    let ports = super::super::Ports::new(&(47_450..=47_459));
    let media = super::super::Media::start(ports, 1, Duration::ZERO, &sender).unwrap();
    let (a, b) = (media.open(CALL, HERE).unwrap(), media.open(CALL, HERE).unwrap());
    let bridge = media.bridge(&a, &b);
    bridge.watch(true);
    assert_eq!(events.blocking_recv(), Some(MediaEvent::Silent(CALL)));
}

#[test]
fn different_codecs_are_translated_with_level_and_clarity() {
    let rig = rig(47_460..=47_469);
    for (one, two, least) in
        [(Codec::Pcma, Codec::Pcmu, 30.0), (Codec::Pcma, Codec::G722, 28.0), (Codec::G722, Codec::Pcmu, 28.0)]
    {
        let mut a = Phone::new(&rig, one, 440.0);
        let mut b = Phone::new(&rig, two, 1000.0);
        let _bridge = rig.media.bridge(&a.endpoint, &b.endpoint);
        talk(&mut [&mut a, &mut b], 60);
        for (phone, hz) in [(&a, 1000.0), (&b, 440.0)] {
            let level = phone.amplitude(hz);
            assert!((7600.0..8400.0).contains(&level), "{one:?} {two:?} {level}");
            let clarity = tones::clarity(phone.after(200), hz, phone.codec.rate());
            assert!(clarity > least, "{one:?} {two:?} {clarity} dB");
            phone.assert_unbroken();
        }
    }
}

#[test]
fn numbers_go_on_when_a_bridge_is_tapped_and_no_longer() {
    let rig = rig(47_470..=47_479);
    let mut a = Phone::new(&rig, Codec::Pcma, 440.0);
    let mut b = Phone::new(&rig, Codec::Pcma, 1000.0);
    let boss = Phone::new(&rig, Codec::Pcma, 0.0);
    let bridge = rig.media.bridge(&a.endpoint, &b.endpoint);
    for mode in [ListenMode::Listen, ListenMode::Whisper, ListenMode::Barge, ListenMode::Whisper] {
        talk(&mut [&mut a, &mut b], 10);
        let listening = bridge.listen(&boss.endpoint, a.endpoint.id(), mode);
        talk(&mut [&mut a, &mut b], 10);
        drop(listening);
        a.drain();
        b.drain();
    }
    for phone in [&a, &b] {
        phone.assert_unbroken();
        let ahead = phone.packets.windows(2).all(|pair| pair[1].1.wrapping_sub(pair[0].1) < 16_000);
        assert!(ahead, "time goes forward: {:?}", phone.packets);
    }
}

#[test]
fn one_who_only_listens_changes_nothing_for_the_two() {
    let rig = rig(47_620..=47_629);
    let (mut a, mut b) = (Phone::new(&rig, Codec::Pcma, 440.0), Phone::new(&rig, Codec::Pcma, 1000.0));
    let mut boss = Phone::new(&rig, Codec::G722, 600.0);
    let bridge = rig.media.bridge(&a.endpoint, &b.endpoint);
    let _listening = bridge.listen(&boss.endpoint, a.endpoint.id(), ListenMode::Listen);
    let mut bytes = [0; 2048];
    for _ in 0..60 {
        let packet = a.frame();
        a.socket.send(&packet).unwrap();
        let length = b.socket.recv(&mut bytes).unwrap();
        assert_eq!(&bytes[..length], packet);
        b.say();
        a.hear();
        boss.hear();
    }
    assert!(boss.amplitude(440.0) > 7600.0 && boss.amplitude(1000.0) > 7600.0);
}

#[test]
fn ringback_then_the_other_phone_is_one_stream() {
    let rig = rig(47_480..=47_489);
    let mut a = Phone::new(&rig, Codec::Pcma, 440.0);
    let mut b = Phone::new(&rig, Codec::Pcma, 1000.0);
    a.endpoint.play(vec![tones::sound(425.0, 8000, 500)], true);
    (0..20).for_each(|_| a.hear());
    a.endpoint.silence();
    let _bridge = rig.media.bridge(&a.endpoint, &b.endpoint);
    a.drain();
    for _ in 0..20 {
        b.say();
        a.hear();
    }
    a.assert_unbroken();
    assert!(tones::amplitude(&a.heard[a.heard.len() - 1600..], 1000.0, 8000) > 7600.0);
}

#[test]
fn music_on_hold_is_heard_by_the_one_alone_until_it_is_silenced() {
    let rig = rig(47_490..=47_499);
    let mut a = Phone::new(&rig, Codec::Pcma, 440.0);
    let mut b = Phone::new(&rig, Codec::Pcma, 1000.0);
    let _bridge = rig.media.bridge(&a.endpoint, &b.endpoint);
    b.endpoint.play(vec![tones::sound(300.0, 8000, 500)], true);
    talk(&mut [&mut a, &mut b], 40);
    assert!(b.amplitude(300.0) > 7600.0 && b.amplitude(440.0) < 100.0);
    assert!(a.amplitude(1000.0) > 7600.0 && a.amplitude(300.0) < 100.0);
    b.endpoint.silence();
    a.drain();
    b.drain();
    b.fresh();
    for _ in 0..20 {
        a.say();
        b.hear();
    }
    assert!(b.amplitude(440.0) > 7600.0);
    b.assert_unbroken();
}

#[test]
fn a_whisper_is_heard_by_one_side_only() {
    let mut rig = rig(47_500..=47_509);
    let mut agent = Phone::new(&rig, Codec::Pcma, 440.0);
    let mut customer = Phone::new(&rig, Codec::G722, 1000.0);
    let mut boss = Phone::new(&rig, Codec::Pcmu, 600.0);
    let bridge = rig.media.bridge(&agent.endpoint, &customer.endpoint);
    let listening = bridge.listen(&boss.endpoint, agent.endpoint.id(), ListenMode::Listen);
    for (mode, agent_hears, customer_hears) in [
        (ListenMode::Listen, false, false),
        (ListenMode::Whisper, true, false),
        (ListenMode::Barge, true, true),
    ] {
        listening.set_mode(mode);
        talk(&mut [&mut agent, &mut customer, &mut boss], 20);
        [&mut agent, &mut customer, &mut boss].into_iter().for_each(Phone::fresh);
        talk(&mut [&mut agent, &mut customer, &mut boss], 40);
        let hears = |phone: &Phone, hz: f64| {
            let level = phone.amplitude(hz);
            assert!(!(200.0..7000.0).contains(&level), "{mode:?}: {hz} Hz at {level}");
            level > 7000.0
        };
        assert!(hears(&boss, 440.0) && hears(&boss, 1000.0) && !hears(&boss, 600.0));
        assert!(hears(&agent, 1000.0) && hears(&customer, 440.0));
        assert_eq!(
            (hears(&agent, 600.0), hears(&customer, 600.0)),
            (agent_hears, customer_hears),
            "{mode:?}"
        );
    }
    boss.press(2);
    let id = boss.endpoint.id();
    assert_eq!(rig.events.blocking_recv(), Some(MediaEvent::Key(CALL, id, Key::parse("2").unwrap())));
    drop(bridge);
    assert_eq!(rig.events.blocking_recv(), Some(MediaEvent::ListeningEnded(CALL, id)));
}

#[test]
fn keys_pass_between_phones_that_number_them_differently() {
    let mut rig = rig(47_510..=47_519);
    for codec in [Codec::Pcma, Codec::Pcmu] {
        let mut a = Phone::with_digits(&rig, Codec::Pcma, 440.0, 101);
        let mut b = Phone::with_digits(&rig, codec, 1000.0, 96);
        let _bridge = rig.media.bridge(&a.endpoint, &b.endpoint);
        a.press(5);
        while b.digits.len() < 5 {
            b.hear();
        }
        assert!(
            b.digits
                .iter()
                .all(|(payload, time, body)| { (*payload, *time, body[0]) == (96, b.digits[0].1, 5) })
        );
        assert_eq!(b.digits.iter().filter(|(.., body)| body[1] & 0x80 != 0).count(), 3);
        b.assert_unbroken();
        assert!(rig.events.try_recv().is_err(), "it was for the other phone");
    }
}

#[test]
fn a_key_that_was_for_the_menu_is_not_heard_by_the_one_it_led_to() {
    let mut rig = rig(47_520..=47_529);
    let mut a = Phone::new(&rig, Codec::Pcma, 440.0);
    let mut b = Phone::new(&rig, Codec::Pcma, 1000.0);
    a.endpoint.silence();
    a.press(1);
    assert!(matches!(rig.events.blocking_recv(), Some(MediaEvent::Key(..))));
    let _bridge = rig.media.bridge(&a.endpoint, &b.endpoint);
    // The same press, still down.
    a.sequence -= 5;
    let said = a.frame();
    let mut again = said.clone();
    again[1] = 101;
    again[4..8].copy_from_slice(&0_u32.to_be_bytes());
    again.truncate(12);
    again.extend([1, 0x8a, 1, 0xe0]);
    a.socket.send(&again).unwrap();
    a.say();
    b.hear();
    assert!(b.digits.is_empty());
}

#[test]
fn what_nobody_can_decode_still_passes() {
    let rig = rig(47_530..=47_539);
    let opus = Codec::Other { clock: 48_000 };
    let a = Phone::new(&rig, opus, 0.0);
    let b = Phone::new(&rig, opus, 0.0);
    let _bridge = rig.media.bridge(&a.endpoint, &b.endpoint);
    let mut packet = vec![0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 3];
    packet.extend(b"opus");
    let mut bytes = [0; 100];
    a.socket.send(&packet).unwrap();
    let length = b.socket.recv(&mut bytes).unwrap();
    assert_eq!(bytes[..length], packet);
}
