//! The last good configuration on disk, so that a server that starts without its database routes
//! calls and checks phones. It holds credentials, and so it is sealed.

use crate::directory::{DeviceSecret, PbxConfig, PbxView, TrunkSecret};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use voxera_callflow::Snapshot;
use voxera_model::{DeviceId, Engine, ExtensionNumber, Name, NodeId, Slug, TrunkId};
use voxera_store::{NodeSecret, SealKey, TrunkKind, TrunkTransport};

const FILE: &str = "directory.sealed";
/// Binds the sealed bytes to what they are, and to their format.
const PURPOSE: &[u8] = b"voxera directory 1";
const NODES_FILE: &str = "nodes.sealed";
const NODES_PURPOSE: &[u8] = b"voxera nodes 1";

/// The file.
#[derive(Debug)]
pub(crate) struct Saved {
    path: PathBuf,
    nodes: PathBuf,
    key: SealKey,
    due: AtomicBool,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    snapshot: Snapshot,
    /// Absent in copies of versions with one engine for all.
    #[serde(default = "embedded")]
    engine: Engine,
    devices: Vec<StoredDevice>,
    /// Absent in copies of versions without lines.
    #[serde(default)]
    trunks: Vec<StoredTrunk>,
}

const fn embedded() -> Engine {
    Engine::Embedded
}

#[derive(Serialize, Deserialize)]
struct StoredTrunk {
    id: TrunkId,
    kind: TrunkKind,
    host: String,
    port: u16,
    transport: TrunkTransport,
    username: Option<String>,
    password: Option<String>,
    addresses: Vec<IpAddr>,
}

#[derive(Serialize, Deserialize)]
struct StoredDevice {
    device: DeviceId,
    extension: ExtensionNumber,
    name: Name,
    md5: [u8; 16],
    sha256: [u8; 32],
}

#[derive(Serialize, Deserialize)]
struct StoredNode {
    id: NodeId,
    name: Slug,
    control_host: String,
    control_port: u16,
    password: String,
    weight: u32,
    draining: bool,
}

impl Saved {
    pub(crate) fn new(dir: &Path, key: SealKey) -> Self {
        Self { path: dir.join(FILE), nodes: dir.join(NODES_FILE), key, due: AtomicBool::new(false) }
    }

    /// What was written last. Nothing at the first start, and, with a word in the log, when the
    /// file is damaged or was sealed with another key.
    pub(crate) fn read(&self) -> Vec<PbxConfig> {
        self.list::<Stored>(&self.path, PURPOSE).into_iter().map(PbxConfig::from).collect()
    }

    /// The nodes that were written last, in the same way.
    pub(crate) fn nodes(&self) -> Vec<NodeSecret> {
        self.list::<StoredNode>(&self.nodes, NODES_PURPOSE).into_iter().map(NodeSecret::from).collect()
    }

    fn list<T: DeserializeOwned>(&self, path: &Path, purpose: &[u8]) -> Vec<T> {
        let read = || -> io::Result<Vec<T>> {
            let plain = self.key.open(purpose, &fs::read(path)?).map_err(io::Error::other)?;
            Ok(serde_json::from_slice(&plain)?)
        };
        match read() {
            Ok(stored) => stored,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                tracing::error!(%error, "the last good configuration cannot be used");
                Vec::new()
            }
        }
    }

    /// Something changed since the last writing.
    pub(crate) fn mark(&self) {
        self.due.store(true, Ordering::Relaxed);
    }

    /// Whether there is something to write.
    pub(crate) fn is_due(&self) -> bool {
        self.due.load(Ordering::Relaxed)
    }

    /// Writes everything, if something changed. A failure is logged and tried again later.
    pub(crate) async fn write(&self, views: Vec<Arc<PbxView>>, nodes: Vec<NodeSecret>) {
        if !self.due.swap(false, Ordering::Relaxed) {
            return;
        }
        let (path, nodes_path, key) = (self.path.clone(), self.nodes.clone(), self.key.clone());
        let written = tokio::task::spawn_blocking(move || {
            let stored: Vec<Stored> = views.iter().map(|view| Stored::from(&**view)).collect();
            let plain = serde_json::to_vec(&stored)?;
            replace(&path, &key.seal(PURPOSE, &plain).map_err(io::Error::other)?)?;
            let stored: Vec<StoredNode> = nodes.into_iter().map(StoredNode::from).collect();
            let plain = serde_json::to_vec(&stored)?;
            replace(&nodes_path, &key.seal(NODES_PURPOSE, &plain).map_err(io::Error::other)?)
        });
        let outcome = written.await.map_err(io::Error::other).and_then(std::convert::identity);
        if let Err(error) = outcome {
            self.mark();
            metrics::counter!("voxera_directory_save_errors_total").increment(1);
            tracing::error!(%error, "the configuration cannot be kept on disk");
        }
    }
}

