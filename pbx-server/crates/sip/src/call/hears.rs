//! What a caller hears: prompts, music, tones.

use crate::call::leg::Leg;
use crate::call::{CallTask, Input, Side};
use crate::media::PlayId;
use std::sync::Arc;
use voxera_audio::{Library, Pcm, Place};
use voxera_callflow::{Event, Sound};
use voxera_model::AudioId;

/// What it hears now. Each wish has a number, so that a sound that comes late is not played.
#[derive(Debug, Default)]
pub struct Hearing {
    number: u64,
    what: What,
    /// Came before the phone was ready for it.
    waiting: Option<Vec<Arc<Pcm>>>,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum What {
    #[default]
    Nothing,
    /// Being fetched, or waiting for the phone.
    Sounds,
    Playing(PlayId),
    Music(Option<AudioId>),
    Ringback,
    Tone,
}

impl Hearing {
    /// Whether anything is heard, or about to be.
    pub fn is_anything(&self) -> bool {
        self.what != What::Nothing
    }

    /// Whatever it was, it is over.
    pub fn stop(&mut self) {
        self.number += 1;
        self.what = What::Nothing;
        self.waiting = None;
    }

    fn begin(&mut self, what: What) -> u64 {
        self.stop();
        self.what = what;
        self.number
    }
}

impl CallTask {
    /// Plays one after the other, then tells the core.
    pub(super) fn play(&mut self, sounds: Vec<Sound>) {
        let number = self.hearing.begin(What::Sounds);
        if !self.caller.as_ref().is_some_and(Leg::is_up) {
            self.hearing.stop();
            return self.happened(Event::Played);
        }
        self.hush();
        let (place, library, own) = (self.place(), self.hub.config.library.clone(), self.own.clone());
        self.hub.spawn(async move {
            let mut fetched = Vec::with_capacity(sounds.len());
            for sound in &sounds {
                fetched.push(fetch(library.as_ref(), &place, sound).await);
            }
            // The call is over: nobody needs to hear.
            let _ = own.send(Input::Loaded(number, fetched));
        });
    }

    /// Music until something else is said.
    pub(super) fn music(&mut self, audio: Option<AudioId>) {
        if self.hearing.what == What::Music(audio) {
            return;
        }
        let number = self.hearing.begin(What::Music(audio));
        self.hush();
        let (place, library, own) = (self.place(), self.hub.config.library.clone(), self.own.clone());
        let audio = audio.or(self.core.view().snapshot.music);
        self.hub.spawn(async move {
            let music = music(library.as_ref(), &place, audio).await;
            let _ = own.send(Input::Loaded(number, vec![music]));
        });
    }

    /// The tone of a phone that rings.
    pub(super) fn ringback(&mut self) {
        if self.hearing.what != What::Ringback {
            let number = self.hearing.begin(What::Ringback);
            self.loaded(number, vec![voxera_audio::ringback()]);
        }
    }

    /// A tone for those who try their phone.
    pub(super) fn tone(&mut self) {
        let number = self.hearing.begin(What::Tone);
        self.hush();
        self.loaded(number, vec![voxera_audio::test_tone()]);
    }

    /// The caller hears itself.
    pub(super) fn echo(&mut self) {
        self.silence();
        if let Some(endpoint) = self.caller.as_ref().and_then(|leg| leg.endpoint.as_ref()) {
            endpoint.echo(true);
        }
    }

    /// Nothing more is heard.
    pub(super) fn silence(&mut self) {
        self.hearing.stop();
        self.hush();
    }

    fn hush(&self) {
        if let Some(endpoint) = self.caller.as_ref().and_then(|leg| leg.endpoint.as_ref()) {
            endpoint.silence();
        }
    }

    /// What was asked for is here.
    pub(super) fn loaded(&mut self, number: u64, sounds: Vec<Arc<Pcm>>) {
        if self.hearing.number == number {
            self.hearing.waiting = Some(sounds);
            self.start_hearing();
        }
    }

    /// Plays what waits, as soon as the phone said where to.
    pub(super) fn start_hearing(&mut self) {
        let Some(leg) = self.caller.as_ref().filter(|leg| leg.codec.is_some()) else { return };
        let Some(sounds) = self.hearing.waiting.take() else { return };
        let Some(endpoint) = &leg.endpoint else { return };
        match &mut self.hearing.what {
            What::Nothing => {}
            What::Music(_) | What::Ringback | What::Tone => {
                endpoint.play(sounds, true);
            }
            what @ (What::Sounds | What::Playing(_)) => *what = What::Playing(endpoint.play(sounds, false)),
        }
    }

    /// Something was heard to its end.
    pub(super) fn played(&mut self, played: PlayId) {
        if self.hearing.what == What::Playing(played) {
            self.hearing.stop();
            self.happened(Event::Played);
        }
    }

    /// Fetches the PBX's music for a side that is put on hold.
    pub(super) fn fetch_hold_music(&self, side: Side) {
        let leg = match side {
            Side::Caller => self.caller.as_ref(),
            Side::Callee => self.callee.as_ref(),
        };
        let Some(leg) = leg else { return };
        let (id, reach) = (leg.id, leg.reach.clone());
        let (place, library) = (self.place(), self.hub.config.library.clone());
        let audio = self.core.view().snapshot.music;
        self.hub.spawn(async move {
            let music = music(library.as_ref(), &place, audio).await;
            let _ = reach.tell(Input::HoldMusic(id, music));
        });
    }

    /// Where this company's sounds lie.
    pub(super) fn place(&self) -> Place {
        let snapshot = &self.core.view().snapshot;
        Place { tenant: snapshot.tenant, customer: snapshot.customer }
    }
}

async fn fetch(library: Option<&Library>, place: &Place, sound: &Sound) -> Arc<Pcm> {
    let found = match (library, sound) {
        (_, Sound::Beep) => Some(voxera_audio::beep()),
        (None, _) => None,
        (Some(library), Sound::Audio { audio }) => library.sound(place, *audio).await,
        (Some(library), Sound::Message { message }) => library.message(place, *message).await,
        (Some(library), Sound::Speech { text, language }) => match library.speech(text, *language).await {
            Ok(spoken) => Some(spoken),
            Err(error) => {
                tracing::warn!(%error, "a text cannot be read aloud");
                None
            }
        },
    };
    found.unwrap_or_else(|| missing(sound))
}

/// What is heard in place of a sound that is not there, and a note for those who can mend it.
fn missing(sound: &Sound) -> Arc<Pcm> {
    let kind = match sound {
        Sound::Audio { .. } => "audio",
        Sound::Speech { .. } => "speech",
        Sound::Message { .. } => "message",
        Sound::Beep => "beep",
    };
    metrics::counter!("voxera_sip_sounds_missing_total", "kind" => kind).increment(1);
    tracing::warn!(kind, "a sound is missing: callers hear a tone in its place");
    voxera_audio::fault_tone()
}

async fn music(library: Option<&Library>, place: &Place, audio: Option<AudioId>) -> Arc<Pcm> {
    match (library, audio) {
        (_, None) => voxera_audio::music(),
        (None, Some(audio)) => missing(&Sound::Audio { audio }),
        (Some(library), Some(audio)) => {
            if let Some(music) = library.sound(place, audio).await {
                return music;
            }
            // Nobody can bear a tone for long: the built-in music takes its place.
            drop(missing(&Sound::Audio { audio }));
            voxera_audio::music()
        }
    }
}
