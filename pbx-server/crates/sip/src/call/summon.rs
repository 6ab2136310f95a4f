//! What somebody in charge asks of a call; phones that ring so that somebody listens in.

use crate::call::leg::Phone;
use crate::call::{CallTask, Side};
use crate::hub::Hub;
use std::sync::Arc;
use tokio::sync::mpsc::unbounded_channel;
use voxera_callcontrol::{Ask, Listen, ListenFault, QueueKeeper, Summons};
use voxera_callflow::{Cause, Event, ListenMode, RingTarget, WhileRinging};
use voxera_model::{CallId, ExtensionId};

/// Phones ring so that somebody listens in.
#[derive(Debug, Clone)]
pub struct Summoned {
    mode: ListenMode,
    /// What they show: a name and a number.
    pub shown: (String, String),
}

impl CallTask {
    pub(super) async fn asked(&mut self, ask: Ask) {
        match ask {
            Ask::Send(ask) if self.handing.is_some() || self.transfer.is_some() => ask.not_now(),
            Ask::Send(ask) => {
                let actions = self.core.send_on(ask);
                self.perform(actions).await;
            }
            Ask::Listen(ask) => self.summon(ask),
        }
    }

    /// Lets the phones of somebody ring who is to listen to this call.
    fn summon(&self, ask: Listen) {
        let id = CallId(uuid::Uuid::now_v7());
        let summons = match self.core.summon(&ask, id, QueueKeeper::Core) {
            Ok(summons) => summons,
            Err(why) => return ask.refuse(why),
        };
        if ring(&self.hub, id, ask.by, summons).is_some() {
            ask.done();
        } else {
            ask.refuse(ListenFault::Busy);
        }
    }

    /// What became of the phones that ring.
    pub(super) async fn summons_heard(&mut self, summoned: Summoned, event: &Event) {
        if !matches!(event, Event::Answered { .. }) {
            // Nothing began, and nothing is kept.
            return self.hang_up(Cause::Normal);
        }
        self.caller = self.callee.take();
        let actions = self.core.begin(summoned.mode);
        if let Err(error) = self.open_sound(Side::Caller) {
            tracing::error!(%error, "no ports for sound");
        }
        self.perform(actions).await;
    }
}

/// `None`: there is no place for one more call.
fn ring(hub: &Arc<Hub>, id: CallId, by: ExtensionId, summons: Summons) -> Option<()> {
    let Summons { call, number, devices, on, mode, shown, .. } = summons;
    let (own, inbox) = unbounded_channel();
    let limits = hub.config.limits;
    let phone = Phone::Device(*devices.first()?);
    if hub.stopping.is_cancelled() {
        return None;
    }
    let seat = hub.book.enter(id, phone, own.clone(), (limits.calls, limits.calls_per_device))?;
    let snapshot = &call.view().snapshot;
    let (realm, name) = (snapshot.realm.clone(), snapshot.extensions.get(&number)?.name.clone());
    let mut task = CallTask::new(hub, id, call, realm, (own, inbox), None, seat);
    task.summoned = Some(Summoned { mode, shown });
    task.listens_to = Some(on);
    let target = RingTarget::Extension { extension: by, number, name, devices };
    hub.calls.spawn(async move {
        task.ring(vec![target], Summons::RING_FOR, WhileRinging::Unchanged).await;
        task.run(Vec::new()).await;
    });
    Some(())
}
