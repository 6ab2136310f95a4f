//! What an engine holds: the way in to everything of this crate.

use crate::backoff::Backoff;
use crate::call::{Arrival, Call, QueueKeeper, Resumed};
use crate::clock::{Clock, ClockWatch};
use crate::database::{Database, Refusal};
use crate::directory::{Directory, PbxView};
use crate::follow::Follower;
use crate::items::{Carrier, Item, Items, Kept, Listening};
use crate::lines::{LineState, Lines};
use crate::live::{Live, LiveScope};
use crate::mailboxes::{Mailboxes, Todo};
use crate::nodes::Nodes;
use crate::presence::Presence;
use crate::queues::Queues;
use crate::saved::Saved;
use crate::security::{Aggregate, AuditLine, SecurityEvent};
use crate::spool::{Shipper, Spool};
use chrono::Utc;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{Notify, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use uuid::Uuid;
use voxera_audio::Library;
use voxera_callflow::{Action, ListenMode};
use voxera_model::{CallId, Engine, ExtensionNumber, PbxId, TrunkId};
use voxera_store::{NodeSecret, SealKey, Store};

/// How often phones that were not heard of are looked for.
const EXPIRE_EVERY: Duration = Duration::from_secs(1);
/// How long a stop waits for the database before it leaves the rest to the next start.
const LAST_DELIVERY: Duration = Duration::from_secs(5);

/// How to run.
#[derive(Debug, Clone)]
pub struct CallControlConfig {
    /// Where the spool and the last good configuration lie; made (mode 0700) when missing.
    pub state_dir: PathBuf,
    /// Seals the last good configuration. `None`: no copy is kept, and a start without the database
    /// knows no PBX.
    pub seal_key: Option<SealKey>,
    /// Where messages and recordings lie. `None`: their sizes and outlines stay unknown, and files
    /// that nobody needs stay.
    pub library: Option<Library>,
    /// The time that calls go by. Registrations go by the machine's.
    pub clock: Clock,
}

impl CallControlConfig {
    /// With a state directory, and nothing else.
    pub fn new(state_dir: impl Into<PathBuf>) -> Self {
        let (state_dir, clock) = (state_dir.into(), Clock::default());
        Self { state_dir, seal_key: None, library: None, clock }
    }
}

/// Why it does not run.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot use the state directory {path}: {source}")]
    StateDir { path: PathBuf, source: std::io::Error },
}

/// How it is doing, for the status page and `voxera doctor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ControlStatus {
    /// Records on disk or in memory that are not in the database yet.
    pub spooled: u64,
    /// Records that the database refused since the start, put aside on disk.
    pub dead_letters: u64,
    pub pbxs: usize,
    pub registrations: usize,
    pub calls: usize,
}

/// Decides, counts, shows and records calls. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CallControl {
    shared: Arc<Shared>,
    /// The whole one, or what one of two engines sees of it.
    directory: Directory,
}

#[derive(Debug)]
struct Shared {
    directory: Directory,
    presence: Arc<Presence>,
    lines: Lines,
    nodes: Arc<Nodes>,
    live: Arc<Live>,
    mailboxes: Arc<Mailboxes>,
    items: Arc<Items>,
    library: Option<Library>,
    /// What was done by phone; taken by the job that does it in the database.
    deeds: Mutex<Option<UnboundedReceiver<Todo>>>,
    spool: Arc<Spool>,
    security: Arc<Security>,
    clock: Clock,
    /// Waits for the store; taken by the job that follows it.
    saved: Mutex<Option<Saved>>,
    attached: AtomicBool,
    jobs: TaskTracker,
    stop: CancellationToken,
    /// Jobs do not outlive the last handle.
    _stop_with_us: DropGuard,
}

/// Refused attempts on their way to the audit.
#[derive(Debug, Default)]
struct Security {
    aggregate: Mutex<Aggregate>,
    ready: Notify,
}

