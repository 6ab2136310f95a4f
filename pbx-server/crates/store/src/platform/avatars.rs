//! People's pictures.

use crate::error::{Result, StoreError};
use sqlx::PgConnection;
use std::collections::HashSet;
use uuid::Uuid;
use voxera_model::{AccountId, UserId};

/// Pictures of accounts: PNG, at most 512 KiB.
pub struct Avatars<'t> {
    conn: &'t mut PgConnection,
}

impl<'t> Avatars<'t> {
    pub(crate) const fn new(conn: &'t mut PgConnection) -> Self {
        Self { conn }
    }

    /// The picture. `NotFound`: there is none.
    pub async fn get(self, account: AccountId) -> Result<Vec<u8>> {
        Ok(sqlx::query_scalar("select picture from platform.avatars where account_id = $1")
            .bind(account.0)
            .fetch_one(self.conn)
            .await?)
    }

    /// The picture of whoever this user is. `NotFound`: there is none.
    pub async fn of_user(self, user: UserId) -> Result<Vec<u8>> {
        Ok(sqlx::query_scalar(
            "select a.picture from platform.users u join platform.avatars a on a.account_id = u.account_id
             where u.id = $1",
        )
        .bind(user.0)
        .fetch_one(self.conn)
        .await?)
    }

    /// Those of these users who have a picture.
    pub async fn among(self, users: &[UserId]) -> Result<HashSet<UserId>> {
        let ids: Vec<Uuid> = users.iter().map(|user| user.0).collect();
        let found: Vec<Uuid> = sqlx::query_scalar(
            "select u.id from platform.users u join platform.avatars a on a.account_id = u.account_id
             where u.id = any($1)",
        )
        .bind(ids)
        .fetch_all(self.conn)
        .await?;
        Ok(found.into_iter().map(UserId).collect())
    }

    /// Puts a picture in place.
    pub async fn set(self, account: AccountId, picture: &[u8]) -> Result<()> {
        sqlx::query(
            "insert into platform.avatars (account_id, picture) values ($1, $2)
             on conflict (account_id) do update set picture = excluded.picture",
        )
        .bind(account.0)
        .bind(picture)
        .execute(self.conn)
        .await?;
        Ok(())
    }

    /// Takes the picture away. `NotFound`: there is none.
    pub async fn remove(self, account: AccountId) -> Result<()> {
        let done = sqlx::query("delete from platform.avatars where account_id = $1")
            .bind(account.0)
            .execute(self.conn)
            .await?;
        if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }
}
