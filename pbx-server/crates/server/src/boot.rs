//! Starts the product in the order in which its parts need each other, and stops it in the other.
//!
//! Calls need the least, so they come first: the engine runs from the last good configuration on
//! disk before anything is asked of a database that may not answer.

use crate::config::{Config, Encryption};
use crate::database::Database;
use crate::demo::{self, Demo, DemoError};
use crate::doors::{self, origin, portal_url, reachable};
use crate::engines::Engines;
use crate::gate::Gate;
use crate::retention::Retention;
use crate::state::{Lock, State, StateError};
use crate::voicemail::Mails;
use crate::{jobs, notify};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;
use voxera_api::{Api, ApiConfig, Browsers, Carrier};
use voxera_audio::Library;
use voxera_callcontrol::{CallControl, CallControlConfig};
use voxera_identity::{Clock, Identity, IdentityConfig, IdentityError, Limits};
use voxera_mail::{Delivery, Mailer, Outbox, Retry};
use voxera_model::{Colour, Invalid, Locale, Name, Slug, TenantId, Zone};
use voxera_store::embedded::EmbeddedError;
use voxera_store::{MigrationProgress, NewTenant, Store, StoreConfig, StoreError, new_id};

/// How long requests that are being answered may still take at the end.
const DRAIN: Duration = Duration::from_secs(5);
/// How long calls may take to be hung up at the end.
const CALLS_END: Duration = Duration::from_secs(10);
/// Between attempts to reach a database that is not ours.
const DATABASE_PAUSE: Duration = Duration::from_secs(2);

/// How this start differs from others.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Take the next free port where one is taken.
    pub next_free_ports: bool,
    /// How often one may try to sign in, and the like. Tests that sign in often say otherwise.
    pub limits: Option<Limits>,
}

