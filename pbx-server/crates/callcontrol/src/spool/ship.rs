//! From the spool to the database, as often as it takes.

use super::dead::{self, Refused};
use super::writer::Job;
use super::{Spool, line};
use crate::backoff::Backoff;
use crate::database::{Database, Refusal};
use crate::record::CallEnded;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use voxera_model::{CallId, TenantId};

/// Records in one transaction.
const BATCH: usize = 100;
/// How often one record may fail for a reason that may pass, before it is put aside.
const ATTEMPTS: u32 = 8;

/// Why a record of a company that is gone is refused.
const ORPHANED: &str = "its customer does not exist any more";

/// Delivers until it is stopped, then once more.
pub(crate) struct Shipper {
    spool: Arc<Spool>,
    database: Database,
    /// Failures of single records, while they wait.
    failures: HashMap<CallId, u32>,
    /// Put aside, but still part of a segment that waits for others.
    buried: HashSet<CallId>,
}

/// The database does not answer.
struct Down;

/// What became of a segment.
enum Segment {
    /// Delivered, and removed.
    Gone,
    /// Some of its records are tried again.
    Waits,
    /// The database does not answer.
    Down,
}

impl Shipper {
    pub(crate) fn new(spool: Arc<Spool>, database: Database) -> Self {
        Self { spool, database, failures: HashMap::new(), buried: HashSet::new() }
    }

    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut backoff = Backoff::default();
        loop {
            let waits = async {
                match backoff.pause() {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => self.spool.waiting.notified().await,
                }
            };
            let stopping = stop.run_until_cancelled(waits).await.is_none();
            if self.deliver_all().await {
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
    async fn deliver_all(&mut self) -> bool {
        let taken = self.spool.take().await;
        let mut clean = true;
        if !taken.held.is_empty() {
            let mut delivered: Vec<CallId> = taken.held.iter().map(|record| record.id).collect();
            let left = match self.deliver(&taken.held).await {
                Ok(left) => left,
                Err(Down) => taken.held,
            };
            clean &= left.is_empty();
            delivered.retain(|id| left.iter().all(|record| record.id != *id));
            metrics::counter!("voxera_spool_delivered_total").increment(delivered.len() as u64);
            self.spool.send(Job::Back { left, delivered });
        }
        for segment in taken.segments {
            match self.deliver_segment(&segment).await {
                Ok(Segment::Gone) => {}
                Ok(Segment::Waits) => clean = false,
                // The rest would only fail more slowly.
                Ok(Segment::Down) => return false,
                // It may be read later; those after it do not wait for that.
                Err(error) => {
                    tracing::error!(segment = %segment.display(), %error, "a segment of the spool cannot be read");
                    clean = false;
                }
            }
        }
        clean
    }

    async fn deliver_segment(&mut self, path: &PathBuf) -> io::Result<Segment> {
        let lines = line::decode::<CallEnded>(&tokio::fs::read(path).await?);
        if lines.torn {
            metrics::counter!("voxera_spool_torn_lines_total").increment(1);
        }
        let count = lines.whole.len();
        match self.deliver(&lines.whole).await {
            Ok(left) if left.is_empty() => {}
            Ok(_) => return Ok(Segment::Waits),
            Err(Down) => return Ok(Segment::Down),
        }
        if !lines.damaged.is_empty() {
            self.spool.counts.dead(lines.damaged.len());
            self.on_disk(move |dir| dead::keep_damaged(dir, &lines.damaged)).await?;
        }
        tokio::fs::remove_file(path).await?;
        for record in &lines.whole {
            self.failures.remove(&record.id);
            self.buried.remove(&record.id);
        }
        self.spool.counts.delivered(count);
        metrics::counter!("voxera_spool_delivered_total").increment(count as u64);
        Ok(Segment::Gone)
    }

    /// Returns the records that are to be tried again.
    async fn deliver(&mut self, records: &[CallEnded]) -> Result<Vec<CallEnded>, Down> {
        let mut left = Vec::new();
        let mut refused = Vec::new();
        let mut tenants: BTreeMap<TenantId, Vec<CallEnded>> = BTreeMap::new();
        for record in records.iter().filter(|record| !self.buried.contains(&record.id)) {
            tenants.entry(record.tenant).or_default().push(record.clone());
        }
        for (tenant, records) in tenants {
            for batch in records.chunks(BATCH) {
                match self.database.insert_calls(tenant, batch).await {
                    Ok(orphaned) => {
                        let orphans = batch.iter().filter(|record| orphaned.contains(&record.id));
                        refused.extend(
                            orphans.map(|record| Refused { why: ORPHANED.into(), call: record.clone() }),
                        );
                        continue;
                    }
                    Err(Refusal::Down(error)) => {
                        tracing::warn!(%error, "calls wait in the spool: the database does not answer");
                        return Err(Down);
                    }
                    Err(Refusal::Failed(_) | Refusal::Never(_)) => {}
                }
                // One of them is the reason; the others must not wait for it.
                for record in batch {
                    match self.database.insert_calls(tenant, std::slice::from_ref(record)).await {
                        Ok(orphaned) if orphaned.is_empty() => {}
                        Ok(_) => refused.push(Refused { why: ORPHANED.into(), call: record.clone() }),
                        Err(Refusal::Down(_)) => return Err(Down),
                        Err(Refusal::Never(why)) => refused.push(Refused { why, call: record.clone() }),
                        Err(Refusal::Failed(why)) => {
                            let failures = self.failures.entry(record.id).or_default();
                            *failures += 1;
                            if *failures >= ATTEMPTS {
                                refused.push(Refused { why, call: record.clone() });
                            } else {
                                tracing::warn!(call = %record.id, %why, "a record is tried again later");
                                left.push(record.clone());
                            }
                        }
                    }
                }
            }
        }
        self.bury(refused, &mut left).await;
        Ok(left)
    }

    async fn bury(&mut self, refused: Vec<Refused>, left: &mut Vec<CallEnded>) {
        if refused.is_empty() {
            return;
        }
        let ids: Vec<CallId> = refused.iter().map(|refused| refused.call.id).collect();
        let refused = Arc::new(refused);
        let kept = Arc::clone(&refused);
        match self.on_disk(move |dir| dead::bury(dir, &kept)).await {
            Ok(()) => {
                self.spool.counts.dead(ids.len());
                for Refused { why, call } in refused.iter() {
                    tracing::error!(call = %call.id, %why, "a record was refused and put aside");
                }
                self.failures.retain(|id, _| !ids.contains(id));
                self.buried.extend(ids);
            }
            Err(error) => {
                tracing::error!(%error, "refused records cannot be put aside");
                left.extend(refused.iter().map(|refused| refused.call.clone()));
            }
        }
    }

    async fn on_disk(&self, work: impl FnOnce(&Path) -> io::Result<()> + Send + 'static) -> io::Result<()> {
        let dir = self.spool.dir.clone();
        tokio::task::spawn_blocking(move || work(&dir)).await.map_err(io::Error::other)?
    }
}
