//! What signalling holds of one phone's sound.

use super::format::Format;
use super::latch::Expect;
use super::leg::{Leg, State};
use super::player::Player;
use super::tape::{MessageTape, Taken};
use super::threads::Shared;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use voxera_audio::Pcm;
use voxera_callcontrol::LegMedia;
use voxera_model::CallId;

/// Names an endpoint; never used twice while the process lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EndpointId(pub(super) u64);

/// Names one [`Endpoint::play`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PlayId(pub(super) u64);

/// One phone's RTP and RTCP ports, and what it hears. Dropped: the ports are given back, and it
/// leaves whatever it was in.
#[derive(Debug)]
pub struct Endpoint {
    pub(super) leg: Arc<Leg>,
    shared: Arc<Shared>,
}

impl Endpoint {
    pub(super) fn new(leg: Arc<Leg>, shared: Arc<Shared>) -> Self {
        Self { leg, shared }
    }

    #[must_use]
    pub fn id(&self) -> EndpointId {
        self.leg.id
    }

    /// Our RTP port towards this phone; RTCP is one above, or for a browser the same.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.leg.port
    }

    /// From now on its events name this call.
    pub fn belongs_to(&self, call: CallId) {
        self.leg.state().call = call;
    }

    /// Takes what signalling knows of this phone's sound. `anew`: the phone described itself anew.
    pub fn expect(&self, expect: Expect, anew: bool) {
        self.leg.state().latch.expect(expect, anew);
    }

    /// Takes what was agreed to send to it. Without it sound of another phone passes as it is, and
    /// nothing can be played.
    pub fn agreed(&self, format: Format) {
        self.change(|state| state.format = Some(format));
    }

    /// Whether it should be heard: from the answer on, and not while it is on hold or said that it
    /// sends nothing. [`MediaEvent::Trouble`](super::MediaEvent::Trouble) then tells when it is not,
    /// and [`MediaEvent::Well`](super::MediaEvent::Well) that it was heard again; `false` forgets a
    /// trouble that was told. At first it need not be heard.
    pub fn watch(&self, on: bool) {
        self.leg.state().watch.set(on, Instant::now());
    }

    /// Whether its description allows it to send nothing while nobody speaks. Many do so in any case,
    /// which is found out.
    pub fn may_pause(&self, may: bool) {
        self.leg.state().pauses.allow(may);
    }

    /// Lets it hear itself, decoded and sent back, while it is with nobody and nothing is played to
    /// it. Its format must be one that is read here.
    pub fn echo(&self, on: bool) {
        self.change(|state| {
            state.echo = on;
            state.speaks |= on;
            state.out.restart();
        });
    }

    /// When this phone's sound last came.
    #[must_use]
    pub fn heard(&self) -> Option<Instant> {
        self.leg.state().latch.heard()
    }

    /// What came from this phone so far.
    #[must_use]
    pub fn measured(&self) -> LegMedia {
        let stats = self.leg.state().latch.stats;
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds below two thousand")]
        let jitter_ms = stats.jitter_ms() as f32;
        LegMedia { packets: stats.packets(), lost: stats.lost(), jitter_ms }
    }

    /// Plays these one after the other, or over and over, in place of what it played before and of
    /// whoever it is with; those go on hearing it. [`MediaEvent::Played`](super::MediaEvent::Played) tells of the end.
    #[expect(clippy::must_use_candidate, reason = "music has no end to wait for")]
    pub fn play(&self, sounds: Vec<Arc<Pcm>>, repeat: bool) -> PlayId {
        let play = PlayId(self.shared.number());
        self.change(|state| {
            state.player = Some(Player::new(play, sounds, repeat));
            state.speaks = true;
            state.out.restart();
        });
        play
    }

    /// Stops what is played: it hears whoever it is with, or silence, which is sent as such.
    pub fn silence(&self) {
        self.change(|state| {
            state.player = None;
            state.speaks = true;
            state.out.restart();
        });
    }

    /// Stops what is played; nothing at all is sent while it is with nobody. So it is at first.
    pub fn rest(&self) {
        self.change(|state| {
            state.player = None;
            state.speaks = false;
            state.out.restart();
        });
    }

    /// Records what comes from it into a new WAV file (one channel, 8 kHz), until five seconds of
    /// silence after something was said, or until it is `longest`: [`MediaEvent::Recorded`](super::MediaEvent::Recorded). A
    /// recording that ran is ended first.
    pub fn record(&self, path: &Path, longest: Duration) -> io::Result<()> {
        let tape = MessageTape::start(&self.shared.writer, path, longest)?;
        self.change(|state| {
            state.tape = Some(tape);
            state.speaks = true;
        });
        Ok(())
    }

    /// Ends the recording, also one that ended itself, and waits until the file is closed. `None`:
    /// there was none.
    pub async fn stop_recording(&self) -> Option<Taken> {
        let tape = {
            let mut state = self.leg.state();
            let tape = state.tape.take();
            self.leg.settle_alone(&mut state);
            tape
        };
        tape?.stop().await
    }

    pub(super) fn change(&self, how: impl FnOnce(&mut State)) {
        let group = {
            let mut state = self.leg.state();
            how(&mut state);
            self.leg.settle_alone(&mut state);
            state.group.clone()
        };
        if let Some(group) = group.and_then(|group| group.upgrade()) {
            group.settle();
        }
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.leg.worker.close(&self.leg);
        let group = self.leg.state().group.clone();
        if let Some(group) = group.and_then(|group| group.upgrade()) {
            group.leave(&self.leg);
        }
        // A beat that is under way sends nothing more.
        let mut state = self.leg.state();
        state.speaks = false;
        state.player = None;
        state.tape = None;
        self.leg.settle_alone(&mut state);
    }
}
