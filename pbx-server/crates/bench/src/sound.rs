//! What sound costs that is more than passing packets on, beside a bare forwarder of as many packets:
//! people who wait with music, calls between different codecs, recorded calls, a conference.

use crate::Outcome;
use crate::process::Measured;
use crate::relay::{G722, Line, PCMA, Talk};
use crate::series::{Series, alone, heading, line};
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::sleep;
use uuid::Uuid;
use voxera_audio::Pcm;
use voxera_model::CallId;
use voxera_sip::media::{Codec, Endpoint, Expect, Format, Media, Ports};

const ROUNDS: usize = 5;
const SECONDS: u64 = 4;
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// What is done, for how many pairs of phones, and what one of it is called.
const KINDS: [(&str, u32, &str); 4] = [
    ("music", 50, "100 people wait with music, two of them"),
    ("translated", 50, "50 calls between G.711 and G.722, one of them"),
    ("recorded", 50, "50 recorded G.711 calls, one of them"),
    ("room", 10, "a conference of 20, two of them"),
];

pub async fn run() -> Outcome<()> {
    for (kind, pairs, what) in KINDS {
        heading(what);
        let right_codec = if kind == "translated" { G722 } else { PCMA };
        let ours = Measured::role(&["as-media", kind, &pairs.to_string()]).await?;
        let talk = Talk::start(lines(&ours, pairs, right_codec).await?).await?;
        let forwarder = Measured::role(&["as-forwarder"]).await?;
        let _bare_talk = Talk::start(lines(&forwarder, pairs, PCMA).await?).await?;
        sleep(Duration::from_secs(1)).await;
        let (mut cost, mut baseline, mut arrived) = (Series::default(), Series::default(), Series::default());
        let share =
            |cpu: f64| cpu / f64::from(u32::try_from(SECONDS).unwrap_or(1)) / f64::from(pairs) * 100.0;
        for _ in 0..ROUNDS {
            let (before, bare_before) = (ours.cpu()?, forwarder.cpu()?);
            let (sent, received) = talk.counts();
            sleep(Duration::from_secs(SECONDS)).await;
            cost.push(share(ours.cpu()? - before));
            baseline.push(share(forwarder.cpu()? - bare_before));
            let (sent_after, received_after) = talk.counts();
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
            arrived.push((received_after - received) as f64 / (sent_after - sent) as f64 * 100.0);
        }
        line("share of a core", "%", &cost, &baseline);
        alone("packets for every one that came", "%", &arrived);
    }
    Ok(())
}

async fn lines(of: &Measured, pairs: u32, right_codec: u8) -> Outcome<Vec<Line>> {
    let mut lines = Vec::new();
    for pair in 0..pairs as usize {
        let port = |side: usize| {
            let port = of.says["ports"][pair][side].as_u64();
            port.and_then(|port| u16::try_from(port).ok()).ok_or("no port")
        };
        let (left, right) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
        lines.push(Line { left, right, left_to: port(0)?, right_to: port(1)?, right_codec });
    }
    Ok(lines)
}

/// The process that is measured.
pub fn media(kind: Option<&str>, pairs: Option<&str>) -> Outcome<()> {
    let pairs: usize = pairs.ok_or("how many?")?.parse()?;
    let (events, _told) = tokio::sync::mpsc::unbounded_channel();
    let media = Media::start(Ports::new(&(20_000..=29_999)), 2, Duration::from_mins(1), &events)?;
    let open = |codec: Codec, payload: u8| -> Outcome<Endpoint> {
        let endpoint = media.open(CallId(Uuid::nil()), HERE)?;
        let payloads = vec![(payload, Some(8000))];
        endpoint.expect(Expect { trusted: vec![HERE], payloads, ..Expect::default() }, false);
        endpoint.agreed(Format { codec, payload, telephone_event: None });
        Ok(endpoint)
    };
    let folder = tempfile::tempdir()?;
    let (mut ports, mut ends, mut bridges, mut seats) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (room, music) = (media.room(), Arc::new(Pcm { rate: 8000, samples: vec![1000; 80_000] }));
    for pair in 0..pairs {
        let left = open(Codec::Pcma, PCMA)?;
        let right =
            if kind == Some("translated") { open(Codec::G722, G722)? } else { open(Codec::Pcma, PCMA)? };
        ports.push([left.port(), right.port()]);
        match kind {
            Some("music") => {
                left.play(vec![Arc::clone(&music)], true);
                right.play(vec![Arc::clone(&music)], true);
            }
            Some("room") => seats.extend([room.join(&left), room.join(&right)]),
            _ => {
                let bridge = media.bridge(&left, &right);
                if kind == Some("recorded") {
                    bridge.record(&folder.path().join(format!("{pair}.wav")), left.id())?;
                }
                bridges.push(bridge);
            }
        }
        ends.extend([left, right]);
    }
    println!("{}", json!({ "ports": ports }));
    loop {
        std::thread::park();
    }
}
