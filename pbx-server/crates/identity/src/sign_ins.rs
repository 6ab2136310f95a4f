//! Where a person is signed in, and who has tried to be.

use crate::audit;
use crate::authz::Principal;
use crate::caller::Caller;
use crate::error::{IdentityError, Result};
use crate::identity::Identity;
use crate::profile::Standing;
use serde_json::json;
use voxera_model::SessionId;
use voxera_store::{Listed, Login, Page, Session};

/// One place where I am signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// The session.
    pub session: Session,
    /// It is the one that asks.
    pub current: bool,
}

impl Identity {
    /// Where I am signed in, the newest first.
    pub async fn sign_ins(&self, principal: &Principal) -> Result<Vec<SignIn>> {
        let found = self.inner.store.platform().await?.sessions().active(principal.account).await?;
        let mine = |session: Session| SignIn { current: session.id == principal.session, session };
        Ok(found.into_iter().map(mine).collect())
    }

    /// Signs me out in one place. `NotFound`: I am not signed in there, or somebody else is.
    pub async fn end_sign_in(&self, caller: &Caller, principal: &Principal, id: SessionId) -> Result<()> {
        let mut tx = self.inner.store.platform().await?;
        let session = tx.sessions().get(id).await?;
        if session.account != principal.account || session.revoked_at.is_some() {
            return Err(IdentityError::NotFound);
        }
        self.end(caller, tx, session.id, session.account, "revoked").await
    }

    /// Signs me out everywhere but here.
    pub async fn end_other_sign_ins(&self, caller: &Caller, principal: &Principal) -> Result<()> {
        let mut tx = self.inner.store.platform().await?;
        let ended = tx.sessions().revoke_all(principal.account, "revoked", Some(principal.session)).await?;
        let account = tx.accounts().get(principal.account).await?;
        let standing = Standing::load(&mut tx, account).await?;
        tx.audit()
            .append(audit::entry(
                caller,
                principal,
                standing.place(),
                "user.sessions_end",
                ("account", principal.account.to_string()),
                None,
                Some(json!({ "sessions_ended": ended.len() })),
            ))
            .await?;
        tx.commit().await?;
        let now = self.inner.clock.now();
        for session in ended {
            self.inner.access.end_session(session, now);
        }
        Ok(())
    }

    /// What became of attempts to sign in to my account in the last 90 days.
    pub async fn logins(&self, principal: &Principal, page: &Page) -> Result<Listed<Login>> {
        Ok(self.inner.store.platform().await?.logins().list(principal.account, page).await?)
    }
}
