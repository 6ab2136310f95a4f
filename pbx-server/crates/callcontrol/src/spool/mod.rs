//! Records on their way to the database: on disk first, so that none is lost.
//!
//! A folder of segments (`00000000000000000042.calls`), each a list of whole lines; a list of the
//! calls that are up, from which calls cut off by a crash are recorded at the next start; and the
//! records that the database refuses for good (`refused.calls-kept`), which get another chance at
//! each start. Delivery may repeat: the database keeps one record per call id.

mod dead;
mod line;
mod ship;
mod writer;

pub(crate) use ship::Shipper;

use crate::record::{CallEnded, Noted};
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::{Notify, oneshot, watch};
use voxera_callflow::{Cause, Party, Reason, TraceEntry};
use voxera_model::CallId;
use writer::{Job, Mark, Taken, Writer};

const EXTENSION: &str = "calls";
const UP_FILE: &str = "up.list";

/// The way in. Nothing here waits for a disk, except [`Spool::open`] and [`Spool::stop`].
#[derive(Debug)]
pub(crate) struct Spool {
    dir: PathBuf,
    jobs: Sender<Job>,
    counts: Arc<Counts>,
    waiting: Arc<Notify>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// The calls that were up when the last process ended.
    noted: Mutex<HashMap<CallId, Noted>>,
}

/// What waits.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    on_disk: AtomicU64,
    in_memory: AtomicU64,
    /// Taken from memory, not delivered yet.
    in_flight: AtomicU64,
    /// What calls left beside their records.
    items: AtomicU64,
    dead: AtomicU64,
    depth: watch::Sender<u64>,
}

impl Spool {
    /// Opens the folder, makes records of calls that a crash cut off, and starts the thread.
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let counts = Arc::new(Counts::default());
        let waiting = Arc::new(Notify::new());
        // A folder that cannot be written must not keep calls from being made: what cannot be put
        // right now is put right at the next start.
        if let Err(error) = dead::revive(dir) {
            tracing::error!(%error, "refused records cannot be tried again");
        }
        let noted = record_cut_off(dir).unwrap_or_else(|error| {
            tracing::error!(%error, "calls that a crash cut off cannot be recorded");
            HashMap::new()
        });
        let segments = writer::segments(dir);
        let next_segment = next(&segments);
        let on_disk: u64 = segments.iter().map(|path| stored(path)).sum();
        counts.on_disk.store(on_disk, Ordering::Relaxed);
        counts.show();
        let (jobs, receiver) = channel();
        let writer =
            Writer::new(dir.to_owned(), receiver, Arc::clone(&counts), Arc::clone(&waiting), next_segment);
        let thread = std::thread::Builder::new().name("voxera-spool".into()).spawn(|| writer.run())?;
        let (dir, thread, noted) = (dir.to_owned(), Mutex::new(Some(thread)), Mutex::new(noted));
        let spool = Self { dir, jobs, counts, waiting, thread, noted };
        spool.waiting.notify_one();
        Ok(spool)
    }

    /// A call is up; `noted` is what is kept should we stop now.
    pub(crate) fn up(&self, noted: Noted) {
        self.send(Job::Up(Box::new(noted)));
    }

    /// What the last process noted of a call that goes on, for whoever takes it up.
    pub(crate) fn noted(&self, call: CallId) -> Option<Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).remove(&call)
    }

    /// A call is over.
    pub(crate) fn ended(&self, record: CallEnded) {
        self.send(Job::Ended(Box::new(record)));
    }

    /// Waits until everything handed in so far is on disk, or held because the disk refuses it.
    pub(crate) async fn flush(&self) {
        let (done, written) = oneshot::channel();
        self.send(Job::Flush(done));
        drop(written.await);
    }

    /// Records that are not in the database: on disk or in memory.
    pub(crate) fn depth(&self) -> watch::Receiver<u64> {
        self.counts.depth.subscribe()
    }

    pub(crate) fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.counts)
    }

    /// Records that the database refused for good.
    pub(crate) fn dead(&self) -> u64 {
        self.counts.dead.load(Ordering::Relaxed)
    }

    /// Writes what waits and ends the thread. Later records are lost: stop the engines first.
    pub(crate) fn stop(&self) {
        self.send(Job::Stop);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the spool's thread failed");
        }
    }

    async fn take(&self) -> Taken {
        let (sender, receiver) = oneshot::channel();
        self.send(Job::Take(sender));
        receiver.await.unwrap_or_default()
    }

    fn send(&self, job: Job) {
        if self.jobs.send(job).is_err() {
            tracing::error!("the spool has stopped; a record is lost");
        }
    }
}

