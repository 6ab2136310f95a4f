//! What everybody of a PBX does at this moment, as colleagues see it.

use crate::control::CallControl;
use crate::presence;
use chrono::Utc;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use voxera_callflow::Kind;
use voxera_model::{ExtensionId, PbxId};

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonState {
    /// No phone is online.
    Offline,
    Free,
    Ringing,
    Talking,
    DoNotDisturb,
}

impl CallControl {
    /// The people of a PBX; extensions of other kinds are left out. Empty: there is no such PBX.
    #[must_use]
    pub fn people(&self, pbx: PbxId) -> BTreeMap<ExtensionId, PersonState> {
        let Some(view) = self.directory().by_id(pbx) else { return BTreeMap::new() };
        let slot = self.presence().pbx(pbx);
        let mut phones = presence::lock(&slot);
        let available = phones.availability(Utc::now());
        let state = |extension: &voxera_callflow::Extension| {
            let Kind::User(user) = &extension.kind else { return None };
            let now = available.get(&extension.id).copied().unwrap_or_default();
            let state = if phones.floor.rings(extension.id) {
                PersonState::Ringing
            } else if now.calls > 0 {
                PersonState::Talking
            } else if user.do_not_disturb {
                PersonState::DoNotDisturb
            } else if now.online == 0 {
                PersonState::Offline
            } else {
                PersonState::Free
            };
            Some((extension.id, state))
        };
        view.snapshot.extensions.values().filter_map(state).collect()
    }
}
