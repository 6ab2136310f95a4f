//! The telephone engine as the boot sees it.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use voxera_callcontrol::CallControl;

/// How the engine runs.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    pub bind: SocketAddr,
    pub media_ports: RangeInclusive<u16>,
    pub external_address: Option<IpAddr>,
    pub media_threads: usize,
}

impl EngineConfig {
    pub fn new(bind: SocketAddr) -> Self {
        Self { bind, media_ports: 20_000..=29_999, external_address: None, media_threads: 1 }
    }
}

/// The running engine.
#[derive(Debug)]
pub struct EngineHandle {
    sockets: (tokio::net::UdpSocket, tokio::net::TcpListener),
    address: SocketAddr,
}

pub struct Engine;

impl Engine {
    pub async fn start(config: EngineConfig, _control: CallControl) -> std::io::Result<EngineHandle> {
        let udp = tokio::net::UdpSocket::bind(config.bind).await?;
        let address = udp.local_addr()?;
        let tcp = tokio::net::TcpListener::bind(address).await?;
        Ok(EngineHandle { sockets: (udp, tcp), address })
    }
}

impl EngineHandle {
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    pub async fn shutdown(self) {
        drop(self.sockets);
        tokio::task::yield_now().await;
    }
}
