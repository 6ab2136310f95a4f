//! My picture.

use crate::api::Api;
use crate::input::{read_all, too_large};
use crate::permit::Me;
use crate::picture::{Kept, redraw};
use crate::problem::{Answer, Problem};
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use image::ImageFormat;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Bytes at most of what is sent.
const SENT: usize = 512 * 1024;
/// What is kept: 256 pixels are enough for a face, and can never be more than 512 KiB.
const KEPT: Kept = Kept {
    formats: &[ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP],
    unreadable: "This is no PNG, JPEG or WebP picture that can be read.",
    side: 256,
    bytes: 512 * 1024,
};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(show, put, delete))
        // One more than may be sent, so that it is refused where it is read.
        .layer(DefaultBodyLimit::max(SENT + 1))
}

/// My picture.
#[utoipa::path(
    get, path = "/api/v1/me/avatar", operation_id = "me_avatar", tag = "Me",
    responses((status = 200, description = "The picture, at most 256 × 256 pixels.", content((Vec<u8> = "image/png"))),
        (status = 404, description = "There is none (`not_found`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn show(me: Me) -> Answer<Response> {
    let picture = me.api.identity.avatar(&me.actor.principal).await?;
    // Whoever signs in next in this browser has another one.
    let headers = [(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, picture).into_response())
}

/// Set my picture: PNG, JPEG or WebP, at most 512 KiB and 2000 × 2000 pixels. What it is, its bytes say.
#[utoipa::path(
    put, path = "/api/v1/me/avatar", operation_id = "me_avatar_put", tag = "Me",
    request_body(description = "The picture.", content((Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/webp"))),
    responses((status = 204, description = "Set.")),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn put(me: Me, request: Request) -> Answer<StatusCode> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !kind.is_some_and(|kind| matches!(kind, "image/png" | "image/jpeg" | "image/webp")) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Send a picture",
            "Send a PNG, JPEG or WebP picture, with Content-Type: image/png, image/jpeg or image/webp.",
        ));
    }
    let sent = read_all(request, &()).await?;
    if sent.len() > SENT {
        return Err(too_large());
    }
    let picture = redraw(sent, &KEPT).await?;
    me.api.identity.set_avatar(&me.actor.caller, &me.actor.principal, Some(&picture)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take my picture away.
#[utoipa::path(
    delete, path = "/api/v1/me/avatar", operation_id = "me_avatar_delete", tag = "Me",
    responses((status = 204, description = "There is none now."),
        (status = 404, description = "There was none (`not_found`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn delete(me: Me) -> Answer<StatusCode> {
    me.api.identity.set_avatar(&me.actor.caller, &me.actor.principal, None).await?;
    Ok(StatusCode::NO_CONTENT)
}
