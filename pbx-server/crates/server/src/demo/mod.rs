//! The demo: one partner, one company, five people, a PBX with a reception, a queue, a group, a
//! meeting room and opening hours, and two public numbers. Everything bears
//! names that can only be a demo's. Made piece by piece, so that a broken first start is repaired
//! by the next, and what people changed stays as they left it.

mod cast;
mod reception;
mod seed;

use crate::state::{State, StateError};
use cast::{LOGINS, Login};
use rand::distr::{Alphanumeric, SampleString};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use url::Url;
use voxera_identity::{Identity, IdentityError};
use voxera_model::Invalid;
use voxera_store::{Store, StoreError};

/// Everybody's password where nobody else can reach the portal. It is in the documentation.
pub const PASSWORD: &str = "kanelbullar-och-kaffe";
const FILE: &str = "demo.json";

/// What the demo is, for the terminal and for `make first-call`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Demo {
    /// Whether the password is the documented one.
    pub known_password: bool,
    pub password: String,
    pub portal: Option<Url>,
    /// Where the phones register.
    pub sip: Option<SocketAddr>,
    pub logins: Vec<Login>,
    pub phones: Vec<Phone>,
}

/// What a phone needs to register.
#[derive(Clone, Serialize, Deserialize)]
pub struct Phone {
    pub extension: String,
    pub name: String,
    pub username: String,
    pub password: String,
    pub realm: String,
}

impl std::fmt::Debug for Phone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Phone").field("extension", &self.extension).finish_non_exhaustive()
    }
}

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error("the demo's own data is not valid: {0}")]
    Cast(#[from] Invalid),
    #[error("the demo's own menu or rules are not valid: {0}")]
    Document(String),
    #[error(
        "the demo in {0} has a password that everybody can read in the documentation, so the portal \
         may only listen on this machine: set listen to 127.0.0.1:8080, or start with an empty state folder"
    )]
    Exposed(String),
}

/// The demo of this folder, when it has one.
#[must_use]
pub fn known(state: &State) -> Option<Demo> {
    serde_json::from_str(&std::fs::read_to_string(state.path(FILE)).ok()?).ok()
}

/// Refuses to show a demo with the documented password to the network.
pub fn guard(state: &State, listen: SocketAddr) -> Result<(), DemoError> {
    let exposed = !listen.ip().is_loopback() && known(state).is_some_and(|demo| demo.known_password);
    if exposed { Err(DemoError::Exposed(state.dir().display().to_string())) } else { Ok(()) }
}

/// Makes what is missing, and writes down what is needed to use it (mode 0600).
pub async fn make(
    state: &State,
    store: &Store,
    identity: &Identity,
    listen: SocketAddr,
) -> Result<Demo, DemoError> {
    let before = known(state);
    let known_password = before.as_ref().map_or(listen.ip().is_loopback(), |demo| demo.known_password);
    let password = match &before {
        Some(demo) => demo.password.clone(),
        None if known_password => PASSWORD.to_owned(),
        None => Alphanumeric.sample_string(&mut rand::rng(), 16),
    };
    let mut demo = Demo {
        known_password,
        password,
        portal: None,
        sip: None,
        logins: LOGINS.to_vec(),
        phones: before.map(|demo| demo.phones).unwrap_or_default(),
    };
    // Written before the accounts are made, or a stop in between would lose a generated password.
    demo.keep(state)?;
    seed::everything(store, identity, &mut demo, |demo| demo.keep(state)).await?;
    demo.keep(state)?;
    Ok(demo)
}

impl Demo {
    /// Notes where it can be reached now.
    pub fn reached_at(&mut self, state: &State, portal: Url, sip: SocketAddr) -> Result<(), DemoError> {
        self.portal = Some(portal);
        self.sip = Some(sip);
        self.keep(state)
    }

    fn keep(&self, state: &State) -> Result<(), DemoError> {
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        Ok(state.write_secret(FILE, &text)?)
    }

    /// What a person needs to begin.
    #[must_use]
    pub fn welcome(&self) -> String {
        let logins = self
            .logins
            .iter()
            .fold(String::new(), |text, login| text + &format!("    {:<29} {}\n", login.email, login.says));
        format!(
            "  Demo logins, all with the password  {}\n{logins}\n  First call, in another terminal:  make first-call\n  Then, from any phone: 2000 the reception, 2001 the order queue, 2002 the shop, 2003 a meeting, *97 your messages\n",
            self.password
        )
    }
}