impl CallControl {
    /// Starts from the last good configuration on disk, then follows the store. Without a store
    /// that configuration stays and records wait in the spool, until one is attached. Never waits
    /// for the database.
    pub async fn start(config: CallControlConfig, store: Option<Store>) -> Result<Self, StartError> {
        let path = config.state_dir;
        let saved = config.seal_key.map(|key| Saved::new(&path, key));
        let dir = path.clone();
        let library = config.library.clone();
        let opened =
            tokio::task::spawn_blocking(move || open(&dir, saved.as_ref(), library).map(|o| (o, saved)));
        let ((spool, items, views, nodes), saved) = opened
            .await
            .map_err(std::io::Error::other)
            .and_then(std::convert::identity)
            .map_err(|source| StartError::StateDir { path, source })?;

        let live = Arc::new(Live::default());
        let (mailboxes, deeds) = Mailboxes::new(Arc::clone(&live));
        let stop = CancellationToken::new();
        let shared = Arc::new(Shared {
            directory: Directory::default(),
            presence: Arc::new(Presence::new(Arc::clone(&live))),
            lines: Lines::default(),
            nodes: Arc::default(),
            mailboxes: Arc::new(mailboxes),
            items: Arc::new(items),
            library: config.library,
            deeds: Mutex::new(Some(deeds)),
            live,
            spool: Arc::new(spool),
            security: Arc::default(),
            clock: config.clock,
            saved: Mutex::new(saved),
            attached: AtomicBool::new(false),
            jobs: TaskTracker::new(),
            _stop_with_us: stop.clone().drop_guard(),
            stop,
        });
        shared.directory.replace_all(views);
        shared.nodes.configure(nodes);
        shared.expire();
        let control = Self { directory: shared.directory.clone(), shared };
        if let Some(store) = store {
            control.attach(store);
        }
        Ok(control)
    }

    /// Follows a store from now on: for a start on which the database did not answer. Only the
    /// first store counts.
    pub fn attach(&self, store: Store) {
        if !self.shared.attached.swap(true, Ordering::AcqRel) {
            self.shared.follow(&Database::new(store));
        }
    }

    /// The same, for one of two engines that run side by side: it knows the PBXs whose calls it
    /// carries, and no other.
    #[must_use]
    pub fn of(&self, engine: Engine) -> Self {
        Self { shared: Arc::clone(&self.shared), directory: self.shared.directory.of(engine) }
    }

    /// The PBXs.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Whether this engine carries the calls of a PBX. What another engine took over is not to be
    /// changed by the one that had it.
    #[must_use]
    pub fn carries(&self, pbx: PbxId) -> bool {
        self.directory.carries(pbx)
    }

    /// The phones.
    #[must_use]
    pub fn presence(&self) -> &Presence {
        &self.shared.presence
    }

    /// The lines to the public network.
    #[must_use]
    pub fn lines(&self) -> &Lines {
        &self.shared.lines
    }

    /// Notes how a line is, as the engine says that carries it; what another says is not heard.
    pub fn line_is(&self, trunk: TrunkId, state: LineState) {
        if self.directory.has_line(trunk) {
            self.lines().set(trunk, state);
        }
    }

    /// The machines that carry calls for us.
    #[must_use]
    pub fn nodes(&self) -> &Nodes {
        &self.shared.nodes
    }

    /// The calls that are up, and the feed.
    #[must_use]
    pub fn live(&self) -> &Live {
        &self.shared.live
    }

    /// The time that calls go by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// The messages of every mailbox.
    #[must_use]
    pub fn mailboxes(&self) -> &Mailboxes {
        &self.shared.mailboxes
    }

