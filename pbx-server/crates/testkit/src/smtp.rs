//! A mail server on loopback that keeps what it is given, or refuses as it is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// What the server does with the next mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Answer {
    /// Takes them.
    #[default]
    Take,
    /// Refuses the recipient with this code: 4xx for now, 5xx for good.
    RefuseRecipient(u16),
    /// Refuses the log-in (535).
    RefuseLogin,
    /// Offers STARTTLS and then cannot (454).
    RefuseStartTls,
    /// Hangs up after the greeting.
    HangUp,
}

/// A mail as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// The envelope's sender.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// What the client logged in with: base64 of `\0user\0password`.
    pub login: Option<String>,
    /// Head and body.
    pub data: String,
}

impl Received {
    /// A header's value, unfolded and with encoded words read.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let (head, _) = self.data.split_once("\r\n\r\n")?;
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let value = unfolded.split("\r\n").find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })?;
        Some(encoded_words(&value))
    }

    /// The text of the first part of this type, e.g. `text/plain`.
    #[must_use]
    pub fn part(&self, media_type: &str) -> Option<String> {
        let at = self.data.find(&format!("Content-Type: {media_type}"))?;
        let head_start = self.data[..at].rfind("\r\n--").map_or(0, |start| start + 2);
        let (head, body) = self.data[head_start..].split_once("\r\n\r\n")?;
        let body = body.split_once("\r\n--").map_or(body, |(body, _)| body);
        let encoding = head.to_lowercase();
        let bytes = if encoding.contains("transfer-encoding: base64") {
            base64(body)
        } else if encoding.contains("transfer-encoding: quoted-printable") {
            quoted_printable(body)
        } else {
            body.as_bytes().to_vec()
        };
        String::from_utf8(bytes).ok()
    }
}

/// A running mail server; ends when it is dropped.
#[derive(Debug)]
pub struct SmtpSink {
    address: SocketAddr,
    answer: Arc<Mutex<Answer>>,
    mails: mpsc::UnboundedReceiver<Received>,
    task: JoinHandle<()>,
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl SmtpSink {
    /// Starts one on a free port of loopback.
    ///
    /// # Panics
    /// When loopback has no free port.
    pub async fn start() -> Self {
        Self::start_on(0).await
    }

    /// Starts one on this port; 0: a free one.
    ///
    /// # Panics
    /// When the port is taken.
    pub async fn start_on(port: u16) -> Self {
        let listener = match TcpListener::bind(("127.0.0.1", port)).await {
            Ok(listener) => listener,
            Err(error) => panic!("no mail server on port {port}: {error}"),
        };
        let address = match listener.local_addr() {
            Ok(address) => address,
            Err(error) => panic!("a mail server without an address: {error}"),
        };
        let answer = Arc::new(Mutex::new(Answer::Take));
        let (keep, mails) = mpsc::unbounded_channel();
        let shared = Arc::clone(&answer);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // One connection after the other: what a test sees is in order.
                let answer = *shared.lock().unwrap_or_else(PoisonError::into_inner);
                if serve(stream, answer, &keep).await.is_err() {
                    // The client went away, as clients do.
                }
            }
        });
        Self { address, answer, mails, task }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it: from now on nobody listens.
    pub async fn stop(mut self) {
        self.task.abort();
        drop((&mut self.task).await);
    }

    /// What it does from the next connection on.
    pub fn set_answer(&self, answer: Answer) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = answer;
    }

    /// The next mail; waits for it.
    ///
    /// # Panics
    /// When the server has ended.
    pub async fn next(&mut self) -> Received {
        match self.mails.recv().await {
            Some(mail) => mail,
            None => panic!("the mail server has ended"),
        }
    }

    /// A mail that is here already.
    pub fn try_next(&mut self) -> Option<Received> {
        self.mails.try_recv().ok()
    }
}

