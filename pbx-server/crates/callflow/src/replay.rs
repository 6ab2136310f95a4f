//! Calls of the past through settings that are not live yet.

use crate::calendar::LocalTime;
use crate::event::Peer;
use crate::simulate::simulate;
use crate::snapshot::Snapshot;
use crate::story::{End, Story};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use voxera_model::{CallId, Dialled, ExtensionId, Key};

/// A call that was made, as far as its record tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastCall {
    pub id: CallId,
    pub from: Peer,
    pub dialled: Dialled,
    /// In the PBX's own zone.
    pub at: LocalTime,
    /// What the caller pressed.
    pub keys: Vec<Key>,
    /// In another call at that time, as far as is known.
    pub busy: Vec<ExtensionId>,
    /// Without a phone online at that time, as far as is known.
    pub away: Vec<ExtensionId>,
}

/// What a draft would change. Nobody knows who would have picked up: whoever is rung first does, on
/// both sides.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Replay {
    /// Calls looked at.
    pub calls: u32,
    /// Of these, calls that end where they do today.
    pub same: u32,
    pub changed: Vec<Changed>,
    /// Extensions that some of these calls reach today, and none reaches with the draft.
    pub no_longer_reached: Vec<ExtensionId>,
}

/// A call that ends elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Changed {
    pub id: CallId,
    pub before: End,
    pub after: End,
}

impl PastCall {
    /// The call as a story.
    #[must_use]
    pub fn story(&self) -> Story {
        Story {
            keys: self.keys.iter().copied().map(Into::into).collect(),
            busy: self.busy.clone(),
            away: self.away.clone(),
            ..Story::new(self.from.clone(), self.dialled.clone(), self.at)
        }
    }
}

/// Sends calls of the past through what is live and through a draft.
#[must_use]
pub fn replay(live: &Snapshot, draft: &Snapshot, calls: &[PastCall]) -> Replay {
    let mut replay = Replay::default();
    let (mut before, mut after) = (BTreeSet::new(), BTreeSet::new());
    for call in calls {
        let story = call.story();
        let (today, then) = (simulate(live, &story), simulate(draft, &story));
        before.extend(today.reached);
        after.extend(then.reached);
        replay.calls = replay.calls.saturating_add(1);
        if today.end == then.end {
            replay.same = replay.same.saturating_add(1);
        } else {
            replay.changed.push(Changed { id: call.id, before: today.end, after: then.end });
        }
    }
    replay.no_longer_reached = before.difference(&after).copied().collect();
    replay
}
