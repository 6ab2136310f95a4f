//! Log-ins, platform-wide.

use crate::error::{Result, StoreError};
use crate::row::Columns;
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;
use voxera_model::{AccountId, Email, Locale};

/// A log-in.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    pub id: AccountId,
    pub email: Email,
    /// In PHC form; `None` until the person has chosen a password.
    #[serde(skip)]
    pub password_hash: Option<String>,
    pub locale: Locale,
    /// When the address was shown to be the person's own.
    pub verified_at: Option<DateTime<Utc>>,
    /// When the password was chosen; `None`: before that was kept, or there is none.
    pub password_changed_at: Option<DateTime<Utc>>,
    /// Whether there is a picture of the person.
    pub avatar: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A log-in to be.
#[derive(Clone)]
pub struct NewAccount {
    pub id: AccountId,
    pub email: Email,
    pub password_hash: Option<String>,
    pub locale: Locale,
    pub verified_at: Option<DateTime<Utc>>,
}

/// An account that was there, or was made.
#[derive(Debug, Clone)]
pub struct Found {
    pub account: Account,
    pub created: bool,
}

impl FromRow<'_, PgRow> for Account {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: AccountId(row.raw("id")?),
            email: row.parsed("email")?,
            password_hash: row.raw("password_hash")?,
            locale: row.parsed("locale")?,
            verified_at: row.raw("verified_at")?,
            password_changed_at: row.raw("password_changed_at")?,
            avatar: row.raw("avatar")?,
            created_at: row.raw("created_at")?,
            updated_at: row.raw("updated_at")?,
        })
    }
}

/// Log-ins.
pub struct Accounts<'t> {
    conn: &'t mut PgConnection,
}

impl<'t> Accounts<'t> {
    pub(crate) const fn new(conn: &'t mut PgConnection) -> Self {
        Self { conn }
    }

    /// By id.
    pub async fn get(self, id: AccountId) -> Result<Account> {
        Ok(sqlx::query_as(
            "select id, email, password_hash, locale, verified_at, password_changed_at,
                    exists (select 1 from platform.avatars where account_id = accounts.id) as avatar,
                    created_at, updated_at
             from platform.accounts where id = $1",
        )
        .bind(id.0)
        .fetch_one(self.conn)
        .await?)
    }

    /// By address.
    pub async fn by_email(self, email: &Email) -> Result<Account> {
        Ok(sqlx::query_as(
            "select id, email, password_hash, locale, verified_at, password_changed_at,
                    exists (select 1 from platform.avatars where account_id = accounts.id) as avatar,
                    created_at, updated_at
             from platform.accounts where email = $1",
        )
        .bind(email.as_str())
        .fetch_one(self.conn)
        .await?)
    }

    /// Conflict: `EmailTaken`.
    pub async fn create(self, new: NewAccount) -> Result<Account> {
        Ok(sqlx::query_as(
            "insert into platform.accounts (id, email, password_hash, locale, verified_at,
                 password_changed_at)
             values ($1, $2, $3, $4, $5, case when $3::text is null then null else now() end)
             returning id, email, password_hash, locale, verified_at, password_changed_at, false as avatar,
                 created_at, updated_at",
        )
        .bind(new.id.0)
        .bind(new.email.as_str())
        .bind(new.password_hash)
        .bind(new.locale.as_str())
        .bind(new.verified_at)
        .fetch_one(self.conn)
        .await?)
    }

    /// The account of an address; makes one without a password when there is none.
    pub async fn find_or_create(self, email: &Email, locale: Locale) -> Result<Found> {
        find_or_create(self.conn, email, locale).await
    }

    /// A new password. Whoever sets one by a link has shown that the address is theirs: `verify`.
    pub async fn set_password(self, id: AccountId, hash: &str, verify: bool) -> Result<()> {
        let done = sqlx::query(
            "update platform.accounts set password_hash = $2, password_changed_at = now(),
                     verified_at = case when $3 then coalesce(verified_at, now()) else verified_at end
                 where id = $1",
        )
        .bind(id.0)
        .bind(hash)
        .bind(verify)
        .execute(self.conn)
        .await?;
        touched(&done)
    }

    /// The address is the person's own.
    pub async fn verify(self, id: AccountId) -> Result<()> {
        let done = sqlx::query(
            "update platform.accounts set verified_at = coalesce(verified_at, now()) where id = $1",
        )
        .bind(id.0)
        .execute(self.conn)
        .await?;
        touched(&done)
    }

    /// The person's language.
    pub async fn set_locale(self, id: AccountId, locale: Locale) -> Result<()> {
        let done = sqlx::query("update platform.accounts set locale = $2 where id = $1")
            .bind(id.0)
            .bind(locale.as_str())
            .execute(self.conn)
            .await?;
        touched(&done)
    }

    /// Removes the account with its memberships, sessions and tokens.
    pub async fn delete(self, id: AccountId) -> Result<()> {
        let done =
            sqlx::query("delete from platform.accounts where id = $1").bind(id.0).execute(self.conn).await?;
        touched(&done)
    }
}

pub(crate) async fn find_or_create(conn: &mut PgConnection, email: &Email, locale: Locale) -> Result<Found> {
    let id: Option<Uuid> = sqlx::query_scalar(
        "insert into platform.accounts (id, email, locale) values ($1, $2, $3)
         on conflict (email) do nothing returning id",
    )
    .bind(crate::new_id())
    .bind(email.as_str())
    .bind(locale.as_str())
    .fetch_optional(&mut *conn)
    .await?;
    let account = Accounts::new(conn).by_email(email).await?;
    Ok(Found { account, created: id.is_some() })
}

fn touched(done: &sqlx::postgres::PgQueryResult) -> Result<()> {
    if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
}
