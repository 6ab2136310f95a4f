//! What phones in browsers cost, and how long a word takes from a mouth to an ear: through Opus, SRTP
//! and the mixer, beside G.711 packets that the same engine passes on as they are.

mod ends;

use crate::Outcome;
use crate::process::Measured;
use crate::series::{Series, alone, heading, line, quantile};
use ends::{Counts, Delays, Page, SetUp, Way, a_law_words, opus_words, phone};
use serde_json::json;
use std::io::BufRead;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use uuid::Uuid;
use voxera_model::CallId;
use voxera_sip::media::{Bridge, Codec, Endpoint, Expect, Format, Media, Ports};

const ROUNDS: usize = 5;
const SECONDS: u64 = 4;
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const CALLS: u32 = 20;
const PCMA: u8 = 8;
/// The number of Opus in the engine's offers.
const OPUS: u8 = 111;
/// Calls set up anew, each with all its calls one after the other.
const BEGINNINGS: usize = 5;
/// How long a page may take to hear something.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is between the two ends of a call, and what one is called.
const KINDS: [(&str, &str); 2] = [
    ("translated", "20 calls between a browser (Opus) and a phone (G.711), one of them"),
    ("browsers", "20 calls between two browsers, one of them"),
];

pub async fn run() -> Outcome<()> {
    set_up().await?;
    for (kind, what) in KINDS {
        heading(what);
        let mut ours = Measured::talking(&["as-browsers", kind]).await?;
        let talk = connect(&mut ours, false).await?;
        let mut plain = Measured::talking(&["as-browsers", "plain"]).await?;
        let plain_talk = connect(&mut plain, false).await?;
        sleep(Duration::from_secs(3)).await;
        distribution("to secrets, all at once", &mut talk.agreed.all());
        talk.forget();
        plain_talk.forget();
        let (mut cost, mut baseline, mut per_core) =
            (Series::default(), Series::default(), Series::default());
        let mut arrived = Series::default();
        let share =
            |cpu: f64| cpu / f64::from(u32::try_from(SECONDS).unwrap_or(1)) / f64::from(CALLS) * 100.0;
        for _ in 0..ROUNDS {
            let (before, plain_before, counts) = (ours.cpu()?, plain.cpu()?, talk.counts());
            sleep(Duration::from_secs(SECONDS)).await;
            let used = share(ours.cpu()? - before);
            cost.push(used);
            per_core.push(100.0 / used);
            baseline.push(share(plain.cpu()? - plain_before));
            let after = talk.counts();
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
            arrived.push((after.1 - counts.1) as f64 / (after.0 - counts.0) as f64 * 100.0);
        }
        line("share of a core", "%", &cost, &baseline);
        alone("calls on one core", "", &per_core);
        alone("packets for every one that came", "%", &arrived);
        for (what, side) in [("mouth to ear, from the browser", 0), ("mouth to ear, to the browser", 1)] {
            let [ours, plain] = [&talk, &plain_talk].map(|talk| talk.words[side].all());
            for (what, part) in [(what, 0.5), ("  the slowest twentieth", 0.95)] {
                let [mut one, mut two] = [Series::default(), Series::default()];
                one.push(quantile(&mut ours.clone(), part));
                two.push(quantile(&mut plain.clone(), part));
                line(what, "ms", &one, &two);
            }
        }
    }
    Ok(())
}

/// How long a call between a browser and a phone takes to be set up, beside nothing else that happens.
async fn set_up() -> Outcome<()> {
    heading("A browser and a phone (G.711) get their sound: from the answer, one call after another");
    let (mut agreed, mut heard) = (Vec::new(), Vec::new());
    for _ in 0..BEGINNINGS {
        let mut engine = Measured::talking(&["as-browsers", "translated"]).await?;
        let talk = connect(&mut engine, true).await?;
        agreed.extend(talk.agreed.all());
        heard.extend(talk.heard.all());
    }
    distribution("to secrets", &mut agreed);
    distribution("to the first packet", &mut heard);
    Ok(())
}

/// A line for each part of how something is distributed.
fn distribution(what: &str, times: &mut [f64]) {
    for (part, share) in [("fastest", 0.0), ("median", 0.5), ("95 %", 0.95), ("99 %", 0.99), ("slowest", 1.0)]
    {
        let mut series = Series::default();
        series.push(quantile(times, share));
        alone(&format!("{what}, {part}"), "ms", &series);
    }
}

/// Everybody talks until this is dropped.
struct Talk {
    counts: Counts,
    /// From the first end of each call to the second, and back.
    words: [Arc<Delays>; 2],
    /// From the answers to the offers until pages and engine agree on secrets.
    agreed: Arc<Delays>,
    /// From the answers to the offers until pages hear something.
    heard: Arc<Delays>,
    tasks: Vec<JoinHandle<()>>,
}

