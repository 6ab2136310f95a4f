//! Who is where.

use super::Side;
use super::ids::{ChannelId, NodeName};
use super::tracked::Tracked;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use voxera_model::CallId;

/// Calls that are over and still known, so that a leg that comes late begins none of them anew.
const REMEMBERED: usize = 10_000;

/// Calls by id and by channel.
#[derive(Debug, Default)]
pub(super) struct Book {
    calls: HashMap<CallId, Arc<Tracked>>,
    channels: HashMap<ChannelId, (CallId, Side)>,
    over: HashSet<CallId>,
    /// The same, the oldest first.
    order: VecDeque<CallId>,
}

impl Book {
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    pub fn call(&self, id: CallId) -> Option<Arc<Tracked>> {
        self.calls.get(&id).cloned()
    }

    /// Whether a call is up, or was not long ago.
    pub fn remembers(&self, id: CallId) -> bool {
        self.calls.contains_key(&id) || self.over.contains(&id)
    }

    pub fn at(&self, channel: ChannelId) -> Option<(Arc<Tracked>, Side)> {
        let (id, side) = self.channels.get(&channel)?;
        Some((self.call(*id)?, *side))
    }

    pub fn of_node(&self, node: &NodeName) -> Vec<Arc<Tracked>> {
        self.calls.values().filter(|tracked| tracked.node == *node).cloned().collect()
    }

    pub fn all(&self) -> Vec<Arc<Tracked>> {
        self.calls.values().cloned().collect()
    }

    pub fn enter(&mut self, tracked: &Arc<Tracked>, main: ChannelId) {
        self.calls.insert(tracked.core.id(), Arc::clone(tracked));
        self.channels.insert(main, (tracked.core.id(), Side::Main));
    }

    /// A channel is from now on an end of this call.
    pub fn join(&mut self, channel: ChannelId, call: CallId, side: Side) {
        self.channels.insert(channel, (call, side));
    }

    pub fn forget(&mut self, channel: ChannelId) {
        self.channels.remove(&channel);
    }

    pub fn leave(&mut self, call: CallId) {
        self.calls.remove(&call);
        self.channels.retain(|_, (of, _)| *of != call);
        if self.over.insert(call) {
            self.order.push_back(call);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.over.remove(&oldest);
        }
    }
}
