//! Ringing: everyone listed at once, and the first that picks up has the call.

use crate::call::fork::Fork;
use crate::call::leg::{Identity, Leg, Phone, Stage};
use crate::call::{CallTask, Side, web};
use crate::sdp::Sdp;
use crate::{trunk, wire};
use rsipstack::sip::{Header, Response};
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use voxera_callcontrol::Transport;
use voxera_callflow::{Event, Peer, RingOutcome, RingTarget, WhileRinging};
use voxera_model::{ExtensionNumber, Name, PhoneNumber, Seconds, TrunkId};

/// What is rung, and until when.
#[derive(Debug)]
pub struct Ringing {
    pub until: Instant,
    targets: Vec<Target>,
    offer: Offer,
    tone: bool,
    worst: Tally,
    /// The caller's phone was told that it rings.
    told: bool,
    /// A call for help: connected without asking anybody.
    emergency: bool,
}

/// What those who ring are offered.
#[derive(Debug, Clone)]
pub enum Offer {
    /// What the caller's phone said, as it said it.
    Passed(Sdp),
    /// Ours.
    Own(Sdp),
}

/// One of those who are rung.
#[derive(Debug)]
struct Target {
    peer: Peer,
    /// Lines that were not tried yet.
    outside: Option<Outside>,
}

#[derive(Debug)]
struct Outside {
    number: String,
    caller_id: Option<PhoneNumber>,
    lines: VecDeque<TrunkId>,
}

/// How those who no longer ring ended.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    declined: bool,
    busy: bool,
    incompatible: bool,
}

impl CallTask {
    pub(super) async fn ring(&mut self, targets: Vec<RingTarget>, ring_for: Seconds, hears: WhileRinging) {
        let tone = match hears {
            WhileRinging::Ringback => true,
            WhileRinging::Unchanged => false,
        };
        if !self.begin_ringing(ring_for, tone, false) {
            return;
        }
        for target in targets {
            match target {
                RingTarget::Extension { number, name, devices, .. } => {
                    let at = self.target(Peer::Extension(number.clone()), None);
                    for device in devices {
                        self.ring_device(at, device, &number, &name);
                    }
                }
                RingTarget::Outside { number, caller_id, trunks } => {
                    let outside = Outside {
                        number: number.to_string(),
                        caller_id,
                        lines: trunks.into_iter().collect(),
                    };
                    let at = self.target(Peer::Outside(Some(number)), Some(outside));
                    self.ring_next_line(at).await;
                }
            }
        }
        self.ring_ended_when_nobody_is_left();
    }

    /// Calls for help over these lines, one after the other.
    pub(super) async fn ring_emergency(
        &mut self,
        caller_id: Option<PhoneNumber>,
        trunks: Vec<TrunkId>,
        ring_for: Seconds,
    ) {
        if self.begin_ringing(ring_for, true, true) {
            let outside = Outside { number: "112".to_owned(), caller_id, lines: trunks.into() };
            let at = self.target(Peer::Outside(None), Some(outside));
            self.ring_next_line(at).await;
            self.ring_ended_when_nobody_is_left();
        }
    }

    fn begin_ringing(&mut self, ring_for: Seconds, tone: bool, emergency: bool) -> bool {
        self.stop_ringing(None);
        let Some(offer) = self.offer() else {
            self.happened(Event::RingEnded { outcome: RingOutcome::Incompatible });
            return false;
        };
        let until = self.hub.control.clock().instant() + Duration::from_secs(ring_for.0.into());
        let (targets, worst) = (Vec::new(), Tally::default());
        self.ringing = Some(Ringing { until, targets, offer, tone, worst, told: false, emergency });
        if tone && self.caller.as_ref().is_some_and(Leg::is_up) {
            self.ringback();
        }
        true
    }

    /// Whoever is the caller now hears that it rings.
    pub(super) fn tone_while_ringing(&mut self) {
        if self.ringing.as_ref().is_some_and(|ringing| ringing.tone) {
            self.ringback();
        }
    }

    /// What is offered to those who are rung. `None`: the caller's phone speaks nothing of ours.
    fn offer(&self) -> Option<Offer> {
        if self.summoned.is_some() {
            return Some(Offer::Own(Sdp::offer(None)));
        }
        let caller = self.caller.as_ref()?;
        let wanted = caller.codec.as_ref().and_then(|codec| codec.name.as_deref());
        match (&caller.sdp, caller.stage) {
            (Some(sdp), Stage::Open) if sdp.is_web() => Some(Offer::Own(Sdp::offer(Some("opus")))),
            (Some(sdp), Stage::Open) if self.keeping.is_asked() => sdp.narrowed().map(Offer::Own),
            (Some(sdp), Stage::Open) => Some(Offer::Passed(sdp.clone())),
            // What it speaks is not ours: it talks with those only who speak it too.
            (Some(sdp), _) if caller.codec.as_ref().is_some_and(|codec| !codec.is_ours()) => {
                sdp.only(wanted?).map(Offer::Own)
            }
            _ => Some(Offer::Own(Sdp::offer(wanted))),
        }
    }

