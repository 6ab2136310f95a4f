//! One connection: proves itself, says what it wants to hear, asks and is answered.

use super::command::{Command, Lamp};
use super::event::Event;
use super::frame::{Frame, FrameError, Frames};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use zeroize::Zeroizing;

/// How long a node may take for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// What we want to hear of.
const WANTED: &str = "event plain HEARTBEAT BACKGROUND_JOB CHANNEL_CREATE CHANNEL_PROGRESS \
    CHANNEL_PROGRESS_MEDIA CHANNEL_ANSWER CHANNEL_BRIDGE CHANNEL_UNBRIDGE CHANNEL_HANGUP_COMPLETE \
    RECORD_START RECORD_STOP CUSTOM sofia::register sofia::unregister sofia::expire sofia::gateway_state callcenter::info";

/// Where a node listens, and how we prove ourselves.
#[derive(Clone)]
pub struct Login {
    /// A name or an address.
    pub host: String,
    pub port: u16,
    pub password: Zeroizing<String>,
}

impl Login {
    /// At an address.
    #[must_use]
    pub fn at(address: SocketAddr, password: Zeroizing<String>) -> Self {
        Self { host: address.ip().to_string(), port: address.port(), password }
    }
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

/// Why a connection is none.
#[derive(Debug, thiserror::Error)]
pub enum EslError {
    #[error("the node cannot be reached: {0}")]
    Io(#[from] std::io::Error),
    #[error("the node closed the connection")]
    Closed,
    #[error("the node does not answer")]
    Silent,
    #[error("the node refuses the password")]
    Password,
    #[error("the node takes no connection from this address")]
    Address,
    #[error("what answers is no event socket: {0}")]
    Frame(#[from] FrameError),
    #[error("what answers is no event socket")]
    Stranger,
    #[error("the node refuses a command: {0}")]
    Refused(String),
}

/// A connection that has proved itself and hears events.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    frames: Frames,
    /// Events that came while an answer was waited for.
    events: VecDeque<Event>,
}

impl Connection {
    /// Connects, proves itself, and asks for events; within five seconds each.
    pub async fn open(login: &Login) -> Result<Self, EslError> {
        // The password is sent as a line.
        if login.password.is_empty() || login.password.chars().any(char::is_control) {
            return Err(EslError::Password);
        }
        let stream =
            in_time(async { Ok(TcpStream::connect((login.host.as_str(), login.port)).await?) }).await?;
        // Commands are small, and wait for their answers.
        stream.set_nodelay(true)?;
        let mut connection = Self { stream, frames: Frames::default(), events: VecDeque::new() };
        let greeting = in_time(connection.frame()).await?;
        match greeting.kind() {
            "auth/request" => {}
            "text/rude-rejection" => return Err(EslError::Address),
            _ => return Err(EslError::Stranger),
        }
        let said = Zeroizing::new(format!("auth {}\n\n", login.password.as_str()));
        connection.send(&said).await?;
        match in_time(connection.reply("command/reply")).await {
            Ok(_) => {}
            Err(EslError::Refused(_)) => return Err(EslError::Password),
            Err(error) => return Err(error),
        }
        connection.send(&format!("{WANTED}\n\n")).await?;
        in_time(connection.reply("command/reply")).await?;
        Ok(connection)
    }

    /// The answer of a command; events that come meanwhile are kept for [`Connection::next`]. What the
    /// node refuses is [`EslError::Refused`], after which the connection is as good as before.
    pub async fn api(&mut self, command: &Command) -> Result<String, EslError> {
        self.send(&format!("api {}\n\n", command.line())).await?;
        let answer = in_time(self.reply("api/response")).await?;
        match answer.body.strip_prefix("-ERR") {
            Some(why) => Err(EslError::Refused(why.trim().to_owned())),
            None => Ok(answer.body),
        }
    }

    /// The same without waiting: the answer comes as [`super::News::Job`] with this id.
    pub async fn background(&mut self, command: &Command, job: uuid::Uuid) -> Result<(), EslError> {
        self.send(&format!("bgapi {}\nJob-UUID: {job}\n\n", command.line())).await?;
        in_time(self.reply("command/reply")).await.map(drop)
    }

    /// Lets the node tell phones what waits in their mailbox.
    pub async fn light(&mut self, lamp: &Lamp) -> Result<(), EslError> {
        self.send(&lamp.event()).await?;
        in_time(self.reply("command/reply")).await.map(drop)
    }

    /// An event that came while an answer was waited for.
    pub fn kept(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The next event. Nothing is lost when this is dropped before it is done.
    pub async fn next(&mut self) -> Result<Event, EslError> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(event);
            }
            let frame = self.frame().await?;
            self.keep(&frame);
        }
    }

    async fn send(&mut self, text: &str) -> Result<(), EslError> {
        in_time(async { Ok(self.stream.write_all(text.as_bytes()).await?) }).await
    }

    /// The next frame of a kind.
    async fn reply(&mut self, kind: &str) -> Result<Frame, EslError> {
        loop {
            let frame = self.frame().await?;
            if frame.kind() == kind {
                return match frame.headers.get("Reply-Text").and_then(|text| text.strip_prefix("-ERR")) {
                    Some(why) => Err(EslError::Refused(why.trim().to_owned())),
                    None => Ok(frame),
                };
            }
            self.keep(&frame);
        }
    }

    fn keep(&mut self, frame: &Frame) {
        self.events.extend(Event::read(frame));
    }

    async fn frame(&mut self) -> Result<Frame, EslError> {
        loop {
            if let Some(frame) = self.frames.take()? {
                if frame.kind() == "text/disconnect-notice" {
                    return Err(EslError::Closed);
                }
                return Ok(frame);
            }
            if self.stream.read_buf(self.frames.room()).await? == 0 {
                return Err(EslError::Closed);
            }
        }
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T, EslError>>) -> Result<T, EslError> {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or(Err(EslError::Silent))
}
