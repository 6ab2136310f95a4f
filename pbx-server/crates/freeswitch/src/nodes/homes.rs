//! Where phones are registered, and where nodes take browsers: what decides to which node a browser is
//! brought.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;
use voxera_callcontrol::{NodeState, Nodes};
use voxera_model::{DeviceId, NodeId, PbxId};

/// What all nodes know together.
#[derive(Debug, Default)]
pub(crate) struct Homes {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// Where a phone's contact was registered last.
    phones: HashMap<(DeviceId, String), Home>,
    /// How many phones of a PBX a node has.
    of_pbx: HashMap<(NodeId, PbxId), usize>,
    doors: HashMap<NodeId, Door>,
    /// Where a node takes calls of other nodes.
    halls: HashMap<NodeId, SocketAddr>,
    /// Browsers, by the address that a node sees of them: ours.
    browsers: HashMap<SocketAddr, SocketAddr>,
}

/// Where one contact of a phone is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Home {
    pub(crate) node: NodeId,
    pbx: PbxId,
    /// How the node reaches it, as a dial string may have it. `None`: only the node itself can say.
    pub(crate) way: Option<String>,
}

/// Where a node takes browsers.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The node is given up.
    pub(crate) lost: CancellationToken,
}

impl Homes {
    /// A phone registered at a node.
    pub(super) fn arrived(
        &self,
        (node, pbx): (NodeId, PbxId),
        device: DeviceId,
        contact: &str,
        way: Option<String>,
    ) {
        let mut known = self.lock();
        let home = Home { node, pbx, way };
        let before = known.phones.insert((device, contact.to_owned()), home);
        let before = before.map(|home| (home.node, home.pbx));
        if before != Some((node, pbx)) {
            known.one_less(before);
            *known.of_pbx.entry((node, pbx)).or_default() += 1;
        }
    }

    /// A phone is gone from a node. `false`: it has come to another since.
    pub(super) fn left(&self, node: NodeId, device: DeviceId, contact: &str) -> bool {
        let mut known = self.lock();
        let key = (device, contact.to_owned());
        if known.phones.get(&key).is_none_or(|home| home.node != node) {
            return !known.phones.contains_key(&key);
        }
        let before = known.phones.remove(&key).map(|home| (home.node, home.pbx));
        known.one_less(before);
        true
    }

    /// A node takes browsers there.
    pub(super) fn opened(&self, node: NodeId, host: &str, port: u16) {
        let door = Door { host: host.to_owned(), port, lost: CancellationToken::new() };
        if let Some(before) = self.lock().doors.insert(node, door) {
            before.lost.cancel();
        }
    }

    /// A node takes calls of other nodes there.
    pub(super) fn reached(&self, node: NodeId, at: SocketAddr) {
        self.lock().halls.insert(node, at);
    }

    /// Where a node takes calls of other nodes; `None`: it has not said so yet, or is given up.
    pub(crate) fn hall(&self, node: NodeId) -> Option<SocketAddr> {
        self.lock().halls.get(&node).copied()
    }

    /// Where a contact of a phone is.
    pub(crate) fn of(&self, device: DeviceId, contact: &str) -> Option<Home> {
        self.lock().phones.get(&(device, contact.to_owned())).cloned()
    }

    /// A node takes nobody any more, and the browsers that it had are gone.
    pub(super) fn shut(&self, node: NodeId) {
        let mut known = self.lock();
        known.halls.remove(&node);
        if let Some(door) = known.doors.remove(&node) {
            door.lost.cancel();
        }
    }

    /// Where the browser of a PBX may go, the best first: not to a node that drains; to where its
    /// colleagues' phones are, since a node rings those that it has; and where there are none, to where
    /// the next colleague goes.
    pub(crate) fn ways(&self, nodes: &Nodes, pbx: PbxId) -> Vec<Door> {
        let known = self.lock();
        let up = nodes.list().into_iter().filter(|node| node.state == NodeState::Up);
        let mut ways: Vec<_> = up
            .filter_map(|node| {
                let door = known.doors.get(&node.id)?.clone();
                let phones = known.of_pbx.get(&(node.id, pbx)).copied().unwrap_or_default();
                Some(((node.draining, Reverse(phones), mixed(pbx, node.id)), door))
            })
            .collect();
        ways.sort_by_key(|(rank, _)| *rank);
        ways.into_iter().map(|(_, door)| door).collect()
    }

