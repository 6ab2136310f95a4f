//! Signing in, staying signed in, signing out.

use crate::access;
use crate::audit::{self, Actor, Place};
use crate::authz::Principal;
use crate::caller::Caller;
use crate::error::{IdentityError, Result};
use crate::identity::Identity;
use crate::profile::{MembershipDetail, Profile, Standing};
use crate::second_factor;
use crate::secret::{self, Secret};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use voxera_mail::Letter;
use voxera_model::{AccountId, Email, SessionId};
use voxera_store::{Account, LoginOutcome, NewSession, PlatformTx, Rotation, SecondFactor, StoreError};

/// A session ends when it was not used for this long.
const IDLE: TimeDelta = TimeDelta::days(14);
/// A session ends this long after the sign-in, however much it is used.
const LONGEST: TimeDelta = TimeDelta::days(90);
/// The same refresh token twice within this time is two tabs of one browser that woke together:
/// both get a token. A thief has the same ten seconds, and is found out at the next use; without
/// them, opening two tabs would sign people out.
const GRACE: TimeDelta = TimeDelta::seconds(10);

/// What a sign-in or a refresh gives.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// For `Authorization: Bearer`.
    pub access_token: String,
    /// Seconds that the access token lives.
    pub expires_in: u64,
    /// For the cookie.
    pub refresh_token: Secret,
    /// Seconds that the cookie lives.
    pub refresh_max_age: u64,
    /// Who signed in.
    pub account: Profile,
    /// Where the account may act.
    pub memberships: Vec<MembershipDetail>,
}

impl Identity {
    /// Signs in. An unknown address takes as long as a wrong password and is answered alike; that
    /// an account is unverified or suspended, or wants a second factor, is told only to who knows
    /// its password. `code`: of the person's app, or a recovery code; not looked at without a
    /// second factor.
    pub async fn login(
        &self,
        caller: &Caller,
        email: &str,
        password: &str,
        code: Option<&str>,
    ) -> Result<SignedIn> {
        let (now, from) = (self.inner.clock.now(), caller.neighbourhood());
        let key = account_key(email);
        self.inner.login_per_address.take(&from, now)?;
        self.inner.login_per_account.take(&key, now)?;

        let account = match Email::parse(email) {
            Ok(email) => self.find(&email).await?,
            Err(_) => None,
        };
        // No transaction is open while the password is hashed: that takes long and connections are few.
        let kept = account.as_ref().and_then(|account| account.password_hash.clone());
        let right = self.inner.hasher.verify(password, kept.as_deref()).await?;
        let Some(account) = account.filter(|_| right) else {
            return self.refuse_login(caller, email).await;
        };
        self.inner.login_per_address.give_back(&from);
        self.inner.login_per_account.give_back(&key);
        if account.verified_at.is_none() {
            return Err(IdentityError::EmailUnverified);
        }
        self.open_session(caller, account.id, kept, code).await
    }

    /// Gives a new access token and the next refresh token for a refresh token. Memberships are
    /// read afresh. A token that was used before ends its session and tells the person by mail.
    pub async fn refresh(&self, caller: &Caller, sent: &str) -> Result<SignedIn> {
        let now = self.inner.clock.now();
        let hash = secret::hash_of(sent).ok_or(IdentityError::SessionEnded)?;
        let mut tx = self.inner.store.platform().await?;
        let session = tx.sessions().of_token(&hash).await.map_err(ended)?;
        let last_moment = session.created_at + LONGEST;
        if last_moment <= now {
            self.end(caller, tx, session.id, session.account, "expired").await?;
            return Err(IdentityError::SessionEnded);
        }
        let next = Secret::generate();
        let expires_at = (now + IDLE).min(last_moment);
        match tx.sessions().rotate(&hash, &next.hash(), expires_at, GRACE).await? {
            Rotation::Rotated { session, account } => {
                let account = tx.accounts().get(account).await?;
                let standing = Standing::load(&mut tx, account).await?;
                if let Err(refusal) = standing.require_active() {
                    let account = standing.account.id;
                    self.end(caller, tx, session, account, "suspended").await?;
                    return Err(refusal);
                }
                tx.commit().await?;
                self.signed_in(&standing, session, next, expires_at).await
            }
            Rotation::Reused { session, account } => {
                self.reused(caller, tx, session, account).await?;
                Err(IdentityError::SessionReused)
            }
            Rotation::Expired { .. } | Rotation::Unknown => Err(IdentityError::SessionEnded),
        }
    }

