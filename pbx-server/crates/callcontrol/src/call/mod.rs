//! One call, from its arrival to its record.

mod asked;
mod facts;
mod keep;
mod record;
mod resumed;
mod show;
mod state;

pub(crate) use asked::Asks;
pub use asked::Summons;
pub(crate) use facts::local_time;
pub use keep::{NewMessage, NewRecording};
pub use resumed::Resumed;

use crate::control::CallControl;
use crate::directory::PbxView;
use crate::floor::Moment;
use crate::live::{LiveEvent, LiveSound};
use crate::presence;
use crate::record::MediaSummary;
use chrono::{DateTime, TimeDelta, Utc};
use state::{Ended, State};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use voxera_callflow::{
    Action, Cause, Cursor, Event, Party, Peer, Position, Reason, SoundTrouble, TraceEntry, step,
};
use voxera_model::{CallId, DeviceId, Dialled, ExtensionId, PhoneNumber, TrunkId};

/// Entries of a trace after which events that do nothing are no longer told.
const LONGEST_TRACE: usize = 100;
/// Keys that a record keeps.
const KEYS: usize = 200;

/// A new call, as an engine hands it over.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Made by the engine, UUID v7.
    pub call: CallId,
    pub from: ArrivedFrom,
    /// What it asks for.
    pub dialled: Dialled,
}

/// Where a new call comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArrivedFrom {
    /// A phone that has proved who it is. Its extension and name come from the directory, never from
    /// the phone.
    Device(DeviceId),
    /// The public network, over a line of the PBX. `None`: the number is withheld.
    Line { trunk: TrunkId, number: Option<PhoneNumber> },
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
    /// `None`: a phone whose credential went away between its proof and now.
    from: Option<Peer>,
    dialled: Dialled,
    started_at: DateTime<Utc>,
    /// The same moment on the clock that nobody sets.
    since: Instant,
    hangup: CancellationToken,
    asks: Asks,
    woken: Arc<Notify>,
    queues: QueueKeeper,
    state: Mutex<State>,
}

/// Who rings the members of queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QueueKeeper {
    /// The core, call by call.
    #[default]
    Core,
    /// A machine of the engine's own.
    Engine,
}

impl Call {
    pub(crate) fn arrive(
        control: CallControl,
        view: Arc<PbxView>,
        arrival: Arrival,
        queues: QueueKeeper,
    ) -> (Self, Vec<Action>) {
        let from = match arrival.from {
            ArrivedFrom::Device(device) => {
                view.device(device).map(|secret| Peer::Extension(secret.extension.clone()))
            }
            ArrivedFrom::Line { number, .. } => Some(Peer::Outside(number)),
        };
        let clock = control.clock();
        let (started_at, since) = (clock.now(), clock.instant());
        let call = Self {
            inner: Arc::new(Inner {
                id: arrival.call,
                control,
                view,
                from: from.clone(),
                dialled: arrival.dialled.clone(),
                started_at,
                since,
                hangup: CancellationToken::new(),
                asks: Asks::default(),
                woken: Arc::default(),
                queues,
                state: Mutex::default(),
            }),
        };
        let actions = match from {
            Some(from) => call.take(&Event::Arrived { from, dialled: arrival.dialled }, true),
            None => call.refuse(),
        };
        (call, actions)
    }

    /// How many lines its story has.
    #[must_use]
    pub fn told(&self) -> usize {
        self.inner.lock().trace.len()
    }

    /// Where it stands; `None`: it is over.
    #[must_use]
    pub fn cursor(&self) -> Option<Cursor> {
        self.inner.lock().cursor.clone()
    }

    /// When it began.
    #[must_use]
    pub fn started_at(&self) -> DateTime<Utc> {
        self.inner.started_at
    }

