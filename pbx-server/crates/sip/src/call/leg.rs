//! One phone's side of a call: its dialog (RFC 3261, section 12) and what it said about its sound.
//!
//! The library has dialogs too. They send to the address in `Contact`, which nobody can reach when
//! the phone is behind a router; ours send to where the phone's packets come from.

use crate::call::book::Dialog;
use crate::flow::Flow;
use crate::hub::Hub;
use crate::media::Expect;
use crate::sdp::{Described, Sdp};
use crate::wire;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::typed::Contact;
use rsipstack::sip::{Header, Method, Request, Response, Uri};
use std::net::SocketAddr;
use voxera_model::{DeviceId, PbxId};

/// One side.
#[derive(Debug)]
pub struct Leg {
    pub pbx: PbxId,
    pub device: DeviceId,
    pub flow: Flow,
    pub call_id: String,
    /// Our own address with our tag, as a field's value.
    local: String,
    pub local_tag: String,
    /// The phone's address, with its tag once it gave one.
    remote: String,
    pub remote_tag: Option<String>,
    /// What requests are addressed to.
    target: Uri,
    routes: Vec<String>,
    /// Of our last request.
    sequence: u32,
    /// Of the phone's last request.
    heard: Option<u32>,
    pub described: Described,
    /// What we last told the phone about our sound.
    pub said: Option<String>,
    /// What the phone last told us.
    pub sdp: Option<Sdp>,
    /// It hung up first.
    pub said_bye: bool,
    /// Present while requests of the dialog find the call.
    pub dialog: Option<Dialog>,
}

impl Leg {
    /// The phone that calls, from its INVITE. `None`: it named no address for later requests.
    pub fn caller(invite: &Request, flow: Flow, pbx: PbxId, device: DeviceId, sdp: Sdp) -> Option<Self> {
        let local_tag = wire::random_word();
        Some(Self {
            pbx,
            device,
            flow,
            call_id: wire::call_id(invite)?,
            local: format!("{};tag={local_tag}", invite.to_header().ok()?.value()),
            local_tag,
            remote: invite.from_header().ok()?.value().to_owned(),
            remote_tag: Some(wire::from_tag(invite)?),
            target: contact(invite)?,
            routes: wire::values(&invite.headers, "Record-Route").map(str::to_owned).collect(),
            sequence: rand::random_range(1..10_000),
            heard: wire::sequence(invite),
            described: Described::new(rand::random()),
            said: None,
            sdp: Some(sdp),
            said_bye: false,
            dialog: None,
        })
    }

    /// A phone that is to ring. `from`, `to`: field values without tags.
    pub fn callee(flow: Flow, pbx: PbxId, device: DeviceId, target: Uri, from: &str, to: &str) -> Self {
        let local_tag = wire::random_word();
        Self {
            pbx,
            device,
            flow,
            call_id: wire::random_word(),
            local: format!("{from};tag={local_tag}"),
            local_tag,
            remote: to.to_owned(),
            remote_tag: None,
            target,
            routes: Vec::new(),
            sequence: rand::random_range(1..10_000),
            heard: None,
            described: Described::new(rand::random()),
            said: None,
            sdp: None,
            said_bye: false,
            dialog: None,
        }
    }

    /// The next request of the dialog.
    pub fn request(&mut self, hub: &Hub, method: Method, more: Vec<Header>, body: Option<String>) -> Request {
        self.sequence += 1;
        self.refresh_flow(hub);
        let mut headers = self.names(hub, method, self.sequence);
        headers.push(self.contact(hub));
        headers.extend(more);
        if body.is_some() {
            headers.push(wire::field("Content-Type", "application/sdp"));
        }
        wire::request(method, self.target.clone(), headers, body)
    }

    /// The acknowledgement of an answer to our INVITE.
    pub fn ack(&self, hub: &Hub, sequence: u32) -> Request {
        wire::request(Method::Ack, self.target.clone(), self.names(hub, Method::Ack, sequence), None)
    }

    /// Our address for this phone's requests.
    pub fn contact(&self, hub: &Hub) -> Header {
        let place = wire::place(hub.sent_by(self.flow.peer.ip()));
        let transport = match self.flow.via() {
            "UDP" => String::new(),
            other => format!(";transport={}", other.to_ascii_lowercase()),
        };
        wire::field("Contact", format!("<sip:voxera@{place}{transport}>"))
    }

