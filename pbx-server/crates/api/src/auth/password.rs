//! A forgotten password.

use crate::api::Api;
use crate::auth::registration::MailTo;
use crate::input::{Body, From, Secret, input};
use crate::problem::{Answer, Problem};
use axum::extract::State;
use axum::http::StatusCode;

input! {
    /// The token from the mail and the new password.
    pub struct NewPassword {
        #[schema(value_type = String)]
        pub token: Secret,
        /// At least 12 characters, and none of the well-known ones.
        #[schema(value_type = String, format = Password, min_length = 12)]
        pub password: Secret,
    }
}

/// Ask for a new password: a mail with a link, when the address has an account.
#[utoipa::path(
    post, path = "/api/v1/auth/password-reset", operation_id = "password_reset", tag = "Sign-in",
    request_body = MailTo,
    responses((status = 204, description = "Always; whether the address has an account is not told.")),
    extensions(("x-permission" = json!("public")))
)]
pub async fn ask(State(api): State<Api>, From(caller): From, body: Body<MailTo>) -> Answer<StatusCode> {
    api.identity.request_password_reset(&caller, &body.value.email).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Set a new password. Every sign-in of the account ends.
#[utoipa::path(
    post, path = "/api/v1/auth/password-reset/confirm", operation_id = "password_reset_confirm", tag = "Sign-in",
    request_body = NewPassword,
    responses((status = 204, description = "Set; sign in now."),
        (status = 410, description = "The token was used or has expired (`link_invalid`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("public")))
)]
pub async fn confirm(
    State(api): State<Api>,
    From(caller): From,
    body: Body<NewPassword>,
) -> Answer<StatusCode> {
    let new = body.value;
    api.identity.confirm_password_reset(&caller, new.token.expose(), new.password.expose()).await?;
    Ok(StatusCode::NO_CONTENT)
}
