//! Sign-ins: a family of refresh tokens of which only the newest works.

use crate::error::{Result, StoreError};
use crate::row::{Columns, address};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection};
use std::net::IpAddr;
use uuid::Uuid;
use voxera_model::{AccountId, SessionId};

/// SHA-256 of a token; the token itself is never stored.
pub type TokenHash = [u8; 32];

/// One sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Session {
    pub id: SessionId,
    pub account: AccountId,
    pub user_agent: Option<String>,
    pub address: Option<IpAddr>,
    pub created_at: DateTime<Utc>,
    pub last_used_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
    /// `logout`, `reuse`, `password_reset`, …
    pub revoked_reason: Option<String>,
}

/// A sign-in to be, with its first refresh token.
#[derive(Debug, Clone)]
pub struct NewSession {
    pub id: SessionId,
    pub account: AccountId,
    pub user_agent: Option<String>,
    pub address: Option<IpAddr>,
    pub token: TokenHash,
    pub expires_at: DateTime<Utc>,
}

/// What became of a refresh token. Commit in every case: a reuse has revoked the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// It is used up, and the new one works.
    Rotated { session: SessionId, account: AccountId },
    /// It had been used before: someone has a copy. The whole session is revoked.
    Reused { session: SessionId, account: AccountId },
    /// Its time is over, or the session was revoked.
    Expired { session: SessionId, account: AccountId },
    /// Nobody ever had it, or it is long gone.
    Unknown,
}

impl FromRow<'_, PgRow> for Session {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: SessionId(row.raw("id")?),
            account: AccountId(row.raw("account_id")?),
            user_agent: row.raw("user_agent")?,
            address: row.maybe("address")?,
            created_at: row.raw("created_at")?,
            last_used_at: row.raw("last_used_at")?,
            revoked_at: row.raw("revoked_at")?,
            revoked_reason: row.raw("revoked_reason")?,
        })
    }
}

/// Sign-ins.
pub struct Sessions<'t> {
    conn: &'t mut PgConnection,
}

impl<'t> Sessions<'t> {
    pub(crate) const fn new(conn: &'t mut PgConnection) -> Self {
        Self { conn }
    }

    /// Starts a session with its first refresh token.
    pub async fn create(self, new: NewSession) -> Result<Session> {
        let session = sqlx::query_as(
            "insert into platform.sessions (id, account_id, user_agent, address)
             values ($1, $2, left($3, 400), $4::inet)
             returning id, account_id, user_agent, host(address) as address, created_at, last_used_at,
                 revoked_at, revoked_reason",
        )
        .bind(new.id.0)
        .bind(new.account.0)
        .bind(new.user_agent)
        .bind(address(new.address))
        .fetch_one(&mut *self.conn)
        .await?;
        insert_token(self.conn, new.id.0, &new.token, new.expires_at).await?;
        Ok(session)
    }

    /// Takes a refresh token and gives the next one, in one step. A token that was used up less
    /// than `grace` ago gives another one: two tabs of one browser do that. Later than that it is
    /// [`Rotation::Reused`].
    pub async fn rotate(
        self,
        token: &TokenHash,
        next: &TokenHash,
        next_expires_at: DateTime<Utc>,
        grace: TimeDelta,
    ) -> Result<Rotation> {
        let owner: Option<Uuid> = sqlx::query_scalar(
            "update platform.refresh_tokens t set used_at = coalesce(t.used_at, now())
             from platform.sessions s
             where t.hash = $1 and t.expires_at > now()
               and (t.used_at is null or t.used_at > now() - $2 * interval '1 millisecond')
               and s.id = t.session_id and s.revoked_at is null
             returning t.session_id",
        )
        .bind(token.as_slice())
        .bind(grace.num_milliseconds())
        .fetch_optional(&mut *self.conn)
        .await?;
        if let Some(session) = owner {
            insert_token(self.conn, session, next, next_expires_at).await?;
            let account: Uuid = sqlx::query_scalar(
                "update platform.sessions set last_used_at = now() where id = $1 returning account_id",
            )
            .bind(session)
            .fetch_one(self.conn)
            .await?;
            return Ok(Rotation::Rotated { session: SessionId(session), account: AccountId(account) });
        }
        let known: Option<(Uuid, Uuid, bool)> = sqlx::query_as(
            "select s.id, s.account_id, t.used_at is not null and s.revoked_at is null
             from platform.refresh_tokens t join platform.sessions s on s.id = t.session_id
             where t.hash = $1",
        )
        .bind(token.as_slice())
        .fetch_optional(&mut *self.conn)
        .await?;
        let Some((session, account, reused)) = known else { return Ok(Rotation::Unknown) };
        let (session, account) = (SessionId(session), AccountId(account));
        if !reused {
            return Ok(Rotation::Expired { session, account });
        }
        revoke(self.conn, session, "reuse").await?;
        Ok(Rotation::Reused { session, account })
    }

