//! What signalling is told.

use super::endpoint::{EndpointId, PlayId};
use super::trouble::Trouble;
use voxera_model::{CallId, Key};

/// One thing that happened to a call's sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaEvent {
    /// A watched bridge has been silent on both sides for too long; the call of its first endpoint.
    Silent(CallId),
    /// A key was pressed (RFC 4733) by somebody who is not on a bridge.
    Key(CallId, EndpointId, Key),
    /// What was played was heard to its end; not told of what was stopped or replaced.
    Played(CallId, EndpointId, PlayId),
    /// [`Endpoint::record`](super::Endpoint::record) ended by silence or at its longest.
    Recorded(CallId, EndpointId),
    /// A recording ended because it cannot be written; the call goes on. For a bridge: the endpoint
    /// on the left.
    RecordingFailed(CallId, EndpointId, String),
    /// A browser reached us, and secrets are agreed on.
    Connected(CallId, EndpointId),
    /// A phone that should be heard is not; told once for each cause.
    Trouble(CallId, EndpointId, Trouble),
    /// Its sound came after all.
    Well(CallId, EndpointId),
    /// It said itself that it sends nothing, as phones do that are muted: no trouble after all.
    Rests(CallId, EndpointId),
    /// The bridge that this endpoint listened in on is over.
    ListeningEnded(CallId, EndpointId),
}

impl MediaEvent {
    /// The call that it is for.
    #[must_use]
    pub const fn call(&self) -> CallId {
        match self {
            Self::Silent(call)
            | Self::Key(call, ..)
            | Self::Played(call, ..)
            | Self::Recorded(call, ..)
            | Self::RecordingFailed(call, ..)
            | Self::Connected(call, ..)
            | Self::Trouble(call, ..)
            | Self::Well(call, ..)
            | Self::Rests(call, ..)
            | Self::ListeningEnded(call, ..) => *call,
        }
    }
}
