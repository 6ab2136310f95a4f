//! The least of a phone: registers, calls, answers, hangs up, over UDP.

use crate::Outcome;
use crate::setting::{REALM, ha1, number, user};
use md5::{Digest, Md5};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::timeout;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(8);

pub struct Phone {
    index: u32,
    socket: UdpSocket,
    /// Where sound is wanted.
    rtp: u16,
    /// Where sound is to be sent, once a call is up.
    pub peer: Option<u16>,
}

/// A call that is up.
pub struct Dialog {
    call_id: String,
    from: String,
    to: String,
    target: String,
}

impl Phone {
    pub async fn register(index: u32, engine: SocketAddr, rtp: u16) -> Outcome<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        socket.connect(engine).await?;
        let phone = Self { index, socket, rtp, peer: None };
        let me = format!("sip:{}@{REALM}", user(index));
        let extra = "Expires: 3600\r\n";
        let uri = format!("sip:{REALM}");
        let id = Uuid::now_v7().to_string();
        let ask = |cseq, proof: &str| {
            phone.request(
                "REGISTER",
                &uri,
                &id,
                &format!("<{me}>;tag=r"),
                &format!("<{me}>"),
                cseq,
                &format!("{extra}{proof}"),
                "",
            )
        };
        phone.send(&ask(1, "")).await?;
        let refused = phone.answer_to(&id, 1).await?;
        phone.send(&ask(2, &phone.proof(&refused, "REGISTER", &uri)?)).await?;
        let accepted = phone.answer_to(&id, 2).await?;
        if status(&accepted) == 200 {
            Ok(phone)
        } else {
            Err(format!("not registered: {}", first_line(&accepted)).into())
        }
    }

    /// Calls another phone and waits until it has answered.
    pub async fn call(&mut self, other: u32) -> Outcome<Dialog> {
        let id = Uuid::now_v7().to_string();
        let uri = format!("sip:{}@{REALM}", number(other));
        let from = format!("<sip:{}@{REALM}>;tag={}", user(self.index), &id[24..]);
        let to = format!("<{uri}>");
        let sdp = self.sdp();
        self.send(&self.request("INVITE", &uri, &id, &from, &to, 1, "", &sdp)).await?;
        let refused = self.answer_to(&id, 1).await?;
        let tagged = header(&refused, "to").unwrap_or(&to).to_owned();
        self.send(&self.request("ACK", &uri, &id, &from, &tagged, 1, "", "")).await?;
        let proof = self.proof(&refused, "INVITE", &uri)?;
        self.send(&self.request("INVITE", &uri, &id, &from, &to, 2, &proof, &sdp)).await?;
        let answer = self.answer_to(&id, 2).await?;
        if status(&answer) != 200 {
            // Else it is said again and again.
            let to = header(&answer, "to").unwrap_or(&to);
            self.send(&self.request("ACK", &uri, &id, &from, to, 2, "", "")).await?;
            return Err(format!("not answered: {}", first_line(&answer)).into());
        }
        let to = header(&answer, "to").ok_or("no To")?.to_owned();
        let contact = header(&answer, "contact").ok_or("no Contact")?;
        let target = contact.split(['<', '>']).nth(1).unwrap_or(contact).to_owned();
        self.peer = media_port(&answer);
        self.send(&self.request("ACK", &target, &id, &from, &to, 2, "", "")).await?;
        Ok(Dialog { call_id: id, from, to, target })
    }

    pub async fn hang_up(&mut self, dialog: Dialog) -> Outcome<()> {
        let Dialog { call_id, from, to, target } = dialog;
        self.send(&self.request("BYE", &target, &call_id, &from, &to, 3, "", "")).await?;
        match status(&self.answer_to(&call_id, 3).await?) {
            200 => Ok(()),
            other => Err(format!("hanging up was answered {other}").into()),
        }
    }

    /// Answers whatever comes, until it is dropped. Tells where each call wants its sound.
    pub async fn serve(self, mut heard: impl FnMut(u16)) -> Outcome<()> {
        let mut buffer = vec![0; 8192];
        loop {
            let size = self.socket.recv(&mut buffer).await?;
            let text = String::from_utf8_lossy(&buffer[..size]).into_owned();
            if text.starts_with("INVITE ") {
                if let Some(port) = media_port(&text) {
                    heard(port);
                }
                self.send(&self.response(&text, "180 Ringing", "")).await?;
                self.send(&self.response(&text, "200 OK", &self.sdp())).await?;
            } else if !text.starts_with("SIP/2.0") && !text.starts_with("ACK ") && size > 4 {
                self.send(&self.response(&text, "200 OK", "")).await?;
            }
        }
    }

    async fn send(&self, text: &str) -> Outcome<()> {
        self.socket.send(text.as_bytes()).await?;
        Ok(())
    }

    /// The final answer to a request of ours.
    async fn answer_to(&self, call_id: &str, cseq: u32) -> Outcome<String> {
        let mut buffer = vec![0; 8192];
        let wanted = cseq.to_string();
        loop {
            let size = timeout(PATIENCE, self.socket.recv(&mut buffer)).await.map_err(|_| "no answer")??;
            let text = String::from_utf8_lossy(&buffer[..size]).into_owned();
            let ours = header(&text, "call-id") == Some(call_id)
                && header(&text, "cseq").and_then(|c| c.split_whitespace().next()) == Some(&wanted);
            if text.starts_with("SIP/2.0") && ours && status(&text) >= 200 {
                return Ok(text);
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of a request")]
    fn request(
        &self,
        method: &str,
        uri: &str,
        id: &str,
        from: &str,
        to: &str,
        cseq: u32,
        extra: &str,
        body: &str,
    ) -> String {
        let here = self.here();
        let contact = format!("Contact: <sip:{}@{here}>\r\n", user(self.index));
        let branch =
            format!("z9hG4bK{id}{cseq}{}", if method == "INVITE" || method == "ACK" { "" } else { method });
        // An ACK to a 200 goes to the contact, and is a transaction of its own.
        let branch = if method == "ACK" && !uri.ends_with(REALM) { format!("{branch}ack") } else { branch };
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {here};rport;branch={branch}\r\nMax-Forwards: 70\r\n\
             From: {from}\r\nTo: {to}\r\nCall-ID: {id}\r\nCSeq: {cseq} {method}\r\n{contact}{extra}{kind}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    fn response(&self, request: &str, line: &str, body: &str) -> String {
        let mut text = format!("SIP/2.0 {line}\r\n");
        for row in request.lines().skip(1).take_while(|row| !row.is_empty()) {
            let name = row.split(':').next().unwrap_or_default().trim().to_ascii_lowercase();
            match name.as_str() {
                "to" if !row.contains("tag=") => text.extend([row, ";tag=phone", &self.index.to_string()]),
                "via" | "from" | "to" | "call-id" | "cseq" | "record-route" => text.push_str(row),
                _ => continue,
            }
            text.push_str("\r\n");
        }
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        text + &format!(
            "Contact: <sip:{}@{}>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
            user(self.index),
            self.here(),
            body.len()
        )
    }

    fn proof(&self, refusal: &str, method: &str, uri: &str) -> Outcome<String> {
        let challenge = refusal
            .lines()
            .filter(|row| row.to_ascii_lowercase().contains("-authenticate:"))
            .find(|row| !row.to_ascii_uppercase().contains("SHA-256"))
            .ok_or_else(|| format!("no challenge in {}", first_line(refusal)))?;
        let nonce =
            challenge.split("nonce=\"").nth(1).and_then(|rest| rest.split('"').next()).ok_or("no nonce")?;
        let name = if challenge.to_ascii_lowercase().starts_with("proxy") {
            "Proxy-Authorization"
        } else {
            "Authorization"
        };
        let ha2 = hex::encode(Md5::digest(format!("{method}:{uri}")));
        let (nc, cnonce) = ("00000001", "c0ffee");
        let response =
            hex::encode(Md5::digest(format!("{}:{nonce}:{nc}:{cnonce}:auth:{ha2}", ha1(self.index))));
        Ok(format!(
            "{name}: Digest username=\"{}\", realm=\"{REALM}\", nonce=\"{nonce}\", uri=\"{uri}\", \
             response=\"{response}\", algorithm=MD5, qop=auth, nc={nc}, cnonce=\"{cnonce}\"\r\n",
            user(self.index)
        ))
    }

    fn here(&self) -> String {
        self.socket.local_addr().map(|address| address.to_string()).unwrap_or_default()
    }

    fn sdp(&self) -> String {
        format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio {} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=ptime:20\r\na=sendrecv\r\n",
            self.rtp
        )
    }
}

fn header<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().take_while(|row| !row.is_empty()).find_map(|row| {
        let (found, value) = row.split_once(':')?;
        found.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn status(text: &str) -> u16 {
    text.split_whitespace().nth(1).and_then(|code| code.parse().ok()).unwrap_or(0)
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn media_port(text: &str) -> Option<u16> {
    text.lines().find_map(|row| row.strip_prefix("m=audio "))?.split(' ').next()?.parse().ok()
}
