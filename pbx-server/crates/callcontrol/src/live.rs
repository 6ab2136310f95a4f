//! What happens now, for those who may see it.

use crate::ask::{Ask, AskFault, Listen, Send};
use crate::call::Asks;
use crate::presence::{Registration, RegistrationChange};
use crate::record::CallEnded;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{broadcast, oneshot};
use tokio_util::sync::CancellationToken;
use voxera_callflow::{ListenMode, ParkAt, ParkSlot, Party, SendFault, SoundTrouble, Standing, TraceEntry};
use voxera_model::{CallId, CustomerId, Dialled, ExtensionId, ExtensionNumber, Name, PbxId, TenantId};

/// Events that a slow reader may fall behind before it must read everything anew.
const BACKLOG: usize = 4096;

/// A call that is up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveCall {
    pub id: CallId,
    pub tenant: TenantId,
    pub customer: CustomerId,
    pub pbx: PbxId,
    pub from: LiveParty,
    pub to: LiveParty,
    pub state: LiveState,
    /// Where it waits, while it is parked.
    pub parked: Option<LiveParking>,
    pub started_at: DateTime<Utc>,
    pub answered_at: Option<DateTime<Utc>>,
    pub trace: Vec<TraceEntry>,
}

/// One side of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveParty {
    /// As dialled or shown; empty where the caller hides it.
    pub number: String,
    pub name: Option<Name>,
    pub extension: Option<ExtensionNumber>,
    pub sound: LiveSound,
}

/// A call in a slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveParking {
    /// Whoever dials it takes the call.
    pub slot: ParkSlot,
    /// Who waits.
    pub who: LivePerson,
    /// Who parked the call, where it rings when nobody takes it.
    pub by: LivePerson,
    pub since: DateTime<Utc>,
}

/// Somebody, as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LivePerson {
    /// Empty where it is hidden.
    pub number: String,
    pub name: Option<Name>,
    pub extension: Option<ExtensionNumber>,
}

/// Whether one side of a live call is heard, as far as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LiveSound {
    #[default]
    Ok,
    /// Nothing comes from it.
    Trouble { cause: SoundTrouble },
}

/// Where a live call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveState {
    Ringing,
    /// Two people talk.
    Connected,
    /// In a menu, hearing a message, or trying a phone.
    Menu,
    /// In line.
    Waiting,
    /// In a slot, until somebody takes it.
    Parked,
    /// Leaving or listening to messages.
    Voicemail,
    Conference,
    /// Listening in on another call.
    Listening,
    Emergency,
}

impl From<Standing> for LiveState {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Ringing => Self::Ringing,
            Standing::Connected => Self::Connected,
            Standing::Menu | Standing::Testing => Self::Menu,
            Standing::Waiting { .. } => Self::Waiting,
            Standing::Parked { .. } => Self::Parked,
            Standing::Voicemail => Self::Voicemail,
            Standing::Conference { .. } => Self::Conference,
            Standing::Listening => Self::Listening,
            Standing::Emergency => Self::Emergency,
        }
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum LiveEvent {
    /// A call began or changed.
    Call { call: LiveCall },
    /// A call is over.
    Ended { call: CallEnded },
    /// A phone came, stayed or went.
    Registration { change: RegistrationChange, registration: Registration },
    /// Who waits, or who could answer, changed in the queues of a PBX.
    Queues { tenant: TenantId, customer: CustomerId, pbx: PbxId },
    /// A message came, was heard or deleted.
    Mailbox { tenant: TenantId, customer: CustomerId, pbx: PbxId, mailbox: ExtensionId },
    /// A recording can be listened to.
    Recording { tenant: TenantId, customer: CustomerId, pbx: PbxId },
    /// Somebody wants to be called back.
    Callback { tenant: TenantId, customer: CustomerId, pbx: PbxId },
    /// Events were missed: read the lists again.
    Resync,
}

impl LiveEvent {
    /// Whose it is. `None`: everyone's.
    #[must_use]
    pub fn owner(&self) -> Option<(TenantId, CustomerId, PbxId)> {
        match self {
            Self::Call { call } => Some((call.tenant, call.customer, call.pbx)),
            Self::Ended { call } => Some((call.tenant, call.customer, call.pbx)),
            Self::Registration { registration: r, .. } => Some((r.tenant, r.customer, r.pbx)),
            Self::Queues { tenant, customer, pbx }
            | Self::Mailbox { tenant, customer, pbx, .. }
            | Self::Recording { tenant, customer, pbx }
            | Self::Callback { tenant, customer, pbx } => Some((*tenant, *customer, *pbx)),
            Self::Resync => None,
        }
    }
}

/// How much of everything a reader may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiveScope {
    Platform,
    Tenant(TenantId),
    Customer(TenantId, CustomerId),
    Pbx(TenantId, CustomerId, PbxId),
}

impl LiveScope {
    /// Whether something of this owner is inside.
    #[must_use]
    pub fn covers(&self, tenant: TenantId, customer: CustomerId, pbx: PbxId) -> bool {
        match *self {
            Self::Platform => true,
            Self::Tenant(t) => t == tenant,
            Self::Customer(t, c) => t == tenant && c == customer,
            Self::Pbx(t, c, p) => t == tenant && c == customer && p == pbx,
        }
    }
}

