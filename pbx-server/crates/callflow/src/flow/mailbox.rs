//! Leaving a message.

use super::walk::Walk;
use super::{Goal, Next};
use crate::cursor::{Position, Then};
use crate::event::Event;
use crate::extension::Mailbox;
use crate::reason::{Feature, Reason};
use crate::sound::Sound;
use crate::step::{Action, Cause, Party};
use crate::words;
use voxera_model::{ExtensionId, Key, Seconds};

/// The shortest and the longest that a message may be, whatever a snapshot says, in seconds.
const LONGEST: (u32, u32) = (10, 600);

pub(super) fn enter(walk: &mut Walk<'_>, id: ExtensionId) -> Next {
    let Some(mailbox) = of(walk, id) else {
        let of = walk.who(id);
        walk.say(Reason::NoMailbox { of });
        return Next::Go(Goal::Failed(Cause::UnknownNumber));
    };
    if !walk.has(Feature::Voicemail) {
        return Next::Go(Goal::Failed(Cause::NotAllowed));
    }
    walk.journey.failed = None;
    let who = walk.mailbox(id);
    walk.say(Reason::MailboxAnswers { mailbox: who });
    let greeting = if let Some(prompt) = &mailbox.greeting {
        walk.prompt(prompt)
    } else {
        let name = walk.snapshot.extension(id).map(|(_, extension)| extension.name.to_string());
        walk.speech(words::standard_greeting(&name.unwrap_or_default(), walk.language()))
    };
    walk.play(vec![greeting, Sound::Beep]);
    Next::Wait(Position::Leaving { mailbox: id, speaking: false })
}

pub(super) fn happened(walk: &mut Walk<'_>, id: ExtensionId, speaking: bool, event: &Event) -> Option<Next> {
    match (event, speaking) {
        (Event::Played, false) => {
            let longest = of(walk, id).map_or(LONGEST.0, |mailbox| mailbox.longest.0);
            walk.act(Action::Record { longest: Seconds(longest.clamp(LONGEST.0, LONGEST.1)) });
            Some(Next::Wait(Position::Leaving { mailbox: id, speaking: true }))
        }
        // Whoever knows the greeting need not hear it.
        (Event::Key { key: Key::HASH }, false) => {
            walk.play(vec![Sound::Beep]);
            Some(Next::Wait(Position::Leaving { mailbox: id, speaking: false }))
        }
        (Event::Recorded | Event::Key { key: Key::HASH }, true) => {
            keep(walk, id);
            let thanks = walk.speech(words::message_kept(walk.language()));
            walk.play(vec![thanks]);
            Some(Next::Wait(Position::Hearing { then: Then::End { cause: Cause::Voicemail } }))
        }
        (Event::Failed, _) => {
            let mailbox = walk.mailbox(id);
            walk.say(Reason::MessageNotRecorded { mailbox });
            let sorry = walk.speech(words::message_not_recorded(walk.language()));
            walk.play(vec![sorry]);
            Some(Next::Wait(Position::Hearing { then: Then::End { cause: Cause::Fault } }))
        }
        (Event::HungUp { by: Party::Caller | Party::System }, true) => {
            keep(walk, id);
            Some(Next::End(Cause::Voicemail))
        }
        (Event::HungUp { by: Party::Caller }, false) => {
            let from = walk.caller();
            walk.say(Reason::NoMessageLeft { from });
            Some(Next::End(Cause::Voicemail))
        }
        _ => None,
    }
}

fn keep(walk: &mut Walk<'_>, id: ExtensionId) {
    let mailbox = walk.mailbox(id);
    walk.say(Reason::MessageLeft { mailbox });
    walk.act(Action::KeepMessage { mailbox: id });
}

/// The mailbox of a person.
pub(super) fn of<'a>(walk: &Walk<'a>, id: ExtensionId) -> Option<&'a Mailbox> {
    walk.snapshot.extension(id)?.1.user()?.mailbox.as_ref()
}
