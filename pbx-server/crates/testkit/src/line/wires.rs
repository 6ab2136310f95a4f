//! Sockets of a line: UDP or TCP, messages whole.

use super::message::Message;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

/// Somebody who can be answered.
#[derive(Debug, Clone)]
pub struct Peer {
    pub address: SocketAddr,
    way: Way,
}

#[derive(Debug, Clone)]
enum Way {
    Udp(Arc<UdpSocket>),
    Tcp(UnboundedSender<String>),
}

impl Peer {
    /// Sends a message; to one that is gone it is lost, as in life.
    pub async fn send(&self, text: &str) {
        match &self.way {
            Way::Udp(socket) => drop(socket.send_to(text.as_bytes(), self.address).await),
            Way::Tcp(out) => drop(out.send(text.to_owned())),
        }
    }

    /// As in a Via.
    pub const fn via(&self) -> &'static str {
        match self.way {
            Way::Udp(_) => "UDP",
            Way::Tcp(_) => "TCP",
        }
    }
}

type Heard = UnboundedSender<(Message, Peer)>;

/// All sockets.
#[derive(Debug)]
pub struct Wires {
    udp: Option<Arc<UdpSocket>>,
    heard: Heard,
    open: Mutex<HashMap<SocketAddr, Peer>>,
    jobs: Mutex<Vec<JoinHandle<()>>>,
}

impl Wires {
    pub async fn open(
        at: SocketAddr,
        tcp: bool,
    ) -> (Arc<Self>, SocketAddr, UnboundedReceiver<(Message, Peer)>) {
        let (heard, messages) = unbounded_channel();
        let (udp, listener, address) = if tcp {
            let listener = TcpListener::bind(at).await.unwrap_or_else(|e| panic!("no port for a line: {e}"));
            let address = listener.local_addr().unwrap_or(at);
            (None, Some(listener), address)
        } else {
            let socket = UdpSocket::bind(at).await.unwrap_or_else(|e| panic!("no port for a line: {e}"));
            let address = socket.local_addr().unwrap_or(at);
            (Some(Arc::new(socket)), None, address)
        };
        let wires = Arc::new(Self { udp, heard, open: Mutex::default(), jobs: Mutex::default() });
        let job = match (wires.udp.clone(), listener) {
            (Some(socket), _) => tokio::spawn(datagrams(socket, wires.heard.clone())),
            (None, Some(listener)) => tokio::spawn(connections(Arc::clone(&wires), listener)),
            (None, None) => tokio::spawn(async {}),
        };
        wires.keep(job);
        (wires, address, messages)
    }

    /// The way to a server: over a connection that is open, or a new one.
    pub async fn to(self: &Arc<Self>, server: SocketAddr) -> Peer {
        if let Some(socket) = &self.udp {
            return Peer { address: server, way: Way::Udp(Arc::clone(socket)) };
        }
        let open = self.lock().get(&server).cloned();
        if let Some(peer) = open {
            return peer;
        }
        let stream = TcpStream::connect(server).await;
        self.serve(stream.unwrap_or_else(|e| panic!("no connection to {server}: {e}")), server)
    }

    /// Closes the connections, and takes new ones.
    pub fn cut(&self) {
        self.lock().clear();
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        for job in jobs.drain(1..) {
            job.abort();
        }
    }

    pub fn close(&self) {
        for job in self.jobs.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            job.abort();
        }
    }

    fn serve(self: &Arc<Self>, stream: TcpStream, address: SocketAddr) -> Peer {
        let (reader, mut writer) = stream.into_split();
        let (out, mut texts) = unbounded_channel::<String>();
        let peer = Peer { address, way: Way::Tcp(out) };
        self.lock().insert(address, peer.clone());
        let (heard, own) = (self.heard.clone(), peer.clone());
        self.keep(tokio::spawn(async move {
            tokio::select! {
                () = frames(reader, &heard, &own) => {}
                () = async {
                    while let Some(text) = texts.recv().await {
                        if writer.write_all(text.as_bytes()).await.is_err() {
                            return;
                        }
                    }
                } => {}
            }
        }));
        peer
    }

    fn keep(&self, job: JoinHandle<()>) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).push(job);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SocketAddr, Peer>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn datagrams(socket: Arc<UdpSocket>, heard: Heard) {
    let mut bytes = vec![0; 65_536];
    loop {
        let Ok((length, address)) = socket.recv_from(&mut bytes).await else { continue };
        let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
        if !text.trim().is_empty() {
            let peer = Peer { address, way: Way::Udp(Arc::clone(&socket)) };
            if heard.send((Message(text), peer)).is_err() {
                return;
            }
        }
    }
}

async fn connections(wires: Arc<Wires>, listener: TcpListener) {
    while let Ok((stream, peer)) = listener.accept().await {
        wires.serve(stream, peer);
    }
}

async fn frames(mut reader: OwnedReadHalf, heard: &Heard, peer: &Peer) {
    let mut buffer = Vec::new();
    loop {
        while buffer.starts_with(b"\r\n") {
            buffer.drain(..2);
        }
        let head = buffer.windows(4).position(|four| four == b"\r\n\r\n");
        let whole = head.map(|end| {
            let text = String::from_utf8_lossy(&buffer[..end]).into_owned();
            let length = Message(text).field("Content-Length").parse::<usize>().unwrap_or(0);
            end + 4 + length
        });
        if let Some(whole) = whole.filter(|whole| buffer.len() >= *whole) {
            let text = String::from_utf8_lossy(&buffer[..whole]).into_owned();
            buffer.drain(..whole);
            if heard.send((Message(text), peer.clone())).is_err() {
                return;
            }
        } else if !matches!(reader.read_buf(&mut buffer).await, Ok(read) if read > 0) {
            return;
        }
    }
}
