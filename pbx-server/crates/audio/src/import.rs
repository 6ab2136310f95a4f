//! What people upload becomes what phones can hear.

use crate::peaks::peaks;
use crate::run::{RunError, Tool};
use crate::wav;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use voxera_model::{AudioId, Locale};

/// Seconds; a longer sound is refused.
const LONGEST: u64 = 30 * 60;
/// Parts of an outline.
const PEAKS: usize = 200;

/// A sound that is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    pub millis: u64,
    /// 0 to 255, at most 200 of them.
    pub peaks: Vec<u8>,
}

/// Why an upload cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    #[error("FFmpeg is not installed")]
    FfmpegMissing,
    #[error("the file is no sound of a kind that is read")]
    NotSound,
    #[error("the file has no sound that can be read")]
    Unreadable,
    #[error("the sound is longer than 30 minutes")]
    TooLong,
    #[error("the conversion took longer than a minute")]
    TooSlow,
    #[error("the disk is full")]
    DiskFull,
    #[error("the file cannot be read or written")]
    Disk,
}

impl ImportError {
    const ALL: [Self; 7] = [
        Self::FfmpegMissing,
        Self::NotSound,
        Self::Unreadable,
        Self::TooLong,
        Self::TooSlow,
        Self::DiskFull,
        Self::Disk,
    ];

    /// Stable, for the row that remembers it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::FfmpegMissing => "ffmpeg_missing",
            Self::NotSound => "not_sound",
            Self::Unreadable => "unreadable",
            Self::TooLong => "too_long",
            Self::TooSlow => "too_slow",
            Self::DiskFull => "disk_full",
            Self::Disk => "disk",
        }
    }

    /// The error that a row remembers.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|error| error.code() == code)
    }

    /// What is wrong and what to do, for people.
    #[must_use]
    pub const fn say(self, locale: Locale) -> &'static str {
        match (self, locale) {
            (Self::FfmpegMissing, Locale::Sv) => {
                "FFmpeg saknas på servern. Den som sköter servern installerar paketet ffmpeg; försök sedan igen."
            }
            (Self::FfmpegMissing, Locale::En) => {
                "FFmpeg is missing on the server. Whoever runs it installs the package ffmpeg; then try again."
            }
            (Self::NotSound, Locale::Sv) => {
                "Filen är inget ljud som vi kan läsa. Välj en MP3- eller WAV-fil."
            }
            (Self::NotSound, Locale::En) => {
                "The file is no sound that we can read. Choose an MP3 or WAV file."
            }
            (Self::Unreadable, Locale::Sv) => {
                "Filen är skadad eller utan ljud. Öppna den i ett ljudprogram, spara den på nytt och ladda upp den igen."
            }
            (Self::Unreadable, Locale::En) => {
                "The file is damaged or has no sound. Open it in a sound program, save it again and upload it anew."
            }
            (Self::TooLong, Locale::Sv) => {
                "Ljudet är längre än 30 minuter. Korta det och ladda upp det igen."
            }
            (Self::TooLong, Locale::En) => {
                "The sound is longer than 30 minutes. Shorten it and upload it again."
            }
            (Self::TooSlow, Locale::Sv) => {
                "Omvandlingen tog mer än en minut. Försök igen, eller med en kortare fil."
            }
            (Self::TooSlow, Locale::En) => {
                "The conversion took more than a minute. Try again, or with a shorter file."
            }
            (Self::DiskFull, Locale::Sv) => {
                "Serverns disk är full. Den som sköter servern frigör plats; försök sedan igen."
            }
            (Self::DiskFull, Locale::En) => {
                "The server's disk is full. Whoever runs it makes room; then try again."
            }
            (Self::Disk, Locale::Sv) => "Filen kunde inte läsas eller sparas på servern. Försök igen.",
            (Self::Disk, Locale::En) => "The file could not be read or saved on the server. Try again.",
        }
    }

    fn of(error: &io::Error) -> Self {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        if matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge) {
            Self::DiskFull
        } else {
            Self::Disk
        }
    }
}

/// The names of one sound's files.
pub(crate) struct Files {
    pub(crate) original: PathBuf,
    pub(crate) wide: PathBuf,
    pub(crate) narrow: PathBuf,
}