    fn target(&mut self, peer: Peer, outside: Option<Outside>) -> usize {
        let Some(ringing) = &mut self.ringing else { return 0 };
        ringing.targets.push(Target { peer, outside });
        ringing.targets.len() - 1
    }

    fn ring_device(
        &mut self,
        target: usize,
        device: voxera_model::DeviceId,
        number: &ExtensionNumber,
        name: &Name,
    ) {
        let pbx = self.core.view().snapshot.pbx;
        // Presence knows of credentials that were taken away; the bindings know the way.
        let known = self.hub.control.presence().bindings(pbx, device);
        let bindings = self.hub.bindings.of(pbx, device).into_iter();
        let bindings = bindings.filter(|b| b.flow.is_open() && known.iter().any(|k| k.contact == b.contact));
        let to = format!("{} <sip:{}@{}>", wire::quoted(name.as_str()), number.as_str(), self.realm.as_str());
        let from = self.caller_field();
        for binding in bindings {
            let identity = Identity {
                inbox: self.own.clone(),
                pbx,
                phone: Phone::Device(device),
                peer: Peer::Extension(number.clone()),
                flow: binding.flow,
            };
            self.send_invite(target, Leg::callee(identity, binding.target, &from, &to), Vec::new());
        }
    }

    /// The next line of a target outside that takes the call.
    pub(super) async fn ring_next_line(&mut self, target: usize) {
        loop {
            let urgent = self.ringing.as_ref().is_some_and(|ringing| ringing.emergency);
            let found = self.ringing.as_mut().and_then(|ringing| ringing.targets.get_mut(target));
            let Some(found) = found else { return };
            let peer = found.peer.clone();
            let Some(outside) = &mut found.outside else { return };
            let Some(trunk) = outside.lines.pop_front() else { return };
            let (number, shown) = (outside.number.clone(), outside.caller_id.clone());
            let Some(way) = trunk::way(&self.hub, trunk, &number, shown.as_ref(), urgent).await else {
                continue;
            };
            let pbx = self.core.view().snapshot.pbx;
            let identity =
                Identity { inbox: self.own.clone(), pbx, phone: Phone::Line(trunk), peer, flow: way.flow };
            let leg = Leg::callee(identity, way.target, &way.from, &way.to);
            if self.send_invite(target, leg, way.more) {
                return;
            }
        }
    }

    /// The caller as the directory knows it: a phone's own idea of its name goes nowhere.
    fn caller_field(&self) -> String {
        let view = self.core.view();
        if let Some((name, user)) = self.summoned.as_ref().map(|summoned| &summoned.shown) {
            return format!("{} <sip:{user}@{}>", wire::quoted(name), self.realm.as_str());
        }
        let (name, user) = match self.caller.as_ref().map(|leg| &leg.peer) {
            Some(Peer::Extension(number)) => {
                let extension = view.snapshot.extensions.get(number);
                (extension.map(|e| e.name.as_str().to_owned()), number.as_str().to_owned())
            }
            Some(Peer::Outside(Some(number))) => (None, number.as_str().to_owned()),
            Some(Peer::Outside(None)) | None => (None, "anonymous".to_owned()),
        };
        let shown = match (&self.name_before, name) {
            (Some(before), Some(name)) => Some(format!("{} {name}", before.as_str())),
            (Some(before), None) => Some(format!("{} {user}", before.as_str())),
            (None, name) => name,
        };
        let shown = shown.map_or_else(String::new, |name| format!("{} ", wire::quoted(&name)));
        format!("{shown}<sip:{user}@{}>", self.realm.as_str())
    }

    fn send_invite(&mut self, target: usize, mut leg: Leg, more: Vec<Header>) -> bool {
        let Some(offer) = self.ringing.as_ref().map(|ringing| ringing.offer.clone()) else { return false };
        // A browser speaks one codec, which has to be turned into the caller's.
        if leg.flow.transport == Transport::WebSocket && !self.caller_is_understood() {
            if let Some(ringing) = &mut self.ringing {
                ringing.worst.incompatible = true;
            }
            return false;
        }
        if let Err(error) = self.open_ring_sound(&mut leg) {
            metrics::counter!("voxera_sip_media_failures_total").increment(1);
            tracing::error!(%error, "no ports for sound");
            return false;
        }
        let sound = leg.endpoint.as_ref().or(self.ring_sound.as_ref());
        let Some(port) = sound.map(crate::media::Endpoint::port) else { return false };
        let (Offer::Passed(sdp) | Offer::Own(sdp)) = offer;
        match Fork::send(&self.hub, leg, target, (&sdp, port), more) {
            Some(fork) => {
                self.forks.push(fork);
                true
            }
            None => false,
        }
    }

    fn caller_is_understood(&self) -> bool {
        self.summoned.is_some()
            || self.caller.as_ref().is_some_and(|caller| match (&caller.codec, &caller.sdp) {
                (Some(codec), _) => codec.is_ours(),
                (None, Some(sdp)) => sdp.audio.ours(None).is_some(),
                (None, None) => true,
            })
    }

