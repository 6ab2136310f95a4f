//! Uploaded sounds, messages and recordings, as people hear and remove them.

use crate::common::sounds::place;
use crate::common::{Reply, World};
use axum::body::Body;
use serde_json::{Value, json};

/// A second of a tone, as a WAV file.
fn tone() -> Vec<u8> {
    let mut wav = crate::permissions::sound();
    let samples: Vec<u8> = (0..8000_i32)
        .flat_map(|at| {
            let wave = f64::from(at) * 440.0 / 8000.0 * std::f64::consts::TAU;
            #[expect(clippy::cast_possible_truncation, reason = "a wave of 8000 at most")]
            ((wave.sin() * 8000.0) as i16).to_le_bytes()
        })
        .collect();
    let size = u32::try_from(samples.len()).unwrap();
    wav[4..8].copy_from_slice(&(size + 36).to_le_bytes());
    wav[40..44].copy_from_slice(&size.to_le_bytes());
    wav.extend(samples);
    wav
}

#[tokio::test]
async fn a_sound_is_uploaded_converted_heard_and_kept_while_it_is_used() {
    let world = World::new().await;
    let (akes, admin) = (world.akes(), world.admin(world.akes()).await);
    let events = admin.open("GET", &akes.at("/events"), (Body::empty(), None)).await;
    let mut events = events.into_body().into_data_stream();
    let upload = async |name: &str, bytes: Vec<u8>, kind: &str| -> Reply {
        admin.send("POST", &akes.pbx(&format!("/audio?name={name}")), (Body::from(bytes), Some(kind))).await
    };
    let made = upload("Paus%20%C3%A4r%20det", tone(), "audio/wav").await.expect(202);
    assert_eq!((&made["state"], &made["name"]), (&json!("converting"), &json!("Paus är det")));
    // The event says when to look again.
    loop {
        use futures::StreamExt as _;
        let chunk = events.next().await.unwrap().unwrap();
        let text = String::from_utf8_lossy(&chunk).into_owned();
        if text.starts_with("event: audio\n") {
            assert!(text.contains(made["id"].as_str().unwrap()), "{text}");
            break;
        }
    }
    let sound = akes.pbx(&format!("/audio/{}", made["id"].as_str().unwrap()));
    let ready = admin.get(&sound).await.expect(200);
    assert_eq!(ready["state"], "ready", "{ready}");
    assert!(
        (ready["seconds"].as_f64().unwrap() - 1.0).abs() < 0.1
            && !ready["peaks"].as_array().unwrap().is_empty()
    );
    let heard = admin.open("GET", &format!("{sound}/content"), (Body::empty(), None)).await;
    assert_eq!(heard.headers()["content-type"], "audio/wav");
    let heard = axum::body::to_bytes(heard.into_body(), usize::MAX).await.unwrap();
    assert!(heard.starts_with(b"RIFF") && heard.len() > 30_000, "{}", heard.len());
    upload("paus%20%C3%A4r%20det", tone(), "audio/wav").await.refused(409, "audio_name_taken");

    // Played by the PBX it stays.
    admin.patch(&akes.pbx(""), json!({ "music": ready["id"] })).await.expect(200);
    let refused = admin.delete(&sound).await.refused(409, "audio_in_use");
    assert!(refused["detail"].as_str().unwrap().contains("music on hold"), "{refused}");
    assert_eq!(admin.get(&sound).await.expect(200)["used_by"][0]["kind"], "music");
    admin.patch(&akes.pbx(""), json!({ "music": null })).await.expect(200);
    admin.delete(&sound).await.expect(204);
    admin.get(&format!("{sound}/content")).await.refused(404, "not_found");

    for other in [b"<svg onload=alert(1)></svg>".to_vec(), Vec::new(), b"RIFF".to_vec()] {
        assert_eq!(
            upload("Annat", other, "audio/wav").await.fields(422),
            [(String::new(), "not_sound".into())]
        );
    }
    let mut large = tone();
    large.resize(20 * 1024 * 1024 + 1, 0);
    upload("Stort", large, "audio/wav").await.refused(413, "too_large");
    assert_eq!(upload("", tone(), "audio/wav").await.fields(400)[0].0, "?name");
    assert!(
        std::fs::read_dir(world.library.incoming().unwrap()).unwrap().next().is_none(),
        "nothing is left"
    );
}

#[tokio::test]
async fn a_conversion_that_failed_says_the_cure_and_is_tried_again() {
    let world = World::new().await;
    let (akes, admin) = (world.akes(), world.admin(world.akes()).await);
    let failed = world.sound(akes, "Trasigt", false).await;
    let sound = akes.pbx(&format!("/audio/{failed}"));
    let shown = admin.with("accept-language", "sv").get(&sound).await.expect(200);
    assert_eq!(shown["state"], "failed");
    assert!(shown["error"].as_str().unwrap().contains("ffmpeg"), "{shown}");
    admin.get(&format!("{sound}/content")).await.refused(409, "not_ready");
    assert_eq!(admin.act(&format!("{sound}/retry")).await.expect(202)["state"], "converting");
    admin.act(&akes.pbx(&format!("/audio/{}/retry", akes.audio))).await.refused(409, "not_failed");
}

