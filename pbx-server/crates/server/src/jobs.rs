//! What is done now and then.

use chrono::{TimeDelta, Utc};
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use voxera_identity::Identity;
use voxera_store::Store;

/// Keys are renewed and old tokens removed.
const IDENTITY_EVERY: Duration = Duration::from_mins(1);
/// Browsers whose credential is over are no phones any more. The end of a sign-in does not wait for it.
const BROWSERS_EVERY: Duration = Duration::from_mins(1);
/// Answers to requests that may come twice are forgotten.
const TIDY_EVERY: Duration = Duration::from_mins(10);
/// How long such an answer is kept; the contract says 24 hours.
const ANSWERS_KEPT: TimeDelta = TimeDelta::hours(24);

/// Starts them all; they end when `stop` says so.
pub fn start(jobs: &TaskTracker, stop: &CancellationToken, store: Store, identity: Identity) {
    jobs.spawn(every(IDENTITY_EVERY, stop.clone(), move || {
        let identity = identity.clone();
        async move { identity.maintain().await.map_err(|error| error.to_string()) }
    }));
    let browsers = store.clone();
    jobs.spawn(every(BROWSERS_EVERY, stop.clone(), move || sweep(browsers.clone())));
    jobs.spawn(every(TIDY_EVERY, stop.clone(), move || tidy(store.clone())));
}

/// A tenant whose data refuses does not hold up the others.
async fn sweep(store: Store) -> Result<(), String> {
    let said = |error: voxera_store::StoreError| error.to_string();
    let over = store.platform().await.map_err(said)?.browser_phones().over().await.map_err(said)?;
    let mut refused = None;
    for device in over {
        let removed = async {
            let mut tx = store.platform().await?;
            tx.browser_phones().remove(device).await?;
            tx.commit().await
        };
        match removed.await {
            Ok(()) => tracing::debug!(%device, "a browser is no phone any more"),
            Err(error) => refused = Some(error),
        }
    }
    refused.map_or(Ok(()), |error| Err(said(error)))
}

async fn tidy(store: Store) -> Result<(), String> {
    let tidied = async {
        let mut tx = store.platform().await?;
        let gone = tx.idempotency().purge(Utc::now() - ANSWERS_KEPT).await?;
        tx.commit().await?;
        Ok::<u64, voxera_store::StoreError>(gone)
    };
    let gone = tidied.await.map_err(|error| error.to_string())?;
    tracing::debug!(gone, "old answers are forgotten");
    Ok(())
}

/// Does it now and every so often. A failure is logged once, until it works again.
async fn every<F>(period: Duration, stop: CancellationToken, work: impl Fn() -> F)
where
    F: Future<Output = Result<(), String>>,
{
    let mut clock = tokio::time::interval(period);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = clock.tick() => {}
        }
        match work().await {
            Ok(()) => failing = false,
            Err(error) if failing => tracing::debug!(%error, "a job still fails"),
            Err(error) => {
                tracing::warn!(%error, "a job fails; it is tried again");
                failing = true;
            }
        }
    }
}
