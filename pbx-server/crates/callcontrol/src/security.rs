//! What an attacker does, kept without letting the attacker decide how much is kept.

use chrono::{DateTime, Utc};
use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use voxera_model::{CustomerId, DeviceId, PbxId, Realm, TenantId};

/// One refused attempt, as an engine saw it.
#[derive(Debug, Clone)]
pub struct SecurityEvent {
    pub kind: SecurityKind,
    /// The realm that was asked for, when it is a well-formed one. Known realms give the audit its
    /// tenant and customer; others are kept for the platform only.
    pub realm: Option<Realm>,
    /// Where the packet came from.
    pub source: SocketAddr,
    /// The device whose credential was used or claimed, when it is a known one.
    pub device: Option<DeviceId>,
}

/// What was tried. The text form is stable: it is the action of the audit entry, after `sip.`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SecurityKind {
    /// A known device with a wrong password.
    BadPassword,
    /// A user name that is no device of the realm.
    UnknownDevice,
    /// An extension number used as a user name.
    ExtensionAsUser,
    /// A realm that no PBX here has.
    UnknownRealm,
    /// A nonce that was never issued, or was used before.
    ReplayedNonce,
    /// A digest made for another address.
    WrongDigestUri,
    /// Registering for somebody else's address.
    ForeignAddress,
    /// Calling under somebody else's name.
    ForgedCaller,
    /// Credentials of one PBX used in another.
    CrossRealm,
    /// More requests than one source may send.
    Flood,
    /// A request that cannot be read.
    Malformed,
}

impl SecurityKind {
    /// The stable text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadPassword => "bad_password",
            Self::UnknownDevice => "unknown_device",
            Self::ExtensionAsUser => "extension_as_user",
            Self::UnknownRealm => "unknown_realm",
            Self::ReplayedNonce => "replayed_nonce",
            Self::WrongDigestUri => "wrong_digest_uri",
            Self::ForeignAddress => "foreign_address",
            Self::ForgedCaller => "forged_caller",
            Self::CrossRealm => "cross_realm",
            Self::Flood => "flood",
            Self::Malformed => "malformed",
        }
    }
}

/// Different (kind, source, owner) in one minute; what comes on top is counted under no source.
const KEYS: usize = 2_000;
/// Audit entries that wait for the database; older ones stay, newer ones are counted and dropped.
const WAITING: usize = 10_000;

/// What the audit keeps: the first event of a kind from a source at once, the rest of that minute as
/// one entry with a count. However many packets come, one source makes two entries a minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuditLine {
    pub(crate) at: DateTime<Utc>,
    pub(crate) kind: SecurityKind,
    /// `None`: sources beyond the limit, together.
    pub(crate) source: Option<IpAddr>,
    pub(crate) owner: Option<(TenantId, CustomerId)>,
    pub(crate) pbx: Option<PbxId>,
    pub(crate) device: Option<DeviceId>,
    pub(crate) count: u64,
}

/// Counts events by minute. Reads no clock: time comes in.
#[derive(Debug, Default)]
pub(crate) struct Aggregate {
    minute: i64,
    counts: HashMap<Key, Counted>,
    ready: VecDeque<AuditLine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    kind: SecurityKind,
    source: Option<IpAddr>,
    owner: Option<(TenantId, CustomerId)>,
    pbx: Option<PbxId>,
}

#[derive(Debug)]
struct Counted {
    /// Events after the first, which has its own entry.
    more: u64,
    last: DateTime<Utc>,
    device: Option<DeviceId>,
}

impl Aggregate {
    /// Counts one event; returns whether an entry is ready to be written.
    pub(crate) fn add(
        &mut self,
        event: &SecurityEvent,
        owner: Option<(TenantId, CustomerId, PbxId)>,
        at: DateTime<Utc>,
    ) -> bool {
        self.turn(at);
        let mut key = Key {
            kind: event.kind,
            source: Some(event.source.ip().to_canonical()),
            owner: owner.map(|(tenant, customer, _)| (tenant, customer)),
            pbx: owner.map(|(_, _, pbx)| pbx),
        };
        if self.counts.len() >= KEYS && !self.counts.contains_key(&key) {
            key.source = None;
        }
        if let Some(counted) = self.counts.get_mut(&key) {
            counted.more += 1;
            counted.last = at;
            if counted.device != event.device {
                counted.device = None;
            }
            return !self.ready.is_empty();
        }
        let first = AuditLine {
            at,
            kind: key.kind,
            source: key.source,
            owner: key.owner,
            pbx: key.pbx,
            device: event.device,
            count: 1,
        };
        self.counts.insert(key, Counted { more: 0, last: at, device: event.device });
        self.push(first);
        true
    }

