//! What callers hear.

use serde::{Deserialize, Serialize};
use voxera_model::{AudioId, Invalid, Locale, MessageId};

/// What a person chose for callers to hear.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Prompt {
    /// An uploaded sound.
    Audio { audio: AudioId },
    /// Read aloud in the language of the menu or the PBX.
    Speech { text: SpokenText },
}

/// Text to be read aloud: 1 to 1,000 characters, no control characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 1000))]
pub struct SpokenText(String);

impl SpokenText {
    /// Trims and folds white space, then checks.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let refuse = |why| Err(Invalid::new("spoken_text", why));
        if folded.is_empty() {
            return refuse("Write what callers are to hear.");
        }
        if folded.chars().count() > 1000 {
            return refuse("A text that is read aloud has at most 1,000 characters.");
        }
        if folded.chars().any(char::is_control) {
            return refuse("A text that is read aloud has no control characters.");
        }
        Ok(Self(folded))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SpokenText {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<SpokenText> for String {
    fn from(text: SpokenText) -> Self {
        text.0
    }
}

/// One thing for an engine to play.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Sound {
    /// An uploaded sound; a tone where its file is missing or was never converted.
    Audio { audio: AudioId },
    /// Read aloud; a tone where no voice can be had.
    Speech { text: String, language: Locale },
    /// A message of a mailbox.
    Message { message: MessageId },
    /// The tone after which one speaks.
    Beep,
}
