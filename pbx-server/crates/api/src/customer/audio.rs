//! Uploaded sounds: greetings, announcements, music on hold.

use crate::act::Act;
use crate::api::Api;
use crate::customer::uses::{Use, in_use};
use crate::input::{
    AudioPath, Body, Input, Listed, Paging, PbxPath, Query, Reader, Url, input, language, sorting,
};
use crate::media::{AudioOf, Upload, convert, send};
use crate::permit::{CustomerAdmin, CustomerReader};
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use voxera_audio::{ImportError, Place};
use voxera_model::{AudioId, Locale, Name, PbxId};
use voxera_store::{AudioFile, Converted, NewAudio, TenantTx, Wanted};

sorting!(ByName: "name", "created_at", "seconds", "state");

/// What a sound was uploaded for; it can be played anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AudioPurpose {
    Prompt,
    Greeting,
    Music,
}

/// How far a sound is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AudioState {
    Converting,
    Ready,
    /// Callers hear a tone instead.
    Failed,
}

/// A sound.
#[derive(Debug, Serialize, ToSchema)]
pub struct Audio {
    pub id: AudioId,
    pub pbx: PbxId,
    pub name: Name,
    pub purpose: AudioPurpose,
    pub state: AudioState,
    /// Why it failed and what to do, in a sentence.
    pub error: Option<String>,
    /// How long it is, once it is ready.
    pub seconds: Option<f64>,
    /// Of the upload.
    pub bytes: u64,
    /// The loudest of each part, 0 to 255, at most 200, once it is ready.
    #[schema(value_type = Vec<u32>)]
    pub peaks: Vec<u8>,
    /// What plays it.
    pub used_by: Vec<Use>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What an upload is called.
#[derive(Debug, Clone, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UploadQuery {
    /// Of its own in the PBX.
    #[param(value_type = String, example = "Pausmusik")]
    pub name: Name,
    /// `prompt` (without it), `greeting` or `music`.
    #[param(value_type = Option<String>)]
    pub purpose: AudioPurpose,
}

impl Input for UploadQuery {
    fn read(reader: &mut Reader) -> Option<Self> {
        let name = reader.field("name");
        let purpose = reader.field::<Option<String>>("purpose").and_then(|purpose| {
            let found = match purpose.as_deref() {
                None | Some("prompt") => Some(AudioPurpose::Prompt),
                Some("greeting") => Some(AudioPurpose::Greeting),
                Some("music") => Some(AudioPurpose::Music),
                Some(_) => None,
            };
            if found.is_none() {
                reader.refuse("purpose", "purpose", "Choose prompt, greeting or music.");
            }
            found
        });
        Some(Self { name: name?, purpose: purpose? })
    }
}

input! {
    /// What changes of a sound.
    pub struct AudioChange {
        pub name: Name,
    }
}

