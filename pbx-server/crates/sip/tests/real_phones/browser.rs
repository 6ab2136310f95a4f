//! Browsers of a company, connected straight to its engine.

pub use voxera_testkit::browser::{Browser, Call, Change};

use crate::company::Company;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering};
use voxera_testkit::browser::{Credential, Wire};

/// A new connection to the engine.
fn wire(company: &Company) -> Wire {
    /// A port that no other connection has.
    static NEXT: AtomicU16 = AtomicU16::new(50_000);
    let peer = SocketAddr::from(([127, 0, 0, 1], NEXT.fetch_add(1, Ordering::Relaxed)));
    let link = company.engine.websocket(peer);
    Wire::of(link.to_engine, link.from_engine)
}

/// What a browser does at a company.
pub trait AtCompany: Sized {
    /// The browser of somebody who signed in to the portal; it plays a tone in calls.
    async fn online(company: &Company, extension: &str, nth: usize, tone: u32) -> Self;
    /// It connects, and registers.
    async fn back(&mut self, company: &Company);
    /// The page is loaded anew: another connection, and nothing is known of before.
    async fn loads_anew(&mut self, company: &Company);
}

impl AtCompany for Browser {
    async fn online(company: &Company, extension: &str, nth: usize, tone: u32) -> Self {
        let (device, password) = company.credentials(extension, nth);
        let credential = Credential {
            user: device.to_string(),
            password: password.to_owned(),
            realm: company.snapshot.realm.to_string(),
        };
        let mut browser = Self::new(credential, tone);
        browser.back(company).await;
        browser
    }

    async fn back(&mut self, company: &Company) {
        self.join(wire(company)).await;
    }

    async fn loads_anew(&mut self, company: &Company) {
        self.reload(wire(company)).await;
    }
}
