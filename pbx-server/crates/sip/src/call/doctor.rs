//! Whether each side is heard, and why not.

use crate::call::{CallTask, Side};
use crate::media::{Endpoint, EndpointId, Trouble};
use voxera_callflow::SoundTrouble;

impl CallTask {
    /// Says of each side whether it should be heard now: not before its answer, nor while it lets the
    /// other side wait.
    pub(super) fn watch_sound(&self) {
        for leg in [&self.caller, &self.callee].into_iter().flatten() {
            let speaks = leg.is_up()
                && leg.codec.is_some()
                && leg.sdp.as_ref().is_some_and(|sdp| !sdp.audio.is_held());
            if let Some(endpoint) = &leg.endpoint {
                endpoint.watch(speaks);
            }
        }
    }

    /// A side that should be heard is not, or is again (`None`).
    pub(super) fn heard(&self, endpoint: EndpointId, trouble: Option<Trouble>) {
        let Some(side) = self.whose(endpoint) else { return };
        let trouble = trouble.map(cause);
        if let Some(trouble) = trouble {
            metrics::counter!("voxera_sip_sound_troubles_total", "cause" => name(trouble)).increment(1);
            tracing::info!(call = %self.id.0, ?side, cause = name(trouble), "a side is not heard");
        }
        self.core.sound(side.party(), trouble);
    }

    /// A side that was not heard says itself that it sends nothing.
    pub(super) fn rests(&self, endpoint: EndpointId) {
        if let Some(side) = self.whose(endpoint) {
            self.core.rests(side.party());
        }
    }

    fn whose(&self, endpoint: EndpointId) -> Option<Side> {
        let is = |leg: &Option<crate::call::leg::Leg>| {
            leg.as_ref().and_then(|leg| leg.endpoint.as_ref()).map(Endpoint::id) == Some(endpoint)
        };
        if is(&self.caller) {
            Some(Side::Caller)
        } else if is(&self.callee) {
            Some(Side::Callee)
        } else {
            None
        }
    }
}

const fn cause(trouble: Trouble) -> SoundTrouble {
    match trouble {
        Trouble::NothingHeard => SoundTrouble::NothingHeard,
        Trouble::Silent => SoundTrouble::Silent,
        Trouble::NoPath => SoundTrouble::NoPath,
        Trouble::PrivateAddress => SoundTrouble::PrivateAddress,
        Trouble::Encryption => SoundTrouble::Encryption,
    }
}

const fn name(trouble: SoundTrouble) -> &'static str {
    match trouble {
        SoundTrouble::NothingHeard => "nothing_heard",
        SoundTrouble::Silent => "silent",
        SoundTrouble::NoPath => "no_path",
        SoundTrouble::PrivateAddress => "private_address",
        SoundTrouble::Encryption => "encryption",
    }
}
