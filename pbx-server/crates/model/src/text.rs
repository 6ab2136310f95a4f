//! Texts that people write and read.

use crate::{Invalid, parsed_text};
use serde::{Deserialize, Serialize};

/// A name of a person, company or thing: 1 to 100 characters, no control characters, and none of
/// `"`, `<`, `>`, `\`, `$`, `{`, `}`, which SIP, XML and dialplans would read as their own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = "Anna Öberg"))]
pub struct Name(String);
parsed_text!(Name);

impl Name {
    /// Trims, folds inner white space to single spaces, then checks.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let refuse = |why: &str| Err(Invalid::new("name", why));
        if text.chars().any(|c| c.is_control() && !c.is_whitespace()) {
            return refuse("A name has no control characters.");
        }
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.is_empty() {
            return refuse("Write a name.");
        }
        if text.chars().count() > 100 {
            return refuse("A name has at most 100 characters.");
        }
        if let Some(c) = text.chars().find(|c| r#""<>\${}"#.contains(*c)) {
            return refuse(&format!("A name cannot contain {c}"));
        }
        Ok(Self(text))
    }
}

/// A colour as `#rrggbb`, lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = "#1a6b4f"))]
pub struct Colour(String);
parsed_text!(Colour);

impl Colour {
    /// Accepts `#` and six hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim().to_ascii_lowercase();
        let ok = text.len() == 7 && text.starts_with('#') && text[1..].bytes().all(|b| b.is_ascii_hexdigit());
        if ok { Ok(Self(text)) } else { Err(Invalid::new("colour", "Write a colour as #1a2b3c.")) }
    }
}

/// The name of a time zone, such as `Europe/Stockholm`. Whether it exists is checked where the
/// zone database is; here only its shape.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = "Europe/Stockholm"))]
pub struct Zone(String);
parsed_text!(Zone);

impl Zone {
    /// `Area/Place` or `UTC`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let ok = text == "UTC"
            || (text.len() <= 50
                && text.contains('/')
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_-+".contains(&b)));
        if ok {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new("time_zone", "Write a time zone, for example Europe/Stockholm."))
        }
    }

    /// The zone of Swedish customers.
    #[must_use]
    pub fn stockholm() -> Self {
        Self("Europe/Stockholm".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_no_foreign_syntax() {
        assert_eq!(Name::parse("  Anna   Öberg ").map(String::from), Ok("Anna Öberg".into()));
        for bad in ["", " ", "a\"b", "<x>", "${sys}", "a\u{0}b", &"x".repeat(101)] {
            assert!(Name::parse(bad).is_err(), "{bad}");
        }
    }
}
