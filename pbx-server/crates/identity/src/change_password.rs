//! A new password: by a link in a mail for who has forgotten it, or by the present one.

use crate::audit::{self, Actor};
use crate::authz::Principal;
use crate::caller::Caller;
use crate::error::{IdentityError, Result};
use crate::identity::Identity;
use crate::letters::entrance;
use crate::password;
use crate::profile::Standing;
use crate::session::account_key;
use serde_json::json;
use voxera_mail::Letter;
use voxera_model::{Email, Invalid};
use voxera_store::{Account, Purpose, StoreError};

impl Identity {
    /// Sends a link with which to choose a new password, if there is an account. The answer does
    /// not tell whether there is.
    pub async fn request_password_reset(&self, caller: &Caller, email: &Email) -> Result<()> {
        self.may_mail(caller, email)?;
        let mut tx = self.inner.store.platform().await?;
        let account = match tx.accounts().by_email(email).await {
            Ok(account) => account,
            Err(StoreError::NotFound) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let standing = Standing::load(&mut tx, account).await?;
        let secret = self.make_link(&mut tx, standing.account.id, Purpose::PasswordReset).await?;
        let entrance = entrance(&mut tx, standing.place().tenant).await?;
        let link = self.link(&format!("{entrance}/reset-password?token={}", secret.expose()));
        self.write_to(&mut tx, &standing, &Letter::PasswordReset { link: &link }).await?;
        tx.audit()
            .append(audit::entry(
                caller,
                Actor::unknown(),
                standing.place(),
                "account.request_password_reset",
                ("account", standing.account.id.to_string()),
                None,
                None,
            ))
            .await?;
        tx.commit().await?;
        self.inner.outbox.wake();
        Ok(())
    }

    /// Takes the link of a reset mail and a new password. Ends every session of the account. The
    /// link has shown that the address is the person's own, so it is verified from now on.
    pub async fn confirm_password_reset(&self, caller: &Caller, token: &str, password: &str) -> Result<()> {
        let (link, found) = self.find_link(caller, token, Purpose::PasswordReset).await?;
        let account = self.inner.store.platform().await?.accounts().get(found.account).await?;
        // Checked before the link is used up: who writes a weak one tries again.
        password::check(password, &account.email)
            .map_err(|invalid| IdentityError::invalid("/password", invalid))?;
        let hash = self.inner.hasher.hash(password).await?;

        let now = self.inner.clock.now();
        let mut tx = self.inner.store.platform().await?;
        let found = link.consume(&mut tx).await?;
        tx.accounts().set_password(found.account, &hash, true).await?;
        let ended = tx.sessions().revoke_all(found.account, "password_reset", None).await?;
        tx.one_time_tokens().revoke(found.account, Purpose::EmailVerification).await?;
        let account = tx.accounts().get(found.account).await?;
        let standing = Standing::load(&mut tx, account).await?;
        self.write_to(&mut tx, &standing, &Letter::PasswordChanged { at: now, address: caller.address })
            .await?;
        tx.audit()
            .append(audit::entry(
                caller,
                &standing.account,
                standing.place(),
                "account.reset_password",
                ("account", standing.account.id.to_string()),
                None,
                Some(json!({ "sessions_ended": ended.len() })),
            ))
            .await?;
        tx.commit().await?;
        self.inner.access.end_account(found.account, now);
        self.inner.outbox.wake();
        Ok(())
    }

    /// The person at the keys knows the password. `field`: where it was written.
    pub(crate) async fn prove_password(
        &self,
        principal: &Principal,
        password: &str,
        field: &'static str,
    ) -> Result<Account> {
        let account = self.inner.store.platform().await?.accounts().get(principal.account).await?;
        let key = account_key(account.email.as_str());
        self.inner.login_per_account.take(&key, self.inner.clock.now())?;
        if !self.inner.hasher.verify(password, account.password_hash.as_deref()).await? {
            return Err(IdentityError::WrongPassword { field });
        }
        self.inner.login_per_account.give_back(&key);
        Ok(account)
    }

    /// Changes one's own password. Ends every other session; this one goes on.
    pub async fn change_password(
        &self,
        caller: &Caller,
        principal: &Principal,
        current: &str,
        new: &str,
    ) -> Result<()> {
        let now = self.inner.clock.now();
        let account = self.prove_password(principal, current, "/current_password").await?;
        password::check(new, &account.email)
            .map_err(|invalid| IdentityError::invalid("/new_password", invalid))?;
        if new == current {
            let invalid = Invalid::new("password_unchanged", "Write another password than the present one.");
            return Err(IdentityError::invalid("/new_password", invalid));
        }
        let hash = self.inner.hasher.hash(new).await?;

        let mut tx = self.inner.store.platform().await?;
        if tx.accounts().get(account.id).await?.password_hash != account.password_hash {
            return Err(IdentityError::WrongPassword { field: "/current_password" });
        }
        tx.accounts().set_password(account.id, &hash, false).await?;
        let ended = tx.sessions().revoke_all(account.id, "password_change", Some(principal.session)).await?;
        tx.one_time_tokens().revoke(account.id, Purpose::PasswordReset).await?;
        let standing = Standing::load(&mut tx, account).await?;
        self.write_to(&mut tx, &standing, &Letter::PasswordChanged { at: now, address: caller.address })
            .await?;
        tx.audit()
            .append(audit::entry(
                caller,
                principal,
                standing.place(),
                "account.change_password",
                ("account", principal.account.to_string()),
                None,
                Some(json!({ "sessions_ended": ended.len() })),
            ))
            .await?;
        tx.commit().await?;
        for session in ended {
            self.inner.access.end_session(session, now);
        }
        self.inner.outbox.wake();
        Ok(())
    }
}
