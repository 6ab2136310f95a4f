//! Swedish holidays, computed: law 1989:253 on public holidays, and the days around them on which
//! companies are closed or close early.

use crate::calendar::Date;
use crate::routing::HolidayKinds;
use serde::{Deserialize, Serialize};
use voxera_model::Locale;

/// What sort of holiday a day is. A day has the first of these that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum HolidayKind {
    /// A public holiday.
    RedDay,
    /// Closed nearly everywhere: Midsummer Eve, Christmas Eve, New Year's Eve, Holy Saturday.
    Eve,
    /// Often half a day: Twelfth Night, Maundy Thursday, Walpurgis Night, All Saints' Eve.
    HalfDay,
    /// The Friday after Ascension Day.
    SqueezeDay,
}

/// A holiday and what people call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Holiday {
    pub kind: HolidayKind,
    pub name_sv: &'static str,
    pub name_en: &'static str,
}

impl Holiday {
    #[must_use]
    pub const fn name(self, locale: Locale) -> &'static str {
        match locale {
            Locale::Sv => self.name_sv,
            Locale::En => self.name_en,
        }
    }
}

impl HolidayKinds {
    /// Whether this kind is switched on.
    #[must_use]
    pub const fn has(self, kind: HolidayKind) -> bool {
        match kind {
            HolidayKind::RedDay => self.red_days,
            HolidayKind::Eve => self.eves,
            HolidayKind::HalfDay => self.half_days,
            HolidayKind::SqueezeDay => self.squeeze_days,
        }
    }
}

/// The holiday on a day, by the law as it stands since 2005; up to 2004, 6 June was a working day
/// and Pentecost Monday a holiday. `None`: no holiday, a Sunday that is nothing else, or a day
/// outside 1900 to 2200.
#[must_use]
pub fn holiday(date: Date) -> Option<Holiday> {
    if !(Date::FIRST..=Date::LAST).contains(&date) {
        return None;
    }
    let (year, month, day) = date.ymd();
    let fixed = match (month, day) {
        (1, 1) => Some(red("Nyårsdagen", "New Year's Day")),
        (1, 5) => Some(half("Trettondagsafton", "Twelfth Night")),
        (1, 6) => Some(red("Trettondedag jul", "Epiphany")),
        (5, 1) => Some(red("Första maj", "1 May")),
        (6, 6) if year >= 2005 => Some(red("Sveriges nationaldag", "the National Day")),
        (12, 24) => Some(eve("Julafton", "Christmas Eve")),
        (12, 25) => Some(red("Juldagen", "Christmas Day")),
        (12, 26) => Some(red("Annandag jul", "Boxing Day")),
        (12, 31) => Some(eve("Nyårsafton", "New Year's Eve")),
        _ => None,
    };
    fixed
        .or_else(|| of_easter(year, month, date))
        .or_else(|| of_saturdays(month, day, date))
        .or_else(|| (month == 4 && day == 30).then_some(half("Valborgsmässoafton", "Walpurgis Night")))
}

fn of_easter(year: i32, month: u32, date: Date) -> Option<Holiday> {
    // From Maundy Thursday of the earliest Easter to Pentecost Monday of the latest.
    if !(3..=6).contains(&month) {
        return None;
    }
    Some(match date.days() - easter(year)?.days() {
        -3 => half("Skärtorsdagen", "Maundy Thursday"),
        -2 => red("Långfredagen", "Good Friday"),
        -1 => eve("Påskafton", "Holy Saturday"),
        0 => red("Påskdagen", "Easter Day"),
        1 => red("Annandag påsk", "Easter Monday"),
        39 => red("Kristi himmelsfärdsdag", "Ascension Day"),
        40 => SQUEEZE,
        49 => red("Pingstdagen", "Pentecost"),
        50 if year <= 2004 => red("Annandag pingst", "Pentecost Monday"),
        _ => return None,
    })
}

