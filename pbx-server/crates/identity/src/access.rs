//! Access tokens: a signed statement that lives five minutes and is checked without the database.

use crate::authz::{Membership, Principal};
use crate::keys::KeyRing;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use tokio::sync::watch;
use voxera_model::{AccountId, Email, Locale, SessionId};

/// How long an access token lives.
pub(crate) const LIFETIME: TimeDelta = TimeDelta::minutes(5);

/// What an access token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    pub(crate) aud: String,
    pub(crate) sub: AccountId,
    pub(crate) sid: SessionId,
    /// Unix seconds.
    pub(crate) exp: i64,
    /// Unix seconds.
    pub(crate) iat: i64,
    /// `iat` in milliseconds, so that what is revoked within a second of the sign-in is told from
    /// what is made after it.
    pub(crate) iat_ms: i64,
    pub(crate) name: String,
    pub(crate) email: Email,
    pub(crate) locale: Locale,
    pub(crate) memberships: Vec<Membership>,
}

/// Why an access token is not accepted. Only for the log: the answer is the same for all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefused {
    /// No key is known yet: the database has not answered since the start.
    #[error("no keys yet")]
    NotReady,
    /// It is no token, or not one of ours, or it was changed.
    #[error("not a valid token: {0}")]
    Invalid(String),
    /// It was valid once.
    #[error("expired")]
    Expired,
    /// Its session has ended, or what it says of the account is not true any more.
    #[error("revoked")]
    Revoked,
}

/// Signs and checks access tokens for one issuer.
pub(crate) struct Access {
    issuer: String,
    revoked: RwLock<Revoked>,
    /// How many times something ended.
    endings: watch::Sender<u64>,
}

/// What ended within the lifetime of a token; older entries are dropped.
#[derive(Default)]
struct Revoked {
    sessions: HashMap<SessionId, DateTime<Utc>>,
    accounts: HashMap<AccountId, DateTime<Utc>>,
}

impl Access {
    pub(crate) fn new(issuer: String) -> Self {
        Self { issuer, revoked: RwLock::default(), endings: watch::Sender::new(0) }
    }

    pub(crate) fn issue(
        &self,
        ring: &KeyRing,
        who: Principal,
        now: DateTime<Utc>,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(ring.signing_kid().to_owned());
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.issuer.clone(),
            sub: who.account,
            sid: who.session,
            exp: (now + LIFETIME).timestamp(),
            iat: now.timestamp(),
            iat_ms: now.timestamp_millis(),
            name: who.name,
            email: who.email,
            locale: who.locale,
            memberships: who.memberships,
        };
        jsonwebtoken::encode(&header, &claims, ring.signing_key())
    }

    pub(crate) fn verify(
        &self,
        ring: &KeyRing,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<Principal, TokenRefused> {
        let invalid = |error: jsonwebtoken::errors::Error| TokenRefused::Invalid(error.to_string());
        let header = jsonwebtoken::decode_header(token).map_err(invalid)?;
        let key = header
            .kid
            .as_deref()
            .and_then(|kid| ring.verifying_key(kid))
            .ok_or_else(|| TokenRefused::Invalid("unknown key".into()))?;
        // One algorithm, whatever the header asks for.
        let mut rules = Validation::new(Algorithm::ES256);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        rules.set_issuer(&[&self.issuer]);
        rules.set_audience(&[&self.issuer]);
        // Against our own clock, below.
        rules.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &rules).map_err(invalid)?.claims;
        if claims.exp <= now.timestamp() {
            return Err(TokenRefused::Expired);
        }
        if self.is_revoked(&claims) {
            return Err(TokenRefused::Revoked);
        }
        Ok(Principal {
            account: claims.sub,
            session: claims.sid,
            email: claims.email,
            name: claims.name,
            locale: claims.locale,
            memberships: claims.memberships,
        })
    }

    /// No token of this session is accepted any more.
    pub(crate) fn end_session(&self, session: SessionId, now: DateTime<Utc>) {
        self.revoke(now, |revoked| {
            revoked.sessions.insert(session, now);
        });
    }

    /// No token that was made for this account until now is accepted any more.
    pub(crate) fn end_account(&self, account: AccountId, now: DateTime<Utc>) {
        self.revoke(now, |revoked| {
            revoked.accounts.insert(account, now);
        });
    }

    fn revoke(&self, now: DateTime<Utc>, add: impl FnOnce(&mut Revoked)) {
        let mut revoked = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
        let still_matters = |at: &DateTime<Utc>| *at + LIFETIME > now;
        revoked.sessions.retain(|_, at| still_matters(at));
        revoked.accounts.retain(|_, at| still_matters(at));
        add(&mut revoked);
        drop(revoked);
        self.endings.send_modify(|times| *times += 1);
    }

    /// Changes each time that a session or what an account may do ends.
    pub(crate) fn endings(&self) -> watch::Receiver<u64> {
        self.endings.subscribe()
    }

    fn is_revoked(&self, claims: &Claims) -> bool {
        let revoked = self.revoked.read().unwrap_or_else(PoisonError::into_inner);
        revoked.sessions.contains_key(&claims.sid)
            || revoked.accounts.get(&claims.sub).is_some_and(|at| claims.iat_ms <= at.timestamp_millis())
    }
}

#[cfg(test)]
#[path = "access_tests.rs"]
mod tests;
