//! Addresses of phones and people.

use std::net::IpAddr;

/// A `sip:`, `sips:`, `tel:` or `urn:` URI, taken apart as far as we need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uri {
    /// Lower case.
    pub scheme: String,
    /// As written, without a password. `tel:` and `urn:` have everything here and no host.
    pub user: Option<String>,
    /// Lower case; an IPv6 address without its brackets.
    pub host: String,
    pub port: Option<u16>,
    /// `;name=value` pairs in order, without the first semicolon.
    pub params: String,
}

impl Uri {
    /// Reads one URI; `None` for what is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once(':')?;
        let scheme = scheme.to_ascii_lowercase();
        if rest.is_empty() || rest.len() > 1024 || rest.chars().any(|c| c.is_whitespace() || "<>\"".contains(c))
        {
            return None;
        }
        match scheme.as_str() {
            "sip" | "sips" => Self::sip(scheme, rest),
            "tel" | "urn" => {
                let (user, params) = rest.split_once(';').unwrap_or((rest, ""));
                Some(Self {
                    scheme,
                    user: Some(user.to_owned()),
                    host: String::new(),
                    port: None,
                    params: params.to_owned(),
                })
            }
            _ => None,
        }
    }

    fn sip(scheme: String, rest: &str) -> Option<Self> {
        // The user part ends at the last `@` before parameters or headers of the host part.
        let (user, hostpart) = match rest.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, rest),
        };
        let user = user.map(|user| user.split_once(':').map_or(user, |(name, _password)| name));
        let hostpart = hostpart.split_once('?').map_or(hostpart, |(host, _headers)| host);
        let (hostport, params) = hostpart.split_once(';').unwrap_or((hostpart, ""));
        let (host, port) = host_port(hostport)?;
        if user.is_some_and(str::is_empty) {
            return None;
        }
        Some(Self { scheme, user: user.map(str::to_owned), host, port, params: params.to_owned() })
    }

    /// The user part without `%xx` and without parameters such as `;phone-context=`; empty when
    /// there is none or when it does not decode to text.
    #[must_use]
    pub fn user_text(&self) -> String {
        let user = self.user.as_deref().unwrap_or_default();
        let user = user.split_once(';').map_or(user, |(user, _)| user);
        decode(user).unwrap_or_default()
    }

    /// One parameter's value, empty for a flag.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.split(';').find_map(|param| {
            let (key, value) = param.split_once('=').unwrap_or((param, ""));
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// Whether both name the same place: scheme, user, host and port. Parameters may differ.
    #[must_use]
    pub fn same_place(&self, other: &Self) -> bool {
        self.scheme == other.scheme
            && self.user_text() == other.user_text()
            && self.host == other.host
            && self.port == other.port
    }

    /// The host as an address, when it is one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`.
pub(super) fn host_port(text: &str) -> Option<(String, Option<u16>)> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        let ip: std::net::Ipv6Addr = host.parse().ok()?;
        let port = match after.strip_prefix(':') {
            Some(port) => Some(port.parse().ok()?),
            None if after.is_empty() => None,
            None => return None,
        };
        return Some((ip.to_string(), port));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port.trim().parse().ok()?)),
        None => (text, None),
    };
    let host = host.trim();
    let ok = (1..=253).contains(&host.len())
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-' || b == b'_');
    ok.then(|| (host.to_ascii_lowercase(), port))
}

fn decode(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%' {
            let (pair, after) = tail.split_at_checked(2)?;
            bytes.extend(hex::decode(pair).ok()?);
            rest = after;
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    #[test]
    fn uris_are_taken_apart() {
        let uri = Uri::parse("sip:%31000;phone-context=x:secret@Office.Example:5070;transport=tcp;ob?a=b").unwrap();
        assert_eq!(
            (uri.user_text().as_str(), uri.host.as_str(), uri.port),
            ("1000", "office.example", Some(5070))
        );
        assert_eq!((uri.param("transport"), uri.param("OB"), uri.param("x")), (Some("tcp"), Some(""), None));
        let uri = Uri::parse("sip:[2001:db8::1]:5060").unwrap();
        assert_eq!((uri.user, uri.ip(), uri.port), (None, "2001:db8::1".parse().ok(), Some(5060)));
        assert_eq!(Uri::parse("urn:service:sos.fire").unwrap().user_text(), "service:sos.fire");
    }

    #[test]
    fn nonsense_is_no_uri() {
        for bad in [
            "", "sip:", "1000", "sip:a@", "sip:@b", "http://x", "sip:a b@c", "sip:a@b\r\n", "sip:a@b:99999",
            "sip:a@[::1", "sip:a@b/c",
        ] {
            assert_eq!(Uri::parse(bad), None, "{bad:?}");
        }
    }
}
