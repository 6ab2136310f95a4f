//! The API as somebody's browser or program sees it.

use crate::PATIENCE;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use std::collections::VecDeque;

/// Somebody who asks. Keeps cookies.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    origin: String,
    token: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// The value of `Content-Type`.
    pub kind: String,
    pub text: String,
    asked: String,
}

impl Answer {
    /// What was asked for; null where the answer has no JSON.
    ///
    /// # Panics
    /// When it was refused.
    #[expect(clippy::must_use_candidate, reason = "that it went well is what many want to know")]
    pub fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{}: {} {}", self.asked, self.status, self.text);
        self.json()
    }

    /// The problem, of exactly this status.
    ///
    /// # Panics
    /// When the status is another.
    #[expect(clippy::must_use_candidate, reason = "that it was refused is what many want to know")]
    pub fn refused(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.text);
        self.json()
    }

    /// The body.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }
}

impl Client {
    pub(super) fn new(base: &str, origin: &str) -> Self {
        let http = match reqwest::Client::builder().cookie_store(true).no_proxy().build() {
            Ok(http) => http,
            Err(error) => panic!("no HTTP client: {error}"),
        };
        Self { http, base: base.to_owned(), origin: origin.to_owned(), token: None }
    }

    /// Signs in; from now on asks as this person.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn sign_in(&mut self, email: &str, password: &str) -> Value {
        let answer = self.post("/auth/login", &json!({ "email": email, "password": password })).await.ok();
        self.token = answer["access_token"].as_str().map(str::to_owned);
        answer
    }

    /// `path` is below `/api/v1`.
    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None, &[]).await
    }

    /// The same in a language: `sv` or `en`.
    pub async fn get_in(&self, language: &str, path: &str) -> Answer {
        self.ask(Method::GET, path, None, &[("accept-language", language)]).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask(Method::POST, path, Some(body), &[]).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.ask(Method::PATCH, path, Some(body), &[]).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.ask(Method::PUT, path, Some(body), &[]).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, None, &[]).await
    }

    /// With headers of one's own.
    ///
    /// # Panics
    /// When nobody answers.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let asked = format!("{method} {path}");
        let response = self.send(method, &format!("/api/v1{path}"), body, headers).await;
        read(asked, response).await
    }

    /// Sends a file as it is, below `/api/v1`.
    ///
    /// # Panics
    /// When nobody answers.
    pub async fn upload(&self, path: &str, file: Vec<u8>, kind: &str) -> Answer {
        let request = self.request(Method::POST, &format!("/api/v1{path}")).header("content-type", kind);
        read(format!("POST {path}"), request.body(file).send().await).await
    }

    /// Fetches a file below `/api/v1`.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn download(&self, path: &str) -> Vec<u8> {
        let response = self.request(Method::GET, &format!("/api/v1{path}")).send().await;
        let file = match response.and_then(Response::error_for_status) {
            Ok(response) => response.bytes().await,
            Err(error) => Err(error),
        };
        match file {
            Ok(file) => file.into(),
            Err(error) => panic!("GET {path}: {error}"),
        }
    }

    /// What is not below `/api/v1`: `/healthz`, a page of the portal.
    ///
    /// # Panics
    /// When nobody answers.
    pub async fn page(&self, path: &str) -> Answer {
        let response = self.send(Method::GET, path, None, &[]).await;
        read(format!("GET {path}"), response).await
    }

    /// Follows a stream of events below `/api/v1`.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn events(&self, path: &str) -> Events {
        let response = self.send(Method::GET, &format!("/api/v1{path}"), None, &[]).await;
        match response {
            Ok(response) if response.status().is_success() => {
                Events { response, read: String::new(), ready: VecDeque::new() }
            }
            Ok(response) => panic!("GET {path}: {}", response.status()),
            Err(error) => panic!("GET {path}: {error}"),
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> reqwest::Result<Response> {
        let mut request = self.request(method, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request =
            self.http.request(method, format!("{}{path}", self.base)).header("origin", &self.origin);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}

async fn read(asked: String, response: reqwest::Result<Response>) -> Answer {
    let response = match response {
        Ok(response) => response,
        Err(error) => panic!("{asked}: {error}"),
    };
    let status = response.status().as_u16();
    let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.to_owned();
    match response.text().await {
        Ok(text) => Answer { status, kind, text, asked },
        Err(error) => panic!("{asked}: {error}"),
    }
}

/// Server-sent events as they come.
#[derive(Debug)]
pub struct Events {
    response: Response,
    read: String,
    ready: VecDeque<(String, Value)>,
}

impl Events {
    /// The next event of this name whose data fits; others are passed over.
    ///
    /// # Panics
    /// When the stream ends before, or it does not come.
    pub async fn until(&mut self, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let Ok(event) = tokio::time::timeout(PATIENCE, self.next(name, fits)).await else {
            panic!("waited in vain for an event {name}");
        };
        event
    }

    async fn next(&mut self, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            while let Some((event, data)) = self.ready.pop_front() {
                if event == name && fits(&data) {
                    return data;
                }
            }
            match self.response.chunk().await {
                Ok(Some(bytes)) => self.take(&String::from_utf8_lossy(&bytes)),
                Ok(None) => panic!("the stream ended before an event {name}"),
                Err(error) => panic!("the stream broke before an event {name}: {error}"),
            }
        }
    }

    fn take(&mut self, text: &str) {
        self.read.push_str(text);
        while let Some((event, rest)) = self.read.split_once("\n\n") {
            let line = |prefix: &str| event.lines().find_map(|line| line.strip_prefix(prefix));
            let name = line("event: ").unwrap_or_default().to_owned();
            let data = line("data: ").and_then(|data| serde_json::from_str(data).ok()).unwrap_or(Value::Null);
            self.ready.push_back((name, data));
            self.read = rest.to_owned();
        }
    }
}
