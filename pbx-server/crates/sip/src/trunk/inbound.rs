//! Calls in: whose number is called, and who calls.

use crate::flow::Flow;
use crate::hub::Hub;
use crate::trunk::line::Line;
use crate::who::Refusal;
use crate::wire;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::typed::Contact;
use rsipstack::sip::{Request, Uri};
use std::sync::Arc;
use voxera_callcontrol::PbxView;
use voxera_model::{Dialled, PhoneNumber, TrunkId};

/// A call that came over a line.
pub struct Inbound {
    /// The PBX that owns the number.
    pub view: Arc<PbxView>,
    pub trunk: TrunkId,
    /// Who calls; `None`: withheld.
    pub number: Option<PhoneNumber>,
    pub dialled: Dialled,
}

/// Whether a request comes over a line: from its address, and not in the name of one of our phones.
#[must_use]
pub fn is_from_line(hub: &Hub, request: &Request, flow: &Flow) -> bool {
    if !hub.lines.is_source(flow.peer) {
        return false;
    }
    let from = request.from_header().and_then(rsipstack::sip::From::uri);
    from.is_ok_and(|from| hub.realm(&wire::host(&from)).is_none())
}

/// What an INVITE over a line asks for; `None`: it does not come over one. Refused with 404: a
/// number that no PBX with this line has; with 420: a way of speaking that we do not know.
pub fn inbound(hub: &Hub, request: &Request, flow: &Flow) -> Option<Result<Inbound, Refusal>> {
    if !is_from_line(hub, request, flow) {
        return None;
    }
    let required = wire::values(&request.headers, "Require").flat_map(|value| value.split(','));
    let unknown: Vec<&str> =
        required.map(str::trim).filter(|one| !one.eq_ignore_ascii_case("timer")).collect();
    if !unknown.is_empty() {
        let headers = vec![wire::field("Unsupported", unknown.join(", "))];
        return Some(Err(Refusal { code: 420, headers }));
    }
    let lines = hub.lines.at(flow.peer);
    Some(find(hub, request, &lines).ok_or(Refusal { code: 404, headers: Vec::new() }))
}

fn find(hub: &Hub, request: &Request, lines: &[Arc<Line>]) -> Option<Inbound> {
    let asked = called(&request.uri);
    // Addressed to what we registered: the line is known, and the number stands in `To`.
    let named = lines.iter().find(|line| line.word == asked);
    let to = request.to_header().ok().and_then(|to| to.uri().ok()).map(|uri| called(&uri));
    let party = wire::value(&request.headers, "P-Called-Party-ID").and_then(address).map(|uri| called(&uri));
    let lines: Vec<&Arc<Line>> = named.map_or_else(|| lines.iter().collect(), |line| vec![line]);
    let written = [Some(asked).filter(|_| named.is_none()), party, to];
    for text in written.into_iter().flatten() {
        for number in forms(&text) {
            for line in &lines {
                let Some(view) = hub.control.directory().by_id(line.settings.pbx) else { continue };
                if view.snapshot.numbers.contains_key(&number) {
                    let trunk = line.settings.trunk;
                    return Some(Inbound {
                        view,
                        trunk,
                        number: caller(request),
                        dialled: Dialled::Public(number),
                    });
                }
            }
        }
    }
    None
}

/// What a text may mean as a number: `+46…` and `08…` as written; without either sign as the
/// international number, then as the national one without its zero.
fn forms(text: &str) -> impl Iterator<Item = PhoneNumber> {
    let text: String = text.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    let bare = !text.is_empty() && !text.starts_with(['+', '0']);
    let more = bare.then(|| [format!("+{text}"), format!("+46{text}")]).into_iter().flatten();
    std::iter::once(text.clone()).chain(more).filter_map(|text| PhoneNumber::parse(&text).ok())
}

/// Who calls. What the carrier vouches for counts only where the caller does not hide.
fn caller(request: &Request) -> Option<PhoneNumber> {
    let hides = wire::values(&request.headers, "Privacy").flat_map(|value| value.split([';', ',']));
    let mut hides = hides.map(|word| word.trim().to_ascii_lowercase());
    if hides.any(|word| matches!(word.as_str(), "id" | "user" | "header" | "full")) {
        return None;
    }
    let from = request.from_header().ok()?.uri().ok()?;
    if wire::host(&from) == "anonymous.invalid" || wire::user(&from).eq_ignore_ascii_case("anonymous") {
        return None;
    }
    let asserted = wire::values(&request.headers, "P-Asserted-Identity").filter_map(address);
    std::iter::once(from).chain(asserted).find_map(|uri| number(&uri))
}

/// A number of a few digits is a service of the carrier's, and nothing to call back.
fn number(uri: &Uri) -> Option<PhoneNumber> {
    forms(&called(uri)).next()
}

/// What an address names: its user, or the number of a `tel:` address, which the parser takes for a
/// host.
fn called(uri: &Uri) -> String {
    let text = uri.to_string();
    match text.strip_prefix("tel:") {
        Some(number) => number.split(';').next().unwrap_or_default().to_owned(),
        None => wire::user(uri),
    }
}

fn address(value: &str) -> Option<Uri> {
    Contact::parse_header_list(value).ok()?.into_iter().next().map(|contact| contact.uri)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;
    use rsipstack::sip::SipMessage;

    fn invite(from: &str, more: &str) -> Request {
        let text = format!(
            "INVITE sip:+46812345678@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\r\n\
             From: {from};tag=a\r\nTo: <sip:+46812345678@192.0.2.1>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n{more}\
             Content-Length: 0\r\n\r\n"
        );
        match wire::read(text.as_bytes()).unwrap() {
            SipMessage::Request(request) => request,
            SipMessage::Response(_) => unreachable!("a request"),
        }
    }

    #[test]
    fn a_number_is_known_in_each_of_its_forms() {
        for text in
            ["+46812345678", "0812345678", "46812345678", "0046812345678", "812345678", "08-123 456 78"]
        {
            assert!(forms(text).any(|number| number.as_str() == "+46812345678"), "{text}");
        }
        assert_eq!(forms("").count() + forms("anna").count() + forms("+").count(), 0);
    }

    #[test]
    fn a_caller_is_told_unless_it_hides() {
        let told = |from, more| caller(&invite(from, more)).map(String::from);
        let anna = Some("+46701234567".to_owned());
        assert_eq!(told("<sip:+46701234567@carrier.example>", ""), anna);
        assert_eq!(told("<sip:0701234567@carrier.example>", ""), anna);
        assert_eq!(told("\"Anna\" <sip:46701234567@carrier.example>", ""), anna);
        assert_eq!(told("<sip:line@carrier.example>", "P-Asserted-Identity: <tel:+46701234567>\r\n"), anna);
        let asserted = "P-Asserted-Identity: <sip:+46701234567@carrier.example>\r\n";
        assert_eq!(told("\"Anonymous\" <sip:anonymous@anonymous.invalid>", asserted), None);
        assert_eq!(told("<sip:anonymous@carrier.example>", asserted), None);
        assert_eq!(told("<sip:+46701234567@carrier.example>", "Privacy: id\r\n"), None);
        assert_eq!(told("<sip:+46701234567@carrier.example>", "Privacy: none\r\n"), anna);
        assert_eq!(told("<sip:line@carrier.example>", ""), None);
    }
}
