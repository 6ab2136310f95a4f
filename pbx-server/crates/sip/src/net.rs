//! Sockets: UDP and TCP on one port, each message handed to the hub whole.

use crate::flow::{self, Flow};
use crate::hub::{Hub, dropped, lock};
use crate::wire;
use bytes::{Buf, BytesMut};
use rsipstack::transport::channel::ChannelConnection;
use rsipstack::transport::{SipAddr, TransportEvent};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;
use voxera_callcontrol::Transport;

/// Bytes of datagrams that may wait; the default loses them at a few hundred calls a second.
const RECEIVE_BUFFER: usize = 8 << 20;
/// A peer that does not read for this long is let go.
const WRITE_PATIENCE: Duration = Duration::from_secs(10);
/// How often both sockets are tried to get one port.
const PORT_TRIES: usize = 64;

/// Both sockets, on the same port.
pub async fn bind(address: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
    let mut tried = 0;
    loop {
        let udp = bind_udp(address)?;
        match TcpListener::bind(udp.local_addr()?).await {
            Ok(tcp) => return Ok((udp, tcp)),
            // Port 0: the one that UDP got is taken for TCP by somebody else.
            Err(error) if address.port() == 0 && tried < PORT_TRIES => {
                tried += 1;
                tracing::debug!(%error, "another port");
            }
            Err(error) => return Err(error),
        }
    }
}

fn bind_udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}

/// Reads datagrams until the engine stops.
pub async fn serve_udp(hub: Arc<Hub>) {
    let mut buffer = vec![0; 65_536];
    loop {
        match hub.socket.recv_from(&mut buffer).await {
            Ok((length, peer)) => {
                let bytes = &buffer[..length];
                if is_keep_alive(bytes) {
                    // Two line ends ask whether we are there, and one says so (RFC 5626). Only
                    // phones that are registered get that, so that nobody is sent what they did
                    // not ask for.
                    if bytes == b"\r\n\r\n" && hub.bindings.is_source(peer) {
                        let _ = hub.socket.send_to(b"\r\n", peer).await;
                    }
                } else {
                    hub.receive(bytes, &hub.udp_to(peer)).await;
                }
            }
            // An ICMP error of an earlier packet.
            Err(error) => tracing::debug!(%error, "a datagram was not read"),
        }
    }
}

