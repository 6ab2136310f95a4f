//! One phone or line that rings, or that must still be told to stop.

use crate::call::leg::{self, Leg, LegId, Stage};
use crate::call::send::{self, Stopper};
use crate::call::{CallTask, Input};
use crate::flow::Flow;
use crate::hub::{Hub, lock};
use crate::sdp::Sdp;
use crate::wire;
use rsipstack::sip::{Header, Method, Response};
use std::sync::Arc;
use std::time::Instant;
use voxera_callflow::Event;

/// One of them.
#[derive(Debug)]
pub struct Fork {
    pub leg: Leg,
    /// Its place among those who are rung.
    pub target: usize,
    stopper: Stopper,
    /// It said something: from now on it can be told to stop.
    heard: bool,
    pub stop: Option<Stop>,
    /// When we stop waiting for its last word.
    pub give_up: Option<Instant>,
}

/// Why a phone is to stop ringing, and whether it was told.
#[derive(Debug, Clone, Copy)]
pub struct Stop {
    reason: Option<&'static str>,
    told: bool,
}

/// Keeps phones from counting the call as missed.
pub const ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";

impl Fork {
    /// Sends the INVITE with this offer, at our `port`; to a browser, which has a port of its own, with
    /// another. `None`: it cannot be written.
    pub fn send(
        hub: &Arc<Hub>,
        mut leg: Leg,
        target: usize,
        (offer, port): (&Sdp, u16),
        mut more: Vec<Header>,
    ) -> Option<Self> {
        let body = if leg.is_web() {
            // RFC 5009: it may answer our offer while it rings, and is not taken for one that speaks then.
            more.push(wire::field("P-Early-Media", "supported"));
            leg.web_words().ok()?
        } else {
            let address = lock(&hub.ways).advertised(leg.flow.peer.ip());
            let body = leg.described.write(offer, address, port);
            leg.said = Some(body.clone());
            leg.ours = Some(offer.clone());
            body
        };
        more.push(wire::field("Allow", wire::ALLOW));
        let invite = leg.request(hub, Method::Invite, more, Some(body));
        let id = leg.id;
        let told = leg.reach.teller(move |response| Input::Fork(id, response));
        let stopper = send::invite(hub, invite, &leg.flow, told)?;
        Some(Self { leg, target, stopper, heard: false, stop: None, give_up: None })
    }
}

impl CallTask {
    /// A phone that was rung said something; `None`: it will say nothing more.
    pub(super) async fn fork_said(&mut self, id: LegId, response: Option<Response>) {
        let Some(at) = self.forks.iter().position(|fork| fork.leg.id == id) else { return };
        let Some(response) = response else {
            let fork = self.forks.swap_remove(at);
            if fork.stop.is_none() {
                self.phone_failed(fork.target, 408).await;
            }
            return;
        };
        let code = response.status_code.code();
        match code {
            0..=199 => {
                let fork = &mut self.forks[at];
                fork.heard = true;
                if let Some(stop) = fork.stop {
                    if !stop.told {
                        self.tell_to_stop(at, stop.reason);
                    }
                    return;
                }
                if fork.leg.is_web() && !response.body.is_empty() {
                    // A browser's way is found and its secrets are agreed on while it rings. Nobody is connected
                    // with it before it picks up; an answer of no use is refused then.
                    let _ = fork.leg.web_answer(&response.body);
                }
                if code == 183 {
                    self.early_sound(at, &response);
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
                    self.phone_failed(fork.target, code).await;
                }
            }
        }
    }

    async fn picked_up(&mut self, fork: Fork, response: &Response) {
        let Fork { mut leg, target, stop, .. } = fork;
        let reachable = leg.answered(response);
        let sequence = wire::sequence(response).unwrap_or(1);
        let ack = leg.ack(&self.hub, sequence);
        send::acknowledge(&self.hub, response, ack, &leg.flow).await;
        leg.stage = Stage::Up;
        let late = stop.is_some() || self.callee.is_some() || self.over;
        let picked = self.picked(target);
        let agreed = reachable && !late && self.agrees(&mut leg, &response.body);
        let (true, Some((by, emergency))) = (agreed, picked) else {
            // Too late, or an answer that nobody can use.
            self.say_goodbye(leg);
            if !late {
                self.phone_failed(target, 488).await;
            }
            return;
        };
        leg.open(&self.hub);
        self.callee = Some(leg);
        self.stop_ringing(Some(ELSEWHERE));
        if emergency {
            self.bridge();
        }
        self.happened(Event::Answered { by });
    }

    /// Whether the answer of a phone that was rung will do; its sound is agreed then.
    fn agrees(&mut self, leg: &mut Leg, body: &[u8]) -> bool {
        if leg.is_web() {
            return leg.web_answer(body).is_some();
        }
        let Some(Ok(sdp)) = leg::described(body) else { return false };
        let Some(codec) = sdp.audio.codec().filter(|_| !sdp.is_web()).cloned() else { return false };
        leg.sdp = Some(sdp);
        leg.endpoint = self.ring_sound.take();
        leg.agree(codec, false);
        true
    }

    /// Every phone that still rings stops.
    pub(super) fn stop_ringing(&mut self, reason: Option<&'static str>) {
        self.ringing = None;
        self.end_early_bridge();
        for at in 0..self.forks.len() {
            self.stop_fork(at, reason);
        }
    }

    /// The other phones of one who is rung stop.
    pub(super) fn stop_target(&mut self, target: usize) {
        for at in 0..self.forks.len() {
            if self.forks[at].target == target {
                self.stop_fork(at, None);
            }
        }
    }

    fn stop_fork(&mut self, at: usize, reason: Option<&'static str>) {
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

    fn tell_to_stop(&mut self, at: usize, reason: Option<&'static str>) {
        let fork = &mut self.forks[at];
        fork.stop = Some(Stop { reason, told: true });
        fork.stopper.cancel(&self.hub, &fork.leg.flow, reason);
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
