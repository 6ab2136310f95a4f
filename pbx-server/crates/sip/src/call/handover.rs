//! Legs that move from one call to another: pick-up, attended transfer, INVITE with Replaces.

use crate::call::leg::{Leg, LegId, Stage};
use crate::call::reach::Reach;
use crate::call::{CallTask, Input, Side};
use tokio::sync::mpsc::UnboundedSender;
use voxera_callflow::{Cause, Event};
use voxera_model::CallId;

/// A leg on its way to another call.
#[derive(Debug)]
pub struct Handed {
    pub leg: Leg,
    pub purpose: Purpose,
    /// Hears what came of it.
    pub giver: UnboundedSender<Input>,
}

/// What the other call is to do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// It answers while phones ring, or talks with whoever is parked.
    PickUp,
    /// It takes the place of this leg.
    Replace(LegId),
}

/// A leg of ours was given away, and not yet taken.
#[derive(Debug)]
pub struct Handing {
    side: Side,
    /// Two were connected, and are again when it comes back.
    bridged: bool,
}

impl CallTask {
    /// Lets the caller take a call that rings elsewhere.
    pub(super) fn pick_up(&mut self, call: CallId) {
        let Some(leg) = self.caller.take().filter(|_| self.handing.is_none()) else {
            return self.happened(Event::Failed);
        };
        self.silence_leg(&leg);
        self.joined.leave();
        self.gone.push((leg.id, leg.reach.clone()));
        self.handing = Some(Handing { side: Side::Caller, bridged: false });
        let handed = Handed { leg, purpose: Purpose::PickUp, giver: self.own.clone() };
        if let Err(Input::Handed(back)) = self.hub.book.tell(call, Input::Handed(Box::new(handed))) {
            self.given(Some(back));
        }
    }

    /// Gives one of the two to the call that a leg is in.
    pub(super) fn hand_over(&mut self, side: Side, to: &Reach, purpose: Purpose) {
        self.unbridge();
        let leg = match side {
            Side::Caller => self.caller.take(),
            Side::Callee => self.callee.take(),
        };
        let Some(leg) = leg else { return self.transfer_failed() };
        self.gone.push((leg.id, leg.reach.clone()));
        self.handing = Some(Handing { side, bridged: true });
        let handed = Handed { leg, purpose, giver: self.own.clone() };
        if let Err(Input::Handed(back)) = to.tell(Input::Handed(Box::new(handed))) {
            self.given(Some(back));
        }
    }

    fn silence_leg(&mut self, leg: &Leg) {
        if let Some(endpoint) = leg.endpoint.as_ref().filter(|_| self.hearing.is_anything()) {
            endpoint.silence();
        }
        self.hearing.stop();
    }

    /// What came of a leg that was given away.
    pub(super) fn given(&mut self, back: Option<Box<Handed>>) {
        let Some(Handing { side, bridged }) = self.handing.take() else { return };
        let Some(back) = back else {
            self.transfer_succeeded();
            return self.happened(Event::GivenAway);
        };
        let leg = back.leg;
        self.gone.retain(|(gone, _)| *gone != leg.id);
        leg.reach.lead_to(&self.own);
        if self.over {
            return self.dismiss(leg, Cause::Normal);
        }
        match side {
            Side::Caller => self.caller = Some(leg),
            Side::Callee => self.callee = Some(leg),
        }
        if bridged {
            self.bridge();
            self.transfer_failed();
        } else {
            self.happened(Event::Failed);
        }
    }

    /// Another call gives one of its legs.
    pub(super) fn handed(&mut self, handed: Handed) {
        let place = match handed.purpose {
            Purpose::PickUp => {
                let rings = self.forks.iter().any(|fork| fork.stop.is_none()) && self.ringing.is_some();
                let parked = self.core.cursor().is_some_and(|cursor| cursor.parking().is_some());
                ((rings || parked) && self.callee.is_none()).then_some(Side::Callee)
            }
            Purpose::Replace(leg) => self.side_of(leg),
        };
        let Some(side) = place.filter(|_| !self.over && self.handing.is_none()) else {
            return give_back(handed);
        };
        let Handed { mut leg, purpose, giver } = handed;
        self.unbridge();
        let talked = self.caller.is_some() && self.callee.is_some();
        leg.reach.lead_to(&self.own);
        leg.waits = false;
        if let Some(endpoint) = &leg.endpoint {
            endpoint.belongs_to(self.id);
        }
        let by = leg.peer.clone();
        let place = match side {
            Side::Caller => &mut self.caller,
            Side::Callee => &mut self.callee,
        };
        if let Some(replaced) = place.replace(leg) {
            self.dismiss(replaced, Cause::Normal);
        }
        // The other call is over: nobody waits.
        let _ = giver.send(Input::Given(None));
        if purpose == Purpose::PickUp {
            self.stop_ringing(Some(crate::call::fork::ELSEWHERE));
            self.ring_sound = None;
        }
        if let Err(error) = self.open_sound(side) {
            tracing::error!(%error, "no ports for sound");
            return self.end_by_system();
        }
        if talked {
            self.bridge();
        } else if purpose != Purpose::PickUp && self.take_side(side) {
            self.tone_while_ringing();
        }
        self.happened(Event::Replaced { party: side.party(), by });
    }

    /// What reached a call that is over, or that does not have the leg any more.
    pub(super) fn pass_on(&mut self, input: Input) {
        let leg = match &input {
            Input::Request(leg, _) | Input::Invite(leg, _) | Input::Alive(leg, _) => *leg,
            Input::Handed(_) => {
                if let Input::Handed(handed) = input {
                    give_back(*handed);
                }
                return;
            }
            Input::Given(_)
            | Input::Fork(..)
            | Input::Exchange(..)
            | Input::Media(_)
            | Input::Loaded(..)
            | Input::HoldMusic(..)
            | Input::Hangup
            | Input::Gone(_)
            | Input::Back(..) => return,
        };
        if let Some((_, reach)) = self.gone.iter().find(|(gone, _)| *gone == leg) {
            // That call may be over as well.
            let _ = reach.tell(input);
        }
    }
}

/// It cannot be taken: the giver has it again. Should the giver be gone, so is the phone's call.
fn give_back(handed: Handed) {
    let giver = handed.giver.clone();
    if let Err(lost) = giver.send(Input::Given(Some(Box::new(handed))))
        && let Input::Given(Some(handed)) = lost.0
        && handed.leg.stage == Stage::Open
        && let Some(responder) = &handed.leg.responder
    {
        responder.send(481, Vec::new(), None);
    }
}