#[tokio::test]
async fn a_message_is_heard_in_parts_marked_and_removed() {
    let world = World::new().await;
    let akes = world.akes();
    let (admin, user) = (world.admin(akes).await, world.sign_in(&akes.login("user")).await);
    let second = world.message(akes, 30).await;
    let mine = user.get("/api/v1/me/messages").await.items();
    assert_eq!(mine.len(), 2);
    assert_eq!((&mine[0]["heard"], &mine[0]["mailbox"]["number"]), (&json!(false), &json!("1000")));
    assert_eq!(mine[0]["from"]["number"], "070-123 45 67");

    let audio = format!("/api/v1/me/messages/{}/audio", akes.message);
    let whole = user.get(&audio).await;
    assert_eq!((whole.status.as_u16(), whole.header("accept-ranges")), (200, "bytes"));
    assert_eq!(whole.header("content-length"), "1644");
    assert!(whole.header("content-disposition").contains("message-1000-"));
    let part = user.with("range", "bytes=0-3").get(&audio).await;
    assert_eq!((part.status.as_u16(), part.text.as_str()), (206, "RIFF"));
    assert_eq!(part.header("content-range"), "bytes 0-3/1644");
    let beyond = user.with("range", "bytes=5000-").get(&audio).await;
    assert_eq!(beyond.header("content-range"), "bytes */1644");
    beyond.refused(416, "range_not_satisfiable");

    let one = format!("/api/v1/me/messages/{}", akes.message);
    assert_eq!(user.patch(&one, json!({ "heard": true })).await.expect(200)["heard"], true);
    assert_eq!(user.get("/api/v1/me/messages?heard=false").await.items().len(), 1);
    user.delete(&one).await.expect(204);
    user.get(&audio).await.refused(404, "not_found");
    let file = world.library.message_path(&place(akes), akes.message.parse().unwrap());
    assert!(!file.exists(), "its file is gone");
    // Another's messages are not found, and an administrator who listens is written down.
    let other = world.sign_in(&world.bolaget().login("user")).await;
    other.get(&format!("/api/v1/me/messages/{second}/audio")).await.refused(404, "not_found");
    assert_eq!(admin.get(&akes.pbx(&format!("/messages/{second}/audio"))).await.status, 200);
    let log = admin.get(&akes.at("/audit?search=message.listen")).await.items();
    assert_eq!((log.len(), &log[0]["resource_id"]), (1, &json!(second)));
    assert!(!log[0].to_string().contains("070"), "no number is in the log");
}

#[tokio::test]
async fn a_recording_is_found_heard_and_every_listening_written_down() {
    let world = World::new().await;
    let akes = world.akes();
    let (admin, manager) = (world.admin(akes).await, world.sign_in(&akes.login("manager")).await);
    world.recording(akes, 90).await;
    let all = manager.get(&akes.pbx("/recordings")).await.items();
    assert_eq!(all.len(), 2);
    assert_eq!((&all[0]["id"], &all[0]["call"]), (&json!(akes.recording), &json!(akes.call)));
    assert_eq!(all[0]["owners"][0]["number"], "1000");
    let none = format!("/recordings?extension={}", akes.second_extension);
    assert!(manager.get(&akes.pbx(&none)).await.items().is_empty());
    let audio = akes.pbx(&format!("/recordings/{}/audio", akes.recording));
    assert_eq!(manager.get(&audio).await.header("content-type"), "audio/wav");
    // Jumping about in it is the same listening.
    assert_eq!(manager.with("range", "bytes=1000-").get(&audio).await.status, 206);
    let log = admin.get(&akes.at("/audit?search=recording.listen")).await.items();
    assert_eq!((log.len(), &log[0]["actor_label"]), (1, &json!(akes.login("manager"))));
    let user = world.sign_in(&akes.login("user")).await;
    assert_eq!(user.get("/api/v1/me/recordings").await.items().len(), 2);
    assert_eq!(user.get(&format!("/api/v1/me/recordings/{}/audio", akes.recording)).await.status, 200);
    let one = akes.pbx(&format!("/recordings/{}", akes.recording));
    manager.delete(&one).await.refused(403, "forbidden");
    admin.delete(&one).await.expect(204);
    assert!(!world.library.recording_path(&place(akes), akes.recording.parse().unwrap()).exists());
    manager.get(&audio).await.refused(404, "not_found");
    let _: Value = admin.get(&akes.pbx("/recordings")).await.expect(200);
}
