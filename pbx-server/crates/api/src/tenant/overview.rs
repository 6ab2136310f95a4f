//! The first page of a tenant's portal.

use crate::input::TenantPath;
use crate::permit::TenantAdmin;
use crate::platform::overview::Overview;
use crate::problem::Answer;
use axum::Json;
use voxera_callcontrol::LiveScope;

/// The tenant at a glance.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/overview", operation_id = "tenant_overview", tag = "Tenant",
    params(TenantPath),
    responses((status = 200, description = "The overview.", body = Overview)),
    extensions(("x-permission" = json!("tenant_admin")))
)]
pub async fn get(admin: TenantAdmin) -> Answer<Json<Overview>> {
    let mut act = admin.open().await?;
    let zone = act.tenants().get(admin.tenant).await?.time_zone;
    let scope = LiveScope::Tenant(admin.tenant);
    Ok(Json(Overview::of(&mut act, &admin.api.control, &zone, scope).await?))
}
