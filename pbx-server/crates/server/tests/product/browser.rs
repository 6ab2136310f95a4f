//! A browser that is a phone: `/sip` with the credential that the portal hands it (PBX-SC-002, PBX-US2.2).

use futures::{SinkExt, StreamExt};
use md5::{Digest, Md5};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use uuid::Uuid;
use voxera_testkit::product::{ADMIN, Client, Product, USER};

/// A browser's connection.
struct Browser {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// `REGISTER`s so far.
    sequence: u32,
    call: String,
}

async fn connect(product: &Product, origin: &str, subprotocol: Option<&str>) -> Result<Browser, u16> {
    let mut request = format!("ws://{}/sip", product.http_addr()).into_client_request().unwrap();
    request.headers_mut().insert("origin", origin.parse().unwrap());
    if let Some(subprotocol) = subprotocol {
        request.headers_mut().insert("sec-websocket-protocol", subprotocol.parse().unwrap());
    }
    match connect_async(request).await {
        Ok((socket, _)) => Ok(Browser { socket, sequence: 0, call: Uuid::new_v4().to_string() }),
        Err(Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

fn ours(product: &Product) -> String {
    format!("http://localhost:{}", product.http_addr().port())
}

fn hash(text: &str) -> String {
    hex::encode(Md5::digest(text))
}

impl Browser {
    async fn open(product: &Product) -> Self {
        connect(product, &ours(product), Some("sip")).await.unwrap_or_else(|status| panic!("{status}"))
    }

    /// Sends a REGISTER; the answer's status and text.
    async fn send(&mut self, phone: &Value, proof: &str) -> (u16, String) {
        self.sequence += 1;
        let (user, realm) = (phone["username"].as_str().unwrap(), phone["realm"].as_str().unwrap());
        let text = format!(
            "REGISTER sip:{realm} SIP/2.0\r\n\
             Via: SIP/2.0/WS browser.invalid;branch=z9hG4bK{branch}\r\n\
             Max-Forwards: 70\r\n\
             From: <sip:{user}@{realm}>;tag=1\r\n\
             To: <sip:{user}@{realm}>\r\n\
             Call-ID: {call}\r\n\
             CSeq: {sequence} REGISTER\r\n\
             Contact: <sip:me@browser.invalid;transport=ws>;expires=300\r\n\
             User-Agent: A browser\r\n\
             {proof}Content-Length: 0\r\n\r\n",
            branch = Uuid::new_v4().simple(),
            call = self.call,
            sequence = self.sequence,
        );
        self.socket.send(Message::Text(text.into())).await.unwrap();
        loop {
            if let Message::Text(text) = self.socket.next().await.unwrap().unwrap()
                && let Some(status) = text.strip_prefix("SIP/2.0 ")
            {
                return (status[..3].parse().unwrap(), text.to_string());
            }
        }
    }

    /// Registers as a browser does: with MD5, by the last challenge.
    async fn register(&mut self, phone: &Value, password: &str) -> u16 {
        let (status, challenge) = self.send(phone, "").await;
        if status != 401 {
            return status;
        }
        let last = challenge.lines().rfind(|line| line.starts_with("WWW-Authenticate: ")).unwrap();
        assert!(last.contains("algorithm=MD5"), "{challenge}");
        let nonce = last.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap();
        let (user, realm) = (phone["username"].as_str().unwrap(), phone["realm"].as_str().unwrap());
        let uri = format!("sip:{realm}");
        let secret = hash(&format!("{user}:{realm}:{password}"));
        let asked = hash(&format!("REGISTER:{uri}"));
        let response = hash(&format!("{secret}:{nonce}:00000001:0a4f113b:auth:{asked}"));
        let proof = format!(
            "Authorization: Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
             response=\"{response}\", algorithm=MD5, cnonce=\"0a4f113b\", qop=auth, nc=00000001\r\n"
        );
        self.send(phone, &proof).await.0
    }
}

/// My device that is a browser, as the portal shows it.
async fn shown(me: &Client) -> Value {
    let mine = me.get("/me/extension").await.ok();
    let devices = mine["items"][0]["devices"].as_array().unwrap().clone();
    devices.into_iter().find(|device| device["kind"] == "browser").unwrap_or(Value::Null)
}

#[tokio::test]
async fn a_signed_in_persons_browser_is_a_phone_and_is_none_when_they_have_signed_out() {
    let mut product = Product::start().await;
    let me = product.api(USER).await;
    let phone = me.post("/me/phone", &json!({})).await.ok();
    let password = phone["password"].as_str().unwrap().to_owned();
    let mut browser = Browser::open(&product).await;
    assert_eq!(browser.register(&phone, &password).await, 200);
    let device = shown(&me).await;
    assert_eq!((&device["online"], &device["user_agent"]), (&json!(true), &json!("A browser")));
    let admin = product.api(ADMIN).await;
    let company = product.company(&admin).await;
    let online = admin.get(&company.pbx("/registrations")).await.ok();
    let own =
        online["items"].as_array().unwrap().iter().find(|one| one["device"] == phone["device"]).unwrap();
    assert_eq!(own["transport"], "web_socket");

    // Somebody else's password, and one that was replaced.
    let mut other = Browser::open(&product).await;
    assert!(matches!(other.register(&phone, "not the password").await, 401 | 403));
    let renewed = me.post("/me/phone", &json!({})).await.ok();
    assert!(matches!(other.register(&phone, &password).await, 401 | 403));
    let password = renewed["password"].as_str().unwrap().to_owned();
    assert_eq!(browser.register(&renewed, &password).await, 200);

    // Signed out: nobody is called there, and the credential is worth nothing.
    let mut registrations = admin.events(&company.path("/events")).await;
    me.post("/auth/logout", &json!({})).await.ok();
    let gone =
        registrations.until("registration", |event| event["registration"]["device"] == phone["device"]).await;
    assert_eq!(gone["change"], "revoked");
    assert!(matches!(browser.register(&renewed, &password).await, 401 | 403));
    product.stop().await;
}

#[tokio::test]
async fn only_our_own_pages_open_the_way_for_phones() {
    let mut product = Product::start().await;
    assert_eq!(connect(&product, "https://evil.example", Some("sip")).await.err(), Some(403));
    assert_eq!(connect(&product, &ours(&product), None).await.err(), Some(400));
    assert_eq!(connect(&product, &ours(&product), Some("chat")).await.err(), Some(400));
    // What is no telephone's message does no harm.
    let mut browser = Browser::open(&product).await;
    browser.socket.send(Message::Text("\r\n\r\n".into())).await.unwrap();
    browser.socket.send(Message::Binary(vec![0; 1000].into())).await.unwrap();
    let me = product.api(USER).await;
    let phone = me.post("/me/phone", &json!({})).await.ok();
    let mut browser = Browser::open(&product).await;
    assert_eq!(browser.register(&phone, phone["password"].as_str().unwrap()).await, 200);
    // The end of a connection is the end of its registration, also without a word.
    drop(browser);
    let admin = product.api(ADMIN).await;
    let company = product.company(&admin).await;
    let there = async || {
        let online = admin.get(&company.pbx("/registrations")).await.ok();
        online["items"].as_array().unwrap().iter().any(|one| one["device"] == phone["device"])
    };
    while there().await {}
    product.stop().await;
}
