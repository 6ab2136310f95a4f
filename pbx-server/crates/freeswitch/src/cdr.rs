//! Records of legs, from both ways on which a node tells that one is over: the event, and what
//! `mod_json_cdr` posts. Whichever comes first ends the call; the second finds nothing left to do.

use crate::calls::{Calls, ChannelEvent, ChannelId, NodeName};
use crate::esl::Ended;
use serde::Deserialize;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use uuid::Uuid;
use voxera_callcontrol::LegMedia;
use voxera_callflow::Party;

/// How many legs are remembered after their end. Beyond that, and after a restart, a second word about
/// one writes its record again, which the database knows already.
const REMEMBERED: usize = 20_000;

/// How long the record of a call waits for what the other leg measured.
const OTHER_LEG: Duration = Duration::from_millis(500);

/// How long a record that was posted waits for the event of the same end.
const EVENT_FIRST: Duration = Duration::from_secs(1);

/// Ends calls by what is told of their legs. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Cdrs {
    calls: Calls,
    over: Arc<Mutex<Over>>,
    /// Another leg is over.
    told: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Over {
    known: HashSet<Uuid>,
    order: VecDeque<Uuid>,
    /// Legs that we ended.
    killed: HashSet<Uuid>,
}

/// What `mod_json_cdr` posts, as far as it is ours. Values are URL-encoded (`encode-values`).
#[derive(Deserialize)]
struct Posted {
    #[serde(rename = "core-uuid")]
    core: String,
    variables: HashMap<String, serde_json::Value>,
}

impl Cdrs {
    pub(crate) fn new(calls: Calls) -> Self {
        Self { calls, over: Arc::default(), told: Arc::default() }
    }

    /// A record as it was posted. One that cannot be read is told in the log: there is nobody who could
    /// send a better one.
    pub(crate) fn take(&self, body: &[u8]) {
        let posted = match serde_json::from_slice::<Posted>(body) {
            Ok(posted) => posted,
            Err(error) => {
                metrics::counter!("voxera_freeswitch_cdr_unread_total").increment(1);
                return tracing::warn!(%error, bytes = body.len(), "a posted record cannot be read");
            }
        };
        let variables: HashMap<String, String> = posted
            .variables
            .into_iter()
            .filter_map(|(name, value)| Some((name, crate::esl::decode(value.as_str()?))))
            .collect();
        let variable = |name: &str| variables.get(name).map(String::as_str).filter(|value| !value.is_empty());
        let Some(channel) = variable("uuid").and_then(|id| id.parse().ok()) else {
            return tracing::warn!("a posted record names no leg");
        };
        let ended = Ended::from_variables(variable);
        let (this, node) = (self.clone(), NodeName(posted.core));
        let carried = variable("voxera_cursor").map(str::to_owned);
        if !self.calls.has(ChannelId(channel)) {
            return self.ended(&node, channel, &ended, carried.as_deref());
        }
        // The event socket tells what was before the end as well, and in order, but may be slower.
        tokio::spawn(async move {
            let _ = tokio::time::timeout(EVENT_FIRST, this.heard(channel)).await;
            this.ended(&node, channel, &ended, carried.as_deref());
        });
    }

    /// We end this leg: whoever tells of its end need not say who did.
    pub(crate) fn killed(&self, channel: Uuid) {
        self.lock().killed.insert(channel);
    }

    /// A leg is over. `carried`: what our scripts left on it, by which a call is known that began before
    /// this server did.
    pub(crate) fn ended(&self, node: &NodeName, channel: Uuid, ended: &Ended, carried: Option<&str>) {
        let by = {
            let mut over = self.lock();
            let killed = over.killed.remove(&channel);
            if !over.note(channel) {
                return;
            }
            if killed {
                Party::System
            } else if ended.by_peer {
                Party::Caller
            } else if ended.was_bridged {
                Party::Callee
            } else {
                Party::System
            }
        };
        let id = ChannelId(channel);
        self.calls.relay_over(id);
        if let Some(carried) = carried
            && !self.calls.knows(id)
            && self.calls.take_up(node, id, carried)
        {
            tracing::debug!(channel = %id, "a call that began before this server is over");
        }
        let measured = ended.packets_in.map(|packets| LegMedia {
            packets,
            lost: ended.packets_lost.unwrap_or(0),
            jitter_ms: ended.jitter_ms,
        });
        self.calls.measured(id, ended.codec.as_deref(), measured);
        self.told.notify_waiters();
        let event = ChannelEvent::HungUp { cause: ended.cause.clone(), by };
        match self.calls.other(id) {
            // Both hang up at once, each on its own: what the other measured belongs into the record.
            Some(other) if !self.lock().known.contains(&other.0) => {
                let this = self.clone();
                tokio::spawn(async move {
                    let _ = tokio::time::timeout(OTHER_LEG, this.heard(other.0)).await;
                    this.calls.event(id, event);
                });
            }
            Some(_) | None => self.calls.event(id, event),
        }
    }

    /// Waits until a leg is over.
    async fn heard(&self, leg: Uuid) {
        loop {
            let told = self.told.notified();
            if self.lock().known.contains(&leg) {
                return;
            }
            told.await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Over> {
        self.over.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Over {
    /// Notes that a leg is over. `false`: it was noted before.
    fn note(&mut self, channel: Uuid) -> bool {
        if !self.known.insert(channel) {
            return false;
        }
        self.order.push_back(channel);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}
