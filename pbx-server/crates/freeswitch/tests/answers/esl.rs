//! The event socket, against what a real one said.

use crate::node::{event, fixture};
use std::path::Path;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use voxera_freeswitch::esl::{
    ChannelNews, Command, Connection, EslError, Event, Frame, Frames, Login, News, PhoneNews, QueueNews, Word,
};

/// One exchange of a transcript: what we send, what comes back.
fn exchanges(transcript: &str) -> Vec<(String, String)> {
    let mut parts = transcript.split(">>> ");
    let mut found = vec![(String::new(), parts.next().unwrap().to_owned())];
    for part in parts {
        let (sent, came) = part.split_once('\n').unwrap();
        found.push((sent.to_owned(), came.trim_start_matches('\n').to_owned()));
    }
    found
}

fn first_frame(bytes: &str) -> Frame {
    let mut frames = Frames::default();
    frames.push(bytes.as_bytes());
    frames.take().unwrap().expect("a whole frame")
}

fn news(name: &str) -> News {
    let text = fixture(&format!("esl/{name}.event"));
    News::read(&Event::read(&first_frame(&text)).unwrap())
}

/// Plays the captured session to whoever connects, a byte at a time.
async fn play(transcript: &str) -> (std::net::SocketAddr, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let exchanges = exchanges(transcript);
    let playing = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut heard = Vec::new();
        let mut answer = exchanges[0].1.clone();
        loop {
            for byte in answer.as_bytes() {
                if stream.write_all(&[*byte]).await.is_err() {
                    return heard;
                }
            }
            let mut text = String::new();
            while !text.ends_with("\n\n") {
                let mut byte = [0];
                match stream.read(&mut byte).await {
                    Ok(1) => text.push(char::from(byte[0])),
                    _ => return heard,
                }
            }
            let text = text.trim_end().to_owned();
            // What we ask for is more than what was asked in the lab: the words before it are the same.
            let words: Vec<&str> = text.split(' ').take(2).collect();
            let found = exchanges.iter().skip(1).find(|(sent, _)| {
                *sent == text || (words[0] == "event" && sent.starts_with(&words.join(" ")))
            });
            answer = found.unwrap_or_else(|| panic!("nobody asked {text:?} in the lab")).1.clone();
            heard.push(text);
        }
    });
    (address, playing)
}

fn login(address: std::net::SocketAddr, password: &str) -> Login {
    Login::at(address, password.to_owned().into())
}

#[tokio::test]
async fn a_captured_session_is_spoken_byte_by_byte() {
    let (address, playing) = play(&fixture("esl/transcript_auth_and_api.txt")).await;
    let mut connection = Connection::open(&login(address, "lab-esl-pass")).await.unwrap();
    let status = connection.api(&Command::Status).await.unwrap();
    assert!(status.contains("2000 session(s) max\n") && status.ends_with("240K/8192K\n"), "{status}");
    drop(connection);
    let heard = playing.await.unwrap();
    assert_eq!(heard[0], "auth lab-esl-pass");
    assert!(heard[1].starts_with("event plain HEARTBEAT ") && heard[1].ends_with("callcenter::info"));
    assert_eq!(heard[2], "api status");
}

#[tokio::test]
async fn a_refused_password_is_told_apart_from_a_stranger_and_from_nobody() {
    let (address, playing) = play(&fixture("esl/transcript_auth_bad.txt")).await;
    assert!(matches!(Connection::open(&login(address, "nope")).await, Err(EslError::Password)));
    assert_eq!(playing.await.unwrap(), ["auth nope"]);
    for (greeting, expected) in [
        ("Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n", "address"),
        ("HTTP/1.1 400 Bad Request\r\n\r\nx\n\n", "event socket"),
        ("", "closed"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(greeting.as_bytes()).await.unwrap();
        });
        let said = Connection::open(&login(address, "x")).await.unwrap_err().to_string();
        serving.await.unwrap();
        assert!(said.contains(expected), "{said}");
    }
}

#[tokio::test]
async fn a_password_never_becomes_a_command() {
    // Nobody is reached: it is refused before anything is sent.
    let nowhere = "127.0.0.1:9".parse().unwrap();
    for password in ["", "x\n\napi system id", "x\r"] {
        assert!(matches!(Connection::open(&login(nowhere, password)).await, Err(EslError::Password)));
    }
}

#[test]
fn every_captured_event_is_whole_and_the_same_however_its_bytes_come() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/esl");
    let mut seen = 0;
    for file in std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        if file.extension().is_none_or(|ending| ending != "event") {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let whole = first_frame(&text);
        let mut frames = Frames::default();
        let mut by_bytes = None;
        for byte in text.as_bytes() {
            frames.push(&[*byte]);
            by_bytes = by_bytes.or(frames.take().unwrap());
        }
        assert_eq!(by_bytes.as_ref(), Some(&whole), "{}", file.display());
        let event = Event::read(&whole).unwrap();
        let name = file.file_stem().unwrap().to_str().unwrap();
        assert!(name.starts_with(event.name()), "{name}: {}", event.name());
        assert_eq!(event.name() == "CUSTOM", event.subclass().contains("::"), "{name}: {}", event.subclass());
        seen += 1;
    }
    assert!(seen >= 60, "{seen}");
}

