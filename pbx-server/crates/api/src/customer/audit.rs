//! Who did what in one customer.

use crate::input::{CustomerPath, Listed, Paging, Query};
use crate::permit::CustomerAdmin;
use crate::platform::audit::{AuditEntry, NewestFirst};
use crate::problem::Answer;
use axum::Json;
use voxera_store::AuditFilter;

/// The audit log of the customer.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/audit", operation_id = "customer_audit", tag = "Customer",
    params(CustomerPath, Paging<NewestFirst>),
    responses((status = 200, description = "One page.", body = Listed<AuditEntry>)),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn list(
    admin: CustomerAdmin,
    Query(page): Query<Paging<NewestFirst>>,
) -> Answer<Json<Listed<AuditEntry>>> {
    let mut act = admin.open().await?;
    let found = act.audit().list(&page.into(), &AuditFilter::default()).await?;
    Ok(Json(Listed::of(found, AuditEntry::show)))
}
