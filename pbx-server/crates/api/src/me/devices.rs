//! My own phones: I add and remove them myself.

use crate::customer::devices::{ByName, Device, DeviceCredentials, NewDevice, default_name};
use crate::input::{Body, Listed, MyDevicePath, MyExtensionPath, Paging, Query, Url};
use crate::me::extension::person;
use crate::permit::Me;
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;

/// The phones of an extension of mine.
#[utoipa::path(
    get, path = "/api/v1/me/extensions/{extension}/devices", operation_id = "me_devices", tag = "Me",
    params(MyExtensionPath, Paging<ByName>),
    responses((status = 200, description = "One page.", body = Listed<Device>)),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn list(
    me: Me,
    Url(path): Url<MyExtensionPath>,
    Query(page): Query<Paging<ByName>>,
) -> Answer<Json<Listed<Device>>> {
    let (place, one) = person(&me, path.extension).await?;
    let found = place.open(&me).await?.devices(one.extension.id).list(&page.into()).await?;
    Ok(Json(Listed::of(found, |device| Device::show(device, &me.api))))
}

/// Add a phone to an extension of mine: makes its user name and password.
///
/// A repeat with the same Idempotency-Key answers 409 `secret_shown_once`: remove that phone and add another then.
#[utoipa::path(
    post, path = "/api/v1/me/extensions/{extension}/devices", operation_id = "me_devices_create", tag = "Me",
    params(MyExtensionPath),
    request_body(content = NewDevice, example = json!({ "name": "Hemma" })),
    responses((status = 201, description = "Made; this is the only time that the password is shown.", body = DeviceCredentials),
        (status = 409, description = "A repeat of a request that was answered: its password was shown then (`secret_shown_once`). Or the key was used for another request (`idempotency_key_reused`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("signed_in")), ("x-idempotent" = json!(true)))
)]
pub async fn create(me: Me, Url(path): Url<MyExtensionPath>, new: Body<NewDevice>) -> Answer<Response> {
    let (place, one) = person(&me, path.extension).await?;
    let mut act = place.open(&me).await?;
    if let Some(answer) = act.replayed(&new.hash).await? {
        return Ok(answer);
    }
    let name = match new.value.name {
        Some(name) => name,
        None => default_name(me.actor.principal.locale)?,
    };
    let made = act.devices(one.extension.id).create(voxera_store::NewDevice { name }).await?;
    act.made("device.create", made.device.id, &made.device).await?;
    let server = me.api.phones_send_to(&mut act, place.tenant).await?;
    let shown = DeviceCredentials::show(&made, server)?;
    act.created_secret(&shown).await
}

/// Remove a phone of mine.
#[utoipa::path(
    delete, path = "/api/v1/me/extensions/{extension}/devices/{device}", operation_id = "me_devices_delete", tag = "Me",
    params(MyDevicePath),
    responses((status = 204, description = "Removed; the phone is signed out at once.")),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn delete(me: Me, Url(path): Url<MyDevicePath>) -> Answer<StatusCode> {
    let (place, one) = person(&me, path.extension).await?;
    let mut act = place.open(&me).await?;
    let before = act.devices(one.extension.id).get(path.device).await?;
    act.devices(one.extension.id).delete(path.device).await?;
    act.removed("device.delete", path.device, &before).await?;
    act.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
