//! One company: its people, PBXs, extensions, phones, calls and numbers.

pub mod audio;
pub mod audit;
pub mod callbacks;
pub mod calls;
pub mod devices;
pub mod events;
pub mod extensions;
pub mod flows;
pub mod live;
mod live_asks;
pub mod messages;
pub mod numbers;
pub mod overview;
pub mod pbxs;
pub mod queues;
pub mod recordings;
pub mod registrations;
pub mod simulate;
pub(crate) mod targets;
pub mod trunks;
pub mod users;
mod uses;

use crate::api::Api;
use crate::input::DOCUMENT;
use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::get, users::change, users::delete))
        .routes(routes!(users::resend))
        .routes(routes!(users::reset_totp))
        .routes(routes!(pbxs::list, pbxs::create))
        .routes(routes!(pbxs::get, pbxs::change, pbxs::delete))
        .routes(routes!(extensions::list, extensions::create))
        .routes(routes!(extensions::get, extensions::change, extensions::delete))
        .merge(large())
        .routes(routes!(devices::list, devices::create))
        .routes(routes!(devices::delete))
        .routes(routes!(devices::rotate))
        .routes(routes!(registrations::list))
        .routes(routes!(calls::list))
        .routes(routes!(calls::get))
        .routes(routes!(queues::list))
        .routes(routes!(live::list))
        .routes(routes!(live::hangup))
        .routes(routes!(live_asks::transfer))
        .routes(routes!(live_asks::park))
        .routes(routes!(live_asks::listen))
        .routes(routes!(events::follow))
        .routes(routes!(audio::list, audio::upload))
        .routes(routes!(audio::get, audio::change, audio::delete))
        .routes(routes!(audio::content))
        .routes(routes!(audio::retry))
        .routes(routes!(messages::list))
        .routes(routes!(messages::change, messages::delete))
        .routes(routes!(messages::audio))
        .routes(routes!(recordings::list))
        .routes(routes!(recordings::delete))
        .routes(routes!(recordings::audio))
        .routes(routes!(trunks::list, trunks::create))
        .routes(routes!(trunks::get, trunks::change, trunks::delete))
        .routes(routes!(callbacks::list))
        .routes(routes!(callbacks::done))
        .routes(routes!(callbacks::reopen))
        .routes(routes!(numbers::list, numbers::create))
        .routes(routes!(numbers::get, numbers::change, numbers::delete))
        .routes(routes!(audit::list))
        .routes(routes!(overview::get))
}

/// Rules, menus and tables: their documents are larger than other bodies.
fn large() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(extensions::import::import))
        .routes(routes!(flows::list, flows::create))
        .routes(routes!(flows::get, flows::change, flows::delete))
        .routes(routes!(flows::draft, flows::save_draft))
        .routes(routes!(flows::check::flow))
        .routes(routes!(flows::check::pbx))
        .routes(routes!(flows::versions::publish))
        .routes(routes!(flows::versions::list))
        .routes(routes!(flows::versions::get))
        .routes(routes!(flows::versions::difference))
        .routes(routes!(flows::versions::rollback))
        .routes(routes!(flows::versions::duplicate))
        .routes(routes!(flows::templates::list))
        .routes(routes!(simulate::simulate))
        .routes(routes!(simulate::replay))
        .layer(DefaultBodyLimit::max(DOCUMENT + 1))
}
