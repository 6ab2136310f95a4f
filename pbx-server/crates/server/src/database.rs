//! The database under the server: our own `PostgreSQL`, looked after, or the one that was named.

use crate::config::Config;
use crate::state::State;
use std::path::PathBuf;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use voxera_store::embedded::{EmbeddedError, Postgres, PostgresConfig};

/// Between attempts to start our own again.
const PAUSE: Duration = Duration::from_secs(2);

/// A database that is there, or comes back.
#[derive(Debug)]
pub struct Database {
    url: String,
    own: Option<Own>,
}

#[derive(Debug)]
struct Own {
    stop: CancellationToken,
    keeper: JoinHandle<()>,
}

impl Database {
    /// Starts our own, or takes the named one as it is.
    pub async fn start(config: &Config, state: &State) -> Result<Self, EmbeddedError> {
        if let Some(url) = &config.database.url {
            return Ok(Self { url: url.to_string(), own: None });
        }
        let settings = own_config(config, state);
        let postgres = start(&settings).await?;
        let url = postgres.url().to_owned();
        let stop = CancellationToken::new();
        let keeper = tokio::spawn(keep(postgres, settings, stop.clone()));
        Ok(Self { url, own: Some(Own { stop, keeper }) })
    }

    /// How its owner connects.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether it is ours, so that not reaching it is our fault.
    pub fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// Stops our own, and waits until it has.
    pub async fn stop(self) {
        let Some(own) = self.own else { return };
        own.stop.cancel();
        if let Err(error) = own.keeper.await {
            tracing::error!(%error, "the database's keeper failed");
        }
    }
}

/// Where our own keeps its files.
pub fn data_dir(state: &State) -> PathBuf {
    state.path("postgres")
}

fn own_config(config: &Config, state: &State) -> PostgresConfig {
    PostgresConfig { data_dir: data_dir(state), binaries: config.database.binaries.clone() }
}

async fn start(settings: &PostgresConfig) -> Result<Postgres, EmbeddedError> {
    // Compiled queries want memory that is writable and executable, which the unit forbids; ours
    // are too short to gain by them.
    Postgres::start_with(settings.clone(), &[("jit", "off")]).await
}

/// Starts it again when it ends by itself, until it is to stop.
async fn keep(first: Postgres, settings: PostgresConfig, stop: CancellationToken) {
    let mut running = Some(first);
    loop {
        if let Some(mut postgres) = running.take() {
            tokio::select! {
                () = stop.cancelled() => {
                    if let Err(error) = postgres.stop().await {
                        tracing::error!(%error, "the database did not stop in order");
                    }
                    return;
                }
                () = postgres.ended() => tracing::error!("the database ended; it is started again"),
            }
        }
        match start(&settings).await {
            Ok(postgres) => {
                tracing::info!("the database runs again");
                running = Some(postgres);
            }
            Err(error) => {
                tracing::error!(%error, "the database does not start");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(PAUSE) => {}
                }
            }
        }
    }
}
