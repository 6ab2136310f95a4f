//! Random secrets that are shown once and kept only as their SHA-256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// 256 random bits as 43 characters of base64url, or a link that ends in them. `Debug` does not
/// show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub(crate) fn generate() -> Self {
        let bytes = Zeroizing::new(rand::random::<[u8; 32]>());
        Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice())))
    }

    /// What a person opens to use `token`.
    pub(crate) fn link(page: &str, token: &Self) -> Self {
        Self(Zeroizing::new(format!("{page}{}", token.expose())))
    }

    /// The secret itself, for the cookie or the link.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What a secret that somebody sends is looked up by; `None`: it cannot be one of ours.
pub(crate) fn hash_of(sent: &str) -> Option<[u8; 32]> {
    let ours = sent.len() == 43 && sent.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    ours.then(|| Sha256::digest(sent.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_by_what_was_sent_and_never_printed() {
        let secret = Secret::generate();
        assert_eq!(hash_of(secret.expose()), Some(secret.hash()));
        assert_ne!(secret, Secret::generate());
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        for foreign in ["", "x", &"å".repeat(43), &format!("{}=", secret.expose())] {
            assert_eq!(hash_of(foreign), None, "{foreign}");
        }
    }
}
