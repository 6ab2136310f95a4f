//! The documents of rules and menus: read, held to their limits, and put into a snapshot.

use crate::act::Act;
use crate::input::{escaped, parse};
use crate::problem::{Answer, FieldError, Problem};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use voxera_callflow::{Condition, Ivr, Node, NodeKind, PublishedIvr, Routing, Rule, Snapshot};
use voxera_model::{FlowId, PbxId};
use voxera_store::{FlowDocument, FlowKind, TenantTx};

/// What a flow holds: the rules of a PBX, or the nodes of a menu.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Document {
    Routing(Routing),
    Ivr(Ivr),
}

impl From<FlowDocument> for Document {
    fn from(document: FlowDocument) -> Self {
        match document {
            FlowDocument::Routing(routing) => Self::Routing(routing),
            FlowDocument::Ivr(ivr) => Self::Ivr(ivr),
        }
    }
}

/// The most rules that a PBX has.
const RULES: usize = 1000;
/// The most nodes that a menu has.
const NODES: usize = 500;

/// Reads what was sent as the field `document`.
pub(crate) fn read(kind: FlowKind, sent: Map<String, Value>) -> Answer<FlowDocument> {
    let inside = |mut refused: FieldError| {
        refused.field = format!("/document{}", refused.field);
        Problem::invalid(vec![refused])
    };
    let sent = Value::Object(sent);
    let (document, wrong) = match kind {
        FlowKind::Routing => {
            let routing: Routing = parse(&sent).map_err(inside)?;
            let wrong = rules(&routing);
            (FlowDocument::Routing(routing), wrong)
        }
        FlowKind::Ivr => {
            let ivr: Ivr = parse(&sent).map_err(inside)?;
            let wrong = nodes(&ivr);
            (FlowDocument::Ivr(ivr), wrong)
        }
    };
    if wrong.is_empty() { Ok(document) } else { Err(Problem::invalid(wrong)) }
}

fn refused(field: impl std::fmt::Display, code: &'static str, message: &str) -> FieldError {
    FieldError { field: format!("/document{field}"), code: code.into(), message: message.to_owned() }
}

fn rules(routing: &Routing) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    if routing.rules.len() > RULES {
        wrong.push(refused("/rules", "too_many", "A PBX has at most 1,000 rules."));
    }
    let mut known = BTreeSet::new();
    for (at, rule) in routing.rules.iter().enumerate() {
        if !known.insert(&rule.id) {
            wrong.push(refused(format!("/rules/{at}/id"), "id_twice", "Another rule has this id."));
        }
        conditions(&format!("/rules/{at}"), &rule.conditions, &mut wrong);
    }
    wrong
}

/// What no condition can be: empty choices, which would never hold.
fn conditions(place: &str, conditions: &[Condition], wrong: &mut Vec<FieldError>) {
    for (at, condition) in conditions.iter().enumerate() {
        let place = format!("{place}/conditions/{at}");
        match condition {
            Condition::Days { days } if days.is_empty() => {
                wrong.push(refused(format!("{place}/days"), "empty", "Choose at least one day."));
            }
            Condition::Dates { ranges } => {
                if ranges.is_empty() {
                    wrong.push(refused(format!("{place}/ranges"), "empty", "Write at least one date."));
                }
                for (at, range) in ranges.iter().enumerate().filter(|(_, range)| range.to < range.from) {
                    let why = format!("Write {} or a later day.", range.from);
                    wrong.push(refused(format!("{place}/ranges/{at}/to"), "order", &why));
                }
            }
            Condition::Dialled { numbers } if numbers.is_empty() => {
                wrong.push(refused(format!("{place}/numbers"), "empty", "Choose at least one number."));
            }
            Condition::Caller { number, .. } if !number.bytes().any(|byte| byte.is_ascii_digit()) => {
                wrong.push(refused(format!("{place}/number"), "empty", "Write at least one digit."));
            }
            Condition::Holidays { which, .. }
                if !(which.red_days || which.eves || which.half_days || which.squeeze_days) =>
            {
                wrong.push(refused(format!("{place}/which"), "empty", "Choose at least one kind of day."));
            }
            Condition::Time { .. }
            | Condition::Days { .. }
            | Condition::Holidays { .. }
            | Condition::Caller { .. }
            | Condition::CallerWithheld
            | Condition::Dialled { .. } => {}
        }
    }
}

