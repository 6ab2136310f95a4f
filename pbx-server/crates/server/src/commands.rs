//! What each command does.

use crate::boot::{self, BootError, Options, Server};
use crate::cli::{Admin, Cli, Command, Freeswitch, NodeOptions, Serve, Settings};
use crate::config::{Config, keys::KEYS};
use crate::database::{Database, data_dir};
use crate::state::State;
use crate::{demo, doctor, logging, node};
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};
use voxera_identity::{Clock, Identity, IdentityConfig, Limits};
use voxera_mail::{Delivery, Outbox};
use voxera_model::{Email, Name};
use voxera_store::{Resealed, SealKey, Store, StoreConfig, StoreError};

type Outcome = Result<ExitCode, Box<dyn std::error::Error>>;

/// Does what the command line says.
pub fn run(cli: Cli) -> ExitCode {
    let outcome = match cli.command.unwrap_or(Command::Serve(Serve::default())) {
        Command::Version => say(&format!("voxera {}\n", env!("CARGO_PKG_VERSION"))),
        Command::Openapi => say(&voxera_api::contract()),
        Command::Config { keys: true } => say(&explain_keys()),
        Command::Config { keys: false } => {
            cli.settings.load().map_err(Into::into).and_then(|config| say(&config.shown()))
        }
        Command::NewSealKey => working(&cli.settings, None, new_seal_key),
        Command::Serve(serve) => {
            working(&cli.settings, Some(&serve), |config| server(config, serve.next_free_ports))
        }
        Command::Migrate => working(&cli.settings, None, migrate),
        Command::Demo => working(&cli.settings, None, make_demo),
        Command::Admin { command: Admin::Create { email, name } } => {
            working(&cli.settings, None, |config| create_admin(config, email, name))
        }
        Command::Admin { command: Admin::ResetTwoStep { email } } => {
            working(&cli.settings, None, |config| reset_two_step(config, email))
        }
        Command::Freeswitch { command: Freeswitch::Init(options) } => make_node(&cli.settings, &options),
        Command::Doctor { json, freeswitch } => {
            working(&cli.settings, None, async move |config| examine(config, json, freeswitch).await)
        }
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("voxera: {error}");
        ExitCode::FAILURE
    })
}

