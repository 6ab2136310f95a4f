//! Where a phone's sound comes from, and therefore goes to.
//!
//! A phone behind a router does not know its own address, so we answer to where its packets come
//! from. The first source that is plausible holds; a stranger who guesses a port cannot take over.

use super::rtp::{Kind, ReceiveStats, kind};
use super::silence::COMFORT;
use super::trouble::is_private;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// A source that has been silent for this long may be followed by another port of a trusted address:
/// routers move phones.
const SILENT: Duration = Duration::from_secs(2);
/// Packets in a row that a source of an unexpected address must send before it is believed.
const STRANGER_PACKETS: u8 = 5;

/// What is known of a phone's sound from signalling.
#[derive(Debug, Clone, Default)]
pub struct Expect {
    /// Addresses that its sound may come from at once: that of its signalling, that of its SDP.
    pub trusted: Vec<IpAddr>,
    /// Where to send until something came from it.
    pub first: Option<SocketAddr>,
    /// The same for RTCP.
    pub first_rtcp: Option<SocketAddr>,
    /// Payload types that were negotiated, with their clock in Hz; `None` for tones.
    pub payloads: Vec<(u8, Option<u32>)>,
}

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    Rtp,
    Rtcp,
    /// Comfort noise that nobody agreed on: the phone is there, and silent.
    Comfort,
    Dropped,
}

/// One phone's side of the relay.
#[derive(Debug, Default)]
pub struct Latch {
    expect: Expect,
    rtp: Option<SocketAddr>,
    rtcp: Option<SocketAddr>,
    heard: Option<Instant>,
    candidate: Option<Candidate>,
    pub stats: ReceiveStats,
    /// Packets that were not relayed: wrong source, wrong payload, no RTP.
    pub refused: u64,
}

#[derive(Debug, Clone, Copy)]
struct Candidate {
    source: SocketAddr,
    ssrc: u32,
    sequence: u16,
    packets: u8,
}

impl Latch {
    /// Takes what signalling says. `anew`: the phone described itself anew, so its sound may come
    /// from elsewhere from now on; until then it goes on as before.
    pub fn expect(&mut self, expect: Expect, anew: bool) {
        let moved = expect.first != self.expect.first || expect.trusted != self.expect.trusted;
        self.expect = expect;
        if anew && moved {
            self.heard = None;
            self.candidate = None;
        }
    }

    /// Where RTP to this phone goes.
    #[must_use]
    pub fn destination(&self) -> Option<SocketAddr> {
        self.rtp.or(self.expect.first)
    }

    /// Where RTCP to this phone goes.
    #[must_use]
    pub fn rtcp_destination(&self) -> Option<SocketAddr> {
        let beside = |rtp: SocketAddr| rtp.port().checked_add(1).map(|port| SocketAddr::new(rtp.ip(), port));
        self.rtcp.or_else(|| self.rtp.and_then(beside)).or(self.expect.first_rtcp)
    }

    /// Hz of packets with this payload; `None`: they are digits, or unknown.
    #[must_use]
    pub fn clock_of(&self, payload: u8) -> Option<u32> {
        self.expect.payloads.iter().find(|(known, _)| *known == payload).and_then(|(_, clock)| *clock)
    }

    /// Whether packets with this payload are digits.
    #[must_use]
    pub fn is_digit(&self, payload: u8) -> bool {
        self.expect.payloads.iter().any(|(known, clock)| *known == payload && clock.is_none())
    }

    /// When sound or a report last came.
    #[must_use]
    pub fn heard(&self) -> Option<Instant> {
        self.heard
    }

    /// A datagram on this phone's RTP port.
    pub fn packet(&mut self, packet: &[u8], source: SocketAddr, now: Instant) -> Passage {
        match kind(packet) {
            Kind::Rtp { payload, sequence, timestamp, ssrc } => {
                let clock = self.expect.payloads.iter().find(|(p, _)| *p == payload).map(|(_, clock)| *clock);
                let known = self.rtp == Some(source) && self.heard.is_some();
                if clock.is_none() && payload == COMFORT && known {
                    self.heard = Some(now);
                    self.stats.count(sequence, timestamp, ssrc, None, now);
                    return Passage::Comfort;
                }
                let (Some(clock), true) = (clock, known || self.latch(source, ssrc, sequence, now)) else {
                    self.refused += 1;
                    return Passage::Dropped;
                };
                self.heard = Some(now);
                self.stats.count(sequence, timestamp, ssrc, clock, now);
                Passage::Rtp
            }
            // A phone that sends both on one port although we did not ask for it.
            Kind::Rtcp if self.rtp == Some(source) => {
                self.heard = Some(now);
                Passage::Rtcp
            }
            Kind::Rtcp | Kind::Other => {
                self.refused += 1;
                Passage::Dropped
            }
        }
    }

