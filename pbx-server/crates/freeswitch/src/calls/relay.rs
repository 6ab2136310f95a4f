//! Phones that are registered at another node than the one that carries the call. A leg leads there, under
//! a name and a password that are made for it alone; the node that it comes to rings the phone and passes
//! on what comes of it. To the core there is one call, at the node of its caller: what the two legs at
//! the other node do is understood as done by the one leg here.

use super::ids::{ChannelId, NodeName};
use super::tracked::Tracked;
use super::{Calls, Order, Side};
use crate::dialplan::{AT, App, Listening, Script, Way, eavesdrop, refuse};
use crate::document::Document;
use crate::nodes::Home;
use crate::request::DialplanRequest;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;
use voxera_callcontrol::{NodeLive, NodeState, Registration, Transport};
use voxera_callflow::{Event, ListenMode, Party};
use voxera_model::{DeviceId, NodeId, PbxId};

/// The domain in which nodes prove themselves to each other. No realm ends in `.invalid`.
pub(crate) const NODES_DOMAIN: &str = "nodes.voxera.invalid";
/// The context of calls that come from other nodes.
pub(crate) const NODES: &str = "voxera-nodes";

/// How long a leg may take to the other node. It sets out at once.
const SETS_OUT_WITHIN: Duration = Duration::from_secs(30);
/// How long a phone rings at most when nobody takes that back, in seconds: the node that carries the call
/// keeps the time.
const RINGS_AT_MOST: u32 = 600;
/// How long a leg waits to be hung up whose other end was sent on, in milliseconds.
const LETS_GO: u32 = 10_000;

/// A leg to another node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ticket {
    /// What it proves itself with there.
    pub(crate) name: String,
    pub(crate) password: String,
    /// What it is called here.
    pub(crate) leg: Uuid,
    pub(crate) at: SocketAddr,
}

impl Ticket {
    /// In the words of `sofia`; `more`: what the leg carries besides, each with a `:` before it.
    #[must_use]
    pub(crate) fn dial_string(&self, more: &str) -> String {
        let Self { name, password, leg, at } = self;
        format!(
            "[^^:sip_invite_domain={NODES_DOMAIN}:sip_auth_username={name}:sip_auth_password={password}\
             :origination_uuid={leg}{more}]sofia/voxera/sip:{name}@{at}"
        )
    }
}

/// Where a leg of ours ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reached {
    /// At this node, in the words of `sofia`, and how it is connected.
    Here {
        target: String,
        transport: Transport,
    },
    There(Ticket),
}

/// One end of a call.
type End = (ChannelId, Arc<Tracked>, Side);

/// Legs between nodes.
#[derive(Debug, Default)]
pub(super) struct Relays {
    /// On their way, by name.
    sent: HashMap<String, Sent>,
    /// Arrived, by the channel at the node of the phone.
    up: HashMap<ChannelId, Up>,
}

#[derive(Debug)]
struct Sent {
    password: String,
    from: NodeName,
    leg: ChannelId,
    to: NodeName,
    what: What,
    until: Instant,
}

/// What a leg is sent for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// A phone is to ring.
    Ring(PbxId, DeviceId),
    /// Whoever is at this channel, for whom phones ring, is to talk with who sent it.
    PickUp(ChannelId),
    /// What this channel hears and says is to be heard.
    Listen(PbxId, ChannelId, ListenMode),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Up {
    /// The node of the call, and its leg there.
    from: NodeName,
    leg: ChannelId,
    to: NodeName,
}

impl Calls {
    /// The ways to a phone from a node: all its addresses there, and every other node that has one of it
    /// and takes calls.
    pub(crate) fn ways(&self, node: &NodeName, pbx: PbxId, device: DeviceId) -> Vec<Way> {
        let nodes = self.shared.control.nodes();
        let own = nodes.by_core(&node.0).map(|own| own.id);
        let (mut here, mut there, mut asks_node) = (Vec::new(), Vec::new(), false);
        for (registration, home) in self.contacts(pbx, device) {
            match home {
                Some(home) if Some(home.node) != own => there.push(home.node),
                Some(Home { way: Some(_), .. }) => here.push(Way::Contact(name(&registration.contact))),
                Some(_) | None => asks_node = true,
            }
        }
        if asks_node || here.len() == 1 {
            here = vec![Way::Here];
        }
        there.sort_unstable();
        there.dedup();
        let takes_calls = |id: &NodeId| self.takes_calls(*id).is_some();
        let there = there.into_iter().filter(takes_calls).map(Way::There);
        let all: Vec<_> = here.into_iter().chain(there).collect();
        if all.is_empty() { vec![Way::Here] } else { all }
    }

