//! What one node is told apart from what all have in common.

use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use url::{Host, Url};

/// What a folder was made with; a later `init` of the same folder starts from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeSettings {
    /// 1 to 63 of a-z, 0-9 and -; FreeSWITCH's own name, in every request and event.
    pub name: String,
    /// Where phones and lines send SIP, UDP and TCP. An address of the node, not 0.0.0.0.
    pub sip: SocketAddr,
    /// What phones are told behind address translation. `None`: the address of `sip`.
    pub external: Option<IpAddr>,
    /// UDP ports for sound, both ends included.
    pub media_ports: (u16, u16),
    /// For phones in browsers; with a certificate in `tls/wss.pem`.
    pub wss: SocketAddr,
    /// The port, at the address of `esl`, where the server brings browsers; folders of before had none.
    #[serde(default = "ws_port")]
    pub ws_port: u16,
    /// The port of SIP over TLS; it needs a certificate in `tls/agent.pem`. `None`: not spoken.
    pub sips_port: Option<u16>,
    /// Where FreeSWITCH takes commands.
    pub esl: SocketAddr,
    /// The listener of Voxera, without a path: `http://127.0.0.1:8090`.
    pub server: Url,
    /// Who may come to `esl`. Empty: the address of `server`.
    pub server_addresses: Vec<IpAddr>,
    /// Sounds, messages and recordings: the same folder as Voxera's.
    pub media_dir: PathBuf,
    /// FreeSWITCH itself.
    pub program: PathBuf,
    /// Channels at once, each half of a call one, 2 to 60000.
    pub max_sessions: u32,
}

/// Where browsers are brought when nothing is said.
#[must_use]
pub const fn ws_port() -> u16 {
    5066
}

/// Why a node cannot be made so; what to do is part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {why}")]
pub struct WrongSetting {
    pub setting: &'static str,
    pub why: String,
}

fn wrong<T>(setting: &'static str, why: impl Into<String>) -> Result<T, WrongSetting> {
    Err(WrongSetting { setting, why: why.into() })
}

/// Paths stand in FreeSWITCH's XML, in its command line and in a unit: nothing that one of them
/// would read as its own.
pub(super) fn plain_path(setting: &'static str, path: &Path) -> Result<String, WrongSetting> {
    let text = path.to_str().unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@".contains(c);
    if !text.starts_with('/') {
        return wrong(setting, "name it from the root on, as /var/lib/voxera/freeswitch");
    }
    if let Some(c) = text.chars().find(|c| !plain(*c)) {
        return wrong(setting, format!("FreeSWITCH takes no {c:?} in a path; choose another"));
    }
    Ok(text.to_owned())
}

impl NodeSettings {
    /// Refuses what FreeSWITCH would misread or what would leave it open.
    pub fn check(&self) -> Result<(), WrongSetting> {
        let letters = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if self.name.is_empty() || self.name.len() > 63 || !self.name.bytes().all(letters) {
            return wrong("name", "write 1 to 63 of a-z, 0-9 and -");
        }
        for (setting, address) in [("sip", self.sip), ("wss", self.wss), ("esl", self.esl)] {
            if address.port() == 0 {
                return wrong(setting, "choose a port");
            }
        }
        if self.ws_port == 0 || self.ws_port == self.esl.port() {
            return wrong("ws-port", "choose a port of its own");
        }
        if self.sip.ip().is_unspecified() {
            return wrong("sip", "name the address of this node; FreeSWITCH writes it into every message");
        }
        let (first, last) = self.media_ports;
        if first < 1024 || last < first || last - first < 99 {
            return wrong("media-ports", "choose at least 100 ports from 1024 on, as 20000-29999");
        }
        if !(2..=60_000).contains(&self.max_sessions) {
            return wrong("max-sessions", "choose 2 to 60000");
        }
        if !matches!(self.server.scheme(), "http" | "https")
            || self.server.host().is_none()
            || !self.server.username().is_empty()
            || self.server.path() != "/"
            || self.server.query().is_some()
            || self.server.fragment().is_some()
        {
            return wrong("server", "write it as http://192.0.2.1:8090");
        }
        let away = self.esl_from().iter().any(|address| !address.is_loopback());
        if self.esl_from().is_empty() {
            return wrong("server-address", "the server has a name; say from which address it comes");
        }
        if away && self.esl.ip().is_loopback() {
            return wrong(
                "esl",
                "the server is another machine: name an address of this node that it reaches",
            );
        }
        plain_path("media-dir", &self.media_dir)?;
        plain_path("program", &self.program)?;
        Ok(())
    }

    /// Who may come to the event socket.
    pub(super) fn esl_from(&self) -> Vec<IpAddr> {
        if !self.server_addresses.is_empty() {
            return self.server_addresses.clone();
        }
        match self.server.host() {
            Some(Host::Ipv4(ip)) => vec![ip.into()],
            Some(Host::Ipv6(ip)) => vec![ip.into()],
            Some(Host::Domain("localhost")) => vec![[127, 0, 0, 1].into()],
            Some(Host::Domain(_)) | None => Vec::new(),
        }
    }

    /// The base of what FreeSWITCH asks, without a slash at its end.
    pub(super) fn server_base(&self) -> &str {
        self.server.as_str().trim_end_matches('/')
    }
}
