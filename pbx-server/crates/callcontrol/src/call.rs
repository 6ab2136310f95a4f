//! One call, from its arrival to its record.

use crate::control::CallControl;
use crate::directory::PbxView;
use crate::live::{LiveCall, LiveEvent, LiveParty, LiveState};
use crate::presence::{self, PbxPresence};
use crate::record::{CallEnded, MediaSummary};
use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio_util::sync::CancellationToken;
use voxera_callflow::{
    Action, Cause, Cursor, Event, Facts, LocalTime, Party, Peer, Reason, RingOutcome, RingTarget, Standing,
    TraceEntry, step,
};
use voxera_model::{CallId, DeviceId, Dialled, ExtensionId, ExtensionNumber, Zone};

/// Entries of a trace after which events that do nothing are no longer told.
const LONGEST_TRACE: usize = 100;

/// A new call, as an engine hands it over: the phone has proved who it is.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Made by the engine, UUID v7.
    pub call: CallId,
    /// The phone that calls. Its extension and name come from the directory, never from the phone.
    pub device: DeviceId,
    /// What it asks for.
    pub dialled: Dialled,
}

/// One call. Cheap to clone; every clone is the same call, and events of several tasks are taken
/// one after the other. The record is written when the engine calls [`Call::finish`], or, should it
/// forget, when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Call {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    id: CallId,
    control: CallControl,
    view: Arc<PbxView>,
    from: Option<ExtensionNumber>,
    dialled: Dialled,
    started_at: DateTime<Utc>,
    /// The same moment on the clock that nobody sets.
    since: Instant,
    hangup: CancellationToken,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    cursor: Option<Cursor>,
    trace: Vec<TraceEntry>,
    to_extension: Option<ExtensionNumber>,
    answered_at: Option<DateTime<Utc>>,
    ended: Option<Ended>,
    /// Extensions whose call counts include this call.
    counted: Vec<ExtensionId>,
    recorded: bool,
}

#[derive(Debug, Clone, Copy)]
struct Ended {
    at: DateTime<Utc>,
    outcome: Cause,
    by: Party,
}

impl Call {
    pub(crate) fn arrive(control: CallControl, view: Arc<PbxView>, arrival: Arrival) -> (Self, Vec<Action>) {
        let from = view.device(arrival.device).map(|secret| secret.extension.clone());
        let call = Self {
            inner: Arc::new(Inner {
                id: arrival.call,
                control,
                view,
                from: from.clone(),
                dialled: arrival.dialled.clone(),
                started_at: Utc::now(),
                since: Instant::now(),
                hangup: CancellationToken::new(),
                state: Mutex::default(),
            }),
        };
        let actions = match from {
            Some(from) => {
                call.take(&Event::Arrived { from: Peer::Extension(from), dialled: arrival.dialled }, true)
            }
            // The credential went away between the phone's proof and now.
            None => call.refuse(),
        };
        (call, actions)
    }

    /// The id that the engine gave it.
    #[must_use]
    pub fn id(&self) -> CallId {
        self.inner.id
    }

    /// The PBX as it was when the call began.
    #[must_use]
    pub fn view(&self) -> &Arc<PbxView> {
        &self.inner.view
    }

    /// Cancelled when someone asks in the portal that this call end. The engine then advances with
    /// `HungUp { by: System }`.
    #[must_use]
    pub fn hangup_asked(&self) -> CancellationToken {
        self.inner.hangup.clone()
    }

    /// What to do now that this happened. Empty: nothing; always so once the call is over.
    #[must_use = "an engine does what the core decides"]
    #[expect(clippy::needless_pass_by_value, reason = "an event happens once; nobody keeps it")]
    pub fn advance(&self, event: Event) -> Vec<Action> {
        self.take(&event, false)
    }

