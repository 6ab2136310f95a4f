//! What this crate wants of the store, in one place.

use crate::directory::PbxConfig;
use crate::record::CallEnded;
use crate::security::AuditLine;
use voxera_model::{CustomerId, PbxId, TenantId};

/// The store.
#[derive(Debug, Clone)]
pub struct Store(());

/// The key.
#[derive(Debug, Clone)]
pub struct SealKey(());

impl SealKey {
    pub(crate) fn seal(&self, _: &[u8], plain: &[u8]) -> Result<Vec<u8>, Refusal> {
        tracing::debug!(key = ?self.0, "seal");
        Ok(plain.to_vec())
    }
    pub(crate) fn open(&self, _: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Refusal> {
        tracing::debug!(key = ?self.0, "open");
        Ok(sealed.to_vec())
    }
}

/// The store, as this crate uses it.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    store: Store,
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
#[expect(dead_code, reason = "the store makes them")]
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

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(dead_code, reason = "the store makes them")]
pub(crate) enum Change {
    Pbx { tenant: TenantId, pbx: PbxId },
    Everything,
}

/// Every PBX.
pub(crate) struct All {
    pub(crate) configs: Vec<PbxConfig>,
    /// Tenants that cannot be read.
    pub(crate) unread: Vec<TenantId>,
}

/// Changes of configuration, as they are committed.
pub(crate) struct Changes {
    _store: Store,
}

impl Database {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    /// Every PBX of every tenant.
    pub(crate) async fn all(&self) -> Result<All, Refusal> {
        self.nothing().await
    }

    /// One PBX; `None`: it is gone.
    pub(crate) async fn pbx(&self, _tenant: TenantId, _pbx: PbxId) -> Result<Option<PbxConfig>, Refusal> {
        self.nothing().await
    }

    /// The changes from now on.
    pub(crate) async fn changes(&self) -> Result<Changes, Refusal> {
        self.nothing().await
    }

    /// Keeps calls of one customer, all or none. A call that is there already stays as it is.
    pub(crate) async fn insert_calls(
        &self,
        _tenant: TenantId,
        _customer: CustomerId,
        _calls: &[CallEnded],
    ) -> Result<(), Refusal> {
        self.nothing().await
    }

    /// Keeps refused attempts.
    pub(crate) async fn audit(&self, _lines: &[AuditLine]) -> Result<(), Refusal> {
        self.nothing().await
    }

    async fn nothing<T>(&self) -> Result<T, Refusal> {
        tokio::task::yield_now().await;
        Err(Refusal::Down(format!("{:?}", self.store)))
    }
}

impl Changes {
    /// The next change. Waits for ever when there is none.
    pub(crate) async fn next(&mut self) -> Change {
        std::future::pending().await
    }
}
