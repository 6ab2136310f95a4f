//! One stream of packets towards a phone, whatever its sound comes from: the numbers go on without a
//! gap when the source changes, and the phone need not notice more than a marker.

use std::time::Instant;

/// Of an RTP packet without extensions.
pub const HEAD: usize = 12;
/// Packets that come late are passed on if they are not further behind than this.
const BEHIND: u16 = 1000;
/// Beyond this, a source counts anew.
const JUMP: u16 = 3000;

#[derive(Debug)]
pub struct Outgoing {
    ssrc: u32,
    /// Of the next packet.
    sequence: u16,
    /// Of the last packet.
    timestamp: u32,
    /// When the last packet went out; `None`: nothing was sent so far.
    at: Option<Instant>,
    /// The next frame is the first of a new source.
    marker: bool,
    anchor: Option<Anchor>,
}

/// How the numbers of a phone whose packets are passed on become ours.
#[derive(Debug, Clone, Copy)]
pub struct Anchor {
    /// Of the packets that come in.
    pub from_ssrc: u32,
    /// Of the packets that go out.
    pub to_ssrc: u32,
    /// Added to what comes in.
    pub sequence: u16,
    /// Added to what comes in.
    pub timestamp: u32,
    /// The oldest number, as it comes in, that still has a place.
    first: u16,
}

impl Outgoing {
    pub fn new() -> Self {
        Self {
            ssrc: rand::random(),
            sequence: rand::random::<u16>() & 0x7fff,
            timestamp: rand::random(),
            at: None,
            marker: true,
            anchor: None,
        }
    }

    /// The next packet comes from somewhere else.
    pub fn restart(&mut self) {
        self.marker = true;
        self.anchor = None;
    }

    /// The translation in force, while packets are passed on.
    pub fn anchor(&self) -> Option<Anchor> {
        self.anchor
    }

    /// Gives a packet of another phone our numbers. `payload`: its new number; `clock`: Hz of its
    /// time. `false`: it is too old, from before this source began.
    pub fn relay(&mut self, packet: &mut [u8], payload: Option<u8>, clock: u32, now: Instant) -> bool {
        let Some(head) = packet.first_chunk_mut::<HEAD>() else { return false };
        let [_, second, s0, s1, t0, t1, t2, t3, r0, r1, r2, r3] = head;
        let sequence = u16::from_be_bytes([*s0, *s1]);
        let timestamp = u32::from_be_bytes([*t0, *t1, *t2, *t3]);
        let ssrc = u32::from_be_bytes([*r0, *r1, *r2, *r3]);
        let goes_on = self.anchor.filter(|anchor| {
            let ahead = sequence.wrapping_add(anchor.sequence).wrapping_sub(self.sequence);
            anchor.from_ssrc == ssrc && (ahead < JUMP || ahead.wrapping_neg() < JUMP)
        });
        let mut anchor = goes_on.unwrap_or_else(|| self.begin(ssrc, sequence, timestamp, clock, now));
        let age = sequence.wrapping_sub(anchor.first);
        if age >= 0x8000 {
            return false;
        }
        if age > BEHIND {
            anchor.first = sequence.wrapping_sub(BEHIND);
        }
        self.anchor = Some(anchor);
        let sequence = sequence.wrapping_add(anchor.sequence);
        let timestamp = timestamp.wrapping_add(anchor.timestamp);
        if sequence.wrapping_sub(self.sequence) < 0x8000 {
            self.sequence = sequence.wrapping_add(1);
            self.timestamp = timestamp;
            self.at = Some(now);
        }
        if let Some(payload) = payload {
            *second = *second & 0x80 | payload & 0x7f;
        }
        if std::mem::take(&mut self.marker) {
            *second |= 0x80;
        }
        [*s0, *s1] = sequence.to_be_bytes();
        [*t0, *t1, *t2, *t3] = timestamp.to_be_bytes();
        [*r0, *r1, *r2, *r3] = anchor.to_ssrc.to_be_bytes();
        true
    }

    /// A packet of another phone that is not passed on: what follows closes up, or the phone would
    /// take it for lost.
    pub fn leave_out(&mut self, packet: &[u8]) {
        let Some(head) = packet.first_chunk::<HEAD>() else { return };
        let [_, _, s0, s1, _, _, _, _, ssrc @ ..] = head;
        let sequence = u16::from_be_bytes([*s0, *s1]);
        let next = self.sequence;
        // Where packets before it are still to come, the gap stays.
        let anchor = self.anchor.as_mut().filter(|anchor| {
            anchor.from_ssrc == u32::from_be_bytes(*ssrc) && sequence.wrapping_add(anchor.sequence) == next
        });
        if let Some(anchor) = anchor {
            anchor.sequence = anchor.sequence.wrapping_sub(1);
            anchor.first = sequence.wrapping_add(1);
        }
    }

    /// The head of the next frame of our own, whose RTP time has `clock` Hz.
    pub fn frame(&mut self, payload: u8, clock: u32, now: Instant) -> [u8; HEAD] {
        let step = if self.marker { self.gap(clock, now) } else { frame_time(clock) };
        let marker = std::mem::take(&mut self.marker);
        self.timestamp = self.timestamp.wrapping_add(step);
        self.head(payload, marker, self.timestamp, now)
    }

    /// A frame's time passes without a packet: digits have the word.
    pub fn skip(&mut self, clock: u32) {
        self.timestamp = self.timestamp.wrapping_add(frame_time(clock));
    }

