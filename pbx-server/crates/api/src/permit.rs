//! Who may: the first argument of every handler. It checks the access token and, once, the ids of
//! tenant and customer in the URL; `open` then hands over a transaction that sees no more than that.
//!
//! The transaction is opened by the handler and not by the extractor, so that nobody holds a
//! connection to the database by sending a body slowly.

use crate::act::Act;
use crate::api::Api;
use crate::problem::{Answer, Problem};
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use voxera_identity::{Caller, Denied, Grant, Principal};
use voxera_model::{CustomerId, Role, TenantId};
use voxera_store::{PlatformTx, TenantTx};

/// Who asks, and how.
#[derive(Debug, Clone)]
pub struct Actor {
    pub principal: Principal,
    pub caller: Caller,
    /// The access token, for streams that outlive it.
    token: String,
    /// The `Idempotency-Key`, with what it stands for.
    pub(crate) once: Option<String>,
    pub(crate) method_path: String,
}

impl Actor {
    /// The access token.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }
}

impl FromRequestParts<Api> for Actor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let token = bearer(&parts.headers).ok_or_else(Problem::unauthenticated)?;
        let principal = api.identity.verify(token).map_err(|refused| {
            tracing::debug!(%refused, "an access token was refused");
            Problem::unauthenticated()
        })?;
        Ok(Self {
            principal,
            caller: caller(parts),
            token: token.to_owned(),
            once: once_key(&parts.headers)?,
            method_path: format!("{} {}", parts.method, parts.uri.path()),
        })
    }
}

/// The token of `Authorization: Bearer …`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Where the request comes from, as the outermost layer noted it.
pub(crate) fn caller(parts: &Parts) -> Caller {
    parts.extensions.get::<Caller>().cloned().unwrap_or_default()
}

fn once_key(headers: &HeaderMap) -> Answer<Option<String>> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().ok().map(str::trim).filter(|key| (1..=100).contains(&key.len()));
    key.map(|key| Some(key.to_owned())).ok_or_else(|| {
        Problem::field(
            "Idempotency-Key",
            "idempotency_key",
            "The header Idempotency-Key has 1 to 100 printable characters.",
        )
    })
}

fn denied(denied: Denied) -> Problem {
    match denied {
        Denied::Foreign => Problem::not_found(),
        Denied::Role { needed } => Problem::forbidden(needed),
    }
}

async fn id<T: std::str::FromStr>(parts: &mut Parts, name: &str) -> Answer<T> {
    let params = RawPathParams::from_request_parts(parts, &()).await.map_err(|_| Problem::not_found())?;
    let found = params.iter().find(|(key, _)| *key == name).and_then(|(_, value)| value.parse().ok());
    found.ok_or_else(Problem::not_found)
}

/// Anybody who is signed in, about themselves.
#[derive(Clone)]
pub struct Me {
    pub api: Api,
    pub actor: Actor,
}

impl FromRequestParts<Api> for Me {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        Ok(Self { api: api.clone(), actor: Actor::from_request_parts(parts, api).await? })
    }
}

/// Whoever runs this installation.
#[derive(Clone)]
pub struct PlatformAdmin {
    pub api: Api,
    pub actor: Actor,
    pub grant: Grant,
}

impl FromRequestParts<Api> for PlatformAdmin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let actor = Actor::from_request_parts(parts, api).await?;
        let grant = match actor.principal.require_platform_admin() {
            Ok(grant) => grant,
            // A foreign tenant's id under an operation of the platform tells nothing.
            Err(refused) => match id::<TenantId>(parts, "tenant").await {
                Ok(tenant) => match actor.principal.for_tenant(tenant, Role::PlatformAdmin) {
                    Err(Denied::Foreign) => return Err(Problem::not_found()),
                    Ok(_) | Err(Denied::Role { .. }) => return Err(denied(refused)),
                },
                Err(_) => return Err(denied(refused)),
            },
        };
        Ok(Self { api: api.clone(), actor, grant })
    }
}

impl PlatformAdmin {
    /// A transaction that sees the platform's tables, and no tenant's.
    pub async fn open(&self) -> Answer<Act<PlatformTx<'static>>> {
        Ok(Act::new(self.api.store.platform().await?, self.actor.clone()))
    }
}

