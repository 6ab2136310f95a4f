//! Partners.

use crate::access;
use crate::api::{Api, Carrier};
use crate::input::{Body, Change, Listed, Paging, Query, TenantPath, Url, input, sorting};
use crate::permit::{PlatformAdmin, TenantAdmin};
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use voxera_model::{Colour, Email, Engine, Locale, Name, Realm, Role, Slug, Status, TenantId, Zone};
use voxera_store::Constraint;

sorting!(ByName: "name", "slug", "status", "created_at");

/// A partner with its own brand.
#[derive(Debug, Serialize, ToSchema)]
pub struct Tenant {
    pub id: TenantId,
    pub slug: Slug,
    pub name: Name,
    /// The host name under which its portal is served.
    #[schema(example = "portal.nordtel.example")]
    pub host: Option<String>,
    /// The name that its customers see.
    pub brand_name: Name,
    pub accent: Colour,
    pub logo_url: Option<String>,
    pub support_email: Option<Email>,
    pub locale: Locale,
    pub time_zone: Zone,
    pub status: Status,
    /// What carries its calls; `null`: the installation has one engine for all tenants.
    pub engine: Option<Engine>,
    /// The platform's own tenant, for companies that signed themselves up; cannot be removed.
    pub builtin: bool,
    pub created_at: DateTime<Utc>,
}

input! {
    /// A new partner.
    pub struct NewTenant {
        pub name: Name,
        /// Without it one is made from the name.
        pub slug: Option<Slug>,
        #[schema(value_type = Option<String>, example = "portal.nordtel.example")]
        pub host: Option<Realm>,
        /// Without it the name.
        pub brand_name: Option<Name>,
        pub accent: Option<Colour>,
        pub support_email: Option<Email>,
        pub locale: Option<Locale>,
        pub time_zone: Option<Zone>,
    }
}

input! {
    /// What changes of a partner; absent fields stay.
    pub struct TenantChange {
        pub name: Option<Name>,
        /// Platform admins only.
        pub slug: Option<Slug>,
        /// Platform admins only; `null` takes it away.
        #[schema(value_type = Option<String>)]
        pub host: Change<Realm>,
        pub brand_name: Option<Name>,
        pub accent: Option<Colour>,
        /// `null` takes it away.
        #[schema(value_type = Option<String>)]
        pub support_email: Change<Email>,
        pub locale: Option<Locale>,
        pub time_zone: Option<Zone>,
    }
}

/// All partners.
#[utoipa::path(
    get, path = "/api/v1/tenants", operation_id = "tenants_list", tag = "Tenants",
    params(Paging<ByName>),
    responses((status = 200, description = "One page.", body = Listed<Tenant>)),
    extensions(("x-permission" = json!("platform_admin")))
)]
pub async fn list(admin: PlatformAdmin, Query(page): Query<Paging<ByName>>) -> Answer<Json<Listed<Tenant>>> {
    let mut act = admin.open().await?;
    let found = act.tenants().list(&page.into()).await?;
    Ok(Json(Listed::of(found, |tenant| Tenant::show(tenant, &admin.api))))
}

/// Add a partner.
#[utoipa::path(
    post, path = "/api/v1/tenants", operation_id = "tenants_create", tag = "Tenants",
    request_body(content = NewTenant, example = json!({ "name": "Nordtel AB", "slug": "nordtel", "brand_name": "Nordtel", "accent": "#0a7d5a", "support_email": "hjalp@nordtel.example" })),
    responses((status = 201, description = "Made, with a schema of its own.", body = Tenant),
        (status = 409, description = "Another tenant has the short name (`slug_taken`) or the host (`host_taken`). Or the key was used for another request (`idempotency_key_reused`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("platform_admin")), ("x-idempotent" = json!(true)))
)]
pub async fn create(admin: PlatformAdmin, new: Body<NewTenant>) -> Answer<Response> {
    let mut act = admin.open().await?;
    if let Some(answer) = act.replayed(&new.hash).await? {
        return Ok(answer);
    }
    let new = new.value;
    let slug = new.slug.or_else(|| Slug::suggest(new.name.as_str())).ok_or_else(|| {
        Problem::field("/slug", "required", "No short name can be made from this name: write one.")
    })?;
    let record = voxera_store::NewTenant {
        id: TenantId(voxera_store::new_id()),
        slug,
        name: new.name,
        brand_name: new.brand_name,
        accent: new.accent.map_or_else(default_accent, Ok)?,
        host: new.host.map(String::from),
        support_email: new.support_email,
        locale: new.locale.unwrap_or(Locale::Sv),
        time_zone: new.time_zone.unwrap_or_else(Zone::stockholm),
        builtin: false,
    };
    let made = act.tenants().create(record).await?;
    act.made("tenant.create", made.id, &made).await?;
    act.created(&Tenant::show(made, &admin.api)).await
}

/// One partner.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}", operation_id = "tenants_get", tag = "Tenants",
    params(TenantPath),
    responses((status = 200, description = "The partner.", body = Tenant)),
    extensions(("x-permission" = json!("tenant_admin")))
)]
pub async fn get(admin: TenantAdmin) -> Answer<Json<Tenant>> {
    let mut act = admin.open().await?;
    Ok(Json(Tenant::show(act.tenants().get(admin.tenant).await?, &admin.api)))
}

