//! Every key of the configuration, once: its name in the file, its environment variable, its help.

use toml::Value;

/// How a text from the environment or the command line becomes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Integer,
    Flag,
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Dotted, as in the file: `sip.listen`.
    pub path: &'static str,
    pub kind: Kind,
    /// Never shown.
    pub secret: bool,
    pub says: &'static str,
}

const fn text(path: &'static str, says: &'static str) -> Key {
    Key { path, kind: Kind::Text, secret: false, says }
}
const fn integer(path: &'static str, says: &'static str) -> Key {
    Key { path, kind: Kind::Integer, secret: false, says }
}
const fn flag(path: &'static str, says: &'static str) -> Key {
    Key { path, kind: Kind::Flag, secret: false, says }
}
const fn secret(path: &'static str, says: &'static str) -> Key {
    Key { path, kind: Kind::Text, secret: true, says }
}

/// All keys, in the order in which they are explained.
pub const KEYS: &[Key] = &[
    text("state_dir", "folder of everything that is kept: keys, spool, the database's files"),
    text("listen", "address and port of the portal and the API"),
    text("public_url", "how people reach the portal; goes into mails and tokens"),
    integer("trusted_proxies", "1: a reverse proxy stands before us, and says who calls (X-Forwarded-For)"),
    secret("metrics_token", "opens /metrics to other machines than this one"),
    text(
        "engine",
        "who carries calls: embedded (this process), freeswitch (nodes of the portal's list) or per_tenant (both)",
    ),
    integer("limits.requests_per_minute", "requests to the API that one address may send, 60 to 10000000"),
    secret("database.url", "postgres://…; empty: run PostgreSQL ourselves from the installed binaries"),
    integer("database.max_connections", "connections at most, 1 to 500"),
    text("database.binaries", "folder of initdb and postgres; empty: look for the newest"),
    text("sip.listen", "address and port for phones, UDP and TCP"),
    text("sip.host", "what phones are told to send to; empty: the address of this machine"),
    text("sip.realm_suffix", "domain under which new PBXs get their name, as pbx.example.se"),
    text("sip.external_address", "the IP address that phones see, behind address translation"),
    text("sip.media_ports", "range of UDP ports for sound, as 20000-29999; 4 for each call"),
    text("freeswitch.listen", "address and port where FreeSWITCH nodes ask what to do"),
    text("freeswitch.allowed", "networks of those nodes, as 127.0.0.0/8 10.20.0.0/16"),
    secret(
        "freeswitch.secret",
        "what those nodes prove themselves with; empty: freeswitch.secret in the state folder",
    ),
    text(
        "freeswitch.phones",
        "what phones of nodes are told to send to, as nodes.example.se:5060; empty: as sip.*, with per_tenant 20 ports further",
    ),
    text("media.dir", "folder of sounds, messages and recordings; empty: media in the state folder"),
    text("media.ffmpeg", "program that converts uploaded sounds, a name or a path"),
    text("media.espeak", "program that reads Swedish texts aloud, a name or a path"),
    text("media.flite", "program that reads English texts aloud, a name or a path"),
    text("mail.from", "address that mails come from, as no-reply@example.se"),
    text("mail.host", "SMTP server; empty: mails wait in the portal's mailbox"),
    integer("mail.port", "port of the SMTP server; 0: 587, 465 or 25 as the encryption wants"),
    text("mail.encryption", "starttls, tls or none"),
    text("mail.user", "user name at the SMTP server"),
    secret("mail.password", "password at the SMTP server"),
    text("log.level", "error, warn, info, debug or trace, or a filter as info,voxera_sip=debug"),
    text("log.format", "auto (people on a terminal, else JSON), text or json"),
    flag("demo.enabled", "make the demo's partner, company, people and phones"),
];

impl Key {
    /// `sip.media_ports` is `VOXERA_SIP_MEDIA_PORTS`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("VOXERA_{}", self.path.replace('.', "_").to_uppercase())
    }

    /// What a text outside the file means.
    pub fn value(&self, text: &str) -> Result<Value, String> {
        match self.kind {
            Kind::Text => Ok(Value::String(text.to_owned())),
            Kind::Integer => {
                text.trim().parse().map(Value::Integer).map_err(|_| format!("{text:?} is no whole number"))
            }
            Kind::Flag => match text.trim() {
                "true" | "1" | "yes" => Ok(Value::Boolean(true)),
                "false" | "0" | "no" | "" => Ok(Value::Boolean(false)),
                other => Err(format!("{other:?} is neither true nor false")),
            },
        }
    }
}

/// The key of a dotted path.
#[must_use]
pub fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// The known name that is closest to a wrong one, when it is close enough to be meant.
pub fn closest<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near =
        known.map(|name| (distance(wrong, name), name)).filter(|(far, name)| *far <= name.len() / 3 + 1);
    near.min().map(|(_, name)| name)
}

/// Edits that turn one word into the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}
