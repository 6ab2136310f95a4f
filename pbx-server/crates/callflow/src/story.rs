//! A made-up call, and what became of it.

use crate::calendar::{Date, LocalTime, TimeOfDay};
use crate::cursor::{Place, Standing};
use crate::event::{Event, Peer};
use crate::sound::Sound;
use crate::step::{Action, Cause, TraceEntry};
use serde::{Deserialize, Serialize};
use voxera_model::{AudioId, Dialled, ExtensionId, Invalid, Key, Locale, PhoneNumber};

/// A call that nobody made: who calls what, when, what they press, and who is there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Story {
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub from: Peer,
    /// As people dial it: a number, an extension, a code.
    #[serde(with = "as_dialled")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "0812345678"))]
    pub dialled: Dialled,
    /// In the PBX's own zone.
    #[serde(with = "as_written")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "2026-06-19T14:00"))]
    pub at: LocalTime,
    /// What the caller presses, each after having heard what is being said; then nothing more.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>, example = json!(["wait", "1"])))]
    pub keys: Vec<StoryKey>,
    /// In another call.
    #[serde(default)]
    pub busy: Vec<ExtensionId>,
    /// Without a phone online.
    #[serde(default)]
    pub away: Vec<ExtensionId>,
    #[serde(default)]
    pub answer: Answer,
    /// Whether the lines to the public network work.
    #[serde(default = "yes")]
    pub lines: bool,
}

/// One thing that a caller does at a menu: `"1"` or `"wait"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum StoryKey {
    Press(Key),
    /// Does nothing until the menu has waited long enough.
    Wait,
}

/// Who picks up.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Answer {
    /// Whoever is rung first.
    #[default]
    Everyone,
    Nobody,
    /// Of the PBX's extensions only these; and whoever is rung outside.
    Only {
        extensions: Vec<ExtensionId>,
    },
}

/// What became of a made-up call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Told {
    pub steps: Vec<ToldStep>,
    pub end: End,
    /// Extensions that rang, took the caller in line or into a room, or got a message or a wish to be
    /// called back; each once, in this order.
    pub reached: Vec<ExtensionId>,
}

/// One step of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ToldStep {
    /// Milliseconds since the call began, as far as they can be guessed.
    pub clock: u64,
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub event: Event,
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub actions: Vec<Action>,
    pub hears: Vec<Heard>,
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub trace: Vec<TraceEntry>,
    /// `None`: the call is over.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub standing: Option<Standing>,
    /// The node of a menu where the call stands.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub node: Option<Place>,
}

/// Something that the caller hears.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Heard {
    /// Read aloud.
    Speech { text: String, language: Locale },
    /// An uploaded sound.
    Audio { audio: AudioId },
    /// Music until something else comes. `None`: the built-in.
    Music { audio: Option<AudioId> },
    /// A message of a mailbox.
    Message,
    /// The tone after which one speaks.
    Beep,
    /// The tone of a phone that rings.
    Ringing,
}

impl From<&Sound> for Heard {
    fn from(sound: &Sound) -> Self {
        match sound {
            Sound::Audio { audio } => Self::Audio { audio: *audio },
            Sound::Speech { text, language } => Self::Speech { text: text.clone(), language: *language },
            Sound::Message { .. } => Self::Message,
            Sound::Beep => Self::Beep,
        }
    }
}

/// Where a made-up call ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum End {
    /// Somebody picked up.
    Connected {
        #[cfg_attr(feature = "openapi", schema(value_type = Object))]
        to: Peer,
    },
    /// With 112.
    Emergency,
    /// A message was left.
    Voicemail {
        mailbox: ExtensionId,
    },
    /// Somebody will call back.
    Callback {
        whom: ExtensionId,
        number: PhoneNumber,
    },
    Conference {
        room: ExtensionId,
    },
    /// Listens to somebody's call.
    Listening {
        extension: ExtensionId,
    },
    /// Still in line when the story was given up.
    Waiting {
        queue: ExtensionId,
    },
    HungUp {
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        cause: Cause,
    },
    /// The story was given up: the call went on and on.
    Endless,
}

impl End {
    /// Whether somebody learned of the call: talks, has a message, or will call back.
    #[must_use]
    pub const fn is_somebody(&self) -> bool {
        match self {
            Self::Connected { .. }
            | Self::Emergency
            | Self::Voicemail { .. }
            | Self::Callback { .. }
            | Self::Conference { .. }
            | Self::Listening { .. } => true,
            Self::Waiting { .. } | Self::HungUp { .. } | Self::Endless => false,
        }
    }
}

impl Story {
    /// A call at a minute to which everybody is there, and whoever is rung first answers.
    #[must_use]
    pub const fn new(from: Peer, dialled: Dialled, at: LocalTime) -> Self {
        Self {
            from,
            dialled,
            at,
            keys: Vec::new(),
            busy: Vec::new(),
            away: Vec::new(),
            answer: Answer::Everyone,
            lines: true,
        }
    }
}

impl TryFrom<String> for StoryKey {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.trim() == "wait" { Ok(Self::Wait) } else { Key::parse(&text).map(Self::Press) }
    }
}

impl From<StoryKey> for String {
    fn from(key: StoryKey) -> Self {
        match key {
            StoryKey::Press(key) => key.into(),
            StoryKey::Wait => "wait".to_owned(),
        }
    }
}

impl From<Key> for StoryKey {
    fn from(key: Key) -> Self {
        Self::Press(key)
    }
}

const fn yes() -> bool {
    true
}

mod as_dialled {
    use serde::{Deserialize, Deserializer, Serializer};
    use voxera_model::Dialled;

    pub(super) fn serialize<S: Serializer>(dialled: &Dialled, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(dialled)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Dialled, D::Error> {
        String::deserialize(from).map(|text| Dialled::parse(&text))
    }
}

/// A minute as `2026-06-19T14:00`.
mod as_written {
    use super::LocalTime;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
    pub(super) fn serialize<S: Serializer>(at: &LocalTime, to: S) -> Result<S::Ok, S::Error> {
        at.to_string().serialize(to)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<LocalTime, D::Error> {
        LocalTime::parse(&String::deserialize(from)?)
            .map_err(|invalid| serde::de::Error::custom(invalid.message))
    }
}

impl LocalTime {
    /// Reads `2026-06-19T14:00`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let refuse = || Invalid::new("local_time", "Write a date and a time as 2026-06-19T14:00.");
        let (date, time) = text.trim().split_once(['T', ' ']).ok_or_else(refuse)?;
        let (date, time) = (Date::parse(date)?, TimeOfDay::parse(time)?);
        if time.minute() < 1440 {
            Ok(Self { day: date.days(), minute: time.minute() })
        } else {
            Err(refuse())
        }
    }
}

impl std::fmt::Display for LocalTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}T{:02}:{:02}", self.date(), self.minute / 60, self.minute % 60)
    }
}
