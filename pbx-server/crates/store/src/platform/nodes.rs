//! `FreeSWITCH` nodes that carry calls.

use crate::error::{Result, StoreError};
use crate::page::{List, Listed, Page};
use crate::row::{Columns, integer};
use crate::seal::SealKey;
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection};
use voxera_model::{NodeId, Slug};
use zeroize::Zeroizing;

/// A node, without its password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Node {
    pub id: NodeId,
    /// As the node itself was told when it was set up.
    pub name: Slug,
    /// Where phones and lines reach it.
    pub host: String,
    pub port: u16,
    /// Where its event socket listens.
    pub control_host: String,
    pub control_port: u16,
    /// 1 to 100: its share of new calls beside the others'.
    pub weight: u32,
    /// Takes no new calls.
    pub draining: bool,
    /// At most 1000 characters.
    pub notes: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A node to be.
#[derive(Clone)]
pub struct NewNode {
    pub id: NodeId,
    pub name: Slug,
    pub host: String,
    pub port: u16,
    pub control_host: String,
    pub control_port: u16,
    pub password: Zeroizing<String>,
    pub weight: u32,
    pub notes: String,
}

/// What is to change; `None` stays.
#[derive(Clone, Default)]
pub struct NodeChange {
    pub name: Option<Slug>,
    pub host: Option<String>,
    pub port: Option<u16>,
    pub control_host: Option<String>,
    pub control_port: Option<u16>,
    pub password: Option<Zeroizing<String>>,
    pub weight: Option<u32>,
    pub draining: Option<bool>,
    pub notes: Option<String>,
}

/// What an engine needs of a node.
#[derive(Clone, PartialEq, Eq)]
pub struct NodeSecret {
    pub id: NodeId,
    pub name: Slug,
    pub control_host: String,
    pub control_port: u16,
    pub password: Zeroizing<String>,
    pub weight: u32,
    pub draining: bool,
}

impl std::fmt::Debug for NodeSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeSecret")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("draining", &self.draining)
            .finish_non_exhaustive()
    }
}

const LIST: List = List {
    select: "id, name, host, port, control_host, control_port, weight, draining, notes, created_at, \
             updated_at from platform.nodes",
    sorts: &[("name", "name"), ("weight", "weight"), ("created_at", "created_at")],
    keys: &["name", "weight", "created_at"],
    newest_first: false,
    tie: "id",
    search: &["name", "host", "control_host", "notes"],
    digits: &[],
};

impl FromRow<'_, PgRow> for Node {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: NodeId(row.raw("id")?),
            name: row.parsed("name")?,
            host: row.raw("host")?,
            port: row.whole("port")?,
            control_host: row.raw("control_host")?,
            control_port: row.whole("control_port")?,
            weight: row.whole("weight")?,
            draining: row.raw("draining")?,
            notes: row.raw("notes")?,
            created_at: row.raw("created_at")?,
            updated_at: row.raw("updated_at")?,
        })
    }
}

/// The nodes of the installation.
pub struct Nodes<'t> {
    conn: &'t mut PgConnection,
    seal: &'t SealKey,
}

impl<'t> Nodes<'t> {
    pub(crate) const fn new(conn: &'t mut PgConnection, seal: &'t SealKey) -> Self {
        Self { conn, seal }
    }

    /// By name. Sorts: `name`, `weight`, `created_at`. Searches name, addresses and notes.
    pub async fn list(self, page: &Page) -> Result<Listed<Node>> {
        LIST.fetch(self.conn, page, |_| {}).await
    }

    /// By id.
    pub async fn get(mut self, id: NodeId) -> Result<Node> {
        self.read(id).await
    }

    /// Adds a node. Conflicts: `NodeNameTaken`, `NodeControlTaken`, `OutOfRange`.
    pub async fn create(mut self, new: NewNode) -> Result<Node> {
        let sealed = self.seal.seal(&aad(new.id), new.password.as_bytes())?;
        sqlx::query(
            "insert into platform.nodes (id, name, host, port, control_host, control_port, sealed_password,
                 weight, notes)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(new.id.0)
        .bind(new.name.as_str())
        .bind(new.host)
        .bind(i32::from(new.port))
        .bind(new.control_host)
        .bind(i32::from(new.control_port))
        .bind(sealed)
        .bind(integer(new.weight))
        .bind(new.notes)
        .execute(&mut *self.conn)
        .await?;
        self.read(new.id).await
    }

    /// Changes what is given. Conflicts as for [`Self::create`].
    pub async fn update(mut self, id: NodeId, change: NodeChange) -> Result<Node> {
        let sealed = match &change.password {
            Some(password) => Some(self.seal.seal(&aad(id), password.as_bytes())?),
            None => None,
        };
        let done = sqlx::query(
            "update platform.nodes set
                 name = coalesce($2, name), host = coalesce($3, host), port = coalesce($4, port),
                 control_host = coalesce($5, control_host), control_port = coalesce($6, control_port),
                 sealed_password = coalesce($7, sealed_password), weight = coalesce($8, weight),
                 draining = coalesce($9, draining), notes = coalesce($10, notes)
             where id = $1",
        )
        .bind(id.0)
        .bind(change.name.as_ref().map(Slug::as_str))
        .bind(change.host)
        .bind(change.port.map(i32::from))
        .bind(change.control_host)
        .bind(change.control_port.map(i32::from))
        .bind(sealed)
        .bind(change.weight.map(integer))
        .bind(change.draining)
        .bind(change.notes)
        .execute(&mut *self.conn)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound);
        }
        self.read(id).await
    }

    /// Removes a node. Its calls go on until they end; we hear of them no more.
    pub async fn delete(self, id: NodeId) -> Result<()> {
        let done =
            sqlx::query("delete from platform.nodes where id = $1").bind(id.0).execute(self.conn).await?;
        if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }

    /// Every node, with what is needed to reach it. One whose password does not open is left out, with a
    /// word in the log.
    pub async fn secrets(self) -> Result<Vec<NodeSecret>> {
        let rows = sqlx::query(
            "select id, name, control_host, control_port, sealed_password, weight, draining
             from platform.nodes order by name",
        )
        .fetch_all(self.conn)
        .await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let id = NodeId(row.raw("id")?);
            let sealed = row.raw::<Vec<u8>>("sealed_password")?;
            let plain = self.seal.open(&aad(id), &sealed);
            let password = plain.ok().and_then(|plain| std::str::from_utf8(&plain).ok().map(str::to_owned));
            let Some(password) = password else {
                tracing::error!(node = %id, "the password of a node cannot be opened; set it again");
                continue;
            };
            found.push(NodeSecret {
                id,
                name: row.parsed("name")?,
                control_host: row.raw("control_host")?,
                control_port: row.whole("control_port")?,
                password: Zeroizing::new(password),
                weight: row.whole("weight")?,
                draining: row.raw("draining")?,
            });
        }
        Ok(found)
    }

    async fn read(&mut self, id: NodeId) -> Result<Node> {
        let mut query = sqlx::QueryBuilder::new("select ");
        query.push(LIST.select).push(" where id = ").push_bind(id.0);
        Ok(query.build_query_as().fetch_one(&mut *self.conn).await?)
    }
}

pub(crate) fn aad(id: NodeId) -> Vec<u8> {
    [b"node:".as_slice(), id.0.as_bytes()].concat()
}
