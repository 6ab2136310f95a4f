//! Rules and menus: a draft that people work on, and versions that calls follow.

use crate::error::{Constraint, Result, StoreError};
use crate::page::{List, Listed, Page};
use crate::row::{Columns, document, integer};
use crate::tenant::pbxs::list_in;
use crate::tenant::references::{self, Usage, Wanted};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, Row};
use uuid::Uuid;
use voxera_callflow::{Ivr, Routing};
use voxera_model::{AccountId, CustomerId, FlowId, Name, PbxId};

/// What a flow is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowKind {
    /// The rules of a PBX: one, made with it.
    Routing,
    /// A menu.
    Ivr,
}

/// The document of a flow; written as it is, without a mark of its kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum FlowDocument {
    Routing(Routing),
    Ivr(Ivr),
}

impl FlowDocument {
    #[must_use]
    pub const fn kind(&self) -> FlowKind {
        match self {
            Self::Routing(_) => FlowKind::Routing,
            Self::Ivr(_) => FlowKind::Ivr,
        }
    }

    /// Reads what was written for this kind.
    pub fn read(kind: FlowKind, value: Value) -> Result<Self, serde_json::Error> {
        Ok(match kind {
            FlowKind::Routing => Self::Routing(serde_json::from_value(value)?),
            FlowKind::Ivr => Self::Ivr(serde_json::from_value(value)?),
        })
    }
}

/// A flow without its documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flow {
    pub id: FlowId,
    pub customer: CustomerId,
    pub pbx: PbxId,
    pub kind: FlowKind,
    /// Of a menu; the rules are called `routing`.
    pub name: Name,
    /// The version that calls follow; `None`: never published.
    pub published: Option<u32>,
    pub published_at: Option<DateTime<Utc>>,
    /// The draft is something else than what is published.
    pub draft_differs: bool,
    /// Grows with every save of the draft, 1 and up.
    pub draft_revision: u64,
    pub draft_updated_at: DateTime<Utc>,
    /// Who saved it, by name.
    pub draft_updated_by: Option<String>,
    pub created_at: DateTime<Utc>,
}

/// What people work on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FlowDraft {
    pub flow: FlowId,
    pub document: FlowDocument,
    /// Say it when you save: a draft that somebody else saved meanwhile is not overwritten.
    pub revision: u64,
    pub updated_at: DateTime<Utc>,
    pub updated_by: Option<String>,
}

/// Who writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// `None`: the installation itself.
    pub account: Option<AccountId>,
    /// As shown in the history.
    pub name: String,
}

/// A menu to be.
#[derive(Debug, Clone)]
pub struct NewFlow {
    pub id: FlowId,
    pub name: Name,
    pub document: Ivr,
    pub by: Author,
}

/// One published version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FlowVersion {
    pub flow: FlowId,
    /// 1 and up.
    pub version: u32,
    pub comment: Option<String>,
    pub author: Option<AccountId>,
    pub author_name: String,
    /// The version whose document this took up again.
    pub restored_from: Option<u32>,
    pub created_at: DateTime<Utc>,
}

const LIST: List = List {
    select: "f.id, f.customer_id, f.pbx_id, f.kind, f.name, f.published, v.created_at as published_at, \
             v.document is distinct from f.draft as draft_differs, f.draft_revision, f.draft_updated_at, \
             f.draft_updated_name, f.created_at \
             from flows f left join flow_versions v on v.flow_id = f.id and v.version = f.published",
    sorts: &[
        ("name", "(f.kind <> 'routing', lower(f.name collate \"sv-x-icu\"))"),
        ("updated_at", "f.draft_updated_at"),
        ("created_at", "f.created_at"),
    ],
    keys: &["name", "updated_at", "created_at"],
    newest_first: false,
    tie: "f.id",
    search: &["f.name"],
    digits: &[],
};

const VERSIONS: List = List {
    select: "flow_id, version, comment, author_account, author_name, restored_from, created_at \
             from flow_versions",
    sorts: &[("version", "version")],
    keys: &["version"],
    newest_first: true,
    tie: "version",
    search: &["comment", "author_name"],
    digits: &[],
};

