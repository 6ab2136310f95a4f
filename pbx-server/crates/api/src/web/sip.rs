//! Browsers that are phones: `/sip` carries their messages to whatever engine runs, and back. Who
//! may do what is the engine's to say: it asks for the credential of `POST /me/phone`.

use crate::api::Api;
use crate::problem::{Answer, Problem};
use crate::web::headers::same_origin;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use futures::stream::BoxStream;
use futures::{SinkExt, StreamExt};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;
use voxera_identity::Caller;

/// Bytes of one message at most; the engine takes fewer, and says so.
const LARGEST: usize = 64 * 1024;
/// Browsers answer this by themselves.
const PING_EVERY: Duration = Duration::from_secs(20);
/// Nothing of a browser for so long: its network is gone.
const SILENT: Duration = Duration::from_mins(1);

/// One browser's connection, as an engine serves it.
pub struct BrowserLink {
    /// Messages of the browser, whole. Dropped: the browser is gone.
    pub to_engine: Sender<Vec<u8>>,
    /// Messages for the browser. Ended: the engine is done with it.
    pub from_engine: BoxStream<'static, FromEngine>,
    /// The engine wants it closed now.
    pub closed: CancellationToken,
}

/// What an engine has for a browser.
#[derive(Debug)]
pub enum FromEngine {
    /// A message, whole.
    Message(Vec<u8>),
    /// The last: the code with which the WebSocket is closed, and a word beside it.
    Close { code: u16, why: &'static str },
}

impl std::fmt::Debug for BrowserLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BrowserLink").field("to_engine", &self.to_engine).finish_non_exhaustive()
    }
}

pub(crate) async fn open(
    State(api): State<Api>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Answer<Response> {
    // Browsers let any page open a WebSocket to any server: the server has to look.
    same_origin(&api, &headers)?;
    let upgrade = upgrade.map_err(|_| no_websocket())?.protocols(["sip"]);
    if upgrade.selected_protocol().is_none() {
        return Err(no_websocket());
    }
    // Behind a proxy: the far end's address, with a port that no other connection has.
    let peer = SocketAddr::new(caller.address.unwrap_or_else(|| peer.ip()), peer.port());
    let link = api.browser_link(peer).ok_or_else(|| {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "engine_down",
            "The telephone engine does not run",
            "Try again in a moment.",
        )
    })?;
    Ok(upgrade
        .max_message_size(LARGEST)
        .max_frame_size(LARGEST)
        .on_upgrade(move |socket| carry(socket, link)))
}

fn no_websocket() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "websocket_required",
        "This address is for browsers that are phones",
        "Open a WebSocket with the subprotocol `sip`.",
    )
}

/// Copies messages both ways until either side is gone.
async fn carry(socket: WebSocket, link: BrowserLink) {
    let BrowserLink { to_engine, mut from_engine, closed } = link;
    let (mut out, mut incoming) = socket.split();
    let read = async {
        while let Ok(Some(Ok(message))) = tokio::time::timeout(SILENT, incoming.next()).await {
            let bytes = match message {
                Message::Text(text) => text.as_bytes().to_vec(),
                Message::Binary(bytes) => bytes.to_vec(),
                // Pings are answered below us.
                Message::Ping(_) | Message::Pong(_) => continue,
                Message::Close(_) => return,
            };
            if to_engine.send(bytes).await.is_err() {
                return;
            }
        }
    };
    let write = async {
        let mut beat = tokio::time::interval(PING_EVERY);
        let close = loop {
            let message = tokio::select! {
                said = from_engine.next() => match said {
                    Some(FromEngine::Message(bytes)) => match String::from_utf8(bytes) {
                        Ok(text) => Message::Text(text.into()),
                        Err(bytes) => Message::Binary(bytes.into_bytes().into()),
                    },
                    Some(FromEngine::Close { code, why }) => {
                        break Some(CloseFrame { code, reason: why.into() });
                    }
                    None => break None,
                },
                _ = beat.tick() => Message::Ping(Vec::new().into()),
            };
            if out.send(message).await.is_err() {
                return;
            }
        };
        // Whoever does not read it learns it from the socket.
        drop(out.send(Message::Close(close)).await);
    };
    tokio::select! {
        () = read => {}
        () = write => {}
        () = closed.cancelled() => {}
    }
}
