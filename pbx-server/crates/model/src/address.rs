//! Texts that name a place: a mailbox, a SIP realm, a tenant in a URL.

use crate::{Invalid, parsed_text};
use serde::{Deserialize, Serialize};

/// An e-mail address, lower case, at most 254 characters: `anna@bageri.se`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = "anna@akesbageri.example"))]
pub struct Email(String);
parsed_text!(Email);

impl Email {
    /// Accepts what mail systems in use accept: one `@`, a local part, a domain with a dot.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let refuse = || Invalid::new("email", "Write an e-mail address, for example anna@example.se.");
        let text = text.trim().to_lowercase();
        let (local, domain) = text.split_once('@').ok_or_else(refuse)?;
        let local_ok = !local.is_empty()
            && local.len() <= 64
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && local.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c));
        if text.len() > 254 || !local_ok || !domain.contains('.') || !is_domain(domain) {
            return Err(refuse());
        }
        Ok(Self(text))
    }
}

/// A SIP realm (domain) of exactly one PBX, lower case: `bageriet.pbx.example`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = "akes.pbx.example"))]
pub struct Realm(String);
parsed_text!(Realm);

impl Realm {
    /// A domain name with at least one dot, at most 253 characters, each label 1 to 63.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim().to_ascii_lowercase();
        let numeric = text.rsplit('.').next().is_some_and(|tld| tld.chars().all(|c| c.is_ascii_digit()));
        if !text.contains('.') || numeric || !is_domain(&text) {
            return Err(Invalid::new(
                "realm",
                "Write a domain name of letters, digits and hyphens, for example office.pbx.example.",
            ));
        }
        Ok(Self(text))
    }
}

/// A short name for a URL or schema: 2 to 40 of `a-z 0-9 -`, starts with a letter, ends without `-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = "nordtel"))]
pub struct Slug(String);
parsed_text!(Slug);

impl Slug {
    /// Accepts the normal form only; see [`Slug::suggest`] for making one from a name.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let ok = (2..=40).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && !text.ends_with('-')
            && !text.contains("--")
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !ok {
            return Err(Invalid::new(
                "slug",
                "Write 2 to 40 small letters, digits and single hyphens, starting with a letter.",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The closest short name to a company's name: `Åkes Bageri AB` becomes `akes-bageri-ab`.
    /// `None` when nothing usable is left.
    #[must_use]
    pub fn suggest(name: &str) -> Option<Self> {
        let mut slug = String::new();
        for c in name.to_lowercase().chars() {
            let plain = match c {
                'å' | 'ä' | 'á' | 'à' | 'â' | 'ã' | 'æ' => 'a',
                'ö' | 'ø' | 'ó' | 'ò' | 'ô' | 'õ' => 'o',
                'é' | 'è' | 'ê' | 'ë' => 'e',
                'ü' | 'ú' | 'ù' | 'û' => 'u',
                'í' | 'ì' | 'î' | 'ï' => 'i',
                other if other.is_ascii_alphanumeric() => other,
                _ => '-',
            };
            if plain != '-' || !slug.is_empty() && !slug.ends_with('-') {
                slug.push(plain);
            }
        }
        let from_letter = slug.trim_start_matches(|c: char| !c.is_ascii_lowercase());
        let cut: String = from_letter.chars().take(40).collect();
        Self::parse(cut.trim_end_matches('-')).ok()
    }
}

fn is_domain(text: &str) -> bool {
    text.len() <= 253
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails_are_normalised_and_nonsense_is_refused() {
        assert_eq!(Email::parse(" Anna@Bageri.SE ").map(String::from), Ok("anna@bageri.se".into()));
        for bad in ["", "anna", "anna@", "@x.se", "a b@x.se", "a@x", "a@@x.se", ".a@x.se", "a@-x.se"] {
            assert!(Email::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn realms_are_domains_and_never_addresses() {
        assert_eq!(Realm::parse("Office.PBX.example").map(String::from), Ok("office.pbx.example".into()));
        for bad in ["", "localhost", "127.0.0.1", "a..b", "-a.se", "a_b.se", "a.se;x", "${x}.se"] {
            assert!(Realm::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_company_name_suggests_a_slug() {
        let suggest = |name: &str| Slug::suggest(name).map(String::from);
        assert_eq!(suggest("Åkes Bageri & Café AB"), Some("akes-bageri-cafe-ab".into()));
        assert_eq!(suggest("2nd Line"), Some("nd-line".into()));
        assert_eq!(suggest("  ***  "), None);
    }
}
