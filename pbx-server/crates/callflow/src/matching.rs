//! Whether the conditions of a rule, or of a branch in a menu, hold for a call.

use crate::calendar::{Date, LocalTime, TimeOfDay, Weekday};
use crate::event::Peer;
use crate::holidays::{HolidayKind, holiday};
use crate::routing::{CallerMatch, Condition, Rule};
use serde::{Deserialize, Serialize};
use voxera_model::{Locale, PhoneNumber};

/// Why a rule does not hold: its first condition that fails.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Unmet {
    /// The rule is switched off.
    Disabled,
    /// It is not this time of the day.
    Time { now: TimeOfDay, from: TimeOfDay, to: TimeOfDay },
    /// Not on this day of the week.
    Day { today: Weekday },
    /// The date is in none of the ranges.
    Date { today: Date },
    /// The rule is for holidays, and today is none of those it names.
    NoHoliday,
    /// The rule is for other days, and today is a holiday.
    Holiday { holiday: HolidayKind },
    /// Another caller.
    Caller,
    /// The rule is for callers who hide their number.
    NumberShown,
    /// Another number was called.
    Dialled,
}

/// Whether a rule decides a call to the public number `dialled`. Total.
///
/// # Errors
/// The first condition that does not hold.
pub fn matches(rule: &Rule, now: LocalTime, caller: &Peer, dialled: &PhoneNumber) -> Result<(), Unmet> {
    if !rule.enabled {
        return Err(Unmet::Disabled);
    }
    hold(&rule.conditions, now, caller, Some(dialled))
}

/// Whether all of these conditions hold. `dialled`: the public number that was called; `None` for a
/// call that came by an extension's number, for which no [`Condition::Dialled`] holds. Total.
///
/// # Errors
/// The first that does not hold.
pub fn hold(
    conditions: &[Condition],
    now: LocalTime,
    caller: &Peer,
    dialled: Option<&PhoneNumber>,
) -> Result<(), Unmet> {
    conditions.iter().try_for_each(|condition| condition.holds(now, caller, dialled))
}

impl Condition {
    /// Whether this condition holds.
    ///
    /// # Errors
    /// Why it does not.
    pub fn holds(&self, now: LocalTime, caller: &Peer, dialled: Option<&PhoneNumber>) -> Result<(), Unmet> {
        let met = |holds: bool, otherwise: Unmet| if holds { Ok(()) } else { Err(otherwise) };
        match self {
            Self::Time { from, to } => met(within(*from, *to, now.minute), {
                let now = TimeOfDay::new(now.minute).unwrap_or(*from);
                Unmet::Time { now, from: *from, to: *to }
            }),
            Self::CallerWithheld => met(*caller == Peer::Outside(None), Unmet::NumberShown),
            Self::Caller { how, number } => met(calls_as(*how, number, caller), Unmet::Caller),
            Self::Dialled { numbers } => {
                met(dialled.is_some_and(|dialled| numbers.contains(dialled)), Unmet::Dialled)
            }
            Self::Days { .. } | Self::Dates { .. } | Self::Holidays { .. } => self.holds_on(now.date()),
        }
    }

    /// Whether this condition holds on a day; one that does not speak of days always does.
    ///
    /// # Errors
    /// Why it does not.
    pub(crate) fn holds_on(&self, date: Date) -> Result<(), Unmet> {
        match self {
            Self::Days { days } => {
                let today = date.weekday();
                if days.contains(&today) { Ok(()) } else { Err(Unmet::Day { today }) }
            }
            Self::Dates { ranges } => {
                let inside = ranges.iter().any(|range| (range.from..=range.to).contains(&date));
                if inside { Ok(()) } else { Err(Unmet::Date { today: date }) }
            }
            Self::Holidays { which, on } => {
                let today = holiday(date).map(|holiday| holiday.kind).filter(|kind| which.has(*kind));
                match (today, on) {
                    (Some(_), true) | (None, false) => Ok(()),
                    (None, true) => Err(Unmet::NoHoliday),
                    (Some(holiday), false) => Err(Unmet::Holiday { holiday }),
                }
            }
            Self::Time { .. } | Self::Caller { .. } | Self::CallerWithheld | Self::Dialled { .. } => Ok(()),
        }
    }
}

