//! One phone's side of a call: its dialog (RFC 3261, section 12) and what it said about its sound.
//!
//! The library has dialogs too. They send to the address in `Contact`, which nobody can reach when
//! the phone is behind a router; ours send to where the phone's packets come from.

use crate::call::book::Dialog;
use crate::call::reach::Reach;
use crate::call::send::Responder;
use crate::call::{Input, SessionTimer};
use crate::flow::Flow;
use crate::hub::Hub;
use crate::media::{Endpoint, Expect};
use crate::sdp::{Described, Format, Sdp};
use crate::wire;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::typed::Contact;
use rsipstack::sip::{Header, Method, Request, Response, Uri};
use std::net::SocketAddr;
use std::time::Instant;
use tokio::sync::mpsc::UnboundedSender;
use voxera_callcontrol::Transport;
use voxera_callflow::Peer;
use voxera_model::{DeviceId, PbxId, TrunkId};

/// Names a leg, in whichever call it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LegId(pub u64);

/// What stands at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phone {
    Device(DeviceId),
    Line(TrunkId),
}

/// Where our INVITE, or the phone's, stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// No final answer yet.
    Open,
    /// Answered with 200, which the phone has not acknowledged.
    Answered,
    /// Answered and acknowledged.
    Up,
    /// Nothing more will come of it.
    Closed,
}

/// Whose leg it is to be.
pub struct Identity {
    pub inbox: UnboundedSender<Input>,
    pub pbx: PbxId,
    pub phone: Phone,
    pub peer: Peer,
    pub flow: Flow,
}

/// One side.
#[derive(Debug)]
pub struct Leg {
    pub id: LegId,
    /// Leads to the call that has it.
    pub reach: Reach,
    pub pbx: PbxId,
    pub phone: Phone,
    pub peer: Peer,
    pub stage: Stage,
    /// Answers the phone's INVITE. `None`: we called it.
    pub responder: Option<Responder>,
    /// How often the phone promised to say that it is still there.
    pub session: Option<SessionTimer>,
    /// Its ports for sound; closed when dropped.
    pub endpoint: Option<Endpoint>,
    /// What it speaks, once agreed.
    pub codec: Option<Format>,
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
    /// The same before it was written.
    pub ours: Option<Sdp>,
    /// What the phone last told us.
    pub sdp: Option<Sdp>,
    /// A browser's offer that waits for our answer, as it came.
    pub offered: Option<String>,
    /// Since when a browser has no connection.
    pub lost: Option<Instant>,
    /// The other side lets it wait: it hears music.
    pub waits: bool,
    /// It hung up first.
    pub said_bye: bool,
    /// Present while requests of the dialog find the call.
    pub dialog: Option<Dialog>,
}

impl Leg {
    /// The phone that calls, from its INVITE. `None`: it named no address for later requests.
    pub fn caller(invite: &Request, identity: Identity, sdp: Option<Sdp>) -> Option<Self> {
        let local_tag = wire::random_word();
        let to = invite.to_header().ok()?.value().to_owned();
        let mut leg = Self::new(identity, wire::call_id(invite)?, &to, local_tag);
        invite.from_header().ok()?.value().clone_into(&mut leg.remote);
        leg.remote_tag = Some(wire::from_tag(invite)?);
        leg.target = contact(invite)?;
        leg.routes = wire::values(&invite.headers, "Record-Route").map(str::to_owned).collect();
        leg.heard = wire::sequence(invite);
        if sdp.as_ref().is_some_and(Sdp::is_web) {
            leg.offered = String::from_utf8(invite.body.clone()).ok();
        }
        leg.sdp = sdp;
        Some(leg)
    }

    /// A phone that is to ring. `from`, `to`: field values without tags.
    pub fn callee(identity: Identity, target: Uri, from: &str, to: &str) -> Self {
        let mut leg = Self::new(identity, wire::random_word(), from, wire::random_word());
        to.clone_into(&mut leg.remote);
        leg.target = target;
        leg
    }

    fn new(identity: Identity, call_id: String, local: &str, local_tag: String) -> Self {
        let Identity { inbox, pbx, phone, peer, flow } = identity;
        Self {
            id: LegId(rand::random()),
            reach: Reach::new(&inbox),
            pbx,
            phone,
            peer,
            stage: Stage::Open,
            responder: None,
            session: None,
            endpoint: None,
            codec: None,
            flow,
            call_id,
            local: format!("{local};tag={local_tag}"),
            local_tag,
            remote: String::new(),
            remote_tag: None,
            target: Uri::default(),
            routes: Vec::new(),
            sequence: rand::random_range(1..10_000),
            heard: None,
            described: Described::new(rand::random()),
            said: None,
            ours: None,
            sdp: None,
            offered: None,
            lost: None,
            waits: false,
            said_bye: false,
            dialog: None,
        }
    }

