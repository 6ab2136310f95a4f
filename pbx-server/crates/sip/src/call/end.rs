//! The end of a call: every phone is told, the record is written, the ports are free.

use crate::call::leg::{Leg, Stage};
use crate::call::{CallTask, send};
use rsipstack::sip::Method;
use voxera_callcontrol::MediaSummary;
use voxera_callflow::{Cause, Party};

impl CallTask {
    /// The core's last word.
    pub(super) fn hang_up(&mut self, cause: Cause) {
        if self.over {
            return;
        }
        self.over = true;
        self.stop_ringing(None);
        self.hearing.stop();
        self.joined.leave();
        if let Some(exchange) = self.exchange.take() {
            exchange.refuse(&self.hub, 487);
        }
        self.unbridge();
        let (caller, callee) = (self.caller.take(), self.callee.take());
        self.finish(caller.as_ref(), callee.as_ref());
        self.ring_sound = None;
        for leg in [callee, caller].into_iter().flatten() {
            self.dismiss(leg, cause);
        }
    }

    /// One of the two leaves, the other one stays and is the caller.
    pub(super) fn release(&mut self, party: Party) {
        self.unbridge();
        let leaves = match party {
            Party::Caller => std::mem::replace(&mut self.caller, self.callee.take()),
            Party::Callee => self.callee.take(),
            Party::System => None,
        };
        self.transfer_succeeded();
        if let Some(leg) = leaves {
            self.dismiss(leg, Cause::Normal);
        }
        // It heard the other side's music, if anything.
        self.silence();
    }

    /// Tells a phone that nobody wants it any more, whatever it waits for.
    pub(super) fn dismiss(&mut self, mut leg: Leg, cause: Cause) {
        leg.endpoint = None;
        match leg.stage {
            Stage::Open => {
                if let Some(responder) = &leg.responder {
                    responder.send(status(cause), Vec::new(), None);
                    match (leg.flow.is_open(), leg.lost) {
                        (true, _) => {}
                        // A browser that comes back is told.
                        (false, Some(_)) => self.leaving.push(leg),
                        (false, None) => responder.stop(),
                    }
                }
            }
            // RFC 3261, section 15: no goodbye before the answer is acknowledged.
            Stage::Answered if !leg.said_bye => {
                if let Some(responder) = leg.responder.as_ref().filter(|_| !leg.flow.is_open()) {
                    responder.stop();
                }
                self.leaving.push(leg);
            }
            Stage::Answered | Stage::Up => match self.last_word(&mut leg).filter(|_| !leg.said_bye) {
                Some(word) => {
                    leg.dialog = None;
                    let bye = leg.request(&self.hub, Method::Bye, Vec::new(), None);
                    send::fire_in_turn(&self.hub, vec![word, bye], &leg.flow);
                }
                None => self.say_goodbye(leg),
            },
            Stage::Closed => {}
        }
    }

    /// Says goodbye, unless the phone did.
    pub(super) fn say_goodbye(&self, mut leg: Leg) {
        leg.dialog = None;
        if leg.remote_tag.is_some() && !leg.said_bye {
            let bye = leg.request(&self.hub, Method::Bye, Vec::new(), None);
            send::fire(&self.hub, bye, &leg.flow);
        }
    }

    fn finish(&mut self, caller: Option<&Leg>, callee: Option<&Leg>) {
        let measured = |leg: &Leg| leg.endpoint.as_ref().map(crate::media::Endpoint::measured);
        let talked = |leg: &&Leg| leg.stage != Stage::Open && leg.codec.is_some();
        let codec = caller.and_then(|leg| leg.codec.as_ref()).and_then(|codec| codec.name.clone());
        self.core.finish(MediaSummary {
            codec: self.codec.take().or(codec.filter(|_| caller.is_some_and(|leg| talked(&leg)))),
            caller: caller.filter(talked).and_then(measured),
            callee: callee.filter(talked).and_then(measured),
        });
    }
}

/// What the caller's phone is told.
pub const fn status(cause: Cause) -> u16 {
    match cause {
        Cause::Normal | Cause::Cancelled | Cause::Abandoned | Cause::Voicemail => 487,
        Cause::Busy => 486,
        Cause::NoAnswer | Cause::Offline => 480,
        Cause::Declined => 603,
        Cause::UnknownNumber => 404,
        Cause::NotAllowed => 403,
        Cause::NoRoute => 503,
        Cause::Fault => 500,
    }
}
