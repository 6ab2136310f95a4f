//! The end of a call: every phone is told, the record is written, the ports are free.

use crate::call::send;
use crate::call::{CallTask, Stage};
use crate::media::Side;
use rsipstack::sip::Method;
use voxera_callcontrol::MediaSummary;
use voxera_callflow::Cause;

impl CallTask {
    /// The core's last word.
    pub(super) fn hang_up(&mut self, cause: Cause) {
        if self.over {
            return;
        }
        self.over = true;
        self.stop_ringing(None);
        if let Some(exchange) = self.exchange.take() {
            exchange.refuse(&self.hub, 487);
        }
        if self.stage == Stage::Open {
            self.responder.send(status(cause), Vec::new(), None);
            self.stage = Stage::Closed;
        }
        if let Some(mut callee) = self.callee.take() {
            callee.dialog = None;
            if callee.remote_tag.is_some() && !callee.said_bye {
                let bye = callee.request(&self.hub, Method::Bye, Vec::new(), None);
                send::fire(&self.hub, bye, &callee.flow);
            }
            self.finish(Some(&callee));
        } else {
            self.finish(None);
        }
        if matches!(self.stage, Stage::Answered | Stage::Up) && !self.caller.said_bye {
            self.bye_owed = true;
            self.say_owed_bye();
        }
        if !self.bye_owed {
            self.caller.dialog = None;
        }
    }

    /// RFC 3261, section 15: no goodbye before the answer is acknowledged.
    pub(super) fn say_owed_bye(&mut self) {
        if self.bye_owed && self.stage == Stage::Up {
            self.bye_owed = false;
            self.caller.dialog = None;
            let bye = self.caller.request(&self.hub, Method::Bye, Vec::new(), None);
            send::fire(&self.hub, bye, &self.caller.flow);
        }
    }

    fn finish(&mut self, callee: Option<&crate::call::leg::Leg>) {
        let media = self.media.take();
        let talked = callee.is_some();
        let measured = |side| media.as_ref().filter(|_| talked).map(|session| session.measured(side));
        self.core.finish(MediaSummary {
            codec: self.codec.take(),
            caller: measured(Side::Caller),
            callee: measured(Side::Callee),
        });
    }
}

/// What the caller's phone is told.
const fn status(cause: Cause) -> u16 {
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
