//! Where sounds lie, and those that are at hand.

use crate::import::{self, Files, ImportError, Imported};
use crate::pcm::Pcm;
use crate::run::Tool;
use crate::speech::{SpeechError, Voices};
use crate::wav::{self, WavWriter};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use voxera_model::{AudioId, CustomerId, Locale, MessageId, RecordingId, TenantId};

/// Samples that are kept in memory: 64 MB.
const AT_HAND: usize = 32 << 20;
/// Spoken texts on disk; the oldest beyond go at the next start.
const SPOKEN: usize = 5000;

/// Where things are on this machine.
#[derive(Debug, Clone)]
pub struct LibraryConfig {
    /// Of all sounds, `<tenant>/<customer>/{audio,messages,recordings}` in it; made (mode 0700) when missing.
    pub media_dir: PathBuf,
    /// Converts uploads.
    pub ffmpeg: PathBuf,
    /// Reads Swedish aloud.
    pub espeak: PathBuf,
    /// Reads English aloud.
    pub flite: PathBuf,
}

impl LibraryConfig {
    /// With the programs that the machine has in its path.
    pub fn new(media_dir: impl Into<PathBuf>) -> Self {
        Self {
            media_dir: media_dir.into(),
            ffmpeg: "ffmpeg".into(),
            espeak: "espeak-ng".into(),
            flite: "flite".into(),
        }
    }
}

impl LibraryConfig {
    /// The programs that this needs, with the argument that makes them tell their version: what
    /// converts, what reads Swedish, what reads English.
    #[must_use]
    pub fn tools(&self) -> [(Tool, &'static str); 3] {
        let tool = |program: &PathBuf| Tool { program: program.clone() };
        [
            (tool(&self.ffmpeg), "-version"),
            (tool(&self.espeak), "--version"),
            (tool(&self.flite), "--version"),
        ]
    }
}

/// Whose sounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    pub tenant: TenantId,
    pub customer: CustomerId,
}

/// All sounds of the installation. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Library {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    media_dir: PathBuf,
    ffmpeg: Tool,
    voices: Voices,
    at_hand: Mutex<AtHand>,
    /// One text is read once, however many callers want to hear it at the same moment.
    reading: tokio::sync::Mutex<()>,
}

/// Sounds in memory; the one that was wanted longest ago goes first.
#[derive(Debug, Default)]
struct AtHand {
    sounds: HashMap<PathBuf, (u64, Arc<Pcm>)>,
    samples: usize,
    turn: u64,
}

impl AtHand {
    fn get(&mut self, path: &Path) -> Option<Arc<Pcm>> {
        self.turn += 1;
        let (turn, sound) = self.sounds.get_mut(path)?;
        *turn = self.turn;
        Some(Arc::clone(sound))
    }

    fn put(&mut self, path: PathBuf, sound: &Arc<Pcm>) {
        self.forget(&path);
        self.turn += 1;
        self.samples += sound.samples.len();
        self.sounds.insert(path, (self.turn, Arc::clone(sound)));
        while self.samples > AT_HAND && self.sounds.len() > 1 {
            let oldest = self.sounds.iter().min_by_key(|(_, (turn, _))| *turn).map(|(path, _)| path.clone());
            let Some(oldest) = oldest else { return };
            self.forget(&oldest);
        }
    }

    fn forget(&mut self, path: &Path) {
        if let Some((_, sound)) = self.sounds.remove(path) {
            self.samples -= sound.samples.len();
        }
    }
}

impl Library {
    /// Makes the folders, and throws out texts that were read aloud long ago.
    pub fn new(config: LibraryConfig) -> io::Result<Self> {
        let voices = Voices { espeak: Tool::new(&config.espeak), flite: Tool::new(&config.flite) };
        let library = Self {
            inner: Arc::new(Inner {
                ffmpeg: Tool::new(&config.ffmpeg),
                voices,
                media_dir: config.media_dir,
                at_hand: Mutex::default(),
                reading: tokio::sync::Mutex::default(),
            }),
        };
        let spoken = library.spoken_dir();
        made(&spoken)?;
        tidy(&spoken)?;
        Ok(library)
    }

