//! The phones of one node, in what the whole server knows of phones.

use super::homes::Homes;
use crate::esl::{PhoneHere, PhoneNews};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use voxera_callcontrol::{CallControl, Registration, Transport};
use voxera_model::{DeviceId, ExtensionId, NodeId, PbxId, Realm};

/// A phone: its PBX, whose it is, and its name.
pub(super) type DeviceAt = (PbxId, ExtensionId, DeviceId);

/// What became of a REGISTER is told by its `Call-ID`: the end of a broken connection names no more.
#[derive(Debug)]
pub(super) struct Phones {
    node: NodeId,
    control: CallControl,
    homes: Arc<Homes>,
    by_call: HashMap<String, Here>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Here {
    pbx: PbxId,
    device: DeviceId,
    contact: String,
}

impl Phones {
    pub(super) fn new(node: NodeId, control: CallControl, homes: Arc<Homes>) -> Self {
        Self { node, control, homes, by_call: HashMap::new() }
    }

    /// The phone that is here now, when one came.
    pub(super) fn take(&mut self, news: PhoneNews) -> Option<DeviceAt> {
        match news {
            PhoneNews::Registered(here) => return self.registered(*here, Utc::now()),
            PhoneNews::Gone { user, call, contact, .. } => {
                let known = call.and_then(|call| self.by_call.remove(&call));
                let gone = known.filter(|here| here.device.to_string() == user);
                match gone {
                    Some(here) => self.drop_one(&here),
                    // Not heard of since we started: found by what it is called.
                    None => {
                        tracing::debug!(contact = contact.is_some(), "a phone that is not known has gone");
                    }
                }
            }
        }
        None
    }

    fn registered(&mut self, here: PhoneHere, now: DateTime<Utc>) -> Option<DeviceAt> {
        let realm = here.realm.parse::<Realm>().ok()?;
        let device = here.user.parse::<DeviceId>().ok()?;
        let view = self.control.directory().pbx(&realm)?;
        let secret = view.device(device)?;
        let extension = view.snapshot.extensions.get(&secret.extension)?;
        let contact = address(&here.contact).to_owned();
        let pbx = view.snapshot.pbx;
        if let Some(call) = here.call {
            self.homes.arrived((self.node, pbx), device, &contact, dialable(&here.contact));
            self.by_call.insert(call, Here { pbx, device, contact: contact.clone() });
        }
        let source = here.source.unwrap_or(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
        self.control.presence().register(Registration {
            tenant: view.snapshot.tenant,
            customer: view.snapshot.customer,
            pbx,
            extension: extension.id,
            extension_number: secret.extension.clone(),
            device,
            contact,
            source: self.homes.really(source),
            transport: transport(&here.status),
            user_agent: here.user_agent,
            registered_at: now,
            expires_at: now + here.for_,
        });
        Some((pbx, extension.id, device))
    }

    /// After a connection that broke: what the node itself knows is what there is.
    pub(super) fn replace(&mut self, answer: &str) {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            rows: Vec<Row>,
        }
        #[derive(Deserialize)]
        struct Row {
            reg_user: String,
            realm: String,
            token: String,
            url: String,
            expires: String,
            network_ip: String,
            network_port: String,
            network_proto: String,
        }
        let rows = match serde_json::from_str::<Answer>(answer) {
            Ok(answer) => answer.rows,
            Err(error) => {
                tracing::warn!(%error, "the list of a node's phones cannot be read");
                return;
            }
        };
        let mut before = std::mem::take(&mut self.by_call);
        let now = Utc::now();
        for row in rows {
            before.remove(&row.token);
            let expires = row.expires.parse().ok().and_then(|at| DateTime::from_timestamp(at, 0));
            let source = || Some((row.network_ip.parse::<IpAddr>().ok()?, row.network_port.parse().ok()?));
            let here = PhoneHere {
                user: row.reg_user,
                realm: row.realm,
                contact: row.url,
                call: Some(row.token),
                source: source().map(SocketAddr::from),
                status: row.network_proto,
                user_agent: None,
                for_: expires.map_or(TimeDelta::zero(), |at| at - now),
            };
            // What waits for it was told when it came.
            let _ = self.registered(here, now);
        }
        for here in before.into_values() {
            self.drop_one(&here);
        }
    }

