//! A browser's page of the tests: `str0m` on the other side, over a socket of its own.

use super::super::codec::{Decoder, Encoder};
use super::super::{Codec, Endpoint};
use super::phone::{CALL, HERE, Rig};
use super::tones;
use std::collections::VecDeque;
use std::net::UdpSocket;
use std::time::{Duration, Instant};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::format::{Codec as Kind, FormatParams};
use str0m::media::{Direction, Frequency, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{RtpPacket, RtpWrite};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

/// Numbers that a page gives in its own offers.
pub const OPUS: u8 = 109;
pub const DIGIT: u8 = 101;
const RATE: u32 = 16_000;

/// One page: what it hears is decoded, what it says is a tone.
pub struct Page {
    pub endpoint: Endpoint,
    pub socket: UdpSocket,
    rtc: Rtc,
    mid: Option<Mid>,
    pending: Option<SdpPendingOffer>,
    pub connected: bool,
    /// Nothing comes, nothing goes.
    pub cut: bool,
    encoder: Encoder,
    decoder: Decoder,
    hz: f64,
    said: u32,
    sequence: u64,
    arrived: VecDeque<RtpPacket>,
    /// What it heard, at 16 kHz.
    pub heard: Vec<i16>,
    /// Payload and RTP time of every packet that was heard, and what was in it.
    pub packets: Vec<(u8, u32, Vec<u8>)>,
    pub sequences: Vec<u16>,
    /// Bodies of digits that came, with payload and RTP time.
    pub digits: Vec<(u8, u32, Vec<u8>)>,
}

impl Page {
    /// A page that is not yet in a call. `clock`: of its digits, Hz.
    pub fn new(rig: &Rig, hz: f64, clock: u32) -> Self {
        Self::with(rig, hz, &[clock])
    }

    /// The same with several clocks for digits, as Chromium has them.
    pub fn with(rig: &Rig, hz: f64, clocks: &[u32]) -> Self {
        let socket = UdpSocket::bind((HERE, 0)).unwrap();
        let endpoint = rig.media.open_web(CALL, HERE, &[HERE]).unwrap();
        Self {
            endpoint,
            rtc: rtc(&socket, clocks),
            socket,
            mid: None,
            pending: None,
            connected: false,
            cut: false,
            encoder: Encoder::new(Codec::Opus),
            decoder: Decoder::new(Codec::Opus),
            hz,
            said: 0,
            sequence: 65_400,
            arrived: VecDeque::new(),
            heard: Vec::new(),
            packets: Vec::new(),
            sequences: Vec::new(),
            digits: Vec::new(),
        }
    }

    /// A page that called, and is connected.
    pub fn calling(rig: &Rig, hz: f64) -> Self {
        let mut page = Self::new(rig, hz, 48_000);
        let offer = page.offer(false);
        let answer = page.endpoint.web().unwrap().answer(&offer).unwrap();
        page.accept(&answer);
        page.connect();
        page
    }

    /// A page that was called, and is connected.
    pub fn called(rig: &Rig, hz: f64) -> Self {
        let mut page = Self::new(rig, hz, 48_000);
        let offer = page.endpoint.web().unwrap().offer().unwrap();
        let answer = page.answer(&offer);
        page.endpoint.web().unwrap().accept(&answer).unwrap();
        page.connect();
        page
    }

    /// Its offer: the first, or another one, by a new way through the network or not.
    pub fn offer(&mut self, new_way: bool) -> String {
        self.offer_to(new_way, Direction::SendRecv)
    }

    pub fn offer_to(&mut self, new_way: bool, direction: Direction) -> String {
        let mut change = self.rtc.sdp_api();
        match self.mid {
            Some(mid) => change.set_direction(mid, direction),
            None => self.mid = Some(change.add_media(MediaKind::Audio, direction, None, None, None)),
        }
        if new_way {
            change.ice_restart(true);
        }
        let (offer, pending) = change.apply().unwrap();
        self.pending = Some(pending);
        offer.to_sdp_string()
    }

    pub fn accept(&mut self, answer: &str) {
        let answer = SdpAnswer::from_sdp_string(answer).unwrap();
        self.rtc.sdp_api().accept_answer(self.pending.take().unwrap(), answer).unwrap();
        self.drain();
    }

    pub fn answer(&mut self, offer: &str) -> String {
        let answer = self.rtc.sdp_api().accept_offer(SdpOffer::from_sdp_string(offer).unwrap()).unwrap();
        self.mid = offer.lines().find_map(|line| line.strip_prefix("a=mid:")).map(Into::into);
        self.drain();
        answer.to_sdp_string()
    }

    pub fn connect(&mut self) {
        self.until("connected", |page| page.connected && page.rtc.is_connected());
    }

    /// Forgets its secrets, as a page that is loaded anew.
    pub fn reload(&mut self) {
        self.rtc = rtc(&self.socket, &[48_000]);
        (self.mid, self.pending, self.connected, self.sequence) = (None, None, false, 9);
    }

    /// Lives on until something holds.
    pub fn until(&mut self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        let end = Instant::now() + Duration::from_secs(20);
        while !done(self) {
            assert!(Instant::now() < end, "never: {what}");
            self.step(end);
        }
    }

    /// Nothing comes and nothing goes for this long.
    pub fn cut_for(&mut self, time: Duration) {
        let end = Instant::now() + time;
        self.cut = true;
        while Instant::now() < end {
            self.step(end);
        }
        self.cut = false;
    }

    /// Says the next 20 ms.
    pub fn say(&mut self) {
        let body = self.frame();
        self.write(self.opus(), self.said * 960, false, &body);
        self.said += 1;
    }

    /// Says the next 20 ms into a network that loses it.
    pub fn lose(&mut self) {
        self.frame();
        self.sequence += 1;
        self.said += 1;
    }

    fn frame(&mut self) -> Vec<u8> {
        let samples: Vec<i16> =
            (0..RATE / 50).map(|n| tones::at(self.hz, RATE, self.said * (RATE / 50) + n, 8000.0)).collect();
        let mut body = Vec::new();
        self.encoder.encode(&samples, &mut body);
        body
    }

    /// A key that is down for some frames, with its end three times. `clock`: Hz of its digits.
    pub fn press(&mut self, event: u8, clock: u16) {
        let (frame, time, payload) = (clock / 50, self.said * 960, self.payload(Kind::Tele, clock.into()));
        for (end, frames) in [(0, 1), (0, 2), (0x80, 3), (0x80, 3), (0x80, 3)] {
            let [high, low] = (frame * frames).to_be_bytes();
            self.write(payload, time, (end, frames) == (0, 1), &[event, end + 10, high, low]);
        }
        self.said += 3;
    }

    fn write(&mut self, payload: u8, time: u32, marker: bool, body: &[u8]) {
        let (mid, sequence, now) = (self.mid.unwrap(), self.sequence, Instant::now());
        let mut direct = self.rtc.direct_api();
        let stream = direct.stream_tx_by_mid(mid, None).unwrap();
        stream.write_rtp(RtpWrite::new(payload.into(), sequence.into(), time, now, body).marker(marker));
        self.sequence += 1;
        self.rtc.handle_input(Input::Timeout(now)).unwrap();
        self.drain();
    }

    fn opus(&self) -> u8 {
        self.payload(Kind::Opus, 48_000)
    }

    fn payload(&self, codec: Kind, clock: u32) -> u8 {
        let media = self.rtc.media(self.mid.unwrap()).unwrap();
        let is = |number: &u8| {
            let spec = self.rtc.codec_config().find(|c| *c.pt() == *number).unwrap().spec();
            spec.codec == codec && spec.clock_rate.get() == clock
        };
        media.remote_pts().iter().map(|number| **number).find(is).unwrap()
    }

    /// Waits for the next packet and hears it.
    pub fn hear(&mut self) {
        self.until("a packet", |page| !page.arrived.is_empty());
        let packet = self.arrived.pop_front().unwrap();
        let (payload, time) = (*packet.header.payload_type, packet.header.timestamp);
        self.sequences.push(packet.header.sequence_number);
        let heard = (payload, time, packet.payload.to_vec());
        if payload == self.opus() {
            self.decoder.decode(&packet.payload, &mut self.heard);
            self.packets.push(heard);
        } else {
            self.digits.push(heard);
        }
    }

    /// Hears what was sent so far.
    pub fn drain_packets(&mut self) {
        while self.take() {}
        while !self.arrived.is_empty() {
            self.hear();
        }
    }

    pub fn fresh(&mut self) {
        self.heard.clear();
    }

    pub fn amplitude(&self, hz: f64) -> f64 {
        tones::typical(&self.heard[3200..], hz, RATE)
    }

    pub fn clarity(&self, hz: f64) -> f64 {
        tones::clarity(&self.heard[3200..], hz, RATE)
    }

    /// No number is missing, and none comes twice.
    pub fn assert_unbroken(&self) {
        for pair in self.sequences.windows(2) {
            assert_eq!(pair[1], pair[0].wrapping_add(1), "{:?}", self.sequences);
        }
    }

    /// One wait for a datagram, or for the clock of `str0m`.
    fn step(&mut self, end: Instant) {
        let due = self.drain().min(end);
        let wait = due.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        self.socket.set_read_timeout(Some(wait)).unwrap();
        self.receive();
        self.rtc.handle_input(Input::Timeout(Instant::now())).unwrap();
        self.drain();
    }

    /// Takes a datagram that is there.
    fn take(&mut self) -> bool {
        self.socket.set_nonblocking(true).unwrap();
        let took = self.receive();
        self.socket.set_nonblocking(false).unwrap();
        took
    }

    fn receive(&mut self) -> bool {
        let mut bytes = [0; 2048];
        let Ok((length, source)) = self.socket.recv_from(&mut bytes) else { return false };
        if !self.cut {
            let here = self.socket.local_addr().unwrap();
            let received = Receive::new(Protocol::Udp, source, here, &bytes[..length]).unwrap();
            self.rtc.handle_input(Input::Receive(Instant::now(), received)).unwrap();
            self.drain();
        }
        true
    }

    fn drain(&mut self) -> Instant {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(due) => return due,
                Output::Transmit(sent) if !self.cut => {
                    self.socket.send_to(&sent.contents, sent.destination).unwrap();
                }
                Output::Event(Event::Connected) => self.connected = true,
                Output::Event(Event::RtpPacket(packet)) => self.arrived.push_back(packet),
                Output::Transmit(_) | Output::Event(_) => {}
            }
        }
    }
}

fn rtc(socket: &UdpSocket, clocks: &[u32]) -> Rtc {
    let mut config = RtcConfig::new().set_rtp_mode(true).clear_codecs();
    let codecs = config.codec_config();
    let fec = FormatParams { use_inband_fec: Some(true), ..FormatParams::default() };
    codecs.add_config(OPUS.into(), None, Kind::Opus, Frequency::FORTY_EIGHT_KHZ, Some(2), fec);
    for (payload, clock) in (DIGIT..).zip(clocks) {
        let clock = Frequency::new(*clock).unwrap();
        codecs.add_config(payload.into(), None, Kind::Tele, clock, None, FormatParams::parse_line("0-15"));
    }
    let mut rtc = config.build(Instant::now());
    rtc.add_local_candidate(Candidate::host(socket.local_addr().unwrap(), "udp").unwrap());
    rtc
}
