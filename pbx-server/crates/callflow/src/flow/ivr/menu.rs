//! Waits for a key, or for the number of an extension.

use super::{dead_end, menu_of, node, on};
use crate::cursor::{Place, Position};
use crate::event::Event;
use crate::flow::walk::Walk;
use crate::flow::{Goal, Next};
use crate::ivr::{IvrSettings, NodeId, NodeKind};
use crate::reason::Reason;
use crate::sound::Prompt;
use crate::step::Action;
use crate::words;
use std::collections::BTreeMap;
use voxera_model::{ExtensionNumber, Key, Name, Seconds};

/// The longest pause between the digits of an extension's number, in milliseconds.
const BETWEEN_DIGITS: u64 = 3_000;
/// Digits of the longest extension.
const LONGEST: usize = 6;
/// The shortest and longest wait for a key, in seconds, whatever a snapshot says.
const TIMEOUT: (u32, u32) = (1, 60);
/// The most that a menu is repeated.
const MOST_RETRIES: u8 = 9;

/// A menu node, with the settings that hold for it.
struct Menu<'a> {
    name: &'a Name,
    prompt: &'a Prompt,
    keys: &'a BTreeMap<Key, NodeId>,
    timeout: Seconds,
    retries: u8,
    on_timeout: Option<&'a NodeId>,
    on_invalid: Option<&'a NodeId>,
    dial_extension: bool,
    settings: &'a IvrSettings,
}

fn menu<'a>(walk: &Walk<'a>, place: &Place) -> Option<Menu<'a>> {
    let settings = &menu_of(walk.snapshot, place)?.settings;
    let found = node(walk.snapshot, place)?;
    match &found.step {
        NodeKind::Menu { prompt, keys, timeout, retries, on_timeout, on_invalid, dial_extension } => {
            Some(Menu {
                name: &found.name,
                prompt,
                keys,
                timeout: timeout.unwrap_or(settings.timeout),
                retries: retries.unwrap_or(settings.retries).min(MOST_RETRIES),
                on_timeout: on_timeout.as_ref(),
                on_invalid: on_invalid.as_ref(),
                dial_extension: *dial_extension,
                settings,
            })
        }
        _ => None,
    }
}

/// Says the menu; after a wrong key, that it was wrong first.
pub(in crate::flow) fn ask(walk: &mut Walk<'_>, place: &Place, tries: u8, wrong: bool) -> Next {
    let Some(menu) = menu(walk, place) else { return dead_end(walk, None) };
    if tries == 0 {
        walk.say(Reason::MenuAsks { node: menu.name.clone() });
    }
    walk.journey.due = None;
    let mut sounds = Vec::new();
    if wrong {
        sounds.push(match &menu.settings.invalid {
            Some(prompt) => walk.prompt(prompt),
            None => walk.speech(words::invalid_key(walk.language())),
        });
    }
    sounds.push(walk.prompt(menu.prompt));
    walk.play(sounds);
    Next::Wait(Position::Menu { place: place.clone(), tries, typed: String::new() })
}

pub(in crate::flow) fn happened(
    walk: &mut Walk<'_>,
    place: &Place,
    tries: u8,
    typed: &str,
    event: &Event,
) -> Option<Next> {
    let Some(menu) = menu(walk, place) else { return Some(dead_end(walk, None)) };
    let wait =
        |typed: &str| Next::Wait(Position::Menu { place: place.clone(), tries, typed: typed.to_owned() });
    match event {
        Event::Played | Event::Failed => {
            let seconds = menu.timeout.0.clamp(TIMEOUT.0, TIMEOUT.1);
            walk.timer(u64::from(seconds) * 1_000);
            Some(wait(typed))
        }
        Event::Key { key } => Some(pressed(walk, &menu, place, tries, &format!("{typed}{key}"))),
        Event::Timer { .. } if walk.rang() => Some(if typed.is_empty() {
            walk.say(Reason::NoKey { node: menu.name.clone() });
            again(walk, &menu, place, tries, false)
        } else {
            settle(walk, &menu, place, tries, typed)
        }),
        _ => None,
    }
}

/// What was typed so far, with the key that was just pressed.
fn pressed(walk: &mut Walk<'_>, menu: &Menu<'_>, place: &Place, tries: u8, typed: &str) -> Next {
    if !menu.dial_extension {
        return settle(walk, menu, place, tries, typed);
    }
    if typed.len() > 1 && typed.ends_with(Key::HASH.as_char()) {
        return settle(walk, menu, place, tries, &typed[..typed.len() - 1]);
    }
    // Longer numbers that begin like this make a caller's next digit worth waiting for.
    let longer = walk
        .snapshot
        .extensions
        .keys()
        .any(|number| number.as_str().len() > typed.len() && number.as_str().starts_with(typed));
    let whole =
        ExtensionNumber::parse(typed).is_ok_and(|number| walk.snapshot.extensions.contains_key(&number));
    // A number that nobody has is heard out, so that the rest of it is not taken for choices.
    let hear_out = typed.len() > 1 && !whole && typed.len() < LONGEST;
    if !longer && !hear_out {
        return settle(walk, menu, place, tries, typed);
    }
    if typed.len() == 1 {
        walk.act(Action::Silence);
    }
    walk.timer(BETWEEN_DIGITS);
    Next::Wait(Position::Menu { place: place.clone(), tries, typed: typed.to_owned() })
}

/// No more keys will come: a key that leads on, an extension, or nothing.
fn settle(walk: &mut Walk<'_>, menu: &Menu<'_>, place: &Place, tries: u8, typed: &str) -> Next {
    let mut characters = typed.chars();
    let only = match (characters.next().and_then(Key::new), characters.next()) {
        (Some(key), None) => Some(key),
        _ => None,
    };
    if let Some((key, next)) = only.and_then(|key| Some((key, menu.keys.get(&key)?))) {
        walk.say(Reason::KeyPressed { node: menu.name.clone(), key });
        return on(walk, place, Some(next));
    }
    let extension = ExtensionNumber::parse(typed).ok().filter(|_| menu.dial_extension);
    if let Some(number) = extension
        && let Some(found) = walk.snapshot.extensions.get(&number)
    {
        walk.say(Reason::ExtensionTyped { number });
        return Next::Go(Goal::Extension(found.id));
    }
    walk.say(Reason::WrongKey { node: menu.name.clone(), typed: typed.to_owned() });
    again(walk, menu, place, tries, true)
}

/// Another try, or where the menu leads after the last one.
fn again(walk: &mut Walk<'_>, menu: &Menu<'_>, place: &Place, tries: u8, wrong: bool) -> Next {
    if tries < menu.retries {
        return ask(walk, place, tries + 1, wrong);
    }
    walk.say(Reason::TriesUsedUp { node: menu.name.clone() });
    on(walk, place, if wrong { menu.on_invalid } else { menu.on_timeout })
}
