//! Those whom I can call inside, and what they do at this moment.

use crate::input::{ColleaguePath, Listed, Paging, Query, Url, sorting};
use crate::me::extension::{Mine, mine};
use crate::me::phone::PhoneExtension;
use crate::permit::Me;
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;
use voxera_callflow::ExtensionType;
use voxera_model::{ExtensionId, PbxId, UserId};
use voxera_store::{ExtensionFilter, Page, StoreError};

sorting!(ByName: "name", "number");

/// Somebody, or something, that I can call inside.
#[derive(Debug, Serialize, ToSchema)]
pub struct Colleague {
    pub extension: PhoneExtension,
    pub pbx: PbxId,
    pub kind: ExtensionType,
    /// `null`: no person but a queue, a group, a menu or the like.
    pub state: Option<ColleagueState>,
    /// Whether there is a picture of the person.
    pub picture: bool,
}

/// What a colleague does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColleagueState {
    /// No phone is online.
    Offline,
    Free,
    Ringing,
    Talking,
    DoNotDisturb,
}

impl From<voxera_callcontrol::PersonState> for ColleagueState {
    fn from(state: voxera_callcontrol::PersonState) -> Self {
        match state {
            voxera_callcontrol::PersonState::Offline => Self::Offline,
            voxera_callcontrol::PersonState::Free => Self::Free,
            voxera_callcontrol::PersonState::Ringing => Self::Ringing,
            voxera_callcontrol::PersonState::Talking => Self::Talking,
            voxera_callcontrol::PersonState::DoNotDisturb => Self::DoNotDisturb,
        }
    }
}

/// The other extensions of my PBXs, one PBX after the other. Empty when I have no extension.
#[utoipa::path(
    get, path = "/api/v1/me/colleagues", operation_id = "me_colleagues", tag = "Me",
    params(Paging<ByName>),
    responses((status = 200, description = "One page.", body = Listed<Colleague>)),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn list(me: Me, Query(paging): Query<Paging<ByName>>) -> Answer<Json<Listed<Colleague>>> {
    let page: Page = paging.into();
    let mut all = Listed { items: Vec::new(), total: 0 };
    for (tenant, customer, own) in mine(&me).await? {
        let mut pbxs: BTreeMap<PbxId, Vec<ExtensionId>> = BTreeMap::new();
        for one in &own.extensions {
            pbxs.entry(one.pbx.id).or_default().push(one.extension.id);
        }
        let mut act = Mine { tenant, customer, scope: own.scope }.open(&me).await?;
        for (pbx, except) in pbxs {
            let filter = ExtensionFilter { except, ..ExtensionFilter::default() };
            // What is skipped and shown of this PBX, after those before it.
            let skipped = u32::try_from(all.total).unwrap_or(u32::MAX);
            let shown = u32::try_from(all.items.len()).unwrap_or(u32::MAX);
            let part = Page {
                offset: page.offset.saturating_sub(skipped),
                limit: page.limit.saturating_sub(shown).max(1),
                ..page.clone()
            };
            let found = act.extensions(pbx).list_of(&part, &filter).await?;
            all.total += found.total;
            let states = me.api.control.people(pbx);
            let users: Vec<UserId> = found.items.iter().filter_map(|extension| extension.user).collect();
            let seen = me.api.store.platform().await?.avatars().among(&users).await?;
            let room = page.limit.saturating_sub(shown) as usize;
            all.items.extend(found.items.into_iter().take(room).map(|extension| Colleague {
                pbx,
                kind: extension.kind.of(),
                state: states.get(&extension.id).copied().map(ColleagueState::from),
                picture: extension.user.is_some_and(|user| seen.contains(&user)),
                extension: PhoneExtension {
                    id: extension.id,
                    number: extension.number,
                    name: extension.name,
                },
            }));
        }
    }
    Ok(Json(all))
}

/// The picture of whoever has an extension in one of my PBXs.
#[utoipa::path(
    get, path = "/api/v1/me/colleagues/{extension}/picture", operation_id = "me_colleague_picture", tag = "Me",
    params(ColleaguePath),
    responses((status = 200, description = "The picture, at most 256 × 256 pixels.", content((Vec<u8> = "image/png"))),
        (status = 304, description = "It is the one that `If-None-Match` names."),
        (status = 404, description = "There is none, or no such colleague (`not_found`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn picture(me: Me, headers: HeaderMap, Url(path): Url<ColleaguePath>) -> Answer<Response> {
    let user = colleague(&me, path.extension).await?.ok_or_else(Problem::not_found)?;
    let picture = me.api.store.platform().await?.avatars().of_user(user).await?;
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&Sha256::digest(&picture)[..12]));
    // Whoever signs in next in this browser may not be a colleague: it is asked for each time.
    let shown = [(header::CACHE_CONTROL, "private, no-cache".to_owned()), (header::ETAG, tag.clone())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, shown).into_response());
    }
    Ok((shown, [(header::CONTENT_TYPE, "image/png")], picture).into_response())
}

/// Who has this extension, when it is in a PBX where I have one too.
async fn colleague(me: &Me, extension: ExtensionId) -> Answer<Option<UserId>> {
    for (tenant, customer, own) in mine(me).await? {
        let pbxs: BTreeSet<PbxId> = own.extensions.iter().map(|one| one.pbx.id).collect();
        let mut act = Mine { tenant, customer, scope: own.scope }.open(me).await?;
        for pbx in pbxs {
            match act.extensions(pbx).get(extension).await {
                Ok(found) => return Ok(found.user),
                Err(StoreError::NotFound) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(None)
}
