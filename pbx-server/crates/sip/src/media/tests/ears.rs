//! Packets that come late, in disorder, or never; on a clock of the test's own.

use super::super::Codec;
use super::super::codec::Encoder;
use super::super::ear::Ear;
use super::tones;
use std::time::{Duration, Instant};

const HZ: f64 = 400.0;

/// Twenty seconds of a tone over a network; `network`: milliseconds that each packet takes, `None`:
/// it is lost.
fn over(network: impl Fn(u32) -> Option<u64>) -> Vec<i16> {
    said(Codec::Pcma, |n| tones::at(HZ, 8000, n, 8000.0), network)
}

/// The same in Opus, of a voice: what does not go up and down is none to a codec of speech.
fn spoken(network: impl Fn(u32) -> Option<u64>) -> Vec<i16> {
    said(Codec::Opus, |n| tones::voice(n, 16_000), network)
}

fn said(codec: Codec, sound: impl Fn(u32) -> i16, network: impl Fn(u32) -> Option<u64>) -> Vec<i16> {
    let (mut encoder, frame) = (Encoder::new(codec), codec.rate() / 50);
    let start = Instant::now();
    let mut packets = Vec::new();
    for n in 0..1000_u32 {
        let mut packet = vec![0x80, 8];
        packet.extend(u16::try_from((65_000 + n) % 65_536).unwrap().to_be_bytes());
        packet.extend((n * (codec.clock() / 50)).to_be_bytes());
        packet.extend([0, 0, 0, 9]);
        let samples: Vec<i16> = (0..frame).map(|s| sound(n * frame + s)).collect();
        encoder.encode(&samples, &mut packet);
        let Some(delay) = network(n) else { continue };
        packets.push((u64::from(n) * 20 + delay, packet));
    }
    packets.sort_by_key(|(at, _)| *at);
    let mut ear = Ear::new();
    let mut packets = packets.into_iter().peekable();
    let mut heard = Vec::new();
    for beat in 0..1000_u64 {
        let now = beat * 20 + 7;
        while let Some((at, packet)) = packets.next_if(|(at, _)| *at <= now) {
            ear.hear(codec, &packet, start + Duration::from_millis(at));
        }
        let mut frame = Vec::new();
        ear.pull(8000, &mut frame);
        frame.resize(160, 0);
        heard.extend(frame);
    }
    heard
}

/// Of the whole, without its beginning: milliseconds of the longest gap, and of all that is missing.
fn gaps(heard: &[i16]) -> (usize, usize) {
    let heard = &heard[8000..];
    let missing =
        heard.chunks_exact(80).filter(|part| tones::amplitude(part, HZ, 8000) < 2000.0).count() * 10;
    (tones::longest_gap(heard, HZ, 8000), missing)
}

#[test]
fn an_even_network_is_heard_exactly() {
    let heard = over(|_| Some(30));
    assert!(tones::over_noise(&heard[8000..], HZ, 8000) > 35.0);
    assert_eq!(gaps(&heard), (0, 0));
    let waits = heard.iter().position(|sample| sample.abs() > 1000).unwrap() / 8;
    assert!(waits <= 100, "{waits} ms");
}

#[test]
fn packets_in_disorder_are_put_in_order() {
    let heard = over(|n| Some(if n % 4 == 1 { 65 } else { 30 }));
    assert_eq!(gaps(&heard), (0, 0));
    let calm = &heard[80_000..];
    assert!(tones::over_noise(calm, HZ, 8000) > 30.0, "{}", tones::over_noise(calm, HZ, 8000));
}

#[test]
fn lost_packets_are_not_heard_as_holes() {
    let heard = over(|n| (n % 20 != 3).then_some(30));
    assert_eq!(gaps(&heard), (0, 0));
    let two = over(|n| (n % 50 > 1).then_some(30));
    assert!(gaps(&two).0 <= 20);
}

#[test]
fn packets_of_opus_that_are_lost_are_repaired_by_those_after_them() {
    let even = spoken(|_| Some(30));
    let lost = spoken(|n| (n % 10 != 3).then_some(30));
    let likeness = tones::likeness(&even[8000..], &lost[8000..]);
    assert!(likeness > 17.0, "{likeness} dB");
    let disorder = spoken(|n| Some(if n % 4 == 1 { 45 } else { 30 }));
    assert!(tones::typical(&disorder[80_000..], 130.0, 8000) > 500.0);
}

#[test]
fn opus_that_pauses_or_comes_late_is_heard_again() {
    let tone = |network: &dyn Fn(u32) -> Option<u64>| {
        said(Codec::Opus, |n| tones::at(HZ, 16_000, n, 8000.0), network)
    };
    let even = tone(&|_| Some(30));
    assert!(tones::over_noise(&even[8000..], HZ, 8000) > 20.0);
    assert_eq!(gaps(&even), (0, 0));
    let disorder = tone(&|n| Some(if n % 4 == 1 { 65 } else { 30 }));
    assert_eq!(gaps(&disorder[72_000..]), (0, 0));
    let pause = tone(&|n| (!(300..500).contains(&n)).then_some(20));
    assert_eq!(tones::longest_gap(&pause[8000 * 10 + 3200..], HZ, 8000), 0);
}

#[test]
fn after_a_moment_wild_jitter_is_waited_out() {
    // Pseudo-random between 10 and 90 ms.
    let heard = over(|n| Some(10 + u64::from(n.wrapping_mul(2_654_435_761) >> 20) % 80));
    let (longest, missing) = gaps(&heard);
    assert!(longest <= 40 && missing <= 200, "{longest} ms, all in all {missing} ms");
    let late = &heard[80_000..];
    assert!(tones::over_noise(late, HZ, 8000) > 30.0, "{}", tones::over_noise(late, HZ, 8000));
}

#[test]
fn once_the_network_is_calm_again_the_wait_gets_short_again() {
    let held_up = |n: u32| if (100..115).contains(&n) { 300 - u64::from(n - 100) * 20 } else { 20 };
    let heard = over(|n| Some(held_up(n)));
    let (longest, missing) = gaps(&heard);
    assert!(longest <= 320 && missing <= 400, "{longest} {missing}");
    // The last packet that was sent before the end is heard at most so late.
    let mut ends = over(|n| (n < 900).then(|| held_up(n)));
    ends.truncate(ends.iter().rposition(|sample| sample.abs() > 2000).unwrap());
    let late = ends.len() / 8 - 900 * 20;
    assert!(late <= 220, "{late} ms");
}

#[test]
fn a_phone_that_pauses_is_heard_again_at_once() {
    let heard = over(|n| (!(300..500).contains(&n)).then_some(20));
    let second = &heard[8000 * 10 + 1600..];
    assert_eq!(tones::longest_gap(second, HZ, 8000), 0);
}

#[test]
fn packets_that_are_late_now_and_then_are_waited_for() {
    let heard = over(|n| Some(if n % 90 == 50 { 110 } else { 20 }));
    let clarity = tones::over_noise(&heard[80_000..], HZ, 8000);
    assert!(clarity > 30.0, "{clarity}");
}
