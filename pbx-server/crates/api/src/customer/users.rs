//! People of a company, and what they may do.

use crate::act::Act;
use crate::input::{Body, CustomerPath, CustomerUserPath, Listed, Paging, Query, Url, input};
use crate::permit::CustomerAdmin;
use crate::problem::{Answer, Problem};
use crate::tenant::users::{ByName, User, accepted, invite, not_oneself};
use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use voxera_identity::NewMember;
use voxera_model::{Email, ExtensionId, ExtensionNumber, Locale, Name, PbxId, Role, Status};
use voxera_store::{Constraint, TenantTx};

/// A person of a company.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerUser {
    #[serde(flatten)]
    pub user: User,
    /// Their extension, when they have one.
    pub extension: Option<UserExtension>,
}

/// The extension of a person.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UserExtension {
    pub id: ExtensionId,
    pub pbx: PbxId,
    pub number: ExtensionNumber,
}

input! {
    /// Whom to invite, and as what.
    pub struct NewUser {
        #[schema(value_type = String, example = "bertil@akesbageri.example")]
        pub email: Email,
        pub name: Name,
        /// `customer_admin`, `manager` or `user`.
        pub role: Role,
        /// The language of the mail, for a new account; without it the customer's.
        pub locale: Option<Locale>,
    }
}

input! {
    /// What changes of a person; absent fields stay.
    pub struct UserChange {
        pub name: Option<Name>,
        /// `customer_admin`, `manager` or `user`.
        pub role: Option<Role>,
        pub status: Option<Status>,
    }
}

/// The company's people.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/users", operation_id = "users_list", tag = "Users",
    params(CustomerPath, Paging<ByName>),
    responses((status = 200, description = "One page.", body = Listed<CustomerUser>)),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn list(
    admin: CustomerAdmin,
    Query(page): Query<Paging<ByName>>,
) -> Answer<Json<Listed<CustomerUser>>> {
    let mut act = admin.open().await?;
    let found = act.users().list(&page.into()).await?;
    let ids: Vec<_> = found.items.iter().map(|user| user.id).collect();
    let mut extensions = act.extensions_of(&ids).await?;
    Ok(Json(Listed::of(found, |user| {
        let own = extensions.remove(&user.id).map(UserExtension::show);
        CustomerUser { user: User::show(user), extension: own }
    })))
}

/// Invite a person by mail.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/customers/{customer}/users", operation_id = "users_create", tag = "Users",
    params(CustomerPath),
    request_body(content = NewUser, example = json!({ "email": "bertil@akesbageri.example", "name": "Bertil Ek", "role": "manager" })),
    responses((status = 201, description = "Invited.", body = CustomerUser),
        (status = 409, description = "The person is a user here already (`already_member`). Or the key was used for another request (`idempotency_key_reused`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")), ("x-idempotent" = json!(true)))
)]
pub async fn create(admin: CustomerAdmin, new: Body<NewUser>) -> Answer<Response> {
    fits(Some(new.value.role))?;
    // The customer exists, and lends its language.
    let customer = admin.open().await?.customers().get(admin.customer).await?;
    let mut act = admin.open_login().await?;
    if let Some(answer) = act.replayed(&new.hash).await? {
        return Ok(answer);
    }
    let new = new.value;
    let locale = new.locale.unwrap_or(customer.locale);
    let member = NewMember { email: new.email, name: new.name, role: new.role, locale: Some(locale) };
    let show = |made| CustomerUser { user: User::show(made), extension: None };
    invite(&admin.api, act, &admin.actor, &admin.grant, member, show).await
}

/// One person.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/users/{user}", operation_id = "users_get", tag = "Users",
    params(CustomerUserPath),
    responses((status = 200, description = "The person.", body = CustomerUser)),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn get(admin: CustomerAdmin, Url(path): Url<CustomerUserPath>) -> Answer<Json<CustomerUser>> {
    let mut act = admin.open().await?;
    let found = act.users().get(path.user).await?;
    Ok(Json(with_extension(&mut act, found).await?))
}

