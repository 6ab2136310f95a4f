//! Golden calls: files that say what is set up, what happens, and what must come of it.
//!
//! One file is one call, in TOML, written for people (`pbx-server/scenarios/*.toml`):
//!
//! ```toml
//! story = "Anna calls Bertil, who answers; Anna hangs up."
//!
//! [extensions.1000]              # the caller
//! name = "Anna Åkesson"
//! online = 1                     # phones online; `phones` (set up) defaults to the same, at least 1
//! [extensions.1001]
//! name = "Bertil Berg"
//! online = 1
//!
//! [[steps]]
//! event = { kind = "arrived", from = "1000", dialled = "1001" }
//! does = ["ring 1001 for 25 s"]
//! then = "ringing 1001"
//! sv = ["Anna Åkesson (1000) ringde Bertil Berg (1001).", "…"]
//! en = ["…"]
//! ```
//!
//! The same files run through [`crate::step`] here and through every engine, which sets up the
//! phones, makes the events happen, and compares what becomes of the call.

use crate::{
    Action, Availability, Cause, Cursor, Destination, Event, Extension, Facts, Kind, Party, Peer,
    RingOutcome, RingTarget, Snapshot, Standing, Step, User, step,
};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use uuid::Uuid;
use voxera_model::{
    CustomerId, DeviceId, Dialled, ExtensionId, ExtensionNumber, Locale, Name, PbxId, PhoneNumber, Realm,
    Seconds, Status, TenantId,
};

/// Version of every scenario's snapshot.
const VERSION: u64 = 7;

/// One golden call.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The file's name without its ending: `busy_without_call_waiting`.
    pub name: String,
    /// What happens, in a sentence.
    pub story: String,
    pub snapshot: Snapshot,
    /// The facts before the call.
    pub facts: Facts,
    pub steps: Vec<Expected>,
}

/// One event, and what must come of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    pub event: Happening,
    /// What to do, one line each; see [`describe`].
    #[serde(default)]
    pub does: Vec<String>,
    /// Where the call then stands: `ringing 1001`, `connected 1001`, `emergency`, `over`.
    pub then: String,
    /// The trace in Swedish.
    pub sv: Vec<String>,
    /// The trace in English.
    pub en: Vec<String>,
}

/// An event as it is written in a file.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Happening {
    /// `dialled` is what a person dials.
    Arrived {
        from: ExtensionNumber,
        dialled: String,
    },
    RingEnded {
        outcome: RingOutcome,
    },
    Answered {
        by: ExtensionNumber,
    },
    HungUp {
        by: Party,
    },
}

impl From<&Happening> for Event {
    fn from(happening: &Happening) -> Self {
        match happening {
            Happening::Arrived { from, dialled } => {
                Self::Arrived { from: Peer::Extension(from.clone()), dialled: Dialled::parse(dialled) }
            }
            Happening::RingEnded { outcome } => Self::RingEnded { outcome: *outcome },
            Happening::Answered { by } => Self::Answered { by: Peer::Extension(by.clone()) },
            Happening::HungUp { by } => Self::HungUp { by: *by },
        }
    }
}

/// Why a file is no scenario, or a scenario went otherwise.
#[derive(Debug)]
pub struct Failure(pub String);

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    story: String,
    #[serde(default = "active")]
    status: Status,
    #[serde(default)]
    emergency_line: bool,
    #[serde(default)]
    extensions: BTreeMap<ExtensionNumber, FileExtension>,
    /// Public number to extension; `""` leads nowhere.
    #[serde(default)]
    numbers: BTreeMap<String, String>,
    steps: Vec<Expected>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileExtension {
    name: Name,
    #[serde(default)]
    online: u16,
    #[serde(default)]
    calls: u16,
    phones: Option<u16>,
    #[serde(default = "yes")]
    call_waiting: bool,
    #[serde(default = "ring_seconds")]
    ring_seconds: u32,
}

const fn active() -> Status {
    Status::Active
}

const fn yes() -> bool {
    true
}

const fn ring_seconds() -> u32 {
    25
}

impl Scenario {
    /// Reads one file's text.
    pub fn parse(name: &str, text: &str) -> Result<Self, Failure> {
        let wrong = |error: &dyn std::fmt::Display| Failure(format!("{name}: {error}"));
        let file: File = toml::from_str(text).map_err(|error| wrong(&error))?;
        let mut numbers = BTreeMap::new();
        for (number, target) in &file.numbers {
            let destination = if target.is_empty() {
                Destination::Nowhere
            } else {
                let number = ExtensionNumber::parse(target).map_err(|error| wrong(&error))?;
                Destination::Extension { extension: ExtensionId(id(1, &number, 0)) }
            };
            numbers.insert(PhoneNumber::parse(number).map_err(|error| wrong(&error))?, destination);
        }
        let mut facts = Facts { emergency_line: file.emergency_line, ..Facts::default() };
        let mut extensions = BTreeMap::new();
        for (number, extension) in file.extensions {
            let id = ExtensionId(id(1, &number, 0));
            let phones = extension.phones.unwrap_or(extension.online.max(1));
            if extension.online > 0 || extension.calls > 0 {
                let available = Availability { online: extension.online, calls: extension.calls, talking: 0 };
                facts.extensions.insert(id, available);
            }
            let devices = (0..phones).map(|n| DeviceId(self::id(2, &number, n))).collect();
            extensions.insert(
                number,
                Extension {
                    id,
                    name: extension.name,
                    kind: Kind::User(User {
                        ring_for: Seconds(extension.ring_seconds),
                        call_waiting: extension.call_waiting,
                        ..User::new(devices)
                    }),
                    recording: None,
                },
            );
        }
        let mut snapshot = Snapshot {
            version: VERSION,
            status: file.status,
            extensions,
            numbers,
            ..Snapshot::new(
                TenantId(Uuid::from_u128(1)),
                CustomerId(Uuid::from_u128(2)),
                PbxId(Uuid::from_u128(3)),
                Name::parse("Åkes Bageri").map_err(|error| wrong(&error))?,
                Realm::parse("akes.pbx.localhost").map_err(|error| wrong(&error))?,
            )
        };
        snapshot.index();
        Ok(Self { name: name.to_owned(), story: file.story, snapshot, facts, steps: file.steps })
    }

