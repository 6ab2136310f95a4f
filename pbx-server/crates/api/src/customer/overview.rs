//! The first page of a customer's portal.

use crate::input::CustomerPath;
use crate::permit::CustomerReader;
use crate::platform::overview::Overview;
use crate::problem::Answer;
use axum::Json;
use voxera_callcontrol::LiveScope;

/// The customer at a glance.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/overview", operation_id = "customer_overview", tag = "Customer",
    params(CustomerPath),
    responses((status = 200, description = "The overview.", body = Overview)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn get(reader: CustomerReader) -> Answer<Json<Overview>> {
    let mut act = reader.open().await?;
    let zone = act.customers().get(reader.customer).await?.time_zone;
    let scope = LiveScope::Customer(reader.tenant, reader.customer);
    Ok(Json(Overview::of(&mut act, &reader.api.control, &zone, scope).await?))
}
