//! Conferences.

use super::super::Codec;
use super::phone::{Phone, rig, talk};

#[test]
fn three_in_a_room_hear_the_others_and_not_themselves() {
    let rig = rig(47_540..=47_549);
    let mut phones = [
        Phone::new(&rig, Codec::Pcma, 400.0),
        Phone::new(&rig, Codec::Pcmu, 700.0),
        Phone::new(&rig, Codec::G722, 1100.0),
    ];
    let room = rig.media.room();
    let mut seats: Vec<_> = phones.iter().map(|phone| room.join(&phone.endpoint)).collect();
    assert_eq!(room.members(), 3);
    let [a, b, c] = &mut phones;
    talk(&mut [a, b, c], 60);
    for (own, phone) in phones.iter().enumerate() {
        for (other, hz) in [400.0, 700.0, 1100.0].into_iter().enumerate() {
            let level = phone.amplitude(hz);
            assert_eq!(level > 7000.0, own != other, "{own} {hz} {level}");
            assert!(own != other || level < 100.0, "{level}");
        }
        phone.assert_unbroken();
    }
    drop(seats.remove(0));
    let [a, b, c] = &mut phones;
    talk(&mut [a, b, c], 30);
    [&mut *a, &mut *b, &mut *c].into_iter().for_each(Phone::fresh);
    talk(&mut [a, b, c], 30);
    assert!(a.amplitude(700.0) < 50.0 && b.amplitude(400.0) < 50.0 && b.amplitude(1100.0) > 7000.0);
    assert_eq!(room.members(), 2);
    a.assert_unbroken();
}

#[test]
fn a_loud_room_does_not_wrap_round() {
    let rig = rig(47_550..=47_569);
    let mut phones: Vec<Phone> = (0..8).map(|_| Phone::new(&rig, Codec::Pcma, 400.0)).collect();
    let room = rig.media.room();
    let _seats: Vec<_> = phones.iter().map(|phone| room.join(&phone.endpoint)).collect();
    let mut all: Vec<&mut Phone> = phones.iter_mut().collect();
    talk(&mut all, 40);
    let loudest = phones[0].after(200).iter().map(|s| i32::from(*s)).max();
    assert!(loudest > Some(30_000));
    assert!(phones[0].amplitude(400.0) > 30_000.0, "{}", phones[0].amplitude(400.0));
}
