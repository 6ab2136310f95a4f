//! The messages of every mailbox, in memory: calls listen to them and lamps show them while the
//! database is down.

use crate::call::local_time;
use crate::live::{Live, LiveEvent};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
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
    /// What was done by phone, until the database is seen to know it.
    deeds: Vec<Done>,
}

#[derive(Debug, Clone, Copy)]
struct Done {
    message: MessageId,
    deed: Deed,
    /// The database has done it, though what was read from it may be older.
    stored: bool,
}

/// One message. The newest of a mailbox is first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) message: MessageId,
    pub(crate) mailbox: ExtensionId,
    pub(crate) heard: bool,
    pub(crate) from: Option<String>,
    pub(crate) received: DateTime<Utc>,
    /// Since when it is known that the database has it; `None`: it is still on its way there.
    pub(crate) stored: Option<Instant>,
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

impl Boxes {
    const fn new(tenant: TenantId, customer: CustomerId) -> Self {
        Self { tenant, customer, of: BTreeMap::new(), deeds: Vec::new() }
    }
}

impl Held {
    /// A message as it was left.
    fn left(new: &voxera_store::NewMessage) -> Self {
        Self {
            message: new.id,
            mailbox: new.mailbox,
            heard: false,
            from: new.from_name.as_ref().map(ToString::to_string).or_else(|| new.from_number.clone()),
            received: new.received_at,
            stored: None,
        }
    }
}

