//! What can be dialled inside a PBX.

use crate::routing::Destination;
use crate::sound::Prompt;
use serde::{Deserialize, Serialize};
use voxera_model::{AudioId, DeviceId, ExtensionId, FlowId, Name, PhoneNumber, Pin, Seconds};

/// One dialable extension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    pub id: ExtensionId,
    pub name: Name,
    pub kind: Kind,
    /// Calls that this extension takes part in are recorded. For users, queues and hunt groups.
    #[serde(default)]
    pub recording: Option<RecordingPolicy>,
}

/// What an extension is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    User(User),
    HuntGroup(HuntGroup),
    Queue(Queue),
    Ivr {
        flow: FlowId,
    },
    Conference(Conference),
    /// Messages for the mailbox of another extension.
    Voicemail {
        mailbox: ExtensionId,
    },
    /// Someone outside who is dialled like a colleague.
    External {
        number: PhoneNumber,
    },
}

/// The kinds, without what they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ExtensionType {
    User,
    HuntGroup,
    Queue,
    Ivr,
    Conference,
    Voicemail,
    External,
}

/// A person with phones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The phones that ring. Empty: nothing was set up yet.
    pub devices: Vec<DeviceId>,
    /// 5 to 120 seconds before "no answer".
    pub ring_for: Seconds,
    /// Whether a second call rings while one is up; otherwise the caller meets "busy".
    pub call_waiting: bool,
    /// No call rings; callers go where `forwarding.busy` or the mailbox leads.
    #[serde(default)]
    pub do_not_disturb: bool,
    #[serde(default)]
    pub forwarding: Forwarding,
    /// `None`: nobody can leave a message.
    #[serde(default)]
    pub mailbox: Option<Mailbox>,
    /// An own number of the PBX, shown outside. `None`: the PBX's.
    #[serde(default)]
    pub caller_id: Option<PhoneNumber>,
    /// May listen in on calls of the same PBX: an administrator.
    #[serde(default)]
    pub may_listen: bool,
}

/// Where calls go instead. What is not set goes to the mailbox where there is one, and ends otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Forwarding {
    /// Every call, without ringing.
    pub always: Option<Destination>,
    /// While in a call that waits for no second one, declined, or do-not-disturb.
    pub busy: Option<Destination>,
    pub no_answer: Option<Destination>,
    /// No phone is online.
    pub offline: Option<Destination>,
}

/// Where messages are left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// `None`: a spoken standard greeting with the extension's name.
    pub greeting: Option<Prompt>,
    /// Asked for at `*97`. `None`: the phone's own extension needs none, and no other may listen.
    pub pin: Option<Pin>,
    /// The longest message, 10 to 600 seconds.
    pub longest: Seconds,
    /// Whether its owner is told of each message by mail.
    #[serde(default = "yes")]
    pub mail: bool,
}

const fn yes() -> bool {
    true
}

/// How calls are shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Strategy {
    /// Everyone who is free, at once.
    RingAll,
    /// In the order of the list, always from its top.
    Sequential,
    /// In the order of the list, starting after the one who was rung last.
    RoundRobin,
    /// Whoever's last call of this queue ended longest ago.
    LongestIdle,
    /// Whoever took the fewest calls of this queue today.
    LeastCalls,
}

/// Who takes calls of a group or queue. A tier is rung only when nobody of the tiers before it is
/// free (queues) or picked up (hunt groups).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Member {
    /// A user extension of the same PBX.
    pub extension: ExtensionId,
    /// 1 to 9; 1 first.
    pub tier: u8,
}

/// A group that rings until somebody picks up; callers do not wait in line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HuntGroup {
    pub members: Vec<Member>,
    pub strategy: Strategy,
    /// How long each round rings, 5 to 120 seconds.
    pub ring_for: Seconds,
    /// Where a call goes that nobody picked up.
    pub failed: Option<Destination>,
}

/// A line of callers who wait for a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    pub members: Vec<Member>,
    pub strategy: Strategy,
    /// How long a member rings, 5 to 120 seconds.
    pub ring_for: Seconds,
    /// A member's rest after a call, 0 to 600 seconds.
    pub wrap_up: Seconds,
    /// The longest wait, 10 to 7,200 seconds; then `overflow`.
    pub max_wait: Seconds,
    /// Callers who may wait at once, 1 to 1,000; further ones go to `overflow`.
    pub max_callers: u16,
    /// What callers hear on entering.
    pub greeting: Option<Prompt>,
    /// `None`: the PBX's, or the built-in.
    pub music: Option<AudioId>,
    /// Tells the place in line every so often, 15 to 600 seconds. `None`: never.
    pub announce_every: Option<Seconds>,
    /// Where a call goes that waited too long, found the line full, or no member with a phone.
    pub overflow: Option<Destination>,
}

/// A room where everyone hears everyone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conference {
    /// `None`: whoever dials it is in.
    pub pin: Option<Pin>,
    /// 2 to 50.
    pub max_members: u16,
}

/// That calls are recorded, and how callers learn of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordingPolicy {
    /// Played before a phone rings. `None`: nothing; a menu must then say it, or publishing is refused.
    pub notice: Option<Prompt>,
}

impl Kind {
    #[must_use]
    pub const fn of(&self) -> ExtensionType {
        match self {
            Self::User(_) => ExtensionType::User,
            Self::HuntGroup(_) => ExtensionType::HuntGroup,
            Self::Queue(_) => ExtensionType::Queue,
            Self::Ivr { .. } => ExtensionType::Ivr,
            Self::Conference(_) => ExtensionType::Conference,
            Self::Voicemail { .. } => ExtensionType::Voicemail,
            Self::External { .. } => ExtensionType::External,
        }
    }
}

impl User {
    /// A person as they are made: one call at a time rings for 25 seconds, and nothing is forwarded.
    #[must_use]
    pub fn new(devices: Vec<DeviceId>) -> Self {
        Self {
            devices,
            ring_for: Seconds(25),
            call_waiting: true,
            do_not_disturb: false,
            forwarding: Forwarding::default(),
            mailbox: None,
            caller_id: None,
            may_listen: false,
        }
    }
}

impl Extension {
    /// The person, when it is one.
    #[must_use]
    pub const fn user(&self) -> Option<&User> {
        if let Kind::User(user) = &self.kind { Some(user) } else { None }
    }

    /// The phones of a person; nothing for other kinds.
    #[must_use]
    pub fn devices(&self) -> &[DeviceId] {
        self.user().map_or(&[], |user| &user.devices)
    }
}
