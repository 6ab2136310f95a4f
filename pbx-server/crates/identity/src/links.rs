//! One-time links: what is in a mail works once, for a time, for one purpose.

use crate::caller::Caller;
use crate::error::{IdentityError, Result};
use crate::identity::Identity;
use crate::secret::{self, Secret};
use chrono::TimeDelta;
use voxera_model::AccountId;
use voxera_store::{NewOneTimeToken, OneTimeToken, PlatformTx, Purpose, StoreError};

/// How long each kind of link works.
pub(crate) const fn lifetime(purpose: Purpose) -> TimeDelta {
    match purpose {
        Purpose::Invitation => TimeDelta::days(7),
        Purpose::EmailVerification => TimeDelta::days(1),
        Purpose::PasswordReset => TimeDelta::hours(1),
    }
}

/// A token that somebody sent, by what it is kept as.
pub(crate) struct Link {
    hash: [u8; 32],
    purpose: Purpose,
}

impl Link {
    /// What it is for, without using it up.
    pub(crate) async fn peek(&self, tx: &mut PlatformTx<'static>) -> Result<OneTimeToken> {
        tx.one_time_tokens().peek(&self.hash, self.purpose).await.map_err(gone)
    }

    /// Uses it up: of two that come at once, one gets it.
    pub(crate) async fn consume(&self, tx: &mut PlatformTx<'static>) -> Result<OneTimeToken> {
        tx.one_time_tokens().consume(&self.hash, self.purpose).await.map_err(gone)
    }
}

fn gone(error: StoreError) -> IdentityError {
    if matches!(error, StoreError::NotFound) { IdentityError::LinkInvalid } else { error.into() }
}

impl Identity {
    /// A new link of an account; earlier ones of the purpose stop working.
    pub(crate) async fn make_link(
        &self,
        tx: &mut PlatformTx<'static>,
        account: AccountId,
        purpose: Purpose,
    ) -> Result<Secret> {
        let secret = Secret::generate();
        tx.one_time_tokens().revoke(account, purpose).await?;
        let new = NewOneTimeToken {
            hash: secret.hash(),
            purpose,
            account,
            user: None,
            expires_at: self.inner.clock.now() + lifetime(purpose),
        };
        tx.one_time_tokens().create(new).await?;
        Ok(secret)
    }

    /// Looks a sent token up, unless this address has sent too many that were none.
    pub(crate) async fn find_link(
        &self,
        caller: &Caller,
        sent: &str,
        purpose: Purpose,
    ) -> Result<(Link, OneTimeToken)> {
        let from = caller.neighbourhood();
        self.inner.link_per_address.take(&from, self.inner.clock.now())?;
        let hash = secret::hash_of(sent).ok_or(IdentityError::LinkInvalid)?;
        let link = Link { hash, purpose };
        let mut tx = self.inner.store.platform().await?;
        let found = link.peek(&mut tx).await?;
        self.inner.link_per_address.give_back(&from);
        Ok((link, found))
    }
}
