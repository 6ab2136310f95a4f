//! Messages, recordings and wishes to be called back, on their way to the database: a file each
//! until it is there, so that none is lost.

use crate::backoff::Backoff;
use crate::database::{Database, Refusal};
use crate::live::{Live, LiveEvent};
use crate::mailboxes::{Deed, Mailboxes, Todo};
use crate::spool::Counts;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use voxera_audio::{Library, Place};
use voxera_callflow::ListenMode;
use voxera_model::{CallId, CustomerId, ExtensionNumber, PbxId, TenantId};
use voxera_store::{Added, NewCallback, NewMessage, NewRecording};

/// Parts of an outline.
const PEAKS: usize = 200;
/// How long a disk that refused is left alone.
const RETRY: Duration = Duration::from_millis(500);
const ENDING: &str = "item";
/// Put aside: the database will never take it.
const REFUSED: &str = "refused";

/// Something that a call left.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) tenant: TenantId,
    pub(crate) customer: CustomerId,
    pub(crate) pbx: PbxId,
    pub(crate) kept: Kept,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Kept {
    Message { message: NewMessage },
    Recording { recording: NewRecording },
    Callback { callback: NewCallback },
    Listening { listening: Listening },
}

/// That somebody listened in on a call, for the audit.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Listening {
    pub(crate) id: Uuid,
    pub(crate) at: DateTime<Utc>,
    /// The extension that listens.
    pub(crate) listener: String,
    /// The extension whose call it is.
    pub(crate) whom: ExtensionNumber,
    pub(crate) on: CallId,
    pub(crate) mode: ListenMode,
}

/// The way in; never waits.
#[derive(Debug)]
pub(crate) struct Items {
    dir: PathBuf,
    jobs: Sender<Job>,
    counts: Arc<Counts>,
    waiting: Arc<Notify>,
}

#[derive(Debug)]
enum Job {
    Keep(Box<Item>),
    /// Write what waits, then say whether all of it is on disk.
    Flush(oneshot::Sender<bool>),
}

impl Items {
    /// Opens the folder and starts the thread that writes into it; it ends with the last handle.
    pub(crate) fn open(dir: &Path, library: Option<Library>, counts: Arc<Counts>) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let left = fs::read_dir(dir)?.filter_map(Result::ok).filter(|entry| is_item(&entry.path())).count();
        counts.items_came(left);
        let (jobs, inbox) = channel();
        let waiting = Arc::new(Notify::new());
        waiting.notify_one();
        let (dir, told) = (dir.to_owned(), Arc::clone(&waiting));
        let writer = Writer { dir: dir.clone(), library, told, held: Vec::new() };
        std::thread::Builder::new().name("voxera-items".into()).spawn(move || writer.run(&inbox))?;
        Ok(Self { dir, jobs, counts, waiting })
    }

    pub(crate) fn put(&self, item: Item) {
        self.counts.items_came(1);
        if self.jobs.send(Job::Keep(Box::new(item))).is_err() {
            self.counts.item_went();
            tracing::error!("what a call left cannot be kept: the thread has stopped");
        }
    }

    /// Waits until everything handed in so far is on disk, or held because the disk refuses it;
    /// whether nothing is held.
    pub(crate) async fn flush(&self) -> bool {
        let (done, written) = oneshot::channel();
        self.jobs.send(Job::Flush(done)).is_ok() && written.await.unwrap_or_default()
    }
}

/// The thread that writes.
struct Writer {
    dir: PathBuf,
    library: Option<Library>,
    told: Arc<Notify>,
    /// What the disk refused.
    held: Vec<Item>,
}

