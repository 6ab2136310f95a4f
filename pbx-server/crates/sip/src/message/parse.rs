//! From bytes to messages.

use super::address::{NameAddr, Via};
use super::headers::{Headers, Name, split_commas};
use super::{Method, Request, Response};
use bytes::Bytes;

/// Header fields of one message; phones send about twenty.
const MAX_HEADERS: usize = 100;
/// Bytes of one header's value.
const MAX_VALUE: usize = 4096;

/// Why bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    #[error("no end of the headers")]
    NoEnd,
    #[error("bad start line")]
    StartLine,
    #[error("bad header line")]
    Header,
    #[error("too many or too long headers")]
    TooMuch,
    #[error("a header that is needed once is missing, doubled or unreadable")]
    Needed,
    #[error("Content-Length does not fit")]
    Length,
}

/// What every message carries, read once.
#[derive(Debug, Clone)]
pub struct Basics {
    pub via: Via,
    pub branch: String,
    pub from: NameAddr,
    pub to: NameAddr,
    pub call_id: String,
    pub cseq: u32,
    pub cseq_method: Method,
}

/// A message that was read.
#[derive(Debug, Clone)]
pub enum Received {
    Request(Request, Basics),
    Response(Response, Basics),
}

/// Reads one whole message. A datagram may be longer than its Content-Length, never shorter.
pub fn parse(bytes: &[u8]) -> Result<Received, ParseError> {
    let end = find_end(bytes).ok_or(ParseError::NoEnd)?;
    let head = String::from_utf8_lossy(&bytes[..end]);
    let mut lines = head.split("\r\n");
    let start = lines.next().ok_or(ParseError::StartLine)?;
    let headers = headers(lines)?;
    let rest = &bytes[end + 4..];
    let body = match content_length(&headers)? {
        Some(length) => rest.get(..length).ok_or(ParseError::Length)?,
        None => rest,
    };
    let basics = basics(&headers)?;
    let body = Bytes::copy_from_slice(body);
    if let Some(status) = start.strip_prefix("SIP/2.0 ") {
        let (code, reason) = status.split_once(' ').unwrap_or((status, ""));
        let code: u16 = code.parse().map_err(|_| ParseError::StartLine)?;
        if !(100..=699).contains(&code) {
            return Err(ParseError::StartLine);
        }
        let reason = reason.chars().filter(|c| !c.is_control()).take(100).collect();
        return Ok(Received::Response(Response { code, reason, headers, body }, basics));
    }
    let mut words = start.split(' ');
    let (Some(method), Some(uri), Some("SIP/2.0"), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(ParseError::StartLine);
    };
    if !is_token(method) || uri.is_empty() || uri.len() > 1024 || uri.chars().any(char::is_control) {
        return Err(ParseError::StartLine);
    }
    let method = Method::parse(method);
    if method != basics.cseq_method {
        return Err(ParseError::Needed);
    }
    Ok(Received::Request(Request { method, uri: uri.to_owned(), headers, body }, basics))
}

/// How long the next message of a stream is: `Ok(None)` until its headers are complete.
pub fn frame(bytes: &[u8]) -> Result<Option<usize>, ParseError> {
    let Some(end) = find_end(bytes) else { return Ok(None) };
    let head = String::from_utf8_lossy(&bytes[..end]);
    let headers = headers(head.split("\r\n").skip(1))?;
    // On a stream nothing else says where the body ends.
    let length = content_length(&headers)?.ok_or(ParseError::Length)?;
    Ok(Some(end + 4 + length))
}

fn find_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n")
}

fn headers<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Headers, ParseError> {
    let mut headers = Headers::default();
    let mut open: Option<(Name, String)> = None;
    let mut count = 0;
    for line in lines {
        count += 1;
        if count > MAX_HEADERS {
            return Err(ParseError::TooMuch);
        }
        if line.starts_with([' ', '\t']) {
            let (_, value) = open.as_mut().ok_or(ParseError::Header)?;
            value.push(' ');
            value.push_str(line.trim());
        } else {
            if let Some((name, value)) = open.take() {
                headers.push(name, value);
            }
            let (name, value) = line.split_once(':').ok_or(ParseError::Header)?;
            let name = name.trim_end();
            if !is_token(name) {
                return Err(ParseError::Header);
            }
            open = Some((Name::parse(name), value.trim().to_owned()));
        }
        let ok = open.as_ref().is_some_and(|(_, value)| {
            value.len() <= MAX_VALUE && !value.chars().any(|c| c.is_control() && c != '\t')
        });
        if !ok {
            return Err(ParseError::TooMuch);
        }
    }
    if let Some((name, value)) = open.take() {
        headers.push(name, value);
    }
    Ok(headers)
}

