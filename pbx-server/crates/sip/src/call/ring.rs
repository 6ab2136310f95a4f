//! Ringing: every phone of an extension at once, and the first that picks up has the call.

use crate::call::leg::{self, Leg};
use crate::call::send::{self, Stopper, teller};
use crate::call::{CallTask, Input, Stage};
use crate::flow::Flow;
use crate::media::Side;
use crate::wire;
use rsipstack::sip::{Method, Request, Response};
use std::time::{Duration, Instant};
use voxera_callflow::{Event, RingOutcome};
use voxera_model::{DeviceId, ExtensionNumber, Name, Seconds};

/// What is rung, and until when.
#[derive(Debug)]
pub struct Ringing {
    number: ExtensionNumber,
    pub until: Instant,
    worst: Tally,
    told: bool,
}

/// How the phones that no longer ring ended.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    declined: bool,
    busy: bool,
}

/// One phone that rings, or that must still be told to stop.
#[derive(Debug)]
pub struct Fork {
    index: usize,
    leg: Leg,
    /// As sent, for the CANCEL.
    invite: Request,
    stopper: Stopper,
    /// It said something: from now on it can be told to stop.
    heard: bool,
    stop: Option<Stop>,
    /// When we stop waiting for its last word.
    pub give_up: Option<Instant>,
}

/// Why a phone is to stop ringing, and whether it was told.
#[derive(Debug, Clone, Copy)]
struct Stop {
    reason: Option<&'static str>,
    told: bool,
}

/// Keeps phones from counting the call as missed.
const ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";

impl CallTask {
    pub(super) async fn ring(
        &mut self,
        number: ExtensionNumber,
        name: &Name,
        devices: &[DeviceId],
        ring_for: Seconds,
    ) {
        let pbx = self.core.view().snapshot.pbx;
        let presence = self.hub.control.presence();
        let mut ways = Vec::new();
        for device in devices {
            // Presence knows of credentials that were taken away; the bindings know the way.
            let known = presence.bindings(pbx, *device);
            let own = self.hub.bindings.of(pbx, *device).into_iter();
            let own = own.filter(|b| b.flow.is_open() && known.iter().any(|k| k.contact == b.contact));
            ways.extend(own.map(|binding| (*device, binding)));
        }
        let until = Instant::now() + Duration::from_secs(ring_for.0.into());
        self.ringing = Some(Ringing { number: number.clone(), until, worst: Tally::default(), told: false });
        if let Some((_, first)) = ways.first()
            && let Err(error) = self.open_media(first.flow.peer.ip())
        {
            tracing::error!(%error, "no ports for sound");
            ways.clear();
        }
        let caller = self.caller_field();
        let callee =
            format!("{} <sip:{}@{}>", wire::quoted(name.as_str()), number.as_str(), self.realm.as_str());
        for (device, binding) in ways {
            let leg = Leg::callee(binding.flow, pbx, device, binding.target, &caller, &callee);
            self.call_phone(leg);
        }
        if self.forks.is_empty() {
            self.ring_ended(RingOutcome::Unreachable).await;
        }
    }

    /// The caller as the directory knows it: a phone's own idea of its name goes nowhere.
    fn caller_field(&self) -> String {
        let view = self.core.view();
        let number = view.device(self.caller.device).map(|secret| secret.extension.clone());
        let extension = number.as_ref().and_then(|number| view.snapshot.extensions.get(number));
        let name = extension.map_or_else(String::new, |e| format!("{} ", wire::quoted(e.name.as_str())));
        let user = number.as_ref().map_or("anonymous", ExtensionNumber::as_str);
        format!("{name}<sip:{user}@{}>", self.realm.as_str())
    }

    fn open_media(&mut self, callee: std::net::IpAddr) -> std::io::Result<()> {
        if self.media.is_none() {
            let (caller, callee) = {
                let ways = crate::hub::lock(&self.hub.ways);
                (ways.media_bind(self.caller.flow.peer.ip()), ways.media_bind(callee))
            };
            let session = self.hub.relay.open(self.id, caller, callee)?;
            session.expect(Side::Caller, self.caller.expect(None), false);
            self.media = Some(session);
        }
        Ok(())
    }

    fn call_phone(&mut self, mut leg: Leg) {
        let (Some(media), Some(offer)) = (&self.media, &self.caller.sdp) else { return };
        let address = crate::hub::lock(&self.hub.ways).advertised(leg.flow.peer.ip());
        let body = leg.described.write(offer, address, media.port(Side::Callee));
        leg.said = Some(body.clone());
        let more = vec![wire::field("Allow", wire::ALLOW)];
        let invite = leg.request(&self.hub, Method::Invite, more, Some(body));
        let index = self.forks.iter().map(|fork| fork.index + 1).max().unwrap_or(0);
        let told = teller(&self.own, move |response| Input::Fork(index, response));
        if let Some(stopper) = send::invite(&self.hub, invite.clone(), &leg.flow, told) {
            self.forks.push(Fork { index, leg, invite, stopper, heard: false, stop: None, give_up: None });
        }
    }

    /// A phone that was rung said something; `None`: it will say nothing more.
    pub(super) async fn fork_said(&mut self, index: usize, response: Option<Response>) {
        let Some(at) = self.forks.iter().position(|fork| fork.index == index) else { return };
        let Some(response) = response else {
            let fork = self.forks.swap_remove(at);
            if fork.stop.is_none() {
                self.phone_failed(408).await;
            }
            return;
        };
        let code = response.status_code.code();
        match code {
            0..=199 => {
                let fork = &mut self.forks[at];
                fork.heard = true;
                if let Some(stop) = fork.stop.filter(|stop| !stop.told) {
                    self.tell_to_stop(at, stop.reason);
                } else if code >= 180 {
                    self.rings();
                }
            }
            200..=299 => {
                let fork = self.forks.swap_remove(at);
                self.picked_up(fork, &response).await;
            }
            _ => {
                let fork = self.forks.swap_remove(at);
                if fork.stop.is_none() {
                    self.phone_failed(code).await;
                }
            }
        }
    }

