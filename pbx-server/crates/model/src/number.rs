//! Numbers that people dial.

use crate::{Invalid, parsed_text};
use serde::{Deserialize, Serialize};

/// An internal number, unique in one PBX: 2 to 6 digits, not `112` and not starting with `0`,
/// because those belong to the public network.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = "1000"))]
pub struct ExtensionNumber(String);
parsed_text!(ExtensionNumber);

impl ExtensionNumber {
    /// Two to six digits that cannot be mistaken for an outside or an emergency number.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let refuse = |why: &str| Err(Invalid::new("extension_number", why));
        if !(2..=6).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_digit()) {
            return refuse("An extension number has 2 to 6 digits, for example 1000.");
        }
        if text.starts_with('0') {
            return refuse("Numbers that start with 0 are outside numbers: start with 1 to 9.");
        }
        if matches!(text, "112" | "911" | "999")
            || text.starts_with("112")
            || text.starts_with("116")
            || text.starts_with("118")
        {
            return refuse(
                "Numbers that start with 112, 116 or 118 are reserved for emergency and public services.",
            );
        }
        Ok(Self(text.to_owned()))
    }
}

/// A public number in E.164: `+46812345678`. Shown to people in national form.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = "+46812345678"))]
pub struct PhoneNumber(String);
parsed_text!(PhoneNumber);

impl PhoneNumber {
    /// Accepts `+46…`, `0046…` and Swedish national form (`08-123 45 67`), with spaces and hyphens.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let refuse = || {
            Err(Invalid::new(
                "phone_number",
                "Write a phone number, for example 08-123 45 67 or +46 8 123 45 67.",
            ))
        };
        let bare: String =
            text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '/' | '\u{a0}')).collect();
        let digits = if let Some(rest) = bare.strip_prefix('+') {
            rest.to_owned()
        } else if let Some(rest) = bare.strip_prefix("00") {
            rest.to_owned()
        } else if let Some(rest) = bare.strip_prefix('0') {
            format!("46{rest}")
        } else {
            return refuse();
        };
        let ok = (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0')
            && !digits.strip_prefix("46").is_some_and(|nsn| nsn.starts_with('0') || nsn.len() < 6);
        if ok { Ok(Self(format!("+{digits}"))) } else { refuse() }
    }

    /// As people in Sweden write it: `08-123 45 67`; a foreign number keeps its `+`.
    #[must_use]
    pub fn national(&self) -> String {
        let Some(rest) = self.0.strip_prefix("+46") else { return self.0.clone() };
        let (area, local) = rest.split_at(area_length(rest));
        // Groups of two from the right; an odd count starts with a group of three, and the eight
        // digits of Stockholm's newer numbers are 3-3-2.
        let mut groups: Vec<&str> = Vec::new();
        let mut at = 0;
        while at < local.len() {
            let three = (at == 0 && local.len() % 2 == 1) || (local.len() == 8 && at < 6);
            let end = (at + if three { 3 } else { 2 }).min(local.len());
            groups.push(&local[at..end]);
            at = end;
        }
        format!("0{area}-{}", groups.join(" "))
    }
}

/// How many digits after `+46` are the area or network code.
fn area_length(national: &str) -> usize {
    const TWO: &[&str] = &[
        "10", "11", "13", "16", "18", "19", "20", "21", "23", "26", "31", "33", "35", "36", "40", "42", "44",
        "46", "54", "60", "63", "70", "72", "73", "76", "77", "79", "90", "99",
    ];
    if national.starts_with('8') {
        1
    } else if TWO.iter().any(|area| national.starts_with(area)) {
        2
    } else {
        3
    }
}

/// What a phone asked for: already sorted into what it can mean, digits only.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "number", rename_all = "snake_case")]
pub enum Dialled {
    /// Emergency: `112`, or the same with an outside-line prefix.
    Emergency,
    /// A number of the caller's own PBX.
    Extension(ExtensionNumber),
    /// A public number.
    Public(PhoneNumber),
    /// A code such as `*97`: 2 to 10 of digits, `*`, `#`, with at least one `*` or `#`.
    Code(String),
    /// Nothing that can be dialled; kept for the trace, at most 64 characters, printable ASCII.
    Unknown(String),
}

