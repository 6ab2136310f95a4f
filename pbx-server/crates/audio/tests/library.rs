//! Uploads and speech, with the real programs and without them.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use std::path::{Path, PathBuf};
use std::process::Command;
use uuid::Uuid;
use voxera_audio::{ImportError, Library, LibraryConfig, Pcm, Place, SpeechError, ToolState, WavWriter};
use voxera_model::{AudioId, CustomerId, Locale, TenantId};

const PLACE: Place = Place { tenant: TenantId(Uuid::from_u128(1)), customer: CustomerId(Uuid::from_u128(2)) };
const AUDIO: AudioId = AudioId(Uuid::from_u128(3));

struct Rig {
    library: Library,
    folder: tempfile::TempDir,
}

fn rig() -> Rig {
    with(|_| {})
}

fn with(change: impl FnOnce(&mut LibraryConfig)) -> Rig {
    let folder = tempfile::tempdir().unwrap();
    let mut config = LibraryConfig::new(folder.path().join("media"));
    change(&mut config);
    Rig { library: Library::new(config).unwrap(), folder }
}

impl Rig {
    /// Two seconds of 440 Hz in a file of this kind.
    fn tone(&self, name: &str) -> PathBuf {
        let wav = self.folder.path().join("tone.wav");
        if !wav.exists() {
            let mut file = WavWriter::create(&wav, 16_000, 1).unwrap();
            let tone = (0..32_000).map(|n| f64::from(n) * 440.0 * std::f64::consts::TAU / 16_000.0);
            #[expect(clippy::cast_possible_truncation, reason = "within 16 bits")]
            file.write(&tone.map(|at| (at.sin() * 9000.0) as i16).collect::<Vec<_>>()).unwrap();
            file.finish().unwrap();
        }
        let path = self.folder.path().join(name);
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-nostdin", "-loglevel", "error", "-y", "-i"]).arg(&wav).arg(&path);
        assert!(ffmpeg.status().unwrap().success());
        path
    }
}

/// How much of the sound is this pitch, 0 to 1.
fn share(sound: &Pcm, hertz: f64) -> f64 {
    let (mut cosine, mut sine, mut all) = (0.0, 0.0, 0.0);
    for (n, sample) in (0_u32..).zip(&sound.samples) {
        let at = f64::from(n) * hertz * std::f64::consts::TAU / f64::from(sound.rate);
        let sample = f64::from(*sample);
        cosine += sample * at.cos();
        sine += sample * at.sin();
        all += sample * sample;
    }
    #[expect(clippy::cast_precision_loss, reason = "few samples")]
    let count = sound.samples.len() as f64;
    2.0 * (cosine * cosine + sine * sine) / (count * all)
}

fn left_in(folder: &Path) -> Vec<String> {
    let named = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<String> = std::fs::read_dir(folder).unwrap().map(named).collect();
    names.sort();
    names
}

#[tokio::test]
async fn an_mp3_becomes_mono_at_two_rates_and_is_there_to_be_played() {
    let rig = rig();
    let upload = rig.tone("hold.mp3");
    let imported = rig.library.import(&PLACE, AUDIO, &upload).await.unwrap();
    assert!((1950..2150).contains(&imported.millis), "{}", imported.millis);
    assert_eq!(imported.peaks.len(), 200);
    assert!(imported.peaks[100] > 10);
    let sound = rig.library.sound(&PLACE, AUDIO).await.unwrap();
    assert_eq!(sound.rate, 16_000);
    assert!(share(&sound, 440.0) > 0.9, "{}", share(&sound, 440.0));
    let narrow = voxera_audio::read(
        &rig.library.converted(&PLACE, AUDIO).with_extension("").with_extension("8000.wav"),
    );
    assert_eq!(narrow.unwrap().rate, 8000);
    assert!(!upload.exists(), "the upload was moved");
    rig.library.remove_audio(&PLACE, AUDIO).unwrap();
    assert_eq!(rig.library.sound(&PLACE, AUDIO).await, None);
    assert_eq!(left_in(rig.library.original(&PLACE, AUDIO).parent().unwrap()), [""; 0]);
}

