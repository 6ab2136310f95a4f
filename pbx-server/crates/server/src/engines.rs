//! What carries calls: one engine for all, or both side by side, each for its tenants.

use crate::boot::BootError;
use crate::browsers;
use crate::config::{Config, Engine};
use crate::doors;
use crate::state::State;
use std::net::SocketAddr;
use voxera_api::{Browsers, Carrier};
use voxera_audio::Library;
use voxera_callcontrol::CallControl;
use voxera_model::Engine as Of;
use voxera_sip::EngineHandle;

/// What runs.
pub struct Engines {
    embedded: Option<EngineHandle>,
    nodes: Option<voxera_freeswitch::Handle>,
    /// Where phones of this process register; of nodes alone: what phones are told.
    pub phones: SocketAddr,
    /// Takes browsers.
    pub browsers: Browsers,
    /// As the interface knows it.
    pub carrier: Carrier,
}

impl Engines {
    /// Starts what is configured. `next_free`: on the next free ports where some are taken.
    pub async fn start(
        config: &Config,
        state: &State,
        next_free: bool,
        control: &CallControl,
        library: Library,
    ) -> Result<Self, BootError> {
        match config.engine {
            Engine::Embedded => {
                let engine = doors::start_engine(config, next_free, control, library).await?;
                let phones = engine.local_addr();
                Ok(Self {
                    browsers: browsers::of_server(&engine),
                    embedded: Some(engine),
                    nodes: None,
                    phones,
                    carrier: Carrier::Server { address: phones },
                })
            }
            Engine::FreeSwitch => {
                let nodes = doors::start_freeswitch(config, state, next_free, control, library).await?;
                // Nodes hear phones; this is what phones are told.
                let phones = SocketAddr::new(config.sip.listen.ip(), config.node_port());
                Ok(Self {
                    browsers: browsers::of_nodes(&nodes),
                    embedded: None,
                    nodes: Some(nodes),
                    phones,
                    carrier: Carrier::Nodes { address: phones },
                })
            }
            Engine::PerTenant => {
                let (here, there) = (control.of(Of::Embedded), control.of(Of::FreeSwitch));
                let engine = doors::start_engine(config, next_free, &here, library.clone()).await?;
                let phones = engine.local_addr();
                let nodes = match doors::start_freeswitch(config, state, next_free, &there, library).await {
                    Ok(nodes) => nodes,
                    Err(error) => {
                        engine.shutdown().await;
                        return Err(error);
                    }
                };
                let (to_server, to_nodes) = (browsers::of_server(&engine), browsers::of_nodes(&nodes));
                Ok(Self {
                    browsers: browsers::of_both(control, to_server, to_nodes),
                    embedded: Some(engine),
                    nodes: Some(nodes),
                    phones,
                    carrier: Carrier::Both { address: phones },
                })
            }
        }
    }

    /// Where `FreeSWITCH` nodes ask; `None`: none is asked for.
    pub fn nodes(&self) -> Option<SocketAddr> {
        self.nodes.as_ref().map(|nodes| nodes.address)
    }

    /// Hangs up what this process carries. Calls of nodes go on.
    pub async fn shutdown(self) {
        let here = async {
            if let Some(engine) = self.embedded {
                engine.shutdown().await;
            }
        };
        let there = async {
            if let Some(nodes) = self.nodes {
                nodes.shutdown().await;
            }
        };
        tokio::join!(here, there);
    }
}
