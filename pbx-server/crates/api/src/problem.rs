//! What goes wrong at the edge, as problem details (RFC 9457).

use crate::customer::flows::check::Finding;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::borrow::Cow;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};
use voxera_model::Role;

/// What a handler answers.
pub type Answer<T> = Result<T, Problem>;

/// One field that cannot be accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer into the body (`/number`), or `?name` for a query parameter.
    #[schema(example = "/number")]
    pub field: String,
    /// Stable, for programs.
    #[schema(value_type = String, example = "extension_number")]
    pub code: Cow<'static, str>,
    /// One sentence that says what to write instead.
    #[schema(example = "An extension number has 2 to 6 digits, for example 1000.")]
    pub message: String,
}

/// A refusal or a failure.
#[derive(Debug, Clone)]
pub struct Problem(Box<Details>);

impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        Details::schema()
    }
}

impl ToSchema for Problem {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Details::schemas(schemas);
    }
}

/// A refusal or a failure.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Details {
    /// A URI reference that names the kind; `/docs#problem-<code>`.
    #[serde(rename = "type")]
    #[schema(example = "/docs#problem-validation")]
    kind: String,
    /// The kind, for people.
    #[schema(example = "Some fields cannot be accepted")]
    title: Cow<'static, str>,
    /// The HTTP status.
    #[schema(value_type = u16, example = 422)]
    #[serde(serialize_with = "as_number")]
    status: StatusCode,
    /// The kind, stable, for programs.
    #[schema(value_type = String, example = "validation")]
    code: Cow<'static, str>,
    /// What happened this time and what to do about it.
    detail: String,
    /// Each field that cannot be accepted, all at once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldError>,
    /// The role that would be allowed, when `code` is `forbidden`.
    #[serde(skip_serializing_if = "Option::is_none")]
    needed_role: Option<Role>,
    /// Names this request in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// What would meet callers, when `code` is `check_failed`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    findings: Vec<Finding>,
    #[serde(skip)]
    retry_after: Option<u64>,
}

// serde hands fields to `serialize_with` by reference.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn as_number<S: serde::Serializer>(status: &StatusCode, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u16(status.as_u16())
}

impl Problem {
    /// A problem of one kind. `code` is stable, `title` is the same for every problem of the code.
    pub fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        let code = code.into();
        Self(Box::new(Details {
            kind: format!("/docs#problem-{code}"),
            title: Cow::Borrowed(title),
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            needed_role: None,
            request_id: None,
            findings: Vec::new(),
            retry_after: None,
        }))
    }

    /// There is no such thing, or it is not yours; the answer is the same.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "Not found",
            "There is nothing at this address, or you have no part in it.",
        )
    }

    /// No valid access token came with the request.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "Sign in first",
            "Send a valid access token: Authorization: Bearer …",
        )
    }

    /// Yours to see, not yours to do.
    #[must_use]
    pub fn forbidden(needed: Role) -> Self {
        let mut problem = Self::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "Your role does not allow this",
            format!("This needs the role {needed}. Ask someone who has it."),
        );
        problem.0.needed_role = Some(needed);
        problem
    }

    /// Fields that cannot be accepted.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => one.message.clone(),
            many => format!("{} fields need to be changed.", many.len()),
        };
        let mut problem = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "validation",
            "Some fields cannot be accepted",
            detail,
        );
        problem.0.errors = errors;
        problem
    }

    /// Query parameters that cannot be accepted.
    #[must_use]
    pub fn bad_query(errors: Vec<FieldError>) -> Self {
        let mut problem = Self::invalid(errors);
        problem.0.status = StatusCode::BAD_REQUEST;
        problem
    }

    /// One field that cannot be accepted.
    pub fn field(
        field: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self::invalid(vec![FieldError { field: field.into(), code: code.into(), message: message.into() }])
    }

    /// The request contradicts what is already there.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, "This contradicts what is already there", detail)
    }

    /// A value that somebody else already has, at its field.
    #[must_use]
    pub fn taken(field: &str, code: &'static str, message: &str) -> Self {
        let mut problem = Self::conflict(code, message);
        problem.0.errors = vec![FieldError {
            field: field.to_owned(),
            code: Cow::Borrowed(code),
            message: message.to_owned(),
        }];
        problem
    }

    /// The database cannot be reached. Calls go on without it.
    #[must_use]
    pub fn unavailable() -> Self {
        let mut problem = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "database_unavailable",
            "The database cannot be reached",
            "Phones and calls go on. Try again in a moment.",
        );
        problem.0.retry_after = Some(5);
        problem
    }

    /// Our fault; the cause is in the log under the request's id.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong on our side",
            "Try again. If it happens again, tell support the request id.",
        )
    }

    /// Too many requests; `retry_after` in seconds.
    #[must_use]
    pub fn too_many(code: &'static str, retry_after: u64) -> Self {
        let mut problem = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            code,
            "Too many requests",
            format!("Wait {retry_after} seconds, then try again."),
        );
        problem.0.retry_after = Some(retry_after);
        problem
    }

    /// The same with what was found in rules or menus.
    #[must_use]
    pub fn with_findings(mut self, findings: Vec<Finding>) -> Self {
        self.0.findings = findings;
        self
    }

    /// The same with fields named from below this place.
    #[must_use]
    pub fn below(mut self, place: &str) -> Self {
        for error in &mut self.0.errors {
            if let Some(rest) = error.field.strip_prefix(place) {
                error.field = rest.to_owned();
            }
        }
        self
    }

    /// The fields that cannot be accepted.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        self.0.request_id = crate::web::request::current_id();
        let mut response = (self.0.status, Json(&self.0)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.0.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
