//! Which phones are online.

use crate::api::Api;
use crate::input::{Listed, Paging, PbxPath, Query, Url, sorting};
use crate::permit::CustomerReader;
use crate::problem::Answer;
use axum::Json;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::cmp::Ordering;
use utoipa::ToSchema;
use voxera_callcontrol::Transport;
use voxera_model::{DeviceId, ExtensionId, ExtensionNumber, Name, PbxId};

sorting!(ByExtension: "extension", "registered_at", "expires_at", "user_agent");

/// A phone that is online.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Registration {
    pub pbx: PbxId,
    pub extension: ExtensionId,
    pub extension_number: ExtensionNumber,
    pub extension_name: Option<Name>,
    pub device: DeviceId,
    pub device_name: Option<Name>,
    /// Where its packets come from.
    #[schema(example = "192.0.2.7:5060")]
    pub source: String,
    /// `udp`, `tcp`, `tls` or `web_socket`.
    #[schema(example = "udp")]
    pub transport: String,
    /// What the phone calls itself.
    pub user_agent: Option<String>,
    pub registered_at: DateTime<Utc>,
    /// It is offline then, unless it registers again before.
    pub expires_at: DateTime<Utc>,
}

/// The phones that are online.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/registrations", operation_id = "registrations_list", tag = "Devices",
    params(PbxPath, Paging<ByExtension>),
    responses((status = 200, description = "One page.", body = Listed<Registration>)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn list(
    reader: CustomerReader,
    Url(path): Url<PbxPath>,
    Query(page): Query<Paging<ByExtension>>,
) -> Answer<Json<Listed<Registration>>> {
    reader.open().await?.pbxs().get(path.pbx).await?;
    let found = reader.api.control.presence().list(path.pbx).into_iter();
    let mut found: Vec<_> = found.map(|registration| Registration::show(registration, &reader.api)).collect();
    if let Some(search) = page.search.as_ref().map(|text| text.to_lowercase()) {
        found.retain(|registration| registration.mentions(&search));
    }
    found.sort_by(|a, b| a.compare(b, page.sort));
    if page.descending {
        found.reverse();
    }
    let total = found.len() as u64;
    let items = found.into_iter().skip(page.offset as usize).take(page.limit as usize).collect();
    Ok(Json(Listed { items, total }))
}

impl Registration {
    pub(crate) fn show(registration: voxera_callcontrol::Registration, api: &Api) -> Self {
        let view = api.control.directory().by_id(registration.pbx);
        let extension_name = view.as_ref().and_then(|view| {
            view.snapshot
                .extensions
                .get(&registration.extension_number)
                .map(|extension| extension.name.clone())
        });
        let device_name =
            view.and_then(|view| view.device(registration.device).map(|device| device.name.clone()));
        Self {
            pbx: registration.pbx,
            extension: registration.extension,
            extension_number: registration.extension_number,
            extension_name,
            device: registration.device,
            device_name,
            source: registration.source.to_string(),
            transport: match registration.transport {
                Transport::Udp => "udp",
                Transport::Tcp => "tcp",
                Transport::Tls => "tls",
                Transport::WebSocket => "web_socket",
            }
            .to_owned(),
            user_agent: registration.user_agent,
            registered_at: registration.registered_at,
            expires_at: registration.expires_at,
        }
    }

    fn mentions(&self, search: &str) -> bool {
        let texts = [
            Some(self.extension_number.as_str()),
            self.extension_name.as_ref().map(Name::as_str),
            self.device_name.as_ref().map(Name::as_str),
            self.user_agent.as_deref(),
            Some(self.source.as_str()),
        ];
        texts.into_iter().flatten().any(|text| text.to_lowercase().contains(search))
    }

    fn compare(&self, other: &Self, by: &str) -> Ordering {
        let first = match by {
            "registered_at" => self.registered_at.cmp(&other.registered_at),
            "expires_at" => self.expires_at.cmp(&other.expires_at),
            "user_agent" => self.user_agent.cmp(&other.user_agent),
            _ => self.extension_number.cmp(&other.extension_number),
        };
        first.then_with(|| self.device.cmp(&other.device))
    }
}