fn nodes(ivr: &Ivr) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    if ivr.nodes.len() > NODES {
        wrong.push(refused("/nodes", "too_many", "A menu has at most 500 nodes."));
    }
    let mut within = |field: String, value: u32, low: u32, high: u32| {
        if !(low..=high).contains(&value) {
            wrong.push(refused(field, "range", &format!("Write a number from {low} to {high}.")));
        }
    };
    within("/settings/timeout".into(), ivr.settings.timeout.0, 1, 60);
    within("/settings/retries".into(), u32::from(ivr.settings.retries), 0, 9);
    for (id, node) in &ivr.nodes {
        let step = format!("/nodes/{}/step", escaped(id.as_str()));
        match &node.step {
            NodeKind::Menu { timeout, retries, .. } => {
                if let Some(timeout) = timeout {
                    within(format!("{step}/timeout"), timeout.0, 1, 60);
                }
                if let Some(retries) = retries {
                    within(format!("{step}/retries"), u32::from(*retries), 0, 9);
                }
            }
            NodeKind::Message { times, .. } => within(format!("{step}/times"), u32::from(*times), 1, 5),
            NodeKind::Transfer { .. }
            | NodeKind::Voicemail { .. }
            | NodeKind::Queue { .. }
            | NodeKind::Condition { .. }
            | NodeKind::Conference { .. }
            | NodeKind::Callback { .. }
            | NodeKind::CallerName { .. }
            | NodeKind::Agent { .. }
            | NodeKind::Hangup { .. } => {}
        }
    }
    for (id, Node { step, .. }) in &ivr.nodes {
        if let NodeKind::Condition { branches, .. } = step {
            for (at, branch) in branches.iter().enumerate() {
                let place = format!("/nodes/{}/step/branches/{at}", escaped(id.as_str()));
                conditions(&place, &branch.conditions, &mut wrong);
            }
        }
    }
    wrong
}

/// The PBX as calls meet it now. 404 when there is none.
pub(crate) async fn live(act: &mut Act<TenantTx<'static>>, pbx: PbxId) -> Answer<Snapshot> {
    let config = act.config().pbx(pbx).await?.ok_or_else(Problem::not_found)?;
    Ok(config.snapshot)
}

/// As if this document were published.
pub(crate) fn put(snapshot: &mut Snapshot, flow: &voxera_store::Flow, document: FlowDocument) {
    match document {
        FlowDocument::Routing(routing) => {
            snapshot.rules = in_order(routing);
            snapshot.rules_version = flow.published.unwrap_or(0) + 1;
        }
        FlowDocument::Ivr(ivr) => {
            let version = flow.published.unwrap_or(0) + 1;
            snapshot.ivrs.insert(flow.id, PublishedIvr { name: flow.name.clone(), version, ivr });
        }
    }
}

/// As if these drafts were published.
pub(crate) async fn with_drafts(
    act: &mut Act<TenantTx<'static>>,
    pbx: PbxId,
    live: &Snapshot,
    drafts: &[FlowId],
) -> Answer<Snapshot> {
    let mut snapshot = live.clone();
    for id in drafts {
        let flow = act.flows(pbx).get(*id).await?;
        let draft = act.flows(pbx).draft(*id).await?;
        put(&mut snapshot, &flow, draft.document);
    }
    Ok(snapshot)
}

/// The rules in the order in which calls meet them.
fn in_order(routing: Routing) -> Vec<Rule> {
    let mut rules = routing.rules;
    rules.sort_by_key(|rule| rule.priority);
    rules
}
