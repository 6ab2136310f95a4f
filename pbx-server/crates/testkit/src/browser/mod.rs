//! A browser as the portal makes one: it registers over a WebSocket with MD5, as SIP.js does, and
//! speaks Opus through ICE and DTLS.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "what fails here fails the test"
)]

mod sound;
mod wire;

pub use sound::{Change, Sound};
pub use wire::{Goodbye, Wire};

use crate::PATIENCE;
use md5::{Digest, Md5};
use std::collections::VecDeque;
use std::time::Instant;
use uuid::Uuid;

const SDP: &str = "Content-Type: application/sdp\r\n";

/// A message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message(pub String);

impl Message {
    /// The status of an answer; 0: a request.
    pub fn code(&self) -> u16 {
        self.0.strip_prefix("SIP/2.0 ").map_or(0, |rest| rest[..3].parse().unwrap())
    }

    pub fn method(&self) -> &str {
        self.0.split(' ').next().unwrap_or_default()
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        let head = self.0.split("\r\n\r\n").next().unwrap_or_default();
        let fields = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        fields.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    pub fn field(&self, name: &str) -> &str {
        self.all(name).first().copied().unwrap_or_default()
    }

    pub fn body(&self) -> &str {
        self.0.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }

    fn contact(&self) -> String {
        self.field("Contact").split(['<', '>']).nth(1).unwrap().to_owned()
    }
}

/// A registered browser.
pub struct Browser {
    link: Option<Wire>,
    user: String,
    password: String,
    realm: String,
    host: String,
    tone: u32,
    /// Whether calls are to be proven too, over the connection that is registered.
    proves_calls: bool,
    seen: Vec<Message>,
    kept: VecDeque<Message>,
}

/// One side of a call, with its sound.
pub struct Call {
    pub sound: Sound,
    id: String,
    local: String,
    remote: String,
    target: String,
    sequence: u32,
    invite: String,
    /// When the INVITE went out, with its proof, and what came of it.
    pub dialled: Instant,
    pub rang: Option<Instant>,
    pub answered: Option<Instant>,
}

fn word() -> String {
    Uuid::new_v4().simple().to_string()
}

fn hash(text: &str) -> String {
    hex::encode(Md5::digest(text))
}

/// What the portal hands a browser.
#[derive(Debug, Clone)]
pub struct Credential {
    pub user: String,
    pub password: String,
    pub realm: String,
}

impl Browser {
    /// A page that was loaded, and is not connected; it plays a tone of so many hertz in calls.
    #[must_use]
    pub fn new(credential: Credential, tone: u32) -> Self {
        let Credential { user, password, realm } = credential;
        let host = format!("{}.invalid", &word()[..12]);
        let (seen, kept) = (Vec::new(), VecDeque::new());
        Self { link: None, user, password, realm, host, tone, proves_calls: false, seen, kept }
    }

    /// It calls through a node of `FreeSWITCH`, which wants each call proven.
    #[must_use]
    pub fn at_a_node(mut self) -> Self {
        self.proves_calls = true;
        self
    }

    /// Its connection breaks.
    pub fn cut(&mut self) {
        self.link = None;
    }

    /// Its network is gone, and nobody has noticed yet.
    pub fn leave(&mut self) -> Option<Wire> {
        self.link.take()
    }

    /// It connects, and registers.
    pub async fn join(&mut self, wire: Wire) {
        let status = self.register(wire).await;
        assert_eq!(status, 200);
    }

    /// Connects and asks to be registered; how that is answered.
    pub async fn register(&mut self, wire: Wire) -> u16 {
        self.link = Some(wire);
        let uri = format!("sip:{}", self.realm);
        let own = format!("sip:{}@{}", self.user, self.realm);
        let text = self.outside("REGISTER", &uri, &own, "Expires: 300\r\n", "");
        self.send(&text).await;
        let challenge = self.told("REGISTER").await;
        if challenge.code() != 401 {
            return challenge.code();
        }
        let proven = self.prove(&text, &challenge, &uri);
        self.send(&proven).await;
        self.told("REGISTER").await.code()
    }

    /// The page is loaded anew: another connection, and nothing is known of before.
    pub async fn reload(&mut self, wire: Wire) {
        self.cut();
        self.host = format!("{}.invalid", &word()[..12]);
        self.join(wire).await;
        // A page that does not know of a call says so to whoever asks.
        let ask = self.link_asked().await;
        self.reply(&ask, "481 Call/Transaction Does Not Exist", "none", "", "").await;
    }

