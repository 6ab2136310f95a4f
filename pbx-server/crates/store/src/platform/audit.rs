//! What happened: written, read, and never changed.

use crate::error::Result;
use crate::page::{List, Listed, Page};
use crate::row::{Columns, address};
use crate::scope::TenantScope;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection};
use std::net::IpAddr;
use uuid::Uuid;
use voxera_model::{AccountId, AuditId, CustomerId, TenantId};

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// A person who is signed in.
    User,
    /// The product itself.
    System,
    /// Something that spoke SIP to us.
    Sip,
}

impl ActorKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::System => "system",
            Self::Sip => "sip",
        }
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditEntry {
    pub id: AuditId,
    pub at: DateTime<Utc>,
    pub tenant: Option<TenantId>,
    pub customer: Option<CustomerId>,
    pub actor_account: Option<AccountId>,
    pub actor_kind: ActorKind,
    /// As people know the actor: an address, `system`, a peer's IP address.
    pub actor_label: String,
    /// `extension.create`, `session.login_failed`, …
    pub action: String,
    pub resource_type: String,
    pub resource_id: String,
    pub before: Option<serde_json::Value>,
    pub after: Option<serde_json::Value>,
    pub address: Option<IpAddr>,
    pub request_id: Option<String>,
}

/// An entry to be. No secret may be in it.
#[derive(Debug, Clone)]
pub struct NewAudit {
    /// In a tenant's transaction: the scope's own, whatever is written here.
    pub tenant: Option<TenantId>,
    /// In a customer's transaction: the scope's own, whatever is written here.
    pub customer: Option<CustomerId>,
    pub actor_account: Option<AccountId>,
    pub actor_kind: ActorKind,
    pub actor_label: String,
    pub action: String,
    pub resource_type: String,
    pub resource_id: String,
    pub before: Option<serde_json::Value>,
    pub after: Option<serde_json::Value>,
    pub address: Option<IpAddr>,
    pub request_id: Option<String>,
}

/// Which entries; everything that is `None` fits all.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// `extension.create`, or `extension.` for everything about extensions.
    pub action: Option<String>,
    pub actor: Option<AccountId>,
    pub actor_kind: Option<ActorKind>,
    pub resource_type: Option<String>,
    pub resource_id: Option<String>,
    pub tenant: Option<TenantId>,
    pub customer: Option<CustomerId>,
    /// From this moment on.
    pub from: Option<DateTime<Utc>>,
    /// Before this moment.
    pub to: Option<DateTime<Utc>>,
}

const LIST: List = List {
    select: "id, at, tenant_id, customer_id, actor_account, actor_kind, actor_label, action, resource_type, \
             resource_id, before, after, host(address) as address, request_id from platform.audit",
    sorts: &[
        ("at", "at"),
        ("action", "action"),
        ("actor", "lower(actor_label collate \"sv-x-icu\")"),
        ("resource", "resource_type"),
    ],
    keys: &["at", "action", "actor", "resource"],
    newest_first: true,
    tie: "id desc",
    search: &["action", "actor_label", "resource_type", "resource_id", "host(address)"],
    digits: &[],
};

impl FromRow<'_, PgRow> for AuditEntry {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: AuditId(row.raw("id")?),
            at: row.raw("at")?,
            tenant: row.raw::<Option<Uuid>>("tenant_id")?.map(TenantId),
            customer: row.raw::<Option<Uuid>>("customer_id")?.map(CustomerId),
            actor_account: row.raw::<Option<Uuid>>("actor_account")?.map(AccountId),
            actor_kind: row.word("actor_kind")?,
            actor_label: row.raw("actor_label")?,
            action: row.raw("action")?,
            resource_type: row.raw("resource_type")?,
            resource_id: row.raw("resource_id")?,
            before: row.raw("before")?,
            after: row.raw("after")?,
            address: row.maybe("address")?,
            request_id: row.raw("request_id")?,
        })
    }
}

/// The audit log, as far as the transaction sees it.
pub struct Audits<'t> {
    conn: &'t mut PgConnection,
    scope: Option<TenantScope>,
}

impl<'t> Audits<'t> {
    pub(crate) const fn new(conn: &'t mut PgConnection, scope: Option<TenantScope>) -> Self {
        Self { conn, scope }
    }

    /// Writes an entry, dated by the database.
    pub async fn append(self, new: NewAudit) -> Result<AuditId> {
        let id = crate::new_id();
        let tenant = self.scope.map(|scope| scope.tenant()).or(new.tenant);
        let customer = self.scope.and_then(|scope| scope.customer()).or(new.customer);
        sqlx::query(
            "insert into platform.audit (id, tenant_id, customer_id, actor_account, actor_kind, actor_label,
                 action, resource_type, resource_id, before, after, address, request_id)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::inet, $13)",
        )
        .bind(id)
        .bind(tenant.map(|id| id.0))
        .bind(customer.map(|id| id.0))
        .bind(new.actor_account.map(|id| id.0))
        .bind(new.actor_kind.as_str())
        .bind(new.actor_label)
        .bind(new.action)
        .bind(new.resource_type)
        .bind(new.resource_id)
        .bind(new.before)
        .bind(new.after)
        .bind(address(new.address))
        .bind(new.request_id)
        .execute(self.conn)
        .await?;
        Ok(AuditId(id))
    }

    /// The newest first. Sorts: `at`, `action`, `actor`, `resource`. Searches action, actor,
    /// resource and address.
    pub async fn list(self, page: &Page, filter: &AuditFilter) -> Result<Listed<AuditEntry>> {
        LIST.fetch(self.conn, page, |query| {
            if let Some(action) = &filter.action {
                if action.ends_with('.') {
                    query.push(" and starts_with(action, ").push_bind(action.clone()).push(")");
                } else {
                    query.push(" and action = ").push_bind(action.clone());
                }
            }
            if let Some(actor) = filter.actor {
                query.push(" and actor_account = ").push_bind(actor.0);
            }
            if let Some(kind) = filter.actor_kind {
                query.push(" and actor_kind = ").push_bind(kind.as_str());
            }
            if let Some(kind) = &filter.resource_type {
                query.push(" and resource_type = ").push_bind(kind.clone());
            }
            if let Some(id) = &filter.resource_id {
                query.push(" and resource_id = ").push_bind(id.clone());
            }
            if let Some(tenant) = filter.tenant {
                query.push(" and tenant_id = ").push_bind(tenant.0);
            }
            if let Some(customer) = filter.customer {
                query.push(" and customer_id = ").push_bind(customer.0);
            }
            if let Some(from) = filter.from {
                query.push(" and at >= ").push_bind(from);
            }
            if let Some(to) = filter.to {
                query.push(" and at < ").push_bind(to);
            }
        })
        .await
    }
}
