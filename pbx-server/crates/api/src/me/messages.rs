//! My messages: those in the mailboxes of my extensions.

use crate::customer::messages::{Message, MessageChange, MessagesQuery, file_name, logged, remove_file};
use crate::input::{Body, Listed, MyMessagePath, Query, Url};
use crate::me::extension::{Mine, mine};
use crate::media::send;
use crate::permit::Me;
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use voxera_model::MessageId;
use voxera_store::{MessageFilter, Page, StoreError};

/// My messages, the newest first; `mailbox`: only one of my extensions.
#[utoipa::path(
    get, path = "/api/v1/me/messages", operation_id = "me_messages", tag = "Me",
    params(MessagesQuery),
    responses((status = 200, description = "One page.", body = Listed<Message>)),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn list(me: Me, Query(query): Query<MessagesQuery>) -> Answer<Json<Listed<Message>>> {
    let page: Page = query.page.into();
    let wanted = page.offset + page.limit;
    let mut all = Listed { items: Vec::new(), total: 0 };
    for (tenant, customer, own) in mine(&me).await? {
        let mut act = Mine { tenant, customer, scope: own.scope }.open(&me).await?;
        for one in own.extensions {
            let mailbox = one.extension.id;
            if query.mailbox.is_some_and(|wanted| wanted != mailbox) {
                continue;
            }
            let filter = MessageFilter { mailbox: Some(mailbox), heard: query.heard };
            // The first `wanted` of each mailbox hold the first `wanted` of all.
            let mut part = Page { limit: 200, offset: 0, ..page.clone() };
            while part.offset < wanted {
                let found = act.messages(one.pbx.id).list(&part, &filter).await?;
                if part.offset == 0 {
                    all.total += found.total;
                }
                let last = found.items.len() < part.limit as usize;
                all.items.extend(found.items.into_iter().map(Message::show));
                if last {
                    break;
                }
                part.offset += part.limit;
            }
        }
    }
    match page.sort.key.as_str() {
        "from" => all.items.sort_by_key(|message| {
            message
                .from
                .name
                .as_ref()
                .map(|name| name.as_str().to_lowercase())
                .or(message.from.number.clone())
        }),
        "seconds" => all.items.sort_by(|one, other| one.seconds.total_cmp(&other.seconds)),
        _ => all.items.sort_by_key(|message| (message.received_at, message.id)),
    }
    if page.sort.descending {
        all.items.reverse();
    }
    all.items = all.items.into_iter().skip(page.offset as usize).take(page.limit as usize).collect();
    Ok(Json(all))
}

/// One of my messages itself. With `Range` a part of it (206).
#[utoipa::path(
    get, path = "/api/v1/me/messages/{message}/audio", operation_id = "me_messages_audio", tag = "Me",
    params(MyMessagePath, ("Range" = Option<String>, Header, description = "`bytes=0-999`: only this part; answered with 206.")),
    responses((status = 200, description = "The message.", content((Vec<u8> = "audio/wav"))),
        (status = 416, description = "The file is shorter (`range_not_satisfiable`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn audio(me: Me, Url(path): Url<MyMessagePath>, headers: HeaderMap) -> Answer<Response> {
    let (own, found) = find(&me, path.message).await?;
    let file = me.api.library.message_path(&own.place(), found.id);
    send(&file, "audio/wav", &file_name(&found), &headers).await
}

/// Mark one of my messages as heard, or as new again.
#[utoipa::path(
    patch, path = "/api/v1/me/messages/{message}", operation_id = "me_messages_change", tag = "Me",
    params(MyMessagePath),
    request_body(content = MessageChange, example = json!({ "heard": true })),
    responses((status = 200, description = "The message as it is now.", body = Message)),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn change(
    me: Me,
    Url(path): Url<MyMessagePath>,
    change: Body<MessageChange>,
) -> Answer<Json<Message>> {
    let (own, before) = find(&me, path.message).await?;
    let mut act = own.open(&me).await?;
    act.messages(before.pbx).set_heard(before.id, change.value.heard).await?;
    let after = act.messages(before.pbx).get(before.id).await?;
    act.changed("message.update", before.id, &logged(&before), &logged(&after)).await?;
    act.commit().await?;
    me.api.control.mailboxes().marked(after.pbx, after.mailbox, after.id, change.value.heard);
    Ok(Json(Message::show(after)))
}

/// Remove one of my messages.
#[utoipa::path(
    delete, path = "/api/v1/me/messages/{message}", operation_id = "me_messages_delete", tag = "Me",
    params(MyMessagePath),
    responses((status = 204, description = "Removed.")),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn delete(me: Me, Url(path): Url<MyMessagePath>) -> Answer<StatusCode> {
    let (own, before) = find(&me, path.message).await?;
    let mut act = own.open(&me).await?;
    act.messages(before.pbx).delete(before.id).await?;
    act.removed("message.delete", before.id, &logged(&before)).await?;
    act.commit().await?;
    remove_file(me.api.library.remove_message(&own.place(), before.id));
    me.api.control.mailboxes().deleted(before.pbx, before.mailbox, before.id);
    Ok(StatusCode::NO_CONTENT)
}

/// A message in a mailbox of mine; anybody else's is not found.
async fn find(me: &Me, id: MessageId) -> Answer<(Mine, voxera_store::Message)> {
    for (tenant, customer, own) in mine(me).await? {
        let place = Mine { tenant, customer, scope: own.scope };
        let mut act = place.open(me).await?;
        for one in &own.extensions {
            match act.messages(one.pbx.id).get(id).await {
                Ok(found) if found.mailbox == one.extension.id => return Ok((place, found)),
                Ok(_) | Err(StoreError::NotFound) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Err(Problem::not_found())
}
