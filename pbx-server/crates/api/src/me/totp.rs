//! Two-step sign-in: on with an authenticator app, off again, and codes for who has lost it.

use crate::input::{Body, Secret, input};
use crate::permit::Me;
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use voxera_identity::IdentityError;

input! {
    /// My present password.
    pub struct PresentPassword {
        #[schema(value_type = String, format = Password)]
        pub password: Secret,
    }
}

input! {
    /// What the app shows.
    pub struct AppCode {
        #[schema(value_type = String, example = "123456")]
        pub code: Secret,
    }
}

/// A secret for an authenticator app.
#[derive(Serialize, ToSchema)]
pub struct TotpOffer {
    /// Base32, for who types it.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    pub secret: String,
    /// The same to show as a QR code.
    #[schema(example = "otpauth://totp/Nordtel:anna%40akesbageri.example?secret=…&issuer=Nordtel")]
    pub uri: String,
    /// Until then the first code confirms it; 15 minutes.
    pub expires_at: DateTime<Utc>,
}

/// Codes for who has lost the app: each works once, in the place of the app's code.
#[derive(Serialize, ToSchema)]
pub struct RecoveryCodes {
    /// Ten; they are not shown again.
    #[schema(example = json!(["abcd-efgh-ijkm-npqr"]))]
    pub recovery_codes: Vec<String>,
}

/// Begin two-step sign-in: a secret for an app, which its first code confirms. An earlier one is void.
#[utoipa::path(
    post, path = "/api/v1/me/totp", operation_id = "me_totp", tag = "Me",
    request_body = PresentPassword,
    responses((status = 200, description = "Put it into the app, then confirm.", body = TotpOffer),
        (status = 409, description = "It is on already (`totp_on`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn offer(me: Me, body: Body<PresentPassword>) -> Answer<Response> {
    let offer =
        me.api.identity.offer_second_factor(&me.actor.principal, body.value.password.expose()).await?;
    let shown = TotpOffer {
        secret: offer.secret.as_str().to_owned(),
        uri: offer.uri.as_str().to_owned(),
        expires_at: offer.until,
    };
    Ok(unkept(StatusCode::OK, shown))
}

/// Turn two-step sign-in on with the app's first code. Answers my recovery codes, this once.
#[utoipa::path(
    post, path = "/api/v1/me/totp/confirm", operation_id = "me_totp_confirm", tag = "Me",
    request_body = AppCode,
    responses((status = 200, description = "On; a mail tells me so.", body = RecoveryCodes),
        (status = 409, description = "Nothing waits to be confirmed, or it has waited too long (`totp_not_started`); \
            it is on already (`totp_on`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn confirm(me: Me, body: Body<AppCode>) -> Answer<Response> {
    let (caller, principal) = (&me.actor.caller, &me.actor.principal);
    let confirmed = me.api.identity.confirm_second_factor(caller, principal, body.value.code.expose()).await;
    match confirmed {
        Ok(codes) => Ok(show(&codes)),
        Err(wrong @ IdentityError::SecondFactorWrong) => Err(Problem::field(
            "/code",
            wrong.code(),
            "This is not the code that your app should show now. See that the clock of your phone is right.",
        )),
        Err(other) => Err(other.into()),
    }
}

/// New recovery codes; those before work no more.
#[utoipa::path(
    post, path = "/api/v1/me/totp/recovery-codes", operation_id = "me_totp_recovery_codes", tag = "Me",
    request_body = PresentPassword,
    responses((status = 200, description = "Ten new ones; a mail tells me so.", body = RecoveryCodes),
        (status = 409, description = "Two-step sign-in is off (`totp_off`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn recovery_codes(me: Me, body: Body<PresentPassword>) -> Answer<Response> {
    let (caller, principal) = (&me.actor.caller, &me.actor.principal);
    let codes = me.api.identity.renew_recovery_codes(caller, principal, body.value.password.expose()).await?;
    Ok(show(&codes))
}

/// Turn two-step sign-in off.
#[utoipa::path(
    delete, path = "/api/v1/me/totp", operation_id = "me_totp_remove", tag = "Me",
    request_body = PresentPassword,
    responses((status = 204, description = "Off; a mail tells me so."),
        (status = 409, description = "It is off already (`totp_off`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn remove(me: Me, body: Body<PresentPassword>) -> Answer<StatusCode> {
    let (caller, principal) = (&me.actor.caller, &me.actor.principal);
    me.api.identity.remove_second_factor(caller, principal, body.value.password.expose()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn show(codes: &[impl AsRef<str>]) -> Response {
    let recovery_codes = codes.iter().map(|code| code.as_ref().to_owned()).collect();
    unkept(StatusCode::OK, RecoveryCodes { recovery_codes })
}

/// Shown once, and in no cache.
fn unkept(status: StatusCode, body: impl Serialize) -> Response {
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
