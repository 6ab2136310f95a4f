//! Files of sound: sent as a whole or in part, received into a file, converted in the background.

use crate::api::Api;
use crate::problem::{Answer, Problem};
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt as _;
use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};
use tokio_util::io::ReaderStream;
use voxera_audio::{ImportError, Place};
use voxera_model::{AudioId, CustomerId, PbxId, TenantId};
use voxera_store::{Converted, StoreError};

/// The largest upload, bytes.
pub(crate) const UPLOAD: u64 = 20 * 1024 * 1024;
/// How long to wait before the database is asked again.
const AGAIN: Duration = Duration::from_secs(2);

/// A part of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    from: u64,
    /// The last byte, included.
    to: u64,
}

/// Whether a request begins at the beginning: listening, and not jumping about in it.
pub(crate) fn from_the_start(headers: &HeaderMap) -> bool {
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    range.is_none_or(|range| range.trim().starts_with("bytes=0-"))
}

/// Sends a file, or the part of it that `Range` asks for. 404 when it is not there.
pub(crate) async fn send(
    path: &Path,
    kind: &'static str,
    name: &str,
    headers: &HeaderMap,
) -> Answer<Response> {
    let mut file = match File::open(path).await {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            tracing::warn!("a file of sound is missing");
            return Err(Problem::not_found());
        }
        Err(error) => return Err(unreadable(&error)),
    };
    let length = file.metadata().await.map_err(|error| unreadable(&error))?.len();
    let wanted = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let Ok(part) = wanted.map_or(Ok(None), |range| part(range, length)) else {
        return Ok(not_there(length));
    };
    let (status, from, count) = match part {
        None => (StatusCode::OK, 0, length),
        Some(Part { from, to }) => (StatusCode::PARTIAL_CONTENT, from, to - from + 1),
    };
    file.seek(SeekFrom::Start(from)).await.map_err(|error| unreadable(&error))?;
    let body = Body::from_stream(ReaderStream::with_capacity(file.take(count), 64 * 1024));
    let mut response = (status, body).into_response();
    let all = response.headers_mut();
    all.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    all.insert(header::CONTENT_LENGTH, HeaderValue::from(count));
    all.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    all.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    // The name is made of ids and dates.
    if let Ok(value) = HeaderValue::from_str(&format!("inline; filename=\"{name}\"")) {
        all.insert(header::CONTENT_DISPOSITION, value);
    }
    if let Some(Part { from, to }) = part
        && let Ok(value) = HeaderValue::from_str(&format!("bytes {from}-{to}/{length}"))
    {
        all.insert(header::CONTENT_RANGE, value);
    }
    Ok(response)
}

fn unreadable(error: &io::Error) -> Problem {
    tracing::error!(%error, "a file of sound cannot be read");
    Problem::internal()
}

fn not_there(length: u64) -> Response {
    let title = "The file is shorter";
    let detail = format!("The file has {length} bytes. Ask for a part of it that is there.");
    let mut response =
        Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "range_not_satisfiable", title, detail)
            .into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("bytes */{length}")) {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
    response
}

/// The one part that a `Range` asks for. `Ok(None)`: all of it, because the header says something
/// that we need not understand (RFC 9110, 14.2). `Err`: nothing of that is there.
fn part(range: &str, length: u64) -> Result<Option<Part>, ()> {
    let Some((from, to)) = range.trim().strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Ok(None);
    };
    let last = length.checked_sub(1).ok_or(())?;
    match (from.trim().parse::<u64>(), to.trim().parse::<u64>()) {
        (Ok(from), _) if from > last => Err(()),
        (Ok(from), Ok(to)) if to >= from => Ok(Some(Part { from, to: to.min(last) })),
        (Ok(from), Err(_)) if to.trim().is_empty() => Ok(Some(Part { from, to: last })),
        (Err(_), Ok(0)) => Err(()),
        (Err(_), Ok(tail)) if from.trim().is_empty() => {
            Ok(Some(Part { from: length.saturating_sub(tail), to: last }))
        }
        (Ok(_) | Err(_), Ok(_) | Err(_)) => Ok(None),
    }
}

/// An upload that has arrived. Its file goes when nobody takes it.
#[derive(Debug)]
pub(crate) struct Upload {
    path: PathBuf,
    pub(crate) bytes: u64,
    taken: bool,
}

impl Upload {
    /// Receives a body into a file, at most 20 MB of a kind that we can read, told by its first bytes.
    pub(crate) async fn receive(api: &Api, request: Request) -> Answer<Self> {
        let folder = api.library.incoming().map_err(|error| unwritable(&error))?;
        let path = folder.join(voxera_store::new_id().simple().to_string());
        let mut upload = Self { path, bytes: 0, taken: false };
        let mut options = tokio::fs::OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let mut file = options.open(&upload.path).await.map_err(|error| unwritable(&error))?;
        let mut chunks = request.into_body().into_data_stream();
        let mut head = Vec::new();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| incomplete())?;
            upload.bytes += chunk.len() as u64;
            if upload.bytes > UPLOAD {
                return Err(Problem::new(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "too_large",
                    "The sound is too large",
                    "Send at most 20 MB. An MP3 file of 20 MB is about 20 minutes long.",
                ));
            }
            if head.len() < HEAD {
                head.extend(chunk.iter().take(HEAD - head.len()));
                if head.len() == HEAD && !is_sound(&head) {
                    return Err(not_sound());
                }
            }
            file.write_all(&chunk).await.map_err(|error| unwritable(&error))?;
        }
        if !is_sound(&head) {
            return Err(not_sound());
        }
        file.flush().await.map_err(|error| unwritable(&error))?;
        Ok(upload)
    }

    /// Where it lies; from now on it is the caller's.
    pub(crate) fn take(mut self) -> PathBuf {
        self.taken = true;
        std::mem::take(&mut self.path)
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.taken
            && let Err(error) = std::fs::remove_file(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "an upload cannot be removed");
        }
    }
}

