//! Phones, users and lines, as `FreeSWITCH` looks them up.
//!
//! A proof is answered with the hash of the phone's password and nothing that could take its place:
//! `FreeSWITCH` lets in whoever names a user without one, and, under the alias of a user, whoever
//! has the password of any. So a hash is never in a document with an alias, and a phone that is to
//! ring has no password.

use crate::calls::{Calls, LINES, LINES_DOMAIN, NODES, NODES_DOMAIN, Reached, music};
use crate::dialplan::Way;
use crate::document::{Document, Setting};
use crate::escape::Text;
use crate::request::{Asks, DirectoryRequest, SipAuth};
use serde::Serialize;
use std::net::IpAddr;
use std::time::Duration;
use voxera_audio::{Library, Place};
use voxera_callcontrol::{
    CallControl, DeviceSecret, PbxView, Transport, TrunkKind, TrunkSecret, TrunkTransport,
};
use voxera_callflow::Kind;
use voxera_model::{DeviceId, ExtensionNumber, Realm, TrunkId};

/// How long a line's name may take to become an address.
const NAME_TAKES: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Page {
    domain: Text,
    groups: Vec<Group>,
}

#[derive(Serialize)]
struct Group {
    name: Text,
    users: Vec<User>,
}

#[derive(Serialize, Default)]
struct User {
    id: Text,
    alias: Option<Text>,
    pointer: bool,
    params: Vec<Setting>,
    variables: Vec<Setting>,
}

/// The answer to a look-up. Reads memory alone, but for the names of lines.
pub async fn answer(
    calls: &Calls,
    control: &CallControl,
    library: Option<&Library>,
    asked: &DirectoryRequest,
) -> Document {
    let found = match asked {
        DirectoryRequest::Auth(auth) if auth.domain == NODES_DOMAIN => from_node(calls, auth),
        DirectoryRequest::Auth(auth) => prove(control, library, auth),
        DirectoryRequest::UserCall { user, domain, asks } => {
            call(&Rings { calls, library, asks }, control, user, domain)
        }
        DirectoryRequest::GroupCall { group, domain } => group_call(control, group, domain),
        DirectoryRequest::Gateways { .. } => Some(gateways(control)),
        DirectoryRequest::NetworkList { domain } if domain == LINES_DOMAIN => {
            Some(network_list(control).await)
        }
        DirectoryRequest::User { user, domain } if domain == LINES_DOMAIN => line(control, user),
        DirectoryRequest::User { user, domain } => exists(control, user, domain),
        DirectoryRequest::Domain { domain } => bare(control, domain),
        DirectoryRequest::NetworkList { .. } | DirectoryRequest::Mailbox { .. } => None,
    };
    found.unwrap_or_else(Document::not_found)
}

/// A phone of a PBX, by exactly the names that its hash was made of.
fn device(
    control: &CallControl,
    user: &str,
    domain: &str,
) -> Option<(std::sync::Arc<PbxView>, DeviceSecret)> {
    let realm = Realm::parse(domain).ok().filter(|realm| realm.as_str() == domain)?;
    let id = DeviceId(user.parse().ok()?);
    let view = control.directory().pbx(&realm)?;
    let secret = view.device(id).filter(|_| id.to_string() == user)?.clone();
    Some((view, secret))
}

fn prove(control: &CallControl, library: Option<&Library>, auth: &SipAuth) -> Option<Document> {
    let names = |host: &Option<String>| host.as_deref() == Some(auth.domain.as_str());
    // Else a phone of one company signs in as, or calls as, one of another.
    let honest = match auth.method.as_str() {
        "REGISTER" => {
            names(&auth.to_host)
                && names(&auth.from_host)
                && auth.to_user.as_deref() == Some(auth.user.as_str())
        }
        _ => names(&auth.from_host),
    };
    if !honest {
        tracing::warn!(method = %auth.method, "a phone that names another domain than its own is refused");
        return None;
    }
    let (view, secret) = device(control, &auth.user, &auth.domain)?;
    let params = vec![
        Setting::new("a1-hash", Text::ours(hex::encode(secret.ha1_md5))),
        Setting::new("allow-empty-password", Text::ours("false".into())),
    ];
    let user = User {
        id: Text::from(secret.device.0),
        params,
        variables: variables(&view, library, &secret),
        ..User::default()
    };
    Some(page(&view.snapshot.realm, "phones", vec![user]))
}

