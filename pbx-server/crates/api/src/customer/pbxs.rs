//! Cloud PBXs.

use crate::api::Api;
use crate::input::{Body, CustomerPath, Listed, Paging, PbxPath, Query, Url, input, sorting};
use crate::permit::{CustomerAdmin, CustomerReader};
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;
use voxera_model::{CustomerId, Name, PbxId, Realm, Slug, Zone};

sorting!(ByName: "name", "realm", "created_at");

/// A cloud PBX.
#[derive(Debug, Serialize, ToSchema)]
pub struct Pbx {
    pub id: PbxId,
    pub customer: CustomerId,
    pub name: Name,
    /// Its SIP domain: unique in the installation, never changed.
    pub realm: Realm,
    pub time_zone: Zone,
    /// Grows with every change of the PBX, its extensions, phones and numbers.
    pub version: u64,
    pub extensions: u64,
    /// Phones set up.
    pub devices: u64,
    /// Phones online now.
    pub phones_online: u64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

input! {
    /// A new PBX.
    pub struct NewPbx {
        pub name: Name,
        /// Without it one is made from the customer's name.
        pub realm: Option<Realm>,
        /// Without it the customer's.
        pub time_zone: Option<Zone>,
    }
}

input! {
    /// What changes of a PBX; absent fields stay.
    pub struct PbxChange {
        pub name: Option<Name>,
        pub time_zone: Option<Zone>,
    }
}

/// The company's PBXs.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs", operation_id = "pbxs_list", tag = "PBXs",
    params(CustomerPath, Paging<ByName>),
    responses((status = 200, description = "One page.", body = Listed<Pbx>)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn list(reader: CustomerReader, Query(page): Query<Paging<ByName>>) -> Answer<Json<Listed<Pbx>>> {
    let mut act = reader.open().await?;
    let found = act.pbxs().list(&page.into()).await?;
    Ok(Json(Listed::of(found, |pbx| Pbx::show(pbx, &reader.api))))
}

/// Add a PBX.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs", operation_id = "pbxs_create", tag = "PBXs",
    params(CustomerPath),
    request_body(content = NewPbx, example = json!({ "name": "Bageriet" })),
    responses((status = 201, description = "Made.", body = Pbx),
        (status = 409, description = "Another PBX of the installation has the realm (`realm_taken`). Or the key was used for another request (`idempotency_key_reused`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")), ("x-idempotent" = json!(true)))
)]
pub async fn create(admin: CustomerAdmin, new: Body<NewPbx>) -> Answer<Response> {
    let mut act = admin.open().await?;
    if let Some(answer) = act.replayed(&new.hash).await? {
        return Ok(answer);
    }
    let new = new.value;
    let customer = act.customers().get(admin.customer).await?;
    let realm = match new.realm {
        Some(realm) => realm,
        None => suggest_realm(&customer.name, &admin.api)?,
    };
    let record = voxera_store::NewPbx {
        id: PbxId(voxera_store::new_id()),
        customer: admin.customer,
        name: new.name,
        realm,
        time_zone: new.time_zone.unwrap_or(customer.time_zone),
    };
    let made = act.pbxs().create(record).await?;
    act.made("pbx.create", made.id, &made).await?;
    act.created(&Pbx::show(made, &admin.api)).await
}

/// One PBX.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}", operation_id = "pbxs_get", tag = "PBXs",
    params(PbxPath),
    responses((status = 200, description = "The PBX.", body = Pbx)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn get(reader: CustomerReader, Url(path): Url<PbxPath>) -> Answer<Json<Pbx>> {
    let mut act = reader.open().await?;
    let found = act.pbxs().get(path.pbx).await?;
    Ok(Json(Pbx::show(found, &reader.api)))
}

/// Change a PBX.
#[utoipa::path(
    patch, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}", operation_id = "pbxs_change", tag = "PBXs",
    params(PbxPath),
    request_body = PbxChange,
    responses((status = 200, description = "The PBX as it is now.", body = Pbx)),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn change(
    admin: CustomerAdmin,
    Url(path): Url<PbxPath>,
    change: Body<PbxChange>,
) -> Answer<Json<Pbx>> {
    let change = change.value;
    let mut act = admin.open().await?;
    let before = act.pbxs().get(path.pbx).await?;
    let change = voxera_store::PbxChange { name: change.name, time_zone: change.time_zone };
    let after = act.pbxs().update(path.pbx, change).await?;
    act.changed("pbx.update", path.pbx, &before, &after).await?;
    act.commit().await?;
    Ok(Json(Pbx::show(after, &admin.api)))
}

/// Remove a PBX.
#[utoipa::path(
    delete, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}", operation_id = "pbxs_delete", tag = "PBXs",
    params(PbxPath),
    responses((status = 204, description = "Removed, with its extensions and phones. Its calls stay.")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn delete(admin: CustomerAdmin, Url(path): Url<PbxPath>) -> Answer<StatusCode> {
    let mut act = admin.open().await?;
    let before = act.pbxs().get(path.pbx).await?;
    act.pbxs().delete(path.pbx).await?;
    act.removed("pbx.delete", path.pbx, &before).await?;
    act.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Pbx {
    fn show(pbx: voxera_store::Pbx, api: &Api) -> Self {
        let online: BTreeSet<_> = api.control.presence().list(pbx.id).into_iter().map(|r| r.device).collect();
        Self {
            id: pbx.id,
            customer: pbx.customer,
            name: pbx.name,
            realm: pbx.realm,
            time_zone: pbx.time_zone,
            version: pbx.version,
            extensions: pbx.extensions,
            devices: pbx.devices,
            phones_online: online.len() as u64,
            created_at: pbx.created_at,
            updated_at: pbx.updated_at,
        }
    }
}

/// `akes-bageri-ab-3f9c.pbx.example`: the end keeps two companies of one name apart.
fn suggest_realm(company: &Name, api: &Api) -> Answer<Realm> {
    let slug = Slug::suggest(company.as_str()).map_or_else(|| "pbx".to_owned(), |slug| slug.to_string());
    let id = voxera_store::new_id().simple().to_string();
    let end = &id[id.len() - 4..];
    Realm::parse(&format!("{slug}-{end}.{}", api.config.realm_suffix))
        .map_err(|invalid| Problem::field("/realm", invalid.code, invalid.message))
}
