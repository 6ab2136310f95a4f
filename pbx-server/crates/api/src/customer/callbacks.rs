//! Callers who asked to be called back.

use crate::customer::extensions::ExtensionRef;
use crate::customer::flows::author;
use crate::input::{CallbackPath, Input, Listed, Paging, PbxPath, Query, Reader, Url, parameter, sorting};
use crate::permit::CustomerReader;
use crate::problem::Answer;
use axum::Json;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};
use voxera_model::{CallId, CallbackId, ExtensionId, Name, PbxId, PhoneNumber};
use voxera_store::{CallbackFilter, Page};

sorting!(NewestFirst: "-requested_at", "done_at", "number");

/// A wish to be called back.
#[derive(Debug, Serialize, ToSchema)]
pub struct Callback {
    pub id: CallbackId,
    /// Whose caller it was.
    pub whom: ExtensionRef,
    /// The call in which it was said, while it is known.
    pub call: Option<CallId>,
    /// As the caller confirmed or typed it; E.164 where it is one.
    pub number: String,
    /// As people write it.
    #[schema(example = "070-123 45 67")]
    pub national: String,
    pub name: Option<Name>,
    pub requested_at: DateTime<Utc>,
    /// `null`: somebody is still to call.
    pub done_at: Option<DateTime<Utc>>,
    /// The name of whoever called back.
    pub done_by: Option<String>,
}

/// Which wishes.
#[derive(Debug, Clone)]
pub struct CallbacksQuery {
    pub page: Paging<NewestFirst>,
    pub done: Option<bool>,
    pub whom: Option<ExtensionId>,
}

impl Input for CallbacksQuery {
    fn read(reader: &mut Reader) -> Option<Self> {
        let (page, done, whom) = (Paging::read(reader), reader.field("done"), reader.field("whom"));
        Some(Self { page: page?, done: done?, whom: whom? })
    }
}

impl IntoParams for CallbacksQuery {
    fn into_params(place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut all = <Paging<NewestFirst> as IntoParams>::into_params(place);
        all.push(parameter(
            "done",
            "Only those that are done, or still to be done.",
            ObjectBuilder::new().schema_type(Type::Boolean),
        ));
        all.push(parameter(
            "whom",
            "Only callers of this extension.",
            ObjectBuilder::new().schema_type(Type::String),
        ));
        all
    }
}

/// Who wants to be called back.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/callbacks", operation_id = "callbacks_list", tag = "Callbacks",
    params(PbxPath, CallbacksQuery),
    responses((status = 200, description = "One page.", body = Listed<Callback>)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn list(
    reader: CustomerReader,
    Url(path): Url<PbxPath>,
    Query(query): Query<CallbacksQuery>,
) -> Answer<Json<Listed<Callback>>> {
    let mut act = reader.open().await?;
    act.pbxs().get(path.pbx).await?;
    let filter = CallbackFilter { done: query.done, whom: query.whom };
    let page: Page = query.page.into();
    let found = act.callbacks(path.pbx).list(&page, &filter).await?;
    Ok(Json(Listed::of(found, Callback::show)))
}

/// Note that somebody called back.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/callbacks/{callback}/done", operation_id = "callbacks_done", tag = "Callbacks",
    params(CallbackPath),
    responses((status = 200, description = "The wish as it is now. Who did it first stays.", body = Callback)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn done(reader: CustomerReader, Url(path): Url<CallbackPath>) -> Answer<Json<Callback>> {
    set(&reader, path.pbx, path.callback, true).await
}

/// Note that somebody is still to call back.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/callbacks/{callback}/reopen", operation_id = "callbacks_reopen", tag = "Callbacks",
    params(CallbackPath),
    responses((status = 200, description = "The wish as it is now.", body = Callback)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn reopen(reader: CustomerReader, Url(path): Url<CallbackPath>) -> Answer<Json<Callback>> {
    set(&reader, path.pbx, path.callback, false).await
}

async fn set(reader: &CustomerReader, pbx: PbxId, id: CallbackId, done: bool) -> Answer<Json<Callback>> {
    let mut act = reader.open().await?;
    let before = act.callbacks(pbx).get(id).await?;
    let by = author(&reader.actor);
    let after = act.callbacks(pbx).set_done(id, done.then_some(&by)).await?;
    act.changed(if done { "callback.done" } else { "callback.reopen" }, id, &before, &after).await?;
    act.commit().await?;
    Ok(Json(Callback::show(after)))
}

impl Callback {
    fn show(callback: voxera_store::Callback) -> Self {
        let parsed = PhoneNumber::parse(&callback.number);
        Self {
            id: callback.id,
            whom: ExtensionRef { id: callback.whom, number: callback.whom_number, name: callback.whom_name },
            call: callback.call,
            national: parsed.map_or_else(|_| callback.number.clone(), |number| number.national()),
            number: callback.number,
            name: callback.name,
            requested_at: callback.requested_at,
            done_at: callback.done_at,
            done_by: callback.done_by,
        }
    }
}
