//! My browser as a phone: a credential of its own, which nobody sees and which goes with the sign-in.

use crate::api::{Api, Carrier};
use crate::input::{Body, input};
use crate::me::extension::{Mine, mine};
use crate::permit::Me;
use crate::problem::{Answer, Problem};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;
use voxera_callflow::Kind;
use voxera_model::{DeviceId, ExtensionId, ExtensionNumber, Locale, Name, PbxId, Realm};

/// How long a credential works without being asked for anew.
const VALID: TimeDelta = TimeDelta::hours(12);
/// How long an answer waits until engines know the credential. They are told within milliseconds.
const KNOWN_WITHIN: Duration = Duration::from_secs(2);

input! {
    /// Which of my extensions my browser shall be a phone of.
    pub struct NewBrowserPhone {
        /// Without it the first of mine.
        pub extension: Option<ExtensionId>,
    }
}

/// What my browser registers with. Programs use it; people never see it.
#[derive(Serialize, ToSchema)]
pub struct BrowserPhone {
    pub device: DeviceId,
    pub extension: PhoneExtension,
    pub pbx: PhonePbx,
    /// The SIP domain.
    pub realm: Realm,
    /// The SIP user name: `device`.
    pub username: String,
    /// Letters and digits; another one with each request.
    pub password: String,
    /// The path of the WebSocket (subprotocol `sip`) at the portal's own address.
    #[schema(example = "/sip")]
    pub websocket: &'static str,
    /// Whether what a call offers must name addresses of the browser's own. Without it the server answers to where
    /// it is asked from.
    pub names_addresses: bool,
    /// The name that those who are called see.
    pub display_name: Name,
    /// When it ends, if the sign-in does not end before: ask again until then.
    pub expires_at: DateTime<Utc>,
}

/// The extension whose phone my browser is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PhoneExtension {
    pub id: ExtensionId,
    pub number: ExtensionNumber,
    pub name: Name,
}

/// The PBX that my browser is a phone of.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PhonePbx {
    pub id: PbxId,
    pub name: Name,
}

/// Make my browser a phone of an extension of mine, or give it a new password.
///
/// There is one for a sign-in and an extension: a second request makes the first password void. It is removed when
/// the sign-in ends.
#[utoipa::path(
    post, path = "/api/v1/me/phone", operation_id = "me_phone", tag = "Me",
    request_body(content = NewBrowserPhone, example = json!({})),
    responses((status = 201, description = "The credential; this is the only time that it is shown.", body = BrowserPhone),
        (status = 404, description = "The extension is none of mine.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "I have no extension (`no_extension`). Or a repeat of a request that was answered (`secret_shown_once`, `idempotency_key_reused`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("signed_in")), ("x-idempotent" = json!(true)))
)]
pub async fn create(me: Me, new: Body<NewBrowserPhone>) -> Answer<Response> {
    let session = me.actor.principal.session;
    for (tenant, customer, own) in mine(&me).await? {
        let wanted = own.extensions.into_iter().find(|one| {
            let extension = &one.extension;
            matches!(extension.kind, Kind::User(_))
                && new.value.extension.is_none_or(|wanted| wanted == extension.id)
        });
        let Some(one) = wanted else { continue };
        let (extension, pbx) = (one.extension, one.pbx);
        let mut act = Mine { tenant, customer, scope: own.scope }.open(&me).await?;
        if let Some(answer) = act.replayed(&new.hash).await? {
            return Ok(answer);
        }
        let expires_at = Utc::now() + VALID;
        let name = browser_name(me.actor.principal.locale)?;
        let made = act.devices(extension.id).create_browser(session, &name, expires_at).await?;
        match made.device.rotated_at {
            None => act.made("device.create", made.device.id, &made.device).await?,
            Some(_) => act.changed("device.rotate", made.device.id, &made.device, &made.device).await?,
        }
        let version = act.pbxs().get(pbx.id).await?.version;
        let answer = act
            .created_secret(&BrowserPhone {
                device: made.device.id,
                display_name: extension.name.clone(),
                extension: PhoneExtension {
                    id: extension.id,
                    number: extension.number,
                    name: extension.name,
                },
                pbx: PhonePbx { id: pbx.id, name: pbx.name },
                realm: made.realm,
                username: made.device.id.to_string(),
                password: made.password.to_string(),
                websocket: "/sip",
                // Where both engines run, a page is ready for either: its PBX may change to the other.
                names_addresses: matches!(
                    me.api.carrier(),
                    Some(Carrier::Nodes { .. } | Carrier::Both { .. })
                ),
                expires_at,
            })
            .await?;
        known(&me.api, pbx.id, version).await;
        return Ok(answer);
    }
    match new.value.extension {
        Some(_) => Err(Problem::not_found()),
        None => Err(Problem::conflict(
            "no_extension",
            "You have no extension to call from. Ask your administrator for one.",
        )),
    }
}

/// My browser is no phone any more. One that is none is no error.
#[utoipa::path(
    delete, path = "/api/v1/me/phone", operation_id = "me_phone_delete", tag = "Me",
    responses((status = 204, description = "Removed; the browser is signed out of the telephone at once.")),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn delete(me: Me) -> Answer<StatusCode> {
    for (tenant, customer, own) in mine(&me).await? {
        let mut act = Mine { tenant, customer, scope: own.scope }.open(&me).await?;
        for device in act.browsers_of(me.actor.principal.session).await? {
            act.devices(device.extension).delete(device.id).await?;
            act.removed("device.delete", device.id, &device).await?;
        }
        act.commit().await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Waits until calls are routed by this version of a PBX, so that the browser's first registration
/// is not refused. Not for ever: it may ask again.
async fn known(api: &Api, pbx: PbxId, version: u64) {
    let directory = api.control.directory();
    let mut changes = directory.changes();
    let reached = async {
        while directory.by_id(pbx).is_none_or(|view| view.snapshot.version < version) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    };
    if tokio::time::timeout(KNOWN_WITHIN, reached).await.is_err() {
        tracing::warn!(%pbx, "engines do not know a new credential yet");
    }
}

fn browser_name(locale: Locale) -> Answer<Name> {
    let text = match locale {
        Locale::Sv => "Webbläsare",
        Locale::En => "Browser",
    };
    Name::parse(text).map_err(|_| Problem::internal())
}

impl std::fmt::Debug for BrowserPhone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BrowserPhone").field("device", &self.device).finish_non_exhaustive()
    }
}
