//! The immutable picture of one PBX that calls are routed from.

use crate::extension::Extension;
use crate::ivr::Ivr;
use crate::routing::{Destination, Rule};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use voxera_model::{
    AudioId, CustomerId, ExtensionId, ExtensionNumber, FlowId, Locale, Name, PbxId, PhoneNumber, Realm,
    Status, TenantId, TrunkId, Zone,
};

/// Everything that decides calls of one PBX. Serialised for the last-good copy on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Grows with every change of the PBX; kept in the call's record.
    pub version: u64,
    pub tenant: TenantId,
    pub customer: CustomerId,
    pub pbx: PbxId,
    pub name: Name,
    pub realm: Realm,
    /// The zone in which the PBX's hours are written.
    pub zone: Zone,
    /// Of what the PBX itself says to callers.
    #[serde(default = "swedish")]
    pub language: Locale,
    /// Suspended: only emergency calls start.
    pub status: Status,
    #[serde(default)]
    pub features: Features,
    pub extensions: BTreeMap<ExtensionNumber, Extension>,
    /// The number of every extension; kept by [`Snapshot::index`].
    #[serde(default)]
    pub ids: BTreeMap<ExtensionId, ExtensionNumber>,
    /// The PBX's own public numbers and where each leads when no rule decides.
    pub numbers: BTreeMap<PhoneNumber, Destination>,
    /// The published routing rules, in the order in which they are looked at.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// The published version of the rules; 0: none.
    #[serde(default)]
    pub rules_version: u32,
    /// The published menus.
    #[serde(default)]
    pub ivrs: BTreeMap<FlowId, PublishedIvr>,
    /// Lines to the public network, the preferred first.
    #[serde(default)]
    pub trunks: Vec<Trunk>,
    /// An own number, shown outside for extensions that have none of their own.
    #[serde(default)]
    pub caller_id: Option<PhoneNumber>,
    /// For callers on hold and queues without their own. `None`: the built-in.
    #[serde(default)]
    pub music: Option<AudioId>,
    /// The uploaded sounds of the PBX, those included that are being converted. Only `check` asks.
    #[serde(default)]
    pub audio: BTreeSet<AudioId>,
    /// Whether calls to premium numbers may be made. They cost the company dearly: off by default.
    #[serde(default)]
    pub premium_allowed: bool,
}

/// A menu as calls meet it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedIvr {
    pub name: Name,
    /// 1 and up.
    pub version: u32,
    pub ivr: Ivr,
}

/// A line to the public network. Its secret lies elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trunk {
    pub id: TrunkId,
    pub name: Name,
    /// Whether it carries emergency calls.
    pub emergency: bool,
}

/// What the PBX may use, by its settings and its licence. What is off is refused with a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(clippy::struct_excessive_bools, reason = "independent switches")]
pub struct Features {
    pub queues: bool,
    pub hunt_groups: bool,
    pub voicemail: bool,
    pub conferencing: bool,
    pub recording: bool,
}

impl Default for Features {
    fn default() -> Self {
        Self { queues: true, hunt_groups: true, voicemail: true, conferencing: true, recording: true }
    }
}

impl Snapshot {
    /// A PBX with nothing in it.
    #[must_use]
    pub fn new(tenant: TenantId, customer: CustomerId, pbx: PbxId, name: Name, realm: Realm) -> Self {
        Self {
            version: 1,
            tenant,
            customer,
            pbx,
            name,
            realm,
            zone: Zone::stockholm(),
            language: Locale::Sv,
            status: Status::Active,
            features: Features::default(),
            extensions: BTreeMap::new(),
            ids: BTreeMap::new(),
            numbers: BTreeMap::new(),
            rules: Vec::new(),
            rules_version: 0,
            ivrs: BTreeMap::new(),
            trunks: Vec::new(),
            caller_id: None,
            music: None,
            audio: BTreeSet::new(),
            premium_allowed: false,
        }
    }

    /// Notes the number of every extension. Call it after changing `extensions`.
    pub fn index(&mut self) {
        self.ids = self.extensions.iter().map(|(number, extension)| (extension.id, number.clone())).collect();
    }

    /// The extension with an id, and its number.
    #[must_use]
    pub fn extension(&self, id: ExtensionId) -> Option<(&ExtensionNumber, &Extension)> {
        self.extensions.get_key_value(self.ids.get(&id)?)
    }
}

const fn swedish() -> Locale {
    Locale::Sv
}
