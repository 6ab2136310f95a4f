//! Values that the file writes as text.

use serde::{Deserialize, Deserializer, de::Error as _};
use std::net::{IpAddr, Ipv6Addr};
use std::ops::RangeInclusive;
use std::str::FromStr;

/// An empty text is no value.
pub fn optional<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: std::fmt::Display>,
{
    let text = String::deserialize(from)?;
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(D::Error::custom),
    }
}

/// UDP ports for sound, both ends included: at least 100, none below 1024.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortRange(RangeInclusive<u16>);

impl PortRange {
    /// The ports.
    #[must_use]
    pub fn range(&self) -> RangeInclusive<u16> {
        self.0.clone()
    }
}

impl FromStr for PortRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || format!("{text:?} is no range of ports; write 20000-29999");
        let (first, last) = text.split_once('-').ok_or_else(refuse)?;
        let first: u16 = first.trim().parse().map_err(|_| refuse())?;
        let last: u16 = last.trim().parse().map_err(|_| refuse())?;
        if first < 1024 || last < first || last - first < 99 {
            return Err(format!("{text:?}: choose at least 100 ports from 1024 on, as 20000-29999"));
        }
        Ok(Self(first..=last))
    }
}

impl std::fmt::Display for PortRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.0.start(), self.0.end())
    }
}

impl<'de> Deserialize<'de> for PortRange {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// Networks, at least one: `10.20.0.0/16`, or an address alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Networks(Vec<(IpAddr, u8)>);

impl Networks {
    /// Each network's address and how many of its first bits are the network's.
    #[must_use]
    pub fn list(&self) -> &[(IpAddr, u8)] {
        &self.0
    }
}

impl FromStr for Networks {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let network = |word: &str| {
            let (address, bits) = word.split_once('/').map_or((word, None), |(a, bits)| (a, Some(bits)));
            let address: IpAddr = address.parse().ok()?;
            let most = if address.is_ipv4() { 32 } else { 128 };
            let bits: u8 = bits.map_or(Some(most), |bits| bits.parse().ok())?;
            (bits <= most).then_some((address, bits))
        };
        let words = text.split([' ', ',']).filter(|word| !word.is_empty());
        let networks = words
            .map(|word| network(word).ok_or_else(|| format!("{word:?} is no network; write 10.20.0.0/16")))
            .collect::<Result<Vec<_>, _>>()?;
        if networks.is_empty() {
            Err("name at least one network, as 10.20.0.0/16".into())
        } else {
            Ok(Self(networks))
        }
    }
}

impl std::fmt::Display for Networks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words: Vec<String> = self.0.iter().map(|(address, bits)| format!("{address}/{bits}")).collect();
        f.write_str(&words.join(" "))
    }
}

impl<'de> Deserialize<'de> for Networks {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// A host and a port, as phones are told them: `nodes.example.se:5060`, `[2001:db8::1]:5060`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort {
    /// A name or an address, the latter without brackets.
    pub host: String,
    pub port: u16,
}

impl FromStr for HostPort {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || format!("{text:?} is no host with a port; write nodes.example.se:5060");
        let (host, port) = text.rsplit_once(':').ok_or_else(refuse)?;
        let port: u16 = port.parse().ok().filter(|port| *port > 0).ok_or_else(refuse)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = match bare {
            Some(address) => address.parse::<Ipv6Addr>().map_err(|_| refuse())?.to_string(),
            None => host.to_ascii_lowercase(),
        };
        let name = host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
        let fit = bare.is_some() || (name && (1..=253).contains(&host.len()));
        if fit { Ok(Self { host, port }) } else { Err(refuse()) }
    }
}

impl std::fmt::Display for HostPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

/// A password. Never shown.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The password, for whoever must send it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it can stand in FreeSWITCH's configuration and in a URL as it is, and cannot be guessed.
    #[must_use]
    pub fn is_fit_for_freeswitch(&self) -> bool {
        (20..=100).contains(&self.0.len()) && self.0.bytes().all(|byte| byte.is_ascii_alphanumeric())
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}
