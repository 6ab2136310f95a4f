//! Who sent a request: the one place where credentials are judged.

use crate::auth::{Claim, Verdict};
use crate::flow::Flow;
use crate::hub::{Hub, lock};
use crate::wire;
use rsipstack::sip::{Header, Request};
use std::sync::Arc;
use std::time::Instant;
use voxera_callcontrol::{PbxView, SecurityKind};
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

/// Judges a request that is for `realm`, which may be one that no PBX has: the answers are the same.
pub fn judge(
    hub: &Hub,
    request: &Request,
    flow: &Flow,
    realm: &Realm,
    asker: Asker,
) -> Result<Caller, Refusal> {
    let view = hub.control.directory().pbx(realm);
    let fields: Vec<&str> = wire::values(&request.headers, "Authorization")
        .chain(wire::values(&request.headers, "Proxy-Authorization"))
        .collect();
    let method = request.method.to_string();
    let (source, now) = (flow.peer.ip(), Instant::now());
    let claim = Claim { method: &method, uri: &request.uri, fields: &fields, realm: realm.as_str(), source };
    let verdict = lock(&hub.auth).check(
        claim,
        |device| view.as_ref().and_then(|view| view.device(device)),
        |other| hub.realm(other).is_some(),
        now,
    );
    let failed = |kind: SecurityKind| {
        let kind = if view.is_none() { SecurityKind::UnknownRealm } else { kind };
        let device = claimed(&fields).filter(|d| view.as_ref().is_some_and(|view| view.device(*d).is_some()));
        hub.suspect(kind, Some(realm.clone()), flow.peer, device);
        if lock(&hub.guard).failed(source, now) {
            metrics::counter!("voxera_sip_bans_total").increment(1);
            tracing::info!(address = %source, "too many failed proofs: not heard for a while");
        }
    };
    match (verdict, view.clone()) {
        (Verdict::Device(device), Some(view)) => Ok(Caller { device, view }),
        (Verdict::Ask, _) => Err(challenge(hub, request, flow, realm, asker, false)),
        (Verdict::Stale(kind), _) => {
            if let Some(kind) = kind {
                failed(kind);
            }
            Err(challenge(hub, request, flow, realm, asker, true))
        }
        (Verdict::Refused(kind), _) => {
            failed(kind);
            Err(Refusal { code: 403, headers: Vec::new() })
        }
        // A right password without a PBX cannot be; if it is, it is refused like a wrong one.
        (Verdict::Device(_), None) => Err(Refusal { code: 403, headers: Vec::new() }),
        (Verdict::Overloaded, _) => {
            Err(Refusal { code: 503, headers: vec![wire::field("Retry-After", "10")] })
        }
    }
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
