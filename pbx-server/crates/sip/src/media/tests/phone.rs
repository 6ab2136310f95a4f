//! A phone of the tests, and the media that it talks to.

use super::super::codec::{Decoder, Encoder};
use super::super::{Codec, Endpoint, Expect, Format, Media, MediaEvent, Ports, rtp};
use super::tones;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::ops::RangeInclusive;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use voxera_model::CallId;

pub const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
pub const CALL: CallId = CallId(uuid::Uuid::from_u128(7));
pub const DIGIT: u8 = 101;

pub struct Rig {
    pub media: Media,
    pub events: UnboundedReceiver<MediaEvent>,
}

pub fn rig(ports: RangeInclusive<u16>) -> Rig {
    let (sender, events) = unbounded_channel();
    Rig { media: Media::start(Ports::new(&ports), 2, Duration::from_mins(1), &sender).unwrap(), events }
}

/// One phone: what it hears is decoded, what it says is a tone.
pub struct Phone {
    pub socket: UdpSocket,
    pub endpoint: Endpoint,
    pub codec: Codec,
    digit: u8,
    encoder: Encoder,
    decoder: Decoder,
    hz: f64,
    said: u32,
    pub sequence: u16,
    /// What it heard, at its codec's rate.
    pub heard: Vec<i16>,
    /// Sequence number, RTP time and marker of every packet that came.
    pub packets: Vec<(u16, u32, bool)>,
    /// Bodies of digits that came, with payload and RTP time.
    pub digits: Vec<(u8, u32, Vec<u8>)>,
}

impl Phone {
    pub fn new(rig: &Rig, codec: Codec, hz: f64) -> Self {
        Self::with_digits(rig, codec, hz, DIGIT)
    }

    pub fn with_digits(rig: &Rig, codec: Codec, hz: f64, digit: u8) -> Self {
        let socket = UdpSocket::bind((HERE, 0)).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let endpoint = rig.media.open(CALL, HERE).unwrap();
        socket.connect((HERE, endpoint.port())).unwrap();
        let payload = number(codec);
        endpoint.expect(
            Expect {
                trusted: vec![HERE],
                first: Some(socket.local_addr().unwrap()),
                first_rtcp: None,
                payloads: vec![(payload, Some(codec.clock())), (digit, None)],
            },
            true,
        );
        endpoint.agreed(Format { codec, payload, telephone_event: Some(digit) });
        Self {
            socket,
            endpoint,
            codec,
            digit,
            encoder: Encoder::new(codec),
            decoder: Decoder::new(codec),
            hz,
            said: 0,
            sequence: 65_000,
            heard: Vec::new(),
            packets: Vec::new(),
            digits: Vec::new(),
        }
    }

    /// Says the next 20 ms.
    pub fn say(&mut self) {
        let packet = self.frame();
        self.socket.send(&packet).unwrap();
    }

    /// The packet of the next 20 ms.
    pub fn frame(&mut self) -> Vec<u8> {
        let rate = self.codec.rate();
        let samples: Vec<i16> =
            (0..rate / 50).map(|n| tones::at(self.hz, rate, self.said * (rate / 50) + n, 8000.0)).collect();
        let mut packet = self.head(number(self.codec), self.said * (self.codec.clock() / 50));
        self.encoder.encode(&samples, &mut packet);
        self.said += 1;
        packet
    }

    /// A key that is down for some frames, with its end three times.
    pub fn press(&mut self, event: u8) {
        let time = self.said * (self.codec.clock() / 50);
        for (end, duration) in [(0, 160_u16), (0, 320), (0x80, 480), (0x80, 480), (0x80, 480)] {
            let mut packet = self.head(self.digit, time);
            packet.extend([event, end + 10]);
            packet.extend(duration.to_be_bytes());
            self.socket.send(&packet).unwrap();
        }
        self.said += 3;
    }

    fn head(&mut self, payload: u8, time: u32) -> Vec<u8> {
        let mut packet = vec![0x80, payload];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(time.to_be_bytes());
        packet.extend(u32::from(self.socket.local_addr().unwrap().port()).to_be_bytes());
        self.sequence = self.sequence.wrapping_add(1);
        packet
    }

    /// Waits for the next packet.
    pub fn hear(&mut self) {
        let mut bytes = [0; 2048];
        let length = self.socket.recv(&mut bytes).unwrap();
        let packet = &bytes[..length];
        let rtp::Kind::Rtp { payload, sequence, timestamp, .. } = rtp::kind(packet) else { panic!() };
        self.packets.push((sequence, timestamp, packet[1] & 0x80 != 0));
        let body = rtp::body(packet).unwrap();
        if payload == self.digit {
            self.digits.push((payload, timestamp, body.to_vec()));
        } else {
            assert_eq!(payload, number(self.codec));
            self.decoder.decode(body, &mut self.heard);
        }
    }

    /// Hears what was sent so far: on this machine it has arrived.
    pub fn drain(&mut self) {
        self.socket.set_nonblocking(true).unwrap();
        while self.socket.peek(&mut [0]).is_ok() {
            self.hear();
        }
        self.socket.set_nonblocking(false).unwrap();
    }

    /// Forgets what it heard.
    pub fn fresh(&mut self) {
        self.heard.clear();
    }

    /// What it heard, without the first milliseconds.
    pub fn after(&self, millis: u32) -> &[i16] {
        &self.heard[usize::try_from(self.codec.rate() / 1000 * millis).unwrap()..]
    }

    pub fn amplitude(&self, hz: f64) -> f64 {
        tones::typical(self.after(200), hz, self.codec.rate())
    }

    /// No number is missing, and none comes twice.
    pub fn assert_unbroken(&self) {
        for pair in self.packets.windows(2) {
            assert_eq!(pair[1].0, pair[0].0.wrapping_add(1), "{:?}", self.packets);
        }
    }
}

pub fn number(codec: Codec) -> u8 {
    match codec {
        Codec::Pcma => 8,
        Codec::Pcmu => 0,
        Codec::G722 => 9,
        Codec::Opus => 111,
        Codec::Other { .. } => 96,
    }
}

/// Everybody says a packet and hears one, again and again.
pub fn talk(phones: &mut [&mut Phone], frames: u32) {
    for _ in 0..frames {
        for phone in &mut *phones {
            phone.say();
        }
        for phone in &mut *phones {
            phone.hear();
        }
    }
}

/// A phone that is sent silence: whoever hears it keeps the beat.
pub fn metronome(rig: &Rig) -> Phone {
    let phone = Phone::new(rig, Codec::Pcma, 0.0);
    phone.endpoint.silence();
    phone
}
