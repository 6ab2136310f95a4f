//! Who is at the other end: digest authentication (RFC 7616, RFC 8760).
//!
//! We keep no password, only the two HA1 of a device. Every refusal of a credential is one answer,
//! reached by the same computation, whether the name is unknown, foreign or the password wrong.

pub mod digest;
mod nonce;

use digest::{Algorithm, Credentials, ha2, response};
use nonce::{Freshness, Nonces};

use crate::wire;
use rand::RngCore;
use rsipstack::sip::{Method, Uri};
use std::net::IpAddr;
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq;
use voxera_callcontrol::{DeviceSecret, SecurityKind};
use voxera_model::{DeviceId, ExtensionNumber};

/// What became of a request's credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is this device.
    Device(DeviceId),
    /// It brought none for this realm: ask.
    Ask,
    /// Its nonce is too old, from elsewhere, or used up: ask again, the password may well be right.
    Stale(Option<SecurityKind>),
    /// No.
    Refused(SecurityKind),
    /// Too many nonces are in use; try later.
    Overloaded,
}

/// Checks credentials and makes challenges.
#[derive(Debug)]
pub struct Authenticator {
    nonces: Nonces,
    /// Stand-ins for the HA1 of a device that does not exist.
    nobody: ([u8; 16], [u8; 32]),
}

/// What a request is checked against.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    pub method: Method,
    /// The request URI.
    pub uri: &'a Uri,
    /// The values of `Authorization` and `Proxy-Authorization`.
    pub fields: &'a [&'a str],
    /// The realm that the request is for.
    pub realm: &'a str,
    pub source: IpAddr,
}

impl Authenticator {
    /// `lifetime`: how long a nonce may be used. `grace`: how long phones that were registered before a
    /// restart may bring nonces of that time, which is no sign of an attack.
    #[must_use]
    pub fn new(lifetime: Duration, grace: Duration, now: Instant) -> Self {
        let mut nobody = ([0; 16], [0; 32]);
        rand::rng().fill_bytes(&mut nobody.0);
        rand::rng().fill_bytes(&mut nobody.1);
        Self { nonces: Nonces::new(lifetime, grace, now), nobody }
    }

    /// Both challenges, SHA-256 first: a phone takes the first that it knows; those that read only
    /// the last one know only MD5. `user_agent`: what the phone calls itself, for the few that give
    /// up at the sight of SHA-256.
    pub fn challenge(
        &self,
        realm: &str,
        source: IpAddr,
        user_agent: &str,
        stale: bool,
        now: Instant,
    ) -> Vec<String> {
        let nonce = self.nonces.issue(realm, source, now);
        let stale = if stale { ", stale=true" } else { "" };
        let offered: &[Algorithm] =
            if knows_only_md5(user_agent) { &[Algorithm::Md5] } else { &[Algorithm::Sha256, Algorithm::Md5] };
        let written = offered.iter().map(|algorithm| {
            let algorithm = algorithm.as_str();
            format!("Digest realm=\"{realm}\", nonce=\"{nonce}\", algorithm={algorithm}, qop=\"auth\"{stale}")
        });
        written.collect()
    }

    /// What can be said before the password is looked at; `None`: the nonce is ours, fresh, and was
    /// sent to this very source. Keeps nothing, so that a source that may be made up costs nothing.
    pub fn screen(
        &self,
        claim: Claim<'_>,
        is_realm: impl FnOnce(&str) -> bool,
        now: Instant,
    ) -> Result<Credentials, Verdict> {
        if claim.fields.is_empty() {
            return Err(Verdict::Ask);
        }
        // A field that cannot be read, a missing qop, an unknown algorithm: no credentials at all
        // would be asked for again, and so are these, but as a failure.
        let mut parsed = claim.fields.iter().filter_map(|value| Credentials::parse(value).ok()).peekable();
        let first = parsed.peek().map(|other| other.realm.clone());
        let Some(mine) = parsed.find(|c| c.realm == claim.realm) else {
            return Err(Verdict::Refused(match first {
                None => SecurityKind::BadPassword,
                Some(other) if is_realm(&other) => SecurityKind::CrossRealm,
                Some(_) => SecurityKind::UnknownRealm,
            }));
        };
        match self.nonces.look(&mine.nonce, claim.realm, claim.source, now) {
            Freshness::Expired | Freshness::BeforeStart => Err(Verdict::Stale(None)),
            Freshness::NotOurs => Err(Verdict::Stale(Some(SecurityKind::ReplayedNonce))),
            Freshness::Fresh => Ok(mine),
        }
    }

