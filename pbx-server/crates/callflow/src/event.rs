//! What can happen to a call.

use crate::step::Party;
use serde::{Deserialize, Serialize};
use voxera_model::{Dialled, ExtensionNumber, Key, PhoneNumber};

/// Who is at one end.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "number", rename_all = "snake_case")]
pub enum Peer {
    /// A phone of an extension of this PBX.
    Extension(ExtensionNumber),
    /// Someone in the public network; `None`: the number is withheld.
    Outside(Option<PhoneNumber>),
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// A call begins: from an authenticated phone, or over a line from outside.
    Arrived { from: Peer, dialled: Dialled },
    /// Everything that was rung came to an end without an answer.
    RingEnded { outcome: RingOutcome },
    /// One of those who were rung picked up.
    Answered { by: Peer },
    /// The caller or the other end put the phone down, before or after the answer.
    HungUp { by: Party },
    /// The last [`crate::Action::Play`] was heard to its end, or could not be played.
    Played,
    /// The caller pressed a key while not talking with anybody.
    Key { key: Key },
    /// The timer that was set last, with this number, rang.
    Timer { timer: u32 },
    /// The caller's message came to an end: the longest time, or a long silence.
    Recorded,
    /// Something changed that a waiting call looks at: a member is free, the line moved.
    Woken,
    /// One of the two sends the other to another number and leaves.
    Transferred { by: Party, to: Dialled },
    /// Somebody in charge sends one of the two, or a caller who talks with nobody yet, to another
    /// number; `party`: who is sent. The other one leaves.
    Sent { party: Party, to: Dialled },
    /// The other end is now somebody else: a call was picked up while it rang, taken from its slot,
    /// or handed over by the one who held both.
    Replaced { party: Party, by: Peer },
    /// This call's phone was given to another call, by [`crate::Action::PickUp`] or by handing over.
    GivenAway,
    /// The last action could not be done: no such call (any more), no room, no sound.
    Failed,
}

/// How ringing ended without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RingOutcome {
    /// Nobody picked up in time.
    NoAnswer,
    /// Every phone said busy.
    Busy,
    /// Someone pressed "decline".
    Declined,
    /// No phone could be reached.
    Unreachable,
    /// The phones have no sound format in common.
    Incompatible,
}
