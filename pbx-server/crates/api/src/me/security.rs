//! How well my account is guarded.

use crate::permit::Me;
use crate::problem::Answer;
use axum::Json;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// How well my account is guarded.
#[derive(Debug, Serialize, ToSchema)]
pub struct Security {
    pub totp: TwoStep,
    /// `None`: before this was kept.
    pub password_changed_at: Option<DateTime<Utc>>,
}

/// Whether a code is asked for besides the password.
#[derive(Debug, Serialize, ToSchema)]
pub struct TwoStep {
    pub on: bool,
    /// Since when; `None` while it is off.
    pub since: Option<DateTime<Utc>>,
    /// Recovery codes that were not used, 0 to 10.
    pub recovery_codes_left: u32,
}

/// How well is my account guarded?
#[utoipa::path(
    get, path = "/api/v1/me/security", operation_id = "me_security", tag = "Me",
    responses((status = 200, description = "Password and two-step sign-in.", body = Security)),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn show(me: Me) -> Answer<Json<Security>> {
    let found = me.api.identity.security(&me.actor.principal).await?;
    let totp = TwoStep {
        on: found.second_factor_since.is_some(),
        since: found.second_factor_since,
        recovery_codes_left: found.recovery_codes_left,
    };
    Ok(Json(Security { totp, password_changed_at: found.password_changed_at }))
}
