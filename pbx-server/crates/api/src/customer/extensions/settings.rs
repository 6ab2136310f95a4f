//! What an extension is and how it behaves: shown, and read from what people send.
//!
//! PINs are written and never shown. A change is merged into what is there (RFC 7396): an absent
//! field stays, `null` empties; what has a `kind` of its own is replaced as a whole.

#![expect(clippy::option_option, reason = "a PIN is not spoken of, taken away, or set")]

use crate::input::parse;
use crate::problem::{Answer, FieldError, Problem};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use voxera_callflow::{
    Conference, Destination, ExtensionType, Forwarding, HuntGroup, Kind, Mailbox, Member, Prompt, Queue,
    Strategy, User,
};
use voxera_model::{AudioId, ExtensionId, FlowId, PhoneNumber, Pin, Seconds};

/// What an extension is, and how it behaves.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ExtensionSettings {
    User(UserSettings),
    HuntGroup(HuntGroupSettings),
    Queue(QueueSettings),
    Ivr(MenuSettings),
    Conference(ConferenceSettings),
    Voicemail(VoicemailSettings),
    External(ExternalSettings),
}

/// A person with phones.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UserSettings {
    /// Seconds before "no answer", 5 to 120.
    #[schema(minimum = 5, maximum = 120, default = 25)]
    pub ring_seconds: u32,
    /// Whether a second call rings while one is up; otherwise the caller meets "busy".
    pub call_waiting: bool,
    /// No call rings.
    pub do_not_disturb: bool,
    pub forwarding: Forwarding,
    /// `null`: nobody can leave a message.
    pub mailbox: Option<MailboxSettings>,
    /// A number of the PBX, shown outside. `null`: the PBX's.
    pub caller_id: Option<PhoneNumber>,
    /// May listen in on calls of the PBX with `*88` and the extension's number.
    pub may_listen: bool,
}

/// Where messages are left.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MailboxSettings {
    /// `null`: a spoken standard greeting.
    pub greeting: Option<Prompt>,
    /// The longest message, 10 to 600 seconds.
    #[schema(minimum = 10, maximum = 600, default = 120)]
    pub longest_seconds: u32,
    /// Whether whoever the extension belongs to is told of each message by mail.
    #[schema(default = true)]
    pub mail: bool,
    /// Whether a PIN is asked for.
    #[schema(read_only)]
    pub pin_set: bool,
    /// 4 to 8 digits; `null` takes it away; absent: stays.
    #[serde(skip_serializing, deserialize_with = "given")]
    #[schema(value_type = Option<Pin>, write_only)]
    pub pin: Option<Option<Pin>>,
}

/// Everybody's phone rings until somebody picks up.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HuntGroupSettings {
    pub members: Vec<Member>,
    pub strategy: Strategy,
    /// How long each round rings, 5 to 120 seconds.
    #[schema(minimum = 5, maximum = 120, default = 25)]
    pub ring_seconds: u32,
    /// Where a call goes that nobody picked up.
    pub failed: Option<Destination>,
}

/// A line of callers who wait for a member.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct QueueSettings {
    pub members: Vec<Member>,
    pub strategy: Strategy,
    /// How long a member rings, 5 to 120 seconds.
    #[schema(minimum = 5, maximum = 120, default = 20)]
    pub ring_seconds: u32,
    /// A member's rest after a call, 0 to 600 seconds.
    #[schema(maximum = 600, default = 10)]
    pub wrap_up_seconds: u32,
    /// The longest wait, 10 to 7,200 seconds; then `overflow`.
    #[schema(minimum = 10, maximum = 7200, default = 600)]
    pub max_wait_seconds: u32,
    /// Callers who may wait at once, 1 to 1,000.
    #[schema(minimum = 1, maximum = 1000, default = 50)]
    pub max_callers: u16,
    /// What callers hear on entering.
    pub greeting: Option<Prompt>,
    /// `null`: the PBX's.
    pub music: Option<AudioId>,
    /// Tells the place in line every so often, 15 to 600 seconds. `null`: never.
    #[schema(minimum = 15, maximum = 600)]
    pub announce_seconds: Option<u32>,
    /// Where a call goes that waited too long, found the line full, or no member with a phone.
    pub overflow: Option<Destination>,
}

/// A menu that is dialled like a colleague.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MenuSettings {
    pub flow: FlowId,
}

/// A room where everyone hears everyone.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConferenceSettings {
    /// 2 to 50.
    #[schema(minimum = 2, maximum = 50, default = 10)]
    pub max_members: u16,
    /// Whether a PIN is asked for.
    #[schema(read_only)]
    pub pin_set: bool,
    /// 4 to 8 digits; `null` takes it away; absent: stays.
    #[serde(skip_serializing, deserialize_with = "given")]
    #[schema(value_type = Option<Pin>, write_only)]
    pub pin: Option<Option<Pin>>,
}

/// Messages for the mailbox of another extension.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VoicemailSettings {
    pub mailbox: ExtensionId,
}

