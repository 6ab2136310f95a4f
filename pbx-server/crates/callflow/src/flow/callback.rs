//! A menu takes the number at which the caller wants to be called back.

use super::walk::Walk;
use super::{Next, ivr, outside};
use crate::cursor::{Place, Position, Then};
use crate::event::{Event, Peer};
use crate::ivr::{NodeId, NodeKind};
use crate::reason::Reason;
use crate::step::Action;
use crate::words;
use voxera_model::{Dialled, ExtensionId, Key, PhoneNumber};

/// The longest pause before and between keys, in milliseconds.
const PATIENCE: u64 = 8_000;
const TRIES: u8 = 3;
/// Digits of the longest number, with the prefix for abroad.
const LONGEST: usize = 17;

/// What the caller is being asked.
pub(super) struct Asked<'a> {
    pub place: &'a Place,
    pub number: Option<&'a PhoneNumber>,
    pub tries: u8,
    pub typed: &'a str,
}

/// A callback node.
pub(super) fn enter(walk: &mut Walk<'_>, place: &Place, whom: ExtensionId) -> Next {
    let who = walk.who(whom);
    walk.say(Reason::CallbackOffered { whom: who });
    let number = match &walk.from {
        Peer::Outside(Some(number)) if !outside::is_premium(number) => Some(number.clone()),
        Peer::Outside(_) | Peer::Extension(_) => None,
    };
    ask(walk, place, number, 0)
}

pub(super) fn happened(walk: &mut Walk<'_>, asked: &Asked<'_>, event: &Event) -> Option<Next> {
    let wait = |typed: String| {
        Next::Wait(Position::Callback {
            place: asked.place.clone(),
            number: asked.number.cloned(),
            tries: asked.tries,
            typed,
        })
    };
    match event {
        Event::Played | Event::Failed => {
            walk.timer(PATIENCE);
            Some(wait(asked.typed.to_owned()))
        }
        Event::Timer { .. } if walk.rang() => Some(match asked.number {
            None if !asked.typed.is_empty() => typed(walk, asked),
            _ => again(walk, asked),
        }),
        Event::Key { key } => Some(match asked.number {
            Some(number) => match key.as_char() {
                '1' => request(walk, asked.place, number),
                '2' => ask(walk, asked.place, None, 0),
                _ => again(walk, asked),
            },
            None => match *key {
                Key::HASH => typed(walk, asked),
                Key::STAR => ask(walk, asked.place, None, asked.tries),
                key => {
                    if asked.typed.is_empty() {
                        walk.act(Action::Silence);
                    }
                    let so_far = format!("{}{key}", asked.typed);
                    if so_far.len() > LONGEST {
                        return Some(again(walk, asked));
                    }
                    walk.timer(PATIENCE);
                    wait(so_far)
                }
            },
        }),
        _ => None,
    }
}

/// A whole number was typed. Neither help nor premium numbers are called back.
fn typed(walk: &mut Walk<'_>, asked: &Asked<'_>) -> Next {
    match Dialled::parse(asked.typed) {
        Dialled::Public(number) if !outside::is_premium(&number) => {
            ask(walk, asked.place, Some(number), asked.tries)
        }
        _ => again(walk, asked),
    }
}

fn again(walk: &mut Walk<'_>, asked: &Asked<'_>) -> Next {
    let tries = asked.tries.saturating_add(1);
    if tries < TRIES {
        return ask(walk, asked.place, asked.number.cloned(), tries);
    }
    let Some((whom, next)) = node(walk, asked.place) else { return ivr::dead_end(walk, None) };
    let who = walk.who(whom);
    walk.say(Reason::CallbackDropped { whom: who });
    ivr::on(walk, asked.place, next)
}

fn ask(walk: &mut Walk<'_>, place: &Place, number: Option<PhoneNumber>, tries: u8) -> Next {
    walk.journey.due = None;
    let words = match &number {
        Some(number) => words::confirm_callback(number, walk.language()),
        None => words::type_number(walk.language()),
    };
    let sound = walk.speech(words);
    walk.play(vec![sound]);
    Next::Wait(Position::Callback { place: place.clone(), number, tries, typed: String::new() })
}

fn request(walk: &mut Walk<'_>, place: &Place, number: &PhoneNumber) -> Next {
    let Some((whom, next)) = node(walk, place) else { return ivr::dead_end(walk, None) };
    let who = walk.who(whom);
    walk.say(Reason::CallbackRequested { whom: who, number: number.clone() });
    walk.act(Action::RequestCallback { whom, number: number.clone() });
    let thanks = walk.speech(words::callback_noted(walk.language()));
    walk.play(vec![thanks]);
    let then = match next {
        Some(node) => Then::Node { place: Place { flow: place.flow, node: node.clone() } },
        // The thanks are the natural end.
        None => Then::End { cause: crate::step::Cause::Normal },
    };
    Next::Wait(Position::Hearing { then })
}

fn node<'a>(walk: &Walk<'a>, place: &Place) -> Option<(ExtensionId, Option<&'a NodeId>)> {
    match &ivr::node(walk.snapshot, place)?.step {
        NodeKind::Callback { whom, next } => Some((*whom, next.as_ref())),
        _ => None,
    }
}