impl FromRow<'_, PgRow> for Flow {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: FlowId(row.raw("id")?),
            customer: CustomerId(row.raw("customer_id")?),
            pbx: PbxId(row.raw("pbx_id")?),
            kind: row.word("kind")?,
            name: row.parsed("name")?,
            published: row.maybe_whole("published")?,
            published_at: row.raw("published_at")?,
            draft_differs: row.raw("draft_differs")?,
            draft_revision: row.unsigned("draft_revision")?,
            draft_updated_at: row.raw("draft_updated_at")?,
            draft_updated_by: row.raw("draft_updated_name")?,
            created_at: row.raw("created_at")?,
        })
    }
}

impl FromRow<'_, PgRow> for FlowDraft {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            flow: FlowId(row.raw("id")?),
            document: read(row, "draft")?,
            revision: row.unsigned("draft_revision")?,
            updated_at: row.raw("draft_updated_at")?,
            updated_by: row.raw("draft_updated_name")?,
        })
    }
}

impl FromRow<'_, PgRow> for FlowVersion {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            flow: FlowId(row.raw("flow_id")?),
            version: row.whole("version")?,
            comment: row.raw("comment")?,
            author: row.raw::<Option<Uuid>>("author_account")?.map(AccountId),
            author_name: row.raw("author_name")?,
            restored_from: row.maybe_whole("restored_from")?,
            created_at: row.raw("created_at")?,
        })
    }
}

/// The document in a column of a row that has `kind` too.
pub(crate) fn read(row: &PgRow, column: &'static str) -> Result<FlowDocument, sqlx::Error> {
    let (kind, value): (FlowKind, Value) = (row.word("kind")?, row.raw(column)?);
    FlowDocument::read(kind, value)
        .map_err(|error| sqlx::Error::ColumnDecode { index: column.into(), source: error.into() })
}

/// The flows of one PBX.
pub struct Flows<'t> {
    conn: &'t mut PgConnection,
    pbx: PbxId,
}

impl<'t> Flows<'t> {
    pub(crate) const fn new(conn: &'t mut PgConnection, pbx: PbxId) -> Self {
        Self { conn, pbx }
    }

    /// The rules first, then the menus by name. `NotFound` when there is no such PBX. Sorts:
    /// `name`, `updated_at`, `created_at`. Searches names.
    pub async fn list(self, page: &Page) -> Result<Listed<Flow>> {
        let pbx = self.pbx;
        list_in(self.conn, pbx, &LIST, page, |query| {
            query.push(" and f.pbx_id = ").push_bind(pbx.0);
        })
        .await
    }

    /// By id.
    pub async fn get(mut self, id: FlowId) -> Result<Flow> {
        self.read(id).await
    }

    /// The rules of the PBX.
    pub async fn routing(mut self) -> Result<Flow> {
        let id = sqlx::query_scalar("select id from flows where pbx_id = $1 and kind = 'routing'")
            .bind(self.pbx.0)
            .fetch_one(&mut *self.conn)
            .await?;
        self.read(FlowId(id)).await
    }

