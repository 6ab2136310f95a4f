//! What identity writes into the audit log. Never a secret, and never what somebody typed who is
//! not known: people type passwords into the wrong field.

use crate::authz::{Grant, Principal};
use crate::caller::Caller;
use serde_json::Value;
use voxera_model::{AccountId, CustomerId, TenantId};
use voxera_store::{Account, ActorKind, Membership, NewAudit};

/// Who did it.
#[derive(Debug, Clone)]
pub(crate) struct Actor {
    account: Option<AccountId>,
    kind: ActorKind,
    label: String,
}

impl Actor {
    /// Nobody whom we know.
    pub(crate) fn unknown() -> Self {
        Self { account: None, kind: ActorKind::User, label: "unknown".into() }
    }

    /// The product itself.
    pub(crate) fn system() -> Self {
        Self { account: None, kind: ActorKind::System, label: "system".into() }
    }
}

impl From<&Account> for Actor {
    fn from(account: &Account) -> Self {
        Self { account: Some(account.id), kind: ActorKind::User, label: account.email.to_string() }
    }
}

impl From<&Grant> for Actor {
    fn from(grant: &Grant) -> Self {
        Self { account: Some(grant.account()), kind: ActorKind::User, label: grant.label().to_owned() }
    }
}

impl From<&Principal> for Actor {
    fn from(principal: &Principal) -> Self {
        Self { account: Some(principal.account), kind: ActorKind::User, label: principal.email.to_string() }
    }
}

/// Where something happened, so that those who run that place see it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Place {
    pub(crate) tenant: Option<TenantId>,
    pub(crate) customer: Option<CustomerId>,
}

impl Place {
    /// What happens to an account belongs to the first place where it is a user.
    pub(crate) fn of(memberships: &[Membership]) -> Self {
        memberships.first().map_or_else(Self::default, |first| Self {
            tenant: first.user.tenant,
            customer: first.user.customer,
        })
    }
}

/// An entry about `resource` (its type and id).
pub(crate) fn entry(
    caller: &Caller,
    actor: impl Into<Actor>,
    place: Place,
    action: &str,
    resource: (&str, String),
    before: Option<Value>,
    after: Option<Value>,
) -> NewAudit {
    let actor = actor.into();
    NewAudit {
        tenant: place.tenant,
        customer: place.customer,
        actor_account: actor.account,
        actor_kind: actor.kind,
        actor_label: actor.label,
        action: action.to_owned(),
        resource_type: resource.0.to_owned(),
        resource_id: resource.1,
        before,
        after,
        address: caller.address,
        request_id: caller.request_id.clone(),
    }
}