/// Takes connections until the engine stops.
pub async fn serve_tcp(hub: Arc<Hub>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                if is_full(&hub, peer.ip()) {
                    dropped("connections");
                    continue;
                }
                let hub = Arc::clone(&hub);
                hub.clone().spawn(connection(hub, stream, peer));
            }
            Err(error) => {
                // Out of descriptors: trying again at once would only burn time.
                tracing::warn!(%error, "a connection was not taken");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Whether nobody more from there is let in.
pub fn is_full(hub: &Hub, ip: IpAddr) -> bool {
    let limits = hub.config.limits;
    let streams = lock(&hub.streams);
    let of_source = || streams.keys().filter(|(_, peer)| peer.ip() == ip).count();
    streams.len() >= limits.connections || of_source() >= limits.connections_per_source
}

/// Lets requests find the way that they came by. Whoever had it before is gone.
pub fn keep(hub: &Hub, flow: &Flow) {
    let before = lock(&hub.streams).insert((flow.transport, flow.peer), flow.clone());
    if let Some(before) = before {
        before.close();
    }
}

/// Opens a connection to a line and serves it until it is closed.
pub async fn connect(hub: &Arc<Hub>, peer: SocketAddr) -> io::Result<Flow> {
    // A server that does not take it within the time that a request may last is not there.
    let stream = tokio::time::timeout(hub.config.timers.t1 * 8, TcpStream::connect(peer)).await??;
    let opened = flow(Transport::Tcp, peer, CancellationToken::new()).await;
    let (flow, outgoing) = opened.ok_or(io::ErrorKind::NotConnected)?;
    keep(hub, &flow);
    hub.spawn(serve(Arc::clone(hub), stream, flow.clone(), outgoing));
    Ok(flow)
}

async fn connection(hub: Arc<Hub>, stream: TcpStream, peer: SocketAddr) {
    let Some((flow, outgoing)) = flow(Transport::Tcp, peer, CancellationToken::new()).await else { return };
    keep(&hub, &flow);
    serve(hub, stream, flow, outgoing).await;
}

/// The way of a connection, and what is to be written to it.
pub async fn flow(
    transport: Transport,
    peer: SocketAddr,
    closed: CancellationToken,
) -> Option<(Flow, UnboundedReceiver<TransportEvent>)> {
    let (_never, incoming) = unbounded_channel();
    let (out, outgoing) = unbounded_channel();
    let address = SipAddr::new(flow::kind(transport), peer.into());
    let channel = ChannelConnection::create_connection(incoming, out, address, None).await.ok()?;
    Some((Flow::new(transport, peer, channel.into(), closed), outgoing))
}

/// What is to be written of what the library sends.
pub fn message(event: TransportEvent) -> Option<Vec<u8>> {
    match event {
        TransportEvent::Incoming(message, _, _) => Some(message.to_bytes()),
        TransportEvent::New(_) | TransportEvent::Closed(_) => None,
    }
}

async fn serve(hub: Arc<Hub>, stream: TcpStream, flow: Flow, outgoing: UnboundedReceiver<TransportEvent>) {
    let peer = flow.peer;
    // Small messages must not wait for more.
    let _ = stream.set_nodelay(true);
    let (mut reader, mut writer) = stream.into_split();
    let (pong, pongs) = unbounded_channel();
    let read = async {
        let mut buffer = BytesMut::with_capacity(4096);
        let idle = hub.config.limits.idle_connection;
        loop {
            match tokio::time::timeout(idle, reader.read_buf(&mut buffer)).await {
                Ok(Ok(0) | Err(_)) => break,
                Ok(Ok(_)) => {}
                Err(_) if hub.bindings.is_source(peer) || hub.lines.is_source(peer) => continue,
                Err(_) => break,
            }
            while let Some(frame) = next(&mut buffer, hub.config.limits.message) {
                match frame {
                    Frame::Message(bytes) => hub.receive(&bytes, &flow).await,
                    Frame::Ping => drop(pong.send(())),
                    Frame::Unreadable => return,
                }
            }
        }
    };
    tokio::select! {
        () = read => {}
        () = write(&mut writer, outgoing, pongs) => {}
        () = flow.gone() => {}
    }
    flow.close();
    hub.closed(&flow);
}

async fn write(
    writer: &mut (impl AsyncWriteExt + Unpin),
    mut messages: UnboundedReceiver<TransportEvent>,
    mut pongs: UnboundedReceiver<()>,
) {
    loop {
        let bytes = tokio::select! {
            Some(event) = messages.recv() => match message(event) {
                Some(bytes) => bytes,
                None => continue,
            },
            Some(()) = pongs.recv() => b"\r\n".to_vec(),
            else => return,
        };
        match tokio::time::timeout(WRITE_PATIENCE, writer.write_all(&bytes)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return,
        }
    }
}

/// What stands next in a stream.
#[derive(Debug, PartialEq, Eq)]
enum Frame {
    Message(Vec<u8>),
    Ping,
    /// Nobody knows where the next message would begin.
    Unreadable,
}

/// Takes the next frame out; `None`: more bytes are needed.
fn next(buffer: &mut BytesMut, most: usize) -> Option<Frame> {
    loop {
        match &buffer[..] {
            [b'\r', b'\n', b'\r', b'\n', ..] => {
                buffer.advance(4);
                return Some(Frame::Ping);
            }
            // One line end is an answer to ours, or the first half of a ping.
            [b'\r', b'\n', other, ..] if *other != b'\r' => buffer.advance(2),
            [b'\r', b'\n', b'\r', other, ..] if *other != b'\n' => return Some(Frame::Unreadable),
            [] | [b'\r'] | [b'\r', b'\n'] | [b'\r', b'\n', b'\r'] => return None,
            _ => break,
        }
    }
    let Some(end) = wire::header_end(buffer) else {
        return (buffer.len() > most).then_some(Frame::Unreadable);
    };
    let length = content_length(&buffer[..end]).filter(|length| end + 4 + length <= most);
    let Some(length) = length else { return Some(Frame::Unreadable) };
    let whole = end + 4 + length;
    (buffer.len() >= whole).then(|| Frame::Message(buffer.split_to(whole).to_vec()))
}

/// RFC 3261, section 20.14: a stream cannot be read without it.
fn content_length(head: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(head).ok()?;
    let mut lengths = text.split("\r\n").skip(1).filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        let name = name.trim();
        (name.eq_ignore_ascii_case("Content-Length") || name.eq_ignore_ascii_case("l")).then_some(value)
    });
    let length = lengths.next()?;
    // Two lengths are how one message is smuggled into another.
    if lengths.next().is_some() || !length.trim().bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    length.trim().parse().ok()
}

/// Whether this is no message but a sign of life.
pub fn is_keep_alive(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| matches!(b, b'\r' | b'\n' | 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MOST: usize = 1000;

    fn all(buffer: &mut BytesMut) -> Vec<Frame> {
        std::iter::from_fn(|| next(buffer, MOST)).take(50).collect()
    }

    proptest! {
        #[test]
        fn a_stream_is_the_same_however_it_is_cut(
            bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 1..5),
            pings in prop::collection::vec(prop::bool::ANY, 5),
            cuts in prop::collection::vec(1..40_usize, 1..60),
        ) {
            let mut stream = Vec::new();
            let mut expected = Vec::new();
            for (body, ping) in bodies.iter().zip(pings) {
                if ping {
                    stream.extend(b"\r\n\r\n");
                    expected.push(Frame::Ping);
                }
                let mut message = format!("X\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
                message.extend(body);
                stream.extend(&message);
                expected.push(Frame::Message(message));
            }
            let mut whole = BytesMut::from(&stream[..]);
            prop_assert_eq!(&all(&mut whole), &expected);
            let (mut buffer, mut found, mut rest) = (BytesMut::new(), Vec::new(), &stream[..]);
            for cut in cuts.into_iter().chain([usize::MAX]) {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                rest = after;
                buffer.extend_from_slice(piece);
                found.extend(all(&mut buffer));
            }
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn any_bytes_are_framed_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            let mut buffer = BytesMut::from(&bytes[..]);
            for frame in all(&mut buffer) {
                if let Frame::Message(message) = frame {
                    prop_assert!(message.len() <= MOST);
                }
            }
        }
    }
}