/// Why the product does not run.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error(
        "{address} ({key}) is taken by another program: find it with `ss -ltunp | grep :{port}`, or choose another with {flag}",
        port = .address.port()
    )]
    Taken { address: SocketAddr, key: &'static str, flag: &'static str },
    #[error("cannot listen on {address} ({key}): {source}")]
    Listen { address: SocketAddr, key: &'static str, source: std::io::Error },
    #[error(transparent)]
    Database(#[from] EmbeddedError),
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    #[error("{} of {total} tenants could not be brought up to this version; the first: {}", .failed.len(), first(.failed))]
    Tenants { failed: Vec<(TenantId, String)>, total: usize },
    #[error(transparent)]
    Calls(#[from] voxera_callcontrol::StartError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Demo(#[from] DemoError),
    #[error("the folder of sounds, messages and recordings (media.dir): {0}")]
    Media(std::io::Error),
    #[error("mail: {0}")]
    Mail(String),
    #[error("{0}")]
    Name(#[from] Invalid),
}

impl BootError {
    /// Whether it is over when the database answers.
    fn is_of_the_database(&self) -> bool {
        matches!(
            self,
            Self::Store(StoreError::Unavailable(_))
                | Self::Identity(IdentityError::Store(StoreError::Unavailable(_)))
                | Self::Demo(
                    DemoError::Store(StoreError::Unavailable(_))
                        | DemoError::Identity(IdentityError::Store(StoreError::Unavailable(_)))
                )
        )
    }
}

fn first(failed: &[(TenantId, String)]) -> &str {
    failed.first().map_or("", |(_, why)| why)
}

/// The product, running.
pub struct Server {
    /// How people reach the portal.
    pub portal: Url,
    /// Where HTTP is served.
    pub http: SocketAddr,
    /// Where phones register, UDP and TCP.
    pub phones: SocketAddr,
    /// The host that phones are told to send to.
    pub phone_host: String,
    demo: Arc<OnceLock<Demo>>,
    ready: CancellationToken,
    database: Database,
    control: CallControl,
    engines: Engines,
    serving: JoinHandle<()>,
    /// Ends what is done in the background.
    stop: CancellationToken,
    gate: Gate,
    /// Ends the taking of requests.
    close: CancellationToken,
    jobs: TaskTracker,
    _lock: Lock,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("http", &self.http)
            .field("phones", &self.phones)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Starts everything. With a database of our own it is ready when this returns; with another
    /// one that does not answer, calls work and the rest follows: see [`Server::ready`].
    pub async fn start(config: Config, options: Options) -> Result<Self, BootError> {
        let state = State::open(&config.state_dir)?;
        let lock = state.lock()?;
        demo::guard(&state, config.listen)?;
        let seal_key = state.seal_key()?;
        let listener = doors::listen(config.listen, options.next_free_ports).await?;
        let http = listener.local_addr().map_err(|source| doors::cannot("listen", config.listen, source))?;
        let portal = portal_url(&config, http);

        let library = Library::new(config.library()).map_err(BootError::Media)?;

        let database = Database::start(&config, &state).await?;
        state.publish_database(database.url())?;
        let parts = Parts {
            store: Store::connect(&StoreConfig {
                url: database.url().to_owned(),
                max_connections: config.database.max_connections,
                seal_key: seal_key.clone(),
            })
            .await?,
            url: database.url().to_owned(),
            portal: portal.clone(),
            stop: CancellationToken::new(),
            jobs: TaskTracker::new(),
            gate: Gate::default(),
            ready: CancellationToken::new(),
            demo: Arc::default(),
            metrics: metrics(),
            library: library.clone(),
            state,
            config,
            options,
            engines: OnceLock::new(),
        };
        let close = CancellationToken::new();
        let serving = tokio::spawn(doors::serve(listener, parts.gate.clone(), close.clone()));

        let mut control = CallControlConfig::new(parts.state.path("calls"));
        control.seal_key = Some(seal_key);
        control.library = Some(library.clone());
        let control = CallControl::start(control, None).await?;
        let next_free = options.next_free_ports;
        let engines = Engines::start(&parts.config, &parts.state, next_free, &control, library).await?;
        let phones = engines.phones;
        // Nothing was there before.
        drop(parts.engines.set((engines.carrier, Arc::clone(&engines.browsers))));
        let server = Self {
            portal,
            http,
            phones,
            phone_host: doors::phone_host(&parts.config, phones),
            demo: Arc::clone(&parts.demo),
            ready: parts.ready.clone(),
            database,
            engines,
            serving,
            stop: parts.stop.clone(),
            gate: parts.gate.clone(),
            close,
            jobs: parts.jobs.clone(),
            _lock: lock,
            control: control.clone(),
        };
        match parts.bring_up(&control, phones).await {
            Ok(()) => {}
            Err(error) if error.is_of_the_database() && !server.database.is_own() => {
                tracing::warn!(%error, "calls work; sign-in and the portal wait for the database");
                let jobs = parts.jobs.clone();
                jobs.spawn(parts.keep_trying(control, phones));
            }
            Err(error) => {
                server.shutdown().await;
                return Err(error);
            }
        }
        // `systemctl status` shows the second line.
        notify::notify(&format!("READY=1\nSTATUS=HTTP {http}, phones {phones}"));
        Ok(server)
    }

    /// The demo, when there is one and it is ready.
    #[must_use]
    pub fn demo(&self) -> Option<&Demo> {
        self.demo.get()
    }

    /// Waits until the database has been reached and everything answers.
    pub async fn ready(&self) {
        self.ready.cancelled().await;
    }

    /// Where FreeSWITCH nodes ask; `None`: calls are carried by this process.
    #[must_use]
    pub fn nodes(&self) -> Option<SocketAddr> {
        self.engines.nodes()
    }

    /// The state of calls, for tests.
    #[must_use]
    pub fn control(&self) -> &CallControl {
        &self.control
    }

    /// Stops everything: no new requests, calls are hung up, every record is safe.
    pub async fn shutdown(self) {
        notify::notify("STOPPING=1");
        self.close.cancel();
        self.gate.close();
        if tokio::time::timeout(CALLS_END, self.engines.shutdown()).await.is_err() {
            tracing::warn!("some calls did not end in time");
        }
        let serving = self.serving.abort_handle();
        if tokio::time::timeout(DRAIN, self.serving).await.is_err() {
            serving.abort();
        }
        self.stop.cancel();
        self.jobs.close();
        if tokio::time::timeout(DRAIN, self.jobs.wait()).await.is_err() {
            tracing::warn!("some jobs did not end in time");
        }
        self.control.shutdown().await;
        self.database.stop().await;
        tracing::info!("stopped");
    }
}

/// What is needed to go from "calls work" to "everything works".
struct Parts {
    config: Config,
    options: Options,
    state: State,
    store: Store,
    library: Library,
    url: String,
    portal: Url,
    metrics: Option<PrometheusHandle>,
    gate: Gate,
    ready: CancellationToken,
    demo: Arc<OnceLock<Demo>>,
    stop: CancellationToken,
    jobs: TaskTracker,
    /// What carries calls, and its door for browsers, once it runs.
    engines: OnceLock<(Carrier, Browsers)>,
}

impl Parts {
    async fn bring_up(&self, control: &CallControl, phones: SocketAddr) -> Result<(), BootError> {
        migrate(&self.url).await?;
        builtin_tenant(&self.store).await?;
        let smtp = smtp(&self.config);
        let outbox = Outbox::new(if smtp.is_some() { Delivery::Smtp } else { Delivery::Mailbox });
        let identity = IdentityConfig {
            public_url: origin(&self.portal),
            outbox: outbox.clone(),
            limits: self.options.limits.unwrap_or_default(),
            clock: Clock::default(),
        };
        let identity = Identity::start(self.store.clone(), identity).await?;
        control.attach(self.store.clone());
        if self.config.demo.enabled {
            let mut demo = demo::make(&self.state, &self.store, &identity, self.config.listen).await?;
            demo.reached_at(&self.state, self.portal.clone(), reachable(phones))?;
            // The same demo as at an earlier attempt.
            drop(self.demo.set(demo));
        }
        let media_dir = self.config.library().media_dir;
        let mailer = Mailer::new(self.store.clone(), outbox.clone(), smtp.as_ref(), Retry::default())
            .map_err(|error| BootError::Mail(error.to_string()))?
            .with_media(&media_dir);
        let stop = self.stop.clone();
        self.jobs.spawn(async move { stop.run_until_cancelled(mailer.run()).await });
        let mails = Mails {
            store: self.store.clone(),
            control: control.clone(),
            outbox,
            portal: self.portal.clone(),
        };
        self.jobs.spawn(mails.run(self.stop.clone()));
        let retention = Retention { store: self.store.clone(), library: self.library.clone(), media_dir };
        self.jobs.spawn(retention.run(self.stop.clone()));
        jobs::start(&self.jobs, &self.stop, self.store.clone(), identity.clone());

        let api = Api::new(
            self.store.clone(),
            identity,
            control.clone(),
            self.library.clone(),
            self.metrics.clone(),
            api_config(&self.config, &self.portal, phones),
        );
        if let Some((carrier, browsers)) = self.engines.get() {
            api.engine_runs(*carrier);
            api.engine_takes_browsers(Arc::clone(browsers));
        }
        let resumed = api.resume().await?;
        if resumed > 0 {
            tracing::info!(resumed, "sounds whose conversion was cut short are converted again");
        }
        self.gate.open(voxera_api::router(api));
        self.ready.cancel();
        Ok(())
    }

    /// For a database that is not ours and does not answer yet.
    async fn keep_trying(self, control: CallControl, phones: SocketAddr) {
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(DATABASE_PAUSE) => {}
            }
            match self.bring_up(&control, phones).await {
                Ok(()) => return tracing::info!("the database answers; everything works"),
                Err(BootError::Store(StoreError::Unavailable(error))) => {
                    tracing::debug!(%error, "no database yet");
                }
                Err(error) => tracing::error!(%error, "the database answers, but cannot be used"),
            }
        }
    }
}

/// Brings the database up to this version; tells how far it is.
pub async fn migrate(url: &str) -> Result<(), BootError> {
    let terminal = std::io::stderr().is_terminal();
    let shown = Mutex::new(false);
    let report = Store::migrate(url, |progress| match progress {
        MigrationProgress::Platform => {}
        MigrationProgress::Tenant { tenant, done, total, error } => {
            if let Some(error) = error {
                tracing::error!(%tenant, %error, "a tenant's schema was not brought up");
            }
            if terminal {
                let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
                let mut line = std::io::stderr();
                drop(
                    write!(line, "\rBringing the data up to this version: {done} of {total} partners")
                        .and_then(|()| line.flush()),
                );
                *shown = true;
            }
        }
    })
    .await?;
    if shown.into_inner().unwrap_or_else(PoisonError::into_inner) {
        eprintln!();
    }
    tracing::info!(tenants = report.tenants, failed = report.failed.len(), "the data is of this version");
    // One partner's fault is not another's: the rest runs, unless there is no rest.
    if report.tenants == 0 && !report.failed.is_empty() {
        let total = report.failed.len();
        return Err(BootError::Tenants { failed: report.failed, total });
    }
    Ok(())
}

/// The tenant of companies that sign up by themselves.
pub(crate) async fn builtin_tenant(store: &Store) -> Result<(), BootError> {
    let mut tx = store.platform().await?;
    match tx.tenants().builtin().await {
        Ok(_) => return Ok(()),
        Err(StoreError::NotFound) => {}
        Err(error) => return Err(error.into()),
    }
    tx.tenants()
        .create(NewTenant {
            id: TenantId(new_id()),
            slug: Slug::parse("direct")?,
            name: Name::parse("Voxera")?,
            brand_name: None,
            accent: Colour::parse("#1a6b4f")?,
            host: None,
            support_email: None,
            locale: Locale::Sv,
            time_zone: Zone::stockholm(),
            builtin: true,
        })
        .await?;
    Ok(tx.commit().await?)
}

fn api_config(config: &Config, portal: &Url, phones: SocketAddr) -> ApiConfig {
    let host = doors::phone_host(config, phones);
    let mut api = ApiConfig::new(&origin(portal), &host, config.sip.realm_suffix.clone());
    api.sip_port = phones.port();
    (api.node_host, api.node_port) = doors::node_phones(config, phones);
    api.trust_proxy = config.trusted_proxies > 0;
    api.metrics_token = config.metrics_token.as_ref().map(|token| token.expose().to_owned());
    api.requests_per_second = config.limits.requests_per_minute.div_ceil(60);
    // A page of the portal asks for several things at once.
    api.request_burst = api.requests_per_second.saturating_mul(10);
    api
}

pub(crate) fn smtp(config: &Config) -> Option<voxera_mail::SmtpConfig> {
    use voxera_mail::{Security, SmtpConfig, SmtpPassword};
    let mail = &config.mail;
    Some(SmtpConfig {
        host: mail.host.clone()?,
        port: Some(crate::doctor::mail_port(mail)),
        security: match mail.encryption {
            Encryption::Starttls => Security::StartTls,
            Encryption::Tls => Security::Tls,
            Encryption::None => Security::None,
        },
        user: mail.user.clone(),
        password: mail.password.as_ref().map(|password| SmtpPassword::from(password.expose().to_owned())),
        from: mail.from.clone(),
        timeout_seconds: 30,
    })
}

/// One recorder for the process; servers that are started later in it share the first one's.
fn metrics() -> Option<PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            PrometheusBuilder::new()
                .install_recorder()
                .map_err(|error| tracing::error!(%error, "no metrics"))
                .ok()
        })
        .clone()
}
