//! The outbox.

use crate::error::{Result, StoreError};
use crate::page::{List, Listed, Page};
use crate::row::Columns;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;
use voxera_model::{Email, MailId, TenantId};

/// Where a mail is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailState {
    /// Waits to be sent.
    Queued,
    /// The next server took it.
    Sent,
    /// Given up.
    Failed,
    /// No mail server is configured: it is read in the portal.
    Mailbox,
}

impl MailState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Mailbox => "mailbox",
        }
    }
}

/// A mail.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Mail {
    pub id: MailId,
    pub tenant: Option<TenantId>,
    pub to: Email,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// `invitation`, `password_reset`, …
    pub purpose: String,
    pub state: MailState,
    /// How often sending was tried.
    pub attempts: u32,
    pub last_error: Option<String>,
    pub created_at: DateTime<Utc>,
    pub sent_at: Option<DateTime<Utc>>,
    /// A sound that goes with it: a path below the media folder.
    pub attachment: Option<String>,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail")
            .field("id", &self.id)
            .field("purpose", &self.purpose)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// A mail to be.
#[derive(Clone)]
pub struct NewMail {
    pub id: MailId,
    /// Whose brand it carries. In a tenant's transaction: the scope's own.
    pub tenant: Option<TenantId>,
    pub to: Email,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub purpose: String,
    /// `Queued`, or `Mailbox` where nothing is sent.
    pub state: MailState,
    /// A sound that goes with it: a path below the media folder, made of ids.
    pub attachment: Option<String>,
}

/// Which mails; everything that is `None` fits all.
#[derive(Debug, Clone, Default)]
pub struct MailFilter {
    pub state: Option<MailState>,
    pub to: Option<Email>,
    pub purpose: Option<String>,
}

const LIST: List = List {
    select: "id, tenant_id, to_email, subject, text, html, purpose, state, attempts, last_error, created_at, \
             sent_at, attachment from platform.mails",
    sorts: &[
        ("created_at", "created_at"),
        ("to", "to_email"),
        ("subject", "lower(subject collate \"sv-x-icu\")"),
        ("state", "state"),
    ],
    keys: &["created_at", "to", "subject", "state"],
    newest_first: true,
    tie: "id desc",
    search: &["to_email", "subject"],
    digits: &[],
};

impl FromRow<'_, PgRow> for Mail {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: MailId(row.raw("id")?),
            tenant: row.raw::<Option<Uuid>>("tenant_id")?.map(TenantId),
            to: row.parsed("to_email")?,
            subject: row.raw("subject")?,
            text: row.raw("text")?,
            html: row.raw("html")?,
            purpose: row.raw("purpose")?,
            state: row.word("state")?,
            attempts: u32::try_from(row.raw::<i32>("attempts")?).unwrap_or_default(),
            last_error: row.raw("last_error")?,
            created_at: row.raw("created_at")?,
            sent_at: row.raw("sent_at")?,
            attachment: row.raw("attachment")?,
        })
    }
}

/// The outbox, as far as the transaction may use it.
pub struct Mails<'t> {
    conn: &'t mut PgConnection,
    tenant: Option<TenantId>,
}

impl<'t> Mails<'t> {
    pub(crate) const fn new(conn: &'t mut PgConnection, tenant: Option<TenantId>) -> Self {
        Self { conn, tenant }
    }

    /// Puts a mail into the outbox; it goes when the transaction is committed.
    pub async fn queue(self, new: NewMail) -> Result<MailId> {
        sqlx::query(
            "insert into platform.mails (id, tenant_id, to_email, subject, text, html, purpose, state, attachment)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(new.id.0)
        .bind(self.tenant.or(new.tenant).map(|id| id.0))
        .bind(new.to.as_str())
        .bind(new.subject)
        .bind(new.text)
        .bind(new.html)
        .bind(new.purpose)
        .bind(new.state.as_str())
        .bind(new.attachment)
        .execute(self.conn)
        .await?;
        Ok(new.id)
    }

    /// The newest first. Sorts: `created_at`, `to`, `subject`, `state`. Searches address and subject.
    pub async fn list(self, page: &Page, filter: &MailFilter) -> Result<Listed<Mail>> {
        LIST.fetch(self.conn, page, |query| {
            if let Some(state) = filter.state {
                query.push(" and state = ").push_bind(state.as_str());
            }
            if let Some(to) = &filter.to {
                query.push(" and to_email = ").push_bind(to.as_str().to_owned());
            }
            if let Some(purpose) = &filter.purpose {
                query.push(" and purpose = ").push_bind(purpose.clone());
            }
        })
        .await
    }

    /// By id.
    pub async fn get(self, id: MailId) -> Result<Mail> {
        Ok(sqlx::query_as(
            "select id, tenant_id, to_email, subject, text, html, purpose, state, attempts, last_error,
                    created_at, sent_at, attachment
             from platform.mails where id = $1",
        )
        .bind(id.0)
        .fetch_one(self.conn)
        .await?)
    }

    /// The mails that are due, the oldest first. They stay locked until the transaction ends, and
    /// another sender passes over them.
    pub async fn take_due(self, limit: u32) -> Result<Vec<Mail>> {
        Ok(sqlx::query_as(
            "select id, tenant_id, to_email, subject, text, html, purpose, state, attempts, last_error,
                    created_at, sent_at, attachment
             from platform.mails where state = 'queued' and next_attempt_at <= now()
             order by next_attempt_at, id limit $1
             for update skip locked",
        )
        .bind(i64::from(limit))
        .fetch_all(self.conn)
        .await?)
    }

    /// When the next mail is due; `None`: nothing waits.
    pub async fn next_due(self) -> Result<Option<DateTime<Utc>>> {
        Ok(sqlx::query_scalar("select min(next_attempt_at) from platform.mails where state = 'queued'")
            .fetch_one(self.conn)
            .await?)
    }

    /// The next server took it.
    pub async fn sent(self, id: MailId) -> Result<()> {
        sqlx::query(
            "update platform.mails set state = 'sent', sent_at = now(), attempts = attempts + 1,
                 last_error = null
             where id = $1",
        )
        .bind(id.0)
        .execute(self.conn)
        .await?;
        Ok(())
    }

    /// It was not taken: it is tried again at `again_at`, or given up.
    pub async fn failed(self, id: MailId, error: &str, again_at: Option<DateTime<Utc>>) -> Result<()> {
        let done = sqlx::query(
            "update platform.mails set attempts = attempts + 1, last_error = left($2, 1000),
                 state = case when $3::timestamptz is null then 'failed' else 'queued' end,
                 next_attempt_at = coalesce($3, next_attempt_at)
             where id = $1",
        )
        .bind(id.0)
        .bind(error)
        .bind(again_at)
        .execute(self.conn)
        .await?;
        if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }

    /// Removes mails made before `before`, which hold addresses and used-up links; returns how many.
    pub async fn purge(self, before: DateTime<Utc>) -> Result<u64> {
        let done = sqlx::query("delete from platform.mails where created_at < $1 and state <> 'queued'")
            .bind(before)
            .execute(self.conn)
            .await?;
        Ok(done.rows_affected())
    }
}
