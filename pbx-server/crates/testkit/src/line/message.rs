//! Messages as text.

/// A message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message(pub String);

impl Message {
    /// The first line.
    #[must_use]
    pub fn start(&self) -> &str {
        self.0.lines().next().unwrap_or_default()
    }

    /// The status of an answer; 0: a request.
    #[must_use]
    pub fn code(&self) -> u16 {
        self.start().strip_prefix("SIP/2.0 ").and_then(|rest| rest.get(..3)?.parse().ok()).unwrap_or(0)
    }

    #[must_use]
    pub fn method(&self) -> &str {
        self.start().split(' ').next().unwrap_or_default()
    }

    /// Where a request is addressed to.
    #[must_use]
    pub fn uri(&self) -> &str {
        self.start().split(' ').nth(1).unwrap_or_default()
    }

    /// Every value of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let head = self.0.split("\r\n\r\n").next().unwrap_or_default();
        let fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        fields
            .filter(move |(field, _)| field.trim().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }

    /// The first value of a field; empty: there is none.
    #[must_use]
    pub fn field(&self, name: &str) -> &str {
        let head = self.0.split("\r\n\r\n").next().unwrap_or_default();
        let mut fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        fields
            .find(|(field, _)| field.trim().eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value.trim())
    }

    #[must_use]
    pub fn body(&self) -> &str {
        self.0.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }

    /// The port of the audio stream; 0: none.
    #[must_use]
    pub fn port(&self) -> u16 {
        let line = self.body().lines().find_map(|line| line.strip_prefix("m=audio "));
        line.and_then(|line| line.split(' ').next()?.parse().ok()).unwrap_or(0)
    }

    /// The address in `Contact`.
    #[must_use]
    pub fn contact(&self) -> String {
        inside(self.field("Contact")).to_owned()
    }

    /// The number in `CSeq`.
    #[must_use]
    pub fn sequence(&self) -> u32 {
        self.field("CSeq").split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
    }

    /// A parameter of a field such as `Authorization`.
    #[must_use]
    pub fn parameter(value: &str, name: &str) -> Option<String> {
        let text = value.split_once(' ').map_or("", |(_, rest)| rest);
        text.split(',').find_map(|one| {
            let (own, value) = one.trim().split_once('=')?;
            (own == name).then(|| value.trim_matches('"').to_owned())
        })
    }
}

/// What stands between angle brackets.
#[must_use]
pub fn inside(value: &str) -> &str {
    value.split(['<', '>']).nth(1).unwrap_or(value)
}

/// The user part of an address.
#[must_use]
pub fn user(uri: &str) -> &str {
    let bare = uri.split_once(':').map_or(uri, |(_, rest)| rest);
    bare.split_once('@').map_or("", |(user, _)| user)
}
