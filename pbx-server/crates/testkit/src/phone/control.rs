//! The line to a running phone: commands go out, answers and events come back.

use super::Event;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, mpsc};

/// Commands and events are netstrings of JSON over one connection.
#[derive(Debug)]
pub(super) struct Control {
    /// One command at a time: the phone reads one from each packet only.
    line: tokio::sync::Mutex<(OwnedWriteHalf, mpsc::UnboundedReceiver<Value>)>,
    inbox: Arc<Inbox>,
}

#[derive(Debug, Default)]
struct Inbox {
    events: Mutex<Events>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Events {
    /// Not waited for yet.
    open: VecDeque<Event>,
    /// All of them, in words.
    history: Vec<String>,
    ended: bool,
}

impl Inbox {
    fn events(&self) -> MutexGuard<'_, Events> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Control {
    pub(super) async fn connect(address: SocketAddr) -> std::io::Result<Self> {
        let (reader, writer) = TcpStream::connect(address).await?.into_split();
        let inbox = Arc::new(Inbox::default());
        let (answered, answers) = mpsc::unbounded_channel();
        let shared = Arc::clone(&inbox);
        // Ends with the connection, which ends with the phone.
        tokio::spawn(async move {
            let mut reader = BufReader::new(reader);
            while let Ok(message) = frame(&mut reader).await {
                if message.get("response").is_some() {
                    if answered.send(message).is_err() {
                        break;
                    }
                } else {
                    let event = Event::read(&message);
                    let mut events = shared.events();
                    events.history.push(event.to_string());
                    events.open.push_back(event);
                    drop(events);
                    shared.news.notify_waiters();
                }
            }
            shared.events().ended = true;
            shared.news.notify_waiters();
        });
        Ok(Self { line: tokio::sync::Mutex::new((writer, answers)), inbox })
    }

    /// What the phone says to a command; an error: it refused it, or is gone.
    pub(super) async fn command(&self, name: &str, parameters: Option<&str>) -> Result<String, String> {
        let command = match parameters {
            Some(parameters) => json!({ "command": name, "params": parameters }),
            None => json!({ "command": name }),
        };
        let mut line = self.line.lock().await;
        let (writer, answers) = &mut *line;
        let text = command.to_string();
        let frame = format!("{}:{text},", text.len());
        writer.write_all(frame.as_bytes()).await.map_err(|error| error.to_string())?;
        let answer = answers.recv().await.ok_or("the phone is gone")?;
        let said = answer.get("data").and_then(Value::as_str).unwrap_or_default().to_owned();
        if answer.get("ok") == Some(&Value::Bool(true)) { Ok(said) } else { Err(said) }
    }

    /// The first event not waited for before that fits; none: the phone is gone.
    pub(super) async fn event(&self, fits: impl Fn(&Event) -> bool) -> Option<Event> {
        loop {
            let news = self.inbox.news.notified();
            tokio::pin!(news);
            // Events from here on wake us, also those that come before the wait.
            news.as_mut().enable();
            {
                let mut events = self.inbox.events();
                if let Some(at) = events.open.iter().position(&fits) {
                    return events.open.remove(at);
                }
                if events.ended {
                    return None;
                }
            }
            news.await;
        }
    }

    pub(super) fn history(&self) -> Vec<String> {
        self.inbox.events().history.clone()
    }
}

/// `<length>:<json>,`
async fn frame(reader: &mut BufReader<OwnedReadHalf>) -> std::io::Result<Value> {
    let mut head = Vec::new();
    reader.read_until(b':', &mut head).await?;
    let length = head.strip_suffix(b":").and_then(|digits| std::str::from_utf8(digits).ok());
    let length: usize =
        length.and_then(|digits| digits.parse().ok()).ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let mut body = vec![0; length + 1];
    reader.read_exact(&mut body).await?;
    body.pop();
    Ok(serde_json::from_str(&String::from_utf8_lossy(&body))?)
}
