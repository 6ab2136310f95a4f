//! Header fields: known by name, kept in order.

use super::clean;

macro_rules! names {
    ($($variant:ident = $text:literal $(| $short:literal)?),+ $(,)?) => {
        /// A header's name. Known names are compared without their letters' case.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum Name { $($variant,)+ Other(Box<str>) }

        impl Name {
            /// As written by us.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self { $(Self::$variant => $text,)+ Self::Other(text) => text }
            }

            /// Total: any token is a name; compact forms are known.
            #[must_use]
            pub fn parse(text: &str) -> Self {
                $(if text.eq_ignore_ascii_case($text) $(|| text.eq_ignore_ascii_case($short))? {
                    return Self::$variant;
                })+
                Self::Other(text.to_ascii_lowercase().into())
            }
        }
    };
}

names! {
    Via = "Via" | "v",
    MaxForwards = "Max-Forwards",
    From = "From" | "f",
    To = "To" | "t",
    CallId = "Call-ID" | "i",
    CSeq = "CSeq",
    Contact = "Contact" | "m",
    ContentLength = "Content-Length" | "l",
    ContentType = "Content-Type" | "c",
    ContentEncoding = "Content-Encoding" | "e",
    RecordRoute = "Record-Route",
    Route = "Route",
    Path = "Path",
    Authorization = "Authorization",
    ProxyAuthorization = "Proxy-Authorization",
    WwwAuthenticate = "WWW-Authenticate",
    ProxyAuthenticate = "Proxy-Authenticate",
    Expires = "Expires",
    MinExpires = "Min-Expires",
    Allow = "Allow",
    Supported = "Supported" | "k",
    Unsupported = "Unsupported",
    Require = "Require",
    UserAgent = "User-Agent",
    SessionExpires = "Session-Expires" | "x",
    MinSe = "Min-SE",
    Reason = "Reason",
    RetryAfter = "Retry-After",
    Date = "Date",
    Accept = "Accept",
    AssertedIdentity = "P-Asserted-Identity",
    AlertInfo = "Alert-Info",
    InfoPackage = "Info-Package",
    Event = "Event" | "o",
}

/// A message's header fields, in order.
#[derive(Debug, Clone, Default)]
pub struct Headers(Vec<(Name, String)>);

impl Headers {
    /// Adds a field. Control characters, line breaks first of all, become spaces: no value makes a
    /// second header.
    pub fn push(&mut self, name: Name, value: impl AsRef<str>) {
        self.0.push((name, clean(value.as_ref()).into_owned()));
    }

    /// The same, for chaining.
    #[must_use]
    pub fn with(mut self, name: Name, value: impl AsRef<str>) -> Self {
        self.push(name, value);
        self
    }

    /// The first field of this name.
    #[must_use]
    pub fn get(&self, name: &Name) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Every field of this name.
    pub fn all<'a>(&'a self, name: &'a Name) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Every value of this name, commas outside quotes and brackets taken apart.
    #[must_use]
    pub fn list<'a>(&'a self, name: &Name) -> Vec<&'a str> {
        self.0.iter().filter(|(n, _)| n == name).flat_map(|(_, value)| split_commas(value)).collect()
    }

    /// Whether a comma-separated field lists this token, without its letters' case.
    #[must_use]
    pub fn lists(&self, name: &Name, token: &str) -> bool {
        self.all(name).any(|value| value.split(',').any(|t| t.trim().eq_ignore_ascii_case(token)))
    }

    /// All fields.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &str)> {
        self.0.iter().map(|(name, value)| (name, value.as_str()))
    }

    /// How many fields.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Parts between commas that stand outside quotes and angle brackets, trimmed; empty ones left out.
pub(super) fn split_commas(text: &str) -> Vec<&str> {
    split_outside(text, b',')
}

/// Parts between `separator`s outside quotes and angle brackets, trimmed; empty ones left out.
pub(super) fn split_outside(text: &str, separator: u8) -> Vec<&str> {
    let (mut parts, mut start, mut quoted, mut escaped, mut angle) = (Vec::new(), 0, false, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' if !angle => quoted = !quoted,
            b'<' if !quoted => angle = true,
            b'>' if !quoted => angle = false,
            b if b == separator && !quoted && !angle => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_makes_a_second_header() {
        let headers = Headers::default().with(Name::From, "a\r\nVia: evil\n\0");
        assert_eq!(headers.get(&Name::From), Some("a  Via: evil  "));
    }

    #[test]
    fn commas_in_quotes_and_brackets_are_text() {
        let list = r#""Berg, Anna \", x" <sip:a@b;x=1,2>;q=1, <sip:c@d> ,,"#;
        assert_eq!(split_commas(list), [r#""Berg, Anna \", x" <sip:a@b;x=1,2>;q=1"#, "<sip:c@d>"]);
    }

    #[test]
    fn compact_and_oddly_cased_names_are_known() {
        assert_eq!(Name::parse("i"), Name::CallId);
        assert_eq!(Name::parse("call-id"), Name::CallId);
        assert_eq!(Name::parse("X-Odd"), Name::Other("x-odd".into()));
    }
}
