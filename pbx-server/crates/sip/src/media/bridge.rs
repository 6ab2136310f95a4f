//! Two phones that talk, and whoever listens in.

use super::endpoint::{Endpoint, EndpointId};
use super::group::{Group, Kind, ListenMode, Role};
use super::leg::Leg;
use super::tape::{CallTape, Taken};
use super::threads::{Media, Shared};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Two endpoints that hear each other. Dropped: both hear silence. Its packets pass as they are
/// while nothing else is asked.
#[derive(Debug)]
pub struct Bridge {
    group: Arc<Group>,
    shared: Arc<Shared>,
}

/// One who listens in on a bridge. Dropped: it leaves, and hears silence.
#[derive(Debug)]
pub struct Listening {
    group: Arc<Group>,
    leg: Arc<Leg>,
    to: EndpointId,
}

impl Media {
    /// Lets two endpoints hear each other. Each leaves what it was in before; what is played to it
    /// goes on until [`Endpoint::silence`].
    #[must_use]
    pub fn bridge(&self, one: &Endpoint, two: &Endpoint) -> Bridge {
        let shared = Arc::clone(self.shared());
        let group = Group::new(shared.number(), Kind::Bridge, &one.leg.worker);
        group.join([&one.leg, &two.leg], Role::Party);
        Bridge { group, shared }
    }
}

impl Bridge {
    /// Whether silence of both is a fault that [`MediaEvent::Silent`](super::MediaEvent) tells:
    /// after the answer, and not on hold.
    pub fn watch(&self, on: bool) {
        self.group.watch(on);
    }

    /// Records both into a new WAV file: two channels of 8 kHz, `left` on the left. A recording that
    /// ran is ended.
    pub fn record(&self, path: &Path, left: EndpointId) -> io::Result<()> {
        self.group.record(CallTape::start(&self.shared.writer, path, left)?);
        Ok(())
    }

    /// Ends the recording, also one that failed, and waits until the file is closed. `None`: there
    /// was none.
    pub async fn stop_recording(&self) -> Option<Taken> {
        let tape = self.group.take_tape();
        tape?.stop().await
    }

    /// Lets a third phone listen in on `to` and the other.
    #[must_use]
    pub fn listen(&self, listener: &Endpoint, to: EndpointId, mode: ListenMode) -> Listening {
        self.group.join([&listener.leg], Role::Listener { to, mode });
        Listening { group: Arc::clone(&self.group), leg: Arc::clone(&listener.leg), to }
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.group.end();
    }
}

impl Listening {
    pub fn set_mode(&self, mode: ListenMode) {
        self.group.set_role(&self.leg, Role::Listener { to: self.to, mode });
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.group.leave(&self.leg);
    }
}
