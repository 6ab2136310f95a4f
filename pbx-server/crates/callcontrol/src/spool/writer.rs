//! The thread that writes: takes all records that wait, writes them, and syncs once for all.
//!
//! It is a thread of its own because a sync can take as long as the disk likes, and no call and no
//! runtime worker waits for a disk.

use super::line;
use super::{Counts, EXTENSION, UP_FILE};
use crate::record::{CallEnded, Noted};
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use voxera_model::CallId;

/// One thing for the thread to do.
pub(super) enum Job {
    /// A call is up: what its record would be if we stopped now.
    Up(Box<Noted>),
    /// A call is over.
    Ended(Box<CallEnded>),
    /// Close the segment and hand over everything that is closed, and what did not fit on the disk.
    Take(oneshot::Sender<Taken>),
    /// What became of records that were taken from memory.
    Back {
        left: Vec<CallEnded>,
        delivered: Vec<CallId>,
    },
    /// Write what waits, then answer.
    Flush(oneshot::Sender<()>),
    Stop,
}

/// What waits for delivery.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Closed segments, the oldest first.
    pub(super) segments: Vec<PathBuf>,
    /// Records that the disk would not take.
    pub(super) held: Vec<CallEnded>,
}

/// Records written with one sync at most.
const GROUP: usize = 512;
/// How long a disk that refused is left alone.
const RETRY: Duration = Duration::from_millis(500);
/// A segment that grows past this is closed.
const SEGMENT_BYTES: u64 = 1 << 20;
/// The list of calls that are up is rewritten when it grows past this.
const UP_BYTES: u64 = 1 << 20;

pub(super) struct Writer {
    dir: PathBuf,
    jobs: Receiver<Job>,
    counts: Arc<Counts>,
    waiting: Arc<Notify>,
    segment: Option<Segment>,
    next_segment: u64,
    /// Ended calls that are not on disk yet.
    held: Vec<CallEnded>,
    up: HashMap<CallId, Vec<u8>>,
    up_file: Option<File>,
    up_bytes: u64,
    up_dirty: Vec<u8>,
    /// The list on disk lacks something that `up_dirty` does not hold any more.
    up_stale: bool,
}

struct Segment {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl Writer {
    pub(super) fn new(
        dir: PathBuf,
        jobs: Receiver<Job>,
        counts: Arc<Counts>,
        waiting: Arc<Notify>,
        next_segment: u64,
    ) -> Self {
        Self {
            dir,
            jobs,
            counts,
            waiting,
            segment: None,
            next_segment,
            held: Vec::new(),
            up: HashMap::new(),
            up_file: None,
            up_bytes: 0,
            up_dirty: Vec::new(),
            up_stale: false,
        }
    }

    pub(super) fn run(mut self) {
        let mut flushed: Vec<oneshot::Sender<()>> = Vec::new();
        loop {
            let first = if self.held.is_empty() {
                self.jobs.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                self.jobs.recv_timeout(RETRY)
            };
            let mut stop = matches!(first, Err(RecvTimeoutError::Disconnected));
            let mut takers = Vec::new();
            let more = std::iter::from_fn(|| self.jobs.try_recv().ok()).take(GROUP);
            for job in first.into_iter().chain(more).collect::<Vec<_>>() {
                match job {
                    Job::Up(noted) => self.note_up(&noted),
                    Job::Ended(record) => {
                        self.held.push(*record);
                        self.counts.held(self.held.len());
                    }
                    Job::Back { left, delivered } => {
                        self.held.splice(0..0, left).for_each(drop);
                        for id in delivered {
                            self.note_down(id);
                        }
                        self.counts.held(self.held.len());
                        self.counts.in_flight(0);
                    }
                    Job::Take(taker) => takers.push(taker),
                    Job::Flush(done) => flushed.push(done),
                    Job::Stop => stop = true,
                }
            }
            self.write();
            for done in flushed.drain(..) {
                // Whoever asked may have gone.
                let _ = done.send(());
            }
            for taker in takers {
                let taken = self.take();
                if let Err(taken) = taker.send(taken) {
                    self.held.splice(0..0, taken.held).for_each(drop);
                    self.counts.in_flight(0);
                }
            }
            if stop {
                return;
            }
        }
    }

