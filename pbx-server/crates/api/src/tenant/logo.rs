//! A tenant's logo: a picture that we draw anew, so that it carries nothing but its pixels.

use crate::input::{TenantPath, read_all};
use crate::permit::TenantAdmin;
use crate::problem::{Answer, Problem};
use axum::extract::Request;
use axum::http::{StatusCode, header};
use image::{ImageError, ImageFormat, ImageReader, Limits};
use std::io::Cursor;
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
    let picture =
        tokio::task::spawn_blocking(move || redraw(&sent)).await.map_err(|_| Problem::internal())??;
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

/// Pixels at most along one side of what is sent.
const SENT_SIDE: u32 = 2000;
/// Pixels at most along one side of what is kept.
const KEPT_SIDE: u32 = 512;
/// Bytes at most of what is kept; the store's limit.
const KEPT_BYTES: usize = 512 * 1024;

/// The picture's pixels as a new PNG.
fn redraw(sent: &[u8]) -> Answer<Vec<u8>> {
    let refuse = |why: &str| Problem::field("", "picture", why);
    let unreadable = || refuse("This is no PNG or JPEG picture that can be read.");
    let mut reader = ImageReader::new(Cursor::new(sent)).with_guessed_format().map_err(|_| unreadable())?;
    if !matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::Jpeg)) {
        return Err(unreadable());
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(SENT_SIDE);
    limits.max_image_height = Some(SENT_SIDE);
    limits.max_alloc = Some(64 * 1024 * 1024);
    reader.limits(limits);
    let picture = reader.decode().map_err(|error| match error {
        ImageError::Limits(_) => refuse("The picture is at most 2000 × 2000 pixels."),
        ImageError::Decoding(_)
        | ImageError::Encoding(_)
        | ImageError::Parameter(_)
        | ImageError::Unsupported(_)
        | ImageError::IoError(_) => unreadable(),
    })?;
    let small = if picture.width() > KEPT_SIDE || picture.height() > KEPT_SIDE {
        picture.thumbnail(KEPT_SIDE, KEPT_SIDE)
    } else {
        picture
    };
    let mut drawn = Cursor::new(Vec::new());
    small.to_rgba8().write_to(&mut drawn, ImageFormat::Png).map_err(|_| Problem::internal())?;
    let drawn = drawn.into_inner();
    if drawn.len() > KEPT_BYTES {
        return Err(refuse("The picture has too much detail for a logo: send a smaller one."));
    }
    Ok(drawn)
}