    /// How long it has been up.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.inner.elapsed()
    }

    /// What it asked for when it began.
    #[must_use]
    pub fn dialled(&self) -> &Dialled {
        &self.inner.dialled
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

    /// Notified when something changed that a call in line looks at. The engine then advances with
    /// [`Event::Woken`].
    #[must_use]
    pub fn woken(&self) -> Arc<Notify> {
        Arc::clone(&self.inner.woken)
    }

    /// What to do now that this happened. Empty: nothing; always so once the call is over.
    #[must_use = "an engine does what the core decides"]
    #[expect(clippy::needless_pass_by_value, reason = "an event happens once; nobody keeps it")]
    pub fn advance(&self, event: Event) -> Vec<Action> {
        self.take(&event, false)
    }

    /// A machine of the engine's own lets a member's phone ring for this caller in line, or no longer.
    pub fn member_rings(&self, member: ExtensionId, rings: bool) {
        let slot = self.inner.control.presence().pbx(self.inner.view.snapshot.pbx);
        let matters = {
            let mut phones = presence::lock(&slot);
            let changed = phones.floor.offers(self.inner.id, member, rings);
            phones.settle(&changed);
            changed.matters()
        };
        if matters {
            self.inner.tell_queues();
        }
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

    /// Says that the machine that carried it is gone. The engine then ends it.
    pub fn carrier_lost(&self) {
        let mut state = self.inner.lock();
        if state.ended.is_none() {
            state.trace.push(TraceEntry { reason: Reason::CarrierLost });
        }
    }

    /// The engine carries this call on without us, because the server stops: nothing is recorded now. The
    /// next start notes that it was cut off, until it is taken up or its end is told.
    pub fn leave(&self) {
        self.inner.lock().recorded = true;
    }

    /// Nothing is heard from one side, and why; `None`: it is heard again.
    pub fn sound(&self, of: Party, trouble: Option<SoundTrouble>) {
        let heard = trouble.map_or(LiveSound::Ok, |cause| LiveSound::Trouble { cause });
        let reason = match trouble {
            Some(why) => Reason::SoundLost { of, why },
            None => Reason::SoundBack { of },
        };
        self.sounds(of, heard, reason);
    }

    /// One side that was not heard says itself that it sends nothing: no trouble.
    pub fn rests(&self, of: Party) {
        self.sounds(of, LiveSound::Ok, Reason::SoundRests { of });
    }

    /// The browser of one side lost its connection, and did not come back: why the call is about to
    /// end.
    pub fn stayed_away(&self, of: Party) {
        let mut state = self.inner.lock();
        if state.trace.len() < LONGEST_TRACE {
            state.trace.push(TraceEntry { reason: Reason::StayedAway { of } });
        }
    }

    fn sounds(&self, of: Party, heard: LiveSound, reason: Reason) {
        let inner = &*self.inner;
        let mut state = inner.lock();
        let known = match of {
            Party::Caller => &mut state.sound.0,
            Party::Callee => &mut state.sound.1,
            Party::System => return,
        };
        if *known == heard {
            return;
        }
        *known = heard;
        if state.trace.len() < LONGEST_TRACE {
            state.trace.push(TraceEntry { reason });
        }
        if state.ended.is_none()
            && let Some(live) = inner.live_call(&state)
        {
            inner.control.live().put(live, &inner.hangup, &inner.asks);
        }
    }

    fn take(&self, event: &Event, first: bool) -> Vec<Action> {
        self.decide(event, first, |_| None::<()>).0
    }

    /// `seen`: looks at the words of this step.
    fn decide<T>(
        &self,
        event: &Event,
        first: bool,
        seen: impl FnOnce(&[TraceEntry]) -> Option<T>,
    ) -> (Vec<Action>, Option<T>) {
        let inner = &*self.inner;
        let snapshot = &inner.view.snapshot;
        let mut state = inner.lock();
        if state.ended.is_some() || (!first && state.cursor.is_none()) {
            return (Vec::new(), None);
        }
        let now = inner.now();
        let (unchanged, actions, queues, told) = {
            // Held from the facts to the counts: two callers of one free line cannot both get it.
            let slot = inner.control.presence().pbx(snapshot.pbx);
            let mut phones = presence::lock(&slot);
            if first {
                phones.floor.enter(inner.id, &inner.woken);
            }
            if let Event::RingEnded { .. } = event {
                phones.rang_out(inner.id);
            }
            let facts = inner.facts(&mut phones, state.cursor.as_ref(), event);
            let step = step(snapshot, &facts, state.cursor.as_ref(), event);
            let unchanged = step.actions.is_empty() && step.trace.is_empty() && step.next == state.cursor;
            Inner::note_key(&mut state, event);
            let told = seen(&step.trace);
            state.cursor = step.next;
            // An engine that says the same thing over and over must not fill the record with it.
            let room = if step.actions.is_empty() {
                LONGEST_TRACE.saturating_sub(state.trace.len())
            } else {
                usize::MAX
            };
            state.trace.extend(step.trace.into_iter().take(room));
            state.follow(event, &step.actions, now);
            if state.cursor.is_none() && state.ended.is_none() {
                state.ended = Some(Ended { at: now, outcome: Cause::Fault, by: Party::System });
            }
            let next = state.cursor.as_ref().filter(|_| state.ended.is_none());
            let moment = Moment { instant: inner.control.clock().instant(), day: facts.now.day };
            let changed = phones.floor.follow(inner.id, snapshot, event, &step.actions, next, moment);
            phones.settle(&changed);
            if changed.matters() {
                phones.floor.wake(Some(inner.id));
            }
            (unchanged, step.actions, changed.matters() && inner.view.has_queues(), told)
        };
        if first {
            metrics::counter!("voxera_calls_started_total").increment(1);
        }
        if queues {
            inner.tell_queues();
        }
        if unchanged {
            return (actions, told);
        }
        match inner.live_call(&state) {
            Some(live) => {
                inner.note_up(&state, now);
                inner.control.live().put(live, &inner.hangup, &inner.asks);
            }
            None => inner.control.live().take(inner.id),
        }
        (actions, told)
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
        self.started_at + TimeDelta::from_std(self.elapsed()).unwrap_or_default()
    }

    /// Since the call began.
    fn elapsed(&self) -> Duration {
        self.control.clock().instant().saturating_duration_since(self.since)
    }

    /// Keys of menus are kept, for a replay; PINs and what is pressed in a mailbox are not.
    fn note_key(state: &mut State, event: &Event) {
        let menu =
            state.cursor.as_ref().is_some_and(|cursor| matches!(cursor.position, Position::Menu { .. }));
        if let Event::Key { key } = event
            && menu
            && state.keys.len() < KEYS
        {
            state.keys.push(key.as_char());
        }
    }

    fn tell_queues(&self) {
        let snapshot = &self.view.snapshot;
        let (tenant, customer, pbx) = (snapshot.tenant, snapshot.customer, snapshot.pbx);
        self.control.live().publish(LiveEvent::Queues { tenant, customer, pbx });
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.record(MediaSummary::default());
    }
}
