//! In English.

use super::{big, list, names, path};
use crate::check::Problem;
use voxera_model::Locale;

const EN: Locale = Locale::En;

impl Problem {
    pub(super) fn english(&self) -> String {
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
                service.name(EN)
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
            Self::NoEmergencyLine => "No line carries calls to 112. Add a line for emergency calls, and tell everyone to call 112 from a mobile until there is one.".into(),
            Self::NoOutsideLine => "Calls are to go out to the telephone network, but the phone system has no line. Add one.".into(),
            Self::LeadsNowhere => "The calls are sent nowhere. Choose a target.".into(),
            Self::MissingExtension => "It points to an extension that does not exist. Choose another one.".into(),
            Self::MissingFlow => "It points to a menu that does not exist or is not published. Publish it or choose another one.".into(),
            Self::MissingAudio => "The sound that is to be played does not exist. Choose another one or write a text.".into(),
            Self::NoMailbox { extension } => format!("Extension {extension} has no mailbox. Switch it on or choose another one."),
            Self::WrongKind { extension } => format!("Extension {extension} is of a kind that does not fit here. Choose another one."),
            Self::FeatureOff { feature } => format!("The phone system may not use {}. Switch it on, or remove what uses it.", feature.called(EN)),
            Self::NoMembers => "It has no members, so nobody answers. Add at least one person.".into(),
            Self::NoMemberWithPhone => "None of its members has a phone, so nobody answers. Add a phone.".into(),
            Self::ForwardingLoop { path: names, always: true } => format!("Calls are sent round in a circle: {}. Break it at one place.", path(names)),
            Self::ForwardingLoop { path: names, always: false } => format!("When nobody answers, calls are sent round in a circle: {}. Let one of them lead to a mailbox instead.", path(names)),
            Self::RecordingWithoutNotice { path: names } => format!("Calls from outside can be recorded without the caller being told: {}. Add a notice to the recording, or a message about it on the way.", path(names)),
            Self::NoEntry => "The menu has no beginning. Choose where calls begin.".into(),
            Self::MissingNode { exit } => format!("{} leads to a step that does not exist. Choose another one.", big(&exit.name(EN))),
            Self::DeadEnd { exit } => format!("{} leads nowhere, and the call ends there. Choose the next step, or add an ending.", big(&exit.name(EN))),
            Self::UnreachableNode => "No call can come here. Connect the step with the menu or remove it.".into(),
            Self::LoopWithoutWait { path: names } => format!("Calls go round without the caller being able to do anything: {}. Add a choice or an ending.", path(names)),
            Self::MenuWithoutKeys => "No key leads on. Add at least one choice.".into(),
            Self::AgentNotAvailable => "There are no voice agents in this version: calls go on as if the agent were not available.".into(),
            Self::NeverHolds { part } => format!("The conditions on {} can never be met, so the rule takes no calls. Change or remove it.", part.name(EN)),
            Self::DatesPassed => "All its dates have passed, so the rule takes no more calls. Change the dates or remove it.".into(),
            Self::Shadowed { by } => match by.len() {
                1 => format!("The rule is never used: {} comes before it and takes all its calls. Move it up or remove it.", names(by, EN)),
                _ => format!("The rule is never used: {} come before it and together take all its calls. Move it up or remove it.", names(by, EN)),
            },
            Self::NotProved => "The rules before it are so many and so entangled that it cannot be said whether it is used. Make them simpler.".into(),
            Self::NumberHidden { by } => format!("No calls go where the number leads: {} takes them all. Remove the rule if the number's own target is meant.", names(by, EN)),
            Self::NumberNotOwn => "The rule names a number that the phone system does not have. Remove it.".into(),
            Self::NotACaller { written } => format!("“{written}” is not the beginning of any number. Write 070 or +4670, for example."),
            Self::BranchNeverHolds { branch, part } => format!("Branch {branch} is never taken: the conditions on {} cannot be met. Change or remove it.", part.name(EN)),
            Self::BranchShadowed { branch, by } => format!("Branch {branch} is never taken: branch {} comes before it and takes all its calls. Move it up or remove it.", list(by.iter().map(ToString::to_string).collect(), EN)),
            Self::ReachesNobody { always: true, .. } => "Callers never reach anybody. Point the number where somebody answers.".into(),
            Self::ReachesNobody { silence, .. } => format!("Callers reach nobody: {}. Add a mailbox or another way, unless this is meant.", silence.say(EN)),
        }
    }
}
