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
//! event = "1000 calls 1001"
//! does = ["ring 1001 for 25 s"]
//! then = "ringing 1001"
//! sv = ["Anna Åkesson (1000) ringde Bertil Berg (1001).", "…"]
//! en = ["…"]
//! ```
//!
//! An extension of another kind has a `kind` (`queue`, `hunt_group`, `ivr`, `conference`,
//! `voicemail`, `external`); `[[rules]]`, `[menus.name.nodes.id]`, `[trunks.name]`, `[numbers]`,
//! `[[ringing]]` and `[[parked]]` set up the rest. A step may say `clock` (seconds since the call began) and `change`
//! (facts of an extension that are otherwise than before). [`Scenario::written`] fills in what comes
//! of the steps, to be read before it is kept.
//!
//! The same files run through [`crate::step`] here and through every engine, which sets up the
//! phones, makes the events happen, and compares what becomes of the call.

mod describe;
mod file;
mod golden;
mod happening;
mod ids;
mod menu;
mod write;

pub use describe::Described;
pub use happening::Happening;

use crate::cursor::Cursor;
use crate::event::Event;
use crate::facts::Facts;
use crate::snapshot::Snapshot;
use crate::step::{Action, Cause, Step};
use describe::{CAUSES, Words, cause_name};
use file::File;
use ids::Names;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use uuid::Uuid;
use voxera_model::{CustomerId, Locale, Name, PbxId, Realm, TenantId};

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
    names: Names,
}

/// One event, and what must come of it.
#[derive(Debug, Clone)]
pub struct Expected {
    pub event: Happening,
    /// The facts when it happens.
    pub facts: Facts,
    /// What to do, one line each; see [`Scenario::describe`].
    pub does: Vec<String>,
    /// Where the call then stands: `ringing 1001`, `connected 1001`, `waiting 2000`, `over`.
    pub then: String,
    /// The trace in Swedish.
    pub sv: Vec<String>,
    /// The trace in English.
    pub en: Vec<String>,
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

impl Scenario {
    /// Reads one file's text.
    pub fn parse(name: &str, text: &str) -> Result<Self, Failure> {
        let wrong = |error: &dyn std::fmt::Display| Failure(format!("{name}: {error}"));
        let file: File = toml::from_str(text).map_err(|error| wrong(&error))?;
        let mut snapshot = Snapshot::new(
            TenantId(Uuid::from_u128(1)),
            CustomerId(Uuid::from_u128(2)),
            PbxId(Uuid::from_u128(3)),
            Name::parse("Åkes Bageri").map_err(|error| wrong(&error))?,
            Realm::parse("akes.pbx.localhost").map_err(|error| wrong(&error))?,
        );
        snapshot.version = VERSION;
        let (mut names, mut facts) = (Names::default(), Facts::default());
        file.set_up(&mut names, &mut snapshot, &mut facts).map_err(|error| wrong(&error))?;
        let before = facts.clone();
        let mut steps = Vec::new();
        for step in file.steps {
            if let Some(clock) = step.clock {
                facts.clock = millis(clock);
            }
            for (number, change) in &step.change {
                let found = snapshot.extensions.get(number);
                let id = found.ok_or_else(|| wrong(&format!("{number} changes and does not exist")))?.id;
                change.facts.apply(&mut names, id, &mut facts).map_err(|error| wrong(&error))?;
            }
            steps.push(Expected {
                event: step.event,
                facts: facts.clone(),
                does: step.does,
                then: step.then,
                sv: step.sv,
                en: step.en,
            });
        }
        Ok(Self { name: name.to_owned(), story: file.story, snapshot, facts: before, steps, names })
    }

    /// Runs the call through the core and compares every step.
    pub fn run(&self) -> Result<(), Failure> {
        let mut cursor: Option<Cursor> = None;
        for (index, expected) in self.steps.iter().enumerate() {
            let got = self.take(&mut cursor, expected);
            let mut wrong = String::new();
            let mut compare = |what: &str, got: &dyn std::fmt::Debug, want: &dyn std::fmt::Debug| {
                let (got, want) = (format!("{got:?}"), format!("{want:?}"));
                if got != want {
                    let _ = write!(wrong, "\n  {what}: {got}\n  expected: {want}");
                }
            };
            compare("does", &got.does, &expected.does);
            compare("then", &got.then, &expected.then);
            compare("sv", &got.sv, &expected.sv);
            compare("en", &got.en, &expected.en);
            if !wrong.is_empty() {
                return Err(Failure(format!("{}, step {}:{wrong}", self.name, index + 1)));
            }
        }
        Ok(())
    }

    /// What comes of one step of the file, all its events together.
    fn take(&self, cursor: &mut Option<Cursor>, expected: &Expected) -> Came {
        let mut came = Came::default();
        for event in expected.event.events(cursor.as_ref()) {
            let mut facts = expected.facts.clone();
            if let (Event::Timer { .. }, Some(due)) = (&event, cursor.as_ref().and_then(|c| c.journey.due)) {
                facts.clock = facts.clock.max(due);
            }
            let step = crate::step(&self.snapshot, &facts, cursor.as_ref(), &event);
            let described = self.describe(&step);
            came.does.extend(described.does);
            came.then = described.then;
            came.sv.extend(step.trace.iter().map(|entry| entry.say(Locale::Sv)));
            came.en.extend(step.trace.iter().map(|entry| entry.say(Locale::En)));
            *cursor = step.next;
        }
        came
    }

    /// Puts a step into the words of the files.
    #[must_use]
    pub fn describe(&self, step: &Step) -> Described {
        Words { snapshot: &self.snapshot, names: &self.names }.step(step)
    }

    /// Puts one action into the words of the files.
    #[must_use]
    pub fn describe_action(&self, action: &Action) -> String {
        Words { snapshot: &self.snapshot, names: &self.names }.action(action)
    }

    /// How the call must end; `None`: the scenario leaves it up.
    #[must_use]
    pub fn outcome(&self) -> Option<Cause> {
        let last = self.steps.last()?.does.last()?;
        let cause = last.strip_prefix("hang up: ")?;
        CAUSES.iter().find(|known| cause_name(**known) == cause).copied()
    }
}

/// What came of a step.
#[derive(Default)]
struct Came {
    does: Vec<String>,
    then: String,
    sv: Vec<String>,
    en: Vec<String>,
}

/// Seconds of a file, as milliseconds.
fn millis(seconds: f64) -> u64 {
    u64::try_from(std::time::Duration::from_secs_f64(seconds.clamp(0.0, 1e9)).as_millis()).unwrap_or(u64::MAX)
}

/// Every scenario of a folder, by name.
pub fn load_all(dir: &Path) -> Result<Vec<Scenario>, Failure> {
    let wrong = |error: std::io::Error| Failure(format!("{}: {error}", dir.display()));
    let read = |path: &PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Scenario::parse(&name, &std::fs::read_to_string(path).map_err(wrong)?)
    };
    files(dir)?.iter().map(read).collect()
}

/// The files of a folder, by name.
pub fn files(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let wrong = |error: std::io::Error| Failure(format!("{}: {error}", dir.display()));
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(wrong)? {
        files.push(entry.map_err(wrong)?.path());
    }
    files.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    Ok(files)
}
