//! One of two people sends the other to another number and leaves, or somebody in charge sends one.

use super::walk::Walk;
use super::{Goal, Next, park, rules};
use crate::cursor::{Journey, Position};
use crate::event::Peer;
use crate::parking::{ParkAt, ParkSlot};
use crate::reason::{Reason, SendFault};
use crate::step::{Action, Party};
use voxera_model::{Dialled, ExtensionId, PhoneNumber};

/// Where a transfer can lead.
enum Target {
    Help,
    Extension(ExtensionId),
    OwnNumber(PhoneNumber),
    Outside(PhoneNumber),
    Slot { slot: ParkSlot, by: ExtensionId },
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
        walk.say(match parks(dialled) {
            Some(at) if matches!(leaves, Peer::Extension(_)) => {
                Reason::ParkRefused { by: who, slot: at.slot() }
            }
            Some(_) | None => Reason::TransferRefused { by: who, dialled: said(walk, dialled) },
        });
        return Next::Wait(Position::Connected { to: other.clone() });
    };
    walk.say(Reason::Transfers { by: who, dialled: said(walk, dialled) });
    walk.act(Action::Release { party: by });
    go(walk, stays, target, Some(leaves))
}

/// Somebody in charge sends one side of a call on. What a menu or a queue does with a caller can be
/// cut short, and a call that is parked leaves its slot; phones that ring, messages, rooms and calls
/// for help are left alone.
pub(super) fn sent(walk: &mut Walk<'_>, position: &Position, party: Party, dialled: &Dialled) -> Next {
    let from = walk.from.clone();
    let sides = match (position, party) {
        (Position::Connected { to }, Party::Caller) => Ok((from, Some((to.clone(), Party::Callee)))),
        (Position::Connected { to }, Party::Callee) => Ok((to.clone(), Some((from, Party::Caller)))),
        (
            Position::Waiting(_)
            | Position::Menu { .. }
            | Position::Hearing { .. }
            | Position::Callback { .. }
            | Position::Parked(_),
            Party::Caller,
        ) => Ok((from, None)),
        _ => Err((from, SendFault::NotNow)),
    };
    let found = sides.and_then(|(stays, leaves)| {
        match may_be_sent(walk, &stays, leaves.as_ref().map(|(peer, _)| peer), dialled) {
            Ok(target) => Ok((stays, leaves, target)),
            Err(why) => Err((stays, why)),
        }
    });
    let dialled = said(walk, dialled);
    let (stays, leaves, target) = match found {
        Ok(found) => found,
        Err((who, why)) => {
            walk.say(Reason::SendRefused { who: walk.peer(&who), dialled, why });
            return Next::Wait(position.clone());
        }
    };
    walk.say(Reason::SentOn { who: walk.peer(&stays), dialled });
    if let Position::Waiting(line) = position
        && !line.offered.is_empty()
    {
        walk.act(Action::StopRinging);
    }
    if let Some((_, party)) = &leaves {
        walk.act(Action::Release { party: *party });
    }
    // Whoever leaves asks for the call, as when they send it on themselves.
    let by = leaves.map(|(peer, _)| peer).filter(|peer| matches!(peer, Peer::Extension(_)));
    go(walk, stays, target, by)
}

/// On to where the call was sent. `by`: at whose cost.
fn go(walk: &mut Walk<'_>, stays: Peer, target: Target, by: Option<Peer>) -> Next {
    walk.from = stays;
    let Journey { answered, timer, noticed, .. } = walk.journey;
    walk.journey = Journey { answered, timer, ..Journey::default() };
    match target {
        Target::Help => walk.emergency(),
        Target::Extension(id) => Next::Go(Goal::Extension(id)),
        Target::OwnNumber(number) => rules::own_number(walk, &number),
        Target::Outside(number) => Next::Go(Goal::Outside { number, by }),
        Target::Slot { slot, by } => {
            // Whoever takes the call later cannot say it again.
            walk.journey.noticed = noticed;
            park::enter(walk, slot, by)
        }
    }
}

fn parks(dialled: &Dialled) -> Option<ParkAt> {
    if let Dialled::Code(code) = dialled { ParkAt::of(code) } else { None }
}

/// The extension that this is a phone of.
fn extension(walk: &Walk<'_>, peer: &Peer) -> Option<ExtensionId> {
    let Peer::Extension(number) = peer else { return None };
    walk.snapshot.extensions.get(number).map(|extension| extension.id)
}

/// Where somebody in charge can send a call: as phones of the PBX do, but also a caller from outside.
fn may_be_sent(
    walk: &Walk<'_>,
    stays: &Peer,
    leaves: Option<&Peer>,
    dialled: &Dialled,
) -> Result<Target, SendFault> {
    if dialled.is_emergency() {
        return Ok(Target::Help);
    }
    match dialled {
        Dialled::Extension(number) => {
            let extension = walk.snapshot.extensions.get(number).ok_or(SendFault::UnknownNumber)?;
            let there = Peer::Extension(number.clone());
            if *stays == there || leaves == Some(&there) {
                return Err(SendFault::AlreadyThere);
            }
            Ok(Target::Extension(extension.id))
        }
        Dialled::Public(number) if walk.snapshot.numbers.contains_key(number) => {
            Ok(Target::OwnNumber(number.clone()))
        }
        Dialled::Public(number) if !walk.snapshot.premium_allowed && super::outside::is_premium(number) => {
            Err(SendFault::Premium)
        }
        Dialled::Public(_) if walk.facts.lines.is_empty() => Err(SendFault::NoLine),
        Dialled::Public(number) => Ok(Target::Outside(number.clone())),
        Dialled::Code(code) => {
            let at = ParkAt::of(code).ok_or(SendFault::UnknownNumber)?;
            // A call that nobody takes goes back to somebody.
            let by = leaves.and_then(|leaves| extension(walk, leaves)).ok_or(SendFault::NotNow)?;
            let slot = park::free(walk, at).ok_or(match at {
                ParkAt::AnyFree => SendFault::NoSlot,
                ParkAt::Slot(_) => SendFault::SlotTaken,
            })?;
            Ok(Target::Slot { slot, by })
        }
        Dialled::Emergency | Dialled::Unknown(_) => Err(SendFault::UnknownNumber),
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
        Dialled::Code(code) => {
            let (slot, by) = (park::free(walk, ParkAt::of(code)?)?, extension(walk, leaves)?);
            Some(Target::Slot { slot, by })
        }
        Dialled::Emergency | Dialled::Unknown(_) => None,
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
