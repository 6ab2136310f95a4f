//! Where a request comes from.

use crate::permit::caller;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use std::convert::Infallible;
use voxera_identity::Caller;

/// Where a request comes from, for limits and the audit log of what needs no sign-in.
#[derive(Debug, Clone)]
pub struct From(pub Caller);

impl<S: Send + Sync> FromRequestParts<S> for From {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(caller(parts)))
    }
}
