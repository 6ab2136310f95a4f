//! Browsers that are phones: what one says at the portal's `/sip` is carried to a node, and back, message
//! by message. Sound takes its own way, from the browser to the node.
//!
//! A browser names its PBX in the first thing that it says, which decides which node it is brought to.
//! Until the node has let it in, nothing but that question is carried: to a node every browser comes from
//! our address, and addresses are what lines are known by.

mod limits;
mod message;

use crate::nodes::{Door, Homes};
use futures::{SinkExt, StreamExt};
use limits::{Pace, Seats};
use message::without_tls;
pub use message::{Said, is_keep_alive};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use voxera_callcontrol::CallControl;

/// Messages that may wait, each way.
const WAITING: usize = 32;
/// Bytes of one message at most, either way.
const LARGEST: usize = 64 * 1024;
/// How long a node may take until a connection is there.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// How long either side may take to accept a message. A node that cannot write waits, and with it
/// everybody's calls.
const ACCEPT_WITHIN: Duration = Duration::from_secs(5);
/// How long a browser may take until it is let in.
const LET_IN_WITHIN: Duration = Duration::from_secs(30);
/// A browser that was not let in so often is sent away.
const TRIES: u32 = 10;
/// Nodes answer this by themselves.
const PING_EVERY: Duration = Duration::from_secs(20);
/// Nothing of a node for so long: the connection is gone.
const SILENT: Duration = Duration::from_mins(1);

/// One browser's connection. Dropping `to_node` closes it.
#[derive(Debug)]
pub struct BrowserWay {
    /// Takes one message of the browser each, whole; waits when it sends too many.
    pub to_node: Sender<Vec<u8>>,
    /// Messages for the browser, one each, and at the end how to take leave of it.
    pub from_node: Receiver<ToBrowser>,
}

/// What a browser is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToBrowser {
    Message(Vec<u8>),
    /// The last.
    Close(Leave),
}

/// Why a browser's connection ends, as the browser is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// The server is being stopped.
    Stopping,
    /// The node is gone, or wants no more of it: another takes it.
    NodeLost,
    /// No node can be reached.
    NoNode,
    /// There are too many browsers, or it does not read what it is sent.
    TooMuch,
    /// It says what nobody says who is a phone, or is not let in.
    Refused,
}

impl Leave {
    /// The code of the WebSocket, and a word beside it.
    #[must_use]
    pub const fn code(self) -> (u16, &'static str) {
        match self {
            Self::Stopping => (1001, "stopping"),
            Self::NodeLost => (1012, "node lost"),
            Self::NoNode => (1013, "no node"),
            Self::TooMuch => (1013, "too much"),
            Self::Refused => (1008, "refused"),
        }
    }
}

/// Brings browsers to nodes.
#[derive(Debug, Clone)]
pub struct Browsers {
    control: CallControl,
    homes: Arc<Homes>,
    seats: Arc<Seats>,
    stop: CancellationToken,
    jobs: TaskTracker,
}

impl Browsers {
    pub(crate) fn new(
        control: CallControl,
        homes: Arc<Homes>,
        stop: CancellationToken,
        jobs: TaskTracker,
    ) -> Self {
        Self { control, homes, seats: Arc::default(), stop, jobs }
    }

    /// Takes a browser that is at this address. `None`: no node takes any now.
    #[must_use]
    pub fn open(&self, browser: SocketAddr) -> Option<BrowserWay> {
        if self.stop.is_cancelled() || !self.control.nodes().take_browsers() {
            return None;
        }
        let (to_node, incoming) = channel(WAITING);
        let (out, from_node) = channel(WAITING);
        let own = self.clone();
        self.jobs.spawn(async move {
            let carried = own.serve(browser, incoming, &out);
            let leave = match own.stop.run_until_cancelled(carried).await {
                Some(Ok(())) => return,
                Some(Err(leave)) => leave,
                None => Leave::Stopping,
            };
            tracing::debug!(?leave, "a browser's connection ends");
            // One that does not read is cut off.
            drop(timeout(ACCEPT_WITHIN, out.send(ToBrowser::Close(leave))).await);
        });
        Some(BrowserWay { to_node, from_node })
    }

    /// Until the browser is gone (`Ok`), or is to go.
    async fn serve(
        &self,
        browser: SocketAddr,
        mut incoming: Receiver<Vec<u8>>,
        out: &Sender<ToBrowser>,
    ) -> Result<(), Leave> {
        let _seat = self.seats.take(browser.ip()).ok_or(Leave::TooMuch)?;
        let until = Instant::now() + LET_IN_WITHIN;
        let first = loop {
            match timeout_at(until, incoming.recv()).await {
                Err(_) => return Err(Leave::Refused),
                Ok(None) => return Ok(()),
                Ok(Some(bytes)) if is_keep_alive(&bytes) => answer_keep_alive(&bytes, out).await?,
                Ok(Some(bytes)) => break bytes,
            }
        };
        let realm = Said::of(&first).registers_in().ok_or(Leave::Refused)?;
        let view = self.control.directory().pbx(&realm).ok_or(Leave::Refused)?;
        let (door, node) = self.reach(&self.homes.ways(self.control.nodes(), view.snapshot.pbx)).await?;
        let ours = node.get_ref().local_addr().map_err(|_| Leave::NodeLost)?;
        self.homes.behind(ours, browser);
        metrics::gauge!("voxera_freeswitch_browsers").increment(1);
        let carried = carry(node, first, incoming, out, until);
        let end = door.lost.run_until_cancelled(carried).await.unwrap_or(Err(Leave::NodeLost));
        metrics::gauge!("voxera_freeswitch_browsers").decrement(1);
        self.homes.not_behind(ours);
        end
    }

