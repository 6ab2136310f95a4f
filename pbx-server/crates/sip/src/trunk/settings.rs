//! What a line is, as its company wrote it.

use std::net::IpAddr;
use voxera_callcontrol::{Directory, Transport, TrunkKind, TrunkSecret, TrunkTransport};
use voxera_model::{PbxId, TrunkId};

/// One line.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    pub trunk: TrunkId,
    pub pbx: PbxId,
    pub kind: LineKind,
    /// A name or an address.
    pub host: String,
    pub port: u16,
    pub transport: Transport,
    /// Further addresses that its calls come from.
    pub addresses: Vec<IpAddr>,
    /// User name and password. A line that knows us by our address may have none.
    pub account: Option<(String, String)>,
}

/// How a line knows us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// We say where we are.
    Registration,
    /// By our address.
    Address,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { trunk, kind, transport, .. } = self;
        f.debug_struct("Settings")
            .field("trunk", trunk)
            .field("kind", kind)
            .field("transport", transport)
            .finish_non_exhaustive()
    }
}

/// The lines of every PBX.
#[must_use]
pub fn all(directory: &Directory) -> Vec<Settings> {
    directory.trunks().into_iter().map(|(view, secret)| read(view.snapshot.pbx, secret)).collect()
}

fn read(pbx: PbxId, secret: TrunkSecret) -> Settings {
    let kind = match secret.kind {
        TrunkKind::Registration => LineKind::Registration,
        TrunkKind::Address => LineKind::Address,
    };
    let transport = match secret.transport {
        TrunkTransport::Udp => Transport::Udp,
        TrunkTransport::Tcp => Transport::Tcp,
        TrunkTransport::Tls => Transport::Tls,
    };
    let password = secret.password.map(|password| password.to_string());
    Settings {
        trunk: secret.id,
        pbx,
        kind,
        // Anything else has no place in a header, and leads nowhere.
        host: Some(secret.host).filter(|host| is_host(host)).unwrap_or_default(),
        port: secret.port,
        transport,
        addresses: secret.addresses,
        account: secret.username.map(|username| (username, password.unwrap_or_default())),
    }
}

/// A name or an address, as it may stand in a header.
fn is_host(text: &str) -> bool {
    let name =
        |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    text.parse::<IpAddr>().is_ok() || (!text.is_empty() && text.len() <= 253 && name(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_stand_in_a_header_is_a_host() {
        for good in ["sip.carrier.example", "192.0.2.1", "2001:db8::1", "localhost"] {
            assert!(is_host(good), "{good}");
        }
        for bad in ["", "a b", "x>;evil", "x\r\nVia: y", "sip:x", "x/y", "å.example"] {
            assert!(!is_host(bad), "{bad}");
        }
    }
}