fn newest_first(held: &Held) -> std::cmp::Reverse<(DateTime<Utc>, MessageId)> {
    std::cmp::Reverse((held.received, held.message))
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
        if let Some(boxes) = self.lock().get_mut(&pbx) {
            boxes.deeds.retain(|done| done.message != message || done.deed == Deed::Delete);
        }
    }

    /// A message was deleted in the database, by somebody in the portal.
    pub fn deleted(&self, pbx: PbxId, mailbox: ExtensionId, message: MessageId) {
        self.edit(pbx, mailbox, |all| all.retain(|held| held.message != message));
    }

    /// A caller left a message.
    pub(crate) fn add(&self, snapshot: &Snapshot, new: &voxera_store::NewMessage) {
        let held = Held::left(new);
        let fresh = || Boxes::new(snapshot.tenant, snapshot.customer);
        self.lock().entry(snapshot.pbx).or_insert_with(fresh);
        self.edit(snapshot.pbx, new.mailbox, |all| all.insert(0, held));
    }

    /// The database has this message now. A new one may be unknown here: left before a restart.
    pub(crate) fn stored(
        &self,
        tenant: TenantId,
        customer: CustomerId,
        pbx: PbxId,
        message: &voxera_store::NewMessage,
        new: bool,
    ) {
        let mut pbxs = self.lock();
        let boxes = pbxs.entry(pbx).or_insert_with(|| Boxes::new(tenant, customer));
        let gone = boxes.deeds.iter().any(|done| done.message == message.id && done.deed == Deed::Delete);
        let all = boxes.of.entry(message.mailbox).or_default();
        if let Some(held) = all.iter_mut().find(|held| held.message == message.id) {
            held.stored = Some(Instant::now());
        } else if new && !gone {
            all.push(Held { stored: Some(Instant::now()), ..Held::left(message) });
            all.sort_by_key(newest_first);
            drop(pbxs);
            // Nobody listens: no fault.
            drop(self.changes.send((pbx, message.mailbox)));
        }
    }

    /// The database has done what was done by phone.
    pub(crate) fn done(&self, todo: &Todo) {
        let mut pbxs = self.lock();
        let deeds = pbxs.get_mut(&todo.pbx).into_iter().flat_map(|boxes| &mut boxes.deeds);
        deeds
            .filter(|done| (done.message, done.deed) == (todo.message, todo.deed))
            .for_each(|done| done.stored = true);
    }

    /// What the database held for a PBX when it was asked, at `asked`; messages on their way there stay,
    /// and those that have come there since.
    pub(crate) fn replace(
        &self,
        asked: Instant,
        tenant: TenantId,
        customer: CustomerId,
        pbx: PbxId,
        mut messages: Vec<Held>,
    ) {
        let mut pbxs = self.lock();
        let Boxes { of: before, mut deeds, .. } =
            pbxs.remove(&pbx).unwrap_or_else(|| Boxes::new(tenant, customer));
        deeds.retain(|done| {
            let found = messages.iter().find(|held| held.message == done.message);
            let known = match done.deed {
                Deed::Heard => found.is_none_or(|held| held.heard),
                Deed::Delete => found.is_none(),
            };
            !(done.stored && known)
        });
        for done in &deeds {
            match done.deed {
                Deed::Heard => messages
                    .iter_mut()
                    .filter(|held| held.message == done.message)
                    .for_each(|held| held.heard = true),
                Deed::Delete => messages.retain(|held| held.message != done.message),
            }
        }
        let mut of: BTreeMap<ExtensionId, Vec<Held>> = BTreeMap::new();
        for held in messages {
            of.entry(held.mailbox).or_default().push(held);
        }
        let newer = |held: &&Held| held.stored.is_none_or(|stored| stored >= asked);
        for held in before.values().flatten().filter(newer) {
            let all = of.entry(held.mailbox).or_default();
            if all.iter().all(|known| known.message != held.message) {
                all.push(held.clone());
            }
        }
        for all in of.values_mut() {
            all.sort_by_key(newest_first);
        }
        let shape = |of: &BTreeMap<ExtensionId, Vec<Held>>, mailbox: ExtensionId| {
            of.get(&mailbox).map(|all| all.iter().map(|held| (held.message, held.heard)).collect::<Vec<_>>())
        };
        let touched: Vec<ExtensionId> = before.keys().chain(of.keys()).copied().collect();
        let changed: std::collections::BTreeSet<ExtensionId> =
            touched.into_iter().filter(|mailbox| shape(&before, *mailbox) != shape(&of, *mailbox)).collect();
        pbxs.insert(pbx, Boxes { tenant, customer, of, deeds });
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
                all.iter_mut().filter(|held| held.message == message).for_each(|held| held.heard = true);
            }
            Deed::Delete => all.retain(|held| held.message != message),
        });
        if let Some((tenant, customer)) = owner {
            if let Some(boxes) = self.lock().get_mut(&pbx) {
                boxes.deeds.push(Done { message, deed, stored: false });
            }
            // The job that does it ends with us.
            let _ = self.todo.send(Todo { tenant, customer, pbx, message, deed });
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;
    use uuid::Uuid;
    use voxera_model::{Name, Realm};

    #[test]
    fn a_reload_keeps_what_the_database_does_not_know_yet() {
        let (mailboxes, mut work) = Mailboxes::new(Arc::default());
        let (tenant, customer) = (TenantId(Uuid::from_u128(1)), CustomerId(Uuid::from_u128(2)));
        let (pbx, mailbox) = (PbxId(Uuid::from_u128(3)), ExtensionId(Uuid::from_u128(4)));
        let realm = Realm::parse("akes.pbx.localhost").unwrap();
        let snapshot = Snapshot::new(tenant, customer, pbx, Name::parse("Bageriet").unwrap(), realm);
        let left = |id| voxera_store::NewMessage {
            id: MessageId(Uuid::from_u128(id)),
            mailbox,
            call: None,
            from_number: None,
            from_name: None,
            from_extension: None,
            received_at: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
            millis: 4200,
            bytes: 0,
            peaks: Vec::new(),
        };
        let stored = |id| Held { stored: Some(Instant::now()), ..Held::left(&left(id)) };
        let reload = |messages| mailboxes.replace(Instant::now(), tenant, customer, pbx, messages);
        let counts = || mailboxes.counts(pbx, mailbox);

        reload(vec![stored(1), stored(2)]);
        mailboxes.add(&snapshot, &left(3));
        reload(vec![stored(1), stored(2)]);
        assert_eq!(counts(), (3, 0), "the third is on its way");
        mailboxes.stored(tenant, customer, pbx, &left(3), true);
        mailboxes.mark_heard(pbx, mailbox, left(1).id);
        mailboxes.delete(pbx, mailbox, left(2).id);
        let all = || vec![stored(1), stored(2), stored(3)];
        reload(all());
        assert_eq!(counts(), (1, 1), "read before the database did it");
        while let Ok(todo) = work.try_recv() {
            mailboxes.done(&todo);
        }
        reload(all());
        assert_eq!(counts(), (1, 1), "read before, told after");
        let heard = || Held { heard: true, ..stored(1) };
        reload(vec![heard(), stored(3)]);
        assert_eq!(counts(), (1, 1));
        reload(vec![stored(1), stored(3)]);
        assert_eq!(counts(), (2, 0), "somebody marked it new again elsewhere");

        // Left before a restart, so that nobody here knew it.
        let asked = Instant::now();
        mailboxes.stored(tenant, customer, pbx, &left(4), true);
        assert_eq!(counts(), (3, 0));
        mailboxes.replace(asked, tenant, customer, pbx, vec![stored(1), stored(3)]);
        assert_eq!(counts(), (3, 0), "it came there after the database was asked");
        reload(vec![stored(1), stored(3)]);
        assert_eq!(counts(), (2, 0), "it is gone from there");
    }
}