    /// What a way is in a dial string now. Nothing: it is none any more.
    pub(crate) fn reach(
        &self,
        node: &NodeName,
        (pbx, realm): (PbxId, &str),
        device: DeviceId,
        way: Way,
    ) -> Option<Reached> {
        let own = self.shared.control.nodes().by_core(&node.0).map(|own| own.id);
        match way {
            Way::Here => {
                let known = self.contacts(pbx, device).into_iter();
                let known = known.filter(|(_, home)| home.as_ref().is_none_or(|home| Some(home.node) == own));
                // Of several, the one that asks for most.
                let transport = known.map(|(known, _)| known.transport).max().unwrap_or(Transport::Udp);
                Some(Reached::Here { target: format!("sofia/voxera/{device}%{realm}"), transport })
            }
            Way::Contact(wanted) => {
                let mut known = self.contacts(pbx, device).into_iter();
                known.find_map(|(known, home)| {
                    let home = home.filter(|home| Some(home.node) == own)?;
                    let way = home.way.filter(|_| name(&known.contact) == wanted)?;
                    Some(Reached::Here { target: format!("sofia/voxera/{way}"), transport: known.transport })
                })
            }
            Way::There(to) => {
                let place = self.takes_calls(to)?;
                Some(Reached::There(self.send(node, place, What::Ring(pbx, device))))
            }
        }
    }

    /// The addresses of a phone that is let in now, and where each is.
    fn contacts(&self, pbx: PbxId, device: DeviceId) -> Vec<(Registration, Option<Home>)> {
        let known = self.shared.control.presence().bindings(pbx, device);
        let home = |known: &Registration| self.shared.homes.of(device, &known.contact);
        known.into_iter().map(|known| (home(&known), known)).map(|(home, known)| (known, home)).collect()
    }

    /// Whether phones of a node are rung from others: its process, and where it takes calls.
    fn takes_calls(&self, node: NodeId) -> Option<(NodeName, SocketAddr)> {
        let live = self.shared.control.nodes().get(node).filter(|live| !live.draining)?;
        self.place(&live)
    }

    /// Where a node that works takes calls of other nodes.
    fn place(&self, live: &NodeLive) -> Option<(NodeName, SocketAddr)> {
        let core = live.core.clone().filter(|_| live.state == NodeState::Up)?;
        Some((NodeName(core), self.shared.homes.hall(live.id)?))
    }

    /// A leg sets out to a call that rings at another node, to take it for this one. In the words of
    /// `sofia`.
    pub(super) fn send_for(&self, tracked: &Tracked, rings: &Tracked) -> Option<String> {
        let live = self.shared.control.nodes().by_core(&rings.node.0)?;
        let what = What::PickUp(rings.lock().main);
        let ticket = self.send(&tracked.node, self.place(&live)?, what);
        // By it is known, there, whose call it is.
        self.book().join(ChannelId(ticket.leg), tracked.core.id(), Side::Other);
        Some(ticket.dial_string(""))
    }

    /// A leg sets out to the node of a leg that is to be listened to, when that is another. In the words of
    /// `sofia`.
    pub(super) fn send_to_listen(&self, tracked: &Tracked, listening: Listening) -> Option<String> {
        let leg = ChannelId(listening.leg?);
        let (talks, _) = self.find(leg).filter(|(talks, _)| talks.node != tracked.node)?;
        let live = self.shared.control.nodes().by_core(&talks.node.0)?;
        let what = What::Listen(tracked.core.view().snapshot.pbx, leg, listening.mode);
        Some(self.send(&tracked.node, self.place(&live)?, what).dial_string(""))
    }

