//! What phones say about their sound (SDP, RFC 8866), taken apart and written anew.
//!
//! Nothing of a phone's description passes as it is: what we know is kept as values, the rest is
//! left out, and the other side gets a description that we wrote, with our address in it.

mod codecs;
mod read;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests;
mod write;

pub use write::Described;

use std::net::IpAddr;

/// Why a description is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    #[error("not a session description")]
    Unreadable,
    #[error("no audio stream that we carry")]
    NoAudio,
}

/// Which way sound goes, as the sender of the description sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    #[default]
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

impl Direction {
    const fn as_str(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::SendRecv, Self::SendOnly, Self::RecvOnly, Self::Inactive]
            .into_iter()
            .find(|d| d.as_str() == name)
    }
}

/// One codec as offered: payload type, name, clock rate, parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    /// 0 to 127.
    pub payload: u8,
    /// E.g. `PCMA`; `None`: neither mapped nor known by its number.
    pub name: Option<String>,
    /// Hz.
    pub clock: u32,
    mapped: Option<String>,
    fmtp: Option<String>,
}

/// The audio stream of one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audio {
    /// 0: refused or switched off.
    pub port: u16,
    pub address: Option<IpAddr>,
    pub rtcp_port: Option<u16>,
    pub direction: Direction,
    pub formats: Vec<Format>,
    profile: &'static str,
    ptime: Option<u16>,
    maxptime: Option<u16>,
}

/// A description: one audio stream among others that we do not carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sdp {
    pub audio: Audio,
    /// Where the audio stream stands among the streams.
    position: usize,
    /// Kind, transport and first format of every stream, to refuse the others in their place.
    streams: Vec<(String, String, String)>,
}

/// How browsers carry sound: found by ICE, agreed on by DTLS, encrypted.
const WEB: &str = "UDP/TLS/RTP/SAVPF";

impl Sdp {
    /// Whether its sound is a browser's, which the media describe by themselves.
    #[must_use]
    pub fn is_web(&self) -> bool {
        self.audio.profile == WEB
    }
}

impl Audio {
    /// The first codec that carries speech: the one an answer settles on.
    #[must_use]
    pub fn codec(&self) -> Option<&Format> {
        let speech = |f: &&Format| {
            !f.name
                .as_deref()
                .is_some_and(|n| n.eq_ignore_ascii_case("telephone-event") || n.eq_ignore_ascii_case("CN"))
        };
        self.formats.iter().find(speech)
    }

    /// What browsers speak with us.
    #[must_use]
    pub fn opus(&self) -> Option<&Format> {
        self.formats.iter().find(|format| format.is("opus"))
    }

    /// Whether nobody need hear anything: on hold, in either direction.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.direction != Direction::SendRecv || self.port == 0
    }
}
