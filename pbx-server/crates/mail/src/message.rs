//! From a row of the outbox to the bytes of a mail.
//!
//! Every address is parsed twice, by the model and by lettre, and every header is a typed value
//! that lettre encodes: no text of a tenant can begin a header of its own.

use crate::brand::Brand;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Attachment, Body, Mailbox, MultiPart};
use lettre::{Address, Message};
use voxera_model::Email;
use voxera_store::Mail;

/// Tells other mail systems not to answer by themselves (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }
    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }
    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".into())
    }
}

/// A mail that cannot be put into words; trying again does not help.
#[derive(Debug, thiserror::Error)]
#[error("the mail cannot be put together: {0}")]
pub(crate) struct MessageError(String);

/// `brand`: the tenant's, as it is now; `None`: the tenant is gone. `sound`: a WAV that goes with it.
pub(crate) fn message(
    mail: &Mail,
    from: &Email,
    brand: Option<&Brand>,
    sound: Option<Vec<u8>>,
) -> Result<Message, MessageError> {
    let failed = |error: lettre::error::Error| MessageError(error.to_string());
    let sender = Mailbox::new(brand.map(|brand| brand.name.to_string()), address(from)?);
    let (_, domain) = from.as_str().rsplit_once('@').unwrap_or_default();
    let mut builder = Message::builder()
        .from(sender)
        .to(Mailbox::new(None, address(&mail.to)?))
        .message_id(Some(format!("<{}@{domain}>", mail.id)))
        .date(std::time::SystemTime::from(mail.created_at))
        .subject(mail.subject.chars().filter(|c| !c.is_control()).collect::<String>())
        .header(AutoSubmitted);
    if let Some(support) = brand.and_then(|brand| brand.support_email.as_ref()) {
        builder = builder.reply_to(Mailbox::new(None, address(support)?));
    }
    let words = MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone());
    let Some(sound) = sound else { return builder.multipart(words).map_err(failed) };
    let wav: ContentType = "audio/wav".parse().map_err(|error| MessageError(format!("{error}")))?;
    let name = format!("{}.wav", mail.created_at.format("%Y-%m-%d-%H%M%S"));
    let sound = Attachment::new(name).body(Body::new(sound), wav);
    builder.multipart(MultiPart::mixed().multipart(words).singlepart(sound)).map_err(failed)
}

fn address(email: &Email) -> Result<Address, MessageError> {
    email.as_str().parse().map_err(|error: lettre::address::AddressError| MessageError(error.to_string()))
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
