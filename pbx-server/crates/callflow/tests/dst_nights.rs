//! The two nights of a year on which the wall clock jumps, as a phone system in Stockholm lives them.
#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use chrono::{DateTime, Datelike, Duration, Timelike, Utc};
use serde_json::{Value, json};
use voxera_callflow::{Condition, LocalTime, Peer, hold};

/// The minute on the wall of a Stockholm office.
fn on_the_wall(now: DateTime<Utc>) -> LocalTime {
    let local = now.with_timezone(&chrono_tz::Europe::Stockholm);
    let day = local.num_days_from_ce() - DateTime::UNIX_EPOCH.num_days_from_ce();
    LocalTime { day, minute: u16::try_from(local.hour() * 60 + local.minute()).unwrap() }
}

/// How many real minutes of a night (from the evening before, 24 hours) conditions hold.
fn minutes_of(evening: &str, conditions: &Value) -> usize {
    let conditions: Vec<Condition> = serde_json::from_value(conditions.clone()).unwrap();
    let start: DateTime<Utc> = evening.parse().unwrap();
    let minutes = (0..24 * 60).map(|minute| on_the_wall(start + Duration::minutes(minute)));
    minutes.filter(|at| hold(&conditions, *at, &Peer::Outside(None), None).is_ok()).count()
}

const SPRING: &str = "2026-03-28T12:00:00Z";
const AUTUMN: &str = "2026-10-24T12:00:00Z";
const USUAL: &str = "2026-06-06T12:00:00Z";

#[test]
fn the_hour_that_is_left_out_holds_no_rule_and_the_one_that_comes_twice_holds_it_twice() {
    let third_hour = json!([{ "kind": "time", "from": "02:00", "to": "03:00" }]);
    assert_eq!(minutes_of(USUAL, &third_hour), 60);
    assert_eq!(minutes_of(SPRING, &third_hour), 0);
    assert_eq!(minutes_of(AUTUMN, &third_hour), 120);
}

#[test]
fn a_night_is_an_hour_shorter_in_spring_and_longer_in_autumn() {
    let night = json!([{ "kind": "time", "from": "22:00", "to": "06:00" }]);
    assert_eq!(minutes_of(USUAL, &night), 8 * 60);
    assert_eq!(minutes_of(SPRING, &night), 7 * 60);
    assert_eq!(minutes_of(AUTUMN, &night), 9 * 60);
}

#[test]
fn the_day_changes_at_midnight_on_the_wall_on_every_night() {
    // From noon in Greenwich: Stockholm is one hour ahead in winter and two in summer.
    let sunday = json!([{ "kind": "days", "days": ["sunday"] }]);
    assert_eq!(minutes_of(SPRING, &sunday), 13 * 60, "midnight came at 23:00 in Greenwich");
    assert_eq!(minutes_of(AUTUMN, &sunday), 14 * 60, "and at 22:00");
    let date = json!([{ "kind": "dates", "ranges": [{ "from": "2026-10-25", "to": "2026-10-25" }] }]);
    assert_eq!(minutes_of(AUTUMN, &date), 14 * 60);
}

#[test]
fn rules_that_share_a_day_leave_no_minute_out_and_take_none_twice() {
    let day = json!([{ "kind": "time", "from": "02:30", "to": "14:00" }]);
    let rest = json!([{ "kind": "time", "from": "14:00", "to": "02:30" }]);
    for night in [SPRING, AUTUMN, USUAL] {
        assert_eq!(minutes_of(night, &day) + minutes_of(night, &rest), 24 * 60, "{night}");
    }
}
