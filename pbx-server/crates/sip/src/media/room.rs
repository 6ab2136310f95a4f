//! Conferences.

use super::endpoint::Endpoint;
use super::group::{Group, Kind, Role};
use super::leg::Leg;
use super::threads::Media;
use std::sync::Arc;

/// A conference: everybody hears everybody else. It ends when the last of these is dropped.
#[derive(Debug, Clone)]
pub struct Room {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    group: Arc<Group>,
}

/// One who is in a room. Dropped: it leaves, and hears silence.
#[derive(Debug)]
pub struct Seat {
    room: Room,
    leg: Arc<Leg>,
}

impl Media {
    /// An empty room.
    #[must_use]
    pub fn room(&self) -> Room {
        let group = Group::new(self.shared().number(), Kind::Room, &self.shared().worker());
        Room { inner: Arc::new(Inner { group }) }
    }
}

impl Room {
    /// Takes an endpoint in, out of what it was in before.
    #[must_use]
    pub fn join(&self, endpoint: &Endpoint) -> Seat {
        self.inner.group.join([&endpoint.leg], Role::Party);
        Seat { room: self.clone(), leg: Arc::clone(&endpoint.leg) }
    }

    /// How many are in it.
    #[must_use]
    pub fn members(&self) -> usize {
        self.inner.group.parties()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.group.end();
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.room.inner.group.leave(&self.leg);
    }
}
