//! One browser: `str0m` between our socket and the packets of a phone.

use super::{DIGITS, NARROW_DIGITS, Setting, WebError};
use crate::media::out::HEAD;
use crate::media::trouble::{CONNECT, Way};
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Instant;
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::format::Codec;
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{RtpPacket, RtpWrite};
use str0m::{Candidate, Event, IceConnectionState, Input, Output, Rtc, RtcConfig};

/// One browser. Whoever changes anything has its packets sent at once.
pub struct Browser {
    rtc: Rtc,
    config: RtcConfig,
    /// Addresses that it may reach us at.
    here: Vec<SocketAddr>,
    pending: Option<SdpPendingOffer>,
    mid: Option<Mid>,
    /// The line that names its certificate.
    fingerprint: Option<String>,
    /// ICE found a way at some time.
    found: bool,
    secured: Option<Instant>,
    unreadable: Option<Instant>,
    refused: bool,
    /// When it was last waited for.
    awaited: Instant,
    /// What the browser wants to hear and will send, as we see it.
    direction: Direction,
    /// When `str0m` wants to be asked again.
    due: Instant,
    /// Of the last packet sent, with the rounds of the 16-bit counter.
    sequence: Option<u64>,
    told: Vec<Told>,
}

/// What came of a datagram.
#[derive(Debug)]
pub enum Told {
    /// The way is open and its secrets are agreed on.
    Connected,
    Packet(Box<RtpPacket>),
}

/// What two descriptions agreed on.
#[derive(Debug, Clone)]
pub struct Agreed {
    /// The number of Opus.
    pub payload: u8,
    /// The numbers that digits may have, with the clock in Hz that they count by: first ours, which
    /// keeps the time of the voice.
    pub digits: Vec<(u8, u32)>,
    /// Whether the browser sends sound.
    pub speaks: bool,
}

impl Browser {
    /// `here`: where it may reach our socket.
    pub fn new(setting: &Setting, here: Vec<SocketAddr>) -> io::Result<Self> {
        let config = setting.config()?;
        let now = Instant::now();
        let rtc = fresh(&config, &here, now)?;
        Ok(Self {
            rtc,
            config,
            here,
            pending: None,
            mid: None,
            fingerprint: None,
            found: false,
            secured: None,
            unreadable: None,
            refused: false,
            awaited: now,
            direction: Direction::SendRecv,
            due: now,
            sequence: None,
            told: Vec::new(),
        })
    }

