//! Whether lines to the public network work, as the engine that carries them says.

use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use tokio::sync::watch;
use voxera_model::{Locale, TrunkId};

/// How a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LineState {
    /// Nothing was heard of it yet.
    #[default]
    Untried,
    Up,
    Down {
        why: LineFault,
    },
}

/// Why a line does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LineFault {
    /// The operator does not take the user name or the password.
    Password,
    /// The operator asks for a password, and there is none.
    NoPassword,
    /// The operator refuses, with this SIP status.
    Refused { status: u16 },
    /// The operator does not answer.
    Silent,
    /// The name leads to no address.
    NameUnknown,
    /// No connection is taken.
    NoConnection,
    /// Encrypted signalling, which is not spoken to lines.
    Encrypted,
}

impl LineFault {
    /// What is wrong and what to do, in a sentence.
    #[must_use]
    pub fn say(self, locale: Locale) -> String {
        let (sv, en) = match self {
            Self::Password => (
                "Operatören godkänner inte användarnamnet eller lösenordet. Skriv in dem på nytt.",
                "The operator does not accept the user name or the password. Enter them again.",
            ),
            Self::NoPassword => (
                "Operatören vill ha ett lösenord. Skriv in det på linjen.",
                "The operator wants a password. Enter it on the line.",
            ),
            Self::Refused { status } => {
                return match locale {
                    Locale::Sv => format!("Operatören säger nej (kod {status}). Fråga operatören varför."),
                    Locale::En => format!("The operator refuses (code {status}). Ask the operator why."),
                };
            }
            Self::Silent => (
                "Operatören svarar inte. Kontrollera adressen, porten och brandväggen.",
                "The operator does not answer. Check the address, the port and the firewall.",
            ),
            Self::NameUnknown => (
                "Operatörens adress finns inte. Kontrollera stavningen.",
                "The operator's address does not exist. Check its spelling.",
            ),
            Self::NoConnection => (
                "Det går inte att ansluta till operatören. Kontrollera adressen, porten och brandväggen.",
                "No connection to the operator is possible. Check the address, the port and the firewall.",
            ),
            Self::Encrypted => (
                "Krypterad signalering till operatören stöds inte än. Välj UDP eller TCP.",
                "Encrypted signalling to the operator is not supported yet. Choose UDP or TCP.",
            ),
        };
        match locale {
            Locale::Sv => sv,
            Locale::En => en,
        }
        .to_owned()
    }
}

/// All lines of this server.
#[derive(Debug, Default)]
pub struct Lines {
    states: RwLock<HashMap<TrunkId, LineState>>,
    /// Counts what changed.
    changes: watch::Sender<u64>,
}

impl Lines {
    /// Notes how a line is.
    pub fn set(&self, trunk: TrunkId, state: LineState) {
        let before = self.states.write().unwrap_or_else(PoisonError::into_inner).insert(trunk, state);
        if before != Some(state) {
            self.changes.send_modify(|count| *count += 1);
        }
    }

    /// Forgets lines that are gone, or that another engine carries now.
    pub fn forget(&self, trunks: &[TrunkId]) {
        let mut states = self.states.write().unwrap_or_else(PoisonError::into_inner);
        let before = states.len();
        states.retain(|trunk, _| !trunks.contains(trunk));
        let forgot = states.len() < before;
        drop(states);
        if forgot {
            self.changes.send_modify(|count| *count += 1);
        }
    }

    /// How a line is.
    #[must_use]
    pub fn get(&self, trunk: TrunkId) -> LineState {
        self.read().get(&trunk).copied().unwrap_or_default()
    }

    /// Whether a call may be tried over a line: nothing speaks against it.
    #[must_use]
    pub fn works(&self, trunk: TrunkId) -> bool {
        !matches!(self.get(trunk), LineState::Down { .. })
    }

    /// Every line that was heard of.
    #[must_use]
    pub fn list(&self) -> Vec<(TrunkId, LineState)> {
        self.read().iter().map(|(trunk, state)| (*trunk, *state)).collect()
    }

    /// Tells of every change from now on.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<TrunkId, LineState>> {
        self.states.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_line_that_is_down_is_not_tried() {
        let (lines, trunk) = (Lines::default(), TrunkId(uuid::Uuid::nil()));
        assert!(lines.works(trunk));
        lines.set(trunk, LineState::Down { why: LineFault::Silent });
        assert!(!lines.works(trunk));
        lines.set(trunk, LineState::Up);
        assert!(lines.works(trunk));
        lines.forget(&[trunk]);
        assert_eq!(lines.get(trunk), LineState::Untried);
    }

    #[test]
    fn every_fault_names_its_cure_in_both_languages() {
        let faults = [
            LineFault::Password,
            LineFault::NoPassword,
            LineFault::Refused { status: 403 },
            LineFault::Silent,
            LineFault::NameUnknown,
            LineFault::NoConnection,
            LineFault::Encrypted,
        ];
        for fault in faults {
            let (sv, en) = (fault.say(Locale::Sv), fault.say(Locale::En));
            assert!(sv.matches('.').count() >= 2 && en.matches('.').count() >= 2 && sv != en, "{sv} {en}");
        }
    }
}
