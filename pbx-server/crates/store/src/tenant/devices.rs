//! Phones: a random user name and a strong secret of which only sealed digests are kept.

use crate::error::{Result, StoreError};
use crate::page::{List, Listed, Page};
use crate::row::Columns;
use crate::seal::SealKey;
use crate::tx::TenantTx;
use chrono::{DateTime, Utc};
use md5::{Digest, Md5};
use rand::Rng;
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;
use voxera_model::{CustomerId, DeviceId, ExtensionId, Name, PbxId, Realm, SessionId, TenantId};
use zeroize::Zeroizing;

/// Characters of a password: 28 of 62 are 166 bits.
const PASSWORD_LENGTH: usize = 28;

/// What a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// It was given its password by a person, and keeps it.
    Phone,
    /// It belongs to a sign-in, and goes with it.
    Browser,
}

/// A phone's credential, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Device {
    /// Its text form is the SIP user name.
    pub id: DeviceId,
    pub customer: CustomerId,
    pub pbx: PbxId,
    pub extension: ExtensionId,
    pub name: Name,
    pub kind: DeviceKind,
    pub created_at: DateTime<Utc>,
    /// When a browser's credential ends by itself; `None`: it does not.
    pub expires_at: Option<DateTime<Utc>>,
    /// When the password was last made anew.
    pub rotated_at: Option<DateTime<Utc>>,
}

/// A phone to be.
#[derive(Debug, Clone)]
pub struct NewDevice {
    pub name: Name,
}

/// A phone's credential with its password, which exists only here and is shown once.
#[derive(Clone)]
pub struct DeviceCredential {
    pub device: Device,
    pub realm: Realm,
    /// Letters and digits, 166 bits.
    pub password: Zeroizing<String>,
}

impl std::fmt::Debug for DeviceCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeviceCredential").field("device", &self.device.id).finish_non_exhaustive()
    }
}

const LIST: List = List {
    select: "id, customer_id, pbx_id, extension_id, name, created_at, rotated_at, kind, expires_at from devices",
    sorts: &[("created_at", "created_at"), ("name", "lower(name collate \"sv-x-icu\")")],
    keys: &["created_at", "name"],
    newest_first: false,
    tie: "id",
    search: &["name", "id::text"],
    digits: &[],
};

impl FromRow<'_, PgRow> for Device {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: DeviceId(row.raw("id")?),
            customer: CustomerId(row.raw("customer_id")?),
            pbx: PbxId(row.raw("pbx_id")?),
            extension: ExtensionId(row.raw("extension_id")?),
            name: row.parsed("name")?,
            kind: row.word("kind")?,
            expires_at: row.raw("expires_at")?,
            created_at: row.raw("created_at")?,
            rotated_at: row.raw("rotated_at")?,
        })
    }
}

/// Phones of one extension.
pub struct Devices<'t> {
    conn: &'t mut PgConnection,
    extension: ExtensionId,
    tenant: TenantId,
    seal: &'t SealKey,
}

impl<'t> Devices<'t> {
    pub(crate) const fn new(
        conn: &'t mut PgConnection,
        extension: ExtensionId,
        tenant: TenantId,
        seal: &'t SealKey,
    ) -> Self {
        Self { conn, extension, tenant, seal }
    }

    /// Sorts: `created_at`, `name`. Searches name and user name.
    pub async fn list(self, page: &Page) -> Result<Listed<Device>> {
        let extension = self.extension;
        LIST.fetch(self.conn, page, |query| {
            query.push(" and extension_id = ").push_bind(extension.0);
        })
        .await
    }

    /// By id.
    pub async fn get(self, id: DeviceId) -> Result<Device> {
        Ok(sqlx::query_as(
            "select id, customer_id, pbx_id, extension_id, name, created_at, rotated_at, kind, expires_at from devices
             where id = $1 and extension_id = $2",
        )
        .bind(id.0)
        .bind(self.extension.0)
        .fetch_one(self.conn)
        .await?)
    }

    /// Makes a credential with a random user name and password. `NotFound` when there is no such
    /// extension.
    pub async fn create(mut self, new: NewDevice) -> Result<DeviceCredential> {
        let realm = self.realm_for_update().await?;
        let id = DeviceId(Uuid::new_v4());
        let (password, sealed) = self.secret(id, &realm)?;
        let device = sqlx::query_as(
            "insert into devices (id, customer_id, pbx_id, extension_id, name, sealed_secret)
             select $1, customer_id, pbx_id, id, $3, $4 from extensions where id = $2
             returning id, customer_id, pbx_id, extension_id, name, created_at, rotated_at, kind, expires_at",
        )
        .bind(id.0)
        .bind(self.extension.0)
        .bind(new.name.as_str())
        .bind(sealed)
        .fetch_one(self.conn)
        .await?;
        Ok(DeviceCredential { device, realm, password })
    }