    /// The RTP time that a digit beginning now has.
    pub fn digit_time(&self, clock: u32) -> u32 {
        self.timestamp.wrapping_add(frame_time(clock))
    }

    /// The head of a packet of a digit.
    pub fn digit(&mut self, payload: u8, begins: bool, timestamp: u32, now: Instant) -> [u8; HEAD] {
        self.head(payload, begins, timestamp, now)
    }

    fn head(&mut self, payload: u8, marker: bool, timestamp: u32, now: Instant) -> [u8; HEAD] {
        let [s0, s1] = self.sequence.to_be_bytes();
        let [t0, t1, t2, t3] = timestamp.to_be_bytes();
        let [r0, r1, r2, r3] = self.ssrc.to_be_bytes();
        self.sequence = self.sequence.wrapping_add(1);
        self.at = Some(now);
        let second = payload & 0x7f | if marker { 0x80 } else { 0 };
        [0x80, second, s0, s1, t0, t1, t2, t3, r0, r1, r2, r3]
    }

    fn begin(&mut self, ssrc: u32, sequence: u16, timestamp: u32, clock: u32, now: Instant) -> Anchor {
        // A phone that was sent nothing so far hears the other one as it is.
        if self.at.is_none() {
            self.ssrc = ssrc;
            self.sequence = sequence;
            self.marker = false;
            let first = sequence.wrapping_sub(BEHIND);
            return Anchor { from_ssrc: ssrc, to_ssrc: ssrc, sequence: 0, timestamp: 0, first };
        }
        self.marker = true;
        let due = self.timestamp.wrapping_add(self.gap(clock, now));
        Anchor {
            from_ssrc: ssrc,
            to_ssrc: self.ssrc,
            sequence: self.sequence.wrapping_sub(sequence),
            timestamp: due.wrapping_sub(timestamp),
            first: sequence,
        }
    }

    /// RTP time since the last packet, at least one frame of 20 ms.
    fn gap(&self, clock: u32, now: Instant) -> u32 {
        let passed = self.at.map_or(0, |at| now.saturating_duration_since(at).as_millis());
        let passed = u32::try_from(passed).unwrap_or(0).max(20);
        passed.wrapping_mul(clock / 1000)
    }
}

/// RTP time of a frame of 20 ms.
const fn frame_time(clock: u32) -> u32 {
    clock / 50
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(ssrc: u32, sequence: u16, timestamp: u32) -> Vec<u8> {
        let mut packet = vec![0x80, 8];
        packet.extend(sequence.to_be_bytes());
        packet.extend(timestamp.to_be_bytes());
        packet.extend(ssrc.to_be_bytes());
        packet.extend([1, 2, 3]);
        packet
    }

    fn number(packet: &[u8]) -> u16 {
        u16::from_be_bytes([packet[2], packet[3]])
    }

    #[test]
    fn the_first_source_of_a_fresh_stream_passes_as_it_is() {
        let (mut out, now) = (Outgoing::new(), Instant::now());
        for sequence in [65_534, 65_535, 0, 2, 1] {
            let sent = packet(7, sequence, 1000);
            let mut passed = sent.clone();
            assert!(out.relay(&mut passed, None, 8000, now));
            assert_eq!(passed, sent);
        }
    }

    #[test]
    fn numbers_go_on_from_frames_to_relayed_packets_and_back() {
        let (mut out, now) = (Outgoing::new(), Instant::now());
        let first = number(&out.frame(8, 8000, now));
        let mut relayed = packet(7, 500, 9);
        assert!(out.relay(&mut relayed, Some(96), 8000, now));
        assert_eq!(relayed[1], 0x80 + 96, "a marker, as the source changed");
        assert_eq!(number(&relayed), first.wrapping_add(1));
        let mut late = packet(7, 499, 9);
        assert!(!out.relay(&mut late, None, 8000, now), "its number is taken");
        let mut lost_one = packet(7, 502, 9);
        assert!(out.relay(&mut lost_one, None, 8000, now));
        assert_eq!(number(&lost_one), first.wrapping_add(3));
        out.restart();
        let back = out.frame(8, 8000, now);
        assert_eq!((back[1], number(&back)), (0x88, first.wrapping_add(4)));
        assert_eq!(back[8..12], relayed[8..12]);
    }

    #[test]
    fn what_is_left_out_leaves_no_gap() {
        let (mut out, now) = (Outgoing::new(), Instant::now());
        let mut passed = Vec::new();
        for sequence in [65_533, 65_534, 65_535, 0, 1, 3, 2, 4] {
            let mut one = packet(7, sequence, 1000);
            if matches!(sequence, 65_534 | 0 | 3) {
                out.leave_out(&one);
            } else if out.relay(&mut one, None, 8000, now) {
                passed.push(number(&one));
            }
        }
        // 3 was left out before 2 came: nobody knew whether 2 would.
        assert_eq!(passed, [65_533, 65_534, 65_535, 0, 2]);
        out.leave_out(&packet(8, 5, 1000));
        let mut late = packet(7, 0, 1000);
        assert!(!out.relay(&mut late, None, 8000, now), "its place is another's");
    }

    #[test]
    fn a_long_call_never_runs_out_of_numbers() {
        let (mut out, now) = (Outgoing::new(), Instant::now());
        out.frame(8, 8000, now);
        for sequence in (0..=u16::MAX).cycle().take(200_000) {
            assert!(out.relay(&mut packet(7, sequence, 0), None, 8000, now));
        }
        assert!(out.relay(&mut packet(8, 9, 0), None, 8000, now), "another source follows");
    }
}
