//! What comes from a phone, as an even stream of sound: packets wait until their turn, for as short
//! as the network allows, and what never comes is concealed.

use super::codec::{self, Decoder};
use super::conceal::{Conceal, blend, likeness};
use super::format::Codec;
use super::leg::samples;
use super::resample::Resampler;
use super::rtp;
use std::collections::BTreeMap;
use std::time::Instant;

/// Milliseconds of sound that wait at least, and at most, before they are heard.
const WAIT_MS: std::ops::RangeInclusive<f32> = 25.0..=240.0;
/// Beats without anything after which the stream counts as paused.
const PAUSE_BEATS: u32 = 6;
/// Beats after which sound that waits for too long is shortened.
const PATIENCE_BEATS: u32 = 50;
/// Packets that wait at most; a phone that sends more is cut.
const QUEUE: usize = 100;
/// RTP time that passes between two packets at most; beyond, the phone's clock has begun anew.
const JUMP_MS: f32 = 2000.0;

#[derive(Debug)]
pub struct Ear {
    ssrc: u32,
    queue: BTreeMap<u64, Held>,
    /// The packet whose turn is next; `None`: the stream has not begun.
    next: Option<u64>,
    highest: u64,
    decoder: Decoder,
    /// Decoded and not yet heard.
    ready: Vec<i16>,
    /// Samples of one packet.
    packet: usize,
    conceal: Conceal,
    resampler: Resampler,
    timing: Timing,
    /// Beats in a row without a packet.
    starved: u32,
    /// Samples that were invented while nothing was there; packets that are missing then are paid.
    owed: usize,
    /// Beats in a row after which more was waiting than is needed.
    patience: u32,
}

#[derive(Debug)]
struct Held {
    codec: Codec,
    bytes: Vec<u8>,
}

/// How unevenly packets come.
#[derive(Debug, Default)]
struct Timing {
    first: Option<(Instant, u32)>,
    /// Milliseconds that the fastest packets take longer than the first one.
    fastest: f32,
    /// Milliseconds that packets are slower than the fastest, at worst and lately.
    worst: f32,
}

impl Ear {
    pub fn new() -> Self {
        Self {
            ssrc: 0,
            queue: BTreeMap::new(),
            next: None,
            highest: 0,
            decoder: Decoder::new(Codec::Pcma),
            ready: Vec::new(),
            packet: samples(8000),
            conceal: Conceal::new(8000),
            resampler: Resampler::default(),
            timing: Timing::default(),
            starved: 0,
            owed: 0,
            patience: 0,
        }
    }

    /// Takes a packet.
    pub fn hear(&mut self, codec: Codec, packet: &[u8], now: Instant) {
        let rtp::Kind::Rtp { sequence, timestamp, ssrc, .. } = rtp::kind(packet) else { return };
        let Some(bytes) = rtp::body(packet).filter(|bytes| !bytes.is_empty()) else { return };
        let known = (ssrc == self.ssrc).then(|| rtp::extend(self.highest, sequence)).flatten();
        let place = known.unwrap_or_else(|| {
            self.ssrc = ssrc;
            self.queue.clear();
            self.next = None;
            self.timing = Timing::default();
            0x1_0000 + u64::from(sequence)
        });
        self.highest = if known.is_some() { self.highest.max(place) } else { place };
        self.timing.count(timestamp, codec.clock(), now);
        if self.next.is_some_and(|next| place < next) {
            return;
        }
        self.queue.insert(place, Held { codec, bytes: bytes.to_vec() });
        if self.queue.len() > QUEUE {
            self.queue.pop_first();
        }
    }

    /// Adds the next 20 ms, at `rate`; nothing while the stream has not begun.
    pub fn pull(&mut self, rate: u32, into: &mut Vec<i16>) {
        let length = samples(self.decoder.codec().rate());
        self.begin();
        if self.next.is_none() && self.ready.is_empty() {
            return;
        }
        self.fill(length);
        // A codec that changed has another rate: what is there is cut by its own.
        let own = self.decoder.codec().rate();
        let length = samples(own).min(self.ready.len());
        self.shorten(length);
        into.extend(self.ready.drain(..length.min(self.ready.len())));
        self.resampler.convert(own, rate, into);
    }

    /// Starts once enough is waiting.
    fn begin(&mut self) {
        if self.next.is_some() {
            return;
        }
        let Some((first, held)) = self.queue.first_key_value() else { return };
        let waiting = self.queue.len() * codec::length(held.codec, &held.bytes);
        if self.millis(waiting, held.codec) >= self.timing.target() {
            self.next = Some(*first);
            (self.starved, self.owed, self.patience) = (0, 0, 0);
        }
    }

