//! A browser's sound: `str0m` on a socket of loopback, the tone that it plays, and what it hears.

use crate::tone::Recording;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::config::DtlsCert;
use str0m::crypto;
use str0m::format::{Codec, FormatParams};
use str0m::media::{Direction, Frequency, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{RtpPacket, RtpWrite};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};
use tokio::net::UdpSocket;
use tokio::sync::{Notify, mpsc, oneshot};

/// Samples of 20 ms as Opus has them.
const FRAME: usize = 960;
/// What is heard is kept at the rate of telephones.
const RATE: u32 = 8_000;

/// What the next offer is to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Nothing,
    Hold,
    Resume,
    /// The network is another: another socket, and other ways.
    Network,
}

/// The sound of one call. Dropped: the socket is closed.
pub struct Sound {
    commands: mpsc::UnboundedSender<Command>,
    heard: Arc<Heard>,
}

#[derive(Default)]
struct Heard {
    samples: Mutex<Vec<i16>>,
    first: Mutex<Option<Instant>>,
    more: Notify,
}

enum Command {
    Offer(Change, oneshot::Sender<String>),
    Answer(String, oneshot::Sender<String>),
    Accept(String, oneshot::Sender<()>),
    Press(u8),
    Wall,
    Mute(bool),
}

impl Sound {
    /// Plays a tone of `hz` once it is connected.
    pub async fn new(hz: u32) -> Self {
        let heard = Arc::new(Heard::default());
        let (commands, orders) = mpsc::unbounded_channel();
        let page = Page::new(hz, Arc::clone(&heard)).await;
        tokio::spawn(page.run(orders));
        Self { commands, heard }
    }

    /// Nothing that it sends arrives.
    pub async fn behind_a_wall() -> Self {
        let sound = Self::new(0).await;
        assert!(sound.commands.send(Command::Wall).is_ok());
        sound
    }

    /// Its tone stops, or goes on.
    pub fn mute(&self, on: bool) {
        assert!(self.commands.send(Command::Mute(on)).is_ok());
    }

    pub async fn offer(&self, change: Change) -> String {
        let (tell, told) = oneshot::channel();
        assert!(self.commands.send(Command::Offer(change, tell)).is_ok());
        told.await.unwrap()
    }

    pub async fn answer(&self, offer: &str) -> String {
        let (tell, told) = oneshot::channel();
        assert!(self.commands.send(Command::Answer(offer.to_owned(), tell)).is_ok());
        told.await.unwrap()
    }

    pub async fn accept(&self, answer: &str) {
        let (tell, told) = oneshot::channel();
        assert!(self.commands.send(Command::Accept(answer.to_owned(), tell)).is_ok());
        told.await.unwrap();
    }

    /// Presses keys, 0 to 9.
    pub fn press(&self, keys: &[u8]) {
        for key in keys {
            assert!(self.commands.send(Command::Press(*key)).is_ok());
        }
    }

    /// Until so much more was heard, and only that.
    pub async fn hears(&self, milliseconds: usize) -> Recording {
        let count = milliseconds * 8;
        let from = self.heard.samples.lock().unwrap().len();
        let heard = async {
            loop {
                let more = self.heard.more.notified();
                if let Some(samples) = self.heard.samples.lock().unwrap().get(from..from + count) {
                    return samples.to_vec();
                }
                more.await;
            }
        };
        let samples = tokio::time::timeout(crate::PATIENCE, heard).await;
        Recording { rate: RATE, samples: samples.unwrap_or_else(|_| panic!("the browser hears nothing")) }
    }

    /// Until it hears this tone for half a second and nothing else.
    pub async fn hears_tone(&self, hz: u32) {
        loop {
            let heard = self.hears(500).await;
            if heard.tone(hz) > 0.95 {
                return;
            }
        }
    }

    /// When the first sound came.
    pub fn first(&self) -> Option<Instant> {
        *self.heard.first.lock().unwrap()
    }
}

/// What a browser reads into a description of one medium and `str0m` does not: where there is no name the
/// order counts, without a direction it is both, and the profile's old name is the same profile.
fn as_read(description: &str, mid: &str) -> String {
    let mut read = description.replace(" RTP/SAVPF ", " UDP/TLS/RTP/SAVPF ");
    if !read.contains("a=mid:") {
        read = read.replacen("m=", &format!("a=group:BUNDLE {mid}\r\nm="), 1);
        read.push_str("a=mid:");
        read.push_str(mid);
        read.push_str("\r\n");
    }
    if !["a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive"].iter().any(|way| read.contains(way)) {
        read.push_str("a=sendrecv\r\n");
    }
    read
}

