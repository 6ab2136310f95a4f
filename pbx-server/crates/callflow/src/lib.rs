//! What happens to a call, decided by a pure function.
//!
//! [`step`] takes a snapshot of one PBX, the facts of this moment, where the call stands and what
//! just happened; it returns what to do, where the call then stands, and why, in words. It reads no
//! clock, no random source, no file and no socket, and it is total: whatever it is given ends in a
//! [`Step`], at worst in `Hangup`. The simulator, `FreeSWITCH` and the embedded engine all call it.

/// The format in which snapshots, cursors and traces are stored. It grows when a reader of this
/// version could not read what an older one wrote; a new field with a default and a new kind of
/// [`Reason`] do not need that.
pub const FORMAT: u32 = 1;

mod check;
mod event;
mod facts;
mod flow;
mod reason;
#[cfg(feature = "scenarios")]
pub mod scenario;
mod snapshot;
mod step;

pub use check::{Finding, Problem, PublicService, Severity, check};
pub use event::{Event, RingOutcome};
pub use facts::{Availability, Facts, LocalTime};
pub use flow::step;
pub use reason::{EventKind, Reason, Who};
pub use snapshot::{Destination, Extension, Snapshot};
pub use step::{Action, Cause, Cursor, Party, Position, Step, TraceEntry};
