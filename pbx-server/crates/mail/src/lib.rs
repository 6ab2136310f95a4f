//! Mails in the tenant's brand and the reader's language, by SMTP or into the mailbox of the portal.
//!
//! A mail is written into the outbox in the transaction of its cause, so there is never one
//! without the other. One-time links are in mails and nowhere else: no log line, no error and no
//! `Debug` shows a mail's text.

mod brand;
mod letter;
mod mailer;
mod message;
mod outbox;
mod render;
mod smtp;

pub use brand::Brand;
pub use letter::Letter;
pub use mailer::{Mailer, Retry, Sent};
pub use outbox::{Delivery, Outbox};
pub use render::{RenderError, Rendered, render};
pub use smtp::{Security, SmtpConfig, SmtpError, SmtpPassword};
