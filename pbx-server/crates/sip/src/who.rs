//! Who sent a request: the one place where credentials are judged.

use crate::auth::{Claim, Verdict};
use crate::flow::Flow;
use crate::hub::{Hub, lock};
use crate::{mwi, trunk, wire};
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, Method, Request, Response, Uri};
use std::sync::Arc;
use std::time::Instant;
use voxera_callcontrol::{PbxView, SecurityKind, Transport};
use voxera_model::{DeviceId, Realm};

/// A phone that proved itself.
pub struct Caller {
    pub device: DeviceId,
    pub view: Arc<PbxView>,
}

/// What to say to one that did not.
pub struct Refusal {
    pub code: u16,
    pub headers: Vec<Header>,
}

/// How the answer to missing credentials looks.
#[derive(Clone, Copy)]
pub enum Asker {
    /// 401, for requests to ourselves.
    Registrar,
    /// 407, for requests to others.
    Proxy,
}

/// What becomes of a message before anything is kept of it.
pub enum Screened {
    Pass,
    /// Answered without a transaction: the sender's address may be made up, and a phone that misses
    /// the answer asks again.
    Answer(Box<Response>),
    /// A stranger, who hears nothing.
    Silent,
}

/// Looks at a request that begins something. Behind this stand only phones that answer at the
/// address that they send from.
pub fn screen(hub: &Hub, request: &Request, flow: &Flow) -> Screened {
    let begins = wire::to_tag(request).is_none();
    // The transaction layer answers these by itself, to anybody.
    if request.method == Method::Cancel && !known_place(hub, request, flow) {
        return Screened::Silent;
    }
    if request.method == Method::Invite && begins && trunk::is_from_line(hub, request, flow) {
        return Screened::Pass;
    }
    let to_us = request.method == Method::Register || (begins && mwi::is_wanted(request));
    let asker = if to_us {
        Asker::Registrar
    } else if request.method == Method::Invite && begins {
        Asker::Proxy
    } else {
        return Screened::Pass;
    };
    let known = request.method == Method::Register || known_place(hub, request, flow);
    let Some(realm) = realm(request).filter(|_| known) else {
        // Whoever scans for open exchanges names realms that nobody has, or none.
        let named = Realm::parse(&wire::host(&request.uri)).ok();
        hub.suspect(SecurityKind::UnknownRealm, named, flow.peer, None);
        return Screened::Silent;
    };
    if proven(hub, request, flow, &realm).is_some() {
        return Screened::Pass;
    }
    let fields = fields(request);
    let claim = claim(&fields, request, flow, &realm);
    let screened = lock(&hub.auth).screen(claim, |other| hub.realm(other).is_some(), Instant::now());
    let refusal = match screened {
        Err(Verdict::Ask) => challenge(hub, request, flow, &realm, asker, false),
        Err(Verdict::Stale(kind)) => {
            if let Some(kind) = kind {
                report(hub, kind, &fields, flow, &realm);
            }
            challenge(hub, request, flow, &realm, asker, true)
        }
        Err(Verdict::Refused(kind)) => {
            report(hub, kind, &fields, flow, &realm);
            Refusal { code: 403, headers: Vec::new() }
        }
        Ok(_) | Err(Verdict::Device(_) | Verdict::Overloaded) => return Screened::Pass,
    };
    let tag = wire::random_word();
    Screened::Answer(Box::new(wire::answer(request, refusal.code, Some(&tag), refusal.headers, None)))
}

/// The realm that judges a request: the one of the phone that it is from. A phone that hides its
/// name is at home where it calls.
pub fn realm(request: &Request) -> Option<Realm> {
    let registers = request.method == Method::Register;
    let own = if registers { request.to_header().ok()?.uri() } else { request.from_header().ok()?.uri() };
    let of = |uri: &Uri| Realm::parse(&wire::host(uri)).ok();
    let elsewhere = (!registers).then_some(&request.uri);
    own.ok().as_ref().and_then(of).or_else(|| elsewhere.and_then(of))
}

/// Whether a request comes from a phone that is registered, from a line, from this machine, or names a realm of
/// ours. Everything else is a stranger who looks around, and hears nothing.
pub fn known_place(hub: &Hub, request: &Request, flow: &Flow) -> bool {
    let names_us = |uri: Uri| hub.realm(&wire::host(&uri)).is_some();
    hub.bindings.is_source(flow.peer)
        || hub.lines.is_source(flow.peer)
        || flow.peer.ip().to_canonical().is_loopback()
        || request.to_header().is_ok_and(|to| to.uri().is_ok_and(names_us))
        || request.from_header().is_ok_and(|from| from.uri().is_ok_and(names_us))
}

