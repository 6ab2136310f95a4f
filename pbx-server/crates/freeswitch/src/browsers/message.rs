//! The little that has to be read of a browser's messages. None of it is logged.

use voxera_model::{DeviceId, Realm};

/// A message of SIP.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    text: &'a str,
}

/// Line ends alone.
#[must_use]
pub fn is_keep_alive(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n'))
}

impl<'a> Said<'a> {
    /// What is no text says nothing.
    #[must_use]
    pub fn of(bytes: &'a [u8]) -> Self {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        Self { text: text.trim_start_matches(['\r', '\n']) }
    }

    fn lines(self) -> impl Iterator<Item = &'a str> {
        self.text.split("\r\n").take_while(|line| !line.is_empty())
    }

    /// The domain that a `REGISTER` is for; `None`: it is something else.
    #[must_use]
    pub fn registers_in(self) -> Option<Realm> {
        let rest = self.lines().next()?.strip_prefix("REGISTER ")?;
        let uri = rest.strip_suffix(" SIP/2.0")?;
        let host = uri.strip_prefix("sip:").or_else(|| uri.strip_prefix("sips:"))?;
        Realm::parse(host).ok()
    }

    /// The phone that a message is to, by its name.
    #[must_use]
    pub fn device(self) -> Option<DeviceId> {
        let to = self.lines().skip(1).find_map(|line| field(line, "to", "t"))?;
        let user = to.split_once("sip:")?.1.split_once('@')?.0;
        user.parse().ok()
    }

    /// Whether a node says with it that a browser is registered.
    pub(super) fn lets_in(self) -> bool {
        let mut lines = self.lines();
        lines.next().is_some_and(|line| line.starts_with("SIP/2.0 200"))
            && lines.any(|line| field(line, "cseq", "cseq").is_some_and(|value| value.ends_with("REGISTER")))
    }

    /// Where the topmost `Via` of a request says that it came over TLS.
    fn tls_in_via(self) -> Option<usize> {
        let mut lines = self.lines();
        if lines.next()?.starts_with("SIP/2.0 ") {
            return None;
        }
        let via = lines.find_map(|line| field(line, "via", "v"))?;
        let at = via.as_ptr().addr() - self.text.as_ptr().addr();
        via.starts_with("SIP/2.0/WSS ").then_some(at + "SIP/2.0/WS".len())
    }
}

/// A request as a node takes it: TLS ends at the portal, and a node drops what says to have come by another
/// way than it did.
pub(super) fn without_tls(mut bytes: Vec<u8>) -> Vec<u8> {
    let said = Said::of(&bytes);
    let skipped = bytes.len() - said.text.len();
    if let Some(at) = said.tls_in_via() {
        bytes.remove(skipped + at);
    }
    bytes
}

/// The value of a field, by its name or its short name.
fn field<'a>(line: &'a str, name: &str, short: &str) -> Option<&'a str> {
    let (found, value) = line.split_once(':')?;
    let found = found.trim_end();
    (found.eq_ignore_ascii_case(name) || found.eq_ignore_ascii_case(short)).then(|| value.trim())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    fn said(text: &str) -> Said<'_> {
        Said::of(text.as_bytes())
    }

    #[test]
    fn the_first_line_names_the_company() {
        let realm = |text: &str| said(text).registers_in().map(|realm| realm.to_string());
        assert_eq!(realm("REGISTER sip:acme.test SIP/2.0\r\n\r\n").as_deref(), Some("acme.test"));
        for text in [
            "",
            "\0\u{1}",
            "REGISTER",
            "REGISTER sip:acme.test",
            "REGISTER sip:a b SIP/2.0",
            "REGISTER tel:112 SIP/2.0\r\n",
            "INVITE sip:acme.test SIP/2.0\r\n\r\n",
            "SIP/2.0 200 OK\r\n\r\nREGISTER sip:acme.test SIP/2.0",
        ] {
            assert_eq!(realm(text), None, "{text:?}");
        }
        assert_eq!(Said::of(&[0xff, 0xfe]).registers_in(), None);
    }

    #[test]
    fn whoever_registers_says_which_phone_it_is() {
        let phone = "0199aaaa-0000-7000-8000-000000000001";
        let device = |to: &str| said(&format!("REGISTER sip:a.test SIP/2.0\r\n{to}\r\n\r\n")).device();
        let expected = phone.parse::<DeviceId>().ok();
        assert!(expected.is_some());
        assert_eq!(device(&format!("To: <sip:{phone}@a.test>")), expected);
        assert_eq!(device(&format!("t: \"A\" <sip:{phone}@a.test>;tag=x")), expected);
        assert_eq!(device("To: <sip:anna@a.test>"), None);
        assert_eq!(device("From: x"), None);
    }

    #[test]
    fn only_the_answer_to_a_register_lets_in() {
        assert!(said("SIP/2.0 200 OK\r\nCSeq: 2 REGISTER\r\n\r\n").lets_in());
        assert!(said("SIP/2.0 200 OK\r\ncseq : 2 REGISTER\r\n\r\n").lets_in());
        assert!(!said("SIP/2.0 200 OK\r\nCSeq: 2 OPTIONS\r\n\r\n").lets_in());
        assert!(!said("SIP/2.0 401 Unauthorized\r\nCSeq: 1 REGISTER\r\n\r\n").lets_in());
        assert!(!said("SIP/2.0 200 OK\r\nTo: x\r\n\r\nCSeq: 2 REGISTER\r\n").lets_in());
    }

    #[test]
    fn a_request_that_came_over_tls_goes_on_without() {
        let on = |text: &str| String::from_utf8(without_tls(text.as_bytes().to_vec())).unwrap();
        assert_eq!(
            on(
                "\r\nINVITE sip:a@b SIP/2.0\r\nTo: x\r\nVIA: SIP/2.0/WSS x.invalid;branch=1\r\nVia: SIP/2.0/WSS y\r\n\r\n"
            ),
            "\r\nINVITE sip:a@b SIP/2.0\r\nTo: x\r\nVIA: SIP/2.0/WS x.invalid;branch=1\r\nVia: SIP/2.0/WSS y\r\n\r\n"
        );
        for same in [
            "",
            "INVITE sip:a@b SIP/2.0\r\nv: SIP/2.0/WS x\r\n\r\n",
            "INVITE sip:a@b SIP/2.0\r\nTo: x\r\n\r\nVia: SIP/2.0/WSS x",
            "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP x\r\nVia: SIP/2.0/WSS x\r\n\r\n",
            "SIP/2.0 180 Ringing\r\nVia: SIP/2.0/WSS x\r\n\r\n",
        ] {
            assert_eq!(on(same), same);
        }
        assert_eq!(without_tls(vec![0xff, 0, 13]), [0xff, 0, 13]);
        assert!(is_keep_alive(b"\r\n\r\n") && !is_keep_alive(b"\r\nX"));
    }
}