/// What a channel of this phone is known by.
fn variables(view: &PbxView, library: Option<&Library>, secret: &DeviceSecret) -> Vec<Setting> {
    let snapshot = &view.snapshot;
    let realm = Text::ours(snapshot.realm.to_string());
    let name = snapshot.extensions.get(&secret.extension).map(|extension| extension.name.as_str());
    let place = Place { tenant: snapshot.tenant, customer: snapshot.customer };
    let hold = music(library, &place, snapshot.music).unwrap_or_else(|| "local_stream://voxera".to_owned());
    vec![
        Setting::new("user_context", realm.clone()),
        Setting::new("domain_name", realm),
        Setting::new("voxera_pbx", Text::from(snapshot.pbx.0)),
        Setting::new("voxera_device", Text::from(secret.device.0)),
        Setting::new("voxera_extension", Text::ours(secret.extension.to_string())),
        Setting::new("effective_caller_id_number", Text::ours(secret.extension.to_string())),
        Setting::new("effective_caller_id_name", Text::word(name.unwrap_or_default())),
        Setting::new("hold_music", Text::ours(hold)),
    ]
}

/// A leg from another node proves that it was sent: with what was made for it alone.
fn from_node(calls: &Calls, auth: &SipAuth) -> Option<Document> {
    let honest = auth.method == "INVITE" && auth.from_host.as_deref() == Some(NODES_DOMAIN);
    let password = calls.relay_password(&auth.node, &auth.user).filter(|_| honest)?;
    // Its name is one that we made.
    let name = Text::ours(auth.user.clone());
    let fixed = |text: &str| Text::ours(text.to_owned());
    let user = User {
        id: name.clone(),
        params: vec![
            // No `sip-forbid-register`: it forbids calls as well.
            Setting::new("password", Text::ours(password)),
            Setting::new("allow-empty-password", fixed("false")),
        ],
        variables: vec![
            Setting::new("user_context", fixed(NODES)),
            Setting::new("domain_name", fixed(NODES_DOMAIN)),
            Setting::new("voxera_relay", name),
        ],
        ..User::default()
    };
    let group = Group { name: fixed("nodes"), users: vec![user] };
    Some(Document::print("directory", &Page { domain: fixed(NODES_DOMAIN), groups: vec![group] }))
}

/// What is known when phones are to ring.
struct Rings<'a> {
    calls: &'a Calls,
    library: Option<&'a Library>,
    asks: &'a Asks,
}

fn call(rings: &Rings<'_>, control: &CallControl, user: &str, domain: &str) -> Option<Document> {
    if let Some((view, secret)) = device(control, user, domain) {
        let user = rings.rung(&view, &secret, None, std::slice::from_ref(&secret.device));
        return Some(page(&view.snapshot.realm, "phones", vec![user]));
    }
    // By its extension's number: all its phones.
    let realm = Realm::parse(domain).ok().filter(|realm| realm.as_str() == domain)?;
    let number = ExtensionNumber::parse(user).ok()?;
    let view = control.directory().pbx(&realm)?;
    let devices = view.snapshot.extensions.get(&number)?.devices();
    let first = view.device(*devices.first()?)?.clone();
    let user = rings.rung(&view, &first, Some(&number), devices);
    Some(page(&view.snapshot.realm, "phones", vec![user]))
}

impl Rings<'_> {
    /// A phone that is to ring: without a password, so that nobody proves anything by this answer.
    fn rung(
        &self,
        view: &PbxView,
        secret: &DeviceSecret,
        alias: Option<&ExtensionNumber>,
        devices: &[DeviceId],
    ) -> User {
        let dial = devices.iter().flat_map(|device| self.legs(view, secret, *device));
        let params = vec![
            Setting::new("dial-string", Text::ours(dial.collect::<Vec<_>>().join(","))),
            Setting::new("allow-empty-password", Text::ours("false".into())),
        ];
        User {
            id: Text::from(secret.device.0),
            alias: alias.map(|number| Text::ours(number.to_string())),
            params,
            variables: variables(view, self.library, secret),
            ..User::default()
        }
    }

    /// The legs to one phone: the one that is meant, or one to each of its addresses.
    fn legs(&self, view: &PbxView, secret: &DeviceSecret, device: DeviceId) -> Vec<String> {
        let (calls, node) = (self.calls, &self.asks.node);
        let (pbx, realm) = (view.snapshot.pbx, view.snapshot.realm.as_str());
        let meant = self.asks.at.as_deref().and_then(Way::parse);
        let ways = meant.map_or_else(|| calls.ways(node, pbx, device), |way| vec![way]);
        let reach = |way| calls.reach(node, (pbx, realm), device, way);
        let mut reached: Vec<_> = ways.into_iter().filter_map(reach).collect();
        if reached.is_empty() {
            // It has left meanwhile, which the node says best.
            reached.extend(reach(Way::Here));
        }
        reached.into_iter().map(|reached| leg(view, secret, device, reached)).collect()
    }
}