    /// Who waits in queues, and who could answer.
    #[must_use]
    pub fn queues(&self) -> Queues<'_> {
        Queues::new(self)
    }

    /// Somebody listens in on a call of `whom`, or now takes part otherwise: kept in the audit.
    pub fn eavesdropped(
        &self,
        view: &PbxView,
        listener: CallId,
        whom: &ExtensionNumber,
        on: CallId,
        mode: ListenMode,
    ) {
        let snapshot = &view.snapshot;
        let who = self.live().call(listener).map(|call| call.from);
        let kept = Kept::Listening {
            listening: Listening {
                id: Uuid::now_v7(),
                at: Utc::now(),
                listener: who.map(|who| who.extension.map_or(who.number, String::from)).unwrap_or_default(),
                whom: whom.clone(),
                on,
                mode,
            },
        };
        let (tenant, customer, pbx) = (snapshot.tenant, snapshot.customer, snapshot.pbx);
        self.shared.items.put(Item { tenant, customer, pbx, kept });
    }

    pub(crate) fn items(&self) -> &Items {
        &self.shared.items
    }

    /// A new call, and the first things to do.
    #[must_use = "an engine does what the core decides"]
    pub fn arrive(&self, view: &Arc<PbxView>, arrival: Arrival) -> (Call, Vec<Action>) {
        Call::arrive(self.clone(), Arc::clone(view), arrival, QueueKeeper::Core)
    }

    /// The same for an engine that rings the members of queues itself.
    #[must_use = "an engine does what the core decides"]
    pub fn arrive_with(
        &self,
        view: &Arc<PbxView>,
        arrival: Arrival,
        queues: QueueKeeper,
    ) -> (Call, Vec<Action>) {
        Call::arrive(self.clone(), Arc::clone(view), arrival, queues)
    }

    /// Goes on with a call that outlived the server.
    #[must_use]
    pub fn resume(&self, view: &Arc<PbxView>, resumed: Resumed, queues: QueueKeeper) -> Call {
        Call::resume(self.clone(), Arc::clone(view), resumed, queues)
    }

    /// A refused attempt: counted at once, in the audit soon. Never waits.
    pub fn security(&self, event: &SecurityEvent) {
        metrics::counter!("voxera_security_events_total", "kind" => event.kind.as_str()).increment(1);
        // Also of one that knocks at the other engine's door: its owner wants to know.
        let view = event.realm.as_ref().and_then(|realm| self.shared.directory.pbx(realm));
        let owner = view.map(|view| (view.snapshot.tenant, view.snapshot.customer, view.snapshot.pbx));
        if self.shared.security.lock().add(event, owner, Utc::now()) {
            self.shared.security.ready.notify_one();
        }
    }

    /// How it is doing.
    #[must_use]
    pub fn status(&self) -> ControlStatus {
        ControlStatus {
            spooled: *self.shared.spool.depth().borrow(),
            dead_letters: self.shared.spool.dead(),
            pbxs: self.directory().len(),
            registrations: self.presence().total(),
            calls: self.live().count(LiveScope::Platform),
        }
    }

    /// How many records are on disk or in memory and not in the database, as it changes.
    #[must_use]
    pub fn spooled(&self) -> watch::Receiver<u64> {
        self.shared.spool.depth()
    }

    /// Waits until every record, and whatever else calls left so far, is on disk, or held because the
    /// disk refuses it.
    pub async fn flush(&self) {
        self.shared.items.flush().await;
        self.shared.spool.flush().await;
    }

    /// Stops: every record is on disk, and in the database when it answers within 5 seconds. Stop
    /// the engines first.
    pub async fn shutdown(&self) {
        self.flush().await;
        self.shared.stop.cancel();
        self.shared.jobs.close();
        if tokio::time::timeout(LAST_DELIVERY, self.shared.jobs.wait()).await.is_err() {
            tracing::warn!(records = *self.shared.spool.depth().borrow(), "records wait for the next start");
        }
        let spool = Arc::clone(&self.shared.spool);
        if tokio::task::spawn_blocking(move || spool.stop()).await.is_err() {
            tracing::error!("the spool did not stop");
        }
    }

    pub(crate) fn spool(&self) -> &Spool {
        &self.shared.spool
    }
}

impl Shared {
    fn expire(&self) {
        let (presence, live) = (Arc::clone(&self.presence), Arc::clone(&self.live));
        self.jobs.spawn(until(self.stop.clone(), async move {
            let mut tick = tokio::time::interval(EXPIRE_EVERY);
            let mut clock = ClockWatch::new(Utc::now(), Instant::now());
            loop {
                tick.tick().await;
                let now = Utc::now();
                if let Some(by) = clock.jumped(now, Instant::now()) {
                    tracing::warn!(seconds = by.num_seconds(), "the clock was set; phones stay online");
                    presence.clock_jumped(by);
                }
                presence.expire(now);
                presence.wake_lines();
                show("voxera_registrations", presence.total());
                show("voxera_calls_live", live.count(LiveScope::Platform));
            }
        }));
    }

