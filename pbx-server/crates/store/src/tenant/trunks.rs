//! Lines of a PBX to the public network.

use crate::error::{Result, StoreError};
use crate::page::{List, Listed, Page};
use crate::row::{Columns, integer, word};
use crate::seal::SealKey;
use crate::tenant::pbxs::list_in;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection};
use std::net::IpAddr;
use voxera_model::{CustomerId, Name, PbxId, TenantId, TrunkId};
use zeroize::Zeroizing;

/// How the other side knows us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrunkKind {
    /// We register with a user name and a password.
    Registration,
    /// By our address; calls from theirs are taken.
    Address,
}

/// What carries signalling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrunkTransport {
    Udp,
    Tcp,
    Tls,
}

/// A line, without its password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trunk {
    pub id: TrunkId,
    pub customer: CustomerId,
    pub pbx: PbxId,
    pub name: Name,
    pub kind: TrunkKind,
    /// Name or address of the other side.
    pub host: String,
    pub port: u16,
    pub transport: TrunkTransport,
    pub username: Option<String>,
    /// A password is set.
    pub has_password: bool,
    /// From where calls of this line come, besides `host`.
    pub addresses: Vec<IpAddr>,
    /// Carries emergency calls.
    pub emergency: bool,
    /// 1 to 100; a lower number is tried first.
    pub priority: u32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A line to be.
#[derive(Clone)]
pub struct NewTrunk {
    pub id: TrunkId,
    pub name: Name,
    pub kind: TrunkKind,
    pub host: String,
    pub port: u16,
    pub transport: TrunkTransport,
    pub username: Option<String>,
    pub password: Option<Zeroizing<String>>,
    pub addresses: Vec<IpAddr>,
    pub emergency: bool,
    pub priority: u32,
}

/// What is to change; `None` stays, `Some(None)` is cleared.
#[derive(Clone, Default)]
pub struct TrunkChange {
    pub name: Option<Name>,
    pub host: Option<String>,
    pub port: Option<u16>,
    pub transport: Option<TrunkTransport>,
    pub username: Option<Option<String>>,
    pub password: Option<Option<Zeroizing<String>>>,
    pub addresses: Option<Vec<IpAddr>>,
    pub emergency: Option<bool>,
    pub priority: Option<u32>,
}

const LIST: List = List {
    select: "id, customer_id, pbx_id, name, kind, host, port, transport, username, \
             sealed_password is not null as has_password, \
             array(select host(a) from unnest(addresses) a) as addresses, emergency, priority, created_at, \
             updated_at from trunks",
    sorts: &[
        ("priority", "(priority, lower(name collate \"sv-x-icu\"))"),
        ("name", "lower(name collate \"sv-x-icu\")"),
        ("created_at", "created_at"),
    ],
    keys: &["priority", "name", "created_at"],
    newest_first: false,
    tie: "id",
    search: &["name", "host"],
    digits: &[],
};

impl FromRow<'_, PgRow> for Trunk {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: TrunkId(row.raw("id")?),
            customer: CustomerId(row.raw("customer_id")?),
            pbx: PbxId(row.raw("pbx_id")?),
            name: row.parsed("name")?,
            kind: row.word("kind")?,
            host: row.raw("host")?,
            port: row.whole("port")?,
            transport: row.word("transport")?,
            username: row.raw("username")?,
            has_password: row.raw("has_password")?,
            addresses: addresses(row)?,
            emergency: row.raw("emergency")?,
            priority: row.whole("priority")?,
            created_at: row.raw("created_at")?,
            updated_at: row.raw("updated_at")?,
        })
    }
}

/// Addresses in a column of text.
pub(crate) fn addresses(row: &PgRow) -> Result<Vec<IpAddr>, sqlx::Error> {
    row.raw::<Vec<String>>("addresses")?
        .iter()
        .map(|text| text.parse())
        .collect::<Result<_, _>>()
        .map_err(|error: std::net::AddrParseError| sqlx::Error::Decode(error.into()))
}

/// The lines of one PBX.
pub struct Trunks<'t> {
    conn: &'t mut PgConnection,
    pbx: PbxId,
    tenant: TenantId,
    seal: &'t SealKey,
}

impl<'t> Trunks<'t> {
    pub(crate) const fn new(
        conn: &'t mut PgConnection,
        pbx: PbxId,
        tenant: TenantId,
        seal: &'t SealKey,
    ) -> Self {
        Self { conn, pbx, tenant, seal }
    }

