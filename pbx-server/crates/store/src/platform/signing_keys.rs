//! The keys that sign access tokens; the private half is sealed.

use crate::error::{Result, StoreError};
use crate::row::Columns;
use crate::seal::SealKey;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use zeroize::Zeroizing;

/// A key with its private half.
#[derive(Clone)]
pub struct SigningKey {
    pub kid: String,
    /// PKCS #8.
    pub private: Zeroizing<Vec<u8>>,
    /// The public half as a JWK.
    pub public: serde_json::Value,
    pub created_at: DateTime<Utc>,
    /// From then on it signs nothing; it is published until its tokens have run out.
    pub retired_at: Option<DateTime<Utc>>,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// A key to be.
pub struct NewSigningKey {
    pub kid: String,
    pub private: Zeroizing<Vec<u8>>,
    pub public: serde_json::Value,
}

/// Signing keys.
pub struct SigningKeys<'t> {
    conn: &'t mut PgConnection,
    seal: &'t SealKey,
}

impl<'t> SigningKeys<'t> {
    pub(crate) const fn new(conn: &'t mut PgConnection, seal: &'t SealKey) -> Self {
        Self { conn, seal }
    }

    /// Every key, the newest first. `Sealed`: the installation's seal key is another one.
    pub async fn all(self) -> Result<Vec<SigningKey>> {
        let rows = sqlx::query(
            "select kid, sealed_private, public, created_at, retired_at from platform.signing_keys
             order by created_at desc, kid",
        )
        .fetch_all(self.conn)
        .await?;
        rows.iter()
            .map(|row| {
                let kid: String = row.raw("kid")?;
                let private = self.seal.open(&aad(&kid), &row.raw::<Vec<u8>>("sealed_private")?)?;
                Ok(SigningKey {
                    private,
                    public: row.raw("public")?,
                    created_at: row.raw("created_at")?,
                    retired_at: row.raw("retired_at")?,
                    kid,
                })
            })
            .collect()
    }

    /// Seals and keeps a key.
    pub async fn insert(self, new: NewSigningKey) -> Result<()> {
        let sealed = self.seal.seal(&aad(&new.kid), &new.private)?;
        sqlx::query("insert into platform.signing_keys (kid, sealed_private, public) values ($1, $2, $3)")
            .bind(new.kid)
            .bind(sealed)
            .bind(new.public)
            .execute(self.conn)
            .await?;
        Ok(())
    }

    /// Lets a key sign nothing from now on.
    pub async fn retire(self, kid: &str) -> Result<()> {
        let done = sqlx::query(
            "update platform.signing_keys set retired_at = coalesce(retired_at, now()) where kid = $1",
        )
        .bind(kid)
        .execute(self.conn)
        .await?;
        if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }

    /// Removes keys that were retired before `before`; returns how many.
    pub async fn purge(self, before: DateTime<Utc>) -> Result<u64> {
        let done = sqlx::query("delete from platform.signing_keys where retired_at < $1")
            .bind(before)
            .execute(self.conn)
            .await?;
        Ok(done.rows_affected())
    }
}

pub(crate) fn aad(kid: &str) -> Vec<u8> {
    [b"signing-key:", kid.as_bytes()].concat()
}
