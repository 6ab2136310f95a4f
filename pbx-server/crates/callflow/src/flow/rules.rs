//! A call to an own number: the first rule that holds, or where the number itself leads.

use super::walk::Walk;
use super::{Goal, Next};
use crate::cursor::{Position, Then};
use crate::matching::matches;
use crate::reason::Reason;
use crate::routing::Destination;
use crate::step::Cause;
use voxera_model::PhoneNumber;

pub(super) fn own_number(walk: &mut Walk<'_>, number: &PhoneNumber) -> Next {
    walk.journey.dialled = Some(number.clone());
    let from = walk.caller();
    let snapshot = walk.snapshot;
    if !snapshot.rules.is_empty() {
        walk.say(Reason::OwnNumberCalled { from: from.clone(), number: number.clone() });
        let now = walk.now();
        if let Some(rule) = snapshot.rules.iter().find(|rule| matches(rule, now, &walk.from, number).is_ok())
        {
            walk.say(Reason::RuleDecided {
                rule: rule.id.clone(),
                name: rule.name.clone(),
                at: now,
                conditions: rule.conditions.clone(),
            });
            if let Some(prompt) = &rule.play {
                let sound = walk.prompt(prompt);
                walk.play(vec![sound]);
                return Next::Wait(Position::Hearing { then: Then::Destination { to: rule.to.clone() } });
            }
            return lead(walk, &rule.to);
        }
        let rules = u16::try_from(snapshot.rules.len()).unwrap_or(u16::MAX);
        walk.say(Reason::NoRuleDecided { rules });
    }
    let missing = |walk: &mut Walk<'_>, reason| {
        walk.say(reason);
        Next::Go(Goal::Failed(Cause::UnknownNumber))
    };
    let to = match snapshot.numbers.get(number) {
        None | Some(Destination::Nowhere) => {
            return missing(walk, Reason::NumberLeadsNowhere { from, number: number.clone() });
        }
        Some(to) => to,
    };
    if let Destination::Extension { extension } = to {
        if snapshot.extension(*extension).is_none() {
            return missing(walk, Reason::NumberLeadsToMissing { from, number: number.clone() });
        }
        if walk.is_caller(*extension) {
            walk.say(Reason::DialledOneself { from });
            return Next::Go(Goal::Failed(Cause::Busy));
        }
    }
    let leads = walk.to(to);
    walk.say(if snapshot.rules.is_empty() {
        Reason::OwnNumberDialled { from, number: number.clone(), to: leads }
    } else {
        Reason::SentTo { to: leads }
    });
    Next::Go(Goal::Destination(to.clone()))
}

/// On to where a rule leads.
pub(super) fn lead(walk: &mut Walk<'_>, to: &Destination) -> Next {
    match to {
        Destination::Nowhere => {}
        Destination::Extension { .. }
        | Destination::Ivr { .. }
        | Destination::Voicemail { .. }
        | Destination::Outside { .. }
        | Destination::Hangup => {
            let who = walk.to(to);
            walk.say(Reason::SentTo { to: who });
        }
    }
    Next::Go(Goal::Destination(to.clone()))
}
