//! What is mine, whoever I am.

pub mod avatar;
pub mod brand;
pub mod calls;
pub mod colleagues;
pub mod devices;
pub mod events;
pub mod extension;
pub mod greeting;
pub mod logins;
pub mod messages;
pub mod overview;
pub mod phone;
pub mod profile;
pub mod recordings;
pub mod security;
pub mod sessions;
pub mod totp;

use crate::api::Api;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(brand::show))
        .routes(routes!(brand::logo))
        .routes(routes!(profile::show, profile::change))
        .routes(routes!(profile::password))
        .merge(avatar::routes())
        .routes(routes!(security::show))
        .routes(routes!(totp::offer, totp::remove))
        .routes(routes!(totp::confirm))
        .routes(routes!(totp::recovery_codes))
        .routes(routes!(sessions::list, sessions::end_others))
        .routes(routes!(sessions::end))
        .routes(routes!(logins::list))
        .routes(routes!(extension::list))
        .routes(routes!(extension::change))
        .routes(routes!(devices::list, devices::create))
        .routes(routes!(devices::delete))
        .routes(routes!(greeting::sound, greeting::record, greeting::delete))
        .routes(routes!(phone::create, phone::delete))
        .routes(routes!(colleagues::list))
        .routes(routes!(colleagues::picture))
        .routes(routes!(events::follow))
        .routes(routes!(overview::show))
        .routes(routes!(calls::list))
        .routes(routes!(messages::list))
        .routes(routes!(messages::change, messages::delete))
        .routes(routes!(messages::audio))
        .routes(routes!(recordings::list))
        .routes(routes!(recordings::audio))
}