    fn follow(&self, database: &Database) {
        let shipper = Shipper::new(Arc::clone(&self.spool), database.clone());
        self.jobs.spawn(shipper.run(self.stop.clone()));
        self.jobs.spawn(Arc::clone(&self.security).run(database.clone(), self.stop.clone()));
        let follower = Follower {
            database: database.clone(),
            directory: self.directory.clone(),
            presence: Arc::clone(&self.presence),
            mailboxes: Arc::clone(&self.mailboxes),
            nodes: Arc::clone(&self.nodes),
            saved: self.saved.lock().unwrap_or_else(PoisonError::into_inner).take(),
        };
        let deeds = self.deeds.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(deeds) = deeds {
            let carrier = Carrier {
                items: Arc::clone(&self.items),
                database: database.clone(),
                mailboxes: Arc::clone(&self.mailboxes),
                live: Arc::clone(&self.live),
                library: self.library.clone(),
            };
            self.jobs.spawn(carrier.run(deeds, self.stop.clone()));
        }
        self.jobs.spawn(follower.run(self.stop.clone()));
    }
}

impl Security {
    fn lock(&self) -> MutexGuard<'_, Aggregate> {
        self.aggregate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(self: Arc<Self>, database: Database, stop: CancellationToken) {
        let mut look = tokio::time::interval(Duration::from_secs(5));
        let mut backoff = Backoff::default();
        loop {
            let waits = async {
                if let Some(pause) = backoff.pause() {
                    return tokio::time::sleep(pause).await;
                }
                tokio::select! {
                    () = self.ready.notified() => {}
                    _ = look.tick() => {}
                }
            };
            let stopping = stop.run_until_cancelled(waits).await.is_none();
            let lines = {
                let mut aggregate = self.lock();
                aggregate.turn(Utc::now());
                if stopping {
                    aggregate.close();
                }
                aggregate.take()
            };
            let left = write(&database, lines).await;
            if left.is_empty() {
                backoff.reset();
            } else {
                tracing::warn!(entries = left.len(), "refused attempts wait for the audit");
                self.lock().give_back(left);
                backoff.fail();
            }
            if stopping {
                return;
            }
        }
    }
}

/// Writes audit entries; returns those that wait for the database. One that the database will not
/// have is dropped, so that it does not hold up the others.
async fn write(database: &Database, mut lines: Vec<AuditLine>) -> Vec<AuditLine> {
    if lines.is_empty() {
        return lines;
    }
    match database.audit(&lines).await {
        Ok(()) => return Vec::new(),
        Err(Refusal::Down(_)) => return lines,
        Err(Refusal::Failed(_) | Refusal::Never(_)) => {}
    }
    while let Some(line) = lines.first() {
        match database.audit(std::slice::from_ref(line)).await {
            Ok(()) => {}
            Err(Refusal::Down(_)) => break,
            Err(error @ (Refusal::Failed(_) | Refusal::Never(_))) => {
                metrics::counter!("voxera_security_entries_dropped_total").increment(1);
                tracing::error!(%error, kind = line.kind.as_str(), "an audit entry was refused");
            }
        }
        lines.remove(0);
    }
    lines
}

type Opened = (Spool, Items, Vec<Arc<PbxView>>, Vec<NodeSecret>);

fn open(dir: &Path, saved: Option<&Saved>, library: Option<Library>) -> std::io::Result<Opened> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let spool = Spool::open(&dir.join("spool"))?;
    let items = Items::open(&dir.join("items"), library, spool.counts())?;
    let views =
        saved.map(Saved::read).unwrap_or_default().into_iter().map(PbxView::new).map(Arc::new).collect();
    let nodes = saved.map(Saved::nodes).unwrap_or_default();
    Ok((spool, items, views, nodes))
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; these are far fewer than 2^53")]
fn show(name: &'static str, count: usize) {
    metrics::gauge!(name).set(count as f64);
}

async fn until(stop: CancellationToken, job: impl Future<Output = std::convert::Infallible>) {
    stop.run_until_cancelled(job).await;
}
