//! Messages: read with care, written from values. The one door for text that goes into a header.

use rsipstack::sip::headers::make_header;
use rsipstack::sip::prelude::{HeadersExt, ToTypedHeader};
use rsipstack::sip::{
    Header, Headers, Host, HostWithPort, Method, Param, Request, Response, SipMessage, StatusCode, Uri,
    Version,
};
use rsipstack::transport::SipConnection;
use std::fmt::Write as _;
use std::net::SocketAddr;

/// Header fields of one message.
const MAX_FIELDS: usize = 120;
/// Characters of a Call-ID or tag.
const MAX_WORD: usize = 256;

/// What phones may ask for.
pub const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, REFER";

/// Not a message that we take; the text says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);

/// Reads one whole message. What the parser would silently mend (fields after a byte that is no
/// UTF-8 are lost, for one) is refused here, and so is what a transaction cannot be made of.
pub fn read(bytes: &[u8]) -> Result<SipMessage, Malformed> {
    let end = header_end(bytes).ok_or(Malformed("no end of the header"))?;
    let head = std::str::from_utf8(&bytes[..end]).map_err(|_| Malformed("header is no UTF-8"))?;
    if head.contains('\0') {
        return Err(Malformed("header has a NUL"));
    }
    let mut message = SipMessage::try_from(bytes).map_err(|_| Malformed("not a SIP message"))?;
    let (headers, body) = match &mut message {
        SipMessage::Request(request) => (&request.headers, &mut request.body),
        SipMessage::Response(response) => (&response.headers, &mut response.body),
    };
    if headers.len() > MAX_FIELDS {
        return Err(Malformed("too many header fields"));
    }
    match value(headers, "Content-Length") {
        // RFC 3261, section 18.3: a datagram without a length is all body.
        None => *body = bytes[end + 4..].to_vec(),
        Some(length) if length.trim().parse() == Ok(body.len()) => {}
        Some(_) => return Err(Malformed("length and body differ")),
    }
    check(&message)?;
    Ok(message)
}

fn check(message: &SipMessage) -> Result<(), Malformed> {
    let fault = |what| move |_| Malformed(what);
    message.top_via_header().and_then(|via| via.typed()).map_err(fault("Via"))?;
    let from = message.from_header().and_then(|from| from.clone().typed()).map_err(fault("From"))?;
    let to = message.to_header().and_then(|to| to.clone().typed()).map_err(fault("To"))?;
    let call_id = message.call_id_header().map_err(fault("Call-ID"))?.value();
    let sequence = message.cseq_header().map_err(fault("CSeq"))?;
    let method = sequence.method().map_err(fault("CSeq"))?;
    sequence.seq().map_err(fault("CSeq"))?;
    let word = |word: &str| (1..=MAX_WORD).contains(&word.len());
    let tag = from.tag().ok_or(Malformed("From has no tag"))?;
    if !word(tag.value()) || !word(call_id) || to.tag().is_some_and(|tag| !word(tag.value())) {
        return Err(Malformed("a name of the dialog is empty or too long"));
    }
    match message {
        SipMessage::Request(request) if request.method != method => {
            Err(Malformed("CSeq names another method"))
        }
        SipMessage::Request(request) if request.uri.scheme.is_none() => {
            Err(Malformed("address without scheme"))
        }
        SipMessage::Request(_) | SipMessage::Response(_) => Ok(()),
    }
}

/// Where the header ends and the empty line begins.
pub fn header_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n")
}

/// Writes where the request came from into its topmost Via, whatever the sender put there: that is
/// where answers go (RFC 3581), also those that the transaction layer repeats by itself.
pub fn stamp(request: &mut Request, source: SocketAddr) -> Result<(), Malformed> {
    let via = request.via_header_mut().map_err(|_| Malformed("Via"))?;
    via.update_first_value(|via| {
        let mut via = via.typed()?;
        via.params.retain(|param| !matches!(param, Param::Rport(_) | Param::Received(_)));
        via.params.push(Param::Received(rsipstack::sip::param::Received::new(source.ip().to_string())));
        via.params.push(Param::Rport(Some(source.port())));
        Ok(via.into())
    })
    .map_err(|_| Malformed("Via"))
}

/// Where a stamped request came from.
pub fn source(request: &Request) -> Option<SocketAddr> {
    let (_, place) = SipConnection::parse_target_from_via(request.via_header().ok()?).ok()?;
    place.try_into().ok()
}

/// The first value of a field.
pub fn value<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    values(headers, name).next()
}

/// All values of a field, one for each line.
pub fn values<'a>(headers: &'a Headers, name: &str) -> impl Iterator<Item = &'a str> {
    headers.iter().filter(move |h| h.name().eq_ignore_ascii_case(name)).map(Header::value)
}

