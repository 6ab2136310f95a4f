//! What people press on a phone.

use crate::{Invalid, parsed_text};
use serde::{Deserialize, Serialize};

/// One key of a telephone: `0` to `9`, `*`, `#`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, example = "1"))]
pub struct Key(u8);

impl Key {
    /// `#`, which ends what one types.
    pub const HASH: Self = Self(b'#');
    /// `*`, which goes back.
    pub const STAR: Self = Self(b'*');

    /// One character of `0123456789*#`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let refuse = || Invalid::new("key", "Write one key of a telephone: 0 to 9, * or #.");
        let mut characters = text.trim().chars();
        match (characters.next().and_then(Self::new), characters.next()) {
            (Some(key), None) => Ok(key),
            _ => Err(refuse()),
        }
    }

    /// `None`: no key of a telephone.
    #[must_use]
    pub fn new(character: char) -> Option<Self> {
        let byte = u8::try_from(character).ok()?;
        (byte.is_ascii_digit() || matches!(byte, b'*' | b'#')).then_some(Self(byte))
    }

    #[must_use]
    pub fn as_char(self) -> char {
        char::from(self.0)
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Write::write_char(f, self.as_char())
    }
}

impl TryFrom<String> for Key {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.as_char().to_string()
    }
}

/// A secret of 4 to 8 digits, asked for by phone. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, example = "4711", pattern = "^[0-9]{4,8}$"))]
pub struct Pin(String);
parsed_text!(Pin);

impl Pin {
    /// 4 to 8 digits that are neither all the same nor a run such as 1234.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if !(4..=8).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Invalid::new("pin", "A PIN has 4 to 8 digits."));
        }
        let steps: Vec<i16> =
            text.as_bytes().windows(2).map(|pair| i16::from(pair[1]) - i16::from(pair[0])).collect();
        if steps.iter().all(|step| *step == steps[0]) && matches!(steps[0], -1..=1) {
            return Err(Invalid::new(
                "pin_too_easy",
                "Choose a PIN that is harder to guess, not 1234 or 0000.",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl std::fmt::Debug for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pin(..)")
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_a_telephone() {
        assert_eq!(Key::parse(" # ").unwrap(), Key::HASH);
        assert_eq!(Key::parse("7").unwrap().as_char(), '7');
        for wrong in ["", "10", "a", "+", "٣"] {
            assert_eq!(Key::parse(wrong).unwrap_err().code, "key", "{wrong}");
        }
    }

    #[test]
    fn a_pin_is_neither_easy_nor_shown() {
        assert_eq!(format!("{:?}", Pin::parse("4711").unwrap()), "Pin(..)");
        for easy in ["0000", "1234", "87654321"] {
            assert_eq!(Pin::parse(easy).unwrap_err().code, "pin_too_easy", "{easy}");
        }
        for wrong in ["123", "123456789", "12a4", ""] {
            assert_eq!(Pin::parse(wrong).unwrap_err().code, "pin", "{wrong}");
        }
    }
}
