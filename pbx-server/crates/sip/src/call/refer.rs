//! REFER (RFC 3515, 5589): a phone sends the other side on and leaves.

use crate::call::handover::Purpose;
use crate::call::leg::{Leg, LegId, Stage};
use crate::call::{CallTask, Side, send};
use crate::hub::Hub;
use crate::wire;
use rsipstack::sip::{Method, Request, Uri};
use rsipstack::transaction::Transaction;
use voxera_callflow::Event;
use voxera_model::Dialled;

/// A phone waits to be told what became of its wish.
#[derive(Debug)]
pub struct Transfer {
    leg: LegId,
    /// The number of its REFER.
    event: u32,
    /// What it is told when it leaves.
    outcome: u16,
    /// It asked not to be told.
    silent: bool,
}

/// What a phone asks for.
struct Wish {
    to: Uri,
    /// Call-ID and both tags of the dialog whose other end is to be reached.
    replaces: Option<Replaces>,
}

/// A dialog, as `Replaces` names it (RFC 3891): its Call-ID and both tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaces {
    pub call_id: String,
    pub to_tag: String,
    pub from_tag: String,
}

impl Replaces {
    /// Reads the value; `None`: it names no dialog.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let mut parts = value.split(';').map(str::trim);
        let call_id = parts.next().filter(|id| !id.is_empty())?.to_owned();
        let (mut to_tag, mut from_tag) = (None, None);
        for part in parts {
            match part.split_once('=') {
                Some((name, tag)) if name.trim().eq_ignore_ascii_case("to-tag") => to_tag = Some(tag.trim()),
                Some((name, tag)) if name.trim().eq_ignore_ascii_case("from-tag") => {
                    from_tag = Some(tag.trim());
                }
                _ => {}
            }
        }
        Some(Self { call_id, to_tag: to_tag?.to_owned(), from_tag: from_tag?.to_owned() })
    }

    /// The leg that it names. Some phones write the tags the wrong way round.
    pub fn leg(&self, hub: &Hub) -> Option<(crate::call::reach::Reach, LegId)> {
        let found = |tag| hub.book.dialog(&self.call_id, tag);
        found(&self.to_tag).or_else(|| found(&self.from_tag))
    }
}

impl CallTask {
    /// A phone sends the other side on.
    pub(super) fn referred(&mut self, by: Side, tx: Transaction) {
        let Some(wish) = wish(&tx.original) else { return self.answer(tx, 400, Vec::new()) };
        let talks = self.bridge.is_some() && self.transfer.is_none() && self.handing.is_none();
        let found = wish.replaces.as_ref().map(|replaces| replaces.leg(&self.hub));
        let Some(leg) = self.leg(by).filter(|leg| leg.stage == Stage::Up && talks) else {
            return self.answer(tx, 603, Vec::new());
        };
        if matches!(found, Some(None)) {
            return self.answer(tx, 481, Vec::new());
        }
        let silent = wire::value(&tx.original.headers, "Refer-Sub")
            .is_some_and(|sub| sub.trim().eq_ignore_ascii_case("false"));
        let event = wire::sequence(&tx.original).unwrap_or(1);
        self.transfer = Some(Transfer { leg: leg.id, event, outcome: 603, silent });
        let more = if silent { vec![wire::field("Refer-Sub", "false")] } else { Vec::new() };
        self.answer(tx, 202, more);
        self.tell_transferrer(by, 100);
        if let Some((reach, replaced)) = found.flatten() {
            self.hand_over(by.other(), &reach, Purpose::Replace(replaced));
        } else {
            let to = dialled(&wish.to);
            self.happened(Event::Transferred { by: by.party(), to });
        }
    }

    /// Tells the phone that sends the other side on how far it came.
    fn tell_transferrer(&mut self, side: Side, code: u16) {
        let hub = std::sync::Arc::clone(&self.hub);
        let Some(transfer) = self.transfer.take() else { return };
        if let Some(leg) = self.leg(side).filter(|leg| leg.id == transfer.leg && !transfer.silent) {
            let told = news(leg, &hub, transfer.event, code);
            send::fire(&hub, told, &leg.flow);
        }
        if code < 200 {
            self.transfer = Some(transfer);
        }
    }

    /// The core has heard of the transfer: if both sides are still here, it said no.
    pub(super) fn transfer_decided(&mut self) {
        let Some(leg) = self.transfer.as_ref().map(|transfer| transfer.leg) else { return };
        if let Some(side) = self.side_of(leg) {
            self.tell_transferrer(side, 603);
        } else {
            self.transfer = None;
        }
    }

    /// What came of it, to be told when the phone leaves.
    pub(super) fn transfer_succeeded(&mut self) {
        if let Some(transfer) = &mut self.transfer {
            transfer.outcome = 200;
        }
    }

    /// The other side could not be handed over: the two talk on.
    pub(super) fn transfer_failed(&mut self) {
        self.transfer_decided();
    }

    /// The last word to a phone that leaves, before goodbye.
    pub(super) fn last_word(&mut self, leg: &mut Leg) -> Option<Request> {
        let transfer = self.transfer.take_if(|transfer| transfer.leg == leg.id)?;
        (!transfer.silent).then(|| news(leg, &self.hub, transfer.event, transfer.outcome))
    }
}

/// NOTIFY with a line of status.
fn news(leg: &mut Leg, hub: &Hub, event: u32, code: u16) -> Request {
    let (state, line) = match code {
        0..=199 => ("active;expires=60", "SIP/2.0 100 Trying"),
        200..=299 => ("terminated;reason=noresource", "SIP/2.0 200 OK"),
        _ => ("terminated;reason=noresource", "SIP/2.0 603 Decline"),
    };
    let more =
        vec![wire::field("Event", format!("refer;id={event}")), wire::field("Subscription-State", state)];
    leg.carrying(hub, Method::Notify, more, "message/sipfrag;version=2.0", format!("{line}\r\n"))
}

fn wish(request: &Request) -> Option<Wish> {
    let value = wire::value(&request.headers, "Refer-To").or_else(|| wire::value(&request.headers, "r"))?;
    let target = rsipstack::sip::event_packages::parse_refer_to(value);
    let to = Uri::try_from(target.uri.as_str()).ok()?;
    let replaces = match target.replaces {
        Some(value) => Some(Replaces::parse(&value)?),
        None => None,
    };
    Some(Wish { to, replaces })
}

/// What the phone names, as if it were dialled.
fn dialled(to: &Uri) -> Dialled {
    Dialled::parse(&wire::user(to))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_dialog_is_read_with_its_tags_in_any_order() {
        let read = Replaces::parse("a@b;from-tag=1;to-tag=2;early-only").unwrap();
        assert_eq!((read.call_id.as_str(), read.to_tag.as_str(), read.from_tag.as_str()), ("a@b", "2", "1"));
        assert_eq!((Replaces::parse(";to-tag=1;from-tag=2"), Replaces::parse("a;to-tag=1")), (None, None));
    }
}
