//! Calls that outlive a stop of the server.

use super::{Asks, Call, Inner, QueueKeeper, State, local_time};
use crate::control::CallControl;
use crate::directory::PbxView;
use crate::floor::Moment;
use crate::presence;
use crate::record::{Direction, Noted};
use chrono::{DateTime, Utc};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use voxera_callflow::{Cursor, Event, Peer};
use voxera_model::{CallId, Dialled};

/// A call that was up when the server stopped, as its engine kept it.
#[derive(Debug, Clone)]
pub struct Resumed {
    pub call: CallId,
    pub from: Peer,
    pub dialled: Dialled,
    pub started_at: DateTime<Utc>,
    pub cursor: Cursor,
    /// How many lines its story had when the engine kept this, see [`Call::told`].
    pub told: usize,
}

impl Call {
    /// Goes on with a call that was up when the server stopped. What was noted of it tells what happened
    /// until then; where nothing was, its story begins anew.
    pub(crate) fn resume(
        control: CallControl,
        view: Arc<PbxView>,
        resumed: Resumed,
        queues: QueueKeeper,
    ) -> Self {
        let clock = control.clock();
        let now = clock.now();
        let age = (now - resumed.started_at).to_std().unwrap_or_default();
        let since = clock.instant().checked_sub(age).unwrap_or_else(|| clock.instant());
        let woken = Arc::<Notify>::default();
        let noted = control.spool().noted(resumed.call);
        let state = State::resumed(noted, resumed.cursor, resumed.told, resumed.started_at);
        {
            let slot = control.presence().pbx(view.snapshot.pbx);
            let mut phones = presence::lock(&slot);
            phones.floor.enter(resumed.call, &woken);
            let moment = Moment { instant: clock.instant(), day: local_time(&view.snapshot.zone, now).day };
            let (event, cursor) = (Event::Woken, state.cursor.as_ref());
            let changed = phones.floor.follow(resumed.call, &view.snapshot, &event, &[], cursor, moment);
            phones.settle(&changed);
        }
        let call = Self {
            inner: Arc::new(Inner {
                id: resumed.call,
                control,
                view,
                from: Some(resumed.from),
                dialled: resumed.dialled,
                started_at: resumed.started_at,
                since,
                hangup: CancellationToken::new(),
                asks: Asks::default(),
                woken,
                queues,
                state: Mutex::new(state),
            }),
        };
        let state = call.inner.lock();
        if let Some(live) = call.inner.live_call(&state) {
            call.inner.note_up(&state, now);
            call.inner.control.live().put(live, &call.inner.hangup, &call.inner.asks);
        }
        drop(state);
        call
    }
}

impl State {
    /// Of a call that outlived us: what was noted of it, and where its engine kept that it stands. What
    /// the engine kept is of its last order to the call; that two talk since is in the note alone.
    fn resumed(noted: Option<Noted>, kept: Cursor, told: usize, started_at: DateTime<Utc>) -> Self {
        let Some(Noted { record, cursor }) = noted else {
            let answered_at = kept.journey.answered.then_some(started_at);
            return Self { answered_at, cursor: Some(kept), ..Self::default() };
        };
        let newer = cursor.filter(|cursor| cursor.other().is_some() && record.trace.len() >= told);
        let cursor = newer.unwrap_or(kept);
        Self {
            answered_at: record.answered_at.or(cursor.journey.answered.then_some(started_at)),
            cursor: Some(cursor),
            trace: record.trace,
            to_extension: record.to_extension,
            outward: record.direction == Direction::Out,
            keys: record.keys,
            ..Self::default()
        }
    }
}