impl Counts {
    fn written(&self, records: usize) {
        self.on_disk.fetch_add(records as u64, Ordering::Relaxed);
        self.show();
    }

    fn held(&self, records: usize) {
        self.in_memory.store(records as u64, Ordering::Relaxed);
        self.show();
    }

    fn in_flight(&self, records: usize) {
        self.in_flight.store(records as u64, Ordering::Relaxed);
        self.show();
    }

    fn delivered(&self, records: usize) {
        let records = records as u64;
        let less = |depth: u64| Some(depth.saturating_sub(records));
        let _ = self.on_disk.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        self.show();
    }

    /// What calls left beside their records is on its way.
    pub(crate) fn items_came(&self, items: usize) {
        self.items.fetch_add(items as u64, Ordering::Relaxed);
        self.show();
    }

    /// One of them is in the database, or put aside.
    pub(crate) fn item_went(&self) {
        let less = |items: u64| Some(items.saturating_sub(1));
        let _ = self.items.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        self.show();
    }

    fn refused(&self) {
        metrics::counter!("voxera_spool_write_errors_total").increment(1);
        self.show();
    }

    pub(crate) fn dead(&self, records: usize) {
        self.dead.fetch_add(records as u64, Ordering::Relaxed);
        metrics::counter!("voxera_spool_dead_letters_total").increment(records as u64);
    }

    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; 2^53 records do not fit a disk")]
    fn show(&self) {
        metrics::gauge!("voxera_spool_records", "where" => "disk")
            .set(self.on_disk.load(Ordering::Relaxed) as f64);
        metrics::gauge!("voxera_spool_records", "where" => "memory")
            .set(self.in_memory.load(Ordering::Relaxed) as f64);
        let depth = [&self.on_disk, &self.in_memory, &self.in_flight, &self.items];
        self.depth.send_replace(depth.iter().map(|count| count.load(Ordering::Relaxed)).sum());
    }
}

fn sequence(path: &Path) -> Option<u64> {
    path.file_stem()?.to_str()?.parse().ok()
}

/// The number of the segment after these.
fn next(segments: &[PathBuf]) -> u64 {
    segments.iter().filter_map(|path| sequence(path)).max().map_or(0, |last| last + 1)
}

fn stored(path: &Path) -> u64 {
    match fs::read(path) {
        Ok(bytes) => line::decode::<CallEnded>(&bytes).whole.len() as u64,
        Err(error) => {
            tracing::error!(segment = %path.display(), %error, "a segment of the spool cannot be read");
            0
        }
    }
}

/// Writes a whole closed segment after the others: it is there, or it is not.
fn write_segment<'a>(dir: &Path, records: impl IntoIterator<Item = &'a CallEnded>) -> io::Result<()> {
    let mut bytes = Vec::new();
    for record in records {
        bytes.extend(line::encode(record).map_err(io::Error::other)?);
    }
    if bytes.is_empty() {
        return Ok(());
    }
    let path = dir.join(format!("{:020}.{EXTENSION}", next(&writer::segments(dir))));
    let fresh = path.with_extension("new");
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(&bytes)?;
    file.sync_data()?;
    fs::rename(&fresh, &path)?;
    writer::sync_dir(dir)
}

/// Records the calls that were up when the last process ended, as calls that ended there, and hands
/// back what was noted of them. A call whose own record was written just before is harmless here: the
/// first record of an id stays.
fn record_cut_off(dir: &Path) -> io::Result<HashMap<CallId, Noted>> {
    let path = dir.join(UP_FILE);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(HashMap::new()),
        Err(error) => return Err(error),
    };
    let last_sign = fs::metadata(&path)?.modified().map(DateTime::<Utc>::from)?;
    let mut up: HashMap<CallId, Noted> = HashMap::new();
    for mark in line::decode::<Mark<Noted>>(&bytes).whole {
        match mark {
            Mark::Up(noted) => drop(up.insert(noted.record.id, noted)),
            Mark::Down(id) => drop(up.remove(&id)),
        }
    }
    let mut records: Vec<CallEnded> = up.values().map(|noted| noted.record.clone()).collect();
    records.sort_by_key(|record| (record.started_at, record.id));
    for record in &mut records {
        record.ended_at = last_sign.max(record.answered_at.unwrap_or(record.started_at));
        record.outcome = Cause::Fault;
        record.hung_up_by = Party::System;
        record.trace.push(TraceEntry { reason: Reason::SystemRestarted });
    }
    if !records.is_empty() {
        tracing::warn!(calls = records.len(), "calls were cut off when the server stopped");
    }
    write_segment(dir, &records)?;
    fs::remove_file(&path)?;
    writer::sync_dir(dir)?;
    Ok(up)
}