    /// Makes the phone's later requests find the call.
    pub fn open(&mut self, hub: &Hub) {
        self.dialog = Some(hub.book.open(&self.call_id, &self.local_tag, self.reach.clone(), self.id));
    }

    /// Whether it was answered, and has not hung up.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        matches!(self.stage, Stage::Answered | Stage::Up) && !self.said_bye
    }

    /// What requests are addressed to.
    #[must_use]
    pub const fn target(&self) -> &Uri {
        &self.target
    }

    /// Whether it lets the other side wait.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.sdp.as_ref().is_some_and(|sdp| sdp.audio.holds())
    }

    /// The next request of the dialog.
    pub fn request(&mut self, hub: &Hub, method: Method, more: Vec<Header>, body: Option<String>) -> Request {
        // A line may ask for a proof, twice at most: the request is then sent again under the next
        // number, which must not be ours.
        self.sequence += if self.flow.line().is_some() { 3 } else { 1 };
        self.refresh_flow(hub);
        let mut headers = self.names(hub, method, self.sequence);
        headers.push(self.contact(hub));
        headers.extend(more);
        if body.is_some() {
            headers.push(wire::field("Content-Type", "application/sdp"));
        }
        wire::request(method, self.target.clone(), headers, body)
    }

    /// The same with any body but a description.
    pub fn carrying(
        &mut self,
        hub: &Hub,
        method: Method,
        mut more: Vec<Header>,
        kind: &str,
        body: String,
    ) -> Request {
        more.push(wire::field("Content-Type", kind));
        let mut request = self.request(hub, method, more, None);
        request.headers.unique_push(wire::field("Content-Length", body.len().to_string()));
        request.body = body.into_bytes();
        request
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
            self.flow.move_to(flow);
            self.lost = None;
        }
    }

    /// What is to be expected of this phone's sound.
    fn expect(&self) -> Expect {
        let Some(own) = &self.sdp else { return Expect::default() };
        let audio = &own.audio;
        let mut trusted = vec![self.flow.peer.ip()];
        trusted.extend(audio.address.filter(|ip| *ip != self.flow.peer.ip()));
        let at = |port: u16| audio.address.filter(|_| audio.port != 0).map(|ip| SocketAddr::new(ip, port));
        let mut payloads: Vec<(u8, Option<u32>)> = Vec::new();
        // A phone sends with the numbers that it was told.
        for format in own.audio.formats.iter().chain(self.ours.iter().flat_map(|ours| &ours.audio.formats)) {
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

    /// Tells the media what was said about sound; `anew`: the phone may speak from elsewhere. A
    /// browser's sound they know better.
    pub fn expect_sound(&self, anew: bool) {
        if let Some(endpoint) = self.endpoint.as_ref().filter(|_| !self.is_web()) {
            endpoint.expect(self.expect(), anew);
            endpoint.may_pause(self.may_pause());
        }
    }

    /// Whether what both described lets the phone send nothing while nobody speaks.
    fn may_pause(&self) -> bool {
        let Some(codec) = &self.codec else { return false };
        let both = [&self.sdp, &self.ours];
        both.iter().any(|sdp| sdp.is_some()) && both.into_iter().flatten().all(|sdp| sdp.audio.pauses(codec))
    }

    /// Both sides agree on a format.
    pub fn agree(&mut self, codec: Format, anew: bool) {
        let tones = [&self.sdp, &self.ours].into_iter().flatten().find_map(|sdp| sdp.audio.tones());
        if let Some(endpoint) = &self.endpoint {
            endpoint.agreed(crate::call::sound::format(&codec, tones));
        }
        self.codec = Some(codec);
        self.expect_sound(anew);
    }

    /// The connection may be gone; the phone has often come back by another.
    fn refresh_flow(&mut self, hub: &Hub) {
        if self.flow.is_open() && !self.has_left(hub) {
            return;
        }
        let again = match self.phone {
            Phone::Device(device) => hub.bindings.of(self.pbx, device).pop().map(|binding| binding.flow),
            Phone::Line(trunk) => hub.lines.flow(trunk),
        };
        if let Some(flow) = again {
            self.flow = flow;
        }
    }

    /// Whether a browser registered over another connection since: the end of one that broke is often
    /// noticed late.
    fn has_left(&self, hub: &Hub) -> bool {
        let Phone::Device(device) = self.phone else { return false };
        if self.flow.transport != Transport::WebSocket {
            return false;
        }
        let known = hub.bindings.of(self.pbx, device);
        !known.is_empty() && !known.iter().any(|binding| binding.flow.is(&self.flow))
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
