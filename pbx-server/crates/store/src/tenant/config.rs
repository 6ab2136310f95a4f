//! PBXs as engines want them: the snapshot that calls are routed from, and what phones prove
//! themselves with.

use crate::error::Result;
use crate::row::Columns;
use crate::seal::SealKey;
use crate::tenant::devices::open_ha1;
use crate::tenant::flows::{self, FlowDocument};
use crate::tenant::kinds;
use crate::tenant::numbers::destination;
use crate::tenant::trunks::{TrunkKind, TrunkTransport, addresses, open_password};
use sqlx::PgConnection;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use uuid::Uuid;
use voxera_callflow::{Extension, Kind, Member, PublishedIvr, Routing, Snapshot, Trunk};
use voxera_model::{
    AudioId, CustomerId, DeviceId, Engine, ExtensionId, ExtensionNumber, FlowId, Name, PbxId, PhoneNumber,
    Status, TenantId, TrunkId,
};
use zeroize::Zeroizing;

/// The PBXs of one load.
type Found = BTreeMap<PbxId, PbxConfig>;

/// One PBX.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PbxConfig {
    pub snapshot: Snapshot,
    /// What carries its calls, where the installation runs both engines.
    pub engine: Engine,
    pub devices: Vec<DeviceSecret>,
    /// In the order of the snapshot's.
    pub trunks: Vec<TrunkSecret>,
}

/// How a line to the public network is reached.
#[derive(Clone, PartialEq, Eq)]
pub struct TrunkSecret {
    pub id: TrunkId,
    pub kind: TrunkKind,
    /// Name or address of the other side.
    pub host: String,
    pub port: u16,
    pub transport: TrunkTransport,
    pub username: Option<String>,
    pub password: Option<Zeroizing<String>>,
    /// From where calls of this line come, besides `host`.
    pub addresses: Vec<IpAddr>,
}