/// Whether a minute of the day lies between two times, the first included; past midnight when the
/// second is not after the first. `24:00` as a beginning is `00:00`.
pub(crate) const fn within(from: TimeOfDay, to: TimeOfDay, minute: u16) -> bool {
    let (from, to) = (from.minute() % 1440, to.minute());
    if from < to { from <= minute && minute < to } else { from <= minute || minute < to }
}

/// What people mean by the number that they wrote for a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meant<'a> {
    /// A public number, or its beginning: `+46…`, `0046…`, `46…` from seven digits on.
    International(&'a str),
    /// A Swedish number or its beginning, without the `0` that it was written with.
    National(&'a str),
    /// Up to six digits that do not start with 0: an extension, or its beginning.
    Extension(&'a str),
    /// No digits, or something that stands in no number. Fits nobody.
    Nobody,
}

/// What may stand between the digits of a number as people write it.
const fn separates(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'(' | b')' | b'/' | b'.')
}

/// The digits that people wrote.
pub(crate) fn digits(written: &str) -> impl Iterator<Item = u8> + Clone + '_ {
    written.bytes().filter(|byte| !separates(*byte))
}

impl<'a> Meant<'a> {
    pub(crate) fn by(written: &'a str) -> Self {
        let written = written.trim_start_matches(|c: char| c.is_ascii() && separates(c as u8));
        let (rest, kind): (&str, fn(&'a str) -> Self) = if let Some(rest) = written.strip_prefix('+') {
            (rest, Self::International)
        } else if let Some(rest) = written.strip_prefix("00") {
            (rest, Self::International)
        } else if let Some(rest) = written.strip_prefix('0') {
            (rest, Self::National)
        } else if digits(written).count() > 6 {
            (written, Self::International)
        } else {
            (written, Self::Extension)
        };
        let only_digits = digits(rest).all(|byte| byte.is_ascii_digit());
        let enough = digits(rest).next().is_some() || (written == "0");
        if only_digits && enough { kind(rest) } else { Self::Nobody }
    }
}

/// Whether a caller is one of those meant.
fn calls_as(how: CallerMatch, written: &str, caller: &Peer) -> bool {
    match how {
        CallerMatch::Contains => contains(written, caller),
        CallerMatch::Matches => begins(written, caller) == Some(true),
        CallerMatch::StartsWith => begins(written, caller).is_some(),
    }
}

/// Whether a caller's number begins as meant; and whether it ends there too.
fn begins(written: &str, caller: &Peer) -> Option<bool> {
    let (number, rest) = match (Meant::by(written), caller) {
        (Meant::International(rest), Peer::Outside(Some(number))) => (number.as_str().get(1..)?, rest),
        (Meant::National(rest), Peer::Outside(Some(number))) => (number.as_str().strip_prefix("+46")?, rest),
        (Meant::Extension(rest), Peer::Extension(number)) => (number.as_str(), rest),
        (_, Peer::Extension(_) | Peer::Outside(_)) => return None,
    };
    let mut number = number.bytes();
    digits(rest).all(|digit| number.next() == Some(digit)).then(|| number.next().is_none())
}

/// Whether what was written stands anywhere in the caller's number, as it is written nationally
/// (`0701234567`) or internationally (`+46701234567`).
fn contains(written: &str, caller: &Peer) -> bool {
    if !can_be_contained(written) {
        return false;
    }
    let found = |number: &str, zero: bool| {
        let whole = zero.then_some(b'0').into_iter().chain(number.bytes());
        let length = number.len() + usize::from(zero);
        (0..length).any(|start| {
            let mut rest = whole.clone().skip(start);
            digits(written).all(|digit| rest.next() == Some(digit))
        })
    };
    match caller {
        Peer::Extension(number) => found(number.as_str(), false),
        Peer::Outside(None) => false,
        Peer::Outside(Some(number)) => {
            let number = number.as_str();
            found(number, false) || number.strip_prefix("+46").is_some_and(|rest| found(rest, true))
        }
    }
}

/// Digits, at least one, and at most a `+` before them.
pub(crate) fn can_be_contained(written: &str) -> bool {
    let mut digits = digits(written).peekable();
    let _ = digits.next_if_eq(&b'+');
    digits.peek().is_some() && digits.all(|byte| byte.is_ascii_digit())
}

impl Unmet {
    /// The reason in a few words, to stand after the name of a rule: "not on Sundays".
    #[must_use]
    pub fn say(&self, locale: Locale) -> String {
        match locale {
            Locale::Sv => self.swedish(),
            Locale::En => self.english(),
        }
    }