    /// A browser is seen by its node at `ours`, and is really at `browser`.
    pub(crate) fn behind(&self, ours: SocketAddr, browser: SocketAddr) {
        self.lock().browsers.insert(ours, browser);
    }

    pub(crate) fn not_behind(&self, ours: SocketAddr) {
        self.lock().browsers.remove(&ours);
    }

    /// Where a browser is that a node sees at `seen`.
    pub(super) fn really(&self, seen: SocketAddr) -> SocketAddr {
        self.lock().browsers.get(&seen).copied().unwrap_or(seen)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn one_less(&mut self, home: Option<(NodeId, PbxId)>) {
        let Some(home) = home else { return };
        if let Some(count) = self.of_pbx.get_mut(&home) {
            *count -= 1;
            if *count == 0 {
                self.of_pbx.remove(&home);
            }
        }
    }
}

/// Spreads PBXs over nodes, each always to the same.
fn mixed(pbx: PbxId, node: NodeId) -> u64 {
    let mut hasher = DefaultHasher::new();
    (pbx, node).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;
    use chrono::Utc;
    use uuid::Uuid;
    use voxera_callcontrol::{NodeReport, NodeSecret};
    use voxera_model::Slug;

    const fn node(n: u128) -> NodeId {
        NodeId(Uuid::from_u128(n))
    }

    const fn phone(n: u128) -> DeviceId {
        DeviceId(Uuid::from_u128(n))
    }

    const PBX: PbxId = PbxId(Uuid::from_u128(1));

    /// Three nodes that work, each with a door.
    fn three(draining: u128) -> (Homes, Nodes) {
        let (homes, nodes) = (Homes::default(), Nodes::default());
        let secret = |n: u128| NodeSecret {
            id: node(n),
            name: Slug::parse(&format!("node-{n}")).unwrap(),
            control_host: "127.0.0.1".into(),
            control_port: 8021,
            password: String::from("secret").into(),
            weight: 10,
            draining: n == draining,
        };
        nodes.configure(vec![secret(1), secret(2), secret(3)]);
        for n in 1..=3 {
            let report = NodeReport {
                core: n.to_string(),
                version: "1.11.1".into(),
                calls: 0,
                most_calls: 100,
                idle_percent: None,
                browsers: true,
            };
            nodes.heard(node(n), report, Utc::now());
            homes.opened(node(n), "127.0.0.1", u16::try_from(n).unwrap());
        }
        (homes, nodes)
    }

    fn first(homes: &Homes, nodes: &Nodes) -> u16 {
        homes.ways(nodes, PBX)[0].port
    }

    #[test]
    fn a_browser_goes_where_its_colleagues_are() {
        let (homes, nodes) = three(0);
        let alone = first(&homes, &nodes);
        for n in 1..=3 {
            homes.arrived((node(n), PBX), phone(n), "sip:a", None);
            homes.arrived((node(n), PBX), phone(9), "sip:b", None);
            assert_eq!(u128::from(first(&homes, &nodes)), n, "two phones are more than one");
        }
        for n in 1..=3 {
            homes.left(node(n), phone(n), "sip:a");
        }
        homes.left(node(3), phone(9), "sip:b");
        assert_eq!(first(&homes, &nodes), alone, "where there is nobody it is always the same");
    }

    #[test]
    fn a_node_that_drains_or_is_down_comes_last_or_not_at_all() {
        let (homes, nodes) = three(2);
        homes.arrived((node(2), PBX), phone(1), "sip:a", None);
        assert_eq!(homes.ways(&nodes, PBX).iter().map(|door| door.port).position(|port| port == 2), Some(2));
        nodes.down(node(2), voxera_callcontrol::NodeFault::Silent);
        assert_eq!(homes.ways(&nodes, PBX).len(), 2);
        let door = homes.ways(&nodes, PBX).swap_remove(0);
        homes.shut(node(u128::from(door.port)));
        assert!(door.lost.is_cancelled());
        assert_eq!(homes.ways(&nodes, PBX).len(), 1);
    }

    #[test]
    fn a_phone_that_moved_on_is_not_taken_offline_by_the_node_it_left() {
        let (homes, _) = three(0);
        homes.arrived((node(1), PBX), phone(1), "sip:a", None);
        homes.arrived((node(2), PBX), phone(1), "sip:a", None);
        assert!(!homes.left(node(1), phone(1), "sip:a"));
        assert!(homes.left(node(2), phone(1), "sip:a"));
        assert!(homes.left(node(2), phone(1), "sip:a"), "what nobody has is gone");
    }
}
