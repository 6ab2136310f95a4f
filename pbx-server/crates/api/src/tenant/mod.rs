//! One partner.

pub mod audit;
pub mod customers;
pub mod logo;
pub mod overview;
pub mod users;

use crate::api::Api;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(logo::put, logo::delete))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::get, users::change, users::delete))
        .routes(routes!(users::resend))
        .routes(routes!(customers::list, customers::create))
        .routes(routes!(customers::get, customers::change, customers::delete))
        .routes(routes!(customers::suspend))
        .routes(routes!(customers::activate))
        .routes(routes!(audit::list))
        .routes(routes!(overview::get))
}
