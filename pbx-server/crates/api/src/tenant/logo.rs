//! A tenant's logo: a picture that we draw anew, so that it carries nothing but its pixels.

use crate::input::{TenantPath, read_all};
use crate::permit::TenantAdmin;
use crate::picture::{Kept, redraw};
use crate::problem::{Answer, Problem};
use axum::extract::Request;
use axum::http::{StatusCode, header};
use image::ImageFormat;
use voxera_store::Logo;

/// Set the logo: PNG or JPEG, at most 256 kB and 2000 × 2000 pixels.
#[utoipa::path(
    put, path = "/api/v1/tenants/{tenant}/logo", operation_id = "tenants_logo_put", tag = "Brand",
    params(TenantPath),
    request_body(description = "The picture.", content((Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg"))),
    responses((status = 204, description = "Set.")),
    extensions(("x-permission" = json!("tenant_admin")))
)]
pub async fn put(admin: TenantAdmin, request: Request) -> Answer<StatusCode> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !kind.is_some_and(|kind| matches!(kind, "image/png" | "image/jpeg")) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Send a picture",
            "Send a PNG or JPEG picture, with Content-Type: image/png or image/jpeg.",
        ));
    }
    let sent = read_all(request, &()).await?;
    let picture = redraw(sent, &KEPT).await?;
    let mut act = admin.open().await?;
    let before = act.tenants().get(admin.tenant).await?;
    let logo = Logo { bytes: picture, content_type: "image/png".to_owned() };
    act.tenants().set_logo(admin.tenant, Some(logo)).await?;
    let after = act.tenants().get(admin.tenant).await?;
    act.changed("tenant.set_logo", admin.tenant, &before, &after).await?;
    act.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take the logo away.
#[utoipa::path(
    delete, path = "/api/v1/tenants/{tenant}/logo", operation_id = "tenants_logo_delete", tag = "Brand",
    params(TenantPath),
    responses((status = 204, description = "There is none now.")),
    extensions(("x-permission" = json!("tenant_admin")))
)]
pub async fn delete(admin: TenantAdmin) -> Answer<StatusCode> {
    let mut act = admin.open().await?;
    let before = act.tenants().get(admin.tenant).await?;
    act.tenants().set_logo(admin.tenant, None).await?;
    let after = act.tenants().get(admin.tenant).await?;
    act.changed("tenant.remove_logo", admin.tenant, &before, &after).await?;
    act.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is kept; the bytes are the store's limit.
const KEPT: Kept = Kept {
    formats: &[ImageFormat::Png, ImageFormat::Jpeg],
    unreadable: "This is no PNG or JPEG picture that can be read.",
    side: 512,
    bytes: 512 * 1024,
};
