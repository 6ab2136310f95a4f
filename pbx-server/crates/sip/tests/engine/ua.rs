//! A phone made of strings: it sends exactly what a test writes.

use crate::rig::{Credentials, PATIENCE, Rig};
use md5::{Digest, Md5};
use sha2::Sha256;
use std::collections::VecDeque;
use std::net::SocketAddr;
use tokio::net::UdpSocket;
use uuid::Uuid;

/// A message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message(pub String);

impl Message {
    pub fn start(&self) -> &str {
        self.0.lines().next().unwrap_or_default()
    }

    /// The status of an answer; 0: a request.
    pub fn code(&self) -> u16 {
        self.start().strip_prefix("SIP/2.0 ").map_or(0, |rest| rest[..3].parse().unwrap())
    }

    pub fn method(&self) -> &str {
        self.start().split(' ').next().unwrap_or_default()
    }

    /// Where a request is addressed to.
    pub fn uri(&self) -> &str {
        self.start().split(' ').nth(1).unwrap_or_default()
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

    /// The port of the audio stream.
    pub fn port(&self) -> u16 {
        let line = self.body().lines().find_map(|line| line.strip_prefix("m=audio ")).unwrap();
        line.split(' ').next().unwrap().parse().unwrap()
    }

    /// The address in `Contact`.
    pub fn contact(&self) -> String {
        self.field("Contact").split(['<', '>']).nth(1).unwrap().to_owned()
    }

    /// One parameter of the first challenge that names an algorithm.
    pub fn challenge(&self, algorithm: &str, parameter: &str) -> String {
        let both = [self.all("WWW-Authenticate"), self.all("Proxy-Authenticate")].concat();
        let one = both.iter().find(|c| c.contains(&format!("algorithm={algorithm},"))).unwrap();
        one.split(&format!("{parameter}=\"")).nth(1).unwrap().split('"').next().unwrap().to_owned()
    }
}

/// How a request proves who sent it. Tests change what an attacker would.
#[derive(Debug, Clone)]
pub struct Proof {
    pub user: String,
    pub realm: String,
    pub password: String,
    pub nonce: String,
    pub uri: String,
    pub nc: u32,
    pub algorithm: &'static str,
}

impl Proof {
    pub fn field(&self, method: &str) -> String {
        let Self { user, realm, password, nonce, uri, nc, algorithm } = self;
        let hash = |text: String| match *algorithm {
            "MD5" => hex::encode(Md5::digest(text)),
            _ => hex::encode(Sha256::digest(text)),
        };
        let ha1 = hash(format!("{user}:{realm}:{password}"));
        let ha2 = hash(format!("{method}:{uri}"));
        let response = hash(format!("{ha1}:{nonce}:{nc:08x}:0a4f113b:auth:{ha2}"));
        format!(
            "Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
             response=\"{response}\", algorithm={algorithm}, cnonce=\"0a4f113b\", qop=auth, nc={nc:08x}"
        )
    }
}

/// One phone on a UDP socket.
pub struct Ua {
    pub socket: UdpSocket,
    pub sound: UdpSocket,
    pub server: SocketAddr,
    pub me: Credentials,
    pub algorithm: &'static str,
    seen: Vec<Message>,
    /// Calls and lamps that came while something else was waited for.
    pub kept: VecDeque<Message>,
}

/// One side of a dialog, as the phone keeps it.
#[derive(Debug, Clone)]
pub struct Talk {
    pub call_id: String,
    /// Field values, with tags.
    pub local: String,
    pub remote: String,
    pub target: String,
    pub sequence: u32,
    /// The INVITE as it was sent, for its CANCEL and its ACK.
    pub invite: String,
}

pub fn word() -> String {
    Uuid::new_v4().simple().to_string()
}

impl Ua {
    pub async fn new(rig: &Rig, me: Credentials) -> Self {
        Self::at(rig, me, "127.0.0.1:0").await
    }

    pub async fn at(rig: &Rig, me: Credentials, address: &str) -> Self {
        let socket = UdpSocket::bind(address).await.unwrap();
        let sound = UdpSocket::bind(address).await.unwrap();
        let server = rig.engine.local_addr();
        Self { socket, sound, server, me, algorithm: "SHA-256", seen: Vec::new(), kept: VecDeque::new() }
    }

