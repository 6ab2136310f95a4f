//! Phones that are silent on purpose: they send nothing while nobody speaks, or while they are muted.
//!
//! What tells of it: comfort noise (RFC 3389), a stream that goes on after a pause with no packet
//! missing, a description that allows it, and reports (RFC 3550) by which a phone says that it sent
//! nothing. A phone whose reports count packets that never came is another matter.

use super::rtcp::{Sent, sent};
use super::rtp::{Kind, kind};
use std::time::Instant;

/// Comfort noise (RFC 3551, section 6), also where nobody agreed on it.
pub const COMFORT: u8 = 13;

/// What is known of one phone's silences.
#[expect(clippy::struct_excessive_bools, reason = "each is known, or not, by itself")]
#[derive(Debug, Default)]
pub struct Pauses {
    /// By its description it may.
    allowed: bool,
    /// It did.
    seen: bool,
    /// Source, number and RTP time of its last packet of sound.
    last: Option<(u32, u16, u32)>,
    /// Packets that its last report says were sent.
    sent: Option<u32>,
    /// Something came since its last report; at any time.
    heard: bool,
    ever: bool,
    /// When a report last said that nothing was sent. Sound that comes later says otherwise.
    said: Option<Instant>,
    /// A report counted packets that did not come.
    lost: bool,
    /// Its reports do not fit what comes from it.
    wrong: bool,
}

impl Pauses {
    /// Whether its description allows it.
    pub fn allow(&mut self, allowed: bool) {
        self.allowed = allowed;
    }

    /// A packet of its sound, or of a digit. `clock`: Hz; `None` for digits.
    pub fn packet(&mut self, packet: &[u8], clock: Option<u32>) {
        (self.heard, self.ever, self.said, self.lost) = (true, true, None, false);
        let Kind::Rtp { payload, sequence, timestamp, ssrc } = kind(packet) else { return };
        let before = self.last.replace((ssrc, sequence, timestamp));
        // Digits stand still in time.
        let Some(clock) = clock else {
            self.last = None;
            return;
        };
        let follows =
            before.filter(|(source, number, _)| (*source, number.wrapping_add(1)) == (ssrc, sequence));
        let pause = follows.map_or(0, |(_, _, then)| timestamp.wrapping_sub(then).cast_signed());
        // No codec has packets as long as this.
        self.seen |= payload == COMFORT || i64::from(pause) > i64::from(clock) * 2 / 5;
    }

    /// A report of its; whether it says that nothing was sent since the one before.
    pub fn report(&mut self, report: &[u8], now: Instant) -> bool {
        let Some(sent) = sent(report) else { return false };
        let heard = std::mem::take(&mut self.heard);
        let rests = match sent {
            Sent::Nothing => true,
            Sent::Packets(packets) => {
                let before = self.sent.replace(packets);
                self.lost = !heard && packets > 0 && before != Some(packets);
                before == Some(packets)
            }
        };
        self.wrong |= rests && heard;
        let rests = rests && !self.wrong;
        if rests {
            (self.said, self.lost) = (Some(now), false);
            self.seen |= self.ever;
        } else {
            self.said = None;
        }
        rests
    }

    /// Whether silence is nothing unusual for it.
    pub fn are_usual(&self) -> bool {
        (self.allowed || self.seen) && !self.lost
    }

    /// When it last said itself that it sends nothing.
    pub fn said(&self) -> Option<Instant> {
        self.said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(payload: u8, sequence: u16, timestamp: u32) -> Vec<u8> {
        let mut packet = vec![0x80, payload];
        packet.extend(sequence.to_be_bytes());
        packet.extend(timestamp.to_be_bytes());
        packet.extend([0, 0, 0, 9]);
        packet
    }

    fn sender(packets: u32) -> Vec<u8> {
        let mut report = vec![0x80, 200, 0, 6, 0, 0, 0, 9];
        report.extend([0; 12]);
        report.extend(packets.to_be_bytes());
        report.extend([0; 4]);
        report
    }

    const RECEIVER: [u8; 8] = [0x80, 201, 0, 1, 0, 0, 0, 9];

    #[test]
    fn comfort_noise_and_pauses_without_loss_are_known_and_gaps_with_loss_are_none() {
        for (then, usual) in [
            (packet(8, 2, 320), false),
            (packet(8, 2, 160 + 3200), false),
            (packet(8, 2, 160 + 3201), true),
            (packet(8, 200, 160 + 32_000), false),
            (packet(8, 2, 0_u32.wrapping_sub(90_000)), false),
            (packet(COMFORT, 2, 320), true),
        ] {
            let mut pauses = Pauses::default();
            pauses.packet(&packet(8, 1, 160), Some(8000));
            pauses.packet(&then, Some(8000));
            assert_eq!(pauses.are_usual(), usual, "{then:?}");
        }
    }

    #[test]
    fn a_key_that_is_held_down_is_no_pause() {
        let mut pauses = Pauses::default();
        pauses.packet(&packet(8, 1, 160), Some(8000));
        pauses.packet(&packet(101, 2, 320), None);
        pauses.packet(&packet(8, 3, 16_000), Some(8000));
        assert!(!pauses.are_usual());
    }

    #[test]
    fn a_phone_says_itself_that_it_sends_nothing() {
        let (mut pauses, now) = (Pauses::default(), Instant::now());
        pauses.packet(&packet(8, 1, 160), Some(8000));
        assert!(!pauses.report(&sender(1), now));
        assert!(pauses.report(&sender(1), now), "the same count");
        assert!(pauses.report(&RECEIVER, now) && pauses.said() == Some(now) && pauses.are_usual());
        pauses.packet(&packet(8, 2, 16_000), Some(8000));
        assert_eq!(pauses.said(), None);
        assert!(!pauses.report(b"garbage", now));
    }

    #[test]
    fn reports_of_packets_that_never_came_explain_nothing() {
        let (mut pauses, now) = (Pauses::default(), Instant::now());
        pauses.allow(true);
        pauses.packet(&packet(8, 1, 160), Some(8000));
        assert!(!pauses.report(&sender(250), now) && pauses.are_usual());
        assert!(!pauses.report(&sender(500), now) && !pauses.are_usual());
        pauses.packet(&packet(8, 700, 90_000), Some(8000));
        assert!(pauses.are_usual());
    }

    #[test]
    fn a_phone_whose_reports_never_count_is_not_believed() {
        let (mut pauses, now) = (Pauses::default(), Instant::now());
        pauses.packet(&packet(8, 1, 160), Some(8000));
        assert!(!pauses.report(&RECEIVER, now));
        assert!(!pauses.report(&RECEIVER, now) && pauses.said().is_none() && !pauses.are_usual());
    }
}