    /// Until the other end closes the connection: how it says good-bye.
    pub async fn closed(&mut self) -> Goodbye {
        self.link.take().unwrap().closed().await
    }

    /// Two line ends ask whether the engine is there.
    pub async fn ping(&mut self) {
        self.send("\r\n\r\n").await;
        let link = self.link.as_mut().unwrap();
        let pong = tokio::time::timeout(PATIENCE, link.receive.recv()).await.unwrap().unwrap();
        assert_eq!(pong, b"\r\n");
    }

    async fn send(&self, text: &str) {
        self.link.as_ref().unwrap().send(text.as_bytes().to_vec()).await;
    }

    /// The next message that fits; others are kept. What asks nothing of a page is answered.
    async fn until(&mut self, what: &str, fits: impl Fn(&Message) -> bool) -> Message {
        if let Some(at) = self.kept.iter().position(&fits) {
            return self.kept.remove(at).unwrap();
        }
        loop {
            let link = self.link.as_mut().unwrap();
            let came = tokio::time::timeout(PATIENCE, link.receive.recv()).await;
            let Ok(Some(bytes)) = came else {
                let goodbye = link.goodbye.as_mut().and_then(|goodbye| goodbye.try_recv().ok());
                panic!("{what} does not come; good-bye: {goodbye:?}; kept: {:?}", self.kept)
            };
            let message = Message(String::from_utf8(bytes).unwrap());
            if self.seen.contains(&message) || message.0.trim().is_empty() {
                continue;
            }
            self.seen.push(message.clone());
            if matches!(message.method(), "NOTIFY" | "OPTIONS") {
                self.reply(&message, "200 OK", &word(), "", "").await;
            } else if fits(&message) {
                return message;
            } else {
                self.kept.push_back(message);
            }
        }
    }

    /// The next request inside a call.
    async fn link_asked(&mut self) -> Message {
        loop {
            let link = self.link.as_mut().unwrap();
            let came = tokio::time::timeout(PATIENCE, link.receive.recv()).await;
            let Ok(Some(bytes)) = came else { panic!("nobody asks") };
            let message = Message(String::from_utf8(bytes).unwrap());
            if message.method() == "OPTIONS" {
                return message;
            }
        }
    }

    /// The next final answer to such a request.
    async fn told(&mut self, method: &str) -> Message {
        self.until(method, |m| m.code() >= 200 && m.field("CSeq").ends_with(method)).await
    }

    pub async fn asked(&mut self, method: &str) -> Message {
        self.until(method, |m| m.method() == method).await
    }

    fn outside(&self, method: &str, uri: &str, to: &str, more: &str, body: &str) -> String {
        let Self { user, realm, host, .. } = self;
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/WSS {host};branch=z9hG4bK{}\r\nMax-Forwards: 70\r\n\
             From: <sip:{user}@{realm}>;tag={}\r\nTo: <{to}>\r\nCall-ID: {}\r\nCSeq: 1 {method}\r\n\
             Contact: <{}>\r\nAllow: ACK,CANCEL,INVITE,MESSAGE,BYE,OPTIONS,INFO,NOTIFY,REFER\r\n\
             Supported: outbound\r\nUser-Agent: Voxera web phone\r\n{more}Content-Length: {}\r\n\r\n{body}",
            word(),
            word(),
            word(),
            self.contact(),
            body.len()
        )
    }

    fn contact(&self) -> String {
        format!("sip:{}@{};transport=ws", self.user, self.host)
    }

