//! What is kept of a call when it is over.

use super::Inner;
use super::state::{Ended, State};
use crate::live::LiveEvent;
use crate::presence;
use crate::record::{CallEnded, MediaSummary, Noted};
use chrono::{DateTime, Utc};
use voxera_callflow::{Cause, Event, Party, Reason, RingOutcome, TraceEntry};

impl Inner {
    pub(super) fn record(&self, media: MediaSummary) {
        let record = {
            let mut state = self.lock();
            if state.recorded {
                return;
            }
            state.recorded = true;
            if state.ended.is_none() {
                let slot = self.control.presence().pbx(self.view.snapshot.pbx);
                let mut phones = presence::lock(&slot);
                let changed = phones.floor.leave(self.id);
                phones.settle(&changed);
                phones.floor.wake(None);
                state.trace.push(TraceEntry { reason: Reason::EndedBySystem });
            }
            let ended =
                state.ended.unwrap_or(Ended { at: self.now(), outcome: Cause::Fault, by: Party::System });
            state.ended = Some(ended);
            state.cursor = None;
            self.as_record(&state, ended, media)
        };
        self.control.live().take(self.id);
        metrics::counter!("voxera_calls_ended_total", "outcome" => outcome(record.outcome)).increment(1);
        self.control.spool().ended(record.clone());
        self.control.live().publish(LiveEvent::Ended { call: record });
    }

    fn as_record(&self, state: &State, ended: Ended, media: MediaSummary) -> CallEnded {
        let snapshot = &self.view.snapshot;
        CallEnded {
            id: self.id,
            tenant: snapshot.tenant,
            customer: snapshot.customer,
            pbx: snapshot.pbx,
            started_at: self.started_at,
            answered_at: state.answered_at,
            ended_at: ended.at,
            from_number: self.caller_number(),
            from_name: self.caller_name(),
            from_extension: self.own_caller().cloned(),
            to_number: self.dialled.to_string(),
            to_name: self.called_name(state),
            to_extension: state.to_extension.clone(),
            outcome: ended.outcome,
            hung_up_by: ended.by,
            media,
            snapshot_version: snapshot.version,
            trace: state.trace.clone(),
            direction: state.direction(self.from.as_ref()),
            keys: state.keys.clone(),
        }
    }

    /// Notes a call that is up, so that a crash leaves a record of it, and whoever goes on with it knows
    /// its story.
    pub(super) fn note_up(&self, state: &State, now: DateTime<Utc>) {
        let ended = Ended { at: now, outcome: Cause::Fault, by: Party::System };
        let record = self.as_record(state, ended, MediaSummary::default());
        self.control.spool().up(Noted { record, cursor: state.cursor.clone() });
    }
}

/// Who ended the call, as far as the event says.
pub(super) fn ended_by(event: &Event) -> Party {
    match event {
        Event::HungUp { by } => *by,
        Event::RingEnded { outcome: RingOutcome::Busy | RingOutcome::Declined } => Party::Callee,
        _ => Party::System,
    }
}

const fn outcome(cause: Cause) -> &'static str {
    match cause {
        Cause::Normal => "normal",
        Cause::Cancelled => "cancelled",
        Cause::Busy => "busy",
        Cause::NoAnswer => "no_answer",
        Cause::Declined => "declined",
        Cause::Offline => "offline",
        Cause::UnknownNumber => "unknown_number",
        Cause::NotAllowed => "not_allowed",
        Cause::NoRoute => "no_route",
        Cause::Abandoned => "abandoned",
        Cause::Voicemail => "voicemail",
        Cause::Fault => "fault",
    }
}
