//! The machines that carry calls for us, and how they are, as the engine that drives them says.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use tokio::sync::watch;
use voxera_model::{Locale, NodeId};
use voxera_store::NodeSecret;

/// How a node is.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeLive {
    pub id: NodeId,
    pub name: String,
    /// Its share of new calls beside the others', 1 to 100.
    pub weight: u32,
    /// Takes no new calls.
    pub draining: bool,
    pub state: NodeState,
    /// The id of its running process: another after a restart. `None`: it was never heard.
    pub core: Option<String>,
    pub version: Option<String>,
    /// Legs that are up.
    pub calls: u32,
    /// How many it takes.
    pub most_calls: u32,
    /// Of all its cores, 0 to 100.
    pub idle_percent: Option<f64>,
    /// Browsers can be phones there.
    pub browsers: bool,
    pub heard_at: Option<DateTime<Utc>>,
}

/// Whether a node works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum NodeState {
    /// Nothing was heard of it yet.
    #[default]
    Untried,
    Up,
    Down {
        why: NodeFault,
    },
}

/// Why a node does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeFault {
    /// Nothing listens there, or no way leads there.
    Unreachable,
    /// It was there, and says nothing any more.
    Silent,
    /// It does not take the password.
    Password,
    /// It takes no connection from our address.
    Address,
    /// What answers is no event socket.
    Stranger,
}

impl NodeFault {
    /// What is wrong and what to do, in a sentence or two.
    #[must_use]
    pub const fn say(self, locale: Locale) -> &'static str {
        let (sv, en) = match self {
            Self::Unreachable => (
                "Noden går inte att nå. Kontrollera att FreeSWITCH körs, och styradressen och brandväggen.",
                "The node cannot be reached. Check that FreeSWITCH runs, the control address and the firewall.",
            ),
            Self::Silent => (
                "Noden svarar inte längre. Dess samtal har avslutats. Titta på maskinen.",
                "The node has fallen silent. Its calls were closed. Look at the machine.",
            ),
            Self::Password => (
                "Noden godkänner inte lösenordet. Skriv in det på nytt.",
                "The node does not accept the password. Enter it again.",
            ),
            Self::Address => (
                "Noden släpper inte in den här servern. Lägg till serverns adress i nodens åtkomstlista.",
                "The node does not let this server in. Add the server's address to the node's access list.",
            ),
            Self::Stranger => (
                "Det som svarar är ingen FreeSWITCH. Kontrollera styradressen och porten.",
                "What answers is no FreeSWITCH. Check the control address and the port.",
            ),
        };
        match locale {
            Locale::Sv => sv,
            Locale::En => en,
        }
    }
}

/// What a node said of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeReport {
    pub core: String,
    pub version: String,
    pub calls: u32,
    pub most_calls: u32,
    pub idle_percent: Option<f64>,
    pub browsers: bool,
}

/// All nodes of the installation.
#[derive(Debug, Default)]
pub struct Nodes {
    known: RwLock<BTreeMap<NodeId, (NodeSecret, NodeLive)>>,
    /// Counts changes of the list; not of what nodes say.
    listed: watch::Sender<u64>,
    /// Counts everything that somebody who looks wants to know.
    changes: watch::Sender<u64>,
}

impl Nodes {
    /// The list as it is now. What is known of those that stay is kept; one that is reached in another
    /// way is untried.
    pub fn configure(&self, list: Vec<NodeSecret>) {
        let mut nodes = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let mut before = std::mem::take(&mut *nodes);
        let unchanged = before.values().map(|(secret, _)| secret).eq(list.iter());
        for secret in list {
            let known = before.remove(&secret.id);
            let live = match known {
                Some((old, live)) if same_way(&old, &secret) => live,
                Some(_) | None => fresh(&secret),
            };
            let live = NodeLive {
                name: secret.name.to_string(),
                weight: secret.weight,
                draining: secret.draining,
                ..live
            };
            nodes.insert(secret.id, (secret, live));
        }
        drop(nodes);
        if !unchanged {
            self.listed.send_modify(|count| *count += 1);
            self.changes.send_modify(|count| *count += 1);
        }
    }

    /// What an engine needs to reach them.
    #[must_use]
    pub fn secrets(&self) -> Vec<NodeSecret> {
        self.read().values().map(|(secret, _)| secret.clone()).collect()
    }

    /// Tells when [`Self::secrets`] are others.
    #[must_use]
    pub fn listed(&self) -> watch::Receiver<u64> {
        self.listed.subscribe()
    }

    /// A node said how it is. One that is not in the list is not noted.
    pub fn heard(&self, id: NodeId, report: NodeReport, at: DateTime<Utc>) {
        self.edit(id, |live| {
            live.state = NodeState::Up;
            live.core = Some(report.core);
            live.version = Some(report.version);
            live.calls = report.calls;
            live.most_calls = report.most_calls;
            live.idle_percent = report.idle_percent;
            live.browsers = report.browsers;
            live.heard_at = Some(at);
        });
    }

    /// A node does not work.
    pub fn down(&self, id: NodeId, why: NodeFault) {
        self.edit(id, |live| {
            live.state = NodeState::Down { why };
            live.calls = 0;
            live.idle_percent = None;
            live.browsers = false;
        });
    }