    /// Makes a browser a phone of this extension for as long as its sign-in lasts, `expires_at` at the
    /// latest. There is one for a sign-in: a second time makes a new password for it. `NotFound` when
    /// there is no such extension.
    pub async fn create_browser(
        mut self,
        session: SessionId,
        name: &Name,
        expires_at: DateTime<Utc>,
    ) -> Result<DeviceCredential> {
        let realm = self.realm_for_update().await?;
        let known: Option<Uuid> =
            sqlx::query_scalar("select id from devices where session_id = $1 and extension_id = $2")
                .bind(session.0)
                .bind(self.extension.0)
                .fetch_optional(&mut *self.conn)
                .await?;
        let id = DeviceId(known.unwrap_or_else(Uuid::new_v4));
        let (password, sealed) = self.secret(id, &realm)?;
        let device = sqlx::query_as(
            "insert into devices
                 (id, customer_id, pbx_id, extension_id, name, sealed_secret, kind, session_id, expires_at)
             select $1, customer_id, pbx_id, id, $3, $4, 'browser', $5, $6 from extensions where id = $2
             on conflict (id) do update
                 set sealed_secret = excluded.sealed_secret, expires_at = excluded.expires_at,
                     rotated_at = now()
             returning id, customer_id, pbx_id, extension_id, name, created_at, rotated_at, kind, expires_at",
        )
        .bind(id.0)
        .bind(self.extension.0)
        .bind(name.as_str())
        .bind(sealed)
        .bind(session.0)
        .bind(expires_at)
        .fetch_one(self.conn)
        .await?;
        Ok(DeviceCredential { device, realm, password })
    }

    /// Makes a new password; the old one stops working when this is committed.
    pub async fn rotate(mut self, id: DeviceId) -> Result<DeviceCredential> {
        let realm = self.realm_for_update().await?;
        let (password, sealed) = self.secret(id, &realm)?;
        let device = sqlx::query_as(
            "update devices set sealed_secret = $3, rotated_at = now() where id = $1 and extension_id = $2
             returning id, customer_id, pbx_id, extension_id, name, created_at, rotated_at, kind, expires_at",
        )
        .bind(id.0)
        .bind(self.extension.0)
        .bind(sealed)
        .fetch_one(self.conn)
        .await?;
        Ok(DeviceCredential { device, realm, password })
    }

    /// Gives a phone another name.
    pub async fn rename(self, id: DeviceId, name: &Name) -> Result<Device> {
        Ok(sqlx::query_as(
            "update devices set name = $3 where id = $1 and extension_id = $2
             returning id, customer_id, pbx_id, extension_id, name, created_at, rotated_at, kind, expires_at",
        )
        .bind(id.0)
        .bind(self.extension.0)
        .bind(name.as_str())
        .fetch_one(self.conn)
        .await?)
    }

    /// Removes a phone.
    pub async fn delete(self, id: DeviceId) -> Result<()> {
        let done = sqlx::query("delete from devices where id = $1 and extension_id = $2")
            .bind(id.0)
            .bind(self.extension.0)
            .execute(self.conn)
            .await?;
        if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }

    async fn realm_for_update(&mut self) -> Result<Realm> {
        let row = sqlx::query(
            "select p.realm from extensions e join pbxs p on p.id = e.pbx_id where e.id = $1 for update of e",
        )
        .bind(self.extension.0)
        .fetch_one(&mut *self.conn)
        .await?;
        Ok(row.parsed("realm")?)
    }

    fn secret(&self, id: DeviceId, realm: &Realm) -> Result<(Zeroizing<String>, Vec<u8>)> {
        let password: Zeroizing<String> = Zeroizing::new(
            rand::rng()
                .sample_iter(rand::distr::Alphanumeric)
                .take(PASSWORD_LENGTH)
                .map(char::from)
                .collect(),
        );
        let sealed = self.seal.seal(&aad(self.tenant, id), &ha1(id, realm, &password)[..])?;
        Ok((password, sealed))
    }
}

impl TenantTx<'_> {
    /// The phones that the browser of a sign-in is, of all extensions.
    pub async fn browsers_of(&mut self, session: SessionId) -> Result<Vec<Device>> {
        Ok(sqlx::query_as(
            "select id, customer_id, pbx_id, extension_id, name, created_at, rotated_at, kind, expires_at
             from devices where session_id = $1 order by created_at, id",
        )
        .bind(session.0)
        .fetch_all(&mut **self.connection())
        .await?)
    }
}

pub(crate) async fn of(conn: &mut PgConnection, extension: ExtensionId) -> Result<Vec<Device>> {
    Ok(sqlx::query_as(
        "select id, customer_id, pbx_id, extension_id, name, created_at, rotated_at, kind, expires_at from devices
         where extension_id = $1 order by created_at, id",
    )
    .bind(extension.0)
    .fetch_all(conn)
    .await?)
}

/// MD5 (16 bytes) and SHA-256 (32 bytes) of `user:realm:password`, as digest authentication wants.
fn ha1(id: DeviceId, realm: &Realm, password: &str) -> Zeroizing<[u8; 48]> {
    let text = Zeroizing::new(format!("{id}:{realm}:{password}"));
    let mut both = Zeroizing::new([0; 48]);
    both[..16].copy_from_slice(&Md5::digest(text.as_bytes()));
    let sha256 = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    both[16..].copy_from_slice(sha256.as_ref());
    both
}

/// Opens what is kept of a phone's secret.
pub(crate) fn open_ha1(
    seal: &SealKey,
    tenant: TenantId,
    id: DeviceId,
    sealed: &[u8],
) -> Result<([u8; 16], [u8; 32])> {
    let plain = seal.open(&aad(tenant, id), sealed)?;
    let (md5, sha256) = plain.split_at_checked(16).ok_or(StoreError::Sealed)?;
    Ok((md5.try_into().map_err(|_| StoreError::Sealed)?, sha256.try_into().map_err(|_| StoreError::Sealed)?))
}

pub(crate) fn aad(tenant: TenantId, id: DeviceId) -> Vec<u8> {
    [b"device:".as_slice(), tenant.0.as_bytes(), id.0.as_bytes()].concat()
}
