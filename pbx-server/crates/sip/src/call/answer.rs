//! Our own answers, and two sides connected.

use crate::call::leg::{Leg, Stage, described};
use crate::call::{CallTask, Side};
use crate::hub::{Hub, lock};
use crate::sdp::{Format, Sdp};
use crate::wire;
use std::sync::Arc;
use std::time::Instant;
use voxera_callflow::Peer;

/// The phone and we speak nothing in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Incompatible;

impl CallTask {
    /// Takes the call, so that the caller hears us.
    pub(super) fn take_call(&mut self) {
        self.take_side(Side::Caller);
    }

    /// Answers a phone that waits for it. Whether it is up then.
    pub(super) fn take_side(&mut self, side: Side) -> bool {
        if let Err(error) = self.open_sound(side) {
            metrics::counter!("voxera_sip_media_failures_total").increment(1);
            tracing::error!(%error, "no ports for sound");
            self.end_by_system();
            return false;
        }
        let hub = Arc::clone(&self.hub);
        let Some(leg) = self.leg(side) else { return false };
        if leg.stage == Stage::Open && accept(&hub, leg, None, None).is_err() {
            if let Some(responder) = &leg.responder {
                responder.send(488, Vec::new(), None);
            }
            leg.stage = Stage::Closed;
            self.end_by_system();
            return false;
        }
        self.look_after();
        true
    }

    /// Connects both sides: who waits for an answer gets it, and sound may flow.
    pub(super) fn bridge(&mut self) {
        if self.bridge.is_some() {
            return;
        }
        let hub = Arc::clone(&self.hub);
        let (Some(caller), Some(callee)) = (&mut self.caller, &mut self.callee) else {
            tracing::warn!(call = %self.id.0, "nobody to connect the caller with");
            return;
        };
        // Who picked a call up waits for our answer as the caller may.
        if callee.stage == Stage::Open && accept(&hub, callee, speaks(caller).as_deref(), None).is_err()
            || caller.stage == Stage::Open
                && accept(
                    &hub,
                    caller,
                    speaks(callee).as_deref(),
                    callee.sdp.as_ref().filter(|sdp| callee.responder.is_none() && !sdp.is_web()),
                )
                .is_err()
        {
            tracing::info!(call = %self.id.0, "the two share no codec");
            return self.end_by_system();
        }
        let (Some(one), Some(other)) = (&caller.endpoint, &callee.endpoint) else {
            tracing::error!(call = %self.id.0, "a side without ports for sound");
            return self.end_by_system();
        };
        // A new stream of packets is not begun for nothing: theirs pass as they are.
        if self.hearing.is_anything() {
            one.silence();
        }
        let bridge = Arc::new(hub.media.bridge(one, other));
        let sides = [caller, callee].into_iter().filter_map(|leg| match (&leg.peer, &leg.endpoint) {
            (Peer::Extension(number), Some(endpoint)) => Some((number.clone(), endpoint.id())),
            _ => None,
        });
        let talk = crate::call::book::Talk {
            pbx: self.core.view().snapshot.pbx,
            sides: sides.collect(),
            bridge: Arc::downgrade(&bridge),
        };
        hub.book.talk(self.id, Some(talk));
        self.bridge = Some(bridge);
        let codec = [&self.callee, &self.caller].into_iter().flatten().find_map(|leg| leg.codec.as_ref());
        self.codec = codec.and_then(|codec| codec.name.clone()).or(self.codec.take());
        self.hearing.stop();
        self.begin_recording();
        self.holds_changed();
        self.look_after();
    }

    /// The two are no longer connected.
    pub(super) fn unbridge(&mut self) {
        self.end_recording();
        self.stop_hold_music();
        if self.bridge.take().is_some() {
            self.hub.book.talk(self.id, None);
        }
    }

    /// Asks from now on whether silent phones are still there, and whether those who speak are heard.
    fn look_after(&mut self) {
        self.watch_sound();
        let every = self.hub.config.probe_every;
        self.probe_at = self.probe_at.or(Some(Instant::now() + every));
    }

    /// A phone acknowledged our answer; in the body it may answer our offer.
    pub(super) fn acknowledged(&mut self, side: Side, body: &[u8]) {
        let Some(leg) = self.leg(side) else { return };
        if leg.codec.is_none() && leg.is_web() {
            if leg.web_answer(body).is_none() {
                return self.end_by_system();
            }
        } else if leg.codec.is_none() {
            let answer = described(body).and_then(Result::ok);
            let codec = answer.as_ref().and_then(|sdp| sdp.audio.ours(None)).cloned();
            let (Some(answer), Some(codec)) = (answer, codec) else {
                tracing::info!(call = %self.id.0, "a phone did not answer our offer");
                return self.end_by_system();
            };
            leg.sdp = Some(answer);
            leg.agree(codec, false);
        }
        self.watch_sound();
        self.start_hearing();
    }