    /// Checks the credentials for `claim.realm`. `find` looks a device of that realm up;
    /// `is_realm` says whether another realm is one of ours.
    pub fn check<'d>(
        &mut self,
        claim: Claim<'_>,
        find: impl FnOnce(DeviceId) -> Option<&'d DeviceSecret>,
        is_realm: impl FnOnce(&str) -> bool,
        now: Instant,
    ) -> Verdict {
        // An old nonce gets the same answer for every name and password.
        let mine = match self.screen(claim, is_realm, now) {
            Ok(mine) => mine,
            Err(verdict) => return verdict,
        };
        let id = device_id(&mine.username);
        let secret = id.and_then(find);
        let right = self.response_is_right(&mine, claim, secret);
        let Some(secret) = secret.filter(|_| right) else {
            return Verdict::Refused(refusal(&mine.username, secret.is_some()));
        };
        if !same_uri(&mine.uri, claim.uri) {
            return Verdict::Refused(SecurityKind::WrongDigestUri);
        }
        match self.nonces.use_up(&mine.nonce, mine.nc, now) {
            Ok(true) => Verdict::Device(secret.device),
            Ok(false) => Verdict::Stale(Some(SecurityKind::ReplayedNonce)),
            Err(nonce::Full) => Verdict::Overloaded,
        }
    }

    /// Nonces that were used and not yet forgotten.
    #[must_use]
    pub fn nonces_in_use(&self) -> usize {
        self.nonces.len()
    }

    fn response_is_right(
        &self,
        given: &Credentials,
        claim: Claim<'_>,
        secret: Option<&DeviceSecret>,
    ) -> bool {
        let ha1 = match given.algorithm {
            Algorithm::Md5 => hex::encode(secret.map_or(&self.nobody.0, |s| &s.ha1_md5)),
            Algorithm::Sha256 => hex::encode(secret.map_or(&self.nobody.1, |s| &s.ha1_sha256)),
        };
        let expected = response(given, &ha1, &ha2(given.algorithm, &claim.method.to_string(), &given.uri));
        let equal: bool = expected.as_bytes().ct_eq(given.response.as_bytes()).into();
        equal && secret.is_some()
    }
}

/// Phones that refuse a challenge as a whole when one of its algorithms is new to them, instead of
/// passing over it (RFC 7616, section 3.7): baresip before 2.0, which is Debian 12's, and `SIPp`. Both
/// were seen to.
fn knows_only_md5(user_agent: &str) -> bool {
    let name = user_agent.to_ascii_lowercase();
    ["baresip v0.", "baresip v1.", "sipp"].iter().any(|old| name.starts_with(old))
}

/// Only the one spelling that we hand out.
fn device_id(username: &str) -> Option<DeviceId> {
    let id: uuid::Uuid = username.parse().ok()?;
    (id.hyphenated().to_string() == username).then_some(DeviceId(id))
}

fn refusal(username: &str, known: bool) -> SecurityKind {
    if known {
        SecurityKind::BadPassword
    } else if ExtensionNumber::parse(username).is_ok() {
        SecurityKind::ExtensionAsUser
    } else {
        SecurityKind::UnknownDevice
    }
}

/// The digest was made for this request's address: as written, or naming the same place.
fn same_uri(digest: &str, request: &Uri) -> bool {
    digest == request.to_string()
        || Uri::try_from(digest).is_ok_and(|digest| wire::same_place(&digest, request))
}
