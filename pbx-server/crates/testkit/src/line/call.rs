//! A call at the carrier's end.

use super::desk::{self, Desk, answer, tagged, word};
use super::message::{Message, inside, user};
use super::wires::Peer;
use crate::PATIENCE;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::UdpSocket;
use tokio::sync::mpsc::UnboundedReceiver;

/// One call, whichever side began it.
#[derive(Debug)]
pub struct LineCall {
    /// The INVITE that began it.
    pub invite: Message,
    peer: Peer,
    inbox: UnboundedReceiver<Message>,
    sound: UdpSocket,
    /// Where the other side hears, once it said so.
    hears_at: Option<SocketAddr>,
    tag: String,
    /// Field values with tags, as this side writes them.
    local: String,
    remote: String,
    target: String,
    sequence: u32,
    contact: String,
}

impl LineCall {
    /// A call that came to the line.
    pub(super) async fn rung(desk: &Arc<Desk>, invite: Message, peer: Peer) -> Self {
        let inbox = desk.open(invite.field("Call-ID"));
        let tag = word();
        let sound = sound(super::super::loopback::own_address()).await;
        let hears_at = hears_at(&invite);
        Self {
            local: format!("{};tag={tag}", invite.field("To")),
            remote: invite.field("From").to_owned(),
            target: invite.contact(),
            contact: inside(invite.field("To")).to_owned(),
            sequence: 1,
            invite,
            peer,
            inbox,
            sound,
            hears_at,
            tag,
        }
    }

    /// A call that the line makes.
    pub(super) async fn place(
        desk: &Arc<Desk>,
        own: SocketAddr,
        peer: Peer,
        uri: &str,
        to: &str,
        from: &str,
        more: &str,
    ) -> Self {
        let (call_id, tag) = (word(), word());
        let inbox = desk.open(&call_id);
        let sound = sound(own.ip()).await;
        let contact = format!("sip:carrier@{own}");
        let local = format!("{from};tag={tag}");
        let body = description(&sound);
        let invite = format!(
            "INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/{} {own};branch=z9hG4bK{};rport\r\nMax-Forwards: 70\r\nFrom: {local}\r\n\
             To: {to}\r\nCall-ID: {call_id}\r\nCSeq: 1 INVITE\r\nContact: <{contact}>\r\n{more}\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            peer.via(),
            word(),
            body.len()
        );
        peer.send(&invite).await;
        Self {
            invite: Message(invite),
            peer,
            inbox,
            sound,
            hears_at: None,
            tag,
            local,
            remote: to.to_owned(),
            target: uri.to_owned(),
            sequence: 1,
            contact,
        }
    }

    /// The number that was called.
    #[must_use]
    pub fn number(&self) -> &str {
        desk::number(&self.invite)
    }

    /// The number in `From`.
    #[must_use]
    pub fn caller(&self) -> &str {
        user(inside(self.invite.field("From")))
    }

    /// The number in `P-Asserted-Identity`.
    #[must_use]
    pub fn asserted(&self) -> &str {
        user(inside(self.invite.field("P-Asserted-Identity")))
    }

    /// It rings somewhere.
    pub async fn ring(&self) {
        self.say("180 Ringing", "", "").await;
    }

    /// Sound before the answer, e.g. a tone of the network's.
    pub async fn ring_with_sound(&self) {
        self.say("183 Session Progress", "Content-Type: application/sdp\r\n", &description(&self.sound))
            .await;
    }

    /// Somebody picks up; the ACK is waited for.
    pub async fn pick_up(&mut self) {
        self.say("200 OK", "Content-Type: application/sdp\r\n", &description(&self.sound)).await;
        self.asked("ACK").await;
    }

    /// Refuses, with e.g. `486 Busy Here`; the ACK is waited for.
    pub async fn refuse(&mut self, status: &str) {
        self.say(status, "", "").await;
        self.asked("ACK").await;
    }

    /// Waits until the caller gives up, and ends the call as it wants.
    pub async fn given_up(&mut self) {
        let cancel = self.asked("CANCEL").await;
        self.peer.send(&answer(&cancel, "200 OK", "", "")).await;
        self.say("487 Request Terminated", "", "").await;
        self.asked("ACK").await;
    }

    /// Waits until the other side hangs up.
    pub async fn hung_up(&mut self) {
        let bye = self.asked("BYE").await;
        self.peer.send(&answer(&bye, "200 OK", "", "")).await;
    }

    /// Hangs up, and waits until the other side has heard it.
    pub async fn hang_up(&mut self) {
        self.sequence += 1;
        self.send("BYE", self.sequence).await;
        self.told(200).await;
    }

    /// Gives up a call that nobody answered.
    pub async fn give_up(&mut self) {
        let sent = &self.invite;
        let text = format!(
            "CANCEL {} SIP/2.0\r\nVia: {}\r\nMax-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 1 CANCEL\r\nContent-Length: 0\r\n\r\n",
            sent.uri(),
            sent.field("Via"),
            sent.field("From"),
            sent.field("To"),
            sent.field("Call-ID")
        );
        self.peer.send(&text).await;
        self.told(200).await;
        self.refused(487).await;
    }

