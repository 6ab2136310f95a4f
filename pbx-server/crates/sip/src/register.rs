//! The registrar: which phone is reached where, and for how long.

use crate::bindings::Binding;
use crate::call::Page;
use crate::flow::Flow;
use crate::hub::Hub;
use crate::mwi::Came;
use crate::who::{self, Asker, Caller, Refusal, judge};
use crate::wire;
use chrono::{TimeDelta, Utc};
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::typed::Contact;
use rsipstack::sip::{Header, Param, Request, Response, Scheme};
use std::time::{Duration, Instant};
use voxera_callcontrol::{Registration, SecurityKind, Transport};
use voxera_model::{DeviceId, Realm};

/// Contacts of one request.
const MAX_CONTACTS: usize = 10;
/// Characters of one contact and of what a phone calls itself.
const MAX_TEXT: usize = 512;

/// Answers a REGISTER; with the phone, when it was not there before. `None`: it names no realm.
pub fn register(hub: &Hub, request: &Request, flow: &Flow) -> Option<(Response, Option<Came>)> {
    let realm = who::realm(request)?;
    let outcome = judge(hub, request, flow, &realm, Asker::Registrar)
        .and_then(|caller| own_address(hub, request, flow, &realm, caller))
        .and_then(|caller| change(hub, request, flow, &caller));
    let (code, headers, came) = match outcome {
        Ok((headers, came)) => (200, headers, came),
        Err(refusal) => (refusal.code, refusal.headers, None),
    };
    Some((wire::answer(request, code, Some(&wire::random_word()), headers, None), came))
}

/// A phone registers itself and nobody else: neither in `To`, nor in `From`, nor elsewhere.
fn own_address(
    hub: &Hub,
    request: &Request,
    flow: &Flow,
    realm: &Realm,
    caller: Caller,
) -> Result<Caller, Refusal> {
    let own = caller.device.to_string();
    let is_own = |uri: Option<rsipstack::sip::Uri>| {
        uri.is_some_and(|uri| {
            wire::user(&uri).eq_ignore_ascii_case(&own) && wire::host(&uri) == realm.as_str()
        })
    };
    let to = request.to_header().ok().and_then(|to| to.uri().ok());
    let from = request.from_header().ok().and_then(|from| from.uri().ok());
    // Another realm of ours in the request URI is another registrar.
    let elsewhere = hub.realm(&wire::host(&request.uri)).is_some_and(|other| other != *realm);
    if is_own(to) && is_own(from) && !elsewhere {
        return Ok(caller);
    }
    hub.suspect(SecurityKind::ForeignAddress, Some(realm.clone()), flow.peer, Some(caller.device));
    Err(Refusal { code: 403, headers: Vec::new() })
}

fn change(
    hub: &Hub,
    request: &Request,
    flow: &Flow,
    caller: &Caller,
) -> Result<(Vec<Header>, Option<Came>), Refusal> {
    let bad = || Refusal { code: 400, headers: Vec::new() };
    let limits = hub.config.registration;
    let header = wire::value(&request.headers, "Expires").and_then(|text| text.trim().parse::<u32>().ok());
    let mut contacts = Vec::new();
    for line in wire::values(&request.headers, "Contact") {
        contacts.extend(Contact::parse_header_list(line).map_err(|_| bad())?);
    }
    if contacts.len() > MAX_CONTACTS {
        return Err(bad());
    }
    let pbx = caller.view.snapshot.pbx;
    if contacts.iter().any(is_star) {
        if contacts.len() != 1 || header != Some(0) {
            return Err(bad());
        }
        hub.bindings.take(pbx, caller.device, None);
        hub.control.presence().unregister(pbx, caller.device, None);
        return Ok((Vec::new(), None));
    }
    let longest = u32::try_from(limits.longest.as_secs()).unwrap_or(u32::MAX);
    let shortest = u32::try_from(limits.shortest.as_secs()).unwrap_or(u32::MAX);
    let wish = |contact: &Contact| contact.expires().or(header).unwrap_or(longest).min(longest);
    if contacts.iter().map(wish).any(|seconds| seconds != 0 && seconds < shortest) {
        return Err(Refusal { code: 423, headers: vec![wire::field("Min-Expires", shortest.to_string())] });
    }
    for contact in &contacts {
        let text = contact.uri.to_string();
        let sip = matches!(contact.uri.scheme, Some(Scheme::Sip | Scheme::Sips));
        if !sip || text.len() > MAX_TEXT || text.chars().any(|c| c.is_whitespace() || "<>\"".contains(c)) {
            return Err(bad());
        }
    }
    let together: Vec<String> = contacts.iter().map(|contact| contact.uri.to_string()).collect();
    let mut came = None;
    for contact in contacts {
        match wish(&contact) {
            0 => {
                let text = contact.uri.to_string();
                hub.bindings.take(pbx, caller.device, Some(&text));
                hub.control.presence().unregister(pbx, caller.device, Some(&text));
            }
            seconds => came = came.or(bind(hub, request, flow, caller, contact, seconds, &together)),
        }
    }
    Ok((listed(hub, caller), came))
}