    fn note_up(&mut self, noted: &Noted) {
        let id = noted.record.id;
        match line::encode(&Mark::Up(noted)) {
            Ok(line) => {
                self.up_dirty.extend_from_slice(&line);
                self.up.insert(id, line);
            }
            Err(error) => tracing::error!(call = %id, %error, "a call cannot be noted"),
        }
    }

    /// The record of a call is safe, so that nothing must be left of it should we stop.
    fn note_down(&mut self, id: CallId) {
        if self.up.remove(&id).is_some()
            && let Ok(line) = line::encode(&Mark::<Noted>::Down(id))
        {
            self.up_dirty.extend_from_slice(&line);
        }
    }

    /// Puts everything that waits on the disk; what does not fit stays in memory for the next time.
    fn write(&mut self) {
        if !self.held.is_empty() {
            match self.append() {
                Ok(written) => {
                    self.counts.written(written);
                    for record in std::mem::take(&mut self.held) {
                        self.note_down(record.id);
                    }
                    self.waiting.notify_one();
                }
                Err(error) => {
                    // The records themselves are still held and go into the next segment.
                    self.segment.take().inspect(Segment::cut_back);
                    self.counts.refused();
                    tracing::error!(%error, held = self.held.len(), "the spool cannot be written");
                    self.waiting.notify_one();
                }
            }
            self.counts.held(self.held.len());
        }
        if (self.up_stale || !self.up_dirty.is_empty())
            && let Err(error) = self.append_up()
        {
            // The next time writes the whole list anew: nothing piles up meanwhile.
            self.up_file = None;
            self.up_dirty = Vec::new();
            self.up_stale = true;
            self.counts.refused();
            tracing::error!(%error, "the list of calls that are up cannot be written");
        }
    }

    fn append(&mut self) -> io::Result<usize> {
        let mut bytes = Vec::new();
        for record in &self.held {
            bytes.extend(line::encode(record).map_err(io::Error::other)?);
        }
        let segment = if let Some(segment) = &mut self.segment {
            segment
        } else {
            let path = self.dir.join(format!("{:020}.{EXTENSION}", self.next_segment));
            self.next_segment += 1;
            let file = OpenOptions::new().create_new(true).append(true).mode(0o600).open(&path)?;
            let segment = self.segment.insert(Segment { path, file, bytes: 0 });
            sync_dir(&self.dir)?;
            segment
        };
        segment.file.write_all(&bytes)?;
        segment.file.sync_data()?;
        segment.bytes += bytes.len() as u64;
        if segment.bytes >= SEGMENT_BYTES {
            self.segment = None;
        }
        Ok(self.held.len())
    }

    fn append_up(&mut self) -> io::Result<()> {
        let path = self.dir.join(UP_FILE);
        if self.up_file.is_none() || self.up_bytes > UP_BYTES {
            let fresh = path.with_extension("new");
            let mut file =
                OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&fresh)?;
            let all: Vec<u8> = self.up.values().flatten().copied().collect();
            file.write_all(&all)?;
            file.sync_data()?;
            fs::rename(&fresh, &path)?;
            sync_dir(&self.dir)?;
            self.up_bytes = 0;
            self.up_file = Some(file);
        } else if let Some(file) = &mut self.up_file {
            file.write_all(&self.up_dirty)?;
            file.sync_data()?;
            self.up_bytes += self.up_dirty.len() as u64;
        }
        self.up_dirty.clear();
        self.up_stale = false;
        Ok(())
    }

    fn take(&mut self) -> Taken {
        self.segment = None;
        let held = std::mem::take(&mut self.held);
        self.counts.in_flight(held.len());
        self.counts.held(0);
        Taken { segments: segments(&self.dir), held }
    }
}

impl Segment {
    /// Takes back what a disk that refused has of it, as far as it lets us: a full disk that is
    /// tried again and again must not fill up with empty files. What stays is a torn line, which
    /// nobody takes for a record.
    fn cut_back(&self) {
        let done = if self.bytes == 0 { fs::remove_file(&self.path) } else { self.file.set_len(self.bytes) };
        if let Err(error) = done {
            tracing::debug!(%error, "a torn end stays in the spool");
        }
    }
}

/// One line of the list of calls that are up.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Mark<T> {
    Up(T),
    Down(CallId),
}

/// The segments in a folder, the oldest first. A folder that cannot be read has none.
pub(super) fn segments(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(dir)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == EXTENSION))
        .collect();
    found.sort();
    found
}

/// Makes a new or renamed file survive a power failure.
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
