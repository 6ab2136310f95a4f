//! Slots in which calls wait until somebody takes them, and the codes that name them.

use serde::{Deserialize, Serialize};
use voxera_model::{ExtensionId, Invalid};

/// What every code of parking begins with; alone: any slot that is free.
const ANY: &str = "*59";
/// Slots of a PBX: `*5901` to `*5920`.
const SLOTS: u8 = 20;

/// A place where one call waits, by the code that takes it: `*5901` to `*5920`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, pattern = r"^\*59(0[1-9]|1[0-9]|20)$", example = "*5901"))]
pub struct ParkSlot(u8);

impl ParkSlot {
    /// Reads a code.
    pub fn parse(code: &str) -> Result<Self, Invalid> {
        let digits = code.trim().strip_prefix(ANY).filter(|digits| digits.len() == 2);
        digits
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok())
            .filter(|slot| (1..=SLOTS).contains(slot))
            .map(Self)
            .ok_or_else(|| Invalid::new("park_slot", "Slots are *5901 to *5920."))
    }

    /// All of them, in the order in which they are filled.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..=SLOTS).map(Self)
    }
}

impl std::fmt::Display for ParkSlot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{ANY}{:02}", self.0)
    }
}

impl TryFrom<String> for ParkSlot {
    type Error = Invalid;
    fn try_from(code: String) -> Result<Self, Self::Error> {
        Self::parse(&code)
    }
}

impl From<ParkSlot> for String {
    fn from(slot: ParkSlot) -> Self {
        slot.to_string()
    }
}

/// Where somebody wants a call to be parked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParkAt {
    /// `*59`: the first slot that is free.
    AnyFree,
    Slot(ParkSlot),
}

impl ParkAt {
    /// Reads a code; `None`: it has nothing to do with parking.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        if code == ANY { Some(Self::AnyFree) } else { ParkSlot::parse(code).ok().map(Self::Slot) }
    }

    /// The slot that was named, if any.
    #[must_use]
    pub const fn slot(self) -> Option<ParkSlot> {
        match self {
            Self::AnyFree => None,
            Self::Slot(slot) => Some(slot),
        }
    }
}

impl std::fmt::Display for ParkAt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AnyFree => f.write_str(ANY),
            Self::Slot(slot) => slot.fmt(f),
        }
    }
}

/// A call that is parked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parking {
    pub slot: ParkSlot,
    /// Who parked it; it goes back there when nobody takes it.
    pub by: ExtensionId,
    /// On the call's own clock, in milliseconds.
    pub since: u64,
}