    /// Makes a menu with a draft; nothing is published. `NotFound` when there is no such PBX.
    /// Conflict: `FlowNameTaken`.
    pub async fn create(mut self, new: NewFlow) -> Result<Flow> {
        let done = sqlx::query(
            "insert into flows (id, customer_id, pbx_id, kind, name, draft, draft_updated_by,
                 draft_updated_name)
             select $1, customer_id, id, 'ivr', $3, $4, $5, $6 from pbxs where id = $2",
        )
        .bind(new.id.0)
        .bind(self.pbx.0)
        .bind(new.name.as_str())
        .bind(document(&new.document)?)
        .bind(new.by.account.map(|id| id.0))
        .bind(new.by.name)
        .execute(&mut *self.conn)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound);
        }
        self.read(new.id).await
    }

    /// Gives a menu another name. Conflicts: `FlowNameTaken`, `FlowKindIsFixed` for the rules.
    pub async fn rename(mut self, id: FlowId, name: &Name) -> Result<Flow> {
        self.menu(id).await?;
        sqlx::query("update flows set name = $3 where id = $1 and pbx_id = $2")
            .bind(id.0)
            .bind(self.pbx.0)
            .bind(name.as_str())
            .execute(&mut *self.conn)
            .await?;
        self.read(id).await
    }

    /// What people work on.
    pub async fn draft(self, id: FlowId) -> Result<FlowDraft> {
        Ok(sqlx::query_as(
            "select id, kind, draft, draft_revision, draft_updated_at, draft_updated_name from flows
             where id = $1 and pbx_id = $2",
        )
        .bind(id.0)
        .bind(self.pbx.0)
        .fetch_one(self.conn)
        .await?)
    }

    /// Saves the draft. `expected`: the revision that the change was made on; `None`: whatever is
    /// there. Conflicts: `FlowChanged` when another revision is there, `FlowKindIsFixed`.
    pub async fn save_draft(
        mut self,
        id: FlowId,
        draft: &FlowDocument,
        expected: Option<u64>,
        by: &Author,
    ) -> Result<FlowDraft> {
        let (kind, revision) = self.lock(id).await?;
        if kind != draft.kind() {
            return Err(StoreError::Conflict(Constraint::FlowKindIsFixed));
        }
        if expected.is_some_and(|expected| expected != revision) {
            return Err(StoreError::Conflict(Constraint::FlowChanged));
        }
        Ok(sqlx::query_as(
            "update flows set draft = $2, draft_revision = draft_revision + 1, draft_updated_at = now(),
                 draft_updated_by = $3, draft_updated_name = $4
             where id = $1
             returning id, kind, draft, draft_revision, draft_updated_at, draft_updated_name",
        )
        .bind(id.0)
        .bind(document(draft)?)
        .bind(by.account.map(|id| id.0))
        .bind(&by.name)
        .fetch_one(self.conn)
        .await?)
    }

    /// Makes the draft what calls follow, as a new version. `expected`: the revision that was looked
    /// at. Conflict: `FlowChanged` when another one is there.
    pub async fn publish(
        mut self,
        id: FlowId,
        expected: Option<u64>,
        comment: Option<&str>,
        by: &Author,
    ) -> Result<FlowVersion> {
        let (_, revision) = self.lock(id).await?;
        if expected.is_some_and(|expected| expected != revision) {
            return Err(StoreError::Conflict(Constraint::FlowChanged));
        }
        self.release(id, None, comment, by).await
    }

    /// Makes the document of an older version what calls follow, as a new version. The draft
    /// follows when it held nothing that was not published; work in progress stays. `NotFound` when
    /// there is no such version.
    pub async fn rollback(
        mut self,
        id: FlowId,
        to: u32,
        comment: Option<&str>,
        by: &Author,
    ) -> Result<FlowVersion> {
        self.lock(id).await?;
        sqlx::query(
            "update flows f set draft = target.document, draft_revision = draft_revision + 1,
                 draft_updated_at = now(), draft_updated_by = $3, draft_updated_name = $4
             from flow_versions live, flow_versions target
             where f.id = $1 and live.flow_id = f.id and live.version = f.published
                 and live.document = f.draft and target.flow_id = f.id and target.version = $2",
        )
        .bind(id.0)
        .bind(integer(to))
        .bind(by.account.map(|id| id.0))
        .bind(&by.name)
        .execute(&mut *self.conn)
        .await?;
        self.release(id, Some(to), comment, by).await
    }

    /// The newest first. Searches comments and authors.
    pub async fn versions(mut self, id: FlowId, page: &Page) -> Result<Listed<FlowVersion>> {
        self.read(id).await?;
        VERSIONS
            .fetch(self.conn, page, |query| {
                query.push(" and flow_id = ").push_bind(id.0);
            })
            .await
    }

    /// One version with its document.
    pub async fn version(self, id: FlowId, version: u32) -> Result<(FlowVersion, FlowDocument)> {
        let row = sqlx::query(
            "select v.flow_id, v.version, v.comment, v.author_account, v.author_name, v.restored_from,
                 v.created_at, f.kind, v.document
             from flow_versions v join flows f on f.id = v.flow_id
             where v.flow_id = $1 and v.version = $2 and f.pbx_id = $3",
        )
        .bind(id.0)
        .bind(integer(version))
        .bind(self.pbx.0)
        .fetch_one(self.conn)
        .await?;
        Ok((FlowVersion::from_row(&row)?, read(&row, "document")?))
    }

    /// Removes a menu with its history. Conflicts: `FlowInUse` when a number, an extension, a rule
    /// or another menu leads to it ([`crate::TenantTx::references`] says which), `FlowKindIsFixed`
    /// for the rules.
    pub async fn delete(mut self, id: FlowId) -> Result<()> {
        // Held, so that nothing comes to lead here in the meantime without a new version.
        sqlx::query("select 1 from pbxs where id = $1 for update")
            .bind(self.pbx.0)
            .execute(&mut *self.conn)
            .await?;
        self.menu(id).await?;
        if references::find(self.conn, Wanted::Flow(id)).await?.iter().any(Usage::holds) {
            return Err(StoreError::Conflict(Constraint::FlowInUse));
        }
        sqlx::query("delete from flows where id = $1").bind(id.0).execute(self.conn).await?;
        Ok(())
    }

    async fn read(&mut self, id: FlowId) -> Result<Flow> {
        let mut query = sqlx::QueryBuilder::new("select ");
        query.push(LIST.select).push(" where f.id = ").push_bind(id.0);
        query.push(" and f.pbx_id = ").push_bind(self.pbx.0);
        Ok(query.build_query_as().fetch_one(&mut *self.conn).await?)
    }

    /// Kind and revision of the draft; whoever else writes waits until this transaction is over.
    async fn lock(&mut self, id: FlowId) -> Result<(FlowKind, u64)> {
        let row =
            sqlx::query("select kind, draft_revision from flows where id = $1 and pbx_id = $2 for update")
                .bind(id.0)
                .bind(self.pbx.0)
                .fetch_one(&mut *self.conn)
                .await?;
        Ok((row.word("kind")?, row.unsigned("draft_revision")?))
    }

    async fn menu(&mut self, id: FlowId) -> Result<()> {
        match self.lock(id).await?.0 {
            FlowKind::Ivr => Ok(()),
            FlowKind::Routing => Err(StoreError::Conflict(Constraint::FlowKindIsFixed)),
        }
    }

    async fn release(
        &mut self,
        id: FlowId,
        restored_from: Option<u32>,
        comment: Option<&str>,
        by: &Author,
    ) -> Result<FlowVersion> {
        let row = sqlx::query(
            "insert into flow_versions (flow_id, version, customer_id, pbx_id, document, comment,
                 author_account, author_name, restored_from)
             select f.id, coalesce((select max(version) from flow_versions where flow_id = f.id), 0) + 1,
                 f.customer_id, f.pbx_id, coalesce(v.document, f.draft), $3, $4, $5, $2
             from flows f left join flow_versions v on v.flow_id = f.id and v.version = $2
             where f.id = $1 and ($2::integer is null or v.version is not null)
             returning flow_id, version, comment, author_account, author_name, restored_from, created_at",
        )
        .bind(id.0)
        .bind(restored_from.map(integer))
        .bind(comment)
        .bind(by.account.map(|id| id.0))
        .bind(&by.name)
        .fetch_one(&mut *self.conn)
        .await?;
        sqlx::query("update flows set published = $2 where id = $1")
            .bind(id.0)
            .bind(row.try_get::<i32, _>("version")?)
            .execute(&mut *self.conn)
            .await?;
        Ok(FlowVersion::from_row(&row)?)
    }
}
