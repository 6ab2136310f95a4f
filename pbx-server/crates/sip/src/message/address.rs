//! `From`, `To`, `Contact` and `Via` values.

use super::headers::split_outside;
use super::uri::{Uri, host_port};

/// One `;name=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// Lower case.
    pub name: String,
    /// Without quotes; `None` for a flag.
    pub value: Option<String>,
}

/// `"Anna" <sip:1000@office.example>;tag=x`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameAddr {
    pub uri: Uri,
    /// The URI as written.
    pub uri_text: String,
    pub params: Vec<Param>,
}

impl NameAddr {
    /// Reads one value; `None` for what is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (uri_text, params) = match open_bracket(text) {
            Some(open) => {
                let (uri, rest) = text[open + 1..].split_once('>')?;
                (uri.trim(), rest)
            }
            // Without brackets every parameter belongs to the header, not to the URI.
            None => text.split_once(';').map_or((text, ""), |(uri, rest)| (uri.trim(), rest)),
        };
        Some(Self { uri: Uri::parse(uri_text)?, uri_text: uri_text.to_owned(), params: params_of(params) })
    }

    /// One parameter's value, empty for a flag.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        find(&self.params, name)
    }

    /// The tag; `None` when there is none.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.param("tag").filter(|tag| !tag.is_empty())
    }
}

/// `SIP/2.0/UDP host:port;branch=…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    pub host: String,
    pub port: Option<u16>,
    pub params: Vec<Param>,
}

impl Via {
    /// Reads one value; `None` for what is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (head, params) = text.split_once(';').unwrap_or((text, ""));
        let (protocol, sent_by) = head.trim().split_once(|c: char| c.is_ascii_whitespace())?;
        let ok = protocol.get(..8).is_some_and(|p| p.eq_ignore_ascii_case("SIP/2.0/"));
        let (host, port) = host_port(sent_by).filter(|_| ok)?;
        Some(Self { host, port, params: params_of(params) })
    }

    /// The branch.
    #[must_use]
    pub fn branch(&self) -> Option<&str> {
        find(&self.params, "branch")
    }

    /// Whether the sender asks for answers at the port that its packets come from.
    #[must_use]
    pub fn rport(&self) -> bool {
        find(&self.params, "rport").is_some()
    }
}

/// A display name in quotes: the only way in which a name of people enters a header.
#[must_use]
pub fn quoted(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 2);
    text.push('"');
    for c in name.chars().filter(|c| !c.is_control()) {
        if matches!(c, '"' | '\\') {
            text.push('\\');
        }
        text.push(c);
    }
    text.push('"');
    text
}

fn find<'a>(params: &'a [Param], name: &str) -> Option<&'a str> {
    params.iter().find(|p| p.name == name).map(|p| p.value.as_deref().unwrap_or(""))
}

fn params_of(text: &str) -> Vec<Param> {
    split_outside(text, b';')
        .into_iter()
        .map(|part| match part.split_once('=') {
            Some((name, value)) => Param { name: name.trim().to_ascii_lowercase(), value: Some(unquote(value)) },
            None => Param { name: part.to_ascii_lowercase(), value: None },
        })
        .collect()
}

fn unquote(text: &str) -> String {
    let text = text.trim();
    text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text).to_owned()
}

/// Where the URI's bracket opens: the first `<` outside quotes.
fn open_bracket(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'<' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_display_name_cannot_smuggle_an_address() {
        let text = r#""<sip:evil@x>\"" <sip:a@b;lr>;tag=t;+sip.instance="<urn:uuid:1;2>""#;
        let address = NameAddr::parse(text).unwrap();
        assert_eq!(address.uri_text, "sip:a@b;lr");
        assert_eq!((address.tag(), address.param("+sip.instance")), (Some("t"), Some("<urn:uuid:1;2>")));
        assert_eq!(NameAddr::parse("sip:a@b;tag=x").unwrap().tag(), Some("x"));
        assert_eq!(NameAddr::parse("\"unclosed <sip:a@b>"), None);
    }

    #[test]
    fn names_are_quoted_through_one_door() {
        assert_eq!(quoted("Åke \"x\" \\ \r\ny"), r#""Åke \"x\" \\ y""#);
    }

    #[test]
    fn a_via_is_read() {
        let via = Via::parse("SIP/2.0/UDP 10.0.0.1:5062;rport;branch=z9hG4bKx").unwrap();
        assert_eq!((via.host.as_str(), via.port, via.branch(), via.rport()), ("10.0.0.1", Some(5062), Some("z9hG4bKx"), true));
        assert_eq!(Via::parse("HTTP/1.1/UDP x"), None);
    }
}
