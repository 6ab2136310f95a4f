//! What happened, told from the variables of the next question.

use super::expect::{Expect, KeyUse};
use crate::request::HuntVars;
use voxera_callflow::{Event, Party, RingOutcome};
use voxera_model::Key;

/// What happened while a script ran to its end.
#[must_use]
pub fn interpret(expect: Expect, vars: &HuntVars) -> Vec<Event> {
    match expect {
        Expect::Nothing | Expect::End => Vec::new(),
        Expect::Sounds { keys } => vec![match keys {
            KeyUse::None => Event::Played,
            KeyUse::Pound => ended_by_pound(vars).unwrap_or(Event::Played),
            KeyUse::All => key(vars).unwrap_or(Event::Played),
        }],
        Expect::Timer { timer } => vec![key(vars).unwrap_or(Event::Timer { timer })],
        Expect::Ring if vars.originate_disposition.as_deref() == Some("SUCCESS") => {
            vec![Event::HungUp { by: Party::Callee }]
        }
        Expect::Ring => vec![Event::RingEnded { outcome: ring_outcome(vars) }],
        // Nothing was recorded: there was nowhere to write to.
        Expect::Message if vars.record_ms.is_none() => vec![Event::Failed],
        Expect::Message => vec![ended_by_pound(vars).unwrap_or(Event::Recorded)],
        // Whoever took the call has hung up.
        Expect::Queue { .. } if vars.agent_bridged.as_deref() == Some("true") => {
            vec![Event::HungUp { by: Party::Callee }]
        }
        // It lets the caller go: what is due is due now, so that nobody is sent round in circles.
        // The same for whoever is parked: music that ends is none that could be played.
        Expect::Queue { timer } | Expect::Parked { timer } => vec![Event::Timer { timer }],
        Expect::Elsewhere => vec![Event::Failed],
    }
}

fn key(vars: &HuntVars) -> Option<Event> {
    let key = Key::parse(vars.key.as_deref()?).ok()?;
    Some(Event::Key { key })
}

fn ended_by_pound(vars: &HuntVars) -> Option<Event> {
    (vars.record_ended_by.as_deref() == Some("#")).then_some(Event::Key { key: Key::HASH })
}

/// How ringing ended. What the other side said counts; where it said nothing, `FreeSWITCH`'s own word.
#[must_use]
pub fn ring_outcome(vars: &HuntVars) -> RingOutcome {
    let status = vars.bridge_status.as_deref().and_then(|status| status.strip_prefix("sip:"));
    let cause = vars.originate_disposition.as_deref().or(vars.bridge_hangup_cause.as_deref());
    match cause {
        Some("NO_ANSWER" | "ALLOTTED_TIMEOUT" | "PROGRESS_TIMEOUT" | "MEDIA_TIMEOUT") => {
            return RingOutcome::NoAnswer;
        }
        Some("USER_BUSY") => return RingOutcome::Busy,
        Some("INCOMPATIBLE_DESTINATION" | "BEARERCAPABILITY_NOTIMPL") => return RingOutcome::Incompatible,
        // A line that forbids a call says the same word as a person who declines one.
        Some("CALL_REJECTED") if status.is_none_or(|status| status == "603") => {
            return RingOutcome::Declined;
        }
        Some(_) | None => {}
    }
    match vars.dial_status.as_deref() {
        Some("BUSY") if cause.is_none() => RingOutcome::Busy,
        Some("NOANSWER") if cause.is_none() => RingOutcome::NoAnswer,
        Some(_) | None => RingOutcome::Unreachable,
    }
}
