//! A person's own page: who I am and where I am a user.

use crate::audit::{self, Place};
use crate::authz::{self, Principal};
use crate::caller::Caller;
use crate::error::{IdentityError, Result};
use crate::identity::Identity;
use serde::Serialize;
use serde_json::json;
use voxera_model::{AccountId, CustomerId, Email, Locale, Name, Role, TenantId, UserId};
use voxera_store::{Account, Membership, PlatformTx, UserChange};

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Profile {
    /// The login.
    pub id: AccountId,
    /// Its address.
    pub email: Email,
    /// The name in the oldest membership; the address where there is none.
    pub name: String,
    /// The person's language.
    pub locale: Locale,
    /// Whether there is a picture of the person.
    pub avatar: bool,
}

/// A membership with the names of where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MembershipDetail {
    /// The user that the account is here.
    pub user: UserId,
    /// What the user may do.
    pub role: Role,
    /// `None`: the platform itself.
    pub tenant: Option<TenantId>,
    /// `None`: the whole tenant.
    pub customer: Option<CustomerId>,
    /// The partner's name.
    pub tenant_name: Option<String>,
    /// The partner's short name.
    pub tenant_slug: Option<String>,
    /// The company's name.
    pub customer_name: Option<String>,
}

/// What a person changes of oneself; `None` stays.
#[derive(Debug, Clone, Default)]
pub struct ProfileChange {
    /// The name, everywhere one is a user.
    pub name: Option<Name>,
    /// The language.
    pub locale: Option<Locale>,
}

/// An account with all its memberships, fresh from the database.
pub(crate) struct Standing {
    pub(crate) account: Account,
    pub(crate) all: Vec<Membership>,
}

impl Standing {
    pub(crate) async fn load(tx: &mut PlatformTx<'static>, account: Account) -> Result<Self> {
        let all = tx.users().memberships(account.id).await?;
        Ok(Self { account, all })
    }

    pub(crate) fn active(&self) -> impl Iterator<Item = &Membership> {
        self.all.iter().filter(|membership| membership.is_active())
    }

    /// Refuses an account that may act nowhere.
    pub(crate) fn require_active(&self) -> Result<()> {
        if self.active().next().is_some() {
            Ok(())
        } else if self.all.is_empty() {
            Err(IdentityError::NoMembership)
        } else {
            Err(IdentityError::Suspended)
        }
    }

    pub(crate) fn place(&self) -> Place {
        Place::of(&self.all)
    }

    pub(crate) fn name(&self) -> String {
        let first = self.active().next().or_else(|| self.all.first());
        first.map_or_else(
            || self.account.email.to_string(),
            |membership| membership.user.display_name.to_string(),
        )
    }

    pub(crate) fn profile(&self) -> Profile {
        Profile {
            id: self.account.id,
            email: self.account.email.clone(),
            name: self.name(),
            locale: self.account.locale,
            avatar: self.account.avatar,
        }
    }

    pub(crate) fn claims(&self) -> Vec<authz::Membership> {
        self.active()
            .map(|membership| authz::Membership {
                user: membership.user.id,
                role: membership.user.role,
                tenant: membership.user.tenant,
                customer: membership.user.customer,
            })
            .collect()
    }

    pub(crate) fn details(&self) -> Vec<MembershipDetail> {
        self.active()
            .map(|membership| MembershipDetail {
                user: membership.user.id,
                role: membership.user.role,
                tenant: membership.user.tenant,
                customer: membership.user.customer,
                tenant_name: membership.tenant.as_ref().map(|tenant| tenant.name.to_string()),
                tenant_slug: membership.tenant.as_ref().map(|tenant| tenant.slug.to_string()),
                customer_name: membership.customer.as_ref().map(|customer| customer.name.to_string()),
            })
            .collect()
    }
}

impl Identity {
    /// Who I am and where I may act, as it is now.
    pub async fn profile(&self, principal: &Principal) -> Result<(Profile, Vec<MembershipDetail>)> {
        let mut tx = self.inner.store.platform().await?;
        let account = tx.accounts().get(principal.account).await?;
        let standing = Standing::load(&mut tx, account).await?;
        Ok((standing.profile(), standing.details()))
    }

    /// Changes my name and language. Access tokens carry the new ones from the next refresh.
    pub async fn change_profile(
        &self,
        caller: &Caller,
        principal: &Principal,
        change: ProfileChange,
    ) -> Result<Profile> {
        let mut tx = self.inner.store.platform().await?;
        let account = tx.accounts().get(principal.account).await?;
        let before = Standing::load(&mut tx, account).await?;
        if let Some(locale) = change.locale {
            tx.accounts().set_locale(principal.account, locale).await?;
        }
        if let Some(name) = change.name {
            for membership in &before.all {
                let change = UserChange { display_name: Some(name.clone()), ..UserChange::default() };
                tx.users().update(membership.user.id, change).await?;
            }
        }
        let account = tx.accounts().get(principal.account).await?;
        let after = Standing::load(&mut tx, account).await?;
        let facts =
            |standing: &Standing| json!({ "name": standing.name(), "locale": standing.account.locale });
        tx.audit()
            .append(audit::entry(
                caller,
                principal,
                after.place(),
                "account.update",
                ("account", principal.account.to_string()),
                Some(facts(&before)),
                Some(facts(&after)),
            ))
            .await?;
        tx.commit().await?;
        Ok(after.profile())
    }
}
