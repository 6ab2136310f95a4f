//! Keeps the directory like the database, and a copy of it on disk for the day the database is down.

use crate::backoff::Backoff;
use crate::database::{All, Changes, Database, Refusal};
use crate::directory::{Directory, PbxConfig, PbxView};
use crate::mailboxes::Mailboxes;
use crate::nodes::Nodes;
use crate::presence::{Presence, Registration, RegistrationChange};
use crate::saved::Saved;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use voxera_model::{CustomerId, PbxId, TenantId};
use voxera_store::Change;

/// Changes that come within this time are loaded together.
const GATHER: Duration = Duration::from_millis(20);
/// The copy on disk is written at most this often.
const SAVE_EVERY: Duration = Duration::from_secs(2);
/// A notice can be lost with its connection; nothing stays wrong longer than this.
const RELOAD_EVERY: Duration = Duration::from_mins(10);

/// The job.
pub(crate) struct Follower {
    pub(crate) database: Database,
    pub(crate) directory: Directory,
    pub(crate) presence: Arc<Presence>,
    pub(crate) mailboxes: Arc<Mailboxes>,
    pub(crate) nodes: Arc<Nodes>,
    pub(crate) saved: Option<Saved>,
}

/// What is still to be loaded.
#[derive(Debug, Default)]
struct Todo {
    everything: bool,
    nodes: bool,
    pbxs: BTreeSet<(TenantId, PbxId)>,
}

impl Follower {
    /// Follows until it is stopped.
    pub(crate) async fn run(self, stop: CancellationToken) {
        if stop.run_until_cancelled(self.follow()).await.is_none() {
            self.save().await;
        }
    }

    async fn follow(&self) {
        let mut backoff = Backoff::default();
        let mut changes = self.database.changes();
        let mut todo = Todo::default();
        loop {
            match self.load(&mut todo).await {
                Ok(()) => backoff.reset(),
                Err(error) => {
                    self.failed(&error, &mut backoff).await;
                    continue;
                }
            }
            let wait = if self.saved.as_ref().is_some_and(Saved::is_due) { SAVE_EVERY } else { RELOAD_EVERY };
            match tokio::time::timeout(wait, changes.next()).await {
                Ok(change) => {
                    todo.add(change);
                    gather(&mut changes, &mut todo).await;
                }
                Err(_) if wait == SAVE_EVERY => self.save().await,
                Err(_) => todo.everything = true,
            }
        }
    }

    async fn failed(&self, error: &Refusal, backoff: &mut Backoff) {
        metrics::counter!("voxera_directory_load_errors_total").increment(1);
        tracing::warn!(%error, pbxs = self.directory.len(), "the configuration cannot be read; calls go on with the last one");
        backoff.fail();
        tokio::time::sleep(backoff.pause().unwrap_or_default()).await;
    }

    /// Loads what is to be loaded; what was loaded is taken off the list.
    async fn load(&self, todo: &mut Todo) -> Result<(), Refusal> {
        if todo.everything {
            self.load_everything().await?;
            *todo = Todo::default();
            return Ok(());
        }
        if todo.nodes {
            self.nodes.configure(self.database.nodes().await?);
            todo.nodes = false;
            self.changed();
        }
        while let Some((tenant, pbx)) = todo.pbxs.first().copied() {
            match self.database.pbx(tenant, pbx).await {
                Ok(Some(config)) => {
                    let customer = config.snapshot.customer;
                    self.apply(config);
                    self.load_messages(tenant, customer, pbx).await;
                }
                Ok(None) | Err(Refusal::Never(_)) => self.remove(pbx),
                Err(error @ (Refusal::Down(_) | Refusal::Failed(_))) => return Err(error),
            }
            todo.pbxs.remove(&(tenant, pbx));
            self.changed();
        }
        Ok(())
    }

