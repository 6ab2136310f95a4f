//! What this crate wants of the store, in one place.

/// The store.
#[derive(Debug, Clone)]
pub struct Store(());
