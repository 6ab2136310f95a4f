//! Browsers: SIP in the messages of a WebSocket (RFC 7118). The HTTP server has the socket, and
//! copies its messages both ways.

use crate::hub::{Hub, dropped};
use crate::net;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver, UnboundedSender, channel, unbounded_channel};
use tokio_util::sync::CancellationToken;
use voxera_callcontrol::Transport;

/// Messages of a browser that may wait to be read.
const WAITING: usize = 32;

/// One browser's connection. Dropping `to_engine` closes it: what was registered over it is offline,
/// and calls wait for the browser to come back by another.
#[derive(Debug)]
pub struct WebSocketLink {
    /// Takes one message (text or binary) of the browser each, whole; waits when it sends too many.
    pub to_engine: Sender<Vec<u8>>,
    /// Messages for the browser, one each; to be sent as text.
    pub from_engine: UnboundedReceiver<Vec<u8>>,
    /// The engine wants no more of it: it is to be closed. So it is at once when there are too many.
    pub closed: CancellationToken,
}

/// Serves a new connection until it is closed.
pub fn open(hub: &Arc<Hub>, peer: SocketAddr) -> WebSocketLink {
    let (to_engine, incoming) = channel(WAITING);
    let (out, from_engine) = unbounded_channel();
    let closed = CancellationToken::new();
    let link = WebSocketLink { to_engine, from_engine, closed: closed.clone() };
    let owned = Arc::clone(hub);
    hub.spawn(async move {
        let close = closed.clone().drop_guard();
        if net::is_full(&owned, peer.ip()) {
            return dropped("connections");
        }
        serve(owned, peer, incoming, out, closed).await;
        drop(close);
    });
    link
}

async fn serve(
    hub: Arc<Hub>,
    peer: SocketAddr,
    mut incoming: Receiver<Vec<u8>>,
    out: UnboundedSender<Vec<u8>>,
    closed: CancellationToken,
) {
    let Some((flow, mut outgoing)) = net::flow(Transport::WebSocket, peer, closed).await else { return };
    net::keep(&hub, &flow);
    let read = async {
        let idle = hub.config.limits.idle_connection;
        loop {
            match tokio::time::timeout(idle, incoming.recv()).await {
                Ok(Some(bytes)) if net::is_keep_alive(&bytes) => {
                    // One line end is an answer to ours.
                    if bytes.starts_with(b"\r\n\r\n") && out.send(b"\r\n".to_vec()).is_err() {
                        break;
                    }
                }
                Ok(Some(bytes)) => hub.receive(&bytes, &flow).await,
                Err(_) if hub.bindings.is_source(peer) => {}
                Ok(None) | Err(_) => break,
            }
        }
    };
    let write = async {
        while let Some(event) = outgoing.recv().await {
            if net::message(event).is_some_and(|bytes| out.send(bytes).is_err()) {
                break;
            }
        }
    };
    tokio::select! {
        () = read => {}
        () = write => {}
        () = flow.gone() => {}
    }
    flow.close();
    hub.closed(&flow);
}
