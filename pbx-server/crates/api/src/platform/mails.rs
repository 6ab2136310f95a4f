//! The mails that this installation sent or would have sent.

use crate::input::{Listed, MailPath, Paging, Query, Url, sorting};
use crate::permit::PlatformAdmin;
use crate::problem::Answer;
use axum::Json;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use voxera_model::{MailId, TenantId};
use voxera_store::MailFilter;

sorting!(NewestFirst: "-created_at", "to", "subject", "state");

/// Where a mail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailState {
    Queued,
    Sent,
    Failed,
    /// No mail server is configured: it is read here.
    Mailbox,
}

/// A mail, without its text.
#[derive(Debug, Serialize, ToSchema)]
pub struct Mail {
    pub id: MailId,
    pub tenant: Option<TenantId>,
    pub to: String,
    pub subject: String,
    /// `verification`, `invitation`, `password_reset`, `password_changed` or `session_reused`.
    #[schema(example = "invitation")]
    pub purpose: String,
    pub state: MailState,
    /// How often it was tried to send it.
    pub attempts: u32,
    /// What the mail server said to the last attempt.
    pub last_error: Option<String>,
    pub created_at: DateTime<Utc>,
    pub sent_at: Option<DateTime<Utc>>,
}

/// A mail with its text.
#[derive(Debug, Serialize, ToSchema)]
pub struct MailDetail {
    #[serde(flatten)]
    pub mail: Mail,
    /// Plain text. Where a mail server is used, one-time links are blanked.
    pub text: String,
    /// The same as HTML; show it in a sandboxed frame only.
    pub html: String,
}

/// All mails.
#[utoipa::path(
    get, path = "/api/v1/platform/mails", operation_id = "platform_mails_list", tag = "Platform",
    params(Paging<NewestFirst>),
    responses((status = 200, description = "One page.", body = Listed<Mail>)),
    extensions(("x-permission" = json!("platform_admin")))
)]
pub async fn list(
    admin: PlatformAdmin,
    Query(page): Query<Paging<NewestFirst>>,
) -> Answer<Json<Listed<Mail>>> {
    let mut act = admin.open().await?;
    let found = act.mails().list(&page.into(), &MailFilter::default()).await?;
    Ok(Json(Listed::of(found, |mail| MailDetail::show(mail).mail)))
}

/// One mail.
#[utoipa::path(
    get, path = "/api/v1/platform/mails/{mail}", operation_id = "platform_mails_get", tag = "Platform",
    params(MailPath),
    responses((status = 200, description = "The mail.", body = MailDetail)),
    extensions(("x-permission" = json!("platform_admin")))
)]
pub async fn get(admin: PlatformAdmin, Url(path): Url<MailPath>) -> Answer<Json<MailDetail>> {
    let mut act = admin.open().await?;
    Ok(Json(MailDetail::show(act.mails().get(path.mail).await?)))
}

impl MailDetail {
    fn show(mail: voxera_store::Mail) -> Self {
        let state = match mail.state {
            voxera_store::MailState::Queued => MailState::Queued,
            voxera_store::MailState::Sent => MailState::Sent,
            voxera_store::MailState::Failed => MailState::Failed,
            voxera_store::MailState::Mailbox => MailState::Mailbox,
        };
        // A link in a mail that really goes out belongs to its reader alone.
        let hidden = state != MailState::Mailbox;
        let shown = |text: String| if hidden { blank_links(&text) } else { text };
        Self {
            text: shown(mail.text),
            html: shown(mail.html),
            mail: Mail {
                id: mail.id,
                tenant: mail.tenant,
                to: mail.to.to_string(),
                subject: mail.subject,
                purpose: mail.purpose,
                state,
                attempts: mail.attempts,
                last_error: mail.last_error,
                created_at: mail.created_at,
                sent_at: mail.sent_at,
            },
        }
    }
}

/// Takes out what looks like a one-time token: 43 letters, digits, `-` and `_` in a row.
fn blank_links(text: &str) -> String {
    let part_of_token = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let run = rest.find(|c| !part_of_token(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(run);
        shown.push_str(if word.len() >= 43 { "…" } else { word });
        let other = after.find(part_of_token).unwrap_or(after.len());
        let (between, next) = after.split_at(other);
        shown.push_str(between);
        rest = next;
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::blank_links;

    #[test]
    fn a_one_time_link_is_not_shown_to_others() {
        let token = "abcDEF123-_".repeat(4);
        let text = format!("Öppna https://x.example/invitation/{} nu.", &token[..43]);
        assert_eq!(blank_links(&text), "Öppna https://x.example/invitation/… nu.");
        assert_eq!(blank_links("a short-word"), "a short-word");
    }
}
