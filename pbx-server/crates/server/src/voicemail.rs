//! Mails that tell of messages in a mailbox.
//!
//! Which messages are still to be told of is in the database, and a message is taken in the
//! transaction that queues its mail: there is one mail for each, whatever stops in between.

use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use url::Url;
use voxera_callcontrol::CallControl;
use voxera_mail::{Brand, Letter, Outbox};
use voxera_model::{PhoneNumber, TenantId};
use voxera_store::{MailboxOwner, Store, StoreError, Tenant, UnmailedMessage};

/// Every tenant is looked at this often: a message may have waited for the database.
const ALL_EVERY: Duration = Duration::from_mins(10);
/// A mailbox that changed is looked at this often, until its message is in the database...
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// ...or it was looked at so often: somebody listened, and nothing is new.
const LOOKS: u8 = 10;
/// Messages in one transaction.
const BATCH: u32 = 100;
/// Mail servers refuse what is larger, a third on top for its encoding. Eight minutes.
const LARGEST: u64 = 7_500_000;

/// The job.
pub struct Mails {
    pub store: Store,
    pub control: CallControl,
    pub outbox: Outbox,
    /// How people reach the portal.
    pub portal: Url,
}

impl Mails {
    /// Tells of messages until it is stopped.
    pub async fn run(self, stop: CancellationToken) {
        stop.run_until_cancelled(self.follow()).await;
    }

    async fn follow(&self) {
        let mut changes = self.control.mailboxes().changes();
        let mut due: BTreeMap<TenantId, u8> = BTreeMap::new();
        let mut all = tokio::time::interval(ALL_EVERY);
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                change = changes.recv() => match change {
                    Ok((pbx, _)) => {
                        let view = self.control.directory().by_id(pbx);
                        due.extend(view.map(|view| (view.snapshot.tenant, LOOKS)));
                    }
                    Err(RecvError::Lagged(_)) => self.everyone(&mut due).await,
                    Err(RecvError::Closed) => return,
                },
                _ = all.tick() => self.everyone(&mut due).await,
                _ = look.tick(), if !due.is_empty() => self.look(&mut due).await,
            }
        }
    }

    /// Looks at every tenant once.
    async fn everyone(&self, due: &mut BTreeMap<TenantId, u8>) {
        let tenants = async { self.store.platform().await?.tenants().ids().await };
        match tenants.await {
            Ok(tenants) => {
                for tenant in tenants {
                    due.entry(tenant).or_insert(1);
                }
            }
            Err(error) => tracing::debug!(%error, "messages are told of when the database answers"),
        }
    }

    async fn look(&self, due: &mut BTreeMap<TenantId, u8>) {
        for (tenant, looks) in std::mem::take(due) {
            match self.tell(tenant).await {
                // More may follow.
                Ok(told) if told > 0 => drop(due.insert(tenant, looks.max(1))),
                Ok(_) if looks > 1 => drop(due.insert(tenant, looks - 1)),
                Ok(_) | Err(StoreError::NotFound) => {}
                Err(error) => tracing::warn!(%error, %tenant, "nobody is told of new messages for now"),
            }
        }
    }

    /// Queues a mail for each message of a tenant that nobody was told of; returns how many messages
    /// it looked at.
    pub async fn tell(&self, tenant: TenantId) -> Result<usize, StoreError> {
        let scope = self.store.tenant_scope(tenant).await?;
        let mut tx = self.store.tenant(&scope).await?;
        let messages = tx.take_unmailed_messages(BATCH).await?;
        if messages.is_empty() {
            return Ok(0);
        }
        let of = self.store.platform().await?.tenants().get(tenant).await?;
        let mut queued = 0;
        for message in &messages {
            let Some(owner) = &message.owner else { continue };
            match self.letter(&of, message, owner) {
                Ok(mail) => {
                    tx.mails().queue(mail).await?;
                    queued += 1;
                }
                Err(error) => tracing::error!(%error, message = %message.id, "a mail cannot be written"),
            }
        }
        tx.commit().await?;
        if queued > 0 {
            self.outbox.wake();
        }
        Ok(messages.len())
    }

    fn letter(
        &self,
        tenant: &Tenant,
        message: &UnmailedMessage,
        owner: &MailboxOwner,
    ) -> Result<voxera_store::NewMail, voxera_mail::RenderError> {
        let entrance = if tenant.builtin { String::new() } else { format!("/at/{}", tenant.slug) };
        let link = format!("{}{entrance}/me/voicemail", self.portal.as_str().trim_end_matches('/'));
        let from = caller(message);
        let letter = Letter::Voicemail {
            link: &link,
            from: from.as_deref(),
            mailbox: &format!("{} ({})", message.mailbox_name, message.mailbox_number),
            at: message.received_at,
            zone: &message.zone,
            seconds: message.millis.div_ceil(1000),
            attached: message.bytes <= LARGEST,
        };
        let brand = Brand::from(tenant);
        let (to, name) = (&owner.email, owner.name.as_str());
        let mut mail = self.outbox.write(&letter, &brand, Some(tenant.id), to, name, owner.locale)?;
        if message.bytes <= LARGEST {
            let path = format!("{}/{}/messages/{}.wav", tenant.id, message.customer, message.id);
            mail.attachment = Some(path);
        }
        Ok(mail)
    }
}

/// `Åsa Ek, 070-174 06 05`; `None`: withheld.
fn caller(message: &UnmailedMessage) -> Option<String> {
    let number = message.from_number.as_deref().filter(|number| !number.is_empty());
    let number = number.map(|number| {
        PhoneNumber::parse(number).map_or_else(|_| number.to_owned(), |number| number.national())
    });
    match (&message.from_name, number) {
        (Some(name), Some(number)) => Some(format!("{name}, {number}")),
        (Some(name), None) => Some(name.to_string()),
        (None, number) => number,
    }
}
