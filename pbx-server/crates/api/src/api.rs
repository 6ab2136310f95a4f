//! What every handler can reach.

use crate::media::AudioOf;
use crate::web::BrowserLink;
use crate::web::limit::AddressLimit;
use chrono::{DateTime, Utc};
use metrics_exporter_prometheus::PrometheusHandle;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::broadcast;
use voxera_audio::Library;
use voxera_callcontrol::{CallControl, NodeState};
use voxera_identity::Identity;
use voxera_model::{Engine, PbxId, Realm, TenantId};
use voxera_store::{Store, TenantTx};

/// How the interface is served.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// Where browsers reach the portal, an origin without a slash at the end. With `https` the
    /// cookie is `Secure` and browsers are told to stay with TLS.
    pub public_url: String,
    /// The host that phones send to, as it is shown with their credentials.
    pub sip_host: String,
    /// The port that phones send to.
    pub sip_port: u16,
    /// The same for phones of tenants whose calls nodes carry, where the installation runs both.
    pub node_host: String,
    pub node_port: u16,
    /// The domain under which a realm is suggested for a new PBX, e.g. `pbx.localhost`.
    pub realm_suffix: Realm,
    /// Whether a reverse proxy stands before us: the last address of `X-Forwarded-For` is the caller.
    pub trust_proxy: bool,
    /// Opens `/metrics` to others than this machine, as a bearer token.
    pub metrics_token: Option<String>,
    /// Requests to `/api` that one address (IPv6: /64) may send in one second, on average.
    pub requests_per_second: u32,
    /// How many it may send at once.
    pub request_burst: u32,
    /// Time between two `ping` events; also how soon a stream notices that its token has expired.
    pub heartbeat: Duration,
    /// The longest that a request may take.
    pub timeout: Duration,
}

/// What carries calls, and the address that phones are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// This server itself.
    Server { address: SocketAddr },
    /// The nodes of the list.
    Nodes { address: SocketAddr },
    /// Both, each for its tenants: what phones of this server are told.
    Both { address: SocketAddr },
}

impl ApiConfig {
    /// What suits an installation reached at `public_url`.
    #[must_use]
    pub fn new(public_url: &str, sip_host: &str, realm_suffix: Realm) -> Self {
        Self {
            public_url: public_url.trim_end_matches('/').to_owned(),
            sip_host: sip_host.to_owned(),
            sip_port: 5060,
            node_host: sip_host.to_owned(),
            node_port: 5060,
            realm_suffix,
            trust_proxy: false,
            metrics_token: None,
            requests_per_second: 50,
            request_burst: 500,
            heartbeat: Duration::from_secs(15),
            timeout: Duration::from_secs(30),
        }
    }

    /// Whether browsers come over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

/// Opens a connection to the engine for a browser at this address; `None`: it takes none now.
pub type Browsers = Arc<dyn Fn(SocketAddr) -> Option<BrowserLink> + Send + Sync>;

/// What every handler can reach. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    pub(crate) store: Store,
    pub(crate) identity: Identity,
    pub(crate) control: CallControl,
    pub(crate) library: Library,
    pub(crate) config: Arc<ApiConfig>,
    pub(crate) metrics: Option<PrometheusHandle>,
    pub(crate) started_at: DateTime<Utc>,
    pub(crate) limit: Arc<AddressLimit>,
    engine: Arc<OnceLock<Carrier>>,
    browsers: Arc<OnceLock<Browsers>>,
    sounds: broadcast::Sender<AudioOf>,
}

impl Api {
    /// Puts the parts together. `metrics`: what `/metrics` shows; `None`: nothing is recorded.
    #[must_use]
    pub fn new(
        store: Store,
        identity: Identity,
        control: CallControl,
        library: Library,
        metrics: Option<PrometheusHandle>,
        config: ApiConfig,
    ) -> Self {
        let limit = Arc::new(AddressLimit::new(config.requests_per_second, config.request_burst));
        let started_at = Utc::now();
        let (engine, browsers) = (Arc::default(), Arc::default());
        let (sounds, _) = broadcast::channel(256);
        let config = Arc::new(config);
        Self {
            store,
            identity,
            control,
            library,
            config,
            metrics,
            started_at,
            limit,
            engine,
            browsers,
            sounds,
        }
    }

