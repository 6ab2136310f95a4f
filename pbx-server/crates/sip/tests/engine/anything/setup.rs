//! Companies of every shape, written as scenario files: a few people who know each other's numbers.

use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::fmt::Write as _;

/// Everybody with a phone. 1000 makes the calls from inside.
pub const PEOPLE: [&str; 4] = ["1000", "1001", "1002", "1003"];
/// The company's own number.
pub const OWN: &str = "08-123 45 67";
/// Somebody in the world.
pub const OUTSIDE: &str = "070-174 06 06";

/// A company, who calls, and what is dialled.
#[derive(Debug, Clone)]
pub struct Company {
    /// The head of a scenario file.
    pub text: String,
    /// `1000 calls 1001`.
    pub call: String,
}

pub fn company() -> impl Strategy<Value = Company> {
    (
        vec(person(), PEOPLE.len()),
        (hunt_group(), queue(), menu("main"), menu("other")),
        vec(rule(), 0..2),
        (destination(), option::of(pin()), any::<[bool; 3]>()),
        call(),
    )
        .prop_map(
            |(people, (group, queue, main, other), rules, (own, pin, [line, up, premium]), call)| {
                let from_outside = !call.starts_with("1000");
                let mut text = format!("story = \"Made up.\"\npremium_allowed = {premium}\n\n");
                for (number, (nth, person)) in PEOPLE.iter().zip(people.into_iter().enumerate()) {
                    // Whoever calls from inside has a phone to do it with, and is in no other call.
                    let (now, person) = person;
                    let now = if nth == 0 { "online = 1\n" } else { &now };
                    let _ = write!(text, "[extensions.{number}]\nname = \"Person {nth}\"\n{now}{person}\n");
                }
                let _ = write!(text, "[extensions.2000]\nname = \"Kundtjänst\"\nkind = \"queue\"\n{queue}\n");
                let _ =
                    write!(text, "[extensions.3000]\nname = \"Växeln\"\nkind = \"hunt_group\"\n{group}\n");
                text.push_str("[extensions.4000]\nname = \"Menyn\"\nkind = \"ivr\"\nmenu = \"main\"\n\n");
                let pin = pin.map_or_else(String::new, |pin| format!("pin = \"{pin}\"\n"));
                let _ = write!(text, "[extensions.5000]\nname = \"Rummet\"\nkind = \"conference\"\n{pin}\n");
                text.push_str("[extensions.6000]\nname = \"Lådan\"\nkind = \"voicemail\"\nof = \"1001\"\n\n");
                let _ = write!(
                    text,
                    "[extensions.7000]\nname = \"Mobilen\"\nkind = \"external\"\nnumber = \"{OUTSIDE}\"\n\n"
                );
                if line || from_outside {
                    let _ =
                        write!(text, "[trunks.telia]\nemergency = {line}\nup = {}\n\n", up || from_outside);
                }
                let _ = write!(text, "[numbers]\n\"{OWN}\" = \"{own}\"\n\n");
                for rule in rules {
                    let _ = write!(text, "[[rules]]\nname = \"Regel\"\n{rule}\n");
                }
                text.push_str(&main);
                text.push_str(&other);
                Company { text, call }
            },
        )
}

/// `key = "value"`, or nothing.
fn line(key: &str, value: Option<&str>) -> String {
    value.map_or_else(String::new, |value| format!("{key} = \"{value}\"\n"))
}

fn destination() -> impl Strategy<Value = &'static str> {
    select(vec![
        "1000",
        "1001",
        "1001",
        "1002",
        "1003",
        "2000",
        "2000",
        "3000",
        "3000",
        "4000",
        "4000",
        "5000",
        "6000",
        "7000",
        "menu main",
        "menu other",
        "voicemail 1001",
        "voicemail 1002",
        "outside 070-174 06 06",
        "hang up",
        "",
    ])
}

fn pin() -> impl Strategy<Value = &'static str> {
    select(vec!["4711", "2580"])
}

