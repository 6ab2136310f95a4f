//! Phones that should be heard and are not.

use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Without a packet for this long, somebody who should be heard is not.
const QUIET: Duration = Duration::from_secs(2);
/// The same for a phone that sends nothing while nobody speaks.
const PAUSE: Duration = Duration::from_secs(15);
/// A phone that said that it sends nothing would say so again within this long.
const REPORTED: Duration = Duration::from_secs(15);
/// A browser has this long to find a way to us, and to agree on secrets.
pub const CONNECT: Duration = Duration::from_secs(5);

/// Why a phone that should be heard is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// Nothing came for two seconds.
    NothingHeard,
    /// Nothing came for fifteen seconds from a phone that sends nothing while nobody speaks.
    Silent,
    /// Five seconds went by, and the browser found no way to any of our addresses.
    NoPath,
    /// The phone named an address that only its own network knows, and nothing ever came.
    PrivateAddress,
    /// The browser and we could not agree on secrets, or what comes from it cannot be read.
    Encryption,
}

/// Whether one phone is heard.
#[derive(Debug, Default)]
pub struct Watch {
    /// Since when it should be.
    since: Option<Instant>,
    /// It said that it would send nothing.
    mute: bool,
    heard: Option<Instant>,
    told: Option<Trouble>,
}

/// What is known of a phone from elsewhere.
#[derive(Debug, Clone, Copy)]
pub enum Way {
    /// Plain RTP.
    Plain {
        /// It named an address of a private network.
        private: bool,
        /// It sends nothing while nobody speaks.
        pauses: bool,
        /// When it said itself that it sends nothing.
        said: Option<Instant>,
    },
    Browser {
        /// ICE found a way.
        found: bool,
        /// When the secrets were agreed on.
        secured: Option<Instant>,
        /// When something last came that could not be read.
        unreadable: Option<Instant>,
        /// DTLS ended with an error.
        refused: bool,
    },
}

impl Watch {
    /// Whether it should be heard, from now on.
    pub fn set(&mut self, on: bool, now: Instant) {
        if self.since.is_some() != on {
            self.since = on.then_some(now);
            self.told = None;
        }
    }

    /// It described itself: whether it sends at all.
    pub fn described(&mut self, speaks: bool, now: Instant) {
        if self.mute && speaks {
            self.since = self.since.map(|_| now);
        }
        if !speaks {
            self.told = None;
        }
        self.mute = !speaks;
    }

    /// Sound came; whether that ends a trouble that was told.
    pub fn hears(&mut self, now: Instant) -> bool {
        self.heard = Some(now);
        self.told.take().is_some()
    }

    /// It said itself that it sends nothing; whether that ends a trouble that was told.
    pub fn rests(&mut self) -> bool {
        self.told.take().is_some()
    }

    /// What is to be told, once for each trouble.
    pub fn look(&mut self, way: Way, now: Instant) -> Option<Trouble> {
        let since = self.since.filter(|_| !self.mute)?;
        let passed = |from: Instant| now.saturating_duration_since(from);
        let quiet = |from: Instant| passed(self.heard.map_or(from, |heard| heard.max(from))) >= QUIET;
        let trouble = match way {
            Way::Plain { said: Some(said), .. } if passed(said) < REPORTED => None,
            Way::Plain { pauses: true, .. } if self.heard.is_some() => {
                let last = self.heard.map_or(since, |heard| heard.max(since));
                (passed(last) >= PAUSE).then_some(Trouble::Silent)
            }
            Way::Plain { private, .. } => quiet(since).then_some(if private && self.heard.is_none() {
                Trouble::PrivateAddress
            } else {
                Trouble::NothingHeard
            }),
            Way::Browser { refused: true, .. } => Some(Trouble::Encryption),
            Way::Browser { found, secured: None, .. } => (passed(since) >= CONNECT).then_some(if found {
                Trouble::Encryption
            } else {
                Trouble::NoPath
            }),
            Way::Browser { secured: Some(secured), unreadable, .. } => {
                let unreadable = unreadable.is_some_and(|at| passed(at) < QUIET);
                let why = if unreadable { Trouble::Encryption } else { Trouble::NothingHeard };
                quiet(since.max(secured)).then_some(why)
            }
        }?;
        (self.told != Some(trouble)).then(|| *self.told.insert(trouble))
    }
}