    /// The telephone engine runs. There is one: what was said first stays.
    pub fn engine_runs(&self, carrier: Carrier) {
        self.engine.get_or_init(|| carrier);
    }

    /// The engine takes browsers as phones, and gives each its link. There is one: the first stays.
    pub fn engine_takes_browsers(&self, open: Browsers) {
        self.browsers.get_or_init(|| open);
    }

    /// A link to the engine for a browser at this address; `None`: no engine runs.
    pub(crate) fn browser_link(&self, peer: SocketAddr) -> Option<BrowserLink> {
        self.browsers.get().and_then(|open| open(peer))
    }

    /// Takes up what a stop of the server cut short: uploads that were being converted. How many.
    pub async fn resume(&self) -> voxera_store::Result<usize> {
        crate::customer::audio::resume(self).await
    }

    /// A sound is ready, or will never be.
    pub(crate) fn tell_of_audio(&self, sound: AudioOf) {
        // Nobody listens: nobody needs to know.
        let _ = self.sounds.send(sound);
    }

    /// Sounds that become ready from now on, or fail.
    pub(crate) fn sounds(&self) -> broadcast::Receiver<AudioOf> {
        self.sounds.subscribe()
    }

    /// What carries the calls of a PBX; `None`: no engine runs.
    fn engine_of(&self, pbx: PbxId) -> Option<Engine> {
        Some(match self.carrier()? {
            Carrier::Server { .. } => Engine::Embedded,
            Carrier::Nodes { .. } => Engine::FreeSwitch,
            Carrier::Both { .. } => self.control.directory().by_id(pbx)?.engine,
        })
    }

    /// Whether browsers can be phones of a PBX at this moment.
    pub(crate) fn takes_browsers(&self, pbx: PbxId) -> bool {
        let where_calls_are = match self.engine_of(pbx) {
            Some(Engine::FreeSwitch) => self.control.nodes().take_browsers(),
            Some(Engine::Embedded) => true,
            None => false,
        };
        where_calls_are && self.browsers.get().is_some()
    }

    /// Whether what carries the calls of a PBX works.
    pub(crate) fn carries(&self, pbx: PbxId) -> bool {
        match self.engine_of(pbx) {
            Some(Engine::FreeSwitch) => self.nodes_up().0 > 0,
            Some(Engine::Embedded) => true,
            None => false,
        }
    }

    /// The host and the port that the phones of a tenant send to.
    pub(crate) async fn phones_send_to(
        &self,
        tx: &mut TenantTx<'_>,
        tenant: TenantId,
    ) -> voxera_store::Result<(&str, u16)> {
        let engine = match self.carrier() {
            Some(Carrier::Both { .. }) => tx.tenants().get(tenant).await?.engine,
            Some(Carrier::Server { .. } | Carrier::Nodes { .. }) | None => Engine::Embedded,
        };
        Ok(self.server_of(engine))
    }

    /// The host and the port that phones of an engine send to, where the installation runs both.
    pub(crate) fn server_of(&self, engine: Engine) -> (&str, u16) {
        let config = &self.config;
        match engine {
            Engine::Embedded => (&config.sip_host, config.sip_port),
            Engine::FreeSwitch => (&config.node_host, config.node_port),
        }
    }

    /// What carries calls; `None`: no engine runs.
    pub(crate) fn carrier(&self) -> Option<Carrier> {
        self.engine.get().copied()
    }

    /// Nodes that work, of all that there are.
    pub(crate) fn nodes_up(&self) -> (usize, usize) {
        let all = self.control.nodes().list();
        (all.iter().filter(|node| node.state == NodeState::Up).count(), all.len())
    }

    /// Where phones are served at this moment; `None`: nowhere.
    pub(crate) fn engine(&self) -> Option<SocketAddr> {
        match self.carrier()? {
            Carrier::Server { address } | Carrier::Both { address } => Some(address),
            Carrier::Nodes { address } => (self.nodes_up().0 > 0).then_some(address),
        }
    }
}
