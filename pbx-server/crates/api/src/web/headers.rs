//! What browsers are told with every answer.

use crate::api::Api;
use crate::problem::{Answer, Problem};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

/// For pages. No inline script and no inline style sheet; `style` attributes are for mails that the
/// portal shows in a sandboxed frame.
const PAGE: &str = "default-src 'self'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; \
     img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'";
/// For data: nothing in it is ever run or shown as a page.
const DATA: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

/// Sets the security headers.
pub(crate) async fn secure(State(api): State<Api>, request: Request, next: Next) -> Response {
    let data = is_data(request.uri().path());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, if data { DATA } else { PAGE });
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(self), payment=()",
    );
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    if api.config.is_https() {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains");
    }
    if data && !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

fn is_data(path: &str) -> bool {
    path.starts_with("/api/") || path.starts_with("/.well-known/") || path == "/openapi.json"
}

/// Requests that carry the cookie come from our own pages only.
pub(crate) fn same_origin(api: &Api, headers: &HeaderMap) -> Answer<()> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let ours = text(header::ORIGIN).is_some_and(|origin| {
        origin == api.config.public_url
            || origin.split_once("://").is_some_and(|(_, host)| text(header::HOST) == Some(host))
    });
    if ours {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "wrong_origin",
        "The request comes from another site",
        "Send it from the portal: its Origin must be the portal's address.",
    ))
}