    /// A phone that is registered.
    pub async fn online(rig: &Rig, me: Credentials) -> Self {
        let mut ua = Self::new(rig, me).await;
        let answer = ua.register(300).await;
        assert_eq!(answer.code(), 200, "{}", answer.0);
        ua
    }

    pub fn here(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    pub fn contact(&self) -> String {
        format!("sip:{}@{}", self.me.user, self.here())
    }

    pub fn address(&self) -> String {
        format!("sip:{}@{}", self.me.user, self.me.realm)
    }

    pub async fn send(&self, text: &str) {
        self.socket.send_to(text.as_bytes(), self.server).await.unwrap();
    }

    /// The next message that is not a repeat of an earlier one.
    pub async fn next(&mut self) -> Message {
        loop {
            let message = self.raw().await;
            // Line ends alone keep the way through a router open.
            if !message.0.trim().is_empty() && !self.seen.contains(&message) {
                self.seen.push(message.clone());
                return message;
            }
        }
    }

    /// The next message, repeated or not.
    pub async fn raw(&mut self) -> Message {
        let mut bytes = [0; 9000];
        let received = tokio::time::timeout(PATIENCE, self.socket.recv_from(&mut bytes)).await;
        let (length, from) =
            received.unwrap_or_else(|_| panic!("nothing came to {}", self.me.number)).unwrap();
        assert_eq!(from, self.server);
        Message(String::from_utf8(bytes[..length].to_vec()).unwrap())
    }

    /// The next request, which must be this one.
    pub async fn asked(&mut self, method: &str) -> Message {
        let message = self.next().await;
        assert_eq!(message.method(), method, "{}", message.0);
        message
    }

    /// The next final answer.
    pub async fn told(&mut self) -> Message {
        loop {
            let message = self.next().await;
            // A lamp may be lit before the phone hears that it is registered.
            if message.method() == "NOTIFY" {
                self.kept.push_back(message);
                continue;
            }
            assert_ne!(message.code(), 0, "{}", message.0);
            if message.code() >= 200 {
                return message;
            }
        }
    }

    /// The next answer, which must have this status; 100 is passed over.
    pub async fn hears(&mut self, code: u16) -> Message {
        loop {
            let message = self.next().await;
            if message.code() != 100 {
                assert_eq!(message.code(), code, "{}", message.0);
                return message;
            }
        }
    }

    /// Whether anything is still to come after what is answered in order: asks, and is answered next.
    pub async fn hears_nothing(&mut self) {
        let text = self.request("OPTIONS", &format!("sip:{}", self.me.realm), "", "");
        self.send(&text).await;
        let answer = self.next().await;
        assert!(answer.code() != 0 && answer.field("CSeq").ends_with("OPTIONS"), "{}", answer.0);
    }

    /// Any request outside of a dialog, under the phone's own name.
    pub fn request(&self, method: &str, uri: &str, more: &str, body: &str) -> String {
        let to = if method == "REGISTER" { self.address() } else { uri.to_owned() };
        let (here, own) = (self.here(), self.address());
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{};rport\r\nMax-Forwards: 70\r\n\
             From: \"Somebody\" <{own}>;tag={}\r\nTo: <{to}>\r\nCall-ID: {}\r\nCSeq: 1 {method}\r\n\
             Contact: <{}>\r\n{more}Content-Length: {}\r\n\r\n{body}",
            word(),
            word(),
            word(),
            self.contact(),
            body.len()
        )
    }

    pub fn proof(&self, challenge: &Message, uri: &str) -> Proof {
        Proof {
            user: self.me.user.clone(),
            realm: self.me.realm.clone(),
            password: self.me.password.clone(),
            nonce: challenge.challenge(self.algorithm, "nonce"),
            uri: uri.to_owned(),
            nc: 1,
            algorithm: self.algorithm,
        }
    }

    /// Registers with what a test says; the final answer.
    pub async fn register_with(&mut self, more: &str) -> Message {
        let uri = format!("sip:{}", self.me.realm);
        let text = self.request("REGISTER", &uri, more, "");
        self.prove(text, &uri).await
    }

    pub async fn register(&mut self, seconds: u32) -> Message {
        self.register_with(&format!("Expires: {seconds}\r\n")).await
    }

    /// Sends a request, and once more with what the challenge asks for.
    pub async fn prove(&mut self, text: String, uri: &str) -> Message {
        self.send(&text).await;
        let challenge = self.told().await;
        assert_eq!(challenge.code(), 401, "{}", challenge.0);
        let proof = self.proof(&challenge, uri);
        self.send(&proven(&text, &proof)).await;
        self.told().await
    }

