//! Dialable numbers inside one PBX.

pub mod import;
pub mod settings;

use crate::customer::targets::Targets;
use crate::customer::uses::in_use;
use crate::input::{
    Body, Change, Doc, ExtensionPath, Input, Listed, Paging, PbxPath, Query, Reader, Url, input, parameter,
    parse, sorting,
};
use crate::permit::{CustomerAdmin, CustomerReader};
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use settings::ExtensionSettings;
use std::collections::BTreeMap;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};
use voxera_callflow::{ExtensionType, Kind, RecordingPolicy};
use voxera_model::{ExtensionId, ExtensionNumber, Name, PbxId, UserId};
use voxera_store::{ExtensionFilter, Page, Wanted};

sorting!(ByNumber: "number", "name", "kind", "created_at");

/// A dialable number inside one PBX.
#[derive(Debug, Serialize, ToSchema)]
pub struct Extension {
    pub id: ExtensionId,
    pub pbx: PbxId,
    pub number: ExtensionNumber,
    pub name: Name,
    /// Whose it is; `None`: a room, a door, a spare.
    pub user: Option<UserId>,
    pub user_name: Option<Name>,
    /// What it is; stays.
    pub kind: ExtensionType,
    pub settings: ExtensionSettings,
    /// `null`: its calls are not recorded.
    pub recording: Option<RecordingPolicy>,
    pub status: ExtensionStatus,
    /// Phones set up.
    pub devices: u64,
    /// Phones online now.
    pub phones_online: u32,
    /// Whether a call of it is up now.
    pub in_call: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// An extension by its names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ExtensionRef {
    pub id: ExtensionId,
    pub number: ExtensionNumber,
    pub name: Name,
}

/// What callers would meet now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExtensionStatus {
    /// A phone is online, or no phone is needed.
    Online,
    /// A call of it is up.
    Busy,
    /// No call rings, because the person wants it so.
    DoNotDisturb,
    /// No phone is online.
    Offline,
}

/// Which extensions.
#[derive(Debug, Clone)]
pub struct ExtensionsQuery {
    pub page: Paging<ByNumber>,
    pub kind: Option<ExtensionType>,
    pub user: Option<UserId>,
}

const KINDS: [&str; 7] = ["user", "hunt_group", "queue", "ivr", "conference", "voicemail", "external"];

impl Input for ExtensionsQuery {
    fn read(reader: &mut Reader) -> Option<Self> {
        let page = Paging::read(reader);
        let kind = reader.field::<Option<String>>("kind").and_then(|kind| match kind {
            None => Some(None),
            Some(kind) => {
                let found = parse(&Value::String(kind)).ok();
                if found.is_none() {
                    reader.refuse("kind", "kind", format!("Choose one of {}.", KINDS.join(", ")));
                }
                found.map(Some)
            }
        });
        let user = reader.field("user");
        Some(Self { page: page?, kind: kind?, user: user? })
    }
}

impl IntoParams for ExtensionsQuery {
    fn into_params(place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut all = <Paging<ByNumber> as IntoParams>::into_params(place);
        let kinds = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(KINDS));
        all.push(parameter("kind", "Only extensions of this kind.", kinds));
        all.push(parameter(
            "user",
            "Only extensions of this person.",
            ObjectBuilder::new().schema_type(Type::String),
        ));
        all
    }
}

input! {
    /// A new extension.
    pub struct NewExtension {
        pub number: ExtensionNumber,
        pub name: Name,
        /// A user of the company; may have several extensions.
        pub user: Option<UserId>,
        /// What it is; without it a person with the usual settings. What is left out is as usual.
        #[schema(value_type = Option<ExtensionSettings>)]
        pub settings: Option<Doc<Map<String, Value>>>,
        #[schema(value_type = Option<RecordingPolicy>)]
        pub recording: Option<Doc<RecordingPolicy>>,
    }
}

