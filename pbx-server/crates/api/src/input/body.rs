//! JSON bodies.

use crate::input::{Input, Reader};
use crate::problem::Problem;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use bytes::Bytes;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The largest body of JSON, bytes.
pub const JSON: usize = 64 * 1024;
/// The largest body with a document of rules or nodes, bytes.
pub const DOCUMENT: usize = 2 * 1024 * 1024;

/// A JSON body, read field by field.
#[derive(Debug, Clone)]
pub struct Body<T> {
    pub value: T,
    /// SHA-256 of the bytes as they came, by which a repeated request is known.
    pub hash: [u8; 32],
}

impl<S: Send + Sync, T: Input> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !kind.is_some_and(is_json) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Send JSON",
                "Send the body as JSON, with Content-Type: application/json.",
            ));
        }
        let bytes = read_all(request, state).await?;
        if bytes.len() > T::LARGEST {
            return Err(too_large());
        }
        let value: Value = serde_json::from_slice(&bytes).map_err(|error| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "json_syntax",
                "The body is not JSON",
                format!("The JSON cannot be read at line {}, column {}.", error.line(), error.column()),
            )
        })?;
        let Value::Object(fields) = value else {
            return Err(Problem::field("", "type", "The body is a JSON object: { … }."));
        };
        let mut reader = Reader::body(fields);
        let value = T::read(&mut reader);
        reader.finish(value).map(|value| Self { value, hash: Sha256::digest(&bytes).into() })
    }
}

fn is_json(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// The whole body, at most what the route's limit allows.
pub async fn read_all<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state).await.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            too_large()
        } else {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "body_incomplete",
                "The body did not arrive whole",
                "Send the request again.",
            )
        }
    })
}

pub fn too_large() -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
        "The body is too large",
        "Send at most 64 kB of JSON (2 MB with a document of rules or nodes), 256 kB of logo, 512 kB of a person's picture, 1 MB of table or 20 MB of sound.",
    )
}
