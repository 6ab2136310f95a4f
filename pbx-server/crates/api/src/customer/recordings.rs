//! Recorded calls. Whoever listens to one is written down.

use crate::act::Act;
use crate::customer::calls::CallParty;
use crate::customer::extensions::ExtensionRef;
use crate::customer::messages::remove_file;
use crate::input::{Input, Listed, Paging, PbxPath, Query, Reader, RecordingPath, Url, parameter, sorting};
use crate::media::{from_the_start, send};
use crate::permit::{CustomerAdmin, CustomerReader};
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::{IntoParams, ToSchema};
use voxera_audio::Place;
use voxera_model::{CallId, ExtensionId, PbxId, RecordingId};
use voxera_store::{Page, RecordingFilter, StoreError, TenantTx};

sorting!(NewestFirst: "-started_at", "seconds", "from", "to");

/// A recorded call: stereo, the caller on the left, the other side on the right.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Recording {
    pub id: RecordingId,
    pub pbx: PbxId,
    pub call: CallId,
    pub started_at: DateTime<Utc>,
    pub seconds: f64,
    pub bytes: u64,
    pub from: CallParty,
    pub to: CallParty,
    /// Whose settings asked for it; those that were removed are left out.
    pub owners: Vec<ExtensionRef>,
    /// When it will be removed.
    pub expires_at: DateTime<Utc>,
    /// The loudest of each part, 0 to 255, at most 200.
    #[schema(value_type = Vec<u32>)]
    pub peaks: Vec<u8>,
}

/// Which recordings.
#[derive(Debug, Clone)]
pub struct RecordingsQuery {
    pub page: Paging<NewestFirst>,
    pub extension: Option<ExtensionId>,
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
}

impl Input for RecordingsQuery {
    fn read(reader: &mut Reader) -> Option<Self> {
        let (page, extension) = (Paging::read(reader), reader.field("extension"));
        let (from, to) = (reader.field("from"), reader.field("to"));
        Some(Self { page: page?, extension: extension?, from: from?, to: to? })
    }
}

impl IntoParams for RecordingsQuery {
    fn into_params(place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let time = || {
            ObjectBuilder::new()
                .schema_type(Type::String)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        };
        let mut all = <Paging<NewestFirst> as IntoParams>::into_params(place);
        all.push(parameter(
            "extension",
            "Only recordings of this extension.",
            ObjectBuilder::new().schema_type(Type::String),
        ));
        all.push(parameter("from", "Only calls that began at this time or later.", time()));
        all.push(parameter("to", "Only calls that began before this time.", time()));
        all
    }
}

/// The PBX's recorded calls, the newest first. `search` finds numbers, names and the call's id.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/recordings", operation_id = "recordings_list", tag = "Recordings",
    params(PbxPath, RecordingsQuery),
    responses((status = 200, description = "One page.", body = Listed<Recording>)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn list(
    reader: CustomerReader,
    Url(path): Url<PbxPath>,
    Query(query): Query<RecordingsQuery>,
) -> Answer<Json<Listed<Recording>>> {
    let mut act = reader.open().await?;
    act.pbxs().get(path.pbx).await?;
    let filter = RecordingFilter {
        owners: query.extension.into_iter().collect(),
        from: query.from,
        to: query.to,
        ..RecordingFilter::default()
    };
    let page: Page = query.page.into();
    let found = act.recordings(path.pbx).list(&page, &filter).await?;
    let owners = owners(&mut act, path.pbx, &found.items).await?;
    Ok(Json(Listed::of(found, |recording| Recording::show(recording, &owners))))
}

/// The recording itself; the listening is written down. With `Range` a part of it (206).
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/recordings/{recording}/audio", operation_id = "recordings_audio", tag = "Recordings",
    params(RecordingPath, ("Range" = Option<String>, Header, description = "`bytes=0-999`: only this part; answered with 206.")),
    responses((status = 200, description = "The recording.", content((Vec<u8> = "audio/wav"))),
        (status = 416, description = "The file is shorter (`range_not_satisfiable`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn audio(
    reader: CustomerReader,
    Url(path): Url<RecordingPath>,
    headers: HeaderMap,
) -> Answer<Response> {
    let mut act = reader.open().await?;
    let found = act.recordings(path.pbx).get(path.recording).await?;
    if from_the_start(&headers) {
        let none = None::<&serde_json::Value>;
        act.changed("recording.listen", path.recording, &none, &none).await?;
        act.commit().await?;
    } else {
        drop(act);
    }
    let place = Place { tenant: reader.tenant, customer: reader.customer };
    let file = reader.api.library.recording_path(&place, path.recording);
    send(&file, "audio/wav", &file_name(&found), &headers).await
}

/// Remove a recording before its time.
#[utoipa::path(
    delete, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/recordings/{recording}", operation_id = "recordings_delete", tag = "Recordings",
    params(RecordingPath),
    responses((status = 204, description = "Removed.")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn delete(admin: CustomerAdmin, Url(path): Url<RecordingPath>) -> Answer<StatusCode> {
    let mut act = admin.open().await?;
    let before = act.recordings(path.pbx).get(path.recording).await?;
    act.recordings(path.pbx).delete(path.recording).await?;
    let logged = serde_json::json!({ "call": before.call, "started_at": before.started_at });
    act.removed("recording.delete", path.recording, &logged).await?;
    act.commit().await?;
    let place = Place { tenant: admin.tenant, customer: admin.customer };
    remove_file(admin.api.library.remove_recording(&place, path.recording));
    Ok(StatusCode::NO_CONTENT)
}

/// `recording-20261121-0815.wav`
pub(crate) fn file_name(recording: &voxera_store::Recording) -> String {
    format!("recording-{}.wav", recording.started_at.format("%Y%m%d-%H%M%S"))
}

/// The extensions that a page of recordings names.
pub(crate) async fn owners(
    act: &mut Act<TenantTx<'static>>,
    pbx: PbxId,
    recordings: &[voxera_store::Recording],
) -> Answer<HashMap<ExtensionId, ExtensionRef>> {
    let mut known = HashMap::new();
    for id in recordings.iter().flat_map(|recording| recording.owners.iter().copied()) {
        if known.contains_key(&id) {
            continue;
        }
        match act.extensions(pbx).get(id).await {
            Ok(found) => {
                known.insert(id, ExtensionRef { id, number: found.number, name: found.name });
            }
            Err(StoreError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(known)
}

impl Recording {
    pub(crate) fn show(
        recording: voxera_store::Recording,
        owners: &HashMap<ExtensionId, ExtensionRef>,
    ) -> Self {
        let party = |number: Option<String>, name, extension| CallParty {
            number: number.unwrap_or_default(),
            name,
            extension,
        };
        Self {
            id: recording.id,
            pbx: recording.pbx,
            call: recording.call,
            started_at: recording.started_at,
            seconds: f64::from(recording.millis) / 1000.0,
            bytes: recording.bytes,
            from: party(recording.from_number, recording.from_name, recording.from_extension),
            to: party(recording.to_number, recording.to_name, recording.to_extension),
            owners: recording.owners.iter().filter_map(|id| owners.get(id)).cloned().collect(),
            expires_at: recording.expires_at,
            peaks: recording.peaks,
        }
    }
}
