//! Every day of 2000 to 2100, beside what Python's `holidays` says of it.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use std::collections::BTreeMap;
use voxera_callflow::{Date, HolidayKind, LocalTime, holiday};

#[test]
fn holidays_of_a_hundred_years_agree_with_another_calendar() {
    let table: BTreeMap<Date, HolidayKind> = include_str!("data/holidays.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let (date, kind) = line.split_once(' ').unwrap();
            (Date::parse(date).unwrap(), serde_json::from_value(kind.into()).unwrap())
        })
        .collect();
    assert!(table.len() > 2_100, "{}", table.len());
    let (first, last) = (Date::new(2000, 1, 1).unwrap(), Date::new(2100, 12, 31).unwrap());
    for day in first.days()..=last.days() {
        let date = LocalTime { day, minute: 0 }.date();
        assert_eq!(holiday(date).map(|holiday| holiday.kind), table.get(&date).copied(), "{date}");
    }
}
