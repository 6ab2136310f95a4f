//! A call as people see it: in lists, and in what is kept of it.

use super::Inner;
use super::state::State;
use crate::live::{LiveCall, LiveParking, LiveParty, LivePerson};
use chrono::TimeDelta;
use voxera_callflow::{Parking, Peer};
use voxera_model::{Dialled, ExtensionNumber, Name};

impl Inner {
    pub(super) fn live_call(&self, state: &State) -> Option<LiveCall> {
        let snapshot = &self.view.snapshot;
        let cursor = state.cursor.as_ref()?;
        // Whoever stayed when the other one left is who can be sent on now.
        let from = self.person(&cursor.from);
        Some(LiveCall {
            id: self.id,
            tenant: snapshot.tenant,
            customer: snapshot.customer,
            pbx: snapshot.pbx,
            from: LiveParty {
                number: from.number,
                name: from.name,
                extension: from.extension,
                sound: state.sound.0,
            },
            to: LiveParty {
                number: self.dialled.to_string(),
                name: self.called_name(state),
                extension: state.to_extension.clone(),
                sound: state.sound.1,
            },
            state: cursor.standing().into(),
            parked: cursor.parking().map(|parking| self.parked(&cursor.from, parking)),
            started_at: self.started_at,
            answered_at: state.answered_at,
            trace: state.trace.clone(),
        })
    }

    pub(super) fn own_caller(&self) -> Option<&ExtensionNumber> {
        match &self.from {
            Some(Peer::Extension(number)) => Some(number),
            Some(Peer::Outside(_)) | None => None,
        }
    }

    /// Of an extension of the PBX.
    pub(super) fn caller_name(&self) -> Option<Name> {
        self.own_caller().and_then(|number| self.name_of(number))
    }

    /// Whoever rang last or answered; until somebody does, what was dialled.
    pub(super) fn called_name(&self, state: &State) -> Option<Name> {
        let dialled = match &self.dialled {
            Dialled::Extension(number) => Some(number),
            Dialled::Emergency | Dialled::Public(_) | Dialled::Code(_) | Dialled::Unknown(_) => None,
        };
        state.to_extension.as_ref().or(dialled).and_then(|number| self.name_of(number))
    }

    fn name_of(&self, number: &ExtensionNumber) -> Option<Name> {
        self.view.snapshot.extensions.get(number).map(|extension| extension.name.clone())
    }

    /// As people read it; empty where the caller hides it.
    pub(super) fn caller_number(&self) -> String {
        match &self.from {
            Some(Peer::Extension(number)) => number.to_string(),
            Some(Peer::Outside(Some(number))) => number.to_string(),
            Some(Peer::Outside(None)) | None => String::new(),
        }
    }

    /// Where it waits, and who wants it back when nobody takes it.
    fn parked(&self, waits: &Peer, parking: &Parking) -> LiveParking {
        let by = self.view.snapshot.ids.get(&parking.by).map(|number| Peer::Extension(number.clone()));
        let waited = i64::try_from(parking.since).unwrap_or(i64::MAX);
        LiveParking {
            slot: parking.slot,
            who: self.person(waits),
            by: by.map(|by| self.person(&by)).unwrap_or_default(),
            since: self.started_at + TimeDelta::try_milliseconds(waited).unwrap_or_default(),
        }
    }

    fn person(&self, peer: &Peer) -> LivePerson {
        match peer {
            Peer::Extension(number) => LivePerson {
                number: number.to_string(),
                name: self.name_of(number),
                extension: Some(number.clone()),
            },
            Peer::Outside(number) => LivePerson {
                number: number.as_ref().map(ToString::to_string).unwrap_or_default(),
                ..LivePerson::default()
            },
        }
    }
}