impl Writer {
    fn run(mut self, inbox: &Receiver<Job>) {
        loop {
            let first = if self.held.is_empty() {
                inbox.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                inbox.recv_timeout(RETRY)
            };
            let stop = matches!(first, Err(RecvTimeoutError::Disconnected));
            let mut flushed = None;
            match first {
                Ok(Job::Keep(mut item)) => {
                    if let Some(library) = &self.library {
                        measure(&mut item, library);
                    }
                    self.held.push(*item);
                }
                Ok(Job::Flush(done)) => flushed = Some(done),
                Err(_) => {}
            }
            self.write();
            if let Some(done) = flushed {
                // Whoever asked may have gone.
                let _ = done.send(self.held.is_empty());
            }
            if stop {
                if !self.held.is_empty() {
                    tracing::error!(items = self.held.len(), "what calls left is lost: the disk refuses it");
                }
                return;
            }
        }
    }

    /// Puts everything that waits on the disk; what it refuses stays for the next time.
    fn write(&mut self) {
        let mut written = 0;
        for item in &self.held {
            if let Err(error) = write(&self.dir, item) {
                metrics::counter!("voxera_spool_write_errors_total").increment(1);
                let held = self.held.len() - written;
                tracing::error!(%error, held, "what calls left cannot be kept on disk yet");
                break;
            }
            written += 1;
        }
        if written > 0 {
            self.held.drain(..written);
            self.told.notify_one();
        }
    }
}

fn is_item(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == ENDING)
}

/// Fills in what only the file tells.
fn measure(item: &mut Item, library: &Library) {
    let place = Place { tenant: item.tenant, customer: item.customer };
    let size = |path: &Path| fs::metadata(path).map(|data| data.len()).unwrap_or_default();
    let outline = |path: &Path| voxera_audio::peaks(path, PEAKS).unwrap_or_default();
    match &mut item.kept {
        Kept::Message { message } => {
            let path = library.message_path(&place, message.id);
            (message.bytes, message.peaks) = (size(&path), outline(&path));
        }
        Kept::Recording { recording } => {
            let path = library.recording_path(&place, recording.id);
            recording.bytes = size(&path);
            if recording.peaks.is_empty() {
                recording.peaks = outline(&path);
            }
        }
        Kept::Callback { .. } | Kept::Listening { .. } => {}
    }
}

fn write(dir: &Path, item: &Item) -> io::Result<()> {
    let path = dir.join(format!("{}.{ENDING}", item.kept.id()));
    let fresh = path.with_extension("new");
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(&serde_json::to_vec(item)?)?;
    file.sync_all()?;
    fs::rename(&fresh, &path)?;
    File::open(dir)?.sync_all()
}

impl Kept {
    const fn id(&self) -> Uuid {
        match self {
            Self::Message { message } => message.id.0,
            Self::Recording { recording } => recording.id.0,
            Self::Callback { callback } => callback.id.0,
            Self::Listening { listening } => listening.id,
        }
    }
}

/// Brings items to the database, and does there what was done by phone.
pub(crate) struct Carrier {
    pub(crate) items: Arc<Items>,
    pub(crate) database: Database,
    pub(crate) mailboxes: Arc<Mailboxes>,
    pub(crate) live: Arc<Live>,
    pub(crate) library: Option<Library>,
}

impl Carrier {
    pub(crate) async fn run(self, mut work: mpsc::UnboundedReceiver<Todo>, stop: CancellationToken) {
        let mut backoff = Backoff::default();
        let mut todo: Vec<Todo> = Vec::new();
        loop {
            let waits = async {
                if let Some(pause) = backoff.pause() {
                    return tokio::time::sleep(pause).await;
                }
                tokio::select! {
                    () = self.items.waiting.notified() => {}
                    Some(first) = work.recv() => todo.push(first),
                }
            };
            let stopping = stop.run_until_cancelled(waits).await.is_none();
            while let Ok(more) = work.try_recv() {
                todo.push(more);
            }
            // A message first, then what was done to it: also when it is not on disk yet.
            let written = todo.is_empty() || self.items.flush().await;
            let clean = self.carry_all().await && written && self.do_all(&mut todo).await;
            if clean {
                backoff.reset();
            } else {
                backoff.fail();
            }
            if stopping {
                return;
            }
        }
    }

