//! Where a call stands: what an engine hands back with the next event.

use crate::event::Peer;
use crate::ivr::NodeId;
use crate::parking::{ParkSlot, Parking};
use crate::routing::Destination;
use crate::step::{Cause, ListenMode};
use serde::{Deserialize, Serialize};
use voxera_model::{ExtensionId, FlowId, Locale, MessageId, PhoneNumber};

/// Where a call stands: serialisable, names the snapshot it started on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    pub snapshot: u64,
    /// The caller; after a transfer the one who stayed.
    pub from: Peer,
    pub position: Position,
    #[serde(default, skip_serializing_if = "Journey::is_new")]
    pub journey: Journey,
}

/// What the call is waiting for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Position {
    /// Somebody's phone rings.
    Ringing {
        whom: Rung,
    },
    /// Two people talk.
    Connected {
        to: Peer,
    },
    Emergency,
    /// The caller hears something to its end, and then…
    Hearing {
        then: Then,
    },
    /// A menu waits for a key, or for the rest of an extension's number.
    Menu {
        place: Place,
        /// Tries without a key that leads on.
        tries: u8,
        typed: String,
    },
    /// In line.
    Waiting(Line),
    /// Leaving a message.
    Leaving {
        mailbox: ExtensionId,
        /// Whether the tone was heard and the caller speaks.
        speaking: bool,
    },
    /// Asked for a PIN.
    Pin {
        of: PinOf,
        tries: u8,
        typed: String,
    },
    /// Listening to the messages of a mailbox.
    Messages {
        mailbox: ExtensionId,
        /// `None`: the words before the first message.
        message: Option<MessageId>,
        /// Whether the message was heard to its end, and the choices are being said.
        asking: bool,
        tries: u8,
    },
    Conference {
        room: ExtensionId,
    },
    /// Takes a call that rings elsewhere.
    PickingUp,
    /// In a slot, until somebody takes it.
    Parked(Parking),
    /// Takes the call that waits in this slot.
    TakingParked {
        slot: ParkSlot,
    },
    /// Listens in.
    Listening {
        extension: ExtensionId,
        mode: ListenMode,
    },
    /// Tries its phone, until it hangs up.
    Testing {
        test: SoundTest,
    },
    /// Asked at which number to call back.
    Callback {
        place: Place,
        /// `None`: the caller types one.
        number: Option<PhoneNumber>,
        tries: u8,
        typed: String,
    },
}

/// Whose phone rings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Rung {
    Extension {
        extension: ExtensionId,
    },
    Outside {
        number: PhoneNumber,
    },
    /// Members of a hunt group.
    Group {
        group: ExtensionId,
        now: Vec<ExtensionId>,
        tried: Vec<ExtensionId>,
    },
}

/// A caller in a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub queue: ExtensionId,
    /// On the call's own clock, in milliseconds.
    pub since: u64,
    /// The greeting is being heard; nobody is rung yet.
    pub greeting: bool,
    /// Members whose phones ring for this caller.
    pub offered: Vec<ExtensionId>,
    /// Members who did not take this call since the last round began.
    pub tried: Vec<ExtensionId>,
    /// When the place in line is told next, in milliseconds of the call's clock.
    pub announce: Option<u64>,
    /// Nobody is rung before this: all were tried, and phones get a rest.
    pub again: Option<u64>,
}

/// One node of one published menu.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    pub flow: FlowId,
    pub node: NodeId,
}

/// What a PIN opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PinOf {
    Mailbox { mailbox: ExtensionId },
    Conference { room: ExtensionId },
}

/// How somebody tries a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SoundTest {
    /// Hears itself.
    Echo,
    Tone,
}

/// What comes after something that was played.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Then {
    Extension {
        extension: ExtensionId,
    },
    Destination {
        to: Destination,
    },
    Node {
        place: Place,
    },
    /// The caller hears itself.
    Echo,
    End {
        cause: Cause,
    },
}

/// What a call carries with it from one place to the next.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Journey {
    /// We took the call: the caller hears us.
    pub answered: bool,
    /// The own number that the caller dialled.
    pub dialled: Option<PhoneNumber>,
    /// Of the last menu; `None`: the PBX's.
    pub language: Option<Locale>,
    /// The caller was told of recording.
    pub noticed: bool,
    /// Extensions whose forwarding was followed.
    pub via: Vec<ExtensionId>,
    /// Extensions and destinations visited since the caller last pressed a key.
    pub hops: u8,
    /// Nodes of menus visited since the caller last pressed a key.
    pub nodes: u16,
    /// The node that takes the call when the one it was sent to does not.
    pub failed: Option<Place>,
    /// On whose behalf the engine was told to record.
    pub recording: Vec<ExtensionId>,
    /// The number of the timer that was set last.
    pub timer: u32,
    /// When it rings, in milliseconds of the call's clock; `None`: it means nothing any more.
    pub due: Option<u64>,
}

impl Journey {
    fn is_new(&self) -> bool {
        *self == Self::default()
    }
}

/// Where a call stands, as people see it in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Standing {
    Ringing,
    /// Two people talk.
    Connected,
    /// In a menu, or hearing a message.
    Menu,
    /// In line.
    Waiting {
        queue: ExtensionId,
    },
    /// In a slot, until somebody takes it.
    Parked {
        slot: ParkSlot,
    },
    /// Leaving or listening to messages.
    Voicemail,
    Conference {
        room: ExtensionId,
    },
    /// Listening in on another call.
    Listening,
    /// Trying a phone.
    Testing,
    Emergency,
}

impl Cursor {
    /// Where the call stands, as people see it in a list.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match &self.position {
            Position::Ringing { .. } | Position::PickingUp | Position::TakingParked { .. } => {
                Standing::Ringing
            }
            Position::Parked(parking) => Standing::Parked { slot: parking.slot },
            Position::Connected { .. } => Standing::Connected,
            Position::Emergency => Standing::Emergency,
            Position::Hearing { .. }
            | Position::Menu { .. }
            | Position::Callback { .. }
            | Position::Pin { of: PinOf::Conference { .. }, .. } => Standing::Menu,
            Position::Waiting(line) => Standing::Waiting { queue: line.queue },
            Position::Leaving { .. }
            | Position::Messages { .. }
            | Position::Pin { of: PinOf::Mailbox { .. }, .. } => Standing::Voicemail,
            Position::Conference { room } => Standing::Conference { room: *room },
            Position::Listening { .. } => Standing::Listening,
            Position::Testing { .. } => Standing::Testing,
        }
    }

    /// Who is at the other end, while two people talk.
    #[must_use]
    pub fn other(&self) -> Option<Peer> {
        if let Position::Connected { to } = &self.position { Some(to.clone()) } else { None }
    }

    /// The queue that the caller waits in, whether or not a member's phone rings.
    #[must_use]
    pub const fn queue(&self) -> Option<ExtensionId> {
        if let Position::Waiting(line) = &self.position { Some(line.queue) } else { None }
    }

    /// Where it is parked.
    #[must_use]
    pub const fn parking(&self) -> Option<&Parking> {
        if let Position::Parked(parking) = &self.position { Some(parking) } else { None }
    }

    /// Whether members' phones ring for the caller at this moment: others in line do not wait for it.
    #[must_use]
    pub fn is_offered(&self) -> bool {
        matches!(&self.position, Position::Waiting(line) if !line.offered.is_empty())
    }
}