    /// Ports towards whoever rings: every browser has its own, the others share one pair.
    fn open_ring_sound(&mut self, callee: &mut Leg) -> std::io::Result<()> {
        self.open_sound(Side::Caller)?;
        if callee.flow.transport == Transport::WebSocket {
            callee.endpoint = Some(web::open(&self.hub, self.id, &callee.flow)?);
        } else if self.ring_sound.is_none() {
            let bind = crate::hub::lock(&self.hub.ways).media_bind(callee.flow.peer.ip());
            self.ring_sound = Some(self.hub.media.open(self.id, bind)?);
        }
        Ok(())
    }

    /// Ports towards one side, when it has none yet.
    pub(super) fn open_sound(&mut self, side: Side) -> std::io::Result<()> {
        let (id, hub) = (self.id, std::sync::Arc::clone(&self.hub));
        let Some(leg) = self.leg(side).filter(|leg| leg.endpoint.is_none()) else { return Ok(()) };
        leg.endpoint = Some(if leg.wants_web() {
            web::open(&hub, id, &leg.flow)?
        } else {
            let bind = crate::hub::lock(&hub.ways).media_bind(leg.flow.peer.ip());
            hub.media.open(id, bind)?
        });
        leg.expect_sound(false);
        Ok(())
    }

    /// A phone says that it rings.
    pub(super) fn rings(&mut self) {
        let Some(ringing) = self.ringing.as_mut().filter(|ringing| !ringing.told) else { return };
        ringing.told = true;
        let Some(caller) = self.caller.as_mut().filter(|leg| leg.stage == Stage::Open) else { return };
        let contact = caller.contact(&self.hub);
        let Some(responder) = &caller.responder else { return };
        responder.send(180, vec![contact.clone()], None);
        // A browser is told the way of its sound too, after the tone that it plays itself: it is open and secret
        // by the time of the answer. What comes by it until then goes nowhere.
        let words = if caller.is_web() { caller.web_words().ok() } else { None };
        if let (Some(words), Some(responder)) = (words, &caller.responder) {
            responder.send(180, vec![contact], Some(words));
        }
    }

    /// A line lets the caller hear something before the answer: its own tone, or words.
    pub(super) fn early_sound(&mut self, at: usize, response: &Response) {
        let heard = crate::call::leg::described(&response.body).and_then(Result::ok);
        let sole = self.forks.iter().filter(|fork| fork.stop.is_none()).count() == 1;
        let tone = self.ringing.as_ref().is_some_and(|ringing| ringing.tone);
        let plain = heard.filter(|sdp| !sdp.is_web());
        let (Some(sdp), true, true) = (plain, sole, tone) else { return self.rings() };
        self.early_bridge(at, sdp);
    }

    /// The phone of a fork picked up; who that is.
    pub(super) fn picked(&self, target: usize) -> Option<(Peer, bool)> {
        let ringing = self.ringing.as_ref()?;
        Some((ringing.targets.get(target)?.peer.clone(), ringing.emergency))
    }

    /// One phone or line is out; the last one ends the ringing.
    pub(super) async fn phone_failed(&mut self, target: usize, code: u16) {
        let Some(ringing) = &mut self.ringing else { return };
        let alone = ringing.targets.len() == 1;
        let Some(found) = ringing.targets.get_mut(target) else { return };
        let lines_left = found.outside.as_ref().is_some_and(|outside| !outside.lines.is_empty());
        if lines_left && (trunk::tries_next(code) || ringing.emergency) {
            self.ring_next_line(target).await;
            return self.ring_ended_when_nobody_is_left();
        }
        match code {
            603 => ringing.worst.declined = true,
            486 | 600 => ringing.worst.busy = true,
            415 | 488 | 606 => ringing.worst.incompatible = true,
            _ => {}
        }
        if code == 603 {
            // Whoever declines means the call, not the phone in their hand.
            if alone {
                return self.ring_ended(RingOutcome::Declined);
            }
            self.stop_target(target);
        }
        self.ring_ended_when_nobody_is_left();
    }

    fn ring_ended_when_nobody_is_left(&mut self) {
        let Some(ringing) = &self.ringing else { return };
        if self.forks.iter().any(|fork| fork.stop.is_none()) {
            return;
        }
        let worst = ringing.worst;
        self.ring_ended(if worst.declined {
            RingOutcome::Declined
        } else if worst.busy {
            RingOutcome::Busy
        } else if worst.incompatible {
            RingOutcome::Incompatible
        } else {
            RingOutcome::Unreachable
        });
    }

    pub(super) fn nobody_picked_up(&mut self) {
        self.ring_ended(RingOutcome::NoAnswer);
    }

    fn ring_ended(&mut self, outcome: RingOutcome) {
        self.stop_ringing(None);
        self.happened(Event::RingEnded { outcome });
    }
}
