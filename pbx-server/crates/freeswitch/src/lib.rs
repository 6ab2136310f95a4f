//! `FreeSWITCH` as engine: what it asks for, what it tells, and what it is told.
//!
//! | module | job |
//! |---|---|
//! | `http`, `request` | the listener that nodes ask, and their questions as types |
//! | `escape`, `document` | the one door for text, and the templates that print nothing else |
//! | `directory`, `configuration` | phones, lines, queues: from the snapshots in memory |
//! | `dialplan` | actions of the core as applications, and what became of them as events |
//! | `calls` | every call: its hunts, what is told of its channels, what nodes are asked to do |
//! | `esl` | the event socket |
//! | `nodes` | a task for each node: events to calls and phones, commands to nodes, who is dead |
//! | `browsers` | browsers that are phones, carried to nodes |
//! | `cdr` | the end of legs, told by events and by posted records, once |
//! | `init` | the configuration of a node |

mod browsers;
mod calls;
mod cdr;
mod configuration;
pub mod dialplan;
mod directory;
mod document;
pub mod escape;
pub mod esl;
mod http;
pub mod init;
mod nodes;
pub mod request;

pub use browsers::{BrowserWay, Browsers, Leave, Said, ToBrowser, is_keep_alive};
pub use calls::{Calls, ChannelEvent, ChannelId, NodeName, Order, Ring};
pub use document::Document;
pub use nodes::Timing;

use cdr::Cdrs;
use http::Desk;
use nodes::Fleet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use voxera_audio::Library;
use voxera_callcontrol::CallControl;
use zeroize::Zeroizing;

/// Where nodes ask, and who they must be.
#[derive(Clone)]
pub struct Config {
    pub listen: SocketAddr,
    /// Networks, each an address and how many of its first bits count.
    pub allowed: Vec<(IpAddr, u8)>,
    /// The password of every node's questions.
    pub secret: Zeroizing<String>,
    /// How nodes are watched.
    pub timing: Timing,
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config").field("listen", &self.listen).finish_non_exhaustive()
    }
}

/// The engine.
#[derive(Debug)]
pub struct FreeSwitch;

/// What runs.
#[derive(Debug)]
pub struct Handle {
    pub calls: Calls,
    /// Takes browsers.
    pub browsers: Browsers,
    /// Where it listens.
    pub address: SocketAddr,
    stop: CancellationToken,
    jobs: TaskTracker,
}

impl FreeSwitch {
    /// Listens for nodes, and watches those of the list.
    pub async fn start(
        config: Config,
        control: CallControl,
        library: Option<Library>,
    ) -> std::io::Result<Handle> {
        if let Some(library) = library.clone() {
            // Made before a node asks for it: that takes longer than a node waits.
            let made = tokio::task::spawn_blocking(move || library.built_in_music()).await;
            if let Ok(Err(error)) = made {
                tracing::error!(%error, "the built-in music cannot be kept");
            }
        }
        let listener = TcpListener::bind(config.listen).await?;
        let address = listener.local_addr()?;
        let (calls, orders) = Calls::new(control.clone(), library.clone());
        let cdrs = Cdrs::new(calls.clone());
        let fleet = Fleet::new(control.clone(), calls.clone(), cdrs.clone(), library.clone(), config.timing);
        let Config { allowed, secret, .. } = config;
        let for_browsers = control.clone();
        let desk = Desk { control, library, calls: calls.clone(), allowed, secret, cdrs };
        let service = http::router(Arc::new(desk)).into_make_service_with_connect_info::<SocketAddr>();
        let (stop, jobs) = (CancellationToken::new(), TaskTracker::new());
        let close = stop.clone();
        jobs.spawn(async move {
            let served = axum::serve(listener, service).with_graceful_shutdown(close.cancelled_owned());
            if let Err(error) = served.await {
                tracing::error!(%error, "nodes are not answered any more");
            }
        });
        let browsers = Browsers::new(for_browsers, calls.homes(), stop.clone(), jobs.clone());
        jobs.spawn(fleet.run(orders, stop.clone()));
        Ok(Handle { calls, browsers, address, stop, jobs })
    }
}

impl Handle {
    /// Answers no more. Calls go on: nodes carry them, and channels say where they stood.
    pub async fn shutdown(self) {
        self.stop.cancel();
        self.jobs.close();
        self.jobs.wait().await;
        self.calls.leave();
    }
}