    async fn load_everything(&self) -> Result<(), Refusal> {
        let All { configs, unread } = self.database.all().await?;
        let before = self.directory.all();
        // A tenant that cannot be read does not hold up the others, and keeps what it had.
        let kept = before.iter().filter(|view| unread.contains(&view.snapshot.tenant)).cloned();
        self.directory.replace_all(configs.into_iter().map(PbxView::new).map(Arc::new).chain(kept));
        for view in before {
            self.revoke(&view);
        }
        // At once: whoever stops us from here on finds it on disk.
        self.changed();
        self.nodes.configure(self.database.nodes().await?);
        self.changed();
        for view in self.directory.all() {
            let snapshot = &view.snapshot;
            self.load_messages(snapshot.tenant, snapshot.customer, snapshot.pbx).await;
        }
        tracing::info!(pbxs = self.directory.len(), "configuration loaded");
        if unread.is_empty() {
            Ok(())
        } else {
            Err(Refusal::Failed(format!("{} tenants cannot be read", unread.len())))
        }
    }

    /// What cannot be read now stays as it was: it is read again with the next change.
    async fn load_messages(&self, tenant: TenantId, customer: CustomerId, pbx: PbxId) {
        let asked = Instant::now();
        match self.database.messages(tenant, customer, pbx).await {
            Ok(messages) => self.mailboxes.replace(asked, tenant, customer, pbx, messages),
            Err(error) => tracing::warn!(%error, %pbx, "messages cannot be read"),
        }
    }

    fn apply(&self, config: PbxConfig) {
        let before = self.directory.by_id(config.snapshot.pbx);
        self.directory.replace(config);
        if let Some(before) = before {
            self.revoke(&before);
        }
    }

    fn remove(&self, pbx: PbxId) {
        let before = self.directory.by_id(pbx);
        self.directory.remove(pbx);
        self.mailboxes.remove(pbx);
        if let Some(before) = before {
            self.revoke(&before);
        }
    }

    /// Takes phones offline that proved themselves with what is no longer so, or to an engine that no
    /// longer carries their calls; the others move with their extension.
    fn revoke(&self, before: &PbxView) {
        let pbx = before.snapshot.pbx;
        let same = |now: &PbxView| now.snapshot.realm == before.snapshot.realm && now.engine == before.engine;
        let now = self.directory.by_id(pbx).filter(|now| same(now));
        let holds = |registration: &Registration| now.as_ref()?.device(registration.device);
        self.presence.drop_where(pbx, RegistrationChange::Revoked, |registration| {
            match (before.device(registration.device), holds(registration)) {
                (_, None) => true,
                (None, Some(_)) => false,
                (Some(old), Some(new)) => old.ha1_sha256 != new.ha1_sha256,
            }
        });
        self.presence.rehome(pbx, |registration| {
            let number = &holds(registration)?.extension;
            let extension = now.as_ref()?.snapshot.extensions.get(number)?;
            Some((extension.id, number.clone()))
        });
    }

    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; PBXs are far fewer than 2^53")]
    fn changed(&self) {
        metrics::gauge!("voxera_directory_pbxs").set(self.directory.len() as f64);
        if let Some(saved) = &self.saved {
            saved.mark();
        }
    }

    async fn save(&self) {
        if let Some(saved) = &self.saved {
            saved.write(self.directory.all(), self.nodes.secrets()).await;
        }
    }
}

impl Todo {
    fn add(&mut self, change: Change) {
        match change {
            Change::Pbx { tenant, pbx } => drop(self.pbxs.insert((tenant, pbx))),
            Change::Nodes => self.nodes = true,
            Change::Everything => self.everything = true,
        }
    }
}

/// Changes that come together are loaded together: an import of 250 users is one load.
async fn gather(changes: &mut Changes, todo: &mut Todo) {
    let end = tokio::time::Instant::now() + GATHER;
    while let Ok(change) = tokio::time::timeout_at(end, changes.next()).await {
        todo.add(change);
    }
}
