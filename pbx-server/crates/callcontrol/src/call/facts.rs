//! What the core is told of this moment.

use super::{Inner, QueueKeeper};
use crate::floor::Moment;
use crate::presence::PbxPresence;
use chrono::{DateTime, Datelike, Timelike, Utc};
use voxera_callflow::{Cursor, Event, Facts, LocalTime, Standing};
use voxera_model::{Dialled, Zone};

impl Inner {
    /// Gathered under the lock of the PBX. What only some calls can ask for is gathered for those.
    pub(super) fn facts(&self, phones: &mut PbxPresence, cursor: Option<&Cursor>, event: &Event) -> Facts {
        let snapshot = &self.view.snapshot;
        let clock = self.control.clock();
        let now = clock.now();
        let local = local_time(&snapshot.zone, now);
        let code = dials_code(event);
        let listens = cursor.is_some_and(|cursor| cursor.standing() == Standing::Voicemail);
        let lines = self.control.lines();
        Facts {
            now: local,
            clock: u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX),
            // Phones have left an engine that carries no more than the end of its calls.
            extensions: if self.control.carries(snapshot.pbx) {
                phones.availability(Utc::now())
            } else {
                std::collections::BTreeMap::new()
            },
            queues: phones.floor.queues(self.id, Moment { instant: clock.instant(), day: local.day }),
            mailboxes: if code || listens {
                self.control.mailboxes().facts(snapshot.pbx, &snapshot.zone)
            } else {
                std::collections::BTreeMap::new()
            },
            ringing: if code { phones.floor.ringing(snapshot) } else { Vec::new() },
            parked: if code { phones.floor.parked() } else { Vec::new() },
            rooms: phones.floor.rooms(),
            lines: snapshot.trunks.iter().map(|trunk| trunk.id).filter(|id| lines.works(*id)).collect(),
            engine_rings_members: self.queues == QueueKeeper::Engine,
            draw: rand::random(),
        }
    }
}

/// `*97`, `*8` and their like, dialled, transferred to, or chosen in the portal.
const fn dials_code(event: &Event) -> bool {
    matches!(
        event,
        Event::Arrived { dialled: Dialled::Code(_), .. }
            | Event::Transferred { to: Dialled::Code(_), .. }
            | Event::Sent { to: Dialled::Code(_), .. }
    )
}

/// The minute in the PBX's zone; in UTC when the zone is not known to this machine.
pub(crate) fn local_time(zone: &Zone, now: DateTime<Utc>) -> LocalTime {
    let zone: chrono_tz::Tz = zone.as_str().parse().unwrap_or(chrono_tz::UTC);
    let local = now.with_timezone(&zone);
    let day = local.num_days_from_ce() - chrono::DateTime::UNIX_EPOCH.num_days_from_ce();
    let minute = u16::try_from(local.hour() * 60 + local.minute()).unwrap_or(0);
    LocalTime { day, minute }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    fn at(utc: &str) -> String {
        let local = local_time(&Zone::stockholm(), utc.parse().unwrap());
        format!("{} {:02}:{:02}", local.date(), local.minute / 60, local.minute % 60)
    }

    /// The clock jumps from 02:00 to 03:00: no call has a time between them.
    #[test]
    fn the_night_to_summer_time_has_no_third_hour() {
        assert_eq!(at("2026-03-29T00:59:59Z"), "2026-03-29 01:59");
        assert_eq!(at("2026-03-29T01:00:00Z"), "2026-03-29 03:00");
        assert_eq!(at("2026-03-28T23:00:00Z"), "2026-03-29 00:00");
    }

    /// The clock goes back from 03:00 to 02:00: the hour comes twice, and rules hold in both.
    #[test]
    fn the_night_to_winter_time_has_the_third_hour_twice() {
        assert_eq!(at("2026-10-25T00:30:00Z"), "2026-10-25 02:30");
        assert_eq!(at("2026-10-25T01:30:00Z"), "2026-10-25 02:30");
        assert_eq!(at("2026-10-25T02:00:00Z"), "2026-10-25 03:00");
        assert_eq!(at("2026-10-25T22:59:00Z"), "2026-10-25 23:59");
    }
}
