//! Addresses of this machine that nobody else uses.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU8, Ordering};

static TAKEN: AtomicU8 = AtomicU8::new(0);

/// An address of loopback that no other part of this test and no other test on this machine has:
/// each phone is a stranger to the server, as in life, and no two want the same port.
///
/// # Panics
/// After 250 of them.
#[must_use]
pub fn own_address() -> IpAddr {
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let number = TAKEN.fetch_add(1, Ordering::Relaxed);
    assert!(number < 250, "a test process has at most 250 phones");
    Ipv4Addr::new(127, 128 | high, low, number + 1).into()
}