impl Dialled {
    /// Sorts the user part of a request. Total: what makes no sense becomes `Unknown`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        if is_emergency(text) {
            return Self::Emergency;
        }
        if let Ok(extension) = ExtensionNumber::parse(text) {
            return Self::Extension(extension);
        }
        if let Ok(public) = PhoneNumber::parse(text) {
            return Self::Public(public);
        }
        let is_code = (2..=10).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_digit() || b == b'*' || b == b'#')
            && text.bytes().any(|b| b == b'*' || b == b'#');
        if is_code {
            return Self::Code(text.to_owned());
        }
        Self::Unknown(text.chars().filter(char::is_ascii_graphic).take(64).collect())
    }

    /// Whether this is a call for help, however it was sorted.
    #[must_use]
    pub fn is_emergency(&self) -> bool {
        match self {
            Self::Emergency => true,
            Self::Extension(number) => is_emergency(number.as_str()),
            Self::Public(number) => is_emergency(number.as_str()),
            Self::Code(text) | Self::Unknown(text) => is_emergency(text),
        }
    }
}

/// `112` with any habit of an outside line or country before it, the numbers that visitors know,
/// and the service name that phones with an emergency button send.
fn is_emergency(text: &str) -> bool {
    let bare: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '\u{a0}')).collect();
    matches!(
        bare.as_str(),
        "112" | "0112" | "00112" | "+112" | "+46112" | "0046112" | "000112" | "911" | "999"
    ) || bare.to_ascii_lowercase().starts_with("urn:service:sos")
}

impl std::fmt::Display for Dialled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Emergency => f.write_str("112"),
            Self::Extension(number) => number.fmt(f),
            Self::Public(number) => number.fmt(f),
            Self::Code(text) | Self::Unknown(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extension_numbers_keep_off_the_public_plan() {
        for good in ["10", "1000", "999999", "200"] {
            assert!(ExtensionNumber::parse(good).is_ok(), "{good}");
        }
        for bad in ["1", "0100", "112", "1120", "118118", "1000000", "10a", "", "٣٤٥"] {
            assert!(ExtensionNumber::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn swedish_numbers_are_stored_e164() {
        for written in ["08-123 45 67", "+46 8 123 45 67", "0046(8)1234567"] {
            assert_eq!(PhoneNumber::parse(written).map(String::from), Ok("+4681234567".into()), "{written}");
        }
        for bad in ["123", "+", "+460812345", "08", "hello", "+1234567890123456"] {
            assert!(PhoneNumber::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_are_shown_as_swedes_write_them() {
        for (written, shown) in [
            ("+4681234567", "08-123 45 67"),
            ("0846500400", "08-465 004 00"),
            ("0701234567", "070-123 45 67"),
            ("0911-12345", "0911-123 45"),
            ("0911-123456", "0911-12 34 56"),
            ("+4512345678", "+4512345678"),
        ] {
            assert_eq!(PhoneNumber::parse(written).map(|n| n.national()), Ok(shown.to_owned()), "{written}");
        }
    }

    #[test]
    fn a_call_for_help_is_understood_however_it_is_dialled() {
        for text in
            ["112", "0112", "00112", "+46112", "0046112", "1 1 2", "911", "999", "urn:service:sos.fire"]
        {
            assert_eq!(Dialled::parse(text), Dialled::Emergency, "{text}");
        }
        assert!(Dialled::Unknown("00112".into()).is_emergency());
        for text in ["1112", "1122", "1000", "0811212112"] {
            assert!(!Dialled::parse(text).is_emergency(), "{text}");
        }
    }

    #[test]
    fn what_is_dialled_is_sorted_and_never_lost() {
        assert_eq!(Dialled::parse("112"), Dialled::Emergency);
        assert!(matches!(Dialled::parse("1001"), Dialled::Extension(_)));
        assert!(matches!(Dialled::parse("0701234567"), Dialled::Public(_)));
        assert!(matches!(Dialled::parse("*97"), Dialled::Code(_)));
        assert_eq!(Dialled::parse("a\r\nb${x}"), Dialled::Unknown("ab${x}".into()));
    }
}
