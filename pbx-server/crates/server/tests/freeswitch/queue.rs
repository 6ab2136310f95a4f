//! A queue as a company makes one: its own music from an MP3, everybody rings, and it is recorded.

use super::kept::{sides, some};
use super::phones::{CALLEES_TONE, CALLERS_TONE, hear_each_other};
use super::stage::Stage;
use serde_json::{Value, json};
use std::process::Command;
use voxera_testkit::PATIENCE;
use voxera_testkit::node::LOOK;

/// What the uploaded music consists of; nothing else in the product has this pitch.
const MUSIC_TONE: u32 = 880;

/// Ten seconds of a tone, as people have their music.
fn mp3() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("music.mp3");
    let sine = format!("sine=frequency={MUSIC_TONE}:duration=10:sample_rate=44100");
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-loglevel", "error", "-f", "lavfi", "-i", &sine]).arg(&file);
    assert!(ffmpeg.status().unwrap().success());
    std::fs::read(file).unwrap()
}

/// Until so many members of the queue are like this in the portal.
async fn members(stage: &Stage, state: &str, wanted: usize) {
    let seen = async {
        loop {
            let queues = stage.admin.get(&stage.company.pbx("/queues")).await.ok();
            let all = queues["items"].as_array().unwrap();
            let queue = all.iter().find(|queue| queue["number"] == "2100").unwrap();
            let so = queue["members"].as_array().unwrap().iter().filter(|member| member["state"] == state);
            if so.count() == wanted {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, seen).await.is_ok(), "never {wanted} are {state}");
}

/// A queue of Bertil and Cecilia with this music, once calls reach it.
async fn queue(stage: &Stage, music: &Value) {
    let mut members = Vec::new();
    for number in ["1001", "1002"] {
        members.push(json!({ "extension": stage.extension(number).await, "tier": 1 }));
    }
    let settings =
        json!({ "kind": "queue", "strategy": "ring_all", "members": members, "music": music["id"] });
    let notice = json!({ "notice": { "kind": "speech", "text": "Samtalet spelas in." } });
    stage.admin.patch(&stage.company.pbx(""), &json!({ "features": { "recording": true } })).await.ok();
    let new = json!({ "number": "2100", "name": "Kundtjänst", "settings": settings, "recording": notice });
    stage.admin.post(&stage.company.pbx("/extensions"), &new).await.ok();
    stage.known(|number, _| number == "2100").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs FREESWITCH=/path/to/freeswitch"]
async fn a_new_queue_works_at_once_with_its_own_music_all_members_ringing_and_its_recording() {
    let stage = Stage::open().await;
    let mut events = stage.admin.events(&stage.company.path("/events")).await;
    let sound = stage.company.pbx("/audio?name=Jazz&purpose=music");
    let sound = stage.admin.upload(&sound, mp3(), "audio/mpeg").await.ok();
    events.until("audio", |changed| changed["audio"] == sound["id"]).await;
    queue(&stage, &sound).await;
    let (anna, bertil, cecilia) = tokio::join!(
        stage.phone("1000", CALLERS_TONE),
        stage.phone("1001", CALLEES_TONE),
        stage.phone("1002", CALLEES_TONE)
    );

    anna.dial("2100").await;
    tokio::join!(anna.established(), bertil.called(), cecilia.called());
    members(&stage, "ringing", 2).await;
    let heard = anna.hears(2_000).await;
    println!("music: {:.3} of all energy, {:.1} dBFS", heard.tone(MUSIC_TONE), heard.level());
    assert!(heard.tone(MUSIC_TONE) > 0.95 && heard.level() > -40.0, "{}", heard.tone(MUSIC_TONE));
    cecilia.answer().await;
    cecilia.established().await;
    // The other one stops ringing.
    bertil.closed().await;
    members(&stage, "talking", 1).await;
    members(&stage, "free", 1).await;
    hear_each_other(&anna, &cecilia).await;
    anna.hang_up().await;
    cecilia.closed().await;

    let recording = &some(&stage, "/recordings").await[0];
    assert_eq!(recording["owners"][0]["number"], "2100", "{recording}");
    let file = format!("/recordings/{}/audio", recording["id"].as_str().unwrap());
    let [left, right] = sides(&stage.admin.download(&stage.company.pbx(&file)).await);
    println!("recorded: {:.3} and {:.3}", left.tone(CALLERS_TONE), right.tone(CALLEES_TONE));
    assert!(left.tone(CALLERS_TONE) > 0.5 && right.tone(CALLEES_TONE) > 0.5);
    assert!(left.tone(CALLEES_TONE) < 0.01 && right.tone(CALLERS_TONE) < 0.01);
    let call = &stage.listed(1).await[0];
    println!("{:?}", stage.story(call).await);
    let who = (&call["to"]["number"], &call["to"]["extension"], &call["outcome"]);
    assert_eq!(who, (&json!("2100"), &json!("1002"), &json!("normal")), "{call}");
}
