//! One company: its people, PBXs, extensions, phones, calls and numbers.

pub mod audit;
pub mod calls;
pub mod devices;
pub mod events;
pub mod extensions;
pub mod live;
pub mod numbers;
pub mod overview;
pub mod pbxs;
pub mod registrations;
pub mod users;

use crate::api::Api;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::get, users::change, users::delete))
        .routes(routes!(users::resend))
        .routes(routes!(pbxs::list, pbxs::create))
        .routes(routes!(pbxs::get, pbxs::change, pbxs::delete))
        .routes(routes!(extensions::list, extensions::create))
        .routes(routes!(extensions::get, extensions::change, extensions::delete))
        .routes(routes!(devices::list, devices::create))
        .routes(routes!(devices::delete))
        .routes(routes!(devices::rotate))
        .routes(routes!(registrations::list))
        .routes(routes!(calls::list))
        .routes(routes!(calls::get))
        .routes(routes!(live::list))
        .routes(routes!(live::hangup))
        .routes(routes!(events::follow))
        .routes(routes!(numbers::list, numbers::create))
        .routes(routes!(numbers::get, numbers::change, numbers::delete))
        .routes(routes!(audit::list))
        .routes(routes!(overview::get))
}
