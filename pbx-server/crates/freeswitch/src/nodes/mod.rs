//! The nodes of the installation: one task each, which hears what happens there, notices when the node
//! is dead, and does what calls, the portal and the configuration want of it.

mod homes;
mod lamps;
mod line;
mod node;
mod phones;
mod told;
mod wanted;

use crate::calls::{Calls, ChannelId, NodeName, Order};
use crate::cdr::Cdrs;
use crate::escape::Text;
use crate::esl::{Command, Phones, Phrase, Word};
pub(crate) use homes::{Door, Home, Homes};
use node::Node;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use voxera_audio::Library;
use voxera_callcontrol::{CallControl, NodeSecret, Summons};
use voxera_model::NodeId;
use wanted::Wanted;

/// How nodes are watched.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// How often a node is asked how it is.
    pub ask_every: Duration,
    /// A node that was not heard for this long is dead; what is to be known within five seconds leaves
    /// half of one for the closing of its calls.
    pub silent_after: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self { ask_every: Duration::from_secs(1), silent_after: Duration::from_millis(4_500) }
    }
}

/// What nodes share.
#[derive(Debug)]
pub(crate) struct Fleet {
    pub(crate) control: CallControl,
    pub(crate) calls: Calls,
    pub(crate) cdrs: Cdrs,
    pub(crate) timing: Timing,
    pub(crate) homes: Arc<Homes>,
    library: Option<Library>,
    /// What every node that answers has been told.
    wanted: Mutex<Wanted>,
    /// The nodes that answer, by their running process.
    up: Mutex<HashMap<NodeName, UnboundedSender<Command>>>,
}

impl Fleet {
    pub(crate) fn new(
        control: CallControl,
        calls: Calls,
        cdrs: Cdrs,
        library: Option<Library>,
        timing: Timing,
    ) -> Arc<Self> {
        Arc::new(Self {
            control,
            homes: calls.homes(),
            calls,
            cdrs,
            timing,
            library,
            wanted: Mutex::default(),
            up: Mutex::default(),
        })
    }

    /// Watches every node of the list until it is stopped.
    pub(crate) async fn run(self: Arc<Self>, orders: UnboundedReceiver<Order>, stop: CancellationToken) {
        let tasks = TaskTracker::new();
        tasks.spawn(stop.clone().run_until_cancelled_owned(Arc::clone(&self).obey(orders)));
        tasks.spawn(stop.clone().run_until_cancelled_owned(wanted::follow(Arc::clone(&self))));
        tasks.spawn(stop.clone().run_until_cancelled_owned(lamps::follow(Arc::clone(&self))));
        let mut listed = self.control.nodes().listed();
        let mut running: HashMap<NodeId, (NodeSecret, CancellationToken)> = HashMap::new();
        loop {
            listed.mark_unchanged();
            let list = self.control.nodes().secrets();
            running.retain(|id, (secret, stop)| {
                let stays = list.iter().any(|now| now.id == *id && node::same_way(now, secret));
                if !stays {
                    stop.cancel();
                }
                stays
            });
            for secret in list {
                running.entry(secret.id).or_insert_with(|| {
                    let stop = stop.child_token();
                    let node = Node::new(Arc::clone(&self), secret.clone());
                    tasks.spawn(node.run(stop.clone()));
                    (secret, stop)
                });
            }
            tokio::select! {
                () = stop.cancelled() => break,
                changed = listed.changed() => if changed.is_err() { break },
            }
        }
        for (_, stop) in running.values() {
            stop.cancel();
        }
        tasks.close();
        tasks.wait().await;
    }

    /// Tells one node. `false`: it does not answer now.
    pub(crate) fn tell(&self, node: &NodeName, command: Command) -> bool {
        self.lock().get(node).is_some_and(|commands| commands.send(command).is_ok())
    }

    /// Tells every node that answers.
    fn tell_all(&self, command: &Command) {
        for commands in self.lock().values() {
            drop(commands.send(command.clone()));
        }
    }

    /// The configuration may be another: every node that answers is told what changed. One that does
    /// not is told when it is back.
    fn configured(&self) {
        let up = self.lock();
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Wanted::now(&self.control, self.library.as_ref());
        let told = wanted::difference(&wanted, &now);
        *wanted = now;
        for commands in up.values() {
            for command in &told {
                drop(commands.send(command.clone()));
            }
        }
    }

    /// A node answers; `has`: what it has of the configuration. What it lacks is the first that it is told.
    fn join(&self, node: NodeName, has: impl FnOnce(&Wanted) -> Wanted) -> UnboundedReceiver<Command> {
        let (sender, receiver) = unbounded_channel();
        let mut up = self.lock();
        let wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        for command in wanted::difference(&has(&wanted), &wanted) {
            drop(sender.send(command));
        }
        up.insert(node, sender);
        receiver
    }

    fn leave(&self, node: &NodeName) {
        self.lock().remove(node);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<NodeName, UnboundedSender<Command>>> {
        self.up.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what calls ask for outside of their hunts.
    async fn obey(self: Arc<Self>, mut orders: UnboundedReceiver<Order>) {
        while let Some(order) = orders.recv().await {
            let Some((node, command)) = command(&order) else {
                if let Order::Ring { ring, .. } = &order {
                    self.calls.rang_out(ring.call);
                }
                tracing::error!("an order for a node cannot be written");
                continue;
            };
            if !self.tell(node, command) {
                tracing::warn!(%node, "the node of a call does not answer");
                if let Order::Ring { ring, .. } = &order {
                    self.calls.rang_out(ring.call);
                }
            }
        }
    }
}

/// An order in the node's words.
fn command(order: &Order) -> Option<(&NodeName, Command)> {
    let word = |text: &str| Word::parse(text).ok();
    Some(match order {
        Order::Kill { node, channel: ChannelId(channel), cause } => {
            (node, Command::Kill { channel: *channel, cause: word(cause)? })
        }
        Order::Hunt { node, channel: ChannelId(channel), destination, context } => {
            let (destination, context) = (word(destination)?, word(context)?);
            (node, Command::Transfer { channel: *channel, destination, context })
        }
        Order::Ring { node, ring } => {
            let (realm, destination) = (word(ring.realm.as_str())?, word(&ring.destination)?);
            let (name, number) = &ring.shown;
            let phones = Phones {
                call: ring.call.0,
                group: ring.pbx.0,
                whose: word(ring.number.as_str())?,
                phones: word(&match ring.devices.as_slice() {
                    [one] => one.to_string(),
                    // Of all of them every address: a list of legs cannot have lists in it.
                    _ => ring.number.to_string(),
                })?,
                context: realm,
                name: Phrase::parse(Text::word(name).as_str()).ok()?,
                number: word(number)?,
                ring_for: Summons::RING_FOR.0,
            };
            (node, Command::Ring { phones: Box::new(phones), destination })
        }
        Order::Record { node, channel: ChannelId(channel), path } => {
            (node, Command::Record { channel: *channel, path: word(path.to_str()?)? })
        }
    })
}
