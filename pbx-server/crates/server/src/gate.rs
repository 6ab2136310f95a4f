//! What stands at the HTTP door: until the product behind it is ready, and when it closes.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use futures::StreamExt;
use std::sync::{Arc, OnceLock};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// How soon a browser may ask again, in seconds.
const COME_BACK: (HeaderName, &str) = (header::RETRY_AFTER, "5");
/// For people; comes back by itself.
const PAGE: &str = "<!doctype html><html lang=\"sv\"><meta charset=\"utf-8\">\
     <meta http-equiv=\"refresh\" content=\"5\"><title>Voxera</title>\
     <p>Databasen svarar inte. Samtalen fortsätter; portalen kommer tillbaka av sig själv.\
     <p lang=\"en\">The database does not answer. Calls go on; the portal comes back by itself.";

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
            None if wants_a_page(&request) => {
                (StatusCode::SERVICE_UNAVAILABLE, [COME_BACK], Html(PAGE)).into_response()
            }
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

fn wants_a_page(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html")) && !request.uri().path().starts_with("/api/")
}

fn not_ready() -> Response<Body> {
    let problem = serde_json::json!({
        "type": "about:blank",
        "title": "The database cannot be reached",
        "status": 503,
        "code": "database_unavailable",
        "detail": "Calls go on. Sign-in and the portal work again as soon as the database answers.",
    });
    let headers =
        [(header::CONTENT_TYPE, "application/problem+json"), COME_BACK, (header::CACHE_CONTROL, "no-store")];
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
        let page = Request::get("/").header("accept", "text/html,*/*").body(Body::empty()).unwrap();
        let page = gate.router().oneshot(page).await.unwrap();
        assert_eq!(
            (page.status().as_u16(), page.headers()["content-type"].to_str().unwrap()),
            (503, "text/html; charset=utf-8")
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