struct Page {
    rtc: Rtc,
    socket: UdpSocket,
    here: SocketAddr,
    mid: Option<Mid>,
    pending: Option<SdpPendingOffer>,
    connected: bool,
    wall: bool,
    mute: bool,
    tone: Vec<i16>,
    at: usize,
    encoder: opus::Encoder,
    decoder: opus::Decoder,
    sequence: u64,
    time: u32,
    keys: VecDeque<u8>,
    /// The key that is down, since when in RTP time, and how many packets told of it.
    down: Option<(u8, u32, u16)>,
    heard: Arc<Heard>,
}

async fn socket() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let here = socket.local_addr().unwrap();
    (socket, here)
}

impl Page {
    async fn new(hz: u32, heard: Arc<Heard>) -> Self {
        let provider = Arc::new(crypto::from_feature_flags());
        let certificate: DtlsCert = provider.dtls_provider.generate_certificate().unwrap();
        let mut config = RtcConfig::new()
            .set_crypto_provider(provider)
            .set_dtls_cert(certificate)
            .set_rtp_mode(true)
            .clear_codecs();
        let sound =
            FormatParams { min_p_time: Some(10), use_inband_fec: Some(true), ..FormatParams::default() };
        let codecs = config.codec_config();
        codecs.add_config(109.into(), None, Codec::Opus, Frequency::FORTY_EIGHT_KHZ, Some(2), sound);
        let keys = FormatParams::parse_line("0-15");
        codecs.add_config(101.into(), None, Codec::Tele, Frequency::FORTY_EIGHT_KHZ, None, keys);
        let mut rtc = config.build(Instant::now());
        let (socket, here) = socket().await;
        rtc.add_local_candidate(Candidate::host(here, Protocol::Udp).unwrap());
        Self {
            rtc,
            socket,
            here,
            mid: None,
            pending: None,
            connected: false,
            wall: false,
            mute: false,
            tone: Recording::sine(hz, 1_000, 48_000).samples,
            at: 0,
            encoder: opus::Encoder::new(48_000, opus::Channels::Mono, opus::Application::Voip).unwrap(),
            decoder: opus::Decoder::new(RATE, opus::Channels::Mono).unwrap(),
            sequence: 1,
            time: 0,
            keys: VecDeque::new(),
            down: None,
            heard,
        }
    }