    /// Makes sure that `length` samples are ready.
    fn fill(&mut self, length: usize) {
        while self.ready.len() < length {
            let Some(next) = self.next else { return };
            if let Some(held) = self.queue.remove(&next) {
                self.next = Some(next + 1);
                self.decode(&held);
            } else if self.queue.is_empty() {
                self.starve(length);
            } else {
                self.next = Some(next + 1);
                if self.owed >= self.packet {
                    self.owed -= self.packet;
                } else {
                    self.invent(self.packet, Some(next + 1));
                }
            }
        }
    }

    /// Adds sound that never came: the codec's own guess, with what the packet `after` says of it, or
    /// ours.
    fn invent(&mut self, count: usize, after: Option<u64>) {
        let after = after.and_then(|after| self.queue.get(&after));
        let after = after.filter(|held| held.codec == self.decoder.codec()).map(|held| held.bytes.as_slice());
        if !self.decoder.repair(count, after, &mut self.ready) {
            self.conceal.invent(count, &mut self.ready);
        }
    }

    fn starve(&mut self, length: usize) {
        self.starved += 1;
        let before = self.ready.len();
        self.invent(length - before, None);
        self.owed += self.ready.len() - before;
        if self.starved >= PAUSE_BEATS {
            self.next = None;
        }
    }

    fn decode(&mut self, held: &Held) {
        if self.decoder.codec() != held.codec {
            if self.decoder.codec().rate() != held.codec.rate() {
                self.conceal = Conceal::new(held.codec.rate());
                self.ready.clear();
            }
            self.decoder = Decoder::new(held.codec);
        }
        let start = self.ready.len();
        self.decoder.decode(&held.bytes, &mut self.ready);
        self.packet = (self.ready.len() - start).max(1);
        self.conceal.join(&mut self.ready[start..]);
        self.starved = 0;
    }

    /// Leaves out a bit of sound when more than is needed has been waiting for a while.
    fn shorten(&mut self, length: usize) {
        let waiting = self.ready.len() + self.queue.len() * self.packet;
        let spare = self.millis(waiting.saturating_sub(length), self.decoder.codec());
        if spare < self.timing.target() + 20.0 {
            self.patience = 0;
            return;
        }
        self.patience += 1;
        if self.patience < PATIENCE_BEATS {
            return;
        }
        // Where a period later the sound goes on alike, the seam is not heard.
        let (join, most) = (length / 4, length);
        while self.ready.len() < length + most + join {
            let Some((next, held)) = self.next.and_then(|next| Some((next, self.queue.remove(&next)?)))
            else {
                return;
            };
            self.next = Some(next + 1);
            self.decode(&held);
        }
        let likely = |lag: &usize| likeness(&self.ready[..join], &self.ready[*lag..*lag + join]);
        let cut = (length / 4..=most).max_by(|one, two| likely(one).total_cmp(&likely(two))).unwrap_or(most);
        let before: Vec<i16> = self.ready[..join].to_vec();
        self.ready.drain(..cut);
        blend(&before, &mut self.ready[..join]);
        // At once again, should very much be waiting.
        self.patience = if spare > self.timing.target() + 100.0 { PATIENCE_BEATS - 2 } else { 0 };
    }

    #[expect(clippy::unused_self, clippy::cast_precision_loss, reason = "far below 2^23")]
    fn millis(&self, samples: usize, codec: Codec) -> f32 {
        samples as f32 * 1000.0 / codec.rate() as f32
    }
}

impl Timing {
    /// Counts a packet whose RTP time has `clock` Hz.
    fn count(&mut self, timestamp: u32, clock: u32, now: Instant) {
        let (then, before) = *self.first.get_or_insert((now, timestamp));
        let came = now.saturating_duration_since(then).as_secs_f32() * 1000.0;
        #[expect(clippy::cast_precision_loss, reason = "a tenth of a millisecond matters in no hour")]
        let sent = timestamp.wrapping_sub(before).cast_signed() as f32 * 1000.0 / clock as f32;
        let slower = came - sent;
        if (slower - self.fastest).abs() > JUMP_MS {
            self.first = Some((now, timestamp));
            self.fastest = 0.0;
            return;
        }
        // Clocks differ by some parts of a million: what was fastest once is not for ever.
        self.fastest = (self.fastest + 0.02).min(slower);
        self.worst = (self.worst * 0.998).max(slower - self.fastest);
    }

    /// Milliseconds of sound that should be waiting.
    fn target(&self) -> f32 {
        (self.worst + 15.0).clamp(*WAIT_MS.start(), *WAIT_MS.end())
    }
}