/// Someone outside who is dialled like a colleague.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExternalSettings {
    pub number: PhoneNumber,
}

impl Default for UserSettings {
    fn default() -> Self {
        Self::show(&User::new(Vec::new()), false)
    }
}

impl Default for MailboxSettings {
    fn default() -> Self {
        Self { greeting: None, longest_seconds: 120, mail: true, pin_set: false, pin: None }
    }
}

impl Default for HuntGroupSettings {
    fn default() -> Self {
        Self { members: Vec::new(), strategy: Strategy::RingAll, ring_seconds: 25, failed: None }
    }
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self {
            members: Vec::new(),
            strategy: Strategy::RingAll,
            ring_seconds: 20,
            wrap_up_seconds: 10,
            max_wait_seconds: 600,
            max_callers: 50,
            greeting: None,
            music: None,
            announce_seconds: None,
            overflow: None,
        }
    }
}

impl Default for ConferenceSettings {
    fn default() -> Self {
        Self { max_members: 10, pin_set: false, pin: None }
    }
}

/// Present, even when `null`.
fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<Pin>>, D::Error> {
    Option::deserialize(from).map(Some)
}

impl UserSettings {
    fn show(user: &User, pin_set: bool) -> Self {
        Self {
            ring_seconds: user.ring_for.0,
            call_waiting: user.call_waiting,
            do_not_disturb: user.do_not_disturb,
            forwarding: user.forwarding.clone(),
            mailbox: user.mailbox.as_ref().map(|mailbox| MailboxSettings {
                greeting: mailbox.greeting.clone(),
                longest_seconds: mailbox.longest.0,
                mail: mailbox.mail,
                pin_set,
                pin: None,
            }),
            caller_id: user.caller_id.clone(),
            may_listen: user.may_listen,
        }
    }
}

impl ExtensionSettings {
    /// As people see it.
    pub(crate) fn show(kind: &Kind, pin_set: bool) -> Self {
        match kind {
            Kind::User(user) => Self::User(UserSettings::show(user, pin_set)),
            Kind::HuntGroup(group) => Self::HuntGroup(HuntGroupSettings {
                members: group.members.clone(),
                strategy: group.strategy,
                ring_seconds: group.ring_for.0,
                failed: group.failed.clone(),
            }),
            Kind::Queue(queue) => Self::Queue(QueueSettings {
                members: queue.members.clone(),
                strategy: queue.strategy,
                ring_seconds: queue.ring_for.0,
                wrap_up_seconds: queue.wrap_up.0,
                max_wait_seconds: queue.max_wait.0,
                max_callers: queue.max_callers,
                greeting: queue.greeting.clone(),
                music: queue.music,
                announce_seconds: queue.announce_every.map(|every| every.0),
                overflow: queue.overflow.clone(),
            }),
            Kind::Ivr { flow } => Self::Ivr(MenuSettings { flow: *flow }),
            Kind::Conference(room) => {
                Self::Conference(ConferenceSettings { max_members: room.max_members, pin_set, pin: None })
            }
            Kind::Voicemail { mailbox } => Self::Voicemail(VoicemailSettings { mailbox: *mailbox }),
            Kind::External { number } => Self::External(ExternalSettings { number: number.clone() }),
        }
    }
}

/// Settings as they were sent.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) kind: Kind,
    /// `None`: not spoken of; `Some(None)`: taken away.
    pub(crate) pin: Option<Option<Pin>>,
}

/// A new extension's settings; without any it is a person.
pub(crate) fn fresh(sent: Option<&Map<String, Value>>) -> Answer<Sent> {
    let empty = Map::new();
    let mut sent = sent.unwrap_or(&empty).clone();
    let kind = match sent.remove("kind") {
        None => ExtensionType::User,
        Some(kind) => parse(&kind).map_err(|refused| inside(refused, "/kind"))?,
    };
    read(kind, sent, None)
}

/// What becomes of the settings when these are sent.
pub(crate) fn changed(old: &Kind, sent: &Map<String, Value>) -> Answer<Sent> {
    let mut sent = sent.clone();
    if let Some(kind) = sent.remove("kind") {
        let kind: ExtensionType = parse(&kind).map_err(|refused| inside(refused, "/kind"))?;
        if kind != old.of() {
            let why = "An extension stays what it is: make another one, and remove this one.";
            return Err(Problem::field("/settings/kind", "kind_stays", why));
        }
    }
    let shown = serde_json::to_value(ExtensionSettings::show(old, false)).map_err(|_| Problem::internal())?;
    let Value::Object(mut now) = shown else { return Err(Problem::internal()) };
    now.remove("kind");
    merge(&mut now, &sent);
    read(old.of(), now, Some(old))
}

/// Merges a change (RFC 7396). `null` stays `null` where it is a PIN that is taken away.
fn merge(into: &mut Map<String, Value>, change: &Map<String, Value>) {
    for (name, value) in change {
        match (into.get_mut(name), value) {
            (_, Value::Null) if name != "pin" => {
                into.remove(name);
            }
            (Some(Value::Object(inner)), Value::Object(change)) if !change.contains_key("kind") => {
                merge(inner, change);
            }
            _ => {
                into.insert(name.clone(), value.clone());
            }
        }
    }
}