    pub fn offer(&mut self, now: Instant, socket: &UdpSocket) -> Result<String, WebError> {
        self.time(now, socket);
        let mut change = self.rtc.sdp_api();
        match self.mid {
            Some(mid) => change.set_direction(mid, Direction::SendRecv),
            None => {
                self.mid = Some(change.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None));
            }
        }
        let (offer, pending) = change.apply().ok_or(WebError::NothingOffered)?;
        self.pending = Some(pending);
        self.drain(now, socket);
        Ok(with_narrow_digits(&offer.to_sdp_string()))
    }

    pub fn accept(&mut self, answer: &str, now: Instant, socket: &UdpSocket) -> Result<Agreed, WebError> {
        let read =
            SdpAnswer::from_sdp_string(answer).map_err(|error| WebError::Unreadable(error.to_string()))?;
        let pending = self.pending.take().ok_or(WebError::NothingOffered)?;
        self.time(now, socket);
        self.rtc
            .sdp_api()
            .accept_answer(pending, read)
            .map_err(|error| WebError::Unfit(error.to_string()))?;
        (self.fingerprint, self.awaited) = (fingerprint(answer), now);
        self.drain(now, socket);
        self.agreed()
    }

    pub fn answer(
        &mut self,
        offer: &str,
        now: Instant,
        socket: &UdpSocket,
    ) -> Result<(String, Agreed), WebError> {
        let read =
            SdpOffer::from_sdp_string(offer).map_err(|error| WebError::Unreadable(error.to_string()))?;
        let own = fingerprint(offer);
        // A page that was loaded anew has another certificate, and no secret of before.
        if !self.rtc.is_alive() || self.fingerprint.is_some() && self.fingerprint != own {
            self.begin_anew(now).map_err(|error| WebError::NoSecrets(error.to_string()))?;
        }
        self.pending = None;
        self.time(now, socket);
        let answer =
            self.rtc.sdp_api().accept_offer(read).map_err(|error| WebError::Unfit(error.to_string()))?;
        (self.fingerprint, self.awaited) = (own, now);
        self.mid = self.mid.or_else(|| sound(offer));
        self.drain(now, socket);
        Ok((answer.to_sdp_string(), self.agreed()?))
    }

    /// A datagram on our port.
    pub fn datagram(&mut self, bytes: &[u8], source: SocketAddr, now: Instant, socket: &UdpSocket) {
        // All our addresses lead to the one socket, so whichever it took is as good as the first.
        let Some(here) = self.here.first() else { return };
        let Ok(received) = Receive::new(Protocol::Udp, source, *here, bytes) else { return };
        let input = Input::Receive(now, received);
        if !self.rtc.accepts(&input) {
            return;
        }
        let sealed = bytes.first().is_some_and(|first| first >> 6 == 2);
        let before = self.told.len();
        let taken = self.rtc.handle_input(input);
        self.settle(taken, now);
        self.drain(now, socket);
        if sealed && self.told.len() > before {
            self.unreadable = None;
        } else if sealed && !(192..=223).contains(bytes.get(1).unwrap_or(&200)) {
            self.unreadable = Some(now);
        }
    }

    /// Time passes.
    pub fn tend(&mut self, now: Instant, socket: &UdpSocket) {
        if now >= self.due {
            self.time(now, socket);
        }
    }

    /// Sends an RTP packet whose head is ours; whether it went out. Its source is `str0m`'s.
    pub fn write(&mut self, packet: &[u8], now: Instant, socket: &UdpSocket) -> bool {
        let Some((head, body)) = packet.split_first_chunk::<HEAD>() else { return false };
        let [_, second, s0, s1, t0, t1, t2, t3, ..] = *head;
        let sequence = u16::from_be_bytes([s0, s1]);
        // What is written before there are secrets would wait for them, and then come late.
        let ready = self.secured.is_some() && self.rtc.is_alive() && self.direction.is_sending();
        let Some(mid) = self.mid.filter(|_| ready) else { return false };
        let place = match self.sequence {
            None => u64::from(sequence),
            Some(last) => {
                let low = u16::try_from(last & 0xffff).unwrap_or(0);
                let step = i64::from(sequence.wrapping_sub(low).cast_signed());
                let Some(place) = last.checked_add_signed(step) else { return false };
                place
            }
        };
        self.sequence = self.sequence.max(Some(place));
        let time = u32::from_be_bytes([t0, t1, t2, t3]);
        let mut direct = self.rtc.direct_api();
        let Some(stream) = direct.stream_tx_by_mid(mid, None) else { return false };
        let write = RtpWrite::new((second & 0x7f).into(), place.into(), time, now, body);
        stream.write_rtp(write.marker(second & 0x80 != 0));
        self.time(now, socket);
        true
    }

    /// Whether what is played to it begins: it hears, or was waited for long enough.
    pub fn listens(&self, now: Instant) -> bool {
        self.secured.is_some() || now.saturating_duration_since(self.awaited) >= CONNECT
    }

    /// What came since it was last asked.
    pub fn told(&mut self) -> Vec<Told> {
        std::mem::take(&mut self.told)
    }

    pub fn way(&self) -> Way {
        let Self { found, secured, unreadable, refused, .. } = *self;
        Way::Browser { found, secured, unreadable, refused }
    }

    fn begin_anew(&mut self, now: Instant) -> io::Result<()> {
        self.rtc = fresh(&self.config, &self.here, now)?;
        (self.mid, self.sequence, self.fingerprint) = (None, None, None);
        (self.found, self.secured, self.unreadable, self.refused) = (false, None, None, false);
        Ok(())
    }

    fn time(&mut self, now: Instant, socket: &UdpSocket) {
        let passed = self.rtc.handle_input(Input::Timeout(now));
        self.settle(passed, now);
        self.drain(now, socket);
    }

    /// Takes everything that `str0m` has to say, until it only waits.
    fn drain(&mut self, now: Instant, socket: &UdpSocket) {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(due)) => {
                    self.due = due;
                    return;
                }
                // What the network does not take is lost, as any packet may be.
                Ok(Output::Transmit(datagram)) => {
                    let _ = socket.send_to(&datagram.contents, datagram.destination);
                }
                Ok(Output::Event(event)) => self.happened(event, now),
                Err(error) => {
                    self.settle(Err(error), now);
                    self.due = now;
                    return;
                }
            }
        }
    }

    fn happened(&mut self, event: Event, now: Instant) {
        match event {
            Event::Connected => {
                (self.secured, self.refused) = (Some(now), false);
                self.told.push(Told::Connected);
            }
            Event::IceConnectionStateChange(
                IceConnectionState::Connected | IceConnectionState::Completed,
            ) => self.found = true,
            Event::RtpPacket(packet) => self.told.push(Told::Packet(Box::new(packet))),
            _ => {}
        }
    }

    fn settle(&mut self, result: Result<(), str0m::RtcError>, now: Instant) {
        let Err(error) = result else { return };
        // Once there are secrets, a datagram that cannot be read is one that somebody made up.
        if self.secured.is_none() || !self.rtc.is_alive() {
            tracing::debug!(%error, "a browser's secrets");
            self.refused = true;
        }
        self.unreadable = Some(now);
    }

    fn agreed(&mut self) -> Result<Agreed, WebError> {
        let unfit = || WebError::Unfit("no sound".to_owned());
        let media = self.mid.and_then(|mid| self.rtc.media(mid)).ok_or_else(unfit)?;
        self.direction = media.direction();
        let numbers = media.remote_pts();
        let known = |codec: Codec, clock: u32| {
            let found = self.rtc.codec_config().find(|known| {
                let spec = known.spec();
                numbers.contains(&known.pt()) && spec.codec == codec && spec.clock_rate.get() == clock
            });
            found.map(|known| *known.pt())
        };
        let payload = known(Codec::Opus, 48_000).ok_or(WebError::NoOpus)?;
        // A browser sends its keys by any clock that was agreed on: Chromium by the slowest.
        let digits = [48_000, 8000].into_iter().filter_map(|clock| Some((known(Codec::Tele, clock)?, clock)));
        let digits = digits.collect();
        Ok(Agreed { payload, digits, speaks: self.direction.is_receiving() })
    }
}

