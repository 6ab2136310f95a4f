//! How many requests one address may send.

use crate::api::Api;
use crate::problem::Problem;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::net::IpAddr;
use std::num::NonZeroU32;
use voxera_identity::Caller;

/// More addresses than this are not remembered without first forgetting those that are idle.
const REMEMBERED: usize = 50_000;

/// Counts requests by address (IPv6: by /64, which is one household).
pub(crate) struct AddressLimit {
    limiter: DefaultKeyedRateLimiter<[u8; 16]>,
    clock: DefaultClock,
}

impl AddressLimit {
    pub(crate) fn new(per_second: u32, burst: u32) -> Self {
        let at_least_one = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(at_least_one(per_second)).allow_burst(at_least_one(burst));
        Self { limiter: RateLimiter::keyed(quota), clock: DefaultClock::default() }
    }

    /// Counts one; `Err`: whole seconds until the next may come.
    fn take(&self, address: IpAddr) -> Result<(), u64> {
        if self.limiter.len() > REMEMBERED {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(&key(address)).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
        })
    }
}

fn key(address: IpAddr) -> [u8; 16] {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => {
            let mut octets = v6.octets();
            octets[8..].fill(0);
            octets
        }
    }
}

/// Refuses what is too much.
pub(crate) async fn by_address(State(api): State<Api>, request: Request, next: Next) -> Response {
    let address = request.extensions().get::<Caller>().and_then(|caller| caller.address);
    match address.map_or(Ok(()), |address| api.limit.take(address)) {
        Ok(()) => next.run(request).await,
        Err(seconds) => Problem::too_many("rate_limited", seconds.max(1)).into_response(),
    }
}
