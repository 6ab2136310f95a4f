//! A browser's connection, whoever is at its other end.

use crate::PATIENCE;
use futures::{SinkExt, StreamExt};
use std::net::SocketAddr;
use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver, channel, unbounded_channel};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

/// Messages both ways. Dropped: the connection breaks.
#[derive(Debug)]
pub struct Wire {
    send: Sender<Vec<u8>>,
    pub receive: UnboundedReceiver<Vec<u8>>,
    pub(super) goodbye: Option<Receiver<Goodbye>>,
}

/// How a connection ended: the code of the WebSocket, and the words beside it. `None`: it broke.
pub type Goodbye = Option<(u16, String)>;

impl Wire {
    /// Straight into an engine.
    #[must_use]
    pub const fn of(send: Sender<Vec<u8>>, receive: UnboundedReceiver<Vec<u8>>) -> Self {
        Self { send, receive, goodbye: None }
    }

    /// A WebSocket at `/sip` of a portal, as a page of `origin` opens it; else the status of the refusal.
    pub async fn open(portal: SocketAddr, origin: &str, subprotocol: Option<&str>) -> Result<Self, u16> {
        let mut request = format!("ws://{portal}/sip").into_client_request().unwrap();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        if let Some(subprotocol) = subprotocol {
            request.headers_mut().insert("sec-websocket-protocol", subprotocol.parse().unwrap());
        }
        let mut socket = match connect_async(request).await {
            Ok((socket, _)) => socket,
            Err(Error::Http(answer)) => return Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        };
        let (send, mut outgoing) = channel::<Vec<u8>>(32);
        let (incoming, receive) = unbounded_channel();
        let (tell, goodbye) = channel(1);
        tokio::spawn(async move {
            let goodbye = loop {
                tokio::select! {
                    bytes = outgoing.recv() => {
                        let Some(bytes) = bytes else { return };
                        let message = match String::from_utf8(bytes) {
                            Ok(text) => Message::Text(text.into()),
                            Err(bytes) => Message::Binary(bytes.into_bytes().into()),
                        };
                        if socket.send(message).await.is_err() {
                            break None;
                        }
                    }
                    came = socket.next() => match came {
                        Some(Ok(Message::Text(text))) => drop(incoming.send(text.as_bytes().to_vec())),
                        Some(Ok(Message::Close(Some(frame)))) => {
                            break Some((frame.code.into(), frame.reason.to_string()));
                        }
                        Some(Ok(Message::Close(None)) | Err(_)) | None => break None,
                        Some(Ok(_)) => {}
                    },
                }
            };
            drop(tell.send(goodbye).await);
        });
        Ok(Self { send, receive, goodbye: Some(goodbye) })
    }

    /// Sends one message.
    pub async fn send(&self, bytes: Vec<u8>) {
        self.send.send(bytes).await.unwrap();
    }

    /// The next text.
    pub async fn next(&mut self) -> String {
        let came = tokio::time::timeout(PATIENCE, self.receive.recv()).await;
        String::from_utf8(came.unwrap().unwrap()).unwrap()
    }

    /// Until the other end closes it.
    pub async fn closed(self) -> Goodbye {
        let mut goodbye = self.goodbye.unwrap();
        tokio::time::timeout(PATIENCE, goodbye.recv()).await.unwrap().unwrap()
    }
}
