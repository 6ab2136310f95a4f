//! A scenario as it is written in a file, and what it sets up.

use super::happening::Happening;
use super::ids::{self, Names};
use super::menu::FileMenu;
use crate::calendar::{Date, LocalTime, TimeOfDay};
use crate::extension::{
    Conference, Extension, Forwarding, HuntGroup, Kind, Mailbox, Member, Queue, RecordingPolicy, Strategy,
    User,
};
use crate::facts::{Availability, Facts, MemberFacts, MessageFacts, ParkedCall, QueueFacts, RingingCall};
use crate::parking::ParkSlot;
use crate::routing::{Condition, Destination, Rule, RuleId};
use crate::snapshot::{Features, Snapshot, Trunk};
use crate::sound::{Prompt, SpokenText};
use serde::Deserialize;
use std::collections::BTreeMap;
use voxera_model::{
    AudioId, CallId, DeviceId, ExtensionId, ExtensionNumber, FlowId, Locale, MessageId, Name, PhoneNumber,
    Pin, Seconds, Status, TrunkId,
};

/// Anything wrong in a file, as a sentence.
pub(super) type Wrong = String;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub story: String,
    #[serde(default = "active")]
    status: Status,
    /// Of the PBX; Swedish unless said.
    language: Option<Locale>,
    /// The PBX's time when the call begins, `2026-11-20 10:30`; a Friday morning unless said.
    at: Option<String>,
    #[serde(default)]
    premium_allowed: bool,
    caller_id: Option<PhoneNumber>,
    /// Hold music; see [`prompt`] for names.
    music: Option<String>,
    #[serde(default)]
    features: Features,
    #[serde(default)]
    trunks: BTreeMap<String, FileTrunk>,
    #[serde(default)]
    extensions: BTreeMap<ExtensionNumber, FileExtension>,
    /// Public number to destination.
    #[serde(default)]
    numbers: BTreeMap<String, String>,
    #[serde(default)]
    rules: Vec<FileRule>,
    #[serde(default)]
    menus: BTreeMap<String, FileMenu>,
    /// Calls that ring elsewhere, the longest first: a name for each, and whose phone it is.
    #[serde(default)]
    ringing: Vec<FileRinging>,
    /// Calls that are parked: a name for each, and its slot.
    #[serde(default)]
    parked: Vec<FileParked>,
    pub steps: Vec<FileStep>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileStep {
    pub event: Happening,
    /// Seconds since the call began; as before unless said.
    pub clock: Option<f64>,
    /// What is otherwise than before the last step.
    #[serde(default)]
    pub change: BTreeMap<ExtensionNumber, FileChange>,
    #[serde(default)]
    pub does: Vec<String>,
    #[serde(default)]
    pub then: String,
    #[serde(default)]
    pub sv: Vec<String>,
    #[serde(default)]
    pub en: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileTrunk {
    #[serde(default)]
    emergency: bool,
    #[serde(default = "yes")]
    up: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRinging {
    call: String,
    extension: ExtensionNumber,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileParked {
    call: String,
    slot: ParkSlot,
}

#[derive(Deserialize, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum FileKind {
    #[default]
    User,
    HuntGroup,
    Queue,
    Ivr,
    Conference,
    Voicemail,
    External,
}

/// One extension of any kind; what does not belong to the kind is not looked at.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileExtension {
    name: Name,
    #[serde(default)]
    kind: FileKind,
    phones: Option<u16>,
    ring_seconds: Option<u32>,
    #[serde(default = "yes")]
    call_waiting: bool,
    #[serde(default)]
    do_not_disturb: bool,
    #[serde(default)]
    may_listen: bool,
    caller_id: Option<PhoneNumber>,
    mailbox: Option<FileMailbox>,
    #[serde(default)]
    forwarding: FileForwarding,
    /// The notice; `""` records without one.
    recording: Option<String>,
    /// `1001`, or `1002 tier 2`.
    #[serde(default)]
    members: Vec<String>,
    strategy: Option<Strategy>,
    failed: Option<String>,
    overflow: Option<String>,
    wrap_up: Option<u32>,
    max_wait: Option<u32>,
    max_callers: Option<u16>,
    greeting: Option<String>,
    music: Option<String>,
    announce_every: Option<u32>,
    menu: Option<String>,
    pin: Option<Pin>,
    max_members: Option<u16>,
    /// Whose mailbox a voicemail extension is.
    of: Option<ExtensionNumber>,
    number: Option<PhoneNumber>,
    #[serde(flatten)]
    facts: FileFacts,
}

/// The same alone, where a word that means nothing is a mistake.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileChange {
    #[serde(flatten)]
    pub facts: FileFacts,
}

