//! Everything around the handlers: what every request passes, and what is served beside the API.

mod docs;
pub(crate) mod headers;
mod health;
pub(crate) mod limit;
mod portal;
pub(crate) mod request;
mod sip;

pub use portal::portal_is_built;
pub use sip::{BrowserLink, FromEngine};

use crate::api::Api;
use crate::contract;
use crate::problem::Problem;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::Value;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate as _};

/// The largest body of a request, bytes: a logo. JSON is limited to less, where it is read.
const BODY: usize = 256 * 1024;

/// Everything that the server answers, ready to be served with
/// `into_make_service_with_connect_info::<SocketAddr>()`.
pub fn router(api: Api) -> Router {
    let (operations, _) = contract::operations().split_for_parts();
    let operations =
        operations.route("/sip", get(sip::open)).layer(from_fn_with_state(api.clone(), limit::by_address));
    Router::new()
        .merge(operations)
        .route("/healthz", get(health::health))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/.well-known/jwks.json", get(jwks))
        .route("/openapi.json", get(openapi))
        .route("/docs", get(docs::page))
        .route("/docs/style.css", get(docs::style))
        .fallback(portal::serve)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn(in_problem_details))
        .layer(DefaultBodyLimit::max(BODY))
        .layer(CatchPanicLayer::custom(request::panicked))
        .layer(
            CompressionLayer::new()
                .compress_when(DefaultPredicate::new().and(NotForContentType::new("audio/"))),
        )
        .layer(from_fn_with_state(api.clone(), headers::secure))
        .layer(from_fn_with_state(api.clone(), request::note))
        .with_state(api)
}

async fn jwks(State(api): State<Api>) -> Json<Value> {
    Json(api.identity.jwks())
}

async fn openapi() -> Json<&'static Value> {
    Json(contract::document())
}

async fn method_not_allowed() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "Not this method",
        "This address does not know the method; the header Allow lists those that it knows.",
    )
}

/// What the framework refuses by itself is said in our words too.
async fn in_problem_details(request: axum::extract::Request, next: axum::middleware::Next) -> Response {
    let response = next.run(request).await;
    let plain = response
        .headers()
        .get(axum::http::header::CONTENT_TYPE)
        .is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if plain && response.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return crate::input::too_large().into_response();
    }
    response
}
