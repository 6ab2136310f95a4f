//! Real phones of the demo's people, and what they hear of each other, through whichever engine.

use crate::QUALITY;
use serde_json::Value;
use voxera_testkit::PATIENCE;
use voxera_testkit::phone::{Phone, PhoneConfig};
use voxera_testkit::product::{Client, Company, Product};
use voxera_testkit::tone::Recording;

/// How long each side is listened to, in milliseconds.
const LISTEN: u32 = 2_000;
/// No whole number of periods in a packet of 20 ms, so that a lost one shows.
pub const CALLERS_TONE: u32 = 440;
pub const CALLEES_TONE: u32 = 620;

/// What an engine does to a tone.
pub struct Quality {
    /// Share of the tone in all that is heard, at least.
    pub pure: f64,
    /// Of silence, in milliseconds, at most.
    pub longest_gap: u64,
}

/// The phone of an extension of the demo, registered, playing a tone.
pub async fn phone(product: &Product, extension: &str, tone: u32) -> Phone {
    let known = product.phone(extension);
    let config = PhoneConfig::of(product.sip_addr(), &known.realm, &known.username, &known.password);
    let phone = Phone::start(config.playing(tone)).await;
    phone.registered().await;
    phone
}

/// A caller's and a callee's phone.
pub async fn two(product: &Product, caller: &str, callee: &str) -> (Phone, Phone) {
    tokio::join!(phone(product, caller, CALLERS_TONE), phone(product, callee, CALLEES_TONE))
}

/// One calls, the other answers.
pub async fn connect(caller: &Phone, callee: &Phone, dialled: &str) {
    caller.dial(dialled).await;
    tokio::join!(callee.called(), caller.ringing());
    callee.answer().await;
    tokio::join!(caller.established(), callee.established());
}

/// Each hears the other's tone, nearly nothing else, and no hole.
pub async fn hear_each_other(caller: &Phone, callee: &Phone) {
    let (at_caller, at_callee) = tokio::join!(Box::pin(caller.hears(LISTEN)), Box::pin(callee.hears(LISTEN)));
    hears("the caller", &at_caller, CALLEES_TONE, CALLERS_TONE);
    hears("the callee", &at_callee, CALLERS_TONE, CALLEES_TONE);
}

/// The calls in the portal's list, the oldest first, once there are so many: a record comes there
/// over the disk, a moment after the call's end.
pub async fn listed(admin: &Client, company: &Company, wanted: usize) -> Vec<Value> {
    let listed = async {
        loop {
            let list = admin.get(&company.pbx("/calls?sort=started_at")).await.ok();
            let items = list["items"].as_array().unwrap().clone();
            if items.len() >= wanted {
                return items;
            }
        }
    };
    let calls = tokio::time::timeout(PATIENCE, listed).await.unwrap();
    assert_eq!(calls.len(), wanted, "{calls:?}");
    calls
}

fn hears(who: &str, heard: &Recording, hz: u32, not: u32) {
    let heard = heard.sound();
    let (tone, level, gap) = (heard.tone(hz), heard.level(), heard.longest_gap());
    println!(
        "{who} hears {hz} Hz: {tone:.4} of all energy, {level:.1} dBFS, longest gap {gap} ms, {} breaks",
        heard.breaks(hz)
    );
    assert_eq!(heard.loudest(), Some(hz), "{who}");
    assert!(tone > QUALITY.pure, "{who}: {tone}");
    assert!(heard.tone(not) < 0.01, "{who} hears itself: {}", heard.tone(not));
    // As sent: half of what 16 bits hold, a sine.
    assert!((level + 9.0).abs() < 1.0, "{who}: {level} dBFS");
    assert!(gap <= QUALITY.longest_gap, "{who}: {gap} ms of silence");
}