/// The old file or the new one, never a part.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    match path.parent() {
        Some(dir) => File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}

impl From<&PbxView> for Stored {
    fn from(view: &PbxView) -> Self {
        let devices = view.devices().map(|secret| StoredDevice {
            device: secret.device,
            extension: secret.extension.clone(),
            name: secret.name.clone(),
            md5: secret.ha1_md5,
            sha256: secret.ha1_sha256,
        });
        let trunks = view.trunks().iter().map(|trunk| StoredTrunk {
            id: trunk.id,
            kind: trunk.kind,
            host: trunk.host.clone(),
            port: trunk.port,
            transport: trunk.transport,
            username: trunk.username.clone(),
            password: trunk.password.as_ref().map(|password| password.to_string()),
            addresses: trunk.addresses.clone(),
        });
        let (devices, trunks) = (devices.collect(), trunks.collect());
        Self { snapshot: Snapshot::clone(&view.snapshot), engine: view.engine, devices, trunks }
    }
}

impl From<Stored> for PbxConfig {
    fn from(stored: Stored) -> Self {
        let devices = stored.devices.into_iter().map(|device| DeviceSecret {
            device: device.device,
            extension: device.extension,
            name: device.name,
            ha1_md5: device.md5,
            ha1_sha256: device.sha256,
        });
        let trunks = stored.trunks.into_iter().map(|trunk| TrunkSecret {
            id: trunk.id,
            kind: trunk.kind,
            host: trunk.host,
            port: trunk.port,
            transport: trunk.transport,
            username: trunk.username,
            password: trunk.password.map(Into::into),
            addresses: trunk.addresses,
        });
        let (devices, trunks) = (devices.collect(), trunks.collect());
        Self { snapshot: stored.snapshot, engine: stored.engine, devices, trunks }
    }
}

impl From<NodeSecret> for StoredNode {
    fn from(node: NodeSecret) -> Self {
        Self {
            id: node.id,
            name: node.name,
            control_host: node.control_host,
            control_port: node.control_port,
            password: node.password.to_string(),
            weight: node.weight,
            draining: node.draining,
        }
    }
}

impl From<StoredNode> for NodeSecret {
    fn from(stored: StoredNode) -> Self {
        Self {
            id: stored.id,
            name: stored.name,
            control_host: stored.control_host,
            control_port: stored.control_port,
            password: stored.password.into(),
            weight: stored.weight,
            draining: stored.draining,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;
    use uuid::Uuid;
    use voxera_model::{CustomerId, PbxId, Realm, TenantId};

    #[test]
    fn a_copy_of_a_version_with_one_engine_is_read() {
        let snapshot = Snapshot::new(
            TenantId(Uuid::nil()),
            CustomerId(Uuid::nil()),
            PbxId(Uuid::nil()),
            Name::parse("Kontoret").unwrap(),
            Realm::parse("akes.test").unwrap(),
        );
        let engine = Engine::FreeSwitch;
        let config = PbxConfig { snapshot, engine, devices: Vec::new(), trunks: Vec::new() };
        let mut stored = serde_json::to_value(Stored::from(&PbxView::new(config))).unwrap();
        let read = |stored: &serde_json::Value| {
            PbxConfig::from(serde_json::from_value::<Stored>(stored.clone()).unwrap()).engine
        };
        assert_eq!(read(&stored), Engine::FreeSwitch);
        stored.as_object_mut().unwrap().remove("engine").unwrap();
        assert_eq!(read(&stored), Engine::Embedded);
    }
}
