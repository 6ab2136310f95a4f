//! What somebody in charge asks of a call: decided here and in the core, done by the engine.

use super::state::State;
use super::{Call, Inner, QueueKeeper};
use crate::ask::{Ask, Listen, ListenFault, Send};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;
use voxera_callflow::{Action, Event, ListenMode, Peer, Reason};
use voxera_model::{CallId, DeviceId, Dialled, ExtensionNumber, Key, Locale, Seconds};

/// The way of wishes to the engine.
#[derive(Debug)]
pub(crate) struct Asks {
    pub(crate) way: UnboundedSender<Ask>,
    end: Mutex<Option<UnboundedReceiver<Ask>>>,
}

impl Default for Asks {
    fn default() -> Self {
        let (way, end) = unbounded_channel();
        Self { way, end: Mutex::new(Some(end)) }
    }
}

/// Phones that are to ring so that somebody listens in. Nothing is shown or kept of it until one is
/// picked up.
#[derive(Debug)]
pub struct Summons {
    /// The call that begins then, by [`Call::begin`]; its engine gave it this id.
    pub call: Call,
    /// Who is called.
    pub number: ExtensionNumber,
    pub name: String,
    pub devices: Vec<DeviceId>,
    /// The call that is listened to.
    pub on: CallId,
    pub mode: ListenMode,
    /// What the phones show: why they ring, and the code that does the same.
    pub shown: (String, String),
}

impl Summons {
    /// How long the phones ring.
    pub const RING_FOR: Seconds = Seconds(25);
}

impl Call {
    /// What somebody in charge asks, for the engine; `None`: it was taken already. Ends with the call.
    #[must_use]
    pub fn asks(&self) -> Option<UnboundedReceiver<Ask>> {
        self.inner.asks.end.lock().ok()?.take()
    }

    /// Sends one side on. Empty: it was refused, the call goes on as it was, and whoever asked knows
    /// why.
    #[must_use = "an engine does what the core decides"]
    pub fn send_on(&self, ask: Send) -> Vec<Action> {
        let (actions, said) =
            self.decide(&Event::Sent { party: ask.party, to: ask.to.clone() }, false, |trace| {
                trace.iter().find_map(|entry| match &entry.reason {
                    Reason::SendRefused { why, .. } => Some(Err(*why)),
                    Reason::Parked { slot, .. } => Some(Ok(*slot)),
                    _ => None,
                })
            });
        match said {
            Some(Err(why)) => ask.refuse(why),
            _ if actions.is_empty() => ask.not_now(),
            Some(Ok(slot)) => ask.done(Some(slot)),
            None => ask.done(None),
        }
        actions
    }

    /// Whether somebody may listen in on this call now, and what is to ring. The core decides again
    /// when a phone is picked up.
    pub fn summon(&self, ask: &Listen, id: CallId, queues: QueueKeeper) -> Result<Summons, ListenFault> {
        let control = &self.inner.control;
        let pbx = self.inner.view.snapshot.pbx;
        // The right may have come or gone since the call began.
        let view = control.directory().by_id(pbx).ok_or(ListenFault::NotTalking)?;
        let snapshot = &view.snapshot;
        let (number, extension) = snapshot.extension(ask.by).ok_or(ListenFault::UnknownExtension)?;
        let user = extension.user().ok_or(ListenFault::UnknownExtension)?;
        if !user.may_listen {
            return Err(ListenFault::MayNot);
        }
        let cursor = self.cursor().ok_or(ListenFault::NotTalking)?;
        let other = cursor.other().ok_or(ListenFault::NotTalking)?;
        let own = |peer: &Peer| match peer {
            Peer::Extension(number) => Some(number.clone()),
            Peer::Outside(_) => None,
        };
        let sides = [own(&other), own(&cursor.from)];
        if sides.iter().flatten().any(|side| side == number) {
            return Err(ListenFault::OwnCall);
        }
        let whom = sides.into_iter().flatten().next().ok_or(ListenFault::NotTalking)?;
        let availability = control.presence().availability(pbx);
        if availability.get(&ask.by).is_none_or(|at| at.online == 0) {
            return Err(ListenFault::Offline);
        }
        let devices = extension.devices().to_vec();
        let code = format!("*88{whom}");
        let name = snapshot.extensions.get(&whom).map_or_else(|| whom.to_string(), |of| of.name.to_string());
        let word = match snapshot.language {
            Locale::Sv => "Lyssna",
            Locale::En => "Listen",
        };
        let call = Self::waiting(self, &view, id, number.clone(), Dialled::parse(&code), queues);
        Ok(Summons {
            call,
            number: number.clone(),
            name: extension.name.to_string(),
            devices,
            on: self.id(),
            mode: ask.mode,
            shown: (format!("{word} {name}"), code),
        })
    }

    /// A call that begins when a phone is picked up.
    fn waiting(
        &self,
        view: &Arc<crate::directory::PbxView>,
        id: CallId,
        from: ExtensionNumber,
        dialled: Dialled,
        queues: QueueKeeper,
    ) -> Self {
        let control = self.inner.control.clone();
        let (started_at, since) = (control.clock().now(), control.clock().instant());
        // Nothing to be kept of it yet.
        let state = State { recorded: true, ..State::default() };
        Self {
            inner: Arc::new(Inner {
                id,
                control,
                view: Arc::clone(view),
                from: Some(Peer::Extension(from)),
                dialled,
                started_at,
                since,
                hangup: CancellationToken::new(),
                asks: Asks::default(),
                woken: Arc::default(),
                queues,
                state: Mutex::new(state),
            }),
        }
    }

    /// A phone was picked up: the call of [`Summons`] begins, as if the person had dialled the code and
    /// pressed the key of the mode.
    #[must_use = "an engine does what the core decides"]
    pub fn begin(&self, mode: ListenMode) -> Vec<Action> {
        let inner = &*self.inner;
        inner.lock().recorded = false;
        let Some(from) = inner.from.clone() else { return Vec::new() };
        let mut actions = self.take(&Event::Arrived { from, dialled: inner.dialled.clone() }, true);
        let key = match mode {
            ListenMode::Listen => None,
            ListenMode::Whisper => Key::new('2'),
            ListenMode::Barge => Key::new('3'),
        };
        if let Some(key) = key.filter(|_| !self.is_over()) {
            actions.extend(self.take(&Event::Key { key }, false));
        }
        actions
    }
}
