//! What is played to one phone, and keys that it presses.

use super::super::{Codec, MediaEvent};
use super::phone::{CALL, Phone, rig};
use super::tones;
use voxera_model::{CallId, Key};

#[test]
fn a_prompt_is_heard_as_it_is_and_its_end_is_told() {
    let mut rig = rig(47_400..=47_409);
    for (codec, rate) in
        [(Codec::Pcma, 8000), (Codec::Pcmu, 16_000), (Codec::G722, 8000), (Codec::G722, 16_000)]
    {
        let mut phone = Phone::new(&rig, codec, 0.0);
        let play =
            phone.endpoint.play(vec![tones::sound(440.0, rate, 600), tones::sound(440.0, rate, 400)], false);
        (0..50).for_each(|_| phone.hear());
        let id = phone.endpoint.id();
        assert_eq!(rig.events.blocking_recv(), Some(MediaEvent::Played(CALL, id, play)));
        let middle = &phone.heard[phone.heard.len() / 5..phone.heard.len() / 2];
        let level = tones::amplitude(middle, 440.0, codec.rate());
        assert!((7600.0..8400.0).contains(&level), "{codec:?} {rate}: {level}");
        assert!(tones::over_noise(middle, 440.0, codec.rate()) > 30.0);
        phone.fresh();
        (0..10).for_each(|_| phone.hear());
        assert!(tones::amplitude(phone.after(40), 440.0, codec.rate()) < 20.0, "then there is silence");
        phone.assert_unbroken();
        assert!(phone.packets[0].2, "it begins with a marker");
        for pair in phone.packets.windows(2) {
            assert_eq!(pair[1].1.wrapping_sub(pair[0].1), 160);
        }
    }
}

#[test]
fn music_goes_round_until_something_else_is_played() {
    let mut rig = rig(47_410..=47_419);
    let mut phone = Phone::new(&rig, Codec::Pcma, 0.0);
    let music = vec![tones::sound(400.0, 8000, 110), tones::sound(400.0, 8000, 140)];
    phone.endpoint.play(music, true);
    (0..50).for_each(|_| phone.hear());
    assert_eq!(tones::longest_gap(&phone.heard, 400.0, 8000), 0);
    phone.endpoint.play(vec![tones::sound(1000.0, 8000, 300)], false);
    (0..20).for_each(|_| phone.hear());
    phone.assert_unbroken();
    assert!(matches!(rig.events.blocking_recv(), Some(MediaEvent::Played(..))), "music has no end to tell");
    assert!(rig.events.try_recv().is_err());
}

#[test]
fn nothing_is_sent_before_something_is_to_be_heard() {
    let rig = rig(47_420..=47_429);
    let mut phone = Phone::new(&rig, Codec::Pcma, 0.0);
    phone.say();
    let mut other = Phone::new(&rig, Codec::Pcma, 0.0);
    other.endpoint.silence();
    (0..5).for_each(|_| other.hear());
    phone.socket.set_nonblocking(true).unwrap();
    assert!(phone.socket.recv(&mut [0; 9]).is_err());
    other.endpoint.rest();
    assert_eq!(other.after(20).iter().map(|s| s.abs()).max(), Some(8), "silence");
}

#[test]
fn keys_are_told_once_each_to_the_call_that_the_phone_belongs_to() {
    let mut rig = rig(47_430..=47_439);
    let mut phone = Phone::new(&rig, Codec::Pcma, 0.0);
    phone.endpoint.play(vec![tones::sound(440.0, 8000, 100)], true);
    phone.press(1);
    phone.press(11);
    let moved = CallId(uuid::Uuid::from_u128(8));
    let id = phone.endpoint.id();
    let mut keys = || rig.events.blocking_recv();
    assert_eq!(keys(), Some(MediaEvent::Key(CALL, id, Key::parse("1").unwrap())));
    assert_eq!(keys(), Some(MediaEvent::Key(CALL, id, Key::HASH)));
    phone.endpoint.belongs_to(moved);
    phone.press(10);
    assert_eq!(keys(), Some(MediaEvent::Key(moved, id, Key::STAR)));
}

#[test]
fn a_hundred_who_wait_hear_music_without_a_gap() {
    let rig = rig(46_000..=46_399);
    let music = tones::sound(400.0, 8000, 1000);
    let mut phones: Vec<Phone> = (0..100).map(|_| Phone::new(&rig, Codec::Pcma, 0.0)).collect();
    for phone in &phones {
        phone.endpoint.play(vec![music.clone()], true);
    }
    for _ in 0..50 {
        phones.iter_mut().for_each(Phone::hear);
    }
    for phone in &phones {
        phone.assert_unbroken();
        assert_eq!(tones::longest_gap(&phone.heard, 400.0, 8000), 0);
    }
}
