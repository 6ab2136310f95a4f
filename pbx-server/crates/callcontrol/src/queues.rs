//! Queues as people watch them: who waits, and who could answer.

use crate::call::local_time;
use crate::control::CallControl;
use crate::floor::Moment;
use crate::presence;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use voxera_callflow::{Kind, Snapshot, Strategy};
use voxera_model::{CallId, ExtensionId, ExtensionNumber, Name, PbxId};

/// One queue now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueLive {
    pub queue: ExtensionId,
    pub number: ExtensionNumber,
    pub name: Name,
    pub strategy: Strategy,
    /// In the order in which they came.
    pub waiting: Vec<Waiting>,
    /// In the order of the queue's list.
    pub members: Vec<MemberLive>,
}

/// A caller in line, whether or not a member's phone rings for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    pub call: CallId,
    /// As shown to people; empty where it is hidden.
    pub number: String,
    pub name: Option<Name>,
    pub since: DateTime<Utc>,
}

/// A member of a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberLive {
    pub extension: ExtensionId,
    pub number: ExtensionNumber,
    pub name: Name,
    /// 1 to 9; 1 first.
    pub tier: u8,
    pub state: MemberState,
    /// Calls of this queue taken since midnight in the PBX's zone.
    pub calls_today: u32,
}

/// Whether a member can take a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberState {
    Offline,
    Free,
    Ringing,
    Talking,
    /// After a call of this queue.
    Resting,
    DoNotDisturb,
}

/// Every queue of an installation.
#[derive(Debug, Clone, Copy)]
pub struct Queues<'c> {
    control: &'c CallControl,
}

impl<'c> Queues<'c> {
    pub(crate) const fn new(control: &'c CallControl) -> Self {
        Self { control }
    }

    /// The queues of one PBX, by number.
    #[must_use]
    pub fn list(self, pbx: PbxId) -> Vec<QueueLive> {
        let Some(view) = self.control.directory().by_id(pbx) else { return Vec::new() };
        let snapshot = &view.snapshot;
        let clock = self.control.clock();
        let now = Moment { instant: clock.instant(), day: local_time(&snapshot.zone, clock.now()).day };
        let slot = self.control.presence().pbx(pbx);
        let mut phones = presence::lock(&slot);
        let available = phones.availability(Utc::now());
        let floor = &phones.floor;
        let member = |queue: ExtensionId, member: &voxera_callflow::Member| {
            let (number, extension) = snapshot.extension(member.extension)?;
            let served = floor.served(queue, member.extension, now);
            let phones = available.get(&member.extension).copied().unwrap_or_default();
            let state = if phones.online == 0 {
                MemberState::Offline
            } else if floor.rings(member.extension) {
                MemberState::Ringing
            } else if phones.calls > 0 {
                MemberState::Talking
            } else if extension.user().is_some_and(|user| user.do_not_disturb) {
                MemberState::DoNotDisturb
            } else if served.resting {
                MemberState::Resting
            } else {
                MemberState::Free
            };
            let (number, name) = (number.clone(), extension.name.clone());
            let (extension, tier, calls_today) = (member.extension, member.tier, served.calls);
            Some(MemberLive { extension, number, name, tier, state, calls_today })
        };
        let queue = |(number, extension): (&ExtensionNumber, &voxera_callflow::Extension)| {
            let Kind::Queue(queue) = &extension.kind else { return None };
            Some(QueueLive {
                queue: extension.id,
                number: number.clone(),
                name: extension.name.clone(),
                strategy: queue.strategy,
                waiting: floor
                    .waiting(extension.id)
                    .into_iter()
                    .map(|(call, since)| self.waits(call, since))
                    .collect(),
                members: queue.members.iter().filter_map(|one| member(extension.id, one)).collect(),
            })
        };
        snapshot.extensions.iter().filter_map(queue).collect()
    }

    fn waits(self, call: CallId, since: DateTime<Utc>) -> Waiting {
        let from = self.control.live().call(call).map(|live| live.from);
        let (number, name) = from.map(|from| (from.number, from.name)).unwrap_or_default();
        Waiting { call, number, name, since }
    }
}

/// Whether anybody could wait in this PBX.
pub(crate) fn any(snapshot: &Snapshot) -> bool {
    snapshot.extensions.values().any(|extension| matches!(extension.kind, Kind::Queue(_)))
}
