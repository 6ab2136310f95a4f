//! Sign in, stay signed in, sign out.

use crate::api::Api;
use crate::input::{Body, From, Secret, input};
use crate::problem::{Answer, Problem};
use crate::web::headers::same_origin;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use voxera_identity::IdentityError;
use voxera_model::{AccountId, CustomerId, Email, Locale, Role, TenantId, UserId};

input! {
    /// E-mail and password.
    pub struct Login {
        #[schema(value_type = String, example = "anna@akesbageri.example")]
        pub email: Email,
        #[schema(value_type = String, format = Password)]
        pub password: Secret,
        /// Of the authenticator app, or a recovery code; for accounts with two-step sign-in.
        #[schema(value_type = Option<String>, example = "123456")]
        pub code: Option<Secret>,
    }
}

/// A sign-in. The refresh token travels in a cookie that no script can read.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedIn {
    /// For `Authorization: Bearer …`.
    pub access_token: String,
    /// Seconds until it expires.
    #[schema(example = 300)]
    pub expires_in: u64,
    pub account: AccountShown,
    /// What the account may act as; may be empty.
    pub memberships: Vec<Membership>,
}

/// A login.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AccountShown {
    pub id: AccountId,
    pub email: Email,
    /// The name of its first membership; the address where there is none.
    pub name: String,
    pub locale: Locale,
    /// Whether there is a picture: `GET /api/v1/me/avatar`.
    pub avatar: bool,
}

/// One thing the account may act as.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Membership {
    pub user: UserId,
    pub role: Role,
    /// `None`: the platform itself.
    pub tenant: Option<TenantId>,
    pub tenant_name: Option<String>,
    pub tenant_slug: Option<String>,
    /// `None`: the whole tenant.
    pub customer: Option<CustomerId>,
    pub customer_name: Option<String>,
}

/// Sign in.
///
/// 401 `wrong_credentials`; 401 `second_factor_required` when the password is right and `code` is missing;
/// 401 `second_factor_wrong` when it is wrong or was used before; 403 `email_unverified` until the address is verified; 403 `suspended`,
/// `no_membership`; 429 `too_many_attempts` after too many attempts for the account or from the address.
#[utoipa::path(
    post, path = "/api/v1/auth/login", operation_id = "login", tag = "Sign-in",
    request_body(content = Login, example = json!({ "email": "anna@akesbageri.example", "password": "…" })),
    responses((status = 200, description = "Signed in; sets the cookie `voxera_refresh`.", body = SignedIn),
        (status = 401, description = "Wrong e-mail or password, or the code is missing or wrong.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The address is not verified, or the account is suspended.", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("public")))
)]
pub async fn login(
    State(api): State<Api>,
    headers: HeaderMap,
    From(caller): From,
    body: Body<Login>,
) -> Answer<Response> {
    // A page of another site must not sign its visitors in as somebody else. Programs send no Origin.
    if headers.contains_key(header::ORIGIN) {
        same_origin(&api, &headers)?;
    }
    let login = body.value;
    let code = login.code.as_ref().map(|code| code.expose().trim()).filter(|code| !code.is_empty());
    let signed_in = api.identity.login(&caller, login.email.as_str(), login.password.expose(), code).await?;
    Ok(answer(&api, signed_in))
}

/// A new access token.
///
/// Needs the cookie and an `Origin` of this site. A refresh token works once: a second use ends the
/// whole sign-in (401 `session_reused`).
#[utoipa::path(
    post, path = "/api/v1/auth/refresh", operation_id = "refresh", tag = "Sign-in",
    responses((status = 200, description = "Signed in for another while; sets a new cookie.", body = SignedIn),
        (status = 401, description = "No valid refresh cookie.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The request comes from another site.", body = Problem, content_type = "application/problem+json")),
    security(("refresh_cookie" = [])),
    extensions(("x-permission" = json!("public")))
)]
pub async fn refresh(State(api): State<Api>, headers: HeaderMap, From(caller): From) -> Answer<Response> {
    same_origin(&api, &headers)?;
    let Some(token) = sent(&headers) else {
        return Err(IdentityError::SessionEnded.into());
    };
    match api.identity.refresh(&caller, token).await {
        Ok(signed_in) => Ok(answer(&api, signed_in)),
        Err(refused @ (IdentityError::SessionEnded | IdentityError::SessionReused)) => {
            let problem = Problem::from(refused).into_response();
            Ok(with_cookie(problem, &cookie(&api, "", 0)))
        }
        Err(other) => Err(other.into()),
    }
}

/// Sign out: ends the sign-in of the cookie and takes the cookie away.
#[utoipa::path(
    post, path = "/api/v1/auth/logout", operation_id = "logout", tag = "Sign-in",
    responses((status = 204, description = "Signed out, also when nobody was signed in."),
        (status = 403, description = "The request comes from another site.", body = Problem, content_type = "application/problem+json")),
    security(("refresh_cookie" = [])),
    extensions(("x-permission" = json!("public")))
)]
pub async fn logout(State(api): State<Api>, headers: HeaderMap, From(caller): From) -> Answer<Response> {
    same_origin(&api, &headers)?;
    if let Some(token) = sent(&headers) {
        api.identity.logout(&caller, token).await?;
    }
    Ok(with_cookie(StatusCode::NO_CONTENT.into_response(), &cookie(&api, "", 0)))
}

const COOKIE: &str = "voxera_refresh";

/// The refresh token of the request's cookie.
fn sent(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == COOKIE && !value.is_empty()).then_some(value))
}

fn cookie(api: &Api, value: &str, max_age: u64) -> String {
    let secure = if api.config.is_https() { "; Secure" } else { "" };
    format!("{COOKIE}={value}; HttpOnly; SameSite=Strict; Path=/api/v1/auth; Max-Age={max_age}{secure}")
}

fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

fn answer(api: &Api, signed_in: voxera_identity::SignedIn) -> Response {
    let cookie = cookie(api, signed_in.refresh_token.expose(), signed_in.refresh_max_age);
    let shown = SignedIn {
        access_token: signed_in.access_token,
        expires_in: signed_in.expires_in,
        account: AccountShown::show(signed_in.account),
        memberships: signed_in.memberships.into_iter().map(Membership::show).collect(),
    };
    with_cookie(Json(shown).into_response(), &cookie)
}

impl AccountShown {
    pub(crate) fn show(account: voxera_identity::Profile) -> Self {
        Self {
            id: account.id,
            email: account.email,
            name: account.name,
            locale: account.locale,
            avatar: account.avatar,
        }
    }
}

impl Membership {
    pub(crate) fn show(membership: voxera_identity::MembershipDetail) -> Self {
        Self {
            user: membership.user,
            role: membership.role,
            tenant: membership.tenant,
            tenant_name: membership.tenant_name,
            tenant_slug: membership.tenant_slug,
            customer: membership.customer,
            customer_name: membership.customer_name,
        }
    }
}
