//! What is wrong or unwise in a snapshot, before anyone calls.

use crate::routing::Destination;
use crate::snapshot::Snapshot;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use voxera_model::{DeviceId, ExtensionId, ExtensionNumber, Locale, PhoneNumber, Status};

/// How bad a finding is. Ordered: `Error` is the worst and the smallest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Calls fail.
    Error,
    /// Somebody will be surprised.
    Warning,
    /// Not finished yet.
    Hint,
}

/// One thing to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub severity: Severity,
    #[serde(flatten)]
    pub problem: Problem,
}

/// What was found, and where.
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

/// Everything to look at, the worst first, in a stable order. Empty: nothing.
#[must_use]
pub fn check(snapshot: &Snapshot) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |severity, problem| findings.push(Finding { severity, problem });
    match snapshot.status {
        Status::Active => {}
        Status::Suspended => add(Severity::Warning, Problem::Suspended),
    }
    if snapshot.extensions.is_empty() {
        add(Severity::Hint, Problem::NoExtensions);
    }
    let mut phones: BTreeMap<DeviceId, &ExtensionNumber> = BTreeMap::new();
    let mut ids: BTreeMap<ExtensionId, &ExtensionNumber> = BTreeMap::new();
    for (number, extension) in &snapshot.extensions {
        if extension.user().is_some_and(|user| user.devices.is_empty()) {
            add(Severity::Warning, Problem::ExtensionWithoutPhone { extension: number.clone() });
        }
        if looks_like_emergency(number.as_str()) {
            add(Severity::Warning, Problem::LooksLikeEmergency { extension: number.clone() });
        }
        if let Some(service) = PublicService::of(number.as_str()) {
            add(Severity::Warning, Problem::HidesPublicService { extension: number.clone(), service });
        }
        if let Some(seconds) =
            extension.user().map(|user| user.ring_for.0).filter(|seconds| !(5..=120).contains(seconds))
        {
            add(Severity::Error, Problem::RingTimeOutOfRange { extension: number.clone(), seconds });
        }
        for device in extension.devices() {
            if let Some(first) = phones.insert(*device, number).filter(|first| *first != number) {
                let (first, second) = (first.clone(), number.clone());
                add(Severity::Error, Problem::PhoneShared { device: *device, first, second });
            }
        }
        if let Some(first) = ids.insert(extension.id, number) {
            let (first, second) = (first.clone(), number.clone());
            add(Severity::Error, Problem::ExtensionTwice { first, second });
        }
    }
    for (number, destination) in &snapshot.numbers {
        let number = number.clone();
        match destination {
            Destination::Nowhere => add(Severity::Warning, Problem::NumberLeadsNowhere { number }),
            Destination::Extension { extension: id } => match snapshot.extension(*id) {
                None => add(Severity::Error, Problem::NumberLeadsToMissing { number }),
                Some((target, found)) if found.user().is_some_and(|user| user.devices.is_empty()) => add(
                    Severity::Warning,
                    Problem::NumberLeadsToNoPhone { number, extension: target.clone() },
                ),
                Some(_) => {}
            },
            Destination::Ivr { .. }
            | Destination::Voicemail { .. }
            | Destination::Outside { .. }
            | Destination::Hangup => {}
        }
    }
    findings.sort_by_key(|finding| finding.severity);
    findings
}

/// `112` behind one digit for an outside line, or the start of what visitors dial.
fn looks_like_emergency(number: &str) -> bool {
    (number.len() == 4 && number.ends_with("112")) || number.starts_with("911") || number.starts_with("999")
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

    const fn name(self, locale: Locale) -> &'static str {
        match (self, locale) {
            (Self::HealthCare, Locale::Sv) => "Vårdguiden 1177",
            (Self::HealthCare, Locale::En) => "1177, the health care line",
            (Self::Police, Locale::Sv) => "polisens 114 14",
            (Self::Police, Locale::En) => "114 14, the police",
            (Self::CrisisInformation, Locale::Sv) => "informationsnumret 113 13",
            (Self::CrisisInformation, Locale::En) => "113 13, the crisis information line",
        }
    }
}

