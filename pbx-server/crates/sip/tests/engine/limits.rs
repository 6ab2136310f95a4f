//! What the engine carries at most, and what is left when all is over.

use crate::calls::{connect, pair, pair_with};
use crate::rig::{AKES, Rig, phone, reported};
use crate::ua::Ua;

#[tokio::test]
async fn nothing_is_left_after_calls_of_every_kind() {
    let mut pair = pair().await;
    for _ in 0..5 {
        let mut up = connect(&mut pair).await;
        pair.anna.inside(&mut up.anna, "BYE", "", "").await;
        assert_eq!(pair.anna.told().await.code(), 200);
        let bye = pair.bertil.asked("BYE").await;
        pair.bertil.ok(&bye).await;
        let talk = pair.anna.dial("1099").await;
        assert_eq!(pair.anna.refused(&talk).await, 404);
    }
    pair.anna.register(0).await;
    pair.bertil.register(0).await;
    pair.rig.quiet().await;
    // Answers are kept for repeats of their requests, and acknowledgements for repeats of answers.
    let mut look = tokio::time::interval(std::time::Duration::from_millis(50));
    let empty = async {
        while pair.rig.engine.stats().transactions > 0 {
            look.tick().await;
        }
    };
    assert!(
        tokio::time::timeout(crate::rig::PATIENCE, empty).await.is_ok(),
        "something is kept: {:?}",
        pair.rig.engine.stats()
    );
    let stats = pair.rig.engine.stats();
    assert_eq!((stats.calls, stats.dialogs, stats.registrations, stats.media_ports), (0, 0, 0, 0));
}

#[tokio::test]
async fn one_phone_has_so_many_calls_and_the_engine_too() {
    let mut pair = pair_with(|config| config.limits.calls_per_device = 1).await;
    connect(&mut pair).await;
    let talk = pair.anna.dial("1002").await;
    assert_eq!(pair.anna.refused(&talk).await, 503);
}

#[tokio::test]
async fn without_ports_for_sound_the_caller_is_told() {
    let mut pair = pair_with(|config| config.media_ports = 47_001..=47_001).await;
    let talk = pair.anna.dial("1001").await;
    assert_eq!(pair.anna.refused(&talk).await, 480);
    pair.rig.quiet().await;
}

#[tokio::test]
async fn a_flood_is_cut_and_reported_once() {
    let rig = Rig::with(|config| (config.limits.rate, config.limits.burst) = (1, 20)).await;
    let ua = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    for _ in 0..100 {
        let text = ua.request("OPTIONS", "sip:akes.pbx.localhost", "", "");
        ua.send(&text).await;
    }
    // The last is followed by something that waits for all before it.
    while reported("flood") == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(reported("flood"), 1);
}
