//! My recordings: those that the settings of my extensions asked for.

use crate::customer::recordings::{Recording, RecordingsQuery, file_name, owners};
use crate::input::{Listed, MyRecordingPath, Query, Url};
use crate::me::extension::{Mine, mine};
use crate::media::{from_the_start, send};
use crate::permit::Me;
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::http::HeaderMap;
use axum::response::Response;
use std::collections::BTreeMap;
use voxera_model::{ExtensionId, PbxId};
use voxera_store::{Page, RecordingFilter, StoreError};

/// My recorded calls, the newest first; `extension`: only one of my extensions.
#[utoipa::path(
    get, path = "/api/v1/me/recordings", operation_id = "me_recordings", tag = "Me",
    params(RecordingsQuery),
    responses((status = 200, description = "One page.", body = Listed<Recording>)),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn list(me: Me, Query(query): Query<RecordingsQuery>) -> Answer<Json<Listed<Recording>>> {
    let page: Page = query.page.into();
    let wanted = page.offset + page.limit;
    let mut all = Listed { items: Vec::new(), total: 0 };
    for (tenant, customer, own) in mine(&me).await? {
        let mut mailboxes: BTreeMap<PbxId, Vec<ExtensionId>> = BTreeMap::new();
        for one in &own.extensions {
            if query.extension.is_none_or(|wanted| wanted == one.extension.id) {
                mailboxes.entry(one.pbx.id).or_default().push(one.extension.id);
            }
        }
        let mut act = Mine { tenant, customer, scope: own.scope }.open(&me).await?;
        for (pbx, mine) in mailboxes {
            let filter = RecordingFilter { owners: mine, from: query.from, to: query.to, call: None };
            let mut part = Page { limit: 200, offset: 0, ..page.clone() };
            while part.offset < wanted {
                let found = act.recordings(pbx).list(&part, &filter).await?;
                if part.offset == 0 {
                    all.total += found.total;
                }
                let last = found.items.len() < part.limit as usize;
                let names = owners(&mut act, pbx, &found.items).await?;
                all.items.extend(found.items.into_iter().map(|recording| Recording::show(recording, &names)));
                if last {
                    break;
                }
                part.offset += part.limit;
            }
        }
    }
    match page.sort.key.as_str() {
        "from" => all.items.sort_by(|one, other| one.from.number.cmp(&other.from.number)),
        "to" => all.items.sort_by(|one, other| one.to.number.cmp(&other.to.number)),
        "seconds" => all.items.sort_by(|one, other| one.seconds.total_cmp(&other.seconds)),
        _ => all.items.sort_by_key(|recording| (recording.started_at, recording.id)),
    }
    if page.sort.descending {
        all.items.reverse();
    }
    all.items = all.items.into_iter().skip(page.offset as usize).take(page.limit as usize).collect();
    Ok(Json(all))
}

/// One of my recordings itself; the listening is written down. With `Range` a part of it (206).
#[utoipa::path(
    get, path = "/api/v1/me/recordings/{recording}/audio", operation_id = "me_recordings_audio", tag = "Me",
    params(MyRecordingPath, ("Range" = Option<String>, Header, description = "`bytes=0-999`: only this part; answered with 206.")),
    responses((status = 200, description = "The recording.", content((Vec<u8> = "audio/wav"))),
        (status = 416, description = "The file is shorter (`range_not_satisfiable`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn audio(me: Me, Url(path): Url<MyRecordingPath>, headers: HeaderMap) -> Answer<Response> {
    for (tenant, customer, own) in mine(&me).await? {
        let place = Mine { tenant, customer, scope: own.scope };
        let mut act = place.open(&me).await?;
        for one in &own.extensions {
            let found = match act.recordings(one.pbx.id).get(path.recording).await {
                Ok(found) if found.owners.contains(&one.extension.id) => found,
                Ok(_) | Err(StoreError::NotFound) => continue,
                Err(error) => return Err(error.into()),
            };
            if from_the_start(&headers) {
                let none = None::<&serde_json::Value>;
                act.changed("recording.listen", path.recording, &none, &none).await?;
                act.commit().await?;
            }
            let file = me.api.library.recording_path(&place.place(), path.recording);
            return send(&file, "audio/wav", &file_name(&found), &headers).await;
        }
    }
    Err(Problem::not_found())
}