/// What somebody does at the moment, and what is set up for them.
fn person() -> impl Strategy<Value = (String, String)> {
    let forwarding = (
        option::weighted(0.1, destination()),
        option::weighted(0.3, destination()),
        option::weighted(0.3, destination()),
        option::weighted(0.3, destination()),
    );
    let message = prop_oneof![Just("070-174 06 05"), Just("08-765 43 21")];
    (
        prop_oneof![1 => Just(0), 5 => Just(1), 2 => Just(2)],
        (prop::bool::weighted(0.2), any::<bool>(), prop::bool::weighted(0.1)),
        5_u32..40,
        forwarding,
        option::of(option::of(pin())),
        vec(message, 0..3),
        option::weighted(0.2, select(vec!["Samtalet spelas in.", ""])),
    )
        .prop_map(|(online, (busy, waiting, quiet), ring, forwarding, mailbox, messages, recording)| {
            let mut now = format!("online = {online}\n");
            if busy && online > 0 {
                now.push_str("calls = 1\ntalking = 1\n");
            }
            let mut text =
                format!("ring_seconds = {ring}\ncall_waiting = {waiting}\ndo_not_disturb = {quiet}\n");
            text.push_str(&line("recording", recording));
            if let Some(pin) = mailbox {
                let pin = pin.map_or_else(String::new, |pin| format!("pin = \"{pin}\", "));
                let _ = writeln!(text, "mailbox = {{ {pin}longest = 120 }}");
                let all = messages.iter().zip(1..).map(|(from, nth)| {
                    format!(
                        "{{ name = \"message {nth}\", from = \"{from}\", at = \"2026-11-19 0{nth}:15\" }}"
                    )
                });
                if !messages.is_empty() {
                    let _ = writeln!(text, "messages = [{}]", all.collect::<Vec<_>>().join(", "));
                }
            }
            let (always, busy, no_answer, offline) = forwarding;
            let ways = [("always", always), ("busy", busy), ("no_answer", no_answer), ("offline", offline)];
            let ways = ways.iter().filter_map(|(when, to)| to.map(|to| format!("{when} = \"{to}\"")));
            let _ = writeln!(text, "forwarding = {{ {} }}", ways.collect::<Vec<_>>().join(", "));
            (now, text)
        })
}

fn members() -> impl Strategy<Value = String> {
    (btree_set(select(PEOPLE.to_vec()), 0..4), 1..3_u8).prop_map(|(members, tiers)| {
        let member = |(nth, number): (usize, &str)| match tiers {
            2 if nth % 2 == 1 => format!("\"{number} tier 2\""),
            _ => format!("\"{number}\""),
        };
        let all: Vec<String> = members.into_iter().enumerate().map(member).collect();
        format!("members = [{}]\n", all.join(", "))
    })
}

/// Those that need no past.
fn order() -> impl Strategy<Value = &'static str> {
    select(vec!["ring_all", "sequential"])
}

fn hunt_group() -> impl Strategy<Value = String> {
    (members(), order(), 5_u32..30, option::of(destination())).prop_map(|(members, order, ring, failed)| {
        format!("{members}strategy = \"{order}\"\nring_seconds = {ring}\n{}", line("failed", failed))
    })
}

fn queue() -> impl Strategy<Value = String> {
    (
        (members(), order(), 5_u32..30, 20_u32..150),
        option::of(select(vec![15_u32, 30])),
        option::weighted(0.3, Just("Välkommen till kundtjänst.")),
        option::of(destination()),
        option::weighted(0.3, Just("Samtalet spelas in.")),
    )
        .prop_map(|((members, order, ring, wait), announce, greeting, overflow, recording)| {
            let mut text = format!(
                "{members}strategy = \"{order}\"\nring_seconds = {ring}\nmax_wait = {wait}\n{}{}{}",
                line("greeting", greeting),
                line("overflow", overflow),
                line("recording", recording)
            );
            if let Some(every) = announce {
                let _ = writeln!(text, "announce_every = {every}");
            }
            text
        })
}

fn node() -> impl Strategy<Value = &'static str> {
    select(vec!["a", "b", "c", "d", "e"])
}