    /// Waits for the answer that connects, and acknowledges it.
    pub async fn connected(&mut self) -> Message {
        let answer = self.told(200).await;
        answer.field("To").clone_into(&mut self.remote);
        self.target = answer.contact();
        self.hears_at = hears_at(&answer);
        self.send("ACK", self.sequence).await;
        answer
    }

    /// Waits for a refusal with this status, and acknowledges it.
    pub async fn refused(&mut self, code: u16) -> Message {
        let answer = self.told(code).await;
        let sent = self.invite.clone();
        let text = format!(
            "ACK {} SIP/2.0\r\nVia: {}\r\nMax-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {} ACK\r\nContent-Length: 0\r\n\r\n",
            sent.uri(),
            sent.field("Via"),
            sent.field("From"),
            answer.field("To"),
            sent.field("Call-ID"),
            sent.sequence()
        );
        self.peer.send(&text).await;
        answer
    }

    /// The next answer that has this status; those before the final one are passed over.
    ///
    /// # Panics
    /// When the final answer has another.
    pub async fn told(&mut self, code: u16) -> Message {
        loop {
            let message = self.next().await;
            if message.code() == code {
                return message;
            }
            assert!((1..200).contains(&message.code()), "not {code}: {}", message.0);
        }
    }

    /// The next request, which is this one.
    ///
    /// # Panics
    /// When it is another.
    pub async fn asked(&mut self, method: &str) -> Message {
        let message = self.next().await;
        assert_eq!(message.method(), method, "{}", message.0);
        message
    }

    /// The next message of the call.
    ///
    /// # Panics
    /// When none comes.
    pub async fn next(&mut self) -> Message {
        let next = tokio::time::timeout(PATIENCE, self.inbox.recv()).await;
        let next = next.unwrap_or_else(|_| panic!("the line hears nothing more of the call"));
        next.unwrap_or_else(|| panic!("the line is gone"))
    }

    /// Sends one packet of sound, G.711 A-law.
    ///
    /// # Panics
    /// Before the other side said where it hears.
    pub async fn speak(&self, sequence: u16, sample: u8) {
        let at = self.hears_at.unwrap_or_else(|| panic!("nobody listens yet"));
        let mut packet = vec![0x80, 8];
        packet.extend(sequence.to_be_bytes());
        packet.extend((u32::from(sequence) * 160).to_be_bytes());
        packet.extend(11_u32.to_be_bytes());
        packet.extend([sample; 160]);
        let _ = self.sound.send_to(&packet, at).await;
    }

    /// The payload of the next packet of sound.
    ///
    /// # Panics
    /// When none comes.
    pub async fn listen(&self) -> Vec<u8> {
        let mut packet = vec![0; 2000];
        let received = tokio::time::timeout(PATIENCE, self.sound.recv_from(&mut packet)).await;
        let received = received.unwrap_or_else(|_| panic!("no sound came to the line"));
        let (length, _) = received.unwrap_or_else(|e| panic!("no sound came to the line: {e}"));
        packet[12.min(length)..length].to_vec()
    }

    async fn say(&self, status: &str, more: &str, body: &str) {
        let more = format!("Contact: <{}>\r\n{more}", self.contact);
        self.peer.send(&tagged(&self.invite, status, &self.tag, &more, body)).await;
    }

    async fn send(&self, method: &str, sequence: u32) {
        let text = format!(
            "{method} {} SIP/2.0\r\nVia: SIP/2.0/{} {};branch=z9hG4bK{};rport\r\nMax-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\n\
             Call-ID: {}\r\nCSeq: {sequence} {method}\r\nContent-Length: 0\r\n\r\n",
            self.target,
            self.peer.via(),
            inside(&self.contact).split_once('@').map_or("127.0.0.1", |(_, host)| host),
            word(),
            self.local,
            self.remote,
            self.invite.field("Call-ID"),
        );
        self.peer.send(&text).await;
    }
}

async fn sound(ip: std::net::IpAddr) -> UdpSocket {
    UdpSocket::bind((ip, 0)).await.unwrap_or_else(|e| panic!("no port for sound: {e}"))
}

fn description(sound: &UdpSocket) -> String {
    let here = sound.local_addr().unwrap_or_else(|e| panic!("a socket has an address: {e}"));
    let ip = here.ip();
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {} RTP/AVP 8 101\r\n\
         a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\na=sendrecv\r\n",
        here.port()
    )
}

fn hears_at(message: &Message) -> Option<SocketAddr> {
    let ip = message.body().lines().find_map(|line| line.strip_prefix("c=IN IP4 "))?;
    Some(SocketAddr::new(ip.trim().parse().ok()?, message.port())).filter(|at| at.port() != 0)
}
