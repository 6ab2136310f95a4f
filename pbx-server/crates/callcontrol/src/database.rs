//! What this crate wants of the store, in one place.

use crate::backoff::Backoff;
use crate::directory::PbxConfig;
use crate::items::{Item, Kept, Listening};
use crate::mailboxes::{Deed, Held, Todo};
use crate::record::CallEnded;
use crate::security::AuditLine;
use std::collections::HashSet;
use std::time::Instant;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use voxera_model::{CallId, CustomerId, PbxId, TenantId};
use voxera_store::{
    ActorKind, Added, CallRecord, Change, Media, MessageFilter, NewAudit, NodeSecret, Page, Sort, Store,
    StoreError,
};

/// The store, as this crate uses it.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    store: Store,
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// The database does not answer: everything waits.
    #[error("the database does not answer: {0}")]
    Down(String),
    /// This failed, and may work later.
    #[error("{0}")]
    Failed(String),
    /// This will never work: whom it belongs to is gone.
    #[error("{0}")]
    Never(String),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let words = error.to_string();
        match error {
            StoreError::Unavailable(_) => Self::Down(words),
            StoreError::NotFound | StoreError::Conflict(_) => Self::Never(words),
            StoreError::UnknownSort { .. } | StoreError::Sealed | StoreError::Other(_) => Self::Failed(words),
        }
    }
}

/// Every PBX.
pub(crate) struct All {
    pub(crate) configs: Vec<PbxConfig>,
    /// Tenants that cannot be read.
    pub(crate) unread: Vec<TenantId>,
}

/// Changes of configuration, as they are committed. Connects again by itself, and then says
/// [`Change::Everything`], because news may have been missed.
pub(crate) struct Changes {
    news: mpsc::UnboundedReceiver<Change>,
    _job: AbortOnDropHandle<()>,
}

impl Database {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    /// Every PBX of every tenant.
    pub(crate) async fn all(&self) -> Result<All, Refusal> {
        let all = self.store.all_configs().await?;
        Ok(All { configs: all.configs, unread: all.failed })
    }

    /// One PBX; `None`: it is gone.
    pub(crate) async fn pbx(&self, tenant: TenantId, pbx: PbxId) -> Result<Option<PbxConfig>, Refusal> {
        let scope = self.store.tenant_scope(tenant).await?;
        Ok(self.store.tenant(&scope).await?.config().pbx(pbx).await?)
    }

    /// Every node that carries calls.
    pub(crate) async fn nodes(&self) -> Result<Vec<NodeSecret>, Refusal> {
        Ok(self.store.platform().await?.nodes().secrets().await?)
    }

    /// The changes from now on; the first is [`Change::Everything`].
    pub(crate) fn changes(&self) -> Changes {
        let (sender, news) = mpsc::unbounded_channel();
        let job = tokio::spawn(listen(self.store.clone(), sender));
        Changes { news, _job: AbortOnDropHandle::new(job) }
    }

    /// Keeps calls of one tenant, all or none; returns those whose company is gone. A call that is
    /// there already stays as it is.
    pub(crate) async fn insert_calls(
        &self,
        tenant: TenantId,
        calls: &[CallEnded],
    ) -> Result<HashSet<CallId>, Refusal> {
        let records: Vec<CallRecord> = calls.iter().map(record).collect();
        let scope = self.store.tenant_scope(tenant).await?;
        let mut tx = self.store.tenant(&scope).await?;
        let inserted = tx.calls().insert(&records).await?;
        tx.commit().await?;
        Ok(inserted.orphaned.into_iter().collect())
    }

    /// Keeps what a call left. A second time changes nothing.
    pub(crate) async fn keep(&self, item: &Item) -> Result<Added, Refusal> {
        let scope = self.store.tenant_scope(item.tenant).await?.for_customer(item.customer);
        let mut tx = self.store.tenant(&scope).await?;
        let added = match &item.kept {
            Kept::Message { message } => tx.messages(item.pbx).insert(message).await?,
            Kept::Recording { recording } => tx.recordings(item.pbx).insert(recording).await?,
            Kept::Callback { callback } => tx.callbacks(item.pbx).insert(callback).await?,
            Kept::Listening { listening } => {
                tx.audit().append(listened(item, listening)).await?;
                Added::New
            }
        };
        tx.commit().await?;
        Ok(added)
    }

    /// Does in the database what was done by phone.
    pub(crate) async fn mailbox_deed(&self, todo: &Todo) -> Result<(), Refusal> {
        let scope = self.store.tenant_scope(todo.tenant).await?.for_customer(todo.customer);
        let mut tx = self.store.tenant(&scope).await?;
        match todo.deed {
            Deed::Heard => tx.messages(todo.pbx).set_heard(todo.message, true).await?,
            Deed::Delete => tx.messages(todo.pbx).delete(todo.message).await?,
        }
        Ok(tx.commit().await?)
    }

