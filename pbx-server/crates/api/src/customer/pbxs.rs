//! Cloud PBXs.

use crate::api::Api;
use crate::customer::targets::Targets;
use crate::input::{
    Body, Change, CustomerPath, Doc, Listed, Paging, PbxPath, Query, Url, escaped, input, parse, sorting,
};
use crate::permit::{CustomerAdmin, CustomerReader};
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use voxera_callflow::Features;
use voxera_model::{AudioId, CustomerId, Locale, Name, PbxId, PhoneNumber, Realm, Slug, Status, Zone};

sorting!(ByName: "name", "realm", "created_at");

/// A cloud PBX.
#[derive(Debug, Serialize, ToSchema)]
pub struct Pbx {
    pub id: PbxId,
    pub customer: CustomerId,
    pub name: Name,
    /// Its SIP domain: unique in the installation, never changed.
    pub realm: Realm,
    pub description: Option<String>,
    /// The customer's: while it is suspended only emergency calls start.
    pub status: Status,
    pub time_zone: Zone,
    /// In which the PBX itself speaks to callers.
    pub language: Locale,
    /// What is switched on.
    pub features: Features,
    /// Extensions at most; `null`: as many as it likes.
    pub max_extensions: Option<u32>,
    /// A number of the PBX, shown to those who are called; `null`: its lowest.
    pub caller_id: Option<PhoneNumber>,
    /// For callers on hold and queues without their own; `null`: the built-in.
    pub music: Option<AudioId>,
    /// Whether calls to premium numbers (0900, 0939, 0944, 099) may be made.
    pub premium_allowed: bool,
    /// How long recordings are kept, 1 to 3,650 days.
    #[schema(minimum = 1, maximum = 3650)]
    pub recording_days: u32,
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
        /// What it is for; at most 500 characters.
        pub description: Option<String>,
        /// Without it the customer's.
        pub language: Option<Locale>,
        /// What is switched on; what is left out is.
        #[schema(value_type = Option<Features>)]
        pub features: Option<Doc<Features>>,
        /// Extensions at most. Without it as many as it likes.
        pub max_extensions: Option<u32>,
    }
}

input! {
    /// What changes of a PBX; absent fields stay.
    pub struct PbxChange {
        pub name: Option<Name>,
        #[schema(value_type = Option<String>)]
        pub description: Change<String>,
        pub time_zone: Option<Zone>,
        pub language: Option<Locale>,
        /// What is left out stays as it is.
        #[schema(value_type = Option<Features>)]
        pub features: Option<Doc<Map<String, Value>>>,
        /// `null`: as many as it likes.
        #[schema(value_type = Option<u32>)]
        pub max_extensions: Change<u32>,
        /// `null`: its lowest number.
        #[schema(value_type = Option<PhoneNumber>)]
        pub caller_id: Change<PhoneNumber>,
        /// `null`: the built-in.
        #[schema(value_type = Option<AudioId>)]
        pub music: Change<AudioId>,
        pub premium_allowed: Option<bool>,
        #[schema(minimum = 1, maximum = 3650)]
        pub recording_days: Option<u32>,
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
    let status = act.customers().get(reader.customer).await?.status;
    Ok(Json(Listed::of(found, |pbx| Pbx::show(pbx, status, &reader.api))))
}

/// Add a PBX.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs", operation_id = "pbxs_create", tag = "PBXs",
    params(CustomerPath),
    request_body(content = NewPbx, example = json!({ "name": "Bageriet" })),
    responses((status = 201, description = "Made.", body = Pbx),
        (status = 409, description = "The company has as many PBXs as its agreement includes (`pbx_limit`), or another PBX of the installation has the realm (`realm_taken`). Or the key was used for another request (`idempotency_key_reused`).", body = Problem, content_type = "application/problem+json")),
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
    let settings = voxera_store::PbxChange {
        description: Some(new.description.filter(|text| !text.is_empty())),
        language: Some(new.language.unwrap_or(customer.locale)),
        features: new.features.map(|features| features.0),
        max_extensions: Some(new.max_extensions),
        ..voxera_store::PbxChange::default()
    };
    let made = act.pbxs().update(made.id, settings).await?;
    act.made("pbx.create", made.id, &made).await?;
    act.created(&Pbx::show(made, customer.status, &admin.api)).await
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
    let status = act.customers().get(reader.customer).await?.status;
    Ok(Json(Pbx::show(found, status, &reader.api)))
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
    if change.recording_days.is_some_and(|days| !(1..=3650).contains(&days)) {
        return Err(Problem::field("/recording_days", "range", "Recordings are kept 1 to 3,650 days."));
    }
    let features = match change.features {
        Some(sent) => Some(features(before.features, sent.0)?),
        None => None,
    };
    let music = change.music.into_option();
    let mut targets = Targets::default();
    targets.sound("/music", music.flatten());
    targets.check(&mut act, path.pbx, None).await?;
    let change = voxera_store::PbxChange {
        name: change.name,
        description: change.description.into_option(),
        time_zone: change.time_zone,
        language: change.language,
        features,
        max_extensions: change.max_extensions.into_option(),
        caller_id: change.caller_id.into_option(),
        music,
        premium_allowed: change.premium_allowed,
        recording_days: change.recording_days,
    };
    let after = act.pbxs().update(path.pbx, change).await?;
    act.changed("pbx.update", path.pbx, &before, &after).await?;
    let status = act.customers().get(admin.customer).await?.status;
    act.commit().await?;
    Ok(Json(Pbx::show(after, status, &admin.api)))
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

/// What is switched on, when these are changed.
fn features(now: Features, sent: Map<String, Value>) -> Answer<Features> {
    let Ok(Value::Object(mut all)) = serde_json::to_value(now) else { return Err(Problem::internal()) };
    for (name, value) in sent {
        if !all.contains_key(&name) {
            let field = format!("/features/{}", escaped(&name));
            return Err(Problem::field(field, "unknown_field", "There is no such feature."));
        }
        all.insert(name, value);
    }
    parse(&Value::Object(all)).map_err(|mut refused| {
        refused.field = format!("/features{}", refused.field);
        Problem::invalid(vec![refused])
    })
}

impl Pbx {
    fn show(pbx: voxera_store::Pbx, status: Status, api: &Api) -> Self {
        let online: BTreeSet<_> = api.control.presence().list(pbx.id).into_iter().map(|r| r.device).collect();
        Self {
            id: pbx.id,
            customer: pbx.customer,
            name: pbx.name,
            realm: pbx.realm,
            description: pbx.description,
            status,
            time_zone: pbx.time_zone,
            language: pbx.language,
            features: pbx.features,
            max_extensions: pbx.max_extensions,
            caller_id: pbx.caller_id,
            music: pbx.music,
            premium_allowed: pbx.premium_allowed,
            recording_days: pbx.recording_days,
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
