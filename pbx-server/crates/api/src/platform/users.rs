//! People who run this installation.

use crate::input::{Body, Listed, Paging, Query, Url, UserPath};
use crate::permit::PlatformAdmin;
use crate::problem::{Answer, Problem};
use crate::tenant::users::{ByName, NewStaff, User, invite, not_oneself};
use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use voxera_model::Role;

/// All platform admins.
#[utoipa::path(
    get, path = "/api/v1/platform/users", operation_id = "platform_users_list", tag = "Platform",
    params(Paging<ByName>),
    responses((status = 200, description = "One page.", body = Listed<User>)),
    extensions(("x-permission" = json!("platform_admin")))
)]
pub async fn list(admin: PlatformAdmin, Query(page): Query<Paging<ByName>>) -> Answer<Json<Listed<User>>> {
    let mut act = admin.open().await?;
    let found = act.users().list(&page.into()).await?;
    Ok(Json(Listed::of(found, User::show)))
}

/// Invite a platform admin by mail.
#[utoipa::path(
    post, path = "/api/v1/platform/users", operation_id = "platform_users_create", tag = "Platform",
    request_body(content = NewStaff, example = json!({ "email": "petra@voxera.example", "name": "Petra Palm", "locale": "en" })),
    responses((status = 201, description = "Invited.", body = User),
        (status = 409, description = "The person is a user here already (`already_member`). Or the key was used for another request (`idempotency_key_reused`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("platform_admin")), ("x-idempotent" = json!(true)))
)]
pub async fn create(admin: PlatformAdmin, new: Body<NewStaff>) -> Answer<Response> {
    let mut act = admin.open().await?;
    if let Some(answer) = act.replayed(&new.hash).await? {
        return Ok(answer);
    }
    let member = new.value.member(Role::PlatformAdmin);
    invite(&admin.api, act, &admin.actor, &admin.grant, member, User::show).await
}

/// Take the role away from a platform admin.
#[utoipa::path(
    delete, path = "/api/v1/platform/users/{user}", operation_id = "platform_users_delete", tag = "Platform",
    params(UserPath),
    responses((status = 204, description = "Removed."),
        (status = 409, description = "Nobody removes themselves (`cannot_remove_oneself`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("platform_admin")))
)]
pub async fn delete(admin: PlatformAdmin, Url(path): Url<UserPath>) -> Answer<StatusCode> {
    let mut act = admin.open().await?;
    let before = act.users().get(path.user).await?;
    if before.tenant.is_some() {
        return Err(Problem::not_found());
    }
    not_oneself(&admin.actor, &before, "cannot_remove_oneself")?;
    act.users().delete(path.user).await?;
    act.removed("user.delete", path.user, &before).await?;
    act.commit().await?;
    admin.api.identity.account_changed(before.account);
    Ok(StatusCode::NO_CONTENT)
}
