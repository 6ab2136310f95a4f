//! What happens to a call, decided by a pure function.
//!
//! [`step`] takes a snapshot of one PBX, the facts of this moment, where the call stands and what
//! just happened; it returns what to do, where the call then stands, and why, in words. It reads no
//! clock, no random source, no file and no socket, and it is total: whatever it is given ends in a
//! [`Step`], at worst in `Hangup`. The simulator, `FreeSWITCH` and the embedded engine all call it.

/// The format in which snapshots, cursors and traces are stored. It grows when a reader of this
/// version could not read what an older one wrote; a new field with a default and a new kind of
/// [`Reason`] do not need that.
pub const FORMAT: u32 = 2;

mod calendar;
mod check;
mod cursor;
mod diff;
mod event;
mod extension;
mod facts;
mod flow;
mod holidays;
mod ivr;
mod matching;
mod parking;
mod reason;
mod replay;
mod routing;
#[cfg(feature = "scenarios")]
pub mod scenario;
mod simulate;
mod snapshot;
mod sound;
mod step;
mod story;
mod words;

pub use calendar::{Date, LocalTime, TimeOfDay, Weekday};
pub use check::{
    Exit, Finding, Part, Problem, PublicService, Severity, Silence, Span, Spot, check, check_from,
    publishable,
};
pub use cursor::{Cursor, Journey, Line, PinOf, Place, Position, Rung, SoundTest, Standing, Then};
pub use diff::{IvrDiff, NodeChange, NodeRef, RoutingDiff, RuleChange, RuleRef, diff, diff_routing};
pub use event::{Event, Peer, RingOutcome};
pub use extension::{
    Conference, Extension, ExtensionType, Forwarding, HuntGroup, Kind, Mailbox, Member, Queue,
    RecordingPolicy, Strategy, User,
};
pub use facts::{Availability, Facts, MemberFacts, MessageFacts, ParkedCall, QueueFacts, RingingCall};
pub use flow::step;
pub use holidays::{Holiday, HolidayKind, holiday};
pub use ivr::{Branch, Ivr, IvrSettings, Node, NodeId, NodeKind};
pub use matching::{Unmet, hold, matches};
pub use parking::{ParkAt, ParkSlot, Parking};
pub use reason::{EventKind, Feature, Forward, Reason, SendFault, SoundTrouble, Who};
pub use replay::{Changed, PastCall, Replay, replay};
pub use routing::{CallerMatch, Condition, DateRange, Destination, HolidayKinds, Routing, Rule, RuleId};
pub use simulate::simulate;
pub use snapshot::{Features, PublishedIvr, Snapshot, Trunk};
pub use sound::{Prompt, Sound, SpokenText};
pub use step::{Action, Cause, ListenMode, Party, RingTarget, Step, TraceEntry, WhileRinging};
pub use story::{Answer, End, Heard, Story, StoryKey, Told, ToldStep};
