//! Which phones are online, and which extensions are in calls.

use crate::floor::{Changed, Floor};
use crate::live::{Live, LiveEvent};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use voxera_callflow::Availability;
use voxera_model::{CustomerId, DeviceId, ExtensionId, ExtensionNumber, PbxId, TenantId};

/// How a phone is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
    WebSocket,
}

/// One phone that is online until `expires_at`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    pub tenant: TenantId,
    pub customer: CustomerId,
    pub pbx: PbxId,
    pub extension: ExtensionId,
    pub extension_number: ExtensionNumber,
    pub device: DeviceId,
    /// The address that the phone gave itself; with `device` it names the registration.
    pub contact: String,
    /// Where its packets come from, and where it is reached.
    pub source: SocketAddr,
    pub transport: Transport,
    /// What the phone calls itself, e.g. `baresip v1.0.0`.
    pub user_agent: Option<String>,
    pub registered_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// How a registration changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationChange {
    /// The phone came online.
    Registered,
    /// It is still there, and said so.
    Refreshed,
    /// It signed out.
    Unregistered,
    /// It was not heard of in time.
    Expired,
    /// Its credential was removed or changed.
    Revoked,
}

/// All registrations and call counts, by PBX.
#[derive(Debug)]
pub struct Presence {
    pbxs: RwLock<HashMap<PbxId, Arc<Mutex<PbxPresence>>>>,
    live: Arc<Live>,
}

/// One PBX's phones and counts; locked while one call of that PBX is decided, so that two callers
/// of one free extension do not both find it free.
#[derive(Debug, Default)]
pub(crate) struct PbxPresence {
    registrations: BTreeMap<(DeviceId, String), Registration>,
    calls: BTreeMap<ExtensionId, u16>,
    counted: Option<Counted>,
    pub(crate) floor: Floor,
}

/// Phones online by extension, counted once for all calls until something changes.
#[derive(Debug)]
struct Counted {
    /// Before the next registration expires.
    until: DateTime<Utc>,
    facts: BTreeMap<ExtensionId, Availability>,
}

impl PbxPresence {
    /// The facts about extensions at `now`.
    pub(crate) fn availability(&mut self, now: DateTime<Utc>) -> BTreeMap<ExtensionId, Availability> {
        let mut facts = match &self.counted {
            Some(counted) if now < counted.until => counted.facts.clone(),
            Some(_) | None => self.count(now),
        };
        for (extension, calls) in &self.calls {
            facts.entry(*extension).or_default().calls = *calls;
        }
        for extension in self.floor.talking() {
            let talking = &mut facts.entry(extension).or_default().talking;
            *talking = talking.saturating_add(1);
        }
        facts
    }

    fn count(&mut self, now: DateTime<Utc>) -> BTreeMap<ExtensionId, Availability> {
        let mut facts: BTreeMap<ExtensionId, Availability> = BTreeMap::new();
        let mut until = DateTime::<Utc>::MAX_UTC;
        for registration in self.registrations.values().filter(|r| r.expires_at > now) {
            let entry = facts.entry(registration.extension).or_default();
            entry.online = entry.online.saturating_add(1);
            until = until.min(registration.expires_at);
        }
        self.counted = Some(Counted { until, facts: facts.clone() });
        facts
    }

    /// The registrations, to be changed.
    fn edit(&mut self) -> &mut BTreeMap<(DeviceId, String), Registration> {
        self.counted = None;
        &mut self.registrations
    }

    /// Phones that rang for a call do so no longer.
    pub(crate) fn rang_out(&mut self, call: voxera_model::CallId) {
        for extension in self.floor.rang_out(call) {
            self.call_ends(extension);
        }
    }

    /// Counts what a step changed.
    pub(crate) fn settle(&mut self, changed: &Changed) {
        for extension in &changed.ended {
            self.call_ends(*extension);
        }
        for extension in &changed.began {
            self.call_begins(*extension);
        }
    }

    fn call_begins(&mut self, extension: ExtensionId) {
        let calls = self.calls.entry(extension).or_default();
        *calls = calls.saturating_add(1);
    }

    fn call_ends(&mut self, extension: ExtensionId) {
        if let Some(calls) = self.calls.get_mut(&extension) {
            *calls = calls.saturating_sub(1);
            if *calls == 0 {
                self.calls.remove(&extension);
            }
        }
    }
}

impl Presence {
    pub(crate) fn new(live: Arc<Live>) -> Self {
        Self { pbxs: RwLock::default(), live }
    }

    /// A phone registered, or refreshed its registration (same device and contact).
    pub fn register(&self, registration: Registration) {
        let slot = self.pbx(registration.pbx);
        let mut pbx = lock(&slot);
        let key = (registration.device, registration.contact.clone());
        let known = pbx.edit().insert(key, registration.clone());
        let still_there = known.is_some_and(|known| known.expires_at > registration.registered_at);
        let change = if still_there { RegistrationChange::Refreshed } else { RegistrationChange::Registered };
        if !still_there {
            pbx.floor.wake(None);
        }
        self.live.publish(LiveEvent::Registration { change, registration });
    }

    /// A phone signed out. `None`: of all its contacts.
    pub fn unregister(&self, pbx: PbxId, device: DeviceId, contact: Option<&str>) {
        self.drop_where(pbx, RegistrationChange::Unregistered, |r| {
            r.device == device && contact.is_none_or(|contact| contact == r.contact)
        });
    }

