//! The public network: who may call there, and what number is shown.

use super::walk::Walk;
use super::{Goal, Next, recording};
use crate::cursor::{Position, Rung};
use crate::event::Peer;
use crate::reason::Reason;
use crate::step::{Action, Cause, RingTarget, WhileRinging};
use voxera_model::{PhoneNumber, Seconds};

/// How long a number of the public network rings.
const RING_FOR: Seconds = Seconds(60);

/// What numbers begin with that cost the caller extra: 0900, 0939, 0944 and the mass calls of 099.
const PREMIUM: [&str; 4] = ["+46900", "+46939", "+46944", "+4699"];

/// A phone of the PBX dialled a number that is not its own.
pub(super) fn dialled(walk: &mut Walk<'_>, number: &PhoneNumber) -> Next {
    if walk.snapshot.trunks.is_empty() && walk.facts.lines.is_empty() {
        let from = walk.caller();
        walk.say(Reason::NoOutsideLine { from, number: number.clone() });
        return Next::End(Cause::NoRoute);
    }
    if !is_premium(number) || walk.snapshot.premium_allowed {
        let from = walk.caller();
        walk.say(Reason::OutsideDialled { from, number: number.clone() });
    }
    Next::Go(Goal::Outside { number: number.clone(), by: None })
}

/// Rings a public number. `by`: who sends the call there, when that is not the caller.
pub(super) fn call(walk: &mut Walk<'_>, number: PhoneNumber, by: Option<&Peer>) -> Next {
    if walk.snapshot.numbers.contains_key(&number) {
        // An own number is reached inside, and rules decide it as they would from outside.
        return super::rules::own_number(walk, &number);
    }
    let asks = by.cloned().unwrap_or_else(|| walk.from.clone());
    if is_premium(&number) && !walk.snapshot.premium_allowed {
        let from = walk.peer(&asks);
        walk.say(Reason::PremiumRefused { from, number });
        return Next::Go(Goal::Failed(Cause::NotAllowed));
    }
    if walk.facts.lines.is_empty() {
        walk.say(if walk.snapshot.trunks.is_empty() {
            let from = walk.peer(&asks);
            Reason::NoOutsideLine { from, number }
        } else {
            Reason::OutsideLinesDown { number }
        });
        return Next::Go(Goal::Failed(Cause::NoRoute));
    }
    let caller_id = caller_id(walk, &asks);
    walk.say(Reason::RingsOutside { number: number.clone(), shows: caller_id.clone() });
    recording::start(walk, &[]);
    let trunks = walk.facts.lines.clone();
    walk.act(Action::Ring {
        targets: vec![RingTarget::Outside { number: number.clone(), caller_id, trunks }],
        ring_for: RING_FOR,
        hears: WhileRinging::Ringback,
    });
    Next::Wait(Position::Ringing { whom: Rung::Outside { number } })
}

pub(super) fn is_premium(number: &PhoneNumber) -> bool {
    PREMIUM.iter().any(|prefix| number.as_str().starts_with(prefix))
}

/// What is shown outside: always an own number, the person's, the PBX's, or else the first.
pub(super) fn caller_id(walk: &Walk<'_>, of: &Peer) -> Option<PhoneNumber> {
    let snapshot = walk.snapshot;
    let own = |number: &&PhoneNumber| snapshot.numbers.contains_key(*number);
    let person = match of {
        Peer::Extension(number) => snapshot.extensions.get(number).and_then(|extension| extension.user()),
        Peer::Outside(_) => None,
    };
    let first = || snapshot.numbers.keys().next();
    person
        .and_then(|user| user.caller_id.as_ref())
        .filter(own)
        .or_else(|| snapshot.caller_id.as_ref().filter(own))
        .or_else(first)
        .cloned()
}