    /// SIP.js reads the last challenge, and knows MD5 only.
    fn prove(&self, text: &str, challenge: &Message, uri: &str) -> String {
        let both = [challenge.all("WWW-Authenticate"), challenge.all("Proxy-Authenticate")].concat();
        let last = both.last().unwrap();
        assert!(last.contains("algorithm=MD5"), "{last}");
        let nonce = last.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap();
        let Self { user, realm, password, .. } = self;
        let sent = Message(text.to_owned());
        let method = sent.method();
        let (own, asked) = (hash(&format!("{user}:{realm}:{password}")), hash(&format!("{method}:{uri}")));
        let response = hash(&format!("{own}:{nonce}:00000001:0a4f113b:auth:{asked}"));
        let name = if method == "REGISTER" { "Authorization" } else { "Proxy-Authorization" };
        let field = format!(
            "{name}: Digest algorithm=MD5, username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
             response=\"{response}\", qop=auth, cnonce=\"0a4f113b\", nc=00000001\r\nContent-Length:"
        );
        let branch = sent.field("Via").split("branch=").nth(1).unwrap().to_owned();
        text.replacen("Content-Length:", &field, 1)
            .replace(&branch, &format!("z9hG4bK{}", word()))
            .replace(&format!("CSeq: 1 {method}"), &format!("CSeq: 2 {method}"))
    }

    /// Calls a number.
    pub async fn dial(&mut self, number: &str) -> Call {
        let sound = Sound::new(self.tone).await;
        let offer = sound.offer(Change::Nothing).await;
        let uri = format!("sip:{number}@{}", self.realm);
        let text = self.outside("INVITE", &uri, &uri, SDP, &offer);
        self.send(&text).await;
        let (invite, sequence) = if self.proves_calls {
            let challenge = self.told("INVITE").await;
            assert_eq!(challenge.code(), 407, "{}", challenge.0);
            self.acknowledge(&text, &challenge).await;
            let proven = self.prove(&text, &challenge, &uri);
            self.send(&proven).await;
            (proven, 2)
        } else {
            (text, 1)
        };
        let sent = Message(invite.clone());
        Call {
            sound,
            id: sent.field("Call-ID").into(),
            local: sent.field("From").into(),
            remote: sent.field("To").into(),
            target: uri,
            sequence,
            invite,
            dialled: Instant::now(),
            rang: None,
            answered: None,
        }
    }

    /// Until it rings at the other end.
    pub async fn ringing(&mut self, call: &mut Call) {
        self.until("180", |m| m.code() == 180).await;
        call.rang = Some(Instant::now());
    }

    /// Until the other end answers.
    pub async fn answered(&mut self, call: &mut Call) {
        let answer = self.told("INVITE").await;
        assert_eq!(answer.code(), 200, "{}", answer.0);
        call.answered = Some(Instant::now());
        call.sound.accept(answer.body()).await;
        answer.field("To").clone_into(&mut call.remote);
        call.target = answer.contact();
        self.send(&self.inside(call, "ACK", call.sequence, "", "")).await;
    }

    /// Until it is refused: how.
    pub async fn refused(&mut self, call: &Call) -> u16 {
        let answer = self.told("INVITE").await;
        assert!(answer.code() >= 300, "{}", answer.0);
        self.acknowledge(&call.invite, &answer).await;
        answer.code()
    }

    async fn acknowledge(&self, invite: &str, refusal: &Message) {
        let sent = Message(invite.to_owned());
        let uri = sent.0.split(' ').nth(1).unwrap();
        let text = format!(
            "ACK {uri} SIP/2.0\r\nVia: {}\r\nMax-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {}\r\n\
             Content-Length: 0\r\n\r\n",
            sent.field("Via"),
            sent.field("From"),
            refusal.field("To"),
            sent.field("Call-ID"),
            sent.field("CSeq").replace("INVITE", "ACK")
        );
        self.send(&text).await;
    }

