//! A new call: who calls, under whose name, with what sound.

use crate::call::handover::{Handed, Purpose};
use crate::call::leg::{Identity, Leg, Phone, described};
use crate::call::refer::Replaces;
use crate::call::send::Responder;
use crate::call::{CallTask, Input, SessionTimer};
use crate::flow::Flow;
use crate::hub::{Hub, respond};
use crate::sdp::Sdp;
use crate::who::{Asker, Caller, Refusal, judge, realm};
use crate::{trunk, wire};
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, Request, Uri};
use rsipstack::transaction::Transaction;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use voxera_callcontrol::{Arrival, ArrivedFrom, PbxView, SecurityKind};
use voxera_callflow::Peer;
use voxera_model::{CallId, Dialled, Realm};

/// The shortest session interval that we take, in seconds (RFC 4028).
const SHORTEST_SESSION: u64 = 90;

/// Takes an INVITE that begins a call.
pub async fn invite(hub: Arc<Hub>, mut tx: Transaction, flow: Flow) {
    match admit(&hub, &tx.original, &flow) {
        Ok(admitted) => begin(&hub, tx, flow, admitted).await,
        Err(refusal) => {
            let tag = wire::random_word();
            let response = wire::answer(&tx.original, refusal.code, Some(&tag), refusal.headers, None);
            // Nothing was said before, so a phone that misses this asks again and is told again.
            respond(&mut tx, response).await;
        }
    }
}

/// What is known of a call that may begin.
struct Admitted {
    view: Arc<PbxView>,
    from: ArrivedFrom,
    phone: Phone,
    peer: Peer,
    realm: Realm,
    dialled: Dialled,
    /// `None`: the phone wants to hear our offer first.
    sdp: Option<Sdp>,
    session: Option<SessionTimer>,
    /// The leg that this one is to take the place of.
    replaces: Option<Replaces>,
}

fn admit(hub: &Hub, request: &Request, flow: &Flow) -> Result<Admitted, Refusal> {
    if let Some(inbound) = trunk::inbound(hub, request, flow) {
        return over_line(request, inbound?);
    }
    let realm = realm(request).ok_or_else(|| refuse(404))?;
    let from = request.from_header().and_then(rsipstack::sip::From::uri).map_err(|_| refuse(400))?;
    let caller = judge(hub, request, flow, &realm, Asker::Proxy)?;
    accept(hub, request, flow, realm, caller, &from)
}

/// A call from outside. Nobody vouches for who calls but the line.
fn over_line(request: &Request, inbound: trunk::Inbound) -> Result<Admitted, Refusal> {
    let trunk::Inbound { view, trunk, number, dialled } = inbound;
    Ok(Admitted {
        realm: view.snapshot.realm.clone(),
        view,
        from: ArrivedFrom::Line { trunk, number: number.clone() },
        phone: Phone::Line(trunk),
        peer: Peer::Outside(number),
        dialled,
        sdp: description(request)?,
        session: session_timer(request)?,
        replaces: None,
    })
}

/// What the phone says about its sound; one that we cannot carry, encrypted sound only, is refused.
fn description(request: &Request) -> Result<Option<Sdp>, Refusal> {
    described(&request.body).transpose().map_err(|_| refuse(488))
}

fn accept(
    hub: &Hub,
    request: &Request,
    flow: &Flow,
    realm: Realm,
    caller: Caller,
    from: &Uri,
) -> Result<Admitted, Refusal> {
    let anonymous = wire::host(from) == "anonymous.invalid";
    if anonymous {
        // RFC 5079: a name cannot be hidden yet, and must not be shown to someone who hid it.
        return Err(refuse(433));
    }
    if !is_own_name(&caller, from, &realm) {
        hub.suspect(SecurityKind::ForgedCaller, Some(realm), flow.peer, Some(caller.device));
        return Err(refuse(403));
    }
    if let Some(require) = wire::value(&request.headers, "Require") {
        let known = ["timer", "replaces"];
        let unknown: Vec<&str> =
            require.split(',').map(str::trim).filter(|one| !known.contains(one)).collect();
        if !unknown.is_empty() {
            let headers = vec![wire::field("Unsupported", unknown.join(", "))];
            return Err(Refusal { code: 420, headers });
        }
    }
    let session = session_timer(request)?;
    let sdp = description(request)?;
    let dialled = dialled(hub, request, flow, &realm);
    let replaces = match wire::value(&request.headers, "Replaces") {
        Some(value) => Some(Replaces::parse(value).ok_or_else(|| refuse(400))?),
        None => None,
    };
    let Caller { device, view } = caller;
    // The credential may have gone away a moment ago; the core then says no.
    let own = view.device(device).map(|secret| secret.extension.clone());
    let peer = own.map_or(Peer::Outside(None), Peer::Extension);
    let from = ArrivedFrom::Device(device);
    Ok(Admitted { view, from, phone: Phone::Device(device), peer, realm, dialled, sdp, session, replaces })
}

fn refuse(code: u16) -> Refusal {
    Refusal { code, headers: Vec::new() }
}

/// A phone calls under its own name, which is its user name or its extension's number.
fn is_own_name(caller: &Caller, from: &Uri, realm: &Realm) -> bool {
    let user = wire::user(from);
    let number = caller.view.device(caller.device).map(|secret| secret.extension.as_str().to_owned());
    let own =
        user.eq_ignore_ascii_case(&caller.device.to_string()) || number.is_some_and(|number| number == user);
    own && wire::host(from) == realm.as_str()
}

