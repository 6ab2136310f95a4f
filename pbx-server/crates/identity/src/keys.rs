//! The keys that access tokens are signed with: ES256 key pairs, the private half sealed at rest.

use crate::error::{IdentityError, Result};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde_json::{Value, json};
use std::collections::HashMap;
use voxera_store::{NewSigningKey, SigningKey};
use zeroize::Zeroizing;

/// A key signs for this long, then a new one takes over.
pub(crate) const SIGNS_FOR: TimeDelta = TimeDelta::days(30);
/// A key stays in the JWKS for this long after it last signed: well past the life of a token.
pub(crate) const STAYS_FOR: TimeDelta = TimeDelta::hours(1);

/// The keys in use, in memory.
pub(crate) struct KeyRing {
    signing: (String, EncodingKey),
    verifying: HashMap<String, DecodingKey>,
    jwks: Value,
}

impl KeyRing {
    /// `kept`: the newest first. `None` when no key may sign.
    pub(crate) fn new(kept: &[SigningKey]) -> Result<Option<Self>> {
        let Some(signing) = kept.iter().find(|key| key.retired_at.is_none()) else { return Ok(None) };
        let mut verifying = HashMap::new();
        for key in kept {
            verifying.insert(key.kid.clone(), verifying_key(&key.public)?);
        }
        Ok(Some(Self {
            signing: (signing.kid.clone(), EncodingKey::from_ec_der(&signing.private)),
            verifying,
            jwks: json!({ "keys": kept.iter().map(|key| &key.public).collect::<Vec<_>>() }),
        }))
    }

    pub(crate) fn signing_kid(&self) -> &str {
        &self.signing.0
    }

    pub(crate) fn signing_key(&self) -> &EncodingKey {
        &self.signing.1
    }

    pub(crate) fn verifying_key(&self, kid: &str) -> Option<&DecodingKey> {
        self.verifying.get(kid)
    }

    /// The public halves (RFC 7517).
    pub(crate) fn jwks(&self) -> &Value {
        &self.jwks
    }
}

/// A new key pair.
pub(crate) fn generate() -> Result<NewSigningKey> {
    let failed = |_| IdentityError::Internal("no signing key could be made".into());
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
        .map_err(failed)?;
    let private = Zeroizing::new(document.as_ref().to_vec());
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &private)
        .map_err(|error| IdentityError::Internal(format!("a new signing key: {error}")))?;
    // Uncompressed point: 4, x (32 bytes), y (32 bytes).
    let [4, point @ ..] = pair.public_key().as_ref() else {
        return Err(IdentityError::Internal("a new signing key has no plain point".into()));
    };
    let (x, y) = point.split_at(point.len() / 2);
    let kid = uuid::Uuid::new_v4().simple().to_string();
    let public = json!({
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid,
        "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
    });
    Ok(NewSigningKey { kid, private, public })
}

/// Whether a key has signed for long enough.
pub(crate) fn is_due(key: &SigningKey, now: DateTime<Utc>) -> bool {
    key.retired_at.is_none() && key.created_at + SIGNS_FOR <= now
}

fn verifying_key(public: &Value) -> Result<DecodingKey> {
    let part = |name: &str| public.get(name).and_then(Value::as_str).unwrap_or_default();
    DecodingKey::from_ec_components(part("x"), part("y"))
        .map_err(|error| IdentityError::Internal(format!("a kept public key: {error}")))
}
