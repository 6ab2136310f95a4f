//! The first people of an installation: the administrator whom setup names, and the demo.

use crate::audit::{self, Actor, Place};
use crate::caller::Caller;
use crate::error::{IdentityError, Result};
use crate::identity::Identity;
use crate::letters::brand;
use crate::links::lifetime;
use crate::password;
use crate::secret::Secret;
use serde_json::json;
use voxera_model::{AccountId, CustomerId, Email, Locale, Name, Role, TenantId, UserId};
use voxera_store::{NewAccount, NewUser, PlatformTx, Purpose, StoreError, User};

/// A user who can sign in at once, because whoever runs the server says so.
#[derive(Clone)]
pub struct SeedUser {
    /// The address, taken as verified.
    pub email: Email,
    /// Must be acceptable like any other.
    pub password: String,
    /// The person's name.
    pub name: Name,
    /// The person's language.
    pub locale: Locale,
    /// Must belong to the level that `tenant` and `customer` name.
    pub role: Role,
    /// `None`: the platform.
    pub tenant: Option<TenantId>,
    /// `None`: the whole tenant.
    pub customer: Option<CustomerId>,
}

impl Identity {
    /// Makes the user unless there is one with this address at this level, who then stays as is,
    /// password included.
    pub async fn seed_user(&self, seed: SeedUser) -> Result<UserId> {
        let mut tx = self.inner.store.platform().await?;
        let known = match tx.accounts().by_email(&seed.email).await {
            Ok(account) => Some(account),
            Err(StoreError::NotFound) => None,
            Err(error) => return Err(error.into()),
        };
        if let Some(account) = &known {
            let users = tx.users().of_account(account.id).await?;
            let here = users.iter().find(|user| user.tenant == seed.tenant && user.customer == seed.customer);
            if let Some(user) = here {
                return Ok(user.id);
            }
        }
        drop(tx);
        password::check(&seed.password, &seed.email)
            .map_err(|invalid| IdentityError::invalid("/password", invalid))?;
        let hash = self.inner.hasher.hash(&seed.password).await?;

        let mut tx = self.inner.store.platform().await?;
        let account = if let Some(account) = known {
            account
        } else {
            let new = NewAccount {
                id: AccountId(voxera_store::new_id()),
                email: seed.email,
                password_hash: Some(hash),
                locale: seed.locale,
                verified_at: Some(self.inner.clock.now()),
            };
            tx.accounts().create(new).await?
        };
        let new = NewUser {
            id: UserId(voxera_store::new_id()),
            account: account.id,
            role: seed.role,
            tenant: seed.tenant,
            customer: seed.customer,
            display_name: seed.name,
        };
        let user = tx.users().create(new).await?;
        let place = Place { tenant: user.tenant, customer: user.customer };
        let after = json!({ "email": user.email, "name": user.display_name, "role": user.role });
        let resource = ("user", user.id.to_string());
        let caller = Caller::default();
        tx.audit()
            .append(audit::entry(&caller, Actor::system(), place, "user.create", resource, None, Some(after)))
            .await?;
        tx.commit().await?;
        Ok(user.id)
    }

    /// A link that makes this address an administrator of the installation, for who runs the
    /// server: nothing is mailed. Works once, for seven days; of several made for one address the
    /// last works. An account that has a password keeps it, and so the link can be made again for
    /// an administrator who is one already. Without a name the address stands in for it until the
    /// person says otherwise.
    pub async fn invite_first_admin(&self, email: &Email, name: Option<Name>) -> Result<Secret> {
        let mut tx = self.inner.store.platform().await?;
        let locale = brand(&mut tx, None).await?.locale;
        let account = tx.users().find_or_create_account(email, locale).await?.account;
        let users = tx.users().of_account(account.id).await?;
        let user = match users.into_iter().find(|user| user.tenant.is_none()) {
            Some(user) => user,
            None => administrator(&mut tx, account.id, email, name).await?,
        };
        let token = Secret::generate();
        let expires_at = self.inner.clock.now() + lifetime(Purpose::Invitation);
        tx.users().invite(user.id, &token.hash(), expires_at).await?;
        let after = json!({ "email": user.email, "name": user.display_name, "role": user.role });
        let resource = ("user", user.id.to_string());
        let (caller, place) = (Caller::default(), Place::default());
        tx.audit()
            .append(audit::entry(&caller, Actor::system(), place, "user.invite", resource, None, Some(after)))
            .await?;
        tx.commit().await?;
        self.account_changed(account.id);
        Ok(Secret::link(&self.link("/invitation/"), &token))
    }
}

async fn administrator(
    tx: &mut PlatformTx<'static>,
    account: AccountId,
    email: &Email,
    name: Option<Name>,
) -> Result<User> {
    let display_name = match name {
        Some(name) => name,
        None => Name::parse(email.as_str()).map_err(|invalid| IdentityError::invalid("/name", invalid))?,
    };
    let new = NewUser {
        id: UserId(voxera_store::new_id()),
        account,
        role: Role::PlatformAdmin,
        tenant: None,
        customer: None,
        display_name,
    };
    Ok(tx.users().create(new).await?)
}
