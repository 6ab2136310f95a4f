//! Secrets at rest: AES-256-GCM under the installation's key, bound to the row they belong to.

use crate::error::StoreError;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The form of what [`SealKey::seal`] returns: this byte, the nonce (12 bytes), the cipher text
/// with its tag (16 bytes).
const VERSION: u8 = 1;

/// The key of everything that is sealed. Lost: every phone needs a new password.
#[derive(Clone)]
pub struct SealKey(Arc<Zeroizing<[u8; 32]>>);

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(…)")
    }
}

impl SealKey {
    /// The key as it is kept in the state folder.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Arc::new(Zeroizing::new(bytes)))
    }

    /// A new key.
    #[must_use]
    pub fn generate() -> Self {
        Self::from_bytes(rand::random())
    }

    /// The key, to be written with mode 0600.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Seals `plain` for the place that `aad` names; it opens only there.
    pub fn seal(&self, aad: &[u8], plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut text = plain.to_vec();
        let nonce = self
            .key()?
            .seal_in_place_append_tag(Aad::from(aad), &mut text)
            .map_err(|_| StoreError::Sealed)?;
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + text.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(nonce.as_ref());
        sealed.append(&mut text);
        Ok(sealed)
    }

    /// Opens what [`SealKey::seal`] made for the same place.
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let (nonce, text) = match sealed {
            [VERSION, rest @ ..] => rest.split_at_checked(NONCE_LEN).ok_or(StoreError::Sealed)?,
            _ => return Err(StoreError::Sealed),
        };
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| StoreError::Sealed)?;
        let mut text = Zeroizing::new(text.to_vec());
        let length = self
            .key()?
            .open_in_place(nonce, Aad::from(aad), &mut text)
            .map_err(|_| StoreError::Sealed)?
            .len();
        text.truncate(length);
        Ok(text)
    }

    /// Draws a random nonce for each sealing: safe for 2^32 values under one key.
    fn key(&self) -> Result<RandomizedNonceKey, StoreError> {
        RandomizedNonceKey::new(&AES_256_GCM, self.as_bytes()).map_err(|_| StoreError::Sealed)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_only_in_its_place_and_whole() {
        let key = SealKey::generate();
        let sealed = key.seal(b"device 1", b"secret").unwrap();
        assert_eq!(key.open(b"device 1", &sealed).unwrap().as_slice(), b"secret");
        assert!(key.open(b"device 2", &sealed).is_err());
        assert!(SealKey::generate().open(b"device 1", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert!(key.open(b"device 1", &damaged).is_err(), "byte {at}");
            assert!(key.open(b"device 1", &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn the_same_value_never_looks_the_same() {
        let key = SealKey::generate();
        assert_ne!(key.seal(b"", b"x").unwrap(), key.seal(b"", b"x").unwrap());
        assert_eq!(format!("{key:?}"), "SealKey(…)");
    }
}
