//! One record as one line: a checksum, a space, JSON. A line that was cut off by a power failure
//! or a full disk does not pass its checksum and is told apart from one that is whole.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A line with its newline.
pub(super) fn encode(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let json = serde_json::to_vec(value)?;
    let mut line = format!("{:016x} ", checksum(&json)).into_bytes();
    line.extend_from_slice(&json);
    line.push(b'\n');
    Ok(line)
}

/// What a file holds.
#[derive(Debug)]
pub(super) struct Lines<T> {
    pub(super) whole: Vec<T>,
    /// Lines that fail their checksum or cannot be read, without the one that was cut off.
    pub(super) damaged: Vec<Vec<u8>>,
    /// Whether the last line was cut off: it was never confirmed to anyone.
    pub(super) torn: bool,
}

/// Reads every whole line.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Lines<T> {
    let mut lines = Lines { whole: Vec::new(), damaged: Vec::new(), torn: false };
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Some(body) = line.strip_suffix(b"\n") else {
            lines.torn = true;
            continue;
        };
        match decode_one(body) {
            Some(value) => lines.whole.push(value),
            None => lines.damaged.push(line.to_vec()),
        }
    }
    lines
}

fn decode_one<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    let (sum, json) = body.split_at_checked(16)?;
    let json = json.strip_prefix(b" ")?;
    let sum = u64::from_str_radix(std::str::from_utf8(sum).ok()?, 16).ok()?;
    if sum == checksum(json) { serde_json::from_slice(json).ok() } else { None }
}

/// FNV-1a, 64 bits: finds torn and overwritten lines; it is no protection against people.
fn checksum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_cut_off_anywhere_is_torn_and_the_ones_before_it_are_whole() {
        let first = encode(&"åäö\n").unwrap();
        let second = encode(&"second").unwrap();
        for cut in 0..second.len() {
            let mut file = first.clone();
            file.extend_from_slice(&second[..cut]);
            let lines: Lines<String> = decode(&file);
            assert_eq!(lines.whole, ["åäö\n"]);
            assert_eq!(lines.torn, cut > 0);
            assert!(lines.damaged.is_empty());
        }
    }

    #[test]
    fn a_damaged_line_does_not_take_its_neighbours_along() {
        let mut file = encode(&"one").unwrap();
        let mut two = encode(&"two").unwrap();
        two[20] ^= 1;
        file.extend(two);
        file.extend(encode(&"three").unwrap());
        let lines: Lines<String> = decode(&file);
        assert_eq!(lines.whole, ["one", "three"]);
        assert_eq!(lines.damaged.len(), 1);
    }

    proptest! {
        #[test]
        fn whatever_a_file_holds_is_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let lines: Lines<String> = decode(&bytes);
            prop_assert!(lines.whole.len() + lines.damaged.len() <= bytes.len());
        }
    }
}