input! {
    /// What changes of an extension; absent fields stay.
    pub struct ExtensionChange {
        pub number: Option<ExtensionNumber>,
        pub name: Option<Name>,
        /// `null`: nobody's.
        #[schema(value_type = Option<UserId>)]
        pub user: Change<UserId>,
        /// Merged into what is there: absent fields stay, `null` empties; what has a `kind` of its
        /// own and lists are replaced as a whole.
        #[schema(value_type = Option<ExtensionSettings>)]
        pub settings: Option<Doc<Map<String, Value>>>,
        /// `null`: calls are not recorded any more.
        #[schema(value_type = Option<RecordingPolicy>)]
        pub recording: Change<Doc<RecordingPolicy>>,
    }
}

/// The PBX's extensions.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions", operation_id = "extensions_list", tag = "Extensions",
    params(PbxPath, ExtensionsQuery),
    responses((status = 200, description = "One page.", body = Listed<Extension>)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn list(
    reader: CustomerReader,
    Url(path): Url<PbxPath>,
    Query(query): Query<ExtensionsQuery>,
) -> Answer<Json<Listed<Extension>>> {
    let mut act = reader.open().await?;
    let filter =
        ExtensionFilter { kinds: query.kind.into_iter().collect(), user: query.user, except: Vec::new() };
    let page: Page = query.page.into();
    let found = act.extensions(path.pbx).list_of(&page, &filter).await?;
    let now = reader.api.control.presence().availability(path.pbx);
    Ok(Json(Listed::of(found, |extension| Extension::show(extension, &now))))
}

/// Add an extension. 409 `extension_number_taken`, `extension_limit`.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions", operation_id = "extensions_create", tag = "Extensions",
    params(PbxPath),
    request_body(content = NewExtension, example = json!({ "number": "2001", "name": "Order", "settings": { "kind": "queue", "strategy": "longest_idle", "max_wait_seconds": 300 } })),
    responses((status = 201, description = "Made.", body = Extension),
        (status = 409, description = "The PBX has the number (`extension_number_taken`), or as many extensions as it may (`extension_limit`). Or the key was used for another request (`idempotency_key_reused`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")), ("x-idempotent" = json!(true)))
)]
pub async fn create(
    admin: CustomerAdmin,
    Url(path): Url<PbxPath>,
    new: Body<NewExtension>,
) -> Answer<Response> {
    let mut act = admin.open().await?;
    if let Some(answer) = act.replayed(&new.hash).await? {
        return Ok(answer);
    }
    let new = new.value;
    let sent = settings::fresh(new.settings.as_ref().map(|settings| &settings.0))?;
    let recording = new.recording.map(|recording| recording.0);
    recordable(&sent.kind, recording.as_ref())?;
    let mut targets = Targets::of(&sent.kind);
    targets.recording(recording.as_ref());
    targets.check(&mut act, path.pbx, None).await?;
    let record = voxera_store::NewExtension {
        id: ExtensionId(voxera_store::new_id()),
        number: new.number,
        name: new.name,
        user: new.user,
        kind: sent.kind,
        recording,
    };
    let made = act.extensions(path.pbx).create(record).await?;
    act.made("extension.create", made.id, &made).await?;
    act.created(&Extension::show(made, &BTreeMap::new())).await
}

