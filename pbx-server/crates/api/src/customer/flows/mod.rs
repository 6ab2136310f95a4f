//! Rules and menus: a draft that people work on, and published versions that calls follow.

pub mod check;
pub mod document;
pub mod templates;
pub mod versions;

use crate::act::Act;
use crate::customer::uses::in_use;
use crate::input::{
    Body, DOCUMENT, Doc, FlowPath, FlowRef, Listed, Paging, PbxPath, Query, Url, input, sorting,
};
use crate::permit::{Actor, CustomerAdmin, CustomerReader};
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use document::Document;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use voxera_callflow::{Ivr, IvrSettings};
use voxera_model::{FlowId, Locale, Name, PbxId, Seconds};
use voxera_store::{Author, Constraint, FlowDocument, StoreError, TenantTx, Wanted};

sorting!(ByName: "name", "updated_at", "created_at");

/// What a flow is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FlowKind {
    /// The rules of a PBX: one, made with it.
    Routing,
    /// A menu.
    Ivr,
}

/// Rules or a menu, without their documents.
#[derive(Debug, Serialize, ToSchema)]
pub struct Flow {
    pub id: FlowId,
    pub pbx: PbxId,
    pub kind: FlowKind,
    /// Of a menu; the rules are called `routing`.
    pub name: Name,
    /// The version that calls follow; `null`: never published.
    pub published: Option<u32>,
    pub published_at: Option<DateTime<Utc>>,
    /// The draft is something else than what is published.
    pub draft_differs: bool,
    pub draft_saved_at: DateTime<Utc>,
    /// The name of whoever saved the draft.
    pub draft_saved_by: Option<String>,
    pub created_at: DateTime<Utc>,
}

/// What people work on.
#[derive(Debug, Serialize, ToSchema)]
pub struct FlowDraft {
    pub flow: FlowId,
    pub document: Document,
    /// Grows with every save. Send it with the next one: nobody's work is overwritten unseen.
    pub revision: u64,
    pub saved_at: DateTime<Utc>,
    pub saved_by: Option<String>,
}

input! {
    /// A new menu.
    @largest DOCUMENT;
    pub struct NewFlow {
        pub name: Name,
        /// Without it an empty menu in the PBX's language.
        #[schema(value_type = Option<Ivr>)]
        pub document: Option<Doc<Map<String, Value>>>,
    }
}

input! {
    /// What changes of a menu.
    pub struct FlowChange {
        pub name: Name,
    }
}

input! {
    /// A draft to save.
    @largest DOCUMENT;
    pub struct NewDraft {
        #[schema(value_type = Document)]
        pub document: Doc<Map<String, Value>>,
        /// The revision that the change was made on. Without it whatever is there is replaced.
        pub revision: Option<u64>,
    }
}

/// The PBX's rules and menus, the rules first.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/flows", operation_id = "flows_list", tag = "Flows",
    params(PbxPath, Paging<ByName>),
    responses((status = 200, description = "One page.", body = Listed<Flow>)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn list(
    reader: CustomerReader,
    Url(path): Url<PbxPath>,
    Query(page): Query<Paging<ByName>>,
) -> Answer<Json<Listed<Flow>>> {
    let mut act = reader.open().await?;
    let found = act.flows(path.pbx).list(&page.into()).await?;
    Ok(Json(Listed::of(found, Flow::show)))
}

/// Add a menu. 409 `flow_name_taken`.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/flows", operation_id = "flows_create", tag = "Flows",
    params(PbxPath),
    request_body(content = NewFlow, example = json!({ "name": "Huvudmeny" })),
    responses((status = 201, description = "Made, with a draft; nothing is published.", body = Flow),
        (status = 409, description = "The PBX has a menu with this name (`flow_name_taken`). Or the key was used for another request (`idempotency_key_reused`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")), ("x-idempotent" = json!(true)))
)]
pub async fn create(admin: CustomerAdmin, Url(path): Url<PbxPath>, new: Body<NewFlow>) -> Answer<Response> {
    let mut act = admin.open().await?;
    if let Some(answer) = act.replayed(&new.hash).await? {
        return Ok(answer);
    }
    let new = new.value;
    let pbx = act.pbxs().get(path.pbx).await?;
    let document = match new.document {
        Some(document) => document::read(voxera_store::FlowKind::Ivr, document.0)?,
        None => FlowDocument::Ivr(empty(pbx.language)),
    };
    let made = add(&mut act, &admin.actor, path.pbx, new.name, document).await?;
    act.created(&Flow::show(made)).await
}

