//! The lamp of a phone: how many messages wait in its mailbox (RFC 3842).
//!
//! A phone may subscribe to its own extension's mailbox. One that does not is told all the same,
//! while it is registered: most desk phones never subscribe and light their lamp nevertheless.

use crate::bindings::Binding;
use crate::call::ask_over;
use crate::flow::Flow;
use crate::hub::{Hub, dropped, lock, respond};
use crate::who::{self, Asker, Caller, Refusal, judge, known_place};
use crate::wire;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::typed::Contact;
use rsipstack::sip::{Header, Method, Request, Response, Uri};
use rsipstack::transaction::Transaction;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::broadcast::error::RecvError;
use voxera_callcontrol::PbxView;
use voxera_callflow::Kind;
use voxera_model::{DeviceId, ExtensionId, PbxId};

/// What is subscribed to.
const EVENT: &str = "message-summary";
/// What a phone calls to listen.
const ACCOUNT: &str = "*97";
/// Subscriptions of one phone; the oldest gives way.
const MOST: usize = 4;

/// Who wants to know. Holds only phones that proved themselves.
#[derive(Debug, Default)]
pub struct Lamps {
    map: Mutex<HashMap<Name, Subscription>>,
}

/// The Call-ID, and the tag that we gave.
type Name = (String, String);

/// One dialog, from our side.
#[derive(Debug, Clone)]
struct Subscription {
    pbx: PbxId,
    device: DeviceId,
    extension: ExtensionId,
    flow: Flow,
    /// Values of `From` and `To`, with tags.
    local: String,
    remote: String,
    remote_tag: String,
    target: Uri,
    routes: Vec<String>,
    sequence: u32,
    heard: u32,
    until: Instant,
}

/// Whether a SUBSCRIBE asks for this.
#[must_use]
pub fn is_wanted(request: &Request) -> bool {
    let event = wire::value(&request.headers, "Event").unwrap_or_default();
    let event = event.split(';').next().unwrap_or_default().trim();
    request.method == Method::Subscribe && event.eq_ignore_ascii_case(EVENT)
}

/// Answers a SUBSCRIBE, and tells the phone what there is.
pub async fn subscribe(hub: Arc<Hub>, mut tx: Transaction, flow: Flow) {
    let request = tx.original.clone();
    let outcome = match (wire::call_id(&request), wire::to_tag(&request)) {
        (Some(call_id), Some(tag)) => {
            if !known_place(&hub, &request, &flow) {
                return dropped("stranger");
            }
            renew(&hub, &request, &flow, (call_id, tag))
        }
        (call_id, _) => begin(&hub, &request, &flow, call_id.unwrap_or_default()),
    };
    let (name, seconds) = match outcome {
        Ok(begun) => begun,
        Err(refusal) => {
            let tag = wire::random_word();
            let response = wire::answer(&request, refusal.code, Some(&tag), refusal.headers, None);
            return respond(&mut tx, response).await;
        }
    };
    let contact = contact(&hub, &flow);
    let headers = vec![wire::field("Expires", seconds.to_string()), contact];
    respond(&mut tx, accepted(&request, &name.1, headers)).await;
    notify(&hub, &name, seconds == 0).await;
}

