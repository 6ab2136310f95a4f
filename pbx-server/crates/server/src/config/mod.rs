//! One file, the environment over it, the command line over both. A key that nobody knows is an
//! error that names the one that was meant.

pub mod keys;
mod shown;
mod value;

use keys::{KEYS, closest};
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use toml::{Table, Value};
use url::Url;
pub use value::{Networks, PortRange, Secret};
use voxera_audio::LibraryConfig;
use voxera_model::{Email, Realm};

/// Where a packaged installation keeps it.
pub const SYSTEM_FILE: &str = "/etc/voxera/voxera.toml";

/// What the installation is told. Every field has a value after [`load`].
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

/// Who carries calls: one choice for the installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// This process.
    Embedded,
    /// Any number of `FreeSWITCH` nodes, driven by this process.
    FreeSwitch,
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

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path}: {message}")]
    Syntax { path: PathBuf, message: String },
    #[error("{place}: there is no key {key:?}{}", meant(.closest.as_deref()))]
    Unknown { place: String, key: String, closest: Option<String> },
    #[error("{place}: {message}")]
    Value { place: String, message: String },
}

fn meant(closest: Option<&str>) -> String {
    closest.map_or_else(
        || "; `voxera config --keys` lists them".to_owned(),
        |name| format!("; did you mean {name:?}?"),
    )
}

/// What is on the command line: dotted key and text.
pub type Overrides = Vec<(&'static str, String)>;

/// Where the configuration comes from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Named on the command line: must exist. `None`: the system's, when it exists.
    pub file: Option<PathBuf>,
    /// The process's environment.
    pub environment: Vec<(String, String)>,
    pub overrides: Overrides,
}

impl Sources {
    /// Reads and checks everything.
    pub fn load(&self) -> Result<Config, ConfigError> {
        let mut table = defaults();
        let mut origin = Vec::new();
        if let Some(path) = self.path() {
            let text = std::fs::read_to_string(&path)
                .map_err(|source| ConfigError::Read { path: path.clone(), source })?;
            let file: Table = text.parse().map_err(|error: toml::de::Error| ConfigError::Syntax {
                path: path.clone(),
                message: error.to_string(),
            })?;
            let mut flat = Vec::new();
            flatten("", &file, &mut flat);
            for (key, value) in flat {
                set(&mut table, &mut origin, &path.display().to_string(), &key, value)?;
            }
        }
        for (name, text) in &self.environment {
            let Some(path) = of_variable(name)? else { continue };
            put_text(&mut table, &mut origin, name, path, text)?;
        }
        for (path, text) in &self.overrides {
            put_text(&mut table, &mut origin, "the command line", path, text)?;
        }
        check(table, &origin)
    }

    fn path(&self) -> Option<PathBuf> {
        let system = || Path::new(SYSTEM_FILE).exists().then(|| PathBuf::from(SYSTEM_FILE));
        self.file.clone().or_else(system)
    }
}

/// Variables that are ours, and are no keys.
const OTHER_VARIABLES: &[&str] = &["VOXERA_CONFIG", "VOXERA_DEMO_PASSWORD"];

/// The key that an environment variable sets. `None`: it is none of ours.
fn of_variable(name: &str) -> Result<Option<&'static str>, ConfigError> {
    if name == "DATABASE_URL" {
        return Ok(Some("database.url"));
    }
    // Tests of this project and build tools share the prefix.
    if !name.starts_with("VOXERA_") || name.starts_with("VOXERA_TEST_") || OTHER_VARIABLES.contains(&name) {
        return Ok(None);
    }
    if let Some(key) = KEYS.iter().find(|key| key.variable() == name) {
        return Ok(Some(key.path));
    }
    let known: Vec<String> = KEYS.iter().map(keys::Key::variable).collect();
    let closest = closest(name, known.iter().map(String::as_str)).map(str::to_owned);
    Err(ConfigError::Unknown { place: "the environment".into(), key: name.into(), closest })
}

fn put_text(
    table: &mut Table,
    origin: &mut Vec<(String, String)>,
    place: &str,
    path: &str,
    text: &str,
) -> Result<(), ConfigError> {
    let wrong = |message| ConfigError::Value { place: format!("{place}, {path}"), message };
    let key = keys::find(path).ok_or_else(|| wrong("no such key".into()))?;
    let value = key.value(text).map_err(wrong)?;
    set(table, origin, place, path, value)
}

