//! Whom a decision speaks of.

use serde::{Deserialize, Serialize};
use voxera_model::{ExtensionNumber, Locale, Name, PhoneNumber};

/// Someone or something as people speak of it. Each kind is told from the others by its fields, and
/// an extension's are those of the first version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Who {
    /// An extension of any kind.
    Extension {
        number: ExtensionNumber,
        /// `None`: the extension is not in the snapshot.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Name>,
    },
    /// Someone in the public network.
    Outside { outside: PhoneNumber },
    /// Someone who hides the number.
    Withheld { withheld: bool },
    /// A menu.
    Menu { menu: Name },
    /// The mailbox of an extension.
    Mailbox {
        mailbox: ExtensionNumber,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Name>,
    },
    /// The end of the call.
    End { end: bool },
    /// Something that is no longer there, or was never set.
    Missing { missing: bool },
}

impl Who {
    pub(crate) const END: Self = Self::End { end: true };
    pub(crate) const MISSING: Self = Self::Missing { missing: true };
    pub(crate) const WITHHELD: Self = Self::Withheld { withheld: true };

    /// In the middle of a sentence.
    #[must_use]
    pub fn say(&self, locale: Locale) -> String {
        let named = |number: &ExtensionNumber, name: &Option<Name>| match name {
            Some(name) => format!("{name} ({number})"),
            None => number.to_string(),
        };
        match (self, locale) {
            (Self::Extension { number, name }, _) => named(number, name),
            (Self::Outside { outside }, _) => outside.national(),
            (Self::Withheld { .. }, Locale::Sv) => "någon med dolt nummer".into(),
            (Self::Withheld { .. }, Locale::En) => "someone with a withheld number".into(),
            (Self::Menu { menu }, Locale::Sv) => format!("menyn ”{menu}”"),
            (Self::Menu { menu }, Locale::En) => format!("the menu “{menu}”"),
            (Self::Mailbox { mailbox, name }, Locale::Sv) => {
                format!("röstbrevlådan hos {}", named(mailbox, name))
            }
            (Self::Mailbox { mailbox, name }, Locale::En) => {
                format!("the mailbox of {}", named(mailbox, name))
            }
            (Self::End { .. }, Locale::Sv) => "samtalets slut".into(),
            (Self::End { .. }, Locale::En) => "the end of the call".into(),
            (Self::Missing { .. }, Locale::Sv) => "något som inte finns".into(),
            (Self::Missing { .. }, Locale::En) => "something that does not exist".into(),
        }
    }

    /// At the beginning of a sentence.
    pub(super) fn first(&self, locale: Locale) -> String {
        let said = self.say(locale);
        match self {
            // A name is written as its owner writes it.
            Self::Extension { .. } | Self::Outside { .. } => said,
            Self::Withheld { .. }
            | Self::Menu { .. }
            | Self::Mailbox { .. }
            | Self::End { .. }
            | Self::Missing { .. } => {
                let mut characters = said.chars();
                characters.next().map(char::to_uppercase).into_iter().flatten().chain(characters).collect()
            }
        }
    }
}

/// Several, the last one with a word for "and".
pub(super) fn list(all: &[String], and: &str) -> String {
    match all {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} {and} {last}", most.join(", ")),
    }
}
