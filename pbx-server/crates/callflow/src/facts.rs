//! What the core must know about this moment, gathered by whoever calls it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use voxera_model::ExtensionId;

/// The facts of one step.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Facts {
    /// The time in the PBX's own zone.
    pub now: LocalTime,
    /// Extensions that have a phone online or a call up; the others are offline and free.
    pub extensions: BTreeMap<ExtensionId, Availability>,
    /// A random draw, 0 to `u32::MAX`, for choices that must not favour anyone.
    pub draw: u32,
    /// Whether an outside line that carries emergency calls is configured.
    pub emergency_line: bool,
}

/// Minutes and days as people in the PBX's zone see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct LocalTime {
    /// Days since 1970-01-01, a Thursday.
    pub day: i32,
    /// 0 to 1439.
    pub minute: u16,
}

/// One extension at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Availability {
    /// Phones registered.
    pub online: u16,
    /// Calls up or ringing.
    pub calls: u16,
}