/// Whether an address means something only in a network of its own.
pub fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            // RFC 6598: between a customer and the operator's own translation.
            let shared = first == 100 && second & 0xc0 == 64;
            ip.is_private() || ip.is_link_local() || ip.is_loopback() || ip.is_unspecified() || shared
        }
        IpAddr::V6(ip) => {
            ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_loopback() || ip.is_unspecified()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Way = Way::Plain { private: false, pauses: false, said: None };

    fn browser(found: bool, secured: Option<Instant>) -> Way {
        Way::Browser { found, secured, unreadable: None, refused: false }
    }

    #[test]
    fn two_seconds_of_nothing_are_told_once_and_so_is_their_end() {
        let (mut watch, start) = (Watch::default(), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        assert_eq!(watch.look(PLAIN, at(9000)), None, "nobody asked");
        watch.set(true, at(0));
        assert!(!watch.hears(at(500)));
        assert_eq!(watch.look(PLAIN, at(2499)), None);
        assert_eq!(watch.look(PLAIN, at(2500)), Some(Trouble::NothingHeard));
        assert_eq!(watch.look(PLAIN, at(2600)), None, "told");
        assert!(watch.hears(at(2700)));
        assert_eq!(watch.look(PLAIN, at(4700)), Some(Trouble::NothingHeard));
    }

    #[test]
    fn who_is_on_hold_or_sends_nothing_by_its_own_word_is_in_no_trouble() {
        let (mut watch, start) = (Watch::default(), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        watch.set(true, at(0));
        watch.set(false, at(100));
        assert_eq!(watch.look(PLAIN, at(9000)), None);
        watch.set(true, at(10_000));
        watch.described(false, at(10_100));
        assert_eq!(watch.look(PLAIN, at(19_000)), None);
        watch.described(true, at(20_000));
        assert_eq!(watch.look(PLAIN, at(21_900)), None);
        assert_eq!(watch.look(PLAIN, at(22_000)), Some(Trouble::NothingHeard));
    }

    #[test]
    fn a_private_address_is_the_cause_only_while_nothing_ever_came() {
        let (mut watch, start) = (Watch::default(), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        let private = Way::Plain { private: true, pauses: false, said: None };
        watch.set(true, at(0));
        assert_eq!(watch.look(private, at(2000)), Some(Trouble::PrivateAddress));
        assert!(watch.hears(at(2100)));
        assert_eq!(watch.look(private, at(4100)), Some(Trouble::NothingHeard));
    }

    #[test]
    fn a_phone_that_is_silent_while_nobody_speaks_has_fifteen_seconds_once_it_was_heard() {
        let (mut watch, start) = (Watch::default(), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        let pauses = Way::Plain { private: false, pauses: true, said: None };
        watch.set(true, at(0));
        assert_eq!(watch.look(pauses, at(2000)), Some(Trouble::NothingHeard), "never heard");
        assert!(watch.hears(at(3000)));
        assert_eq!(watch.look(pauses, at(17_999)), None);
        assert_eq!(watch.look(pauses, at(18_000)), Some(Trouble::Silent));
        assert!(watch.hears(at(19_000)));
    }

    #[test]
    fn a_phone_that_says_that_it_sends_nothing_is_in_no_trouble_while_it_says_so() {
        let (mut watch, start) = (Watch::default(), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        let said = |pauses, at| Way::Plain { private: false, pauses, said: Some(at) };
        watch.set(true, at(0));
        assert_eq!(watch.look(said(false, at(1000)), at(15_999)), None, "muted from the beginning");
        assert_eq!(watch.look(said(false, at(1000)), at(16_000)), Some(Trouble::NothingHeard));
        assert!(watch.rests() && !watch.rests());
        watch.hears(at(17_000));
        assert_eq!(watch.look(said(true, at(40_000)), at(54_999)), None);
        assert_eq!(watch.look(said(true, at(40_000)), at(55_000)), Some(Trouble::Silent));
    }

    #[test]
    fn a_browser_has_five_seconds_for_a_way_and_for_secrets() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        for (found, trouble) in [(false, Trouble::NoPath), (true, Trouble::Encryption)] {
            let mut watch = Watch::default();
            watch.set(true, at(0));
            assert_eq!(watch.look(browser(found, None), at(4999)), None);
            assert_eq!(watch.look(browser(found, None), at(5000)), Some(trouble));
        }
        let mut watch = Watch::default();
        watch.set(true, at(0));
        let late = browser(true, Some(at(4000)));
        assert_eq!(watch.look(late, at(5900)), None, "two seconds from when it could speak");
        assert_eq!(watch.look(late, at(6000)), Some(Trouble::NothingHeard));
        let refused = Way::Browser { found: true, secured: None, unreadable: None, refused: true };
        assert_eq!(watch.look(refused, at(6100)), Some(Trouble::Encryption));
    }

    #[test]
    fn packets_that_cannot_be_read_are_another_trouble_than_none() {
        let (mut watch, now) = (Watch::default(), Instant::now());
        watch.set(true, now);
        let later = now + QUIET;
        let way = Way::Browser { found: true, secured: Some(now), unreadable: Some(later), refused: false };
        assert_eq!(watch.look(way, later), Some(Trouble::Encryption));
    }

    #[test]
    fn addresses_of_a_network_of_its_own_are_known() -> Result<(), std::net::AddrParseError> {
        for private in
            ["10.1.2.3", "192.168.1.2", "172.31.0.1", "100.64.0.9", "169.254.1.1", "fd00::1", "fe80::1"]
        {
            assert!(is_private(private.parse()?), "{private}");
        }
        for public in ["192.0.2.1", "172.32.0.1", "100.128.0.1", "2001:db8::1"] {
            assert!(!is_private(public.parse()?), "{public}");
        }
        Ok(())
    }
}