    /// The session that a refresh token belongs to, without using it up.
    pub async fn of_token(self, token: &TokenHash) -> Result<Session> {
        Ok(sqlx::query_as(
            "select s.id, s.account_id, s.user_agent, host(s.address) as address, s.created_at,
                    s.last_used_at, s.revoked_at, s.revoked_reason
             from platform.refresh_tokens t join platform.sessions s on s.id = t.session_id
             where t.hash = $1",
        )
        .bind(token.as_slice())
        .fetch_one(self.conn)
        .await?)
    }

    /// By id.
    pub async fn get(self, id: SessionId) -> Result<Session> {
        Ok(sqlx::query_as(
            "select id, account_id, user_agent, host(address) as address, created_at, last_used_at,
                    revoked_at, revoked_reason
             from platform.sessions where id = $1",
        )
        .bind(id.0)
        .fetch_one(self.conn)
        .await?)
    }

    /// An account's sessions that still work, the newest first.
    pub async fn active(self, account: AccountId) -> Result<Vec<Session>> {
        Ok(sqlx::query_as(
            "select id, account_id, user_agent, host(address) as address, created_at, last_used_at,
                    revoked_at, revoked_reason
             from platform.sessions s where account_id = $1 and revoked_at is null and exists (
                 select 1 from platform.refresh_tokens t
                 where t.session_id = s.id and t.used_at is null and t.expires_at > now())
             order by created_at desc, id desc",
        )
        .bind(account.0)
        .fetch_all(self.conn)
        .await?)
    }

    /// Ends a session. One that has ended stays as it is.
    pub async fn revoke(self, id: SessionId, reason: &str) -> Result<()> {
        revoke(self.conn, id, reason).await
    }

    /// Ends every session of an account but `except`; returns those that were ended.
    pub async fn revoke_all(
        self,
        account: AccountId,
        reason: &str,
        except: Option<SessionId>,
    ) -> Result<Vec<SessionId>> {
        let ended: Vec<Uuid> = sqlx::query_scalar(
            "update platform.sessions set revoked_at = now(), revoked_reason = $2
             where account_id = $1 and revoked_at is null and id is distinct from $3
             returning id",
        )
        .bind(account.0)
        .bind(reason)
        .bind(except.map(|id| id.0))
        .fetch_all(self.conn)
        .await?;
        Ok(ended.into_iter().map(SessionId).collect())
    }

    /// Removes sessions whose every token ran out before `before`; returns how many.
    pub async fn purge(self, before: DateTime<Utc>) -> Result<u64> {
        let done = sqlx::query(
            "delete from platform.sessions s where not exists (
                 select 1 from platform.refresh_tokens t where t.session_id = s.id and t.expires_at >= $1)",
        )
        .bind(before)
        .execute(self.conn)
        .await?;
        Ok(done.rows_affected())
    }
}

async fn insert_token(
    conn: &mut PgConnection,
    session: Uuid,
    hash: &TokenHash,
    expires_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("insert into platform.refresh_tokens (hash, session_id, expires_at) values ($1, $2, $3)")
        .bind(hash.as_slice())
        .bind(session)
        .bind(expires_at)
        .execute(conn)
        .await?;
    Ok(())
}

async fn revoke(conn: &mut PgConnection, id: SessionId, reason: &str) -> Result<()> {
    sqlx::query(
        "update platform.sessions set revoked_at = now(), revoked_reason = $2
         where id = $1 and revoked_at is null",
    )
    .bind(id.0)
    .bind(reason)
    .execute(conn)
    .await?;
    Ok(())
}