    /// Whether nothing is left behind.
    async fn carry_all(&self) -> bool {
        let mut clean = true;
        for path in self.waiting().await {
            match self.carry(&path).await {
                Ok(()) => {}
                Err(Refusal::Down(error)) => {
                    tracing::warn!(%error, "what calls left waits on disk: the database does not answer");
                    return false;
                }
                Err(Refusal::Failed(error)) => {
                    tracing::error!(%error, item = %path.display(), "what a call left waits on disk");
                    clean = false;
                }
                Err(Refusal::Never(error)) => {
                    tracing::error!(%error, item = %path.display(), "what a call left is refused for good");
                    let aside = tokio::fs::rename(&path, path.with_extension(REFUSED)).await.is_ok();
                    if aside {
                        self.items.counts.dead(1);
                        self.items.counts.item_went();
                    }
                    clean &= aside;
                }
            }
        }
        clean
    }

    async fn waiting(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let Ok(mut entries) = tokio::fs::read_dir(&self.items.dir).await else { return found };
        while let Ok(Some(entry)) = entries.next_entry().await {
            if is_item(&entry.path()) {
                found.push(entry.path());
            }
        }
        found.sort();
        found
    }

    async fn carry(&self, path: &Path) -> Result<(), Refusal> {
        let bytes = tokio::fs::read(path).await.map_err(|error| Refusal::Failed(error.to_string()))?;
        let item: Item = serde_json::from_slice(&bytes).map_err(|error| Refusal::Never(error.to_string()))?;
        let added = self.database.keep(&item).await?;
        let Item { tenant, customer, pbx, ref kept } = item;
        let place = Place { tenant, customer };
        match (kept, added, &self.library) {
            (Kept::Message { message }, Added::New | Added::Known, _) => {
                self.mailboxes.stored(tenant, customer, pbx, message, added == Added::New);
                let mailbox = message.mailbox;
                self.live.publish(LiveEvent::Mailbox { tenant, customer, pbx, mailbox });
            }
            (Kept::Recording { .. }, Added::New | Added::Known, _) => {
                self.live.publish(LiveEvent::Recording { tenant, customer, pbx });
            }
            (Kept::Callback { .. }, Added::New | Added::Known, _) => {
                self.live.publish(LiveEvent::Callback { tenant, customer, pbx });
            }
            // The mailbox or the PBX was removed meanwhile: nobody could ever find the sound.
            (Kept::Message { message }, Added::Orphaned, Some(library)) => {
                log_left(library.remove_message(&place, message.id));
            }
            (Kept::Recording { recording }, Added::Orphaned, Some(library)) => {
                log_left(library.remove_recording(&place, recording.id));
            }
            (_, Added::Orphaned, _) | (Kept::Listening { .. }, ..) => {}
        }
        tokio::fs::remove_file(path).await.map_err(|error| Refusal::Failed(error.to_string()))?;
        self.items.counts.item_went();
        Ok(())
    }

    /// Whether all was done.
    async fn do_all(&self, todo: &mut Vec<Todo>) -> bool {
        while let Some(next) = todo.first().copied() {
            match self.database.mailbox_deed(&next).await {
                Ok(()) => {
                    if let (Deed::Delete, Some(library)) = (next.deed, &self.library) {
                        let place = Place { tenant: next.tenant, customer: next.customer };
                        log_left(library.remove_message(&place, next.message));
                    }
                }
                // Somebody else deleted it first.
                Err(Refusal::Never(_)) => {}
                Err(Refusal::Down(_) | Refusal::Failed(_)) => return false,
            }
            self.mailboxes.done(&next);
            todo.remove(0);
        }
        true
    }
}

fn log_left(removed: io::Result<()>) {
    if let Err(error) = removed {
        tracing::warn!(%error, "a sound that nobody needs cannot be removed");
    }
}