    /// Runs the call through the core and compares every step.
    pub fn run(&self) -> Result<(), Failure> {
        let mut cursor: Option<Cursor> = None;
        for (index, expected) in self.steps.iter().enumerate() {
            let step = step(&self.snapshot, &self.facts, cursor.as_ref(), &Event::from(&expected.event));
            let got = describe(&step);
            let words = |locale| step.trace.iter().map(|entry| entry.say(locale)).collect::<Vec<_>>();
            let mut wrong = String::new();
            let mut compare = |what: &str, got: &dyn std::fmt::Debug, want: &dyn std::fmt::Debug| {
                let (got, want) = (format!("{got:?}"), format!("{want:?}"));
                if got != want {
                    let _ = write!(wrong, "\n  {what}: {got}\n  expected: {want}");
                }
            };
            compare("does", &got.does, &expected.does);
            compare("then", &got.then, &expected.then);
            compare("sv", &words(Locale::Sv), &expected.sv);
            compare("en", &words(Locale::En), &expected.en);
            if !wrong.is_empty() {
                return Err(Failure(format!("{}, step {}:{wrong}", self.name, index + 1)));
            }
            cursor = step.next;
        }
        Ok(())
    }

    /// How the call must end; `None`: the scenario leaves it up.
    #[must_use]
    pub fn outcome(&self) -> Option<Cause> {
        let last = self.steps.last()?.does.last()?;
        let cause = last.strip_prefix("hang up: ")?;
        CAUSES.iter().find(|known| cause_name(**known) == cause).copied()
    }
}

/// A step in the words of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    pub does: Vec<String>,
    pub then: String,
}

/// Puts a step into the words of the files.
#[must_use]
pub fn describe(step: &Step) -> Described {
    let does = step.actions.iter().map(|action| match action {
        Action::Ring { targets, ring_for, .. } => {
            let rung: Vec<String> = targets.iter().map(rung).collect();
            format!("ring {} for {} s", rung.join(", "), ring_for.0)
        }
        Action::Bridge => "bridge".to_owned(),
        Action::Emergency { .. } => "emergency".to_owned(),
        Action::Hangup { cause } => format!("hang up: {}", cause_name(*cause)),
        other => format!("{other:?}"),
    });
    let then = step.next.as_ref().map_or_else(
        || "over".to_owned(),
        |cursor| match (cursor.standing(), cursor.other()) {
            (Standing::Ringing, _) => "ringing".to_owned(),
            (Standing::Connected, Some(Peer::Extension(number))) => format!("connected {number}"),
            (Standing::Emergency, _) => "emergency".to_owned(),
            (other, _) => format!("{other:?}"),
        },
    );
    Described { does: does.collect(), then }
}

fn rung(target: &RingTarget) -> String {
    match target {
        RingTarget::Extension { number, .. } => number.to_string(),
        RingTarget::Outside { number, .. } => number.to_string(),
    }
}

/// Every scenario of a folder, by name.
pub fn load_all(dir: &Path) -> Result<Vec<Scenario>, Failure> {
    let wrong = |error: std::io::Error| Failure(format!("{}: {error}", dir.display()));
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(wrong)? {
        files.push(entry.map_err(wrong)?.path());
    }
    files.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    let read = |path: &PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Scenario::parse(&name, &std::fs::read_to_string(path).map_err(wrong)?)
    };
    files.iter().map(read).collect()
}

const CAUSES: [Cause; 12] = [
    Cause::Normal,
    Cause::Cancelled,
    Cause::Busy,
    Cause::NoAnswer,
    Cause::Declined,
    Cause::Offline,
    Cause::UnknownNumber,
    Cause::NotAllowed,
    Cause::NoRoute,
    Cause::Abandoned,
    Cause::Voicemail,
    Cause::Fault,
];

const fn cause_name(cause: Cause) -> &'static str {
    match cause {
        Cause::Normal => "normal",
        Cause::Cancelled => "cancelled",
        Cause::Busy => "busy",
        Cause::NoAnswer => "no answer",
        Cause::Declined => "declined",
        Cause::Offline => "offline",
        Cause::UnknownNumber => "unknown number",
        Cause::NotAllowed => "not allowed",
        Cause::NoRoute => "no route",
        Cause::Abandoned => "abandoned",
        Cause::Voicemail => "voicemail",
        Cause::Fault => "fault",
    }
}

/// The same id for the same thing in every run.
fn id(kind: u128, number: &ExtensionNumber, nth: u16) -> Uuid {
    let digits = number.as_str().bytes().fold(0, |sum: u128, digit| sum * 16 + u128::from(digit - b'0'));
    Uuid::from_u128((kind << 64) | (digits << 16) | u128::from(nth))
}