/// Midsummer Day is the Saturday of 20 to 26 June, All Saints' Day that of 31 October to 6 November.
fn of_saturdays(month: u32, day: u32, date: Date) -> Option<Holiday> {
    use crate::calendar::Weekday::{Friday, Saturday};
    match (month, day, date.weekday()) {
        (6, 20..=26, Saturday) => Some(red("Midsommardagen", "Midsummer Day")),
        (6, 19..=25, Friday) => Some(eve("Midsommarafton", "Midsummer Eve")),
        (10, 31, Saturday) | (11, 1..=6, Saturday) => Some(red("Alla helgons dag", "All Saints' Day")),
        (10, 30..=31, Friday) | (11, 1..=5, Friday) => Some(half("Allhelgonaafton", "All Saints' Eve")),
        _ => None,
    }
}

/// Easter Day of the Gregorian calendar (J. Meeus, "Astronomical Algorithms", chapter 8).
fn easter(year: i32) -> Option<Date> {
    let moon = year % 19;
    let (century, of_century) = (year / 100, year % 100);
    let correction = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * moon + century - century / 4 - correction + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (of_century / 4) - epact - of_century % 4) % 7;
    let late = (moon + 11 * epact + 22 * weekday) / 451;
    let days = epact + weekday - 7 * late + 114;
    Date::new(year, u32::try_from(days / 31).ok()?, u32::try_from(days % 31 + 1).ok()?)
}

const SQUEEZE: Holiday = Holiday {
    kind: HolidayKind::SqueezeDay,
    name_sv: "klämdagen efter Kristi himmelsfärd",
    name_en: "the squeeze day after Ascension",
};

const fn red(name_sv: &'static str, name_en: &'static str) -> Holiday {
    Holiday { kind: HolidayKind::RedDay, name_sv, name_en }
}

const fn eve(name_sv: &'static str, name_en: &'static str) -> Holiday {
    Holiday { kind: HolidayKind::Eve, name_sv, name_en }
}

const fn half(name_sv: &'static str, name_en: &'static str) -> Holiday {
    Holiday { kind: HolidayKind::HalfDay, name_sv, name_en }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    fn on(date: &str) -> Option<(HolidayKind, &'static str)> {
        holiday(Date::parse(date).unwrap()).map(|holiday| (holiday.kind, holiday.name_sv))
    }

    #[test]
    fn a_year_of_holidays() {
        for (date, kind, name) in [
            ("2026-04-02", HolidayKind::HalfDay, "Skärtorsdagen"),
            ("2026-04-03", HolidayKind::RedDay, "Långfredagen"),
            ("2026-05-15", HolidayKind::SqueezeDay, "klämdagen efter Kristi himmelsfärd"),
            ("2026-06-19", HolidayKind::Eve, "Midsommarafton"),
            ("2026-10-30", HolidayKind::HalfDay, "Allhelgonaafton"),
            ("2026-10-31", HolidayKind::RedDay, "Alla helgons dag"),
        ] {
            assert_eq!(on(date), Some((kind, name)), "{date}");
        }
        assert_eq!(on("2026-06-21"), None, "a Sunday that is nothing else");
    }

    #[test]
    fn the_national_day_took_the_place_of_pentecost_monday_in_2005() {
        assert_eq!(on("2004-06-06"), None);
        assert_eq!(on("2004-05-31").map(|(kind, _)| kind), Some(HolidayKind::RedDay));
        assert_eq!(on("2005-06-06").map(|(kind, _)| kind), Some(HolidayKind::RedDay));
        assert_eq!(on("2005-05-16"), None);
    }

    #[test]
    fn days_far_away_are_no_holidays() {
        for day in [i32::MIN, i32::MAX, Date::FIRST.days() - 1, Date::LAST.days() + 1] {
            assert_eq!(holiday(Date(day)), None);
        }
        assert_eq!(Date::FIRST.to_string(), "1900-01-01");
        assert_eq!(Date::LAST.to_string(), "2200-12-31");
    }
}