    /// Takes what the answer to our first INVITE says.
    pub fn answered(&mut self, response: &Response) -> bool {
        let (Some(tag), Ok(to)) = (wire::to_tag(response), response.to_header()) else { return false };
        self.remote_tag = Some(tag);
        to.value().clone_into(&mut self.remote);
        self.routes = wire::values(&response.headers, "Record-Route").map(str::to_owned).collect();
        self.routes.reverse();
        let target = contact(response);
        let found = target.is_some();
        if let Some(target) = target {
            self.target = target;
        }
        found
    }

    /// Whether a request is the phone's next one in this dialog. It then counts.
    pub fn follows(&mut self, request: &Request) -> Result<(), u16> {
        if wire::from_tag(request) != self.remote_tag {
            return Err(481);
        }
        let sequence = wire::sequence(request);
        if self.heard.is_some_and(|heard| sequence.is_none_or(|sequence| sequence <= heard)) {
            return Err(500);
        }
        self.heard = sequence;
        Ok(())
    }

    /// A phone that moved says so in INVITE and UPDATE, and in its answers to them.
    pub fn moved(&mut self, message: &impl HeadersExt, flow: Option<&Flow>) {
        if let Some(target) = contact(message) {
            self.target = target;
        }
        if let Some(flow) = flow {
            self.flow = flow.clone();
        }
    }

    /// What the relay is to expect from this phone. `other`: the other side's description, whose
    /// payload numbers this phone sends with.
    pub fn expect(&self, other: Option<&Sdp>) -> Expect {
        let Some(own) = &self.sdp else { return Expect::default() };
        let audio = &own.audio;
        let mut trusted = vec![self.flow.peer.ip()];
        trusted.extend(audio.address.filter(|ip| *ip != self.flow.peer.ip()));
        let at = |port: u16| audio.address.filter(|_| audio.port != 0).map(|ip| SocketAddr::new(ip, port));
        let mut payloads: Vec<(u8, Option<u32>)> = Vec::new();
        for format in own.audio.formats.iter().chain(other.into_iter().flat_map(|o| &o.audio.formats)) {
            if !payloads.iter().any(|(payload, _)| *payload == format.payload) {
                let tones = format.name.as_deref().is_some_and(|n| n.eq_ignore_ascii_case("telephone-event"));
                payloads.push((format.payload, (!tones).then_some(format.clock)));
            }
        }
        Expect {
            trusted,
            first: at(audio.port),
            first_rtcp: at(audio.rtcp_port.unwrap_or(audio.port.saturating_add(1))),
            payloads,
        }
    }

    /// The connection may be gone; the phone has often come back by another.
    fn refresh_flow(&mut self, hub: &Hub) {
        if self.flow.is_open() {
            return;
        }
        if let Some(binding) = hub.bindings.of(self.pbx, self.device).pop() {
            self.flow = binding.flow;
        }
    }

    fn names(&self, hub: &Hub, method: Method, sequence: u32) -> Vec<Header> {
        let place = wire::place(hub.sent_by(self.flow.peer.ip()));
        let (via, branch) = (self.flow.via(), wire::random_word());
        let mut headers = vec![
            wire::field("Via", format!("SIP/2.0/{via} {place};branch=z9hG4bK{branch};rport")),
            wire::field("From", self.local.clone()),
            wire::field("To", self.remote.clone()),
            wire::field("Call-ID", self.call_id.clone()),
            wire::field("CSeq", format!("{sequence} {method}")),
        ];
        headers.extend(self.routes.iter().map(|route| wire::field("Route", route.clone())));
        headers
    }
}

/// The CANCEL of an INVITE that was sent.
pub fn cancel(invite: &Request, reason: Option<&str>) -> Request {
    let same = |h: &&Header| {
        matches!(h, Header::Via(_) | Header::From(_) | Header::To(_) | Header::CallId(_) | Header::Route(_))
    };
    let mut headers: Vec<Header> = invite.headers.iter().filter(same).cloned().collect();
    headers.push(wire::field("CSeq", format!("{} CANCEL", wire::sequence(invite).unwrap_or(1))));
    headers.extend(reason.map(|reason| wire::field("Reason", reason)));
    wire::request(Method::Cancel, invite.uri.clone(), headers, None)
}

fn contact(message: &impl HeadersExt) -> Option<Uri> {
    let line = message.contact_header().ok()?;
    let first = Contact::parse_header_list(line.value()).ok()?.into_iter().next()?;
    let text = first.uri.to_string();
    let usable = first.uri.scheme.is_some()
        && text.len() <= 512
        && !text.chars().any(|c| c.is_whitespace() || "<>\"*".contains(c));
    usable.then_some(first.uri)
}

/// The description in a message's body, when there is one.
pub fn described(body: &[u8]) -> Option<Result<Sdp, crate::sdp::SdpError>> {
    (!body.is_empty()).then(|| Sdp::parse(body))
}
