//! What became of each attempt to sign in to an account.

use crate::error::Result;
use crate::page::{List, Listed, Page};
use crate::row::{Columns, address};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection};
use std::net::IpAddr;
use uuid::Uuid;
use voxera_model::AccountId;

/// How an attempt to sign in ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginOutcome {
    /// Signed in.
    Ok,
    WrongPassword,
    /// The password was right, the code of the second factor was not.
    WrongCode,
    /// All was right, but the account is suspended everywhere, or belongs nowhere.
    Suspended,
}

/// An attempt to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Login {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub outcome: LoginOutcome,
    pub address: Option<IpAddr>,
    pub user_agent: Option<String>,
}

impl FromRow<'_, PgRow> for Login {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.raw("id")?,
            at: row.raw("at")?,
            outcome: row.word("outcome")?,
            address: row.maybe("address")?,
            user_agent: row.raw("user_agent")?,
        })
    }
}

const LIST: List = List {
    select: "id, at, outcome, host(address) as address, user_agent from platform.logins",
    sorts: &[("at", "at")],
    keys: &["at"],
    newest_first: true,
    tie: "id desc",
    search: &["user_agent", "host(address)"],
    digits: &[],
};

/// Attempts to sign in.
pub struct Logins<'t> {
    conn: &'t mut PgConnection,
}

impl<'t> Logins<'t> {
    pub(crate) const fn new(conn: &'t mut PgConnection) -> Self {
        Self { conn }
    }

    /// Notes an attempt.
    pub async fn append(
        self,
        account: AccountId,
        outcome: LoginOutcome,
        from: Option<IpAddr>,
        user_agent: Option<String>,
    ) -> Result<()> {
        sqlx::query(
            "insert into platform.logins (id, account_id, outcome, address, user_agent)
             values ($1, $2, $3, $4::inet, left($5, 400))",
        )
        .bind(crate::new_id())
        .bind(account.0)
        .bind(crate::row::word(&outcome))
        .bind(address(from))
        .bind(user_agent)
        .execute(self.conn)
        .await?;
        Ok(())
    }

    /// An account's, the newest first. Sorts by `at`.
    pub async fn list(self, account: AccountId, page: &Page) -> Result<Listed<Login>> {
        LIST.fetch(self.conn, page, |query| {
            query.push(" and account_id = ").push_bind(account.0);
        })
        .await
    }

    /// Removes what happened before `before`; returns how many.
    pub async fn purge(self, before: DateTime<Utc>) -> Result<u64> {
        let done =
            sqlx::query("delete from platform.logins where at < $1").bind(before).execute(self.conn).await?;
        Ok(done.rows_affected())
    }
}
