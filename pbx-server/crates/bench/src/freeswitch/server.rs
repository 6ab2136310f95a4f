//! Our server as one node needs it: what it is asked, its events, and records, which lie on disk in the
//! end; without a database, as the embedded engine is measured.

use crate::{Outcome, setting};
use serde::Deserialize;
use serde_json::json;
use std::future::pending;
use uuid::Uuid;
use voxera_callcontrol::{CallControl, CallControlConfig, NodeSecret};
use voxera_freeswitch::{Config, FreeSwitch, Timing};
use voxera_model::{NodeId, Slug};
use voxera_testkit::node::SECRET;

/// Where the node takes commands.
#[derive(Deserialize)]
struct Told {
    host: String,
    port: u16,
    password: String,
}

/// The process that is measured: it says where it listens, and is told of its node in one line.
pub async fn server() -> Outcome<()> {
    let state = tempfile::tempdir()?;
    let control = CallControl::start(CallControlConfig::new(state.path()), None).await?;
    control.directory().replace(setting::pbx()?);
    let config = Config {
        listen: "127.0.0.1:0".parse()?,
        allowed: vec![("127.0.0.0".parse()?, 8)],
        secret: SECRET.to_owned().into(),
        timing: Timing::default(),
    };
    let handle = FreeSwitch::start(config, control.clone(), None).await?;
    println!("{}", json!({ "http": handle.address.to_string() }));
    let told = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    });
    let Told { host, port, password } = serde_json::from_str(&told.await??)?;
    control.nodes().configure(vec![NodeSecret {
        id: NodeId(Uuid::from_u128(4)),
        name: Slug::parse("test").map_err(|error| error.message)?,
        control_host: host,
        control_port: port,
        password: password.into(),
        weight: 100,
        draining: false,
    }]);
    pending().await
}