    /// An RTP packet whose sender was proven by other means; whether its payload was negotiated.
    pub fn proven_packet(&mut self, packet: &[u8], now: Instant) -> bool {
        let Kind::Rtp { payload, sequence, timestamp, ssrc } = kind(packet) else { return false };
        let known = self.expect.payloads.iter().find(|(known, _)| *known == payload);
        let Some((_, clock)) = known.copied() else {
            self.refused += 1;
            return false;
        };
        self.heard = Some(now);
        self.stats.count(sequence, timestamp, ssrc, clock, now);
        true
    }

    /// Whether its own description hides it: the address there is of a private network, while its
    /// signalling comes from elsewhere.
    pub fn is_hidden(&self) -> bool {
        let Some(named) = self.expect.first.map(|first| first.ip()) else { return false };
        is_private(named) && self.expect.trusted.iter().any(|ip| !is_private(*ip))
    }

    /// A datagram on this phone's RTCP port: believed from where its RTP comes from.
    pub fn rtcp_packet(&mut self, packet: &[u8], source: SocketAddr, now: Instant) -> Passage {
        let from_phone = match self.rtp {
            Some(rtp) => rtp.ip() == source.ip(),
            None => self.expect.trusted.contains(&source.ip()),
        };
        if kind(packet) != Kind::Rtcp || !from_phone {
            self.refused += 1;
            return Passage::Dropped;
        }
        self.rtcp = Some(source);
        if self.rtp.is_some() {
            self.heard = Some(now);
        }
        Passage::Rtcp
    }

    fn latch(&mut self, source: SocketAddr, ssrc: u32, sequence: u16, now: Instant) -> bool {
        // A stranger that was believed gives way to the phone: it may be one that still talks to a
        // call of before, whose port this was.
        let trusts = |source: SocketAddr| self.expect.trusted.contains(&source.ip());
        let usurped = self.rtp.is_some_and(|held| !trusts(held)) && trusts(source);
        if let Some(heard) = self.heard
            && now.saturating_duration_since(heard) < SILENT
            && !usurped
        {
            return false;
        }
        if !self.expect.trusted.contains(&source.ip()) && !self.proven(source, ssrc, sequence) {
            return false;
        }
        if self.rtp != Some(source) {
            self.rtp = Some(source);
            self.rtcp = None;
        }
        self.candidate = None;
        true
    }

