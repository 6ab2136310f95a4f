//! One phone's sound: its ports, where its packets go, and the stream that it is sent.

use super::clock::BEAT;
use super::digits::{Digits, adapt};
use super::ear::Ear;
use super::endpoint::EndpointId;
use super::event::MediaEvent;
use super::format::{Codec, Format};
use super::group::Group;
use super::latch::{Latch, Passage};
use super::line::Line;
use super::out::{HEAD, Outgoing};
use super::player::Player;
use super::ports::Lease;
use super::rtcp;
use super::silence::Pauses;
use super::tape::{End, MessageTape};
use super::threads::{Worker, lock};
use super::trouble::{Watch, Way};
use super::voice::Voice;
use super::web::{Browser, Told, WebError};
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Instant;
use str0m::rtp::RtpPacket;
use tokio::sync::mpsc::UnboundedSender;
use voxera_model::CallId;

/// Packets are at most this long; what is longer is cut, and no codec of phones needs it.
const PACKET: usize = 2048;

/// Room to work in, one for each thread.
#[derive(Debug)]
pub struct Scratch {
    pub packet: [u8; PACKET],
    pub heard: Vec<i16>,
    pub mix: Vec<i32>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self { packet: [0; PACKET], heard: Vec::new(), mix: Vec::new() }
    }
}

impl Scratch {
    /// What was mixed, without one's own part, as sound.
    pub fn without(&mut self, own: &[i16]) {
        let own = own.iter().copied().chain(std::iter::repeat(0));
        self.heard.clear();
        self.heard.extend(self.mix.iter().zip(own).map(|(mix, own)| {
            let rest = (mix - i32::from(own)).clamp(i16::MIN.into(), i16::MAX.into());
            i16::try_from(rest).unwrap_or(0)
        }));
    }
}

#[derive(Debug)]
pub struct Leg {
    pub id: EndpointId,
    rtp: UdpSocket,
    rtcp: Option<UdpSocket>,
    /// Locked last: nothing else is, while it is.
    pub web: Option<Box<Mutex<Browser>>>,
    pub port: u16,
    _lease: Lease,
    pub worker: Arc<Worker>,
    events: UnboundedSender<MediaEvent>,
    /// It needs the beat and is in no group that gives it.
    alone: AtomicBool,
    state: Mutex<State>,
}

/// Where a phone's packets go.
#[derive(Debug, Clone, Default)]
pub enum Route {
    /// Nowhere, but to a recording.
    #[default]
    Alone,
    /// On to another phone as they are.
    Relay(Weak<Leg>),
    /// Into a mix; digits go to the other party of a bridge, or are told.
    Mixed { digits_to: Option<Weak<Leg>> },
}

#[derive(Debug)]
pub struct State {
    pub call: CallId,
    pub latch: Latch,
    pub format: Option<Format>,
    pub out: Outgoing,
    pub route: Route,
    pub group: Option<Weak<Group>>,
    /// Whether it is sent anything when nobody is there to be heard.
    pub speaks: bool,
    /// It hears itself while it is with nobody.
    pub echo: bool,
    pub watch: Watch,
    pub pauses: Pauses,
    /// Hz in which digits to it count how long they are.
    pub digit_clock: u32,
    /// The same of those that it sends, by their number, where several were agreed on.
    pub digit_clocks: Vec<(u8, u32)>,
    pub player: Option<Player>,
    /// Present while somebody, or a recording, listens to decoded sound.
    pub ear: Option<Ear>,
    pub voice: Voice,
    pub digits: Digits,
    pub tape: Option<MessageTape>,
}

/// What a packet is to the phone that it goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Speech,
    Digit,
    /// Another payload number of the negotiated ones: it passes as it is.
    Other,
}

impl Leg {
    pub fn new(
        number: u64,
        call: CallId,
        line: Line,
        worker: Arc<Worker>,
        events: UnboundedSender<MediaEvent>,
    ) -> Self {
        let Line { rtp, rtcp, port, web, lease } = line;
        let state = State {
            call,
            latch: Latch::default(),
            format: None,
            out: Outgoing::new(),
            route: Route::default(),
            group: None,
            speaks: false,
            echo: false,
            watch: Watch::default(),
            pauses: Pauses::default(),
            digit_clock: 8000,
            digit_clocks: Vec::new(),
            player: None,
            ear: None,
            voice: Voice::default(),
            digits: Digits::default(),
            tape: None,
        };
        Self {
            id: EndpointId(number),
            rtp,
            rtcp,
            web,
            port,
            _lease: lease,
            worker,
            events,
            alone: AtomicBool::new(false),
            state: Mutex::new(state),
        }
    }