    /// How one node is.
    #[must_use]
    pub fn get(&self, id: NodeId) -> Option<NodeLive> {
        self.read().get(&id).map(|(_, live)| live.clone())
    }

    /// Whether browsers can be phones: at a node that works.
    #[must_use]
    pub fn take_browsers(&self) -> bool {
        self.read().values().any(|(_, live)| live.state == NodeState::Up && live.browsers)
    }

    /// Every node, by id.
    #[must_use]
    pub fn list(&self) -> Vec<NodeLive> {
        self.read().values().map(|(_, live)| live.clone()).collect()
    }

    /// The node whose running process has this id.
    #[must_use]
    pub fn by_core(&self, core: &str) -> Option<NodeLive> {
        self.read().values().map(|(_, live)| live).find(|live| live.core.as_deref() == Some(core)).cloned()
    }

    /// Whether new calls may begin on the node whose running process has this id. One that is not known
    /// (yet) takes calls: it proved itself with the installation's secret.
    #[must_use]
    pub fn takes_calls(&self, core: &str) -> bool {
        self.by_core(core).is_none_or(|live| !live.draining)
    }

    /// Tells of every change from now on.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn edit(&self, id: NodeId, edit: impl FnOnce(&mut NodeLive)) {
        let mut nodes = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let Some((_, live)) = nodes.get_mut(&id) else { return };
        let before = live.clone();
        edit(live);
        let changed = shown(&before) != shown(live);
        drop(nodes);
        if changed {
            self.changes.send_modify(|count| *count += 1);
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<NodeId, (NodeSecret, NodeLive)>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What somebody who looks wants to know at once; loads change all the time.
fn shown(live: &NodeLive) -> (NodeState, u32, bool, Option<&str>) {
    (live.state, live.calls, live.browsers, live.core.as_deref())
}

fn same_way(old: &NodeSecret, new: &NodeSecret) -> bool {
    (&old.control_host, old.control_port, &old.password)
        == (&new.control_host, new.control_port, &new.password)
}

fn fresh(secret: &NodeSecret) -> NodeLive {
    NodeLive {
        id: secret.id,
        name: secret.name.to_string(),
        weight: secret.weight,
        draining: secret.draining,
        state: NodeState::Untried,
        core: None,
        version: None,
        calls: 0,
        most_calls: 0,
        idle_percent: None,
        browsers: false,
        heard_at: None,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;
    use voxera_model::Slug;

    fn node(n: u128, draining: bool) -> NodeSecret {
        NodeSecret {
            id: NodeId(uuid::Uuid::from_u128(n)),
            name: Slug::parse(&format!("node-{n}")).unwrap(),
            control_host: "127.0.0.1".into(),
            control_port: 8021,
            password: String::from("secret").into(),
            weight: 10,
            draining,
        }
    }

    fn report(core: &str) -> NodeReport {
        NodeReport {
            core: core.into(),
            version: "1.11.1".into(),
            calls: 3,
            most_calls: 1000,
            idle_percent: None,
            browsers: true,
        }
    }

    #[test]
    fn a_drained_node_takes_no_new_calls_and_keeps_what_is_known_of_it() {
        let nodes = Nodes::default();
        let id = node(1, false).id;
        nodes.configure(vec![node(1, false)]);
        assert_eq!(nodes.get(id).unwrap().state, NodeState::Untried);
        nodes.heard(id, report("core-1"), Utc::now());
        assert!(nodes.takes_calls("core-1") && nodes.takes_calls("stranger"));
        nodes.configure(vec![node(1, true)]);
        let live = nodes.get(id).unwrap();
        assert_eq!((live.state, live.calls), (NodeState::Up, 3));
        assert!(!nodes.takes_calls("core-1"));
        assert!(nodes.take_browsers(), "somebody may need 112");
        nodes.down(id, NodeFault::Silent);
        assert_eq!(nodes.get(id).unwrap().calls, 0);
        assert!(!nodes.take_browsers());
        nodes.configure(Vec::new());
        nodes.heard(id, report("core-1"), Utc::now());
        assert!(nodes.get(id).is_none());
    }

    #[test]
    fn another_password_is_another_try() {
        let nodes = Nodes::default();
        nodes.configure(vec![node(1, false)]);
        nodes.down(node(1, false).id, NodeFault::Password);
        let mut listed = nodes.listed();
        listed.mark_unchanged();
        nodes.configure(vec![node(1, false)]);
        assert!(!listed.has_changed().unwrap(), "the same list is no news");
        nodes.configure(vec![NodeSecret { password: String::from("other").into(), ..node(1, false) }]);
        assert!(listed.has_changed().unwrap());
        assert_eq!(nodes.get(node(1, false).id).unwrap().state, NodeState::Untried);
    }

    #[test]
    fn every_fault_names_its_cure_in_both_languages() {
        use NodeFault::{Address, Password, Silent, Stranger, Unreachable};
        for fault in [Unreachable, Silent, Password, Address, Stranger] {
            let (sv, en) = (fault.say(Locale::Sv), fault.say(Locale::En));
            assert!(sv.matches('.').count() >= 2 && en.matches('.').count() >= 2 && sv != en, "{sv} {en}");
        }
    }
}