    /// Whether the core has ended the call.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.inner.lock().ended.is_some()
    }

    /// Writes the record. A second time does nothing. A call that the core has not ended is
    /// recorded as ended by the system.
    pub fn finish(&self, media: MediaSummary) {
        self.inner.record(media);
    }

    fn take(&self, event: &Event, first: bool) -> Vec<Action> {
        let inner = &*self.inner;
        let mut state = inner.lock();
        if state.ended.is_some() || (!first && state.cursor.is_none()) {
            return Vec::new();
        }
        let now = inner.now();
        let unchanged;
        let actions = {
            // Held from the facts to the counts: two callers of one free line cannot both get it.
            let slot = inner.control.presence().pbx(inner.view.snapshot.pbx);
            let mut phones = presence::lock(&slot);
            let facts = inner.facts(&mut phones, Utc::now());
            let step = step(&inner.view.snapshot, &facts, state.cursor.as_ref(), event);
            if first {
                inner.count_caller(&mut state, &mut phones);
            }
            unchanged = step.actions.is_empty() && step.next == state.cursor;
            state.cursor = step.next;
            // An engine that says the same thing over and over must not fill the record with it.
            let room = if step.actions.is_empty() {
                LONGEST_TRACE.saturating_sub(state.trace.len())
            } else {
                usize::MAX
            };
            state.trace.extend(step.trace.into_iter().take(room));
            for action in &step.actions {
                match action {
                    Action::Ring { targets, .. } => {
                        for target in targets {
                            let RingTarget::Extension { extension, number, .. } = target else { continue };
                            phones.call_begins(*extension);
                            state.counted.push(*extension);
                            state.to_extension = Some(number.clone());
                        }
                    }
                    Action::Bridge => state.answered_at = state.answered_at.or(Some(now)),
                    Action::Hangup { cause } => {
                        state.ended = Some(Ended { at: now, outcome: *cause, by: ended_by(event) });
                        state.uncount(&mut phones);
                    }
                    _ => {}
                }
            }
            if state.cursor.is_none() && state.ended.is_none() {
                state.ended = Some(Ended { at: now, outcome: Cause::Fault, by: Party::System });
                state.uncount(&mut phones);
            }
            step.actions
        };
        if first {
            metrics::counter!("voxera_calls_started_total").increment(1);
        }
        if unchanged {
            return actions;
        }
        match inner.live_call(&state) {
            Some(live) => {
                if !actions.is_empty() {
                    inner.note_up(&state, now);
                }
                inner.control.live().put(live, &inner.hangup);
            }
            None => inner.control.live().take(inner.id),
        }
        actions
    }

    fn refuse(&self) -> Vec<Action> {
        let mut state = self.inner.lock();
        let outcome = Cause::NotAllowed;
        state.ended = Some(Ended { at: self.inner.now(), outcome, by: Party::System });
        state.trace.push(TraceEntry { reason: Reason::PhoneRemoved });
        vec![Action::Hangup { cause: outcome }]
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Now, by the clock that nobody sets: a call never ends before it began.
    fn now(&self) -> DateTime<Utc> {
        self.started_at + TimeDelta::from_std(self.since.elapsed()).unwrap_or_default()
    }

    fn facts(&self, phones: &mut PbxPresence, now: DateTime<Utc>) -> Facts {
        Facts {
            now: local_time(&self.view.snapshot.zone, now),
            extensions: phones.availability(now),
            draw: rand::random(),
            emergency_line: self.control.emergency_line(),
            ..Facts::default()
        }
    }

    fn count_caller(&self, state: &mut State, phones: &mut PbxPresence) {
        let own = self.from.as_ref().and_then(|from| self.view.snapshot.extensions.get(from));
        if let Some(own) = own {
            phones.call_begins(own.id);
            state.counted.push(own.id);
        }
    }

    fn live_call(&self, state: &State) -> Option<LiveCall> {
        let snapshot = &self.view.snapshot;
        let live = match state.cursor.as_ref()?.standing() {
            Standing::Ringing => LiveState::Ringing,
            Standing::Emergency => LiveState::Emergency,
            Standing::Connected
            | Standing::Menu
            | Standing::Waiting { .. }
            | Standing::Voicemail
            | Standing::Conference { .. }
            | Standing::Listening => LiveState::Connected,
        };
        let named = |number: Option<&ExtensionNumber>| {
            number.and_then(|number| snapshot.extensions.get(number)).map(|extension| extension.name.clone())
        };
        Some(LiveCall {
            id: self.id,
            tenant: snapshot.tenant,
            customer: snapshot.customer,
            pbx: snapshot.pbx,
            from: LiveParty {
                number: self.caller_number(),
                name: named(self.from.as_ref()),
                extension: self.from.clone(),
            },
            to: LiveParty {
                number: self.dialled.to_string(),
                name: named(state.to_extension.as_ref()),
                extension: state.to_extension.clone(),
            },
            state: live,
            started_at: self.started_at,
            answered_at: state.answered_at,
            trace: state.trace.clone(),
        })
    }

    fn caller_number(&self) -> String {
        self.from.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    fn record(&self, media: MediaSummary) {
        let record = {
            let mut state = self.lock();
            if state.recorded {
                return;
            }
            state.recorded = true;
            if state.ended.is_none() {
                let slot = self.control.presence().pbx(self.view.snapshot.pbx);
                state.uncount(&mut presence::lock(&slot));
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
        let name = |number: &ExtensionNumber| snapshot.extensions.get(number).map(|found| found.name.clone());
        let dialled = match &self.dialled {
            Dialled::Extension(number) => Some(number),
            Dialled::Emergency | Dialled::Public(_) | Dialled::Code(_) | Dialled::Unknown(_) => None,
        };
        CallEnded {
            id: self.id,
            tenant: snapshot.tenant,
            customer: snapshot.customer,
            pbx: snapshot.pbx,
            started_at: self.started_at,
            answered_at: state.answered_at,
            ended_at: ended.at,
            from_number: self.caller_number(),
            from_name: self.from.as_ref().and_then(name),
            from_extension: self.from.clone(),
            to_number: self.dialled.to_string(),
            to_name: state.to_extension.as_ref().or(dialled).and_then(name),
            to_extension: state.to_extension.clone(),
            outcome: ended.outcome,
            hung_up_by: ended.by,
            media,
            snapshot_version: snapshot.version,
            trace: state.trace.clone(),
        }
    }

    /// Notes a call that is up, so that a crash leaves a record of it.
    fn note_up(&self, state: &State, now: DateTime<Utc>) {
        let ended = Ended { at: now, outcome: Cause::Fault, by: Party::System };
        self.control.spool().up(self.as_record(state, ended, MediaSummary::default()));
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.record(MediaSummary::default());
    }
}

impl State {
    fn uncount(&mut self, phones: &mut PbxPresence) {
        for extension in self.counted.drain(..) {
            phones.call_ends(extension);
        }
    }
}

/// Who ended the call, as far as the event says.
fn ended_by(event: &Event) -> Party {
    match event {
        Event::HungUp { by } => *by,
        Event::RingEnded { outcome: RingOutcome::Busy | RingOutcome::Declined } => Party::Callee,
        _ => Party::System,
    }
}

/// The minute in the PBX's zone; in UTC when the zone is not known to this machine.
fn local_time(zone: &Zone, now: DateTime<Utc>) -> LocalTime {
    let zone: chrono_tz::Tz = zone.as_str().parse().unwrap_or(chrono_tz::UTC);
    let local = now.with_timezone(&zone);
    let day = local.num_days_from_ce() - chrono::DateTime::UNIX_EPOCH.num_days_from_ce();
    let minute = u16::try_from(local.hour() * 60 + local.minute()).unwrap_or(0);
    LocalTime { day, minute }
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
