//! A partner's own people.

use crate::act::Act;
use crate::api::Api;
use crate::input::{Body, Listed, Paging, Query, TenantPath, TenantUserPath, Url, input, sorting};
use crate::permit::{Actor, TenantAdmin};
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use voxera_identity::{Grant, IdentityError, NewMember};
use voxera_model::{AccountId, CustomerId, Email, Locale, Name, Role, Status, TenantId, UserId};
use voxera_store::{PlatformTx, UserChange};

sorting!(ByName: "name", "email", "role", "status", "created_at");

/// A person with a role.
#[derive(Debug, Serialize, ToSchema)]
pub struct User {
    pub id: UserId,
    pub account: AccountId,
    pub email: Email,
    pub name: Name,
    pub role: Role,
    pub status: Status,
    /// The invitation was not accepted yet.
    pub invited: bool,
    pub tenant: Option<TenantId>,
    pub customer: Option<CustomerId>,
    pub created_at: DateTime<Utc>,
}

input! {
    /// Whom to invite.
    pub struct NewStaff {
        #[schema(value_type = String, example = "kalle@nordtel.example")]
        pub email: Email,
        pub name: Name,
        /// The language of the mail, for a new account.
        pub locale: Option<Locale>,
    }
}

input! {
    /// What changes of a person; absent fields stay.
    pub struct StaffChange {
        pub name: Option<Name>,
        pub status: Option<Status>,
    }
}

/// The partner's staff.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/users", operation_id = "tenant_users_list", tag = "Tenant",
    params(TenantPath, Paging<ByName>),
    responses((status = 200, description = "One page.", body = Listed<User>)),
    extensions(("x-permission" = json!("tenant_admin")))
)]
pub async fn list(admin: TenantAdmin, Query(page): Query<Paging<ByName>>) -> Answer<Json<Listed<User>>> {
    let mut act = admin.open().await?;
    let found = act.users().list(&page.into()).await?;
    Ok(Json(Listed::of(found, User::show)))
}

/// Invite a person to the staff by mail.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/users", operation_id = "tenant_users_create", tag = "Tenant",
    params(TenantPath), request_body(content = NewStaff, example = json!({ "email": "kalle@nordtel.example", "name": "Kalle Karlsson" })),
    responses((status = 201, description = "Invited.", body = User),
        (status = 409, description = "The person is a user here already (`already_member`). Or the key was used for another request (`idempotency_key_reused`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("tenant_admin")), ("x-idempotent" = json!(true)))
)]
pub async fn create(admin: TenantAdmin, new: Body<NewStaff>) -> Answer<Response> {
    let mut act = admin.open_login().await?;
    if let Some(answer) = act.replayed(&new.hash).await? {
        return Ok(answer);
    }
    let member = new.value.member(Role::TenantAdmin);
    invite(&admin.api, act, &admin.actor, &admin.grant, member, User::show).await
}

/// One person of the staff.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/users/{user}", operation_id = "tenant_users_get", tag = "Tenant",
    params(TenantUserPath),
    responses((status = 200, description = "The person.", body = User)),
    extensions(("x-permission" = json!("tenant_admin")))
)]
pub async fn get(admin: TenantAdmin, Url(path): Url<TenantUserPath>) -> Answer<Json<User>> {
    let mut act = admin.open().await?;
    Ok(Json(User::show(act.users().get(path.user).await?)))
}

