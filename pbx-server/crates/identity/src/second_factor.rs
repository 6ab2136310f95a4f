//! The second factor: turned on with an app, used at sign-in, turned off.

use crate::app_codes;
use crate::audit::{self, Actor};
use crate::authz::{Grant, Principal};
use crate::caller::Caller;
use crate::error::{IdentityError, Result};
use crate::identity::{Identity, sealed};
use crate::invite::level_of;
use crate::letters::brand;
use crate::profile::Standing;
use crate::recovery;
use chrono::{DateTime, TimeDelta, Utc};
use std::fmt;
use voxera_mail::Letter;
use voxera_model::{AccountId, Email, Role, UserId};
use voxera_store::{NewAudit, PlatformTx, SecondFactor, StoreError};
use zeroize::Zeroizing;

/// How long one may take to put the secret into an app.
const OFFER_STAYS: TimeDelta = TimeDelta::minutes(15);

/// How well an account is guarded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Security {
    /// Since when a code is asked for; `None`: the password is enough.
    pub second_factor_since: Option<DateTime<Utc>>,
    /// Recovery codes that were not used; 0 without a second factor.
    pub recovery_codes_left: u32,
    /// When the password was chosen; `None`: before that was kept.
    pub password_changed_at: Option<DateTime<Utc>>,
}

/// A secret for an authenticator app. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Offer {
    /// Base32, for who types it.
    pub secret: Zeroizing<String>,
    /// `otpauth://totp/…`, for a picture that the app reads.
    pub uri: Zeroizing<String>,
    /// It can be confirmed until then.
    pub until: DateTime<Utc>,
}

impl fmt::Debug for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Offer").field("until", &self.until).finish_non_exhaustive()
    }
}

/// With what a second factor was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    App,
    RecoveryCode,
}

impl Shown {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::RecoveryCode => "recovery_code",
        }
    }
}

impl Identity {
    /// How well my account is guarded.
    pub async fn security(&self, principal: &Principal) -> Result<Security> {
        let mut tx = self.inner.store.platform().await?;
        let account = tx.accounts().get(principal.account).await?;
        let factor = confirmed(&mut tx, account.id).await?;
        Ok(Security {
            second_factor_since: factor.as_ref().and_then(|factor| factor.confirmed_at),
            recovery_codes_left: factor.map_or(0, |factor| factor.recovery_codes_left),
            password_changed_at: account.password_changed_at,
        })
    }

    /// Offers a secret for an app; nothing is asked for until [`Identity::confirm_second_factor`].
    /// An earlier offer is void. Refuses while there is a second factor.
    pub async fn offer_second_factor(&self, principal: &Principal, password: &str) -> Result<Offer> {
        let account = self.prove_password(principal, password, "/password").await?;
        let secret = app_codes::generate();
        let until = self.inner.clock.now() + OFFER_STAYS;
        let mut tx = self.inner.store.platform().await?;
        if !tx.second_factors().offer(account.id, secret.as_slice(), until).await? {
            return Err(IdentityError::SecondFactorOn);
        }
        let standing = Standing::load(&mut tx, account).await?;
        let brand = brand(&mut tx, standing.place().tenant).await?;
        let shown = app_codes::show(secret.as_slice(), brand.name.as_str(), standing.account.email.as_str())?;
        tx.commit().await?;
        Ok(Offer { secret: shown.secret, uri: shown.uri, until })
    }

    /// The app has the secret, as its code shows: from now on one is asked for at every sign-in.
    /// Gives the recovery codes, which are not shown again.
    pub async fn confirm_second_factor(
        &self,
        caller: &Caller,
        principal: &Principal,
        code: &str,
    ) -> Result<Vec<Zeroizing<String>>> {
        let now = self.inner.clock.now();
        let mut tx = self.inner.store.platform().await?;
        let account = tx.accounts().get(principal.account).await?;
        let offer = match sealed(tx.second_factors().of(account.id).await)? {
            Some(factor) if factor.confirmed_at.is_some() => return Err(IdentityError::SecondFactorOn),
            Some(factor) if factor.offered_until > now => factor,
            Some(_) | None => return Err(IdentityError::SecondFactorNotOffered),
        };
        self.inner.code_per_account.take(&account.id, now)?;
        let step = app_codes::step_of(&offer.secret, code, now)?.ok_or(IdentityError::SecondFactorWrong)?;
        self.inner.code_per_account.give_back(&account.id);
        if !tx.second_factors().confirm(account.id, step).await? {
            return Err(IdentityError::SecondFactorOn);
        }
        let codes = new_codes(&mut tx, account.id).await?;
        let standing = Standing::load(&mut tx, account).await?;
        let letter = Letter::SecondFactorOn { at: now, address: caller.address };
        self.tell(caller, principal, tx, &standing, "user.totp_on", &letter).await?;
        Ok(codes)
    }

    /// New recovery codes; those before work no more.
    pub async fn renew_recovery_codes(
        &self,
        caller: &Caller,
        principal: &Principal,
        password: &str,
    ) -> Result<Vec<Zeroizing<String>>> {
        let account = self.prove_password(principal, password, "/password").await?;
        let mut tx = self.inner.store.platform().await?;
        if confirmed(&mut tx, account.id).await?.is_none() {
            return Err(IdentityError::SecondFactorOff);
        }
        let codes = new_codes(&mut tx, account.id).await?;
        let standing = Standing::load(&mut tx, account).await?;
        let letter = Letter::RecoveryCodes { at: self.inner.clock.now(), address: caller.address };
        self.tell(caller, principal, tx, &standing, "user.recovery_codes", &letter).await?;
        Ok(codes)
    }