    /// The preferred first. `NotFound` when there is no such PBX. Sorts: `priority`, `name`,
    /// `created_at`. Searches name and host.
    pub async fn list(self, page: &Page) -> Result<Listed<Trunk>> {
        let pbx = self.pbx;
        list_in(self.conn, pbx, &LIST, page, |query| {
            query.push(" and pbx_id = ").push_bind(pbx.0);
        })
        .await
    }

    /// By id.
    pub async fn get(mut self, id: TrunkId) -> Result<Trunk> {
        self.read(id).await
    }

    /// `NotFound` when there is no such PBX. Conflicts: `TrunkNameTaken`, `TrunkNeedsLogin`,
    /// `OutOfRange`.
    pub async fn create(mut self, new: NewTrunk) -> Result<Trunk> {
        let sealed = self.seal(new.id, new.password.as_ref())?;
        let done = sqlx::query(
            "insert into trunks (id, customer_id, pbx_id, name, kind, host, port, transport, username,
                 sealed_password, addresses, emergency, priority)
             select $1, customer_id, id, $3, $4, $5, $6, $7, $8, $9, $10::text[]::inet[], $11, $12
             from pbxs where id = $2",
        )
        .bind(new.id.0)
        .bind(self.pbx.0)
        .bind(new.name.as_str())
        .bind(word(&new.kind))
        .bind(new.host)
        .bind(i32::from(new.port))
        .bind(word(&new.transport))
        .bind(new.username)
        .bind(sealed)
        .bind(texts(&new.addresses))
        .bind(new.emergency)
        .bind(integer(new.priority))
        .execute(&mut *self.conn)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound);
        }
        self.read(new.id).await
    }

    /// Changes what is given. Conflicts as for [`Self::create`].
    pub async fn update(mut self, id: TrunkId, change: TrunkChange) -> Result<Trunk> {
        let sealed = self.seal(id, change.password.as_ref().and_then(Option::as_ref))?;
        let done = sqlx::query(
            "update trunks set
                 name = coalesce($3, name), host = coalesce($4, host), port = coalesce($5, port),
                 transport = coalesce($6, transport),
                 username = case when $7 then $8 else username end,
                 sealed_password = case when $9 then $10 else sealed_password end,
                 addresses = coalesce($11::text[]::inet[], addresses),
                 emergency = coalesce($12, emergency), priority = coalesce($13, priority)
             where id = $1 and pbx_id = $2",
        )
        .bind(id.0)
        .bind(self.pbx.0)
        .bind(change.name.as_ref().map(Name::as_str))
        .bind(change.host)
        .bind(change.port.map(i32::from))
        .bind(change.transport.as_ref().map(word))
        .bind(change.username.is_some())
        .bind(change.username.flatten())
        .bind(change.password.is_some())
        .bind(sealed)
        .bind(change.addresses.as_deref().map(texts))
        .bind(change.emergency)
        .bind(change.priority.map(integer))
        .execute(&mut *self.conn)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound);
        }
        self.read(id).await
    }

    /// Removes a line. Calls that are up on it go on.
    pub async fn delete(self, id: TrunkId) -> Result<()> {
        let done = sqlx::query("delete from trunks where id = $1 and pbx_id = $2")
            .bind(id.0)
            .bind(self.pbx.0)
            .execute(self.conn)
            .await?;
        if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }

    async fn read(&mut self, id: TrunkId) -> Result<Trunk> {
        let mut query = sqlx::QueryBuilder::new("select ");
        query.push(LIST.select).push(" where id = ").push_bind(id.0);
        query.push(" and pbx_id = ").push_bind(self.pbx.0);
        Ok(query.build_query_as().fetch_one(&mut *self.conn).await?)
    }

    fn seal(&self, id: TrunkId, password: Option<&Zeroizing<String>>) -> Result<Option<Vec<u8>>> {
        password.map(|password| self.seal.seal(&aad(self.tenant, id), password.as_bytes())).transpose()
    }
}

fn texts(addresses: &[IpAddr]) -> Vec<String> {
    addresses.iter().map(ToString::to_string).collect()
}

/// Opens what is kept of a line's password.
pub(crate) fn open_password(
    seal: &SealKey,
    tenant: TenantId,
    id: TrunkId,
    sealed: &[u8],
) -> Result<Zeroizing<String>> {
    let plain = seal.open(&aad(tenant, id), sealed)?;
    Ok(Zeroizing::new(std::str::from_utf8(&plain).map_err(|_| StoreError::Sealed)?.to_owned()))
}

pub(crate) fn aad(tenant: TenantId, id: TrunkId) -> Vec<u8> {
    [b"trunk:".as_slice(), tenant.0.as_bytes(), id.0.as_bytes()].concat()
}