fn leg(view: &PbxView, secret: &DeviceSecret, device: DeviceId, reached: Reached) -> String {
    let realm = &view.snapshot.realm;
    let name = view.snapshot.extensions.get(&secret.extension).map(|extension| extension.name.as_str());
    let (number, name) = (&secret.extension, Text::word(name.unwrap_or_default()));
    let shows = format!("origination_callee_id_number={number}:origination_callee_id_name={name}");
    match reached {
        Reached::Here { target, transport } => {
            let sound = match transport {
                // Browsers lose packets, which Opus repairs.
                Transport::WebSocket => ":absolute_codec_string=OPUS",
                // Whoever hides what it says to us may hide what it says to others.
                Transport::Tls => ":rtp_secure_media_outbound=optional",
                Transport::Udp | Transport::Tcp => "",
            };
            format!("[^^:sip_invite_domain={realm}:presence_id={device}@{realm}:{shows}{sound}]{target}")
        }
        Reached::There(ticket) => ticket.dial_string(&format!(":{shows}")),
    }
}

/// The phones of a hunt group or queue, by its number.
fn group_call(control: &CallControl, group: &str, domain: &str) -> Option<Document> {
    let realm = Realm::parse(domain).ok().filter(|realm| realm.as_str() == domain)?;
    let number = ExtensionNumber::parse(group).ok()?;
    let view = control.directory().pbx(&realm)?;
    let members = match &view.snapshot.extensions.get(&number)?.kind {
        Kind::HuntGroup(group) => &group.members,
        Kind::Queue(queue) => &queue.members,
        Kind::User(_)
        | Kind::Ivr { .. }
        | Kind::Conference(_)
        | Kind::Voicemail { .. }
        | Kind::External { .. } => return None,
    };
    let devices = members.iter().filter_map(|member| view.snapshot.extension(member.extension));
    let users = devices.flat_map(|(_, extension)| extension.devices());
    let users = users.map(|device| User { id: Text::from(device.0), pointer: true, ..User::default() });
    Some(page(&realm, number.as_str(), users.collect()))
}

/// Whether there is such a phone; nothing that proves it.
fn exists(control: &CallControl, user: &str, domain: &str) -> Option<Document> {
    let (view, secret) = device(control, user, domain)?;
    let refuses = Setting::new("allow-empty-password", Text::ours("false".into()));
    let user = User { id: Text::from(secret.device.0), params: vec![refuses], ..User::default() };
    Some(page(&view.snapshot.realm, "phones", vec![user]))
}

fn bare(control: &CallControl, domain: &str) -> Option<Document> {
    let realm = Realm::parse(domain).ok().filter(|realm| realm.as_str() == domain)?;
    let view = control.directory().pbx(&realm)?;
    Some(page(&view.snapshot.realm, "phones", Vec::new()))
}

fn page(realm: &Realm, group: &str, users: Vec<User>) -> Document {
    let group = Group { name: Text::tame(group), users };
    Document::print("directory", &Page { domain: Text::ours(realm.to_string()), groups: vec![group] })
}

/// What a call is known by whose address was found to be a line's.
fn line(control: &CallControl, user: &str) -> Option<Document> {
    let id = TrunkId(user.parse().ok()?);
    let (_, secret) = control.directory().trunks().into_iter().find(|(_, secret)| secret.id == id)?;
    let fixed = |text: &str| Text::ours(text.to_owned());
    let user = User {
        id: Text::from(secret.id.0),
        params: vec![
            Setting::new("allow-empty-password", fixed("false")),
            Setting::new("sip-forbid-register", fixed("true")),
        ],
        variables: vec![
            Setting::new("user_context", fixed(LINES)),
            Setting::new("domain_name", fixed(LINES_DOMAIN)),
            Setting::new("voxera_trunk", Text::from(secret.id.0)),
        ],
        ..User::default()
    };
    let group = Group { name: fixed("lines"), users: vec![user] };
    Some(Document::print("directory", &Page { domain: fixed(LINES_DOMAIN), groups: vec![group] }))
}

