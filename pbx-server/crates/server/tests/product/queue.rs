//! A queue as a company makes one: its own music from an MP3, everybody rings, and the recording is
//! there when the call is over.

use super::phones::{CALLEES_TONE, CALLERS_TONE, hear_each_other, phone};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use voxera_model::Realm;
use voxera_testkit::PATIENCE;
use voxera_testkit::product::{ADMIN, Client, Company, Product, Setup};
use voxera_testkit::tone::Recording;

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

/// Uploads it and waits until the server has made of it what it can.
async fn uploaded(admin: &Client, company: &Company) -> Value {
    let mut events = admin.events(&company.path("/events")).await;
    let sound = admin.upload(&company.pbx("/audio?name=Jazz&purpose=music"), mp3(), "audio/mpeg").await.ok();
    let id = sound["id"].as_str().unwrap();
    events.until("audio", |changed| changed["audio"] == id).await;
    admin.get(&company.pbx(&format!("/audio/{id}"))).await.ok()
}

/// A queue of Bertil (1001) and Cecilia (1002) with this music, once calls reach it.
async fn queue(product: &Product, admin: &Client, company: &Company, music: &Value) {
    let mut members = Vec::new();
    for number in ["1001", "1002"] {
        let found = admin.get(&company.pbx(&format!("/extensions?search={number}"))).await.ok();
        members.push(json!({ "extension": found["items"][0]["id"], "tier": 1 }));
    }
    let settings =
        json!({ "kind": "queue", "strategy": "ring_all", "members": members, "music": music["id"] });
    let notice = json!({ "notice": { "kind": "speech", "text": "Samtalet spelas in." } });
    admin.patch(&company.pbx(""), &json!({ "features": { "recording": true } })).await.ok();
    let new = json!({ "number": "2100", "name": "Kundtjänst", "settings": settings, "recording": notice });
    admin.post(&company.pbx("/extensions"), &new).await.ok();
    let directory = product.server().control().directory();
    let realm = Realm::parse(&product.phone("1000").realm).unwrap();
    let known = || {
        let pbx = directory.pbx(&realm);
        pbx.is_some_and(|pbx| pbx.snapshot.extensions.keys().any(|number| number.as_str() == "2100"))
    };
    directory.changes().wait_for(|_| known()).await.unwrap();
}

/// The channels of a stereo file.
fn sides(file: &[u8]) -> [Recording; 2] {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("both.wav");
    std::fs::write(&path, file).unwrap();
    assert_eq!(file[22..24], [2, 0], "two channels");
    let both = voxera_audio::read(Path::new(&path)).unwrap();
    [0, 1].map(|side| Recording {
        rate: both.rate,
        samples: both.samples.iter().skip(side).step_by(2).copied().collect(),
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_hear_the_uploaded_mp3_while_all_members_ring_and_the_recording_is_there_at_once() {
    let product = Product::start().await;
    let admin = product.api(ADMIN).await;
    let company = product.company(&admin).await;
    let music = uploaded(&admin, &company).await;
    assert_eq!(music["state"], "ready", "{music}");
    queue(&product, &admin, &company, &music).await;
    let (anna, bertil, cecilia) = tokio::join!(
        phone(&product, "1000", CALLERS_TONE),
        phone(&product, "1001", CALLEES_TONE),
        phone(&product, "1002", CALLEES_TONE)
    );
    let mut events = admin.events(&company.path("/events")).await;

    anna.dial("2100").await;
    tokio::join!(anna.established(), bertil.called(), cecilia.called());
    let heard = anna.hears(2_000).await;
    println!("music: {:.3} of all energy, {:.1} dBFS", heard.tone(MUSIC_TONE), heard.level());
    assert!(heard.tone(MUSIC_TONE) > 0.95 && heard.level() > -40.0, "{}", heard.tone(MUSIC_TONE));

    cecilia.answer().await;
    cecilia.established().await;
    // The other one stops ringing.
    bertil.closed().await;
    hear_each_other(&anna, &cecilia).await;
    anna.hang_up().await;
    cecilia.closed().await;
    let over = events.until("call", |call| call["state"] == "ended").await;

    // As fast as the portal can ask.
    let recorded = async {
        loop {
            let list = admin.get(&company.pbx("/recordings")).await.ok();
            if let Some(found) = list["items"].as_array().unwrap().iter().find(|r| r["call"] == over["id"]) {
                return found.clone();
            }
        }
    };
    let recording = tokio::time::timeout(PATIENCE, recorded).await.unwrap();
    assert_eq!(recording["owners"][0]["number"], "2100", "{recording}");
    let file = format!("/recordings/{}/audio", recording["id"].as_str().unwrap());
    let [left, right] = sides(&admin.download(&company.pbx(&file)).await);
    println!("recorded: {:.3} and {:.3}", left.tone(CALLERS_TONE), right.tone(CALLEES_TONE));
    assert!(left.tone(CALLERS_TONE) > 0.95 && right.tone(CALLEES_TONE) > 0.95);
    assert!(left.milliseconds() >= 2_000 && left.longest_gap() <= 60, "{} ms", left.longest_gap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_conversion_fails_callers_hear_other_music_and_the_portal_names_the_cure() {
    let product = Setup::default().with("media.ffmpeg", "/nowhere/ffmpeg").start().await;
    let admin = product.api(ADMIN).await;
    let company = product.company(&admin).await;
    let music = uploaded(&admin, &company).await;
    assert_eq!(music["state"], "failed", "{music}");
    assert!(music["error"].as_str().unwrap().contains("ffmpeg"), "{music}");
    queue(&product, &admin, &company, &music).await;
    let (anna, bertil) =
        tokio::join!(phone(&product, "1000", CALLERS_TONE), phone(&product, "1001", CALLEES_TONE));

    anna.dial("2100").await;
    tokio::join!(anna.established(), bertil.called());
    let heard = anna.hears(2_000).await;
    println!("{:.1} dBFS, longest gap {} ms", heard.level(), heard.longest_gap());
    assert!(heard.level() > -45.0 && heard.longest_gap() < 500, "{} dBFS", heard.level());
    assert!(heard.tone(MUSIC_TONE) < 0.5);
    bertil.answer().await;
    bertil.established().await;
    hear_each_other(&anna, &bertil).await;
    bertil.hang_up().await;
    anna.closed().await;
}