impl Files {
    pub(crate) fn of(folder: &Path, audio: AudioId) -> Self {
        let named = |ending: &str| folder.join(format!("{audio}.{ending}"));
        Self { original: named("original"), wide: named("16000.wav"), narrow: named("8000.wav") }
    }
}

/// What a file is by its first bytes, whatever it is called: the name of `FFmpeg`'s reader for it.
fn reader_of(path: &Path) -> Result<&'static str, ImportError> {
    let mut head = [0; 12];
    let mut file = std::fs::File::open(path).map_err(|error| ImportError::of(&error))?;
    let mut read = 0;
    while read < head.len() {
        match file.read(&mut head[read..]) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) => return Err(ImportError::of(&error)),
        }
    }
    match &head[..read] {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E'] => Ok("wav"),
        [b'I', b'D', b'3', ..] => Ok("mp3"),
        [0xff, second, ..] if second & 0xe0 == 0xe0 && second & 0x06 != 0 => Ok("mp3"),
        // What browsers record.
        [0x1a, 0x45, 0xdf, 0xa3, ..] => Ok("matroska"),
        [b'O', b'g', b'g', b'S', ..] => Ok("ogg"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Ok("mov"),
        _ => Err(ImportError::NotSound),
    }
}

/// Converts the original to mono WAV at 8 and 16 kHz, as loud as speech on a telephone.
pub(crate) async fn convert(ffmpeg: &Tool, files: &Files) -> Result<Imported, ImportError> {
    let reader = reader_of(&files.original)?;
    let (wide, narrow) = (files.wide.with_extension("part"), files.narrow.with_extension("part"));
    let seconds = (LONGEST + 1).to_string();
    let level = "loudnorm=I=-20:TP=-4:LRA=11";
    let mut arguments: Vec<&OsStr> = Vec::new();
    // No other file or address can be named from inside an upload, and no other format is tried.
    for argument in ["-nostdin", "-hide_banner", "-loglevel", "error", "-threads", "1", "-y"] {
        arguments.push(argument.as_ref());
    }
    for argument in ["-protocol_whitelist", "file", "-f", reader, "-t", &seconds, "-i"] {
        arguments.push(argument.as_ref());
    }
    arguments.push(files.original.as_os_str());
    for (rate, to) in [("16000", &wide), ("8000", &narrow)] {
        for argument in ["-map", "0:a:0", "-af", level, "-ar", rate, "-ac", "1", "-c:a", "pcm_s16le"] {
            arguments.push(argument.as_ref());
        }
        for argument in ["-map_metadata", "-1", "-fflags", "+bitexact", "-f", "wav"] {
            arguments.push(argument.as_ref());
        }
        arguments.push(to.as_os_str());
    }
    let ran = ffmpeg.run(&arguments, &[]).await;
    let done = match ran {
        Ok(_) => keep(files, &wide, &narrow),
        Err(RunError::Missing(_)) => Err(ImportError::FfmpegMissing),
        Err(RunError::Slow(_)) => Err(ImportError::TooSlow),
        Err(RunError::Failed { says, .. }) => {
            tracing::info!(%says, "an upload cannot be converted");
            Err(if says.contains("No space left") { ImportError::DiskFull } else { ImportError::Unreadable })
        }
        Err(RunError::Io(error)) => Err(ImportError::of(&error)),
    };
    if done.is_err() {
        for half in [&wide, &narrow] {
            // Whatever was written is of no use; a file that was never made is no fault.
            let _ = std::fs::remove_file(half);
        }
    }
    done
}

fn keep(files: &Files, wide: &Path, narrow: &Path) -> Result<Imported, ImportError> {
    let sound = wav::read(narrow).map_err(|_| ImportError::Unreadable)?;
    let millis = sound.millis();
    if millis == 0 {
        return Err(ImportError::Unreadable);
    }
    if millis > LONGEST * 1000 {
        return Err(ImportError::TooLong);
    }
    let peaks = peaks(narrow, PEAKS).map_err(|error| ImportError::of(&error))?;
    for (from, to) in [(wide, &files.wide), (narrow, &files.narrow)] {
        std::fs::rename(from, to).map_err(|error| ImportError::of(&error))?;
    }
    Ok(Imported { millis, peaks })
}
