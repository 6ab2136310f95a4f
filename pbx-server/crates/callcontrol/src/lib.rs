//! Advance a call by one event: snapshot, facts, step, record.
//!
//! [`CallControl`] is what an engine holds. It routes from snapshots in memory ([`Directory`]),
//! knows who is online ([`Presence`]), shows what happens now ([`Live`]) and loses no record of a
//! call. Nothing here waits for the database while a call waits for us.

mod ask;
mod backoff;
mod call;
mod clock;
mod control;
mod database;
mod directory;
mod floor;
mod follow;
mod items;
mod lines;
mod live;
mod mailboxes;
mod nodes;
mod people;
mod presence;
mod queues;
mod record;
mod saved;
mod security;
mod spool;

pub use ask::{Ask, AskFault, Listen, ListenFault, Send};
pub use backoff::Backoff;
pub use call::{Arrival, ArrivedFrom, Call, NewMessage, NewRecording, QueueKeeper, Resumed, Summons};
pub use clock::{Clock, Hand};
pub use control::{CallControl, CallControlConfig, ControlStatus, StartError};
pub use directory::{DeviceSecret, Directory, PbxConfig, PbxView, TrunkSecret};
pub use lines::{LineFault, LineState, Lines};
pub use live::{
    HangupAnswer, Live, LiveCall, LiveEvent, LiveFeed, LiveParking, LiveParty, LivePerson, LiveScope,
    LiveSound, LiveState,
};
pub use mailboxes::Mailboxes;
pub use nodes::{NodeFault, NodeLive, NodeReport, NodeState, Nodes};
pub use people::PersonState;
pub use presence::{Presence, Registration, RegistrationChange, Transport};
pub use queues::{MemberLive, MemberState, QueueLive, Queues, Waiting};
pub use record::{CallEnded, Direction, LegMedia, MediaSummary};
pub use security::{SecurityEvent, SecurityKind};
pub use voxera_store::{NodeSecret, SealKey, Store, TrunkKind, TrunkTransport};
