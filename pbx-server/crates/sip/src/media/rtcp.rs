//! Reports of phones whose packets get new numbers on the way.

use super::out::Anchor;

/// Makes a report of one phone speak of the streams as the other one knows them. `up`: how its own
/// packets reach the other; `down`: how the other's packets reach it.
pub fn translate(report: &mut [u8], up: Option<Anchor>, down: Option<Anchor>) {
    let mut rest = report;
    while let Some((head, _)) = rest.split_first_chunk::<4>() {
        let [first, kind, l0, l1] = *head;
        let length = 4 + usize::from(u16::from_be_bytes([l0, l1])) * 4;
        let Some((packet, next)) = std::mem::take(&mut rest).split_at_mut_checked(length) else { return };
        let count = usize::from(first & 0x1f);
        rest = next;
        match kind {
            200 => {
                if let (Some(up), Some(ssrc)) = (up, word(packet, 4))
                    && ssrc == up.from_ssrc
                    && let Some(time) = word(packet, 16)
                {
                    put(packet, 16, time.wrapping_add(up.timestamp));
                }
                name(packet, 4, up);
                blocks(packet, 28, count, down);
            }
            201 => {
                name(packet, 4, up);
                blocks(packet, 8, count, down);
            }
            // A description or a goodbye: of one source, as phones have it.
            202 | 203 if count > 0 => name(packet, 4, up),
            // Feedback: who speaks, and about whom.
            205 | 206 => {
                name(packet, 4, up);
                back(packet, 8, down);
            }
            204 | 207 => name(packet, 4, up),
            _ => {}
        }
    }
}

/// What a phone says that it sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// It is no sender now.
    Nothing,
    /// In all.
    Packets(u32),
}

/// What a phone's report says of itself; `None`: it is no report.
pub fn sent(report: &[u8]) -> Option<Sent> {
    match report.get(1)? {
        200 => word(report, 20).map(Sent::Packets),
        201 if report.len() >= 8 => Some(Sent::Nothing),
        _ => None,
    }
}

fn blocks(packet: &mut [u8], start: usize, count: usize, down: Option<Anchor>) {
    let Some(down) = down else { return };
    for at in (start..).step_by(24).take(count) {
        if back(packet, at, Some(down))
            && let Some(highest) = word(packet, at + 8)
        {
            // The rounds of the counter stay as the phone counted them.
            let [r0, r1, s0, s1] = highest.to_be_bytes();
            let [s0, s1] = u16::from_be_bytes([s0, s1]).wrapping_sub(down.sequence).to_be_bytes();
            put(packet, at + 8, u32::from_be_bytes([r0, r1, s0, s1]));
        }
    }
}

fn name(packet: &mut [u8], at: usize, up: Option<Anchor>) {
    if let Some(up) = up
        && word(packet, at) == Some(up.from_ssrc)
    {
        put(packet, at, up.to_ssrc);
    }
}

fn back(packet: &mut [u8], at: usize, down: Option<Anchor>) -> bool {
    let Some(down) = down.filter(|down| word(packet, at) == Some(down.to_ssrc)) else { return false };
    put(packet, at, down.from_ssrc);
    true
}

fn word(packet: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*packet.get(at..)?.first_chunk()?))
}

fn put(packet: &mut [u8], at: usize, word: u32) {
    if let Some(place) = packet.get_mut(at..at + 4) {
        place.copy_from_slice(&word.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::out::Outgoing;
    use std::time::Instant;

    /// The anchor of a stream that had begun before packets of `ssrc` were passed on in it.
    fn anchor(ssrc: u8, sequence: u8) -> Option<Anchor> {
        let mut out = Outgoing::new();
        out.frame(8, 8000, Instant::now());
        let mut packet = [0x80, 8, 0, sequence, 0, 0, 0, 0, 0, 0, 0, ssrc];
        out.relay(&mut packet, None, 8000, Instant::now());
        out.anchor()
    }

    #[test]
    fn a_report_speaks_of_the_streams_that_its_reader_knows() {
        let (up, down) = (anchor(1, 10), anchor(2, 20));
        let (Some(to), Some(from)) = (up, down) else { panic!("no anchors") };
        let mut report = vec![0x81, 200, 0, 12, 0, 0, 0, 1];
        report.extend([0; 8]);
        report.extend(1000_u32.to_be_bytes());
        report.extend([0; 8]);
        report.extend(from.to_ssrc.to_be_bytes());
        report.extend([0; 4]);
        report.extend([0, 3]);
        report.extend(from.sequence.wrapping_add(25).to_be_bytes());
        report.extend([0; 12]);
        report.extend([0x81, 202, 0, 1, 0, 0, 0, 1]);
        translate(&mut report, up, down);
        assert_eq!(word(&report, 4), Some(to.to_ssrc));
        assert_eq!(word(&report, 16), Some(to.timestamp.wrapping_add(1000)));
        assert_eq!(word(&report, 28), Some(2));
        assert_eq!(word(&report, 36), Some(0x0003_0000 + 25));
        assert_eq!(word(&report, 56), Some(to.to_ssrc));
    }

    #[test]
    fn what_is_no_report_does_no_harm() {
        for length in 0..60 {
            let mut garbage = vec![0x9f; length];
            translate(&mut garbage, anchor(1, 1), anchor(2, 2));
            let mut cut = vec![0x85, 200, 0, 3, 1, 2, 3];
            cut.resize(length, 0);
            translate(&mut cut, anchor(1, 1), anchor(2, 2));
        }
    }
}
