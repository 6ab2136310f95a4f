//! What settings name is there, in the same PBX: refused at the field that names it.

use crate::act::Act;
use crate::problem::{Answer, FieldError, Problem};
use voxera_callflow::{Destination, ExtensionType, Forwarding, Kind, Prompt, RecordingPolicy};
use voxera_model::{AudioId, ExtensionId, FlowId, PbxId};
use voxera_store::{StoreError, TenantTx};

/// What the fields of one body name, and where.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    extensions: Vec<(String, ExtensionId, Wanted)>,
    flows: Vec<(String, FlowId)>,
    sounds: Vec<(String, AudioId)>,
}

/// What an extension has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Any,
    Person,
}

impl Targets {
    /// Everything that an extension's settings name, below `/settings`.
    pub(crate) fn of(kind: &Kind) -> Self {
        let mut all = Self::default();
        match kind {
            Kind::User(user) => {
                all.forwarding("/settings/forwarding", &user.forwarding);
                let greeting = user.mailbox.as_ref().and_then(|mailbox| mailbox.greeting.as_ref());
                all.prompt("/settings/mailbox/greeting", greeting);
            }
            Kind::HuntGroup(group) => {
                for (at, member) in group.members.iter().enumerate() {
                    all.person(format!("/settings/members/{at}/extension"), member.extension);
                }
                all.destination("/settings/failed", group.failed.as_ref());
            }
            Kind::Queue(queue) => {
                for (at, member) in queue.members.iter().enumerate() {
                    all.person(format!("/settings/members/{at}/extension"), member.extension);
                }
                all.prompt("/settings/greeting", queue.greeting.as_ref());
                all.sound("/settings/music", queue.music);
                all.destination("/settings/overflow", queue.overflow.as_ref());
            }
            Kind::Ivr { flow } => all.flows.push(("/settings/flow".to_owned(), *flow)),
            Kind::Voicemail { mailbox } => all.person("/settings/mailbox".to_owned(), *mailbox),
            Kind::Conference(_) | Kind::External { .. } => {}
        }
        all
    }

    pub(crate) fn recording(&mut self, policy: Option<&RecordingPolicy>) {
        self.prompt("/recording/notice", policy.and_then(|policy| policy.notice.as_ref()));
    }

    pub(crate) fn forwarding(&mut self, field: &str, forwarding: &Forwarding) {
        let Forwarding { always, busy, no_answer, offline } = forwarding;
        for (name, to) in [("always", always), ("busy", busy), ("no_answer", no_answer), ("offline", offline)]
        {
            self.destination(&format!("{field}/{name}"), to.as_ref());
        }
    }

    pub(crate) fn destination(&mut self, field: &str, to: Option<&Destination>) {
        match to {
            Some(Destination::Extension { extension }) => {
                self.extensions.push((format!("{field}/extension"), *extension, Wanted::Any));
            }
            Some(Destination::Voicemail { mailbox }) => self.person(format!("{field}/mailbox"), *mailbox),
            Some(Destination::Ivr { flow }) => self.flows.push((format!("{field}/flow"), *flow)),
            Some(Destination::Nowhere | Destination::Outside { .. } | Destination::Hangup) | None => {}
        }
    }

    pub(crate) fn sound(&mut self, field: &str, sound: Option<AudioId>) {
        self.sounds.extend(sound.map(|sound| (field.to_owned(), sound)));
    }

    pub(crate) fn prompt(&mut self, field: &str, prompt: Option<&Prompt>) {
        if let Some(Prompt::Audio { audio }) = prompt {
            self.sounds.push((format!("{field}/audio"), *audio));
        }
    }

    fn person(&mut self, field: String, extension: ExtensionId) {
        self.extensions.push((field, extension, Wanted::Person));
    }

    /// Refuses every field that names what is not there. `own`: the extension that is being changed.
    pub(crate) async fn check(
        self,
        act: &mut Act<TenantTx<'static>>,
        pbx: PbxId,
        own: Option<ExtensionId>,
    ) -> Answer<()> {
        let mut wrong = Vec::new();
        let mut refuse = |field: String, code: &'static str, message: &str| {
            wrong.push(FieldError { field, code: code.into(), message: message.to_owned() });
        };
        for (field, extension, wanted) in self.extensions {
            let straight_to_itself = field.contains("/forwarding/") && field.ends_with("/extension");
            match act.extensions(pbx).get(extension).await {
                Ok(found) if wanted == Wanted::Person && found.kind.of() != ExtensionType::User => {
                    refuse(field, "not_a_person", "Choose the extension of a person.");
                }
                Ok(_) if own == Some(extension) && straight_to_itself => {
                    refuse(field, "itself", "An extension is not forwarded to itself.");
                }
                Ok(_) => {}
                Err(StoreError::NotFound) => {
                    refuse(field, "no_such_extension", "There is no such extension in this PBX.");
                }
                Err(error) => return Err(error.into()),
            }
        }
        for (field, flow) in self.flows {
            match act.flows(pbx).get(flow).await {
                Ok(found) if found.kind == voxera_store::FlowKind::Ivr => {}
                Ok(_) | Err(StoreError::NotFound) => {
                    refuse(field, "no_such_menu", "There is no such menu in this PBX.");
                }
                Err(error) => return Err(error.into()),
            }
        }
        for (field, sound) in self.sounds {
            match act.audio(pbx).get(sound).await {
                Ok(_) => {}
                Err(StoreError::NotFound) => {
                    refuse(field, "no_such_sound", "There is no such sound in this PBX.");
                }
                Err(error) => return Err(error.into()),
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(Problem::invalid(wrong)) }
    }
}
