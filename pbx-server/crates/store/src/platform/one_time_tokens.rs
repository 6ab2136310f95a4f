//! Links in mails: each works once, for a time.

use crate::error::{Result, StoreError};
use crate::platform::sessions::TokenHash;
use crate::row::Columns;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;
use voxera_model::{AccountId, UserId};

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    Invitation,
    PasswordReset,
    EmailVerification,
}

impl Purpose {
    /// The text of the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::PasswordReset => "password_reset",
            Self::EmailVerification => "email_verification",
        }
    }
}

/// A link that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneTimeToken {
    pub purpose: Purpose,
    pub account: AccountId,
    /// The membership that an invitation is to.
    pub user: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// A link to be.
#[derive(Debug, Clone)]
pub struct NewOneTimeToken {
    pub hash: TokenHash,
    pub purpose: Purpose,
    pub account: AccountId,
    pub user: Option<UserId>,
    pub expires_at: DateTime<Utc>,
}

impl FromRow<'_, PgRow> for OneTimeToken {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            purpose: row.word("purpose")?,
            account: AccountId(row.raw("account_id")?),
            user: row.raw::<Option<Uuid>>("user_id")?.map(UserId),
            created_at: row.raw("created_at")?,
            expires_at: row.raw("expires_at")?,
        })
    }
}

/// Links.
pub struct OneTimeTokens<'t> {
    conn: &'t mut PgConnection,
}

impl<'t> OneTimeTokens<'t> {
    pub(crate) const fn new(conn: &'t mut PgConnection) -> Self {
        Self { conn }
    }

    /// Notes a link.
    pub async fn create(self, new: NewOneTimeToken) -> Result<()> {
        sqlx::query(
            "insert into platform.one_time_tokens (hash, purpose, account_id, user_id, expires_at)
             values ($1, $2, $3, $4, $5)",
        )
        .bind(new.hash.as_slice())
        .bind(new.purpose.as_str())
        .bind(new.account.0)
        .bind(new.user.map(|id| id.0))
        .bind(new.expires_at)
        .execute(self.conn)
        .await?;
        Ok(())
    }

    /// Uses a link up. `NotFound`: unknown, used, too old, or for something else. Of two that come
    /// at the same moment one gets it.
    pub async fn consume(self, hash: &TokenHash, purpose: Purpose) -> Result<OneTimeToken> {
        Ok(sqlx::query_as(
            "update platform.one_time_tokens set used_at = now()
             where hash = $1 and purpose = $2 and used_at is null and expires_at > now()
             returning purpose, account_id, user_id, created_at, expires_at",
        )
        .bind(hash.as_slice())
        .bind(purpose.as_str())
        .fetch_one(self.conn)
        .await?)
    }

    /// Looks at a link that would work. `NotFound` as for [`Self::consume`].
    pub async fn peek(self, hash: &TokenHash, purpose: Purpose) -> Result<OneTimeToken> {
        Ok(sqlx::query_as(
            "select purpose, account_id, user_id, created_at, expires_at from platform.one_time_tokens
             where hash = $1 and purpose = $2 and used_at is null and expires_at > now()",
        )
        .bind(hash.as_slice())
        .bind(purpose.as_str())
        .fetch_one(self.conn)
        .await?)
    }

    /// Makes an account's open links of a purpose stop working.
    pub async fn revoke(self, account: AccountId, purpose: Purpose) -> Result<(), StoreError> {
        sqlx::query(
            "update platform.one_time_tokens set used_at = now()
             where account_id = $1 and purpose = $2 and used_at is null",
        )
        .bind(account.0)
        .bind(purpose.as_str())
        .execute(self.conn)
        .await?;
        Ok(())
    }

    /// Removes links that ran out before `before`; returns how many.
    pub async fn purge(self, before: DateTime<Utc>) -> Result<u64> {
        let done = sqlx::query("delete from platform.one_time_tokens where expires_at < $1")
            .bind(before)
            .execute(self.conn)
            .await?;
        Ok(done.rows_affected())
    }
}
