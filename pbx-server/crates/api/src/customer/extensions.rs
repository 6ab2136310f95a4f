//! Dialable numbers inside one PBX.

use crate::input::{Body, Change, ExtensionPath, Listed, Paging, PbxPath, Query, Url, input, sorting};
use crate::permit::{CustomerAdmin, CustomerReader};
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use voxera_model::{ExtensionId, ExtensionNumber, Name, PbxId, Seconds, UserId};

sorting!(ByNumber: "number", "name", "created_at");

/// A dialable number inside one PBX.
#[derive(Debug, Serialize, ToSchema)]
pub struct Extension {
    pub id: ExtensionId,
    pub pbx: PbxId,
    pub number: ExtensionNumber,
    pub name: Name,
    /// Whose it is; `None`: a room, a door, a spare.
    pub user: Option<UserId>,
    pub user_name: Option<Name>,
    /// Seconds before "no answer", 5 to 120.
    #[schema(minimum = 5, maximum = 120, example = 25)]
    pub ring_seconds: u32,
    /// Whether a second call rings while one is up; otherwise the caller meets "busy".
    pub call_waiting: bool,
    /// Phones set up.
    pub devices: u64,
    /// Phones online now.
    pub phones_online: u32,
    /// Whether a call of it is up now.
    pub in_call: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

input! {
    /// A new extension.
    pub struct NewExtension {
        pub number: ExtensionNumber,
        pub name: Name,
        /// A user of the company who has no extension yet.
        pub user: Option<UserId>,
        #[schema(minimum = 5, maximum = 120, default = 25)]
        pub ring_seconds: Option<u32>,
        #[schema(default = true)]
        pub call_waiting: Option<bool>,
    }
}

input! {
    /// What changes of an extension; absent fields stay.
    pub struct ExtensionChange {
        pub number: Option<ExtensionNumber>,
        pub name: Option<Name>,
        /// `null`: nobody's.
        #[schema(value_type = Option<UserId>)]
        pub user: Change<UserId>,
        #[schema(minimum = 5, maximum = 120)]
        pub ring_seconds: Option<u32>,
        pub call_waiting: Option<bool>,
    }
}

/// The PBX's extensions.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions", operation_id = "extensions_list", tag = "Extensions",
    params(PbxPath, Paging<ByNumber>),
    responses((status = 200, description = "One page.", body = Listed<Extension>)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn list(
    reader: CustomerReader,
    Url(path): Url<PbxPath>,
    Query(page): Query<Paging<ByNumber>>,
) -> Answer<Json<Listed<Extension>>> {
    let mut act = reader.open().await?;
    let found = act.extensions(path.pbx).list(&page.into()).await?;
    let now = reader.api.control.presence().availability(path.pbx);
    Ok(Json(Listed::of(found, |extension| Extension::show(extension, &now))))
}

/// Add an extension. 409 `extension_number_taken`, `user_has_extension`.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions", operation_id = "extensions_create", tag = "Extensions",
    params(PbxPath),
    request_body(content = NewExtension, example = json!({ "number": "1001", "name": "Bertil Ek", "ring_seconds": 20 })),
    responses((status = 201, description = "Made.", body = Extension),
        (status = 409, description = "The PBX has the number (`extension_number_taken`), or the person has an extension (`user_has_extension`). Or the key was used for another request (`idempotency_key_reused`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")), ("x-idempotent" = json!(true)))
)]
pub async fn create(
    admin: CustomerAdmin,
    Url(path): Url<PbxPath>,
    new: Body<NewExtension>,
) -> Answer<Response> {
    let mut act = admin.open().await?;
    if let Some(answer) = act.replayed(&new.hash).await? {
        return Ok(answer);
    }
    let new = new.value;
    let record = voxera_store::NewExtension {
        id: ExtensionId(voxera_store::new_id()),
        number: new.number,
        name: new.name,
        user: new.user,
        ring_seconds: ring_seconds(new.ring_seconds)?,
        call_waiting: new.call_waiting,
    };
    let made = act.extensions(path.pbx).create(record).await?;
    act.made("extension.create", made.id, &made).await?;
    act.created(&Extension::show(made, &BTreeMap::new())).await
}

/// One extension.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions/{extension}", operation_id = "extensions_get", tag = "Extensions",
    params(ExtensionPath),
    responses((status = 200, description = "The extension.", body = Extension)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn get(reader: CustomerReader, Url(path): Url<ExtensionPath>) -> Answer<Json<Extension>> {
    let mut act = reader.open().await?;
    let found = act.extensions(path.pbx).get(path.extension).await?;
    Ok(Json(Extension::show(found, &reader.api.control.presence().availability(path.pbx))))
}

/// Change an extension.
#[utoipa::path(
    patch, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions/{extension}", operation_id = "extensions_change", tag = "Extensions",
    params(ExtensionPath),
    request_body(content = ExtensionChange, example = json!({ "name": "Kassan", "user": null })),
    responses((status = 200, description = "The extension as it is now.", body = Extension),
        (status = 409, description = "`extension_number_taken` or `user_has_extension`.", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn change(
    admin: CustomerAdmin,
    Url(path): Url<ExtensionPath>,
    change: Body<ExtensionChange>,
) -> Answer<Json<Extension>> {
    let change = change.value;
    let mut act = admin.open().await?;
    let before = act.extensions(path.pbx).get(path.extension).await?;
    let change = voxera_store::ExtensionChange {
        number: change.number,
        name: change.name,
        user: change.user.into_option(),
        ring_seconds: ring_seconds(change.ring_seconds)?,
        call_waiting: change.call_waiting,
    };
    let after = act.extensions(path.pbx).update(path.extension, change).await?;
    act.changed("extension.update", path.extension, &before, &after).await?;
    act.commit().await?;
    Ok(Json(Extension::show(after, &admin.api.control.presence().availability(path.pbx))))
}

/// Remove an extension.
#[utoipa::path(
    delete, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions/{extension}", operation_id = "extensions_delete", tag = "Extensions",
    params(ExtensionPath),
    responses((status = 204, description = "Removed, with its phones.")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn delete(admin: CustomerAdmin, Url(path): Url<ExtensionPath>) -> Answer<StatusCode> {
    let mut act = admin.open().await?;
    let before = act.extensions(path.pbx).get(path.extension).await?;
    act.extensions(path.pbx).delete(path.extension).await?;
    act.removed("extension.delete", path.extension, &before).await?;
    act.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Extension {
    pub(crate) fn show(
        extension: voxera_store::Extension,
        now: &BTreeMap<ExtensionId, voxera_callflow::Availability>,
    ) -> Self {
        let now = now.get(&extension.id).copied().unwrap_or_default();
        Self {
            id: extension.id,
            pbx: extension.pbx,
            number: extension.number,
            name: extension.name,
            user: extension.user,
            user_name: extension.user_name,
            ring_seconds: extension.ring_seconds.0,
            call_waiting: extension.call_waiting,
            devices: extension.devices,
            phones_online: u32::from(now.online),
            in_call: now.calls > 0,
            created_at: extension.created_at,
            updated_at: extension.updated_at,
        }
    }
}

fn ring_seconds(wanted: Option<u32>) -> Answer<Option<Seconds>> {
    match wanted {
        None => Ok(None),
        Some(seconds @ 5..=120) => Ok(Some(Seconds(seconds))),
        Some(_) => Err(Problem::field("/ring_seconds", "range", "A phone rings 5 to 120 seconds.")),
    }
}
