//! A carrier's line on loopback: a registrar with digest, and calls in both directions.
//!
//! It says what real ones say, message by message, and waits for what happens; nothing here sleeps.

mod call;
mod desk;
mod message;
mod wires;

pub use call::LineCall;
pub use message::Message;

use crate::PATIENCE;
use desk::Desk;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use wires::Wires;

/// How a line behaves.
#[derive(Debug, Clone)]
pub struct LineConfig {
    pub username: String,
    pub password: String,
    /// The realm of its challenges; a real one's is seldom its host.
    pub realm: String,
    /// `MD5` or `SHA-256`, in the order in which they are offered.
    pub algorithms: Vec<&'static str>,
    /// Whether calls have to be proven too.
    pub challenges_calls: bool,
    /// Shorter registrations are refused with 423.
    pub least_expires: u32,
    /// What it grants, whatever was asked for.
    pub grants: Option<u32>,
    /// Each nonce serves this many times, then it is stale.
    pub nonce_serves: u32,
    /// Takes TCP instead of UDP.
    pub tcp: bool,
    /// Answers every call with this status, e.g. 503.
    pub refuses_calls: Option<u16>,
    /// Says nothing at all to calls.
    pub ignores_calls: bool,
}

impl Default for LineConfig {
    fn default() -> Self {
        Self {
            username: "line-4711".into(),
            password: "lines' secret".into(),
            realm: "carrier.example".into(),
            algorithms: vec!["MD5"],
            challenges_calls: true,
            least_expires: 0,
            grants: None,
            nonce_serves: 5,
            tcp: false,
            refuses_calls: None,
            ignores_calls: false,
        }
    }
}

/// A line that runs until it is dropped.
#[derive(Debug)]
pub struct Line {
    pub config: LineConfig,
    address: SocketAddr,
    wires: Arc<Wires>,
    desk: Arc<Desk>,
    calls: Mutex<UnboundedReceiver<LineCall>>,
    jobs: Vec<JoinHandle<()>>,
}

impl Line {
    /// Starts one on an address of its own.
    ///
    /// # Panics
    /// When loopback has no port for it.
    pub async fn start(config: LineConfig) -> Self {
        let ip = crate::loopback::own_address();
        let (wires, address, mut heard) = Wires::open(SocketAddr::new(ip, 0), config.tcp).await;
        let (desk, calls) = Desk::new(config.clone(), Arc::clone(&wires));
        let desk = Arc::new(desk);
        let owned = Arc::clone(&desk);
        let job = tokio::spawn(async move {
            while let Some((message, peer)) = heard.recv().await {
                owned.take(message, peer).await;
            }
        });
        let jobs = vec![job];
        Self { config, address, wires, desk, calls: Mutex::new(calls), jobs }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The contact that is registered, as it changes; empty: none.
    #[must_use]
    pub fn contacts(&self) -> watch::Receiver<String> {
        self.desk.contact.subscribe()
    }

    /// Waits until somebody is registered; the contact.
    pub async fn registered(&self) -> String {
        self.contact_that(|contact| !contact.is_empty()).await
    }

    /// Waits until nobody is.
    pub async fn unregistered(&self) {
        self.contact_that(str::is_empty).await;
    }

    /// REGISTERs that were refused so far.
    #[must_use]
    pub fn refusals(&self) -> watch::Receiver<u32> {
        self.desk.refusals.subscribe()
    }

    /// REGISTERs that were taken so far.
    #[must_use]
    pub fn registrations(&self) -> watch::Receiver<u32> {
        self.desk.taken.subscribe()
    }

    /// The next call that reaches the public network here, proven when that is asked for.
    ///
    /// # Panics
    /// When none comes.
    pub async fn rings(&self) -> LineCall {
        let next = async { self.calls.lock().await.recv().await };
        let next = tokio::time::timeout(PATIENCE, next).await;
        next.unwrap_or_else(|_| panic!("no call came to the line"))
            .unwrap_or_else(|| panic!("the line is gone"))
    }

    /// Waits until so many REGISTERs were taken.
    pub async fn registered_times(&self, times: u32) {
        reaches(self.registrations(), times).await;
    }

    /// Waits until so many REGISTERs were refused.
    pub async fn refused_times(&self, times: u32) {
        reaches(self.refusals(), times).await;
    }

    /// Closes every connection: the wire is cut.
    pub fn cut(&self) {
        self.wires.cut();
    }

    /// INVITEs that came, proven or not.
    #[must_use]
    pub fn invites(&self) -> watch::Receiver<u32> {
        self.desk.invites.subscribe()
    }

    /// Calls whoever is registered, as `from` (a whole field value without tag). The number stands in
    /// the request's address.
    pub async fn call(&self, to: &str, from: &str) -> LineCall {
        let contact = self.registered().await;
        let host = contact.split_once('@').map_or(contact.as_str(), |(_, host)| host);
        let (place, _) = host.split_once(';').unwrap_or((host, ""));
        let place = place.to_owned();
        self.call_at(&format!("sip:{to}@{host}"), &format!("<sip:{to}@{place}>"), from, "", None).await
    }

    /// Sends an INVITE with this address, `To` and `From`, and further fields, to a server; `None`:
    /// to where the registration came from.
    ///
    /// # Panics
    /// When nobody is registered and no server is given.
    pub async fn call_at(
        &self,
        uri: &str,
        to: &str,
        from: &str,
        more: &str,
        server: Option<SocketAddr>,
    ) -> LineCall {
        let peer = match server {
            Some(server) => self.wires.to(server).await,
            None => self.desk.peer().unwrap_or_else(|| panic!("nobody is registered at the line")),
        };
        LineCall::place(&self.desk, self.address, peer, uri, to, from, more).await
    }

    async fn contact_that(&self, fits: impl Fn(&str) -> bool) -> String {
        let mut contacts = self.contacts();
        let found = tokio::time::timeout(PATIENCE, contacts.wait_for(|contact| fits(contact))).await;
        let found = found.unwrap_or_else(|_| panic!("the registration did not change"));
        found.map_or_else(|_| String::new(), |contact| contact.clone())
    }
}

async fn reaches(mut count: watch::Receiver<u32>, least: u32) {
    let reached = tokio::time::timeout(PATIENCE, count.wait_for(|count| *count >= least)).await;
    assert!(reached.is_ok_and(|reached| reached.is_ok()), "it did not happen {least} times");
}

impl Drop for Line {
    fn drop(&mut self) {
        self.wires.close();
        for job in &self.jobs {
            job.abort();
        }
    }
}
