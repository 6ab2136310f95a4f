//! Messages in mailboxes. Listening to somebody's message is written down.

use crate::customer::extensions::ExtensionRef;
use crate::input::{
    Body, Input, Listed, MessagePath, Paging, PbxPath, Query, Reader, Url, input, parameter, sorting,
};
use crate::media::{from_the_start, send};
use crate::permit::CustomerAdmin;
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};
use voxera_audio::Place;
use voxera_model::{CallId, ExtensionId, ExtensionNumber, MessageId, Name, PbxId};
use voxera_store::{MessageFilter, Page};

sorting!(NewestFirst: "-received_at", "from", "seconds");

/// A message in a mailbox.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Message {
    pub id: MessageId,
    pub pbx: PbxId,
    pub mailbox: ExtensionRef,
    pub from: MessageFrom,
    /// The call in which it was left, while it is known.
    pub call: Option<CallId>,
    pub received_at: DateTime<Utc>,
    pub seconds: f64,
    pub heard: bool,
    /// The loudest of each part, 0 to 255, at most 200.
    #[schema(value_type = Vec<u32>)]
    pub peaks: Vec<u8>,
}

/// Who left it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MessageFrom {
    /// As people write it; `null`: withheld.
    pub number: Option<String>,
    pub name: Option<Name>,
    /// When it was a colleague.
    pub extension: Option<ExtensionNumber>,
}

/// Which messages.
#[derive(Debug, Clone)]
pub struct MessagesQuery {
    pub page: Paging<NewestFirst>,
    pub mailbox: Option<ExtensionId>,
    pub heard: Option<bool>,
}

impl Input for MessagesQuery {
    fn read(reader: &mut Reader) -> Option<Self> {
        let (page, mailbox, heard) = (Paging::read(reader), reader.field("mailbox"), reader.field("heard"));
        Some(Self { page: page?, mailbox: mailbox?, heard: heard? })
    }
}

impl IntoParams for MessagesQuery {
    fn into_params(place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut all = <Paging<NewestFirst> as IntoParams>::into_params(place);
        all.push(parameter(
            "mailbox",
            "Only messages for this extension.",
            ObjectBuilder::new().schema_type(Type::String),
        ));
        all.push(parameter(
            "heard",
            "Only messages that were heard, or were not.",
            ObjectBuilder::new().schema_type(Type::Boolean),
        ));
        all
    }
}

input! {
    /// What changes of a message.
    pub struct MessageChange {
        /// Whether it was listened to.
        pub heard: bool,
    }
}

/// The PBX's messages, the newest first.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/messages", operation_id = "messages_list", tag = "Messages",
    params(PbxPath, MessagesQuery),
    responses((status = 200, description = "One page.", body = Listed<Message>)),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn list(
    admin: CustomerAdmin,
    Url(path): Url<PbxPath>,
    Query(query): Query<MessagesQuery>,
) -> Answer<Json<Listed<Message>>> {
    let mut act = admin.open().await?;
    act.pbxs().get(path.pbx).await?;
    let filter = MessageFilter { mailbox: query.mailbox, heard: query.heard };
    let page: Page = query.page.into();
    let found = act.messages(path.pbx).list(&page, &filter).await?;
    Ok(Json(Listed::of(found, Message::show)))
}

/// The message itself. It does not become heard by this; the listening is written down. With `Range` a part of it (206).
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/messages/{message}/audio", operation_id = "messages_audio", tag = "Messages",
    params(MessagePath, ("Range" = Option<String>, Header, description = "`bytes=0-999`: only this part; answered with 206.")),
    responses((status = 200, description = "The message.", content((Vec<u8> = "audio/wav"))),
        (status = 416, description = "The file is shorter (`range_not_satisfiable`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn audio(
    admin: CustomerAdmin,
    Url(path): Url<MessagePath>,
    headers: HeaderMap,
) -> Answer<Response> {
    let mut act = admin.open().await?;
    let found = act.messages(path.pbx).get(path.message).await?;
    if from_the_start(&headers) {
        let none = None::<&serde_json::Value>;
        act.changed("message.listen", path.message, &none, &none).await?;
        act.commit().await?;
    } else {
        drop(act);
    }
    let place = Place { tenant: admin.tenant, customer: admin.customer };
    let file = admin.api.library.message_path(&place, path.message);
    send(&file, "audio/wav", &file_name(&found), &headers).await
}

/// Mark a message as heard, or as new again.
#[utoipa::path(
    patch, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/messages/{message}", operation_id = "messages_change", tag = "Messages",
    params(MessagePath),
    request_body(content = MessageChange, example = json!({ "heard": true })),
    responses((status = 200, description = "The message as it is now.", body = Message)),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn change(
    admin: CustomerAdmin,
    Url(path): Url<MessagePath>,
    change: Body<MessageChange>,
) -> Answer<Json<Message>> {
    let mut act = admin.open().await?;
    let before = act.messages(path.pbx).get(path.message).await?;
    act.messages(path.pbx).set_heard(path.message, change.value.heard).await?;
    let after = act.messages(path.pbx).get(path.message).await?;
    act.changed("message.update", path.message, &logged(&before), &logged(&after)).await?;
    act.commit().await?;
    admin.api.control.mailboxes().marked(path.pbx, after.mailbox, path.message, change.value.heard);
    Ok(Json(Message::show(after)))
}

/// Remove a message.
#[utoipa::path(
    delete, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/messages/{message}", operation_id = "messages_delete", tag = "Messages",
    params(MessagePath),
    responses((status = 204, description = "Removed.")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn delete(admin: CustomerAdmin, Url(path): Url<MessagePath>) -> Answer<StatusCode> {
    let mut act = admin.open().await?;
    let before = act.messages(path.pbx).get(path.message).await?;
    act.messages(path.pbx).delete(path.message).await?;
    act.removed("message.delete", path.message, &logged(&before)).await?;
    act.commit().await?;
    let place = Place { tenant: admin.tenant, customer: admin.customer };
    remove_file(admin.api.library.remove_message(&place, path.message));
    admin.api.control.mailboxes().deleted(path.pbx, before.mailbox, path.message);
    Ok(StatusCode::NO_CONTENT)
}

/// What the log keeps of a message: whose and when, and not who called.
pub(crate) fn logged(message: &voxera_store::Message) -> serde_json::Value {
    serde_json::json!({ "mailbox": message.mailbox_number, "received_at": message.received_at,
        "heard": message.heard_at.is_some() })
}

/// `message-1000-20261121-0815.wav`
pub(crate) fn file_name(message: &voxera_store::Message) -> String {
    let when = message.received_at.format("%Y%m%d-%H%M");
    format!("message-{}-{when}.wav", message.mailbox_number)
}

/// A file that cannot be removed is found by the tidying; nobody can reach it.
pub(crate) fn remove_file(removed: std::io::Result<()>) {
    if let Err(error) = removed {
        tracing::warn!(%error, "a file of sound cannot be removed");
    }
}

impl Message {
    pub(crate) fn show(message: voxera_store::Message) -> Self {
        Self {
            id: message.id,
            pbx: message.pbx,
            mailbox: ExtensionRef {
                id: message.mailbox,
                number: message.mailbox_number,
                name: message.mailbox_name,
            },
            from: MessageFrom {
                number: message.from_number,
                name: message.from_name,
                extension: message.from_extension,
            },
            call: message.call,
            received_at: message.received_at,
            seconds: f64::from(message.millis) / 1000.0,
            heard: message.heard_at.is_some(),
            peaks: message.peaks,
        }
    }
}
