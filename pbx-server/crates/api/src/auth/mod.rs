//! Signing in, and how an account comes to be.

pub mod invitation;
pub mod password;
pub mod registration;
pub mod session;

use crate::api::Api;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(session::login))
        .routes(routes!(session::refresh))
        .routes(routes!(session::logout))
        .routes(routes!(registration::register))
        .routes(routes!(registration::verify))
        .routes(routes!(registration::resend))
        .routes(routes!(password::ask))
        .routes(routes!(password::confirm))
        .routes(routes!(invitation::show, invitation::accept))
}
