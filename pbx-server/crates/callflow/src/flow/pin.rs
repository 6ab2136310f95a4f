//! A PIN is typed, and opens something.

use super::walk::Walk;
use super::{Next, conference, listen_messages, mailbox};
use crate::cursor::{PinOf, Position};
use crate::event::Event;
use crate::reason::Reason;
use crate::step::{Action, Cause};
use crate::words;
use voxera_model::{Key, Pin};

/// How often somebody may be wrong, silence included.
const TRIES: u8 = 3;
/// The longest pause before the first key, in milliseconds.
const PATIENCE: u64 = 8_000;
/// The longest pause between two digits, for those who never press `#`.
const BETWEEN_DIGITS: u64 = 4_000;
/// Digits of the longest PIN.
const LONGEST: usize = 8;

pub(super) fn ask(walk: &mut Walk<'_>, of: PinOf) -> Next {
    let whose = match of {
        PinOf::Mailbox { mailbox } => walk.mailbox(mailbox),
        PinOf::Conference { room } => walk.who(room),
    };
    walk.say(Reason::PinAsked { of: whose });
    again(walk, of, 0, false)
}

pub(super) fn happened(
    walk: &mut Walk<'_>,
    of: PinOf,
    tries: u8,
    typed: &str,
    event: &Event,
) -> Option<Next> {
    match event {
        Event::Played | Event::Failed => {
            walk.timer(PATIENCE);
            Some(Next::Wait(Position::Pin { of, tries, typed: typed.to_owned() }))
        }
        Event::Key { key: Key::HASH } => Some(judge(walk, of, tries, typed)),
        Event::Key { key: Key::STAR } => {
            walk.timer(PATIENCE);
            Some(Next::Wait(Position::Pin { of, tries, typed: String::new() }))
        }
        Event::Key { key } => {
            if typed.is_empty() {
                walk.act(Action::Silence);
            }
            // One digit more than any PIN has is kept, so that a longer one is wrong.
            let typed: String = typed.chars().chain([key.as_char()]).take(LONGEST + 1).collect();
            walk.timer(BETWEEN_DIGITS);
            Some(Next::Wait(Position::Pin { of, tries, typed }))
        }
        Event::Timer { .. } if walk.rang() => Some(judge(walk, of, tries, typed)),
        _ => None,
    }
}

fn judge(walk: &mut Walk<'_>, of: PinOf, tries: u8, typed: &str) -> Next {
    if is_right(walk, of, typed) {
        walk.say(Reason::PinRight);
        return match of {
            PinOf::Mailbox { mailbox } => listen_messages::open(walk, mailbox),
            PinOf::Conference { room } => conference::join(walk, room),
        };
    }
    walk.say(Reason::PinWrong);
    let tries = tries.saturating_add(1);
    if tries >= TRIES {
        walk.say(Reason::PinRefused);
        return Next::Refuse(Cause::NotAllowed);
    }
    again(walk, of, tries, true)
}

fn again(walk: &mut Walk<'_>, of: PinOf, tries: u8, wrong: bool) -> Next {
    walk.journey.due = None;
    let sound = walk.speech(words::ask_pin(wrong, walk.language()));
    walk.play(vec![sound]);
    Next::Wait(Position::Pin { of, tries, typed: String::new() })
}

fn is_right(walk: &Walk<'_>, of: PinOf, typed: &str) -> bool {
    let pin = match of {
        PinOf::Mailbox { mailbox } => mailbox::of(walk, mailbox).and_then(|mailbox| mailbox.pin.as_ref()),
        PinOf::Conference { room } => conference::of(walk, room).and_then(|room| room.pin.as_ref()),
    };
    pin.is_some_and(|pin: &Pin| pin.as_str() == typed)
}
