//! The face of a tenant, before anybody has signed in.

use crate::api::Api;
use crate::input::{Query, TenantPath, Url, input};
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use voxera_model::{Colour, Email, Locale, Name, Slug, TenantId};
use voxera_store::StoreError;

input! {
    /// Which tenant.
    #[derive(utoipa::IntoParams)]
    #[into_params(parameter_in = Query)]
    pub struct BrandQuery {
        /// The tenant's short name. Without it the host of the request decides; the built-in tenant otherwise.
        #[param(value_type = Option<String>)]
        pub slug: Option<Slug>,
    }
}

/// A brand.
#[derive(Debug, Serialize, ToSchema)]
pub struct Brand {
    pub tenant: TenantId,
    pub slug: Slug,
    /// The name that people see.
    pub name: Name,
    /// `#rrggbb`; the portal derives its tints from it.
    pub accent: Colour,
    /// `None`: the name stands alone.
    pub logo_url: Option<String>,
    pub locale: Locale,
    pub support_email: Option<Email>,
}

/// The brand for this address.
#[utoipa::path(
    get, path = "/api/v1/brand", operation_id = "brand", tag = "Brand",
    params(BrandQuery),
    responses((status = 200, description = "The brand.", body = Brand),
        (status = 404, description = "No tenant has that short name.", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("public")))
)]
pub async fn show(
    State(api): State<Api>,
    headers: HeaderMap,
    Query(query): Query<BrandQuery>,
) -> Answer<Json<Brand>> {
    let mut tx = api.store.platform().await?;
    let tenant = match query.slug {
        Some(slug) => tx.tenants().by_slug(&slug).await?,
        None => match tx.tenants().by_host(host(&headers)).await {
            Err(StoreError::NotFound) => tx.tenants().builtin().await?,
            other => other?,
        },
    };
    Ok(Json(Brand {
        logo_url: tenant.has_logo.then(|| format!("/api/v1/brand/{}/logo", tenant.id)),
        tenant: tenant.id,
        slug: tenant.slug,
        name: tenant.brand_name,
        accent: tenant.accent,
        locale: tenant.locale,
        support_email: tenant.support_email,
    }))
}

/// A tenant's logo.
#[utoipa::path(
    get, path = "/api/v1/brand/{tenant}/logo", operation_id = "brand_logo", tag = "Brand",
    params(TenantPath),
    responses((status = 200, description = "The picture.", content(
        (Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg")))),
    extensions(("x-permission" = json!("public")))
)]
pub async fn logo(
    State(api): State<Api>,
    headers: HeaderMap,
    Url(path): Url<TenantPath>,
) -> Answer<Response> {
    let logo = api.store.platform().await?.tenants().logo(path.tenant).await?;
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&Sha256::digest(&logo.bytes)[..12]));
    let shown = [(header::CACHE_CONTROL, "public, max-age=300".to_owned()), (header::ETAG, tag.clone())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, shown).into_response());
    }
    Ok((shown, [(header::CONTENT_TYPE, logo.content_type)], logo.bytes).into_response())
}

/// The host that the browser asked, without its port.
fn host(headers: &HeaderMap) -> &str {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}
