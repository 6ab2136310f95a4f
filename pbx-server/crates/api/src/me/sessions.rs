//! Where I am signed in.

use crate::input::{MySessionPath, Url};
use crate::permit::Me;
use crate::problem::Answer;
use axum::Json;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::net::IpAddr;
use utoipa::ToSchema;
use voxera_identity::SignIn;
use voxera_model::SessionId;

/// A place where I am signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Session {
    pub id: SessionId,
    /// It is the one that asks.
    pub current: bool,
    /// What the browser or program called itself.
    pub user_agent: Option<String>,
    #[schema(value_type = Option<String>, example = "192.0.2.10")]
    pub address: Option<IpAddr>,
    pub created_at: DateTime<Utc>,
    /// When it last got an access token, which it does every five minutes while it is open.
    pub last_used_at: DateTime<Utc>,
}

/// Where am I signed in? The newest first.
#[utoipa::path(
    get, path = "/api/v1/me/sessions", operation_id = "me_sessions", tag = "Me",
    responses((status = 200, description = "All of them.", body = Vec<Session>)),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn list(me: Me) -> Answer<Json<Vec<Session>>> {
    let found = me.api.identity.sign_ins(&me.actor.principal).await?;
    Ok(Json(found.into_iter().map(Session::show).collect()))
}

/// Sign me out in one place. What it could do ends at once.
#[utoipa::path(
    delete, path = "/api/v1/me/sessions/{session}", operation_id = "me_sessions_end", tag = "Me",
    params(MySessionPath),
    responses((status = 204, description = "Signed out there.")),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn end(me: Me, Url(path): Url<MySessionPath>) -> Answer<StatusCode> {
    me.api.identity.end_sign_in(&me.actor.caller, &me.actor.principal, path.session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sign me out everywhere but here.
#[utoipa::path(
    delete, path = "/api/v1/me/sessions", operation_id = "me_sessions_end_others", tag = "Me",
    responses((status = 204, description = "Signed out everywhere else.")),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn end_others(me: Me) -> Answer<StatusCode> {
    me.api.identity.end_other_sign_ins(&me.actor.caller, &me.actor.principal).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Session {
    fn show(found: SignIn) -> Self {
        let SignIn { session, current } = found;
        Self {
            id: session.id,
            current,
            user_agent: session.user_agent,
            address: session.address,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
        }
    }
}