    fn swedish(&self) -> String {
        match self {
            Self::Disabled => "den är avstängd".into(),
            Self::Time { now, from, to } => format!("klockan är {now}, inte {from}–{to}"),
            Self::Day { today } => format!("den gäller inte på {}", today.plural(Locale::Sv)),
            Self::Date { today } => format!("den gäller inte den {today}"),
            Self::NoHoliday => "det är ingen av helgdagarna".into(),
            Self::Holiday { holiday } => format!("det är {}", holiday.name(Locale::Sv)),
            Self::Caller => "det är en annan uppringare".into(),
            Self::NumberShown => "uppringaren visar sitt nummer".into(),
            Self::Dialled => "ett annat nummer är uppringt".into(),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::Disabled => "it is switched off".into(),
            Self::Time { now, from, to } => format!("it is {now}, not {from}–{to}"),
            Self::Day { today } => format!("it is not for {}", today.plural(Locale::En)),
            Self::Date { today } => format!("it is not for {today}"),
            Self::NoHoliday => "it is none of the holidays".into(),
            Self::Holiday { holiday } => format!("it is {}", holiday.name(Locale::En)),
            Self::Caller => "somebody else is calling".into(),
            Self::NumberShown => "the caller shows their number".into(),
            Self::Dialled => "another number was called".into(),
        }
    }
}

impl HolidayKind {
    /// What people call this sort of day.
    #[must_use]
    pub const fn name(self, locale: Locale) -> &'static str {
        match (self, locale) {
            (Self::RedDay, Locale::Sv) => "röd dag",
            (Self::RedDay, Locale::En) => "a public holiday",
            (Self::Eve, Locale::Sv) => "helgdagsafton",
            (Self::Eve, Locale::En) => "the eve of a holiday",
            (Self::HalfDay, Locale::Sv) => "halvdag",
            (Self::HalfDay, Locale::En) => "a half day",
            (Self::SqueezeDay, Locale::Sv) => "klämdag",
            (Self::SqueezeDay, Locale::En) => "a squeeze day",
        }
    }
}

impl HolidayKind {
    /// "röda dagar", "public holidays".
    #[must_use]
    pub const fn plural(self, locale: Locale) -> &'static str {
        match (self, locale) {
            (Self::RedDay, Locale::Sv) => "röda dagar",
            (Self::RedDay, Locale::En) => "public holidays",
            (Self::Eve, Locale::Sv) => "helgdagsaftnar",
            (Self::Eve, Locale::En) => "eves of holidays",
            (Self::HalfDay, Locale::Sv) => "halvdagar",
            (Self::HalfDay, Locale::En) => "half days",
            (Self::SqueezeDay, Locale::Sv) => "klämdagar",
            (Self::SqueezeDay, Locale::En) => "squeeze days",
        }
    }
}

