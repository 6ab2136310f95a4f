//! What carries the calls of a partner, where the installation runs both engines.

use crate::api::{Api, Carrier};
use crate::input::{Body, TenantPath, Url, input};
use crate::permit::PlatformAdmin;
use crate::problem::{Answer, Problem};
use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use voxera_callcontrol::LiveScope;
use voxera_model::{Engine, TenantId};

/// What carries the calls of a partner.
#[derive(Debug, Serialize, ToSchema)]
pub struct TenantEngine {
    /// `null`: the installation has one engine for all tenants.
    pub engine: Option<Engine>,
    /// The engines to choose from; none where the installation has one.
    pub choices: Vec<EngineChoice>,
    /// Phones of this partner that are online: they register anew after a change.
    pub phones_online: usize,
    /// Calls of this partner that are up: they stay where they are.
    pub live_calls: usize,
}

/// An engine, and what phones are told to send to.
#[derive(Debug, Serialize, ToSchema)]
pub struct EngineChoice {
    pub engine: Engine,
    /// Name or address.
    #[schema(example = "sip.nordtel.example")]
    pub server: String,
    #[schema(example = 5060)]
    pub port: u16,
    /// Whether it can carry calls at this moment: for nodes, whether one works.
    pub works: bool,
}

input! {
    /// What is to carry the calls of a partner.
    pub struct EngineChange {
        pub engine: Engine,
    }
}

/// What carries the calls of a partner.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/engine", operation_id = "tenants_engine", tag = "Tenants",
    params(TenantPath),
    responses((status = 200, description = "The engine, and what there is to choose from.", body = TenantEngine)),
    extensions(("x-permission" = json!("platform_admin")))
)]
pub async fn get(admin: PlatformAdmin, Url(path): Url<TenantPath>) -> Answer<Json<TenantEngine>> {
    let mut act = admin.open().await?;
    let tenant = act.tenants().get(path.tenant).await?;
    Ok(Json(TenantEngine::show(&admin.api, path.tenant, tenant.engine)))
}

/// Let another engine carry the calls of a partner.
///
/// Phones are signed out, and have to register where the new engine is; new calls begin there. Calls that are up
/// stay where they are until they end. Lines to operators are registered by the new engine.
#[utoipa::path(
    put, path = "/api/v1/tenants/{tenant}/engine", operation_id = "tenants_set_engine", tag = "Tenants",
    params(TenantPath), request_body(content = EngineChange, example = json!({ "engine": "freeswitch" })),
    responses((status = 200, description = "The engine as it is now.", body = TenantEngine),
        (status = 409, description = "The installation has one engine for all tenants (`one_engine`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("platform_admin")))
)]
pub async fn set(
    admin: PlatformAdmin,
    Url(path): Url<TenantPath>,
    change: Body<EngineChange>,
) -> Answer<Json<TenantEngine>> {
    let mut act = admin.open().await?;
    let before = act.tenants().get(path.tenant).await?;
    if !is_chosen(&admin.api) {
        return Err(Problem::conflict(
            "one_engine",
            "One engine carries the calls of all tenants. Set engine = \"per_tenant\" in the server's \
             configuration, restart it, then choose.",
        ));
    }
    if before.engine != change.value.engine {
        let after = act.tenants().set_engine(path.tenant, change.value.engine).await?;
        act.changed("tenant.engine", path.tenant, &before, &after).await?;
        act.commit().await?;
    }
    Ok(Json(TenantEngine::show(&admin.api, path.tenant, change.value.engine)))
}

fn is_chosen(api: &Api) -> bool {
    matches!(api.carrier(), Some(Carrier::Both { .. }))
}

impl TenantEngine {
    fn show(api: &Api, tenant: TenantId, engine: Engine) -> Self {
        let chosen = is_chosen(api);
        let choice = |engine| {
            let (server, port) = api.server_of(engine);
            let works = match engine {
                Engine::Embedded => true,
                Engine::FreeSwitch => api.nodes_up().0 > 0,
            };
            EngineChoice { engine, server: server.to_owned(), port, works }
        };
        let own = api.control.directory().all().into_iter().filter(|view| view.snapshot.tenant == tenant);
        Self {
            engine: chosen.then_some(engine),
            choices: if chosen { Engine::ALL.iter().copied().map(choice).collect() } else { Vec::new() },
            phones_online: own.map(|view| api.control.presence().list(view.snapshot.pbx).len()).sum(),
            live_calls: api.control.live().count(LiveScope::Tenant(tenant)),
        }
    }
}
