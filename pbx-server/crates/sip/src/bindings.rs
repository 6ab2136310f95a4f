//! Where each phone is reached: the way that its REGISTER came.

use crate::flow::Flow;
use rsipstack::sip::Uri;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use voxera_callcontrol::Transport;
use voxera_model::{DeviceId, PbxId};

/// One address of one phone.
#[derive(Debug, Clone)]
pub struct Binding {
    /// What its requests are addressed to.
    pub target: Uri,
    /// The same as text; with the device it names the registration.
    pub contact: String,
    pub flow: Flow,
    /// What the phone calls itself for good (`+sip.instance`), so that it replaces what it said
    /// before a restart.
    pub instance: Option<String>,
    pub until: Instant,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Bindings {
    map: Mutex<Map>,
}

#[derive(Debug, Default)]
struct Map {
    of: HashMap<(PbxId, DeviceId), Vec<Binding>>,
    /// How many bindings each peer has.
    sources: HashMap<SocketAddr, usize>,
}

impl Bindings {
    /// Puts one in place of those that are the same phone at an earlier address, except the contacts
    /// that it named `together` with this one; returns the contacts that gave way. At most `most` for
    /// a device: the oldest goes.
    pub fn put(
        &self,
        pbx: PbxId,
        device: DeviceId,
        binding: Binding,
        together: &[String],
        most: usize,
    ) -> Vec<String> {
        let moved = |b: &Binding| {
            let instance = b.instance.is_some() && b.instance == binding.instance;
            (instance || b.flow.is(&binding.flow)) && !together.contains(&b.contact)
        };
        let same = |b: &Binding| b.contact == binding.contact || moved(b);
        let mut gone = self.drop_where(|p, d, b| p == pbx && d == device && same(b), Some((pbx, device)));
        let mut map = self.lock();
        let Map { of, sources } = &mut *map;
        let own = of.entry((pbx, device)).or_default();
        while own.len() >= most.max(1) {
            let old = own.remove(0);
            forget(sources, old.flow.peer);
            gone.push((pbx, device, old.contact));
        }
        *sources.entry(binding.flow.peer).or_default() += 1;
        let contact = binding.contact.clone();
        own.push(binding);
        gone.into_iter().map(|(_, _, gone)| gone).filter(|gone| *gone != contact).collect()
    }

    /// Those of one device, the oldest first.
    pub fn of(&self, pbx: PbxId, device: DeviceId) -> Vec<Binding> {
        let now = Instant::now();
        let map = self.lock();
        map.of.get(&(pbx, device)).into_iter().flatten().filter(|b| b.until > now).cloned().collect()
    }

    /// Takes out one contact of a device; `None`: all of them.
    pub fn take(&self, pbx: PbxId, device: DeviceId, contact: Option<&str>) {
        self.drop_where(|_, _, b| contact.is_none_or(|contact| contact == b.contact), Some((pbx, device)));
    }

    /// Takes out what came over a way that is gone.
    pub fn close(&self, flow: &Flow) -> Vec<(PbxId, DeviceId, String)> {
        if !self.is_source(flow.peer) {
            return Vec::new();
        }
        self.drop_where(|_, _, b| b.flow.is(flow), None)
    }

    /// Takes out what expired, and what `keep` no longer knows.
    pub fn sweep(&self, keep: impl Fn(PbxId, DeviceId, &Binding) -> bool) {
        let now = Instant::now();
        self.drop_where(|pbx, device, b| b.until <= now || !keep(pbx, device, b), None);
    }

    /// Whether a phone is registered from there.
    pub fn is_source(&self, peer: SocketAddr) -> bool {
        self.lock().sources.contains_key(&peer)
    }

    /// UDP peers whose router forgets them when nothing passes: their contact is not where their
    /// packets come from.
    pub fn behind_routers(&self) -> Vec<Flow> {
        let map = self.lock();
        let far = |b: &&Binding| {
            let said = SocketAddr::try_from(b.target.host_with_port.clone()).ok();
            b.flow.transport == Transport::Udp && said != Some(b.flow.peer)
        };
        map.of.values().flatten().filter(far).map(|b| b.flow.clone()).collect()
    }

    pub fn len(&self) -> usize {
        self.lock().of.values().map(Vec::len).sum()
    }

    fn drop_where(
        &self,
        gone: impl Fn(PbxId, DeviceId, &Binding) -> bool,
        only: Option<(PbxId, DeviceId)>,
    ) -> Vec<(PbxId, DeviceId, String)> {
        let mut map = self.lock();
        let Map { of, sources } = &mut *map;
        let mut dropped = Vec::new();
        let mut clean = |(pbx, device): (PbxId, DeviceId), own: &mut Vec<Binding>| {
            own.retain(|binding| {
                let keep = !gone(pbx, device, binding);
                if !keep {
                    forget(sources, binding.flow.peer);
                    dropped.push((pbx, device, binding.contact.clone()));
                }
                keep
            });
            !own.is_empty()
        };
        match only {
            None => of.retain(|key, own| clean(*key, own)),
            Some(key) => {
                if of.get_mut(&key).is_some_and(|own| !clean(key, own)) {
                    of.remove(&key);
                }
            }
        }
        dropped
    }

    fn lock(&self) -> MutexGuard<'_, Map> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn forget(sources: &mut HashMap<SocketAddr, usize>, peer: SocketAddr) {
    if let Some(count) = sources.get_mut(&peer) {
        *count -= 1;
        if *count == 0 {
            sources.remove(&peer);
        }
    }
}