/// Change a person of the staff.
#[utoipa::path(
    patch, path = "/api/v1/tenants/{tenant}/users/{user}", operation_id = "tenant_users_change", tag = "Tenant",
    params(TenantUserPath), request_body = StaffChange,
    responses((status = 200, description = "The person as they are now.", body = User),
        (status = 409, description = "Nobody suspends themselves (`cannot_suspend_oneself`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("tenant_admin")))
)]
pub async fn change(
    admin: TenantAdmin,
    Url(path): Url<TenantUserPath>,
    change: Body<StaffChange>,
) -> Answer<Json<User>> {
    let change = change.value;
    let mut act = admin.open().await?;
    let before = act.users().get(path.user).await?;
    if change.status == Some(Status::Suspended) {
        not_oneself(&admin.actor, &before, "cannot_suspend_oneself")?;
    }
    let change = UserChange { display_name: change.name, role: None, status: change.status };
    let after = act.users().update(path.user, change).await?;
    act.changed("user.update", path.user, &before, &after).await?;
    act.commit().await?;
    if after.status != before.status {
        admin.api.identity.account_changed(after.account);
    }
    Ok(Json(User::show(after)))
}

/// Take a person from the staff.
#[utoipa::path(
    delete, path = "/api/v1/tenants/{tenant}/users/{user}", operation_id = "tenant_users_delete", tag = "Tenant",
    params(TenantUserPath),
    responses((status = 204, description = "Removed."),
        (status = 409, description = "Nobody removes themselves (`cannot_remove_oneself`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("tenant_admin")))
)]
pub async fn delete(admin: TenantAdmin, Url(path): Url<TenantUserPath>) -> Answer<StatusCode> {
    let mut act = admin.open().await?;
    let before = act.users().get(path.user).await?;
    not_oneself(&admin.actor, &before, "cannot_remove_oneself")?;
    act.users().delete(path.user).await?;
    act.removed("user.delete", path.user, &before).await?;
    act.commit().await?;
    admin.api.identity.account_changed(before.account);
    Ok(StatusCode::NO_CONTENT)
}

/// Send the invitation again; the earlier link ends.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/users/{user}/resend-invitation",
    operation_id = "tenant_users_resend_invitation", tag = "Tenant",
    params(TenantUserPath),
    responses((status = 204, description = "Sent."),
        (status = 409, description = "It was accepted already (`already_accepted`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("tenant_admin")))
)]
pub async fn resend(admin: TenantAdmin, Url(path): Url<TenantUserPath>) -> Answer<StatusCode> {
    let identity = &admin.api.identity;
    identity.resend_invitation(&admin.actor.caller, &admin.grant, path.user).await.map_err(accepted)?;
    Ok(StatusCode::NO_CONTENT)
}

impl User {
    pub(crate) fn show(user: voxera_store::User) -> Self {
        Self {
            id: user.id,
            account: user.account,
            email: user.email,
            name: user.display_name,
            role: user.role,
            status: user.status,
            invited: user.invited,
            tenant: user.tenant,
            customer: user.customer,
            created_at: user.created_at,
        }
    }
}

impl NewStaff {
    pub(crate) fn member(self, role: Role) -> NewMember {
        NewMember { email: self.email, name: self.name, role, locale: self.locale }
    }
}

/// Invites, answers 201 with the person, and sends the mail once the invitation lasts.
pub(crate) async fn invite<A: Serialize + Sync>(
    api: &Api,
    mut act: Act<PlatformTx<'static>>,
    actor: &Actor,
    grant: &Grant,
    member: NewMember,
    show: impl FnOnce(voxera_store::User) -> A,
) -> Answer<Response> {
    let made = api.identity.invite_in(&mut act, &actor.caller, grant, member).await?;
    let answer = act.created(&show(made.clone())).await?;
    api.identity.invited(&made);
    Ok(answer)
}

/// Nobody locks themselves out by mistake.
pub(crate) fn not_oneself(actor: &Actor, user: &voxera_store::User, code: &'static str) -> Answer<()> {
    if user.account == actor.principal.account {
        return Err(Problem::conflict(code, "This is you. Ask another administrator to do it."));
    }
    Ok(())
}

/// An invitation that was accepted is not sent again.
pub(crate) fn accepted(error: IdentityError) -> Problem {
    if matches!(error, IdentityError::AlreadyMember) {
        return Problem::conflict("already_accepted", "This person has accepted the invitation already.");
    }
    error.into()
}
