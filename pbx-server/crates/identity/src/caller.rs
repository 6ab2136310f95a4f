//! Where a request comes from, for limits and for the audit log.

use std::net::IpAddr;

/// The far end of a request.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// The network address; `None` for what the server does by itself.
    pub address: Option<IpAddr>,
    /// What the program calls itself; cut to 300 characters where it is kept.
    pub user_agent: Option<String>,
    /// Names the request in the server's log.
    pub request_id: Option<String>,
}

impl Caller {
    /// What shares one limit: an IPv4 address, or the /64 that one household of IPv6 gets.
    pub(crate) fn neighbourhood(&self) -> [u8; 16] {
        match self.address.map(|address| address.to_canonical()) {
            None => [0; 16],
            Some(IpAddr::V4(v4)) => v4.to_ipv6_mapped().octets(),
            Some(IpAddr::V6(v6)) => {
                let mut octets = v6.octets();
                octets[8..].fill(0);
                octets
            }
        }
    }

    pub(crate) fn agent(&self) -> Option<String> {
        self.user_agent
            .as_ref()
            .map(|agent| agent.chars().filter(|c| !c.is_control()).take(300).collect::<String>())
            .filter(|agent| !agent.is_empty())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    fn from(address: &str) -> [u8; 16] {
        Caller { address: Some(address.parse().unwrap()), ..Caller::default() }.neighbourhood()
    }

    #[test]
    fn a_household_of_ipv6_shares_a_limit_and_an_ipv4_address_has_its_own() {
        assert_eq!(from("2001:db8:1:2::1"), from("2001:db8:1:2:ffff::9"));
        assert_ne!(from("2001:db8:1:2::1"), from("2001:db8:1:3::1"));
        assert_ne!(from("192.0.2.1"), from("192.0.2.2"));
        assert_eq!(from("192.0.2.1"), from("::ffff:192.0.2.1"));
    }
}
