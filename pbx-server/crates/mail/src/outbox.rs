//! Where mails wait: rows of the database, written in the transaction of their cause.

use crate::brand::Brand;
use crate::letter::Letter;
use crate::render::{RenderError, render};
use std::sync::Arc;
use tokio::sync::Notify;
use voxera_model::{Email, Locale, MailId, TenantId};
use voxera_store::{MailState, NewMail};

/// What becomes of mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// They are sent.
    Smtp,
    /// No mail server is configured: platform administrators read them in the portal.
    Mailbox,
}

/// Makes mails, and wakes the [`crate::Mailer`]. Clones share the bell.
#[derive(Debug, Clone)]
pub struct Outbox {
    delivery: Delivery,
    pub(crate) bell: Arc<Notify>,
}

impl Outbox {
    /// An outbox whose mails are sent, or kept.
    #[must_use]
    pub fn new(delivery: Delivery) -> Self {
        Self { delivery, bell: Arc::new(Notify::new()) }
    }

    /// A letter as a row for [`voxera_store::Mails::queue`].
    pub fn write(
        &self,
        letter: &Letter<'_>,
        brand: &Brand,
        tenant: Option<TenantId>,
        to: &Email,
        name: &str,
        locale: Locale,
    ) -> Result<NewMail, RenderError> {
        let rendered = render(letter, brand, locale, name)?;
        Ok(NewMail {
            id: MailId(voxera_store::new_id()),
            tenant,
            to: to.clone(),
            subject: rendered.subject,
            text: rendered.text,
            html: rendered.html,
            purpose: letter.purpose().to_owned(),
            state: match self.delivery {
                Delivery::Smtp => MailState::Queued,
                Delivery::Mailbox => MailState::Mailbox,
            },
            attachment: None,
        })
    }

    /// Tells the mailer that there is something to send, after the transaction is committed.
    pub fn wake(&self) {
        self.bell.notify_one();
    }
}
