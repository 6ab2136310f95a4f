//! The ports of one phone, and what comes and goes on them.

use super::ports::{Lease, Pair, Single};
use super::web::{Browser, Setting, reachable};
use std::io;
use std::net::{IpAddr, UdpSocket};
use std::sync::Mutex;

/// What a phone is spoken with.
#[derive(Debug)]
pub struct Line {
    pub rtp: UdpSocket,
    /// A browser sends its reports to the same port.
    pub rtcp: Option<UdpSocket>,
    pub port: u16,
    pub web: Option<Box<Mutex<Browser>>>,
    pub lease: Lease,
}

impl Line {
    pub fn plain(pair: Pair) -> Self {
        let port = pair.port;
        let (rtp, rtcp, lease) = pair.split();
        Self { rtp, rtcp: Some(rtcp), port, web: None, lease }
    }

    pub fn browser(single: Single, setting: &Setting, candidates: &[IpAddr]) -> io::Result<Self> {
        let port = single.port;
        let (rtp, lease) = single.split();
        let browser = Browser::new(setting, reachable(&rtp, candidates)?)?;
        Ok(Self { rtp, rtcp: None, port, web: Some(Box::new(Mutex::new(browser))), lease })
    }
}
