//! Calls out: what an INVITE over a line says.

use crate::flow::Flow;
use crate::hub::Hub;
use crate::trunk::settings::LineKind;
use crate::wire;
use rsipstack::sip::{Header, Uri};
use std::sync::Arc;
use voxera_model::{PhoneNumber, TrunkId};

/// What a leg to a number is made of.
#[derive(Debug)]
pub struct LineWay {
    /// Carries the line's proof.
    pub flow: Flow,
    pub target: Uri,
    /// Values of `From` and `To`, without tags.
    pub from: String,
    pub to: String,
    /// Further fields of the INVITE.
    pub more: Vec<Header>,
}

/// The way of a call to `number` (`+46…`, or `112`) over a line. `caller_id`: shown to the other end
/// when it is the PBX's own number, whoever asks for another. `urgent`: also over a line that looks
/// down, which a call for help tries all the same. `None`: this line carries nothing now.
pub async fn way(
    hub: &Arc<Hub>,
    trunk: TrunkId,
    number: &str,
    caller_id: Option<&PhoneNumber>,
    urgent: bool,
) -> Option<LineWay> {
    let line = hub.lines.get(trunk)?;
    let view = hub.control.directory().by_id(line.settings.pbx)?;
    let flow = line.ready(hub, urgent).await?;
    let number: String = number.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    let target = line.target(&number)?;
    let own = caller_id.filter(|shown| view.snapshot.numbers.contains_key(*shown));
    let domain = match line.settings.kind {
        LineKind::Registration => line.domain(),
        LineKind::Address => wire::place(hub.sent_by(flow.peer.ip())).to_string(),
    };
    let user = own.map(|number| number.as_str().to_owned());
    let account = line.settings.account.as_ref().map(|(username, _)| wire::escaped(username));
    let from = match user.clone().or(account) {
        Some(user) => format!("<sip:{user}@{domain}>"),
        None => "\"Anonymous\" <sip:anonymous@anonymous.invalid>".to_owned(),
    };
    let more = user.map(|user| wire::field("P-Asserted-Identity", format!("<sip:{user}@{domain}>")));
    let to = format!("<sip:{number}@{}>", line.place_name());
    Some(LineWay { flow, target, from, to, more: more.into_iter().collect() })
}

/// Whether another line may do what this one would not: it is out of order, full, or does not know
/// us. A number that does not exist or is busy is so over every line.
#[must_use]
pub const fn tries_next(code: u16) -> bool {
    matches!(code, 401 | 402 | 403 | 407 | 408 | 488 | 500..=599)
}
