//! The immutable picture of one PBX that calls are routed from.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use voxera_model::{
    CustomerId, DeviceId, ExtensionId, ExtensionNumber, Name, PbxId, PhoneNumber, Realm, Seconds, Status,
    TenantId, Zone,
};

/// Everything that decides calls of one PBX. Serialised for the last-good copy on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Grows with every change of the PBX; kept in the call's record.
    pub version: u64,
    pub tenant: TenantId,
    pub customer: CustomerId,
    pub pbx: PbxId,
    pub name: Name,
    pub realm: Realm,
    /// The zone in which the PBX's hours are written.
    pub zone: Zone,
    /// Suspended: only emergency calls start.
    pub status: Status,
    pub extensions: BTreeMap<ExtensionNumber, Extension>,
    /// The PBX's own public numbers and where each leads.
    pub numbers: BTreeMap<PhoneNumber, Destination>,
}

/// One dialable extension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    pub id: ExtensionId,
    pub name: Name,
    /// 5 to 120 seconds before "no answer".
    pub ring_for: Seconds,
    /// Whether a second call rings while one is up; otherwise the caller meets "busy".
    pub call_waiting: bool,
    /// The phones that ring. Empty: nothing was set up yet.
    pub devices: Vec<DeviceId>,
}

/// Where a number leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Destination {
    /// Bought or entered, but not yet pointed anywhere.
    Nowhere,
    /// Rings this extension of the same PBX.
    Extension { number: ExtensionNumber },
}
