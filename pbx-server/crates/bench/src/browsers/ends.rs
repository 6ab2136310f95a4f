//! The ends of calls: pages in browsers, phones on desks, and what one hears of the other.

use super::{HERE, OPUS, PCMA};
use crate::Outcome;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use str0m::change::SdpOffer;
use str0m::media::Mid;
use str0m::net::{Protocol, Receive};
use str0m::rtp::{RtpPacket, RtpWrite};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};
use tokio::net::UdpSocket;
use tokio::time::{MissedTickBehavior, interval, sleep, sleep_until};

/// Frames of a word, and of the silence before it.
const WORD: usize = 25;
/// The milliwatt of telephony, 1000 Hz in A-law.
const TONE: [u8; 8] = [0x34, 0x21, 0x21, 0x34, 0xb4, 0xa1, 0xa1, 0xb4];

/// What took how long, in all calls.
#[derive(Debug, Default)]
pub struct Delays(Mutex<Vec<f64>>);

impl Delays {
    /// Milliseconds.
    pub fn all(&self) -> Vec<f64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Something in one call that begins and is over later: a word, until it is heard.
#[derive(Debug, Clone)]
pub struct Way {
    delays: Arc<Delays>,
    begun: Arc<Mutex<Option<Instant>>>,
}

impl Way {
    pub fn new(delays: &Arc<Delays>) -> Self {
        Self { delays: Arc::clone(delays), begun: Arc::default() }
    }

    pub fn begins(&self) {
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// It is over, if it had begun.
    pub fn ends(&self) {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(begun) = begun {
            let delay = begun.elapsed().as_secs_f64() * 1000.0;
            self.delays.0.lock().unwrap_or_else(PoisonError::into_inner).push(delay);
        }
    }
}

/// Packets.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    pub sent: Arc<AtomicU64>,
    pub received: Arc<AtomicU64>,
}

/// How a page gets its sound: from its answer until both know each other's secrets, and until it hears
/// the first packet.
#[derive(Debug, Clone)]
pub struct SetUp {
    pub agreed: Way,
    pub heard: Way,
}

pub type Frames = Arc<Vec<Vec<u8>>>;

pub fn a_law_words() -> Frames {
    let silence = vec![0xd5; 160];
    let word: Vec<u8> = TONE.into_iter().cycle().take(160).collect();
    Arc::new((0..2 * WORD).map(|frame| if frame < WORD { silence.clone() } else { word.clone() }).collect())
}

pub fn opus_words() -> Outcome<Frames> {
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

pub async fn phone(
    socket: UdpSocket,
    frames: Frames,
    shift: Duration,
    counts: Counts,
    [out, back]: [Way; 2],
) {
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
                    back.ends();
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
pub struct Page {
    rtc: Rtc,
    socket: UdpSocket,
    here: SocketAddr,
    mid: Mid,
    connected: bool,
    heard: Vec<RtpPacket>,
    decoder: opus::Decoder,
}

impl Page {
    pub async fn answering(offer: &str) -> Outcome<(Self, String)> {
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

    pub async fn talk(
        mut self,
        frames: Frames,
        shift: Duration,
        counts: Counts,
        set_up: SetUp,
        [out, back]: [Way; 2],
    ) {
        let (mut tick, mut said, mut buffer) = (ticks(), 0_usize, [0; 2048]);
        let mut begin = None;
        loop {
            let Ok(due) = self.drain() else { return };
            // It speaks from when it is connected on, and does not make up for what was before.
            if self.connected && begin.is_none() {
                set_up.agreed.ends();
                begin = Some(Instant::now() + shift);
                tick.reset();
            }
            self.hear(&counts, &set_up.heard, &back);
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

    fn hear(&mut self, counts: &Counts, first: &Way, back: &Way) {
        for packet in self.heard.drain(..) {
            first.ends();
            counts.received.fetch_add(1, Ordering::Relaxed);
            let mut samples = [0; 1920];
            let length = self.decoder.decode(&packet.payload, &mut samples, false).unwrap_or(0);
            if samples[..length].iter().any(|sample| sample.unsigned_abs() > 2000) {
                back.ends();
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
