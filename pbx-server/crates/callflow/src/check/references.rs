//! Whether what documents and settings point to exists, is of the right kind, and is switched on.

use super::Problem;
use crate::extension::{ExtensionType, Kind};
use crate::ivr::{Node, NodeKind};
use crate::matching::{Meant, can_be_contained};
use crate::reason::Feature;
use crate::routing::{CallerMatch, Condition, Destination};
use crate::snapshot::Snapshot;
use crate::sound::Prompt;
use voxera_model::{AudioId, ExtensionId, FlowId};

#[derive(Clone, Copy)]
pub(super) struct References<'a> {
    pub(super) snapshot: &'a Snapshot,
}

impl References<'_> {
    pub(super) fn destination(self, destination: &Destination) -> Option<Problem> {
        match destination {
            Destination::Nowhere => Some(Problem::LeadsNowhere),
            Destination::Hangup => None,
            Destination::Extension { extension } => self.extension(*extension),
            Destination::Ivr { flow } => self.flow(*flow),
            Destination::Voicemail { mailbox } => self.mailbox(*mailbox),
            Destination::Outside { .. } => self.snapshot.trunks.is_empty().then_some(Problem::NoOutsideLine),
        }
    }

    /// Any extension; one whose feature is off takes no calls.
    pub(super) fn extension(self, id: ExtensionId) -> Option<Problem> {
        let Some((_, extension)) = self.snapshot.extension(id) else {
            return Some(Problem::MissingExtension);
        };
        Feature::of(extension.kind.of())
            .filter(|feature| !feature.is_on(self.snapshot.features))
            .map(|feature| Problem::FeatureOff { feature })
    }

    fn flow(self, flow: FlowId) -> Option<Problem> {
        (!self.snapshot.ivrs.contains_key(&flow)).then_some(Problem::MissingFlow)
    }

    pub(super) fn mailbox(self, id: ExtensionId) -> Option<Problem> {
        let Some((number, extension)) = self.snapshot.extension(id) else {
            return Some(Problem::MissingExtension);
        };
        if extension.user().is_none_or(|user| user.mailbox.is_none()) {
            return Some(Problem::NoMailbox { extension: number.clone() });
        }
        (!self.snapshot.features.voicemail).then_some(Problem::FeatureOff { feature: Feature::Voicemail })
    }

    fn of_kind(self, id: ExtensionId, wanted: &[ExtensionType]) -> Option<Problem> {
        match self.snapshot.extension(id) {
            Some((number, extension)) if !wanted.contains(&extension.kind.of()) => {
                Some(Problem::WrongKind { extension: number.clone() })
            }
            _ => self.extension(id),
        }
    }

    pub(super) fn audio(self, audio: AudioId) -> Option<Problem> {
        (!self.snapshot.audio.contains(&audio)).then_some(Problem::MissingAudio)
    }

    pub(super) fn prompt(self, prompt: &Prompt) -> Option<Problem> {
        match prompt {
            Prompt::Audio { audio } => self.audio(*audio),
            Prompt::Speech { .. } => None,
        }
    }

    pub(super) fn node(self, node: &Node) -> Vec<Problem> {
        let found = match &node.step {
            NodeKind::Menu { prompt, .. } | NodeKind::Message { prompt, .. } => self.prompt(prompt),
            NodeKind::Transfer { to, .. } => self.destination(to),
            NodeKind::Voicemail { mailbox } => self.mailbox(*mailbox),
            NodeKind::Queue { queue, .. } => self.of_kind(*queue, &[ExtensionType::Queue]),
            NodeKind::Conference { room } => self.of_kind(*room, &[ExtensionType::Conference]),
            NodeKind::Callback { whom, .. } => {
                let takers = [ExtensionType::User, ExtensionType::Queue, ExtensionType::HuntGroup];
                self.of_kind(*whom, &takers)
            }
            NodeKind::Hangup { prompt } => prompt.as_ref().and_then(|prompt| self.prompt(prompt)),
            NodeKind::Condition { .. } | NodeKind::CallerName { .. } | NodeKind::Agent { .. } => None,
        };
        found.into_iter().collect()
    }

    /// What an extension points to.
    pub(super) fn of_extension(self, kind: &Kind) -> Vec<Problem> {
        let mut found = Vec::new();
        match kind {
            Kind::User(user) => {
                let forwarding = &user.forwarding;
                let paths =
                    [&forwarding.always, &forwarding.busy, &forwarding.no_answer, &forwarding.offline];
                found.extend(paths.into_iter().flatten().filter_map(|to| self.destination(to)));
                let greeting = user.mailbox.as_ref().and_then(|mailbox| mailbox.greeting.as_ref());
                found.extend(greeting.and_then(|greeting| self.prompt(greeting)));
            }
            Kind::HuntGroup(group) => {
                found.extend(group.members.iter().filter_map(|member| self.member(member.extension)));
                found.extend(group.failed.as_ref().and_then(|to| self.destination(to)));
            }
            Kind::Queue(queue) => {
                found.extend(queue.members.iter().filter_map(|member| self.member(member.extension)));
                found.extend(queue.overflow.as_ref().and_then(|to| self.destination(to)));
                found.extend(queue.greeting.as_ref().and_then(|greeting| self.prompt(greeting)));
                found.extend(queue.music.and_then(|music| self.audio(music)));
            }
            Kind::Ivr { flow } => found.extend(self.flow(*flow)),
            Kind::Voicemail { mailbox } => found.extend(self.mailbox(*mailbox)),
            Kind::External { .. } if self.snapshot.trunks.is_empty() => found.push(Problem::NoOutsideLine),
            Kind::External { .. } | Kind::Conference(_) => {}
        }
        found.dedup();
        found
    }

    fn member(self, id: ExtensionId) -> Option<Problem> {
        self.of_kind(id, &[ExtensionType::User])
    }

    /// A caller's number that is none, so that the condition never holds.
    pub(super) fn condition(condition: &Condition) -> Option<Problem> {
        let Condition::Caller { how, number } = condition else { return None };
        let makes_sense = match how {
            CallerMatch::Contains => can_be_contained(number),
            CallerMatch::Matches | CallerMatch::StartsWith => Meant::by(number) != Meant::Nobody,
        };
        (!makes_sense).then(|| Problem::NotACaller { written: number.clone() })
    }
}