/// One flow. `routing` in the place of an id is the PBX's rules.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/flows/{flow}", operation_id = "flows_get", tag = "Flows",
    params(FlowPath),
    responses((status = 200, description = "The flow.", body = Flow)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn get(reader: CustomerReader, Url(path): Url<FlowPath>) -> Answer<Json<Flow>> {
    let mut act = reader.open().await?;
    Ok(Json(Flow::show(find(&mut act, path.pbx, path.flow).await?)))
}

/// Give a menu another name.
#[utoipa::path(
    patch, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/flows/{flow}", operation_id = "flows_change", tag = "Flows",
    params(FlowPath),
    request_body(content = FlowChange, example = json!({ "name": "Huvudmeny" })),
    responses((status = 200, description = "The menu as it is now.", body = Flow),
        (status = 409, description = "Another menu has the name (`flow_name_taken`), or these are the rules (`flow_is_routing`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn change(
    admin: CustomerAdmin,
    Url(path): Url<FlowPath>,
    change: Body<FlowChange>,
) -> Answer<Json<Flow>> {
    let mut act = admin.open().await?;
    let before = find(&mut act, path.pbx, path.flow).await?;
    let after = act.flows(path.pbx).rename(before.id, &change.value.name).await?;
    act.changed("flow.update", before.id, &before, &after).await?;
    act.commit().await?;
    Ok(Json(Flow::show(after)))
}

/// Remove a menu with its versions.
#[utoipa::path(
    delete, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/flows/{flow}", operation_id = "flows_delete", tag = "Flows",
    params(FlowPath),
    responses((status = 204, description = "Removed. Calls that are in it finish."),
        (status = 409, description = "Something leads to it (`flow_in_use`); `detail` names what. Or these are the rules (`flow_is_routing`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn delete(admin: CustomerAdmin, Url(path): Url<FlowPath>) -> Answer<StatusCode> {
    let mut act = admin.open().await?;
    let before = find(&mut act, path.pbx, path.flow).await?;
    let deleted = act.flows(path.pbx).delete(before.id).await;
    in_use(&mut act, Wanted::Flow(before.id), deleted).await?;
    act.removed("flow.delete", before.id, &before).await?;
    act.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The draft of a flow.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/flows/{flow}/draft", operation_id = "flows_draft", tag = "Flows",
    params(FlowPath),
    responses((status = 200, description = "The draft.", body = FlowDraft)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn draft(reader: CustomerReader, Url(path): Url<FlowPath>) -> Answer<Json<FlowDraft>> {
    let mut act = reader.open().await?;
    let flow = find(&mut act, path.pbx, path.flow).await?;
    Ok(Json(FlowDraft::show(act.flows(path.pbx).draft(flow.id).await?)))
}

/// Save the draft. It may be unfinished; calls do not meet it before it is published.
///
/// With `revision`: 409 `draft_changed` when somebody saved it meanwhile; `detail` says who and when.
#[utoipa::path(
    put, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/flows/{flow}/draft", operation_id = "flows_save_draft", tag = "Flows",
    params(FlowPath),
    request_body(content = NewDraft, example = json!({ "revision": 1, "document": { "rules": [] } })),
    responses((status = 200, description = "The draft as it is now.", body = FlowDraft),
        (status = 409, description = "Somebody saved the draft meanwhile (`draft_changed`); `detail` says who and when.", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn save_draft(
    admin: CustomerAdmin,
    Url(path): Url<FlowPath>,
    new: Body<NewDraft>,
) -> Answer<Json<FlowDraft>> {
    let new = new.value;
    let mut act = admin.open().await?;
    let flow = find(&mut act, path.pbx, path.flow).await?;
    let document = document::read(flow.kind, new.document.0)?;
    let by = author(&admin.actor);
    let saved = act.flows(path.pbx).save_draft(flow.id, &document, new.revision, &by).await;
    let saved = match saved {
        Err(StoreError::Conflict(Constraint::FlowChanged)) => {
            return Err(draft_changed(&mut act, path.pbx, flow.id).await?);
        }
        other => other?,
    };
    // The documents stand in the versions; the log says who worked on it.
    let revision = |revision: u64| serde_json::json!({ "name": flow.name, "revision": revision });
    act.changed("flow.save_draft", flow.id, &revision(flow.draft_revision), &revision(saved.revision))
        .await?;
    act.commit().await?;
    Ok(Json(FlowDraft::show(saved)))
}

/// Somebody else saved the draft: who, and when.
pub(crate) async fn draft_changed(
    act: &mut Act<TenantTx<'static>>,
    pbx: PbxId,
    flow: FlowId,
) -> Answer<Problem> {
    let flow = act.flows(pbx).get(flow).await?;
    let who = flow.draft_updated_by.as_deref().unwrap_or("Somebody");
    let when = flow.draft_updated_at.format("%Y-%m-%dT%H:%M:%SZ");
    let detail = format!("{who} saved this draft at {when}. Load it again, then make your change.");
    Ok(Problem::conflict("draft_changed", detail))
}

/// The flow that a URL names.
pub(crate) async fn find(
    act: &mut Act<TenantTx<'static>>,
    pbx: PbxId,
    flow: FlowRef,
) -> Answer<voxera_store::Flow> {
    Ok(match flow {
        FlowRef::Routing => act.flows(pbx).routing().await?,
        FlowRef::Id(id) => act.flows(pbx).get(id).await?,
    })
}

/// Makes a menu with this draft.
pub(crate) async fn add(
    act: &mut Act<TenantTx<'static>>,
    actor: &Actor,
    pbx: PbxId,
    name: Name,
    document: FlowDocument,
) -> Answer<voxera_store::Flow> {
    let FlowDocument::Ivr(document) = document else {
        return Err(Constraint::FlowKindIsFixed.into());
    };
    let id = FlowId(voxera_store::new_id());
    let new = voxera_store::NewFlow { id, name, document, by: author(actor) };
    let made = act.flows(pbx).create(new).await?;
    act.made("flow.create", made.id, &made).await?;
    Ok(made)
}

/// Who writes, as the history shows it.
pub(crate) fn author(actor: &Actor) -> Author {
    Author { account: Some(actor.principal.account), name: actor.principal.name.clone() }
}

fn empty(language: Locale) -> Ivr {
    let settings = IvrSettings { language, timeout: Seconds(5), retries: 2, invalid: None };
    Ivr { settings, entry: None, nodes: BTreeMap::new() }
}

impl From<voxera_store::FlowKind> for FlowKind {
    fn from(kind: voxera_store::FlowKind) -> Self {
        match kind {
            voxera_store::FlowKind::Routing => Self::Routing,
            voxera_store::FlowKind::Ivr => Self::Ivr,
        }
    }
}

impl Flow {
    pub(crate) fn show(flow: voxera_store::Flow) -> Self {
        Self {
            id: flow.id,
            pbx: flow.pbx,
            kind: flow.kind.into(),
            name: flow.name,
            published: flow.published,
            published_at: flow.published_at,
            draft_differs: flow.draft_differs,
            draft_saved_at: flow.draft_updated_at,
            draft_saved_by: flow.draft_updated_by,
            created_at: flow.created_at,
        }
    }
}

impl FlowDraft {
    fn show(draft: voxera_store::FlowDraft) -> Self {
        Self {
            flow: draft.flow,
            document: draft.document.into(),
            revision: draft.revision,
            saved_at: draft.updated_at,
            saved_by: draft.updated_by,
        }
    }
}