    pub fn sockets(&self) -> impl Iterator<Item = (u64, &UdpSocket)> {
        std::iter::once((self.id.0 << 1, &self.rtp))
            .chain(self.rtcp.iter().map(|rtcp| (self.id.0 << 1 | 1, rtcp)))
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub fn ticks(&self) -> bool {
        self.alone.load(Ordering::Relaxed)
    }

    pub fn tell(&self, event: MediaEvent) {
        // Nobody listens any more when the engine stops.
        let _ = self.events.send(event);
    }

    /// Finds out whether it needs the beat by itself, after something about it changed.
    pub fn settle_alone(&self, state: &mut State) {
        let alone = state.group.is_none();
        if alone {
            state.route = Route::Alone;
            if state.tape.is_none() && !state.echo {
                state.ear = None;
            } else if state.ear.is_none() {
                state.ear = Some(Ear::new());
            }
        }
        let ticks = alone && (state.speaks || state.player.is_some() || state.tape.is_some());
        if ticks && !self.alone.swap(true, Ordering::Relaxed) {
            self.worker.wake();
        } else if !ticks {
            self.alone.store(false, Ordering::Relaxed);
        }
    }

    /// Reads one packet and sees to it; whether it went on to another phone. `None`: there is none.
    pub fn carry(&self, rtcp: bool, packet: &mut [u8; PACKET], now: Instant) -> Option<bool> {
        let receiver = if rtcp { self.rtcp.as_ref()? } else { &self.rtp };
        // An ICMP error of an earlier packet is reported here once; the next event has the packet.
        let (length, source) = receiver.recv_from(packet).ok()?;
        if let Some(browser) = &self.web {
            let told = {
                let mut browser = lock(browser);
                browser.datagram(&packet[..length], source, now, &self.rtp);
                browser.told()
            };
            return Some(self.told(told, packet, now) > 0);
        }
        let packet = &mut packet[..length];
        let mut state = self.state();
        let passage = if rtcp {
            state.latch.rtcp_packet(packet, source, now)
        } else {
            state.latch.packet(packet, source, now)
        };
        Some(match passage {
            Passage::Rtp => self.sound(state, packet, now),
            Passage::Comfort => {
                state.pauses.packet(packet, Some(8000));
                if state.watch.hears(now) {
                    self.tell(MediaEvent::Well(state.call, self.id));
                }
                false
            }
            Passage::Rtcp => {
                if state.pauses.report(packet, now) && state.watch.rests() {
                    self.tell(MediaEvent::Rests(state.call, self.id));
                }
                let Route::Relay(to) = &state.route else { return Some(false) };
                let (to, down) = (to.upgrade(), state.out.anchor());
                drop(state);
                to.is_some_and(|to| to.report(packet, down))
            }
            Passage::Dropped => false,
        })
    }

    fn sound(&self, mut state: MutexGuard<'_, State>, packet: &mut [u8], now: Instant) -> bool {
        if state.watch.hears(now) {
            self.tell(MediaEvent::Well(state.call, self.id));
        }
        let payload = packet[1] & 0x7f;
        let clock = state.latch.clock_of(payload);
        state.pauses.packet(packet, clock);
        let meaning = state.meaning(payload);
        let told = meaning == Meaning::Digit && state.digits.was_told(packet);
        match &state.route {
            Route::Relay(to) if told => {
                let to = to.upgrade();
                drop(state);
                if let Some(to) = to {
                    to.state().out.leave_out(packet);
                }
                false
            }
            Route::Mixed { digits_to: Some(_) } if told => false,
            Route::Relay(to) => {
                let (to, clock, digit_clock) =
                    (to.upgrade(), state.clock(), state.clock_of_digits(packet[1]));
                if meaning != Meaning::Digit {
                    state.listen(packet, now);
                }
                drop(state);
                to.is_some_and(|to| to.relay(packet, meaning, (clock, digit_clock), now))
            }
            Route::Alone | Route::Mixed { digits_to: None } => {
                if meaning == Meaning::Digit {
                    if let Some(key) = state.digits.heard(packet) {
                        let call = state.call;
                        drop(state);
                        self.tell(MediaEvent::Key(call, self.id, key));
                    }
                } else {
                    state.listen(packet, now);
                }
                false
            }
            Route::Mixed { digits_to: Some(to) } => {
                if meaning != Meaning::Digit {
                    state.listen(packet, now);
                    return false;
                }
                let (to, clock) = (to.upgrade(), state.clock_of_digits(packet[1]));
                drop(state);
                to.is_some_and(|to| to.pass_digit(packet, clock, now))
            }
        }
    }

    /// Sends another phone's packet to this one. `clocks`: Hz of its sound, and of its digits.
    fn relay(&self, packet: &mut [u8], meaning: Meaning, clocks: (u32, u32), now: Instant) -> bool {
        let mut state = self.state();
        if meaning == Meaning::Digit {
            adapt(packet, (clocks.1, state.digit_clock));
        }
        let payload = match (meaning, state.format) {
            (Meaning::Speech, Some(format)) => Some(format.payload),
            (Meaning::Digit, Some(Format { telephone_event: None, .. })) => return false,
            (Meaning::Digit, Some(format)) => format.telephone_event,
            (Meaning::Other, _) | (_, None) => None,
        };
        self.has_way(&state)
            && state.out.relay(packet, payload, clocks.0, now)
            && self.transmit(&state.latch, packet, now)
    }

    /// Whether it is known where its packets go.
    fn has_way(&self, state: &State) -> bool {
        self.web.is_some() || state.latch.destination().is_some()
    }

    fn transmit(&self, latch: &Latch, packet: &[u8], now: Instant) -> bool {
        match (&self.web, latch.destination()) {
            (Some(browser), _) => lock(browser).write(packet, now, &self.rtp),
            (None, Some(destination)) => self.rtp.send_to(packet, destination).is_ok(),
            (None, None) => false,
        }
    }

    /// Sends another phone's report to this one. `down`: how what this phone sends reaches the other.
    fn report(&self, packet: &mut [u8], down: Option<super::out::Anchor>) -> bool {
        // A browser gets reports of ours: what it hears is our stream.
        let Some(rtcp) = &self.rtcp else { return false };
        let state = self.state();
        let Some(destination) = state.latch.rtcp_destination() else { return false };
        rtcp::translate(packet, state.out.anchor(), down);
        rtcp.send_to(packet, destination).is_ok()
    }

    /// Sends a part of another phone's digit to this one, among frames of our own. `clock`: Hz in
    /// which the other counts how long it is.
    fn pass_digit(&self, packet: &[u8], clock: u32, now: Instant) -> bool {
        let mut state = self.state();
        let Some(payload) = state.format.and_then(|format| format.telephone_event) else { return false };
        if !self.has_way(&state) {
            return false;
        }
        let state = &mut *state;
        let due = state.out.digit_time(state.clock());
        let Some(part) = state.digits.pass(packet, (clock, state.digit_clock), due, now) else {
            return false;
        };
        let head = state.out.digit(payload, part.begins, part.timestamp, now);
        let mut bytes = [0; HEAD + 4];
        bytes[..HEAD].copy_from_slice(&head);
        bytes[HEAD..].copy_from_slice(&part.body);
        self.transmit(&state.latch, &bytes, now)
    }

    /// The next 20 ms of a phone that is with nobody; whether a packet went out.
    pub fn beat(&self, scratch: &mut Scratch, now: Instant) -> bool {
        let mut state = self.state();
        if state.group.is_some() {
            return false;
        }
        let rate = state.rate();
        scratch.heard.clear();
        if state.ear.is_some() {
            state.pull(rate, &mut scratch.heard);
            if let Some(end) = state.message(&scratch.heard, rate) {
                self.tell(end.event(state.call, self.id));
            }
        }
        if !state.echo {
            scratch.heard.clear();
        }
        scratch.heard.resize(samples(rate), 0);
        let sent = self.send(&mut state, rate, &mut scratch.heard, now);
        self.settle_alone(&mut state);
        sent
    }

    /// Sends 20 ms of sound, or what is played instead; whether a packet went out.
    pub fn send(&self, state: &mut State, rate: u32, heard: &mut Vec<i16>, now: Instant) -> bool {
        // A browser does not miss the beginning while it still looks for its way to us.
        let listens = self.web.as_ref().is_none_or(|browser| lock(browser).listens(now));
        if let Some(player) = state.player.as_mut().filter(|_| listens)
            && let Some(done) = player.next(rate, heard)
        {
            state.player = None;
            self.tell(MediaEvent::Played(state.call, self.id, done));
        }
        let Some(format) = state.format.filter(|format| format.codec.is_decodable()) else { return false };
        if !self.has_way(state) {
            return false;
        }
        if state.digits.has_the_word(now) {
            state.out.skip(format.codec.clock());
            return false;
        }
        let head = state.out.frame(format.payload, format.codec.clock(), now);
        let State { voice, latch, .. } = state;
        let packet = voice.write(format.codec, &head, rate, heard);
        self.transmit(latch, packet, now)
    }

    /// What browsers need from time to time; how many packets went on.
    pub fn tend(&self, packet: &mut [u8; PACKET], now: Instant) -> u64 {
        let Some(browser) = &self.web else { return 0 };
        let told = {
            let mut browser = lock(browser);
            browser.tend(now, &self.rtp);
            browser.told()
        };
        self.told(told, packet, now)
    }

    /// Sees to what a browser's datagrams were.
    fn told(&self, told: Vec<Told>, packet: &mut [u8; PACKET], now: Instant) -> u64 {
        let mut went_on = 0;
        for told in told {
            let mut state = self.state();
            match told {
                Told::Connected => self.tell(MediaEvent::Connected(state.call, self.id)),
                Told::Packet(heard) => {
                    let Some(packet) = plain(&heard, packet) else { continue };
                    if state.latch.proven_packet(packet, now) {
                        went_on += u64::from(self.sound(state, packet, now));
                    }
                }
            }
        }
        went_on
    }

    /// Lets signalling talk with the browser.
    pub fn browser<T>(
        &self,
        talk: impl FnOnce(&mut Browser, &UdpSocket) -> Result<T, WebError>,
    ) -> Result<T, WebError> {
        let browser = self.web.as_ref().ok_or_else(|| WebError::Unfit("no browser".to_owned()))?;
        talk(&mut lock(browser), &self.rtp)
    }

    /// Finds out whether it should be heard and is not.
    pub fn look(&self, now: Instant) {
        let mut state = self.state();
        let way = match &self.web {
            Some(browser) => lock(browser).way(),
            None => Way::Plain {
                private: state.latch.is_hidden(),
                pauses: state.pauses.are_usual(),
                said: state.pauses.said(),
            },
        };
        if let Some(trouble) = state.watch.look(way, now) {
            self.tell(MediaEvent::Trouble(state.call, self.id, trouble));
        }
    }
}

impl State {
    fn meaning(&self, payload: u8) -> Meaning {
        if self.latch.is_digit(payload) {
            Meaning::Digit
        } else if self.format.is_some_and(|format| format.payload == payload) {
            Meaning::Speech
        } else {
            Meaning::Other
        }
    }