    fn inside(&self, call: &Call, method: &str, sequence: u32, more: &str, body: &str) -> String {
        let Call { id, local, remote, target, .. } = call;
        format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/WSS {};branch=z9hG4bK{}\r\nMax-Forwards: 70\r\nFrom: {local}\r\n\
             To: {remote}\r\nCall-ID: {id}\r\nCSeq: {sequence} {method}\r\nContact: <{}>\r\n{more}\
             Content-Length: {}\r\n\r\n{body}",
            self.host,
            word(),
            self.contact(),
            body.len()
        )
    }

    async fn ask(&mut self, call: &mut Call, method: &str, more: &str, body: &str) -> Message {
        call.sequence += 1;
        let text = self.inside(call, method, call.sequence, more, body);
        self.send(&text).await;
        self.told(method).await
    }

    /// Describes its sound anew; the answer.
    pub async fn change(&mut self, call: &mut Call, change: Change) -> Message {
        let offer = call.sound.offer(change).await;
        let answer = self.ask(call, "INVITE", SDP, &offer).await;
        assert_eq!(answer.code(), 200, "{}", answer.0);
        call.sound.accept(answer.body()).await;
        self.send(&self.inside(call, "ACK", call.sequence, "", "")).await;
        answer
    }

    /// Sends the other side on; until that is done.
    pub async fn transfer(&mut self, call: &mut Call, to: &str) {
        let refer = format!("Refer-To: <sip:{to}@{}>\r\n", self.realm);
        self.refer(call, &refer).await;
    }

    /// Connects the other sides of two calls.
    pub async fn connect(&mut self, call: &mut Call, with: &Call) {
        let tag = |field: &str| field.split("tag=").nth(1).unwrap_or_default().to_owned();
        let replaces =
            format!("{}%3Bto-tag%3D{}%3Bfrom-tag%3D{}", with.id, tag(&with.remote), tag(&with.local));
        let target = with.target.split(';').next().unwrap();
        let refer = format!("Refer-To: <{target}?Replaces={replaces}>\r\n");
        self.refer(call, &refer).await;
    }

    async fn refer(&mut self, call: &mut Call, refer: &str) {
        let own = format!("Referred-By: <sip:{}@{}>\r\n", self.user, self.realm);
        let answer = self.ask(call, "REFER", &format!("{refer}{own}"), "").await;
        assert_eq!(answer.code(), 202, "{}", answer.0);
        self.hung_up().await;
    }

    pub async fn hang_up(&mut self, mut call: Call) {
        let answer = self.ask(&mut call, "BYE", "", "").await;
        assert_eq!(answer.code(), 200, "{}", answer.0);
    }

    /// Until the other side has hung up.
    pub async fn hung_up(&mut self) {
        let bye = self.asked("BYE").await;
        self.reply(&bye, "200 OK", &word(), "", "").await;
    }

    /// Until somebody calls; it rings.
    pub async fn rings(&mut self) -> Message {
        let invite = self.asked("INVITE").await;
        self.reply(&invite, "180 Ringing", "ringing", "", "").await;
        invite
    }

    /// Declines.
    pub async fn decline(&mut self, invite: &Message) {
        self.reply(invite, "603 Decline", "ringing", "", "").await;
        self.asked("ACK").await;
    }

    /// Until it need not ring any more: why.
    pub async fn stopped(&mut self, invite: &Message) -> String {
        let cancel = self.asked("CANCEL").await;
        self.reply(&cancel, "200 OK", "ringing", "", "").await;
        self.reply(invite, "487 Request Terminated", "ringing", "", "").await;
        self.asked("ACK").await;
        cancel.field("Reason").to_owned()
    }

    /// Picks up, and no packet of its sound ever leaves its network.
    pub async fn pick_up_behind_a_wall(&mut self, invite: &Message) -> Call {
        let sound = Sound::behind_a_wall().await;
        self.pick_up_with(invite, sound).await
    }

    /// Picks up.
    pub async fn pick_up(&mut self, invite: &Message) -> Call {
        let sound = Sound::new(self.tone).await;
        self.pick_up_with(invite, sound).await
    }

    async fn pick_up_with(&mut self, invite: &Message, sound: Sound) -> Call {
        let answer = sound.answer(invite.body()).await;
        self.reply(invite, "200 OK", "ringing", SDP, &answer).await;
        let answered = Instant::now();
        self.asked("ACK").await;
        Call {
            sound,
            id: invite.field("Call-ID").into(),
            local: format!("{};tag=ringing", invite.field("To")),
            remote: invite.field("From").into(),
            target: invite.contact(),
            sequence: 1,
            invite: String::new(),
            dialled: answered,
            rang: None,
            answered: Some(answered),
        }
    }

    async fn reply(&self, request: &Message, status: &str, tag: &str, more: &str, body: &str) {
        let to = request.field("To");
        let to = if to.contains(";tag=") { to.to_owned() } else { format!("{to};tag={tag}") };
        let vias = request.all("Via").join("\r\nVia: ");
        let text = format!(
            "SIP/2.0 {status}\r\nVia: {vias}\r\nFrom: {}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {}\r\nContact: <{}>\r\n{more}\
             Content-Length: {}\r\n\r\n{body}",
            request.field("From"),
            request.field("Call-ID"),
            request.field("CSeq"),
            self.contact(),
            body.len()
        );
        self.send(&text).await;
    }
}
