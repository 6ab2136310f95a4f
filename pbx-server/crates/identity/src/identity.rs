//! What everything here shares, and the job that looks after keys and old tokens.

use crate::access::{Access, TokenRefused};
use crate::authz::Principal;
use crate::clock::Clock;
use crate::error::{IdentityError, Result};
use crate::keys::{self, KeyRing};
use crate::limits::{Limiter, Limits};
use crate::password::Hasher;
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::watch;
use voxera_mail::Outbox;
use voxera_model::AccountId;
use voxera_store::{PlatformTx, Store, StoreError};

/// How long a person sees what became of attempts to sign in.
const LOGINS_STAY: TimeDelta = TimeDelta::days(90);

/// What [`Identity`] is built from.
#[derive(Debug, Clone)]
pub struct IdentityConfig {
    /// Where browsers reach the portal, an origin without a slash at the end. Issuer and audience
    /// of access tokens, and the beginning of every link in a mail.
    pub public_url: String,
    /// Where mails go.
    pub outbox: Outbox,
    /// How often one may try.
    pub limits: Limits,
    /// What time it is.
    pub clock: Clock,
}

/// The built-in login. Clones share everything.
#[derive(Clone)]
pub struct Identity {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) outbox: Outbox,
    pub(crate) public_url: String,
    pub(crate) clock: Clock,
    pub(crate) access: Access,
    pub(crate) hasher: Hasher,
    pub(crate) login_per_account: Limiter,
    pub(crate) code_per_account: Limiter,
    pub(crate) login_per_address: Limiter,
    pub(crate) mail_per_account: Limiter,
    pub(crate) mail_per_address: Limiter,
    pub(crate) link_per_address: Limiter,
    ring: RwLock<Option<Arc<KeyRing>>>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("public_url", &self.inner.public_url).finish_non_exhaustive()
    }
}

impl Identity {
    /// Reads the signing keys, and makes the first. While the database cannot be reached nobody
    /// signs in; the keys are then read with the first request or [`Identity::maintain`].
    pub async fn start(store: Store, config: IdentityConfig) -> Result<Self> {
        let limits = config.limits;
        let inner = Inner {
            store,
            outbox: config.outbox,
            public_url: config.public_url.trim_end_matches('/').to_owned(),
            access: Access::new(config.public_url.trim_end_matches('/').to_owned()),
            clock: config.clock,
            hasher: Hasher::new().await?,
            login_per_account: Limiter::new(limits.login_per_account),
            code_per_account: Limiter::new(limits.code_per_account),
            login_per_address: Limiter::new(limits.login_per_address),
            mail_per_account: Limiter::new(limits.mail_per_account),
            mail_per_address: Limiter::new(limits.mail_per_address),
            link_per_address: Limiter::new(limits.link_per_address),
            ring: RwLock::new(None),
        };
        let identity = Self { inner: Arc::new(inner) };
        match identity.load_keys().await {
            Ok(_) => {}
            Err(IdentityError::Store(StoreError::Unavailable(error))) => {
                tracing::warn!(%error, "nobody can sign in until the database answers");
            }
            Err(error) => return Err(error),
        }
        Ok(identity)
    }

    /// Who sent this access token. Asks nobody: signature, issuer, audience and time are checked
    /// against keys in memory.
    pub fn verify(&self, token: &str) -> Result<Principal, TokenRefused> {
        let ring = self.ring().ok_or(TokenRefused::NotReady)?;
        self.inner.access.verify(&ring, token, self.inner.clock.now())
    }

    /// The public keys, for `/.well-known/jwks.json`.
    #[must_use]
    pub fn jwks(&self) -> Value {
        self.ring().map_or_else(|| json!({ "keys": [] }), |ring| ring.jwks().clone())
    }

    /// What the account may do has changed: access tokens that say otherwise are refused from now
    /// on, and the next refresh tells the truth. Call it after the change is committed.
    pub fn account_changed(&self, account: AccountId) {
        self.inner.access.end_account(account, self.inner.clock.now());
    }

    /// Tells each time that sign-ins have ended or may do less: signed out, revoked, found out,
    /// suspended, another role, another password. It is told after the change is committed, and
    /// says only that there was one; whoever keeps something for a sign-in looks whether it still is.
    #[must_use]
    pub fn endings(&self) -> watch::Receiver<u64> {
        self.inner.access.endings()
    }

    /// A job for once a minute: takes a new signing key into use every 30 days, learns the keys
    /// that other servers made, and removes what ran out.
    pub async fn maintain(&self) -> Result<()> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.platform().await?;
        tx.signing_keys().purge(now - keys::STAYS_FOR).await?;
        // Kept for a day so that a late click or a stolen cookie is still told from nonsense.
        tx.one_time_tokens().purge(now - TimeDelta::days(1)).await?;
        tx.sessions().purge(now - TimeDelta::days(1)).await?;
        tx.second_factors().purge(now).await?;
        tx.logins().purge(now - LOGINS_STAY).await?;
        tx.commit().await?;
        self.load_keys().await?;
        Ok(())
    }

    /// Every link of a mail begins here.
    pub(crate) fn link(&self, path: &str) -> String {
        format!("{}{path}", self.inner.public_url)
    }

    pub(crate) async fn keys(&self) -> Result<Arc<KeyRing>> {
        match self.ring() {
            Some(ring) => Ok(ring),
            None => self.load_keys().await,
        }
    }

    async fn load_keys(&self) -> Result<Arc<KeyRing>> {
        let mut tx = self.inner.store.platform().await?;
        let mut kept = sealed(tx.signing_keys().all().await)?;
        let due =
            kept.iter().filter(|key| keys::is_due(key, self.inner.clock.now())).map(|key| key.kid.clone());
        let due: Vec<String> = due.collect();
        for kid in &due {
            tx.signing_keys().retire(kid).await?;
        }
        if !due.is_empty() || kept.iter().all(|key| key.retired_at.is_some()) {
            kept = add_key(&mut tx).await?;
            tracing::info!(keys = kept.len(), "a new key signs access tokens");
        }
        tx.commit().await?;
        let ring = KeyRing::new(&kept)?
            .map(Arc::new)
            .ok_or_else(|| IdentityError::Internal("no key may sign".into()))?;
        *self.inner.ring.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&ring));
        Ok(ring)
    }

    fn ring(&self) -> Option<Arc<KeyRing>> {
        self.inner.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Two servers that start at once both make a key, and both are published: nothing is lost by it.
async fn add_key(tx: &mut PlatformTx<'static>) -> Result<Vec<voxera_store::SigningKey>> {
    tx.signing_keys().insert(keys::generate()?).await?;
    sealed(tx.signing_keys().all().await)
}

/// A seal that does not open is told as what it is.
pub(crate) fn sealed<T>(outcome: voxera_store::Result<T>) -> Result<T> {
    outcome.map_err(|error| {
        if matches!(error, StoreError::Sealed) {
            IdentityError::Internal(
                "what the database keeps sealed was sealed with another seal key than this server's".into(),
            )
        } else {
            error.into()
        }
    })
}
