//! PBXs as engines want them: the snapshot that calls are routed from, and what phones prove
//! themselves with.

use crate::error::Result;
use crate::row::Columns;
use crate::seal::SealKey;
use crate::tenant::devices::open_ha1;
use sqlx::PgConnection;
use std::collections::BTreeMap;
use uuid::Uuid;
use voxera_callflow::{Destination, Extension, Kind, Snapshot, User};
use voxera_model::{
    CustomerId, DeviceId, ExtensionId, ExtensionNumber, Name, PbxId, PhoneNumber, Seconds, Status, TenantId,
};

/// One PBX.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PbxConfig {
    pub snapshot: Snapshot,
    pub devices: Vec<DeviceSecret>,
}

/// What a phone proves itself with. The password itself is not known to us.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceSecret {
    pub device: DeviceId,
    pub extension: ExtensionNumber,
    pub name: Name,
    /// MD5 of `device:realm:password`.
    pub ha1_md5: [u8; 16],
    /// SHA-256 of `device:realm:password`.
    pub ha1_sha256: [u8; 32],
}

impl std::fmt::Debug for DeviceSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeviceSecret")
            .field("device", &self.device)
            .field("extension", &self.extension)
            .finish_non_exhaustive()
    }
}

/// The PBXs of every tenant.
#[derive(Debug, Clone, Default)]
pub struct AllConfigs {
    pub configs: Vec<PbxConfig>,
    /// Tenants that could not be read: keep what is known of them.
    pub failed: Vec<TenantId>,
}

/// PBXs with their secrets.
pub struct Configs<'t> {
    conn: &'t mut PgConnection,
    tenant: TenantId,
    seal: &'t SealKey,
}

impl<'t> Configs<'t> {
    pub(crate) const fn new(conn: &'t mut PgConnection, tenant: TenantId, seal: &'t SealKey) -> Self {
        Self { conn, tenant, seal }
    }

    /// Every PBX of this scope, in four queries. A phone whose secret does not open is left out,
    /// and said in the log.
    pub async fn all(self) -> Result<Vec<PbxConfig>> {
        self.load(None).await
    }

    /// One PBX; `None` when it is gone.
    pub async fn pbx(self, id: PbxId) -> Result<Option<PbxConfig>> {
        Ok(self.load(Some(id)).await?.pop())
    }

    async fn load(mut self, only: Option<PbxId>) -> Result<Vec<PbxConfig>> {
        // One snapshot of the database for all four queries, when nothing was asked before; otherwise
        // the version is read first, so that a change in between is loaded again.
        let only = only.map(|id| id.0);
        let mut configs = self.pbxs(only).await?;
        let mut numbers_of: BTreeMap<ExtensionId, (PbxId, ExtensionNumber)> = BTreeMap::new();
        let conn = self.conn;
        let rows = sqlx::query(
            "select id, pbx_id, number, name, ring_seconds, call_waiting from extensions
             where $1::uuid is null or pbx_id = $1",
        )
        .bind(only)
        .fetch_all(&mut *conn)
        .await?;
        for row in &rows {
            let (id, pbx) = (ExtensionId(row.raw("id")?), PbxId(row.raw("pbx_id")?));
            let number: ExtensionNumber = row.parsed("number")?;
            let Some(config) = configs.get_mut(&pbx) else { continue };
            let extension = Extension {
                id,
                name: row.parsed("name")?,
                kind: Kind::User(User {
                    ring_for: Seconds(u32::try_from(row.raw::<i32>("ring_seconds")?).unwrap_or_default()),
                    call_waiting: row.raw("call_waiting")?,
                    ..User::new(Vec::new())
                }),
                recording: None,
            };
            config.snapshot.extensions.insert(number.clone(), extension);
            numbers_of.insert(id, (pbx, number));
        }
        let rows = sqlx::query(
            "select id, extension_id, name, sealed_secret from devices
             where $1::uuid is null or pbx_id = $1 order by created_at, id",
        )
        .bind(only)
        .fetch_all(&mut *conn)
        .await?;
        for row in &rows {
            let device = DeviceId(row.raw("id")?);
            let extension = ExtensionId(row.raw("extension_id")?);
            let Some((pbx, number)) = numbers_of.get(&extension) else { continue };
            let Some(config) = configs.get_mut(pbx) else { continue };
            let (ha1_md5, ha1_sha256) =
                match open_ha1(self.seal, self.tenant, device, &row.raw::<Vec<u8>>("sealed_secret")?) {
                    Ok(secret) => secret,
                    Err(error) => {
                        tracing::error!(%device, %error, "a phone's secret cannot be opened");
                        continue;
                    }
                };
            let (extension, name) = (number.clone(), row.parsed("name")?);
            if let Some(Kind::User(user)) = config.snapshot.extensions.get_mut(number).map(|e| &mut e.kind) {
                user.devices.push(device);
            }
            config.devices.push(DeviceSecret { device, extension, name, ha1_md5, ha1_sha256 });
        }
        let rows = sqlx::query(
            "select e164, pbx_id, extension_id from numbers
             where pbx_id is not null and ($1::uuid is null or pbx_id = $1)",
        )
        .bind(only)
        .fetch_all(conn)
        .await?;
        for row in &rows {
            let Some(config) = configs.get_mut(&PbxId(row.raw("pbx_id")?)) else { continue };
            let e164: PhoneNumber = row.parsed("e164")?;
            let extension = row.raw::<Option<Uuid>>("extension_id")?.map(ExtensionId);
            let destination =
                extension.map_or(Destination::Nowhere, |extension| Destination::Extension { extension });
            config.snapshot.numbers.insert(e164, destination);
        }
        for config in configs.values_mut() {
            config.snapshot.index();
        }
        Ok(configs.into_values().collect())
    }

    async fn pbxs(&mut self, only: Option<Uuid>) -> Result<BTreeMap<PbxId, PbxConfig>> {
        let rows = sqlx::query(
            "select p.id, p.customer_id, p.name, p.realm, p.time_zone, p.version,
                    c.status = 'suspended' or t.status = 'suspended' as suspended
             from pbxs p join customers c on c.id = p.customer_id
                 join platform.tenants t on t.id = p.tenant_id
             where $1::uuid is null or p.id = $1",
        )
        .bind(only)
        .fetch_all(&mut *self.conn)
        .await?;
        let mut configs = BTreeMap::new();
        for row in &rows {
            let id = PbxId(row.raw("id")?);
            let snapshot = Snapshot {
                version: row.unsigned("version")?,
                zone: row.parsed("time_zone")?,
                status: if row.raw("suspended")? { Status::Suspended } else { Status::Active },
                ..Snapshot::new(
                    self.tenant,
                    CustomerId(row.raw("customer_id")?),
                    id,
                    row.parsed("name")?,
                    row.parsed("realm")?,
                )
            };
            configs.insert(id, PbxConfig { snapshot, devices: Vec::new() });
        }
        Ok(configs)
    }
}
