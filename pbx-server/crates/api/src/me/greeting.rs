//! What callers hear before they leave me a message: recorded in the browser, or a file.

use crate::act::Act;
use crate::customer::extensions::Extension;
use crate::input::{MyExtensionPath, Url};
use crate::me::extension::{Mine, NO_MAILBOX, mailbox, person};
use crate::media::{Upload, send};
use crate::permit::Me;
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use voxera_audio::ImportError;
use voxera_callflow::{Kind, Mailbox, Prompt};
use voxera_model::{AudioId, Locale, Name};
use voxera_store::{ExtensionChange, TenantTx, UserExtension};

/// Milliseconds of a greeting at most.
const LONGEST: u64 = 3 * 60 * 1000;

/// The greeting of an extension of mine, as callers hear it. With `Range` a part of it (206).
#[utoipa::path(
    get, path = "/api/v1/me/extensions/{extension}/greeting", operation_id = "me_greeting", tag = "Me",
    params(MyExtensionPath, ("Range" = Option<String>, Header, description = "`bytes=0-999`: only this part; answered with 206.")),
    responses((status = 200, description = "The greeting.", content((Vec<u8> = "audio/wav"))),
        (status = 404, description = "None is recorded: callers hear the usual one, or a text read aloud.", body = Problem, content_type = "application/problem+json"),
        (status = 416, description = "The file is shorter (`range_not_satisfiable`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn sound(me: Me, Url(path): Url<MyExtensionPath>, headers: HeaderMap) -> Answer<Response> {
    let (place, one) = person(&me, path.extension).await?;
    let greeting = mailbox(&one.extension.kind).and_then(|mailbox| mailbox.greeting.as_ref());
    let Some(Prompt::Audio { audio }) = greeting else { return Err(Problem::not_found()) };
    let file = me.api.library.converted(&place.place(), *audio);
    send(&file, "audio/wav", &format!("{audio}.wav"), &headers).await
}

/// Record the greeting of an extension of mine: WebM, Ogg, MP4, MP3 or WAV, at most 20 MB and 3 minutes.
#[utoipa::path(
    put, path = "/api/v1/me/extensions/{extension}/greeting", operation_id = "me_greeting_put", tag = "Me",
    params(MyExtensionPath),
    request_body(description = "The sound.", content((Vec<u8> = "audio/webm"), (Vec<u8> = "audio/ogg"), (Vec<u8> = "audio/mp4"), (Vec<u8> = "audio/mpeg"), (Vec<u8> = "audio/wav"))),
    responses((status = 200, description = "Callers hear it from now on; the extension as it is now.", body = Extension),
        (status = 409, description = "The extension has no mailbox (`no_mailbox`).", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The server lacks the program that converts sound (`ffmpeg_missing`).", body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "The server's disk is full (`disk_full`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn record(me: Me, Url(path): Url<MyExtensionPath>, request: Request) -> Answer<Json<Extension>> {
    let (place, one) = person(&me, path.extension).await?;
    require_mailbox(&one)?;
    let upload = Upload::receive(&me.api, request).await?;
    let (audio, bytes) = (AudioId(voxera_store::new_id()), upload.bytes);
    let library = &me.api.library;
    let imported = match library.import(&place.place(), audio, &upload.take()).await {
        Ok(imported) if imported.millis <= LONGEST => imported,
        Ok(_) => return Err(given_up(&me, &place, audio, too_long())),
        Err(error) => return Err(given_up(&me, &place, audio, refused(error, me.actor.principal.locale))),
    };
    let kept = async {
        let mut act = place.open(&me).await?;
        let called = named(&one, me.actor.principal.locale)?;
        let millis = u32::try_from(imported.millis).unwrap_or(u32::MAX);
        let sound = act
            .audio(one.pbx.id)
            .create_greeting(audio, one.extension.id, &called, bytes, (millis, &imported.peaks))
            .await?;
        act.made("audio.create", audio, &sound).await?;
        greet(&me, &place, act, &one, Some(Prompt::Audio { audio })).await
    };
    match kept.await {
        Ok(extension) => Ok(Json(extension)),
        Err(problem) => Err(given_up(&me, &place, audio, problem)),
    }
}

/// Callers of an extension of mine hear the usual greeting again.
#[utoipa::path(
    delete, path = "/api/v1/me/extensions/{extension}/greeting", operation_id = "me_greeting_delete", tag = "Me",
    params(MyExtensionPath),
    responses((status = 204, description = "Removed. One that there is not is no error."),
        (status = 409, description = "The extension has no mailbox (`no_mailbox`).", body = Problem, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("signed_in")))
)]
pub async fn delete(me: Me, Url(path): Url<MyExtensionPath>) -> Answer<StatusCode> {
    let (place, one) = person(&me, path.extension).await?;
    require_mailbox(&one)?;
    let act = place.open(&me).await?;
    greet(&me, &place, act, &one, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Puts a greeting in the place of the present one, and removes what was recorded before and is
/// played by nothing any more.
async fn greet(
    me: &Me,
    place: &Mine,
    mut act: Act<TenantTx<'static>>,
    one: &UserExtension,
    greeting: Option<Prompt>,
) -> Answer<Extension> {
    let (pbx, id) = (one.pbx.id, one.extension.id);
    // As it is in this transaction: what was changed in between stays.
    let before = act.extensions(pbx).get(id).await?;
    let mut kind = before.kind.clone();
    if let Kind::User(user) = &mut kind
        && let Some(Mailbox { greeting: now, .. }) = &mut user.mailbox
    {
        *now = greeting;
    }
    let change = ExtensionChange { kind: Some(kind), ..ExtensionChange::default() };
    let after = act.extensions(pbx).update(id, change).await?;
    act.changed("extension.update", id, &before, &after).await?;
    let gone = act.audio(pbx).drop_greetings(id).await?;
    act.commit().await?;
    for audio in gone {
        remove(me, place, audio);
    }
    Ok(Extension::show(after, &me.api.control.presence().availability(pbx)))
}

fn require_mailbox(one: &UserExtension) -> Answer<()> {
    match mailbox(&one.extension.kind) {
        Some(_) => Ok(()),
        None => Err(Problem::conflict("no_mailbox", NO_MAILBOX)),
    }
}

/// As it stands among the sounds of the PBX.
fn named(one: &UserExtension, locale: Locale) -> Answer<Name> {
    let greeting = match locale {
        Locale::Sv => "Hälsning",
        Locale::En => "Greeting",
    };
    Name::parse(&format!("{greeting} {}", one.extension.number)).map_err(|_| Problem::internal())
}

fn given_up(me: &Me, place: &Mine, audio: AudioId, problem: Problem) -> Problem {
    remove(me, place, audio);
    problem
}

fn remove(me: &Me, place: &Mine, audio: AudioId) {
    if let Err(error) = me.api.library.remove_audio(&place.place(), audio) {
        // Nobody can reach the files any more; the tidying finds them.
        tracing::warn!(%error, "files of a greeting cannot be removed");
    }
}

fn too_long() -> Problem {
    Problem::field("", "greeting_too_long", "A greeting has 3 minutes at most. Record a shorter one.")
}

fn refused(error: ImportError, locale: Locale) -> Problem {
    tracing::warn!(%error, "a greeting cannot be converted");
    match error {
        ImportError::NotSound | ImportError::Unreadable | ImportError::TooSlow => {
            Problem::field("", error.code(), error.say(locale))
        }
        ImportError::TooLong => too_long(),
        ImportError::FfmpegMissing => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            error.code(),
            "Sound cannot be converted here",
            error.say(locale),
        ),
        ImportError::DiskFull => Problem::new(
            StatusCode::INSUFFICIENT_STORAGE,
            error.code(),
            "The server's disk is full",
            error.say(locale),
        ),
        ImportError::Disk => Problem::internal(),
    }
}
