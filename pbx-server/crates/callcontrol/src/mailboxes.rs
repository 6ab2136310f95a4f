//! The messages of every mailbox, in memory: calls listen to them and lamps show them while the
//! database is down.

use crate::call::local_time;
use crate::live::{Live, LiveEvent};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{broadcast, mpsc};
use voxera_callflow::{MessageFacts, Snapshot};
use voxera_model::{CustomerId, ExtensionId, MessageId, PbxId, TenantId, Zone};

/// Changes that a slow reader may fall behind.
const BACKLOG: usize = 1024;

/// All mailboxes.
#[derive(Debug)]
pub struct Mailboxes {
    pbxs: Mutex<HashMap<PbxId, Boxes>>,
    changes: broadcast::Sender<(PbxId, ExtensionId)>,
    /// What was done by phone, on its way to the database.
    todo: mpsc::UnboundedSender<Todo>,
    live: Arc<Live>,
}

#[derive(Debug)]
struct Boxes {
    tenant: TenantId,
    customer: CustomerId,
    of: BTreeMap<ExtensionId, Vec<Held>>,
}

/// One message. The newest of a mailbox is first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) message: MessageId,
    pub(crate) mailbox: ExtensionId,
    pub(crate) heard: bool,
    pub(crate) from: Option<String>,
    pub(crate) received: DateTime<Utc>,
    /// The database knows it; otherwise it is still on its way there.
    pub(crate) stored: bool,
}

/// Something that the database is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Todo {
    pub(crate) tenant: TenantId,
    pub(crate) customer: CustomerId,
    pub(crate) pbx: PbxId,
    pub(crate) message: MessageId,
    pub(crate) deed: Deed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Heard,
    Delete,
}

impl Mailboxes {
    pub(crate) fn new(live: Arc<Live>) -> (Self, mpsc::UnboundedReceiver<Todo>) {
        let (todo, work) = mpsc::unbounded_channel();
        (Self { pbxs: Mutex::default(), changes: broadcast::channel(BACKLOG).0, todo, live }, work)
    }

    /// New and old messages of a mailbox.
    #[must_use]
    pub fn counts(&self, pbx: PbxId, mailbox: ExtensionId) -> (u32, u32) {
        let pbxs = self.lock();
        let held = pbxs.get(&pbx).and_then(|boxes| boxes.of.get(&mailbox)).map_or(&[][..], Vec::as_slice);
        let old = held.iter().filter(|held| held.heard).count();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        (number(held.len() - old), number(old))
    }

