//! The portal's files, built into the binary; every address that is none of the API's is a page of it.

use crate::problem::Problem;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../../pbx-web/dist"]
#[allow_missing = true]
struct Files;

/// Whether the portal is part of this build.
#[must_use]
pub fn portal_is_built() -> bool {
    Files::get("index.html").is_some()
}

/// What is shown where the portal was not built in.
const MISSING: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Voxera</title>\
     <p>The portal is not part of this build. Run <code>make build</code>, or open <a href=\"/docs\">the API</a>.";

/// Serves a file, the portal's page, or 404 where only programs ask.
pub(super) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with("api/") || path == "api" || path.starts_with(".well-known/") {
        return Problem::not_found().into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        return super::method_not_allowed().await.into_response();
    }
    if let Some(file) = Files::get(path) {
        return show(path, &file, &headers);
    }
    // A file that is asked for by name and is not there is not a page.
    if path.rsplit('/').next().is_some_and(|name| name.contains('.')) {
        return Problem::not_found().into_response();
    }
    match Files::get("index.html") {
        Some(page) => show("index.html", &page, &headers),
        None => (StatusCode::NOT_FOUND, Html(MISSING)).into_response(),
    }
}

fn show(path: &str, file: &rust_embed::EmbeddedFile, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&file.metadata.sha256_hash()[..12]));
    // Vite names what is under assets/ after its content.
    let keep = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let about = [(header::CACHE_CONTROL, keep.to_owned()), (header::ETAG, tag.clone())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    let kind = [(header::CONTENT_TYPE, file.metadata.mimetype().to_owned())];
    (about, kind, file.data.clone().into_owned()).into_response()
}
