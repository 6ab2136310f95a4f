//! What was published: immutable versions, their differences, the way back, and copies.

use crate::act::Act;
use crate::customer::flows::check::{Finding, stops};
use crate::customer::flows::document::{self, Document};
use crate::customer::flows::{Flow, add, author, draft_changed, find};
use crate::input::{
    Body, FlowPath, FlowVersionPath, Input, Listed, Paging, Query, Reader, Url, input, language, sorting,
};
use crate::permit::{CustomerAdmin, CustomerReader};
use crate::problem::{Answer, FieldError, Problem};
use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Required, Type};
use utoipa::{IntoParams, ToSchema};
use voxera_callflow::{Ivr, IvrDiff, Routing, RoutingDiff, diff, diff_routing};
use voxera_model::{FlowId, Locale, Name, PbxId};
use voxera_store::{Constraint, FlowDocument, StoreError, TenantTx};

sorting!(NewestFirst: "-version");

/// One published version.
#[derive(Debug, Serialize, ToSchema)]
pub struct FlowVersion {
    pub flow: FlowId,
    /// 1 and up.
    pub version: u32,
    pub comment: Option<String>,
    pub author: String,
    /// The version whose document this took up again.
    pub restored_from: Option<u32>,
    pub created_at: DateTime<Utc>,
}

/// One published version with its document.
#[derive(Debug, Serialize, ToSchema)]
pub struct FlowVersionDetail {
    #[serde(flatten)]
    pub version: FlowVersion,
    pub document: Document,
}

input! {
    /// Makes the draft what calls follow.
    pub struct Publish {
        /// What changed and why, for the history; at most 500 characters.
        pub comment: Option<String>,
        /// The revision of the draft that was looked at. Without it whatever is there.
        pub revision: Option<u64>,
    }
}

input! {
    /// Takes up an older version again.
    pub struct Rollback {
        #[schema(minimum = 1)]
        pub version: u32,
        /// For the history; at most 500 characters.
        pub comment: Option<String>,
    }
}

input! {
    /// A copy of a menu.
    pub struct Duplicate {
        /// Of the copy.
        pub name: Name,
        /// The version to copy; without it the draft.
        #[schema(minimum = 1)]
        pub version: Option<u32>,
    }
}

/// What differs between two documents of a flow: one of `routing` and `ivr`, by the kind of the flow.
#[derive(Debug, Serialize, ToSchema)]
pub struct Difference {
    /// Nothing differs.
    pub same: bool,
    pub routing: Option<RoutingDiff>,
    pub ivr: Option<IvrDiff>,
}

/// A document of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edition {
    Draft,
    Published,
    Version(u32),
}

/// Which two documents are compared.
#[derive(Debug, Clone, Copy)]
pub struct DiffQuery {
    from: Edition,
    to: Edition,
}

impl Input for DiffQuery {
    fn read(reader: &mut Reader) -> Option<Self> {
        let mut edition = |name: &'static str, usual: Edition| {
            let text = reader.field::<Option<String>>(name)?;
            let found = match text.as_deref() {
                None => Some(usual),
                Some("draft") => Some(Edition::Draft),
                Some("published") => Some(Edition::Published),
                Some(number) => number.parse().ok().filter(|version| *version > 0).map(Edition::Version),
            };
            if found.is_none() {
                reader.refuse(name, "edition", "Write draft, published or the number of a version.");
            }
            found
        };
        let from = edition("from", Edition::Published);
        let to = edition("to", Edition::Draft);
        Some(Self { from: from?, to: to? })
    }
}

impl IntoParams for DiffQuery {
    fn into_params(_place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        [("from", "published"), ("to", "draft")]
            .into_iter()
            .map(|(name, usual)| {
                let schema = ObjectBuilder::new().schema_type(Type::String).default(Some(usual.into()));
                ParameterBuilder::new()
                    .name(name)
                    .parameter_in(ParameterIn::Query)
                    .required(Required::False)
                    .description(Some("`draft`, `published` or the number of a version."))
                    .schema(Some(schema))
                    .build()
            })
            .collect()
    }
}

