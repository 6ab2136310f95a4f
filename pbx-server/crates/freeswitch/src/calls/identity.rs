//! Who calls, and what it asks for: told by what the directory said of the channel, never by what its
//! phone says of itself.

use crate::request::DialplanRequest;
use std::net::IpAddr;
use std::sync::Arc;
use voxera_callcontrol::{ArrivedFrom, CallControl, PbxView, SecurityEvent, SecurityKind, TrunkSecret};
use voxera_model::{DeviceId, Dialled, PbxId, PhoneNumber, Realm, TrunkId};

/// The context of calls that come over lines.
pub(crate) const LINES: &str = "voxera-lines";
/// The domain under which lines are looked up. No realm ends in `.invalid`.
pub(crate) const LINES_DOMAIN: &str = "lines.voxera.invalid";
/// The list of addresses that lines call from.
pub(crate) const LINES_LIST: &str = "voxera-lines";

/// A call that may begin.
#[derive(Debug)]
pub(super) struct Identified {
    pub view: Arc<PbxView>,
    pub from: ArrivedFrom,
    pub dialled: Dialled,
}

/// Finds out who calls; the SIP code of a refusal otherwise.
pub(super) fn identify(control: &CallControl, request: &DialplanRequest) -> Result<Identified, u16> {
    if request.context == LINES { line(control, request) } else { phone(control, request) }
}

fn phone(control: &CallControl, request: &DialplanRequest) -> Result<Identified, u16> {
    let realm = Realm::parse(&request.context).map_err(|_| 403_u16)?;
    let claimed = |text: &Option<String>| text.as_deref() == Some(realm.as_str());
    let known = request.authorized.as_deref() == Some("true")
        && claimed(&request.domain)
        && claimed(&request.user_context)
        && request.admitted_by.is_none();
    let pbx = request.pbx.as_deref().and_then(|text| text.parse().ok()).map(PbxId);
    let device = request.device.as_deref().and_then(|text| text.parse().ok()).map(DeviceId);
    let (Some(view), Some(pbx), Some(device), true) = (control.directory().pbx(&realm), pbx, device, known)
    else {
        tracing::warn!(channel = %request.channel, "a call of nobody that the directory knows is refused");
        return Err(403);
    };
    if view.snapshot.pbx != pbx {
        tracing::warn!(channel = %request.channel, "a call of another PBX's phone is refused");
        return Err(403);
    }
    let own = |host: &Option<String>| host.as_deref() == Some(realm.as_str());
    if !own(&request.from_host) {
        suspect(control, request, &realm, device);
        return Err(403);
    }
    let dialled = Dialled::parse(&request.destination);
    // A number of another PBX is no number of this one. Help is called for wherever it is asked for.
    let address = |host: &str| host.parse::<IpAddr>().is_ok();
    let ours = own(&request.request_host) || request.request_host.as_deref().is_none_or(address);
    let dialled = if ours || dialled.is_emergency() {
        dialled
    } else {
        Dialled::parse(&format!("{}@elsewhere", request.destination))
    };
    Ok(Identified { view, from: ArrivedFrom::Device(device), dialled })
}

fn suspect(control: &CallControl, request: &DialplanRequest, realm: &Realm, device: DeviceId) {
    let Some(source) = request.network_ip.as_deref().and_then(|ip| ip.parse::<IpAddr>().ok()) else {
        return;
    };
    control.security(&SecurityEvent {
        kind: SecurityKind::ForgedCaller,
        realm: Some(realm.clone()),
        source: (source, 0).into(),
        device: Some(device),
    });
}

/// A call from outside: known by the address that it comes from. Whose number is called decides
/// among the companies that have a line there.
fn line(control: &CallControl, request: &DialplanRequest) -> Result<Identified, u16> {
    let admitted =
        request.admitted_by.as_deref() == Some(LINES_LIST) && request.domain.as_deref() == Some(LINES_DOMAIN);
    let named = request.trunk.as_deref().and_then(|text| text.parse().ok()).map(TrunkId);
    // Browsers come from this server's address, where a line may be as well.
    let browser = request.came_over.as_deref().is_some_and(|way| way.starts_with("ws"));
    let (Some(named), true) = (named, admitted && !browser) else {
        tracing::warn!(channel = %request.channel, "a call over no line that we know is refused");
        return Err(403);
    };
    let all = control.directory().trunks();
    let (_, secret) = all.iter().find(|(_, secret)| secret.id == named).ok_or(404_u16)?;
    let from = request.network_ip.as_deref().and_then(|ip| ip.parse().ok());
    let same: Vec<_> = all.iter().filter(|(_, other)| are_one(secret, other, from)).collect();
    let texts = [Some(request.destination.as_str()), request.to_user.as_deref()];
    for number in texts.into_iter().flatten().flat_map(forms) {
        for (view, trunk) in &same {
            if view.snapshot.numbers.contains_key(&number) {
                let caller = caller(request);
                return Ok(Identified {
                    view: Arc::clone(view),
                    from: ArrivedFrom::Line { trunk: trunk.id, number: caller },
                    dialled: Dialled::Public(number),
                });
            }
        }
    }
    Err(404)
}

/// Whether two lines lead to the same operator, who calls from the same address for both.
fn are_one(one: &TrunkSecret, other: &TrunkSecret, from: Option<IpAddr>) -> bool {
    one.id == other.id
        || one.host == other.host
        || from.is_some_and(|from| {
            other.addresses.contains(&from) || other.host.parse::<IpAddr>().is_ok_and(|host| host == from)
        })
}

/// What a text may mean as a number: `+46…` and `08…` as written; without either sign as the
/// international number, then as the national one without its zero.
fn forms(text: &str) -> impl Iterator<Item = PhoneNumber> + use<> {
    let text: String = text.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    let bare = !text.is_empty() && !text.starts_with(['+', '0']);
    let more = bare.then(|| [format!("+{text}"), format!("+46{text}")]).into_iter().flatten();
    std::iter::once(text.clone()).chain(more).filter_map(|text| PhoneNumber::parse(&text).ok())
}

/// Who calls over a line: nobody vouches for it but the line.
fn caller(request: &DialplanRequest) -> Option<PhoneNumber> {
    if request.hides_number.as_deref() == Some("true") {
        return None;
    }
    request.caller_number.as_deref().and_then(|text| forms(text).next())
}
