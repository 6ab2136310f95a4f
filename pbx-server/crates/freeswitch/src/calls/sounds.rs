//! What callers hear, as `FreeSWITCH` names it: files of the library, and tones.

use crate::dialplan::{Hears, Sounds, Wish};
use std::path::Path;
use std::time::Duration;
use voxera_audio::{Library, Place};
use voxera_callflow::{Snapshot, Sound};
use voxera_model::AudioId;

/// A node waits some seconds for an answer. Reading a text aloud for the first time may take longer.
const READY_WITHIN: Duration = Duration::from_millis(1_500);
const BEEP: &str = "tone_stream://%(300,50,1000)";

/// Finds the files of everything that a wish may need.
pub(super) async fn find(library: Option<&Library>, snapshot: &Snapshot, wish: &Wish) -> Sounds {
    let place = Place { tenant: snapshot.tenant, customer: snapshot.customer };
    let mut sounds = Sounds::default();
    if let Hears::Sounds { sounds: wanted } = &wish.hears {
        let ready = tokio::time::Instant::now() + READY_WITHIN;
        for sound in wanted {
            // Made on a task of its own: what takes too long for this answer is there for the next.
            let (library, wanted) = (library.cloned(), sound.clone());
            let made = tokio::spawn(async move { one(library.as_ref(), &place, &wanted).await });
            let Ok(made) = tokio::time::timeout_at(ready, made).await else {
                sounds.pending = true;
                return sounds;
            };
            if let Some(named) = made.ok().flatten() {
                sounds.sounds.insert(sound.clone(), named);
            } else {
                metrics::counter!("voxera_freeswitch_sounds_missing_total").increment(1);
                tracing::warn!("a sound is missing: callers hear a tone in its place");
            }
        }
    }
    if let Hears::Music { audio } = &wish.hears
        && let Some(file) = music(library, &place, audio.or(snapshot.music))
    {
        sounds.music.insert(*audio, file);
    }
    let Some(library) = library else { return sounds };
    sounds.message = wish.message.and_then(|message| {
        let path = library.message_path(&place, message.id);
        writable(library, &path)
    });
    sounds.recording = wish.recording.and_then(|id| writable(library, &library.recording_path(&place, id)));
    sounds
}

async fn one(library: Option<&Library>, place: &Place, sound: &Sound) -> Option<String> {
    let library = match sound {
        Sound::Beep => return Some(BEEP.to_owned()),
        Sound::Audio { .. } | Sound::Speech { .. } | Sound::Message { .. } => library?,
    };
    match sound {
        Sound::Beep => None,
        Sound::Audio { audio } => readable(&library.converted(place, *audio)),
        Sound::Message { message } => readable(&library.message_path(place, *message)),
        Sound::Speech { text, language } => match library.speech_file(text, *language).await {
            Ok(path) => readable(&path),
            Err(error) => {
                tracing::warn!(%error, "a text cannot be read aloud");
                None
            }
        },
    }
}

/// Music of a company; `None`: the built-in, which is a stream.
pub(crate) fn music(library: Option<&Library>, place: &Place, audio: Option<AudioId>) -> Option<String> {
    readable(&library?.converted(place, audio?))
}

fn readable(path: &Path) -> Option<String> {
    path.is_file().then(|| plain(path)).flatten()
}

fn writable(library: &Library, path: &Path) -> Option<String> {
    if let Err(error) = library.make_room(path) {
        tracing::error!(%error, "a recording has no folder");
        return None;
    }
    plain(path)
}

/// A path that means nothing but itself in a script. The names of our files are such; where the
/// operator put them is checked by `doctor`.
fn plain(path: &Path) -> Option<String> {
    let path = path.to_str()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '+');
    if path.chars().all(plain) {
        return Some(path.to_owned());
    }
    tracing::error!("the folder of sounds has characters in its name that FreeSWITCH reads as its own");
    None
}