/// Publish the draft: calls that begin from now on follow it, calls that are up finish as they began.
///
/// 422 `check_failed` when an error was found that calls would meet; `findings` lists what. Warnings do not stop it.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/flows/{flow}/publish", operation_id = "flows_publish", tag = "Flows",
    params(FlowPath, ("Accept-Language" = Option<String>, Header, description = "`sv` or `en`: the language of the findings.")),
    request_body(content = Publish, example = json!({ "comment": "Ny hälsning inför jul" })),
    responses((status = 201, description = "Published.", body = FlowVersion),
        (status = 409, description = "Somebody saved the draft meanwhile (`draft_changed`). Or the key was used for another request (`idempotency_key_reused`).", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Errors were found (`check_failed`); `findings` lists them. Or fields that cannot be accepted (`validation`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")), ("x-idempotent" = json!(true)))
)]
pub async fn publish(
    admin: CustomerAdmin,
    Url(path): Url<FlowPath>,
    headers: HeaderMap,
    new: Body<Publish>,
) -> Answer<Response> {
    let mut act = admin.open().await?;
    if let Some(answer) = act.replayed(&new.hash).await? {
        return Ok(answer);
    }
    let new = new.value;
    let flow = find(&mut act, path.pbx, path.flow).await?;
    let draft = act.flows(path.pbx).draft(flow.id).await?;
    let locale = language(&headers).unwrap_or(admin.actor.principal.locale);
    sound(&mut act, path.pbx, &flow, draft.document, locale).await?;
    let revision = new.revision.unwrap_or(draft.revision);
    let (comment, by) = (comment(new.comment.as_deref()), author(&admin.actor));
    let made = match act.flows(path.pbx).publish(flow.id, Some(revision), comment, &by).await {
        Err(StoreError::Conflict(Constraint::FlowChanged)) => {
            return Err(draft_changed(&mut act, path.pbx, flow.id).await?);
        }
        other => other?,
    };
    act.changed("flow.publish", flow.id, &flow, &made).await?;
    act.created(&FlowVersion::show(made)).await
}

/// What was published, the newest first.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/flows/{flow}/versions", operation_id = "flows_versions", tag = "Flows",
    params(FlowPath, Paging<NewestFirst>),
    responses((status = 200, description = "One page.", body = Listed<FlowVersion>)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn list(
    reader: CustomerReader,
    Url(path): Url<FlowPath>,
    Query(page): Query<Paging<NewestFirst>>,
) -> Answer<Json<Listed<FlowVersion>>> {
    let mut act = reader.open().await?;
    let flow = find(&mut act, path.pbx, path.flow).await?;
    let found = act.flows(path.pbx).versions(flow.id, &page.into()).await?;
    Ok(Json(Listed::of(found, FlowVersion::show)))
}

/// One version with its document.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/flows/{flow}/versions/{version}", operation_id = "flows_version", tag = "Flows",
    params(FlowVersionPath),
    responses((status = 200, description = "The version.", body = FlowVersionDetail)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn get(reader: CustomerReader, Url(path): Url<FlowVersionPath>) -> Answer<Json<FlowVersionDetail>> {
    let mut act = reader.open().await?;
    let flow = find(&mut act, path.pbx, path.flow).await?;
    let (version, document) = act.flows(path.pbx).version(flow.id, path.version).await?;
    Ok(Json(FlowVersionDetail { version: FlowVersion::show(version), document: document.into() }))
}

/// What differs between two versions of a flow, or between a version and the draft.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/flows/{flow}/diff", operation_id = "flows_diff", tag = "Flows",
    params(FlowPath, DiffQuery),
    responses((status = 200, description = "What the newer one has, lacks and does otherwise.", body = Difference)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn difference(
    reader: CustomerReader,
    Url(path): Url<FlowPath>,
    Query(query): Query<DiffQuery>,
) -> Answer<Json<Difference>> {
    let mut act = reader.open().await?;
    let flow = find(&mut act, path.pbx, path.flow).await?;
    let from = edition(&mut act, &flow, query.from, "?from").await?;
    let to = edition(&mut act, &flow, query.to, "?to").await?;
    let (mut routing, mut ivr) = (None, None);
    match (from, to) {
        (FlowDocument::Routing(from), FlowDocument::Routing(to)) => routing = Some(diff_routing(&from, &to)),
        (FlowDocument::Ivr(from), FlowDocument::Ivr(to)) => ivr = Some(diff(&from, &to)),
        (FlowDocument::Routing(_), FlowDocument::Ivr(_))
        | (FlowDocument::Ivr(_), FlowDocument::Routing(_)) => {
            return Err(Problem::internal());
        }
    }
    let same = routing.as_ref().is_none_or(|found| *found == RoutingDiff::default())
        && ivr.as_ref().is_none_or(|found| *found == IvrDiff::default());
    Ok(Json(Difference { same, routing, ivr }))
}

/// The document that an edition is. What was never published is empty.
async fn edition(
    act: &mut Act<TenantTx<'static>>,
    flow: &voxera_store::Flow,
    wanted: Edition,
    field: &str,
) -> Answer<FlowDocument> {
    let version = match (wanted, flow.published) {
        (Edition::Draft, _) => return Ok(act.flows(flow.pbx).draft(flow.id).await?.document),
        (Edition::Version(version), _) | (Edition::Published, Some(version)) => version,
        (Edition::Published, None) => {
            return Ok(match act.flows(flow.pbx).draft(flow.id).await?.document {
                FlowDocument::Routing(_) => FlowDocument::Routing(Routing::default()),
                FlowDocument::Ivr(ivr) => {
                    FlowDocument::Ivr(Ivr { entry: None, nodes: BTreeMap::new(), settings: ivr.settings })
                }
            });
        }
    };
    match act.flows(flow.pbx).version(flow.id, version).await {
        Ok((_, document)) => Ok(document),
        Err(StoreError::NotFound) => Err(Problem::bad_query(vec![FieldError {
            field: field.to_owned(),
            code: "no_such_version".into(),
            message: "There is no such version.".to_owned(),
        }])),
        Err(error) => Err(error.into()),
    }
}

/// Take up an older version again, as a new version.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/flows/{flow}/rollback", operation_id = "flows_rollback", tag = "Flows",
    params(FlowPath, ("Accept-Language" = Option<String>, Header, description = "`sv` or `en`: the language of the findings.")),
    request_body(content = Rollback, example = json!({ "version": 3 })),
    responses((status = 201, description = "Published; the draft follows when it held nothing new.", body = FlowVersion),
        (status = 422, description = "The old version would lead calls into errors now (`check_failed`); `findings` lists them. Or fields that cannot be accepted (`validation`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")), ("x-idempotent" = json!(true)))
)]
pub async fn rollback(
    admin: CustomerAdmin,
    Url(path): Url<FlowPath>,
    headers: HeaderMap,
    back: Body<Rollback>,
) -> Answer<Response> {
    let mut act = admin.open().await?;
    if let Some(answer) = act.replayed(&back.hash).await? {
        return Ok(answer);
    }
    let back = back.value;
    let flow = find(&mut act, path.pbx, path.flow).await?;
    let document = version(&mut act, path.pbx, flow.id, back.version).await?;
    let locale = language(&headers).unwrap_or(admin.actor.principal.locale);
    sound(&mut act, path.pbx, &flow, document, locale).await?;
    let (comment, by) = (comment(back.comment.as_deref()), author(&admin.actor));
    let made = act.flows(path.pbx).rollback(flow.id, back.version, comment, &by).await?;
    act.changed("flow.rollback", flow.id, &flow, &made).await?;
    act.created(&FlowVersion::show(made)).await
}

/// Copy a menu: its draft, or one of its versions. 409 `flow_name_taken`.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/flows/{flow}/duplicate", operation_id = "flows_duplicate", tag = "Flows",
    params(FlowPath),
    request_body(content = Duplicate, example = json!({ "name": "Huvudmeny, sommar" })),
    responses((status = 201, description = "Made, with a draft; nothing is published.", body = Flow),
        (status = 409, description = "The PBX has a menu with this name (`flow_name_taken`), or these are the rules (`flow_is_routing`). Or the key was used for another request (`idempotency_key_reused`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")), ("x-idempotent" = json!(true)))
)]
pub async fn duplicate(
    admin: CustomerAdmin,
    Url(path): Url<FlowPath>,
    new: Body<Duplicate>,
) -> Answer<Response> {
    let mut act = admin.open().await?;
    if let Some(answer) = act.replayed(&new.hash).await? {
        return Ok(answer);
    }
    let new = new.value;
    let flow = find(&mut act, path.pbx, path.flow).await?;
    let document = match new.version {
        Some(wanted) => version(&mut act, path.pbx, flow.id, wanted).await?,
        None => act.flows(path.pbx).draft(flow.id).await?.document,
    };
    let made = add(&mut act, &admin.actor, path.pbx, new.name, document).await?;
    act.created(&Flow::show(made)).await
}

