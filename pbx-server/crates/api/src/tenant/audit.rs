//! Who did what in one tenant.

use crate::input::{Listed, Paging, Query, TenantPath};
use crate::permit::TenantAdmin;
use crate::platform::audit::{AuditEntry, NewestFirst};
use crate::problem::Answer;
use axum::Json;
use voxera_store::AuditFilter;

/// The audit log of the tenant.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/audit", operation_id = "tenant_audit", tag = "Tenant",
    params(TenantPath, Paging<NewestFirst>),
    responses((status = 200, description = "One page.", body = Listed<AuditEntry>)),
    extensions(("x-permission" = json!("tenant_admin")))
)]
pub async fn list(
    admin: TenantAdmin,
    Query(page): Query<Paging<NewestFirst>>,
) -> Answer<Json<Listed<AuditEntry>>> {
    let mut act = admin.open().await?;
    let found = act.audit().list(&page.into(), &AuditFilter::default()).await?;
    Ok(Json(Listed::of(found, AuditEntry::show)))
}
