//! Around every request: its name, where it comes from, how long it took, and what becomes of a panic.

use crate::api::Api;
use crate::problem::Problem;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::any::Any;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};
use voxera_identity::Caller;

/// The longest that an upload may take.
const UPLOADS: Duration = Duration::from_mins(10);

tokio::task_local! {
    static REQUEST_ID: String;
}

/// The name of the request that this task serves.
pub(crate) fn current_id() -> Option<String> {
    REQUEST_ID.try_with(Clone::clone).ok()
}

/// Names the request, notes its caller, logs its end. The log has the route and never the address
/// that was asked for, which can hold a token or a search for a person.
pub(crate) async fn note(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let id = uuid::Uuid::now_v7().simple().to_string();
    let started = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let caller = Caller {
        address: address(&request, api.config.trust_proxy),
        user_agent: request
            .headers()
            .get(header::USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned),
        request_id: Some(id.clone()),
    };
    request.extensions_mut().insert(caller);
    // Twenty megabytes over a slow line.
    let uploads = (method == axum::http::Method::POST && route.ends_with("/audio"))
        || (method == axum::http::Method::PUT && route.ends_with("/greeting"));
    let limit = if uploads { api.config.timeout.max(UPLOADS) } else { api.config.timeout };
    let served = REQUEST_ID.scope(id.clone(), async move {
        match tokio::time::timeout(limit, next.run(request)).await {
            Ok(response) => response,
            Err(_) => Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "timeout",
                "It took too long",
                "The request was given up. Try again in a moment.",
            )
            .into_response(),
        }
    });
    let mut response = served.await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", value);
    }
    let status = response.status().as_u16();
    let took = started.elapsed();
    let labels = [("method", method.to_string()), ("route", route.clone()), ("status", status.to_string())];
    metrics::counter!("voxera_http_requests_total", &labels).increment(1);
    metrics::histogram!("voxera_http_request_seconds", "route" => route.clone()).record(took.as_secs_f64());
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    if status >= 500 {
        tracing::warn!(request_id = %id, %method, route, status, ms, "request failed");
    } else {
        tracing::info!(request_id = %id, %method, route, status, ms, "request");
    }
    response
}

/// The far end: the peer, or behind a proxy the last address that the proxy added.
fn address(request: &Request, trust_proxy: bool) -> Option<IpAddr> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
    if trust_proxy { forwarded(request.headers()).or(peer) } else { peer }
}

fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    last.rsplit(',').next()?.trim().parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}

/// What a panic answers: nothing of what it said.
#[expect(clippy::needless_pass_by_value, reason = "the signature is tower-http's")]
pub(crate) fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let said = cause
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| cause.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    tracing::error!(request_id = current_id(), panic = said, "a handler panicked");
    Problem::internal().into_response()
}
