//! What is wrong or unwise in a snapshot, before anyone calls.
//!
//! Every claim is exact: a rule is called shadowed only when no call of any day, minute, caller and
//! number is left to it. What a person can try out comes with a call that shows it.

mod bits;
mod callers;
mod cover;
mod flows;
mod graph;
mod nobody;
mod notice;
mod references;
mod rules;
mod setup;
mod words;

pub use nobody::{Silence, Span};

use crate::calendar::Date;
use crate::diff::RuleRef;
use crate::extension::{Extension, ExtensionType};
use crate::ivr::NodeId;
use crate::reason::Feature;
use crate::routing::RuleId;
use crate::snapshot::{Features, Snapshot};
use crate::story::Story;
use serde::{Deserialize, Serialize};
use voxera_model::{DeviceId, ExtensionNumber, FlowId, Key, Locale, Name, PhoneNumber};

/// How bad a finding is. Ordered: `Error` is the worst and the smallest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Severity {
    /// Calls fail, or the law is broken. Nothing is published.
    Error,
    /// Somebody will be surprised.
    Warning,
    /// Not finished yet, or worth a look.
    Hint,
}

/// One thing to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub severity: Severity,
    #[serde(flatten)]
    pub problem: Problem,
    /// `None`: the PBX as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spot: Option<Spot>,
    /// A call that shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<Story>,
}

/// Where something was found, with the names that people know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Spot {
    Rule { rule: RuleId, name: Name },
    Flow { flow: FlowId, name: Name },
    Node { flow: FlowId, flow_name: Name, node: NodeId, name: Name },
    Extension { extension: ExtensionNumber, name: Name },
    Number { number: PhoneNumber },
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Problem {
    /// Only emergency calls start.
    Suspended,
    /// Nobody can be called.
    NoExtensions,
    /// Calls to it end at once.
    ExtensionWithoutPhone { extension: ExtensionNumber },
    /// Someone who dials for help in a hurry may reach it instead of help.
    LooksLikeEmergency { extension: ExtensionNumber },
    /// Whoever dials the public service reaches a colleague.
    HidesPublicService { extension: ExtensionNumber, service: PublicService },
    /// Outside 5 to 120 seconds; calls ring for the nearest of these.
    RingTimeOutOfRange { extension: ExtensionNumber, seconds: u32 },
    /// One phone rings for two extensions.
    PhoneShared { device: DeviceId, first: ExtensionNumber, second: ExtensionNumber },
    /// Two numbers for what is one extension: its calls are counted together.
    ExtensionTwice { first: ExtensionNumber, second: ExtensionNumber },
    /// Callers of this number are told that it is not in use.
    NumberLeadsNowhere { number: PhoneNumber },
    /// The extension it leads to is gone.
    NumberLeadsToMissing { number: PhoneNumber },
    /// It leads to an extension that has no phone.
    NumberLeadsToNoPhone { number: PhoneNumber, extension: ExtensionNumber },
    /// Connected with the public network, and no line carries 112.
    NoEmergencyLine,
    /// It sends calls out, and there is no line.
    NoOutsideLine,
    /// A rule or a menu sends calls nowhere.
    LeadsNowhere,
    /// It points to an extension that does not exist.
    MissingExtension,
    /// It points to a menu that does not exist or was never published.
    MissingFlow,
    /// It plays a sound that does not exist.
    MissingAudio,
    /// It leads to the mailbox of an extension that has none.
    NoMailbox { extension: ExtensionNumber },
    /// It points to an extension of a kind that does not fit there.
    WrongKind { extension: ExtensionNumber },
    /// It uses what is switched off or not in the licence.
    FeatureOff { feature: Feature },
    /// A group or queue without anybody.
    NoMembers,
    /// A group or queue whose members have no phones.
    NoMemberWithPhone,
    /// Calls are sent round in a circle: the names, the first again at the end. Not `always`: when
    /// nobody on the way takes the call.
    ForwardingLoop { path: Vec<String>, always: bool },
    /// A call from outside can come to a recording without having been told: the names on the way.
    RecordingWithoutNotice { path: Vec<String> },
    /// The menu does not say where callers begin.
    NoEntry,
    /// A way out leads to a node that does not exist.
    MissingNode { exit: Exit },
    /// A way out leads nowhere: the call ends there.
    DeadEnd { exit: Exit },
    /// No caller can come here.
    UnreachableNode,
    /// Round and round without a chance to do anything: the names, the first again at the end.
    LoopWithoutWait { path: Vec<String> },
    /// A menu in which no key does anything.
    MenuWithoutKeys,
    /// This version has no voice agents: the node goes on at `unavailable`.
    AgentNotAvailable,
    /// No call can meet all conditions of the rule: `part` contradicts itself.
    NeverHolds { part: Part },
    /// All its dates are in the past.
    DatesPassed,
    /// Rules before it take every call that it would take. None of them can be left out.
    Shadowed { by: Vec<RuleRef> },
    /// The rules before it are so many and so entangled that nobody knows whether it is ever used.
    NotProved,
    /// Rules take every call to the number, so that none goes where the number leads.
    NumberHidden { by: Vec<RuleRef> },
    /// A rule names a number that the PBX does not have.
    NumberNotOwn,
    /// A caller's number is no number.
    NotACaller { written: String },
    /// The branch of a condition (1 is the first) never holds.
    BranchNeverHolds { branch: usize, part: Part },
    /// Branches before it take every call.
    BranchShadowed { branch: usize, by: Vec<usize> },
    /// Callers of a number reach nobody, `always` or in these minutes.
    ReachesNobody { always: bool, silence: Silence },
}

