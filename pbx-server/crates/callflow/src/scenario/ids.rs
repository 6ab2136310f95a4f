//! The same id for the same thing in every run, and its name.

use std::collections::BTreeMap;
use uuid::Uuid;
use voxera_model::ExtensionNumber;

/// What has a name in a file: sounds, menus, lines, messages, ringing calls.
#[derive(Debug, Clone, Default)]
pub(super) struct Names(BTreeMap<Uuid, String>);

impl Names {
    /// The id of what has this name.
    pub fn note(&mut self, name: &str) -> Uuid {
        // FNV-1a: the same in every run and on every machine.
        let hash = name.bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128, |hash, byte| {
            (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013B)
        });
        let id = Uuid::from_u128(hash);
        self.0.insert(id, name.to_owned());
        id
    }

    pub fn of(&self, id: Uuid) -> String {
        self.0.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }
}

/// An extension (`kind` 1), or its `nth` phone (`kind` 2).
pub(super) fn of_extension(kind: u128, number: &ExtensionNumber, nth: u16) -> Uuid {
    let digits = number.as_str().bytes().fold(0, |sum: u128, digit| sum * 16 + u128::from(digit - b'0'));
    Uuid::from_u128((kind << 64) | (digits << 16) | u128::from(nth))
}