    /// Samples a second of its sound.
    pub fn rate(&self) -> u32 {
        self.format.map_or(8000, |format| format.codec.rate())
    }

    fn clock(&self) -> u32 {
        self.format.map_or(8000, |format| format.codec.clock())
    }

    /// Hz in which a digit of its counts. `second`: the second byte of the packet.
    fn clock_of_digits(&self, second: u8) -> u32 {
        let of = self.digit_clocks.iter().find(|(payload, _)| *payload == second & 0x7f);
        of.map_or(self.digit_clock, |(_, clock)| *clock)
    }

    /// Keeps a packet to be decoded.
    fn listen(&mut self, packet: &[u8], now: Instant) {
        let agreed = self.format.map(|format| (format.payload, format.codec));
        let Some(ear) = &mut self.ear else { return };
        let payload = packet[1] & 0x7f;
        let codec = agreed.filter(|(known, _)| *known == payload).map(|(_, codec)| codec);
        if let Some(codec) = codec.or(Codec::of_payload(payload)).filter(|codec| codec.is_decodable()) {
            ear.hear(codec, packet, now);
        }
    }

    /// Records 20 ms of its message, if there is one; how that ended, when it did.
    pub fn message(&mut self, said: &[i16], rate: u32) -> Option<End> {
        self.tape.as_mut().filter(|tape| tape.is_running())?.take(said, rate)
    }

    /// The next 20 ms that came from the phone, at `rate`.
    pub fn pull(&mut self, rate: u32, into: &mut Vec<i16>) {
        into.clear();
        if let Some(ear) = &mut self.ear {
            ear.pull(rate, into);
        }
        into.resize(samples(rate), 0);
    }
}

/// A packet that a browser sent, as any phone sends it.
fn plain<'a>(heard: &RtpPacket, into: &'a mut [u8; PACKET]) -> Option<&'a mut [u8]> {
    let header = &heard.header;
    let packet = into.get_mut(..HEAD + heard.payload.len())?;
    packet[0] = 0x80;
    packet[1] = *header.payload_type & 0x7f | if header.marker { 0x80 } else { 0 };
    packet[2..4].copy_from_slice(&header.sequence_number.to_be_bytes());
    packet[4..8].copy_from_slice(&header.timestamp.to_be_bytes());
    packet[8..HEAD].copy_from_slice(&header.ssrc.to_be_bytes());
    packet[HEAD..].copy_from_slice(&heard.payload);
    Some(packet)
}

/// Samples of 20 ms.
pub fn samples(rate: u32) -> usize {
    usize::try_from(u128::from(rate) * BEAT.as_millis() / 1000).unwrap_or(0)
}