/// Whether a comma-separated field, e.g. `Supported`, names something.
pub fn lists(headers: &Headers, name: &str, word: &str) -> bool {
    values(headers, name).flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(word))
}

/// One field. Line ends and other controls cannot get in.
pub fn field(name: &str, value: impl Into<String>) -> Header {
    let mut value: String = value.into();
    value.retain(|c| !c.is_control());
    make_header(name, value)
}

/// A name in quotes, as before an address.
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

/// A user name as it stands in an address.
pub fn escaped(user: &str) -> String {
    let mut text = String::with_capacity(user.len());
    for byte in user.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,?/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// A status by its number.
pub fn status(code: u16) -> StatusCode {
    StatusCode::try_from((code, "")).unwrap_or(StatusCode::ServerInternalError)
}

/// An answer with the request's names; `tag` is ours for the dialog, added when the request has none.
pub fn answer(
    request: &Request,
    code: u16,
    tag: Option<&str>,
    more: Vec<Header>,
    body: Option<String>,
) -> Response {
    let mut headers = Headers::default();
    let routed = (101..300).contains(&code);
    for header in request.headers.iter() {
        if let (Header::To(to), Some(tag), true) = (header, tag, code > 100)
            && to.tag().ok().flatten().is_none()
        {
            headers.push(field("To", format!("{};tag={tag}", to.value())));
        } else if matches!(
            header,
            Header::Via(_) | Header::From(_) | Header::To(_) | Header::CallId(_) | Header::CSeq(_)
        ) || (routed && matches!(header, Header::RecordRoute(_)))
        {
            headers.push(header.clone());
        }
    }
    headers.extend(more);
    headers.push(field("User-Agent", AGENT));
    let body = body.map(String::into_bytes).unwrap_or_default();
    headers.push(field("Content-Length", body.len().to_string()));
    Response { status_code: status(code), wire_reason: None, version: Version::V2, headers, body }
}

/// What we call ourselves: no version, which only helps those who look for holes.
pub const AGENT: &str = "Voxera";

/// A request with what every request needs.
pub fn request(method: Method, uri: Uri, headers: Vec<Header>, body: Option<String>) -> Request {
    let mut headers: Headers = headers.into();
    headers.push(field("Max-Forwards", "70"));
    headers.push(field("User-Agent", AGENT));
    let body = body.map(String::into_bytes).unwrap_or_default();
    headers.push(field("Content-Length", body.len().to_string()));
    Request { method, uri, version: Version::V2, headers, body }
}

/// Names the sender's side of a dialog.
pub fn from_tag(message: &impl HeadersExt) -> Option<String> {
    message.from_header().ok()?.tag().ok()?.map(|tag| tag.value().to_owned())
}

/// Names the receiver's side of a dialog; `None`: the request stands outside of one.
pub fn to_tag(message: &impl HeadersExt) -> Option<String> {
    message.to_header().ok()?.tag().ok()?.map(|tag| tag.value().to_owned())
}

/// The Call-ID.
pub fn call_id(message: &impl HeadersExt) -> Option<String> {
    message.call_id_header().ok().map(|id| id.value().to_owned())
}

/// The number in `CSeq`.
pub fn sequence(message: &impl HeadersExt) -> Option<u32> {
    message.cseq_header().ok()?.seq().ok()
}

/// The host of an address in lower case, without port.
pub fn host(uri: &Uri) -> String {
    match uri.host() {
        Host::Domain(domain) => domain.0.to_ascii_lowercase(),
        Host::IpAddr(ip) => ip.to_string(),
    }
}

/// The user part, `%xx` decoded, without a password and parameters such as `;phone-context=`; empty
/// when there is none or when it does not decode to text.
pub fn user(uri: &Uri) -> String {
    let user = uri.user().unwrap_or_default();
    let user = user.split_once(';').map_or(user, |(user, _)| user);
    decode(user).unwrap_or_default()
}

/// Whether both name the same place: scheme, user, host and port. Parameters may differ.
pub fn same_place(one: &Uri, other: &Uri) -> bool {
    let scheme = |uri: &Uri| uri.scheme.as_ref().map(|s| s.to_string().to_ascii_lowercase());
    scheme(one) == scheme(other)
        && user(one) == user(other)
        && host(one) == host(other)
        && one.host_with_port.port == other.host_with_port.port
}

/// An address of ours.
pub fn place(address: SocketAddr) -> HostWithPort {
    HostWithPort::from(address)
}

/// A random word for tags, branches and Call-IDs: 128 bits that nobody guesses.
pub fn random_word() -> String {
    format!("{:032x}", rand::random::<u128>())
}

fn decode(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let hex = [rest.next()?, rest.next()?];
        let hex = std::str::from_utf8(&hex).ok()?;
        bytes.push(u8::from_str_radix(hex, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REQUEST: &str = "INVITE sip:1001@akes.example SIP/2.0\r\nv: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1\r\n\
        f: \"Anna \u{e5}\" <sip:1000@akes.example>;tag=a\r\nt: <sip:1001@akes.example>\r\ni: call\r\nCSeq: 7 INVITE\r\n\
        Supported: timer,\r\n 100rel\r\nm: <sip:x@192.0.2.1:5070>\r\nl: 3\r\n\r\nabc";

    fn request() -> Request {
        match read(REQUEST.as_bytes()).unwrap() {
            SipMessage::Request(request) => request,
            SipMessage::Response(_) => unreachable!("it is a request"),
        }
    }

    #[test]
    fn short_names_and_folded_lines_are_read() {
        let request = request();
        assert_eq!((from_tag(&request).as_deref(), to_tag(&request)), (Some("a"), None));
        assert_eq!((call_id(&request).as_deref(), sequence(&request)), (Some("call"), Some(7)));
        assert!(lists(&request.headers, "supported", "100REL"));
        assert_eq!(request.body, b"abc");
    }

    #[test]
    fn a_datagram_without_a_length_is_all_body_and_one_with_a_wrong_length_is_refused() {
        let without = REQUEST.replace("l: 3\r\n", "");
        let SipMessage::Request(request) = read(without.as_bytes()).unwrap() else {
            unreachable!("a request")
        };
        assert_eq!(request.body, b"abc");
        for length in ["4", "-1", "x", "99999999999999999999"] {
            let wrong = REQUEST.replace("l: 3", &format!("l: {length}"));
            assert_eq!(read(wrong.as_bytes()).unwrap_err(), Malformed("length and body differ"), "{length}");
        }
    }

    #[test]
    fn the_source_is_what_we_saw_and_not_what_was_written() {
        let liar = REQUEST.replace(";branch", ";received=203.0.113.9;rport=9;branch");
        for text in [REQUEST, &liar] {
            let SipMessage::Request(mut request) = read(text.as_bytes()).unwrap() else {
                unreachable!("a request")
            };
            for seen in ["198.51.100.4:40000", "[2001:db8::4]:40000", "192.0.2.1:5070"] {
                let seen: SocketAddr = seen.parse().unwrap();
                stamp(&mut request, seen).unwrap();
                assert_eq!(source(&request), Some(seen));
                let answered = answer(&request, 200, Some("t"), Vec::new(), None);
                assert!(!answered.to_string().contains("203.0.113.9"), "{answered}");
            }
        }
    }

    #[test]
    fn an_answer_has_our_tag_once_and_none_while_we_only_try() {
        let request = request();
        let tags = |code| to_tag(&answer(&request, code, Some("ours"), Vec::new(), None));
        assert_eq!(
            (tags(100), tags(180).as_deref(), tags(404).as_deref()),
            (None, Some("ours"), Some("ours"))
        );
    }

    #[test]
    fn text_stays_inside_its_field() {
        let evil = "x\r\nVia: evil\r\n\r\nbody\0";
        assert_eq!(field("Subject", evil).to_string(), "Subject: xVia: evilbody");
        assert_eq!(quoted("a\"b\\c\r\n"), r#""a\"b\\c""#);
    }

    #[test]
    fn a_user_is_read_without_its_escapes_parameters_and_password() {
        for (uri, expected) in [
            ("sip:%31000@a.example", "1000"),
            ("sip:*97@a.example", "*97"),
            ("sip:%2397@a.example", "#97"),
            ("sip:1000:secret@a.example", "1000"),
            ("sip:a.example", ""),
            ("sip:%zz@a.example", ""),
        ] {
            assert_eq!(user(&Uri::try_from(uri).unwrap()), expected, "{uri}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let _ = read(&bytes);
        }

        #[test]
        fn what_is_read_can_be_answered_and_read_again(edits in prop::collection::vec((0..REQUEST.len(), any::<u8>()), 0..5)) {
            let mut bytes = REQUEST.as_bytes().to_vec();
            for (at, byte) in edits {
                bytes[at] = byte;
            }
            if let Ok(SipMessage::Request(mut request)) = read(&bytes)
                && stamp(&mut request, "192.0.2.1:9".parse().unwrap()).is_ok()
            {
                let text = answer(&request, 200, Some("tag"), Vec::new(), None).to_bytes();
                prop_assert!(read(&text).is_ok(), "{}", String::from_utf8_lossy(&text));
                let _ = (user(&request.uri), host(&request.uri));
            }
        }
    }
}
