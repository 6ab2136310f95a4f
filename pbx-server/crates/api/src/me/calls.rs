//! My calls.

use crate::customer::calls::Call;
use crate::input::{Listed, Paging, Query, sorting};
use crate::me::extension::mine;
use crate::permit::Me;
use crate::problem::Answer;
use axum::Json;
use voxera_store::{CallFilter, Page};

sorting!(ByTime: "-started_at");

/// The calls of my extensions that are over.
#[utoipa::path(
    get, path = "/api/v1/me/calls", operation_id = "me_calls", tag = "Me",
    params(Paging<ByTime>),
    responses((status = 200, description = "One page.", body = Listed<Call>)),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn list(me: Me, Query(paging): Query<Paging<ByTime>>) -> Answer<Json<Listed<Call>>> {
    Ok(Json(page_of(&me, &paging.into()).await?))
}

/// One page of the calls of my extensions.
pub(crate) async fn page_of(me: &Me, page: &Page) -> Answer<Listed<Call>> {
    let wanted = page.offset + page.limit;
    let mut all = Listed { items: Vec::new(), total: 0 };
    for (_, _, own) in mine(me).await? {
        let mut tx = me.api.store.tenant(&own.scope).await?;
        for one in own.extensions {
            let filter = CallFilter {
                pbx: Some(one.pbx.id),
                extensions: vec![one.extension.number],
                ..CallFilter::default()
            };
            // The first `wanted` of each extension hold the first `wanted` of all.
            let mut part = Page { limit: 200, offset: 0, ..page.clone() };
            while part.offset < wanted {
                let found = tx.calls().list(&part, &filter).await?;
                if part.offset == 0 {
                    all.total += found.total;
                }
                let last = found.items.len() < part.limit as usize;
                all.items.extend(found.items.into_iter().map(Call::show));
                if last {
                    break;
                }
                part.offset += part.limit;
            }
        }
    }
    all.items.sort_by_key(|call| (call.started_at, call.id));
    if page.sort.descending {
        all.items.reverse();
    }
    all.items = all.items.into_iter().skip(page.offset as usize).take(page.limit as usize).collect();
    Ok(all)
}