/// What can change during a call.
#[derive(Deserialize, Default, Clone)]
#[serde(default)]
pub(super) struct FileFacts {
    online: Option<u16>,
    calls: Option<u16>,
    talking: Option<u16>,
    /// Of a queue.
    waiting: Option<u16>,
    ahead: Option<u16>,
    last: Option<ExtensionNumber>,
    history: BTreeMap<ExtensionNumber, MemberFacts>,
    /// Members of a conference.
    joined: Option<u16>,
    messages: Option<Vec<FileMessage>>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct FileMessage {
    name: String,
    /// As people write it; left out: withheld.
    from: Option<String>,
    at: String,
    #[serde(default)]
    heard: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileMailbox {
    greeting: Option<String>,
    pin: Option<Pin>,
    #[serde(default = "two_minutes")]
    longest: u32,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct FileForwarding {
    always: Option<String>,
    busy: Option<String>,
    no_answer: Option<String>,
    offline: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRule {
    name: Name,
    #[serde(default = "yes")]
    enabled: bool,
    #[serde(default)]
    when: Vec<Condition>,
    play: Option<String>,
    to: String,
}

const fn active() -> Status {
    Status::Active
}

const fn yes() -> bool {
    true
}

const fn two_minutes() -> u32 {
    120
}

pub(super) fn extension_id(number: &ExtensionNumber) -> ExtensionId {
    ExtensionId(ids::of_extension(1, number, 0))
}

fn number(text: &str) -> Result<ExtensionNumber, Wrong> {
    ExtensionNumber::parse(text).map_err(|error| format!("{text:?}: {error}"))
}

/// `2026-11-20 10:30`.
pub(super) fn local_time(text: &str) -> Result<LocalTime, Wrong> {
    let wrong = || format!("{text:?} is no time such as 2026-11-20 10:30");
    let (day, minute) = text.split_once(' ').ok_or_else(wrong)?;
    let day = Date::parse(day).map_err(|_| wrong())?;
    let minute = TimeOfDay::parse(minute).map_err(|_| wrong())?;
    Ok(LocalTime { day: day.days(), minute: minute.minute() })
}

/// A text to be read aloud; `sound: name` is an uploaded sound.
pub(super) fn prompt(names: &mut Names, text: &str) -> Result<Prompt, Wrong> {
    if text.starts_with("sound: ") {
        return Ok(Prompt::Audio { audio: audio(names, text) });
    }
    let text = SpokenText::parse(text).map_err(|error| format!("{text:?}: {error}"))?;
    Ok(Prompt::Speech { text })
}

fn audio(names: &mut Names, text: &str) -> AudioId {
    AudioId(names.note(text))
}

fn flow(names: &mut Names, name: &str) -> FlowId {
    FlowId(names.note(name))
}

/// `1001`, `menu main`, `voicemail 1001`, `outside 070-174 06 05`, `hang up`, or `""` for nowhere.
pub(super) fn destination(names: &mut Names, text: &str) -> Result<Destination, Wrong> {
    if text.is_empty() {
        return Ok(Destination::Nowhere);
    }
    if text == "hang up" {
        return Ok(Destination::Hangup);
    }
    if let Some(name) = text.strip_prefix("menu ") {
        return Ok(Destination::Ivr { flow: flow(names, name) });
    }
    if let Some(of) = text.strip_prefix("voicemail ") {
        return Ok(Destination::Voicemail { mailbox: extension_id(&number(of)?) });
    }
    if let Some(outside) = text.strip_prefix("outside ") {
        let number = PhoneNumber::parse(outside).map_err(|error| format!("{text:?}: {error}"))?;
        return Ok(Destination::Outside { number });
    }
    Ok(Destination::Extension { extension: extension_id(&number(text)?) })
}

pub(super) fn maybe<T>(
    names: &mut Names,
    text: Option<&String>,
    read: fn(&mut Names, &str) -> Result<T, Wrong>,
) -> Result<Option<T>, Wrong> {
    text.map(|text| read(names, text)).transpose()
}

impl File {
    /// Fills the snapshot and the facts before the call.
    pub fn set_up(&self, names: &mut Names, snapshot: &mut Snapshot, facts: &mut Facts) -> Result<(), Wrong> {
        snapshot.status = self.status;
        snapshot.language = self.language.unwrap_or(Locale::Sv);
        snapshot.features = self.features;
        snapshot.premium_allowed = self.premium_allowed;
        snapshot.caller_id.clone_from(&self.caller_id);
        snapshot.music = self.music.as_ref().map(|name| audio(names, name));
        facts.now = local_time(self.at.as_deref().unwrap_or("2026-11-20 10:30"))?;
        for (name, trunk) in &self.trunks {
            let id = TrunkId(names.note(name));
            let called = Name::parse(name).map_err(|error| error.to_string())?;
            snapshot.trunks.push(Trunk { id, name: called, emergency: trunk.emergency });
            if trunk.up {
                facts.lines.push(id);
            }
        }
        for (number, extension) in &self.extensions {
            let built = extension.build(names, number)?;
            extension.facts.apply(names, built.id, facts)?;
            snapshot.extensions.insert(number.clone(), built);
        }
        for (number, to) in &self.numbers {
            let parsed = PhoneNumber::parse(number).map_err(|error| format!("{number:?}: {error}"))?;
            snapshot.numbers.insert(parsed, destination(names, to)?);
        }
        for (rule, nth) in self.rules.iter().zip(1_u32..) {
            snapshot.rules.push(Rule {
                id: RuleId::parse(&format!("rule-{nth}")).map_err(|error| error.to_string())?,
                name: rule.name.clone(),
                priority: nth,
                enabled: rule.enabled,
                conditions: rule.when.clone(),
                play: maybe(names, rule.play.as_ref(), prompt)?,
                to: destination(names, &rule.to)?,
            });
        }
        for (name, menu) in &self.menus {
            let id = flow(names, name);
            snapshot.ivrs.insert(id, menu.build(names, name)?);
        }
        for ringing in &self.ringing {
            let call = CallId(names.note(&ringing.call));
            facts.ringing.push(RingingCall { call, extension: ringing.extension.clone() });
        }
        for parked in &self.parked {
            facts.parked.push(ParkedCall { slot: parked.slot, call: CallId(names.note(&parked.call)) });
        }
        snapshot.index();
        Ok(())
    }
}

impl FileExtension {
    fn build(&self, names: &mut Names, number: &ExtensionNumber) -> Result<Extension, Wrong> {
        let recording = match self.recording.as_deref() {
            None => None,
            Some("") => Some(RecordingPolicy { notice: None }),
            Some(notice) => Some(RecordingPolicy { notice: Some(prompt(names, notice)?) }),
        };
        let kind = match self.kind {
            FileKind::User => Kind::User(self.user(names, number)?),
            FileKind::HuntGroup => Kind::HuntGroup(HuntGroup {
                members: self.members()?,
                strategy: self.strategy.unwrap_or(Strategy::RingAll),
                ring_for: Seconds(self.ring_seconds.unwrap_or(20)),
                failed: maybe(names, self.failed.as_ref(), destination)?,
            }),
            FileKind::Queue => Kind::Queue(Queue {
                members: self.members()?,
                strategy: self.strategy.unwrap_or(Strategy::RingAll),
                ring_for: Seconds(self.ring_seconds.unwrap_or(20)),
                wrap_up: Seconds(self.wrap_up.unwrap_or(0)),
                max_wait: Seconds(self.max_wait.unwrap_or(600)),
                max_callers: self.max_callers.unwrap_or(20),
                greeting: maybe(names, self.greeting.as_ref(), prompt)?,
                music: self.music.as_ref().map(|name| audio(names, name)),
                announce_every: self.announce_every.map(Seconds),
                overflow: maybe(names, self.overflow.as_ref(), destination)?,
            }),
            FileKind::Ivr => Kind::Ivr { flow: flow(names, self.menu.as_deref().unwrap_or_default()) },
            FileKind::Conference => Kind::Conference(Conference {
                pin: self.pin.clone(),
                max_members: self.max_members.unwrap_or(10),
            }),
            FileKind::Voicemail => {
                let of = self.of.as_ref().ok_or_else(|| format!("{number}: `of` is missing"))?;
                Kind::Voicemail { mailbox: extension_id(of) }
            }
            FileKind::External => {
                let outside = self.number.clone();
                Kind::External { number: outside.ok_or_else(|| format!("{number}: `number` is missing"))? }
            }
        };
        Ok(Extension { id: extension_id(number), name: self.name.clone(), kind, recording })
    }

    fn user(&self, names: &mut Names, number: &ExtensionNumber) -> Result<User, Wrong> {
        let phones = self.phones.unwrap_or(self.facts.online.unwrap_or(0).max(1));
        let mailbox = match &self.mailbox {
            None => None,
            Some(mailbox) => Some(Mailbox {
                greeting: maybe(names, mailbox.greeting.as_ref(), prompt)?,
                pin: mailbox.pin.clone(),
                longest: Seconds(mailbox.longest),
                mail: true,
            }),
        };
        Ok(User {
            devices: (0..phones).map(|n| DeviceId(ids::of_extension(2, number, n))).collect(),
            ring_for: Seconds(self.ring_seconds.unwrap_or(25)),
            call_waiting: self.call_waiting,
            do_not_disturb: self.do_not_disturb,
            forwarding: Forwarding {
                always: maybe(names, self.forwarding.always.as_ref(), destination)?,
                busy: maybe(names, self.forwarding.busy.as_ref(), destination)?,
                no_answer: maybe(names, self.forwarding.no_answer.as_ref(), destination)?,
                offline: maybe(names, self.forwarding.offline.as_ref(), destination)?,
            },
            mailbox,
            caller_id: self.caller_id.clone(),
            may_listen: self.may_listen,
        })
    }

    fn members(&self) -> Result<Vec<Member>, Wrong> {
        let member = |text: &String| {
            let (extension, tier) = text.split_once(" tier ").unwrap_or((text, "1"));
            let tier = tier.parse().map_err(|_| format!("{text:?}: no such tier"))?;
            Ok(Member { extension: extension_id(&number(extension)?), tier })
        };
        self.members.iter().map(member).collect()
    }
}

impl FileFacts {
    pub fn apply(&self, names: &mut Names, id: ExtensionId, facts: &mut Facts) -> Result<(), Wrong> {
        if self.online.is_some() || self.calls.is_some() || self.talking.is_some() {
            let known: &mut Availability = facts.extensions.entry(id).or_default();
            known.online = self.online.unwrap_or(known.online);
            known.calls = self.calls.unwrap_or(known.calls);
            known.talking = self.talking.unwrap_or(known.talking);
        }
        if self.waiting.is_some() || self.ahead.is_some() || self.last.is_some() || !self.history.is_empty() {
            let known: &mut QueueFacts = facts.queues.entry(id).or_default();
            known.waiting = self.waiting.unwrap_or(known.waiting);
            known.ahead = self.ahead.unwrap_or(known.ahead);
            known.last = self.last.as_ref().map(extension_id).or(known.last);
            known.members.extend(self.history.iter().map(|(member, of)| (extension_id(member), *of)));
        }
        if let Some(joined) = self.joined {
            facts.rooms.insert(id, joined);
        }
        if let Some(messages) = &self.messages {
            let message = |message: &FileMessage| {
                Ok(MessageFacts {
                    message: MessageId(names.note(&message.name)),
                    heard: message.heard,
                    from: message.from.clone(),
                    received: local_time(&message.at)?,
                })
            };
            let messages: Result<Vec<MessageFacts>, Wrong> = messages.iter().map(message).collect();
            facts.mailboxes.insert(id, messages?);
        }
        Ok(())
    }
}
