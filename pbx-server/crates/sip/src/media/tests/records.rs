//! Recordings of bridges and messages.

use super::super::{Codec, MediaEvent};
use super::page::Page;
use super::phone::{CALL, Phone, metronome, rig, talk};
use super::tones;
use std::path::Path;
use std::time::Duration;

/// The channels of a WAV file of 8 kHz.
fn channels(path: &Path, count: usize) -> Vec<Vec<i16>> {
    let bytes = std::fs::read(path).unwrap();
    assert_eq!(usize::from(bytes[22]), count);
    assert_eq!(bytes[24..28], 8000_u32.to_le_bytes());
    let samples: Vec<i16> = bytes[44..].as_chunks().0.iter().map(|b| i16::from_le_bytes(*b)).collect();
    (0..count).map(|at| samples.iter().skip(at).step_by(count).copied().collect()).collect()
}

#[tokio::test]
async fn a_recorded_call_has_each_side_on_its_channel_without_gaps() {
    let rig = rig(47_570..=47_579);
    let folder = tempfile::tempdir().unwrap();
    let mut beat = metronome(&rig);
    for (two, name) in [(Codec::G722, "mixed.wav"), (Codec::Pcma, "passed.wav")] {
        let path = folder.path().join(name);
        let mut a = Phone::new(&rig, Codec::Pcma, 440.0);
        let mut b = Phone::new(&rig, two, 1000.0);
        let bridge = rig.media.bridge(&a.endpoint, &b.endpoint);
        bridge.record(&path, b.endpoint.id()).unwrap();
        assert!(bridge.record(&path, b.endpoint.id()).is_err(), "the file is there");
        // A little ahead, so that a busy machine does not make holes that are the phones' own.
        for _ in 0..5 {
            a.say();
            b.say();
        }
        beat.drain();
        for _ in 0..150 {
            talk(&mut [&mut a, &mut b], 1);
            beat.hear();
        }
        let taken = bridge.stop_recording().await.unwrap();
        assert_eq!(taken.path, path);
        assert!((2940..=3400).contains(&taken.millis), "{}", taken.millis);
        let sides = channels(&path, 2);
        for (side, own, other) in [(&sides[0], 1000.0, 440.0), (&sides[1], 440.0, 1000.0)] {
            let spoken = &side[1600..];
            assert!(tones::typical(spoken, own, 8000) > 7600.0);
            assert!(tones::typical(spoken, other, 8000) < 50.0);
            assert!(tones::longest_gap(&spoken[..spoken.len() - 1600], own, 8000) <= 60);
        }
        assert!(bridge.stop_recording().await.is_none());
        a.assert_unbroken();
        b.assert_unbroken();
    }
}

#[tokio::test]
async fn a_recorded_call_of_browsers_has_each_side_and_they_notice_nothing() {
    let rig = rig(47_860..=47_869);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("call.wav");
    let mut beat = metronome(&rig);
    let (mut a, mut b) = (Page::calling(&rig, 440.0), Page::called(&rig, 1000.0));
    let bridge = rig.media.bridge(&a.endpoint, &b.endpoint);
    bridge.record(&path, a.endpoint.id()).unwrap();
    for _ in 0..5 {
        a.say();
        b.say();
    }
    beat.drain();
    for _ in 0..95 {
        a.say();
        b.say();
        beat.hear();
    }
    bridge.stop_recording().await.unwrap();
    let sides = channels(&path, 2);
    for (side, own, other) in [(&sides[0], 440.0, 1000.0), (&sides[1], 1000.0, 440.0)] {
        let spoken = &side[3200..];
        let (own, other) = (tones::typical(spoken, own, 8000), tones::typical(spoken, other, 8000));
        assert!((7200.0..8800.0).contains(&own) && other < 100.0, "{own} {other}");
    }
    for page in [&mut a, &mut b] {
        page.drain_packets();
        assert_eq!(page.packets.len(), 100, "as they were sent");
    }
}

#[tokio::test]
async fn a_message_ends_after_five_seconds_of_silence() {
    let mut rig = rig(47_580..=47_589);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("message.wav");
    let mut phone = Phone::new(&rig, Codec::Pcma, 440.0);
    phone.endpoint.record(&path, Duration::from_mins(1)).unwrap();
    talk(&mut [&mut phone], 50);
    // Then it says nothing, and no packets come at all.
    (0..240).for_each(|_| phone.hear());
    assert!(rig.events.try_recv().is_err(), "not yet");
    (0..30).for_each(|_| phone.hear());
    assert_eq!(rig.events.recv().await, Some(MediaEvent::Recorded(CALL, phone.endpoint.id())));
    let taken = phone.endpoint.stop_recording().await.unwrap();
    assert!((5900..=6300).contains(&taken.millis), "{}", taken.millis);
    let heard = &channels(&path, 1)[0];
    assert!(tones::typical(&heard[800..6400], 440.0, 8000) > 7600.0);
    assert!(phone.endpoint.stop_recording().await.is_none());
    phone.assert_unbroken();
}

#[tokio::test]
async fn a_message_ends_at_its_longest_and_one_who_hangs_up_ends_it_before() {
    let mut rig = rig(47_590..=47_599);
    let folder = tempfile::tempdir().unwrap();
    let mut phone = Phone::new(&rig, Codec::G722, 440.0);
    phone.endpoint.record(&folder.path().join("1.wav"), Duration::from_millis(600)).unwrap();
    talk(&mut [&mut phone], 40);
    assert_eq!(rig.events.recv().await, Some(MediaEvent::Recorded(CALL, phone.endpoint.id())));
    assert_eq!(phone.endpoint.stop_recording().await.unwrap().millis, 600);
    phone.endpoint.record(&folder.path().join("2.wav"), Duration::from_mins(1)).unwrap();
    talk(&mut [&mut phone], 20);
    let taken = phone.endpoint.stop_recording().await.unwrap();
    assert!((300..=500).contains(&taken.millis), "{}", taken.millis);
    assert!(rig.events.try_recv().is_err());
}

#[tokio::test]
async fn a_recording_that_the_disk_does_not_take_ends_and_the_call_goes_on() {
    let mut rig = rig(47_600..=47_609);
    let mut a = Phone::new(&rig, Codec::Pcma, 440.0);
    let mut b = Phone::new(&rig, Codec::Pcma, 1000.0);
    let bridge = rig.media.bridge(&a.endpoint, &b.endpoint);
    let left = a.endpoint.id();
    assert!(bridge.record(Path::new("/dev/full/call.wav"), left).is_err());
    let folder = tempfile::tempdir().unwrap();
    bridge.record(&folder.path().join("call.wav"), left).unwrap();
    rig.media.shared().writer.hold_up();
    talk(&mut [&mut a, &mut b], 60);
    let told = rig.events.recv().await;
    assert!(
        matches!(told, Some(MediaEvent::RecordingFailed(CALL, id, why)) if id == left && !why.is_empty())
    );
    for _ in 0..30 {
        b.say();
        a.hear();
    }
    a.assert_unbroken();
    assert!(bridge.stop_recording().await.is_some(), "what was taken before");
    assert!(a.amplitude(1000.0) > 7000.0);
}