/// The document of a version that a body names.
async fn version(
    act: &mut Act<TenantTx<'static>>,
    pbx: PbxId,
    flow: FlowId,
    version: u32,
) -> Answer<FlowDocument> {
    match act.flows(pbx).version(flow, version).await {
        Ok((_, document)) => Ok(document),
        Err(StoreError::NotFound) => {
            Err(Problem::field("/version", "no_such_version", "There is no such version."))
        }
        Err(error) => Err(error.into()),
    }
}

/// Refuses a document that would lead calls into errors.
async fn sound(
    act: &mut Act<TenantTx<'static>>,
    pbx: PbxId,
    flow: &voxera_store::Flow,
    document: FlowDocument,
    locale: Locale,
) -> Answer<()> {
    let live = document::live(act, pbx).await?;
    let mut wanted = live.clone();
    document::put(&mut wanted, flow, document);
    let flow = flow.clone();
    // Looks at every rule, every minute of the week and every path: not for a thread that serves.
    let stops = tokio::task::spawn_blocking(move || stops(&live, &wanted, &flow))
        .await
        .map_err(|_| Problem::internal())?;
    if stops.is_empty() {
        return Ok(());
    }
    let count = stops.len();
    let findings: Vec<Finding> = stops.into_iter().map(|finding| Finding::show(&finding, locale)).collect();
    let detail = match findings.as_slice() {
        [one] => one.text.clone(),
        _ => format!("{count} errors would meet callers. Correct them, then publish."),
    };
    let title = "It is not published: calls would meet errors";
    Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "check_failed", title, detail).with_findings(findings))
}

/// `None`: nothing was written.
fn comment(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

impl FlowVersion {
    fn show(version: voxera_store::FlowVersion) -> Self {
        Self {
            flow: version.flow,
            version: version.version,
            comment: version.comment,
            author: version.author_name,
            restored_from: version.restored_from,
            created_at: version.created_at,
        }
    }
}
