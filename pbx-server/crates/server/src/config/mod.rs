//! One file, the environment over it, the command line over both. A key that nobody knows is an
//! error that names the one that was meant.

pub mod keys;
mod read;
mod shown;
mod value;

pub use read::{ConfigError, Overrides, SYSTEM_FILE, Sources};
pub use value::{HostPort, Networks, PortRange, Secret};

use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use url::Url;
use voxera_audio::LibraryConfig;
use voxera_model::{Email, Realm};

/// What the installation is told. Every field has a value after [`Sources::load`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub state_dir: PathBuf,
    pub listen: SocketAddr,
    /// Derived from `listen` when it is not set; see [`Config::public_url`].
    #[serde(default, deserialize_with = "value::optional")]
    pub public_url: Option<Url>,
    pub trusted_proxies: u8,
    #[serde(default, deserialize_with = "value::optional")]
    pub metrics_token: Option<Secret>,
    pub engine: Engine,
    pub limits: Limits,
    pub database: Database,
    pub sip: Sip,
    pub freeswitch: FreeSwitch,
    pub media: Media,
    pub mail: Mail,
    pub log: Log,
    pub demo: Demo,
}

/// How much strangers may ask for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Requests to the API from one address (IPv6: from one /64).
    pub requests_per_minute: u32,
}

/// Where the data is.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `None`: our own `PostgreSQL` under the state directory.
    #[serde(default, deserialize_with = "value::optional")]
    pub url: Option<Url>,
    pub max_connections: u32,
    #[serde(default, deserialize_with = "value::optional")]
    pub binaries: Option<PathBuf>,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("own", &self.url.is_none()).finish_non_exhaustive()
    }
}

/// Where phones are heard.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sip {
    pub listen: SocketAddr,
    #[serde(default, deserialize_with = "value::optional")]
    pub host: Option<String>,
    pub realm_suffix: Realm,
    #[serde(default, deserialize_with = "value::optional")]
    pub external_address: Option<IpAddr>,
    pub media_ports: PortRange,
}

/// Who carries calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Engine {
    /// This process.
    #[serde(rename = "embedded")]
    Embedded,
    /// Any number of `FreeSWITCH` nodes, driven by this process.
    #[serde(rename = "freeswitch")]
    FreeSwitch,
    /// Both, side by side: which one is chosen for each tenant, in the portal.
    #[serde(rename = "per_tenant")]
    PerTenant,
}

impl Engine {
    /// Whether this process carries calls.
    #[must_use]
    pub const fn is_here(self) -> bool {
        matches!(self, Self::Embedded | Self::PerTenant)
    }

    /// Whether nodes carry calls.
    #[must_use]
    pub const fn has_nodes(self) -> bool {
        matches!(self, Self::FreeSwitch | Self::PerTenant)
    }

    /// As the file says it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::FreeSwitch => "freeswitch",
            Self::PerTenant => "per_tenant",
        }
    }
}

/// Where `FreeSWITCH` nodes ask us. Used when `engine` says so.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreeSwitch {
    pub listen: SocketAddr,
    /// From where nodes may ask.
    pub allowed: Networks,
    /// What nodes prove themselves with. `None`: a file in the state directory, made by the first start.
    #[serde(default, deserialize_with = "value::optional")]
    pub secret: Option<Secret>,
    /// What phones of nodes are told to send to; see [`Config::node_port`].
    #[serde(default, deserialize_with = "value::optional")]
    pub phones: Option<HostPort>,
}

/// Where sounds lie, and the programs that make them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Media {
    /// `None`: `media` in the state directory.
    #[serde(default, deserialize_with = "value::optional")]
    pub dir: Option<PathBuf>,
    pub ffmpeg: PathBuf,
    pub espeak: PathBuf,
    pub flite: PathBuf,
}

/// How mails leave.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    pub from: Email,
    /// `None`: mails stay in the mailbox of the portal.
    #[serde(default, deserialize_with = "value::optional")]
    pub host: Option<String>,
    /// 0: the usual one of the encryption.
    pub port: u16,
    pub encryption: Encryption,
    #[serde(default, deserialize_with = "value::optional")]
    pub user: Option<String>,
    #[serde(default, deserialize_with = "value::optional")]
    pub password: Option<Secret>,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

/// Whether the way to the SMTP server is secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encryption {
    Starttls,
    Tls,
    None,
}

/// What is written about what happens.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub level: String,
    pub format: LogFormat,
}

/// For whom logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people on a terminal, for machines elsewhere.
    Auto,
    Text,
    Json,
}

/// What makes the product look lived in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demo {
    pub enabled: bool,
}

impl Config {
    /// All sounds of the installation, and the programs that make them.
    #[must_use]
    pub fn library(&self) -> LibraryConfig {
        LibraryConfig {
            media_dir: self.media.dir.clone().unwrap_or_else(|| self.state_dir.join("media")),
            ffmpeg: self.media.ffmpeg.clone(),
            espeak: self.media.espeak.clone(),
            flite: self.media.flite.clone(),
        }
    }

    /// The port where phones reach nodes: as it is said, else the one of `sip.listen`, and beside the
    /// engine of this process, which has that one, 20 further.
    #[must_use]
    pub fn node_port(&self) -> u16 {
        let own = self.sip.listen.port();
        match (&self.freeswitch.phones, self.engine) {
            (Some(said), _) => said.port,
            (None, Engine::PerTenant) => own.checked_add(20).unwrap_or(own - 20),
            (None, Engine::Embedded | Engine::FreeSwitch) => own,
        }
    }

    /// Whether phones of both engines are told the same place.
    fn is_told_one_place(&self) -> bool {
        let own = |said: &HostPort| {
            self.sip.host.as_ref() == Some(&said.host) && said.port == self.sip.listen.port()
        };
        self.engine == Engine::PerTenant && self.freeswitch.phones.as_ref().is_some_and(own)
    }

    /// How people reach the portal.
    #[must_use]
    pub fn public_url(&self) -> Url {
        self.public_url.clone().unwrap_or_else(|| local_url(self.listen))
    }
}

/// The address of a server on this machine.
#[must_use]
pub fn local_url(listen: SocketAddr) -> Url {
    let host = match listen.ip() {
        ip if ip.is_loopback() || ip.is_unspecified() => "localhost".to_owned(),
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    let text = format!("http://{host}:{}", listen.port());
    match Url::parse(&text) {
        Ok(url) => url,
        Err(error) => unreachable!("a host and a port are a URL: {text}: {error}"),
    }
}
