//! Recovery codes: ten at a time, each works once in the place of an app's code.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// How many there are at a time.
pub(crate) const COUNT: usize = 10;
/// 32 signs without those that are taken for one another (0 and o, 1 and l): five bits each.
const SIGNS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// Signs of a code: 80 bits, so that its SHA-256 tells nothing of it.
const LENGTH: usize = 16;
/// Signs between two hyphens.
const GROUP: usize = 4;

/// New codes, as they are shown: `abcd-efgh-ijkm-npqr`.
pub(crate) fn generate() -> Vec<Zeroizing<String>> {
    (0..COUNT).map(|_| one()).collect()
}

fn one() -> Zeroizing<String> {
    let mut code = Zeroizing::new(String::with_capacity(LENGTH + LENGTH / GROUP));
    let dice = Zeroizing::new(rand::random::<[u8; LENGTH]>());
    for (at, byte) in dice.iter().enumerate() {
        if at > 0 && at % GROUP == 0 {
            code.push('-');
        }
        code.push(char::from(SIGNS[usize::from(byte % 32)]));
    }
    code
}

/// What a code that somebody sends is looked up by, however it is written; `None`: it is none.
pub(crate) fn hash_of(sent: &str) -> Option<[u8; 32]> {
    let plain: Zeroizing<String> = Zeroizing::new(
        sent.chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .take(LENGTH + 1)
            .map(|c| c.to_ascii_lowercase())
            .collect(),
    );
    let ours = plain.len() == LENGTH && plain.bytes().all(|sign| SIGNS.contains(&sign));
    ours.then(|| Sha256::digest(plain.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_however_it_is_written_and_nothing_else_is_one() {
        let codes = generate();
        assert_eq!(codes.len(), COUNT);
        let code = codes[0].as_str();
        assert_eq!(code.len(), 19);
        let found = hash_of(code);
        assert!(found.is_some());
        assert_eq!(hash_of(&code.to_uppercase()), found);
        assert_eq!(hash_of(&format!(" {} ", code.replace('-', " "))), found);
        assert_ne!(hash_of(&codes[1]), found);
        for foreign in ["", "123456", "abcd-efgh-ijkm-npq", "abcd-efgh-ijkm-npqrs", "abcd-efgh-ijkl-0o1å"] {
            assert_eq!(hash_of(foreign), None, "{foreign}");
        }
    }
}
