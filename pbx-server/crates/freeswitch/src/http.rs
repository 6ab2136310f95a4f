//! The listener that nodes ask: `POST /freeswitch/xml`, and tell of legs that are over: `POST
//! /freeswitch/cdr`.
//!
//! Whatever goes wrong with a question of a node, it gets a valid "not found" with HTTP 200: at any
//! other answer, and at none, `FreeSWITCH` looks into its own files. Who is no node gets 403.

use crate::calls::Calls;
use crate::cdr::Cdrs;
use crate::document::Document;
use crate::request::Request;
use crate::{configuration, directory};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request as HttpRequest, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use subtle::ConstantTimeEq;
use voxera_audio::Library;
use voxera_callcontrol::CallControl;
use zeroize::Zeroizing;

/// A question has some 10 KB, and grows with what a channel carries.
const LARGEST: usize = 256 * 1024;
/// A record has every variable of a leg, and how it went through its scripts.
const LARGEST_RECORD: usize = 4 * 1024 * 1024;

/// What answers are made of.
#[derive(Debug)]
pub(crate) struct Desk {
    pub control: CallControl,
    pub library: Option<Library>,
    pub calls: Calls,
    pub allowed: Vec<(IpAddr, u8)>,
    pub secret: Zeroizing<String>,
    pub cdrs: Cdrs,
}

pub(crate) fn router(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/freeswitch/xml", post(xml))
        .layer(DefaultBodyLimit::max(LARGEST))
        .route("/freeswitch/cdr", post(cdr).layer(DefaultBodyLimit::max(LARGEST_RECORD)))
        .layer(from_fn_with_state(Arc::clone(&desk), nodes_only))
        .with_state(desk)
}

/// Only nodes come in: from their networks, with the secret.
async fn nodes_only(
    State(desk): State<Arc<Desk>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    request: HttpRequest,
    next: Next,
) -> Response {
    let near = desk.allowed.iter().any(|network| holds(*network, from.ip()));
    if !near || !knows(request.headers(), &desk.secret) {
        metrics::counter!("voxera_freeswitch_refused_total").increment(1);
        tracing::warn!(from = %from.ip(), near, "somebody who is no node asked");
        return StatusCode::FORBIDDEN.into_response();
    }
    next.run(request).await
}

/// Whether an address is in a network.
fn holds((network, bits): (IpAddr, u8), address: IpAddr) -> bool {
    let same = |a: u128, b: u128, width: u32| {
        let rest = width.saturating_sub(u32::from(bits));
        rest >= width || a >> rest == b >> rest
    };
    match (network, address.to_canonical()) {
        (IpAddr::V4(a), IpAddr::V4(b)) => same(a.to_bits().into(), b.to_bits().into(), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => same(a.to_bits(), b.to_bits(), 128),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

/// Whether the password of `Authorization: Basic` is the secret; the time it takes does not tell.
fn knows(headers: &HeaderMap, secret: &str) -> bool {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let sent =
        sent.and_then(|value| value.strip_prefix("Basic ")).and_then(|text| STANDARD.decode(text).ok());
    let Some(sent) = sent else { return false };
    let password = sent.iter().position(|byte| *byte == b':').map_or(&[][..], |at| &sent[at + 1..]);
    !secret.is_empty() && bool::from(password.ct_eq(secret.as_bytes()))
}

/// The record of a leg, from `mod_json_cdr`.
async fn cdr(State(desk): State<Arc<Desk>>, body: Bytes) -> StatusCode {
    desk.cdrs.take(&body);
    // Also for what cannot be read: the same would be sent again and again.
    StatusCode::OK
}

async fn xml(State(desk): State<Arc<Desk>>, body: Bytes) -> Response {
    let document = desk.answer(&body).await;
    ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], document.into_string()).into_response()
}

impl Desk {
    /// The answer to one question.
    pub async fn answer(&self, body: &[u8]) -> Document {
        let request = match Request::parse(body) {
            Ok(request) => request,
            Err(error) => {
                metrics::counter!("voxera_freeswitch_unreadable_total").increment(1);
                tracing::warn!(%error, "a question of a node cannot be read");
                return Document::not_found();
            }
        };
        match request {
            Request::Dialplan(asked) => self.calls.hunt(&asked).await,
            Request::Directory(asked) => {
                directory::answer(&self.calls, &self.control, self.library.as_ref(), &asked).await
            }
            Request::Configuration(asked) => {
                configuration::answer(&self.control, self.library.as_ref(), &asked)
            }
            Request::Other { section } => {
                tracing::debug!(section, "a node asks for what is not ours");
                Document::not_found()
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_own_addresses() {
        let net = |text: &str, bits| (text.parse::<IpAddr>().unwrap(), bits);
        let at = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(holds(net("10.20.0.0", 16), at("10.20.255.1")));
        assert!(!holds(net("10.20.0.0", 16), at("10.21.0.1")));
        assert!(holds(net("127.0.0.1", 32), at("127.0.0.1")));
        assert!(holds(net("127.0.0.1", 32), at("::ffff:127.0.0.1")), "an old address in new clothes");
        assert!(!holds(net("127.0.0.1", 32), at("127.0.0.2")));
        assert!(holds(net("0.0.0.0", 0), at("192.0.2.1")));
        assert!(holds(net("::1", 128), at("::1")) && !holds(net("::1", 128), at("127.0.0.1")));
    }

    #[test]
    fn only_the_whole_secret_opens() {
        let sent = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, text.parse().unwrap());
            knows(&headers, "s3cret")
        };
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        assert!(sent(&basic("voxera:s3cret")) && sent(&basic(":s3cret")));
        for bad in ["voxera:s3cre", "voxera:s3crett", "s3cret", "s3cret:", ":", ""] {
            assert!(!sent(&basic(bad)), "{bad}");
        }
        assert!(!sent("Bearer s3cret") && !sent("Basic ???") && !knows(&HeaderMap::new(), "s3cret"));
        let mut none = HeaderMap::new();
        none.insert(header::AUTHORIZATION, basic("voxera:").parse().unwrap());
        assert!(!knows(&none, ""), "no secret opens nothing");
    }
}
