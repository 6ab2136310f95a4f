//! My day.

use crate::customer::calls::Call;
use crate::me::calls::page_of;
use crate::me::extension::mine;
use crate::permit::Me;
use crate::problem::Answer;
use axum::Json;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use voxera_store::{Page, Sort};

/// Calls that are shown.
const RECENT: u32 = 5;

/// My day: the calls of my extensions since midnight in their PBX's zone, and whether all works.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyOverview {
    /// From me and to me.
    pub calls_today: u64,
    /// Talked, whole minutes.
    pub minutes_today: u64,
    /// To me, and nobody answered.
    pub missed_today: u64,
    /// In my mailboxes.
    pub new_messages: u64,
    pub health: MyHealth,
    /// The latest calls, the newest first, at most five.
    pub recent: Vec<Call>,
}

/// Whether I can call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MyHealth {
    Operational,
    /// A line to the public network does not work.
    Degraded,
    /// The telephone engine does not run.
    Down,
}

/// My day.
#[utoipa::path(
    get, path = "/api/v1/me/overview", operation_id = "me_overview", tag = "Me",
    responses((status = 200, description = "Zeros when I have no extension.", body = MyOverview)),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn show(me: Me) -> Answer<Json<MyOverview>> {
    let control = &me.api.control;
    let engine = if me.api.engine().is_some() { MyHealth::Operational } else { MyHealth::Down };
    let mut shown = MyOverview {
        calls_today: 0,
        minutes_today: 0,
        missed_today: 0,
        new_messages: 0,
        health: engine,
        recent: Vec::new(),
    };
    let mut seconds = 0;
    for (_, _, own) in mine(&me).await? {
        let mut tx = me.api.store.tenant(&own.scope).await?;
        let mut pbxs = BTreeMap::new();
        for one in own.extensions {
            let (new, _) = control.mailboxes().counts(one.pbx.id, one.extension.id);
            shown.new_messages += u64::from(new);
            let (_, numbers) = pbxs.entry(one.pbx.id).or_insert_with(|| (one.pbx.time_zone, Vec::new()));
            numbers.push(one.extension.number);
        }
        for (pbx, (zone, numbers)) in pbxs {
            if !me.api.carries(pbx) {
                shown.health = MyHealth::Down;
            }
            let today = tx.calls().today(pbx, &numbers, &zone).await?;
            shown.calls_today += today.calls;
            shown.missed_today += today.missed;
            seconds += today.seconds;
            let lines = control
                .directory()
                .by_id(pbx)
                .map(|view| view.snapshot.trunks.iter().all(|line| control.lines().works(line.id)));
            if lines == Some(false) {
                shown.health = shown.health.max(MyHealth::Degraded);
            }
        }
    }
    shown.minutes_today = seconds / 60;
    let sort = Sort { key: "started_at".to_owned(), descending: true };
    let page = Page { sort, limit: RECENT, offset: 0, search: None };
    shown.recent = page_of(&me, &page).await?.items;
    Ok(Json(shown))
}