/// Judges a request that is for `realm`, which may be one that no PBX has: the answers are the same.
pub fn judge(
    hub: &Hub,
    request: &Request,
    flow: &Flow,
    realm: &Realm,
    asker: Asker,
) -> Result<Caller, Refusal> {
    if let Some(caller) = proven(hub, request, flow, realm) {
        return Ok(caller);
    }
    let view = hub.control.directory().pbx(realm);
    let fields = fields(request);
    let now = Instant::now();
    let verdict = lock(&hub.auth).check(
        claim(&fields, request, flow, realm),
        |device| view.as_ref().and_then(|view| view.device(device)),
        |other| hub.realm(other).is_some(),
        now,
    );
    match (verdict, view) {
        (Verdict::Device(device), Some(view)) => Ok(Caller { device, view }),
        (Verdict::Ask, _) => Err(challenge(hub, request, flow, realm, asker, false)),
        (Verdict::Stale(kind), _) => {
            if let Some(kind) = kind {
                report(hub, kind, &fields, flow, realm);
            }
            Err(challenge(hub, request, flow, realm, asker, true))
        }
        (Verdict::Refused(kind), _) => {
            report(hub, kind, &fields, flow, realm);
            // It had our nonce, so it really is there, and guesses.
            if lock(&hub.guard).failed(flow.peer.ip(), now) {
                metrics::counter!("voxera_sip_bans_total").increment(1);
                tracing::info!(address = %flow.peer.ip(), "too many failed proofs: not heard for a while");
            }
            Err(Refusal { code: 403, headers: Vec::new() })
        }
        // A right password without a PBX cannot be; if it is, it is refused like a wrong one.
        (Verdict::Device(_), None) => Err(Refusal { code: 403, headers: Vec::new() }),
        (Verdict::Overloaded, _) => {
            Err(Refusal { code: 503, headers: vec![wire::field("Retry-After", "10")] })
        }
    }
}

/// A browser that calls over the very connection on which its device is registered: nobody else can send there,
/// and a second proof would only let its calls wait.
fn proven(hub: &Hub, request: &Request, flow: &Flow, realm: &Realm) -> Option<Caller> {
    if flow.transport != Transport::WebSocket
        || request.method != Method::Invite
        || !fields(request).is_empty()
    {
        return None;
    }
    let view = hub.control.directory().pbx(realm)?;
    let from = request.from_header().ok()?.uri().ok()?;
    let device = wire::user(&from).parse().ok().map(DeviceId)?;
    view.device(device)?;
    let registered = hub.bindings.of(view.snapshot.pbx, device).iter().any(|binding| binding.flow.is(flow));
    registered.then_some(Caller { device, view })
}

fn fields(request: &Request) -> Vec<&str> {
    let both = ["Authorization", "Proxy-Authorization"];
    both.into_iter().flat_map(|name| wire::values(&request.headers, name)).collect()
}

fn claim<'a>(fields: &'a [&'a str], request: &'a Request, flow: &Flow, realm: &'a Realm) -> Claim<'a> {
    let source = flow.peer.ip();
    Claim { method: request.method, uri: &request.uri, fields, realm: realm.as_str(), source }
}

fn report(hub: &Hub, kind: SecurityKind, fields: &[&str], flow: &Flow, realm: &Realm) {
    let view = hub.control.directory().pbx(realm);
    let kind = if view.is_none() { SecurityKind::UnknownRealm } else { kind };
    let device = claimed(fields).filter(|d| view.is_some_and(|view| view.device(*d).is_some()));
    hub.suspect(kind, Some(realm.clone()), flow.peer, device);
}

fn challenge(hub: &Hub, request: &Request, flow: &Flow, realm: &Realm, asker: Asker, stale: bool) -> Refusal {
    let (code, name) = match asker {
        Asker::Registrar => (401, "WWW-Authenticate"),
        Asker::Proxy => (407, "Proxy-Authenticate"),
    };
    let agent = wire::value(&request.headers, "User-Agent").unwrap_or_default();
    let both = lock(&hub.auth).challenge(realm.as_str(), flow.peer.ip(), agent, stale, Instant::now());
    Refusal { code, headers: both.into_iter().map(|value| wire::field(name, value)).collect() }
}

/// The device that the credentials name, for the audit.
fn claimed(fields: &[&str]) -> Option<DeviceId> {
    let name = fields.first()?.split("username=\"").nth(1)?.split('"').next()?;
    name.parse().ok().map(DeviceId)
}
