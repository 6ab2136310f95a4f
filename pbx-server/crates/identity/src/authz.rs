//! Who somebody is, and whether that is enough. Pure: decided from what the access token says.

use serde::{Deserialize, Serialize};
use voxera_model::{AccountId, CustomerId, Email, Locale, Role, SessionId, TenantId, UserId};

/// One membership of an account. Which of `tenant` and `customer` is set follows from the role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The user that the account is here.
    pub user: UserId,
    /// What the user may do.
    pub role: Role,
    /// `None`: the platform itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// `None`: the whole tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
}

/// Who is behind a request: made only by [`crate::Identity::verify`] from a valid access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The login.
    pub account: AccountId,
    /// The sign-in that the access token belongs to.
    pub session: SessionId,
    /// The login's address.
    pub email: Email,
    /// The person's name.
    pub name: String,
    /// The person's language.
    pub locale: Locale,
    /// Where the account is a user, as it was when the token was made, at most five minutes ago.
    pub memberships: Vec<Membership>,
}

/// How much of the installation a [`Grant`] covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// All of it.
    Platform,
    /// One partner and everything beneath.
    Tenant(TenantId),
    /// One company.
    Customer(TenantId, CustomerId),
}

impl Level {
    /// The tenant of this level; `None`: the platform.
    #[must_use]
    pub const fn tenant(self) -> Option<TenantId> {
        match self {
            Self::Platform => None,
            Self::Tenant(tenant) | Self::Customer(tenant, _) => Some(tenant),
        }
    }

    /// The customer of this level.
    #[must_use]
    pub const fn customer(self) -> Option<CustomerId> {
        match self {
            Self::Platform | Self::Tenant(_) => None,
            Self::Customer(_, customer) => Some(customer),
        }
    }

    /// Whether a user with this role belongs here.
    #[must_use]
    pub const fn fits(self, role: Role) -> bool {
        match role {
            Role::PlatformAdmin => matches!(self, Self::Platform),
            Role::TenantAdmin => matches!(self, Self::Tenant(_)),
            Role::CustomerAdmin | Role::Manager | Role::User => matches!(self, Self::Customer(..)),
        }
    }
}

/// Leave to act at one level. Has no public constructor: whoever holds one has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    account: AccountId,
    label: Email,
    name: String,
    level: Level,
    role: Role,
}

impl Grant {
    /// Who acts.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// Who acts, as the audit log shows it.
    #[must_use]
    pub fn label(&self) -> &str {
        self.label.as_str()
    }

    /// The name of who acts.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it covers.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    /// The role that gave leave, perhaps of a level above.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Not yours: answered as if it did not exist.
    #[error("nothing of yours")]
    Foreign,
    /// Yours, but your role is too small.
    #[error("needs the role {needed}")]
    Role {
        /// The smallest role that would do.
        needed: Role,
    },
}

impl Principal {
    /// Leave to run the installation.
    pub fn require_platform_admin(&self) -> Result<Grant, Denied> {
        self.strongest(|m| m.role == Role::PlatformAdmin)
            .map(|role| self.grant(Level::Platform, role))
            .ok_or(Denied::Role { needed: Role::PlatformAdmin })
    }

    /// Leave to act in a tenant as a whole, with at least the role `min`. Roles of a single
    /// customer never reach a whole tenant, whatever `min` is: they are told `tenant_admin`.
    pub fn for_tenant(&self, tenant: TenantId, min: Role) -> Result<Grant, Denied> {
        let needed = min.min(Role::TenantAdmin);
        let reaches = |m: &Membership| match m.role {
            Role::PlatformAdmin => true,
            Role::TenantAdmin => m.tenant == Some(tenant),
            Role::CustomerAdmin | Role::Manager | Role::User => false,
        };
        match self.strongest(reaches) {
            Some(role) if role <= needed => Ok(self.grant(Level::Tenant(tenant), role)),
            Some(_) => Err(Denied::Role { needed }),
            None if self.memberships.iter().any(|m| m.tenant == Some(tenant)) => Err(Denied::Role { needed }),
            None => Err(Denied::Foreign),
        }
    }

    /// Leave to act in one customer, with at least the role `min`. Another customer of one's own
    /// tenant is as foreign as any other.
    pub fn for_customer(&self, tenant: TenantId, customer: CustomerId, min: Role) -> Result<Grant, Denied> {
        let reaches = |m: &Membership| match m.role {
            Role::PlatformAdmin => true,
            Role::TenantAdmin => m.tenant == Some(tenant),
            Role::CustomerAdmin | Role::Manager | Role::User => {
                m.tenant == Some(tenant) && m.customer == Some(customer)
            }
        };
        match self.strongest(reaches) {
            Some(role) if role <= min => Ok(self.grant(Level::Customer(tenant, customer), role)),
            Some(_) => Err(Denied::Role { needed: min }),
            None => Err(Denied::Foreign),
        }
    }

    /// The users that this account is, for what belongs to oneself.
    pub fn users(&self) -> impl Iterator<Item = UserId> + '_ {
        self.memberships.iter().map(|m| m.user)
    }

    /// Roles are declared from the strongest to the weakest, so the smallest is the strongest.
    fn strongest(&self, reaches: impl Fn(&Membership) -> bool) -> Option<Role> {
        self.memberships.iter().filter(|m| reaches(m)).map(|m| m.role).min()
    }

    fn grant(&self, level: Level, role: Role) -> Grant {
        Grant { account: self.account, label: self.email.clone(), name: self.name.clone(), level, role }
    }
}

#[cfg(test)]
#[path = "authz_tests.rs"]
mod tests;
