//! Reading: defaults, the file over them, the environment over both, the command line over all.

use super::Config;
use super::keys::{self, KEYS, closest};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Where a packaged installation keeps it.
pub const SYSTEM_FILE: &str = "/etc/voxera/voxera.toml";

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
    if config.is_told_one_place() {
        let message = "engine = \"per_tenant\" has two listeners for phones: choose another port than the one of sip.listen".into();
        return Err(ConfigError::Value { place: place("freeswitch.phones"), message });
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

#[cfg(test)]
mod tests;
