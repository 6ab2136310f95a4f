//! What is kept of what people say: messages and recordings.

use super::phones::{CALLEES_TONE, CALLERS_TONE, connect, hear_each_other};
use super::stage::Stage;
use serde_json::{Value, json};
use voxera_testkit::PATIENCE;
use voxera_testkit::node::LOOK;
use voxera_testkit::phone::Phone;
use voxera_testkit::tone::Recording;

/// Share of the tone in what is kept: packets that a busy machine delivers late bend it a little.
const PURE: f64 = 0.8;

/// The items of a list in the portal, once there are any.
pub async fn some(stage: &Stage, list: &str) -> Vec<Value> {
    let found = async {
        loop {
            let items = stage.admin.get(&stage.company.pbx(list)).await.ok()["items"].clone();
            let items = items.as_array().unwrap().clone();
            if !items.is_empty() {
                return items;
            }
        }
    };
    let found = tokio::time::timeout(PATIENCE, found).await;
    found.unwrap_or_else(|_| panic!("{list} stays empty\n{}", stage.node.log()))
}

/// Until a phone was told that so many messages wait, new and old: in its protocol of what it is sent.
async fn lamp(phone: &Phone, wanted: &str) {
    let told = async {
        while !phone.log().contains(&format!("Voice-Message: {wanted} (0/0)")) {
            tokio::time::sleep(LOOK).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, told).await.is_ok(), "no lamp says {wanted}");
}

/// A sound of one channel.
pub fn sound(file: &[u8]) -> Recording {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sound.wav");
    std::fs::write(&path, file).unwrap();
    Recording::read(&path).unwrap()
}

/// The channels of a recording, left first.
pub fn sides(file: &[u8]) -> [Recording; 2] {
    assert_eq!(file[22..24], [2, 0], "two channels");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("both.wav");
    std::fs::write(&path, file).unwrap();
    let both = voxera_audio::read(&path).unwrap();
    [0, 1].map(|side| Recording {
        rate: both.rate,
        samples: both.samples.iter().skip(side).step_by(2).copied().collect(),
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn a_message_is_left_is_in_the_portal_and_is_heard_by_its_owner() {
    let stage = Stage::open().await;
    let bertil = stage.phone("1001", CALLERS_TONE).await;
    // Nobody is at 1000: the mailbox answers.
    let mut events = stage.admin.events(&stage.company.path("/events")).await;
    bertil.dial("2000").await;
    bertil.established().await;
    stage.menu_asks(&mut events).await;
    bertil.hears(1_000).await;
    bertil.command("sndcode", Some("3")).await;
    // The greeting, the beep, and then what Bertil says.
    bertil.hears(15_000).await;
    bertil.hang_up().await;
    let over = events.until("call", |call| call["state"] == "ended").await;
    assert_eq!(over["outcome"], "voicemail", "{over}");
    let message = &some(&stage, "/messages").await[0];
    assert_eq!((&message["from"]["extension"], &message["heard"]), (&json!("1001"), &json!(false)));
    let file = format!("/messages/{}/audio", message["id"].as_str().unwrap());
    let kept = sound(&stage.admin.download(&stage.company.pbx(&file)).await);
    println!("message: {} ms, {:.3} of it the tone", kept.milliseconds(), kept.tone(CALLERS_TONE));
    assert!(kept.milliseconds() >= 1_000 && kept.tone(CALLERS_TONE) > PURE, "{}", kept.tone(CALLERS_TONE));

    let owner = stage.phone("1000", 0).await;
    lamp(&owner, "1/0").await;
    owner.dial("*97").await;
    owner.established().await;
    let heard = async {
        loop {
            let list = stage.admin.get(&stage.company.pbx("/messages")).await.ok();
            if list["items"][0]["heard"] == true {
                return;
            }
        }
    };
    assert!(tokio::time::timeout(PATIENCE, heard).await.is_ok(), "{}", stage.node.log());
    let heard = owner.heard().unwrap();
    let lasted = heard.samples.chunks_exact(800).filter(|piece| {
        let piece = Recording { rate: heard.rate, samples: piece.to_vec() };
        piece.tone(CALLERS_TONE) > 0.9 && piece.level() > -40.0
    });
    let lasted = lasted.count() * 100;
    println!("the owner hears {lasted} ms of it");
    assert!(lasted >= 900, "{lasted} ms");
    lamp(&owner, "0/1").await;
    owner.hang_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn a_recorded_call_has_each_side_on_its_own_channel_and_says_whose_it_is() {
    let stage = Stage::open().await;
    let features = json!({ "features": { "recording": true } });
    stage.admin.patch(&stage.company.pbx(""), &features).await.ok();
    let notice = json!({ "recording": { "notice": { "kind": "speech", "text": "Samtalet spelas in." } } });
    stage.change("1001", &notice, |of| of.recording.is_some()).await;
    let (anna, bertil) = stage.two("1000", "1001").await;
    anna.dial("1001").await;
    bertil.called().await;
    bertil.answer().await;
    tokio::join!(anna.established(), bertil.established());
    hear_each_other(&anna, &bertil).await;
    anna.hang_up().await;
    bertil.closed().await;

    let recording = &some(&stage, "/recordings").await[0];
    assert_eq!(recording["owners"][0]["number"], "1001", "{recording}");
    assert_eq!(recording["from"]["extension"], "1000", "{recording}");
    assert_eq!(recording["call"], stage.listed(1).await[0]["id"]);
    let file = format!("/recordings/{}/audio", recording["id"].as_str().unwrap());
    let [left, right] = sides(&stage.admin.download(&stage.company.pbx(&file)).await);
    println!("recorded: {:.3} and {:.3}", left.tone(CALLERS_TONE), right.tone(CALLEES_TONE));
    assert!(left.tone(CALLERS_TONE) > PURE && right.tone(CALLEES_TONE) > PURE);
    assert!(left.tone(CALLEES_TONE) < 0.01 && right.tone(CALLERS_TONE) < 0.01);
    assert!(left.milliseconds() >= 2_000, "{} ms", left.milliseconds());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn a_call_that_nobody_asked_to_record_leaves_no_file() {
    let stage = Stage::open().await;
    let (anna, bertil) = stage.two("1000", "1001").await;
    connect(&anna, &bertil, "1001").await;
    hear_each_other(&anna, &bertil).await;
    anna.hang_up().await;
    bertil.closed().await;
    stage.listed(1).await;
    assert_eq!(stage.admin.get(&stage.company.pbx("/recordings")).await.ok()["total"], 0);
}