#[derive(Serialize)]
struct Addresses {
    domain: Text,
    users: Vec<Address>,
}

#[derive(Serialize)]
struct Address {
    id: Text,
    cidr: Text,
}

/// Where lines call from. A name is looked up now: the list is made when nodes start or are told.
async fn network_list(control: &CallControl) -> Document {
    let mut users = Vec::new();
    for (_, secret) in control.directory().trunks() {
        let mut from = secret.addresses.clone();
        match secret.host.parse::<IpAddr>() {
            Ok(address) => from.push(address),
            Err(_) => from.extend(addresses(&secret).await),
        }
        from.sort_unstable();
        from.dedup();
        for address in from {
            let bits = if address.is_ipv4() { 32 } else { 128 };
            let cidr = Text::ours(format!("{address}/{bits}"));
            users.push(Address { id: Text::from(secret.id.0), cidr });
        }
    }
    Document::print("network_list", &Addresses { domain: Text::ours(LINES_DOMAIN.to_owned()), users })
}

async fn addresses(secret: &TrunkSecret) -> Vec<IpAddr> {
    let found =
        tokio::time::timeout(NAME_TAKES, tokio::net::lookup_host((secret.host.as_str(), secret.port))).await;
    if let Ok(Ok(found)) = found {
        return found.map(|address| address.ip()).collect();
    }
    tracing::warn!(line = %secret.id, "the name of a line leads to no address");
    Vec::new()
}

#[derive(Serialize)]
struct Lines {
    domains: Vec<LineDomain>,
}

#[derive(Serialize)]
struct LineDomain {
    name: Text,
    gateways: Vec<Gateway>,
}

#[derive(Serialize)]
struct Gateway {
    name: Text,
    params: Vec<Setting>,
}

/// Every line, as a gateway named by its id.
fn gateways(control: &CallControl) -> Document {
    let gateways = control.directory().trunks().into_iter().filter_map(|(_, secret)| gateway(&secret));
    let domain = LineDomain { name: Text::ours(LINES_DOMAIN.to_owned()), gateways: gateways.collect() };
    Document::print("gateways", &Lines { domains: vec![domain] })
}

fn gateway(secret: &TrunkSecret) -> Option<Gateway> {
    if !is_host(&secret.host) {
        tracing::warn!(line = %secret.id, "a line's address is none");
        return None;
    }
    let transport = match secret.transport {
        TrunkTransport::Udp => "udp",
        TrunkTransport::Tcp => "tcp",
        TrunkTransport::Tls => "tls",
    };
    let host = match secret.host.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => format!("[{address}]"),
        _ => secret.host.clone(),
    };
    let place = Text::ours(format!("{host}:{}", secret.port));
    let registers = match secret.kind {
        TrunkKind::Registration => "true",
        TrunkKind::Address => "false",
    };
    let fixed = |text: &str| Text::ours(text.to_owned());
    let username = secret.username.as_deref().unwrap_or("voxera");
    let password = secret.password.as_ref().map_or("none", |password| password.as_str());
    if tampered(username) || tampered(password) {
        tracing::warn!(line = %secret.id, "a line's user name or password cannot be written for FreeSWITCH");
        return None;
    }
    let params = vec![
        Setting::new("username", Text::tame(username)),
        Setting::new("password", Text::tame(password)),
        Setting::new("proxy", place.clone()),
        Setting::new("realm", Text::ours(host)),
        Setting::new("from-domain", Text::ours(secret.host.clone())),
        Setting::new("register", fixed(registers)),
        Setting::new("register-transport", fixed(transport)),
        Setting::new("caller-id-in-from", fixed("true")),
        Setting::new("extension-in-contact", fixed("true")),
        Setting::new("retry-seconds", fixed("30")),
        Setting::new("expire-seconds", fixed("600")),
        Setting::new("ping", fixed("25")),
        Setting::new("context", fixed(LINES)),
    ];
    Some(Gateway { name: Text::from(secret.id.0), params })
}

/// Whether the door for text would change it: then it would prove nothing.
fn tampered(text: &str) -> bool {
    Text::tame(text).as_str() != text
}

/// A name or an address, as it may stand in a header.
fn is_host(text: &str) -> bool {
    let name =
        |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    text.parse::<IpAddr>().is_ok() || (!text.is_empty() && text.len() <= 253 && name(text))
}
