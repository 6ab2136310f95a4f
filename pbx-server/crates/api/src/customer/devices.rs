//! Phones and their credentials. A password is shown once, in the answer that makes it.

use crate::api::Api;
use crate::input::{Body, DevicePath, ExtensionPath, Listed, Paging, Query, Url, input, sorting};
use crate::permit::{CustomerAdmin, CustomerReader};
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use voxera_model::{DeviceId, ExtensionId, Locale, Name, Realm};

sorting!(ByName: "name", "created_at");

/// A phone of an extension.
#[derive(Debug, Serialize, ToSchema)]
pub struct Device {
    /// Also its SIP user name.
    pub id: DeviceId,
    pub extension: ExtensionId,
    pub name: Name,
    pub kind: DeviceKind,
    /// Whether it can be called now.
    pub online: bool,
    /// What the phone calls itself, while it is online.
    pub user_agent: Option<String>,
    pub created_at: DateTime<Utc>,
    /// When its password was last made anew.
    pub rotated_at: Option<DateTime<Utc>>,
    /// When a browser's credential ends, if its sign-in does not end before.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// A telephone or a program, with a password that a person typed in.
    Phone,
    /// The browser of somebody who is signed in. It comes and goes by itself.
    Browser,
}

/// What to type into a phone. It cannot be shown again.
#[derive(Serialize, ToSchema)]
pub struct DeviceCredentials {
    pub id: DeviceId,
    pub name: Name,
    /// The SIP user name; never the extension's number.
    #[schema(example = "5b0c8f3e-0f5c-4a7b-9a42-0d6a7a4f2f0e")]
    pub username: String,
    /// Letters and digits; shown this once.
    pub password: String,
    /// The SIP domain.
    pub realm: Realm,
    /// The host that the phone sends to.
    #[schema(example = "sip.voxera.example")]
    pub server: String,
    #[schema(example = 5060)]
    pub port: u16,
    /// `udp` or `tcp`; the phone may use either.
    #[schema(example = "udp")]
    pub transport: String,
    /// All of it as one address, without the password.
    #[schema(example = "sip:5b0c8f3e-0f5c-4a7b-9a42-0d6a7a4f2f0e@akes.pbx.example;transport=udp")]
    pub provisioning_uri: String,
    /// The address with the password as a QR code: an SVG picture.
    pub qr_svg: String,
}

input! {
    /// A new phone.
    pub struct NewDevice {
        /// Without it "Phone" in the customer's language.
        pub name: Option<Name>,
    }
}

/// The extension's phones.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions/{extension}/devices", operation_id = "devices_list", tag = "Devices",
    params(ExtensionPath, Paging<ByName>),
    responses((status = 200, description = "One page.", body = Listed<Device>)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn list(
    reader: CustomerReader,
    Url(path): Url<ExtensionPath>,
    Query(page): Query<Paging<ByName>>,
) -> Answer<Json<Listed<Device>>> {
    let mut act = reader.open().await?;
    act.extensions(path.pbx).get(path.extension).await?;
    let found = act.devices(path.extension).list(&page.into()).await?;
    Ok(Json(Listed::of(found, |device| Device::show(device, &reader.api))))
}

/// Add a phone: makes its user name and password.
///
/// A repeat with the same Idempotency-Key answers 409 `secret_shown_once`: rotate the credential then.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions/{extension}/devices", operation_id = "devices_create", tag = "Devices",
    params(ExtensionPath),
    request_body(content = NewDevice, example = json!({ "name": "Kassan, bordstelefon" })),
    responses((status = 201, description = "Made; this is the only time that the password is shown.", body = DeviceCredentials),
        (status = 409, description = "A repeat of a request that was answered: its password was shown then (`secret_shown_once`). Or the key was used for another request (`idempotency_key_reused`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")), ("x-idempotent" = json!(true)))
)]
pub async fn create(
    admin: CustomerAdmin,
    Url(path): Url<ExtensionPath>,
    new: Body<NewDevice>,
) -> Answer<Response> {
    let mut act = admin.open().await?;
    if let Some(answer) = act.replayed(&new.hash).await? {
        return Ok(answer);
    }
    act.extensions(path.pbx).get(path.extension).await?;
    let name = match new.value.name {
        Some(name) => name,
        None => default_name(act.customers().get(admin.customer).await?.locale)?,
    };
    let made = act.devices(path.extension).create(voxera_store::NewDevice { name }).await?;
    act.made("device.create", made.device.id, &made.device).await?;
    let server = admin.api.phones_send_to(&mut act, admin.tenant).await?;
    let shown = DeviceCredentials::show(&made, server)?;
    act.created_secret(&shown).await
}

