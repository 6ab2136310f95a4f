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
