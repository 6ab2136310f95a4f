//! Queues as they are at this moment: who waits, and who could answer.

use crate::input::{PbxPath, Url};
use crate::permit::CustomerReader;
use crate::problem::Answer;
use axum::Json;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use voxera_callcontrol::{MemberLive, MemberState, QueueLive, Waiting};
use voxera_callflow::Strategy;
use voxera_model::{CallId, ExtensionId, ExtensionNumber, Name};

/// A queue at this moment.
#[derive(Debug, Serialize, ToSchema)]
pub struct Queue {
    pub id: ExtensionId,
    pub number: ExtensionNumber,
    pub name: Name,
    pub strategy: Strategy,
    /// In the order of the line.
    pub waiting: Vec<QueueWaiting>,
    /// Since when the first of the line has waited.
    pub longest_wait_since: Option<DateTime<Utc>>,
    pub members: Vec<QueueMember>,
}

/// A caller in line.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueueWaiting {
    pub call: CallId,
    pub from: QueueCaller,
    pub since: DateTime<Utc>,
}

/// Who waits.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueueCaller {
    /// As people write it; `null`: withheld.
    pub number: Option<String>,
    pub name: Option<Name>,
}

/// Somebody who takes calls of a queue.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueueMember {
    pub id: ExtensionId,
    pub number: ExtensionNumber,
    pub name: Name,
    pub tier: u8,
    pub state: QueueMemberState,
    /// Calls of this queue taken since midnight in the PBX's zone.
    pub calls_today: u32,
}

/// What a member does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QueueMemberState {
    /// No phone is online.
    Offline,
    Free,
    Ringing,
    Talking,
    /// Rests after a call.
    Resting,
    DoNotDisturb,
}

/// All queues of a PBX.
#[derive(Debug, Serialize, ToSchema)]
pub struct Queues {
    pub items: Vec<Queue>,
}

/// The PBX's queues at this moment. An event `queue` says when to look again.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/queues", operation_id = "queues_list", tag = "Queues",
    params(PbxPath),
    responses((status = 200, description = "All of them.", body = Queues)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn list(reader: CustomerReader, Url(path): Url<PbxPath>) -> Answer<Json<Queues>> {
    reader.open().await?.pbxs().get(path.pbx).await?;
    let items = reader.api.control.queues().list(path.pbx).into_iter().map(Queue::show).collect();
    Ok(Json(Queues { items }))
}

impl Queue {
    fn show(queue: QueueLive) -> Self {
        Self {
            id: queue.queue,
            number: queue.number,
            name: queue.name,
            strategy: queue.strategy,
            longest_wait_since: queue.waiting.iter().map(|waiting| waiting.since).min(),
            waiting: queue.waiting.into_iter().map(QueueWaiting::show).collect(),
            members: queue.members.into_iter().map(QueueMember::show).collect(),
        }
    }
}

impl QueueWaiting {
    fn show(waiting: Waiting) -> Self {
        let number = Some(waiting.number).filter(|number| !number.is_empty());
        Self { call: waiting.call, from: QueueCaller { number, name: waiting.name }, since: waiting.since }
    }
}

impl QueueMember {
    fn show(member: MemberLive) -> Self {
        Self {
            id: member.extension,
            number: member.number,
            name: member.name,
            tier: member.tier,
            state: match member.state {
                MemberState::Offline => QueueMemberState::Offline,
                MemberState::Free => QueueMemberState::Free,
                MemberState::Ringing => QueueMemberState::Ringing,
                MemberState::Talking => QueueMemberState::Talking,
                MemberState::Resting => QueueMemberState::Resting,
                MemberState::DoNotDisturb => QueueMemberState::DoNotDisturb,
            },
            calls_today: member.calls_today,
        }
    }
}