    /// A leg sets out to another node.
    fn send(&self, from: &NodeName, (to, at): (NodeName, SocketAddr), what: What) -> Ticket {
        let secret = || hex::encode(rand::random::<[u8; 16]>());
        let ticket = Ticket { name: secret(), password: secret(), leg: Uuid::new_v4(), at };
        let now = Instant::now();
        let sent = Sent {
            password: ticket.password.clone(),
            from: from.clone(),
            leg: ChannelId(ticket.leg),
            to,
            what,
            until: now + SETS_OUT_WITHIN,
        };
        let mut relays = self.relays();
        relays.sent.retain(|_, sent| sent.until > now);
        relays.sent.insert(ticket.name.clone(), sent);
        ticket
    }

    /// What a leg under this name proves itself with, to the node that it was sent to and no other.
    pub(crate) fn relay_password(&self, asks: &NodeName, name: &str) -> Option<String> {
        let relays = self.relays();
        let sent = relays.sent.get(name).filter(|sent| sent.to == *asks && sent.until > Instant::now())?;
        Some(sent.password.clone())
    }

    /// What a leg from another node does here: when it arrives, and when the phone that it led to sends
    /// whoever is at its other end on. `None`: the channel is no such leg.
    pub(super) fn relayed(&self, request: &DialplanRequest) -> Option<Document> {
        if request.context == NODES {
            let arrived = self.arrived(request).unwrap_or_else(|code| refuse(&request.context, code));
            return Some(arrived);
        }
        let up = self.relays().up.get(&request.channel).cloned()?;
        let lets_go = match self.send_on_from(&up, request) {
            Some(()) => vec![App::new("sleep", LETS_GO.to_string()), App::new("hangup", "NORMAL_CLEARING")],
            None => vec![App::new("hangup", "NORMAL_CLEARING")],
        };
        Some(Script { apps: lets_go }.document(&request.context))
    }

    fn arrived(&self, request: &DialplanRequest) -> Result<Document, u16> {
        let proved = request.authorized.as_deref() == Some("true")
            && request.domain.as_deref() == Some(NODES_DOMAIN)
            && request.user_context.as_deref() == Some(NODES)
            && request.admitted_by.is_none()
            && request.relay.as_deref() == Some(request.destination.as_str());
        let sent = if proved { self.take(request) } else { None };
        let Some(Sent { from, leg, what, .. }) = sent else {
            tracing::warn!(channel = %request.channel, "a call between nodes that nobody sent is refused");
            return Err(403);
        };
        let (pbx, device) = match what {
            What::Ring(pbx, device) => (pbx, device),
            What::PickUp(channel) => {
                let apps = vec![
                    // Not once somebody else has answered.
                    App::set("intercept_unbridged_only", true),
                    App::new("intercept", channel.to_string()),
                    App::new("hangup", "NO_USER_RESPONSE"),
                ];
                return Ok(Script { apps }.document(NODES));
            }
            What::Listen(pbx, ChannelId(leg), mode) => {
                let mut apps = vec![App::new("answer", "")];
                apps.extend(eavesdrop(pbx, mode, leg));
                apps.push(App::new("hangup", "NORMAL_CLEARING"));
                return Ok(Script { apps }.document(NODES));
            }
        };
        let view = self.shared.control.directory().by_id(pbx).ok_or(480_u16)?;
        let realm = &view.snapshot.realm;
        let ways = self.ways(&request.node, pbx, device).into_iter().filter(|way| way.is_here());
        let legs: Vec<_> = ways
            .map(|way| format!("[{AT}={way},force_transfer_context={realm}]user/{device}@{realm}"))
            .collect();
        if legs.is_empty() {
            return Err(480);
        }
        let apps = vec![
            // Told once more after a restart of ours.
            App::set("voxera_far", format_args!("{from}/{leg}")),
            App::set("force_transfer_context", realm),
            App::set("hangup_after_bridge", true),
            // What the phone speaks is what is spoken between the nodes: sound is turned once at most.
            App::set("inherit_codec", true),
            App::new(
                "bridge",
                format!(
                    "{{originate_timeout={RINGS_AT_MOST},ignore_early_media=true,\
                     fail_on_single_reject=CALL_REJECTED}}{}",
                    legs.join(",")
                ),
            ),
        ];
        Ok(Script { apps }.document(NODES))
    }

