//! What is wrong with extensions and numbers by themselves.

use super::nobody::has_phones;
use super::references::References;
use super::{Finding, Problem, PublicService, Severity, Spot};
use crate::extension::{Extension, Kind};
use crate::reason::Feature;
use crate::routing::Destination;
use crate::snapshot::Snapshot;
use std::collections::BTreeMap;
use voxera_model::{DeviceId, ExtensionId, ExtensionNumber, Status};

pub(super) fn check(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    let mut add = |severity, problem| {
        findings.push(Finding { severity, problem, spot: None, witness: None });
    };
    match snapshot.status {
        Status::Active => {}
        Status::Suspended => add(Severity::Warning, Problem::Suspended),
    }
    if snapshot.extensions.is_empty() {
        add(Severity::Hint, Problem::NoExtensions);
    }
    let connected = !snapshot.numbers.is_empty() || !snapshot.trunks.is_empty();
    if connected && !snapshot.trunks.iter().any(|trunk| trunk.emergency) {
        add(Severity::Warning, Problem::NoEmergencyLine);
    }
    if let Some(problem) = snapshot.music.and_then(|music| References { snapshot }.audio(music)) {
        add(Severity::Error, problem);
    }
    let mut phones: BTreeMap<DeviceId, &ExtensionNumber> = BTreeMap::new();
    let mut ids: BTreeMap<ExtensionId, &ExtensionNumber> = BTreeMap::new();
    for (number, extension) in &snapshot.extensions {
        let mut add = |severity, problem| {
            let spot = Some(Spot::extension(number, extension));
            findings.push(Finding { severity, problem, spot, witness: None });
        };
        alone(snapshot, number, extension, &mut add);
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
    numbers(snapshot, findings);
}

/// What is wrong with one extension by itself.
fn alone(
    snapshot: &Snapshot,
    number: &ExtensionNumber,
    extension: &Extension,
    add: &mut impl FnMut(Severity, Problem),
) {
    if extension.user().is_some_and(|user| user.devices.is_empty()) {
        add(Severity::Warning, Problem::ExtensionWithoutPhone { extension: number.clone() });
    }
    if looks_like_emergency(number.as_str()) {
        add(Severity::Warning, Problem::LooksLikeEmergency { extension: number.clone() });
    }
    if let Some(service) = PublicService::of(number.as_str()) {
        add(Severity::Warning, Problem::HidesPublicService { extension: number.clone(), service });
    }
    let (ring_for, members) = match &extension.kind {
        Kind::User(user) => (Some(user.ring_for), None),
        Kind::HuntGroup(group) => (Some(group.ring_for), Some(&group.members)),
        Kind::Queue(queue) => (Some(queue.ring_for), Some(&queue.members)),
        Kind::Ivr { .. } | Kind::Conference(_) | Kind::Voicemail { .. } | Kind::External { .. } => {
            (None, None)
        }
    };
    if let Some(seconds) = ring_for.map(|seconds| seconds.0).filter(|seconds| !(5..=120).contains(seconds)) {
        add(Severity::Error, Problem::RingTimeOutOfRange { extension: number.clone(), seconds });
    }
    match members {
        Some(members) if members.is_empty() => add(Severity::Warning, Problem::NoMembers),
        Some(members) if !has_phones(snapshot, members) => {
            add(Severity::Warning, Problem::NoMemberWithPhone);
        }
        Some(_) | None => {}
    }
    for feature in Feature::of(extension.kind.of())
        .into_iter()
        .chain(extension.recording.as_ref().map(|_| Feature::Recording))
    {
        if !feature.is_on(snapshot.features) {
            add(Severity::Warning, Problem::FeatureOff { feature });
        }
    }
    let references = References { snapshot };
    for problem in references.of_extension(&extension.kind) {
        // What is off or has no line may come; what is missing does not.
        let may_come = matches!(problem, Problem::FeatureOff { .. } | Problem::NoOutsideLine);
        let severity = if may_come { Severity::Warning } else { Severity::Error };
        add(severity, problem);
    }
    if let Some(problem) =
        extension.recording.as_ref().and_then(|policy| references.prompt(policy.notice.as_ref()?))
    {
        add(Severity::Error, problem);
    }
}

fn numbers(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    for (number, destination) in &snapshot.numbers {
        let spot = Some(Spot::Number { number: number.clone() });
        let number = number.clone();
        let found = match destination {
            Destination::Nowhere => Some((Severity::Warning, Problem::NumberLeadsNowhere { number })),
            Destination::Extension { extension: id } => match snapshot.extension(*id) {
                None => Some((Severity::Error, Problem::NumberLeadsToMissing { number })),
                Some((target, found)) if found.user().is_some_and(|user| user.devices.is_empty()) => {
                    let extension = target.clone();
                    Some((Severity::Warning, Problem::NumberLeadsToNoPhone { number, extension }))
                }
                Some(_) => References { snapshot }.extension(*id).map(|problem| (Severity::Error, problem)),
            },
            Destination::Ivr { .. }
            | Destination::Voicemail { .. }
            | Destination::Outside { .. }
            | Destination::Hangup => {
                References { snapshot }.destination(destination).map(|problem| (Severity::Error, problem))
            }
        };
        if let Some((severity, problem)) = found {
            findings.push(Finding { severity, problem, spot, witness: None });
        }
    }
}

/// `112` behind one digit for an outside line, or the start of what visitors dial.
fn looks_like_emergency(number: &str) -> bool {
    (number.len() == 4 && number.ends_with("112")) || number.starts_with("911") || number.starts_with("999")
}
