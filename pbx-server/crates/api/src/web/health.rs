//! How the server is, for machines.

use crate::api::Api;
use crate::permit::bearer;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use voxera_identity::Caller;

/// 200 as long as the process serves: calls go on without the database, so a restart would only harm.
pub(super) async fn health(State(api): State<Api>) -> Json<Value> {
    let database = api.store.ping().await.is_ok();
    Json(report(&api, database))
}

/// 503 while people cannot be served.
pub(super) async fn ready(State(api): State<Api>) -> (StatusCode, Json<Value>) {
    let database = api.store.ping().await.is_ok();
    let status = if database { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(report(&api, database)))
}

fn report(api: &Api, database: bool) -> Value {
    json!({
        "status": if database { "ok" } else { "degraded" },
        "version": env!("CARGO_PKG_VERSION"),
        "database": if database { "up" } else { "down" },
        "engine": if api.engine().is_some() { "up" } else { "down" },
    })
}

/// Prometheus text, for this machine or with the token; for everybody else there is nothing here.
pub(super) async fn metrics(
    State(api): State<Api>,
    crate::input::From(Caller { address, .. }): crate::input::From,
    headers: HeaderMap,
) -> Response {
    // What a proxy passes on comes from this machine too, and says so.
    let passed_on = ["x-forwarded-for", "forwarded", "via"].iter().any(|name| headers.contains_key(*name));
    let local = !passed_on && address.is_some_and(|address| address.is_loopback());
    // Hashes of equal length: comparing them tells nothing of the token.
    let known = |token: &str| Sha256::digest(token.as_bytes());
    let invited = match (&api.config.metrics_token, bearer(&headers)) {
        (Some(token), Some(sent)) => known(token) == known(sent),
        _ => false,
    };
    if !local && !invited {
        return Problem::not_found().into_response();
    }
    let text = api.metrics.as_ref().map(PrometheusHandle::render).unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}