/// The PBX's sounds.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/audio", operation_id = "audio_list", tag = "Audio",
    params(PbxPath, Paging<ByName>, ("Accept-Language" = Option<String>, Header, description = "`sv` or `en`: the language of errors.")),
    responses((status = 200, description = "One page.", body = Listed<Audio>)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn list(
    reader: CustomerReader,
    Url(path): Url<PbxPath>,
    headers: HeaderMap,
    Query(page): Query<Paging<ByName>>,
) -> Answer<Json<Listed<Audio>>> {
    let locale = language(&headers).unwrap_or(reader.actor.principal.locale);
    let mut act = reader.open().await?;
    let found = act.audio(path.pbx).list(&page.into()).await?;
    let mut items = Vec::with_capacity(found.items.len());
    for sound in found.items {
        items.push(show(&mut act, sound, locale).await?);
    }
    Ok(Json(Listed { items, total: found.total }))
}

/// Upload a sound: MP3 or WAV, at most 20 MB and 30 minutes.
///
/// It is converted in the background: `state` becomes `ready` (or `failed`, with the cause), and an event `audio` is sent.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/audio", operation_id = "audio_upload", tag = "Audio",
    params(PbxPath, UploadQuery),
    request_body(description = "The file.", content((Vec<u8> = "audio/mpeg"), (Vec<u8> = "audio/wav"))),
    responses((status = 202, description = "Taken; it is being converted.", body = Audio),
        (status = 409, description = "The PBX has a sound with this name (`audio_name_taken`).", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "The server's disk is full (`disk_full`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn upload(
    admin: CustomerAdmin,
    Url(path): Url<PbxPath>,
    Query(query): Query<UploadQuery>,
    request: Request,
) -> Answer<(StatusCode, Json<Audio>)> {
    let locale = language(request.headers()).unwrap_or(admin.actor.principal.locale);
    // No connection to the database is held while the file arrives.
    admin.open().await?.pbxs().get(path.pbx).await?;
    let upload = Upload::receive(&admin.api, request).await?;
    let mut act = admin.open().await?;
    let new = NewAudio {
        id: AudioId(voxera_store::new_id()),
        name: query.name,
        purpose: query.purpose.into(),
        bytes: upload.bytes,
    };
    let made = act.audio(path.pbx).create(new).await?;
    act.made("audio.create", made.id, &made).await?;
    act.commit().await?;
    let sound = AudioOf { tenant: admin.tenant, customer: admin.customer, pbx: path.pbx, audio: made.id };
    convert(&admin.api, sound, Some(upload));
    Ok((StatusCode::ACCEPTED, Json(Audio::show(made, Vec::new(), locale))))
}

/// One sound.
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/audio/{audio}", operation_id = "audio_get", tag = "Audio",
    params(AudioPath, ("Accept-Language" = Option<String>, Header, description = "`sv` or `en`: the language of the error.")),
    responses((status = 200, description = "The sound.", body = Audio)),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn get(
    reader: CustomerReader,
    Url(path): Url<AudioPath>,
    headers: HeaderMap,
) -> Answer<Json<Audio>> {
    let locale = language(&headers).unwrap_or(reader.actor.principal.locale);
    let mut act = reader.open().await?;
    let found = act.audio(path.pbx).get(path.audio).await?;
    Ok(Json(show(&mut act, found, locale).await?))
}

/// The sound itself, as phones hear it. With `Range` a part of it (206).
#[utoipa::path(
    get, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/audio/{audio}/content", operation_id = "audio_content", tag = "Audio",
    params(AudioPath, ("Range" = Option<String>, Header, description = "`bytes=0-999`: only this part; answered with 206.")),
    responses((status = 200, description = "The sound.", content((Vec<u8> = "audio/wav"))),
        (status = 409, description = "It is not ready yet (`not_ready`).", body = Problem, content_type = "application/problem+json"),
        (status = 416, description = "The file is shorter (`range_not_satisfiable`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("manager")))
)]
pub async fn content(
    reader: CustomerReader,
    Url(path): Url<AudioPath>,
    headers: HeaderMap,
) -> Answer<Response> {
    let found = reader.open().await?.audio(path.pbx).get(path.audio).await?;
    if found.state != voxera_store::AudioState::Ready {
        return Err(Problem::conflict("not_ready", "The sound is not ready: look at its state."));
    }
    let place = Place { tenant: reader.tenant, customer: reader.customer };
    let file = reader.api.library.converted(&place, path.audio);
    send(&file, "audio/wav", &format!("{}.wav", path.audio), &headers).await
}

/// Give a sound another name.
#[utoipa::path(
    patch, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/audio/{audio}", operation_id = "audio_change", tag = "Audio",
    params(AudioPath),
    request_body(content = AudioChange, example = json!({ "name": "Pausmusik, jul" })),
    responses((status = 200, description = "The sound as it is now.", body = Audio),
        (status = 409, description = "Another sound has the name (`audio_name_taken`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn change(
    admin: CustomerAdmin,
    Url(path): Url<AudioPath>,
    headers: HeaderMap,
    change: Body<AudioChange>,
) -> Answer<Json<Audio>> {
    let locale = language(&headers).unwrap_or(admin.actor.principal.locale);
    let mut act = admin.open().await?;
    let before = act.audio(path.pbx).get(path.audio).await?;
    let after = act.audio(path.pbx).rename(path.audio, &change.value.name).await?;
    act.changed("audio.update", path.audio, &before, &after).await?;
    let shown = show(&mut act, after, locale).await?;
    act.commit().await?;
    Ok(Json(shown))
}

/// Try a conversion that failed again, from the file as it was uploaded.
#[utoipa::path(
    post, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/audio/{audio}/retry", operation_id = "audio_retry", tag = "Audio",
    params(AudioPath),
    responses((status = 202, description = "It is being converted.", body = Audio),
        (status = 409, description = "It did not fail (`not_failed`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn retry(
    admin: CustomerAdmin,
    Url(path): Url<AudioPath>,
    headers: HeaderMap,
) -> Answer<(StatusCode, Json<Audio>)> {
    let locale = language(&headers).unwrap_or(admin.actor.principal.locale);
    let mut act = admin.open().await?;
    let before = act.audio(path.pbx).get(path.audio).await?;
    if before.state != voxera_store::AudioState::Failed {
        return Err(Problem::conflict("not_failed", "The conversion of this sound did not fail."));
    }
    let after = act.audio(path.pbx).converted(path.audio, &Converted::Again).await?;
    act.changed("audio.retry", path.audio, &before, &after).await?;
    let shown = show(&mut act, after, locale).await?;
    act.commit().await?;
    let sound = AudioOf { tenant: admin.tenant, customer: admin.customer, pbx: path.pbx, audio: path.audio };
    convert(&admin.api, sound, None);
    Ok((StatusCode::ACCEPTED, Json(shown)))
}

/// Remove a sound.
#[utoipa::path(
    delete, path = "/api/v1/tenants/{tenant}/customers/{customer}/pbxs/{pbx}/audio/{audio}", operation_id = "audio_delete", tag = "Audio",
    params(AudioPath),
    responses((status = 204, description = "Removed."),
        (status = 409, description = "Something plays it (`audio_in_use`); `detail` names what.", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("customer_admin")))
)]
pub async fn delete(admin: CustomerAdmin, Url(path): Url<AudioPath>) -> Answer<StatusCode> {
    let mut act = admin.open().await?;
    let before = act.audio(path.pbx).get(path.audio).await?;
    let deleted = act.audio(path.pbx).delete(path.audio).await;
    in_use(&mut act, Wanted::Audio(path.audio), deleted).await?;
    act.removed("audio.delete", path.audio, &before).await?;
    act.commit().await?;
    let place = Place { tenant: admin.tenant, customer: admin.customer };
    if let Err(error) = admin.api.library.remove_audio(&place, path.audio) {
        // Nobody can reach the files any more; the tidying finds them.
        tracing::warn!(%error, "files of a sound cannot be removed");
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn show(act: &mut Act<TenantTx<'static>>, sound: AudioFile, locale: Locale) -> Answer<Audio> {
    let uses = act.references(Wanted::Audio(sound.id)).await?;
    Ok(Audio::show(sound, uses.iter().map(Use::show).collect(), locale))
}

impl Audio {
    fn show(sound: AudioFile, used_by: Vec<Use>, locale: Locale) -> Self {
        let error = sound.error.map(|code| match ImportError::from_code(&code) {
            Some(error) => error.say(locale).to_owned(),
            None => code,
        });
        Self {
            id: sound.id,
            pbx: sound.pbx,
            name: sound.name,
            purpose: match sound.purpose {
                voxera_store::AudioPurpose::Prompt => AudioPurpose::Prompt,
                voxera_store::AudioPurpose::Greeting => AudioPurpose::Greeting,
                voxera_store::AudioPurpose::Music => AudioPurpose::Music,
            },
            state: match sound.state {
                voxera_store::AudioState::Converting => AudioState::Converting,
                voxera_store::AudioState::Ready => AudioState::Ready,
                voxera_store::AudioState::Failed => AudioState::Failed,
            },
            error,
            seconds: sound.millis.map(|millis| f64::from(millis) / 1000.0),
            bytes: sound.bytes,
            peaks: sound.peaks.unwrap_or_default(),
            used_by,
            created_at: sound.created_at,
            updated_at: sound.updated_at,
        }
    }
}

impl From<AudioPurpose> for voxera_store::AudioPurpose {
    fn from(purpose: AudioPurpose) -> Self {
        match purpose {
            AudioPurpose::Prompt => Self::Prompt,
            AudioPurpose::Greeting => Self::Greeting,
            AudioPurpose::Music => Self::Music,
        }
    }
}

/// Conversions that a stop of the server cut short begin again.
pub(crate) async fn resume(api: &Api) -> voxera_store::Result<usize> {
    let mut count = 0;
    let mut page = voxera_store::Page::all();
    let mut tenants = Vec::new();
    loop {
        let found = api.store.platform().await?.tenants().list(&page).await?.items;
        let last = found.len() < page.limit as usize;
        tenants.extend(found.into_iter().map(|tenant| tenant.id));
        if last {
            break;
        }
        page.offset += page.limit;
    }
    for tenant in tenants {
        let scope = api.store.tenant_scope(tenant).await?;
        let mut tx = api.store.tenant(&scope).await?;
        for sound in tx.unconverted_audio().await? {
            let of = AudioOf { tenant, customer: sound.customer, pbx: sound.pbx, audio: sound.id };
            convert(api, of, None);
            count += 1;
        }
    }
    Ok(count)
}