    /// The node is dead: no phone is reached over it.
    pub(super) fn forget_all(&mut self) {
        for here in std::mem::take(&mut self.by_call).into_values() {
            self.drop_one(&here);
        }
    }

    fn drop_one(&self, here: &Here) {
        if !self.homes.left(self.node, here.device, &here.contact) {
            // It has registered at another node since.
            return;
        }
        if !self.control.carries(here.pbx) {
            // It may have registered at the other engine since.
            return;
        }
        self.control.presence().unregister(here.pbx, here.device, Some(&here.contact));
    }
}

/// `"" <sip:x@y;fs_path=…>` and `sofia/voxera/sip:x@y` are `sip:x@y`.
fn address(contact: &str) -> &str {
    whole(contact).split(";fs_").next().unwrap_or_default()
}

/// The same, with the way that the node notes behind it.
fn whole(contact: &str) -> &str {
    let inside = contact.rsplit_once('<').map_or(contact, |(_, rest)| rest.split('>').next().unwrap_or(rest));
    let start = inside.find("sip:").or_else(|| inside.find("sips:")).unwrap_or(0);
    &inside[start..]
}

/// A contact that may stand in a dial string: what a phone wrote must not be another leg, a setting or
/// something to be expanded.
fn dialable(contact: &str) -> Option<String> {
    let whole = whole(contact);
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~*+=;:@%".contains(c);
    let is_uri = whole.starts_with("sip:") || whole.starts_with("sips:");
    let fits = is_uri && whole.len() <= 500 && whole.chars().all(plain) && !whole.contains(":_:");
    fits.then(|| whole.to_owned())
}

/// From `Registered(UDP-NAT)` or `udp`.
fn transport(status: &str) -> Transport {
    let status = status.to_ascii_lowercase();
    let has = |word: &str| status.contains(word);
    if has("ws") {
        Transport::WebSocket
    } else if has("tls") {
        Transport::Tls
    } else if has("tcp") {
        Transport::Tcp
    } else {
        Transport::Udp
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_phone_has_one_address_however_it_is_written() {
        for contact in [
            "\"\" <sip:6f1c@127.0.0.1:5071>",
            "\"A <b\" <sip:6f1c@127.0.0.1:5071>",
            "sofia/voxera/sip:6f1c@127.0.0.1:5071",
            "<sip:6f1c@127.0.0.1:5071;fs_nat=yes;fs_path=sip%3A6f1c>",
        ] {
            assert_eq!(address(contact), "sip:6f1c@127.0.0.1:5071", "{contact}");
        }
    }

    #[test]
    fn what_a_phone_calls_itself_is_one_leg_or_none() {
        let path = "sip:6f1c@df7.invalid;transport=ws;fs_nat=yes;fs_path=sip%3A6f1c%40127.0.0.1%3A5071";
        assert_eq!(dialable(&format!("\"\" <{path}>")).as_deref(), Some(path));
        assert_eq!(dialable(&format!("sofia/voxera/{path}")).as_deref(), Some(path));
        for bad in [
            "",
            "x",
            "<tel:+46>",
            "<sip:a@b,user/1000>",
            "<sip:a@b|error/x>",
            "<sip:a@[::1]>",
            "<sip:a@b^c>",
            "<sip:a@b:_:c>",
            "<sip:${x}@b>",
            "<sip:a@b'>",
            "<sip:a b@c>",
        ] {
            assert_eq!(dialable(bad), None, "{bad}");
        }
    }

    #[test]
    fn how_a_phone_is_connected_is_read() {
        for (status, expected) in [
            ("Registered(UDP)", Transport::Udp),
            ("Registered(TCP-NAT)", Transport::Tcp),
            ("Registered(TLS)", Transport::Tls),
            ("Registered(WSS-NAT)", Transport::WebSocket),
            ("wss", Transport::WebSocket),
        ] {
            assert_eq!(transport(status), expected);
        }
    }
}