impl Weekday {
    /// All of them, in the Swedish week's order.
    pub const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    /// "måndagar", "Mondays".
    #[must_use]
    pub const fn plural(self, locale: Locale) -> &'static str {
        match (self, locale) {
            (Self::Monday, Locale::Sv) => "måndagar",
            (Self::Monday, Locale::En) => "Mondays",
            (Self::Tuesday, Locale::Sv) => "tisdagar",
            (Self::Tuesday, Locale::En) => "Tuesdays",
            (Self::Wednesday, Locale::Sv) => "onsdagar",
            (Self::Wednesday, Locale::En) => "Wednesdays",
            (Self::Thursday, Locale::Sv) => "torsdagar",
            (Self::Thursday, Locale::En) => "Thursdays",
            (Self::Friday, Locale::Sv) => "fredagar",
            (Self::Friday, Locale::En) => "Fridays",
            (Self::Saturday, Locale::Sv) => "lördagar",
            (Self::Saturday, Locale::En) => "Saturdays",
            (Self::Sunday, Locale::Sv) => "söndagar",
            (Self::Sunday, Locale::En) => "Sundays",
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;
    use voxera_model::ExtensionNumber;

    fn outside(number: &str) -> Peer {
        Peer::Outside(Some(PhoneNumber::parse(number).unwrap()))
    }

    fn calls(how: CallerMatch, written: &str, from: &Peer) -> bool {
        let condition = Condition::Caller { how, number: written.to_owned() };
        condition.holds(LocalTime::default(), from, None).is_ok()
    }

    #[test]
    fn a_number_means_the_same_however_it_is_written() {
        let from = outside("070-123 45 67");
        for written in ["0701234567", "070-123 45 67", "+46701234567", "0046 70 123 45 67", "46701234567"] {
            assert!(calls(CallerMatch::Matches, written, &from), "{written}");
            assert!(calls(CallerMatch::StartsWith, written, &from), "{written}");
            assert!(!calls(CallerMatch::Matches, &written[..written.len() - 1], &from), "{written}");
        }
        for beginning in ["0", "070", "+46", "004670", "+46 70-1"] {
            assert!(calls(CallerMatch::StartsWith, beginning, &from), "{beginning}");
        }
        for other in ["", "-", "+", "00", "08", "+47", "70", "4670", "abc", "070x", "+0701234567", "٠٧٠"] {
            assert!(!calls(CallerMatch::StartsWith, other, &from), "{other}");
        }
    }

    #[test]
    fn digits_are_found_in_both_ways_to_write_a_number() {
        let from = outside("+46701234567");
        for part in ["070", "4670", "+4670", "123 45", "567", "7"] {
            assert!(calls(CallerMatch::Contains, part, &from), "{part}");
        }
        for other in ["", "+", "46070", "568", "+70", "12+3"] {
            assert!(!calls(CallerMatch::Contains, other, &from), "{other}");
        }
        assert!(!calls(CallerMatch::Contains, "0701", &outside("+45701234567")));
    }

    #[test]
    fn colleagues_are_callers_too() {
        let from = Peer::Extension(ExtensionNumber::parse("1001").unwrap());
        assert!(calls(CallerMatch::Matches, "1001", &from));
        assert!(calls(CallerMatch::StartsWith, "10", &from));
        assert!(calls(CallerMatch::Contains, "00", &from));
        assert!(!calls(CallerMatch::StartsWith, "01", &from));
        assert!(!calls(CallerMatch::StartsWith, "+10", &from));
        assert!(!calls(CallerMatch::StartsWith, "12", &outside("+12125550100")), "not the United States");
    }

    #[test]
    fn nights_go_past_midnight() {
        let time = |text| TimeOfDay::parse(text).unwrap();
        let in_time = |from, to, at| within(time(from), time(to), time(at).minute());
        assert!(in_time("08:00", "17:00", "08:00") && !in_time("08:00", "17:00", "17:00"));
        for at in ["22:00", "23:59", "00:00", "05:59"] {
            assert!(in_time("22:00", "06:00", at) && !in_time("06:00", "22:00", at), "{at}");
        }
        for whole in ["00:00", "12:00", "24:00"] {
            assert!(in_time(whole, whole, "12:00") && in_time(whole, whole, "00:00"));
        }
        assert!(in_time("24:00", "08:00", "07:59") && in_time("00:00", "24:00", "23:59"));
        assert!(in_time("17:00", "24:00", "23:59") && !in_time("17:00", "24:00", "00:00"));
    }
}