/// A way out of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Exit {
    Next,
    Key {
        key: Key,
    },
    Timeout,
    Invalid,
    /// 1 is the first.
    Branch {
        branch: usize,
    },
    Otherwise,
    Unavailable,
}

/// What a rule speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Days,
    Times,
    Dialled,
    Caller,
}

/// Short public numbers that an extension can hide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PublicService {
    /// 1177: advice from a nurse.
    HealthCare,
    /// 114 14: the police, when it is not urgent.
    Police,
    /// 113 13: information at accidents and crises.
    CrisisInformation,
}

/// Days that calls can be made on.
#[derive(Debug, Clone, Copy)]
struct Window {
    from: Date,
    to: Date,
}

/// Everything to look at, the worst first, in a stable order, whatever the date. Empty: nothing.
#[must_use]
pub fn check(snapshot: &Snapshot) -> Vec<Finding> {
    // Numbers are looked at in an ordinary stretch of time; rules in all of it.
    in_window(snapshot, Window { from: Date::FIRST, to: Date::LAST }, Date::ORDINARY)
}

/// The same for calls from a day on: rules whose dates have passed are found too.
#[must_use]
pub fn check_from(snapshot: &Snapshot, today: Date) -> Vec<Finding> {
    in_window(snapshot, Window { from: today, to: Date::LAST.max(today) }, today)
}

fn in_window(snapshot: &Snapshot, window: Window, sample: Date) -> Vec<Finding> {
    let mut findings = Vec::new();
    setup::check(snapshot, &mut findings);
    rules::check(snapshot, window, &mut findings);
    flows::check(snapshot, window, &mut findings);
    graph::circles(snapshot, &mut findings);
    notice::check(snapshot, &mut findings);
    nobody::check(snapshot, sample, &mut findings);
    findings.sort_by_key(|finding| finding.severity);
    findings
}

/// Whether nothing that was found stops a publish.
#[must_use]
pub fn publishable(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.severity != Severity::Error)
}

impl Spot {
    fn extension(number: &ExtensionNumber, extension: &Extension) -> Self {
        Self::Extension { extension: number.clone(), name: extension.name.clone() }
    }
}

impl Exit {
    /// Whether it is usual to leave it open: after some tries the call ends.
    const fn may_end(self) -> bool {
        matches!(self, Self::Timeout | Self::Invalid)
    }
}

impl Feature {
    /// What an extension of a kind needs.
    const fn of(kind: ExtensionType) -> Option<Self> {
        match kind {
            ExtensionType::Queue => Some(Self::Queues),
            ExtensionType::HuntGroup => Some(Self::HuntGroups),
            ExtensionType::Conference => Some(Self::Conferencing),
            ExtensionType::Voicemail => Some(Self::Voicemail),
            ExtensionType::User | ExtensionType::Ivr | ExtensionType::External => None,
        }
    }

    const fn is_on(self, features: Features) -> bool {
        match self {
            Self::Queues => features.queues,
            Self::HuntGroups => features.hunt_groups,
            Self::Voicemail => features.voicemail,
            Self::Conferencing => features.conferencing,
            Self::Recording => features.recording,
        }
    }
}

impl PublicService {
    fn of(number: &str) -> Option<Self> {
        match number {
            "1177" => Some(Self::HealthCare),
            "11414" => Some(Self::Police),
            "11313" => Some(Self::CrisisInformation),
            _ => None,
        }
    }
}

impl Finding {
    /// The place, the problem and its cure, for people.
    #[must_use]
    pub fn say(&self, locale: Locale) -> String {
        let problem = self.problem.say(locale);
        match &self.spot {
            Some(spot) if !self.problem.names_its_place() => format!("{}: {problem}", spot.say(locale)),
            Some(_) | None => problem,
        }
    }
}