    /// Calls a number and proves who it is; the answers are still to come.
    pub async fn dial(&mut self, number: &str) -> Talk {
        let uri = format!("sip:{number}@{}", self.me.realm);
        let offer = self.sdp("sendrecv");
        self.dial_with(&uri, "", &offer).await
    }

    pub async fn dial_with(&mut self, uri: &str, more: &str, offer: &str) -> Talk {
        let more = format!("{more}Content-Type: application/sdp\r\n");
        let first = self.request("INVITE", uri, &more, offer);
        self.send(&first).await;
        let challenge = self.told().await;
        assert_eq!(challenge.code(), 407, "{}", challenge.0);
        self.acknowledge(&first, &challenge).await;
        let proof = self.proof(&challenge, uri);
        let invite = proven(&first, &proof);
        self.send(&invite).await;
        Self::talk(invite)
    }

    pub fn talk(invite: String) -> Talk {
        let sent = Message(invite.clone());
        Talk {
            call_id: sent.field("Call-ID").into(),
            local: sent.field("From").into(),
            remote: sent.field("To").into(),
            target: sent.uri().into(),
            sequence: sent.field("CSeq").split(' ').next().unwrap().parse().unwrap(),
            invite,
        }
    }

    /// The ACK of a refusal.
    pub async fn acknowledge(&self, invite: &str, refusal: &Message) {
        let sent = Message(invite.to_owned());
        let sequence = sent.field("CSeq").replace("INVITE", "ACK");
        let text = format!(
            "ACK {} SIP/2.0\r\nVia: {}\r\nMax-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {sequence}\r\n\
             Content-Length: 0\r\n\r\n",
            sent.uri(),
            sent.field("Via"),
            sent.field("From"),
            refusal.field("To"),
            sent.field("Call-ID"),
        );
        self.send(&text).await;
    }

    /// Waits for the final answer that refuses, and acknowledges it.
    pub async fn refused(&mut self, talk: &Talk) -> u16 {
        let answer = self.told().await;
        assert!(answer.code() >= 300, "{}", answer.0);
        self.acknowledge(&talk.invite, &answer).await;
        answer.code()
    }

    /// Waits for the answer that connects, and acknowledges it.
    pub async fn connected(&mut self, talk: &mut Talk) -> Message {
        let answer = self.told().await;
        assert_eq!(answer.code(), 200, "{}", answer.0);
        answer.field("To").clone_into(&mut talk.remote);
        talk.target = answer.contact();
        self.ack(talk).await;
        answer
    }

    /// The ACK of an answer that connects.
    pub async fn ack(&self, talk: &Talk) {
        let text = self.inside_at(talk, "ACK", talk.sequence, "", "");
        self.send(&text).await;
    }

    /// Gives up.
    pub async fn cancel(&self, talk: &Talk) {
        let sent = Message(talk.invite.clone());
        let text = format!(
            "CANCEL {} SIP/2.0\r\nVia: {}\r\nMax-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {} CANCEL\r\n\
             Content-Length: 0\r\n\r\n",
            sent.uri(),
            sent.field("Via"),
            sent.field("From"),
            sent.field("To"),
            sent.field("Call-ID"),
            talk.sequence
        );
        self.send(&text).await;
    }

    /// The next request of a dialog, sent.
    pub async fn inside(&self, talk: &mut Talk, method: &str, more: &str, body: &str) {
        talk.sequence += 1;
        let text = self.inside_at(talk, method, talk.sequence, more, body);
        if method == "INVITE" {
            talk.invite.clone_from(&text);
        }
        self.send(&text).await;
    }

    pub fn inside_at(&self, talk: &Talk, method: &str, sequence: u32, more: &str, body: &str) -> String {
        let Talk { call_id, local, remote, target, .. } = talk;
        format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {};branch=z9hG4bK{};rport\r\nMax-Forwards: 70\r\n\
             From: {local}\r\nTo: {remote}\r\nCall-ID: {call_id}\r\nCSeq: {sequence} {method}\r\nContact: <{}>\r\n\
             {more}Content-Length: {}\r\n\r\n{body}",
            self.here(),
            word(),
            self.contact(),
            body.len()
        )
    }