/// The settings and nodes of a menu.
fn menu(name: &'static str) -> impl Strategy<Value = String> {
    let step = || {
        let next = || option::weighted(0.9, node());
        let number = || select(PEOPLE[1..].to_vec());
        prop_oneof![
            5 => (vec((select(vec!['1', '2', '3', '0', '*', '#']), node()), 1..4), next(), next(), any::<bool>(), 0..3_u8)
                .prop_map(|(keys, on_timeout, on_invalid, extensions, retries)| {
                    let keys: std::collections::BTreeMap<char, &str> = keys.into_iter().collect();
                    let keys: Vec<String> =
                        keys.iter().map(|(key, to)| format!("\"{key}\" = \"{to}\"")).collect();
                    format!(
                        "kind = \"menu\"\nprompt = \"Välj.\"\nkeys = {{ {} }}\nretries = {retries}\n\
                         dial_extension = {extensions}\n{}{}",
                        keys.join(", "), line("on_timeout", on_timeout), line("on_invalid", on_invalid)
                    )
                }),
            2 => (1..3_u8, any::<bool>(), next()).prop_map(|(times, notice, next)| format!(
                "kind = \"message\"\nprompt = \"Hej.\"\ntimes = {times}\nnotice = {notice}\n{}", line("next", next)
            )),
            4 => (destination(), next())
                .prop_map(|(to, failed)| format!("kind = \"transfer\"\nto = \"{to}\"\n{}", line("failed", failed))),
            1 => number().prop_map(|of| format!("kind = \"voicemail\"\nmailbox = \"{of}\"\n")),
            2 => next()
                .prop_map(|overflow| format!("kind = \"queue\"\nqueue = \"2000\"\n{}", line("overflow", overflow))),
            1 => (condition(), next(), next()).prop_map(|(when, next, otherwise)| format!(
                "kind = \"condition\"\nbranches = [{{ conditions = [{when}]{} }}]\n{}",
                next.map_or_else(String::new, |next| format!(", next = \"{next}\"")), line("otherwise", otherwise)
            )),
            1 => Just("kind = \"conference\"\nroom = \"5000\"\n".to_owned()),
            1 => (number(), next())
                .prop_map(|(whom, next)| format!("kind = \"callback\"\nwhom = \"{whom}\"\n{}", line("next", next))),
            1 => next().prop_map(|next| format!("kind = \"caller_name\"\ntext = \"Support\"\n{}", line("next", next))),
            1 => next().prop_map(|next| format!("kind = \"agent\"\n{}", line("unavailable", next))),
            1 => option::of(Just("Hej då.")).prop_map(|prompt| format!("kind = \"hangup\"\n{}", line("prompt", prompt))),
        ]
    };
    (vec(step(), 5), option::weighted(0.95, node()), 2_u32..9, option::of(Just("Fel knapp."))).prop_map(
        move |(steps, entry, timeout, invalid)| {
            let (entry, invalid) = (line("entry", entry), line("invalid", invalid));
            let mut text = format!("[menus.{name}]\ntimeout = {timeout}\n{entry}{invalid}\n");
            for (id, step) in ["a", "b", "c", "d", "e"].iter().zip(&steps) {
                let _ = write!(text, "[menus.{name}.nodes.{id}]\n{step}\n");
            }
            text
        },
    )
}

/// The call comes on a Friday at 10:30.
fn condition() -> impl Strategy<Value = &'static str> {
    select(vec![
        "{ kind = \"time\", from = \"08:00\", to = \"17:00\" }",
        "{ kind = \"time\", from = \"17:00\", to = \"08:00\" }",
        "{ kind = \"caller_withheld\" }",
    ])
}

fn rule() -> impl Strategy<Value = String> {
    (vec(condition(), 0..2), option::of(Just("Vi har lunch.")), destination()).prop_map(|(when, play, to)| {
        format!("when = [{}]\n{}to = \"{to}\"\n", when.join(", "), line("play", play))
    })
}

fn call() -> impl Strategy<Value = String> {
    let inside = select(vec![
        "1000",
        "1001",
        "1001",
        "1002",
        "1003",
        "2000",
        "2000",
        "3000",
        "3000",
        "4000",
        "4000",
        "4000",
        "5000",
        "6000",
        "7000",
        "1999",
        OWN,
        OWN,
        OUTSIDE,
        "0900-123 456",
        "112",
        "*97",
        "*981001",
        "*98",
        "*8",
        "*43",
        "*44",
        "*881001",
        "*999",
        "4711",
    ]);
    prop_oneof![
        2 => inside.prop_map(|dialled| format!("1000 calls {dialled}")),
        2 => Just(format!("070-174 06 05 calls {OWN}")),
        1 => Just(format!("withheld calls {OWN}")),
    ]
}
