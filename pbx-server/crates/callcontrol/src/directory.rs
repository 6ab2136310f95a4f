//! Every PBX in memory: what calls are routed from and phones are checked against.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::watch;
use voxera_callflow::Snapshot;
use voxera_model::{DeviceId, Engine, PbxId, PhoneNumber, Realm, TrunkId};
pub use voxera_store::{DeviceSecret, PbxConfig, TrunkSecret};

/// One PBX at one version. A call and a registration keep the view that they started with.
#[derive(Debug)]
pub struct PbxView {
    pub snapshot: Arc<Snapshot>,
    /// What carries its calls, where the installation runs both engines.
    pub engine: Engine,
    devices: HashMap<DeviceId, DeviceSecret>,
    has_queues: bool,
    trunks: Vec<TrunkSecret>,
}

impl PbxView {
    /// The view of one configuration.
    #[must_use]
    pub fn new(config: PbxConfig) -> Self {
        let devices = config.devices.into_iter().map(|secret| (secret.device, secret)).collect();
        let has_queues = crate::queues::any(&config.snapshot);
        let (snapshot, engine) = (Arc::new(config.snapshot), config.engine);
        Self { snapshot, engine, devices, has_queues, trunks: config.trunks }
    }

    /// The credential of a device of this PBX.
    #[must_use]
    pub fn device(&self, id: DeviceId) -> Option<&DeviceSecret> {
        self.devices.get(&id)
    }

    /// A line of this PBX to the public network.
    #[must_use]
    pub fn trunk(&self, id: TrunkId) -> Option<&TrunkSecret> {
        self.trunks.iter().find(|trunk| trunk.id == id)
    }

    pub(crate) const fn has_queues(&self) -> bool {
        self.has_queues
    }

    pub(crate) fn trunks(&self) -> &[TrunkSecret] {
        &self.trunks
    }

    pub(crate) fn devices(&self) -> impl Iterator<Item = &DeviceSecret> {
        self.devices.values()
    }
}

/// All PBXs, replaced as a whole: a reader sees one consistent picture and never waits for a load.
/// Cheap to clone; every clone is the same directory.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    shared: Arc<Shared>,
    /// Shows only the PBXs whose calls this engine carries.
    only: Option<Engine>,
}

#[derive(Debug, Default)]
struct Shared {
    map: RwLock<Arc<Map>>,
    /// Counts the replacements.
    generation: watch::Sender<u64>,
}

#[derive(Debug, Clone, Default)]
struct Map {
    by_realm: HashMap<Realm, Arc<PbxView>>,
    realms: HashMap<PbxId, Realm>,
    numbers: HashMap<PhoneNumber, PbxId>,
    trunks: HashMap<TrunkId, PbxId>,
}

impl Directory {
    /// The same, as one of two engines sees it.
    pub(crate) fn of(&self, engine: Engine) -> Self {
        Self { shared: Arc::clone(&self.shared), only: Some(engine) }
    }

    fn shows(&self, view: &PbxView) -> bool {
        self.only.is_none_or(|engine| engine == view.engine)
    }

    /// The PBX that owns a realm.
    #[must_use]
    pub fn pbx(&self, realm: &Realm) -> Option<Arc<PbxView>> {
        self.current().by_realm.get(realm).filter(|view| self.shows(view)).cloned()
    }

    /// The PBX with an id.
    #[must_use]
    pub fn by_id(&self, pbx: PbxId) -> Option<Arc<PbxView>> {
        self.whoever_carries(pbx).filter(|view| self.shows(view))
    }

    /// The PBX with an id, also when another engine carries its calls by now: for a call that began
    /// before that changed.
    #[must_use]
    pub fn whoever_carries(&self, pbx: PbxId) -> Option<Arc<PbxView>> {
        self.current().pbx(pbx).cloned()
    }

    /// The PBX that owns a public number.
    #[must_use]
    pub fn by_number(&self, number: &PhoneNumber) -> Option<Arc<PbxView>> {
        let map = self.current();
        map.numbers.get(number).and_then(|pbx| map.pbx(*pbx)).filter(|view| self.shows(view)).cloned()
    }

    /// Whether the calls of a PBX are of concern here.
    pub(crate) fn carries(&self, pbx: PbxId) -> bool {
        self.only.is_none() || self.by_id(pbx).is_some()
    }

    /// Whether a line is of one of these PBXs.
    pub(crate) fn has_line(&self, trunk: TrunkId) -> bool {
        let map = self.current();
        map.trunks.get(&trunk).and_then(|pbx| map.pbx(*pbx)).is_some_and(|view| self.shows(view))
    }

    /// The lines of every PBX.
    #[must_use]
    pub fn trunks(&self) -> Vec<(Arc<PbxView>, TrunkSecret)> {
        let of = |view: Arc<PbxView>| {
            let trunks = view.trunks.clone();
            trunks.into_iter().map(move |trunk| (Arc::clone(&view), trunk))
        };
        self.all().into_iter().flat_map(of).collect()
    }

    /// Tells of every replacement from now on, by a number that grows.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.generation.subscribe()
    }

    /// How many PBXs are loaded.
    #[must_use]
    pub fn len(&self) -> usize {
        self.current().by_realm.values().filter(|view| self.shows(view)).count()
    }

    /// Whether nothing is loaded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts one PBX in place of its earlier version. For engines' tests and for loading.
    pub fn replace(&self, config: PbxConfig) {
        let view = Arc::new(PbxView::new(config));
        self.change(|map| map.insert(view));
    }

    /// Takes one PBX out.
    pub fn remove(&self, pbx: PbxId) {
        self.change(|map| map.remove(pbx));
    }

    /// Puts all PBXs in place of all earlier ones.
    pub(crate) fn replace_all(&self, views: impl IntoIterator<Item = Arc<PbxView>>) {
        let mut map = Map::default();
        for view in views {
            map.insert(view);
        }
        *self.shared.map.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(map);
        self.shared.generation.send_modify(|generation| *generation += 1);
    }

    /// Every PBX.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<PbxView>> {
        self.current().by_realm.values().filter(|view| self.shows(view)).cloned().collect()
    }

    fn current(&self) -> Arc<Map> {
        Arc::clone(&self.shared.map.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, edit: impl FnOnce(&mut Map)) {
        let mut slot = self.shared.map.write().unwrap_or_else(PoisonError::into_inner);
        edit(Arc::make_mut(&mut slot));
        drop(slot);
        self.shared.generation.send_modify(|generation| *generation += 1);
    }
}

impl Map {
    fn pbx(&self, pbx: PbxId) -> Option<&Arc<PbxView>> {
        self.realms.get(&pbx).and_then(|realm| self.by_realm.get(realm))
    }

    fn insert(&mut self, view: Arc<PbxView>) {
        self.remove(view.snapshot.pbx);
        self.realms.insert(view.snapshot.pbx, view.snapshot.realm.clone());
        for number in view.snapshot.numbers.keys() {
            self.numbers.insert(number.clone(), view.snapshot.pbx);
        }
        self.trunks.extend(view.trunks.iter().map(|trunk| (trunk.id, view.snapshot.pbx)));
        self.by_realm.insert(view.snapshot.realm.clone(), view);
    }

    fn remove(&mut self, pbx: PbxId) {
        if let Some(realm) = self.realms.remove(&pbx) {
            self.by_realm.remove(&realm);
            self.numbers.retain(|_, of| *of != pbx);
            self.trunks.retain(|_, of| *of != pbx);
        }
    }
}
