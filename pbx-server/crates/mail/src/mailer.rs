//! The job that hands waiting mails to the mail server.

use crate::brand::Brand;
use crate::message::message;
use crate::outbox::Outbox;
use crate::smtp::{SmtpConfig, SmtpError, Transport};
use chrono::{DateTime, TimeDelta, Utc};
use lettre::AsyncTransport;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;
use voxera_model::Email;
use voxera_store::{Mail, PlatformTx, Store, StoreError};

/// How often a mail is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Until the second attempt; doubles from then on.
    pub first: TimeDelta,
    /// The longest pause.
    pub longest: TimeDelta,
    /// Attempts before a mail is given up, at least 1.
    pub attempts: u32,
}

impl Default for Retry {
    /// Half a minute, then doubling to an hour; about half a day in all.
    fn default() -> Self {
        Self { first: TimeDelta::seconds(30), longest: TimeDelta::hours(1), attempts: 18 }
    }
}

impl Retry {
    /// When a mail that has failed `attempts` times is tried again; `None`: never.
    fn again(&self, attempts: u32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if attempts >= self.attempts.max(1) {
            return None;
        }
        let factor = 2_i32.checked_pow(attempts.saturating_sub(1)).unwrap_or(i32::MAX);
        let pause = self.first.checked_mul(factor).unwrap_or(self.longest).min(self.longest);
        Some(now + pause)
    }
}

/// What became of one waiting mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// The mail server took it.
    Taken,
    /// It is tried again later.
    Later,
    /// It is given up.
    GivenUp,
    /// None was waiting.
    Nothing,
}

/// Hands waiting mails to the mail server, one after the other. A mail goes at least once: after
/// a crash between sending and noting it, it goes again with the same `Message-ID`.
#[derive(Clone)]
pub struct Mailer {
    store: Store,
    outbox: Outbox,
    server: Option<(Transport, Email)>,
    retry: Retry,
    media: Option<PathBuf>,
}

impl Mailer {
    /// `smtp`: `None` where mails stay in the mailbox of the portal.
    pub fn new(
        store: Store,
        outbox: Outbox,
        smtp: Option<&SmtpConfig>,
        retry: Retry,
    ) -> Result<Self, SmtpError> {
        let server = match smtp {
            Some(config) => Some((config.transport()?, config.from.clone())),
            None => None,
        };
        Ok(Self { store, outbox, server, retry, media: None })
    }

    /// Where the sounds lie that go with mails. Without it they stay away.
    #[must_use]
    pub fn with_media(self, folder: impl Into<PathBuf>) -> Self {
        Self { media: Some(folder.into()), ..self }
    }

    /// Sends what waits, until the future is dropped. Wakes when [`Outbox::wake`] is called, when a
    /// mail is due again, and every few seconds for what another server wrote.
    pub async fn run(self) {
        if self.server.is_none() {
            return std::future::pending().await;
        }
        loop {
            match self.send_next().await {
                Ok(Sent::Nothing) => {
                    let pause = tokio::time::sleep(Duration::from_secs(5));
                    tokio::select! {
                        () = self.outbox.bell.notified() => {}
                        () = pause => {}
                    }
                }
                Ok(Sent::Taken | Sent::Later | Sent::GivenUp) => {}
                Err(error) => {
                    tracing::warn!(%error, "mails wait until the database answers");
                    tokio::time::sleep(Duration::from_secs(5)).await;
                }
            }
        }
    }

    /// Sends the mail that has waited longest, if one is due.
    pub async fn send_next(&self) -> Result<Sent, StoreError> {
        let Some((transport, from)) = &self.server else { return Ok(Sent::Nothing) };
        let mut tx = self.store.platform().await?;
        // The row stays locked while it is on its way, so that no other server sends it too.
        let Some(mail) = tx.mails().take_due(1).await?.pop() else { return Ok(Sent::Nothing) };
        let brand = brand_of(&mut tx, &mail).await?;
        let sound = self.sound(&mail).await;
        let outcome = match message(&mail, from, brand.as_ref(), sound) {
            Ok(message) => transport.send(message).await.map_err(|error| refusal(&error)),
            Err(error) => Err(Refusal { why: error.to_string(), for_good: true }),
        };
        let sent = match outcome {
            Ok(_) => {
                tx.mails().sent(mail.id).await?;
                tracing::info!(mail = %mail.id, purpose = mail.purpose, "mail sent");
                Sent::Taken
            }
            Err(Refusal { why, for_good }) => {
                let again = if for_good { None } else { self.retry.again(mail.attempts + 1, Utc::now()) };
                tx.mails().failed(mail.id, &why, again).await?;
                tracing::warn!(mail = %mail.id, purpose = mail.purpose, again = ?again, error = why, "mail not sent");
                if again.is_some() { Sent::Later } else { Sent::GivenUp }
            }
        };
        tx.commit().await?;
        Ok(sent)
    }
}

impl Mailer {
    /// The sound that goes with a mail. One that was removed meanwhile stays away: the mail goes.
    async fn sound(&self, mail: &Mail) -> Option<Vec<u8>> {
        let path = Path::new(mail.attachment.as_deref()?);
        // The row says what lies below the folder, and nothing else.
        if !path.components().all(|part| matches!(part, Component::Normal(_))) {
            tracing::error!(mail = %mail.id, "an attachment outside the media folder");
            return None;
        }
        match tokio::fs::read(self.media.as_ref()?.join(path)).await {
            Ok(sound) => Some(sound),
            Err(error) => {
                tracing::warn!(mail = %mail.id, %error, "a mail goes without its sound");
                None
            }
        }
    }
}

async fn brand_of(tx: &mut PlatformTx<'static>, mail: &Mail) -> Result<Option<Brand>, StoreError> {
    let found = match mail.tenant {
        Some(id) => tx.tenants().get(id).await,
        None => tx.tenants().builtin().await,
    };
    match found {
        Ok(tenant) => Ok(Some(Brand::from(&tenant))),
        Err(StoreError::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Why the mail server did not take it.
struct Refusal {
    /// The server's words; never ours, which would hold the mail.
    why: String,
    for_good: bool,
}

fn refusal(error: &lettre::transport::smtp::Error) -> Refusal {
    use std::error::Error as _;
    let code = error.status().map(u16::from);
    // 530 to 538 say that our log-in is wrong, which is about the configuration, not the mail.
    let about_us = code.is_some_and(|code| (530..540).contains(&code));
    let mut why = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !why.contains(&cause_text) {
            why = format!("{why}: {cause_text}");
        }
        source = cause.source();
    }
    let why = why.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect();
    Refusal { why, for_good: error.is_permanent() && !about_us }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour_and_end() {
        let retry = Retry::default();
        let now = DateTime::UNIX_EPOCH;
        let pause = |attempts| retry.again(attempts, now).map(|at| (at - now).num_seconds());
        assert_eq!(pause(1), Some(30));
        assert_eq!(pause(2), Some(60));
        assert_eq!(pause(5), Some(480));
        assert_eq!(pause(8), Some(3600));
        assert_eq!(pause(17), Some(3600));
        assert_eq!(pause(18), None);
    }
}
