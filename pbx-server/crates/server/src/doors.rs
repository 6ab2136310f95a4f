//! Where the product listens: HTTP, and the phones.

use crate::boot::BootError;
use crate::config::{Config, Engine, local_url};
use crate::gate::Gate;
use crate::state::State;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;
use voxera_audio::Library;
use voxera_callcontrol::CallControl;
use voxera_freeswitch::FreeSwitch;
use voxera_sip::{EngineConfig, EngineHandle};

/// How many ports after a taken one are tried.
const PORTS_TRIED: u16 = 50;

pub async fn listen(wanted: SocketAddr, next_free: bool) -> Result<TcpListener, BootError> {
    let mut address = wanted;
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                address = next(address, wanted, next_free).ok_or(BootError::Taken {
                    address: wanted,
                    key: "listen",
                    flag: "--listen",
                })?;
            }
            Err(source) => return Err(cannot("listen", address, source)),
        }
    }
}

pub async fn start_engine(
    config: &Config,
    next_free: bool,
    control: &CallControl,
    library: Library,
) -> Result<EngineHandle, BootError> {
    let wanted = config.sip.listen;
    let mut engine = EngineConfig::new(wanted);
    engine.media_ports = config.sip.media_ports.range();
    engine.library = Some(library);
    engine.external_address = config.sip.external_address;
    engine.media_threads = std::thread::available_parallelism().map_or(1, usize::from).div_ceil(2);
    loop {
        match voxera_sip::Engine::start(engine.clone(), control.clone()).await {
            Ok(engine) => return Ok(engine),
            Err(error) => {
                let source = error;
                if source.kind() != ErrorKind::AddrInUse {
                    return Err(cannot("sip.listen", engine.bind, source));
                }
                engine.bind = next(engine.bind, wanted, next_free).ok_or(BootError::Taken {
                    address: wanted,
                    key: "sip.listen",
                    flag: "--sip-listen",
                })?;
            }
        }
    }
}

/// The listener that FreeSWITCH nodes ask; what the nodes themselves are is in the portal's list.
pub async fn start_freeswitch(
    config: &Config,
    state: &State,
    next_free: bool,
    control: &CallControl,
    library: Library,
) -> Result<voxera_freeswitch::Handle, BootError> {
    let wanted = config.freeswitch.listen;
    let secret = match &config.freeswitch.secret {
        Some(secret) => secret.expose().to_owned(),
        None => state.freeswitch_secret()?,
    };
    let mut nodes = voxera_freeswitch::Config {
        listen: wanted,
        allowed: config.freeswitch.allowed.list().to_vec(),
        secret: secret.into(),
        timing: voxera_freeswitch::Timing::default(),
    };
    loop {
        match FreeSwitch::start(nodes.clone(), control.clone(), Some(library.clone())).await {
            Ok(handle) => return Ok(handle),
            Err(source) if source.kind() != ErrorKind::AddrInUse => {
                return Err(cannot("freeswitch.listen", nodes.listen, source));
            }
            Err(_) => {
                nodes.listen = next(nodes.listen, wanted, next_free).ok_or(BootError::Taken {
                    address: wanted,
                    key: "freeswitch.listen",
                    flag: "VOXERA_FREESWITCH_LISTEN",
                })?;
            }
        }
    }
}

/// The next port to try.
fn next(taken: SocketAddr, wanted: SocketAddr, next_free: bool) -> Option<SocketAddr> {
    let port = taken.port().checked_add(1)?;
    let near = port - wanted.port() <= PORTS_TRIED;
    (next_free && near).then(|| SocketAddr::new(taken.ip(), port))
}

pub fn cannot(key: &'static str, address: SocketAddr, source: std::io::Error) -> BootError {
    BootError::Listen { address, key, source }
}

pub async fn serve(listener: TcpListener, gate: Gate, close: CancellationToken) {
    let service = gate.router().into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service).with_graceful_shutdown(close.cancelled_owned()).await;
    if let Err(error) = served {
        tracing::error!(%error, "HTTP is not served any more");
    }
}

/// Where people come: what is configured, with the port that we really got.
pub fn portal_url(config: &Config, http: SocketAddr) -> Url {
    match &config.public_url {
        Some(url) => url.clone(),
        None => local_url(SocketAddr::new(config.listen.ip(), http.port())),
    }
}

pub fn origin(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

/// From this machine.
pub fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// What phones of nodes are told to send to: as configured, else what those of this process are told,
/// at the nodes' port.
pub fn node_phones(config: &Config, phones: SocketAddr) -> (String, u16) {
    match &config.freeswitch.phones {
        Some(said) => (said.host.clone(), said.port),
        None => (phone_host(config, phones), config.node_port()),
    }
}

/// The host that phones are told to send to: as configured, else an address of this machine.
pub fn phone_host(config: &Config, phones: SocketAddr) -> String {
    if let (Engine::FreeSwitch, Some(said)) = (config.engine, &config.freeswitch.phones) {
        return said.host.clone();
    }
    let own = || crate::doctor::own_address(config.sip.listen).unwrap_or_else(|| reachable(phones).ip());
    let address = || config.sip.external_address.unwrap_or_else(own).to_string();
    config.sip.host.clone().unwrap_or_else(address)
}
