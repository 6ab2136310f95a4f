//! What phones in browsers cost, and how long a word takes from a mouth to an ear: through Opus, SRTP
//! and the mixer, beside G.711 packets that the same engine passes on as they are.

use crate::Outcome;
use crate::process::Measured;
use crate::series::{Series, alone, heading, line, quantile};
use serde_json::json;
use std::io::BufRead;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use str0m::change::SdpOffer;
use str0m::media::Mid;
use str0m::net::{Protocol, Receive};
use str0m::rtp::{RtpPacket, RtpWrite};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep, sleep_until};
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
/// Frames of a word, and of the silence before it.
const WORD: usize = 25;
/// The milliwatt of telephony, 1000 Hz in A-law.
const TONE: [u8; 8] = [0x34, 0x21, 0x21, 0x34, 0xb4, 0xa1, 0xa1, 0xb4];

/// What is between the two ends of a call, and what one is called.
const KINDS: [(&str, &str); 2] = [
    ("translated", "20 calls between a browser (Opus) and a phone (G.711), one of them"),
    ("browsers", "20 calls between two browsers, one of them"),
];

pub async fn run() -> Outcome<()> {
    for (kind, what) in KINDS {
        heading(what);
        let mut ours = Measured::talking(&["as-browsers", kind]).await?;
        let talk = connect(&mut ours).await?;
        let mut plain = Measured::talking(&["as-browsers", "plain"]).await?;
        let plain_talk = connect(&mut plain).await?;
        sleep(Duration::from_secs(3)).await;
        for (what, part) in [("answer to secrets, all at once", 0.5), ("  the slowest twentieth", 0.95)] {
            let mut set_up = Series::default();
            set_up.push(quantile(&mut talk.set_up.delays(), part));
            alone(what, "ms", &set_up);
        }
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
            let [ours, plain] = [&talk, &plain_talk].map(|talk| talk.words[side].delays());
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

/// Words that go one way, in all calls.
#[derive(Debug, Default)]
struct Words {
    delays: Mutex<Vec<f64>>,
}

impl Words {
    fn delays(&self) -> Vec<f64> {
        self.delays.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One way of one call: when a word began, until it is heard.
#[derive(Debug, Clone)]
struct Way {
    words: Arc<Words>,
    begun: Arc<Mutex<Option<Instant>>>,
}

impl Way {
    fn begins(&self) {
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Something loud was heard: the word, if one is on its way.
    fn heard(&self) {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(begun) = begun {
            let delay = begun.elapsed().as_secs_f64() * 1000.0;
            self.words.delays.lock().unwrap_or_else(PoisonError::into_inner).push(delay);
        }
    }
}

#[derive(Debug, Clone, Default)]
struct Counts {
    sent: Arc<AtomicU64>,
    received: Arc<AtomicU64>,
}

/// Everybody talks until this is dropped.
struct Talk {
    counts: Counts,
    /// From the first end of each call to the second, and back.
    words: [Arc<Words>; 2],
    /// From the answers to the offers until pages and engine agree on secrets.
    set_up: Arc<Words>,
    tasks: Vec<JoinHandle<()>>,
}

impl Talk {
    fn counts(&self) -> (u64, u64) {
        (self.counts.sent.load(Ordering::Relaxed), self.counts.received.load(Ordering::Relaxed))
    }

    fn forget(&self) {
        for words in &self.words {
            words.delays.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Brings phones and pages to every end that the engine opened.
async fn connect(engine: &mut Measured) -> Outcome<Talk> {
    let ends = engine.says["ends"].as_array().ok_or("no ends")?.clone();
    let mut talk = Talk {
        counts: Counts::default(),
        words: Default::default(),
        set_up: Arc::default(),
        tasks: Vec::new(),
    };
    let mut set_ups = Vec::new();
    let (opus, tone) = (opus_words()?, a_law_words());
    let mut answers = Vec::new();
    for (call, pair) in (0_u32..).zip(ends.chunks_exact(2)) {
        let ways = [0, 1].map(|side| Way { words: Arc::clone(&talk.words[side]), begun: Arc::default() });
        for (side, end) in pair.iter().enumerate() {
            let (out, back) = (ways[side].clone(), ways[1 - side].clone());
            // Spread over the 20 ms, and the words over the second.
            let shift = Duration::from_micros(u64::from(call) * 97_919 % 1_000_000);
            let counts = talk.counts.clone();
            let task = if let Some(offer) = end.as_str() {
                let (page, answer) = Page::answering(offer).await?;
                answers.push(answer);
                let set_up = Way { words: Arc::clone(&talk.set_up), begun: Arc::default() };
                set_ups.push(set_up.clone());
                tokio::spawn(page.talk(Arc::clone(&opus), shift, counts, set_up, [out, back]))
            } else {
                let port = end.as_u64().and_then(|port| u16::try_from(port).ok()).ok_or("no port")?;
                let socket = UdpSocket::bind((HERE, 0)).await?;
                socket.connect((HERE, port)).await?;
                tokio::spawn(phone(socket, Arc::clone(&tone), shift, counts, out, back))
            };
            talk.tasks.push(task);
        }
    }
    set_ups.iter().for_each(Way::begins);
    engine.tell(&json!(answers)).await?;
    Ok(talk)
}

type Frames = Arc<Vec<Vec<u8>>>;

fn a_law_words() -> Frames {
    let silence = vec![0xd5; 160];
    let word: Vec<u8> = TONE.into_iter().cycle().take(160).collect();
    Arc::new((0..2 * WORD).map(|frame| if frame < WORD { silence.clone() } else { word.clone() }).collect())
}

fn opus_words() -> Outcome<Frames> {
    let mut encoder = opus::Encoder::new(16_000, opus::Channels::Mono, opus::Application::Voip)?;
    let mut frames = Vec::new();
    for frame in 0..2 * WORD {
        // The same tone.
        let steps =
            [0, 3061, 5657, 7391, 8000, 7391, 5657, 3061, 0, -3061, -5657, -7391, -8000, -7391, -5657, -3061];
        let loud = i16::from(frame >= WORD);
        let samples: Vec<i16> = steps.into_iter().cycle().take(320).map(|sample| sample * loud).collect();
        frames.push(encoder.encode_vec(&samples, 1275)?);
    }
    Ok(Arc::new(frames))
}

async fn phone(socket: UdpSocket, frames: Frames, shift: Duration, counts: Counts, out: Way, back: Way) {
    sleep(shift).await;
    let mut tick = ticks();
    let mut packet = [0x80, PCMA, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7].to_vec();
    let (mut said, mut buffer) = (0_usize, [0; 2048]);
    loop {
        tokio::select! {
            Ok(size) = socket.recv(&mut buffer) => {
                counts.received.fetch_add(1, Ordering::Relaxed);
                // Segments of A-law from the fifth on: louder than 2000.
                if buffer.get(12..size).is_some_and(|body| body.iter().any(|byte| (byte ^ 0x55) & 0x7f >= 0x40)) {
                    back.heard();
                }
            }
            _ = tick.tick() => {
                let number = u16::try_from(said % 65_536).unwrap_or(0);
                let time = u32::try_from(said * 160 % 0x1_0000_0000).unwrap_or(0);
                packet.truncate(12);
                packet[2..4].copy_from_slice(&number.to_be_bytes());
                packet[4..8].copy_from_slice(&time.to_be_bytes());
                packet.extend(&frames[said % frames.len()]);
                if said % frames.len() == WORD {
                    out.begins();
                }
                if socket.send(&packet).await.is_ok() {
                    counts.sent.fetch_add(1, Ordering::Relaxed);
                }
                said += 1;
            }
        }
    }
}

fn ticks() -> tokio::time::Interval {
    let mut tick = interval(Duration::from_millis(20));
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    tick
}

/// A browser's page.
struct Page {
    rtc: Rtc,
    socket: UdpSocket,
    here: SocketAddr,
    mid: Mid,
    connected: bool,
    heard: Vec<RtpPacket>,
    decoder: opus::Decoder,
}

impl Page {
    async fn answering(offer: &str) -> Outcome<(Self, String)> {
        let socket = UdpSocket::bind((HERE, 0)).await?;
        let here = socket.local_addr()?;
        let config = RtcConfig::new().set_rtp_mode(true).clear_codecs().enable_opus(true, false);
        let mut rtc = config.build(Instant::now());
        rtc.add_local_candidate(Candidate::host(here, Protocol::Udp)?);
        let answer = rtc.sdp_api().accept_offer(SdpOffer::from_sdp_string(offer)?)?;
        let mid = offer.lines().find_map(|line| line.strip_prefix("a=mid:")).ok_or("no name of the sound")?;
        let decoder = opus::Decoder::new(16_000, opus::Channels::Mono)?;
        let page = Self { rtc, socket, here, mid: mid.into(), connected: false, heard: Vec::new(), decoder };
        Ok((page, answer.to_sdp_string()))
    }

    async fn talk(
        mut self,
        frames: Frames,
        shift: Duration,
        counts: Counts,
        set_up: Way,
        [out, back]: [Way; 2],
    ) {
        let (mut tick, mut said, mut buffer) = (ticks(), 0_usize, [0; 2048]);
        let mut begin = None;
        loop {
            let Ok(due) = self.drain() else { return };
            // It speaks from when it is connected on, and does not make up for what was before.
            if self.connected && begin.is_none() {
                set_up.heard();
                begin = Some(Instant::now() + shift);
                tick.reset();
            }
            self.hear(&counts, &back);
            let taken = tokio::select! {
                Ok((size, from)) = self.socket.recv_from(&mut buffer) => {
                    let Ok(received) = Receive::new(Protocol::Udp, from, self.here, &buffer[..size]) else { continue };
                    self.rtc.handle_input(Input::Receive(Instant::now(), received))
                }
                _ = tick.tick(), if self.connected => {
                    let now = Instant::now();
                    if begin.is_some_and(|begin| now >= begin) {
                        if said % frames.len() == WORD {
                            out.begins();
                        }
                        self.say(&frames[said % frames.len()], said, now);
                        counts.sent.fetch_add(1, Ordering::Relaxed);
                        said += 1;
                    }
                    self.rtc.handle_input(Input::Timeout(now))
                }
                () = sleep_until(due.into()) => self.rtc.handle_input(Input::Timeout(Instant::now())),
            };
            if taken.is_err() {
                return;
            }
        }
    }

    fn say(&mut self, frame: &[u8], said: usize, now: Instant) {
        let time = u32::try_from(said * 960 % 0x1_0000_0000).unwrap_or(0);
        let number = u64::try_from(said).unwrap_or(0);
        if let Some(stream) = self.rtc.direct_api().stream_tx_by_mid(self.mid, None) {
            stream.write_rtp(RtpWrite::new(OPUS.into(), number.into(), time, now, frame));
        }
    }

    fn hear(&mut self, counts: &Counts, back: &Way) {
        for packet in self.heard.drain(..) {
            counts.received.fetch_add(1, Ordering::Relaxed);
            let mut samples = [0; 1920];
            let length = self.decoder.decode(&packet.payload, &mut samples, false).unwrap_or(0);
            if samples[..length].iter().any(|sample| sample.abs() > 2000) {
                back.heard();
            }
        }
    }

    fn drain(&mut self) -> Result<Instant, str0m::RtcError> {
        loop {
            match self.rtc.poll_output()? {
                Output::Timeout(due) => return Ok(due),
                // A datagram that the network does not take is lost.
                Output::Transmit(sent) => drop(self.socket.try_send_to(&sent.contents, sent.destination)),
                Output::Event(Event::Connected) => self.connected = true,
                Output::Event(Event::RtpPacket(packet)) => self.heard.push(packet),
                Output::Event(_) => {}
            }
        }
    }
}

/// The process that is measured: it says what each end of its calls is to talk to, a port or an offer,
/// and reads the answers to the offers.
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
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let answers: Vec<String> = serde_json::from_str(&line)?;
    for (web, answer) in ends.iter().filter_map(Endpoint::web).zip(&answers) {
        web.accept(answer)?;
    }
    loop {
        std::thread::park();
    }
}
