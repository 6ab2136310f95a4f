//! Second factors: the secret that an authenticator app shares with us, and codes for who has lost it.

use crate::error::{Result, StoreError};
use crate::platform::sessions::TokenHash;
use crate::row::Columns;
use crate::seal::SealKey;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use voxera_model::AccountId;
use zeroize::Zeroizing;

/// An account's second factor.
#[derive(Clone)]
pub struct SecondFactor {
    /// What the app and we share.
    pub secret: Zeroizing<Vec<u8>>,
    /// It can be confirmed until then.
    pub offered_until: DateTime<Utc>,
    /// From then on a code is asked for; `None`: only offered.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// Recovery codes that were not used.
    pub recovery_codes_left: u32,
}

impl std::fmt::Debug for SecondFactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecondFactor").field("confirmed_at", &self.confirmed_at).finish_non_exhaustive()
    }
}

/// Second factors.
pub struct SecondFactors<'t> {
    conn: &'t mut PgConnection,
    seal: &'t SealKey,
}

impl<'t> SecondFactors<'t> {
    pub(crate) const fn new(conn: &'t mut PgConnection, seal: &'t SealKey) -> Self {
        Self { conn, seal }
    }

    /// An account's own, offered or confirmed; `None`: there is none.
    pub async fn of(self, account: AccountId) -> Result<Option<SecondFactor>> {
        let row = sqlx::query(
            "select sealed_secret, offered_until, confirmed_at,
                    (select count(*) from platform.recovery_codes c
                     where c.account_id = t.account_id and c.used_at is null) as codes_left
             from platform.totp t where account_id = $1",
        )
        .bind(account.0)
        .fetch_optional(self.conn)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(SecondFactor {
            secret: self.seal.open(&aad(account), &row.raw::<Vec<u8>>("sealed_secret")?)?,
            offered_until: row.raw("offered_until")?,
            confirmed_at: row.raw("confirmed_at")?,
            recovery_codes_left: row.unsigned("codes_left")?,
        }))
    }

    /// Offers a secret, in the place of one that was offered before. `false`: there is a confirmed
    /// one, which stays.
    pub async fn offer(self, account: AccountId, secret: &[u8], until: DateTime<Utc>) -> Result<bool> {
        let sealed = self.seal.seal(&aad(account), secret)?;
        let done = sqlx::query(
            "insert into platform.totp as t (account_id, sealed_secret, offered_until) values ($1, $2, $3)
             on conflict (account_id) do update
                 set sealed_secret = excluded.sealed_secret, offered_until = excluded.offered_until
                 where t.confirmed_at is null",
        )
        .bind(account.0)
        .bind(sealed)
        .bind(until)
        .execute(self.conn)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Asks for codes from now on; `step` is the one whose code showed that the app has the secret.
    /// `false`: nothing was offered, or it is confirmed already.
    pub async fn confirm(self, account: AccountId, step: u64) -> Result<bool> {
        let done = sqlx::query(
            "update platform.totp set confirmed_at = now(), last_step = $2
             where account_id = $1 and confirmed_at is null",
        )
        .bind(account.0)
        .bind(i64::try_from(step).unwrap_or(i64::MAX))
        .execute(self.conn)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Uses up the code of a step, and those of the steps before it. `false`: that was done before.
    /// Of two that come at the same moment one gets it.
    pub async fn use_step(self, account: AccountId, step: u64) -> Result<bool> {
        let done = sqlx::query(
            "update platform.totp set last_step = $2
             where account_id = $1 and confirmed_at is not null and last_step < $2",
        )
        .bind(account.0)
        .bind(i64::try_from(step).unwrap_or(i64::MAX))
        .execute(self.conn)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Puts new recovery codes in the place of all that there were.
    pub async fn set_recovery_codes(self, account: AccountId, hashes: &[TokenHash]) -> Result<()> {
        sqlx::query("delete from platform.recovery_codes where account_id = $1")
            .bind(account.0)
            .execute(&mut *self.conn)
            .await?;
        let hashes: Vec<&[u8]> = hashes.iter().map(<[u8; 32]>::as_slice).collect();
        sqlx::query("insert into platform.recovery_codes (account_id, hash) select $1, unnest($2::bytea[])")
            .bind(account.0)
            .bind(hashes)
            .execute(self.conn)
            .await?;
        Ok(())
    }

    /// Uses up a recovery code. `false`: it is none, or was used before. Of two that come at the same
    /// moment one gets it.
    pub async fn use_recovery_code(self, account: AccountId, hash: &TokenHash) -> Result<bool> {
        let done = sqlx::query(
            "update platform.recovery_codes set used_at = now()
             where account_id = $1 and hash = $2 and used_at is null",
        )
        .bind(account.0)
        .bind(hash.as_slice())
        .execute(self.conn)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Takes the second factor and its recovery codes away. `NotFound`: there is no confirmed one.
    pub async fn remove(self, account: AccountId) -> Result<()> {
        let done =
            sqlx::query("delete from platform.totp where account_id = $1 and confirmed_at is not null")
                .bind(account.0)
                .execute(&mut *self.conn)
                .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound);
        }
        sqlx::query("delete from platform.recovery_codes where account_id = $1")
            .bind(account.0)
            .execute(self.conn)
            .await?;
        Ok(())
    }

    /// Removes offers that nobody confirmed before `before`; returns how many.
    pub async fn purge(self, before: DateTime<Utc>) -> Result<u64> {
        let done = sqlx::query("delete from platform.totp where confirmed_at is null and offered_until < $1")
            .bind(before)
            .execute(self.conn)
            .await?;
        Ok(done.rows_affected())
    }
}

pub(crate) fn aad(account: AccountId) -> Vec<u8> {
    [b"totp:".as_slice(), account.0.as_bytes()].concat()
}