impl Talk {
    fn counts(&self) -> (u64, u64) {
        (self.counts.sent.load(Ordering::Relaxed), self.counts.received.load(Ordering::Relaxed))
    }

    fn forget(&self) {
        self.words.iter().for_each(|words| words.forget());
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Brings phones and pages to every end that the engine opened: pages all at once, or each when the one
/// before it hears something.
async fn connect(engine: &mut Measured, one_by_one: bool) -> Outcome<Talk> {
    let ends = engine.says["ends"].as_array().ok_or("no ends")?.clone();
    let mut talk = Talk {
        counts: Counts::default(),
        words: Default::default(),
        agreed: Arc::default(),
        heard: Arc::default(),
        tasks: Vec::new(),
    };
    let (opus, tone) = (opus_words()?, a_law_words());
    let mut pages = Vec::new();
    for (call, pair) in (0_u32..).zip(ends.chunks_exact(2)) {
        let ways = [0, 1].map(|side| Way::new(&talk.words[side]));
        // Spread over the 20 ms, and the words over the second.
        let shift = Duration::from_micros(u64::from(call) * 97_919 % 1_000_000);
        for (side, end) in pair.iter().enumerate() {
            let out_and_back = [ways[side].clone(), ways[1 - side].clone()];
            if let Some(offer) = end.as_str() {
                pages.push((call, side, offer.to_owned(), shift, out_and_back));
            } else {
                let port = end.as_u64().and_then(|port| u16::try_from(port).ok()).ok_or("no port")?;
                let socket = UdpSocket::bind((HERE, 0)).await?;
                socket.connect((HERE, port)).await?;
                let phone = phone(socket, Arc::clone(&tone), shift, talk.counts.clone(), out_and_back);
                talk.tasks.push(tokio::spawn(phone));
            }
        }
    }
    if one_by_one {
        // Every phone talks by then, as somebody does who has said that they are there.
        sleep(Duration::from_secs(1)).await;
    }
    for (nth, (call, side, offer, shift, out_and_back)) in (1..).zip(pages) {
        let (page, answer) = Page::answering(&offer).await?;
        let set_up = SetUp { agreed: Way::new(&talk.agreed), heard: Way::new(&talk.heard) };
        set_up.agreed.begins();
        set_up.heard.begins();
        engine.tell(&json!([call, side, answer])).await?;
        let page = page.talk(Arc::clone(&opus), shift, talk.counts.clone(), set_up, out_and_back);
        talk.tasks.push(tokio::spawn(page));
        if one_by_one {
            let heard = async {
                while talk.heard.all().len() < nth {
                    sleep(Duration::from_millis(1)).await;
                }
            };
            timeout(PATIENCE, heard).await.map_err(|_| format!("page {nth} hears nothing"))?;
        }
    }
    Ok(talk)
}

/// The process that is measured: it says what each end of its calls is to talk to, a port or an offer,
/// and reads the answers to the offers, each with its call and side; until nobody tells any more.
pub fn media(kind: Option<&str>) -> Outcome<()> {
    let (events, _told) = tokio::sync::mpsc::unbounded_channel();
    let media = Media::start(Ports::new(&(20_000..=29_999)), 2, Duration::from_mins(1), &events)?;
    let plain = || -> Outcome<Endpoint> {
        let endpoint = media.open(CallId(Uuid::nil()), HERE)?;
        let payloads = vec![(PCMA, Some(8000))];
        endpoint.expect(Expect { trusted: vec![HERE], payloads, ..Expect::default() }, false);
        endpoint.agreed(Format { codec: Codec::Pcma, payload: PCMA, telephone_event: None });
        Ok(endpoint)
    };
    let page = || media.open_web(CallId(Uuid::nil()), HERE, &[HERE]);
    let (mut ends, mut bridges): (Vec<Endpoint>, Vec<Bridge>) = (Vec::new(), Vec::new());
    for _ in 0..CALLS {
        let (one, two) = match kind {
            Some("plain") => (plain()?, plain()?),
            Some("translated") => (page()?, plain()?),
            Some("browsers") => (page()?, page()?),
            other => return Err(format!("{other:?} is no kind of call").into()),
        };
        bridges.push(media.bridge(&one, &two));
        ends.extend([one, two]);
    }
    let mut told = Vec::new();
    for end in &ends {
        told.push(match end.web() {
            Some(web) => json!(web.offer()?),
            None => json!(end.port()),
        });
    }
    println!("{}", json!({ "ends": told }));
    for line in std::io::stdin().lock().lines() {
        let (call, side, answer): (usize, usize, String) = serde_json::from_str(&line?)?;
        let end = ends.get(2 * call + side).and_then(Endpoint::web);
        end.ok_or("no page is at that end")?.accept(&answer)?;
    }
    Ok(())
}