    /// The leg that arrived here, once.
    fn take(&self, request: &DialplanRequest) -> Option<Sent> {
        let mut relays = self.relays();
        let name = request.relay.as_deref()?;
        let fits = |sent: &Sent| sent.to == request.node && sent.until > Instant::now();
        relays.sent.get(name).filter(|sent| fits(sent))?;
        let sent = relays.sent.remove(name)?;
        let up = Up { from: sent.from.clone(), leg: sent.leg, to: sent.to.clone() };
        relays.up.insert(request.channel, up);
        Some(sent)
    }

    /// A phone sends on whoever it talks with: the call does, at its own node.
    fn send_on_from(&self, up: &Up, request: &DialplanRequest) -> Option<()> {
        let (tracked, side) = self.find(up.leg)?;
        let channel = opposite(&tracked, side)?;
        let context = tracked.core.view().snapshot.realm.to_string();
        let (node, destination) = (tracked.node.clone(), request.destination.clone());
        self.order(Order::Hunt { node, channel, destination, context });
        Some(())
    }

    /// Whom a channel stands for: itself; or whoever is at the other end of the call that it leads to.
    /// `true`: the second.
    pub(super) fn stands_for(&self, channel: ChannelId) -> Option<(End, bool)> {
        if let Some((tracked, side)) = self.find(channel) {
            return Some(((channel, tracked, side), false));
        }
        let leg = self.relays().up.get(&channel)?.leg;
        let (tracked, side) = self.find(leg)?;
        let channel = opposite(&tracked, side)?;
        let side = match side {
            Side::Main => Side::Other,
            Side::Other => Side::Main,
        };
        Some(((channel, tracked, side), true))
    }

    /// A leg is over; one that never arrived can no longer.
    pub(crate) fn relay_over(&self, channel: ChannelId) {
        let mut relays = self.relays();
        relays.up.remove(&channel);
        relays.sent.retain(|_, sent| sent.leg != channel);
    }

    /// The channels that a node has: what is not among them is over. What was missed before a restart of
    /// ours is taken up by [`Self::relay_known`].
    pub(crate) fn relays_up(&self, node: &NodeName, channels: &HashSet<Uuid>) {
        self.relays().up.retain(|channel, up| up.to != *node || channels.contains(&channel.0));
    }

    /// A channel of a node leads there from another: `far` is what our script left on it.
    pub(crate) fn relay_known(&self, node: &NodeName, channel: ChannelId, far: &str) {
        let Some((from, leg)) = far.split_once('/') else { return };
        let Ok(leg) = leg.parse() else { return };
        let up = Up { from: NodeName(from.to_owned()), leg: ChannelId(leg), to: node.clone() };
        self.relays().up.insert(channel, up);
    }

    /// A node died. Phones that rang or talked for its calls at other nodes are let go; calls at other
    /// nodes whose phone was there lose that leg, and are over when it was the one who talked.
    pub(super) fn relays_lost(&self, node: &NodeName) {
        let (mut here, mut there) = (Vec::new(), Vec::new());
        {
            let mut relays = self.relays();
            relays.up.retain(|channel, up| {
                if up.from == *node {
                    here.push((up.to.clone(), *channel));
                } else if up.to == *node {
                    there.push((up.from.clone(), up.leg));
                }
                up.from != *node && up.to != *node
            });
            relays.sent.retain(|_, sent| {
                if sent.to == *node && sent.from != *node {
                    there.push((sent.from.clone(), sent.leg));
                }
                sent.from != *node && sent.to != *node
            });
        }
        let cause = "NETWORK_OUT_OF_ORDER";
        for (node, channel) in here {
            self.order(Order::Kill { node, channel, cause });
        }
        for (node, leg) in there {
            let found = self.find(leg);
            let talks =
                found.filter(|(tracked, side)| *side == Side::Main || tracked.lock().other == Some(leg));
            match talks {
                Some((tracked, _)) => {
                    tracked.core.carrier_lost();
                    self.told(&tracked, Event::HungUp { by: Party::System });
                }
                None => self.order(Order::Kill { node, channel: leg, cause }),
            }
        }
    }

    fn relays(&self) -> MutexGuard<'_, Relays> {
        self.shared.relays.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever is at the other end of a call.
fn opposite(tracked: &Tracked, side: Side) -> Option<ChannelId> {
    let state = tracked.lock();
    match side {
        Side::Main => state.other,
        Side::Other => Some(state.main),
    }
}

/// What one address of a phone is called among us.
fn name(contact: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    contact.hash(&mut hasher);
    hasher.finish()
}