impl std::fmt::Debug for TrunkSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrunkSecret")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
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

    /// Every PBX of this scope, in eight queries. A phone or line whose secret does not open, and
    /// whatever cannot be read, is left out and said in the log.
    pub async fn all(self) -> Result<Vec<PbxConfig>> {
        self.load(None).await
    }

    /// One PBX; `None` when it is gone.
    pub async fn pbx(self, id: PbxId) -> Result<Option<PbxConfig>> {
        Ok(self.load(Some(id)).await?.pop())
    }

    async fn load(mut self, only: Option<PbxId>) -> Result<Vec<PbxConfig>> {
        // One snapshot of the database for all queries, when nothing was asked before; otherwise
        // the version is read first, so that a change in between is loaded again.
        let only = only.map(|id| id.0);
        let mut configs = self.pbxs(only).await?;
        let devices = self.devices(only, &mut configs).await?;
        self.extensions(only, devices, &mut configs).await?;
        self.numbers(only, &mut configs).await?;
        self.flows(only, &mut configs).await?;
        self.trunks(only, &mut configs).await?;
        self.audio(only, &mut configs).await?;
        for config in configs.values_mut() {
            finish(config);
        }
        Ok(configs.into_values().collect())
    }

    async fn pbxs(&mut self, only: Option<Uuid>) -> Result<Found> {
        let rows = sqlx::query(
            "select p.id, p.customer_id, p.name, p.realm, p.time_zone, p.version, p.language, p.features,
                    p.caller_id, p.music_audio_id, p.premium_allowed,
                    c.status = 'suspended' or t.status = 'suspended' as suspended, t.engine
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
                language: row.parsed("language")?,
                status: if row.raw("suspended")? { Status::Suspended } else { Status::Active },
                features: row.json("features")?,
                caller_id: row.maybe("caller_id")?,
                music: row.raw::<Option<Uuid>>("music_audio_id")?.map(AudioId),
                premium_allowed: row.raw("premium_allowed")?,
                ..Snapshot::new(
                    self.tenant,
                    CustomerId(row.raw("customer_id")?),
                    id,
                    row.parsed("name")?,
                    row.parsed("realm")?,
                )
            };
            let engine = row.parsed("engine")?;
            configs.insert(id, PbxConfig { snapshot, engine, devices: Vec::new(), trunks: Vec::new() });
        }
        Ok(configs)
    }

    /// The phones, and which extension has which.
    async fn devices(
        &mut self,
        only: Option<Uuid>,
        configs: &mut Found,
    ) -> Result<HashMap<ExtensionId, Vec<DeviceId>>> {
        let rows = sqlx::query(
            "select d.id, d.pbx_id, d.extension_id, e.number, d.name, d.sealed_secret
             from devices d join extensions e on e.id = d.extension_id
             where ($1::uuid is null or d.pbx_id = $1) and (d.expires_at is null or d.expires_at > now())
             order by d.created_at, d.id",
        )
        .bind(only)
        .fetch_all(&mut *self.conn)
        .await?;
        let mut of: HashMap<ExtensionId, Vec<DeviceId>> = HashMap::new();
        for row in &rows {
            let device = DeviceId(row.raw("id")?);
            let Some(config) = configs.get_mut(&PbxId(row.raw("pbx_id")?)) else { continue };
            let sealed: Vec<u8> = row.raw("sealed_secret")?;
            let (ha1_md5, ha1_sha256) = match open_ha1(self.seal, self.tenant, device, &sealed) {
                Ok(secret) => secret,
                Err(error) => {
                    tracing::error!(%device, %error, "a phone's secret cannot be opened");
                    continue;
                }
            };
            of.entry(ExtensionId(row.raw("extension_id")?)).or_default().push(device);
            let (extension, name) = (row.parsed("number")?, row.parsed("name")?);
            config.devices.push(DeviceSecret { device, extension, name, ha1_md5, ha1_sha256 });
        }
        Ok(of)
    }

    async fn extensions(
        &mut self,
        only: Option<Uuid>,
        mut devices: HashMap<ExtensionId, Vec<DeviceId>>,
        configs: &mut Found,
    ) -> Result<()> {
        let rows = sqlx::query(
            "select group_id, member_id, tier from extension_members
             where $1::uuid is null or pbx_id = $1 order by group_id, position",
        )
        .bind(only)
        .fetch_all(&mut *self.conn)
        .await?;
        let mut members: HashMap<ExtensionId, Vec<Member>> = HashMap::new();
        for row in &rows {
            let tier = u8::try_from(row.raw::<i16>("tier")?).unwrap_or(1);
            let member = Member { extension: ExtensionId(row.raw("member_id")?), tier };
            members.entry(ExtensionId(row.raw("group_id")?)).or_default().push(member);
        }
        let rows = sqlx::query(
            "select id, pbx_id, number, name, kind, settings, ring_seconds, call_waiting, recording, sealed_pin
             from extensions where $1::uuid is null or pbx_id = $1",
        )
        .bind(only)
        .fetch_all(&mut *self.conn)
        .await?;
        for row in &rows {
            let id = ExtensionId(row.raw("id")?);
            let Some(config) = configs.get_mut(&PbxId(row.raw("pbx_id")?)) else { continue };
            let sealed: Option<Vec<u8>> = row.raw("sealed_pin")?;
            let pin =
                sealed.map(|sealed| kinds::open_pin(self.seal, self.tenant, id, &sealed)).transpose()?;
            let devices = devices.remove(&id).unwrap_or_default();
            let members = members.remove(&id).unwrap_or_default();
            let kind = match kinds::read(row, &devices, &members, pin.as_ref()) {
                Ok(kind) => kind,
                Err(error) => {
                    tracing::error!(extension = %id, %error, "an extension cannot be read");
                    continue;
                }
            };
            let (name, recording) = (row.parsed("name")?, row.maybe_json("recording")?);
            let extension = Extension { id, name, kind, recording };
            config.snapshot.extensions.insert(row.parsed("number")?, extension);
        }
        Ok(())
    }

    async fn numbers(&mut self, only: Option<Uuid>, configs: &mut Found) -> Result<()> {
        let rows = sqlx::query(
            "select e164, pbx_id, extension_id, destination from numbers
             where pbx_id is not null and ($1::uuid is null or pbx_id = $1)",
        )
        .bind(only)
        .fetch_all(&mut *self.conn)
        .await?;
        for row in &rows {
            let Some(config) = configs.get_mut(&PbxId(row.raw("pbx_id")?)) else { continue };
            let to = destination(row.raw("extension_id")?, row.maybe_json("destination")?);
            config.snapshot.numbers.insert(row.parsed("e164")?, to);
        }
        Ok(())
    }

    async fn flows(&mut self, only: Option<Uuid>, configs: &mut Found) -> Result<()> {
        let rows = sqlx::query(
            "select f.id, f.pbx_id, f.kind, f.name, v.version, v.document
             from flows f join flow_versions v on v.flow_id = f.id and v.version = f.published
             where $1::uuid is null or f.pbx_id = $1",
        )
        .bind(only)
        .fetch_all(&mut *self.conn)
        .await?;
        for row in &rows {
            let id = FlowId(row.raw("id")?);
            let Some(config) = configs.get_mut(&PbxId(row.raw("pbx_id")?)) else { continue };
            let version = row.whole("version")?;
            match flows::read(row, "document") {
                Ok(FlowDocument::Routing(Routing { mut rules })) => {
                    // The list's order decides among equals.
                    rules.sort_by_key(|rule| rule.priority);
                    config.snapshot.rules = rules;
                    config.snapshot.rules_version = version;
                }
                Ok(FlowDocument::Ivr(ivr)) => {
                    let ivr = PublishedIvr { name: row.parsed("name")?, version, ivr };
                    config.snapshot.ivrs.insert(id, ivr);
                }
                Err(error) => tracing::error!(flow = %id, %error, "a published flow cannot be read"),
            }
        }
        Ok(())
    }

    async fn trunks(&mut self, only: Option<Uuid>, configs: &mut Found) -> Result<()> {
        let rows = sqlx::query(
            "select id, pbx_id, name, kind, host, port, transport, username, sealed_password, emergency,
                 array(select host(a) from unnest(addresses) a) as addresses
             from trunks where $1::uuid is null or pbx_id = $1
             order by priority, lower(name collate \"sv-x-icu\"), id",
        )
        .bind(only)
        .fetch_all(&mut *self.conn)
        .await?;
        for row in &rows {
            let id = TrunkId(row.raw("id")?);
            let Some(config) = configs.get_mut(&PbxId(row.raw("pbx_id")?)) else { continue };
            let sealed: Option<Vec<u8>> = row.raw("sealed_password")?;
            let opened = sealed.map(|sealed| open_password(self.seal, self.tenant, id, &sealed)).transpose();
            let password = match opened {
                Ok(password) => password,
                Err(error) => {
                    tracing::error!(trunk = %id, %error, "a line's password cannot be opened");
                    continue;
                }
            };
            let (name, emergency) = (row.parsed("name")?, row.raw("emergency")?);
            config.snapshot.trunks.push(Trunk { id, name, emergency });
            config.trunks.push(TrunkSecret {
                id,
                kind: row.word("kind")?,
                host: row.raw("host")?,
                port: row.whole("port")?,
                transport: row.word("transport")?,
                username: row.raw("username")?,
                password,
                addresses: addresses(row)?,
            });
        }
        Ok(())
    }

    async fn audio(&mut self, only: Option<Uuid>, configs: &mut Found) -> Result<()> {
        let rows: Vec<(Uuid, Uuid)> =
            sqlx::query_as("select id, pbx_id from audio_files where $1::uuid is null or pbx_id = $1")
                .bind(only)
                .fetch_all(&mut *self.conn)
                .await?;
        for (id, pbx) in rows {
            let Some(config) = configs.get_mut(&PbxId(pbx)) else { continue };
            config.snapshot.audio.insert(AudioId(id));
        }
        Ok(())
    }
}

/// What is shown outside is an own number: one that left the PBX since is not.
fn finish(config: &mut PbxConfig) {
    let Snapshot { extensions, numbers, caller_id, .. } = &mut config.snapshot;
    let own = |number: &PhoneNumber| numbers.contains_key(number);
    *caller_id = caller_id.take().filter(own);
    for extension in extensions.values_mut() {
        if let Kind::User(user) = &mut extension.kind {
            user.caller_id = user.caller_id.take().filter(own);
        }
    }
    config.snapshot.index();
}