    /// The password is enough from now on.
    pub async fn remove_second_factor(
        &self,
        caller: &Caller,
        principal: &Principal,
        password: &str,
    ) -> Result<()> {
        let account = self.prove_password(principal, password, "/password").await?;
        let mut tx = self.inner.store.platform().await?;
        tx.second_factors().remove(account.id).await.map_err(off)?;
        let standing = Standing::load(&mut tx, account).await?;
        let letter = Letter::SecondFactorOff { at: self.inner.clock.now(), address: caller.address };
        self.tell(caller, principal, tx, &standing, "user.totp_off", &letter).await
    }

    /// Takes the second factor of somebody away who has lost both app and recovery codes. Only for
    /// who may run every place where the person is a user: it guards the others as well.
    pub async fn reset_second_factor(
        &self,
        caller: &Caller,
        principal: &Principal,
        by: &Grant,
        user: UserId,
    ) -> Result<()> {
        let mut tx = self.inner.store.platform().await?;
        let user = tx.users().get(user).await?;
        if level_of(&user) != Some(by.level()) {
            return Err(IdentityError::NotFound);
        }
        let account = tx.accounts().get(user.account).await?;
        let standing = Standing::load(&mut tx, account).await?;
        if !standing.all.iter().all(|membership| runs(principal, &membership.user)) {
            return Err(IdentityError::Forbidden { needed: Role::PlatformAdmin });
        }
        let about = ("user", user.id.to_string());
        let place = audit::Place { tenant: user.tenant, customer: user.customer };
        let entry = audit::entry(caller, by, place, "user.totp_reset", about, None, None);
        self.reset(tx, &standing, by.name(), entry).await
    }

    /// The same for who runs the server: somebody runs the installation, and nobody stands above.
    pub async fn reset_second_factor_of(&self, email: &Email) -> Result<()> {
        let mut tx = self.inner.store.platform().await?;
        let account = tx.accounts().by_email(email).await?;
        let standing = Standing::load(&mut tx, account).await?;
        let by = brand(&mut tx, None).await?.name;
        let about = ("account", standing.account.id.to_string());
        let (caller, actor, place) = (Caller::default(), Actor::system(), standing.place());
        let entry = audit::entry(&caller, actor, place, "user.totp_reset", about, None, None);
        self.reset(tx, &standing, by.as_str(), entry).await
    }

    async fn reset(
        &self,
        mut tx: PlatformTx<'static>,
        standing: &Standing,
        by: &str,
        entry: NewAudit,
    ) -> Result<()> {
        tx.second_factors().remove(standing.account.id).await.map_err(off)?;
        let letter = Letter::SecondFactorReset { by, at: self.inner.clock.now() };
        self.write_to(&mut tx, standing, &letter).await?;
        tx.audit().append(entry).await?;
        tx.commit().await?;
        self.inner.outbox.wake();
        Ok(())
    }

    /// Whether the code is right: an app's, or a recovery code. It is used up by it, when the
    /// transaction is committed.
    pub(crate) async fn use_code(
        &self,
        tx: &mut PlatformTx<'static>,
        account: AccountId,
        factor: &SecondFactor,
        code: &str,
    ) -> Result<Option<Shown>> {
        let used = match app_codes::step_of(&factor.secret, code, self.inner.clock.now())? {
            Some(step) => tx.second_factors().use_step(account, step).await?.then_some(Shown::App),
            None => match recovery::hash_of(code) {
                Some(hash) => tx
                    .second_factors()
                    .use_recovery_code(account, &hash)
                    .await?
                    .then_some(Shown::RecoveryCode),
                None => None,
            },
        };
        Ok(used)
    }

    /// Notes what a person did, tells them, and makes both last.
    async fn tell(
        &self,
        caller: &Caller,
        principal: &Principal,
        mut tx: PlatformTx<'static>,
        standing: &Standing,
        action: &str,
        letter: &Letter<'_>,
    ) -> Result<()> {
        self.write_to(&mut tx, standing, letter).await?;
        let about = ("account", standing.account.id.to_string());
        tx.audit()
            .append(audit::entry(caller, principal, standing.place(), action, about, None, None))
            .await?;
        tx.commit().await?;
        self.inner.outbox.wake();
        Ok(())
    }
}

/// The account's second factor, if codes are asked for.
pub(crate) async fn confirmed(
    tx: &mut PlatformTx<'static>,
    account: AccountId,
) -> Result<Option<SecondFactor>> {
    let factor = sealed(tx.second_factors().of(account).await)?;
    Ok(factor.filter(|factor| factor.confirmed_at.is_some()))
}

async fn new_codes(tx: &mut PlatformTx<'static>, account: AccountId) -> Result<Vec<Zeroizing<String>>> {
    let codes = recovery::generate();
    let hashes: Vec<_> = codes.iter().filter_map(|code| recovery::hash_of(code)).collect();
    tx.second_factors().set_recovery_codes(account, &hashes).await?;
    Ok(codes)
}

/// Whether the person runs the place where somebody is a user.
fn runs(principal: &Principal, user: &voxera_store::User) -> bool {
    match (user.tenant, user.customer) {
        (None, _) => principal.require_platform_admin().is_ok(),
        (Some(tenant), None) => principal.for_tenant(tenant, Role::TenantAdmin).is_ok(),
        (Some(tenant), Some(customer)) => {
            principal.for_customer(tenant, customer, Role::CustomerAdmin).is_ok()
        }
    }
}

fn off(error: StoreError) -> IdentityError {
    if matches!(error, StoreError::NotFound) { IdentityError::SecondFactorOff } else { error.into() }
}