    /// Answers a request; the tag is added when there is none.
    pub async fn answer(&self, request: &Message, status: &str, tag: &str, more: &str, body: &str) {
        let to = request.field("To");
        let to = if to.contains(";tag=") { to.to_owned() } else { format!("{to};tag={tag}") };
        let text = format!(
            "SIP/2.0 {status}\r\nVia: {}\r\nFrom: {}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {}\r\nContact: <{}>\r\n{more}\
             Content-Length: {}\r\n\r\n{body}",
            request.field("Via"),
            request.field("From"),
            request.field("Call-ID"),
            request.field("CSeq"),
            self.contact(),
            body.len()
        );
        self.send(&text).await;
    }

    pub async fn ok(&self, request: &Message) {
        self.answer(request, "200 OK", &word(), "", "").await;
    }

    /// Picks up; the dialog from this phone's side.
    pub async fn pick_up(&mut self, invite: &Message) -> Talk {
        let tag = word();
        let answer = self.sdp("sendrecv");
        self.answer(invite, "200 OK", &tag, "Content-Type: application/sdp\r\n", &answer).await;
        let ack = self.asked("ACK").await;
        assert_eq!(ack.field("CSeq"), invite.field("CSeq").replace("INVITE", "ACK"));
        Talk {
            call_id: invite.field("Call-ID").into(),
            local: format!("{};tag={tag}", invite.field("To")),
            remote: invite.field("From").into(),
            target: invite.contact(),
            sequence: 1,
            invite: String::new(),
        }
    }

    /// What the phone says about its sound.
    pub fn sdp(&self, direction: &str) -> String {
        let here = self.sound.local_addr().unwrap();
        let net = if here.is_ipv4() { "IN IP4" } else { "IN IP6" };
        let ip = here.ip();
        format!(
            "v=0\r\no=- 1 1 {net} {ip}\r\ns=-\r\nc={net} {ip}\r\nt=0 0\r\nm=audio {} RTP/AVP 8 0 101\r\n\
             a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na={direction}\r\n",
            here.port()
        )
    }

    /// Sends one packet of sound to a port of the server.
    pub async fn speak(&self, port: u16, sequence: u16) {
        let mut packet = vec![0x80, 8];
        packet.extend(sequence.to_be_bytes());
        packet.extend((u32::from(sequence) * 160).to_be_bytes());
        packet.extend(7_u32.to_be_bytes());
        packet.extend([0xd5; 160]);
        self.sound.send_to(&packet, (self.server.ip(), port)).await.unwrap();
    }

    /// Speaks as phones do, packet after packet, until the other one hears it.
    pub async fn reaches(&self, port: u16, other: &Self) {
        let mut beat = tokio::time::interval(std::time::Duration::from_millis(20));
        let mut sequence = 1_000;
        loop {
            tokio::select! {
                _ = beat.tick() => {
                    self.speak(port, sequence).await;
                    sequence += 1;
                }
                heard = other.hears_sound() => {
                    if heard == [0xd5; 160] {
                        return;
                    }
                }
            }
        }
    }

    /// The next 20 ms of sound, as they came.
    pub async fn hears_sound(&self) -> Vec<u8> {
        let mut packet = [0; 2000];
        let received = tokio::time::timeout(PATIENCE, self.sound.recv_from(&mut packet)).await;
        let (length, _) = received.unwrap_or_else(|_| panic!("no sound came to {}", self.me.number)).unwrap();
        packet[12..length].to_vec()
    }

    /// The sequence number of the next packet of sound.
    pub async fn listen(&self) -> u16 {
        let mut packet = [0; 2000];
        let received = tokio::time::timeout(PATIENCE, self.sound.recv_from(&mut packet)).await;
        let (length, _) = received.unwrap_or_else(|_| panic!("no sound came to {}", self.me.number)).unwrap();
        assert_eq!(length, 172);
        u16::from_be_bytes([packet[2], packet[3]])
    }
}

/// The same request anew, with credentials.
pub fn proven(text: &str, proof: &Proof) -> String {
    let message = Message(text.to_owned());
    let method = message.method();
    let name = if method == "REGISTER" { "Authorization" } else { "Proxy-Authorization" };
    let field = format!("{name}: {}\r\nContent-Length:", proof.field(method));
    let branch = message.field("Via").split("branch=").nth(1).unwrap().split(';').next().unwrap().to_owned();
    text.replacen("Content-Length:", &field, 1)
        .replace(&branch, &format!("z9hG4bK{}", word()))
        .replace(&format!("CSeq: 1 {method}"), &format!("CSeq: 2 {method}"))
}