    /// Every message of a PBX.
    pub(crate) async fn messages(
        &self,
        tenant: TenantId,
        customer: CustomerId,
        pbx: PbxId,
    ) -> Result<Vec<Held>, Refusal> {
        let asked = Instant::now();
        let scope = self.store.tenant_scope(tenant).await?.for_customer(customer);
        let mut tx = self.store.tenant(&scope).await?;
        let mut all = Vec::new();
        loop {
            let page = Page {
                sort: Sort { key: "received_at".into(), descending: true },
                limit: 200,
                offset: u32::try_from(all.len()).unwrap_or(u32::MAX),
                ..Page::default()
            };
            let found = tx.messages(pbx).list(&page, &MessageFilter::default()).await?;
            let done = found.items.is_empty();
            all.extend(found.items.into_iter().map(|message| Held {
                message: message.id,
                mailbox: message.mailbox,
                heard: message.heard_at.is_some(),
                from: message.from_name.map(String::from).or(message.from_number),
                received: message.received_at,
                stored: Some(asked),
            }));
            if done || all.len() as u64 >= found.total {
                return Ok(all);
            }
        }
    }

    /// Keeps refused attempts, all or none.
    pub(crate) async fn audit(&self, lines: &[AuditLine]) -> Result<(), Refusal> {
        let mut tx = self.store.platform().await?;
        for line in lines {
            tx.audit().append(entry(line)).await?;
        }
        Ok(tx.commit().await?)
    }
}

impl Changes {
    /// The next change. Cancelling loses nothing.
    pub(crate) async fn next(&mut self) -> Change {
        // The job ends only with its receiver.
        self.news.recv().await.unwrap_or(Change::Everything)
    }
}

async fn listen(store: Store, news: mpsc::UnboundedSender<Change>) {
    let mut backoff = Backoff::default();
    loop {
        match store.config_changes().await {
            Ok(mut changes) => {
                // Said after listening has begun, so that no change falls in between.
                let mut said = news.send(Change::Everything);
                backoff.reset();
                while said.is_ok() {
                    match changes.next().await {
                        Ok(change) => said = news.send(change),
                        Err(error) => {
                            tracing::warn!(%error, "the database no longer tells of changes");
                            break;
                        }
                    }
                }
                if said.is_err() {
                    return;
                }
            }
            Err(error) => tracing::warn!(%error, "the database does not tell of changes"),
        }
        backoff.fail();
        tokio::time::sleep(backoff.pause().unwrap_or_default()).await;
    }
}

fn record(call: &CallEnded) -> CallRecord {
    let media = Media { caller: call.media.caller, callee: call.media.callee };
    CallRecord {
        id: call.id,
        customer: call.customer,
        pbx: call.pbx,
        started_at: call.started_at,
        answered_at: call.answered_at,
        ended_at: call.ended_at,
        from_number: call.from_number.clone(),
        from_name: call.from_name.clone(),
        from_extension: call.from_extension.clone(),
        to_number: call.to_number.clone(),
        to_name: call.to_name.clone(),
        to_extension: call.to_extension.clone(),
        outcome: call.outcome,
        hung_up_by: call.hung_up_by,
        codec: call.media.codec.clone(),
        media: (media != Media::default()).then_some(media),
        snapshot_version: call.snapshot_version,
        trace: call.trace.clone(),
        direction: call.direction,
        keys: call.keys.clone(),
    }
}

fn listened(item: &Item, listening: &Listening) -> NewAudit {
    NewAudit {
        tenant: Some(item.tenant),
        customer: Some(item.customer),
        actor_account: None,
        actor_kind: ActorKind::Sip,
        actor_label: listening.listener.clone(),
        action: "call.listen".to_owned(),
        resource_type: "call".to_owned(),
        resource_id: listening.on.to_string(),
        before: None,
        after: Some(serde_json::json!({
            "extension": listening.whom,
            "mode": listening.mode,
            "at": listening.at,
        })),
        address: None,
        request_id: None,
    }
}

fn entry(line: &AuditLine) -> NewAudit {
    let (resource_type, resource_id) = match (line.device, line.pbx) {
        (Some(device), _) => ("device", device.to_string()),
        (None, Some(pbx)) => ("pbx", pbx.to_string()),
        (None, None) => ("platform", String::new()),
    };
    NewAudit {
        tenant: line.owner.map(|(tenant, _)| tenant),
        customer: line.owner.map(|(_, customer)| customer),
        actor_account: None,
        actor_kind: ActorKind::Sip,
        actor_label: line.source.map_or_else(|| "many addresses".to_owned(), |source| source.to_string()),
        action: format!("sip.{}", line.kind.as_str()),
        resource_type: resource_type.to_owned(),
        resource_id,
        before: None,
        after: Some(serde_json::json!({ "attempts": line.count, "last_at": line.at })),
        address: line.source,
        request_id: None,
    }
}
