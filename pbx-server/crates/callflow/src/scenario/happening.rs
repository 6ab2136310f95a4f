//! What happens in a scenario, one line of a file each.

use crate::cursor::Cursor;
use crate::event::{Event, Peer, RingOutcome};
use crate::step::Party;
use serde::Deserialize;
use voxera_model::{Dialled, ExtensionNumber, Key, PhoneNumber};

/// An event as it is written in a file: `1000 calls 1001`, `1001 answers`, `nobody answers`, `busy`,
/// `declined`, `unreachable`, `incompatible`, `caller hangs up`, `played`, `keys 47#`, `timer`,
/// `recorded`, `woken`, `caller transfers to 1002`, `caller is sent to 1002`, `1003 replaces callee`, `given away`, `failed`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Happening {
    /// `dialled` is what a person dials.
    Arrived {
        from: Peer,
        dialled: String,
    },
    RingEnded {
        outcome: RingOutcome,
    },
    Answered {
        by: Peer,
    },
    HungUp {
        by: Party,
    },
    Played,
    /// One after the other.
    Keys {
        keys: Vec<Key>,
    },
    /// The timer that was set last rings, in time.
    Timer,
    Recorded,
    Woken,
    Transferred {
        by: Party,
        to: String,
    },
    Sent {
        party: Party,
        to: String,
    },
    Replaced {
        party: Party,
        by: Peer,
    },
    GivenAway,
    Failed,
}

/// `1000`, `070-174 06 05`, or `withheld`.
pub(super) fn peer(text: &str) -> Result<Peer, String> {
    if text == "withheld" {
        return Ok(Peer::Outside(None));
    }
    if let Ok(number) = ExtensionNumber::parse(text) {
        return Ok(Peer::Extension(number));
    }
    PhoneNumber::parse(text)
        .map(|number| Peer::Outside(Some(number)))
        .map_err(|_| format!("{text:?} is neither an extension, a number, nor \"withheld\""))
}

fn party(text: &str) -> Result<Party, String> {
    match text {
        "caller" => Ok(Party::Caller),
        "callee" => Ok(Party::Callee),
        "system" => Ok(Party::System),
        other => Err(format!("{other:?} is not caller, callee or system")),
    }
}

impl TryFrom<String> for Happening {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Some((from, dialled)) = text.split_once(" calls ") {
            return Ok(Self::Arrived { from: peer(from)?, dialled: dialled.to_owned() });
        }
        if let Some((by, to)) = text.split_once(" transfers to ") {
            return Ok(Self::Transferred { by: party(by)?, to: to.to_owned() });
        }
        if let Some((who, to)) = text.split_once(" is sent to ") {
            return Ok(Self::Sent { party: party(who)?, to: to.to_owned() });
        }
        if let Some((by, gone)) = text.split_once(" replaces ") {
            return Ok(Self::Replaced { party: party(gone)?, by: peer(by)? });
        }
        if let Some(by) = text.strip_suffix(" hangs up") {
            return Ok(Self::HungUp { by: party(by)? });
        }
        if let Some(keys) = text.strip_prefix("keys ") {
            let keys: Option<Vec<Key>> = keys.chars().map(Key::new).collect();
            return keys.map(|keys| Self::Keys { keys }).ok_or_else(|| format!("{text:?}: no such keys"));
        }
        let ended = |outcome| Ok(Self::RingEnded { outcome });
        match text.as_str() {
            "nobody answers" => ended(RingOutcome::NoAnswer),
            "busy" => ended(RingOutcome::Busy),
            "declined" => ended(RingOutcome::Declined),
            "unreachable" => ended(RingOutcome::Unreachable),
            "incompatible" => ended(RingOutcome::Incompatible),
            "played" => Ok(Self::Played),
            "timer" => Ok(Self::Timer),
            "recorded" => Ok(Self::Recorded),
            "woken" => Ok(Self::Woken),
            "given away" => Ok(Self::GivenAway),
            "failed" => Ok(Self::Failed),
            other => match other.strip_suffix(" answers") {
                Some(by) => Ok(Self::Answered { by: peer(by)? }),
                None => Err(format!("{other:?} is nothing that can happen to a call")),
            },
        }
    }
}

impl Happening {
    /// What the core is told, one after the other, where the call stands.
    #[must_use]
    pub fn events(&self, cursor: Option<&Cursor>) -> Vec<Event> {
        vec![match self {
            Self::Keys { keys } => return keys.iter().map(|key| Event::Key { key: *key }).collect(),
            Self::Arrived { from, dialled } => {
                Event::Arrived { from: from.clone(), dialled: Dialled::parse(dialled) }
            }
            Self::RingEnded { outcome } => Event::RingEnded { outcome: *outcome },
            Self::Answered { by } => Event::Answered { by: by.clone() },
            Self::HungUp { by } => Event::HungUp { by: *by },
            Self::Played => Event::Played,
            Self::Timer => Event::Timer { timer: cursor.map_or(0, |cursor| cursor.journey.timer) },
            Self::Recorded => Event::Recorded,
            Self::Woken => Event::Woken,
            Self::Transferred { by, to } => Event::Transferred { by: *by, to: Dialled::parse(to) },
            Self::Sent { party, to } => Event::Sent { party: *party, to: Dialled::parse(to) },
            Self::Replaced { party, by } => Event::Replaced { party: *party, by: by.clone() },
            Self::GivenAway => Event::GivenAway,
            Self::Failed => Event::Failed,
        }]
    }
}
