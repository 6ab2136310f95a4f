//! Keys as RFC 4733 sends them: many packets for one press, the last one three times.

use super::out::Outgoing;
use super::rtp;
use std::time::{Duration, Instant};
use voxera_model::Key;

/// A digit whose packets stop without an end is over after this.
const LOST: Duration = Duration::from_millis(150);
/// A press longer than a packet can say goes on under a new RTP time.
const LONGEST: u16 = 0xffff;

#[derive(Debug, Default)]
pub struct Digits {
    /// The press that was told last.
    told: Option<Press>,
    passing: Option<Passing>,
}

#[derive(Debug, Clone, Copy)]
struct Press {
    event: u8,
    ended: bool,
    duration: u16,
    /// Of the packet.
    timestamp: u32,
    ssrc: u32,
}

/// A press of another phone on its way to this one.
#[derive(Debug, Clone, Copy)]
struct Passing {
    from: Press,
    timestamp: u32,
    at: Instant,
}

/// What of a digit goes into one packet.
#[derive(Debug)]
pub struct Part {
    pub begins: bool,
    pub timestamp: u32,
    pub body: [u8; 4],
}

impl Digits {
    /// A packet of a digit; the key, at the first one of each press.
    pub fn heard(&mut self, packet: &[u8]) -> Option<Key> {
        let (press, _) = read(packet)?;
        let new = self.told.is_none_or(|told| !told.is_same(press));
        self.told = Some(press);
        let key = match press.event {
            digit @ 0..=9 => char::from(b'0' + digit),
            10 => '*',
            11 => '#',
            _ => return None,
        };
        Key::new(key).filter(|_| new)
    }

    /// A packet of another phone's digit that is to be sent to this one.
    pub fn pass(&mut self, packet: &[u8], out: &Outgoing, now: Instant) -> Option<Part> {
        let (press, body) = read(packet)?;
        let (begins, timestamp) = match self.passing.filter(|passing| passing.from.is_same(press)) {
            // A press that goes on under a new time keeps doing so.
            Some(passing) => {
                (false, passing.timestamp.wrapping_add(press.timestamp.wrapping_sub(passing.from.timestamp)))
            }
            None => (true, out.digit_time()),
        };
        self.passing = Some(Passing { from: press, timestamp, at: now });
        Some(Part { begins, timestamp, body })
    }

    /// Whether a digit is being sent, so that sound waits.
    pub fn has_the_word(&self, now: Instant) -> bool {
        self.passing.is_some_and(|p| !p.from.ended && now.saturating_duration_since(p.at) < LOST)
    }
}

impl Press {
    fn is_same(self, next: Self) -> bool {
        let continues = !self.ended
            && self.duration == LONGEST
            && next.timestamp.wrapping_sub(self.timestamp) == u32::from(LONGEST);
        self.event == next.event && self.ssrc == next.ssrc && (self.timestamp == next.timestamp || continues)
    }
}

fn read(packet: &[u8]) -> Option<(Press, [u8; 4])> {
    let rtp::Kind::Rtp { timestamp, ssrc, .. } = rtp::kind(packet) else { return None };
    let body = *rtp::body(packet)?.first_chunk::<4>()?;
    let [event, flags, d0, d1] = body;
    let duration = u16::from_be_bytes([d0, d1]);
    Some((Press { event, ended: flags & 0x80 != 0, duration, timestamp, ssrc }, body))
}
