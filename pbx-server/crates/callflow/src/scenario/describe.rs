//! A step in the words of the files.

use super::ids::Names;
use crate::cursor::{Cursor, PinOf, Position, Rung, SoundTest};
use crate::event::Peer;
use crate::snapshot::Snapshot;
use crate::sound::Sound;
use crate::step::{Action, Cause, ListenMode, Party, RingTarget, Step, WhileRinging};
use voxera_model::{ExtensionId, PhoneNumber};

/// A step in the words of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    pub does: Vec<String>,
    pub then: String,
}

/// The words for one scenario's people and things.
pub(super) struct Words<'a> {
    pub snapshot: &'a Snapshot,
    pub names: &'a Names,
}

impl Words<'_> {
    pub fn step(&self, step: &Step) -> Described {
        let does = step.actions.iter().map(|action| self.action(action)).collect();
        let then = step.next.as_ref().map_or_else(|| "over".to_owned(), |cursor| self.position(cursor));
        Described { does, then }
    }

    pub fn action(&self, action: &Action) -> String {
        match action {
            Action::Ring { targets, ring_for, hears } => {
                let rung: Vec<String> = targets.iter().map(|target| self.target(target)).collect();
                let music = match hears {
                    WhileRinging::Ringback => "",
                    WhileRinging::Unchanged => ", music goes on",
                };
                format!("ring {} for {} s{music}", rung.join(", "), ring_for.0)
            }
            Action::StopRinging => "stop ringing".into(),
            Action::Bridge => "bridge".into(),
            Action::Emergency { caller_id } => format!("emergency{}", shows(caller_id.as_ref())),
            Action::Answer => "answer".into(),
            Action::Play { sounds } => {
                let sounds: Vec<String> = sounds.iter().map(|sound| self.sound(sound)).collect();
                format!("play {}", sounds.join(" + "))
            }
            Action::Music { audio: None } => "music".into(),
            Action::Music { audio: Some(audio) } => format!("music {}", self.names.of(audio.0)),
            Action::Tone => "tone".into(),
            Action::Echo => "echo".into(),
            Action::Silence => "silence".into(),
            Action::Timer { after, .. } if after % 1_000 == 0 => format!("timer {} s", after / 1_000),
            Action::Timer { after, .. } => format!("timer {after} ms"),
            Action::Record { longest } => format!("record for {} s", longest.0),
            Action::KeepMessage { mailbox } => format!("keep message for {}", self.extension(*mailbox)),
            Action::DropMessage => "drop message".into(),
            Action::MarkHeard { message, .. } => format!("mark {} heard", self.names.of(message.0)),
            Action::DeleteMessage { message, .. } => format!("delete {}", self.names.of(message.0)),
            Action::Join { room, members } => {
                format!("join {} (at most {members})", self.extension(*room))
            }
            Action::StartRecording { owners } if owners.is_empty() => "do not record the call".into(),
            Action::StartRecording { owners } => format!("record the call for {}", self.extensions(owners)),
            Action::Listen { extension, mode } => {
                let how = match mode {
                    ListenMode::Listen => "listen to",
                    ListenMode::Whisper => "whisper to",
                    ListenMode::Barge => "barge in on",
                };
                format!("{how} {}", self.extension(*extension))
            }
            Action::PickUp { call } => format!("pick up {}", self.names.of(call.0)),
            Action::CallerName { text } => format!("caller name \"{text}\""),
            Action::RequestCallback { whom, number } => {
                format!("call back {} for {}", number.national(), self.extension(*whom))
            }
            Action::Release { party } => format!("release {}", party_name(*party)),
            Action::Hangup { cause } => format!("hang up: {}", cause_name(*cause)),
        }
    }

    fn target(&self, target: &RingTarget) -> String {
        match target {
            RingTarget::Extension { number, .. } => number.to_string(),
            RingTarget::Outside { number, caller_id, trunks } => {
                let over: Vec<String> = trunks.iter().map(|trunk| self.names.of(trunk.0)).collect();
                format!("{}{} over {}", number.national(), shows(caller_id.as_ref()), over.join(" or "))
            }
        }
    }

    fn sound(&self, sound: &Sound) -> String {
        match sound {
            Sound::Audio { audio } => self.names.of(audio.0),
            Sound::Speech { text, language } if *language == self.snapshot.language => format!("\"{text}\""),
            Sound::Speech { text, language } => format!("\"{text}\" ({})", language.as_str()),
            Sound::Message { message } => self.names.of(message.0),
            Sound::Beep => "beep".into(),
        }
    }

    fn position(&self, cursor: &Cursor) -> String {
        match &cursor.position {
            Position::Ringing { whom: Rung::Extension { extension } } => {
                format!("ringing {}", self.extension(*extension))
            }
            Position::Ringing { whom: Rung::Outside { number } } => format!("ringing {}", number.national()),
            Position::Ringing { whom: Rung::Group { now, group, .. } } => {
                format!("ringing {} of {}", self.extensions(now), self.extension(*group))
            }
            Position::Connected { to } => format!("connected {}", peer_name(to)),
            Position::Emergency => "emergency".into(),
            Position::Hearing { .. } => "hearing".into(),
            Position::Menu { place, .. } => {
                format!("menu {}/{}", self.names.of(place.flow.0), place.node)
            }
            Position::Waiting(line) if line.offered.is_empty() => {
                format!("waiting {}", self.extension(line.queue))
            }
            Position::Waiting(line) => {
                format!("waiting {}, ringing {}", self.extension(line.queue), self.extensions(&line.offered))
            }
            Position::Leaving { mailbox, speaking: false } => {
                format!("greeting {}", self.extension(*mailbox))
            }
            Position::Leaving { mailbox, speaking: true } => format!("leaving {}", self.extension(*mailbox)),
            Position::Pin { of: PinOf::Mailbox { mailbox: of } | PinOf::Conference { room: of }, .. } => {
                format!("pin {}", self.extension(*of))
            }
            Position::Messages { mailbox, .. } => format!("messages {}", self.extension(*mailbox)),
            Position::Conference { room } => format!("conference {}", self.extension(*room)),
            Position::PickingUp => "picking up".into(),
            Position::Parked(parking) => {
                format!("parked {} by {}", parking.slot, self.extension(parking.by))
            }
            Position::TakingParked { slot } => format!("taking {slot}"),
            Position::Testing { test: SoundTest::Echo } => "hearing itself".into(),
            Position::Testing { test: SoundTest::Tone } => "hearing a tone".into(),
            Position::Listening { extension, .. } => format!("listening {}", self.extension(*extension)),
            Position::Callback { .. } => "callback".into(),
        }
    }

    fn extension(&self, id: ExtensionId) -> String {
        self.snapshot.ids.get(&id).map_or_else(|| "nobody".to_owned(), ToString::to_string)
    }

    fn extensions(&self, ids: &[ExtensionId]) -> String {
        ids.iter().map(|id| self.extension(*id)).collect::<Vec<_>>().join(", ")
    }
}

