//! Who did what, everywhere.

use crate::input::{Listed, Paging, Query, sorting};
use crate::permit::PlatformAdmin;
use crate::problem::Answer;
use axum::Json;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use voxera_model::{AccountId, AuditId, CustomerId, TenantId};
use voxera_store::{ActorKind, AuditFilter};

sorting!(NewestFirst: "-at", "action");

/// One change, or one refused attempt of a phone. Never holds a secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntry {
    pub id: AuditId,
    pub at: DateTime<Utc>,
    pub tenant: Option<TenantId>,
    pub customer: Option<CustomerId>,
    pub actor_account: Option<AccountId>,
    /// `user`: a person; `system`: the server itself; `sip`: a phone.
    #[schema(value_type = String, example = "user")]
    pub actor_kind: String,
    /// The e-mail address of the person, or the name of the job.
    pub actor_label: String,
    /// The kind of thing, and what was done to it.
    #[schema(example = "extension.create")]
    pub action: String,
    #[schema(example = "extension")]
    pub resource_type: String,
    pub resource_id: String,
    /// The resource before; `None` when it was made.
    #[schema(value_type = Option<Object>)]
    pub before: Option<serde_json::Value>,
    /// The resource after; `None` when it was removed.
    #[schema(value_type = Option<Object>)]
    pub after: Option<serde_json::Value>,
    /// The IP address that the request came from.
    pub address: Option<String>,
    /// Names the request in the server's log.
    pub request_id: Option<String>,
}

/// The audit log of the whole installation.
#[utoipa::path(
    get, path = "/api/v1/platform/audit", operation_id = "platform_audit", tag = "Platform",
    params(Paging<NewestFirst>),
    responses((status = 200, description = "One page.", body = Listed<AuditEntry>)),
    extensions(("x-permission" = json!("platform_admin")))
)]
pub async fn list(
    admin: PlatformAdmin,
    Query(page): Query<Paging<NewestFirst>>,
) -> Answer<Json<Listed<AuditEntry>>> {
    let mut act = admin.open().await?;
    let found = act.audit().list(&page.into(), &AuditFilter::default()).await?;
    Ok(Json(Listed::of(found, AuditEntry::show)))
}

impl AuditEntry {
    pub(crate) fn show(entry: voxera_store::AuditEntry) -> Self {
        Self {
            id: entry.id,
            at: entry.at,
            tenant: entry.tenant,
            customer: entry.customer,
            actor_account: entry.actor_account,
            actor_kind: match entry.actor_kind {
                ActorKind::User => "user",
                ActorKind::System => "system",
                ActorKind::Sip => "sip",
            }
            .to_owned(),
            actor_label: entry.actor_label,
            action: entry.action,
            resource_type: entry.resource_type,
            resource_id: entry.resource_id,
            before: entry.before,
            after: entry.after,
            address: entry.address.map(|address| address.to_string()),
            request_id: entry.request_id,
        }
    }
}