    async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Command>) {
        let mut beat = tokio::time::interval(Duration::from_millis(20));
        let mut bytes = vec![0; 2_000];
        loop {
            let due = self.drain().await;
            tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => self.obey(order).await,
                    None => return,
                },
                Ok((length, source)) = self.socket.recv_from(&mut bytes) => {
                    if let Ok(received) = Receive::new(Protocol::Udp, source, self.here, &bytes[..length]) {
                        let _ = self.rtc.handle_input(Input::Receive(Instant::now(), received));
                    }
                }
                _ = beat.tick() => self.speak(),
                () = tokio::time::sleep_until(due.into()) => {
                    let _ = self.rtc.handle_input(Input::Timeout(Instant::now()));
                }
            }
        }
    }

    async fn obey(&mut self, order: Command) {
        let _ = self.rtc.handle_input(Input::Timeout(Instant::now()));
        match order {
            Command::Offer(change, tell) => {
                if change == Change::Network {
                    (self.socket, self.here) = socket().await;
                }
                let mut api = self.rtc.sdp_api();
                match (self.mid, change) {
                    (None, _) => {
                        let mid = api.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None);
                        self.mid = Some(mid);
                    }
                    (Some(mid), Change::Hold) => api.set_direction(mid, Direction::SendOnly),
                    (Some(mid), Change::Nothing | Change::Resume) => {
                        api.set_direction(mid, Direction::SendRecv);
                    }
                    (Some(_), Change::Network) => {
                        api.ice_restart(false);
                    }
                }
                let (offer, pending) = api.apply().unwrap();
                self.pending = Some(pending);
                drop(tell.send(offer.to_sdp_string()));
            }
            Command::Answer(offer, tell) => {
                let offer = SdpOffer::from_sdp_string(&as_read(&offer, "0")).unwrap();
                let answer = self.rtc.sdp_api().accept_offer(offer).unwrap();
                drop(tell.send(answer.to_sdp_string()));
            }
            Command::Accept(answer, tell) => {
                let mid = self.mid.unwrap().to_string();
                let answer = SdpAnswer::from_sdp_string(&as_read(&answer, &mid)).unwrap();
                let pending = self.pending.take().unwrap();
                self.rtc.sdp_api().accept_answer(pending, answer).unwrap();
                self.rtc.add_local_candidate(Candidate::host(self.here, Protocol::Udp).unwrap());
                let _ = tell.send(());
            }
            Command::Wall => self.wall = true,
            Command::Mute(on) => self.mute = on,
            Command::Press(key) => self.keys.push_back(key),
        }
    }

    async fn drain(&mut self) -> Instant {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(due)) => return due,
                Ok(Output::Transmit(datagram)) => {
                    if !self.wall {
                        let _ = self.socket.send_to(&datagram.contents, datagram.destination).await;
                    }
                }
                Ok(Output::Event(event)) => self.happened(event),
                Err(_) => return Instant::now() + Duration::from_secs(1),
            }
        }
    }

    fn happened(&mut self, event: Event) {
        match event {
            Event::Connected => self.connected = true,
            Event::MediaAdded(added) => self.mid = self.mid.or(Some(added.mid)),
            Event::RtpPacket(packet) => self.hear(&packet),
            _ => {}
        }
    }

    fn hear(&mut self, packet: &RtpPacket) {
        if self.number(Codec::Opus) != Some(*packet.header.payload_type) {
            return;
        }
        let mut samples = vec![0; 960];
        let count = self.decoder.decode(&packet.payload, &mut samples, false).unwrap();
        samples.truncate(count);
        if samples.iter().any(|sample| sample.unsigned_abs() > 300) {
            self.heard.first.lock().unwrap().get_or_insert_with(Instant::now);
        }
        self.heard.samples.lock().unwrap().extend(samples);
        self.heard.more.notify_waiters();
    }

    /// The payload number that was agreed on.
    fn number(&self, codec: Codec) -> Option<u8> {
        let media = self.rtc.media(self.mid?)?;
        let known = self.rtc.codec_config();
        known
            .iter()
            .find(|one| one.spec().codec == codec && media.remote_pts().contains(&one.pt()))
            .map(|one| *one.pt())
    }

    /// 20 ms of the tone, or of a key.
    fn speak(&mut self) {
        let Some(mid) = self.mid.filter(|_| self.connected && !self.mute) else { return };
        if !self.rtc.media(mid).is_some_and(|media| media.direction().is_sending()) {
            return;
        }
        self.time = self.time.wrapping_add(u32::try_from(FRAME).unwrap());
        if self.down.is_none()
            && let Some(key) = self.keys.pop_front()
        {
            self.down = Some((key, self.time, 0));
        }
        if let Some((key, since, told)) = self.down {
            let ends = told >= 5;
            let lasted = (told.min(5) + 1) * 960;
            let [high, low] = lasted.to_be_bytes();
            self.write(Codec::Tele, since, &[key, if ends { 0x8a } else { 0x0a }, high, low], told == 0);
            // Between two keys there is a pause, or they are one.
            self.down = (told < 12).then_some((key, since, told + 1));
            return;
        }
        let samples: Vec<i16> = (0..FRAME).map(|at| self.tone[(self.at + at) % self.tone.len()]).collect();
        self.at = (self.at + FRAME) % self.tone.len();
        let mut packet = vec![0; 1_000];
        let length = self.encoder.encode(&samples, &mut packet).unwrap();
        packet.truncate(length);
        self.write(Codec::Opus, self.time, &packet, false);
    }

    fn write(&mut self, codec: Codec, time: u32, payload: &[u8], marker: bool) {
        let Some((mid, number)) = self.mid.zip(self.number(codec)) else { return };
        self.sequence += 1;
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(mid, None) else { return };
        let write = RtpWrite::new(number.into(), self.sequence.into(), time, Instant::now(), payload);
        stream.write_rtp(write.marker(marker));
        let _ = self.rtc.handle_input(Input::Timeout(Instant::now()));
    }
}