    /// Ends the session of a refresh token. A token that is none is no error: the person is out.
    pub async fn logout(&self, caller: &Caller, sent: &str) -> Result<()> {
        let Some(hash) = secret::hash_of(sent) else { return Ok(()) };
        let mut tx = self.inner.store.platform().await?;
        match tx.sessions().of_token(&hash).await {
            Ok(session) if session.revoked_at.is_none() => {
                self.end(caller, tx, session.id, session.account, "logout").await
            }
            Ok(_) | Err(StoreError::NotFound) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn find(&self, email: &Email) -> Result<Option<Account>> {
        let mut tx = self.inner.store.platform().await?;
        match tx.accounts().by_email(email).await {
            Ok(account) => Ok(Some(account)),
            Err(StoreError::NotFound) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn refuse_login<T>(&self, caller: &Caller, email: &str) -> Result<T> {
        let mut tx = self.inner.store.platform().await?;
        let known = match Email::parse(email) {
            Ok(email) => tx.accounts().by_email(&email).await.ok(),
            Err(_) => None,
        };
        let (place, resource) = match &known {
            Some(account) => {
                let memberships = tx.users().memberships(account.id).await?;
                (Place::of(&memberships), account.id.to_string())
            }
            None => (Place::default(), "unknown".to_owned()),
        };
        if let Some(account) = &known {
            note(&mut tx, caller, account.id, LoginOutcome::WrongPassword).await?;
        }
        tx.audit()
            .append(audit::entry(
                caller,
                Actor::unknown(),
                place,
                "session.login_failed",
                ("account", resource),
                None,
                None,
            ))
            .await?;
        tx.commit().await?;
        Err(IdentityError::WrongCredentials)
    }

    /// `kept`: the hash that the password was checked against; if it has been replaced since, the
    /// password that was right is wrong.
    async fn open_session(
        &self,
        caller: &Caller,
        account: AccountId,
        kept: Option<String>,
        code: Option<&str>,
    ) -> Result<SignedIn> {
        let mut tx = self.inner.store.platform().await?;
        let account = tx.accounts().get(account).await?;
        if account.password_hash != kept {
            return Err(IdentityError::WrongCredentials);
        }
        let standing = Standing::load(&mut tx, account).await?;
        let shown = match second_factor::confirmed(&mut tx, standing.account.id).await? {
            None => None,
            Some(factor) => {
                let code = code.ok_or(IdentityError::SecondFactorRequired)?;
                match self.try_code(caller, &mut tx, standing.account.id, &factor, code).await? {
                    Some(shown) => Some(shown.as_str()),
                    None => return self.refuse_code(caller, tx, &standing).await,
                }
            }
        };
        if let Err(refusal) = standing.require_active() {
            note(&mut tx, caller, standing.account.id, LoginOutcome::Suspended).await?;
            tx.commit().await?;
            return Err(refusal);
        }
        note(&mut tx, caller, standing.account.id, LoginOutcome::Ok).await?;
        let (id, secret) = (SessionId(voxera_store::new_id()), Secret::generate());
        let expires_at = self.inner.clock.now() + IDLE;
        let new = NewSession {
            id,
            account: standing.account.id,
            user_agent: caller.agent(),
            address: caller.address,
            token: secret.hash(),
            expires_at,
        };
        tx.sessions().create(new).await?;
        tx.audit()
            .append(audit::entry(
                caller,
                &standing.account,
                standing.place(),
                "session.login",
                ("session", id.to_string()),
                None,
                Some(json!({ "user_agent": caller.agent(), "second_factor": shown })),
            ))
            .await?;
        tx.commit().await?;
        self.signed_in(&standing, id, secret, expires_at).await
    }

    /// Tries a code of the second factor, unless too many were wrong.
    async fn try_code(
        &self,
        caller: &Caller,
        tx: &mut PlatformTx<'static>,
        account: AccountId,
        factor: &SecondFactor,
        code: &str,
    ) -> Result<Option<second_factor::Shown>> {
        let (now, from) = (self.inner.clock.now(), caller.neighbourhood());
        self.inner.code_per_account.take(&account, now)?;
        self.inner.login_per_address.take(&from, now)?;
        let shown = self.use_code(tx, account, factor, code).await?;
        if shown.is_some() {
            self.inner.code_per_account.give_back(&account);
            self.inner.login_per_address.give_back(&from);
        }
        Ok(shown)
    }

    async fn refuse_code<T>(
        &self,
        caller: &Caller,
        mut tx: PlatformTx<'static>,
        standing: &Standing,
    ) -> Result<T> {
        note(&mut tx, caller, standing.account.id, LoginOutcome::WrongCode).await?;
        tx.audit()
            .append(audit::entry(
                caller,
                Actor::unknown(),
                standing.place(),
                "session.login_failed",
                ("account", standing.account.id.to_string()),
                None,
                Some(json!({ "reason": "wrong_code" })),
            ))
            .await?;
        tx.commit().await?;
        Err(IdentityError::SecondFactorWrong)
    }

    async fn signed_in(
        &self,
        standing: &Standing,
        session: SessionId,
        refresh_token: Secret,
        expires_at: DateTime<Utc>,
    ) -> Result<SignedIn> {
        let now = self.inner.clock.now();
        let account = standing.profile();
        let principal = Principal {
            account: account.id,
            session,
            email: account.email.clone(),
            name: account.name.clone(),
            locale: account.locale,
            memberships: standing.claims(),
        };
        let access_token =
            self.inner.access.issue(&*self.keys().await?, principal, now).map_err(|error| {
                IdentityError::Internal(format!("an access token cannot be signed: {error}"))
            })?;
        Ok(SignedIn {
            access_token,
            expires_in: seconds(access::LIFETIME),
            refresh_token,
            refresh_max_age: seconds(expires_at - now),
            account,
            memberships: standing.details(),
        })
    }

    /// Ends a session, commits, and lets its access tokens work no more.
    pub(crate) async fn end(
        &self,
        caller: &Caller,
        mut tx: PlatformTx<'static>,
        session: SessionId,
        account: AccountId,
        reason: &str,
    ) -> Result<()> {
        tx.sessions().revoke(session, reason).await?;
        let account = tx.accounts().get(account).await?;
        let memberships = tx.users().memberships(account.id).await?;
        tx.audit()
            .append(audit::entry(
                caller,
                &account,
                Place::of(&memberships),
                if reason == "logout" { "session.logout" } else { "session.end" },
                ("session", session.to_string()),
                None,
                Some(json!({ "reason": reason })),
            ))
            .await?;
        tx.commit().await?;
        self.inner.access.end_session(session, self.inner.clock.now());
        Ok(())
    }

    async fn reused(
        &self,
        caller: &Caller,
        mut tx: PlatformTx<'static>,
        session: SessionId,
        account: AccountId,
    ) -> Result<()> {
        let now = self.inner.clock.now();
        let account = tx.accounts().get(account).await?;
        let standing = Standing::load(&mut tx, account).await?;
        // Whether it was the person or a thief is not known, so nobody is named as the actor.
        tx.audit()
            .append(audit::entry(
                caller,
                Actor::unknown(),
                standing.place(),
                "session.reuse_detected",
                ("session", session.to_string()),
                None,
                Some(json!({ "account": standing.account.id, "reason": "reuse" })),
            ))
            .await?;
        let letter = Letter::SessionReused { at: now, address: caller.address };
        self.write_to(&mut tx, &standing, &letter).await?;
        tx.commit().await?;
        self.inner.outbox.wake();
        self.inner.access.end_session(session, now);
        tracing::warn!(session = %session, "a refresh token was used twice; its session is ended");
        Ok(())
    }
}

/// For the person's own list of attempts.
async fn note(
    tx: &mut PlatformTx<'static>,
    caller: &Caller,
    account: AccountId,
    outcome: LoginOutcome,
) -> Result<()> {
    Ok(tx.logins().append(account, outcome, caller.address, caller.agent()).await?)
}

/// What attempts on one account are counted under, whether or not there is such an account.
pub(crate) fn account_key(email: &str) -> String {
    email.trim().chars().take(254).collect::<String>().to_lowercase()
}

fn ended(error: StoreError) -> IdentityError {
    if matches!(error, StoreError::NotFound) { IdentityError::SessionEnded } else { error.into() }
}

fn seconds(time: TimeDelta) -> u64 {
    u64::try_from(time.num_seconds()).unwrap_or(0)
}
