//! Descriptions as we write them.

use super::{Audio, Sdp};
use std::fmt::Write as _;
use std::net::IpAddr;

/// How we describe ourselves to one side; its version grows with every change.
#[derive(Debug, Clone)]
pub struct Described {
    session: u64,
    version: u64,
    last: String,
}

impl Described {
    /// `session`: random, below 2^62.
    #[must_use]
    pub fn new(session: u64) -> Self {
        Self { session: session >> 2, version: 0, last: String::new() }
    }

    /// Writes `sdp` with our own address and ports in place of the phone's.
    pub fn write(&mut self, sdp: &Sdp, address: IpAddr, port: u16) -> String {
        self.finish(sdp.body(address, port, &sdp.streams, sdp.position), address)
    }

    /// Writes an answer: the streams stand as the offer has them.
    pub fn write_answer(&mut self, offer: &Sdp, answer: &Sdp, address: IpAddr, port: u16) -> String {
        self.finish(answer.body(address, port, &offer.streams, offer.position), address)
    }

    fn finish(&mut self, body: String, address: IpAddr) -> String {
        if body != self.last {
            self.version += 1;
            self.last = body;
        }
        let net = net(address);
        format!("v=0\r\no=- {} {} IN {net} {address}\r\n{}", self.session, self.version, self.last)
    }
}

impl Sdp {
    fn body(&self, address: IpAddr, port: u16, streams: &[(String, String, String)], at: usize) -> String {
        let net = net(address);
        let mut text = format!("s=-\r\nc=IN {net} {address}\r\nt=0 0\r\n");
        for (index, (kind, transport, format)) in streams.iter().enumerate() {
            if index == at {
                self.audio.write(&mut text, port);
            } else {
                let _ = write!(text, "m={kind} 0 {transport} {format}\r\n");
            }
        }
        text
    }
}

impl Audio {
    fn write(&self, text: &mut String, port: u16) {
        let port = if self.port == 0 { 0 } else { port };
        let _ = write!(text, "m=audio {port} {}", self.profile);
        for format in &self.formats {
            let _ = write!(text, " {}", format.payload);
        }
        text.push_str("\r\n");
        for format in &self.formats {
            if let Some(mapped) = &format.mapped {
                let _ = write!(text, "a=rtpmap:{} {mapped}\r\n", format.payload);
            }
            if let Some(fmtp) = &format.fmtp {
                let _ = write!(text, "a=fmtp:{} {fmtp}\r\n", format.payload);
            }
        }
        for (name, value) in [("ptime", self.ptime), ("maxptime", self.maxptime)] {
            if let Some(value) = value {
                let _ = write!(text, "a={name}:{value}\r\n");
            }
        }
        if port != 0 {
            let _ = write!(text, "a=rtcp:{}\r\n", port + 1);
        }
        let _ = write!(text, "a={}\r\n", self.direction.as_str());
    }
}

const fn net(address: IpAddr) -> &'static str {
    match address {
        IpAddr::V4(_) => "IP4",
        IpAddr::V6(_) => "IP6",
    }
}
