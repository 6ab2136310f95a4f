//! RTP (RFC 3550) as far as a relay reads it.

use std::time::Instant;

/// What a datagram on a media port is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Rtp {
        payload: u8,
        sequence: u16,
        timestamp: u32,
        ssrc: u32,
    },
    Rtcp,
    /// Neither: STUN, garbage.
    Other,
}

/// Reads the first bytes of a datagram.
#[must_use]
pub fn kind(packet: &[u8]) -> Kind {
    let [first, second, s0, s1, rest @ ..] = packet else { return Kind::Other };
    if first >> 6 != 2 {
        return Kind::Other;
    }
    // RFC 5761: RTCP types are 192 to 223, where RTP would have the marker and payload 64 to 95.
    if (192..=223).contains(second) {
        return if packet.len() >= 8 { Kind::Rtcp } else { Kind::Other };
    }
    let [t0, t1, t2, t3, r0, r1, r2, r3, ..] = rest else { return Kind::Other };
    Kind::Rtp {
        payload: second & 0x7f,
        sequence: u16::from_be_bytes([*s0, *s1]),
        timestamp: u32::from_be_bytes([*t0, *t1, *t2, *t3]),
        ssrc: u32::from_be_bytes([*r0, *r1, *r2, *r3]),
    }
}

/// What an RTP packet carries; `None`: it is cut short.
#[must_use]
pub fn body(packet: &[u8]) -> Option<&[u8]> {
    let first = *packet.first()?;
    let mut start = 12 + usize::from(first & 0x0f) * 4;
    if first & 0x10 != 0 {
        let words = packet.get(start + 2..start + 4)?;
        start += 4 + usize::from(u16::from_be_bytes([words[0], words[1]])) * 4;
    }
    let padding = if first & 0x20 != 0 { usize::from(*packet.last()?) } else { 0 };
    packet.get(start..packet.len().checked_sub(padding)?)
}

/// What came from one phone.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReceiveStats {
    packets: u64,
    /// Lost in streams that are over: a phone may begin anew after hold.
    lost_before: u64,
    stream: Option<Stream>,
    /// Milliseconds, smoothed as RFC 3550 says.
    jitter_ms: f64,
}

#[derive(Debug, Clone, Copy)]
struct Stream {
    ssrc: u32,
    first: u64,
    /// Highest sequence number, with the rounds of the 16-bit counter.
    highest: u64,
    received: u64,
    /// Arrival and RTP time of the last packet that counted for jitter.
    last: Option<(Instant, u32)>,
}

impl ReceiveStats {
    /// Counts one packet. `clock`: Hz of its payload; `None`: no measure of jitter, for tones whose
    /// timestamp stands still.
    pub fn count(&mut self, sequence: u16, timestamp: u32, ssrc: u32, clock: Option<u32>, now: Instant) {
        self.packets += 1;
        let known = self.stream.filter(|s| s.ssrc == ssrc);
        let follows = known.and_then(|s| extend(s.highest, sequence).map(|extended| (s, extended)));
        let Some((mut stream, extended)) = follows else {
            self.lost_before = self.lost();
            let first = 0x1_0000 + u64::from(sequence);
            let last = clock.map(|_| (now, timestamp));
            self.stream = Some(Stream { ssrc, first, highest: first, received: 1, last });
            return;
        };
        stream.received += 1;
        stream.first = stream.first.min(extended);
        stream.highest = stream.highest.max(extended);
        if let Some(clock) = clock {
            if let Some((then, before)) = stream.last {
                let arrived = now.saturating_duration_since(then).as_secs_f64() * 1000.0;
                let step = timestamp.wrapping_sub(before).cast_signed();
                let sent = f64::from(step) * 1000.0 / f64::from(clock);
                // A gap of seconds is a pause, not jitter.
                let off = (arrived - sent).abs();
                if off < 2000.0 {
                    self.jitter_ms += (off - self.jitter_ms) / 16.0;
                }
            }
            stream.last = Some((now, timestamp));
        }
        self.stream = Some(stream);
    }

    #[must_use]
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Packets that never came, between the first and the last that did.
    #[must_use]
    pub fn lost(&self) -> u64 {
        let open = self.stream.map_or(0, |s| (s.highest - s.first + 1).saturating_sub(s.received));
        self.lost_before + open
    }

    #[must_use]
    pub fn jitter_ms(&self) -> f64 {
        self.jitter_ms
    }
}

/// The sequence number nearest to `highest`; `None`: so far away that a new count has begun.
pub fn extend(highest: u64, sequence: u16) -> Option<u64> {
    let low = u16::try_from(highest & 0xffff).unwrap_or(0);
    let step = i64::from(sequence.wrapping_sub(low).cast_signed());
    (step.abs() < 3000).then(|| highest.checked_add_signed(step)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn feed(stats: &mut ReceiveStats, ssrc: u32, sequences: impl IntoIterator<Item = u16>) {
        let now = Instant::now();
        for sequence in sequences {
            stats.count(sequence, u32::from(sequence) * 160, ssrc, None, now);
        }
    }

    #[test]
    fn lost_packets_are_counted_across_the_turn_of_the_counter_and_disorder() {
        let mut stats = ReceiveStats::default();
        feed(&mut stats, 1, [65_533, 65_535, 65_534, 1, 0, 5]);
        assert_eq!((stats.packets(), stats.lost()), (6, 3));
    }

    #[test]
    fn a_new_stream_after_hold_is_no_loss() {
        let mut stats = ReceiveStats::default();
        feed(&mut stats, 1, [10, 12]);
        feed(&mut stats, 2, [40_000, 40_001]);
        feed(&mut stats, 2, [9, 10, 12]);
        assert_eq!((stats.packets(), stats.lost()), (7, 2));
    }

    #[test]
    fn jitter_is_that_of_rfc_3550() {
        let (mut even, mut uneven) = (ReceiveStats::default(), ReceiveStats::default());
        let start = Instant::now();
        for n in 0..200_u16 {
            let at = start + Duration::from_millis(20 * u64::from(n));
            even.count(n, u32::from(n) * 160, 1, Some(8000), at);
            let late = if n % 2 == 0 { Duration::from_millis(8) } else { Duration::ZERO };
            uneven.count(n, u32::from(n) * 160, 1, Some(8000), at + late);
        }
        assert!(even.jitter_ms() < 0.001, "{}", even.jitter_ms());
        assert!((uneven.jitter_ms() - 8.0).abs() < 0.01, "{}", uneven.jitter_ms());
    }

    #[test]
    fn packets_are_told_apart() {
        assert_eq!(kind(&[0x80, 200, 0, 1, 0, 0, 0, 0]), Kind::Rtcp);
        assert_eq!(kind(&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0]), Kind::Other);
        assert_eq!(
            kind(&[0x80, 0x88, 1, 2, 0, 0, 0, 9, 0, 0, 0, 7]),
            Kind::Rtp { payload: 8, sequence: 258, timestamp: 9, ssrc: 7 }
        );
        for short in 0..8 {
            assert_eq!(kind(&[0x80; 8][..short]), Kind::Other);
        }
    }
}