/// Whoever runs one partner.
#[derive(Clone)]
pub struct TenantAdmin {
    pub api: Api,
    pub actor: Actor,
    pub grant: Grant,
    pub tenant: TenantId,
}

impl FromRequestParts<Api> for TenantAdmin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let actor = Actor::from_request_parts(parts, api).await?;
        let tenant = id(parts, "tenant").await?;
        let granted = actor.principal.for_tenant(tenant, Role::TenantAdmin);
        let grant = match (granted, id::<CustomerId>(parts, "customer").await) {
            (Ok(grant), _) => grant,
            // Someone of another customer learns nothing of this one.
            (Err(Denied::Role { needed }), Ok(customer)) => {
                return match actor.principal.for_customer(tenant, customer, Role::User) {
                    Ok(_) => Err(Problem::forbidden(needed)),
                    Err(_) => Err(Problem::not_found()),
                };
            }
            (Err(refused), _) => return Err(denied(refused)),
        };
        Ok(Self { api: api.clone(), actor, grant, tenant })
    }
}

impl TenantAdmin {
    /// A transaction of the login, which invites: the grant says to where.
    pub async fn open_login(&self) -> Answer<Act<PlatformTx<'static>>> {
        // Shows that the tenant exists.
        drop(self.open().await?);
        Ok(Act::new(self.api.store.platform().await?, self.actor.clone()))
    }

    /// A transaction that sees the whole tenant.
    pub async fn open(&self) -> Answer<Act<TenantTx<'static>>> {
        let scope = self.api.store.tenant_scope(self.tenant).await?;
        Ok(Act::new(self.api.store.tenant(&scope).await?, self.actor.clone()))
    }
}

/// Whoever runs one company.
#[derive(Clone)]
pub struct CustomerAdmin {
    pub api: Api,
    pub actor: Actor,
    pub grant: Grant,
    pub tenant: TenantId,
    pub customer: CustomerId,
}

impl FromRequestParts<Api> for CustomerAdmin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let (actor, tenant, customer, grant) = in_customer(parts, api, Role::CustomerAdmin).await?;
        Ok(Self { api: api.clone(), actor, grant, tenant, customer })
    }
}

impl CustomerAdmin {
    /// A transaction that sees this customer, and nothing else of the tenant.
    pub async fn open(&self) -> Answer<Act<TenantTx<'static>>> {
        open_customer(&self.api, &self.actor, self.tenant, self.customer).await
    }

    /// A transaction of the login, which invites: the grant says to where. The handler has shown
    /// that the customer exists.
    pub async fn open_login(&self) -> Answer<Act<PlatformTx<'static>>> {
        Ok(Act::new(self.api.store.platform().await?, self.actor.clone()))
    }
}

/// Whoever may see a company's calls and extensions.
#[derive(Clone)]
pub struct CustomerReader {
    pub api: Api,
    pub actor: Actor,
    pub tenant: TenantId,
    pub customer: CustomerId,
}

impl FromRequestParts<Api> for CustomerReader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let (actor, tenant, customer, _) = in_customer(parts, api, Role::Manager).await?;
        Ok(Self { api: api.clone(), actor, tenant, customer })
    }
}

impl CustomerReader {
    /// A transaction that sees this customer, and nothing else of the tenant.
    pub async fn open(&self) -> Answer<Act<TenantTx<'static>>> {
        open_customer(&self.api, &self.actor, self.tenant, self.customer).await
    }
}

/// The ids of the URL, and leave to act there with at least the role `min`.
async fn in_customer(
    parts: &mut Parts,
    api: &Api,
    min: Role,
) -> Answer<(Actor, TenantId, CustomerId, Grant)> {
    let actor = Actor::from_request_parts(parts, api).await?;
    let tenant = id(parts, "tenant").await?;
    let customer = id(parts, "customer").await?;
    let grant = actor.principal.for_customer(tenant, customer, min).map_err(denied)?;
    Ok((actor, tenant, customer, grant))
}

async fn open_customer(
    api: &Api,
    actor: &Actor,
    tenant: TenantId,
    customer: CustomerId,
) -> Answer<Act<TenantTx<'static>>> {
    let scope = api.store.tenant_scope(tenant).await?.for_customer(customer);
    Ok(Act::new(api.store.tenant(&scope).await?, actor.clone()))
}