    /// Mailboxes whose counts may have changed, from now on.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<(PbxId, ExtensionId)> {
        self.changes.subscribe()
    }

    /// A message was listened to by phone.
    pub fn mark_heard(&self, pbx: PbxId, mailbox: ExtensionId, message: MessageId) {
        self.by_phone(pbx, mailbox, message, Deed::Heard);
    }

    /// A message was deleted by phone.
    pub fn delete(&self, pbx: PbxId, mailbox: ExtensionId, message: MessageId) {
        self.by_phone(pbx, mailbox, message, Deed::Delete);
    }

    /// A message was marked in the database, by somebody in the portal.
    pub fn marked(&self, pbx: PbxId, mailbox: ExtensionId, message: MessageId, heard: bool) {
        self.edit(pbx, mailbox, |all| {
            all.iter_mut().filter(|held| held.message == message).for_each(|held| held.heard = heard);
        });
    }

    /// A message was deleted in the database, by somebody in the portal.
    pub fn deleted(&self, pbx: PbxId, mailbox: ExtensionId, message: MessageId) {
        self.edit(pbx, mailbox, |all| all.retain(|held| held.message != message));
    }

    /// A caller left a message.
    pub(crate) fn add(&self, snapshot: &Snapshot, new: &voxera_store::NewMessage) {
        let held = Held {
            message: new.id,
            mailbox: new.mailbox,
            heard: false,
            from: new.from_name.as_ref().map(ToString::to_string).or_else(|| new.from_number.clone()),
            received: new.received_at,
            stored: false,
        };
        let fresh = || Boxes { tenant: snapshot.tenant, customer: snapshot.customer, of: BTreeMap::new() };
        self.lock().entry(snapshot.pbx).or_insert_with(fresh);
        self.edit(snapshot.pbx, new.mailbox, |all| all.insert(0, held));
    }

    /// The database has this message now.
    pub(crate) fn stored(&self, pbx: PbxId, mailbox: ExtensionId, message: MessageId) {
        let mut pbxs = self.lock();
        let held = pbxs.get_mut(&pbx).and_then(|boxes| boxes.of.get_mut(&mailbox)).into_iter().flatten();
        held.filter(|held| held.message == message).for_each(|held| held.stored = true);
    }

    /// What the database holds for a PBX; messages on their way there stay.
    pub(crate) fn replace(&self, tenant: TenantId, customer: CustomerId, pbx: PbxId, messages: Vec<Held>) {
        let mut of: BTreeMap<ExtensionId, Vec<Held>> = BTreeMap::new();
        for held in messages {
            of.entry(held.mailbox).or_default().push(held);
        }
        let mut pbxs = self.lock();
        let before = pbxs.remove(&pbx).map(|boxes| boxes.of).unwrap_or_default();
        for held in before.values().flatten().filter(|held| !held.stored) {
            let all = of.entry(held.mailbox).or_default();
            if all.iter().all(|known| known.message != held.message) {
                all.push(held.clone());
            }
        }
        for all in of.values_mut() {
            all.sort_by_key(|held| std::cmp::Reverse((held.received, held.message)));
        }
        let shape = |of: &BTreeMap<ExtensionId, Vec<Held>>, mailbox: ExtensionId| {
            of.get(&mailbox).map(|all| all.iter().map(|held| (held.message, held.heard)).collect::<Vec<_>>())
        };
        let touched: Vec<ExtensionId> = before.keys().chain(of.keys()).copied().collect();
        let changed: std::collections::BTreeSet<ExtensionId> =
            touched.into_iter().filter(|mailbox| shape(&before, *mailbox) != shape(&of, *mailbox)).collect();
        pbxs.insert(pbx, Boxes { tenant, customer, of });
        drop(pbxs);
        for mailbox in changed {
            // Nobody listens: no fault.
            drop(self.changes.send((pbx, mailbox)));
        }
    }

    /// A PBX is gone.
    pub(crate) fn remove(&self, pbx: PbxId) {
        self.lock().remove(&pbx);
    }

    /// Every mailbox with anything in it, as the core sees it.
    pub(crate) fn facts(&self, pbx: PbxId, zone: &Zone) -> BTreeMap<ExtensionId, Vec<MessageFacts>> {
        let pbxs = self.lock();
        let Some(boxes) = pbxs.get(&pbx) else { return BTreeMap::new() };
        let fact = |held: &Held| MessageFacts {
            message: held.message,
            heard: held.heard,
            from: held.from.clone(),
            received: local_time(zone, held.received),
        };
        boxes.of.iter().map(|(mailbox, all)| (*mailbox, all.iter().map(fact).collect())).collect()
    }

    fn by_phone(&self, pbx: PbxId, mailbox: ExtensionId, message: MessageId, deed: Deed) {
        let owner = self.edit(pbx, mailbox, |all| match deed {
            Deed::Heard => {
                all.iter_mut().filter(|held| held.message == message).for_each(|held| held.heard = true)
            }
            Deed::Delete => all.retain(|held| held.message != message),
        });
        if let Some((tenant, customer)) = owner {
            // The job that does it ends with us.
            drop(self.todo.send(Todo { tenant, customer, pbx, message, deed }));
        }
    }

    /// Changes a mailbox and tells of it; whose it is.
    fn edit(
        &self,
        pbx: PbxId,
        mailbox: ExtensionId,
        change: impl FnOnce(&mut Vec<Held>),
    ) -> Option<(TenantId, CustomerId)> {
        let (tenant, customer) = {
            let mut pbxs = self.lock();
            let boxes = pbxs.get_mut(&pbx)?;
            let all = boxes.of.entry(mailbox).or_default();
            change(all);
            if all.is_empty() {
                boxes.of.remove(&mailbox);
            }
            (boxes.tenant, boxes.customer)
        };
        // Nobody listens: no fault.
        drop(self.changes.send((pbx, mailbox)));
        self.live.publish(LiveEvent::Mailbox { tenant, customer, pbx, mailbox });
        Some((tenant, customer))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PbxId, Boxes>> {
        self.pbxs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
