//! What is mine, whoever I am.

pub mod brand;
pub mod calls;
pub mod extension;
pub mod messages;
pub mod profile;
pub mod recordings;

use crate::api::Api;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(brand::show))
        .routes(routes!(brand::logo))
        .routes(routes!(profile::show, profile::change))
        .routes(routes!(profile::password))
        .routes(routes!(extension::list))
        .routes(routes!(extension::change))
        .routes(routes!(calls::list))
        .routes(routes!(messages::list))
        .routes(routes!(messages::change, messages::delete))
        .routes(routes!(messages::audio))
        .routes(routes!(recordings::list))
        .routes(routes!(recordings::audio))
}
