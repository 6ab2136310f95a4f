//! The news that engines follow.

use crate::error::Result;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use voxera_model::{PbxId, TenantId};

/// The channel on which triggers tell of changes: `<tenant>:<pbx>`, `nodes`, or `*`.
pub(crate) const CHANNEL: &str = "voxera_config";

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// One PBX was made, changed or removed: load it again.
    Pbx { tenant: TenantId, pbx: PbxId },
    /// The list of nodes changed: load it again.
    Nodes,
    /// A tenant changed, or news may have been missed: load everything again.
    Everything,
}

/// Follows changes; connects again by itself.
#[derive(Debug)]
pub struct ConfigChanges {
    pool: PgPool,
    /// `None`: the connection was lost, and news with it.
    listener: Option<PgListener>,
}

impl ConfigChanges {
    pub(crate) async fn listen(pool: &PgPool) -> Result<Self> {
        let listener = Some(listener(pool).await?);
        Ok(Self { pool: pool.clone(), listener })
    }

    /// The next change. After a lost connection the first thing said is [`Change::Everything`].
    /// `Unavailable`: not connected now; ask again after a moment of the caller's choice. May be
    /// dropped while it waits: nothing is missed.
    pub async fn next(&mut self) -> Result<Change> {
        if let Some(listener) = &mut self.listener {
            match listener.try_recv().await {
                Ok(Some(news)) => return Ok(read(news.payload())),
                Ok(None) => {}
                Err(error) => tracing::debug!(%error, "the connection that listens is lost"),
            }
            self.listener = None;
        }
        self.listener = Some(listener(&self.pool).await?);
        Ok(Change::Everything)
    }
}

/// A connection that listens. The pool may hold dead ones after the database was restarted: each
/// is found out by using it.
async fn listener(pool: &PgPool) -> Result<PgListener> {
    let mut dead = 0;
    loop {
        match listen(pool).await {
            Err(sqlx::Error::Io(_)) if dead < pool.options().get_max_connections() => dead += 1,
            outcome => return Ok(outcome?),
        }
    }
}

async fn listen(pool: &PgPool) -> std::result::Result<PgListener, sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.ignore_pool_close_event(false);
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

fn read(payload: &str) -> Change {
    if payload == "nodes" {
        return Change::Nodes;
    }
    let parts = payload
        .split_once(':')
        .and_then(|(tenant, pbx)| Some(Change::Pbx { tenant: tenant.parse().ok()?, pbx: pbx.parse().ok()? }));
    parts.unwrap_or(Change::Everything)
}