/// Remove a phone.
#[utoipa::path(
    delete, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions/{extension}/devices/{device}", operation_id = "devices_delete", tag = "Devices",
    params(DevicePath),
    responses((status = 204, description = "Removed; the phone is signed out at once.")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn delete(admin: CustomerAdmin, Url(path): Url<DevicePath>) -> Answer<StatusCode> {
    let mut act = admin.open().await?;
    act.extensions(path.pbx).get(path.extension).await?;
    let before = act.devices(path.extension).get(path.device).await?;
    act.devices(path.extension).delete(path.device).await?;
    act.removed("device.delete", path.device, &before).await?;
    act.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A new password for a phone.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions/{extension}/devices/{device}/rotate", operation_id = "devices_rotate", tag = "Devices",
    params(DevicePath),
    responses((status = 200, description = "The old password is void; this is the only time that the new one is shown.", body = DeviceCredentials),
        (status = 409, description = "It is a browser, whose password nobody sees (`browser_phone`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn rotate(admin: CustomerAdmin, Url(path): Url<DevicePath>) -> Answer<Json<DeviceCredentials>> {
    let mut act = admin.open().await?;
    act.extensions(path.pbx).get(path.extension).await?;
    let before = act.devices(path.extension).get(path.device).await?;
    if before.kind == voxera_store::DeviceKind::Browser {
        return Err(Problem::conflict(
            "browser_phone",
            "This is the browser of somebody who is signed in; nobody sees its password. Remove it, or end \
             the sign-in.",
        ));
    }
    let made = act.devices(path.extension).rotate(path.device).await?;
    act.changed("device.rotate", path.device, &before, &made.device).await?;
    let server = admin.api.phones_send_to(&mut act, admin.tenant).await?;
    let shown = DeviceCredentials::show(&made, server)?;
    act.commit().await?;
    Ok(Json(shown))
}

impl Device {
    pub(crate) fn show(device: voxera_store::Device, api: &Api) -> Self {
        let online = api.control.presence().bindings(device.pbx, device.id);
        Self {
            id: device.id,
            extension: device.extension,
            name: device.name,
            kind: match device.kind {
                voxera_store::DeviceKind::Phone => DeviceKind::Phone,
                voxera_store::DeviceKind::Browser => DeviceKind::Browser,
            },
            online: !online.is_empty(),
            user_agent: online.into_iter().find_map(|registration| registration.user_agent),
            created_at: device.created_at,
            rotated_at: device.rotated_at,
            expires_at: device.expires_at,
        }
    }
}

impl DeviceCredentials {
    /// `server`: the host and the port that it sends to.
    pub(crate) fn show(made: &voxera_store::DeviceCredential, server: (&str, u16)) -> Answer<Self> {
        let (host, port) = server;
        let (id, realm) = (made.device.id, &made.realm);
        let provisioning_uri = format!("sip:{id}@{realm};transport=udp");
        // User, password and domain are letters, digits, dots and hyphens: nothing to escape.
        let scanned = format!(
            "sip:{id}:{password}@{realm};transport=udp?proxy={host}:{port}",
            password = made.password.as_str(),
        );
        Ok(Self {
            id,
            name: made.device.name.clone(),
            username: id.to_string(),
            password: made.password.to_string(),
            realm: realm.clone(),
            server: host.to_owned(),
            port,
            transport: "udp".to_owned(),
            provisioning_uri,
            qr_svg: qr(&scanned)?,
        })
    }
}

fn qr(text: &str) -> Answer<String> {
    let code = qrcode::QrCode::new(text).map_err(|_| Problem::internal())?;
    Ok(code.render::<qrcode::render::svg::Color<'_>>().min_dimensions(240, 240).quiet_zone(true).build())
}

pub(crate) fn default_name(locale: Locale) -> Answer<Name> {
    let text = match locale {
        Locale::Sv => "Telefon",
        Locale::En => "Phone",
    };
    Name::parse(text).map_err(|_| Problem::internal())
}
