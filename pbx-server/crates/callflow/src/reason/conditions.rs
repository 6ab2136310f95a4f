//! Why conditions hold, to stand after the name of what they belong to.

use crate::calendar::LocalTime;
use crate::holidays::holiday;
use crate::routing::{CallerMatch, Condition};
use voxera_model::{Locale, PhoneNumber};

/// `: klockan är 17:35, det är fredag`; for no conditions `, alltid`.
pub(super) fn because(conditions: &[Condition], at: LocalTime, locale: Locale) -> String {
    if conditions.is_empty() {
        return match locale {
            Locale::Sv => " alltid".into(),
            Locale::En => " always".into(),
        };
    }
    let said: Vec<String> = conditions.iter().map(|condition| one(condition, at, locale)).collect();
    format!(": {}", said.join(", "))
}

fn one(condition: &Condition, at: LocalTime, locale: Locale) -> String {
    let sv = matches!(locale, Locale::Sv);
    match condition {
        Condition::Time { from, to } => {
            let now = format!("{:02}:{:02}", at.minute / 60, at.minute % 60);
            if sv {
                format!("klockan är {now} ({from}–{to})")
            } else {
                format!("it is {now} ({from}–{to})")
            }
        }
        Condition::Days { .. } => {
            let today = at.date().weekday().plural(locale);
            if sv { format!("den gäller på {today}") } else { format!("it is for {today}") }
        }
        Condition::Dates { .. } => {
            let today = at.date();
            if sv { format!("datumet är {today}") } else { format!("the date is {today}") }
        }
        Condition::Holidays { on, .. } => match (on, holiday(at.date())) {
            (true, Some(day)) if sv => format!("det är {}", day.name(Locale::Sv).to_lowercase()),
            (true, Some(day)) => format!("it is {}", day.name(Locale::En)),
            (true, None) if sv => "det är helgdag".into(),
            (true, None) => "it is a holiday".into(),
            (false, _) if sv => "det är ingen av helgdagarna".into(),
            (false, _) => "it is none of the holidays".into(),
        },
        Condition::Caller { how, number } => {
            let number =
                PhoneNumber::parse(number).map_or_else(|_| number.clone(), |number| number.national());
            match (how, sv) {
                (CallerMatch::Matches, true) => format!("den som ringer har {number}"),
                (CallerMatch::Matches, false) => format!("the caller has {number}"),
                (CallerMatch::StartsWith, true) => {
                    format!("den som ringer har ett nummer som börjar på {number}")
                }
                (CallerMatch::StartsWith, false) => format!("the caller's number starts with {number}"),
                (CallerMatch::Contains, true) => format!("den som ringer har ett nummer med {number}"),
                (CallerMatch::Contains, false) => format!("the caller's number contains {number}"),
            }
        }
        Condition::CallerWithheld if sv => "den som ringer har dolt nummer".into(),
        Condition::CallerWithheld => "the caller's number is withheld".into(),
        Condition::Dialled { .. } if sv => "numret är ett av dem som den gäller".into(),
        Condition::Dialled { .. } => "the number is one of those that it is for".into(),
    }
}
