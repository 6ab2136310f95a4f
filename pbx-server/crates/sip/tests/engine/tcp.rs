//! Phones on TCP: framing, and what becomes of a connection.

use crate::rig::{AKES, PATIENCE, Rig, phone};
use crate::ua::{Message, Proof, Ua, proven};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use voxera_callcontrol::{LiveEvent, RegistrationChange};

/// A phone on a connection; messages are written by the UDP phone and sent here.
struct Line {
    stream: TcpStream,
    rest: String,
}

impl Line {
    async fn open(rig: &Rig) -> Self {
        Self { stream: TcpStream::connect(rig.engine.local_addr()).await.unwrap(), rest: String::new() }
    }

    async fn write(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    async fn more(&mut self) -> usize {
        let mut bytes = [0; 4096];
        let length = tokio::time::timeout(PATIENCE, self.stream.read(&mut bytes)).await.unwrap().unwrap_or(0);
        self.rest.push_str(std::str::from_utf8(&bytes[..length]).unwrap());
        length
    }

    async fn next(&mut self) -> Message {
        loop {
            if let Some(end) = self.rest.find("\r\n\r\n") {
                let head = Message(self.rest[..end + 4].to_owned());
                let whole = end + 4 + head.field("Content-Length").parse::<usize>().unwrap();
                if self.rest.len() >= whole {
                    return Message(self.rest.drain(..whole).collect());
                }
            }
            assert_ne!(self.more().await, 0, "the connection is closed");
        }
    }

    /// Until the other end has closed.
    async fn closed(mut self) {
        while self.more().await != 0 {}
    }
}

fn tcp(text: &str) -> String {
    text.replace("SIP/2.0/UDP", "SIP/2.0/TCP")
}

async fn register(line: &mut Line, ua: &Ua) -> Message {
    let uri = "sip:akes.pbx.localhost";
    let text = tcp(&ua.request("REGISTER", uri, "Expires: 300\r\n", ""));
    line.write(&text).await;
    let challenge = line.next().await;
    let proof: Proof = ua.proof(&challenge, uri);
    line.write(&proven(&text, &proof)).await;
    line.next().await
}

#[tokio::test]
async fn a_phone_on_tcp_registers_and_is_offline_when_its_connection_ends() {
    let mut rig = Rig::start().await;
    let ua = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    let mut line = Line::open(&rig).await;
    assert_eq!(register(&mut line, &ua).await.code(), 200);
    assert_eq!((rig.engine.stats().registrations, rig.engine.stats().connections), (1, 1));
    drop(line);
    loop {
        if let LiveEvent::Registration { change, .. } = rig.feed.next().await.unwrap()
            && change == RegistrationChange::Unregistered
        {
            break;
        }
    }
    assert_eq!(rig.engine.stats().registrations, 0);
}

#[tokio::test]
async fn messages_are_found_in_the_stream_however_they_are_cut() {
    let rig = Rig::start().await;
    let ua = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    let mut line = Line::open(&rig).await;
    let one = tcp(&ua.request("OPTIONS", "sip:akes.pbx.localhost", "", ""));
    let two = tcp(&ua.request("OPTIONS", "sip:akes.pbx.localhost", "l: 3\r\n", "abc"))
        .replace("Content-Length: 3\r\n", "");
    let three = tcp(&ua.request("OPTIONS", "sip:akes.pbx.localhost", "", ""));
    let all = format!("\r\n{one}{two}\r\n{three}");
    for piece in all.as_bytes().chunks(37) {
        line.stream.write_all(piece).await.unwrap();
        line.stream.flush().await.unwrap();
    }
    let mut answered = Vec::new();
    for _ in 0..3 {
        let answer = line.next().await;
        assert_eq!(answer.code(), 200);
        answered.push(answer.field("Call-ID").to_owned());
    }
    for text in [one, two, three] {
        assert!(answered.contains(&Message(text).field("Call-ID").to_owned()));
    }
}

#[tokio::test]
async fn a_ping_is_answered_between_messages() {
    let rig = Rig::start().await;
    let mut line = Line::open(&rig).await;
    line.write("\r\n\r\n").await;
    while line.rest != "\r\n" {
        assert_ne!(line.more().await, 0);
    }
}

#[tokio::test]
async fn a_stream_that_cannot_be_read_is_closed() {
    let rig = Rig::start().await;
    let ua = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    let good = tcp(&ua.request("OPTIONS", "sip:akes.pbx.localhost", "", ""));
    for bad in [
        good.replace("Content-Length: 0\r\n", ""),
        good.replace("Content-Length: 0", "Content-Length: -1"),
        good.replace("Content-Length: 0", "Content-Length: 99999999"),
        good.replace("Content-Length: 0", "Content-Length: 0\r\nContent-Length: 5"),
        "x".repeat(40_000),
    ] {
        let mut line = Line::open(&rig).await;
        // It may be closed before all is written.
        let _ = line.stream.write_all(bad.as_bytes()).await;
        line.closed().await;
    }
}

#[tokio::test]
async fn a_phone_on_tcp_is_called_over_its_connection() {
    let rig = Rig::start().await;
    let ua = Ua::new(&rig, phone(AKES, "1001", 0)).await;
    let mut line = Line::open(&rig).await;
    register(&mut line, &ua).await;
    let mut anna = Ua::online(&rig, phone(AKES, "1000", 0)).await;
    let talk = anna.dial("1001").await;
    let invite = line.next().await;
    assert_eq!(invite.method(), "INVITE");
    assert!(invite.field("Via").starts_with("SIP/2.0/TCP") && invite.contact().ends_with(";transport=tcp"));
    drop(line);
    // Its INVITE can no longer be answered.
    assert_eq!(anna.refused(&talk).await, 480);
    rig.quiet().await;
}

#[tokio::test]
async fn connections_of_one_address_are_so_many() {
    let rig = Rig::with(|config| config.limits.connections_per_source = 2).await;
    let mut kept = Vec::new();
    for _ in 0..2 {
        let mut line = Line::open(&rig).await;
        line.write("\r\n\r\n").await;
        line.more().await;
        kept.push(line);
    }
    Line::open(&rig).await.closed().await;
    assert_eq!(rig.engine.stats().connections, 2);
}

#[tokio::test]
async fn a_peer_that_does_not_read_holds_up_nobody() {
    let rig = Rig::start().await;
    let ua = Ua::new(&rig, phone(AKES, "1000", 0)).await;
    let mut line = Line::open(&rig).await;
    // The same request again and again: the transaction layer itself repeats the answer.
    let text = tcp(&ua.request("OPTIONS", "sip:akes.pbx.localhost", "", ""));
    let many = text.repeat(200);
    let stuffed = async {
        // Until its answers have filled every buffer between us, and ours to it too, or for so long.
        for _ in 0..50 {
            if line.stream.write_all(many.as_bytes()).await.is_err() {
                break;
            }
        }
    };
    let mut other = Ua::new(&rig, phone(AKES, "1001", 0)).await;
    let answered = async {
        for _ in 0..20 {
            assert_eq!(other.register(300).await.code(), 200);
        }
    };
    tokio::join!(stuffed, answered);
}

#[tokio::test]
async fn both_wires_speak_ipv6() {
    let rig = Rig::with(|config| config.bind = "[::1]:0".parse().unwrap()).await;
    let mut anna = Ua::at(&rig, phone(AKES, "1000", 0), "[::1]:0").await;
    let mut bertil = Ua::at(&rig, phone(AKES, "1001", 0), "[::1]:0").await;
    assert_eq!((anna.register(300).await.code(), bertil.register(300).await.code()), (200, 200));
    let mut talk = anna.dial("1001").await;
    let invite = bertil.asked("INVITE").await;
    assert!(invite.body().contains("c=IN IP6 ::1\r\n"), "{}", invite.0);
    bertil.pick_up(&invite).await;
    let answer = anna.connected(&mut talk).await;
    anna.speak(answer.port(), 1).await;
    assert_eq!(bertil.listen().await, 1);
    let mut line = Line::open(&rig).await;
    assert_eq!(register(&mut line, &anna).await.code(), 200);
}
