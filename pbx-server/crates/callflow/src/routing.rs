//! Where calls lead, and the rules that decide it. These are the shapes that people edit, the API
//! carries and the store keeps.

use crate::calendar::{Date, TimeOfDay, Weekday};
use crate::sound::Prompt;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use voxera_model::{ExtensionId, FlowId, Invalid, Name, PhoneNumber};

/// A short name inside one document, made by the editor: 1 to 40 of `a-z`, `0-9`, `-`, `_`.
macro_rules! short_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^[a-z0-9_-]{1,40}$"))]
        pub struct $name(String);

        impl $name {
            /// 1 to 40 of `a-z`, `0-9`, `-`, `_`.
            pub fn parse(text: &str) -> Result<Self, Invalid> {
                let fits = (1..=40).contains(&text.len())
                    && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'));
                if fits {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(Invalid::new("short_id", "Use 1 to 40 of a-z, 0-9, - and _."))
                }
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Invalid;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}
pub(crate) use short_id;

short_id!(/// One rule of a PBX; stays the same when the rule is renamed or moved.
    RuleId);

/// Where a call can be sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Destination {
    /// Not pointed anywhere yet.
    Nowhere,
    /// An extension of the same PBX, of any kind: a person, a queue, a menu, a conference.
    Extension { extension: ExtensionId },
    /// A published menu.
    Ivr { flow: FlowId },
    /// The mailbox of an extension, without ringing it.
    Voicemail { mailbox: ExtensionId },
    /// A number of the public network.
    Outside { number: PhoneNumber },
    /// The end.
    Hangup,
}

/// The routing rules of one PBX: the document that is drafted and published as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Routing {
    /// At most 1,000.
    pub rules: Vec<Rule>,
}

/// One rule. A call to a public number of the PBX takes the first rule that is enabled and whose
/// conditions all hold, in the order of `priority` and then of the list; when none does, it goes
/// where its number leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rule {
    pub id: RuleId,
    pub name: Name,
    /// A lower number is looked at first.
    pub priority: u32,
    pub enabled: bool,
    /// All must hold. Empty: always.
    pub conditions: Vec<Condition>,
    /// What the caller hears first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub play: Option<Prompt>,
    pub to: Destination,
}

/// Something that holds for a call, or does not. Times are of the PBX's own zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Condition {
    /// From `from`, included, to `to`, excluded. When `to` is not after `from` it goes past
    /// midnight; equal times are the whole day.
    Time { from: TimeOfDay, to: TimeOfDay },
    /// On these days of the week.
    Days { days: BTreeSet<Weekday> },
    /// On these dates, both ends included.
    Dates { ranges: Vec<DateRange> },
    /// On Swedish holidays, or (`on: false`) on all other days.
    Holidays { which: HolidayKinds, on: bool },
    /// The caller's number.
    Caller { how: CallerMatch, number: String },
    /// The caller hides the number.
    CallerWithheld,
    /// The number that was called is one of these.
    Dialled { numbers: BTreeSet<PhoneNumber> },
}

/// How a caller's number is compared. Written nationally (`070`) or internationally (`+4670`): both
/// mean the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum CallerMatch {
    Matches,
    StartsWith,
    /// Digits anywhere in the number, in its national or international form.
    Contains,
}

/// Dates, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DateRange {
    pub from: Date,
    pub to: Date,
}

/// Which days count as holidays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(clippy::struct_excessive_bools, reason = "four switches that people set one by one")]
pub struct HolidayKinds {
    /// Public holidays by law 1989:253, Sundays that are nothing else left out.
    pub red_days: bool,
    /// Midsummer Eve, Christmas Eve, New Year's Eve, Holy Saturday.
    pub eves: bool,
    /// Often half days: the days before Epiphany, Good Friday, 1 May (Walpurgis) and All Saints.
    pub half_days: bool,
    /// A working day alone between a holiday and a weekend: the Friday after Ascension.
    pub squeeze_days: bool,
}