fn bind(
    hub: &Hub,
    request: &Request,
    flow: &Flow,
    caller: &Caller,
    contact: Contact,
    seconds: u32,
    together: &[String],
) -> Option<Came> {
    let snapshot = &caller.view.snapshot;
    let (number, extension) = home(caller)?;
    let text = contact.uri.to_string();
    let binding = Binding {
        instance: instance(&contact),
        target: contact.uri,
        contact: text.clone(),
        flow: flow.clone(),
        until: Instant::now() + Duration::from_secs(seconds.into()),
    };
    if flow.transport == Transport::WebSocket {
        hub.book.back(&Page { device: caller.device, contact: binding.target.clone() }, flow);
    }
    let most = hub.config.registration.contacts;
    let came = !hub.bindings.of(snapshot.pbx, caller.device).iter().any(|known| known.contact == text);
    let came =
        came.then(|| Came { pbx: snapshot.pbx, device: caller.device, extension, binding: binding.clone() });
    let gone = hub.bindings.put(snapshot.pbx, caller.device, binding, together, most);
    for contact in gone {
        hub.control.presence().unregister(snapshot.pbx, caller.device, Some(&contact));
    }
    let now = Utc::now();
    hub.control.presence().register(Registration {
        tenant: snapshot.tenant,
        customer: snapshot.customer,
        pbx: snapshot.pbx,
        extension,
        extension_number: number,
        device: caller.device,
        contact: text,
        source: flow.peer,
        transport: flow.transport,
        user_agent: user_agent(request),
        registered_at: now,
        expires_at: now + TimeDelta::seconds(seconds.into()),
    });
    came
}

/// The extension that the phone belongs to.
fn home(caller: &Caller) -> Option<(voxera_model::ExtensionNumber, voxera_model::ExtensionId)> {
    let number = caller.view.device(caller.device)?.extension.clone();
    let extension = caller.view.snapshot.extensions.get(&number)?.id;
    Some((number, extension))
}

/// Every contact of the device with what is left of its time.
fn listed(hub: &Hub, caller: &Caller) -> Vec<Header> {
    let now = Instant::now();
    let of = |device: DeviceId| hub.bindings.of(caller.view.snapshot.pbx, device);
    of(caller.device)
        .into_iter()
        .map(|b| {
            // Rounded, not cut: a phone that asked for 60 is told 60.
            let left = (b.until - now).as_millis().div_ceil(1000);
            wire::field("Contact", format!("<{}>;expires={left}", b.contact))
        })
        .collect()
}

fn instance(contact: &Contact) -> Option<String> {
    contact.params.iter().find_map(|param| {
        let Param::Other(name, Some(value)) = param else { return None };
        let named = name.value().eq_ignore_ascii_case("+sip.instance");
        named.then(|| value.value().chars().take(MAX_TEXT).collect())
    })
}

fn user_agent(request: &Request) -> Option<String> {
    let text = wire::value(&request.headers, "User-Agent")?;
    let text: String = text.chars().filter(|c| !c.is_control()).take(120).collect();
    (!text.is_empty()).then_some(text)
}

fn is_star(contact: &Contact) -> bool {
    matches!(&contact.uri.scheme, Some(Scheme::Other(star)) if star == "*")
}