/// As many bytes as tell sound from everything else.
const HEAD: usize = 12;

fn is_sound(head: &[u8]) -> bool {
    let wav = head.len() >= HEAD && head.starts_with(b"RIFF") && &head[8..12] == b"WAVE";
    // A tag, or the first frame at once: eleven bits of sync, a layer, a rate.
    let mp3 = head.starts_with(b"ID3")
        || matches!(head, [0xff, second, third, ..]
            if second & 0xe0 == 0xe0 && second & 0x06 != 0 && third & 0xf0 != 0xf0);
    // What browsers record: WebM, Ogg, MP4.
    let recorded = head.starts_with(b"\x1a\x45\xdf\xa3")
        || head.starts_with(b"OggS")
        || matches!(head, [_, _, _, _, b'f', b't', b'y', b'p', ..]);
    wav || mp3 || recorded
}

fn not_sound() -> Problem {
    Problem::field("", "not_sound", "This file is no sound that we can read. Choose an MP3 or WAV file.")
}

fn incomplete() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "body_incomplete",
        "The body did not arrive whole",
        "Send the request again.",
    )
}

fn unwritable(error: &io::Error) -> Problem {
    tracing::error!(%error, "an upload cannot be kept");
    if error.kind() == io::ErrorKind::StorageFull {
        return Problem::new(
            StatusCode::INSUFFICIENT_STORAGE,
            "disk_full",
            "The server's disk is full",
            "Whoever runs the server has to make room. Then try again.",
        );
    }
    Problem::internal()
}

/// A sound, wherever it belongs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AudioOf {
    pub(crate) tenant: TenantId,
    pub(crate) customer: CustomerId,
    pub(crate) pbx: PbxId,
    pub(crate) audio: AudioId,
}

impl AudioOf {
    pub(crate) const fn place(&self) -> Place {
        Place { tenant: self.tenant, customer: self.customer }
    }
}

/// Converts a sound in the background. `upload`: as it arrived; `None`: what is kept of it is tried again.
pub(crate) fn convert(api: &Api, sound: AudioOf, upload: Option<Upload>) {
    let api = api.clone();
    tokio::spawn(async move {
        let path = upload.map_or_else(|| api.library.original(&sound.place(), sound.audio), Upload::take);
        let how = match api.library.import(&sound.place(), sound.audio, &path).await {
            Ok(done) => {
                Converted::Ready { millis: u32::try_from(done.millis).unwrap_or(u32::MAX), peaks: done.peaks }
            }
            Err(error) => {
                tracing::warn!(audio = %sound.audio, %error, "a sound cannot be converted");
                Converted::Failed(ImportError::code(error).to_owned())
            }
        };
        loop {
            match note(&api, sound, &how).await {
                Ok(()) => break,
                // It was removed meanwhile.
                Err(StoreError::NotFound) => {
                    let removed = api.library.remove_audio(&sound.place(), sound.audio);
                    if let Err(error) = removed {
                        tracing::warn!(%error, "files of a sound cannot be removed");
                    }
                    break;
                }
                Err(StoreError::Unavailable(_)) => tokio::time::sleep(AGAIN).await,
                Err(error) => {
                    tracing::error!(%error, "it cannot be noted what became of a sound");
                    break;
                }
            }
        }
        api.tell_of_audio(sound);
    });
}

async fn note(api: &Api, sound: AudioOf, how: &Converted) -> voxera_store::Result<()> {
    let scope = api.store.tenant_scope(sound.tenant).await?.for_customer(sound.customer);
    let mut tx = api.store.tenant(&scope).await?;
    tx.audio(sound.pbx).converted(sound.audio, how).await?;
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_the_part_that_is_there() {
        let between = |from, to| Ok(Some(Part { from, to }));
        assert_eq!(part("bytes=0-99", 1000), between(0, 99));
        assert_eq!(part("bytes=990-2000", 1000), between(990, 999));
        assert_eq!(part("bytes=5-", 1000), between(5, 999));
        assert_eq!(part("bytes=-10", 1000), between(990, 999));
        assert_eq!(part("bytes=-5000", 1000), between(0, 999));
        for nothing in ["bytes=1000-", "bytes=1000-1001", "bytes=-0"] {
            assert_eq!(part(nothing, 1000), Err(()), "{nothing}");
        }
        assert_eq!(part("bytes=0-", 0), Err(()));
        for whole in ["bytes=0-1,5-6", "bytes=9-5", "bytes=x-y", "seconds=0-1", "bytes", "bytes=-"] {
            assert_eq!(part(whole, 1000), Ok(None), "{whole}");
        }
    }

    #[test]
    fn sound_is_told_by_its_first_bytes() {
        for sound in [
            b"RIFF\0\0\0\0WAVE".as_slice(),
            b"ID3\x04\0\0\0\0\0\0\0\0",
            b"\xff\xfb\x90\x64\0\0\0\0\0\0\0\0",
            b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81",
            b"OggS\0\x02\0\0\0\0\0\0",
            b"\0\0\0\x1cftypM4A ",
        ] {
            assert!(is_sound(sound));
        }
        for other in [
            b"".as_slice(),
            b"RIFF",
            b"RIFF\0\0\0\0AVI ",
            b"<html><body>",
            b"\xff\xd8\xff\xe0\0\x10JFIF\0\0",
            b"%PDF-1.7 123",
        ] {
            assert!(!is_sound(other), "{}", String::from_utf8_lossy(other));
        }
    }
}
