//! Those whom I can call inside, and what they do at this moment.

use crate::input::{Listed, Paging, Query, sorting};
use crate::me::extension::{Mine, mine};
use crate::me::phone::PhoneExtension;
use crate::permit::Me;
use crate::problem::Answer;
use axum::Json;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use voxera_callflow::ExtensionType;
use voxera_model::{ExtensionId, PbxId};
use voxera_store::{ExtensionFilter, Page};

sorting!(ByName: "name", "number");

/// Somebody, or something, that I can call inside.
#[derive(Debug, Serialize, ToSchema)]
pub struct Colleague {
    pub extension: PhoneExtension,
    pub pbx: PbxId,
    pub kind: ExtensionType,
    /// `null`: no person but a queue, a group, a menu or the like.
    pub state: Option<ColleagueState>,
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
            let room = page.limit.saturating_sub(shown) as usize;
            all.items.extend(found.items.into_iter().take(room).map(|extension| Colleague {
                pbx,
                kind: extension.kind.of(),
                state: states.get(&extension.id).copied().map(ColleagueState::from),
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
