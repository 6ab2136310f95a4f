//! Keys as RFC 4733 sends them: many packets for one press, the last one three times.

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

    /// Whether a packet is of a press that was told: it is not passed on, should a bridge begin
    /// while the key is still down.
    pub fn was_told(&self, packet: &[u8]) -> bool {
        read(packet).is_some_and(|(press, _)| self.told.is_some_and(|told| told.is_same(press)))
    }

    /// A packet of another phone's digit that is to be sent to this one. `clocks`: Hz in which the
    /// other and this one count; `due`: the RTP time of a digit that begins now.
    pub fn pass(&mut self, packet: &[u8], clocks: (u32, u32), due: u32, now: Instant) -> Option<Part> {
        let (press, mut body) = read(packet)?;
        let (from, to) = (u64::from(clocks.0.max(1)), u64::from(clocks.1));
        let (begins, timestamp) = match self.passing.filter(|passing| passing.from.is_same(press)) {
            // A press that goes on under a new time keeps doing so.
            Some(passing) => {
                let later = u64::from(press.timestamp.wrapping_sub(passing.from.timestamp)) * to / from;
                (false, passing.timestamp.wrapping_add(u32::try_from(later).unwrap_or(0)))
            }
            None => (true, due),
        };
        body[2..].copy_from_slice(&lasting(press.duration, clocks).to_be_bytes());
        self.passing = Some(Passing { from: press, timestamp, at: now });
        Some(Part { begins, timestamp, body })
    }

    /// Whether a digit is being sent, so that sound waits.
    pub fn has_the_word(&self, now: Instant) -> bool {
        self.passing.is_some_and(|p| !p.from.ended && now.saturating_duration_since(p.at) < LOST)
    }
}

/// Brings how long a digit is, in a packet that is passed on as it is, from one clock to another.
pub fn adapt(packet: &mut [u8], clocks: (u32, u32)) {
    let Some((press, _)) = read(packet).filter(|_| clocks.0 != clocks.1) else { return };
    let Some(start) = rtp::body(packet).map(|body| packet.len() - body.len()) else { return };
    if let Some(place) = packet.get_mut(start + 2..start + 4) {
        place.copy_from_slice(&lasting(press.duration, clocks).to_be_bytes());
    }
}

/// How long a press is on another clock. A fast one cannot say it of a very long press; that it is
/// down is what counts.
fn lasting(duration: u16, (from, to): (u32, u32)) -> u16 {
    let lasting = u64::from(duration) * u64::from(to) / u64::from(from.max(1));
    u16::try_from(lasting).unwrap_or(LONGEST)
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    fn packet(timestamp: u32, event: u8, ended: bool, duration: u16) -> Vec<u8> {
        let mut packet = vec![0x80, 101, 0, 1];
        packet.extend(timestamp.to_be_bytes());
        packet.extend([0, 0, 0, 7, event, if ended { 0x8a } else { 10 }]);
        packet.extend(duration.to_be_bytes());
        packet
    }

    #[test]
    fn one_press_of_many_packets_is_told_once() {
        let mut digits = Digits::default();
        let mut told = Vec::new();
        for (timestamp, event) in [(1000, 5), (3000, 5), (5000, 11)] {
            for (ended, duration) in [(false, 160), (false, 320), (true, 480), (true, 480), (true, 480)] {
                told.extend(digits.heard(&packet(timestamp, event, ended, duration)));
            }
        }
        assert_eq!(told, ["5", "5", "#"].map(|key| Key::parse(key).unwrap()));
    }

    #[test]
    fn a_press_of_ten_seconds_is_one() {
        let mut digits = Digits::default();
        assert!(digits.heard(&packet(0, 1, false, 160)).is_some());
        assert!(digits.heard(&packet(0, 1, false, LONGEST)).is_none());
        assert!(digits.heard(&packet(u32::from(LONGEST), 1, false, 160)).is_none());
        assert!(digits.heard(&packet(u32::from(LONGEST), 1, true, 14_465)).is_none());
    }

    #[test]
    fn a_press_whose_end_was_lost_is_not_taken_for_the_next() {
        let mut digits = Digits::default();
        assert!(digits.heard(&packet(0, 1, false, 160)).is_some());
        assert!(digits.heard(&packet(8000, 1, false, 160)).is_some());
        assert!(digits.was_told(&packet(8000, 1, true, 320)));
        assert!(!digits.was_told(&packet(16_000, 1, false, 160)));
    }

    #[test]
    fn a_passed_press_keeps_one_time_and_silences_sound_until_its_end() {
        let (mut digits, clocks, now) = (Digits::default(), (8000, 8000), Instant::now());
        let first = digits.pass(&packet(50, 1, false, 160), clocks, 1000, now).unwrap();
        assert!(first.begins && first.timestamp == 1000 && digits.has_the_word(now));
        let end = digits.pass(&packet(50, 1, true, 800), clocks, 1160, now).unwrap();
        assert_eq!((end.begins, end.timestamp, end.body), (false, first.timestamp, [1, 0x8a, 3, 32]));
        assert!(!digits.has_the_word(now));
        let lost = digits.pass(&packet(9000, 1, false, 160), clocks, 1320, now).unwrap();
        assert_ne!(lost.timestamp, first.timestamp);
        assert!(!digits.has_the_word(now + LOST));
    }

    #[test]
    fn how_long_a_press_is_goes_from_clock_to_clock() {
        let (mut digits, now) = (Digits::default(), Instant::now());
        let mut told = |packet: &[u8], clocks| {
            let part = digits.pass(packet, clocks, 1000, now).unwrap();
            (part.timestamp, u16::from_be_bytes([part.body[2], part.body[3]]))
        };
        assert_eq!(told(&packet(0, 1, false, 960), (48_000, 8000)), (1000, 160));
        assert_eq!(told(&packet(0, 1, false, LONGEST), (48_000, 8000)), (1000, 10_922));
        assert_eq!(told(&packet(u32::from(LONGEST), 1, true, 960), (48_000, 8000)), (11_922, 160));
        assert_eq!(told(&packet(0, 2, false, 800), (8000, 48_000)), (1000, 4800));
        assert_eq!(told(&packet(0, 2, false, 16_000), (8000, 48_000)), (1000, LONGEST));
    }

    #[test]
    fn a_press_that_passes_as_it_is_counts_by_the_other_clock() {
        let mut passing = packet(50, 1, true, 960);
        adapt(&mut passing, (48_000, 8000));
        assert_eq!(passing, packet(50, 1, true, 160));
        adapt(&mut passing, (8000, 8000));
        adapt(&mut passing[..14], (8000, 48_000));
        assert_eq!(passing, packet(50, 1, true, 160));
    }

    #[test]
    fn a_flash_and_garbage_are_no_keys() {
        let mut digits = Digits::default();
        assert!(digits.heard(&packet(0, 16, false, 160)).is_none());
        assert!(digits.heard(&packet(0, 1, false, 160)[..15]).is_none());
    }
}
