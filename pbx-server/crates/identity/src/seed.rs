//! The first people of an installation: the administrator whom setup names, and the demo.

use crate::audit::{self, Actor, Place};
use crate::caller::Caller;
use crate::error::{IdentityError, Result};
use crate::identity::Identity;
use crate::password;
use serde_json::json;
use voxera_model::{AccountId, CustomerId, Email, Locale, Name, Role, TenantId, UserId};
use voxera_store::{NewAccount, NewUser, StoreError};

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
}