fn peer_name(peer: &Peer) -> String {
    match peer {
        Peer::Extension(number) => number.to_string(),
        Peer::Outside(Some(number)) => number.national(),
        Peer::Outside(None) => "withheld".into(),
    }
}

fn shows(number: Option<&PhoneNumber>) -> String {
    number.map_or_else(String::new, |number| format!(" (shows {})", number.national()))
}

const fn party_name(party: Party) -> &'static str {
    match party {
        Party::Caller => "caller",
        Party::Callee => "callee",
        Party::System => "system",
    }
}

/// Every cause, in the words of the files.
pub(super) const CAUSES: [Cause; 12] = [
    Cause::Normal,
    Cause::Cancelled,
    Cause::Busy,
    Cause::NoAnswer,
    Cause::Declined,
    Cause::Offline,
    Cause::UnknownNumber,
    Cause::NotAllowed,
    Cause::NoRoute,
    Cause::Abandoned,
    Cause::Voicemail,
    Cause::Fault,
];

pub(super) const fn cause_name(cause: Cause) -> &'static str {
    match cause {
        Cause::Normal => "normal",
        Cause::Cancelled => "cancelled",
        Cause::Busy => "busy",
        Cause::NoAnswer => "no answer",
        Cause::Declined => "declined",
        Cause::Offline => "offline",
        Cause::UnknownNumber => "unknown number",
        Cause::NotAllowed => "not allowed",
        Cause::NoRoute => "no route",
        Cause::Abandoned => "abandoned",
        Cause::Voicemail => "voicemail",
        Cause::Fault => "fault",
    }
}