/// Change a partner.
#[utoipa::path(
    patch, path = "/api/v1/tenants/{tenant}", operation_id = "tenants_change", tag = "Tenants",
    params(TenantPath), request_body(content = TenantChange, example = json!({ "accent": "#0a7d5a", "support_email": null })),
    responses((status = 200, description = "The partner as it is now.", body = Tenant),
        (status = 409, description = "The slug or host is taken.", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("tenant_admin")))
)]
pub async fn change(admin: TenantAdmin, change: Body<TenantChange>) -> Answer<Json<Tenant>> {
    let change = change.value;
    let (slug, host) = (change.slug, change.host.into_option());
    if (slug.is_some() || host.is_some()) && admin.grant.role() != Role::PlatformAdmin {
        return Err(Problem::forbidden(Role::PlatformAdmin));
    }
    let mut act = admin.open().await?;
    let before = act.tenants().get(admin.tenant).await?;
    let change = voxera_store::TenantChange {
        slug,
        name: change.name,
        brand_name: change.brand_name,
        accent: change.accent,
        host: host.map(|host| host.map(String::from)),
        support_email: change.support_email.into_option(),
        locale: change.locale,
        time_zone: change.time_zone,
        ..voxera_store::TenantChange::default()
    };
    let after = act.tenants().update(admin.tenant, change).await?;
    act.changed("tenant.update", admin.tenant, &before, &after).await?;
    act.commit().await?;
    Ok(Json(Tenant::show(after, &admin.api)))
}

/// Remove a partner that has no customers.
#[utoipa::path(
    delete, path = "/api/v1/tenants/{tenant}", operation_id = "tenants_delete", tag = "Tenants",
    params(TenantPath),
    responses((status = 204, description = "Removed."),
        (status = 409, description = "It has customers (`tenant_has_customers`) or is built in (`tenant_builtin`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("platform_admin")))
)]
pub async fn delete(admin: PlatformAdmin, Url(path): Url<TenantPath>) -> Answer<StatusCode> {
    let mut act = admin.open().await?;
    let before = act.tenants().get(path.tenant).await?;
    act.tenants().delete(path.tenant).await?;
    act.removed("tenant.delete", path.tenant, &before).await?;
    act.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Suspend a partner: nobody of it signs in, and no new call starts, except to 112.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/suspend", operation_id = "tenants_suspend", tag = "Tenants",
    params(TenantPath),
    responses((status = 200, description = "The partner as it is now.", body = Tenant),
        (status = 409, description = "It is built in (`tenant_builtin`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("platform_admin")))
)]
pub async fn suspend(admin: PlatformAdmin, Url(path): Url<TenantPath>) -> Answer<Json<Tenant>> {
    let shown = set_status(&admin, path.tenant, Status::Suspended).await?;
    access::end_of_tenant(&admin.api, path.tenant).await?;
    Ok(shown)
}

/// Let a suspended partner work again.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/activate", operation_id = "tenants_activate", tag = "Tenants",
    params(TenantPath),
    responses((status = 200, description = "The partner as it is now.", body = Tenant)),
    extensions(("x-permission" = json!("platform_admin")))
)]
pub async fn activate(admin: PlatformAdmin, Url(path): Url<TenantPath>) -> Answer<Json<Tenant>> {
    set_status(&admin, path.tenant, Status::Active).await
}

async fn set_status(admin: &PlatformAdmin, tenant: TenantId, status: Status) -> Answer<Json<Tenant>> {
    let mut act = admin.open().await?;
    let before = act.tenants().get(tenant).await?;
    if before.builtin && status == Status::Suspended {
        return Err(Constraint::TenantIsBuiltin.into());
    }
    let after = act.tenants().set_status(tenant, status).await?;
    let action = match status {
        Status::Active => "tenant.activate",
        Status::Suspended => "tenant.suspend",
    };
    act.changed(action, tenant, &before, &after).await?;
    act.commit().await?;
    Ok(Json(Tenant::show(after, &admin.api)))
}

/// The accent of a tenant that has not chosen one.
fn default_accent() -> Answer<Colour> {
    Colour::parse("#2457d6").map_err(|_| Problem::internal())
}

impl Tenant {
    fn show(tenant: voxera_store::Tenant, api: &Api) -> Self {
        let both = matches!(api.carrier(), Some(Carrier::Both { .. }));
        Self {
            engine: both.then_some(tenant.engine),
            logo_url: tenant.has_logo.then(|| format!("/api/v1/brand/{}/logo", tenant.id)),
            id: tenant.id,
            slug: tenant.slug,
            name: tenant.name,
            host: tenant.host,
            brand_name: tenant.brand_name,
            accent: tenant.accent,
            support_email: tenant.support_email,
            locale: tenant.locale,
            time_zone: tenant.time_zone,
            status: tenant.status,
            builtin: tenant.builtin,
            created_at: tenant.created_at,
        }
    }
}