#[test]
fn what_happens_to_legs_is_read() {
    let News::Channel(channel, ChannelNews::Answered { mark: None }) = news("CHANNEL_ANSWER_bleg") else {
        panic!("{:?}", news("CHANNEL_ANSWER_bleg"));
    };
    assert!(channel.outbound && channel.at.is_some());
    let News::Channel(channel, ChannelNews::Bridged { with }) = news("CHANNEL_BRIDGE_aleg") else {
        panic!("no bridge");
    };
    assert_eq!(channel.id.to_string(), "d90a3edd-36e3-41f0-bb9e-a31010563ef6");
    assert_eq!(with.unwrap().to_string(), "322a4cec-d905-45b7-b5af-a094896284f0");
    let News::Channel(_, ChannelNews::RecordingStopped { path, millis }) = news("RECORD_STOP_aleg") else {
        panic!("no recording");
    };
    assert!(path.contains("/t-11aa/d90a3edd-") && millis == 4500, "{path} {millis}");
    let News::Ended { ended, carried: None, .. } = news("CHANNEL_HANGUP_COMPLETE_aleg") else {
        panic!("not over");
    };
    assert_eq!((ended.cause.as_str(), ended.by_peer, ended.was_bridged), ("NORMAL_CLEARING", true, true));
    let talked = ended.ended_at.unwrap() - ended.answered_at.unwrap();
    assert_eq!(talked.num_milliseconds(), 4040);
    let News::Ended { ended, .. } = news("CHANNEL_HANGUP_COMPLETE_notfound") else { panic!("not over") };
    assert_eq!(
        (ended.cause.as_str(), ended.answered_at, ended.was_bridged),
        ("NO_ROUTE_DESTINATION", None, false)
    );
}

#[test]
fn what_happens_to_phones_and_queues_is_read() {
    let News::Phone(PhoneNews::Registered(here)) = news("CUSTOM_sofia_register") else { panic!("nobody") };
    assert_eq!((here.realm.as_str(), here.for_.num_seconds()), ("acme.test", 600));
    let News::Phone(PhoneNews::Gone { expired: true, call, .. }) = news("CUSTOM_sofia_expire") else {
        panic!("nobody left");
    };
    assert_eq!(call.as_deref(), Some("1-23531@127.0.0.1"));
    assert!(matches!(news("CUSTOM_sofia_unregister"), News::Phone(PhoneNews::Gone { expired: false, .. })));
    // Somebody who has not proved himself is no news.
    for attempt in ["register_attempt", "register_failure", "pre_register"] {
        assert_eq!(news(&format!("CUSTOM_sofia_{attempt}")), News::Other);
    }
    let caller = "ba72d13a-95dd-4fda-87f9-30472992564b".parse().unwrap();
    let queue = "support@acme.test".to_owned();
    let agent = "b7a9d3f4-2c11-4e0b-8f6d-5e21c90a7b31@acme.test".to_owned();
    for (name, expected) in [
        ("member-queue-start", QueueNews::Joined { queue: queue.clone(), caller }),
        ("agent-offering", QueueNews::Offered { queue: queue.clone(), caller, agent: agent.clone() }),
        (
            "bridge-agent-start",
            QueueNews::Answered {
                queue: queue.clone(),
                caller,
                agent: agent.clone(),
                leg: "068659d4-15f5-40d4-bb58-00f5cef81d02".parse().ok(),
            },
        ),
        ("bridge-agent-end", QueueNews::Finished { queue: queue.clone(), caller, agent: agent.clone() }),
        (
            "member-queue-end",
            QueueNews::Left { queue: queue.clone(), caller, cause: "Terminated".into(), reason: None },
        ),
        ("members-count", QueueNews::Waiting { queue, callers: 1 }),
        ("agent-state-change", QueueNews::Agent { agent, state: Some("Receiving".into()), status: None }),
    ] {
        assert_eq!(news(&format!("CUSTOM_callcenter_{name}")), News::Queue(expected), "{name}");
    }
    let News::Queue(QueueNews::Left { cause, reason, .. }) =
        news("CUSTOM_callcenter_member-queue-end_cancel")
    else {
        panic!("nobody left");
    };
    assert_eq!((cause.as_str(), reason.as_deref()), ("Cancel", Some("BREAK_OUT")));
}

#[test]
fn what_a_node_says_of_itself_and_of_jobs_is_read() {
    let News::Heartbeat(load) = news("HEARTBEAT") else { panic!("no heartbeat") };
    assert_eq!((load.calls, load.most_calls, load.idle_percent), (0, 2000, Some(40.0)));
    assert!(load.version.starts_with("1.11.1-release+git~"), "{}", load.version);
    let News::Job { id, answer } = news("BACKGROUND_JOB") else { panic!("no job") };
    assert_eq!(id.to_string(), "11111111-2222-3333-4444-555555555555");
    assert_eq!(answer, "+OK 7211e810-2f34-4b95-9a37-a1ab0c83876e");
    assert!(event("HEARTBEAT").starts_with("Event-Name: HEARTBEAT\n"));
    assert!(Word::parse("voxera").is_ok());
}