    /// Closes the minute before `at`, if it is over.
    pub(crate) fn turn(&mut self, at: DateTime<Utc>) {
        let minute = at.timestamp().div_euclid(60);
        if minute != self.minute {
            self.minute = minute;
            self.close();
        }
    }

    /// Closes the minute now.
    pub(crate) fn close(&mut self) {
        let mut lines: Vec<AuditLine> = self
            .counts
            .drain()
            .filter(|(_, counted)| counted.more > 0)
            .map(|(key, counted)| AuditLine {
                at: counted.last,
                kind: key.kind,
                source: key.source,
                owner: key.owner,
                pbx: key.pbx,
                device: counted.device,
                count: counted.more,
            })
            .collect();
        lines.sort_by_key(|line| line.at);
        for line in lines {
            self.push(line);
        }
    }

    /// The entries to write, the oldest first.
    pub(crate) fn take(&mut self) -> Vec<AuditLine> {
        self.ready.drain(..).collect()
    }

    /// Entries that could not be written.
    pub(crate) fn give_back(&mut self, lines: Vec<AuditLine>) {
        for line in lines.into_iter().rev() {
            self.ready.push_front(line);
        }
        self.ready.truncate(WAITING);
    }

    fn push(&mut self, line: AuditLine) {
        if self.ready.len() < WAITING {
            self.ready.push_back(line);
        } else {
            metrics::counter!("voxera_security_entries_dropped_total").increment(1);
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn event(kind: SecurityKind, source: &str) -> SecurityEvent {
        SecurityEvent { kind, realm: None, source: source.parse().unwrap(), device: None }
    }

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    #[test]
    fn ten_thousand_wrong_passwords_from_one_source_make_two_entries_a_minute() {
        let mut aggregate = Aggregate::default();
        for port in 1..=10_000_u16 {
            let source = format!("192.0.2.7:{port}");
            aggregate.add(&event(SecurityKind::BadPassword, &source), None, at(0));
        }
        aggregate.turn(at(60));
        let lines = aggregate.take();
        assert_eq!(lines.iter().map(|line| line.count).collect::<Vec<_>>(), [1, 9_999]);
        assert!(lines.iter().all(|line| line.source == Some("192.0.2.7".parse().unwrap())));
    }

    #[test]
    fn the_first_attempt_is_ready_at_once_and_each_kind_stands_alone() {
        let mut aggregate = Aggregate::default();
        assert!(aggregate.add(&event(SecurityKind::UnknownDevice, "192.0.2.7:1"), None, at(0)));
        assert!(aggregate.add(&event(SecurityKind::ReplayedNonce, "192.0.2.7:1"), None, at(0)));
        assert_eq!(aggregate.take().len(), 2);
        aggregate.turn(at(60));
        assert_eq!(aggregate.take(), []);
    }

    #[test]
    fn a_flood_from_many_sources_is_bounded_and_still_counted() {
        let mut aggregate = Aggregate::default();
        let sources = 5_000_u32;
        for n in 0..sources {
            let source = format!("10.0.{}.{}:5060", n / 256, n % 256);
            aggregate.add(&event(SecurityKind::UnknownRealm, &source), None, at(1));
        }
        aggregate.close();
        let lines = aggregate.take();
        assert!(lines.len() <= KEYS + 2, "{}", lines.len());
        assert_eq!(lines.iter().map(|line| line.count).sum::<u64>(), u64::from(sources));
    }

    #[test]
    fn a_tenants_events_are_never_added_to_anothers() {
        let mut aggregate = Aggregate::default();
        let owner = |n: u128| {
            Some((TenantId(Uuid::from_u128(n)), CustomerId(Uuid::from_u128(n)), PbxId(Uuid::from_u128(n))))
        };
        for n in [1, 2, 1, 2] {
            aggregate.add(&event(SecurityKind::BadPassword, "192.0.2.7:1"), owner(n), at(0));
        }
        aggregate.close();
        let lines = aggregate.take();
        assert_eq!(lines.len(), 4);
        assert!(lines.iter().all(|line| line.count == 1 && line.owner.is_some()));
    }
}
