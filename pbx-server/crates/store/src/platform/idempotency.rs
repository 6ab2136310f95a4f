//! Requests that may come twice and act once.

use crate::error::Result;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use voxera_model::AccountId;

/// What is known of a request. Begin and finish in the transaction that acts: a second request
/// with the same key then waits for the first, and sees its answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Idempotency {
    /// It is the first: act, then call [`IdempotencyKeys::finish`].
    New,
    /// It was answered before.
    Replay { status: u16, body: Option<serde_json::Value> },
    /// The key was used for another request.
    Mismatch,
    /// The first one has not been answered.
    InProgress,
}

/// Method and path, hash, and the answer so far.
type Known = (String, Vec<u8>, Option<i32>, Option<serde_json::Value>);

/// Keys of requests.
pub struct IdempotencyKeys<'t> {
    conn: &'t mut PgConnection,
}

impl<'t> IdempotencyKeys<'t> {
    pub(crate) const fn new(conn: &'t mut PgConnection) -> Self {
        Self { conn }
    }

    /// Claims a key (1 to 200 characters) for a request.
    pub async fn begin(
        self,
        account: AccountId,
        key: &str,
        method_path: &str,
        request_hash: &[u8],
    ) -> Result<Idempotency> {
        let claimed = sqlx::query(
            "insert into platform.idempotency_keys (account_id, key, method_path, request_hash)
             values ($1, $2, $3, $4) on conflict (account_id, key) do nothing",
        )
        .bind(account.0)
        .bind(key)
        .bind(method_path)
        .bind(request_hash)
        .execute(&mut *self.conn)
        .await?;
        if claimed.rows_affected() == 1 {
            return Ok(Idempotency::New);
        }
        let found: Option<Known> = sqlx::query_as(
            "select method_path, request_hash, status, body from platform.idempotency_keys
             where account_id = $1 and key = $2",
        )
        .bind(account.0)
        .bind(key)
        .fetch_optional(self.conn)
        .await?;
        Ok(match found {
            Some((path, hash, status, body)) if path == method_path && hash == request_hash => {
                match status.and_then(|status| u16::try_from(status).ok()) {
                    Some(status) => Idempotency::Replay { status, body },
                    None => Idempotency::InProgress,
                }
            }
            // Used in another tenant, or for something else.
            Some(_) | None => Idempotency::Mismatch,
        })
    }

    /// Keeps the answer. No secret may be in it.
    pub async fn finish(
        self,
        account: AccountId,
        key: &str,
        status: u16,
        body: Option<&serde_json::Value>,
    ) -> Result<()> {
        sqlx::query(
            "update platform.idempotency_keys set status = $3, body = $4 where account_id = $1 and key = $2",
        )
        .bind(account.0)
        .bind(key)
        .bind(i32::from(status))
        .bind(body)
        .execute(self.conn)
        .await?;
        Ok(())
    }

    /// Removes keys made before `before`; returns how many.
    pub async fn purge(self, before: DateTime<Utc>) -> Result<u64> {
        let done = sqlx::query("delete from platform.idempotency_keys where created_at < $1")
            .bind(before)
            .execute(self.conn)
            .await?;
        Ok(done.rows_affected())
    }
}