#[tokio::test]
async fn what_is_no_sound_is_refused_and_leaves_only_the_upload() {
    let rig = rig();
    for (content, error) in [
        (&b"<html>not a sound at all</html>"[..], ImportError::NotSound),
        (b"", ImportError::NotSound),
        (b"#EXTM3U\nfile:///etc/passwd\n", ImportError::NotSound),
        (b"RIFF\x10\0\0\0WAVEnothing here", ImportError::Unreadable),
        (b"ID3\x03\0\0\0\0\0\0garbage garbage garbage", ImportError::Unreadable),
    ] {
        let upload = rig.folder.path().join("upload");
        std::fs::write(&upload, content).unwrap();
        assert_eq!(rig.library.import(&PLACE, AUDIO, &upload).await, Err(error));
        let folder = rig.library.original(&PLACE, AUDIO);
        assert_eq!(left_in(folder.parent().unwrap()), [format!("{AUDIO}.original")]);
    }
}

#[tokio::test]
async fn without_ffmpeg_the_cure_is_named_and_a_later_try_works() {
    let rig = with(|config| config.ffmpeg = "/nowhere/ffmpeg".into());
    let upload = rig.tone("hold.wav");
    let error = rig.library.import(&PLACE, AUDIO, &upload).await.unwrap_err();
    assert_eq!(error, ImportError::FfmpegMissing);
    assert!(error.say(Locale::Sv).contains("ffmpeg") && error.say(Locale::En).contains("ffmpeg"));
    assert_eq!(ImportError::from_code(error.code()), Some(error));
    let [(ffmpeg, argument), ..] = rig.library.tools();
    assert_eq!(ffmpeg.state(argument).await, ToolState::Missing);
    let installed = Library::new(LibraryConfig::new(rig.folder.path().join("media"))).unwrap();
    let original = installed.original(&PLACE, AUDIO);
    assert!(installed.import(&PLACE, AUDIO, &original).await.is_ok());
}

#[tokio::test]
async fn texts_are_read_aloud_in_both_languages_and_read_once() {
    let rig = rig();
    let sv = rig.library.speech("Välkommen till Åkes Bageri.", Locale::Sv).await.unwrap();
    let en = rig.library.speech("Welcome to Åke's Bakery.", Locale::En).await.unwrap();
    for sound in [&sv, &en] {
        assert_eq!(sound.rate, 16_000);
        assert!((900..6000).contains(&sound.millis()), "{sound:?}");
        let peak = sound.samples.iter().map(|sample| sample.unsigned_abs()).max();
        assert!(peak.is_some_and(|peak| (16_000..17_000).contains(&peak)), "{peak:?}");
    }
    // A library that cannot read has what was read before.
    let silent = LibraryConfig {
        espeak: "/nowhere/espeak".into(),
        flite: "/nowhere/flite".into(),
        ..LibraryConfig::new(rig.folder.path().join("media"))
    };
    let silent = Library::new(silent).unwrap();
    assert_eq!(silent.speech("Välkommen till Åkes Bageri.", Locale::Sv).await.unwrap(), sv);
    assert!(matches!(silent.speech("Något nytt.", Locale::Sv).await, Err(SpeechError::NoVoice)));
}

#[tokio::test]
async fn a_text_is_never_an_option_of_the_program() {
    let rig = rig();
    for text in ["--help", "-f /etc/passwd", "; rm -rf /", "$(reboot)"] {
        let sound = rig.library.speech(text, Locale::Sv).await.unwrap();
        assert!(sound.millis() > 100, "{text}: {sound:?}");
    }
}

#[tokio::test]
async fn a_full_disk_is_named_and_nothing_half_done_stays() {
    // What FFmpeg says when the disk is full, by a program that says the same.
    let rig = rig();
    let full = rig.folder.path().join("full-ffmpeg");
    std::fs::write(
        &full,
        "#!/bin/sh\necho 'av_interleaved_write_frame(): No space left on device' >&2\nexit 1\n",
    )
    .unwrap();
    std::fs::set_permissions(&full, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let library =
        Library::new(LibraryConfig { ffmpeg: full, ..LibraryConfig::new(rig.folder.path().join("media")) })
            .unwrap();
    let upload = rig.tone("hold.wav");
    assert_eq!(library.import(&PLACE, AUDIO, &upload).await, Err(ImportError::DiskFull));
    assert_eq!(left_in(library.original(&PLACE, AUDIO).parent().unwrap()), [format!("{AUDIO}.original")]);
}