    /// Lets the caller hear what a line says before its answer.
    pub(super) fn early_bridge(&mut self, at: usize, sdp: Sdp) {
        let hub = Arc::clone(&self.hub);
        let Some(codec) = sdp.audio.codec().cloned() else { return };
        let (Some(fork), Some(caller), Some(other)) =
            (self.forks.get_mut(at), &mut self.caller, self.ring_sound.take())
        else {
            return;
        };
        fork.leg.endpoint = Some(other);
        fork.leg.sdp = Some(sdp);
        fork.leg.agree(codec, false);
        let other = fork.leg.endpoint.take();
        let heard = caller.stage != Stage::Open || promise(&hub, caller, fork.leg.sdp.as_ref()).is_ok();
        if let (Some(one), Some(other), true) = (&caller.endpoint, &other, heard) {
            if self.hearing.is_anything() {
                one.silence();
            }
            self.early = Some(hub.media.bridge(one, other));
            self.hearing.stop();
        }
        self.ring_sound = other;
        if !heard {
            self.rings();
        }
    }

    pub(super) fn end_early_bridge(&mut self) {
        self.early = None;
    }
}

/// What a leg speaks, by name.
fn speaks(leg: &Leg) -> Option<String> {
    leg.codec.as_ref().and_then(|codec| codec.name.clone())
}

/// What a phone that waits is answered: `other`'s own words where the phone understands them.
fn words(
    leg: &Leg,
    wanted: Option<&str>,
    other: Option<&Sdp>,
) -> Result<(Sdp, Option<Format>), Incompatible> {
    let Some(offer) = &leg.sdp else { return Ok((Sdp::offer(wanted), None)) };
    let spoken = other.and_then(|other| other.audio.codec());
    let shared = spoken.and_then(|codec| offer.audio.formats.iter().find(|own| own.is_same(codec)));
    if let (Some(other), Some(shared)) = (other, shared) {
        return Ok((other.clone(), Some(shared.clone())));
    }
    let answer = offer.answer(wanted).ok_or(Incompatible)?;
    let codec = answer.audio.codec().cloned();
    Ok((answer, codec))
}

fn write(hub: &Hub, leg: &mut Leg, said: Sdp) -> Option<String> {
    let port = leg.endpoint.as_ref()?.port();
    let address = lock(&hub.ways).advertised(leg.flow.peer.ip());
    let body = match &leg.sdp {
        Some(offer) => leg.described.write_answer(offer, &said, address, port),
        None => leg.described.write(&said, address, port),
    };
    leg.said = Some(body.clone());
    leg.ours = Some(said);
    Some(body)
}

/// What a phone that waits is told of its sound, which is agreed then.
fn described_to(
    hub: &Hub,
    leg: &mut Leg,
    wanted: Option<&str>,
    other: Option<&Sdp>,
) -> Result<String, Incompatible> {
    if leg.is_web() {
        return leg.web_words().map_err(|error| {
            tracing::info!(%error, "a browser's offer is of no use");
            Incompatible
        });
    }
    let (said, codec) = words(leg, wanted, other)?;
    let body = write(hub, leg, said).ok_or(Incompatible)?;
    if let Some(codec) = codec {
        leg.agree(codec, false);
    }
    Ok(body)
}

/// Answers a phone that waits.
fn accept(hub: &Hub, leg: &mut Leg, wanted: Option<&str>, other: Option<&Sdp>) -> Result<(), Incompatible> {
    let body = described_to(hub, leg, wanted, other)?;
    let mut headers = vec![
        leg.contact(hub),
        wire::field("Allow", wire::ALLOW),
        wire::field("Supported", "timer, replaces"),
    ];
    if let Some(session) = &mut leg.session {
        headers.extend(session.refreshed());
    }
    if let Some(responder) = &leg.responder {
        responder.send(200, headers, Some(body));
    }
    leg.stage = Stage::Answered;
    Ok(())
}

/// Lets a phone that waits hear something before the answer.
fn promise(hub: &Hub, leg: &mut Leg, other: Option<&Sdp>) -> Result<(), Incompatible> {
    if leg.sdp.is_none() {
        return Err(Incompatible);
    }
    let body = described_to(hub, leg, None, other)?;
    if let Some(responder) = &leg.responder {
        responder.send(183, vec![leg.contact(hub)], Some(body));
    }
    Ok(())
}
