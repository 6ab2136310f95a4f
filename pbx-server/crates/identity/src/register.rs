//! Signing up, and proving that an address is one's own.

use crate::audit::{self, Actor, Place};
use crate::caller::Caller;
use crate::error::{IdentityError, Result};
use crate::identity::Identity;
use crate::letters::{Reader, brand};
use crate::password;
use crate::profile::Standing;
use crate::session::account_key;
use serde_json::json;
use voxera_mail::Letter;
use voxera_model::{AccountId, CustomerId, Email, Locale, Name, Role, Status, UserId};
use voxera_store::{NewAccount, NewCustomer, NewUser, Purpose, StoreError};

/// A company that signs up by itself.
#[derive(Clone)]
pub struct Registration {
    /// The first administrator's address.
    pub email: Email,
    /// The first administrator's password.
    pub password: String,
    /// The company.
    pub organization_name: Name,
    /// The first administrator.
    pub name: Name,
    /// `None`: the installation's own language.
    pub locale: Option<Locale>,
}

impl Identity {
    /// Makes an account, a customer of the built-in tenant with the default limits, and the
    /// account its administrator; sends the link without which nobody signs in.
    pub async fn register(&self, caller: &Caller, new: Registration) -> Result<AccountId> {
        let from = caller.neighbourhood();
        self.inner.mail_per_address.take(&from, self.inner.clock.now())?;
        password::check(&new.password, &new.email)
            .map_err(|invalid| IdentityError::invalid("/password", invalid))?;
        let mut tx = self.inner.store.platform().await?;
        match tx.accounts().by_email(&new.email).await {
            Err(StoreError::NotFound) => {}
            Ok(_) => return Err(IdentityError::EmailTaken),
            Err(error) => return Err(error.into()),
        }
        drop(tx);
        let hash = self.inner.hasher.hash(&new.password).await?;

        let mut tx = self.inner.store.platform().await?;
        let tenant = tx.tenants().builtin().await?;
        if tenant.status != Status::Active {
            return Err(IdentityError::Suspended);
        }
        let locale = new.locale.unwrap_or(tenant.locale);
        let account = NewAccount {
            id: AccountId(voxera_store::new_id()),
            email: new.email.clone(),
            password_hash: Some(hash),
            locale,
            verified_at: None,
        };
        let account = tx.accounts().create(account).await?;
        let customer = NewCustomer {
            id: CustomerId(voxera_store::new_id()),
            name: new.organization_name,
            org_number: None,
            locale,
            time_zone: tenant.time_zone.clone(),
        };
        let customer = tx.tenants().sign_up(tenant.id, customer).await?;
        let user = NewUser {
            id: UserId(voxera_store::new_id()),
            account: account.id,
            role: Role::CustomerAdmin,
            tenant: Some(tenant.id),
            customer: Some(customer.id),
            display_name: new.name.clone(),
        };
        let user = tx.users().create(user).await?;
        let secret = self.make_link(&mut tx, account.id, Purpose::EmailVerification).await?;
        let link = self.link(&format!("/verify-email?token={}", secret.expose()));
        let brand = brand(&mut tx, Some(tenant.id)).await?;
        let reader = Reader { email: &account.email, name: new.name.as_str(), locale };
        self.write(&mut tx, Some(tenant.id), &brand, &reader, &Letter::Verification { link: &link }).await?;
        let place = Place { tenant: Some(tenant.id), customer: Some(customer.id) };
        let after = json!({
            "email": account.email, "user": user.id, "customer": customer.id, "organization": customer.name,
            "max_agents": customer.max_agents, "monthly_tokens": customer.monthly_tokens,
        });
        let resource = ("account", account.id.to_string());
        tx.audit()
            .append(audit::entry(caller, &account, place, "account.register", resource, None, Some(after)))
            .await?;
        tx.commit().await?;
        self.inner.outbox.wake();
        Ok(account.id)
    }

    /// Takes the link of a verification mail: from now on the account signs in.
    pub async fn verify_email(&self, caller: &Caller, token: &str) -> Result<()> {
        let (link, _) = self.find_link(caller, token, Purpose::EmailVerification).await?;
        let mut tx = self.inner.store.platform().await?;
        let found = link.consume(&mut tx).await?;
        tx.accounts().verify(found.account).await?;
        let account = tx.accounts().get(found.account).await?;
        let standing = Standing::load(&mut tx, account).await?;
        tx.audit()
            .append(audit::entry(
                caller,
                &standing.account,
                standing.place(),
                "account.verify_email",
                ("account", standing.account.id.to_string()),
                None,
                None,
            ))
            .await?;
        Ok(tx.commit().await?)
    }

    /// Sends another verification link, if there is an account that needs one. The answer does not
    /// tell whether there is.
    pub async fn resend_verification(&self, caller: &Caller, email: &Email) -> Result<()> {
        self.may_mail(caller, email)?;
        let mut tx = self.inner.store.platform().await?;
        let account = match tx.accounts().by_email(email).await {
            Ok(account) if account.verified_at.is_none() && account.password_hash.is_some() => account,
            Ok(_) | Err(StoreError::NotFound) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let standing = Standing::load(&mut tx, account).await?;
        let secret = self.make_link(&mut tx, standing.account.id, Purpose::EmailVerification).await?;
        let link = self.link(&format!("/verify-email?token={}", secret.expose()));
        self.write_to(&mut tx, &standing, &Letter::Verification { link: &link }).await?;
        tx.audit()
            .append(audit::entry(
                caller,
                Actor::unknown(),
                standing.place(),
                "account.resend_verification",
                ("account", standing.account.id.to_string()),
                None,
                None,
            ))
            .await?;
        tx.commit().await?;
        self.inner.outbox.wake();
        Ok(())
    }

    /// Whether this address may have another mail sent, and this person may get one. Counted for
    /// unknown people too, so that the limit does not tell who is known.
    pub(crate) fn may_mail(&self, caller: &Caller, email: &Email) -> Result<()> {
        let now = self.inner.clock.now();
        self.inner.mail_per_address.take(&caller.neighbourhood(), now)?;
        self.inner.mail_per_account.take(&account_key(email.as_str()), now)?;
        Ok(())
    }
}
