//! What is kept of a call.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use voxera_callflow::{Cause, Cursor, Party, TraceEntry};
use voxera_model::{CallId, CustomerId, ExtensionNumber, Name, PbxId, TenantId};
pub use voxera_store::{Direction, LegMedia};

/// What an engine measured of one call's sound. All `None`/empty: no sound was set up.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MediaSummary {
    /// The codec both sides agreed on, e.g. `PCMA`.
    pub codec: Option<String>,
    /// What came from the caller's phone.
    pub caller: Option<LegMedia>,
    /// What came from the phone that answered.
    pub callee: Option<LegMedia>,
}

/// A call that is over. Written once, never changed; the id makes a second insert harmless.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallEnded {
    pub id: CallId,
    pub tenant: TenantId,
    pub customer: CustomerId,
    pub pbx: PbxId,
    pub started_at: DateTime<Utc>,
    pub answered_at: Option<DateTime<Utc>>,
    pub ended_at: DateTime<Utc>,
    /// The caller's number as shown to people; empty where it was hidden.
    pub from_number: String,
    pub from_name: Option<Name>,
    pub from_extension: Option<ExtensionNumber>,
    /// What was dialled.
    pub to_number: String,
    /// Whose extension it was, at the time of the call.
    #[serde(default)]
    pub to_name: Option<Name>,
    /// The extension that rang or answered.
    pub to_extension: Option<ExtensionNumber>,
    pub outcome: Cause,
    pub hung_up_by: Party,
    pub media: MediaSummary,
    pub snapshot_version: u64,
    pub trace: Vec<TraceEntry>,
    #[serde(default)]
    pub direction: Direction,
    /// Keys pressed in menus, in order; at most 200.
    #[serde(default)]
    pub keys: String,
}

/// A call that is up, as it is noted in case that we stop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Noted {
    /// What is kept of it if it ended now.
    #[serde(flatten)]
    pub record: CallEnded,
    /// Where it stands. `None`: an older version noted it.
    #[serde(default)]
    pub cursor: Option<Cursor>,
}