    /// The first of these that can be reached.
    async fn reach(&self, ways: &[Door]) -> Result<(Door, WebSocketStream<TcpStream>), Leave> {
        for door in ways {
            match timeout(CONNECT_WITHIN, connect(door)).await {
                Ok(Ok(socket)) => return Ok((door.clone(), socket)),
                Ok(Err(error)) => {
                    tracing::warn!(host = door.host, port = door.port, %error, "a node takes no browser");
                }
                Err(_) => {
                    tracing::warn!(host = door.host, port = door.port, "a node takes no browser in time");
                }
            }
        }
        Err(Leave::NoNode)
    }
}

async fn connect(door: &Door) -> Result<WebSocketStream<TcpStream>, Error> {
    let stream = TcpStream::connect((door.host.as_str(), door.port)).await?;
    stream.set_nodelay(true)?;
    let host = if door.host.contains(':') { format!("[{}]", door.host) } else { door.host.clone() };
    let mut request = format!("ws://{host}:{}/", door.port).into_client_request()?;
    request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("sip"));
    let config = WebSocketConfig::default().max_message_size(Some(LARGEST)).max_frame_size(Some(LARGEST));
    Ok(client_async_with_config(request, stream, Some(config)).await?.0)
}

/// Two line ends ask whether we are there; one is an answer to ours.
async fn answer_keep_alive(bytes: &[u8], out: &Sender<ToBrowser>) -> Result<(), Leave> {
    if bytes.starts_with(b"\r\n\r\n") { tell(out, b"\r\n".to_vec()).await } else { Ok(()) }
}

/// Gives the browser a message.
async fn tell(out: &Sender<ToBrowser>, bytes: Vec<u8>) -> Result<(), Leave> {
    match timeout(ACCEPT_WITHIN, out.send(ToBrowser::Message(bytes))).await {
        // Nobody is there any more: the other direction ends.
        Ok(_) => Ok(()),
        Err(_) => Err(Leave::TooMuch),
    }
}

/// Both ways, until either side is gone. It has to be let in by `until`.
async fn carry(
    node: WebSocketStream<TcpStream>,
    first: Vec<u8>,
    mut incoming: Receiver<Vec<u8>>,
    out: &Sender<ToBrowser>,
    until: Instant,
) -> Result<(), Leave> {
    let (mut to_node, mut from_node) = node.split();
    let let_in = CancellationToken::new();
    let read = async {
        loop {
            match timeout(SILENT, from_node.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => {
                    if Said::of(text.as_bytes()).lets_in() {
                        let_in.cancel();
                    }
                    tell(out, text.as_bytes().to_vec()).await?;
                }
                Ok(Some(Ok(Message::Binary(bytes)))) => tell(out, bytes.to_vec()).await?,
                Ok(Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)))) => {}
                Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) | Err(_) => return Err(Leave::NodeLost),
            }
        }
    };
    let write = async {
        let mut pace = Pace::default();
        let mut beat = tokio::time::interval(PING_EVERY);
        let (mut next, mut tries) = (Some(first), 0);
        loop {
            let message = if let Some(bytes) = next.take() {
                if !let_in.is_cancelled() {
                    if Said::of(&bytes).registers_in().is_none() {
                        metrics::counter!("voxera_freeswitch_browser_messages_dropped_total").increment(1);
                        continue;
                    }
                    tries += 1;
                    if tries > TRIES {
                        return Err(Leave::Refused);
                    }
                }
                tokio::time::sleep_until(pace.next(Instant::now())).await;
                match String::from_utf8(without_tls(bytes)) {
                    Ok(text) => Message::Text(text.into()),
                    Err(bytes) => Message::Binary(bytes.into_bytes().into()),
                }
            } else {
                tokio::select! {
                    bytes = incoming.recv() => match bytes {
                        Some(bytes) if is_keep_alive(&bytes) => answer_keep_alive(&bytes, out).await?,
                        Some(bytes) => next = Some(bytes),
                        None => {
                            // The node takes its phone for gone as soon as it hears this.
                            drop(timeout(ACCEPT_WITHIN, to_node.close()).await);
                            return Ok(());
                        }
                    },
                    _ = beat.tick() => {
                        let ping = to_node.send(Message::Ping(Vec::new().into()));
                        if !matches!(timeout(ACCEPT_WITHIN, ping).await, Ok(Ok(()))) {
                            return Err(Leave::NodeLost);
                        }
                    }
                }
                continue;
            };
            if !matches!(timeout(ACCEPT_WITHIN, to_node.send(message)).await, Ok(Ok(()))) {
                return Err(Leave::NodeLost);
            }
        }
    };
    let late = async {
        tokio::select! {
            () = let_in.cancelled() => std::future::pending().await,
            () = tokio::time::sleep_until(until) => Err(Leave::Refused),
        }
    };
    tokio::select! {
        end = read => end,
        end = write => end,
        end = late => end,
    }
}