fn content_length(headers: &Headers) -> Result<Option<usize>, ParseError> {
    match once(headers, &Name::ContentLength) {
        Ok(text) if text.bytes().all(|b| b.is_ascii_digit()) => {
            text.parse().ok().filter(|n| *n <= 1 << 20).map(Some).ok_or(ParseError::Length)
        }
        Ok(_) => Err(ParseError::Length),
        Err(_) if headers.get(&Name::ContentLength).is_none() => Ok(None),
        Err(_) => Err(ParseError::Length),
    }
}

fn once<'a>(headers: &'a Headers, name: &'a Name) -> Result<&'a str, ParseError> {
    let mut all = headers.all(name);
    match (all.next(), all.next()) {
        (Some(value), None) => Ok(value),
        _ => Err(ParseError::Needed),
    }
}

fn basics(headers: &Headers) -> Result<Basics, ParseError> {
    let needed = ParseError::Needed;
    let via = headers.all(&Name::Via).next().and_then(|v| split_commas(v).first().copied()).ok_or(needed)?;
    let via = Via::parse(via).ok_or(needed)?;
    let branch = via.branch().filter(|b| (1..=256).contains(&b.len())).ok_or(needed)?.to_owned();
    let call_id = once(headers, &Name::CallId)?;
    if call_id.is_empty() || call_id.len() > 256 || call_id.contains(char::is_whitespace) {
        return Err(needed);
    }
    let (cseq, method) = once(headers, &Name::CSeq)?.split_once(char::is_whitespace).ok_or(needed)?;
    let from = NameAddr::parse(once(headers, &Name::From)?).ok_or(needed)?;
    let to = NameAddr::parse(once(headers, &Name::To)?).ok_or(needed)?;
    if [from.tag(), to.tag()].into_iter().flatten().any(|tag| tag.len() > 256) || from.tag().is_none() {
        return Err(needed);
    }
    Ok(Basics {
        branch,
        via,
        from,
        to,
        call_id: call_id.to_owned(),
        cseq: cseq.parse::<u32>().ok().filter(|n| *n < 1 << 31).ok_or(needed)?,
        cseq_method: Method::parse(method.trim()),
    })
}

fn is_token(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&b))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = "OPTIONS sip:a@b.example SIP/2.0\r\nv: SIP/2.0/UDP 1.2.3.4;branch=z9hG4bK1\r\n\
        f: <sip:x@b.example>;tag=1\r\nt: <sip:a@b.example>\r\ni: abc\r\nCSeq: 7 OPTIONS\r\n\
        Subject: folded\r\n  line\r\nl: 3\r\n\r\nabcdef";

    #[test]
    fn compact_and_folded_headers_are_read_and_extra_bytes_ignored() {
        let Received::Request(request, basics) = parse(GOOD.as_bytes()).unwrap() else { panic!("a request") };
        assert_eq!((request.method, basics.cseq, basics.call_id.as_str()), (Method::Options, 7, "abc"));
        assert_eq!(request.headers.get(&Name::Other("subject".into())), Some("folded line"));
        assert_eq!(request.body.as_ref(), b"abc");
        assert_eq!(frame(GOOD.as_bytes()), Ok(Some(GOOD.len() - 3)));
        assert_eq!(frame(b"OPTIONS sip:a"), Ok(None));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for (from, to) in [
            ("i: abc", "i: abc\r\nCall-ID: def"),
            ("l: 3", "l: 3\r\nContent-Length: 6"),
            ("l: 3", "l: 30"),
            ("l: 3", "l: -3"),
            ("CSeq: 7 OPTIONS", "CSeq: 7 INVITE"),
            ("f: <sip:x@b.example>;tag=1", "f: <sip:x@b.example>;tag=1\r\nFrom: <sip:y@b.example>;tag=1"),
            ("SIP/2.0\r\nv", "SIP/3.0\r\nv"),
            ("OPTIONS sip", "OPTIONS  sip"),
            ("Subject: folded", "Sub ject: folded"),
            ("Subject: folded", "Subject: a\u{0}b"),
        ] {
            let text = GOOD.replacen(from, to, 1);
            assert_ne!(text, GOOD);
            assert!(parse(text.as_bytes()).is_err(), "{to}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = parse(&bytes);
            let _ = frame(&bytes);
        }

        #[test]
        fn a_damaged_message_is_read_or_refused(at in 0..GOOD.len(), byte: u8, cut in 0..GOOD.len()) {
            let mut bytes = GOOD.as_bytes().to_vec();
            bytes[at] = byte;
            let _ = parse(&bytes);
            let _ = parse(&bytes[cut..]);
            let _ = parse(&bytes[..cut]);
        }
    }
}
