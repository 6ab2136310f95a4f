//! Recordings go when their time is over, and files that nothing is on record of go too.

use chrono::Utc;
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use voxera_audio::{Library, Place};
use voxera_model::TenantId;
use voxera_store::{Store, StoreError};

/// How often it is looked.
const EVERY: Duration = Duration::from_hours(24);
/// After a look that failed.
const AGAIN: Duration = Duration::from_mins(10);
/// A file without a row is left alone for so long: its row may be on its way to the database.
const LEFT_ALONE: Duration = Duration::from_hours(30 * 24);
/// Files that are asked for at once.
const BATCH: usize = 1000;

/// The job.
pub struct Retention {
    pub store: Store,
    pub library: Library,
    /// Where the library keeps its files.
    pub media_dir: PathBuf,
}

/// What one look removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Removed {
    /// Recordings whose time was over.
    pub recordings: usize,
    /// Files that nothing was on record of.
    pub left_over: usize,
}

/// Why a look was not finished.
#[derive(Debug, thiserror::Error)]
pub enum RetentionError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a file cannot be removed: {0}")]
    Disk(#[from] io::Error),
}

impl Retention {
    /// Looks at once and every day, until it is stopped.
    pub async fn run(self, stop: CancellationToken) {
        let work = async {
            loop {
                let pause = match self.look(SystemTime::now()).await {
                    Ok(removed) if removed == Removed::default() => EVERY,
                    Ok(removed) => {
                        tracing::info!(
                            recordings = removed.recordings,
                            left_over = removed.left_over,
                            "sounds whose time was over are removed"
                        );
                        EVERY
                    }
                    Err(error) => {
                        tracing::warn!(%error, "old recordings stay for now; they are tried again");
                        AGAIN
                    }
                };
                tokio::time::sleep(pause).await;
            }
        };
        stop.run_until_cancelled(work).await;
    }

    /// Removes what is over now. A tenant that cannot be read does not hold up the others.
    pub async fn look(&self, now: SystemTime) -> Result<Removed, RetentionError> {
        let tenants = self.store.platform().await?.tenants().ids().await?;
        let mut removed = Removed::default();
        let mut failed = None;
        for tenant in &tenants {
            let looked = async {
                removed.recordings += self.expired(*tenant).await?;
                removed.left_over += self.left_over(*tenant, now).await?;
                Ok::<(), RetentionError>(())
            };
            if let Err(error) = looked.await {
                tracing::warn!(%error, %tenant, "old recordings of a tenant stay for now");
                failed = Some(error);
            }
        }
        failed.map_or(Ok(removed), Err)
    }

    /// The row first: a file without one is found by the next look, a row without a file is a fault
    /// that people see.
    async fn expired(&self, tenant: TenantId) -> Result<usize, RetentionError> {
        let scope = self.store.tenant_scope(tenant).await?;
        let mut count = 0;
        loop {
            let mut tx = self.store.tenant(&scope).await?;
            let over = tx.expired_recordings(Utc::now()).await?;
            if over.is_empty() {
                return Ok(count);
            }
            for recording in &over {
                match tx.recordings(recording.pbx).delete(recording.id).await {
                    // Somebody else removed it.
                    Ok(()) | Err(StoreError::NotFound) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            tx.commit().await?;
            for recording in &over {
                let place = Place { tenant, customer: recording.customer };
                if let Err(error) = self.library.remove_recording(&place, recording.id) {
                    tracing::error!(%error, recording = %recording.id, "a recording's file stays for now");
                }
            }
            count += over.len();
        }
    }

    /// Files of companies that are gone, and of rows that were removed when the disk said no.
    async fn left_over(&self, tenant: TenantId, now: SystemTime) -> Result<usize, RetentionError> {
        let folder = self.media_dir.join(tenant.to_string());
        let found = tokio::task::spawn_blocking(move || old_files(&folder, now));
        let files = found.await.map_err(io::Error::other)??;
        let scope = self.store.tenant_scope(tenant).await?;
        let mut count = 0;
        for files in files.chunks(BATCH) {
            let ids: Vec<Uuid> = files.iter().map(|(id, _)| *id).collect();
            let known = self.store.tenant(&scope).await?.media_on_record(&ids).await?;
            let known: HashSet<Uuid> = known.into_iter().collect();
            for (_, path) in files.iter().filter(|(id, _)| !known.contains(id)) {
                std::fs::remove_file(path)?;
                count += 1;
            }
        }
        Ok(count)
    }
}

/// Files of a tenant that nobody has written to for long, `<customer>/<kind>/<id>.<whatever>`.
fn old_files(tenant: &Path, now: SystemTime) -> io::Result<Vec<(Uuid, PathBuf)>> {
    let mut found = Vec::new();
    for customer in folder(tenant)? {
        for kind in folder(&customer)? {
            for path in folder(&kind)? {
                let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                let id = name.split('.').next().and_then(|id| id.parse::<Uuid>().ok());
                let written = std::fs::metadata(&path)?.modified()?;
                let age = now.duration_since(written).unwrap_or_default();
                found.extend(id.filter(|_| age >= LEFT_ALONE).map(|id| (id, path)));
            }
        }
    }
    Ok(found)
}

/// What is in a folder; nothing when it is none, or not there.
fn folder(path: &Path) -> io::Result<Vec<PathBuf>> {
    match std::fs::read_dir(path) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}
