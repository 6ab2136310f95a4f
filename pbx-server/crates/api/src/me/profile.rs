//! My account.

use crate::auth::session::{AccountShown, Membership};
use crate::input::{Body, Secret, input};
use crate::permit::Me;
use crate::problem::Answer;
use axum::Json;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use voxera_model::{Locale, Name};

/// My account.
#[derive(Debug, Serialize, ToSchema)]
pub struct Profile {
    #[serde(flatten)]
    pub account: AccountShown,
    /// Where I may act, as it is now.
    pub memberships: Vec<Membership>,
}

input! {
    /// What I change about myself.
    pub struct ProfileChange {
        /// My name in all my memberships.
        pub name: Option<Name>,
        pub locale: Option<Locale>,
    }
}

input! {
    /// A new password for myself.
    pub struct PasswordChange {
        #[schema(value_type = String, format = Password)]
        pub current_password: Secret,
        /// At least 12 characters, and none of the well-known ones.
        #[schema(value_type = String, format = Password, min_length = 12)]
        pub new_password: Secret,
    }
}

/// Who am I?
#[utoipa::path(
    get, path = "/api/v1/me", operation_id = "me", tag = "Me",
    responses((status = 200, description = "My account.", body = Profile)),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn show(me: Me) -> Answer<Json<Profile>> {
    read(&me).await
}

/// Change my name or language.
#[utoipa::path(
    patch, path = "/api/v1/me", operation_id = "me_change", tag = "Me",
    request_body = ProfileChange,
    responses((status = 200, description = "My account.", body = Profile)),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn change(me: Me, body: Body<ProfileChange>) -> Answer<Json<Profile>> {
    let change = voxera_identity::ProfileChange { name: body.value.name, locale: body.value.locale };
    me.api.identity.change_profile(&me.actor.caller, &me.actor.principal, change).await?;
    read(&me).await
}

/// Change my password. My other sign-ins end.
#[utoipa::path(
    post, path = "/api/v1/me/password", operation_id = "me_password", tag = "Me",
    request_body = PasswordChange,
    responses((status = 204, description = "Changed.")),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn password(me: Me, body: Body<PasswordChange>) -> Answer<StatusCode> {
    let (current, new) = (body.value.current_password, body.value.new_password);
    let (caller, principal) = (&me.actor.caller, &me.actor.principal);
    me.api.identity.change_password(caller, principal, current.expose(), new.expose()).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn read(me: &Me) -> Answer<Json<Profile>> {
    let (account, memberships) = me.api.identity.profile(&me.actor.principal).await?;
    let memberships = memberships.into_iter().map(Membership::show).collect();
    Ok(Json(Profile { account: AccountShown::show(account), memberships }))
}