/// Change a person.
#[utoipa::path(
    patch, path = "/api/v1/tenants/{tenant}/customers/{customer}/users/{user}", operation_id = "users_change", tag = "Users",
    params(CustomerUserPath),
    request_body(content = UserChange, example = json!({ "role": "customer_admin" })),
    responses((status = 200, description = "The person as they are now.", body = CustomerUser),
        (status = 409, description = "Nobody takes their own rights away (`cannot_change_own_role`, `cannot_suspend_oneself`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn change(
    admin: CustomerAdmin,
    Url(path): Url<CustomerUserPath>,
    change: Body<UserChange>,
) -> Answer<Json<CustomerUser>> {
    let change = change.value;
    fits(change.role)?;
    let mut act = admin.open().await?;
    let before = act.users().get(path.user).await?;
    if change.status == Some(Status::Suspended) {
        not_oneself(&admin.actor, &before, "cannot_suspend_oneself")?;
    }
    if change.role.is_some_and(|role| role != before.role) {
        not_oneself(&admin.actor, &before, "cannot_change_own_role")?;
    }
    let change =
        voxera_store::UserChange { display_name: change.name, role: change.role, status: change.status };
    let after = act.users().update(path.user, change).await?;
    act.changed("user.update", path.user, &before, &after).await?;
    let rights_changed = (after.role, after.status) != (before.role, before.status);
    let account = after.account;
    let shown = with_extension(&mut act, after).await?;
    act.commit().await?;
    if rights_changed {
        admin.api.identity.account_changed(account);
    }
    Ok(Json(shown))
}

/// Remove a person.
#[utoipa::path(
    delete, path = "/api/v1/tenants/{tenant}/customers/{customer}/users/{user}", operation_id = "users_delete", tag = "Users",
    params(CustomerUserPath),
    responses((status = 204, description = "Removed; an extension of theirs stays, without a person."),
        (status = 409, description = "Nobody removes themselves (`cannot_remove_oneself`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn delete(admin: CustomerAdmin, Url(path): Url<CustomerUserPath>) -> Answer<StatusCode> {
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
    post, path = "/api/v1/tenants/{tenant}/customers/{customer}/users/{user}/resend-invitation", operation_id = "users_resend_invitation", tag = "Users",
    params(CustomerUserPath),
    responses((status = 204, description = "Sent."),
        (status = 409, description = "It was accepted already (`already_accepted`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn resend(admin: CustomerAdmin, Url(path): Url<CustomerUserPath>) -> Answer<StatusCode> {
    let identity = &admin.api.identity;
    identity.resend_invitation(&admin.actor.caller, &admin.grant, path.user).await.map_err(accepted)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Turn a person's two-step sign-in off, when app and recovery codes are lost. A mail tells them.
///
/// It guards wherever else the person is a user, so it takes a role that reaches there (403).
#[utoipa::path(
    delete, path = "/api/v1/tenants/{tenant}/customers/{customer}/users/{user}/totp", operation_id = "users_reset_totp", tag = "Users",
    params(CustomerUserPath),
    responses((status = 204, description = "Off; the password is enough."),
        (status = 409, description = "It is off already (`totp_off`), or it is one's own (`cannot_reset_own_totp`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn reset_totp(admin: CustomerAdmin, Url(path): Url<CustomerUserPath>) -> Answer<StatusCode> {
    let user = admin.open().await?.users().get(path.user).await?;
    // One's own takes the password.
    not_oneself(&admin.actor, &user, "cannot_reset_own_totp")?;
    let (caller, principal) = (&admin.actor.caller, &admin.actor.principal);
    admin.api.identity.reset_second_factor(caller, principal, &admin.grant, path.user).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl UserExtension {
    fn show(own: voxera_store::ExtensionOfUser) -> Self {
        Self { id: own.extension, pbx: own.pbx, number: own.number }
    }
}

async fn with_extension(act: &mut Act<TenantTx<'static>>, user: voxera_store::User) -> Answer<CustomerUser> {
    let own = act.extensions_of(&[user.id]).await?.remove(&user.id).map(UserExtension::show);
    Ok(CustomerUser { user: User::show(user), extension: own })
}

/// The roles of a company's people.
fn fits(role: Option<Role>) -> Answer<()> {
    match role {
        None | Some(Role::CustomerAdmin | Role::Manager | Role::User) => Ok(()),
        Some(Role::PlatformAdmin | Role::TenantAdmin) => Err(Constraint::RoleDoesNotFit.into()),
    }
}