impl Finding {
    /// The finding and its cure, for people.
    #[must_use]
    pub fn say(&self, locale: Locale) -> String {
        match locale {
            Locale::Sv => self.problem.swedish(),
            Locale::En => self.problem.english(),
        }
    }
}

impl Problem {
    fn swedish(&self) -> String {
        match self {
            Self::Suspended => "Växeln är avstängd: bara nödsamtal till 112 går fram.".into(),
            Self::NoExtensions => "Växeln har inga anknytningar. Lägg till den första.".into(),
            Self::ExtensionWithoutPhone { extension } => {
                format!(
                    "Anknytning {extension} har ingen telefon. Lägg till en, annars går den inte att ringa."
                )
            }
            Self::LooksLikeEmergency { extension } => format!(
                "Anknytning {extension} liknar ett nödnummer: den som ringer efter hjälp kan hamna fel. Välj ett annat nummer."
            ),
            Self::HidesPublicService { extension, service } => format!(
                "Anknytning {extension} skymmer {}: den som slår numret når en kollega. Välj ett annat nummer.",
                service.name(Locale::Sv)
            ),
            Self::RingTimeOutOfRange { extension, seconds } => format!(
                "Anknytning {extension} ska ringa i {seconds} sekunder. Välj mellan 5 och 120 sekunder."
            ),
            Self::PhoneShared { first, second, .. } => {
                format!("Samma telefon hör till både {first} och {second}. Låt den höra till en av dem.")
            }
            Self::ExtensionTwice { first, second } => {
                format!("{first} och {second} är samma anknytning. Ta bort den ena.")
            }
            Self::NumberLeadsNowhere { number } => {
                format!("{} leder ingenstans. Välj vilken anknytning som ska ringa.", number.national())
            }
            Self::NumberLeadsToMissing { number } => {
                format!("{} leder till något som inte finns. Välj ett annat mål.", number.national())
            }
            Self::NumberLeadsToNoPhone { number, extension } => format!(
                "{} leder till anknytning {extension}, som inte har någon telefon.",
                number.national()
            ),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::Suspended => {
                "The phone system is suspended: only emergency calls to 112 go through.".into()
            }
            Self::NoExtensions => "The phone system has no extensions. Add the first one.".into(),
            Self::ExtensionWithoutPhone { extension } => {
                format!("Extension {extension} has no phone. Add one, or it cannot be called.")
            }
            Self::LooksLikeEmergency { extension } => format!(
                "Extension {extension} looks like an emergency number: someone who calls for help may end up there. Choose another number."
            ),
            Self::HidesPublicService { extension, service } => format!(
                "Extension {extension} hides {}: whoever dials it reaches a colleague. Choose another number.",
                service.name(Locale::En)
            ),
            Self::RingTimeOutOfRange { extension, seconds } => format!(
                "Extension {extension} is to ring for {seconds} seconds. Choose between 5 and 120 seconds."
            ),
            Self::PhoneShared { first, second, .. } => {
                format!("The same phone belongs to both {first} and {second}. Let it belong to one of them.")
            }
            Self::ExtensionTwice { first, second } => {
                format!("{first} and {second} are the same extension. Remove one of them.")
            }
            Self::NumberLeadsNowhere { number } => {
                format!("{} does not lead anywhere. Choose the extension that is to ring.", number.national())
            }
            Self::NumberLeadsToMissing { number } => {
                format!(
                    "{} leads to something that does not exist. Choose another target.",
                    number.national()
                )
            }
            Self::NumberLeadsToNoPhone { number, extension } => {
                format!("{} leads to extension {extension}, which has no phone.", number.national())
            }
        }
    }
}
