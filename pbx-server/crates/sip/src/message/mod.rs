//! SIP messages (RFC 3261): what phones may write, and the one way in which we write.
//!
//! Reading is strict where a second reading would differ from ours (two Call-IDs, two lengths) and
//! lenient where phones differ from the book. Writing has one door, [`Headers::push`], through
//! which no line break passes.

mod address;
mod headers;
mod parse;
mod uri;

pub use address::{NameAddr, Param, Via, quoted};
pub use headers::{Headers, Name};
pub use parse::{Basics, ParseError, Received, frame, parse};
pub use uri::Uri;

use bytes::Bytes;
use std::fmt::Write as _;

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Method {
    Invite,
    Ack,
    Bye,
    Cancel,
    Register,
    Options,
    Info,
    Update,
    Refer,
    Prack,
    Subscribe,
    Notify,
    Message,
    Publish,
    Other(Box<str>),
}

impl Method {
    /// The text on the wire; methods are case-sensitive.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Invite => "INVITE",
            Self::Ack => "ACK",
            Self::Bye => "BYE",
            Self::Cancel => "CANCEL",
            Self::Register => "REGISTER",
            Self::Options => "OPTIONS",
            Self::Info => "INFO",
            Self::Update => "UPDATE",
            Self::Refer => "REFER",
            Self::Prack => "PRACK",
            Self::Subscribe => "SUBSCRIBE",
            Self::Notify => "NOTIFY",
            Self::Message => "MESSAGE",
            Self::Publish => "PUBLISH",
            Self::Other(text) => text,
        }
    }

    /// Total: any token is a method.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "INVITE" => Self::Invite,
            "ACK" => Self::Ack,
            "BYE" => Self::Bye,
            "CANCEL" => Self::Cancel,
            "REGISTER" => Self::Register,
            "OPTIONS" => Self::Options,
            "INFO" => Self::Info,
            "UPDATE" => Self::Update,
            "REFER" => Self::Refer,
            "PRACK" => Self::Prack,
            "SUBSCRIBE" => Self::Subscribe,
            "NOTIFY" => Self::Notify,
            "MESSAGE" => Self::Message,
            "PUBLISH" => Self::Publish,
            other => Self::Other(other.into()),
        }
    }

    /// For metrics: a method that a stranger made up is `other`.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Invite => "invite",
            Self::Ack => "ack",
            Self::Bye => "bye",
            Self::Cancel => "cancel",
            Self::Register => "register",
            Self::Options => "options",
            Self::Info => "info",
            Self::Update => "update",
            Self::Refer => "refer",
            Self::Prack => "prack",
            Self::Subscribe => "subscribe",
            Self::Notify => "notify",
            Self::Message => "message",
            Self::Publish => "publish",
            Self::Other(_) => "other",
        }
    }
}

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    /// The request URI as written.
    pub uri: String,
    pub headers: Headers,
    pub body: Bytes,
}

/// A response.
#[derive(Debug, Clone)]
pub struct Response {
    pub code: u16,
    pub reason: String,
    pub headers: Headers,
    pub body: Bytes,
}

impl Request {
    /// The message on the wire.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let mut text = String::with_capacity(768 + self.body.len());
        let _ = write!(text, "{} {} SIP/2.0\r\n", self.method.as_str(), clean(&self.uri));
        finish(text, &self.headers, &self.body)
    }
}

impl Response {
    /// The message on the wire.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let mut text = String::with_capacity(768 + self.body.len());
        let _ = write!(text, "SIP/2.0 {} {}\r\n", self.code, clean(&self.reason));
        finish(text, &self.headers, &self.body)
    }
}

/// Content-Length is ours alone: whatever the headers say, one true value goes out.
fn finish(mut text: String, headers: &Headers, body: &Bytes) -> Bytes {
    for (name, value) in headers.iter().filter(|(name, _)| **name != Name::ContentLength) {
        let _ = write!(text, "{}: {value}\r\n", name.as_str());
    }
    let _ = write!(text, "Content-Length: {}\r\n\r\n", body.len());
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(body);
    bytes.into()
}

/// A text without control characters: nothing that is written starts a new line.
fn clean(text: &str) -> std::borrow::Cow<'_, str> {
    if text.chars().any(char::is_control) {
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().into()
    } else {
        text.into()
    }
}

/// The usual words of a status code.
#[must_use]
pub const fn reason_phrase(code: u16) -> &'static str {
    match code {
        100 => "Trying",
        180 => "Ringing",
        181 => "Call Is Being Forwarded",
        183 => "Session Progress",
        200 => "OK",
        202 => "Accepted",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        413 => "Request Entity Too Large",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        422 => "Session Interval Too Small",
        423 => "Interval Too Brief",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        489 => "Bad Event",
        491 => "Request Pending",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        600 => "Busy Everywhere",
        603 => "Decline",
        606 => "Not Acceptable",
        100..=199 => "Progress",
        200..=299 => "OK",
        300..=399 => "Redirected",
        400..=499 => "Request Failure",
        500..=599 => "Server Failure",
        _ => "Failure",
    }
}