/// One extension.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions/{extension}", operation_id = "extensions_get", tag = "Extensions",
    params(ExtensionPath),
    responses((status = 200, description = "The extension.", body = Extension)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn get(reader: CustomerReader, Url(path): Url<ExtensionPath>) -> Answer<Json<Extension>> {
    let mut act = reader.open().await?;
    let found = act.extensions(path.pbx).get(path.extension).await?;
    Ok(Json(Extension::show(found, &reader.api.control.presence().availability(path.pbx))))
}

/// Change an extension.
#[utoipa::path(
    patch, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions/{extension}", operation_id = "extensions_change", tag = "Extensions",
    params(ExtensionPath),
    request_body(content = ExtensionChange, example = json!({ "name": "Kassan", "user": null, "settings": { "call_waiting": false, "mailbox": null } })),
    responses((status = 200, description = "The extension as it is now.", body = Extension),
        (status = 409, description = "`extension_number_taken`.", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn change(
    admin: CustomerAdmin,
    Url(path): Url<ExtensionPath>,
    change: Body<ExtensionChange>,
) -> Answer<Json<Extension>> {
    let change = change.value;
    let mut act = admin.open().await?;
    let before = act.extensions(path.pbx).get(path.extension).await?;
    let sent = match &change.settings {
        Some(settings) => Some(settings::changed(&before.kind, &settings.0)?),
        None => None,
    };
    let recording = change.recording.into_option().map(|recording| recording.map(|recording| recording.0));
    let policy = recording.as_ref().and_then(Option::as_ref);
    recordable(&before.kind, policy)?;
    let mut targets = sent.as_ref().map(|sent| Targets::of(&sent.kind)).unwrap_or_default();
    targets.recording(policy);
    targets.check(&mut act, path.pbx, Some(path.extension)).await?;
    let pin = sent.as_ref().and_then(|sent| sent.pin.clone());
    let change = voxera_store::ExtensionChange {
        number: change.number,
        name: change.name,
        user: change.user.into_option(),
        kind: sent.map(|sent| sent.kind),
        recording,
        pin,
    };
    let after = act.extensions(path.pbx).update(path.extension, change).await?;
    act.changed("extension.update", path.extension, &before, &after).await?;
    act.commit().await?;
    Ok(Json(Extension::show(after, &admin.api.control.presence().availability(path.pbx))))
}

/// Remove an extension.
#[utoipa::path(
    delete, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/extensions/{extension}", operation_id = "extensions_delete", tag = "Extensions",
    params(ExtensionPath),
    responses((status = 204, description = "Removed, with its phones and messages. Numbers that led to it lead nowhere."),
        (status = 409, description = "A menu, a rule or another extension leads to it (`extension_in_use`); `detail` names them.", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn delete(admin: CustomerAdmin, Url(path): Url<ExtensionPath>) -> Answer<StatusCode> {
    let mut act = admin.open().await?;
    let before = act.extensions(path.pbx).get(path.extension).await?;
    let deleted = act.extensions(path.pbx).delete(path.extension).await;
    in_use(&mut act, Wanted::Extension(path.extension), deleted).await?;
    act.removed("extension.delete", path.extension, &before).await?;
    act.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Extension {
    pub(crate) fn show(
        extension: voxera_store::Extension,
        now: &BTreeMap<ExtensionId, voxera_callflow::Availability>,
    ) -> Self {
        let now = now.get(&extension.id).copied().unwrap_or_default();
        let person = if let Kind::User(user) = &extension.kind { Some(user) } else { None };
        let status = match person {
            _ if now.calls > 0 => ExtensionStatus::Busy,
            Some(user) if user.do_not_disturb => ExtensionStatus::DoNotDisturb,
            Some(_) if now.online == 0 => ExtensionStatus::Offline,
            Some(_) | None => ExtensionStatus::Online,
        };
        Self {
            id: extension.id,
            pbx: extension.pbx,
            number: extension.number,
            name: extension.name,
            user: extension.user,
            user_name: extension.user_name,
            kind: extension.kind.of(),
            settings: ExtensionSettings::show(&extension.kind, extension.has_pin),
            recording: extension.recording,
            status,
            devices: extension.devices,
            phones_online: u32::from(now.online),
            in_call: now.calls > 0,
            created_at: extension.created_at,
            updated_at: extension.updated_at,
        }
    }
}

/// Calls of people, queues and hunt groups are recorded; other extensions have none of their own.
pub(crate) fn recordable(kind: &Kind, policy: Option<&RecordingPolicy>) -> Answer<()> {
    let may = matches!(kind, Kind::User(_) | Kind::Queue(_) | Kind::HuntGroup(_));
    if may || policy.is_none() {
        return Ok(());
    }
    let why = "Calls of people, queues and hunt groups can be recorded.";
    Err(Problem::field("/recording", "not_recordable", why))
}
