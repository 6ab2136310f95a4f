//! What stands at the HTTP door: until the product behind it is ready, and when it closes.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use std::sync::{Arc, OnceLock};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// How soon a browser may ask again, in seconds.
const COME_BACK_AFTER: &str = "5";

/// Answers 503 until it is opened.
#[derive(Debug, Clone, Default)]
pub struct Gate {
    product: Arc<OnceLock<Router>>,
    closing: CancellationToken,
}

impl Gate {
    /// From now on the product answers. Once.
    pub fn open(&self, product: Router) {
        drop(self.product.set(product));
    }

    /// Ends the streams that would otherwise never end, so that the last requests can.
    pub fn close(&self) {
        self.closing.cancel();
    }

    /// The router to serve.
    pub fn router(&self) -> Router {
        let gate = self.clone();
        Router::new().fallback(move |request: Request| gate.clone().answer(request))
    }

    async fn answer(self, request: Request) -> Response<Body> {
        match self.product.get() {
            Some(product) => self.ending(product.clone().oneshot(request).await.into_response()),
            None => not_ready(),
        }
    }

    fn ending(&self, response: Response<Body>) -> Response<Body> {
        let kind = response.headers().get(header::CONTENT_TYPE);
        if kind.is_none_or(|kind| kind != "text/event-stream") {
            return response;
        }
        response.map(|body| {
            Body::from_stream(body.into_data_stream().take_until(self.closing.clone().cancelled_owned()))
        })
    }
}

fn not_ready() -> Response<Body> {
    let problem = serde_json::json!({
        "type": "about:blank",
        "title": "The database cannot be reached",
        "status": 503,
        "code": "database_unavailable",
        "detail": "Calls go on. Sign-in and the portal work again as soon as the database answers.",
    });
    let headers = [
        (header::CONTENT_TYPE, "application/problem+json"),
        (header::RETRY_AFTER, COME_BACK_AFTER),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (StatusCode::SERVICE_UNAVAILABLE, headers, problem.to_string()).into_response()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_door_says_come_back_until_it_opens() {
        let gate = Gate::default();
        let ask = || gate.router().oneshot(Request::get("/api/v1/me").body(Body::empty()).unwrap());
        let answer = ask().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()[header::RETRY_AFTER]),
            (503, &"5".parse().unwrap())
        );
        gate.open(Router::new().fallback(|| async { "product" }));
        assert_eq!(ask().await.unwrap().status().as_u16(), 200);
    }

    #[tokio::test]
    async fn a_stream_without_end_ends_when_the_door_closes() {
        let gate = Gate::default();
        let forever = || async {
            let events = futures::stream::pending::<Result<&str, std::convert::Infallible>>();
            ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(events))
        };
        gate.open(Router::new().fallback(forever));
        let answer = gate.router().oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
        gate.close();
        assert_eq!(answer.into_body().into_data_stream().count().await, 0);
    }
}