/// Sets one known key, and remembers who said it.
fn set(
    table: &mut Table,
    origin: &mut Vec<(String, String)>,
    place: &str,
    path: &str,
    value: Value,
) -> Result<(), ConfigError> {
    if keys::find(path).is_none() {
        let closest = closest(path, KEYS.iter().map(|key| key.path)).map(str::to_owned);
        return Err(ConfigError::Unknown { place: place.into(), key: path.into(), closest });
    }
    origin.retain(|(known, _)| known != path);
    origin.push((path.to_owned(), place.to_owned()));
    match path.split_once('.') {
        None => drop(table.insert(path.to_owned(), value)),
        Some((section, name)) => {
            let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(section) = section {
                section.insert(name.to_owned(), value);
            }
        }
    }
    Ok(())
}

fn flatten(prefix: &str, table: &Table, into: &mut Vec<(String, Value)>) {
    for (name, value) in table {
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        // A section is walked into; an empty or misnamed one is reported by its own name.
        match value {
            Value::Table(inner) if KEYS.iter().any(|key| key.path.starts_with(&format!("{path}."))) => {
                flatten(&path, inner, into);
            }
            Value::Table(_)
            | Value::String(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Array(_) => into.push((path, value.clone())),
        }
    }
}

/// Reads key by key, so that a wrong value is reported with its key and where it was said.
fn check(table: Table, origin: &[(String, String)]) -> Result<Config, ConfigError> {
    let place = |path: &str| {
        let from =
            origin.iter().find(|(key, _)| key == path).map_or("the defaults", |(_, place)| place.as_str());
        format!("{from}, {path}")
    };
    let config: Config = Value::Table(table).try_into().map_err(|error: toml::de::Error| {
        let message = error.message().trim().to_owned();
        // Says which key at its end: "in `sip.listen`".
        let text = error.to_string();
        let path = text.rsplit("in `").next().and_then(|rest| rest.split('`').next()).unwrap_or_default();
        let place = if keys::find(path).is_some() { place(path) } else { "the configuration".to_owned() };
        ConfigError::Value { place, message }
    })?;
    if !(1..=500).contains(&config.database.max_connections) {
        return Err(ConfigError::Value {
            place: place("database.max_connections"),
            message: "choose 1 to 500".into(),
        });
    }
    if !(60..=10_000_000).contains(&config.limits.requests_per_minute) {
        let message = "choose 60 to 10000000".into();
        return Err(ConfigError::Value { place: place("limits.requests_per_minute"), message });
    }
    if config.trusted_proxies > 1 {
        let message = "choose 0 or 1: only the proxy next to us is believed".into();
        return Err(ConfigError::Value { place: place("trusted_proxies"), message });
    }
    if config.freeswitch.secret.as_ref().is_some_and(|secret| !secret.is_fit_for_freeswitch()) {
        let message = "choose 20 to 100 letters and digits".into();
        return Err(ConfigError::Value { place: place("freeswitch.secret"), message });
    }
    if config.state_dir.as_os_str().is_empty() {
        return Err(ConfigError::Value { place: place("state_dir"), message: "name a folder".into() });
    }
    Ok(config)
}

fn defaults() -> Table {
    let text = format!(
        r#"
state_dir = "{state}"
listen = "127.0.0.1:8080"
trusted_proxies = 0
engine = "embedded"
[limits]
requests_per_minute = 3000
[database]
max_connections = 20
[sip]
listen = "0.0.0.0:5060"
realm_suffix = "pbx.localhost"
media_ports = "20000-29999"
[freeswitch]
listen = "127.0.0.1:8090"
allowed = "127.0.0.0/8 ::1/128"
[media]
ffmpeg = "ffmpeg"
espeak = "espeak-ng"
flite = "flite"
[mail]
from = "no-reply@localhost.localdomain"
port = 0
encryption = "starttls"
[log]
level = "info"
format = "auto"
[demo]
enabled = false
"#,
        state = default_state_dir().display(),
    );
    text.parse().unwrap_or_default()
}

/// `/var/lib/voxera` for root and for the packaged service's user, else below the home folder.
fn default_state_dir() -> PathBuf {
    let system = PathBuf::from("/var/lib/voxera");
    if nix::unistd::Uid::effective().is_root()
        || nix::unistd::access(&system, nix::unistd::AccessFlags::W_OK).is_ok()
    {
        return system;
    }
    let home = nix::unistd::User::from_uid(nix::unistd::Uid::effective()).ok().flatten().map(|user| user.dir);
    home.unwrap_or_else(|| PathBuf::from("/tmp")).join(".local/share/voxera")
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, Sources) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("voxera.toml");
        std::fs::write(&path, text).unwrap();
        (dir, Sources { file: Some(path), ..Sources::default() })
    }

    fn refusal(text: &str) -> String {
        file(text).1.load().unwrap_err().to_string()
    }

    #[test]
    fn the_command_line_beats_the_environment_beats_the_file() {
        let (_dir, mut sources) =
            file("listen = \"127.0.0.1:1\"\n[sip]\nlisten = \"127.0.0.1:1\"\n[log]\nlevel = \"warn\"\n");
        sources.environment = vec![
            ("VOXERA_SIP_LISTEN".into(), "127.0.0.1:2".into()),
            ("VOXERA_LISTEN".into(), "127.0.0.1:2".into()),
            ("VOXERA_DATABASE_MAX_CONNECTIONS".into(), "7".into()),
            ("HOME".into(), "/nowhere".into()),
        ];
        sources.overrides = vec![("listen", "127.0.0.1:3".into())];
        let config = sources.load().unwrap();
        assert_eq!((config.listen.port(), config.sip.listen.port()), (3, 2));
        assert_eq!((config.database.max_connections, config.log.level.as_str()), (7, "warn"));
        assert_eq!(config.public_url().as_str(), "http://localhost:3/");
    }

    #[test]
    fn a_misspelled_key_is_refused_and_the_right_one_named() {
        let said = refusal("[sip]\nmedia_prots = \"20000-29999\"\n");
        assert!(said.contains("\"sip.media_prots\"; did you mean \"sip.media_ports\"?"), "{said}");
        let said = refusal("listne = \"x\"\n");
        assert!(said.contains("did you mean \"listen\"?"), "{said}");
        let said = refusal("[telephony]\nx = 1\n");
        assert!(said.contains("no key \"telephony\""), "{said}");

        let environment = vec![("VOXERA_SIP_LISTN".to_owned(), "x".to_owned())];
        let (_dir, sources) = file("");
        let said = Sources { environment, ..sources }.load().unwrap_err().to_string();
        assert!(said.contains("did you mean \"VOXERA_SIP_LISTEN\"?"), "{said}");
    }

    #[test]
    fn a_wrong_value_is_refused_with_its_key_and_place() {
        for (text, key, why) in [
            ("listen = \"8080\"\n", "listen", "socket address"),
            ("[sip]\nmedia_ports = \"1-2\"\n", "sip.media_ports", "at least 100 ports"),
            ("[sip]\nexternal_address = \"me.example\"\n", "sip.external_address", "IP address"),
            ("[database]\nmax_connections = 0\n", "database.max_connections", "1 to 500"),
            ("[mail]\nencryption = \"rot13\"\n", "mail.encryption", "starttls"),
            ("[mail]\nfrom = \"me\"\n", "mail.from", "anna@example.se"),
            ("[limits]\nrequests_per_minute = 1\n", "limits.requests_per_minute", "60 to 10000000"),
            ("[mail]\nport = 99999\n", "mail.port", "99999"),
            ("public_url = \"portal\"\n", "public_url", "relative URL"),
            ("engine = \"asterisk\"\n", "engine", "freeswitch"),
            ("[freeswitch]\nallowed = \"10.0.0.0/64\"\n", "freeswitch.allowed", "10.0.0.0/64"),
            ("[freeswitch]\nallowed = \"\"\n", "freeswitch.allowed", "at least one"),
            ("[freeswitch]\nsecret = \"kort\"\n", "freeswitch.secret", "20 to 100"),
        ] {
            let said = refusal(text);
            assert!(said.contains(&format!("voxera.toml, {key}: ")) && said.contains(why), "{text}: {said}");
        }
        let said = refusal("listen = \n");
        assert!(said.contains("voxera.toml: TOML parse error at line 1"), "{said}");
    }

    #[test]
    fn what_is_shown_can_be_read_again_and_holds_no_secret() {
        let (_dir, sources) = file(
            "[database]\nurl = \"postgres://me:geheim@db/voxera\"\n[mail]\nhost = \"smtp.example\"\nuser = \"u\"\npassword = \"geheim\"\n",
        );
        let shown = sources.load().unwrap().shown();
        assert!(!shown.contains("geheim") && shown.contains("postgres://me:***@db/voxera"), "{shown}");
        let (_dir, again) = file(&shown);
        assert_eq!(again.load().unwrap().shown(), shown);
        assert!(!format!("{:?}", sources.load().unwrap()).contains("geheim"));
    }

    #[test]
    fn every_key_has_a_value_and_the_packaged_file_is_good() {
        let shown: Table = Sources::default().load().unwrap().shown().parse().unwrap();
        let mut flat = Vec::new();
        flatten("", &shown, &mut flat);
        let shown: Vec<&str> = flat.iter().map(|(path, _)| path.as_str()).collect();
        for key in KEYS {
            assert!(shown.contains(&key.path), "{} is not shown", key.path);
        }
    }
}
