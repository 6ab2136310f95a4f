//! The news that engines follow.

use crate::error::Result;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use voxera_model::{PbxId, TenantId};

/// The channel on which triggers tell of changes: `<tenant>:<pbx>`, or `*`.
pub(crate) const CHANNEL: &str = "voxera_config";

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// One PBX was made, changed or removed: load it again.
    Pbx { tenant: TenantId, pbx: PbxId },
    /// A tenant changed, or news may have been missed: load everything again.
    Everything,
}

/// Follows changes; connects again by itself.
#[derive(Debug)]
pub struct ConfigChanges {
    listener: PgListener,
}

impl ConfigChanges {
    pub(crate) async fn listen(pool: &PgPool) -> Result<Self> {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.ignore_pool_close_event(false);
        listener.listen(CHANNEL).await?;
        Ok(Self { listener })
    }

    /// The next change. After a lost connection the first thing said is [`Change::Everything`].
    /// `Unavailable`: not connected now; ask again after a moment of the caller's choice.
    pub async fn next(&mut self) -> Result<Change> {
        Ok(match self.listener.try_recv().await? {
            Some(news) => read(news.payload()),
            None => Change::Everything,
        })
    }
}

fn read(payload: &str) -> Change {
    let parts = payload
        .split_once(':')
        .and_then(|(tenant, pbx)| Some(Change::Pbx { tenant: tenant.parse().ok()?, pbx: pbx.parse().ok()? }));
    parts.unwrap_or(Change::Everything)
}
