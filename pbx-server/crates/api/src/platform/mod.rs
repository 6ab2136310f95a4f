//! This installation.

pub mod audit;
pub mod engines;
pub mod mails;
pub mod nodes;
pub mod overview;
pub mod status;
pub mod tenants;
pub mod users;

use crate::api::Api;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(tenants::list, tenants::create))
        .routes(routes!(tenants::get, tenants::change, tenants::delete))
        .routes(routes!(engines::get, engines::set))
        .routes(routes!(tenants::suspend))
        .routes(routes!(tenants::activate))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::delete))
        .routes(routes!(audit::list))
        .routes(routes!(mails::list))
        .routes(routes!(mails::get))
        .routes(routes!(nodes::list, nodes::create))
        .routes(routes!(nodes::get, nodes::change, nodes::delete))
        .routes(routes!(nodes::drain))
        .routes(routes!(nodes::undrain))
        .routes(routes!(status::get))
        .routes(routes!(overview::get))
}
