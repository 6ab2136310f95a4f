//! An invitation, seen and accepted by whoever holds its link.

use crate::api::Api;
use crate::input::{Body, From, Secret, Url, input};
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use voxera_model::{Email, Name, Role};

/// The token in the link.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct InvitationPath {
    /// The token from the mail.
    pub token: String,
}

input! {
    /// How the invited person wants to be called, and their password when the account is new.
    pub struct Acceptance {
        /// Without it the name in the invitation.
        pub name: Option<Name>,
        /// At least 12 characters. Required when `needs_password`, refused otherwise.
        #[schema(value_type = Option<String>, format = Password, min_length = 12)]
        pub password: Option<Secret>,
    }
}

/// Who invites whom to what.
#[derive(Debug, Serialize, ToSchema)]
pub struct Invitation {
    pub email: Email,
    pub name: Name,
    pub role: Role,
    /// To what: the company, the partner or the installation.
    pub organization: String,
    /// The name of who invites; `None`: whoever runs the server.
    pub invited_by: Option<String>,
    /// When the link ends.
    pub expires_at: DateTime<Utc>,
    /// The account has no password yet: the acceptance sets one.
    pub needs_password: bool,
}

/// See an invitation.
#[utoipa::path(
    get, path = "/api/v1/auth/invitations/{token}", operation_id = "invitation_show", tag = "Sign-in",
    params(InvitationPath),
    responses((status = 200, description = "It waits to be accepted.", body = Invitation),
        (status = 410, description = "It was used or has expired (`link_invalid`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("public")))
)]
pub async fn show(
    State(api): State<Api>,
    From(caller): From,
    Url(path): Url<InvitationPath>,
) -> Answer<Json<Invitation>> {
    let found = api.identity.invitation(&caller, &path.token).await?;
    Ok(Json(Invitation {
        email: found.email,
        name: found.name,
        role: found.role,
        organization: found.organization,
        invited_by: found.invited_by,
        needs_password: !found.has_password,
        expires_at: found.expires_at,
    }))
}

/// Accept an invitation; sign in afterwards.
#[utoipa::path(
    post, path = "/api/v1/auth/invitations/{token}", operation_id = "invitation_accept", tag = "Sign-in",
    params(InvitationPath), request_body = Acceptance,
    responses((status = 204, description = "Accepted; the address is verified by it."),
        (status = 410, description = "It was used or has expired (`link_invalid`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("public")))
)]
pub async fn accept(
    State(api): State<Api>,
    From(caller): From,
    Url(path): Url<InvitationPath>,
    body: Body<Acceptance>,
) -> Answer<StatusCode> {
    let said = voxera_identity::Acceptance {
        password: body.value.password.map(|password| password.expose().to_owned()),
        name: body.value.name,
    };
    api.identity.accept_invitation(&caller, &path.token, said).await?;
    Ok(StatusCode::NO_CONTENT)
}