    fn rings(&mut self) {
        if let Some(ringing) = self.ringing.as_mut().filter(|ringing| !ringing.told) {
            ringing.told = true;
            let contact = self.caller.contact(&self.hub);
            self.responder.send(180, vec![contact], None);
        }
    }

    async fn picked_up(&mut self, fork: Fork, response: &Response) {
        let mut leg = fork.leg;
        let reachable = leg.answered(response);
        let sequence = wire::sequence(response).unwrap_or(1);
        let ack = leg.ack(&self.hub, sequence);
        send::acknowledge(&self.hub, response, ack, &leg.flow).await;
        let sdp = leg::described(&response.body).and_then(Result::ok).filter(|_| reachable);
        let late = fork.stop.is_some() || self.callee.is_some() || self.over;
        let (Some(sdp), false, Some(ringing)) = (sdp, late, &self.ringing) else {
            // Too late, or an answer that nobody can use.
            let bye = leg.request(&self.hub, Method::Bye, Vec::new(), None);
            send::fire(&self.hub, bye, &leg.flow);
            if !late {
                self.phone_failed(488).await;
            }
            return;
        };
        let by = ringing.number.clone();
        self.codec = sdp.audio.codec().and_then(|format| format.name.clone());
        leg.sdp = Some(sdp);
        leg.dialog = Some(self.hub.book.open(&leg.call_id, &leg.local_tag, self.own.clone(), Side::Callee));
        self.callee = Some(leg);
        self.stop_ringing(Some(ELSEWHERE));
        self.advance(Event::Answered { by: voxera_callflow::Peer::Extension(by) }).await;
    }

    /// Connects both: the caller gets its answer, and sound may flow.
    pub(super) fn bridge(&mut self) {
        let (Some(media), Some(callee)) = (&self.media, &self.callee) else { return };
        let (Some(offer), Some(answer)) = (&self.caller.sdp, &callee.sdp) else { return };
        let address = crate::hub::lock(&self.hub.ways).advertised(self.caller.flow.peer.ip());
        let body = self.caller.described.write_answer(offer, answer, address, media.port(Side::Caller));
        media.expect(Side::Caller, self.caller.expect(Some(answer)), false);
        media.expect(Side::Callee, callee.expect(Some(offer)), false);
        media.watch(!answer.audio.is_held() && !offer.audio.is_held());
        self.caller.said = Some(body.clone());
        let mut headers = vec![
            self.caller.contact(&self.hub),
            wire::field("Allow", wire::ALLOW),
            wire::field("Supported", "timer"),
        ];
        if let Some(session) = &mut self.session {
            session.until = Instant::now() + session.interval;
            headers.extend(session.headers());
        }
        self.responder.send(200, headers, Some(body));
        self.stage = Stage::Answered;
        self.probe_at = Some(Instant::now() + self.hub.config.probe_every);
    }

    /// One phone is out; the last one ends the ringing.
    async fn phone_failed(&mut self, code: u16) {
        let Some(ringing) = &mut self.ringing else { return };
        match code {
            603 => ringing.worst.declined = true,
            486 | 600 => ringing.worst.busy = true,
            _ => {}
        }
        let worst = ringing.worst;
        if worst.declined {
            // Whoever declines means the call, not the phone in their hand.
            self.ring_ended(RingOutcome::Declined).await;
        } else if self.forks.iter().all(|fork| fork.stop.is_some()) {
            self.ring_ended(if worst.busy { RingOutcome::Busy } else { RingOutcome::Unreachable }).await;
        }
    }

    pub(super) async fn nobody_picked_up(&mut self) {
        self.ring_ended(RingOutcome::NoAnswer).await;
    }

    async fn ring_ended(&mut self, outcome: RingOutcome) {
        self.stop_ringing(None);
        self.advance(Event::RingEnded { outcome }).await;
    }

    /// Every phone that still rings stops.
    pub(super) fn stop_ringing(&mut self, reason: Option<&'static str>) {
        self.ringing = None;
        for at in 0..self.forks.len() {
            let fork = &mut self.forks[at];
            if fork.stop.is_none() {
                fork.stop = Some(Stop { reason, told: false });
                fork.give_up = Some(Instant::now() + self.hub.config.timers.patience());
                // RFC 3261, section 9.1: not before it said anything.
                if fork.heard {
                    self.tell_to_stop(at, reason);
                }
            }
        }
    }

    fn tell_to_stop(&mut self, at: usize, reason: Option<&'static str>) {
        let fork = &mut self.forks[at];
        fork.stop = Some(Stop { reason, told: true });
        send::fire(&self.hub, leg::cancel(&fork.invite, reason), &fork.leg.flow);
    }

    /// Phones whose connection is gone will not answer.
    pub(super) fn lose_forks(&self, flow: &Flow) {
        for fork in self.forks.iter().filter(|fork| fork.leg.flow.is(flow)) {
            fork.stopper.stop();
        }
    }

    /// Phones that were told to stop and never said that they did.
    pub(super) fn let_forks_go(&mut self, now: Instant) {
        self.forks.retain(|fork| {
            let gone = fork.give_up.is_some_and(|at| at <= now);
            if gone {
                fork.stopper.stop();
            }
            !gone
        });
    }
}