    /// Takes out what expired before `now`; returns how many.
    pub fn expire(&self, now: DateTime<Utc>) -> usize {
        let pbxs: Vec<PbxId> =
            self.pbxs.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect();
        pbxs.into_iter()
            .map(|pbx| self.drop_where(pbx, RegistrationChange::Expired, |r| r.expires_at <= now))
            .sum()
    }

    /// Lets the first of every line look again: rests end without anybody saying so.
    pub(crate) fn wake_lines(&self) {
        let pbxs: Vec<_> =
            self.pbxs.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        for pbx in pbxs {
            lock(&pbx).floor.wake(None);
        }
    }

    /// The machine's clock was set by this much: registrations last as long as they would have.
    pub(crate) fn clock_jumped(&self, by: TimeDelta) {
        let pbxs: Vec<_> =
            self.pbxs.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        for pbx in pbxs {
            for registration in lock(&pbx).edit().values_mut() {
                registration.registered_at += by;
                registration.expires_at += by;
            }
        }
    }

    /// The registrations of one PBX, by device.
    #[must_use]
    pub fn list(&self, pbx: PbxId) -> Vec<Registration> {
        let now = Utc::now();
        let slot = self.pbx(pbx);
        let pbx = lock(&slot);
        pbx.registrations.values().filter(|r| r.expires_at > now).cloned().collect()
    }

    /// Where one device is reached now; empty: it is offline.
    #[must_use]
    pub fn bindings(&self, pbx: PbxId, device: DeviceId) -> Vec<Registration> {
        let now = Utc::now();
        let slot = self.pbx(pbx);
        let pbx = lock(&slot);
        let own = pbx.registrations.range((device, String::new())..).map(|(_, registration)| registration);
        own.take_while(|r| r.device == device).filter(|r| r.expires_at > now).cloned().collect()
    }

    /// Phones online and calls up, by extension; an extension with neither is left out.
    #[must_use]
    pub fn availability(&self, pbx: PbxId) -> BTreeMap<ExtensionId, Availability> {
        let slot = self.pbx(pbx);
        lock(&slot).availability(Utc::now())
    }

    /// Phones online in the whole installation.
    #[must_use]
    pub fn total(&self) -> usize {
        let pbxs: Vec<_> =
            self.pbxs.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        pbxs.iter().map(|pbx| lock(pbx).registrations.len()).sum()
    }

    pub(crate) fn pbx(&self, pbx: PbxId) -> Arc<Mutex<PbxPresence>> {
        if let Some(found) = self.pbxs.read().unwrap_or_else(PoisonError::into_inner).get(&pbx) {
            return Arc::clone(found);
        }
        Arc::clone(self.pbxs.write().unwrap_or_else(PoisonError::into_inner).entry(pbx).or_default())
    }

    /// Moves registrations to the extension that their phone now belongs to.
    pub(crate) fn rehome(
        &self,
        pbx: PbxId,
        home: impl Fn(&Registration) -> Option<(ExtensionId, ExtensionNumber)>,
    ) {
        let slot = self.pbx(pbx);
        for registration in lock(&slot).edit().values_mut() {
            let Some((extension, number)) = home(registration) else { continue };
            if (registration.extension, &registration.extension_number) != (extension, &number) {
                registration.extension = extension;
                registration.extension_number = number;
                let (change, registration) = (RegistrationChange::Refreshed, registration.clone());
                self.live.publish(LiveEvent::Registration { change, registration });
            }
        }
    }

    pub(crate) fn drop_where(
        &self,
        pbx: PbxId,
        change: RegistrationChange,
        gone: impl Fn(&Registration) -> bool,
    ) -> usize {
        let slot = self.pbx(pbx);
        let mut pbx = lock(&slot);
        let keys: Vec<_> =
            pbx.registrations.iter().filter(|(_, r)| gone(r)).map(|(key, _)| key.clone()).collect();
        for key in &keys {
            if let Some(registration) = pbx.edit().remove(key) {
                self.live.publish(LiveEvent::Registration { change, registration });
            }
        }
        keys.len()
    }
}

pub(crate) fn lock(slot: &Mutex<PbxPresence>) -> MutexGuard<'_, PbxPresence> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_clock_that_is_set_takes_no_phone_offline() {
        let presence = Presence::new(Arc::default());
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let pbx = PbxId(Uuid::from_u128(3));
        presence.register(Registration {
            tenant: TenantId(Uuid::from_u128(1)),
            customer: CustomerId(Uuid::from_u128(2)),
            pbx,
            extension: ExtensionId(Uuid::from_u128(4)),
            extension_number: ExtensionNumber::parse("1000").unwrap(),
            device: DeviceId(Uuid::from_u128(5)),
            contact: "sip:phone@192.0.2.7".into(),
            source: "192.0.2.7:5060".parse().unwrap(),
            transport: Transport::Udp,
            user_agent: None,
            registered_at: now,
            expires_at: now + TimeDelta::minutes(5),
        });
        for jump in [TimeDelta::hours(3), TimeDelta::hours(-8)] {
            presence.clock_jumped(jump);
            assert_eq!(presence.expire(now + jump), 0);
            presence.clock_jumped(-jump);
        }
        assert_eq!(presence.expire(now + TimeDelta::minutes(5)), 1, "and it expires in its own time");
    }
}
