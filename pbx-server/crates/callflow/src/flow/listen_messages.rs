//! `*97` and `*98`: listening to messages by phone.

use super::walk::Walk;
use super::{Next, mailbox, pin};
use crate::cursor::{PinOf, Position, Then};
use crate::event::Event;
use crate::facts::MessageFacts;
use crate::reason::{Feature, Reason};
use crate::sound::Sound;
use crate::step::{Action, Cause};
use crate::words;
use voxera_model::{ExtensionId, ExtensionNumber, Key, MessageId};

/// How long the choices wait for a key, in milliseconds.
const PATIENCE: u64 = 8_000;
/// How often they are said.
const TRIES: u8 = 3;

/// The caller's own mailbox.
pub(super) fn own(walk: &mut Walk<'_>) -> Next {
    let Some(id) = walk.calling().map(|extension| extension.id) else {
        return Next::Refuse(Cause::NotAllowed);
    };
    ask(walk, id, true)
}

/// The mailbox of this extension.
pub(super) fn of(walk: &mut Walk<'_>, number: &ExtensionNumber) -> Next {
    let Some(extension) = walk.snapshot.extensions.get(number) else {
        let from = walk.caller();
        walk.say(Reason::UnknownExtension { from, number: number.clone() });
        return Next::End(Cause::UnknownNumber);
    };
    ask(walk, extension.id, walk.is_caller(extension.id))
}

fn ask(walk: &mut Walk<'_>, id: ExtensionId, own: bool) -> Next {
    let Some(mailbox) = mailbox::of(walk, id) else {
        let of = walk.who(id);
        walk.say(Reason::NoMailbox { of });
        return last_words(walk, words::no_mailbox(walk.language()), Cause::UnknownNumber);
    };
    if !walk.has(Feature::Voicemail) {
        return last_words(walk, words::no_mailbox(walk.language()), Cause::NotAllowed);
    }
    if mailbox.pin.is_some() {
        return pin::ask(walk, PinOf::Mailbox { mailbox: id });
    }
    if own {
        return open(walk, id);
    }
    let (from, who) = (walk.caller(), walk.mailbox(id));
    walk.say(Reason::MailboxWithoutPin { from, mailbox: who });
    last_words(walk, words::mailbox_without_pin(walk.language()), Cause::NotAllowed)
}

/// Says how many messages there are.
pub(super) fn open(walk: &mut Walk<'_>, id: ExtensionId) -> Next {
    let (from, mailbox) = (walk.caller(), walk.mailbox(id));
    walk.say(Reason::OpensMailbox { from, mailbox });
    let messages = messages(walk, id);
    let new = messages.iter().filter(|message| !message.heard).count();
    let text = words::messages(new, messages.len() - new, walk.language());
    if messages.is_empty() {
        return last_words(walk, text, Cause::Normal);
    }
    let sound = walk.speech(text);
    walk.play(vec![sound]);
    Next::Wait(Position::Messages { mailbox: id, message: None, asking: false, tries: 0 })
}

pub(super) fn happened(
    walk: &mut Walk<'_>,
    id: ExtensionId,
    message: Option<MessageId>,
    asking: bool,
    tries: u8,
    event: &Event,
) -> Option<Next> {
    let Some(current) = message else {
        return match event {
            Event::Key { key: Key::HASH } => Some(goodbye(walk)),
            Event::Played | Event::Failed | Event::Key { .. } => Some(tell(walk, id, 0)),
            _ => None,
        };
    };
    let wait = |tries| Next::Wait(Position::Messages { mailbox: id, message, asking: true, tries });
    match event {
        Event::Played | Event::Failed if asking => {
            walk.timer(PATIENCE);
            Some(wait(tries))
        }
        Event::Played | Event::Failed => {
            heard(walk, id, current);
            choices(walk);
            Some(wait(0))
        }
        Event::Timer { .. } if walk.rang() => {
            let tries = tries.saturating_add(1);
            if tries >= TRIES {
                return Some(goodbye(walk));
            }
            choices(walk);
            Some(wait(tries))
        }
        Event::Key { key } => Some(chosen(walk, id, current, key.as_char())),
        _ => None,
    }
}

fn chosen(walk: &mut Walk<'_>, id: ExtensionId, current: MessageId, key: char) -> Next {
    let at = messages(walk, id).iter().position(|message| message.message == current);
    match key {
        '1' => match at {
            Some(at) => tell(walk, id, at),
            None => no_more(walk),
        },
        '2' => {
            walk.say(Reason::MessageDeleted);
            walk.act(Action::DeleteMessage { mailbox: id, message: current });
            next(walk, id, at)
        }
        '3' => {
            heard(walk, id, current);
            next(walk, id, at)
        }
        '*' => tell(walk, id, at.unwrap_or(0).saturating_sub(1)),
        '#' => goodbye(walk),
        _ => {
            choices(walk);
            Next::Wait(Position::Messages { mailbox: id, message: Some(current), asking: true, tries: 0 })
        }
    }
}

/// The message after this place; it may have moved up by now, so that only the facts of this step say.
fn next(walk: &mut Walk<'_>, id: ExtensionId, at: Option<usize>) -> Next {
    match at {
        Some(at) => tell(walk, id, at + 1),
        None => no_more(walk),
    }
}

fn tell(walk: &mut Walk<'_>, id: ExtensionId, at: usize) -> Next {
    let Some(message) = messages(walk, id).get(at) else { return no_more(walk) };
    let words = words::message(message.from.as_deref(), message.received, walk.now(), walk.language());
    walk.journey.due = None;
    let words = walk.speech(words);
    walk.play(vec![words, Sound::Message { message: message.message }]);
    let message = Some(message.message);
    Next::Wait(Position::Messages { mailbox: id, message, asking: false, tries: 0 })
}

fn heard(walk: &mut Walk<'_>, id: ExtensionId, current: MessageId) {
    let new = messages(walk, id).iter().any(|message| message.message == current && !message.heard);
    if new {
        walk.say(Reason::MessageHeard);
        walk.act(Action::MarkHeard { mailbox: id, message: current });
    }
}

fn choices(walk: &mut Walk<'_>) {
    walk.journey.due = None;
    let sound = walk.speech(words::message_choices(walk.language()));
    walk.play(vec![sound]);
}

fn no_more(walk: &mut Walk<'_>) -> Next {
    last_words(walk, words::no_more_messages(walk.language()), Cause::Normal)
}

fn goodbye(walk: &mut Walk<'_>) -> Next {
    last_words(walk, words::goodbye(walk.language()), Cause::Normal)
}

fn last_words(walk: &mut Walk<'_>, text: String, cause: Cause) -> Next {
    let sound = walk.speech(text);
    walk.play(vec![sound]);
    Next::Wait(Position::Hearing { then: Then::End { cause } })
}

fn messages<'a>(walk: &Walk<'a>, id: ExtensionId) -> &'a [MessageFacts] {
    walk.facts.mailboxes.get(&id).map_or(&[], Vec::as_slice)
}
