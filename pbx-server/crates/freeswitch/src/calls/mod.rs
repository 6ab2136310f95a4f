//! Every call that `FreeSWITCH` carries: hunts, what is told of channels besides, and what nodes are
//! asked to do at once.
//!
//! A call has one leg that runs our scripts, the caller's. Each hunt of it tells what came of the last
//! script; the core decides, and the answer is the next script. What happens while a script runs is
//! told by the event socket ([`Calls::event`]) and leads, where something is to be done, to a hunt
//! again.

mod asked;
mod book;
mod event;
mod happen;
mod hunt;
mod identity;
mod ids;
mod keep;
mod relay;
mod sounds;
mod tracked;

pub use event::{ChannelEvent, Order, Ring};
pub(crate) use identity::{LINES, LINES_DOMAIN};
pub use ids::{ChannelId, NodeName};
pub(crate) use relay::{NODES, NODES_DOMAIN, Reached};
pub(crate) use sounds::music;

use crate::nodes::Homes;
use book::Book;
use relay::Relays;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tracked::Tracked;
use voxera_audio::Library;
use voxera_callcontrol::CallControl;

/// All calls of all nodes. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Calls {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    control: CallControl,
    library: Option<Library>,
    book: Mutex<Book>,
    orders: UnboundedSender<Order>,
    /// Somebody talks with somebody.
    talks: Notify,
    /// Where phones are.
    homes: Arc<Homes>,
    /// Legs between nodes.
    relays: Mutex<Relays>,
}

/// Which end of its call a channel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Side {
    Main,
    Other,
}

impl Calls {
    /// No calls yet. What comes out of the receiver is to be carried out by the nodes.
    #[must_use]
    pub fn new(control: CallControl, library: Option<Library>) -> (Self, UnboundedReceiver<Order>) {
        let (orders, receiver) = unbounded_channel();
        let shared = Shared {
            control,
            library,
            book: Mutex::default(),
            orders,
            talks: Notify::new(),
            homes: Arc::default(),
            relays: Mutex::default(),
        };
        (Self { shared: Arc::new(shared) }, receiver)
    }

    /// The calls of a node, by their main channel.
    #[must_use]
    pub fn channels(&self, node: &NodeName) -> Vec<ChannelId> {
        let all = self.book().of_node(node);
        all.iter().map(|tracked| tracked.lock().main).collect()
    }

    /// How many calls are up.
    #[must_use]
    pub fn count(&self) -> usize {
        self.book().len()
    }

    /// Where phones are, as nodes say.
    pub(crate) fn homes(&self) -> Arc<Homes> {
        Arc::clone(&self.shared.homes)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.shared.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn order(&self, order: Order) {
        // Nobody listens: the server stops, and calls go on without it.
        let _ = self.shared.orders.send(order);
    }

    fn find(&self, channel: ChannelId) -> Option<(Arc<Tracked>, Side)> {
        self.book().at(channel)
    }
}
