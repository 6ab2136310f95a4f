//! A company signs itself up: it becomes a customer of the built-in tenant.

use crate::api::Api;
use crate::input::{Body, From, Secret, input, language};
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;
use voxera_identity::Registration;
use voxera_model::{Email, Locale, Name};

input! {
    /// A new company and its first administrator.
    pub struct SignUp {
        #[schema(value_type = String, example = "anna@akesbageri.example")]
        pub email: Email,
        /// At least 12 characters, and none of the well-known ones.
        #[schema(value_type = String, format = Password, min_length = 12)]
        pub password: Secret,
        pub organization_name: Name,
        /// The person.
        pub name: Name,
        /// Without it the language of the request.
        #[schema(required = false)]
        pub locale: Option<Locale>,
    }
}

input! {
    /// The token from the mail.
    pub struct Verification {
        #[schema(value_type = String)]
        pub token: Secret,
    }
}

input! {
    /// Where to send a mail.
    pub struct MailTo {
        #[schema(value_type = String, example = "anna@akesbageri.example")]
        pub email: Email,
    }
}

/// What happens next.
#[derive(Debug, Serialize, ToSchema)]
pub struct Registered {
    /// Where the verification mail went.
    pub email: Email,
}

/// Sign a company up. A mail asks to verify the address; sign-in is refused until then.
#[utoipa::path(
    post, path = "/api/v1/auth/register", operation_id = "register", tag = "Sign-in",
    request_body(content = SignUp, example = json!({ "email": "anna@akesbageri.example", "password": "…", "organization_name": "Åkes Bageri AB", "name": "Anna Öberg", "locale": "sv" })),
    responses((status = 202, description = "Made; a mail was sent.", body = Registered),
        (status = 403, description = "Signing up is closed (`suspended`).", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "There is an account with this address (`email_taken`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("public")))
)]
pub async fn register(
    State(api): State<Api>,
    headers: HeaderMap,
    From(caller): From,
    body: Body<SignUp>,
) -> Answer<(StatusCode, Json<Registered>)> {
    let new = body.value;
    let registration = Registration {
        email: new.email.clone(),
        password: new.password.expose().to_owned(),
        organization_name: new.organization_name,
        name: new.name,
        locale: new.locale.or_else(|| language(&headers)),
    };
    api.identity.register(&caller, registration).await?;
    Ok((StatusCode::ACCEPTED, Json(Registered { email: new.email })))
}

/// Verify an address with the token from the mail.
#[utoipa::path(
    post, path = "/api/v1/auth/verify-email", operation_id = "verify_email", tag = "Sign-in",
    request_body = Verification,
    responses((status = 204, description = "Verified; sign in now."),
        (status = 410, description = "The token was used or has expired (`link_invalid`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("public")))
)]
pub async fn verify(
    State(api): State<Api>,
    From(caller): From,
    body: Body<Verification>,
) -> Answer<StatusCode> {
    api.identity.verify_email(&caller, body.value.token.expose()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send the verification mail again.
#[utoipa::path(
    post, path = "/api/v1/auth/verify-email/resend", operation_id = "verify_email_resend", tag = "Sign-in",
    request_body = MailTo,
    responses((status = 204, description = "Sent, when the address waits for it.")),
    extensions(("x-permission" = json!("public")))
)]
pub async fn resend(State(api): State<Api>, From(caller): From, body: Body<MailTo>) -> Answer<StatusCode> {
    api.identity.resend_verification(&caller, &body.value.email).await?;
    Ok(StatusCode::NO_CONTENT)
}
