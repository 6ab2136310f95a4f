//! What can happen to a call.

use crate::step::Party;
use serde::{Deserialize, Serialize};
use voxera_model::{Dialled, ExtensionNumber};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// An authenticated phone of extension `from` asks for `dialled`.
    Arrived { from: ExtensionNumber, dialled: Dialled },
    /// The extension that was rung came to an end without the call being up.
    RingEnded { outcome: RingOutcome },
    /// A phone of `by` picked up.
    Answered { by: ExtensionNumber },
    /// One side put the phone down, before or after the answer.
    HungUp { by: Party },
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
}
