//! Who has tried to sign in as me.

use crate::input::{Listed, Paging, Query, sorting};
use crate::permit::Me;
use crate::problem::Answer;
use axum::Json;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::net::IpAddr;
use utoipa::ToSchema;
use uuid::Uuid;

sorting!(ByMoment: "-at");

/// An attempt to sign in to my account.
#[derive(Debug, Serialize, ToSchema)]
pub struct LoginAttempt {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub outcome: LoginOutcome,
    #[schema(value_type = Option<String>, example = "192.0.2.10")]
    pub address: Option<IpAddr>,
    /// What the browser or program called itself.
    pub user_agent: Option<String>,
}

/// How it ended.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LoginOutcome {
    /// Signed in.
    Ok,
    WrongPassword,
    /// The password was right, the code of the app was not.
    WrongCode,
    /// All was right, but the account is suspended.
    Suspended,
}

/// Attempts to sign in to my account in the last 90 days, the newest first.
#[utoipa::path(
    get, path = "/api/v1/me/logins", operation_id = "me_logins", tag = "Me",
    params(Paging<ByMoment>),
    responses((status = 200, description = "One page.", body = Listed<LoginAttempt>)),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn list(me: Me, Query(page): Query<Paging<ByMoment>>) -> Answer<Json<Listed<LoginAttempt>>> {
    let found = me.api.identity.logins(&me.actor.principal, &page.into()).await?;
    Ok(Json(Listed::of(found, LoginAttempt::show)))
}

impl LoginAttempt {
    fn show(login: voxera_store::Login) -> Self {
        Self {
            id: login.id,
            at: login.at,
            outcome: match login.outcome {
                voxera_store::LoginOutcome::Ok => LoginOutcome::Ok,
                voxera_store::LoginOutcome::WrongPassword => LoginOutcome::WrongPassword,
                voxera_store::LoginOutcome::WrongCode => LoginOutcome::WrongCode,
                voxera_store::LoginOutcome::Suspended => LoginOutcome::Suspended,
            },
            address: login.address,
            user_agent: login.user_agent,
        }
    }
}