    /// The programs that this needs, with the argument that makes them tell their version.
    #[must_use]
    pub fn tools(&self) -> [(&Tool, &'static str); 3] {
        let Inner { ffmpeg, voices, .. } = &*self.inner;
        [(ffmpeg, "-version"), (&voices.espeak, "--version"), (&voices.flite, "--version")]
    }

    /// Takes an upload in (the file is moved), keeps it as it was, and makes it ready for phones. Also
    /// for a second try, with [`Library::original`] as the upload. Takes seconds.
    pub async fn import(
        &self,
        place: &Place,
        audio: AudioId,
        upload: &Path,
    ) -> Result<Imported, ImportError> {
        let folder = self.folder(place, "audio");
        let files = Files::of(&folder, audio);
        let moved = made(&folder)
            .and_then(|()| if upload == files.original { Ok(()) } else { moved(upload, &files.original) });
        moved.map_err(|error| {
            tracing::error!(%error, "an upload cannot be kept");
            if error.kind() == io::ErrorKind::StorageFull { ImportError::DiskFull } else { ImportError::Disk }
        })?;
        let imported = import::convert(&self.inner.ffmpeg, &files).await?;
        self.at_hand().forget(&files.wide);
        Ok(imported)
    }

    /// The upload as it came.
    #[must_use]
    pub fn original(&self, place: &Place, audio: AudioId) -> PathBuf {
        Files::of(&self.folder(place, "audio"), audio).original
    }

    /// The converted sound as a file, to be listened to.
    #[must_use]
    pub fn converted(&self, place: &Place, audio: AudioId) -> PathBuf {
        Files::of(&self.folder(place, "audio"), audio).wide
    }

    /// An uploaded sound; `None`: it is missing, or was never converted.
    pub async fn sound(&self, place: &Place, audio: AudioId) -> Option<Arc<Pcm>> {
        let path = self.converted(place, audio);
        if let Some(sound) = self.at_hand().get(&path) {
            return Some(sound);
        }
        let sound = Arc::new(loaded(path.clone()).await?);
        self.at_hand().put(path, &sound);
        Some(sound)
    }

    /// A message of a mailbox; `None`: its file is missing.
    pub async fn message(&self, place: &Place, message: MessageId) -> Option<Arc<Pcm>> {
        loaded(self.message_path(place, message)).await.map(Arc::new)
    }

    /// A text read aloud, from memory or disk when it was read before.
    pub async fn speech(&self, text: &str, language: Locale) -> Result<Arc<Pcm>, SpeechError> {
        let path = self.spoken_dir().join(format!("{}.wav", name_of(text, language)));
        if let Some(sound) = self.at_hand().get(&path) {
            return Ok(sound);
        }
        let _one = self.inner.reading.lock().await;
        let known = self.at_hand().get(&path);
        if let Some(sound) = known {
            return Ok(sound);
        }
        if let Some(sound) = loaded(path.clone()).await {
            let sound = Arc::new(sound);
            self.at_hand().put(path, &sound);
            return Ok(sound);
        }
        let sound = Arc::new(self.inner.voices.read(text, language, &self.spoken_dir()).await?);
        self.at_hand().put(path.clone(), &sound);
        let kept = Arc::clone(&sound);
        let wrote = tokio::task::spawn_blocking(move || keep(&path, &kept)).await;
        if let Ok(Err(error)) = wrote {
            // It is read again after the next start.
            tracing::warn!(%error, "a spoken text cannot be kept");
        }
        Ok(sound)
    }

    /// The same as a file, for engines that play files.
    pub async fn speech_file(&self, text: &str, language: Locale) -> Result<PathBuf, SpeechError> {
        self.speech(text, language).await?;
        Ok(self.spoken_dir().join(format!("{}.wav", name_of(text, language))))
    }

    /// A folder with the built-in music alone, for engines that play folders.
    pub fn built_in_music(&self) -> io::Result<PathBuf> {
        let folder = self.inner.media_dir.join("music");
        made(&folder)?;
        let file = folder.join("music.wav");
        if !file.exists() {
            // Not in the folder itself: whoever plays it reads what it finds there.
            let draft = self.inner.media_dir.join("music.wav");
            keep(&draft, &crate::built_in::music())?;
            std::fs::rename(draft, &file)?;
        }
        Ok(folder)
    }

    /// Makes the folder of a file that an engine is about to write.
    pub fn make_room(&self, file: &Path) -> io::Result<()> {
        file.parent().map_or(Ok(()), made)
    }

    /// Where a message of a mailbox lies; its folder is made when the file is.
    #[must_use]
    pub fn message_path(&self, place: &Place, message: MessageId) -> PathBuf {
        self.folder(place, "messages").join(format!("{message}.wav"))
    }

    /// Where a recorded call lies; its folder is made when the file is.
    #[must_use]
    pub fn recording_path(&self, place: &Place, recording: RecordingId) -> PathBuf {
        self.folder(place, "recordings").join(format!("{recording}.wav"))
    }

    /// Deletes every file of a sound; one that is gone is no fault.
    pub fn remove_audio(&self, place: &Place, audio: AudioId) -> io::Result<()> {
        let Files { original, wide, narrow } = Files::of(&self.folder(place, "audio"), audio);
        self.at_hand().forget(&wide);
        [original, wide, narrow].iter().try_for_each(|path| removed(path))
    }

    /// Deletes a message's file; one that is gone is no fault.
    pub fn remove_message(&self, place: &Place, message: MessageId) -> io::Result<()> {
        removed(&self.message_path(place, message))
    }

    /// Deletes a recording's file; one that is gone is no fault.
    pub fn remove_recording(&self, place: &Place, recording: RecordingId) -> io::Result<()> {
        removed(&self.recording_path(place, recording))
    }

    /// A folder for uploads that are still coming in, on the same disk as what they become.
    pub fn incoming(&self) -> io::Result<PathBuf> {
        let folder = self.inner.media_dir.join("incoming");
        made(&folder)?;
        Ok(folder)
    }

    fn folder(&self, place: &Place, kind: &str) -> PathBuf {
        self.inner.media_dir.join(place.tenant.to_string()).join(place.customer.to_string()).join(kind)
    }

    fn spoken_dir(&self) -> PathBuf {
        self.inner.media_dir.join("speech")
    }

    fn at_hand(&self) -> MutexGuard<'_, AtHand> {
        self.inner.at_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn name_of(text: &str, language: Locale) -> String {
    let mut hash = Sha256::new();
    hash.update(match language {
        Locale::Sv => "sv\0",
        Locale::En => "en\0",
    });
    hash.update(text);
    hash.finalize().iter().fold(String::new(), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    })
}

async fn loaded(path: PathBuf) -> Option<Pcm> {
    let shown = path.clone();
    match tokio::task::spawn_blocking(move || wav::read(&path)).await.ok()? {
        Ok(sound) => Some(sound),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            tracing::warn!(%error, path = %shown.display(), "a sound cannot be read");
            None
        }
    }
}

fn keep(path: &Path, sound: &Pcm) -> io::Result<()> {
    let half = path.with_extension("part");
    removed(&half)?;
    let mut file = WavWriter::create(&half, sound.rate, 1)?;
    file.write(&sound.samples)?;
    file.finish()?;
    std::fs::rename(half, path)
}

fn made(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn moved(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            std::fs::copy(from, to)?;
            std::fs::remove_file(from)
        }
        done => done,
    }
}

fn removed(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn tidy(spoken: &Path) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(spoken)? {
        let entry = entry?;
        let at = entry.metadata().and_then(|data| data.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        files.push((at, entry.path()));
    }
    files.sort_by(|a, b| b.cmp(a));
    files.iter().skip(SPOKEN).try_for_each(|(_, path)| removed(path))
}