/// What became of a request to end a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HangupAnswer {
    /// The engine was told.
    Asked,
    /// There is no such call (any more).
    NoSuchCall,
    /// Nobody ends another's emergency call.
    Emergency,
}

/// The calls that are up, and the feed of changes.
#[derive(Debug)]
pub struct Live {
    calls: Mutex<HashMap<CallId, Entry>>,
    feed: broadcast::Sender<LiveEvent>,
}

#[derive(Debug)]
struct Entry {
    call: LiveCall,
    hangup: CancellationToken,
    asks: UnboundedSender<Ask>,
}

impl Default for Live {
    fn default() -> Self {
        Self { calls: Mutex::default(), feed: broadcast::channel(BACKLOG).0 }
    }
}

impl Live {
    /// The calls in a scope, the oldest first.
    #[must_use]
    pub fn calls(&self, scope: LiveScope) -> Vec<LiveCall> {
        let mut calls: Vec<LiveCall> = self
            .lock()
            .values()
            .map(|entry| &entry.call)
            .filter(|call| scope.covers(call.tenant, call.customer, call.pbx))
            .cloned()
            .collect();
        calls.sort_by_key(|call| (call.started_at, call.id));
        calls
    }

    /// One call.
    #[must_use]
    pub fn call(&self, id: CallId) -> Option<LiveCall> {
        self.lock().get(&id).map(|entry| entry.call.clone())
    }

    /// How many calls are up in a scope.
    #[must_use]
    pub fn count(&self, scope: LiveScope) -> usize {
        let calls = self.lock();
        calls.values().filter(|e| scope.covers(e.call.tenant, e.call.customer, e.call.pbx)).count()
    }

    /// Asks the engine to end a call; see [`crate::Call::hangup_asked`] for its end of it.
    pub fn hangup(&self, id: CallId) -> HangupAnswer {
        match self.lock().get(&id) {
            None => HangupAnswer::NoSuchCall,
            Some(entry) if entry.call.state == LiveState::Emergency => HangupAnswer::Emergency,
            Some(entry) => {
                entry.hangup.cancel();
                HangupAnswer::Asked
            }
        }
    }

    /// Sends one side of a call to another number, and waits for what its engine says; see
    /// [`crate::Call::send_on`].
    pub async fn send_on(&self, id: CallId, party: Party, to: Dialled) -> Result<(), AskFault> {
        self.ask(id, |answer| Ask::Send(Send { party, to, answer })).await.map(|_| ())
    }

    /// Parks one side of a call; the other one leaves. Where it then waits.
    pub async fn park(&self, id: CallId, party: Party, at: ParkAt) -> Result<ParkSlot, AskFault> {
        let to = Dialled::Code(at.to_string());
        let parked = self.ask(id, |answer| Ask::Send(Send { party, to, answer })).await?;
        parked.ok_or(AskFault::Send(SendFault::NotNow))
    }

    /// Lets the phones of `by` ring, so that the person listens in; see [`crate::Call::summon`].
    pub async fn listen(&self, id: CallId, by: ExtensionId, mode: ListenMode) -> Result<(), AskFault> {
        self.ask(id, |answer| Ask::Listen(Listen { by, mode, answer })).await
    }

    async fn ask<T>(
        &self,
        id: CallId,
        ask: impl FnOnce(oneshot::Sender<Result<T, AskFault>>) -> Ask,
    ) -> Result<T, AskFault> {
        let way = match self.lock().get(&id) {
            None => return Err(AskFault::NoSuchCall),
            Some(entry) if entry.call.state == LiveState::Emergency => return Err(AskFault::Emergency),
            Some(entry) => entry.asks.clone(),
        };
        let (answer, answered) = oneshot::channel();
        drop(way.send(ask(answer)));
        // The call ended before its engine looked.
        answered.await.unwrap_or(Err(AskFault::NoSuchCall))
    }

    /// The changes in a scope from now on.
    #[must_use]
    pub fn subscribe(&self, scope: LiveScope) -> LiveFeed {
        LiveFeed { scope, receiver: self.feed.subscribe() }
    }

    pub(crate) fn publish(&self, event: LiveEvent) {
        // No reader is no fault.
        drop(self.feed.send(event));
    }

    pub(crate) fn put(&self, call: LiveCall, hangup: &CancellationToken, asks: &Asks) {
        let entry = Entry { call: call.clone(), hangup: hangup.clone(), asks: asks.way.clone() };
        self.lock().insert(call.id, entry);
        self.publish(LiveEvent::Call { call });
    }

    pub(crate) fn take(&self, id: CallId) {
        self.lock().remove(&id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CallId, Entry>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One reader's changes.
#[derive(Debug)]
pub struct LiveFeed {
    scope: LiveScope,
    receiver: broadcast::Receiver<LiveEvent>,
}

impl LiveFeed {
    /// The next change that the reader may see; [`LiveEvent::Resync`] when it fell behind. `None`:
    /// the server stops. Cancelling loses nothing.
    pub async fn next(&mut self) -> Option<LiveEvent> {
        loop {
            match self.receiver.recv().await {
                Ok(event) => match event.owner() {
                    Some((tenant, customer, pbx)) if !self.scope.covers(tenant, customer, pbx) => {}
                    Some(_) | None => return Some(event),
                },
                Err(broadcast::error::RecvError::Lagged(_)) => return Some(LiveEvent::Resync),
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}
