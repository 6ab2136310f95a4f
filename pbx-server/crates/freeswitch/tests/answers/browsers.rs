//! Browsers that are carried to nodes. A small WebSocket server plays the node's end.

use crate::node::{Played, joins, known};
use crate::world::World;
use futures::{SinkExt, StreamExt};
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};
use voxera_freeswitch::{BrowserWay, Leave, ToBrowser};

const REGISTER: &str = "REGISTER sip:acme.test SIP/2.0\r\nVia: SIP/2.0/WSS a.invalid;branch=z9hG4bK1\r\nCSeq: 1 REGISTER\r\n\r\n";
const INVITE: &str =
    "INVITE sip:1001@acme.test SIP/2.0\r\nVia: SIP/2.0/WSS a.invalid;branch=z9hG4bK2\r\n\r\n";
const LET_IN: &str = "SIP/2.0 200 OK\r\nCSeq: 1 REGISTER\r\n\r\n";

/// A company, a node that says where it takes browsers, and who listens there.
struct Scene {
    world: World,
    node: Played,
    door: TcpListener,
}

impl Scene {
    async fn open() -> Self {
        let (world, node) = (World::new().await, Played::start().await);
        let door = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = door.local_addr().unwrap().port();
        let status = format!("WS-BIND-URL     \tsip:mod_sofia@127.0.0.1:{port};transport=ws\n");
        node.answers("sofia status profile voxera", &status);
        joins(&world.control, &node).await;
        known(&world.control, &node, |live| live.browsers).await;
        Self { world, node, door }
    }

    fn browser(&self) -> BrowserWay {
        self.world.handle.browsers.open(SocketAddr::from(([192, 0, 2, 7], 50_000))).unwrap()
    }

    /// The next connection of the server, which speaks SIP.
    async fn taken(&self) -> WebSocketStream<TcpStream> {
        let (stream, _) = self.door.accept().await.unwrap();
        #[expect(clippy::result_large_err, reason = "the library's own type")]
        let speaks = |request: &Request, mut response: Response| {
            let protocol = request.headers()["sec-websocket-protocol"].clone();
            assert_eq!(protocol, "sip");
            response.headers_mut().insert("sec-websocket-protocol", protocol);
            Ok(response)
        };
        accept_hdr_async(stream, speaks).await.unwrap()
    }
}

async fn says(way: &BrowserWay, text: &str) {
    way.to_node.send(text.as_bytes().to_vec()).await.unwrap();
}

async fn told(way: &mut BrowserWay) -> ToBrowser {
    way.from_node.recv().await.unwrap()
}

async fn heard(socket: &mut WebSocketStream<TcpStream>) -> String {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Text(text) => return text.to_string(),
            Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_browser_is_carried_both_ways_once_the_node_has_let_it_in() {
    let scene = Scene::open().await;
    let mut browser = scene.browser();
    says(&browser, "\r\n\r\n").await;
    assert_eq!(told(&mut browser).await, ToBrowser::Message(b"\r\n".to_vec()));
    says(&browser, REGISTER).await;
    let mut node = scene.taken().await;
    assert_eq!(heard(&mut node).await, REGISTER.replace("WSS", "WS"), "TLS ends at the portal");
    // A call of nobody is not carried: what comes next is the next question to be let in.
    says(&browser, INVITE).await;
    says(&browser, REGISTER).await;
    assert!(heard(&mut node).await.starts_with("REGISTER"));
    node.send(Message::Text(LET_IN.into())).await.unwrap();
    assert_eq!(told(&mut browser).await, ToBrowser::Message(LET_IN.into()));
    says(&browser, INVITE).await;
    assert!(heard(&mut node).await.starts_with("INVITE"));
    // The page is closed: so is the connection.
    drop(browser);
    assert!(matches!(node.next().await, Some(Ok(Message::Close(_))) | None));
}

#[tokio::test]
async fn what_no_phone_says_and_a_domain_of_nobody_reach_no_node() {
    let scene = Scene::open().await;
    for text in [INVITE, "nonsense", "REGISTER sip:nobody.test SIP/2.0\r\n\r\n"] {
        let mut browser = scene.browser();
        says(&browser, text).await;
        assert_eq!(told(&mut browser).await, ToBrowser::Close(Leave::Refused), "{text}");
    }
}

#[tokio::test]
async fn whoever_is_never_let_in_is_sent_away() {
    let scene = Scene::open().await;
    let mut browser = scene.browser();
    says(&browser, REGISTER).await;
    let mut node = scene.taken().await;
    heard(&mut node).await;
    for _ in 0..9 {
        says(&browser, REGISTER).await;
        heard(&mut node).await;
    }
    says(&browser, REGISTER).await;
    assert_eq!(told(&mut browser).await, ToBrowser::Close(Leave::Refused));
}

#[tokio::test]
async fn a_node_that_says_too_much_or_breaks_off_or_is_given_up_sends_the_browser_elsewhere() {
    let scene = Scene::open().await;
    let mut ends = Vec::new();
    for end in 0..3 {
        let mut browser = scene.browser();
        says(&browser, REGISTER).await;
        let mut node = scene.taken().await;
        heard(&mut node).await;
        match end {
            0 => drop(node.send(Message::Text("x".repeat(64 * 1024 + 1).into())).await),
            1 => drop(node),
            _ => {
                scene.node.falls_silent();
                ends.push(told(&mut browser).await);
                break;
            }
        }
        ends.push(told(&mut browser).await);
    }
    assert_eq!(ends, vec![ToBrowser::Close(Leave::NodeLost); 3]);
    assert!(scene.world.handle.browsers.open(SocketAddr::from(([192, 0, 2, 7], 1))).is_none());
}

#[tokio::test]
async fn a_browser_that_does_not_read_holds_up_its_own_node_connection_only() {
    let scene = Scene::open().await;
    let (mut browser, mut other) = (scene.browser(), scene.browser());
    says(&browser, REGISTER).await;
    let mut node = scene.taken().await;
    heard(&mut node).await;
    says(&other, REGISTER).await;
    let mut second = scene.taken().await;
    heard(&mut second).await;
    // More than may wait; the browser is sent away once it has not read for long.
    for _ in 0..100 {
        node.send(Message::Text(LET_IN.into())).await.unwrap();
    }
    second.send(Message::Text(LET_IN.into())).await.unwrap();
    assert_eq!(told(&mut other).await, ToBrowser::Message(LET_IN.into()));
    browser.to_node.closed().await;
    let mut waited = 0;
    while let Some(said) = browser.from_node.recv().await {
        assert!(matches!(said, ToBrowser::Message(_) | ToBrowser::Close(Leave::TooMuch)));
        waited += 1;
    }
    assert!(waited <= 33, "bounded: {waited}");
}
