//! Every line that the directory knows.

use crate::flow::Flow;
use crate::hub::Hub;
use crate::trunk::line::Line;
use crate::trunk::settings::{Settings, all};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use voxera_callcontrol::LineState;
use voxera_model::TrunkId;

/// All of them.
#[derive(Debug, Default)]
pub struct Lines {
    map: RwLock<Map>,
}

#[derive(Debug, Default)]
struct Map {
    lines: HashMap<TrunkId, Arc<Line>>,
    /// Which lines may be at an address; each says itself whether it is.
    sources: HashMap<IpAddr, Vec<Arc<Line>>>,
}

impl Lines {
    #[must_use]
    pub fn get(&self, trunk: TrunkId) -> Option<Arc<Line>> {
        self.read().lines.get(&trunk).cloned()
    }

    /// The way to a line, when there is one at this moment.
    #[must_use]
    pub fn flow(&self, trunk: TrunkId) -> Option<Flow> {
        self.get(trunk)?.flow()
    }

    /// The lines that something from there may have come over: those of one carrier share its
    /// addresses.
    #[must_use]
    pub fn at(&self, peer: SocketAddr) -> Vec<Arc<Line>> {
        let map = self.read();
        let near = map.sources.get(&peer.ip().to_canonical()).into_iter().flatten();
        near.filter(|line| line.is_at(peer)).cloned().collect()
    }

    /// Whether a line is there.
    #[must_use]
    pub fn is_source(&self, peer: SocketAddr) -> bool {
        let map = self.read();
        let near = map.sources.get(&peer.ip().to_canonical());
        near.is_some_and(|near| near.iter().any(|line| line.is_at(peer)))
    }

    /// UDP peers whose way through routers has to be kept open.
    #[must_use]
    pub fn kept_open(&self) -> Vec<SocketAddr> {
        self.read().lines.values().filter_map(|line| line.kept_open()).collect()
    }

    /// Notes anew where each line is.
    pub fn index(&self) {
        let mut map = self.map.write().unwrap_or_else(PoisonError::into_inner);
        let mut sources: HashMap<IpAddr, Vec<Arc<Line>>> = HashMap::new();
        for line in map.lines.values() {
            for ip in line.addresses() {
                let near = sources.entry(ip).or_default();
                if !near.iter().any(|known| Arc::ptr_eq(known, line)) {
                    near.push(Arc::clone(line));
                }
            }
        }
        map.sources = sources;
    }

    /// Makes the lines those of the directory: what changed is begun anew.
    fn update(&self, wanted: Vec<Settings>) -> Vec<Arc<Line>> {
        let mut wanted: HashMap<TrunkId, Settings> =
            wanted.into_iter().map(|settings| (settings.trunk, settings)).collect();
        let mut begun = Vec::new();
        {
            let mut map = self.map.write().unwrap_or_else(PoisonError::into_inner);
            map.lines.retain(|trunk, line| {
                let same = wanted.get(trunk) == Some(&line.settings);
                if same {
                    wanted.remove(trunk);
                } else {
                    line.stop.cancel();
                }
                same
            });
            for (trunk, settings) in wanted {
                let line = Arc::new(Line::new(settings));
                map.lines.insert(trunk, Arc::clone(&line));
                begun.push(line);
            }
        }
        self.index();
        begun
    }

    fn read(&self) -> RwLockReadGuard<'_, Map> {
        self.map.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Follows the directory until the engine stops; then every registrar is told goodbye.
pub async fn follow(hub: Arc<Hub>) {
    let mut changes = hub.control.directory().changes();
    let mut carried: Vec<TrunkId> = Vec::new();
    loop {
        changes.mark_unchanged();
        let wanted = all(hub.control.directory());
        let before = std::mem::replace(&mut carried, wanted.iter().map(|line| line.trunk).collect());
        let gone: Vec<TrunkId> = before.into_iter().filter(|line| !carried.contains(line)).collect();
        hub.control.lines().forget(&gone);
        for line in hub.lines.update(wanted) {
            hub.control.line_is(line.settings.trunk, LineState::Untried);
            let (stop, owned) = (hub.stop.clone(), Arc::clone(&hub));
            hub.words.spawn(async move { stop.run_until_cancelled(Box::pin(line.run(owned))).await });
        }
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { return },
            () = hub.stopping.cancelled() => {
                hub.lines.update(Vec::new());
                return;
            }
        }
    }
}
