//! Values that the file writes as text.

use serde::{Deserialize, Deserializer, de::Error as _};
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

/// A password. Never shown.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The password, for whoever must send it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
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