/// Text to standard output; a reader that went away is no fault of ours.
fn say(text: &str) -> Outcome {
    use std::io::Write;
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Loads the configuration, starts logs and threads, and works.
fn working<F>(settings: &Settings, serve: Option<&Serve>, work: impl FnOnce(Config) -> F) -> Outcome
where
    F: Future<Output = Outcome>,
{
    let demo = serve.is_some_and(|serve| serve.demo);
    let further = if demo { vec![("demo.enabled", "true".to_owned())] } else { Vec::new() };
    let config = settings.sources(further).load()?;
    logging::start(&config.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(work(config));
    // Nothing that still blocks may hold up the end.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    outcome
}

async fn server(config: Config, next_free_ports: bool) -> Outcome {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (listen, sip) = (config.listen, config.sip.listen);
    let options = Options { next_free_ports, ..Options::default() };
    let server = tokio::select! {
        started = Server::start(config, options) => started?,
        // Dropping what was started tells the database to stop.
        _ = terminate.recv() => return Ok(ExitCode::SUCCESS),
        _ = interrupt.recv() => return Ok(ExitCode::SUCCESS),
    };
    tracing::info!(http = %server.http, phones = %server.phones, "ready");
    if let Some(demo) = server.demo() {
        if listen.port() != 0 && server.http.port() != listen.port() {
            println!("\nPort {} is taken; the portal has the next free one.", listen.port());
        }
        if sip.port() != 0 && server.phones.port() != sip.port() {
            println!("\nPort {} is taken; phones have the next free one.", sip.port());
        }
        println!("\nVoxera runs. Stop it with Ctrl-C.\n");
        println!("  Portal  {}", server.portal);
        println!("  Phones  sip:{}:{} (UDP and TCP)\n", server.phone_host, server.phones.port());
        println!("{}", demo.welcome());
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    // Whoever asks twice is in a hurry.
    tokio::select! {
        () = server.shutdown() => Ok(ExitCode::SUCCESS),
        _ = terminate.recv() => Ok(ExitCode::FAILURE),
        _ = interrupt.recv() => Ok(ExitCode::FAILURE),
    }
}

/// The database of the server that runs on the folder, or the configured one, started for us.
struct Access {
    state: State,
    seal_key: SealKey,
    url: String,
    own: Option<Database>,
}

impl Access {
    async fn open(config: &Config) -> Result<Self, BootError> {
        let state = State::open(&config.state_dir)?;
        // Before there is a database: one without a key is one whose key was lost.
        let seal_key = state.seal_key()?;
        if let Some(url) = state.running_database() {
            return Ok(Self { state, seal_key, url, own: None });
        }
        let database = Database::start(config, &state).await?;
        let url = database.url().to_owned();
        Ok(Self { state, seal_key, url, own: Some(database) })
    }

    async fn store(&self) -> Result<Store, BootError> {
        let seal_key = self.seal_key.clone();
        boot::migrate(&self.url).await?;
        let settings = StoreConfig { url: self.url.clone(), max_connections: 4, seal_key };
        let store = Store::connect(&settings).await?;
        boot::builtin_tenant(&store).await?;
        Ok(store)
    }

    async fn close(self) {
        if let Some(database) = self.own {
            database.stop().await;
        }
    }
}

async fn migrate(config: Config) -> Outcome {
    let access = Access::open(&config).await?;
    let done = boot::migrate(&access.url).await;
    access.close().await;
    done?;
    say("The database is of this version.\n")
}

async fn identity(config: &Config, store: &Store) -> Result<Identity, BootError> {
    let public_url = config.public_url().as_str().trim_end_matches('/').to_owned();
    // A mail waits here for the server that runs, or that is started next.
    let smtp = boot::smtp(config);
    let outbox = Outbox::new(if smtp.is_some() { Delivery::Smtp } else { Delivery::Mailbox });
    let settings = IdentityConfig { public_url, outbox, limits: Limits::default(), clock: Clock::default() };
    Ok(Identity::start(store.clone(), settings).await?)
}

async fn make_demo(config: Config) -> Outcome {
    let access = Access::open(&config).await?;
    let made = async {
        let store = access.store().await?;
        let identity = identity(&config, &store).await?;
        Ok::<_, BootError>(demo::make(&access.state, &store, &identity, config.listen).await?)
    }
    .await;
    access.close().await;
    say(&made?.welcome())
}

async fn create_admin(config: Config, email: String, name: Option<String>) -> Outcome {
    let email = Email::parse(&email).map_err(|invalid| invalid.message)?;
    let name = name.map(|name| Name::parse(&name)).transpose().map_err(|invalid| invalid.message)?;
    let access = Access::open(&config).await?;
    let link = async {
        let store = access.store().await?;
        let identity = identity(&config, &store).await?;
        Ok::<_, BootError>(identity.invite_first_admin(&email, name).await?)
    }
    .await;
    access.close().await;
    say(&format!(
        "{email} becomes an administrator of this installation with this link, which works once:\n\n  {}\n",
        link?.expose()
    ))
}

async fn reset_two_step(config: Config, email: String) -> Outcome {
    let email = Email::parse(&email).map_err(|invalid| invalid.message)?;
    let access = Access::open(&config).await?;
    let done = async {
        let store = access.store().await?;
        let identity = identity(&config, &store).await?;
        Ok::<_, BootError>(identity.reset_second_factor_of(&email).await?)
    }
    .await;
    access.close().await;
    done?;
    say(&format!("{email} signs in with the password alone now.\n"))
}

async fn examine(config: Config, json: bool, freeswitch: Option<PathBuf>) -> Outcome {
    let findings = doctor::examine(&config, freeswitch.as_deref()).await;
    if json {
        say(&format!("{}\n", serde_json::to_string_pretty(&findings)?))?;
    } else {
        say(&doctor::report(&findings))?;
    }
    Ok(if doctor::is_fit(&findings) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn make_node(settings: &Settings, options: &NodeOptions) -> Outcome {
    say(&node::make(&settings.load()?, options)?)
}

async fn new_seal_key(config: Config) -> Outcome {
    let state = State::open(&config.state_dir)?;
    let _lock = state.lock()?;
    let now = state.kept_seal_key()?;
    let resealed = if config.database.url.is_some() || data_dir(&state).exists() {
        let database = Database::start(&config, &state).await?;
        let resealed = reseal(&state, database.url(), now).await;
        database.stop().await;
        resealed?
    } else {
        state.next_seal_key()?;
        Resealed::default()
    };
    state.take_next_seal_key()?;
    say(&sealed_anew(&resealed))
}

/// Both keys are kept until all is under the new one, or nothing: whatever stops it, it can be begun
/// again.
async fn reseal(state: &State, url: &str, now: Option<SealKey>) -> Result<Resealed, BootError> {
    boot::migrate(url).await?;
    let next = state.next_seal_key()?;
    let keys: Vec<SealKey> = now.into_iter().chain([next.clone()]).collect();
    let resealed = Store::reseal(url, &keys, &next).await;
    // A database that goes away in the middle does not say whether it was done.
    if let Err(error) = &resealed
        && !matches!(error, StoreError::Unavailable(_))
    {
        state.drop_next_seal_key()?;
    }
    Ok(resealed?)
}

fn sealed_anew(resealed: &Resealed) -> String {
    let lost = [
        (resealed.phones, "phones need a new password"),
        (resealed.pins, "PINs must be set anew"),
        (resealed.lines, "lines need their password anew"),
        (resealed.nodes, "media nodes need their password anew"),
        (resealed.second_factors, "people sign in with a recovery code, or have their second step reset"),
        (
            resealed.signing_keys,
            "signing keys are made anew; everybody's page asks for a new token by itself",
        ),
    ];
    let lost = lost.iter().filter(|(lost, _)| *lost > 0).map(|(lost, what)| format!("{lost} {what}.\n"));
    let kept = "There is a new seal.key. Keep a copy with the backups; older backups need the one before.\n";
    std::iter::once(kept.to_owned()).chain(lost).collect()
}

fn explain_keys() -> String {
    KEYS.iter().fold(String::new(), |text, key| {
        text + &format!("{:<26} {:<36} {}\n", key.path, key.variable(), key.says)
    })
}
