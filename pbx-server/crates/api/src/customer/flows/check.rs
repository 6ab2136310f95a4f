//! What is wrong or unwise, before anybody calls.

use crate::customer::flows::document::{live, with_drafts};
use crate::customer::flows::find;
use crate::customer::simulate::local;
use crate::input::{FlowPath, PbxPath, Url, language};
use crate::permit::CustomerReader;
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::http::HeaderMap;
use chrono::Utc;
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;
use voxera_callflow::{Date, Severity, Snapshot, Spot, Story, check_from};
use voxera_model::Locale;
use voxera_store::FlowKind;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingSeverity {
    /// Calls fail. What has one is not published.
    Error,
    /// Somebody will be surprised.
    Warning,
    /// Not finished yet.
    Hint,
}

/// One thing to look at.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Finding {
    pub severity: FindingSeverity,
    /// Stable, for programs.
    #[schema(example = "dead_end")]
    pub code: String,
    /// A sentence for people.
    pub text: String,
    /// Where it is; `null`: the PBX as a whole.
    pub place: Option<Spot>,
    /// A call that shows it: send it to `simulate`.
    pub witness: Option<Story>,
}

/// Everything to look at, the worst first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Findings {
    pub items: Vec<Finding>,
    pub errors: usize,
    pub warnings: usize,
    pub hints: usize,
}

/// Look at the PBX as calls meet it now.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/check", operation_id = "pbxs_check", tag = "Flows",
    params(PbxPath, ("Accept-Language" = Option<String>, Header, description = "`sv` or `en`: the language of the findings.")),
    responses((status = 200, description = "All findings.", body = Findings)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn pbx(
    reader: CustomerReader,
    Url(path): Url<PbxPath>,
    headers: HeaderMap,
) -> Answer<Json<Findings>> {
    let snapshot = live(&mut reader.open().await?, path.pbx).await?;
    let locale = language(&headers).unwrap_or(reader.actor.principal.locale);
    Ok(Json(Findings::show(&look(snapshot).await?, locale)))
}

/// Look at the PBX as it would be with the draft of this flow.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/flows/{flow}/check", operation_id = "flows_check", tag = "Flows",
    params(FlowPath, ("Accept-Language" = Option<String>, Header, description = "`sv` or `en`: the language of the findings.")),
    responses((status = 200, description = "All findings; nothing is changed.", body = Findings)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn flow(
    reader: CustomerReader,
    Url(path): Url<FlowPath>,
    headers: HeaderMap,
) -> Answer<Json<Findings>> {
    let mut act = reader.open().await?;
    let flow = find(&mut act, path.pbx, path.flow).await?;
    let now = live(&mut act, path.pbx).await?;
    let wanted = with_drafts(&mut act, path.pbx, &now, &[flow.id]).await?;
    drop(act);
    let locale = language(&headers).unwrap_or(reader.actor.principal.locale);
    Ok(Json(Findings::show(&look(wanted).await?, locale)))
}

/// Looks at every rule, every minute of the week and every path: not on a thread that serves.
async fn look(snapshot: Snapshot) -> Answer<Vec<voxera_callflow::Finding>> {
    let today = today(&snapshot);
    tokio::task::spawn_blocking(move || check_from(&snapshot, today)).await.map_err(|_| Problem::internal())
}

/// The day as people in the PBX's zone read it.
fn today(snapshot: &Snapshot) -> Date {
    local(Utc::now(), &snapshot.zone).date()
}

/// The errors that stop a publish: those of the flow itself, and those that it would bring.
pub(crate) fn stops(
    live: &Snapshot,
    wanted: &Snapshot,
    flow: &voxera_store::Flow,
) -> Vec<voxera_callflow::Finding> {
    let today = today(live);
    let before = check_from(live, today);
    let known: BTreeSet<String> = before.iter().map(|finding| finding.say(Locale::En)).collect();
    let own = |spot: &Spot| match spot {
        Spot::Rule { .. } => flow.kind == FlowKind::Routing,
        Spot::Flow { flow: id, .. } | Spot::Node { flow: id, .. } => *id == flow.id,
        Spot::Extension { .. } | Spot::Number { .. } => false,
    };
    check_from(wanted, today)
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error)
        .filter(|finding| finding.spot.as_ref().is_some_and(own) || !known.contains(&finding.say(Locale::En)))
        .collect()
}

impl Finding {
    pub(crate) fn show(finding: &voxera_callflow::Finding, locale: Locale) -> Self {
        let stored = serde_json::to_value(&finding.problem).unwrap_or_default();
        Self {
            severity: match finding.severity {
                Severity::Error => FindingSeverity::Error,
                Severity::Warning => FindingSeverity::Warning,
                Severity::Hint => FindingSeverity::Hint,
            },
            code: stored["kind"].as_str().unwrap_or("unknown").to_owned(),
            text: finding.say(locale),
            place: finding.spot.clone(),
            witness: finding.witness.clone(),
        }
    }
}

impl Findings {
    fn show(found: &[voxera_callflow::Finding], locale: Locale) -> Self {
        let items: Vec<Finding> = found.iter().map(|finding| Finding::show(finding, locale)).collect();
        let count = |severity| items.iter().filter(|finding| finding.severity == severity).count();
        Self {
            errors: count(FindingSeverity::Error),
            warnings: count(FindingSeverity::Warning),
            hints: count(FindingSeverity::Hint),
            items,
        }
    }
}
