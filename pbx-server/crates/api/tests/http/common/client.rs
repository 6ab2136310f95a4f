//! Requests through the router, as a browser or a program sends them.

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use serde_json::Value;
use std::net::SocketAddr;
use tower::ServiceExt as _;

/// Somebody who asks: with an access token, or without.
#[derive(Clone)]
pub struct Who {
    pub router: axum::Router,
    pub name: String,
    pub token: Option<String>,
    pub address: SocketAddr,
    /// What the browser's address bar says.
    pub host: String,
    pub headers: Vec<(&'static str, String)>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

/// A body of JSON.
pub fn json_body(value: &Value) -> (Body, Option<&'static str>) {
    (Body::from(value.to_string()), Some("application/json"))
}

impl Who {
    /// The same with one more header.
    pub fn with(&self, name: &'static str, value: impl Into<String>) -> Self {
        let mut who = self.clone();
        who.headers.push((name, value.into()));
        who
    }

    /// The same, asking from another address.
    pub fn from(&self, address: &str) -> Self {
        Self { address: SocketAddr::new(address.parse().unwrap(), 40_000), ..self.clone() }
    }

    pub async fn open(&self, method: &str, path: &str, body: (Body, Option<&str>)) -> Response {
        let mut request = Request::builder().method(method).uri(path).header("host", &self.host);
        if let Some(kind) = body.1 {
            request = request.header("content-type", kind);
        }
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let request = request.extension(ConnectInfo(self.address)).body(body.0).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub async fn send(&self, method: &str, path: &str, body: (Body, Option<&str>)) -> Reply {
        let (parts, body) = self.open(method, path, body).await.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Reply { status: parts.status, headers: parts.headers, text }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, (Body::empty(), None)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send("POST", path, json_body(&body)).await
    }

    /// A POST without a body.
    pub async fn act(&self, path: &str) -> Reply {
        self.send("POST", path, (Body::empty(), None)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send("PATCH", path, json_body(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, (Body::empty(), None)).await
    }
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON in {self:?}"))
    }

    /// The body of an answer that must have this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// A refusal with this status and code, in the form that every refusal has.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        let problem = self.expect(status);
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], format!("/docs#problem-{code}"));
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
        assert_eq!(problem["request_id"], self.header("x-request-id"), "{problem}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        problem
    }

    /// The fields of a refusal with their codes.
    #[track_caller]
    pub fn fields(&self, status: u16) -> Vec<(String, String)> {
        let problem = self.refused(status, "validation");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let errors = problem["errors"].as_array().unwrap();
        errors.iter().map(|error| (text(&error["field"]), text(&error["code"]))).collect()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The `items` of a list.
    #[track_caller]
    pub fn items(&self) -> Vec<Value> {
        let list = self.expect(200);
        assert!(list["total"].is_u64() || !list.as_object().unwrap().contains_key("total"));
        list["items"].as_array().unwrap().clone()
    }
}