async fn serve(
    stream: TcpStream,
    answer: Answer,
    keep: &mpsc::UnboundedSender<Received>,
) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    writer.write_all(b"220 sink.example ESMTP\r\n").await?;
    if answer == Answer::HangUp {
        return Ok(());
    }
    let mut mail = Received { from: String::new(), to: Vec::new(), login: None, data: String::new() };
    while let Some(line) = lines.next_line().await? {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let reply = match verb.as_str() {
            "EHLO" if answer == Answer::RefuseStartTls => "250-sink.example\r\n250 STARTTLS\r\n".to_owned(),
            "STARTTLS" if answer == Answer::RefuseStartTls => "454 4.7.0 not now\r\n".to_owned(),
            "EHLO" | "HELO" => "250-sink.example\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n".to_owned(),
            "AUTH" if answer == Answer::RefuseLogin => "535 5.7.8 bad credentials\r\n".to_owned(),
            "AUTH" => {
                mail.login = line.split(' ').nth(2).map(str::to_owned);
                "235 2.7.0 welcome\r\n".to_owned()
            }
            "MAIL" => {
                mail.from = path(&line);
                "250 2.1.0 ok\r\n".to_owned()
            }
            "RCPT" => {
                if let Answer::RefuseRecipient(code) = answer {
                    format!("{code} {}.1.1 not now\r\n", code / 100)
                } else {
                    mail.to.push(path(&line));
                    "250 2.1.5 ok\r\n".to_owned()
                }
            }
            "DATA" => {
                writer.write_all(b"354 go on\r\n").await?;
                while let Some(line) = lines.next_line().await? {
                    if line == "." {
                        break;
                    }
                    mail.data.push_str(line.strip_prefix('.').unwrap_or(&line));
                    mail.data.push_str("\r\n");
                }
                let login = mail.login.clone();
                let empty = Received { from: String::new(), to: Vec::new(), login, data: String::new() };
                let _closed = keep.send(std::mem::replace(&mut mail, empty));
                "250 2.0.0 taken\r\n".to_owned()
            }
            "QUIT" => {
                writer.write_all(b"221 2.0.0 bye\r\n").await?;
                return Ok(());
            }
            "RSET" | "NOOP" => "250 2.0.0 ok\r\n".to_owned(),
            _ => "502 5.5.1 what?\r\n".to_owned(),
        };
        writer.write_all(reply.as_bytes()).await?;
    }
    Ok(())
}

fn path(line: &str) -> String {
    let inner = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or_else(String::new, |(path, _)| path.to_owned())
}

/// RFC 2047. White space between two encoded words is none.
fn encoded_words(value: &str) -> String {
    let mut out = String::new();
    let mut after_encoded = false;
    for word in value.split(' ') {
        let decoded = word.strip_prefix("=?").and_then(|rest| rest.strip_suffix("?=")).and_then(|inner| {
            let mut parts = inner.splitn(3, '?');
            let (_, kind, text) = (parts.next()?, parts.next()?, parts.next()?);
            let bytes = match kind {
                "b" | "B" => base64(text),
                _ => quoted_printable(&text.replace('_', " ")),
            };
            String::from_utf8(bytes).ok()
        });
        let between_encoded = after_encoded && decoded.is_some();
        if !out.is_empty() && !between_encoded {
            out.push(' ');
        }
        after_encoded = decoded.is_some();
        out.push_str(decoded.as_deref().unwrap_or(word));
    }
    out
}

fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut out, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for byte in text.bytes() {
        let Some(value) = ALPHABET.iter().position(|&c| c == byte) else { continue };
        bits = (bits << 6) | u32::try_from(value).unwrap_or_default();
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from((bits >> count) & 0xff).unwrap_or_default());
        }
    }
    out
}

fn quoted_printable(text: &str) -> Vec<u8> {
    let joined = text.replace("=\r\n", "");
    let (mut out, mut rest) = (Vec::new(), joined.as_bytes());
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        if let (b'=', Some(byte)) = (first, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            out.push(byte);
            rest = &tail[2..];
        } else {
            out.push(*first);
            rest = tail;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swedish_survives_the_encodings_of_mail() {
        assert_eq!(
            encoded_words("=?utf-8?b?w4VrZXM=?= Bageri =?utf-8?b?w6Q=?= =?utf-8?b?w7Y=?="),
            "Åkes Bageri äö"
        );
        assert_eq!(quoted_printable("Hej =C3=85ke,=\r\n nu =3D"), "Hej Åke, nu =".as_bytes());
    }
}