/// A number of another PBX is no number of this one, whatever it looks like.
fn dialled(hub: &Hub, request: &Request, flow: &Flow, realm: &Realm) -> Dialled {
    let uri = &request.uri;
    let host = wire::host(uri);
    let scheme = uri.scheme.as_ref().map(|s| s.to_string().to_ascii_lowercase());
    if matches!(scheme.as_deref(), Some("tel" | "urn")) {
        // These have no host: the parser puts the number in its place.
        let text = uri.to_string();
        return Dialled::parse(text.trim_start_matches("tel:").split(';').next().unwrap_or_default());
    }
    let user = wire::user(uri);
    let dialled = Dialled::parse(&user);
    let ours = host == realm.as_str() || host.parse().is_ok_and(|ip| hub.is_us(ip, flow.peer.ip()));
    // Help is called for wherever it is asked for.
    if ours || dialled.is_emergency() { dialled } else { Dialled::Unknown(unknown(&user, &host)) }
}

fn unknown(user: &str, host: &str) -> String {
    format!("{user}@{host}").chars().filter(char::is_ascii_graphic).take(64).collect()
}

fn session_timer(request: &Request) -> Result<Option<SessionTimer>, Refusal> {
    let Some(value) = wire::value(&request.headers, "Session-Expires") else { return Ok(None) };
    if !wire::lists(&request.headers, "Supported", "timer") {
        return Ok(None);
    }
    let mut parts = value.split(';');
    let Some(seconds) = parts.next().and_then(|text| text.trim().parse::<u64>().ok()) else {
        return Err(refuse(400));
    };
    // A phone that wants us to refresh does it itself when we do not promise to.
    if parts.any(|part| part.trim().eq_ignore_ascii_case("refresher=uas")) {
        return Ok(None);
    }
    if seconds < SHORTEST_SESSION {
        let headers: Vec<Header> = vec![wire::field("Min-SE", SHORTEST_SESSION.to_string())];
        return Err(Refusal { code: 422, headers });
    }
    Ok(Some(SessionTimer::new(Duration::from_secs(seconds.min(86_400)))))
}

async fn begin(hub: &Arc<Hub>, mut tx: Transaction, flow: Flow, admitted: Admitted) {
    let Admitted { view, from, phone, peer, realm, dialled, sdp, session, replaces } = admitted;
    let id = CallId(uuid::Uuid::now_v7());
    let (own, inbox) = unbounded_channel();
    let identity = Identity { inbox: own.clone(), pbx: view.snapshot.pbx, phone, peer, flow };
    let leg = Leg::caller(&tx.original, identity, sdp);
    let limits = hub.config.limits;
    // A line carries the calls of many.
    let of_one = match phone {
        Phone::Device(_) => limits.calls_per_device,
        Phone::Line(_) => limits.calls,
    };
    let most = (limits.calls, of_one);
    let seat = if hub.stopping.is_cancelled() { None } else { hub.book.enter(id, phone, own.clone(), most) };
    let (Some(seat), Some(mut leg)) = (seat, leg) else {
        let code = if tx.original.contact_header().is_ok() { 503 } else { 400 };
        let tag = wire::random_word();
        let response = wire::answer(&tx.original, code, Some(&tag), Vec::new(), None);
        return respond(&mut tx, response).await;
    };
    let trying = wire::answer(&tx.original, 100, None, Vec::new(), None);
    respond(&mut tx, trying).await;
    leg.open(hub);
    leg.session = session;
    let leg_id = leg.id;
    let told = leg.reach.teller(move |heard| Input::Invite(leg_id, heard));
    leg.responder = Some(Responder::drive(hub, tx, &leg.local_tag, told));
    if let Some(replaces) = replaces {
        drop(seat);
        return take_place(hub, leg, &replaces, inbox).await;
    }
    let (core, actions) = hub.control.arrive(&view, Arrival { call: id, from, dialled });
    let task = CallTask::new(hub, id, core, realm, (own, inbox), Some(leg), seat);
    hub.calls.spawn(task.run(actions));
}

/// A phone takes the place of another one in its call (RFC 3891): both of the same PBX, and it names
/// a dialog that nobody can guess.
async fn take_place(hub: &Arc<Hub>, leg: Leg, replaces: &Replaces, mut inbox: UnboundedReceiver<Input>) {
    let giver = leg.reach.sender();
    let found = replaces.leg(hub);
    let handed = |leg, purpose| Input::Handed(Box::new(Handed { leg, purpose, giver: giver.clone() }));
    let refused = match found {
        Some((reach, replaced)) => match reach.tell(handed(leg, Purpose::Replace(replaced))) {
            Err(Input::Handed(back)) => Some(back.leg),
            Err(_) => None,
            Ok(()) => loop {
                match inbox.recv().await {
                    Some(Input::Given(back)) => break back.map(|back| back.leg),
                    Some(_) => {}
                    None => break None,
                }
            },
        },
        None => Some(leg),
    };
    if let Some(responder) = refused.and_then(|leg| leg.responder) {
        responder.send(481, Vec::new(), None);
    }
}