fn read(kind: ExtensionType, sent: Map<String, Value>, old: Option<&Kind>) -> Answer<Sent> {
    let sent = Value::Object(sent);
    let mut wrong = Ranges(Vec::new());
    let mut pin = None;
    let kind = match kind {
        ExtensionType::User => {
            let user: UserSettings = settings(&sent)?;
            let before = old.and_then(|old| if let Kind::User(user) = old { Some(user) } else { None });
            wrong.within("/ring_seconds", user.ring_seconds, 5, 120);
            if let Some(mailbox) = &user.mailbox {
                wrong.within("/mailbox/longest_seconds", mailbox.longest_seconds, 10, 600);
                pin.clone_from(&mailbox.pin);
            }
            Kind::User(User {
                devices: before.map(|user| user.devices.clone()).unwrap_or_default(),
                ring_for: Seconds(user.ring_seconds),
                call_waiting: user.call_waiting,
                do_not_disturb: user.do_not_disturb,
                forwarding: user.forwarding,
                mailbox: user.mailbox.map(|mailbox| Mailbox {
                    greeting: mailbox.greeting,
                    pin: mailbox.pin.flatten(),
                    longest: Seconds(mailbox.longest_seconds),
                    mail: mailbox.mail,
                }),
                caller_id: user.caller_id,
                may_listen: user.may_listen,
            })
        }
        ExtensionType::HuntGroup => {
            let group: HuntGroupSettings = settings(&sent)?;
            wrong.within("/ring_seconds", group.ring_seconds, 5, 120);
            wrong.members(&group.members);
            Kind::HuntGroup(HuntGroup {
                members: group.members,
                strategy: group.strategy,
                ring_for: Seconds(group.ring_seconds),
                failed: group.failed,
            })
        }
        ExtensionType::Queue => {
            let queue: QueueSettings = settings(&sent)?;
            wrong.within("/ring_seconds", queue.ring_seconds, 5, 120);
            wrong.within("/wrap_up_seconds", queue.wrap_up_seconds, 0, 600);
            wrong.within("/max_wait_seconds", queue.max_wait_seconds, 10, 7200);
            wrong.within("/max_callers", u32::from(queue.max_callers), 1, 1000);
            if let Some(every) = queue.announce_seconds {
                wrong.within("/announce_seconds", every, 15, 600);
            }
            wrong.members(&queue.members);
            Kind::Queue(Queue {
                members: queue.members,
                strategy: queue.strategy,
                ring_for: Seconds(queue.ring_seconds),
                wrap_up: Seconds(queue.wrap_up_seconds),
                max_wait: Seconds(queue.max_wait_seconds),
                max_callers: queue.max_callers,
                greeting: queue.greeting,
                music: queue.music,
                announce_every: queue.announce_seconds.map(Seconds),
                overflow: queue.overflow,
            })
        }
        ExtensionType::Ivr => Kind::Ivr { flow: settings::<MenuSettings>(&sent)?.flow },
        ExtensionType::Conference => {
            let room: ConferenceSettings = settings(&sent)?;
            wrong.within("/max_members", u32::from(room.max_members), 2, 50);
            pin.clone_from(&room.pin);
            Kind::Conference(Conference { pin: room.pin.flatten(), max_members: room.max_members })
        }
        ExtensionType::Voicemail => {
            Kind::Voicemail { mailbox: settings::<VoicemailSettings>(&sent)?.mailbox }
        }
        ExtensionType::External => Kind::External { number: settings::<ExternalSettings>(&sent)?.number },
    };
    if wrong.0.is_empty() { Ok(Sent { kind, pin }) } else { Err(Problem::invalid(wrong.0)) }
}

fn settings<T: DeserializeOwned>(sent: &Value) -> Answer<T> {
    parse(sent).map_err(|refused| inside(refused, ""))
}

fn inside(mut refused: FieldError, place: &str) -> Problem {
    refused.field = format!("/settings{place}{}", refused.field);
    Problem::invalid(vec![refused])
}

/// Numbers that are out of their range.
struct Ranges(Vec<FieldError>);

impl Ranges {
    fn within(&mut self, field: &str, value: u32, low: u32, high: u32) {
        if !(low..=high).contains(&value) {
            self.refuse(field, "range", format!("Write a number from {low} to {high}."));
        }
    }

    fn members(&mut self, members: &[Member]) {
        for (at, member) in members.iter().enumerate() {
            self.within(&format!("/members/{at}/tier"), u32::from(member.tier), 1, 9);
            if members[..at].iter().any(|other| other.extension == member.extension) {
                let why = "This extension is a member already.".to_owned();
                self.refuse(&format!("/members/{at}/extension"), "member_twice", why);
            }
        }
    }

    fn refuse(&mut self, field: &str, code: &'static str, message: String) {
        self.0.push(FieldError { field: format!("/settings{field}"), code: code.into(), message });
    }
}
