//! One of two people sends the other to another number and leaves.

use super::walk::Walk;
use super::{Goal, Next, rules};
use crate::cursor::{Journey, Position};
use crate::event::Peer;
use crate::reason::Reason;
use crate::step::{Action, Party};
use voxera_model::{Dialled, ExtensionId, PhoneNumber};

/// Where a transfer can lead.
enum Target {
    Help,
    Extension(ExtensionId),
    OwnNumber(PhoneNumber),
    Outside(PhoneNumber),
}

pub(super) fn blind(walk: &mut Walk<'_>, by: Party, other: &Peer, dialled: &Dialled) -> Next {
    let (leaves, stays) = match by {
        Party::Caller => (walk.from.clone(), other.clone()),
        Party::Callee => (other.clone(), walk.from.clone()),
        // Nobody at either end: the system sends no calls on.
        Party::System => (Peer::Outside(None), other.clone()),
    };
    let who = walk.peer(&leaves);
    let Some(target) = target(walk, &leaves, &stays, dialled) else {
        walk.say(Reason::TransferRefused { by: who, dialled: said(walk, dialled) });
        return Next::Wait(Position::Connected { to: other.clone() });
    };
    walk.say(Reason::Transfers { by: who, dialled: said(walk, dialled) });
    walk.act(Action::Release { party: by });
    walk.from = stays;
    walk.journey = Journey { answered: true, timer: walk.journey.timer, ..Journey::default() };
    match target {
        Target::Help => walk.emergency(),
        Target::Extension(id) => Next::Go(Goal::Extension(id)),
        Target::OwnNumber(number) => rules::own_number(walk, &number),
        Target::Outside(number) => Next::Go(Goal::Outside { number, by: Some(leaves) }),
    }
}

/// `None`: no call can be sent there. Only phones of this PBX send calls on: a caller from outside
/// would do so at the company's cost.
fn target(walk: &Walk<'_>, leaves: &Peer, stays: &Peer, dialled: &Dialled) -> Option<Target> {
    let Peer::Extension(from) = leaves else { return None };
    if dialled.is_emergency() {
        return Some(Target::Help);
    }
    match dialled {
        Dialled::Extension(number) => {
            let extension = walk.snapshot.extensions.get(number)?;
            let someone_else = number != from && *stays != Peer::Extension(number.clone());
            someone_else.then_some(Target::Extension(extension.id))
        }
        Dialled::Public(number) if walk.snapshot.numbers.contains_key(number) => {
            Some(Target::OwnNumber(number.clone()))
        }
        Dialled::Public(number) => {
            let allowed = walk.snapshot.premium_allowed || !super::outside::is_premium(number);
            (allowed && !walk.facts.lines.is_empty()).then(|| Target::Outside(number.clone()))
        }
        Dialled::Emergency | Dialled::Code(_) | Dialled::Unknown(_) => None,
    }
}

/// What was dialled, as people write it.
fn said(walk: &Walk<'_>, dialled: &Dialled) -> String {
    match dialled {
        Dialled::Extension(number) => walk.number(number).say(voxera_model::Locale::Sv),
        Dialled::Public(number) => number.national(),
        Dialled::Emergency | Dialled::Code(_) | Dialled::Unknown(_) => dialled.to_string(),
    }
}