    /// An unexpected address must keep one stream going before it is believed.
    fn proven(&mut self, source: SocketAddr, ssrc: u32, sequence: u16) -> bool {
        let follows = self
            .candidate
            .filter(|c| c.source == source && c.ssrc == ssrc && sequence == c.sequence.wrapping_add(1));
        let packets = follows.map_or(1, |c| c.packets + 1);
        self.candidate = Some(Candidate { source, ssrc, sequence, packets });
        packets >= STRANGER_PACKETS
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    fn rtp(sequence: u16) -> Vec<u8> {
        let mut packet = vec![0x80, 8];
        packet.extend(sequence.to_be_bytes());
        packet.extend([0; 4]);
        packet.extend([0, 0, 0, 9]);
        packet.extend([0xd5; 160]);
        packet
    }

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn latch() -> Latch {
        let mut latch = Latch::default();
        let expect = Expect {
            trusted: vec![at("192.0.2.1:1").ip()],
            first: Some(at("192.0.2.1:4000")),
            first_rtcp: None,
            payloads: vec![(8, Some(8000))],
        };
        latch.expect(expect, false);
        latch
    }

    #[test]
    fn a_phone_that_talks_on_to_a_call_of_before_gives_way_to_the_one_whose_call_it_is() {
        let now = Instant::now();
        let mut latch = Latch::default();
        let (phone, old) = (at("192.0.2.7:4000"), at("198.51.100.9:4000"));
        let payloads = vec![(8, Some(8000))];
        latch.expect(Expect { trusted: vec![phone.ip()], payloads, ..Expect::default() }, true);
        for sequence in 0..5 {
            latch.packet(&rtp(sequence), old, now);
        }
        assert_eq!(latch.destination(), Some(old), "believed, while nobody else speaks");
        assert_eq!(latch.packet(&rtp(900), phone, now), Passage::Rtp);
        assert_eq!(latch.destination(), Some(phone));
        assert_eq!(latch.packet(&rtp(5), old, now), Passage::Dropped);
    }

    #[test]
    fn the_first_trusted_source_holds_and_others_are_refused() {
        let (mut latch, now) = (latch(), Instant::now());
        assert_eq!(latch.destination(), Some(at("192.0.2.1:4000")));
        assert_eq!(latch.packet(&rtp(1), at("192.0.2.1:55000"), now), Passage::Rtp);
        assert_eq!(latch.destination(), Some(at("192.0.2.1:55000")));
        assert_eq!(latch.rtcp_destination(), Some(at("192.0.2.1:55001")));
        for sequence in 1..50 {
            assert_eq!(latch.packet(&rtp(sequence), at("203.0.113.5:9"), now), Passage::Dropped);
        }
        assert_eq!(latch.packet(&rtp(2), at("192.0.2.1:55002"), now), Passage::Dropped);
        assert_eq!(latch.destination(), Some(at("192.0.2.1:55000")));
    }

    #[test]
    fn a_stranger_must_keep_one_stream_going() {
        let (mut latch, now) = (latch(), Instant::now());
        let stranger = at("203.0.113.5:9");
        for sequence in [1, 2, 3, 4, 7, 8, 9, 10] {
            assert_eq!(latch.packet(&rtp(sequence), stranger, now), Passage::Dropped);
        }
        assert_eq!(latch.packet(&rtp(11), stranger, now), Passage::Rtp);
        assert_eq!(latch.destination(), Some(stranger));
    }

    #[test]
    fn a_phone_that_its_router_moved_is_found_again_after_silence() {
        let (mut latch, now) = (latch(), Instant::now());
        assert_eq!(latch.packet(&rtp(1), at("192.0.2.1:55000"), now), Passage::Rtp);
        let later = now + SILENT;
        assert_eq!(latch.packet(&rtp(2), at("192.0.2.1:56000"), later), Passage::Rtp);
        assert_eq!(latch.destination(), Some(at("192.0.2.1:56000")));
    }

    #[test]
    fn a_new_description_lets_the_sound_move_at_once() {
        let (mut latch, now) = (latch(), Instant::now());
        assert_eq!(latch.packet(&rtp(1), at("192.0.2.1:55000"), now), Passage::Rtp);
        let mut expect = latch.expect.clone();
        expect.first = Some(at("192.0.2.1:4100"));
        latch.expect(expect, true);
        assert_eq!(latch.packet(&rtp(1), at("192.0.2.1:57000"), now), Passage::Rtp);
        assert_eq!(latch.destination(), Some(at("192.0.2.1:57000")));
    }

    #[test]
    fn only_negotiated_payloads_and_real_rtcp_pass() {
        let (mut latch, now) = (latch(), Instant::now());
        let phone = at("192.0.2.1:55000");
        let (mut other, mut comfort) = (rtp(1), rtp(2));
        (other[1], comfort[1]) = (97, COMFORT);
        assert_eq!(latch.packet(&other, phone, now), Passage::Dropped);
        assert_eq!(latch.packet(&comfort, phone, now), Passage::Dropped, "nothing else came from there");
        assert_eq!(latch.packet(b"garbage", phone, now), Passage::Dropped);
        assert_eq!(latch.rtcp_packet(b"garbage!", at("192.0.2.1:55001"), now), Passage::Dropped);
        let report = [0x80, 200, 0, 1, 0, 0, 0, 0];
        assert_eq!(latch.rtcp_packet(&report, at("203.0.113.5:9"), now), Passage::Dropped);
        assert_eq!(latch.rtcp_packet(&report, at("192.0.2.1:55009"), now), Passage::Rtcp);
        assert_eq!(latch.rtcp_destination(), Some(at("192.0.2.1:55009")));
        assert_eq!(latch.packet(&rtp(1), phone, now), Passage::Rtp);
        assert_eq!(latch.packet(&comfort, phone, now), Passage::Comfort);
    }
}
