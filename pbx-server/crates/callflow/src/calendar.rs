//! Days and minutes as people in the PBX's zone read them.

use serde::{Deserialize, Serialize};
use voxera_model::Invalid;

/// Minutes and days as people in the PBX's zone see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct LocalTime {
    /// Days since 1970-01-01, a Thursday.
    pub day: i32,
    /// 0 to 1439.
    pub minute: u16,
}

impl LocalTime {
    #[must_use]
    pub const fn date(self) -> Date {
        Date(self.day)
    }
}

/// A day of the Gregorian calendar, written `2026-06-19`; years 1900 to 2200.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, format = Date, example = "2026-06-19"))]
pub struct Date(pub(crate) i32);

impl Date {
    /// 1 January 1900.
    pub const FIRST: Self = Self(-25_567);
    /// 31 December 2200.
    pub const LAST: Self = Self(84_370);
    /// A day of no meaning, 1 June 2026, for what is true in any year.
    pub(crate) const ORDINARY: Self = Self(20_605);

    /// Reads `2026-06-19`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let refuse = || Invalid::new("date", "Write a date as 2026-06-19.");
        let parts: Vec<&str> = text.trim().split('-').collect();
        let [year, month, day] = parts[..] else { return Err(refuse()) };
        if (year.len(), month.len(), day.len()) != (4, 2, 2) {
            return Err(refuse());
        }
        let number = |text: &str| text.parse::<u16>().map_err(|_| refuse());
        let (year, month, day) = (number(year)?, number(month)?, number(day)?);
        Self::new(i32::from(year), u32::from(month), u32::from(day)).ok_or_else(refuse)
    }

    /// `None`: there is no such day, or it is outside 1900 to 2200.
    #[must_use]
    pub fn new(year: i32, month: u32, day: u32) -> Option<Self> {
        if !(1900..=2200).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        let date = Self::civil(year, month, day);
        (date.ymd() == (year, month, day)).then_some(date)
    }

    /// Days since 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date algorithms").
    #[expect(clippy::cast_possible_wrap, reason = "months and days are small")]
    const fn civil(year: i32, month: u32, day: u32) -> Self {
        let (month, day) = (month as i32, day as i32);
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        Self(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
    }

    /// Year, month (1 to 12), day (1 to 31).
    #[must_use]
    #[expect(clippy::cast_sign_loss, reason = "months and days are positive")]
    pub const fn ymd(self) -> (i32, u32, u32) {
        let days = self.0 + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year + era * 400 + if month <= 2 { 1 } else { 0 };
        (year, month as u32, day as u32)
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub const fn days(self) -> i32 {
        self.0
    }

    #[must_use]
    pub const fn weekday(self) -> Weekday {
        match (self.0 + 3).rem_euclid(7) {
            0 => Weekday::Monday,
            1 => Weekday::Tuesday,
            2 => Weekday::Wednesday,
            3 => Weekday::Thursday,
            4 => Weekday::Friday,
            5 => Weekday::Saturday,
            _ => Weekday::Sunday,
        }
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, month, day) = self.ymd();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl TryFrom<String> for Date {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Date> for String {
    fn from(date: Date) -> Self {
        date.to_string()
    }
}

/// Days of the week, the Swedish week's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// A minute of the day, `00:00` to `24:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, example = "08:00"))]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// Reads `08:00`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let refuse = || Invalid::new("time", "Write a time as 08:00, at most 24:00.");
        let (hour, minute) = text.trim().split_once(':').ok_or_else(refuse)?;
        if hour.len() > 2 || minute.len() != 2 {
            return Err(refuse());
        }
        let number = |text: &str| text.parse::<u16>().map_err(|_| refuse());
        let (hour, minute) = (number(hour)?, number(minute)?);
        if minute > 59 {
            return Err(refuse());
        }
        Self::new(hour * 60 + minute).ok_or_else(refuse)
    }

    /// `None`: more than 1440.
    #[must_use]
    pub fn new(minute: u16) -> Option<Self> {
        (minute <= 1440).then_some(Self(minute))
    }

    /// 0 to 1440.
    #[must_use]
    pub const fn minute(self) -> u16 {
        self.0
    }
}

impl std::fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}
