//! How this installation is doing.

use crate::api::{Api, Carrier};
use crate::permit::PlatformAdmin;
use axum::Json;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::time::Instant;
use utoipa::ToSchema;

/// How this installation is doing.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlatformStatus {
    #[schema(example = "0.1.0")]
    pub version: String,
    pub started_at: DateTime<Utc>,
    pub database: DatabaseStatus,
    pub engine: EngineStatus,
    pub spool: SpoolStatus,
}

/// The database.
#[derive(Debug, Serialize, ToSchema)]
pub struct DatabaseStatus {
    pub reachable: bool,
    /// Milliseconds for one round trip; `None`: it did not answer.
    pub round_trip_ms: Option<f64>,
}

/// The telephone engine.
#[derive(Debug, Serialize, ToSchema)]
pub struct EngineStatus {
    /// What carries calls; `None`: it does not run.
    pub kind: Option<EngineKind>,
    /// Where phones are served; `None`: nowhere, because it does not run or no node works.
    #[schema(value_type = Option<String>, example = "0.0.0.0:5060")]
    pub address: Option<String>,
    /// The nodes that carry calls; `None`: this server carries all of them itself.
    pub nodes: Option<NodesStatus>,
    /// PBXs that it serves.
    pub pbxs: u64,
    /// Phones online.
    pub registrations: u64,
    /// Calls that are up.
    pub calls: u64,
}

/// What carries calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EngineKind {
    /// This server itself.
    Embedded,
    /// The nodes of the list.
    Freeswitch,
    /// Both: it is chosen for each tenant.
    PerTenant,
}

/// The nodes that carry calls.
#[derive(Debug, Serialize, ToSchema)]
pub struct NodesStatus {
    pub up: usize,
    pub total: usize,
}

/// Records of calls on their way to the database.
#[derive(Debug, Serialize, ToSchema)]
pub struct SpoolStatus {
    /// On this machine's disk, not yet in the database.
    pub waiting: u64,
    /// Refused by the database, put aside.
    pub dead_letters: u64,
}

/// How this installation is doing. Answers also when the database does not.
#[utoipa::path(
    get, path = "/api/v1/platform/status", operation_id = "platform_status", tag = "Platform",
    responses((status = 200, description = "The status.", body = PlatformStatus)),
    extensions(("x-permission" = json!("platform_admin")))
)]
pub async fn get(admin: PlatformAdmin) -> Json<PlatformStatus> {
    let api = &admin.api;
    let asked = Instant::now();
    let reachable = api.store.ping().await.is_ok();
    let control = api.control.status();
    Json(PlatformStatus {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: api.started_at,
        database: DatabaseStatus {
            reachable,
            round_trip_ms: reachable.then(|| asked.elapsed().as_secs_f64() * 1000.0),
        },
        engine: EngineStatus {
            kind: api.carrier().map(|carrier| match carrier {
                Carrier::Server { .. } => EngineKind::Embedded,
                Carrier::Nodes { .. } => EngineKind::Freeswitch,
                Carrier::Both { .. } => EngineKind::PerTenant,
            }),
            address: api.engine().map(|address| address.to_string()),
            nodes: nodes(api),
            pbxs: control.pbxs as u64,
            registrations: control.registrations as u64,
            calls: control.calls as u64,
        },
        spool: SpoolStatus { waiting: control.spooled, dead_letters: control.dead_letters },
    })
}

fn nodes(api: &Api) -> Option<NodesStatus> {
    match api.carrier()? {
        Carrier::Server { .. } => None,
        Carrier::Nodes { .. } | Carrier::Both { .. } => {
            let (up, total) = api.nodes_up();
            Some(NodesStatus { up, total })
        }
    }
}