/// Tells phones of every change until the engine stops.
pub async fn follow(hub: Arc<Hub>) {
    let mut changes = hub.control.mailboxes().changes();
    loop {
        match changes.recv().await {
            Ok((pbx, extension)) => tell(&hub, pbx, extension),
            // What was missed is told by the next change, or when the phone registers again.
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// A phone that came online.
pub struct Came {
    pub pbx: PbxId,
    pub device: DeviceId,
    pub extension: ExtensionId,
    pub binding: Binding,
}

/// It hears what waits, when something does.
pub async fn greet(hub: &Arc<Hub>, came: Came) {
    let Came { pbx, device, extension, binding } = came;
    if hub.control.mailboxes().counts(pbx, extension) != (0, 0)
        && let Some(view) = hub.control.directory().by_id(pbx)
    {
        unasked(hub, &view, device, extension, &binding).await;
    }
}

impl Lamps {
    /// Forgets what ran out, and what is of phones that are gone.
    pub fn sweep(&self, is_online: impl Fn(PbxId, DeviceId) -> bool) {
        let now = Instant::now();
        lock(&self.map).retain(|_, one| one.until > now && is_online(one.pbx, one.device));
    }

    fn of(&self, pbx: PbxId, extension: ExtensionId) -> Vec<(Name, DeviceId)> {
        let now = Instant::now();
        let map = lock(&self.map);
        let own =
            map.iter().filter(|(_, one)| one.pbx == pbx && one.extension == extension && one.until > now);
        own.map(|(name, one)| (name.clone(), one.device)).collect()
    }

    fn put(&self, name: Name, subscription: Subscription) {
        let mut map = lock(&self.map);
        let mut own: Vec<(Instant, Name)> = map
            .iter()
            .filter(|(_, one)| one.pbx == subscription.pbx && one.device == subscription.device)
            .map(|(name, one)| (one.until, name.clone()))
            .collect();
        own.sort();
        while own.len() >= MOST {
            let (_, oldest) = own.remove(0);
            map.remove(&oldest);
        }
        map.insert(name, subscription);
    }
}

fn refuse(code: u16) -> Refusal {
    Refusal { code, headers: Vec::new() }
}

fn begin(hub: &Hub, request: &Request, flow: &Flow, call_id: String) -> Result<(Name, u64), Refusal> {
    let realm = who::realm(request).ok_or_else(|| refuse(404))?;
    let caller = judge(hub, request, flow, &realm, Asker::Registrar)?;
    let extension = own_mailbox(hub, request, &caller).ok_or_else(|| refuse(403))?;
    let seconds = wish(hub, request)?;
    let (Some(remote_tag), Some(target)) = (wire::from_tag(request), target(request)) else {
        return Err(refuse(400));
    };
    let (Ok(to), Ok(from)) = (request.to_header(), request.from_header()) else { return Err(refuse(400)) };
    let tag = wire::random_word();
    let name = (call_id, tag.clone());
    let subscription = Subscription {
        pbx: caller.view.snapshot.pbx,
        device: caller.device,
        extension,
        flow: flow.clone(),
        local: format!("{};tag={tag}", to.value()),
        remote: from.value().to_owned(),
        remote_tag,
        target,
        routes: wire::values(&request.headers, "Record-Route").map(str::to_owned).collect(),
        sequence: rand::random_range(1..10_000),
        heard: wire::sequence(request).unwrap_or(0),
        // One that only asks once is told once.
        until: Instant::now() + Duration::from_secs(seconds.max(5)),
    };
    hub.lamps.put(name.clone(), subscription);
    Ok((name, seconds))
}

/// A phone asks for its own extension's mailbox, by its user name, its number, the mailbox's code,
/// or without a name; and from where it is registered.
fn own_mailbox(hub: &Hub, request: &Request, caller: &Caller) -> Option<ExtensionId> {
    let number = &caller.view.device(caller.device)?.extension;
    let user = wire::user(&request.uri);
    let own = user.is_empty()
        || user == ACCOUNT
        || user == number.as_str()
        || user.eq_ignore_ascii_case(&caller.device.to_string());
    let online = !hub.bindings.of(caller.view.snapshot.pbx, caller.device).is_empty();
    (own && online).then_some(caller.view.snapshot.extensions.get(number)?.id)
}

fn renew(hub: &Hub, request: &Request, flow: &Flow, name: Name) -> Result<(Name, u64), Refusal> {
    let seconds = wish(hub, request)?;
    let mut map = lock(&hub.lamps.map);
    let known = map.get_mut(&name).filter(|one| Some(&one.remote_tag) == wire::from_tag(request).as_ref());
    let one = known.filter(|_| hub.bindings.is_source(flow.peer)).ok_or_else(|| refuse(481))?;
    let sequence = wire::sequence(request).unwrap_or(0);
    if sequence <= one.heard {
        return Err(refuse(500));
    }
    one.heard = sequence;
    one.flow = flow.clone();
    one.target = target(request).unwrap_or_else(|| one.target.clone());
    one.until = Instant::now() + Duration::from_secs(seconds.max(5));
    Ok((name, seconds))
}

/// For how long the phone wants to be told; 0: once.
fn wish(hub: &Hub, request: &Request) -> Result<u64, Refusal> {
    let limits = hub.config.registration;
    let (shortest, longest) = (limits.shortest.as_secs(), limits.longest.as_secs());
    let asked = wire::value(&request.headers, "Expires").and_then(|text| text.trim().parse::<u64>().ok());
    match asked.unwrap_or(longest).min(longest) {
        0 => Ok(0),
        seconds if seconds < shortest => {
            Err(Refusal { code: 423, headers: vec![wire::field("Min-Expires", shortest.to_string())] })
        }
        seconds => Ok(seconds),
    }
}

/// Tells everybody whose lamp this is.
fn tell(hub: &Arc<Hub>, pbx: PbxId, extension: ExtensionId) {
    let Some(view) = hub.control.directory().by_id(pbx) else { return };
    let subscribed = hub.lamps.of(pbx, extension);
    let Some((_, known)) = view.snapshot.extension(extension) else { return };
    let Kind::User(user) = &known.kind else { return };
    for device in &user.devices {
        if subscribed.iter().any(|(_, one)| one == device) {
            continue;
        }
        for binding in hub.bindings.of(pbx, *device) {
            let (owned, view, device) = (Arc::clone(hub), Arc::clone(&view), *device);
            hub.spawn(async move { unasked(&owned, &view, device, extension, &binding).await });
        }
    }
    for (name, _) in subscribed {
        let owned = Arc::clone(hub);
        hub.spawn(async move { notify(&owned, &name, false).await });
    }
}

/// Tells a phone that subscribed.
async fn notify(hub: &Arc<Hub>, name: &Name, last: bool) {
    let one = {
        let mut map = lock(&hub.lamps.map);
        let Some(one) = map.get_mut(name) else { return };
        one.sequence += 1;
        let one = one.clone();
        if last {
            map.remove(name);
        }
        one
    };
    let Some(view) = hub.control.directory().by_id(one.pbx) else { return };
    // The phone may have come back by another way.
    let moved = (!hub.bindings.is_source(one.flow.peer)).then(|| hub.bindings.of(one.pbx, one.device).pop());
    let flow = moved.flatten().map_or(one.flow, |binding| binding.flow);
    let left = one.until.saturating_duration_since(Instant::now()).as_secs();
    let state = if last { "terminated;reason=timeout".into() } else { format!("active;expires={left}") };
    let mut headers = vec![
        wire::field("From", one.local),
        wire::field("To", one.remote),
        wire::field("Call-ID", name.0.clone()),
        wire::field("CSeq", format!("{} NOTIFY", one.sequence)),
    ];
    headers.extend(one.routes.into_iter().map(|route| wire::field("Route", route)));
    let request = summary(hub, &view, one.extension, &flow, one.target, headers, &state);
    let answer = ask_over(hub, request, &flow).await;
    let gone = answer.map_or(true, |response| matches!(response.status_code.code(), 404 | 405 | 481 | 489));
    if gone {
        lock(&hub.lamps.map).remove(name);
    }
}

/// Tells a phone that did not ask. One that does not care says so, and that is all.
async fn unasked(
    hub: &Arc<Hub>,
    view: &Arc<PbxView>,
    device: DeviceId,
    extension: ExtensionId,
    binding: &Binding,
) {
    let realm = view.snapshot.realm.as_str();
    let headers = vec![
        wire::field("From", format!("<sip:{ACCOUNT}@{realm}>;tag={}", wire::random_word())),
        wire::field("To", format!("<sip:{device}@{realm}>")),
        wire::field("Call-ID", wire::random_word()),
        wire::field("CSeq", "1 NOTIFY"),
    ];
    let target = binding.target.clone();
    let request = summary(hub, view, extension, &binding.flow, target, headers, "active");
    if let Err(code) = ask_over(hub, request, &binding.flow).await {
        tracing::debug!(code, %device, "a phone was not told of its messages");
    }
}

fn summary(
    hub: &Hub,
    view: &PbxView,
    extension: ExtensionId,
    flow: &Flow,
    target: Uri,
    names: Vec<Header>,
    state: &str,
) -> Request {
    let (new, old) = hub.control.mailboxes().counts(view.snapshot.pbx, extension);
    let waiting = if new > 0 { "yes" } else { "no" };
    let realm = view.snapshot.realm.as_str();
    let body = format!(
        "Messages-Waiting: {waiting}\r\nMessage-Account: sip:{ACCOUNT}@{realm}\r\nVoice-Message: {new}/{old} (0/0)\r\n"
    );
    let own = wire::place(hub.sent_by(flow.peer.ip()));
    let (via, branch) = (flow.via(), wire::random_word());
    let mut headers = vec![wire::field("Via", format!("SIP/2.0/{via} {own};branch=z9hG4bK{branch};rport"))];
    headers.extend(names);
    headers.push(contact(hub, flow));
    headers.push(wire::field("Event", EVENT));
    headers.push(wire::field("Subscription-State", state));
    headers.push(wire::field("Content-Type", "application/simple-message-summary"));
    wire::request(Method::Notify, target, headers, Some(body))
}

fn accepted(request: &Request, tag: &str, headers: Vec<Header>) -> Response {
    wire::answer(request, 200, Some(tag), headers, None)
}

fn contact(hub: &Hub, flow: &Flow) -> Header {
    let place = wire::place(hub.sent_by(flow.peer.ip()));
    let transport = match flow.via() {
        "UDP" => String::new(),
        other => format!(";transport={}", other.to_ascii_lowercase()),
    };
    wire::field("Contact", format!("<sip:voxera@{place}{transport}>"))
}

fn target(request: &Request) -> Option<Uri> {
    let line = wire::value(&request.headers, "Contact")?;
    let first = Contact::parse_header_list(line).ok()?.into_iter().next()?;
    let text = first.uri.to_string();
    let usable = first.uri.scheme.is_some()
        && text.len() <= 512
        && !text.chars().any(|c| c.is_whitespace() || "<>\"*".contains(c));
    usable.then_some(first.uri)
}