impl std::fmt::Debug for Browser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Browser({:?})", self.here)
    }
}

/// Our addresses with the socket's port, of those kinds that the socket has.
pub fn reachable(socket: &UdpSocket, candidates: &[IpAddr]) -> io::Result<Vec<SocketAddr>> {
    let bound = socket.local_addr()?;
    let mut here: Vec<IpAddr> =
        candidates.iter().copied().filter(|ip| ip.is_ipv4() == bound.is_ipv4()).collect();
    here.dedup();
    if here.is_empty() && !bound.ip().is_unspecified() {
        here.push(bound.ip());
    }
    if here.is_empty() {
        return Err(io::Error::new(io::ErrorKind::AddrNotAvailable, "no address that a browser reaches"));
    }
    Ok(here.into_iter().map(|ip| SocketAddr::new(ip, bound.port())).collect())
}

fn fresh(config: &RtcConfig, here: &[SocketAddr], now: Instant) -> io::Result<Rtc> {
    let mut rtc = config.clone().build(now);
    for address in here {
        let candidate = Candidate::host(*address, Protocol::Udp).map_err(io::Error::other)?;
        rtc.add_local_candidate(candidate);
    }
    Ok(rtc)
}

/// Offers digits by the clock of telephones as well, which is all that some browsers know. `str0m`
/// takes them, but leaves them out of a first offer: no voice of ours has that clock.
fn with_narrow_digits(sdp: &str) -> String {
    let narrow = format!("a=rtpmap:{NARROW_DIGITS} telephone-event/8000\r\na=fmtp:{NARROW_DIGITS} 0-15\r\n");
    if sdp.contains(&narrow[..narrow.find('\r').unwrap_or_default()]) {
        return sdp.to_owned();
    }
    let wide = format!("a=rtpmap:{DIGITS} ");
    sdp.split_inclusive("\r\n").fold(String::new(), |text, line| {
        if line.starts_with("m=audio ") {
            text + &line.replacen("\r\n", &format!(" {NARROW_DIGITS}\r\n"), 1)
        } else if line.starts_with(&wide) {
            text + &narrow + line
        } else {
            text + line
        }
    })
}

fn fingerprint(sdp: &str) -> Option<String> {
    sdp.lines().find(|line| line.starts_with("a=fingerprint:")).map(|line| line.trim().to_lowercase())
}

/// The name of the first line that is sound.
fn sound(sdp: &str) -> Option<Mid> {
    let mut lines = sdp.lines().skip_while(|line| !line.starts_with("m=audio"));
    lines.find_map(|line| line.strip_prefix("a=mid:")).map(|mid| mid.trim().into())
}
